"""Sounds of files and objects: rates and formats, batches, and what is odd."""

from typing import Any

import numpy as np
import pytest
import soundfile
import tensorflow_datasets as tfds

from nlpseq.data.files.audio import Resampler, is_clipped, read_audio
from nlpseq.errors import InputError
from nlpseq.tasks.speech import defaults
from nlpseq.tasks.speech.batches import Batches
from nlpseq.tasks.speech.data import load_speech
from nlpseq.tasks.speech.utterances import Utterances
from tests.tasks.speech.sounds import RATE, beside, kaldi, names, tone


def test_rates_channels_and_sample_formats_sound_alike(tmp_path):
    usual = read_audio(tone(tmp_path / "a.wav", 1.0, 8000, "FLOAT"), 8000)
    for rate, subtype, channels in ((192_000, "PCM_24", 5), (44_100, "PCM_U8", 2), (11_025, "DOUBLE", 1)):
        other = read_audio(tone(tmp_path / "b.wav", 1.0, rate, subtype, channels), 8000)
        assert len(other) == len(usual)
        np.testing.assert_allclose(other[200:-200], usual[200:-200], atol=0.02)
    part = read_audio(tmp_path / "a.wav", 8000, start=0.25, seconds=0.5)
    np.testing.assert_array_equal(part, usual[2000:6000])


def test_a_tone_above_the_new_band_is_removed_and_blocks_do_not_matter():
    signal = np.sin(2 * np.pi * 6000 * np.arange(16_000) / 16_000)
    whole, parts = Resampler(16_000, 8000), Resampler(16_000, 8000)
    result = np.concatenate([whole(signal), whole.finish()])
    cut = np.concatenate([*(parts(block) for block in np.split(signal, [1, 5, 700, 701, 9000])), parts.finish()])
    np.testing.assert_allclose(result, cut, atol=1e-6)
    assert len(result) == 8000 and np.abs(result[100:-100]).max() < 1e-3


def test_odd_recordings_are_reported(tmp_path, capsys):
    beside(tmp_path)
    tone(tmp_path / "silent.wav", level=0.0).with_suffix(".txt").write_text("a one")
    tone(tmp_path / "clipped.wav", 1.0, level=1.0)
    soundfile.write(tmp_path / "clipped.wav", np.clip(2 * read_audio(tmp_path / "clipped.wav", RATE), -0.9, 0.9), RATE)
    (tmp_path / "clipped.txt").write_text("b one")
    (tmp_path / "broken.wav").write_bytes(b"no sound at all")
    (tmp_path / "broken.txt").write_text("c one")
    for name in ("cut.flac", "cut.wav"):
        content = tone(tmp_path / name, 1.0).read_bytes()
        (tmp_path / name).write_bytes(content[: len(content) // 2])
    (tmp_path / "cut.txt").write_text("c one")
    tone(tmp_path / "blank.wav").with_suffix(".txt").write_text(" \n")
    tone(tmp_path / "untold.wav")
    tone(tmp_path / "fast.wav", rate=4000).with_suffix(".txt").write_text("d one")
    soundfile.write(tmp_path / "none.wav", np.zeros(0), RATE)
    (tmp_path / "none.txt").write_text("a one")
    data = load_speech(str(tmp_path))
    assert sum(data.sizes.values()) == 24 and data.sample_rate == RATE
    message = " ".join(capsys.readouterr().out.split())
    for note in (
        "2 recordings without a transcript are left out",
        "3 files are left out; the first: " + f"{tmp_path / 'broken.wav'} is not an audio file",
        "2 recordings are silent or without samples",
        "1 recording is too short for the text",
        "1 recording is clipped",
        "1,000 Hz (23), 4,000 Hz (1); all are converted to 1,000 Hz",
    ):
        assert note in message


def test_clipping():
    wave = np.sin(np.arange(4000) / 7)
    assert (
        is_clipped(np.clip(2 * wave, -0.9, 0.9))
        and not is_clipped(wave)
        and not is_clipped(0.1 * np.clip(wave, -0.5, 0.5))
    )


@pytest.mark.parametrize(
    "options, expected",
    [
        ({"pattern": "{speaker}_{number}"}, "`pattern` must have {label}"),
        ({"pattern": "{label}-{speaker}-{x}"}, "no audio file in .* has a name of the `pattern`"),
        ({"pattern": "{label}_{speaker}_{number}", "test_where": "reader=ann1"}, "`test_where` must be such as"),
        ({"pattern": "{label}_{speaker}_{number}", "test_where": "speaker=eve"}, "is met by no recording"),
        ({"pattern": "{label}_{speaker}_{number}", "texts": "zero"}, "`texts` must be such as"),
        ({"pattern": "{label}_{speaker}_{number}", "group": "colour"}, "`group` 'colour' has 0 values"),
    ],
    ids=str,
)
def test_what_cannot_be_read_gets_one_sentence(tmp_path, options, expected):
    names(tmp_path)
    with pytest.raises(InputError, match=expected):
        load_speech(str(tmp_path), **options)


@pytest.mark.parametrize("files, expected", [
    ({"metadata.csv": "zero_ann0_0.wav,\r,a\n"}, "metadata.csv names no recordings|line 1"),
    ({"metadata.csv": "path,text,text\nzero_ann0_0.wav,a,b\n"}, "several columns called 'text'"),
    ({"wav.scp": "a \n", "text": "a b\n"}, "wav.scp has no file for 'a'"),
    ({"wav.scp": "a x.wav\n", "text": "a b\nc d\na d\n"}, "text, line 3: the id 'a' is used before"),
    *(({"wav.scp": "a x.wav\n", "text": "s b\n", "segments": f"\ns a {times}\n"}, f"segments, line 2: {message}")
      for times, message in (("zero one", "expected `id recording start end` with seconds"), ("1", "expected `id"),
                             ("2 1", "the segment from 2 to 1 s is empty"), ("nan 1", "the segment"))),
])  # fmt: skip
def test_tables_of_recordings_that_cannot_be_read(tmp_path, files, expected):
    names(tmp_path)
    for name, content in files.items():
        (tmp_path / name).write_text(content, newline="")
    with pytest.raises(InputError, match=expected):
        load_speech(str(tmp_path))


def test_recordings_that_are_all_too_long_are_refused():
    with pytest.raises(InputError, match="all 12 training recordings are longer than 35 seconds"):
        load_speech([(np.zeros(3600), "a")] * 12, sample_rate=100)


def test_batches_are_a_function_of_seed_and_pass_and_join_sounds_with_their_texts():
    audio = [np.full(10 + number, number + 1, np.float32) for number in range(20)]
    examples = Utterances.of(audio, ["x"] * 20)
    labels = [[4, number + 5] for number in range(20)]  # a space, and a unit of its own

    def batches():
        return Batches(examples, labels, 4, 8, RATE, splice=0.5, seed=3).dataset()

    two = list(batches().repeat(2).as_numpy_iterator())
    assert len(two) == 2 * len(batches())
    again = next(batches().repeat(2).skip(1).as_numpy_iterator())
    np.testing.assert_array_equal(again[0][0], two[1][0][0])
    frame_logits = []
    for (sounds, lengths), rows in two[: len(two) // 2]:
        for sound, length, row in zip(sounds, lengths, rows):
            units = [unit for unit in row[row > 0] if unit != 4]
            runs = [
                int(level) for level in np.unique(np.round(sound[:length], 3)) if level >= 1 and level == int(level)
            ]
            assert sorted(unit - 4 for unit in units) == runs and row[0] != 4
            frame_logits += units
    assert sorted(frame_logits) == list(range(5, 25))


def test_few_recordings_get_enough_training_steps_and_patience():
    few, many = (defaults.choose(defaults.SpeechProfile(count, 0.5, 8000, 8.0, 1.0, 8)) for count in (100, 2000))
    assert few["epochs"] * 100 / few["batch_size"] >= 1500 and few["patience"] * 100 / few["batch_size"] >= 300
    assert many["epochs"] <= 50 and many["patience"] == 20


def test_segments_behind_the_end_are_left_out_and_reported(tmp_path, capsys):
    kaldi(tmp_path)
    lines = (tmp_path / "segments").read_text().splitlines()
    lines[2:5] = ["u02 r0 1.8 99", "u03 r0 1.9 2.3", "u04 r0 1.9 -1"]
    (tmp_path / "segments").write_text("\n".join(lines))
    data = load_speech(str(tmp_path))
    assert sum(data.sizes.values()) == 19
    assert "1 segments end behind the end of their files" in (message := " ".join(capsys.readouterr().out.split()))
    assert f"the first: {tmp_path / 'segments'}, line 3" in message


@pytest.mark.parametrize("rate", [0, -8])
def test_rates_below_one_are_refused(tmp_path, rate):
    for data in (str(tmp_path), [(np.zeros(9), "a")]):
        with pytest.raises(InputError, match=f"`sample_rate` must be at least 1, got {rate}"):
            load_speech(data, sample_rate=rate)


def test_sounds_as_objects(tmp_path):
    path = tone(tmp_path / "a.wav")
    sound, texts = read_audio(path, RATE), ["a", "b"] * 10
    whole = np.round(sound * 32768).astype(np.int16)
    rows: list[Any] = [{"audio": {"array": sound, "sampling_rate": RATE}, "sentence": text} for text in texts]
    cases: list[tuple[Any, dict[str, Any]]] = [
        (([sound] * 20, texts), {"sample_rate": RATE}),
        ([(whole, text) for text in texts], {"sample_rate": RATE}),
        ([(np.stack([sound, sound], axis=1), text) for text in texts], {"sample_rate": RATE}),
        (rows, {}),
        ({"path": [str(path)] * 20, "text": texts}, {}),
        ({"train": rows, "test": rows[:2]}, {}),
    ]
    for data, options in cases:
        loaded = load_speech(data, **options)
        assert loaded.sample_rate == RATE and set(loaded.train.strings()) == {"a", "b"} and len(loaded.test) == 2
        np.testing.assert_allclose(loaded.train.audio[0], sound, atol=1e-4)
    for data in ([1, 2], ([sound] * 3, texts), [{"sound": sound}]):
        with pytest.raises(InputError):
            load_speech(data, sample_rate=RATE)


def test_formats_that_libsndfile_does_not_read(tmp_path):
    av: Any = pytest.importorskip("av")
    signal = 0.3 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000).astype(np.float32)
    with av.open(str(tmp_path / "a.m4a"), "w") as container:
        stream = container.add_stream("aac", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(signal[np.newaxis], "fltp", "mono")
        frame.rate = 16000
        container.mux([*stream.encode(frame), *stream.encode()])
    signal = read_audio(tmp_path / "a.m4a", 8000)
    assert abs(len(signal) - 8000) < 800 and 0.25 < np.abs(signal).max() < 0.35
    assert np.abs(np.fft.rfft(signal[1000:5000])).argmax() == 220
    (tmp_path / "a.m4a").write_bytes(b"no sound")
    with pytest.raises(InputError, match="is no audio file, or a damaged one"):
        read_audio(tmp_path / "a.m4a", 8000)


class NlpseqSoundProbe(tfds.core.GeneratorBasedBuilder):
    """A dataset of the tests, with names of its own."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {
            "sentence": tfds.features.Text(),
            "client_id": tfds.features.Text(),
            "voice": tfds.features.Audio(sample_rate=RATE),
        }
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        for i in range(30):
            yield i, {"sentence": f"{'ab'[i % 2]} one", "client_id": str(i % 3), "voice": np.full(100, 9, np.int64)}


class NlpseqStepsProbe(NlpseqSoundProbe):
    """One whose rows are sequences of features."""

    def _info(self):
        return self.dataset_info_from_configs(features=tfds.features.Sequence({"audio": np.int64}))


def test_datasets_with_other_names_of_features(tmp_path):
    data = load_speech("nlpseq_sound_probe", tmp_path, group="speaker")
    assert data.sizes == {"train": 10, "validation": 10, "test": 10} and data.sample_rate == RATE
    assert {text.decode() for text in data.train.texts} == {"a one", "b one"}


def test_datasets_of_sequences_of_features(tmp_path, monkeypatch):
    monkeypatch.setattr(NlpseqStepsProbe, "is_prepared", lambda builder: True)
    with pytest.raises(InputError, match="a sequence of features in each row"):
        load_speech("nlpseq_steps_probe", tmp_path)
