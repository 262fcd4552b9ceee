"""Datasets of clips from TFDS, files and objects."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from nlpseq.data import sources
from nlpseq.data.notes import FEW_CLASSES, about_labels, few_examples, say_notes, unseen_labels
from nlpseq.errors import InputError, plural, refuses_unknown_arguments, shorten, some_of
from nlpseq.tasks.clips import own
from nlpseq.tasks.clips.arrays import label_of
from nlpseq.tasks.clips.cells import label_name
from nlpseq.tasks.clips.columns import clips_of
from nlpseq.tasks.clips.frames import Clip, Part, ReadingOptions, as_frames, fitted, is_grey
from nlpseq.tasks.clips.schemas import CLIPS, FRAMES, ClipSchema

UNIQUE = 0.9  # share of sequences with a label of their own from which labels are not classes


@dataclass(frozen=True)
class Clips:
    """The clips of a split, in memory, one after another.

    Attributes:
        values: The frames of all clips, `(frames, channels)` float32, or `(frames, rows, columns, channels)`, uint8 or
            float32.
        lengths: Number of frames of each clip, int64 `(n,)`.
        labels: int32 `(n,)`; with `per_frame` one for each frame, `(frames,)`, -1 for none.
        unseen: Names of the labels that training never shows, numbered from the number of classes.
        per_frame: Whether each frame has a label.
    """

    values: np.ndarray
    lengths: np.ndarray
    labels: np.ndarray
    unseen: tuple[str, ...] = ()
    per_frame: bool = False

    def __len__(self):
        return len(self.lengths)

    @property
    def frame(self) -> tuple[int, ...]:
        """The shape of a frame: `(channels,)` or `(rows, columns, channels)`."""
        return self.values.shape[1:]

    @property
    def starts(self) -> np.ndarray:
        """The first frame of each clip."""
        return np.cumsum(self.lengths) - self.lengths

    def clip(self, index: int) -> np.ndarray:
        """The frames of a clip."""
        start = self.starts[index]
        return self.values[start : start + self.lengths[index]]

    def select(self, indices: Any) -> "Clips":
        """The clips at indices, a slice or a mask."""
        chosen = np.arange(len(self))[indices]
        return self._rows(chosen, self.lengths[chosen])

    def beginning(self, share: float) -> "Clips":
        """The beginnings of the clips: a share of their frames, one at least."""
        lengths = np.maximum(1, np.ceil(share * self.lengths - 1e-9).astype(int))
        return self._rows(np.arange(len(self)), lengths)

    def _rows(self, chosen, lengths):
        starts = self.starts[chosen]
        steps = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        frames = np.repeat(starts, lengths) + steps
        labels = self.labels[frames if self.per_frame else chosen]
        return replace(self, values=self.values[frames], lengths=lengths, labels=labels)

    def with_known_labels(self, classes: int) -> "Clips":
        """The clips whose label is one of `classes`, the number of labels that training shows; of frames all clips."""
        if self.per_frame:
            return replace(self, labels=np.where(self.labels < classes, self.labels, -1))
        return self.select(self.labels < classes) if self.unseen else self

    def classes(self) -> tuple[np.ndarray, np.ndarray]:
        """The index of every clip, or of that of every labelled frame, and the label."""
        if not self.per_frame:
            return np.arange(len(self)), self.labels
        real = self.labels >= 0
        return np.repeat(np.arange(len(self)), self.lengths)[real], self.labels[real]


@dataclass(frozen=True)
class LabelledClips(sources.SplitDataset):
    """A dataset of clips.

    Attributes:
        name: As given to `load_clips`.
        labels: Class names, by number.
        train, validation, test: `Clips`.
        channels: Names of the channels of vectors, if they have names.
        width: Number of values in a row, of a table whose rows are sequences; 0 for all else.
        reading_options: How clips are read.
        generated: Whether the clips are generated.
        notes: Sentences about problems in the data.
    """

    examples_are: ClassVar[str] = "clips"
    name: str
    labels: tuple
    train: Clips
    validation: Clips
    test: Clips
    channels: tuple[str, ...] | None = None
    width: int = 0
    reading_options: ReadingOptions = ReadingOptions()
    generated: bool = False
    notes: tuple[str, ...] = ()

    @property
    def reading(self) -> dict[str, Any]:
        """How clips are read, as `SequenceClassifier` keeps it for its export."""
        return {
            **self.reading_options.flat(),
            "channel_names": self.channels and list(self.channels),
            "width": self.width,
        }

    @property
    def per_frame(self) -> bool:
        """Whether each frame has a label."""
        return self.train.per_frame


@refuses_unknown_arguments
def load_clips(
    dataset: Any,
    data_dir=None,
    seed: int = 0,
    *,
    sequence: str | None = None,
    label: str | None = None,
    time: str | None = None,
    channels: str | None = None,
    picture_size: int = ReadingOptions().picture_size,
    stride: int = ReadingOptions().stride,
    max_frames: int = ReadingOptions().max_frames,
    delimiter: str | None = None,
    encoding: str | None = None,
    train: str | None = None,
    validation: Any = None,
    test: Any = None,
) -> LabelledClips:
    """Loads sequences of vectors or pictures, with a label each, or one for each frame.

    Args:
        dataset: Name of a TFDS dataset; the path of a file or folder, see `nlpseq/data/README.md`; or an object: a
            tuple of clips and labels, a list of pairs, or a dict of these by split.
        data_dir: Folder of prepared TFDS datasets. Default that of TFDS.
        seed: Of the choice of clips that are held out if a split is missing.
        sequence: Column that tells which rows are one sequence, several separated by commas. Default a usual name.
        label: Column or feature of the label. Default a usual name.
        time: Column by which the rows of a sequence are sorted. Default a usual name, or the order of the file.
        channels: Columns that are read, separated by commas; of a table whose rows are sequences their number.
        picture_size: Rows and columns of pictures, at most; larger ones are made smaller. Default 64.
        stride: Every how many frames one is read. Default 1.
        max_frames: Longer sequences are cut. Default 2000.
        delimiter: Of the columns of files, a character or "tab". Default the one that fits.
        encoding: Of files. Default UTF-8, or that of a byte-order mark.
        train: TFDS split, such as "train[:80%]". Default that of the dataset.
        validation, test: TFDS splits; for the user's own data paths or objects.

    Returns:
        `LabelledClips`. Pictures have the most frequent size of the training split, and are grey if all are.

    Raises:
        InputError: the dataset, a split, a column or a file is missing or unusable; there is only one class.

    Example:

    >>> ramps = [np.arange(6.0) * (-1) ** number for number in range(60)]
    >>> data = load_clips((ramps, ["up", "down"] * 30))
    held out at random ...
    >>> data.labels, data.train.frame, data.sizes
    (('down', 'up'), (1,), {'train': 49, 'validation': 5, 'test': 6})
    """
    reading = ReadingOptions.of(
        sequence=sequence, label=label, time=time, channels=channels, picture_size=picture_size, stride=stride,
        max_frames=max_frames, delimiter=delimiter, encoding=encoding,
    )  # fmt: skip
    splits = {"train": train, "validation": validation, "test": test}
    generated = False
    if sources.is_name(dataset):
        options = {"delimiter": delimiter, "encoding": encoding, "sequence": sequence, "time": time}
        sources.refuse_file_options(dataset, **options)
        overrides = {name: value for name, value in {"label": label, **splits}.items() if value}
        names, parts, generated = _from_tfds(dataset, data_dir, overrides, reading)
    else:
        names, parts = None, sources.own_splits(
            dataset, data_dir, splits, lambda path: own.read(path, reading), lambda table: clips_of(table, reading),
            of_objects=lambda data: own.of_object(data, reading),
        )  # fmt: skip
    return _dataset(sources.name_of(dataset), names, parts, reading, generated, seed)


def _dataset(name, names, parts, reading, generated, seed):
    """The dataset of `Part`s by split, with notes on its problems."""
    notes = list(parts["train"].notes)
    labelled = {split: _labelled(part.clips, split, notes) for split, part in parts.items()}
    for split, clips in labelled.items():
        if not clips:
            raise InputError(f"the {split} split of {name} has no clips with a label: name it with `label`.")
    frame = _frame(labelled["train"], notes)
    cut = sum(len(clip.frames) == reading.max_frames for clips in labelled.values() for clip in clips)
    if cut:
        subject = plural(cut, "sequence has", "sequences have")
        notes.append(f"{subject} {reading.max_frames:,} frames, the most that are read: longer ones are cut")
    per_frame = any(isinstance(clip.label, list) for clips in labelled.values() for clip in clips)
    names = list(names) if names else _sorted(clip.label for clip in labelled["train"])
    by_split = {split: _numbered(clips, frame, names, per_frame, notes) for split, clips in labelled.items()}
    _check_classes(name, by_split["train"], names)
    notes += _label_notes(by_split, names)
    if len(by_split["train"]) < 2 and len(by_split) < len(sources.SPLITS):
        raise InputError(
            f"{name} holds one sequence of {by_split['train'].lengths[0]:,} frames, and nothing to hold out",
            "name the columns that tell its parts apart with `sequence`",
            "give other files for validation and test",
        )
    notes += sources.fill_splits(by_split, seed)
    data = LabelledClips(
        name,
        tuple(names),
        *(by_split[split] for split in sources.SPLITS),
        channels=parts["train"].channels,
        width=parts["train"].width,
        reading_options=reading,
        generated=generated,
    )
    notes += few_examples(data.sizes, "sequences")
    return replace(data, notes=say_notes(notes))


def _check_classes(name, train, names):
    """Raises an `InputError` if there is one class only, or nearly one for each sequence."""
    labels = train.classes()[1]
    different, total = len(set(labels.tolist())), len(labels)
    if different < 2:
        raise InputError(f"the training split of {name!r} has one class only ({names[0]!r}): expected at least two.")
    if different > max(FEW_CLASSES, UNIQUE * total):
        unit = "frames" if train.per_frame else "sequences"
        raise InputError(
            f"the training split of {name!r} has {different:,} different labels for {total:,} {unit}, such as "
            f"{shorten(names[0], 40)!r}, which are not classes",
            "name another column with `label`",
        )


def _labelled(clips, split, notes):
    """The clips with a label; of those with one for each frame, at least one frame has it."""
    labelled = [clip for clip in clips if (any(clip.label) if isinstance(clip.label, list) else clip.label)]
    if labelled and len(labelled) < len(clips):
        subject = plural(len(clips) - len(labelled), "sequence without a label is", "sequences without a label are")
        notes.append(f"{subject} left out of the {split} split")
    return labelled


def _frame(clips, notes):
    """The shape of the frames: of pictures the most frequent size, in grey if all are."""
    shapes = Counter(clip.frames.shape[1:] for clip in clips)
    frame = shapes.most_common(1)[0][0]
    if len(frame) == 3:
        grey = frame[2] <= 2 or all(is_grey(clip.frames) for clip in clips if clip.frames.shape[3] >= 3)
        frame = (*frame[:2], 1 if grey else 3)
        if len({shape[:2] for shape in shapes if len(shape) == 3}) > 1:
            notes.append(f"pictures of {len(shapes)} sizes are made {frame[0]} x {frame[1]}, the most frequent one")
    return frame


def _numbered(clips, frame, names, per_frame, notes) -> Clips:
    """The clips of a split, with numbers for labels."""
    numbers = {name: number for number, name in enumerate(names)}
    fits = [fitted(clip, frame) for clip in clips]
    lengths = np.array([len(clip.frames) for clip in fits], np.int64)
    pictures = len(frame) == 3
    dtype = np.uint8 if pictures and all(clip.frames.dtype == np.uint8 for clip in fits) else np.float32
    values = np.concatenate([clip.frames.astype(dtype, copy=False) for clip in fits])
    if dtype == np.float32:
        missing = int(np.count_nonzero(~np.isfinite(values)))
        if missing == values.size:
            raise InputError(f"{clips[0].name}: no value is a finite number: give others.")
        if missing:
            subject = some_of(missing, values.size, "value", "is", "are")
            notes.append(f"{subject} missing or not finite, taken as the mean")
    rows = [clip.label if isinstance(clip.label, list) else [clip.label] * (n if per_frame else 1)
            for clip, n in zip(fits, lengths.tolist())]  # fmt: skip
    for clip, row, length in zip(fits, rows, lengths.tolist()):
        if per_frame and len(row) != length:
            sizes = f"{plural(length, 'frame')} and {plural(len(row), 'label')}"
            raise InputError(f"{clip.name} has {sizes}: give one for each frame.")
    flat = [-1 if name is None else numbers.setdefault(name, len(numbers)) for row in rows for name in row]
    return Clips(values, lengths, np.array(flat, np.int32), tuple(numbers)[len(names) :], per_frame)


def _sorted(labels):
    """The labels of training in the order of numbers if all are, else of letters."""
    names = {name for label in labels for name in (label if isinstance(label, list) else [label])} - {None}
    try:
        return sorted(names, key=lambda name: (float(name), name))
    except ValueError:
        return sorted(names)


def _label_notes(splits, labels):
    notes, shown = [], set(splits["train"].classes()[1].tolist())
    counts = Counter(labels[number] for number in splits["train"].classes()[1].tolist())
    notes += about_labels(counts, len(splits["train"].classes()[1]))
    for split, clips in splits.items():
        names = (*labels, *clips.unseen)
        notes += unseen_labels(split, Counter(names[n] for n in clips.classes()[1].tolist() if n not in shown))
    return notes


def _from_tfds(dataset, data_dir, overrides, reading):
    builder = sources.prepared_builder(dataset, data_dir, CLIPS)
    schema = replace(sources.known_schema(builder, CLIPS) or _guessed(builder), **overrides)
    sources.check_features(dataset, builder, (schema.clip, schema.label), "`label`")
    names = sources.value_names(builder.info.features[schema.label])
    raw = sources.read_splits(dataset, builder, schema, overrides, lambda row: _selected(row, schema, reading))
    parts = {split: _part_of(*pair, names, f"{dataset}, {split}", reading) for split, pair in raw.items()}
    return names, parts, schema.generated


def _guessed(builder):
    keys = builder.info.supervised_keys
    if keys and all(isinstance(key, str) for key in keys):
        return ClipSchema(clip=keys[0], label=keys[1])
    return ClipSchema(clip=next((name for name in FRAMES if name in builder.info.features), ClipSchema.clip))


def _selected(row, schema, reading):
    """Frames and label of a row; large pictures are made smaller before they are collected."""
    frames = row[schema.clip][:: reading.stride][: reading.max_frames]
    size = frames.shape[1:3]
    if len(frames.shape) == 4 and None not in size and max(size) > reading.picture_size:
        factor = reading.picture_size / max(size)
        smaller = tf.image.resize(frames, [max(1, round(side * factor)) for side in size], antialias=True)
        frames = tf.cast(tf.round(smaller), frames.dtype) if frames.dtype == tf.uint8 else smaller
    return frames, row[schema.label]


def _part_of(frames, labels, names, place, reading):
    clips = []
    for number, (clip, label) in enumerate(zip(frames, labels)):
        values = np.asarray(label)
        if names:
            values = np.array([names[n] if n >= 0 else None for n in values.ravel()], object).reshape(values.shape)
        name = f"{place}, clip {number + 1}"
        label = label_of([values], 0) if values.ndim else label_name(values.item())
        clips.append(Clip(as_frames(np.asarray(clip), name, replace(reading, stride=1)), label, name))
    return Part(clips)
