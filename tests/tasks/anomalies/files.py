"""Small files of recordings."""

HEADER = ("timestamp", "cpu", "disk", "label")
VALUES = [index % 7 for index in range(200)]
MARKS = [int(150 <= index <= 159) for index in range(200)]


def write(path, header, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [",".join(map(str, row)) for row in ([header] if header else []) + list(rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def times(count, step=5):
    return [f"2024-03-01 {minute // 60:02d}:{minute % 60:02d}:00" for minute in range(0, step * count, step)]


def rows(count=200, labels=((150, 159),), words=("0", "1")) -> list[tuple]:
    marked = {i for left, right in labels for i in range(left, right + 1)}
    return [(time, i % 7, i % 3 / 2, words[i in marked]) for i, time in enumerate(times(count))]


def lines(path, cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(map(str, cells)) + "\n")
