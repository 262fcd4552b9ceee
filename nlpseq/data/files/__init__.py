"""Readers of the user's files: from any usual shape to a `Table`, rows of named columns.

    paths.py      what is a path; which file is which split
    contents.py   bytes (plain or compressed) and their encoding
    table.py      `Table`: rows of named columns, its splits, several as one
    header.py     whether its first row holds the names
    columns.py    `Role`: which columns a kind of task needs and how they are found; text_columns.py those of texts
    values.py     values of cells: missing ones, texts, lists
    numbers.py    cells to numbers: decimal points and commas, groups
    delimited.py  .csv, .tsv and the like; blanks.py columns between blanks
    json_rows.py  JSON lines, arrays, columns
    sheets.py     .xlsx and .parquet, with packages that are optional
    tsf.py        series of the Monash archive
    lines.py      one example a line: fastText, label first
    audio.py      sounds of any rate; wav.py without soundfile
    folders.py    a folder of texts for each class; parallel files of lines
    objects.py    Python lists, NumPy, pandas, Polars, Hugging Face datasets, tf.data
    vectors.py    word vectors, read as a stream
    reading.py    which reader a file needs

Files are read into memory rather than through a TFDS builder, which would cache a prepared copy and
keep using it after the file has changed.
"""

from nlpseq.data.files.paths import is_path

__all__ = ["is_path"]
