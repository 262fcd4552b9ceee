"""Folders, lists and tables of sounds with their texts, in the shapes of public sets and of users."""

from typing import Any

import numpy as np
import pytest
import soundfile

from nlpseq.errors import InputError
from nlpseq.tasks.speech.data import load_speech
from tests.tasks.speech.sounds import RATE, beside, kaldi, names, tone


def ljspeech(folder):
    lines = [f"{name}|{name} 1|{name} one" for name in "abcd" * 5]
    for number, line in enumerate(lines):
        tone(folder / "wavs" / f"{line[0]}{number}.wav")
    lines = [line.replace("|", f"{number}|", 1) for number, line in enumerate(lines)]
    (folder / "metadata.csv").write_text("\n".join(lines))


def librispeech(folder):
    for number in range(20):
        tone(folder / "1" / "2" / f"1-2-{number}.flac")
    lines = [f"1-2-{number} {'ABCD'[number % 4]} ONE\n" for number in range(20)]
    (folder / "1" / "2" / "1-2.trans.txt").write_text("".join(lines))


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


def test_suffixes_in_any_case(tmp_path):
    for number in range(20):
        soundfile.write(tmp_path / f"{number}.WAV", np.ones(100) / (1 + number), RATE, format="WAV")
        (tmp_path / f"{number}.TXT").write_text("ab")
    assert sum(load_speech(str(tmp_path)).sizes.values()) == 20
    (tmp_path / "metadata.CSV").write_text("".join(f"{number}.wav|c\n" for number in range(20)))
    assert set(load_speech(str(tmp_path)).train.strings()) == {"c"}


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
