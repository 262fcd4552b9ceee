"""Pairs of texts in every shape of file."""

import pytest

from nlpseq.data import load_parallel_texts
from tests.data.contents import pairs_of
from tests.data.shapes import PAIRS
from tests.tasks.translation.shapes import SHAPES


@pytest.mark.parametrize("shape", SHAPES)
def test_pairs(tmp_path, shape):
    path, options = SHAPES[shape](tmp_path)
    assert pairs_of(load_parallel_texts(str(path), **options)) == sorted(PAIRS)


def test_pairs_by_the_common_part_of_their_names(tmp_path):
    folder, options = SHAPES["OPUS"](tmp_path)
    for name in ("Owls.de-en", "Owls.de-en.en"):
        assert pairs_of(load_parallel_texts(str(folder / name), **options)) == sorted(PAIRS)
