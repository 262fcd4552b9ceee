"""The recognizer with random weights: batches, padding, streams, exports."""

import io
import itertools
import json
import subprocess
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import soundfile
import tensorflow as tf

import nlpseq
from nlpseq.cells import RecurrentCell
from nlpseq.cli.main import main
from nlpseq.decoding import NgramModel
from nlpseq.serving import Export, export
from nlpseq.tasks.speech.answers import states_of
from nlpseq.tasks.speech.language import SpeechLanguage
from nlpseq.tasks.speech.model import SpeechRecognizer, padded
from nlpseq.tasks.speech.report import print_unused
from nlpseq.tasks.speech.settings import RecognizerSettings
from nlpseq.tasks.speech.streaming import SpeechStream
from nlpseq.text import END, SubwordTokenizer

RATE = 1000
SIZES = {"units": 6, "sample_rate": RATE, "bands": 8, "n_best": 3}
FORWARD = {"bidirectional": False, "normalization": "running", "beam_size": 1}


def sounds(*lengths):
    random = np.random.default_rng(1)
    return [(0.3 * random.normal(size=length)).astype("float32") for length in lengths]


def fitted_task(**settings):
    """A recognizer whose random weights are so large that it writes something."""
    tokenizer = SubwordTokenizer.learn(["abc de"], kind="character")
    task = SpeechRecognizer(tokenizer, **{**SIZES, "layers": 1, **settings})
    task.ensure_built()
    random = np.random.default_rng(10)
    for weight in task.trainable_variables:
        weight.assign(random.normal(size=weight.shape))
    task.log_mel.mean.assign(random.normal(size=8) - 8)
    return task


@pytest.mark.usefixtures("portable")
@pytest.mark.parametrize(
    "settings", [{}, {**FORWARD, "deltas": True, "subsampling": "bands", "lookahead": 0.09}], ids=str
)
def test_padding_batch_and_neighbours_change_nothing(settings):
    task = fitted_task(**settings)
    lengths = [700, 33, 1490, 1, 0]
    together = task.frame_logits(*map(tf.constant, padded(sounds(*lengths))))
    for row, sound in enumerate(sounds(*lengths)):
        audio, length = padded([sound])
        dirty = np.pad(audio, [(0, 0), (0, 77)], constant_values=np.nan)
        alone = task.frame_logits(tf.constant(dirty), tf.constant(length))
        steps = int(alone["steps"][0])
        assert steps == int(together["steps"][row]) == -(-lengths[row] // 30)
        np.testing.assert_allclose(alone["logits"][0, :steps], together["logits"][row, :steps], atol=2e-3)
        assert np.all(together["logits"][row, steps:].numpy().argmax(-1) == 0)


def streamed(task, audio, chunks):
    """Texts and scores of sounds that are read together, of each so many steps at a time; other rows have none."""
    stream = SpeechStream(task)
    signatures, answers = stream.signatures(), []
    answers.append(signatures["init"](*map(tf.constant, padded([sound[:0] for sound in audio]))))
    places = [0] * len(audio)

    while any(place < len(sound) for place, sound in zip(places, audio)):
        ends = [place + stream.step_samples * next(chunks) for place in places]
        parts = [sound[place:end] for sound, place, end in zip(audio, places, ends)]
        samples, length = map(tf.constant, padded(parts))
        answers.append(signatures["step"](audio=samples, length=length, **states_of(answers[-1])))
        places = ends
    answers.append(signatures["finish"](**states_of(answers[-1])))
    texts = [b"".join(parts).decode().strip() for parts in zip(*(answer["text"].numpy() for answer in answers))]
    return texts, sum(answer["score"].numpy() for answer in answers)


@keras.saving.register_keras_serializable("tests")
class WideCell(RecurrentCell):
    """Twice as many outputs as `units`."""

    def __init__(self, units, **kwargs):
        super().__init__(2 * units, **kwargs)

    def transition(self, wx, uh, states):
        return [0.5 * states[0] + 0.5 * tf.tanh(wx + uh)]


STREAMS = {
    "longer than most sounds": {"lookahead": 1.2, "normalization": "none"},
    "deltas": {"lookahead": 0.09, "deltas": True, "subsampling": "bands"},
    "wide outputs": {"lookahead": 0.12, "cell": WideCell},
    "none": {"subsampling": "stack"},
}


@pytest.mark.slow
@pytest.mark.usefixtures("portable")
@pytest.mark.parametrize("name, precision", [*((name, "no") for name in STREAMS), ("deltas", "bfloat16")])
def test_rows_of_a_stream_end_at_times_of_their_own(name, precision):
    with nlpseq.training.precision(precision):
        task = fitted_task(**{**FORWARD, **STREAMS[name]})
    audio = sounds(700, 33, 1490, 1, 0)
    texts, scores = streamed(task, audio, itertools.cycle([0, 1, 3, 2, 0, 5, 1]))
    whole = task.recognize(audio)
    assert texts == whole["text"] and any(texts)
    np.testing.assert_allclose(scores, whole["score"], atol=1e-3 if precision == "no" else 0.3)
    stream = SpeechStream(task)
    empty = stream.signatures()["finish"](**{state: tf.zeros([0, size]) for state, size in stream.sizes.items()})
    assert empty["text"].shape == (0,)


def test_the_model_card_says_how_late_the_text_is():
    late = "While it listens its text is 0.12 seconds late."  # steps of 0.03 seconds
    assert late in fitted_task(**FORWARD, lookahead=0.12).limits()
    assert late not in fitted_task(lookahead=0.12).limits() and not any(
        "late" in limit for limit in fitted_task().limits()
    )


@pytest.mark.parametrize("settings, expected", [
    ({"equalization": 5.0}, "`equalization` changes nothing"),
    ({"lookahead": 0.06}, "`lookahead` is for models that read forward"),
    ({**FORWARD, "equalization": 5.0, "lookahead": 0.06}, None),
    ({"normalization": "none", "equalization": 5.0}, None),
])  # fmt: skip
def test_settings_that_change_nothing_are_said(settings, expected, capsys):
    print_unused(RecognizerSettings.of(**settings))
    shown = " ".join(capsys.readouterr().out.split())
    assert f"note: {expected}" in shown if expected else not shown


@pytest.mark.usefixtures("portable")
def test_a_sound_that_is_too_short_for_its_text_does_not_count():
    task, labels = fitted_task(), tf.constant([[4, 5, -1, -1], [4, 5, 6, 4]])
    audio, lengths = map(tf.constant, padded(sounds(400, 61)))  # the second has three steps
    loss = task.default_loss()
    losses = loss(labels, task((audio, lengths)))
    alone = loss(labels[:1], task((audio[:1], lengths[:1])))
    np.testing.assert_allclose(losses, alone / 2, rtol=1e-5)


@pytest.mark.usefixtures("portable")
def test_export_predict_and_stream_give_the_same_text(tmp_path, capsys, monkeypatch):
    """Files of other rates and channels, whole and in chunks of any size, and raw samples of standard input."""
    task = fitted_task(**FORWARD, deltas=True, subsampling="bands", lookahead=0.21)
    path = written(task, tmp_path / "out")
    (sound,) = sounds(4321)
    soundfile.write(tmp_path / "a.wav", sound, RATE, "FLOAT")
    soundfile.write(tmp_path / "b.flac", np.stack([sound, sound], axis=1), RATE, "PCM_24")
    text = task.recognize([sound])["text"][0]
    assert len(text) > 5
    assert answer_of(path, tmp_path / "a.wav", tmp_path / "b.flac", "--times") == 0
    first, *words = capsys.readouterr().out.splitlines()
    assert first == f"{tmp_path / 'a.wav'}\t{text}"
    assert [word.split("\t")[1] for word in words[: len(text.split())]] == text.split()

    export_ = Export(path)
    for chunk in (1, 5):  # steps
        at, whole, outputs = 0, "", export_.run("init", export_.answers.inputs([sound[:0]]))
        while at < len(sound):
            part = sound[at : at + chunk * 30 * (1 + at // 1000)]
            outputs = export_.run("step", {**export_.answers.inputs([part]), **states_of(outputs)})
            at, whole = at + len(part), whole + outputs["text"][0].decode()
        assert (whole + export_.run("finish", states_of(outputs))["text"][0].decode()).strip() == text

    pcm = np.round(32767 * np.clip(sound, -1, 1)).astype("<i2")
    text = task.recognize([pcm / np.float32(32768)])["text"][0]
    for options in ((), ("--times", "--n-best", "1")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(pcm.tobytes() + b"\x01")))
        monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
        assert answer_of(path, *options) == 0
        printed = capsys.readouterr()
        first, *words = printed.out.splitlines()
        assert first == text and "ends within a sample" in printed.err
        assert [word.split("\t")[1] for word in words] == (text.split() if options else [])


FRESH = """
import json, sys
import numpy as np
import tensorflow as tf

signatures = tf.saved_model.load(sys.argv[1]).signatures
audio, length = (tf.constant(array) for array in np.load(sys.argv[2]).values())
whole = signatures["serving_default"](audio=audio, length=length)
answers = {"text": whole["text"].numpy().tolist(), "score": whole["score"].numpy().tolist()}
if "step" in signatures:
    answers["streamed"] = [b""] * len(length)
    outputs = signatures["init"](audio=audio[:, :0], length=0 * length)
    for start in range(0, audio.shape[1], 60):
        part = {"audio": audio[:, start : start + 60], "length": tf.clip_by_value(length - start, 0, 60)}
        states = {name: value for name, value in outputs.items() if name not in ("text", "score")}
        outputs = signatures["step"](**part, **states)
        answers["streamed"] = [a + b for a, b in zip(answers["streamed"], outputs["text"].numpy().tolist())]
    states = {name: value for name, value in outputs.items() if name not in ("text", "score")}
    rest = signatures["finish"](**states)["text"].numpy().tolist()
    answers["streamed"] = [a + b for a, b in zip(answers["streamed"], rest)]
print(json.dumps(answers, default=bytes.decode))
"""


@pytest.mark.slow
@pytest.mark.usefixtures("portable")
@pytest.mark.parametrize(
    "settings", [{}, {**FORWARD, "lookahead": 0.12, "subsampling": "convolution"}], ids=["beam", "stream"]
)
def test_a_fresh_process_with_tensorflow_alone_recognizes_alike(tmp_path, settings):
    task, inputs = fitted_task(**settings), sounds(1500, 700, 1)
    path = written(task, tmp_path / "out")
    audio, length = padded(inputs)
    np.savez(tmp_path / "sounds.npz", audio, length)
    command = [sys.executable, "-c", FRESH, str(path), str(tmp_path / "sounds.npz")]
    process = subprocess.run(command, check=True, cwd=tmp_path, env={"PATH": ""}, stdout=subprocess.PIPE, text=True)
    actual, expected = json.loads(process.stdout.splitlines()[-1]), task.recognize(inputs)
    assert actual["text"] == list(expected["text"]) and len(actual["text"][0]) > (5 if settings else 0)
    np.testing.assert_allclose(actual["score"], expected["score"], rtol=1e-4)
    if settings:
        assert [text.strip() for text in actual["streamed"]] == actual["text"]


def answer_of(*arguments):
    """The exit status of `nlpseq predict`."""
    with pytest.raises(SystemExit) as end:
        main(["predict", *map(str, arguments)])
    return end.value.code


def written(task, folder, **options):
    data = SimpleNamespace(name="sounds", sizes={"train": 1, "validation": 1, "test": 1}, generated=True)
    metrics = {"validation": {}, "test": {}, "train_seconds": 1.0, "peak_memory_mb": 1}
    return export(task, folder, data=data, settings={}, metrics=metrics, **options)


@pytest.mark.usefixtures("portable")
@pytest.mark.slow
def test_language_model_of_the_search(tmp_path, capsys):
    task = fitted_task(beam_size=30)
    kernel, bias = task.head.get_weights()
    task.head.set_weights([0.1 * kernel, 0 * bias])
    pieces = task.preprocessor.pieces
    ids = [pieces.index(piece) for piece in "ab"]
    (sound,) = sounds(300)
    for text in ("ab", "ba"):
        model = NgramModel.learn([[ids["ab".index(letter)] for letter in text]] * 9999, len(pieces), 3, END)
        task.set_language(SpeechLanguage(task.preprocessor, model, 50.0))
        assert task.recognize([sound])["text"] == [text]
    path = written(task, tmp_path / "out")
    soundfile.write(tmp_path / "a.wav", sound, RATE, "FLOAT")
    assert answer_of(path, tmp_path / "a.wav", "--n-best", "2", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["text"] == answer["n_best"][0]["text"] == "ba" and len(answer["n_best"]) == 2


def test_long_sounds_are_cut_where_it_is_quiet():
    from nlpseq.tasks.speech.cutting import parts

    sound = np.concatenate([np.ones(12 * RATE), np.zeros(RATE), np.ones(30 * RATE)])
    cut = list(parts(sound, RATE))
    assert len(cut[0]) / RATE == pytest.approx(12.5, abs=0.5)
    assert max(map(len, cut)) <= 20 * RATE and np.array_equal(np.concatenate(cut), sound)
