"""Where the data of tests marked `real_data` are."""

import os
from pathlib import Path

import pytest


def beside(name):
    """A folder of text beside that of the prepared datasets; where it is not, the test is skipped."""
    folder = Path(os.environ["NLPSEQ_DATA"]).resolve().parent / name
    if not folder.is_dir():
        pytest.skip(f"needs the folder {name} beside that of NLPSEQ_DATA")
    return folder
