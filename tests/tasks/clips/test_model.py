"""The classifier of sequences: padding, batches, streaming, saving, export."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import serving
from nlpseq.errors import InputError
from nlpseq.runtime.model import load
from nlpseq.tasks import SequenceClassifier
from nlpseq.tasks.clips.features import FrameFeatures
from nlpseq.tasks.clips.streaming import FrameStream
from tests.tasks.clips.clips import LABELS, PICTURE, VECTOR, Corners, arrays, clips, new_task
from tests.tasks.tiny import METRICS, dataset

pytestmark = pytest.mark.usefixtures("portable", "eager")
ONE_WAY = {"bidirectional": False, "derived": "differences"}
KINDS = {
    "vectors": (VECTOR, {"layers": 2, "derived": "differences", "cell": "gru"}),
    "scaled one by one": (VECTOR, {"scaling": "sequence", "derived": "differences", "pooling": "attention"}),
    "pictures": (PICTURE, {"pooling": "last"}),
    "bag of frames": (PICTURE, {"layers": 0, "pooling": "mean", "scaling": "none"}),
    "own encoder": (PICTURE, {"encoder": Corners(), "derived": "differences"}),
    "a label for each frame": (VECTOR, {"per_frame": True, "bidirectional": False}),
}


@pytest.mark.parametrize("kind", ["scaled one by one", "pictures", "bag of frames", "a label for each frame"])
def test_padding_and_neighbours_change_nothing(kind):
    frame, settings = KINDS[kind]
    task, sequences = new_task(frame, **settings), arrays(frame)
    together = task.predict_clips(sequences)["scores"]
    for sequence, scores in zip(sequences, together):
        padding = np.full((4, *frame), np.nan, np.float32)
        alone = task((np.concatenate([sequence, padding])[np.newaxis], np.array([len(sequence)])))
        expected = tf.nn.softmax(alone)[0][: len(sequence) if task.per_frame else None]
        np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", [pytest.param("vectors", marks=pytest.mark.slow), "own encoder"])
def test_saved_and_loaded(kind, tmp_path):
    frame, settings = KINDS[kind]
    task = new_task(frame, **settings)
    task.compile("adam")
    task.calibrate(clips(frame, per_frame=task.per_frame))
    task.save(tmp_path / "task.keras")
    loaded = keras.saving.load_model(tmp_path / "task.keras")
    assert loaded.details() == task.details()
    before, after = (model.predict_clips(arrays(frame))["scores"] for model in (task, loaded))
    np.testing.assert_array_equal(np.concatenate([np.atleast_2d(row) for row in before]),
                                  np.concatenate([np.atleast_2d(row) for row in after]))  # fmt: skip


@pytest.mark.parametrize("settings", [
    {"pooling": "last", "layers": 2, **ONE_WAY},
    pytest.param({"pooling": "max_mean", **ONE_WAY}, marks=pytest.mark.slow),
    {"pooling": "mean", "bidirectional": False, "frame": PICTURE}, {"per_frame": True, **ONE_WAY},
])  # fmt: skip
def test_whole_equals_frame_by_frame(settings):
    frame = settings.get("frame", VECTOR)
    task = new_task(**settings)
    sequences = arrays(frame)
    sequences[2][3] = np.nan
    whole, stream = task.predict_clips(sequences)["scores"], FrameStream(task)
    longest = max(map(len, sequences))
    padded = np.stack([np.concatenate([s, np.zeros((longest - len(s), *frame), np.float32)]) for s in sequences])
    length = np.array(list(map(len, sequences)), np.int32)
    for read in (0, 2):
        answer = stream.init(tf.constant(padded[:, :read]), tf.constant(np.minimum(length, read)))
        answers = []
        for time in range(read, longest):
            states = {name: answer[name] for name in stream.sizes}
            answer = stream.step(tf.constant(padded[:, time]), **states)
            answers.append(answer["scores"].numpy())
        for row, steps in enumerate(length):
            if steps > read:
                expected = whole[row][-1] if task.per_frame else whole[row]
                np.testing.assert_allclose(answers[steps - 1 - read][row], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("settings", [{}, {"scaling": "sequence", "bidirectional": False}, {"layers": 0}])
def test_a_model_that_needs_the_whole_sequence_does_not_stream(settings):
    assert "init" not in new_task(**settings).signatures()


@pytest.mark.parametrize("length", [-1, 3])
def test_lengths_that_no_padded_sequence_has(length):
    with pytest.raises((InputError, tf.errors.InvalidArgumentError), match="at most the number of steps, which is"):
        new_task().answer(tf.zeros((1, 2, *VECTOR)), tf.constant([length]))


def test_features_are_those_of_numpy():
    """Standardised by all real frames of training, differences by their root mean square."""
    examples = clips()
    features = FrameFeatures(derived="differences")
    frames = np.concatenate([examples.clip(0), np.full((2, 2), 7.0)])[np.newaxis]
    others = examples.clip(2)[np.newaxis]
    batches = [(frames, np.arange(7)[np.newaxis] < 5), (others, np.ones((1, 7), bool))]
    features.adapt([(tf.constant(f, tf.float32), tf.constant(m)) for f, m in batches])
    flat = np.concatenate([examples.clip(0), examples.clip(2)])
    z = [(examples.clip(i) - flat.mean(0)) / flat.std(0) for i in (0, 2)]
    steps = np.concatenate([np.diff(part, axis=0) for part in z])
    expected = np.diff(z[0], axis=0) / np.sqrt((steps**2).mean(0))
    actual = features(*batches[0]).numpy()[0]
    np.testing.assert_allclose(actual[:5, :2], z[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(actual[1:5, 2:], expected, rtol=1e-4, atol=1e-5)
    assert not actual[0, 2:].any()


def test_place_and_size_of_a_stroke_count_not():
    task = new_task((3,), scaling="sequence", derived="differences")
    (stroke,) = arrays((3,), [6])
    stroke[:, 2] = [0, 0, 1, 0, 0, 1]  # whether the pen leaves the paper
    task.features.relative.assign([1, 1, 0])
    moved = stroke * [3, 3, 1] + [100, -20, 0]
    scores = task.predict_clips([stroke, moved])["scores"]
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-5)
    wider = task.predict_clips([stroke * [3, 1, 1]])["scores"][0]
    assert np.abs(scores[0] - wider).max() > 1e-3


def test_strokes_are_turned_in_training_only():
    features = FrameFeatures(warp=0.3)
    frames, mask = tf.ones((2, 3, 3)) * [1.0, -1.0, 1.0], tf.ones((2, 3), bool)
    features.build(frames.shape)
    features.relative.assign([1, 1, 0])
    turned = features(frames, mask, training=True).numpy()
    np.testing.assert_array_equal(features(frames, mask), frames)
    np.testing.assert_array_equal(turned[..., 2], 1.0)
    np.testing.assert_array_equal(turned[:, 0], turned[:, 2])  # the same at all times, another in each sequence
    assert np.abs(turned[0, 0, :2] - turned[1, 0, :2]).min() > 1e-3


def test_a_constant_channel_and_a_broken_sensor_stay_small():
    values = np.stack([np.full(40, 5.0), np.linspace(0, 1, 40)], axis=1)[np.newaxis]
    features = FrameFeatures()
    features.adapt([(values, np.ones((1, 40), bool))])
    odd = features(np.array([[[5.001, 1e9], [np.inf, np.nan]]]), np.ones((1, 2), bool)).numpy()
    assert np.isfinite(odd).all() and np.abs(odd).max() <= 20 and not odd[0, 1].any()


@pytest.mark.slow
@pytest.mark.usefixtures("graph")
def test_an_export_answers_alike_in_a_fresh_process(tmp_path):
    task = new_task(bidirectional=False, derived="differences", reading={"stride": 1, "width": 0})
    task.calibrate(clips())
    path = serving.export(task, tmp_path, data=dataset(), settings=task.settings.flat(), metrics=METRICS)
    sequences = arrays(lengths=[6, 2])
    for number, sequence in enumerate(sequences):
        np.save(tmp_path / f"{number}.npy", sequence)
    files = [str(tmp_path / name) for name in ("0.npy", "1.npy")]
    code = "import sys; from nlpseq.cli.main import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "predict", str(path), *files, "--json"]
    process = subprocess.run(command, capture_output=True, text=True)
    answers = [json.loads(line) for line in process.stdout.splitlines()]
    expected = task.predict_clips(sequences)
    assert [answer["label"] for answer in answers] == expected["label"], process.stderr[-2000:]
    scores = [list(answer["scores"].values()) for answer in answers]
    np.testing.assert_allclose(scores, expected["scores"], atol=1e-5)


def test_what_does_not_fit_is_refused():
    task = new_task()
    with pytest.raises(InputError, match=r"clip 2 has the shape \(3, 5\): expected frames of shape \(2,\)"):
        task.predict_clips([np.zeros((3, 2)), np.zeros((3, 5))])
    with pytest.raises(InputError, match="clip 1 has the shape"):
        task.predict_clips([np.zeros((0, 2))])
    with pytest.raises(InputError, match="this SequenceClassifier reads frames of shape"):
        task.prepare(clips((3,)))
    with pytest.raises(InputError, match="are not vectors: give an `encoder`"):
        SequenceClassifier(LABELS, frame=(2, 3, 4), encoder=keras.layers.Activation("relu")).build()
    with pytest.raises(InputError, match="`encoder` must be a Keras model or layer"):
        SequenceClassifier(LABELS, frame=(2, 3, 4), encoder=np.mean)
    with pytest.raises(InputError, match="`pooling` last needs recurrent layers"):
        SequenceClassifier(LABELS, frame=(2,), layers=0, pooling="last")


@pytest.mark.slow
@pytest.mark.usefixtures("graph")
@pytest.mark.parametrize("frame, settings", [
    (VECTOR, {"scaling": "sequence", "derived": "differences", "pooling": "attention", "cell": "gru"}),
    (PICTURE, {"pooling": "last", "layers": 2}), (VECTOR, {"per_frame": True, "bidirectional": False}),
])  # fmt: skip
def test_other_formats_agree(frame, settings, tmp_path):
    """Whether they do is checked while they are written; a model that does not is refused."""
    pytest.importorskip("onnxruntime"), pytest.importorskip("ai_edge_litert")
    task = new_task(frame, **settings)
    options = {"data": dataset(), "settings": {}, "metrics": METRICS, "formats": ["onnx", "litert"]}
    path = serving.export(task, tmp_path, examples=clips(frame, per_frame=task.per_frame), **options)
    assert (path / "model.onnx").exists() and (path / "model.tflite").exists()
    model = load(path, "onnx")
    expected = task.predict_clips(arrays(frame))["label"]
    assert [answer["label"] for answer in model.predict(arrays(frame))] == expected
