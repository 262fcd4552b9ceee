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
    "label first": single("a.txt", "".join(f"{c.upper()}:x {t}\n" for t, c in ROWS)),
    "column of splits": single(
        "a.csv",
        table(
            [(*row, split) for row, split in zip(ROWS, ["train"] * 40 + ["dev"] * 10 + ["test"] * 10)],
            ("text", "label", "split"),
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
    "folder of one file": several({"reviews.csv": PLAIN}),
    "folders by class": several({f"{c}/{i}.txt": t for i, (t, c) in enumerate(ROWS)}),
    "folders by split and class": several(
        {f"{'train' if i < 40 else 'test'}/{c}/{i}.txt": t for i, (t, c) in enumerate(ROWS)}
        | {"train/unsup/1.txt": "nothing"}
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
TRANSLATION = {
    "folder of languages": several({f"{k}.train.txt": text for k, text in SIDES.items()}, **BOTH),
    "Moses": several({f"train.{k}": text for k, text in SIDES.items()}, **BOTH),
    "fairseq": several({f"train.de-en.{k}": text for k, text in SIDES.items()}, **BOTH),
    "OPUS": several({f"Owls.de-en.{k}": text for k, text in SIDES.items()} | {"README": "x"}, **BOTH),
    "no header": single("a.tsv", tabbed(PAIRS)),
    "no header, commas": single("a.csv", table(PAIRS)),
    "Tatoeba": single("deu.txt", tabbed([(*pair, "CC-BY #1") for pair in PAIRS])),
    "Tatoeba with numbers": single("a.tsv", tabbed([(str(i), a, str(i + 9), b) for i, (a, b) in enumerate(PAIRS)])),
    "header": single("a.tsv", tabbed(PAIRS, ("en", "de"))),
    "header of names": single("a.csv", table(PAIRS, ("English", "German"))),
    "header of roles": single("a.csv", table([(*pair, "x") for pair in PAIRS], ("Source", "Target", "note"))),
    "given names": single(
        "a.csv", table([("x", b, a) for a, b in PAIRS], ("n", "Theirs", "Ours")), source="ours", target="theirs"
    ),
    "json lines": single("a.jsonl", jsonl(OWLS)),
    "json lines of Hugging Face": single("a.jsonl", jsonl({"id": i, "translation": row} for i, row in enumerate(OWLS))),
    "json array": single("a.json", json.dumps(OWLS)),
    "memory": single("a.tmx", f'<?xml version="1.0"?><tmx version="1.4"><body>{TMX}</body></tmx>'),
    "gzip": single("a.tsv.gz", gzip.compress(tabbed(PAIRS).encode())),
}


def column_text(separator=" ", before="", rename=lambda tag: tag, middle=()):
    """Sentences in columns, with a line before each."""
    return "\n".join(
        before + "".join(separator.join((w, *middle, rename(t))) + "\n" for w, t in sentence) for sentence in SENTENCES
    )


TOKENS = [([w for w, _ in s], [t for _, t in s]) for s in SENTENCES]
KAGGLE = [
    (f"Sentence: {i}" if j == 0 else "", w, "NN", t) for i, s in enumerate(SENTENCES) for j, (w, t) in enumerate(s)
]
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
    "table": single("a.csv", table([("7", line.strip()) for line in PARTS], ("id", "Text"))),
    "json lines": single("a.jsonl", jsonl({"text": line.strip()} for line in PARTS)),
}
