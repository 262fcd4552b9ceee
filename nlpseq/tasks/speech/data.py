"""Speech datasets from TFDS and from files: sounds and their texts."""

import os
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from nlpseq.data import sources
from nlpseq.data.files import audio as sounds
from nlpseq.data.files.archives import reads_archives
from nlpseq.data.files.table import normal
from nlpseq.data.notes import few_examples, say_notes, unseen_labels
from nlpseq.errors import InputError, in_range, plural, refuses_unknown_arguments
from nlpseq.tasks.speech import objects, own
from nlpseq.tasks.speech.recordings import held_out
from nlpseq.tasks.speech.samples import HIGHEST_RATE, utterances_of_objects, utterances_of_recordings
from nlpseq.tasks.speech.schemas import SPEECH, SpeechSchema
from nlpseq.tasks.speech.utterances import Utterances

LONGEST = 35.0  # seconds of a training utterance, at most
QUICKEST = 0.01  # seconds of a character, at least
SILENT = 1e-4  # greatest amplitude of a silent recording
MANY_SPEAKERS = 10  # from so many on whole speakers are held out


@dataclass(frozen=True, repr=False)
class SpeechData(sources.SplitDataset):
    """A speech dataset.

    Attributes:
        name: As given to `load_speech`.
        sample_rate: Samples a second of all sounds.
        train, validation, test: `Utterances`.
        generated: Whether the sounds are generated.
        notes: Sentences about problems in the data.
    """

    name: str
    sample_rate: int
    train: Utterances
    validation: Utterances
    test: Utterances
    generated: bool = False
    notes: tuple[str, ...] = field(default=())

    @property
    def title(self) -> str:
        """The name, with a note if the sounds are generated."""
        return super().title.replace("generated sentences", "generated sounds")


@refuses_unknown_arguments
@reads_archives
def load_speech(
    dataset: Any,
    data_dir=None,
    seed: int = 0,
    *,
    sample_rate: int | None = None,
    pattern: str | None = None,
    texts: str | None = None,
    lowercase: bool = True,
    group: str | None = None,
    encoding: str | None = None,
    train: str | None = None,
    validation: Any = None,
    test: Any = None,
    validation_where: str | None = None,
    test_where: str | None = None,
) -> SpeechData:
    """Loads a speech dataset.

    Args:
        dataset: Name of a TFDS dataset ("speech_commands", "librispeech", "ljspeech"); the path of a folder or table,
            see `nlpseq/data/README.md`; or sounds as objects, such as a list of `(samples, text)` at `sample_rate`, see
            `nlpseq.tasks.speech.objects.items_of`.
        data_dir: Folder of prepared TFDS datasets. Default that of TFDS.
        seed: Of the choice of utterances that are held out if a split is missing.
        sample_rate: Samples a second to which sounds are converted. Default the rate of most files, 16,000 at most.
        pattern: Names of files that contain their text, such as "{label}_{speaker}_{number}". Default None.
        texts: Texts by label, such as "0=zero,1=one". Default the labels.
        lowercase: Whether texts are converted to lower case. Default True.
        group: A field, such as "speaker", whose values are held out as a whole where a split is missing, or "none".
            Default "speaker" if ten or more are known.
        encoding: Of tables and texts. Default UTF-8.
        train: TFDS split. Default that of the dataset.
        validation, test: TFDS splits; for the user's own data paths.
        validation_where, test_where: Which recordings are held out, such as "speaker=anna" or "number=0-4".

    Returns:
        `SpeechData`.

    Raises:
        InputError: The dataset, a split, a file or a text is missing or unusable.

    Example:

    >>> data = load_speech([(np.sin(np.arange(800.0)), "a"), (np.zeros(800), "b")] * 200, sample_rate=8000)
    held out at random ...
    >>> data.sizes
    {'train': 324, 'validation': 36, 'test': 40}
    """
    splits = {"train": train, "validation": validation, "test": test}
    if sample_rate is not None:
        in_range("sample_rate", sample_rate, 1)
    notes, generated = [], False
    if sources.is_name(dataset):
        file_options = {"pattern": pattern, "encoding": encoding, "validation_where": validation_where}
        sources.refuse_file_options(dataset, **file_options, test_where=test_where)
        by_split, rate, generated = _from_tfds(dataset, data_dir, splits, sample_rate)
    elif not isinstance(dataset, (str, os.PathLike)):
        by_split, rate, notes = utterances_of_objects(objects.items_of(dataset), sample_rate, texts)
    else:
        read = lambda path: own.read(path, pattern, encoding)  # noqa: E731
        recordings = sources.own_splits(dataset, data_dir, splits, read, lambda table: [])
        for split, conditions in (("test", test_where), ("validation", validation_where)):
            if conditions:
                recordings["train"], recordings[split] = held_out(recordings["train"], conditions, f"{split}_where")
        by_split, rate, notes = utterances_of_recordings(recordings, sample_rate, texts)
    if not by_split or not len(by_split["train"]):
        raise InputError(f"{sources.name_of(dataset)} has no recordings with a text: give some to train on.")
    if lowercase:
        by_split = {split: part.lower() for split, part in by_split.items()}
    by_split["train"], longer = _without_long(by_split["train"], rate)
    notes += longer + _fill(by_split, seed, group) + _notes(by_split, rate)
    data = SpeechData(sources.name_of(dataset), rate, generated=generated, notes=(), **by_split)
    notes += few_examples(data.sizes, "utterances")
    return replace(data, notes=say_notes(notes))


def _fill(by_split, seed, group):
    """Adds missing splits: whole groups if their field is known, else utterances at random; notes about it."""
    missing = [split for split in ("validation", "test") if split not in by_split]
    values = {fields.get(group or "speaker") for fields in by_split["train"].fields} - {None}
    if group not in (None, "none") and len(values) <= len(missing):
        raise InputError(f"`group` {group!r} has {plural(len(values), 'value')}: expected {len(missing) + 1} or more.")
    if not missing or group == "none" or (group is None and len(values) < MANY_SPEAKERS):
        return sources.fill_splits(by_split, seed)
    name = group or "speaker"
    order = np.random.default_rng(seed).permutation(sorted(values))
    count = max(1, len(values) // 10)
    for number, split in enumerate(missing):
        held = set(order[number * count : (number + 1) * count])
        inside = np.array([fields.get(name) in held for fields in by_split["train"].fields])
        by_split[split], by_split["train"] = by_split["train"].select(inside), by_split["train"].select(~inside)
    return [f"held out from the training split: {count} of {len(values)} values of {name} for each missing split"]


def _without_long(train, rate):
    long = train.lengths > LONGEST * rate
    if not long.any():
        return train, []
    if long.all():
        raise InputError(
            f"all {len(train):,} training recordings are longer than {LONGEST:g} seconds: cut them into utterances, or "
            "name the parts in a table `segments` as of Kaldi."
        )
    subject = plural(long.sum(), "training recording is", "training recordings are")
    return train.select(~long), [f"{subject} longer than {LONGEST:g} seconds and left out: cut them into utterances"]


def _notes(by_split, rate):
    """Notes on recordings that are silent, clipped or too short, and characters that training never shows."""
    notes, parts = [], list(by_split.values())
    audio = [samples for part in parts for samples in part.audio]
    silent = sum(len(samples) == 0 or np.abs(samples).max() < SILENT for samples in audio)
    clipped = sum(map(sounds.is_clipped, audio))
    short = sum((part.lengths < QUICKEST * rate * np.array(list(map(len, part.strings())))).sum() for part in parts)
    for count, problem in (
        (short, "too short for the text, and not trained on"),
        (silent, "silent or without samples"),
        (clipped, "clipped: recorded too loud"),
    ):
        notes += [f"{plural(count, 'recording is', 'recordings are')} {problem}"] * bool(count)
    shown = set("".join(by_split["train"].strings()))
    for split, part in by_split.items():
        notes += unseen_labels(
            split, Counter(c for text in part.strings() for c in text if c not in shown), "characters"
        )
    return notes


def _from_tfds(dataset, data_dir, splits, sample_rate):
    builder = sources.prepared_builder(dataset, data_dir, SPEECH)
    schema = sources.known_schema(builder, SPEECH) or _guess(builder)
    overrides = {name: value for name, value in splits.items() if value is not None}
    schema = replace(schema, **overrides)
    names = [schema.audio, schema.text, *([schema.speaker] if schema.speaker else [])]
    sources.check_features(dataset, builder, names, "the schema")

    def select(row):
        sound = row[schema.audio]
        return tf.cast(sound, tf.int16 if sound.dtype.is_integer else tf.float32), *(row[name] for name in names[1:])

    raw = sources.read_splits(dataset, builder, schema, overrides, select)
    labels = sources.value_names(builder.info.features[schema.text])
    source = getattr(builder.info.features[schema.audio], "sample_rate", None) or schema.rate
    rate = sample_rate or min(source, HIGHEST_RATE)
    by_split = {
        split: _utterances(columns, labels, dict(schema.spoken), source, rate) for split, columns in raw.items()
    }
    return by_split, rate, schema.generated


def _guess(builder):
    """The schema of another dataset: its first sound, and the features with the usual names of texts and speakers."""
    features = dict(builder.info.features.items())
    audio = next((name for name, feature in features.items() if isinstance(feature, tfds.features.Audio)), "audio")
    usual = {normal(name): name for name in reversed(features) if name != audio}
    text, speaker = (next((usual[word] for word in words if word in usual), None) for words in (own.TEXT, own.SPEAKER))
    return SpeechSchema(audio, text or "text", speaker)


def _utterances(columns, labels, spoken, source, rate):
    audio, texts, *speakers = columns
    texts = [labels[value] if labels else sources.as_text(value) for value in texts.numpy().tolist()]
    texts = [spoken.get(text, text) for text in texts]
    flat, bounds = audio.values.numpy(), audio.row_splits.numpy()
    rows = [number for number, text in enumerate(texts) if text is not None]
    parts = [_converted(flat[bounds[number] : bounds[number + 1]], source, rate) for number in rows]
    names = [sources.as_text(value) for column in speakers for value in column.numpy().tolist()]
    fields = [{"speaker": names[number]} if names else {} for number in rows]
    return Utterances.of(parts, [texts[number] for number in rows], (), fields)


def _converted(samples, source, rate):
    """Samples of 16 bits, or floats, as floats from -1 to 1 at a rate."""
    scale = 1.0 if samples.dtype.kind == "f" else 1 / 32768
    resampler = sounds.Resampler(source, rate)
    signal = resampler(samples.astype(np.float32) * np.float32(scale))
    return np.concatenate([signal, resampler.finish()])
