"""Sounds and texts of files: every shape of folder, rates and formats, and what is odd."""

from typing import Any

import numpy as np
import pytest
import soundfile

from nlpseq.data.files.audio import Resampler, is_clipped, read_audio
from nlpseq.errors import InputError
from nlpseq.tasks.speech import defaults
from nlpseq.tasks.speech.batches import Batches
from nlpseq.tasks.speech.data import load_speech
from nlpseq.tasks.speech.utterances import Utterances

RATE = 1000


def tone(path, seconds=0.1, rate=RATE, subtype="PCM_16", channels=1, level=0.5):
    path.parent.mkdir(parents=True, exist_ok=True)
    signal = level * np.sin(2 * np.pi * 100 * np.arange(int(seconds * rate)) / rate)
    soundfile.write(path, np.stack([signal] * channels, axis=1), rate, subtype)
    return path


def ljspeech(folder):
    lines = [f"{name}|{name} 1|{name} one" for name in "abcd" * 5]
    for number, line in enumerate(lines):
        tone(folder / "wavs" / f"{line[0]}{number}.wav")
    lines = [line.replace("|", f"{number}|", 1) for number, line in enumerate(lines)]
    (folder / "metadata.csv").write_text("\n".join(lines))


def kaldi(folder):
    for number in range(4):
        tone(folder / f"{number}.flac", 2.0)
    (folder / "wav.scp").write_text("".join(f"r{i} {i}.flac\n" for i in range(4)))
    segments = [(i, j) for i in range(4) for j in range(5)]
    (folder / "segments").write_text("".join(f"u{i}{j} r{i} {j / 10} {j / 10 + 0.1:.1f}\n" for i, j in segments))
    (folder / "text").write_text("".join(f"u{i}{j} {'abcd'[i]} one\n" for i, j in segments))
    (folder / "utt2spk").write_text("".join(f"u{i}{j} speaker{i}\n" for i, j in segments))


def beside(folder):
    for number in range(20):
        tone(folder / f"{number}.wav").with_suffix(".txt").write_text(f"{'abcd'[number % 4]} one\n")


def librispeech(folder):
    for number in range(20):
        tone(folder / "1" / "2" / f"1-2-{number}.flac")
    lines = [f"1-2-{number} {'ABCD'[number % 4]} ONE\n" for number in range(20)]
    (folder / "1" / "2" / "1-2.trans.txt").write_text("".join(lines))


def names(folder):
    for number in range(20):
        tone(folder / f"{'abcd'[number % 4]} one_ann{number % 3}_{number}.wav")


def table(folder):
    rows = [f"{number}.wav\t{'abcd'[number % 4]} one\tann" for number in range(20)]
    for number in range(20):
        tone(folder / "clips" / f"{number}.wav")
    (folder / "metadata.tsv").write_text("\n".join(["path\tsentence\tclient_id", *rows]))


def manifest(folder):
    table(folder)
    (folder / "metadata.tsv").rename(folder / "mine.tsv")


SHAPES = [ljspeech, kaldi, beside, librispeech, names, table, manifest]


@pytest.mark.parametrize("make", SHAPES, ids=lambda make: make.__name__)
def test_shapes_of_folders(tmp_path, make):
    make(tmp_path)
    data = load_speech(str(tmp_path), pattern="{label}_{speaker}_{number}" if make is names else None)
    assert data.sample_rate == RATE and data.sizes == {"train": 17, "validation": 1, "test": 2}
    texts = [text for part in (data.train, data.validation, data.test) for text in part.strings()]
    assert sorted(texts) == sorted(f"{letter} one" for letter in "abcd" * 5)
    assert {len(samples) for samples in data.train.audio} == {100}
    speakers = {fields.get("speaker") for fields in data.train.fields}
    assert (None in speakers) == (make in (ljspeech, beside))


def test_splits_of_common_voice_and_of_speech_commands(tmp_path):
    table(tmp_path / "voice")
    head, *rows = (tmp_path / "voice" / "metadata.tsv").read_text().split("\n")
    (tmp_path / "voice" / "metadata.tsv").unlink()
    for split, part in {"train": rows[:12], "dev": rows[12:15], "test": rows[15:]}.items():
        (tmp_path / "voice" / f"{split}.tsv").write_text("\n".join([head, *part]))
    assert load_speech(str(tmp_path / "voice")).sizes == {"train": 12, "validation": 3, "test": 5}
    for number in range(20):
        tone(tmp_path / "words" / "ab"[number % 2] / f"{number}_nohash_0.wav")
    for name, first in (("validation", 0), ("testing", 4)):
        lines = [f"{'ab'[number % 2]}/{number}_nohash_0.wav\n" for number in range(first, 4 + first)]
        (tmp_path / "words" / f"{name}_list.txt").write_text("".join(lines))
    data = load_speech(str(tmp_path / "words"))
    assert data.sizes == {"train": 12, "validation": 4, "test": 4}
    assert {fields["speaker"] for fields in data.test.fields} == {"4", "5", "6", "7"}


def test_splits_by_folder_and_by_condition(tmp_path):
    for split in ("train", "test"):
        names(tmp_path / split)
    folder = str(tmp_path / "train")
    options: Any = {"pattern": "{label}_{speaker}_{number}", "texts": "a one=first,b one=second"}
    data = load_speech(str(tmp_path), **options)
    assert data.sizes == {"train": 18, "validation": 2, "test": 20} and "first" in data.test.strings()
    data = load_speech(folder, test_where="speaker=ann1", validation_where="number=0,2-4 speaker=ann0", **options)
    assert {fields["speaker"] for fields in data.test.fields} == {"ann1"} and len(data.test) == 7
    assert sorted(fields["number"] for fields in data.validation.fields) == ["0", "3"]
    data = load_speech(folder, group="speaker", **options)
    assert len({fields["speaker"] for part in (data.train, data.validation, data.test) for fields in part.fields}) == 3
    assert [len({fields["speaker"] for fields in part.fields}) for part in (data.train, data.test)] == [1, 1]


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


def test_suffixes_in_any_case(tmp_path):
    for number in range(20):
        soundfile.write(tmp_path / f"{number}.WAV", np.ones(100) / (1 + number), RATE, format="WAV")
        (tmp_path / f"{number}.TXT").write_text("ab")
    assert sum(load_speech(str(tmp_path)).sizes.values()) == 20
    (tmp_path / "metadata.CSV").write_text("".join(f"{number}.wav|c\n" for number in range(20)))
    assert set(load_speech(str(tmp_path)).train.strings()) == {"c"}


@pytest.mark.parametrize("rate", [0, -8])
def test_rates_below_one_are_refused(tmp_path, rate):
    for data in (str(tmp_path), [(np.zeros(9), "a")]):
        with pytest.raises(InputError, match=f"`sample_rate` must be at least 1, got {rate}"):
            load_speech(data, sample_rate=rate)


def timit(folder):
    for number in range(20):
        path = tone(folder / "data" / ("TRAIN", "TEST")[number % 5 == 0] / f"S{number % 2}" / f"SX{number}.WAV")
        path.with_suffix(".TXT").write_text(f"0 1600 {'ABCD'[number % 4]} one.\n")


def vctk(folder):
    for number in range(20):
        name = f"{number % 2}/p{number}"
        for microphone in (1, 2):
            tone(folder / "wav48" / f"{name}_mic{microphone}.flac")
        (folder / "txt" / str(number % 2)).mkdir(parents=True, exist_ok=True)
        (folder / "txt" / f"{name}.txt").write_text(f"{'abcd'[number % 4]} one.")


def voxforge(folder):
    for name, first in (("ann", 0), ("ben", 2)):
        for number in range(10):
            tone(folder / name / "wav" / f"a{number}.wav")
        lines = [f"{name}/mfc/a{number} {'abcd'[(first + number) % 4]} ONE.\n" for number in range(10)]
        (folder / name / "etc").mkdir()
        (folder / name / "etc" / "PROMPTS").write_text("".join(lines))


def an4(folder):
    (folder / "etc").mkdir(parents=True)
    for split, numbers in (("train", range(16)), ("test", range(16, 20))):
        for number in numbers:
            tone(folder / "wav" / f"an{number}.wav")
        lines = [f"<s> {'ABCD'[number % 4]} ONE. </s> (an{number})\n" for number in numbers]
        (folder / "etc" / f"an4_{split}.transcription").write_text("".join(lines))


def tedlium(folder):
    for number, split in enumerate(("train", "train", "train", "train", "test")):
        tone(folder / split / "sph" / f"talk{number}.wav", 2.0)
        lines = [f"talk{number} 1 ann {i / 5} {i / 5 + 0.1:.1f} <o,f0> {'abcd'[i]} one.\n" for i in range(4)]
        (folder / split / "stm").mkdir(exist_ok=True)
        (folder / split / "stm" / f"talk{number}.stm").write_text(";; LABEL\n" + "".join(lines))


def bars(folder):
    for number in range(20):
        tone(folder / "books" / f"{number}.wav")
    (folder / "transcript.txt").write_text("".join(f"books/{i}.wav|{i}|{'abcd'[i % 4]} one.|0.1\n" for i in range(20)))


def parts(folder):
    tone(folder / "long.wav", 4.0)
    rows = [f'{{"audio_filepath": "long.wav", "offset": {i / 5}, "duration": 0.1, "text": "{"abcd"[i % 4]} one."}}'
            for i in range(20)]  # fmt: skip
    (folder / "manifest.jsonl").write_text("\n".join(rows))


def by_folder(folder):
    rows = [f"{('train', 'test')[i % 5 == 0]}/{i}.wav,{'abcd'[i % 4]} one." for i in range(20)]
    for row in rows:
        tone(folder / row.split(",")[0])
    (folder / "metadata.csv").write_text("\n".join(["file_name,transcription", *rows]))


@pytest.mark.parametrize(
    "make", [timit, vctk, voxforge, an4, tedlium, bars, parts, by_folder], ids=lambda f: f.__name__
)
def test_texts_in_lists_and_parts_of_files(tmp_path, make):
    make(tmp_path / "corpus")
    data = load_speech(str(tmp_path))
    texts = [text for part in (data.train, data.validation, data.test) for text in part.strings()]
    assert sorted(texts) == sorted(f"{letter} one." for letter in "abcd" * 5)
    assert {len(samples) for samples in data.train.audio} == {100}
    assert len(data.test) == (4 if make in (timit, an4, tedlium, by_folder) else 2)
    assert not any("names of the folders" in note for note in data.notes)


def test_the_texts_of_folders_of_words_are_said(tmp_path):
    for number in range(20):
        tone(tmp_path / "ab"[number % 2] / f"{number}.wav")
    note = "the names of the folders are the texts of their sounds: a, b; if not, set `pattern`"
    assert load_speech(str(tmp_path)).notes[0] == note
    for word in ("yes", "no"):  # which the names of the files have too
        for number in range(6):
            tone(tmp_path / "c" / word / f"{('anna', 'ben')[number % 2]}_{word}_{number}.wav")
            tone(tmp_path / "d" / str(len(word)) / f"0{number % 2}_{len(word)}_{number}.wav")
    tone(tmp_path / "c" / "yes" / "rec_yes_0.wav")
    assert set(load_speech(tmp_path / "c").train.texts) == {b"yes", b"no"}
    assert set(load_speech(tmp_path / "d").train.texts) == {b"3", b"2"}


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


def test_names_of_files_and_paths_of_another_machine(tmp_path):
    for word in ("yes", "no"):
        for number in range(6):
            tone(tmp_path / "a" / f"{word}_anna_{number}.wav")
            for speaker in ("01", "12"):  # as of AudioMNIST
                tone(tmp_path / "c" / speaker / f"{len(word)}_{speaker}_{number}.wav")
    data = load_speech(tmp_path / "a")
    assert set(data.train.texts) == {b"yes", b"no"} and "the first part of its name: no, yes" in data.notes[0]
    assert set(load_speech(tmp_path / "c").train.texts) == {b"3", b"2"}
    for digit in range(10):
        for speaker in ("anna", "ben"):
            for number in range(2):
                tone(tmp_path / "e" / speaker / f"{digit}_{speaker}_{number}.wav")
    assert set(load_speech(tmp_path / "e").train.texts) <= set(b"0 1 2 3 4 5 6 7 8 9".split())
    for number in range(6):
        tone(tmp_path / "b" / f"{number}_x.wav")
    with pytest.raises(InputError, match="has 6 audio files and no texts"):
        load_speech(tmp_path / "b")
    rows = [f"/content/drive/{path.name},{path.stem[:2]}" for path in sorted((tmp_path / "a").iterdir())]
    (tmp_path / "a" / "list.csv").write_text("\n".join(["file_path,sentence", *rows]))
    assert set(load_speech(tmp_path / "a").train.texts) == {b"ye", b"no"}


def test_paths_from_the_folder_around_the_table(tmp_path):
    rows = [f"data/{speaker}/{number}.wav,{speaker}" for speaker in ("anna", "ben") for number in range(6)]
    for row in rows:
        tone(tmp_path / row.split(",")[0])
    (tmp_path / "data" / "list.csv").write_text("\n".join(["path,sentence", *rows]))
    data = load_speech(tmp_path / "data")
    assert sum(data.sizes.values()) == 12 and set(data.train.texts) == {b"anna", b"ben"}


def test_columns_of_unknown_names_are_told_by_their_cells(tmp_path):
    for word in ("yes", "no"):
        for number in range(6):
            tone(tmp_path / word / f"{number}.wav")
    rows = [f"{word}/{number}.wav,{word},a {word} or so" for word in ("yes", "no") for number in range(6)]
    (tmp_path / "list.csv").write_text("\n".join(["Datei,Art,Gesagt", *rows]))
    assert set(load_speech(tmp_path).train.texts) == {b"a yes or so", b"a no or so"}
    (tmp_path / "list.csv").write_text("\n".join(["Datei,Art", *(row.rpartition(",")[0] for row in rows)]))
    assert set(load_speech(tmp_path).train.texts) == {b"yes", b"no"}  # of the folders


def test_tables_by_split_without_texts_do_not_hide_those_beside_sounds(tmp_path):
    for split, count in (("TRAIN", 12), ("TEST", 3)):
        (tmp_path / f"{split.lower()}_data.csv").write_text("index,dialect,filename\n1,DR1,SX0.WAV\n")
        for number in range(count):
            tone(tmp_path / "data" / split / "DR1" / f"SX{number}.WAV")
            (tmp_path / "data" / split / "DR1" / f"SX{number}.TXT").write_text(f"0 800 she had {number}\n")
    data = load_speech(tmp_path)
    assert data.sizes["test"] == 3 and data.train.texts[0].startswith(b"she had")
