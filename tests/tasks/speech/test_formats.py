"""A recognizer in other formats than saved_model: the same texts, times and scores."""

import sys

import numpy as np
import pytest
import soundfile
from numpy.testing import assert_equal

from nlpseq import runtime, serving
from nlpseq.decoding import NgramModel
from nlpseq.errors import InputError
from nlpseq.runtime.description import read_tables
from nlpseq.serving.formats import adding
from nlpseq.serving.formats.agreement import TOLERANCES
from nlpseq.tasks.speech.language import SpeechLanguage
from nlpseq.text import END
from nlpseq.training import load_task
from tests.tasks.speech.test_model import FORWARD, RATE, fitted_task, sounds, written
from tests.tasks.tiny import compare, converted, without_tensorflow

pytestmark = pytest.mark.usefixtures("portable")


def with_ngrams(**settings):
    task = fitted_task(**settings)
    ids = task.preprocessor(["abc de", "de", "a bc"]).to_list()
    model = NgramModel.learn(ids, len(task.preprocessor), 3, END)
    task.set_language(SpeechLanguage(task.preprocessor, model, 0.8, 0.5))
    return task


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory):
    """A recognizer with n-grams, and a folder with all of its export that a client without TensorFlow reads."""
    pytest.importorskip("onnxruntime", reason="needs the extra nlpseq[onnx]")
    task = with_ngrams(bidirectional=False, cell="gru", lookahead=0.06)
    return task, converted(tmp_path_factory.mktemp("onnx"), task)


@pytest.mark.slow
def test_onnx_with_ngrams(recognizer, tmp_path):
    task, folder = recognizer
    model, inputs = runtime.load(folder), sounds(1200, 40, 0)
    expected, actual = task.recognize(inputs), model.predict(inputs, times=True, n_best=2)
    assert [answer["text"] for answer in actual] == expected["text"] and expected["text"][0]
    np.testing.assert_allclose([answer["score"] for answer in actual], expected["score"], rtol=1e-5)
    starts = [at for unit, at in task.unit_times(inputs[0]) if unit.strip()]
    assert actual[0]["words"][0]["start"] == pytest.approx(starts[0])
    assert actual[0]["n_best"][0]["text"] == actual[0]["text"] and len(actual[0]["n_best"]) == 2
    soundfile.write(tmp_path / "a.wav", inputs[0], RATE, "FLOAT")
    (of_file,) = model.predict([tmp_path / "a.wav"])
    assert (of_file["audio"], of_file["text"]) == (str(tmp_path / "a.wav"), actual[0]["text"])
    assert without_tensorflow(folder, [inputs[0].tolist()])[0]["text"] == actual[0]["text"]
    with pytest.raises(InputError, match="samples of one channel at 1,000 a second .* got float64 of shape"):
        model.predict(np.zeros(3))


def test_the_ngrams_of_an_export_are_loaded_with_it(recognizer, tmp_path):
    task, folder = recognizer
    loaded = fitted_task(**task.settings.flat())
    loaded.restore_tables(read_tables(folder))
    assert_equal(loaded.tables(), task.tables())
    (tmp_path / "tables.npz").write_bytes(b"PK\x03\x04 no")
    with pytest.raises(InputError, match="tables.npz .it is damaged.: export the model again"):
        read_tables(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("make, settings", [
    (with_ngrams, {"layers": 2}), (fitted_task, {**FORWARD, "deltas": True}),
    (fitted_task, {"subsampling": "bands", "normalization": "none"}),
])  # fmt: skip
def test_exports_in_all_formats(make, settings, tmp_path, monkeypatch):
    """Whether texts and scores agree is checked while they are written."""
    pytest.importorskip("onnxruntime"), pytest.importorskip("ai_edge_litert")
    monkeypatch.setattr(adding.Asked, "times", lambda self: {"ms_1": 1.0, "ms_64": 1.0})
    monkeypatch.setattr(adding, "SAMPLE", 8)
    path = written(make(**settings), tmp_path)
    serving.add_formats(path, load_task(path), ["onnx", "litert"])
    inputs, options = sounds(2500, 40, 700), {"times": True, "n_best": 3}
    saved, *others = (runtime.load(path, name).predict(inputs, **options) for name in ("saved_model", "onnx", "litert"))
    for other in others:
        compare(inputs, saved, other, ["text", "words"], TOLERANCES["none"])


def test_a_neural_language_model_is_refused(tmp_path):
    task = fitted_task()
    task.restore_tables({"neural": np.array(True)})
    _, refused = adding.write_formats(task, serving.Metadata("speech", [], {}, {}, {}, {}), tmp_path, ["onnx"])
    assert "has a neural language model, which other formats than saved_model have not" in str(refused["onnx"])


def test_wav_files_without_soundfile(tmp_path, monkeypatch):
    from nlpseq.data.files import audio

    (sound,) = sounds(500)
    kinds = {"PCM_U8": 1 / 127, "PCM_16": 1e-4, "PCM_24": 1e-6, "PCM_32": 1e-6}
    for kind in kinds:
        soundfile.write(tmp_path / f"{kind}.wav", np.stack([sound, sound], axis=1), RATE, kind)
    soundfile.write(tmp_path / "a.flac", sound, RATE), soundfile.write(tmp_path / "float.wav", sound, RATE, "FLOAT")
    expected = {kind: audio.read_audio(tmp_path / f"{kind}.wav", 2 * RATE, 0.1) for kind in kinds}
    monkeypatch.setattr(audio.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "soundfile", None)
    for kind, tolerance in kinds.items():
        actual = audio.read_audio(tmp_path / f"{kind}.wav", 2 * RATE, 0.1)
        np.testing.assert_allclose(actual, expected[kind], atol=tolerance)
    (tmp_path / "cut.wav").write_bytes((tmp_path / "PCM_16.wav").read_bytes()[:1000])
    for name, message in (
        ("float.wav", "is not a WAV file of integers"),
        ("a.flac", "needs the package soundfile"),
        ("cut.wav", "is damaged"),
    ):
        with pytest.raises(InputError, match=message):
            audio.read_audio(tmp_path / name, RATE)
