"""Series of numbers over time, from files and objects of any usual shape.

    reading.py        `read_series`: from a file, a frame or rows to a table with its header, and to series
    header.py         whether the first row holds the names of the columns
    calendar_columns.py  tables with a column for each month of a year
    two_headers.py    tables whose columns have two names, that of a value and that of an item
    row_series.py     tables with a row for each series
    time_rows.py      tables with a row for each time
    roles.py          `Columns`: which columns are meant, given or known by their usual names
    time_columns.py   the columns of the times
    items.py          the columns that name the item of a row
    value_columns.py  the columns of values and covariates
    times.py          cells to times, with their zone
    time_forms.py     forms of times that pandas does not read
    date_order.py     whether days or months stand first in dates of numbers
    frequency.py      `Frequency`: the step between two times, found or given; seasons and calendar of a frequency
    series.py         `Series` and `SeriesTable`, and how a series is put on its grid of equal steps
    gridding.py       the step of all series of a table, and the series on their grids
    missing.py        series without any value, and missing values at the ends

pandas is imported when the first table is read.
"""

from nlpseq import lazy

_MODULES = {
    "nlpseq.data.series.frequency": ("Frequency",),
    "nlpseq.data.series.reading": ("read_series",),
    "nlpseq.data.series.roles": ("Columns",),
    "nlpseq.data.series.series": ("Series", "SeriesTable"),
}

__getattr__, __dir__, __all__ = lazy.attach(
    __name__, {name: module for module, names in _MODULES.items() for name in names}
)
