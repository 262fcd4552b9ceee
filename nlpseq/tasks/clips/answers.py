"""Answers of exported classifiers of sequences."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from nlpseq.data.files.contents import decode
from nlpseq.errors import InputError, shorten
from nlpseq.paths import as_path
from nlpseq.runtime.description import is_a
from nlpseq.tasks import answers
from nlpseq.tasks.answers import json_line


class Answers(answers.Answers):
    """The label of each sequence in some files, and the scores of all classes by name."""

    options = answers.TABLES
    files = True
    suffixes = (".txt", ".tsv", ".jsonl")
    input_name = "clip"
    widget = "scores"
    decisions = ("label",)
    outputs = ("label", "scores")
    batch_size = 32

    @property
    def _frame(self):
        return tuple(self.metadata.detail("frame", [int]))

    def batches(self, arguments, standard_input, terminal=False, **options):
        """The sequences in files; without files in a table or JSON on standard input, whose rows are frames."""
        from nlpseq.tasks.clips.own import one_file, text_clips

        file_options = {option.name: value for option in answers.TABLES if (value := options.get(option.name))}
        reading = self._reading(**file_options)
        for path in arguments:
            part = one_file(as_path(path), *reading, frame=self._frame)
            if not part.clips:
                raise InputError(f"{path} holds no sequences: give one at least.")
            yield from self._fitted(part.clips)
        if not arguments:
            text = decode(standard_input.read(), "standard input", options.get("encoding"))
            yield from self._fitted(text_clips(text, "standard input", *reading, frame=self._frame).clips)

    def _reading(self, **files):
        from nlpseq.tasks.clips.frames import ReadingOptions

        options = {**(self.metadata.detail("reading", dict, type(None)) or {}), **files}
        channels, width = options.pop("channel_names", None), options.pop("width", 0)
        if not (channels is None or is_a(channels, [str])) or not is_a(width, int):
            raise self.metadata.invalid("reading")
        return (
            ReadingOptions.of(**{name: value for name, value in options.items() if name in ReadingOptions().flat()}),
            channels,
            width,
        )

    def _fitted(self, clips):
        from nlpseq.tasks.clips.frames import fitted

        clips = [fitted(clip, self._frame) for clip in clips]
        for start in range(0, len(clips), self.batch_size):
            yield clips[start : start + self.batch_size]

    def parse(self, text):
        """A sequence from JSON: a list of frames, each a list of numbers; of pictures of rows of pixels of channels."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            raise InputError(
                f"expected frames as JSON, such as [[0.1, 0.2], [0.3, 0.4]], got {shorten(repr(text), 40)}."
            ) from None
        return self.example(values)

    def example(self, value):
        """A sequence from an array or a list of frames `(time, *frame)`."""
        from nlpseq.tasks.clips.frames import Clip, as_frames, fitted

        if isinstance(value, Clip):
            return value
        return fitted(Clip(as_frames(value, "the sequence", self._reading()[0]), None, "the sequence"), self._frame)

    def inputs(self, examples):
        frames, length = padded_frames([self.example(example).frames for example in examples], self._frame)
        return {"frames": frames, "length": length}

    def compute(self, model, examples):
        inputs, names = self.inputs(examples), np.array(self.metadata.labels, object)
        scores = model.functions["classify"](**inputs)["scores"]
        if scores.ndim == 3:  # with a label for each frame
            scores = [row[:length] for row, length in zip(scores, inputs["length"])]
        return [{"label": names[row.argmax(axis=-1)], "scores": row} for row in scores]

    def read(self, row):
        names, labels, scores = self.metadata.labels, row["label"], np.asarray(row["scores"], float)
        if scores.ndim == 1:
            return {"label": self.known_label(str(labels)), "scores": dict(zip(names, scores.tolist()))}
        real = [index for index, label in enumerate(labels) if label]
        return {
            "label": [self.known_label(str(labels[index])) for index in real],
            "scores": [dict(zip(names, scores[index].tolist())) for index in real],
        }

    def score(self, pairs):
        """Accuracy over sequences, or over the frames that have a label."""
        right = [predicted == expected for expected, answer in pairs
                 for expected, predicted in (zip(expected, answer["label"]) if isinstance(expected, list) else
                                       [(expected, answer["label"])]) if expected]  # fmt: skip
        return {"accuracy": sum(right) / len(right)} if right else {}

    def show(self, example, answer):
        """Label, score and name, separated by tabs; a line for each run of frames with one label."""
        label, scores = answer["label"], answer["scores"]
        if isinstance(label, str):
            return f"{label}\t{scores[label]:.4f}\t{example.name}"
        lines = []
        for start, end in runs(label):
            mean = np.mean([row[label[start]] for row in scores[start:end]])
            lines.append(f"{label[start]}\t{mean:.4f}\t{example.name}, frames {start + 1} to {end}")
        return "\n".join(lines)

    def respond(self, export, batches, write, note, as_json=False, embed=False, **options):
        for batch in batches:
            for example, answer in zip(batch, export.predict(batch)):
                if as_json:
                    write(json_line({self.input_name: example.name, **answer}))
                else:
                    write(self.show(example, answer) + "\n")


def runs(labels: Sequence[Any]) -> list[tuple[int, int]]:
    """Begin and end of each run of equal labels.

    >>> runs(["a", "a", "b"])
    [(0, 2), (2, 3)]
    """
    begins = [index for index in range(len(labels)) if not index or labels[index] != labels[index - 1]]
    return list(zip(begins, [*begins[1:], len(labels)]))


def padded_frames(clips: Sequence[np.ndarray], frame: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Sequences padded with zeros to the longest, and to one frame at least.

    Args:
        clips: Arrays `(time, *frame)`.
        frame: The shape of a frame.

    Returns:
        float32 `(clips, longest, *frame)`, and the lengths, int32 `(clips,)`.
    """
    length = np.array([len(clip) for clip in clips], np.int32)
    frames = np.zeros((len(clips), max([1, *length]), *frame), np.float32)
    for row, clip in zip(frames, clips):
        row[: len(clip)] = clip
    return frames, length
