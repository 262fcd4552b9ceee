"""Texts that stand elsewhere in a folder of sounds: in lists of ids and texts, or in a file for each sound."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from nlpseq.data.files import paths
from nlpseq.data.files.audio import is_audio
from nlpseq.data.files.contents import read_lines, read_text
from nlpseq.errors import InputError
from nlpseq.tasks.speech.recordings import Recording

SUFFIXES = ("", ".txt", ".text", ".tsv", ".csv", ".transcription", ".transcript", ".trn", ".prompts")
SPHINX = re.compile(r"(?:<s>)?\s*(.*?)\s*(?:</s>)?\s*\(([^()\s]+)\)")  # <s> HELLO </s> (an4-1)
SAMPLES = re.compile(r"\d+ \d+ (?=\S)")  # of the first and last sample of a text, as of TIMIT
MICROPHONE = re.compile(r"_mic(\d)$")  # as of VCTK
GENERIC = ("wav", "wavs", "wave", "audio", "flac", "mp3", "clips", "sph")  # folders that name no speaker
SKIPPED = "ignore_time_segment_in_scoring"  # text of parts of .stm files without one
MOST_LINES = 3  # of a list that are looked at first


def of_lists(folder: Path, sounds: Sequence[Path], encoding: str | None) -> list[Recording]:
    """The recordings whose texts stand in lists below a folder; none if there are no lists.

    A line is an id and a text, separated by a bar, a tab or a blank, or a text and its id in parentheses (Sphinx); the
    id is the name of a sound, perhaps with a folder and a suffix. Of sounds of one name that which is nearest counts.
    In `.stm` files a line is a part of a sound.
    """
    by_name: dict[str, list[Path]] = {}
    for sound in sounds:
        by_name.setdefault(sound.stem.lower(), []).append(sound)
    recordings: dict[Path, Recording] = {}
    parts: list[Recording] = []
    for file in paths.files_below(folder):
        if paths.suffix_of(file) == ".stm":
            parts += _of_stm(file, by_name, encoding)
        elif paths.suffix_of(file) in SUFFIXES and not paths.is_about(file) and _is_list(file, by_name, encoding):
            for name, text in _pairs(read_lines(file, encoding)):
                if (sound := _nearest(by_name, name, file)) is not None:
                    fields = {"speaker": speaker_of(sound)} | _split(file, folder)
                    recordings.setdefault(sound, Recording(sound, text, fields))
    return [_with_split(recording, folder) for recording in parts or recordings.values()]


def of_texts(folder: Path, sounds: Sequence[Path], encoding: str | None) -> list[Recording]:
    """The recordings with a text file of their name elsewhere below a folder; none if most have no such file.

    Of recordings by several microphones, `name_mic1` and `name_mic2`, the first counts.
    """
    texts = {file.stem: file for file in paths.files_below(folder) if paths.suffix_of(file) in (".txt", ".lab")}
    names = {sound: MICROPHONE.sub("", sound.stem) for sound in sounds}
    chosen = {name: sound for sound, name in sorted(names.items(), reverse=True) if name in texts}
    if len(chosen) * 2 < len(set(names.values())):
        return []
    return [
        _with_split(Recording(sound, read_text(texts[name], encoding), {"speaker": speaker_of(sound)}), folder)
        for name, sound in sorted(chosen.items())
    ]


def without_samples(recordings: Sequence[Recording]) -> list[Recording]:
    """The recordings whose texts all begin with the numbers of their first and last sample, without these."""
    texts = [recording.text for recording in recordings if recording.text.strip()]
    if not texts or not all(SAMPLES.match(text) for text in texts):
        return list(recordings)
    return [
        replace(one, text=SAMPLES.sub("", one.text, count=1), fields={**one.fields, "speaker": speaker_of(one.path)})
        for one in recordings
    ]


def speaker_of(sound: Path) -> str:
    """The folder of a sound, or that around it if this only says that it holds sounds."""
    folder = sound.parent
    while folder.name.lower() in GENERIC and folder.parent != folder:
        folder = folder.parent
    return folder.name


def split_in(parts: Sequence[str]) -> dict[str, str]:
    """The split that is the name of a folder in a path."""
    return next(({"split": split} for part in parts if (split := paths.SPLIT_OF.get(part.lower()))), {})


def _with_split(recording, folder):
    if "split" in recording.fields:
        return recording
    inner = recording.path.relative_to(folder).parts[:-1] if recording.path.is_relative_to(folder) else ()
    return replace(recording, fields={**recording.fields, **split_in(inner)})


def _split(file, folder):
    """The split that the name of a list tells, or of a folder with it."""
    split = paths.split_of(file.stem)
    return {"split": split} if split else split_in(file.relative_to(folder).parts[:-1])


def _is_list(file, by_name, encoding):
    """Whether the first lines of a file have the names of sounds; a file of another encoding has not."""
    try:
        lines = [line for line in read_lines(file, encoding) if line.strip()]
    except InputError:
        return False
    pairs = list(_pairs(lines[:MOST_LINES]))
    return bool(pairs) and any(_key(name) in by_name for name, _ in pairs)


def _pairs(lines) -> Iterator[tuple[str, str]]:
    """The id and the text of each line."""
    for line in filter(str.strip, lines):
        if match := SPHINX.fullmatch(line.strip()):
            yield match[2], match[1]
            continue
        mark = next((mark for mark in ("|", "\t") if mark in line), None)
        cells = [cell.strip() for cell in (line.split(mark) if mark else line.split(None, 1))]
        if len(cells) > 1:
            yield cells[0], last_text(cells)


def last_text(cells: Sequence[str]) -> str:
    """The last cell behind the first that is not empty, nor a number beside others that are none."""
    texts = [cell for cell in map(str.strip, cells[1:]) if cell]
    words = [text for text in texts if not re.fullmatch(r"[\d.]+", text)]
    return next(iter((words or texts)[::-1]), "")


def _key(name):
    path = Path(os.path.basename(name))
    return (path.stem if is_audio(path) else path.name).lower()


def _nearest(by_name, name, file) -> Path | None:
    """The sound of a name whose path has most in common with that of the list, and with the name."""
    sounds = by_name.get(_key(name), ())
    near = lambda sound: (len(os.path.commonpath([sound, file.parent])), len(set(sound.parts) & set(name.split("/"))))  # noqa: E731
    return max(sounds, key=near, default=None)


def _of_stm(file, by_name, encoding) -> list[Recording]:
    """The parts of sounds in lines `file channel speaker start end <label> text`."""
    parts = []
    for number, line in enumerate(read_lines(file, encoding), start=1):
        words = line.split()
        if not words or line.startswith(";;"):
            continue
        try:
            start, end = float(words[3]), float(words[4])
        except (ValueError, IndexError):
            raise InputError(
                f"{file}, line {number}: expected `file channel speaker start end text` with seconds."
            ) from None
        text = " ".join(words[6:] if len(words) > 5 and words[5].startswith("<") else words[5:])
        sound = _nearest(by_name, words[0], file)
        if sound is not None and text != SKIPPED and end > start:
            where = f"{file}, line {number}"
            parts.append(Recording(sound, text, {"speaker": words[2]}, start, end - start, where))
    return parts
