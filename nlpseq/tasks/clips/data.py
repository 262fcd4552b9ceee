"""Datasets of clips from TFDS, files and objects."""

from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from nlpseq.data import sources
from nlpseq.data.files.archives import reads_archives
from nlpseq.errors import refuses_unknown_arguments
from nlpseq.tasks.clips import own
from nlpseq.tasks.clips.arrays import label_of
from nlpseq.tasks.clips.cells import label_name
from nlpseq.tasks.clips.columns import clips_of
from nlpseq.tasks.clips.dataset import LabelledClips, dataset_of
from nlpseq.tasks.clips.frames import Clip, Part, ReadingOptions, as_frames
from nlpseq.tasks.clips.schemas import CLIPS, FRAMES, ClipSchema


@refuses_unknown_arguments
@reads_archives
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
    return dataset_of(sources.name_of(dataset), names, parts, reading, generated, seed)


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
