"""Pairs of texts in the shapes that files have."""

import gzip
import json

from tests.data.shapes import PAIRS, jsonl, several, single, tabbed, table

OWLS = [{"en": a, "de": b} for a, b in PAIRS]
SIDES = {k: "".join(pair[i] + "\n" for pair in PAIRS) for i, k in enumerate(("en", "de"))}
BOTH = {"source": "en", "target": "de"}
TMX = "".join(
    f'<tu><tuv xml:lang="en"><seg>{a}</seg></tuv><tuv xml:lang="de"><seg>{b}</seg></tuv></tu>' for a, b in PAIRS
)
XLIFF = '<xliff xmlns="urn:x" version="1.2"><file source-language="en-GB" target-language="de">{}</file></xliff>'
SHAPES = {
    "folder of languages": several({f"{k}.train.txt": text for k, text in SIDES.items()}, **BOTH),
    "Moses": several({f"train.{k}": text for k, text in SIDES.items()}, **BOTH),
    "fairseq": several({f"train.de-en.{k}": text for k, text in SIDES.items()}, **BOTH),
    "OPUS": several({f"Owls.de-en.{k}": text for k, text in SIDES.items()} | {"README": "x"}, **BOTH),
    "direction in the names": several({f"train.en-de.{k}": text for k, text in SIDES.items()}),
    "OpenNMT": several({f"{side}-train.txt": SIDES[k] for side, k in (("src", "en"), ("tgt", "de"))}),
    "sources and targets": several({f"train.{side}": SIDES[k] for side, k in (("src", "en"), ("tgt", "de"))}),
    "split, then language": several({f"train/{k}.txt": text for k, text in SIDES.items()}, **BOTH),
    "split, then corpus": several({f"de-en/train/train.{k}": text for k, text in SIDES.items()}, **BOTH),
    "language, then split": several({f"{k}/train.txt": text for k, text in SIDES.items()}, **BOTH),
    "languages": several({f"{k}.txt": text for k, text in SIDES.items()} | {"README.txt": "x"}, **BOTH),
    "no header": single("a.tsv", tabbed(PAIRS)),
    "no header, commas": single("a.csv", table(PAIRS)),
    "Tatoeba": single("deu.txt", tabbed([(*pair, "CC-BY #1") for pair in PAIRS])),
    "Tatoeba with numbers": single("a.tsv", tabbed([(str(i), a, str(i + 9), b) for i, (a, b) in enumerate(PAIRS)])),
    "Tatoeba with languages": single(
        "a.tsv", tabbed([(str(i), "eng", a, str(i + 9), "deu", b) for i, (a, b) in enumerate(PAIRS)])
    ),
    "scores": single("a.tsv", tabbed([(f"1.{i}", *pair) for i, pair in enumerate(PAIRS)])),
    "header": single("a.tsv", tabbed(PAIRS, ("en", "de"))),
    "header of phrases": single("a.csv", table(PAIRS, ("English words/sentences", "French words/sentences"))),
    "header of sides": single("a.csv", table(PAIRS, ("Sentence", "Translation"))),
    "header of columns": single("a.csv", table([("1", *pair) for pair in PAIRS], ("id", "en_sentence", "de_sentence"))),
    "header of origins": single(
        "a.csv", table([("talk", *pair) for pair in PAIRS], ("source", "english_sentence", "german_sentence"))
    ),
    "header of other words": single(
        "a.csv", table([(a, "x y", b) for a, b in PAIRS], ("first", "other", "second")), source=1, target="3"
    ),
    "header of names": single("a.csv", table(PAIRS, ("English", "German"))),
    "header of roles": single("a.csv", table([(*pair, "x") for pair in PAIRS], ("Source", "Target", "note"))),
    "given names": single(
        "a.csv", table([("x", b, a) for a, b in PAIRS], ("n", "Theirs", "Ours")), source="ours", target="theirs"
    ),
    "json lines": single("a.jsonl", jsonl(OWLS)),
    "json lines of Hugging Face": single("a.jsonl", jsonl({"id": i, "translation": row} for i, row in enumerate(OWLS))),
    "json array": single("a.json", json.dumps(OWLS)),
    "shards": several({f"train-0000{i}-of-00002.tsv": tabbed(PAIRS[15 * i :][:15], ("en", "de")) for i in (0, 1)}),
    "files of numbers": several({f"train.{k}": SIDES[v] for k, v in (("src", "en"), ("trg", "de"), ("id", "en"))}),
    "empty lines at the end": several({"train.en": SIDES["en"] + "\n\n", "train.de": SIDES["de"]}, **BOTH),
    "addresses": single("a.tsv", tabbed([("http://a/1", "http://b/2", *pair) for pair in PAIRS])),
    "other names and numbers": single(
        "a.csv", table([(i, *p) for i, p in enumerate(PAIRS)], ("id", "question", "answer"))
    ),
    "folders of splits": several({"train/a.tsv": tabbed(PAIRS[9:]), "test/b.tsv": tabbed(PAIRS[:9])}),
    "XLIFF": single(
        "a.xlf", XLIFF.format("".join(f"<u><source>{a}</source><target>{b}</target></u>" for a, b in PAIRS))
    ),
    "memory with markup": single(
        "a.tmx",
        '<tmx version="1.4"><body>'
        + TMX.replace("<seg>", '<seg><bpt i="1">&lt;b&gt;</bpt>').replace('lang="de"', 'lang="DE"', 9)
        + "</body></tmx>",
        source="en",
        target="de",
    ),
    "memory": single("a.tmx", f'<?xml version="1.0"?><tmx version="1.4"><body>{TMX}</body></tmx>'),
    "gzip": single("a.tsv.gz", gzip.compress(tabbed(PAIRS).encode())),
}
