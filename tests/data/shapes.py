"""Writers of small files, with which the tests of each kind of task make the shapes that users have.

Each takes a folder, writes into it, and returns the path to load and the arguments it needs. What all
shapes of a kind hold is in `ROWS`, `PAIRS`, `SENTENCES` and `TEXT`.
"""

import csv
import io
import json
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
