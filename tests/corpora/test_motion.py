"""nlpseq_motion: who sees no order is right in half of the clips at most."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from nlpseq.corpora.motion import CLASSES, PAIRS, motion_clips

VIEWS = {
    "average": lambda frames: frames.mean(axis=0),
    "first": lambda frames: frames[0],
    "brightest": lambda frames: frames[frames.mean(axis=(1, 2)).argmax()],
}


def test_classes_are_equally_frequent_and_deterministic():
    clips = motion_clips(32, 5)
    assert [label for _, label in clips] == [*CLASSES] * 4 and len(PAIRS) == 4
    assert all(frames.dtype == np.uint8 and 8 <= len(frames) <= 16 for frames, _ in clips)
    assert all(np.array_equal(a, b) for (a, _), (b, _) in zip(clips, motion_clips(32, 5)))


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_without_order_fails(view):
    train, test = motion_clips(400, 0), motion_clips(240, 1)
    x, z = (np.stack([VIEWS[view](frames).ravel() for frames, _ in part]) for part in (train, test))
    model = KNeighborsClassifier(5).fit(x, [label for _, label in train])
    assert model.score(z, [label for _, label in test]) <= 0.60
