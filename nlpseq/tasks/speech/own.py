"""The user's own recordings: where their texts, speakers and splits are found."""

import math
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from nlpseq.data.files import audio, paths
from nlpseq.data.files.columns import Role, find_columns, with_names
from nlpseq.data.files.contents import read_lines, read_text
from nlpseq.data.files.delimited import UnclosedQuoteError, split_records
from nlpseq.data.files.reading import read_table
from nlpseq.data.files.table import Table, normal
from nlpseq.errors import InputError, plural, shorten
from nlpseq.tasks.speech import kaldi, lists
from nlpseq.tasks.speech.names import are_digits_of_speakers, of_first_parts
from nlpseq.tasks.speech.recordings import Recording

TEXT = (
    "normalized text", "text", "transcript", "transcription", "sentence", "label", "word", "words", "utterance",
    "phrase", "command", "prompt",
)  # fmt: skip
AUDIO = (
    "audio", "path", "file", "file name", "filename", "audio path", "audio filepath", "wav", "wav filename", "wav path",
    "clip", "recording", "id",
)  # fmt: skip
PARTS = (("offset", "start", "start time"), ("duration",), ("end", "end time"))  # seconds of a part of a file
SPEAKER = ("speaker", "speaker id", "client id", "spk", "reader")
TABLES = ("metadata.csv", "metadata.tsv", "metadata.jsonl", "transcripts.csv", "transcripts.tsv", "transcripts.txt")
HELD_OUT = {"validation_list.txt": "validation", "testing_list.txt": "test"}  # of speech_commands
CHECKED = 20  # cells of a table that may be names of sounds
FIELD = re.compile(r"{(\w+)}")


def read(path: Path, pattern: str | None = None, encoding: str | None = None) -> dict[str, list[Recording]]:
    """The recordings of a folder or table by split.

    A folder is one of: a table `metadata.csv` beside the files (LJSpeech), or another table; `wav.scp` and `text` of
    Kaldi, with `segments` and `utt2spk` if there are any; `*.trans.txt` (LibriSpeech); a text file beside each sound,
    or of its name elsewhere in the folder; lists of ids and texts, as of VoxForge, AN4 and TED-LIUM (`.stm`);
    a folder of sounds for each word; or files whose names contain the text, as `pattern` says. Folders named train,
    validation and test hold the splits.

    Args:
        path: The folder, or the table.
        pattern: Such as "{label}_{speaker}_{number}", of the names of files without their suffix. Default None.
        encoding: Of tables and texts. Default UTF-8.

    Raises:
        InputError: there are no recordings, or their texts are not found.
    """
    if not os.path.isdir(path):
        return _by_split(_of_table(path, path.parent, encoding))
    path = paths.inner(path)
    if pattern is None and (recordings := _of_tables(path, encoding)) is not None:
        return recordings
    splits = {
        split: item for item in paths.listed(path) if os.path.isdir(item) and (split := paths.split_of(item.name))
    }
    if "train" in splits and not any(paths.in_any_case(path / name) for name in TABLES):
        return {split: _of_folder(folder, pattern, encoding) for split, folder in splits.items()}
    return _by_split(_with_splits(_of_folder(path, pattern, encoding), path))


def _of_tables(folder, encoding) -> dict[str, list[Recording]] | None:
    """The recordings of the tables of a folder: of one for each split, as of Common Voice, or of the only one.

    Of several without splits it is the only one that names recordings.
    """
    files = [file for file in paths.files_in(folder) if paths.suffix_of(file) in paths.TABLES]
    files = [file for file in files if not paths.is_about(file)]
    by_split = paths.files_by_split((file for file in files if file.name not in TABLES), folder)
    if "train" in by_split:
        tables = {split: _recordings(file, folder, encoding) for split, file in by_split.items()}
        parts = {split: part for split, part in tables.items() if part is not None}
        return parts if len(parts) == len(tables) else None
    if len(files) == 1:
        recordings = _recordings(files[0], folder, encoding)
        return None if recordings is None else _by_split(recordings)
    if any(file.name in TABLES for file in files):
        return None
    tables = [part for file in files if (part := _if_readable(file, folder, encoding))]
    return _by_split(tables[0]) if len(tables) == 1 else None


def _if_readable(file, folder, encoding):
    try:
        return _recordings(file, folder, encoding)
    except InputError:
        return None


def _by_split(recordings):
    """The recordings by the value of a field "split", if they have one."""
    by_split: dict[str, list[Recording]] = {}
    for recording in recordings:
        split = paths.SPLIT_OF.get(recording.fields.get("split", "train").lower(), "train")
        by_split.setdefault(split, []).append(recording)
    return by_split


def _of_folder(folder, pattern, encoding):
    if pattern is not None:
        return _of_names(folder, pattern)
    if os.path.isfile(folder / "wav.scp"):
        return kaldi.recordings_of(folder, encoding)
    tables = [file for name in TABLES if (file := paths.in_any_case(folder / name))]
    for file in tables:
        if (recordings := _recordings(file, folder, encoding)) is not None:
            return recordings
    files = sounds(folder)
    if not files:
        raise InputError(f"folder {folder} holds no audio files: expected WAV or FLAC files and their texts.")
    transcripts = [file for file in paths.files_below(folder) if file.name.lower().endswith(".trans.txt")]
    if transcripts:
        return _of_transcripts(transcripts, files, encoding)
    texts = {file: text for file in files for suffix in (".lab", ".txt")
             if (text := paths.in_any_case(file.with_suffix(suffix)))}  # fmt: skip
    if texts:
        return lists.without_samples([
            Recording(file, read_text(texts[file], encoding) if file in texts else "", {"file": _stem(file, folder)})
            for file in files
        ])  # fmt: skip
    if elsewhere := lists.of_texts(folder, files, encoding) or lists.of_lists(folder, files, encoding):
        return elsewhere
    if tables:
        return _of_table(tables[0], folder, encoding)
    in_names = of_first_parts(files)
    if len({file.parent for file in files} - {folder}) > 1 and not (in_names and are_digits_of_speakers(files)):
        held = _held_out(folder, encoding)
        return [Recording(file, file.parent.name.replace("_", " ").strip(), _speaker(file) | held.get(file, {}))
                for file in files]  # fmt: skip
    if in_names is not None:
        return in_names
    raise InputError(
        f"folder {folder} has {plural(len(files), 'audio file')} and no texts: expected metadata.csv, wav.scp and "
        f"text, a .txt beside each file, a folder for each word, or a `pattern` of the names, such as "
        f"'{{label}}_{{speaker}}' of {shorten(files[0].name, 40)}."
    )


def sounds(folder: Path) -> list[Path]:
    """The audio files of a folder and the folders in it, in the order of their names."""
    return [Path(root, name) for root, folders, names in _walk(folder) for name in names if audio.is_audio(Path(name))]


def _walk(folder) -> Iterator[tuple[str, list[str], list[str]]]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_background")))
        yield root, folders, sorted(name for name in files if not name.startswith("."))


def _stem(file, folder):
    return str(file.relative_to(folder).with_suffix(""))


def _speaker(file):
    """The speaker in a name of speech_commands, "0a7c2a8d_nohash_0.wav"."""
    match = re.match(r"(.+)_nohash_\d+$", file.stem)
    return {"speaker": match.group(1)} if match else {}


def _held_out(folder, encoding) -> dict[Path, dict[str, str]]:
    """The split of the files that the lists of speech_commands name."""
    lists = {folder / name: split for name, split in HELD_OUT.items() if os.path.isfile(folder / name)}
    return {folder / line.strip(): {"split": split} for file, split in lists.items()
            for line in read_lines(file, encoding)}  # fmt: skip


def _of_names(folder, pattern):
    """Recordings whose names contain their text."""
    names = FIELD.findall(pattern)
    text = next((name for name in ("text", "label", "word", "transcript") if name in names), None)
    if text is None or len(set(names)) < len(names):
        raise InputError(f"`pattern` must have {{label}} and each field once, got {pattern!r}.")
    parts = FIELD.split(pattern)
    expression = "".join(
        f"(?P<{part}>.+{'?' * (number < len(parts) - 2)})" if number % 2 else re.escape(part)
        for number, part in enumerate(parts)
    )
    matches = [(file, re.fullmatch(expression, file.stem)) for file in sounds(folder)]
    matched = [(file, match.groupdict()) for file, match in matches if match]
    if not matched:
        example = f"; the first is {shorten(matches[0][0].name, 60)}" if matches else ""
        raise InputError(f"no audio file in {folder} has a name of the `pattern` {pattern!r}{example}.")
    return [Recording(file, fields[text].replace("_", " "), fields) for file, fields in matched]


def _of_transcripts(transcripts, files, encoding):
    """Lines `id text`, as of LibriSpeech, whose ids are the names of files."""
    by_name = {file.stem: file for file in files}
    lines = [line.partition(" ") for file in transcripts for line in read_lines(file, encoding)]
    return [Recording(by_name[name], text, {"speaker": name.partition("-")[0]}) for name, _, text in lines
            if name in by_name]  # fmt: skip


def _of_table(file, folder, encoding):
    """The recordings of a table."""
    recordings = _recordings(file, folder, encoding)
    if recordings is None:
        raise InputError(
            f"{file} names no recordings: expected a column such as path and one such as text, or lines `name|text` as "
            "of LJSpeech, whose names are those of files beside it or in wavs."
        )
    return recordings


def _recordings(file, folder, encoding) -> list[Recording] | None:
    """The rows of a table with a column of files and one of texts; without a header as of LJSpeech."""
    rows = [] if paths.suffix_of(file) in (".xlsx", ".parquet") else _lines_with_files(file, folder, encoding)
    if rows:
        return _with_splits([Recording(_place(folder, row[0].strip()), lists.last_text(row)) for row in rows], folder)
    try:
        content = read_table(file, None, encoding)
    except InputError:
        if paths.suffix_of(file) != ".json":  # which may hold anything
            raise
        return None
    if not isinstance(content, Table):
        return None
    roles = (Role("audio", AUDIO), Role("text", TEXT))
    table = with_names(content, roles, {})
    try:
        table, columns = find_columns(table, roles, {})
    except InputError:  # which names arguments for its columns
        if table.repeated:
            raise InputError(f"{file} has several columns called {table.repeated[0]!r}: rename them.") from None
        columns = _by_cells(table, folder)
        if columns is None:
            return None
    names = table.values(columns["audio"])[:CHECKED]
    if normal(columns["audio"]) == "id" and not any(_audio_file(folder, str(name).strip()) for name in names):
        return None  # ids of something else
    return _of_columns(table, columns, folder)


def _by_cells(table, folder) -> dict[str, str] | None:
    """The column whose first cells name sounds, and the usual one of texts, or the only other with blanks in it."""
    first = {name: [str(value).strip() for value in table.values(name)[:CHECKED]] for name in table.names}
    audio = next((name for name, cells in first.items() if all(_audio_file(folder, cell) for cell in cells)), None)
    if audio is None:
        return None
    usual = {normal(name): name for name in first if name != audio}
    texts = [
        name for name, cells in first.items() if name != audio and 2 * sum(" " in cell for cell in cells) > len(cells)
    ]
    text = next((usual[word] for word in TEXT if word in usual), texts[0] if len(texts) == 1 else None)
    return None if text is None else {"audio": audio, "text": text}


def _lines_with_files(file, folder, encoding):
    """The cells of lines that begin with the name of a file; none if they do not."""
    lines = [line for line in read_lines(file, encoding) if line.strip()]
    for mark in ("|", "\t", ";", ","):
        rows = [row for row in _cells(lines, mark) if len(row) > 1]
        if rows and len(rows) == len(lines) and _audio_file(folder, rows[0][0].strip()):
            return rows
    return []


def _cells(lines, mark):
    """The cells of lines, which are quoted where commas separate them; none if a quote is not closed."""
    if mark != ",":
        return [line.split(mark) for line in lines]
    try:
        return [cells for _, cells in split_records("\n".join(lines), mark, "")]
    except UnclosedQuoteError:
        return []


def _of_columns(table, columns, folder):
    speaker = next((name for name in table.names if normal(name) in SPEAKER), None)
    known = {normal(name): name for name in reversed(table.names)}
    start, length, end = (next((known[word] for word in words if word in known), None) for words in PARTS)
    recordings = []
    for number, row in enumerate(zip(*(table.values(name) for name in table.names))):
        values = {name: "" if value is None else str(value) for name, value in zip(table.names, row)}
        fields = {normal(name): value for name, value in values.items()}
        fields |= {"speaker": values[speaker]} if speaker else {}
        path = _place(folder, values[columns["audio"]].strip())
        part = () if start is None else _part(table.where(number), values, start, length, end)
        recordings.append(Recording(path, values[columns["text"]], fields, *part))
    return _with_splits(recordings, folder)


def _part(where, values, start, length, end) -> tuple:
    """Start, length and place of a part of a file; nothing of a row that does not tell them."""
    try:
        first = float(values[start] or 0)
        seconds = float(values[length]) if length else float(values[end]) - first if end else None
    except ValueError:
        raise InputError(
            f"{where}: expected seconds of a part of the file, got {shorten(repr(values[start]), 40)}."
        ) from None
    if not 0 <= first < math.inf or (seconds is not None and not 0 < seconds < math.inf):
        raise InputError(f"{where}: the part of the file is empty: give seconds from 0 on.")
    return first, seconds, where


def _with_splits(recordings, folder):
    """The recordings with the splits that are the names of their folders, if all have one and no other."""
    if any("split" in recording.fields for recording in recordings):
        return recordings
    inner = [one.path.relative_to(folder).parts[:-1] if one.path.is_relative_to(folder) else () for one in recordings]
    splits = [lists.split_in(parts) for parts in inner]
    if not all(splits):
        return recordings
    return [replace(one, fields={**one.fields, **split}) for one, split in zip(recordings, splits)]


def _audio_file(folder, name) -> Path | None:
    """The file of a name in a table, with or without its folder and suffix."""
    for place in (folder, folder / "wavs", folder / "wav", folder / "clips", folder / "audio"):
        for suffix in ("", *audio.SUFFIXES):
            if name and (path := paths.in_any_case(place / f"{name}{suffix}")):
                return path
    return None


def _place(folder, name):
    path = _audio_file(folder, name) if name else None
    if path is None and len(parts := re.split(r"[/\\]", name)) > 1:  # from another folder, or of another machine
        ends = (paths.in_any_case(folder.joinpath(*parts[start:])) for start in range(1, len(parts) - 1))
        path = next(filter(None, ends), None) or _audio_file(folder, parts[-1])
    if path is None:
        raise InputError(
            f"{folder} has no audio file {shorten(name)!r}, which its table names: add it, or remove the row."
        )
    return path
