"""Writers of small files in the shapes that users have, for each kind of task.

Each takes a folder, writes into it, and returns the path to load and the arguments it needs. What all
shapes of a kind hold is in `ROWS`, `PAIRS`, `SENTENCES` and `TEXT`.
"""

import bz2
import csv
import gzip
import io
import json
import lzma
import zipfile

ROWS = [
    (f"{a}, with {b} and no. {i}", label)
    for i in range(30)
    for a, b, label in [
        ("crisp paper", "a \u201cfirm\u201d spine", "keep"),
        ("torn pages", 'a "soft" cover', "sell"),
    ]
]
PAIRS = [(f"the {n} owl {i}", f"die {n} Eule {i}\u00df") for i in range(15) for n in ("old", "wet")]
SENTENCES = [[("Noor", "B-PER"), ("El", "I-PER"), ("left", "O"), (f"Oslo{i}", "B-LOC"), (".", "O")] for i in range(25)]
TEXT = "".join(f"On day {i} the caf\u00e9 was shut.\n" for i in range(60))


def table(rows, header=None, delimiter=","):
    """Delimited values as text, quoted where needed."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerows([header, *rows] if header else rows)
    return text.getvalue()


def tabbed(rows, header=None):
    """Tab-separated values without quoting."""
    return "".join("\t".join(row) + "\n" for row in ([header, *rows] if header else rows))


def jsonl(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def zipped(content):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("inside.csv", content)
    return archive.getvalue()


def single(name, content, written="utf-8", **options):
    """The writer of one file."""

    def write(folder):
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode(written))
        return folder / name, options

    return write


def several(files, **options):
    """The writer of a folder of files; "/" in a name makes folders in it."""

    def write(folder):
        for name, content in files.items():
            path = folder / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return folder / "data", options

    return write


OBJECTS = [{"text": text, "label": label} for text, label in ROWS]
PLAIN = table(ROWS, ("text", "label"))
CLASSIFICATION = {
    "comma": single("a.csv", PLAIN),
    "semicolon, mark, line ends": single(
        "a.csv", b"\xef\xbb\xbf" + table(ROWS, ("text", "label"), ";").replace("\n", "\r\n").encode()
    ),
    "bar": single("a.csv", table(ROWS, ("text", "label"), "|")),
    "carriage returns": single("a.csv", PLAIN.replace("\n", "\r")),
    "given delimiter": single("a.csv", table(ROWS, ("text", "label"), "^"), delimiter="^"),
    "tabs": single("a.tsv", tabbed(ROWS, ("text", "label"))),
    "quoted tabs": single("a.tsv", table(ROWS, ("text", "label"), "\t")),
    "tabs, no suffix": single("reviews", tabbed(ROWS, ("text", "label"))),
    "capitals": single("a.csv", table(ROWS, ("Text", "LABEL"))),
    "usual names": single("a.csv", table(ROWS, ("Review", "Sentiment"))),
    "names with blanks": single("a.csv", table(ROWS, ("Review Text", " Star Rating "))),
    "given names": single(
        "a.csv", table([("1", *row) for row in ROWS], ("Id", " Notes ", "Kind_x")), text="notes", label="kind x"
    ),
    "only two columns": single("a.csv", table(ROWS, ("remarks", "label"))),
    "more columns": single("a.csv", table([("7", *row, "x") for row in ROWS], ("id", "utterance", "intent", "by"))),
    "no header": single("a.csv", table(ROWS)),
    "no header, label first": single("a.csv", table([row[::-1] for row in ROWS])),
    "columns by number": single("a.csv", table([("9", *row) for row in ROWS]), text="2", label=3),
    "numbers and a header": single("a.csv", table(ROWS, ("Comment box", "Verdict")), text="1", label="2"),
    "empty cells at the end": single("a.csv", table([(*row, "", "") for row in ROWS], ("text", "label"))),
    "latin-1": single(
        "a.csv", PLAIN.replace("\u201c", "\u00ab").replace("\u201d", "\u00bb"), "latin-1", encoding="latin-1"
    ),
    "utf-16": single("a.csv", PLAIN, "utf-16"),
    "utf-16, no mark": single("a.csv", PLAIN, "utf-16-le"),
    "utf-32": single("a.csv", PLAIN, "utf-32"),
    "first line of Excel": single("a.csv", "sep=;\n" + table(ROWS, ("text", "label"), ";")),
    "gzip": single("a.csv.gz", gzip.compress(PLAIN.encode())),
    "bzip2": single("a.csv.bz2", bz2.compress(PLAIN.encode())),
    "xz": single("a.csv.xz", lzma.compress(PLAIN.encode())),
    "zip": single("a.csv.zip", zipped(PLAIN)),
    "json lines": single("a.jsonl", jsonl(OBJECTS)),
    "json lines, no suffix": single("a.txt", jsonl(OBJECTS)),
    "json array": single("a.json", json.dumps(OBJECTS, indent=2)),
    "json array of rows": single("a.json", json.dumps(ROWS)),
    "json columns": single("a.json", json.dumps({"text": [t for t, _ in ROWS], "label": [c for _, c in ROWS]})),
    "json of pandas": single(
        "a.json",
        json.dumps({name: {str(i): row[k] for i, row in enumerate(ROWS)} for k, name in enumerate(("text", "label"))}),
    ),
    "json of pandas, split": single(
        "a.json", json.dumps({"columns": ["text", "label"], "index": [*range(len(ROWS))], "data": ROWS})
    ),
    "json of pandas, no names": single("a.json", json.dumps({"columns": [0, 1], "index": [0, 1], "data": ROWS})),
    "json of pandas, index": single("a.json", json.dumps({str(i): row for i, row in enumerate(OBJECTS)})),
    "csv of pandas, no names": single("a.csv", table(ROWS, ("0", "1"))),
    "json of splits": single(
        "a.json", json.dumps({"train": OBJECTS[:40], "validation": OBJECTS[40:50], "test": OBJECTS[50:]})
    ),
    "json with data": single("a.json", json.dumps({"version": 1, "data": OBJECTS})),
    "nested": single(
        "a.jsonl",
        jsonl({"a": {"body": t, "lang": "en"}, "b": {"stars": c}} for t, c in ROWS),
        text="a.body",
        label="b.stars",
    ),
    "nested, usual names": single("a.jsonl", jsonl({"review": {"text": t, "id": 3}, "label": c} for t, c in ROWS)),
    "fasttext": single("a.txt", "".join(f"__label__{c} {t}\n" for t, c in ROWS)),
    "fasttext, labels last": single("a.txt", "".join(f"{t} __label__{c}\n" for t, c in ROWS)),
    "a semicolon between": single("a.txt", "".join(f"{t};{c}\n" for t, c in ROWS)),
    "fasttext, tabs": single("a.txt", "".join(f"__label__{c}\t{t}\n" for t, c in ROWS)),
    "label first, colon": single("a.txt", "".join(f"{c}: {t}\n" for t, c in ROWS)),
    "label first, comma": single("a.txt", "".join(f"{c}, {t}\n" for t, c in ROWS)),
    "label first": single("a.txt", "".join(f"{c.upper()}:x {t}\n" for t, c in ROWS)),
    "column of splits": single(
        "a.csv",
        table(
            [(*row, split) for row, split in zip(ROWS, ["TRAIN"] * 40 + ["eval"] * 10 + ["Test"] * 10)],
            ("text", "label", "Partition"),
        ),
    ),
    "folder of splits": several(
        {
            "x_train.csv": table(ROWS[:40], ("text", "label")),
            "x_dev.csv": table(ROWS[40:50], ("text", "label")),
            "x_test.csv": table(ROWS[50:], ("text", "label")),
            "README.md": "nothing",
        }
    ),
    "folder of one file": several({"reviews.csv": PLAIN, "README.txt": "nothing\n"}),
    "shards": several(
        {
            f"csv/train-0000{i}-of-00002.csv": table(part, ("text", "label"))
            for i, part in enumerate((ROWS[:20], ROWS[20:]))
        }
    ),
    "files by class": several(
        {
            f"rt-polarity.{c}": "".join(f"{text}\n" for text, label in ROWS if label == c) + "\n"
            for c in ("keep", "sell")
        }
    ),
    "files by split and class": several(
        {
            f"{split}/{c}.txt": "".join(f"{text}\n" for text, label in rows if label == c)
            for split, rows in (("train", ROWS[:40]), ("test", ROWS[40:]))
            for c in ("keep", "sell")
        }
    ),
    "tables by class": several(
        {f"{c}.csv": table([("x", t) for t, k in ROWS if k == c], ("title", "text")) for c in ("keep", "sell")}
    ),
    "files by class with numbers": several(
        {f"{c}.tok.5000": "".join(f"{t}\n" for t, k in ROWS if k == c) for c in ("keep", "sell")}
        | {"data.README.1.0": "nothing\n"}
    ),
    "a file without suffix": several({"Collection": tabbed([row[::-1] for row in ROWS]), "readme": "nothing\n"}),
    "other words as names": single("a.csv", table(ROWS, ("Beschreibung", "Entscheidung"))),
    "tables in folders of splits": several(
        {"train/a.csv": table(ROWS[9:]), "dev/b.csv": table(ROWS[:9]), "README": ""}
    ),
    "notices among texts": several(
        {f"{c}/{i}.txt": t for i, (t, c) in enumerate(ROWS)} | {"keep/LICENSE.txt": "x", "sell/README.txt": "x"}
    ),
    "json of splits and more": single(
        "a.json", json.dumps({"oos_train": ROWS[:4], "train": ROWS[4:40], "val": ROWS[40:50], "oos_test": ROWS[50:]})
    ),
    "notation of Python": single("a.json", "".join(f"{row}\n" for row in OBJECTS)),
    "names that end in usual ones": single("a.csv", table(ROWS, ("original_text", "gold_label"))),
    "names that begin with is": single(
        "a.csv", table([(i, *row) for i, row in enumerate(ROWS)], ("id", "tweet", "is_x"))
    ),
    "many columns, no header": single(
        "a.csv", table([(c, str(i), "NONE", f"Mon Apr 06 22:19:{i:02} 2009", t) for i, (t, c) in enumerate(ROWS)])
    ),
    "folders by class in a folder": several({f"texts/{c}/{i}.txt": t for i, (t, c) in enumerate(ROWS)}),
    "folders by class": several({f"{c}/{i}.txt": t for i, (t, c) in enumerate(ROWS)}),
    "folders by split and class": several(
        {f"{'train' if i < 40 else 'test'}/{c}/{i}.txt": t for i, (t, c) in enumerate(ROWS)}
        | {"train/unsup/1.txt": "nothing", "train/urls_keep.txt": "a\nb\n", "train/urls_sell.txt": "c\nd\n"}
    ),
    "parallel lines": several(
        {"train_text.txt": "".join(f"{t}\n" for t, _ in ROWS), "train_labels.txt": "".join(f"{c}\n" for _, c in ROWS)}
    ),
    "sequences and labels": several(
        {
            "train/seq.in": "".join(f"{t}\n" for t, _ in ROWS),
            "train/label": "".join(f"{c}\n" for _, c in ROWS),
            "train/seq.out": "O\n" * len(ROWS),
        }
    ),
}

OWLS = [{"en": a, "de": b} for a, b in PAIRS]
SIDES = {k: "".join(pair[i] + "\n" for pair in PAIRS) for i, k in enumerate(("en", "de"))}
BOTH = {"source": "en", "target": "de"}
TMX = "".join(
    f'<tu><tuv xml:lang="en"><seg>{a}</seg></tuv><tuv xml:lang="de"><seg>{b}</seg></tuv></tu>' for a, b in PAIRS
)
XLIFF = '<xliff xmlns="urn:x" version="1.2"><file source-language="en-GB" target-language="de">{}</file></xliff>'
TRANSLATION = {
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


def column_text(separator=" ", before="", rename=lambda tag: tag, middle=(), order=1, part=(0, 1)):
    """Sentences in columns, with a line before each; every so many of them from the first of a part."""
    return "\n".join(
        before + "".join(separator.join((w, *middle, rename(t))[::order]) + "\n" for w, t in sentence)
        for sentence in SENTENCES[part[0] :: part[1]]
    )


TOKENS = [([w for w, _ in s], [t for _, t in s]) for s in SENTENCES]
KAGGLE = [
    (f"Sentence: {i}" if j == 0 else "", w, "NN", t) for i, s in enumerate(SENTENCES) for j, (w, t) in enumerate(s)
]
SPANS = [(" ".join(words), [(0, 7, "PER"), (13, len(" ".join(words)) - 2, "LOC")]) for words, _ in TOKENS]
TAGGING = {
    "columns": single("a.txt", column_text()),
    "columns by tabs": single("a.conll", column_text("\t")),
    "columns with a header": single("a.tsv", "word\tner\n" + column_text("\t")),
    "columns by commas": single("a.txt", column_text(";"), delimiter=";"),
    "comments as wide as tokens": single("a.txt", column_text(before="# id i\tdomain=en\n", middle=("_", "_"))),
    "comments of two words": single("a.txt", column_text(before="# newdoc\n")),
    "latin-1": single("a.txt", column_text(), "latin-1", encoding="latin-1"),
    "utf-16": single("a.txt", column_text(), "utf-16"),
    "gzip": single("a.txt.gz", gzip.compress(column_text().encode())),
    "json lines": single("a.jsonl", jsonl({"tokens": a, "ner_tags": b} for a, b in TOKENS)),
    "json lines, other names": single("a.json", json.dumps([{"id": 1, "words": a, "labels": b} for a, b in TOKENS])),
    "json lines of texts": single("a.jsonl", jsonl({"sentence": " ".join(a), "tags": " ".join(b)} for a, b in TOKENS)),
    "table of texts": single(
        "a.csv", table([(" ".join(a), " ".join(b)) for a, b in TOKENS], ("sentence", "word_labels"))
    ),
    "table of Python lists": single("a.csv", table([(str(a), str(b)) for a, b in TOKENS], ("tokens", "ner_tags"))),
    "spreadsheet": single("a.csv", table(KAGGLE, ("Sentence #", "Word", "POS", "Tag"))),
    "spreadsheet, every row": single(
        "a.csv",
        table([(str(i), w, t) for i, s in enumerate(SENTENCES) for w, t in s], ("sentence_id", "words", "labels")),
    ),
    "spreadsheet, empty lines": single("a.csv", "token,tag\n" + column_text(",")),
    "spreadsheet of documents": single(
        "a.csv",
        table([(str(i), "0", w, t) for i, s in enumerate(SENTENCES) for w, t in s], ("Doc_ID", "sent", "token", "ner")),
    ),
    "numbered table of texts": single(
        "a.csv",
        table(
            [(str(i), " ".join(a), " ".join(b)) for i, (a, b) in enumerate(TOKENS)], ("sentence_id", "tokens", "tags")
        ),
    ),
    "numbered table of Python lists": single(
        "a.csv",
        table(
            [(f"Sentence: {i}", " ".join(a), str(["X"] * len(a)), str(b)) for i, (a, b) in enumerate(TOKENS)],
            ("Sentence #", "Sentence", "POS", "Tag"),
        ),
    ),
    "numbered json lines": single(
        "a.jsonl", jsonl({"doc": 1, "sent_id": i, "tokens": a, "tags": b} for i, (a, b) in enumerate(TOKENS))
    ),
    "json of pairs": single("a.json", json.dumps(SENTENCES)),
    "json lines of pairs": single("a.jsonl", jsonl(SENTENCES)),
    "json of splits of pairs": single("a.json", json.dumps({"train": SENTENCES[:9], "dev": [], "test": SENTENCES[9:]})),
    "json lines of rows": single("a.jsonl", jsonl(TOKENS)),
    "word/TAG": single("a.txt", "".join(" ".join(f"{w}/{t}" for w, t in s) + "\n" for s in SENTENCES)),
    "word_TAG": single("a.txt", "".join(" ".join(f"{w}_{t}" for w, t in s) + "\n" for s in SENTENCES)),
    "sequences": several(
        {
            "train/seq.in": "".join(" ".join(a) + "\n" for a, _ in TOKENS),
            "train/seq.out": "".join(" ".join(b) + "\n" for _, b in TOKENS),
            "train/label": "x\n" * len(TOKENS),
        }
    ),
    "sentences and labels": several(
        {
            "train/sentences.txt": "".join(" ".join(a) + "\n" for a, _ in TOKENS),
            "train/labels.txt": "".join(" ".join(b) + "\n" for _, b in TOKENS),
        }
    ),
    "tags first": several({f"en{k}.bio": column_text(order=-1) for k in ("train",)}),
    "no suffix": several({"train": column_text(), "README": "x"}),
    "a folder in a folder": several({"data/train.txt": column_text(), "LICENSE": "x"}),
    "folders of files": several(
        {f"{split}/{i}.conll": column_text(part=(i, 5)) for split, i in (("train", 0), ("train", 1), ("dev", 2))}
        | {f"test/{i}.conll": column_text(part=(i, 5)) for i in (3, 4)}
    ),
    "shards": several({f"train-0000{i}-of-00005.txt": column_text(part=(i, 5)) for i in range(5)}),
    "documents": single("a.conll", "#begin document (a/b); part 000\n" + column_text() + "#end document\n"),
    "lines of words and tags": single("a.iob", tabbed([(" ".join(a), " ".join(b)) for a, b in TOKENS])),
    "doccano": single("a.jsonl", jsonl({"text": t, "label": [list(s) for s in spans]} for t, spans in SPANS)),
    "spans of objects": single(
        "a.json",
        json.dumps(
            [
                {"content": t, "entities": [dict(zip(("start_offset", "end_offset", "label"), s)) for s in spans]}
                for t, spans in SPANS
            ]
        ),
    ),
    "spans in a column": single("a.csv", table([(t, str(list(map(list, s)))) for t, s in SPANS], ("text", "entities"))),
    "Rasa": single(
        "a.json",
        json.dumps(
            {
                "nlu": {
                    "lookup": [],
                    "examples": [
                        {"text": t, "entities": [dict(zip(("start", "end", "entity"), s)) for s in spans]}
                        for t, spans in SPANS
                    ],
                }
            }
        ),
    ),
    "spaCy": single("a.json", json.dumps([(t, {"entities": spans}) for t, spans in SPANS])),
    "Label Studio": single(
        "a.json",
        json.dumps(
            [
                {
                    "data": {"text": t},
                    "annotations": [
                        {
                            "result": [
                                {"type": "labels", "value": {"start": a, "end": b, "labels": [name]}}
                                for a, b, name in spans
                            ]
                        }
                    ],
                }
                for t, spans in SPANS
            ]
        ),
    ),
    "brat": several(
        {f"{i}.txt": f"{t}\n" for i, (t, _) in enumerate(SPANS)}
        | {f"{i}.ann": "".join(f"T1\t{n} {a} {b}\tx\n" for a, b, n in spans) for i, (_, spans) in enumerate(SPANS)}
    ),
    "B_PER": single("a.txt", column_text(rename=lambda tag: tag.replace("-", "_"))),
    "PER-B": single("a.txt", column_text(rename=lambda tag: "-".join(reversed(tag.split("-"))))),
    "b-PER": single("a.txt", column_text(rename=lambda tag: tag[0].lower() + tag[1:])),
    "B:PER": single("a.txt", column_text(rename=lambda tag: tag.replace("-", ":"))),
}

PARTS = TEXT.splitlines(keepends=True)
RUNNING = {
    "text": single("a.txt", TEXT),
    "markdown": single("a.md", TEXT),
    "no suffix": single("book", TEXT),
    "latin-1": single("a.txt", TEXT, "latin-1", encoding="latin-1"),
    "utf-16": single("a.txt", TEXT, "utf-16"),
    "gzip": single("a.txt.gz", gzip.compress(TEXT.encode())),
    "chapters": several({f"chapter {i}.txt": PARTS[i] for i in range(len(PARTS))}),
    "chapters in folders": several({f"part {i // 30 + 1}/{i}.txt": PARTS[i] for i in range(len(PARTS))}),
    "wikitext": several(
        {
            "wiki.train.tokens": "".join(PARTS[:40]),
            "wiki.valid.tokens": "".join(PARTS[40:50]),
            "wiki.test.tokens": "".join(PARTS[50:]),
        }
    ),
    "wikitext in a folder": several(
        {
            f"a/wiki.{s}.tokens": "".join(part)
            for s, part in zip(("test", "train", "valid"), (PARTS[50:], PARTS[:40], PARTS[40:50]))
        }
    ),
    "a program": several({f"src/{i:02}.py": line for i, line in enumerate(PARTS)} | {"README": "x", "src/a.cfg": "y"}),
    "notices": several({f"{i:02}.txt": line for i, line in enumerate(PARTS)} | {"LICENSE.txt": "x", "README.md": "y"}),
    "folders of splits": several(
        {f"{s}/{i}.txt": line for i, (line, s) in enumerate(zip(PARTS, ["train"] * 50 + ["test"] * 10))}
    ),
    "table": single("a.csv", table([("7", line.strip()) for line in PARTS], ("id", "Text"))),
    "json lines": single("a.jsonl", jsonl({"text": line.strip()} for line in PARTS)),
    "json lines, no suffix": single("a.txt", jsonl({"text": line.strip()} for line in PARTS)),
    "numbers and texts": single("a.tsv", tabbed([(str(i + 1000), line.strip()) for i, line in enumerate(PARTS)])),
    "shards": several(
        {
            f"train-0000{i}-of-00002.jsonl": jsonl({"text": line.strip()} for line in part)
            for i, part in enumerate((PARTS[:20], PARTS[20:]))
        }
    ),
    "texts and licences": single(
        "a.tsv", tabbed([(f"{i:06}", line.strip(), "some licence, " * 9) for i, line in enumerate(PARTS)])
    ),
    "chapters with titles": several(
        {"01 the training.txt": PARTS[0], "02 the test.txt": PARTS[1], "03-home.txt": "".join(PARTS[2:])}
    ),
}
