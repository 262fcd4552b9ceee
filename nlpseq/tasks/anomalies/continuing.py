"""Test recordings that go on where the training recording of the same name ends, as those of SMD, MSL and PSM."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nlpseq.data.files.paths import SPLIT_OF
from nlpseq.errors import plural
from nlpseq.tasks.anomalies.recordings import Recording

MOST = 5_000  # steps of training before a test recording; the running statistics hardly remember more


def continued(train: Sequence[Recording], test: Sequence[Recording]) -> tuple[list[Recording], list[str]]:
    """Test recordings behind the end of the training recording of their name, not evaluated there, and notes.

    Names are the same without the words of splits; a single recording of each split belong together. Others are
    returned unchanged, and so are those whose times do not tell that they begin behind that end.
    """
    before = {_name(one): one for one in train}
    if len(before) < len(train):
        return list(test), []
    if len(train) == len(test) == 1:
        before = {_name(test[0]): train[0]}
    pairs = [(one, before.get(_name(one))) for one in test]
    joined = [one if training is None or not _follows(one, training) else _behind(one, training)
              for one, training in pairs]  # fmt: skip
    count = sum(one is not other for one, other in zip(test, joined))
    apart = sum(training is not None for _, training in pairs) - count
    notes = []
    if count:
        are = plural(count, "test recording is", "test recordings are")
        notes.append(f"{are} read behind the end of the training recording of the same name, which is not evaluated")
    if apart:
        are = plural(apart, "test recording is", "test recordings are")
        notes.append(
            f"{are} not read behind the training recording of the same name: times do not tell that it is later"
        )
    return joined, notes


def _name(recording):
    return tuple(word for word in re.split(r"[\W_]+", recording.name.lower()) if word not in SPLIT_OF)


def _follows(one, training):
    """Whether neither recording has times, or the first begins behind the end of the other."""
    import pandas as pd

    if one.times is None or training.times is None:
        return one.times is training.times
    end, begin = pd.Timestamp(training.times[-1]), pd.Timestamp(one.times[0])
    return (end.tz is None) == (begin.tz is None) and end < begin


def _behind(one, training):
    past = training.values[-MOST:]
    count, windows = len(past), one.windows
    if windows is not None:
        windows = tuple((left + count, right + count) for left, right in windows)
    times = None if one.times is None else [*training.times[-count:], *one.times]
    values = np.concatenate([past, one.values])
    return replace(one, values=values, windows=windows, start=one.start + count, times=times)
