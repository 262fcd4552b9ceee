"""What all datasets share: builders and what is wrong with bad names, and parts held out."""

from itertools import chain

import numpy as np
import pytest

from nlpseq.data import Sentences, sources
from nlpseq.errors import InputError


@pytest.mark.parametrize(
    "dataset, match",
    [
        ("imdb_revews", "did you mean imdb_reviews"),
        ("nlpseq_wonder", "did you mean nlpseq_wonders"),
        ("glue/nothing", "cannot open dataset 'glue/nothing'"),
        ("imdb_reviews:9.9.9", "cannot open dataset"),
        ("x" * 300, "unknown dataset|cannot open"),
    ],
)
def test_odd_names_of_datasets(tmp_path, dataset, match):
    with pytest.raises(InputError, match=match) as caught:
        sources.prepared_builder(dataset, tmp_path, {"nlpseq_wonders"})
    message = str(caught.value)
    assert "\n" not in message and len(message) < 400


def test_not_downloaded_and_no_network(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "_online", lambda: False)
    with pytest.raises(InputError, match="there is no network"):
        sources.prepared_builder("imdb_reviews", tmp_path, ())
    assert not list(tmp_path.iterdir())


def test_missing_data_folder(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        sources.prepared_builder("imdb_reviews", str(tmp_path / "nowhere"), ())


@pytest.mark.parametrize("seed", range(5))
def test_a_part_held_out_leaves_every_class_in_training(seed):
    random = np.random.default_rng(seed)
    tags = [random.integers(0, 60, random.integers(1, 5)).tolist() for _ in range(59)]
    tokens = [[f"{number}"] * len(row) for number, row in enumerate(tags)]
    remaining, held = sources.split_off_tenth(Sentences(tokens, tags), seed)
    assert len(held) == 5 and sorted(remaining.tokens + held.tokens) == sorted(tokens)
    assert set(chain(*remaining.tags)) == set(chain(*tags))
    assert all(tags[int(row[0])] == row_tags for row, row_tags in zip(held.tokens, held.tags))


def test_too_few_to_hold_a_part_out():
    with pytest.raises(InputError, match="too small to hold out a part"):
        sources.split_off_tenth(Sentences([["a"], ["b"]], [[0], [1]]), 0)


def test_titles_are_names(tmp_path, monkeypatch):
    class Dataset(sources.SplitDataset):
        def __init__(self, name, generated=False):
            self.name, self.generated = name, generated

    monkeypatch.chdir(tmp_path)
    (tmp_path / "my texts").mkdir()
    names = ["imdb_reviews", "glue/sst2:2.0.0", "/data/films.tsv", "./films.tsv", "~/films.tsv", "my texts/", "."]
    titles = ["imdb_reviews", "glue/sst2:2.0.0", "films.tsv", "films.tsv", "films.tsv", "my texts", tmp_path.name]
    assert [Dataset(name).title for name in names] == titles
    assert Dataset("nlpseq_tags", generated=True).title == "nlpseq_tags (generated sentences)"
