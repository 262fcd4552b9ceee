"""Answers of exported recognizers: text, score and times of sounds in files, or of samples as they come."""

import itertools
import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nlpseq.data.files.audio import read_audio
from nlpseq.errors import InputError, in_range
from nlpseq.paths import as_path
from nlpseq.runtime import ctc
from nlpseq.tasks import answers
from nlpseq.tasks.answers import Option, json_line
from nlpseq.tasks.speech.cutting import LONGEST, parts, quietest
from nlpseq.tasks.speech.sounds import Sound, as_floats, padded, padded_rows

CHUNK = 0.24  # seconds of samples that are read together from standard input
HEADERS = {b"RIFF": "a WAV file", b"fLaC": "a FLAC file", b"OggS": "an Ogg file", b"ID3": "an MP3 file"}


@dataclass(frozen=True)
class Stream:
    """Samples that are still coming: 16 bits, signed, little-endian, one channel, at the rate of the model."""

    source: BinaryIO


class Answers(answers.Answers):
    """The text and score of sounds. Long ones are recognized in parts."""

    options = (
        Option("n_best", int, "texts of each sound, the best first, with their scores"),
        Option("times", bool, "write each word with the second at which it begins"),
    )
    files = True
    suffixes = (".txt", ".jsonl")
    batch_size = 16
    input_name = "audio"
    decisions, sentences = ("text",), True
    outputs = ("text", "score")
    signatures = ("serving_default", "nbest", "units")

    @property
    def rate(self) -> int:
        """Samples a second."""
        return self.metadata.detail("sample_rate", int)

    def batches(self, arguments, standard_input, terminal=False, **options):
        if arguments:
            for path in arguments:
                yield [self._of_file(path)]
        elif terminal:
            raise InputError("give audio files, or raw samples on standard input.")
        else:
            yield [Stream(standard_input)]

    def parse(self, text):
        """Texts of clients name no files: who may read them is the user of the command alone."""
        raise InputError("a recognizer takes sounds, not texts: give its signatures samples and their number.")

    def _of_file(self, path):
        return Sound(str(path), read_audio(as_path(path), self.rate))

    def example(self, value):
        """A sound from the path of its file, or from its samples at the rate of the model."""
        if isinstance(value, Sound):
            return value
        if isinstance(value, (str, Path)):
            return self._of_file(value)
        samples = np.asarray(value)
        if samples.ndim != 1 or samples.dtype.kind not in "fiu":
            raise InputError(
                f"expected paths of files, or samples of one channel at {self.rate:,} a second from -1 to 1, an array "
                f"for each sound, got {type(value).__name__} of shape {samples.shape}."
            )
        return as_floats(samples)

    def inputs(self, examples):
        examples = [self.as_example(example) for example in examples]
        audio, length = padded([getattr(example, "samples", example) for example in examples])
        return {"audio": audio, "length": length}

    def compute(self, model, examples):
        hypotheses = self._search(model, self.inputs(examples))
        return [
            {
                "text": model.preprocessor.decode(ids[0]) if ids else "",
                "score": float(scores[0]) if scores else math.nan,
            }
            for ids, scores in zip(hypotheses.ids, hypotheses.scores)
        ]

    def run(self, model, signature, inputs):
        """The signatures "nbest" and "units" too, as of `SpeechRecognizer`."""
        if signature == "nbest":
            hypotheses = self._search(model, inputs, model.options["n_best"])
            texts = [[model.preprocessor.decode(ids).encode() for ids in row] for row in hypotheses.ids]
            scores = padded_rows(hypotheses.scores, ctc.NEVER, np.float32)
            return {"texts": padded_rows(texts, b"", object), "scores": scores}
        if signature == "units":
            hypotheses, seconds = self._search(model, inputs), model.options["step_seconds"]
            best = [model.preprocessor.texts(ids[0]) if ids else [] for ids in hypotheses.ids]
            starts = [[seconds * step for step in steps[0]] if steps else [] for steps in hypotheses.steps]
            units = [[unit.encode() for unit in row] for row in best]
            return {"unit": padded_rows(units, b"", object), "start": padded_rows(starts, 0, np.float32)}
        return super().run(model, signature, inputs)

    def _search(self, model, inputs, n_best=1):
        """The search of the export, with the function of a model."""
        outputs = model.functions["logits"](**inputs)
        logits, steps = outputs["logits"], outputs["steps"]
        size = max(model.options["beam_size"], n_best)
        if size == 1 and not model.tables:
            return ctc.greedy(logits, steps)
        language = ctc.Language.of(model.tables) if model.tables else None
        return ctc.beam_search(logits, steps, size, n_best, language)

    def score(self, pairs):
        import jiwer

        right, predicted = zip(*((text, answer["text"]) for text, answer in pairs))
        return {"word_error_rate": float(jiwer.wer(list(right), list(predicted)))}

    def show(self, example, answer):
        return answer["text"] if not isinstance(example, Sound) else f"{example.name}\t{answer['text']}"

    def respond(self, export, batches, write, note, as_json=False, n_best=None, times=False, **options):
        if n_best is not None:
            in_range("n_best", n_best, 1)
        for batch in batches:
            for example in batch:
                if isinstance(example, Stream):
                    chunks = self._chunks(example.source, note)
                    if n_best is None and not times:
                        text = self._listen(export, chunks, (lambda piece: None) if as_json else write)
                        write(json_line({self.input_name: None, "text": text}) if as_json else "\n")
                        continue
                    example = np.concatenate([np.zeros(0, np.float32), *chunks])
                answer = self._answer(export, example, n_best, times)
                if as_json:
                    write(json_line({self.input_name: getattr(example, "name", None), **answer}))
                    continue
                write(self.show(example, answer) + "\n")
                for other in answer.get("n_best", [])[1:]:
                    write(f"{'':4}{other['score']:.4f}\t{other['text']}\n")
                for word in answer.get("words", []):
                    write(f"{word['start']:8.2f}\t{word['word']}\n")

    def _answer(self, export, sound, n_best, times) -> dict[str, Any]:
        """The answer to a sound, that of its parts joined."""
        samples = sound.samples if isinstance(sound, Sound) else as_floats(sound)
        cut = list(parts(samples, self.rate))
        if n_best is not None and len(cut) > 1:
            raise InputError(f"`n_best` is for sounds of up to {LONGEST:g} seconds: cut it first.")
        answers = [export.predict([part])[0] for part in cut]
        answer: dict[str, Any] = {"text": " ".join(filter(None, (part["text"] for part in answers)))}
        answer["score"] = float(sum(part["score"] for part in answers))
        if n_best is not None:
            answer["n_best"] = [{"text": text, "score": score} for text, score in self._best(export, cut[0])][:n_best]
        if times:
            starts = np.cumsum([0, *map(len, cut)]) / self.rate
            answer["words"] = [
                {"word": word, "start": round(float(start + at), 3)}
                for part, start in zip(cut, starts)
                for word, at in _words(self._units(export, part))
            ]
        return answer

    def _best(self, export, sound) -> list[tuple[str, float]]:
        """The n best texts of a sound, and their scores."""
        outputs = export.run("nbest", self.inputs([sound]))
        rows = zip(outputs["texts"][0].tolist(), outputs["scores"][0].tolist())
        return [(text.decode(), score) for text, score in rows if score > ctc.POSSIBLE]

    def _units(self, export, sound) -> list[tuple[str, float]]:
        """The units of the best text of a sound, and the second at which each begins."""
        outputs = export.run("units", self.inputs([sound]))
        return [(unit.decode(), at) for unit, at in zip(outputs["unit"][0].tolist(), outputs["start"][0].tolist())]

    def _chunks(self, source, note) -> Iterator[np.ndarray]:
        """The samples of standard input as they come."""
        size = 2 * max(1, round(CHUNK * self.rate))
        first, rest = source.read(size), b""
        _refuse_headers(first, self.rate)
        for data in itertools.chain([first], iter(lambda: source.read(size), b"")):
            data = rest + data
            whole = len(data) // 2 * 2
            rest = data[whole:]
            yield np.frombuffer(data[:whole], "<i2").astype(np.float32) / np.float32(32768)
        if rest:
            note("standard input ends within a sample, whose half is left out: expected 16 bits for each")

    def _listen(self, export, chunks, write):
        """Writes the text of samples as they come, and returns it; a model that cannot stream answers at pauses."""
        stream = self._steps(export) if "step" in export.signatures else self._by_parts(export)
        next(stream)
        written = ""
        for samples in chunks:
            written = _add(write, written, stream.send(samples))
        return _add(write, written, stream.send(None)).strip()

    def _by_parts(self, export) -> Generator[str, Any, None]:
        """Receives samples, None at their end; gives the text of each part that is complete."""
        samples, text = np.zeros(0, np.float32), ""
        while True:
            part = yield text
            text = ""
            samples = samples if part is None else np.concatenate([samples, part])
            at = (
                len(samples)
                if part is None
                else quietest(samples, self.rate)
                if len(samples) > LONGEST * self.rate
                else 0
            )
            if at:
                text, samples = " " + export.predict([samples[:at]])[0]["text"], samples[at:]

    def _steps(self, export) -> Generator[str, Any, None]:
        """Receives samples, None at their end; gives what "init", "step" and "finish" add to the text."""
        step = self.metadata.detail("step_samples", int)
        outputs = export.run("init", self.inputs([np.zeros(0, np.float32)]))
        samples, text = np.zeros(0, np.float32), ""
        while True:
            part = yield text
            samples = samples if part is None else np.concatenate([samples, part])
            whole = len(samples) if part is None else len(samples) // step * step
            text = ""
            if whole:
                outputs = export.run("step", {**self.inputs([samples[:whole]]), **states_of(outputs)})
                text, samples = outputs["text"][0].decode(), samples[whole:]
            if part is None:
                text += export.run("finish", states_of(outputs))["text"][0].decode()


def states_of(outputs: dict[str, Any]) -> dict[str, Any]:
    """What the next call of "step" or "finish" reads, in the outputs of "init" or "step"."""
    return {name: value for name, value in outputs.items() if name not in ("text", "score")}


def _refuse_headers(data, rate):
    kind = next((name for header, name in HEADERS.items() if data.startswith(header)), None)
    if kind:
        raise InputError(
            f"standard input holds {kind}: give its path as an argument, or raw samples of 16 bits at {rate:,} a "
            "second."
        )


def _add(write, written, text):
    """Writes more text, without blanks at the start; all that is written."""
    text = text if written else text.lstrip(" ")
    if text:
        write(text)
    return written + text


def _words(units) -> list[tuple[str, float]]:
    """Words and their starts in seconds, of units and theirs."""
    words: list[list] = []
    for unit, start in units:
        if unit and (unit.startswith(" ") or not words):
            words.append(["", None])
        if unit.strip():
            words[-1][1] = start if words[-1][1] is None else words[-1][1]
            words[-1][0] += unit.strip()
    return [(word, start) for word, start in words if word]
