"""Spoken digits of the Free Spoken Digit Dataset: whole speakers held out, and strings of digits.

    python -m tests.benchmarks.digits FOLDER                   six rotations, and the nearest neighbour beside each
    python -m tests.benchmarks.digits FOLDER --speakers theo --no-recipe

Each speaker in turn is the test split, the next one validation, the other four training. The rival is the nearest
training recording by dynamic time warping (Sakoe and Chiba 1978) of the same log-mel features, normalized in the same
way. Strings of three to seven digits are joined from test recordings with pauses of up to half a second.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import jiwer
import numpy as np
import tensorflow as tf
import tyro

from nlpseq.serving import Export
from nlpseq.tasks.speech.answers import states_of
from nlpseq.tasks.speech.data import load_speech
from nlpseq.tasks.speech.features import LogMel
from nlpseq.tasks.speech.model import padded
from recipes import speech
from tests.benchmarks import timing

PATTERN = "{label}_{speaker}_{number}"
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEXTS = ",".join(f"{number}={word}" for number, word in enumerate(WORDS))
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")


@dataclass(frozen=True)
class Settings:
    folder: Annotated[str, tyro.conf.Positional]
    """Folder of the recordings."""
    speakers: tuple[str, ...] = SPEAKERS
    """Test speakers, a rotation each."""
    templates: int = 25
    """Training recordings of each digit and speaker that the nearest neighbour is one of."""
    strings: int = 100
    """Strings of digits."""
    budget: float | None = None
    """Minutes of each training."""
    recipe: bool = True
    """Whether the recipe is trained; else the rival alone is measured."""
    one_way: bool = False
    """Whether the recipe reads forward, so that strings are recognized as streams too."""
    output: str = "saved_models/digits"
    """Folder of the exports."""


def main(settings: Settings):
    rows = []
    for speaker in settings.speakers:
        following = SPEAKERS[(SPEAKERS.index(speaker) + 1) % len(SPEAKERS)]
        held: dict[str, Any] = {"test_where": f"speaker={speaker}", "validation_where": f"speaker={following}"}
        data = load_speech(settings.folder, pattern=PATTERN, texts=TEXTS, **held)
        row = [f"{nearest_error(data, settings.templates):.3f}"]
        if settings.recipe:
            output = str(Path(settings.output, speaker))
            config = speech.Settings.of(
                dataset=settings.folder, pattern=PATTERN, texts=TEXTS, output=output, budget=settings.budget,
                bidirectional=not settings.one_way, **held,
            )  # fmt: skip
            metrics = speech.main(config)
            row = [f"{metrics['test']['word_error_rate']:.3f}", *row]
            row += [f"{error:.3f}" for error in string_errors(Export(output), data.test, settings.strings)]
        rows.append([speaker, *row])
        print(rows[-1], flush=True)
    figures = np.array([row[1:] for row in rows], float)
    for name, reduced in (("mean", figures.mean(axis=0)), ("worst", figures.max(axis=0))):
        rows.append([name, *(f"{value:.3f}" for value in reduced)])
    header = ["nearest neighbour"] if not settings.recipe else ["recipe", "nearest neighbour", "strings", "as streams"]
    timing.print_table("word error rate", ["test speaker", *header[: figures.shape[1]]], rows)


def nearest_error(data, templates):
    """The share of test recordings whose nearest training recording says something else."""
    front = LogMel({"sample_rate": data.sample_rate, "bands": 24})
    front.build()

    def frames(audio):
        sound, length = map(tf.constant, padded([audio]))
        counts = front.frame_counts(length)
        return front.normalized(front.log_mel(front.padded(sound, length)), counts)[0, : int(counts[0])].numpy()

    texts, uses = [], {}
    references = []
    for audio, text, fields in zip(data.train.audio, data.train.strings(), data.train.fields):
        key = (text, fields["speaker"])
        uses[key] = uses.get(key, 0) + 1
        if uses[key] <= templates:
            references.append(frames(audio))
            texts.append(text)
    wrong = 0
    for audio, text in zip(data.test.audio, data.test.strings()):
        wrong += texts[int(np.argmin(warped(frames(audio), references)))] != text
    return wrong / len(data.test)


def warped(frames, references):
    """The mean distance along the best alignment of frames `(time, bands)` with each of many others."""
    lengths = np.array([len(other) for other in references])
    padded_ = np.zeros((len(references), lengths.max(), frames.shape[1]), np.float32)
    for row, other in zip(padded_, references):
        row[: len(other)] = other
    squares = (padded_**2).sum(-1)
    best = None
    for frame in frames:
        distance = np.sqrt(np.maximum(squares - 2 * padded_ @ frame + (frame**2).sum(), 0))
        if best is None:
            best = distance.cumsum(axis=1)
            continue
        # The cheapest way to each place from the row before, and then along the row.
        before = np.minimum(best, np.pad(best, [(0, 0), (1, 0)], constant_values=np.inf)[:, :-1]) + distance
        total = distance.cumsum(axis=1)
        best = np.minimum.accumulate(before - total, axis=1) + total
    assert best is not None
    return best[np.arange(len(references)), lengths - 1] / (lengths + len(frames))


def string_errors(export, examples, count):
    """Word error rates of strings, whole and, if the model streams, in chunks."""
    random, rate = np.random.default_rng(0), export.answers.rate
    sounds, texts = [], []
    for _ in range(count):
        chosen = random.integers(len(examples), size=random.integers(3, 8))
        parts = [np.zeros(int(random.uniform(0, 0.5) * rate), np.float32)]
        for at in chosen:
            parts += [examples.audio[at], np.zeros(int(random.uniform(0.05, 0.5) * rate), np.float32)]
        sounds.append(np.concatenate(parts))
        texts.append(" ".join(examples.strings()[at] for at in chosen))
    whole = [export.predict([sound])[0]["text"] for sound in sounds]
    errors = [jiwer.wer(texts, whole)]
    if "step" in export.signatures:
        streamed = [as_stream(export, sound) for sound in sounds]
        errors.append(jiwer.wer(texts, streamed))
        print(f"{sum(a == b for a, b in zip(whole, streamed))} of {count} streams have the text of the whole")
    return errors


def as_stream(export, sound, steps=8):
    """The text of a sound in chunks of so many steps."""
    chunk = steps * export.metadata.details["step_samples"]
    outputs, text = export.run("init", export.answers.inputs([sound[:0]])), ""
    for start in range(0, len(sound), chunk):
        outputs = export.run("step", {**export.answers.inputs([sound[start : start + chunk]]), **states_of(outputs)})
        text += outputs["text"][0].decode()
    return (text + export.run("finish", states_of(outputs))["text"][0].decode()).strip()


if __name__ == "__main__":
    main(tyro.cli(Settings))
