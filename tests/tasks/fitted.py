"""A tiny task of every kind, and examples on which it is trained."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nlpseq import tasks
from nlpseq.data import Recording, Recordings, Utterances, load_series
from nlpseq.text import SubwordTokenizer
from tests.tasks import tiny
from tests.tasks.clips import clips
from tests.tasks.forecasting import small

AT_RANDOM = ("speed", "warp", "noise", "frequency_masks", "time_masks", "splice", "outliers")


def _forecaster(**settings):
    description = small.preprocessor(seasons=[7], season=7, past=[], known=[], items=["a", "b"], statics={})
    settings = {"item_size": 0, **settings}  # in training some windows are of an unknown item, drawn at random
    return small.forecaster(description=description, **settings)


def _windows():
    days = np.arange(np.datetime64("2024-01-01"), np.datetime64("2024-03-01"))
    table = {"date": days, "a": np.arange(60) % 7 + 0.1, "b": np.sin(np.arange(60.0))}
    return load_series(table).split(small.HORIZON, season=7, context=small.CONTEXT).validation


def _detector(**settings):
    sizes = {"units": 3, "components": 2, "steps": 20, "warm_up": 5, "rest": 7, "season": 10}
    return tiny.randomized(tasks.AnomalyDetector(["a", "b"], **{**sizes, **settings}))


def _recordings():
    values = np.sin(np.arange(150)[:, np.newaxis] / 5 + np.arange(2))
    return Recordings([Recording("one", values), Recording("two", 2 * values[:70])])


def _recognizer(**settings):
    sizes = {"units": 4, "layers": 1, "sample_rate": 1000, "bands": 8, "beam_size": 2, "filters": 3, **settings}
    task = tasks.SpeechRecognizer(SubwordTokenizer.learn(["abc de"], kind="character"), **sizes)
    task.adapt(_utterances())
    return task


def _utterances():
    random = np.random.default_rng(1)
    sounds = [(0.3 * random.normal(size=length)).astype(np.float32) for length in (900, 500, 700, 1200) * 4]
    return Utterances.of(sounds, ["ab", "c", "de a", ""] * 4)


FITTED: dict[str, tuple[Callable[..., Any], Callable[[], Any]]] = {
    "classification": (tiny.new_classifier, lambda: tiny.labelled_texts(2)),
    "tagging": (tiny.new_tagger, lambda: tiny.sentences(4)),
    "translation": (tiny.new_translator, lambda: tiny.pairs(4)),
    "language_model": (tiny.new_language_model, tiny.lines),
    "forecasting": (_forecaster, _windows),
    "anomalies": (_detector, _recordings),
    "speech": (_recognizer, _utterances),
    "clips": (clips.new_task, lambda: clips.clips(lengths=clips.LENGTHS * 4)),
}


def fitted_task(kind: str, **settings: Any) -> Any:
    """A task of a kind with random weights, of which nothing is random in training but what `settings` say."""
    make, _ = FITTED[kind]
    names = make().settings.flat()
    plain = {name: type(names[name])(0) for name in names if name.endswith("dropout") or name in AT_RANDOM}
    return make(**{**plain, **settings})
