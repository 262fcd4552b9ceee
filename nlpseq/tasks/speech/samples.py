"""The samples of recordings and of objects, as utterances at one rate."""

from collections import Counter
from collections.abc import Mapping, Sequence

from nlpseq.data.files import audio as sounds
from nlpseq.errors import InputError, plural, shorten
from nlpseq.tasks.speech import objects
from nlpseq.tasks.speech.names import FIELD, parts_of
from nlpseq.tasks.speech.recordings import Recording, with_texts
from nlpseq.tasks.speech.utterances import Utterances

HIGHEST_RATE = 16_000  # above which speech has nothing to read
OVERSHOOT = 0.5  # seconds by which a segment may end behind its file, as in Kaldi


def utterances_of_objects(
    items: Mapping[str, list[objects.Item]], sample_rate: int | None, texts: str | None
) -> tuple[dict[str, Utterances], int, list[str]]:
    """`Utterances` by split of sounds that are objects, their rate, and notes.

    Args:
        items: By split, as of `nlpseq.tasks.speech.objects.items_of`.
        sample_rate, texts: As of `load_speech`.

    Raises:
        InputError: samples have no rate, or no file can be read.
    """
    items = {split: part for split, part in items.items() if part}
    recordings = {split: files for split, part in items.items() if (files := objects.recordings_of(part))}
    if items and recordings.keys() == items.keys():
        return utterances_of_recordings(recordings, sample_rate, texts)
    rates = Counter(objects.rate_of(sound) for part in items.values() for sound, _, _ in part)
    own = rates.most_common(1)[0][0] if rates and None not in rates else None
    if sample_rate is None and own is None:
        raise InputError("samples have no rate: give `sample_rate`, as samples a second.")
    rate = sample_rate or min(own or HIGHEST_RATE, HIGHEST_RATE)
    spoken = _spoken(texts)
    bare = sum(not text.strip() for part in items.values() for _, text, _ in part)
    items = {split: [item for item in part if item[1].strip()] for split, part in items.items()}
    by_split = {}
    for split, part in items.items():
        audio = [objects.samples_of(sound, rate) for sound, _, _ in part]
        transcripts = [spoken.get(text.strip(), text) for _, text, _ in part]
        by_split[split] = Utterances.of(audio, transcripts, (), [fields for _, _, fields in part])
    return by_split, rate, _without_texts(bare)


def utterances_of_recordings(
    recordings: Mapping[str, Sequence[Recording]], sample_rate: int | None, texts: str | None
) -> tuple[dict[str, Utterances], int, list[str]]:
    """`Utterances` by split, their rate, and notes.

    Args:
        recordings: By split.
        sample_rate, texts: As of `load_speech`.

    Raises:
        InputError: no file can be read.
    """
    recordings = {split: with_texts(part, _spoken(texts)) for split, part in recordings.items()}
    bare = sum(not recording.text.strip() for part in recordings.values() for recording in part)
    notes = _without_texts(bare)
    recordings = {split: [r for r in part if r.text.strip()] for split, part in recordings.items()}
    notes += _named_by_folder(recordings)
    paths = sorted({recording.path for part in recordings.values() for recording in part})
    files, damaged = _described(paths)
    most_frequent = Counter(own for own, _ in files.values()).most_common(1) or [(HIGHEST_RATE, 0)]
    rate = sample_rate or min(most_frequent[0][0], HIGHEST_RATE)
    behind = [r for part in recordings.values() for r in part if r.path in files and _is_behind(r, files[r.path][1])]
    if behind:
        notes.append(
            f"{len(behind):,} segments end behind the end of their files and are left out; the first: {behind[0].where}"
        )
    read = {}
    for split, part in recordings.items():
        whole = [r for r in part if r.path in files and not _is_behind(r, files[r.path][1])]
        read[split] = list(zip(whole, _samples(whole, rate, damaged)))
    if damaged:
        first = shorten(next(iter(damaged.values())), 200)
        notes.append(f"{plural(len(damaged), 'file is', 'files are')} left out; the first: {first}")
    if len(damaged) == len(paths):
        raise InputError(next(iter(damaged.values()), "there are no recordings with a text: give some to train on."))
    rates = Counter(own for path, (own, _) in files.items() if path not in damaged)
    if len(rates) > 1 or rate not in rates:
        shown = ", ".join(f"{value:,} Hz ({count:,})" for value, count in rates.most_common(5))
        notes.append(f"rates of the files: {shown}; all are converted to {rate:,} Hz")
    by_split = {}
    for split, pairs in read.items():
        pairs = [(recording, audio) for recording, audio in pairs if recording.path not in damaged]
        by_split[split] = Utterances.of(
            [audio for _, audio in pairs],
            [" ".join(recording.text.split()) for recording, _ in pairs],
            [recording.path.name for recording, _ in pairs],
            [dict(recording.fields) for recording, _ in pairs],
        )
    return by_split, rate, notes


def _without_texts(bare):
    """A note on recordings without a text."""
    are = plural(bare, "recording without a transcript is", "recordings without a transcript are")
    return [f"{are} left out"] * bool(bare)


def _spoken(texts):
    """The dict of "0=zero,1=one"."""
    if not texts:
        return {}
    pairs = [part.partition("=") for part in texts.split(",")]
    if not all(mark and key.strip() for key, mark, _ in pairs):
        raise InputError(f"`texts` must be such as 0=zero,1=one, got {texts!r}.")
    return {key.strip(): text.strip() for key, _, text in pairs}


def _named_by_folder(recordings):
    """A note if the texts are the names of the folders of the sounds, or the first parts of their own."""
    every = [recording for part in recordings.values() for recording in part]
    if every and all(one.text == parts_of(one.path)[0] == one.fields.get(FIELD) for one in every):
        words = sorted({one.text for one in every})
        first = shorten(", ".join(words), 60)
        return [f"the text of each sound is the first part of its name: {first}; if not, set `pattern`"]
    if not every or any(one.text != one.path.parent.name.replace("_", " ").strip() for one in every):
        return []
    words = sorted({one.text for one in every})
    first = shorten(", ".join(words), 60)
    return [f"the names of the folders are the texts of their sounds: {first}; if not, set `pattern`"]


def _described(paths):
    """The rate and the seconds of each file, and what is wrong with those that cannot be read."""
    files, damaged = {}, {}
    for path in paths:
        try:
            files[path] = sounds.rate_and_seconds(path)
        except InputError as error:
            if not sounds.has_package():
                raise
            damaged[path] = str(error)
    return files, damaged


def _is_behind(recording, seconds):
    """Whether a part ends behind the end of its file; the end is rounded up in some tables."""
    return recording.start + (recording.seconds or 0) > seconds + OVERSHOOT


def _samples(recordings, rate, damaged):
    """The samples of each recording; the files that turn out to be damaged are added to `damaged`."""
    for recording in recordings:
        try:
            yield sounds.read_audio(recording.path, rate, recording.start, recording.seconds)
        except InputError as error:
            damaged[recording.path] = str(error)
            yield None
