"""Tagged sentences in the shapes that files have."""

import gzip
import json

from tests.data.shapes import SENTENCES, jsonl, several, single, tabbed, table


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
SHAPES = {
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
