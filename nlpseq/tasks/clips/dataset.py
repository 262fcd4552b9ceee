"""A dataset of clips, and how it is made of the clips of its splits."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from nlpseq.data import sources
from nlpseq.data.notes import FEW_CLASSES, about_labels, few_examples, say_notes, unseen_labels
from nlpseq.errors import InputError, plural, shorten, some_of
from nlpseq.tasks.clips.clips import Clips
from nlpseq.tasks.clips.frames import Part, ReadingOptions, fitted, is_grey

UNIQUE = 0.9  # share of sequences with a label of their own from which labels are not classes


@dataclass(frozen=True, repr=False)
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


def dataset_of(
    name: str,
    names: Sequence[str] | None,
    parts: Mapping[str, Part],
    reading: ReadingOptions,
    generated: bool,
    seed: int,
) -> LabelledClips:
    """The dataset of `Part`s by split, with notes on its problems.

    Args:
        name, seed: As given to `nlpseq.data.load_clips`.
        names: Of the classes; None if they are the labels of the training split.
        parts: "train", and those other splits that there are.
        reading: How clips are read.
        generated: Whether they are generated.

    Raises:
        InputError: a split has no labels, or training one class only; there is nothing to hold out.
    """
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
