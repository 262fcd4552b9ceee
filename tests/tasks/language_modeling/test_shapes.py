"""Running text in every shape of file."""

import pytest

from nlpseq.data import load_running_texts
from tests.data.contents import text_of
from tests.data.shapes import TEXT
from tests.tasks.language_modeling.shapes import SHAPES


@pytest.mark.parametrize("shape", SHAPES)
def test_running_text(tmp_path, shape):
    path, options = SHAPES[shape](tmp_path)
    assert text_of(load_running_texts(str(path), **options)) == TEXT
