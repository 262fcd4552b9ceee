"""Series of numbers over time, from files and objects of any usual shape.

    reading.py     `read_series`: which columns are times, items, values and covariates; long and wide tables
    times.py       cells to times, with their zone
    frequency.py   `Frequency`: the step between two times, found or given; seasons and calendar of a frequency
    series.py      `Series` and `SeriesTable`, and how a series is put on its grid of equal steps

pandas is imported when the first table is read.
"""

from nlpseq import lazy

_MODULES = {
    "nlpseq.data.series.frequency": ("Frequency",),
    "nlpseq.data.series.reading": ("Columns", "read_series"),
    "nlpseq.data.series.series": ("Series", "SeriesTable"),
}

__getattr__, __dir__, __all__ = lazy.attach(
    __name__, {name: module for module, names in _MODULES.items() for name in names}
)
