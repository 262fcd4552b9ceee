"""Running text in the shapes that files have."""

import gzip

from tests.data.shapes import TEXT, jsonl, several, single, tabbed, table

PARTS = TEXT.splitlines(keepends=True)
ROWS = [(str(number), "x", line.strip()) for number, line in enumerate(PARTS)]
SHAPES = {
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
    "a program and its notice": several({"a.py": TEXT, "README.md": "y", "b/plot.png": "z", "b/plot2.png": "z"}),
    "a table beside a notebook": several({"a.csv": table(ROWS, ("", "name", "Lyrics")), "b.ipynb": "{}"}),
    "a table beside notes": several({"a.csv": table(ROWS, ("", "name", "Lyrics")), "plots/notes.txt": "note"}),
    "tables": several({f"{i}.csv": table(part, ("id", "name", "text")) for i, part in enumerate((ROWS[:9], ROWS[9:]))}),
    "a table of texts": several(
        {f"texts/{i:02}.txt": line for i, line in enumerate(PARTS)} | {"a.csv": "file\n00.txt"}
    ),
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
