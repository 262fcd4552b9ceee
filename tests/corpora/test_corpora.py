"""All embedded corpora, in small: deterministic, distinct sentences, none in two splits."""

import pytest
import tensorflow_datasets as tfds

from nlpseq import corpora

SIZES = {"train": 48, "validation": 16, "test": 16}


@pytest.fixture(params=["NlpseqPhrases", "NlpseqReviews", "NlpseqTags"])
def builder(request, monkeypatch):
    builder = getattr(corpora, request.param)
    monkeypatch.setattr(builder, "SIZES", SIZES)
    return builder


def rows(builder, data_dir):
    """The rows of all splits, as comparable values."""
    prepared = builder(data_dir=data_dir)
    prepared.download_and_prepare()
    splits = {split: tfds.as_numpy(prepared.as_dataset(split=split)) for split in SIZES}
    return {split: [tuple(map(str, row.values())) for row in part] for split, part in splits.items()}


def test_builders_are_deterministic_and_splits_disjoint(builder, tmp_path):
    first, second = (rows(builder, tmp_path / name) for name in ("first", "second"))
    assert first == second
    assert {split: len(part) for split, part in first.items()} == SIZES
    assert len({row for part in first.values() for row in part}) == sum(SIZES.values())
