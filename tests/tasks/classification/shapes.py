"""Labelled texts in the shapes that files have."""

import bz2
import gzip
import json
import lzma

from tests.data.shapes import ROWS, jsonl, several, single, tabbed, table, zipped

OBJECTS = [{"text": text, "label": label} for text, label in ROWS]
PLAIN = table(ROWS, ("text", "label"))
SHAPES = {
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
