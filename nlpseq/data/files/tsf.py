"""Series in the .tsf form of the Monash archive: attributes and values of a series in each line."""

from nlpseq.data.files.table import Table, rows_table
from nlpseq.errors import InputError, plural, shorten

STEPS = {
    "yearly": "YS", "quarterly": "QS", "monthly": "MS", "weekly": "W", "daily": "D", "hourly": "h",
    "half_hourly": "30min", "10_minutes": "10min", "minutely": "min", "4_seconds": "4s", "seconds": "s",
}  # fmt: skip


def read_tsf(text: str, place: str) -> Table:
    """The series of a .tsf file, a row each: its attributes, `frequency`, perhaps `horizon`, and `value`, a list.

    Raises:
        InputError: there is no `@data`, or a line has other parts than its attributes and numbers.

    Example:

    >>> text = "@attribute name string\\n@frequency daily\\n@data\\na:1,?,2.5\\n"
    >>> table = read_tsf(text, "a.tsf")
    >>> list(table.names), table.values("value")
    (['name', 'frequency', 'value'], [[1.0, nan, 2.5]])

    Reference:
        Godahewa et al. (2021), Monash time series forecasting archive.
    """
    names, frequency, horizon, rows, lines, data = [], "", [], [], [], False
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if not data:
            names += words[1:2] * (words[0].lower() == "@attribute")
            frequency = words[1] if words[0].lower() == "@frequency" and len(words) > 1 else frequency
            horizon = words[1:2] if words[0].lower() == "@horizon" and "horizon" not in names else horizon
            data = words[0].lower() == "@data"
            continue
        *cells, values = line.split(":")
        if len(cells) != len(names):
            raise InputError(f"{place}, line {number}: expected {plural(len(names), 'attribute')} before the values.")
        rows.append(
            [*map(_time, names, cells), STEPS.get(frequency, frequency), *horizon, _values(values, place, number)]
        )
        lines.append(number)
    if not rows:
        raise InputError(f"{place} holds no series: expected lines of values behind @data.")
    table = rows_table(place, rows, lines, header=True)
    columns = [*names, "frequency", *["horizon"] * len(horizon), "value"]
    return Table(place, columns, table.column, lines)


def _time(name, cell):
    """A cell; a time of 00-00-00 with colons."""
    day, _, clock = cell.strip().partition(" ")
    return f"{day} {clock.replace('-', ':')}".strip() if "start" in name else cell.strip()


def _values(text, place, number):
    numbers = []
    for cell in text.split(","):
        try:
            numbers.append(float("nan") if cell.strip() in ("?", "") else float(cell))
        except ValueError:
            raise InputError(f"{place}, line {number}: {shorten(repr(cell), 40)} is not a number.") from None
    return numbers
