"""A Beam pipeline that answers the rows of a corpus with an export.

A shard is a file, or a part of a large file of lines. Its answers are written by one call, under the final name only
when all are there: a shard that a runner computes twice, or that a killed run began, is written over. What is done is
found again in `counts/`, which is written last.

    OUTPUT/run.json              what was asked; a run with other values is refused
    OUTPUT/NAME.jsonl            a row for each row of the shard, in its order
    OUTPUT/bad/NAME.jsonl        rows without an answer, with the reason
    OUTPUT/counts/NAME.json      how many of each; and "failed", why a file cannot be read to its end, or null

Everything of nlpseq that a worker of the runner needs travels with the pipeline: it has TensorFlow, Beam and the
export only.
"""

# The package of the extra `beam` is not installed where types are checked.
# pyright: reportMissingImports=false
import contextlib
import json
import posixpath
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.utils.shared import Shared

from nlpseq.beam.pipelines import keeping, pipeline_of
from nlpseq.data import answer_rows
from nlpseq.data.row_writers import FORMATS, row_writer
from nlpseq.data.stream import PART, Row, Shard, decompressed, read_rows, shards_of
from nlpseq.errors import InputError, suggest
from nlpseq.runtime.saved_model import rows as rows_of
from nlpseq.writing import REASONS

WINDOW = 64  # batches whose texts are sorted together by length
COUNTS = ("rows", "answered", "bad")


class Job(NamedTuple):
    """What is asked of every shard.

    Attributes:
        export: Path of the version, which all workers can read.
        output: Folder of the answers, which all workers can write.
        column: Column of the inputs.
        form: Format of the answers, one of `FORMATS`.
        batch_size: Most rows that are answered together.
        threads: Threads of TensorFlow in a process.
    """

    export: str
    output: str
    column: str
    form: str
    batch_size: int
    threads: int

    def path(self, shard: Shard) -> str:
        """Of the answers of a shard."""
        return posixpath.join(self.output, shard.name + FORMATS[self.form])

    def bad(self, shard: Shard) -> str:
        """Of its rows without an answer."""
        return posixpath.join(self.output, "bad", f"{shard.name}.jsonl")

    def counts(self, shard: Shard) -> str:
        """Of its counts."""
        return posixpath.join(self.output, "counts", f"{shard.name}.json")


def find_shards(pattern: str, kind: str | None = None, part: int = PART) -> list[Shard]:
    """The shards of the files that match a pattern on any file system that Beam knows; see `shards_of`."""
    files = FileSystems.match([pattern])[0].metadata_list
    return shards_of(pattern, [(file.path, file.size_in_bytes) for file in files], kind, part)


class AnswerShard(beam.DoFn):
    """Writes the answers of a shard; yields its name and counts, and why it cannot be read to its end.

    Args:
        job: What is asked.
        answers: `nlpseq.tasks.answers.Answers` of the export, which makes inputs and reads outputs.
    """

    def __init__(self, job: Job, answers: Any):
        self.job, self.answers, self.shared = job, answers, Shared()

    def setup(self):
        self.model = self.shared.acquire(self._load)

    def _load(self):
        import tensorflow as tf

        with contextlib.suppress(RuntimeError):  # TensorFlow has started in this process
            tf.config.threading.set_intra_op_parallelism_threads(self.job.threads)
        return tf.saved_model.load(self.job.export)

    def process(self, shard: Shard) -> Iterator[dict[str, Any]]:
        counts, failed, bad = dict.fromkeys(COUNTS, 0), None, []
        with _replacing(self.job.path(shard)) as file, row_writer(file, self.job.form, self.answers.separator) as write:
            try:
                for window in _windows(rows_in(shard), WINDOW * self.job.batch_size):
                    counts["rows"] += len(window)
                    for row, answer in zip(window, self._answer_window(window)):
                        if isinstance(answer, str):
                            raw = row.raw or answer_rows.json_text(row.values)
                            bad.append({"row": counts["answered"] + len(bad), "error": answer, "raw": raw})
                        else:
                            counts["answered"] += 1
                            write(answer_rows.with_answer(row.values or {}, answer))
            except _Unreadable as error:
                failed = str(error)
        counts["bad"] = len(bad)
        if failed is not None:
            bad.append({"row": None, "error": f"the rest of the file cannot be read: {failed}", "raw": ""})
        if bad:
            with _replacing(self.job.bad(shard)) as file:
                file.write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in bad).encode())
        elif FileSystems.exists(self.job.bad(shard)):  # of a run before the file was mended
            FileSystems.delete([self.job.bad(shard)])
        result = {"shard": shard.name, "path": shard.path, **counts, "failed": failed}
        with _replacing(self.job.counts(shard)) as file:
            file.write(json.dumps(result).encode())
        yield result

    def _answer_window(self, window: list[Row]) -> list:
        """The answer to each row, or why there is none; similar lengths share a batch."""
        results: list[Any] = [row.error or self._why_not(row) for row in window]
        numbers = [number for number, reason in enumerate(results) if not reason]
        numbers.sort(key=lambda number: len(window[number].values[self.job.column]))
        for start in range(0, len(numbers), self.job.batch_size):
            places = numbers[start : start + self.job.batch_size]
            for place, answer in zip(places, self._answer([window[n].values[self.job.column] for n in places])):
                results[place] = answer
        return results

    def _why_not(self, row):
        value = row.values.get(self.job.column)
        if value is None:
            return f"no {self.job.column!r}"
        return "" if isinstance(value, str) else f"{self.job.column!r} is not a text"

    def _answer(self, texts):
        """The answers to texts; if they fail together, one by one."""
        try:
            examples = [self.answers.parse(text) for text in texts]
            import tensorflow as tf

            inputs = {name: tf.constant(value) for name, value in self.answers.inputs(examples).items()}
            outputs = self.model.signatures["serving_default"](**inputs)
            return [self.answers.read(row) for row in rows_of({n: v.numpy() for n, v in sorted(outputs.items())})]
        except Exception as error:
            if len(texts) == 1:
                return [f"{type(error).__name__}: {str(error).strip()[:200]}"]
            return [answer for text in texts for answer in self._answer([text])]


class _Unreadable(Exception):
    """A file cannot be read to its end."""


class _replacing:
    """A file that gets its name when it is complete."""

    def __init__(self, path: str):
        self.path, self.partial = path, f"{path}.unfinished"

    def __enter__(self):
        _make_folder(posixpath.dirname(self.path))
        self.file = FileSystems.create(self.partial, compression_type=CompressionTypes.UNCOMPRESSED)
        return self.file

    def __exit__(self, kind, error, trace):
        self.file.close()
        if kind is None:
            if FileSystems.exists(self.path):
                FileSystems.delete([self.path])
            FileSystems.rename([self.partial], [self.path])


def _make_folder(path):
    try:
        if not FileSystems.exists(path):
            FileSystems.mkdirs(path)
    except OSError:  # another process was first
        if not FileSystems.exists(path):
            raise


def _windows(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """Lists of up to `size` rows; what was read before an error is a window too."""
    window: list[Row] = []
    try:
        for row in rows:
            window.append(row)
            if len(window) == size:
                yield window
                window = []
    except _Unreadable:
        if window:
            yield window
        raise
    if window:
        yield window


def check_column(job: Job, shard: Shard) -> None:
    """Raises an `InputError` if a shard of named columns has not that of the inputs."""
    if shard.kind not in ("text", "csv", "tsv", "parquet"):
        return
    first = None
    with contextlib.suppress(_Unreadable):  # said of the shard later
        first = next(rows_in(shard), None)
    if first is not None and first.values is not None and job.column not in first.values:
        raise InputError(f"{shard.path} has no `column` {job.column!r}: {suggest(job.column, first.values)}")


def rows_in(shard: Shard) -> Iterator[Row]:
    """The rows of a shard.

    Raises:
        _Unreadable: It cannot be read to its end.
    """
    try:
        raw = FileSystems.open(shard.path, compression_type=CompressionTypes.UNCOMPRESSED)
        with raw, decompressed(raw, shard.path) as file:
            yield from read_rows(file, shard.kind, shard.start, shard.end)
    except Exception as error:  # readers of formats and of compressions raise errors of many classes
        raise _Unreadable(f"{type(error).__name__}: {str(error)[:200]}") from error


def answer(job: Job, shards: list[Shard], answers: Any, flags: list[str]) -> list[dict[str, Any]]:
    """Answers the shards that are not done; returns the counts of all, by shard.

    Args:
        job: What is asked.
        shards: The shards.
        answers: As of `AnswerShard`.
        flags: Beam's own flags, such as `--runner` and `--direct_num_workers`.

    Raises:
        InputError: The folder has the answers of another job; the first file has no such column; Beam refuses its
            flags.
    """
    import nlpseq

    begin = pipeline_of(flags)
    check_column(job, shards[0])
    with keeping(job.output, REASONS):
        _check_job(job, shards)
    left = [
        shard
        for shard, outcome in zip(shards, _results(job, shards))
        if outcome is None or outcome["failed"] is not None
    ]
    if left:
        send_by_value(nlpseq)
        with keeping(job.output), begin as pipeline:
            _ = pipeline | beam.Create(left) | beam.Reshuffle() | beam.ParDo(AnswerShard(job, answers))
    return [result for result in _results(job, shards) if result is not None]


def _results(job, shards):
    """What is known of each shard; None of one that has not been answered, or whose counts are damaged."""
    return [_result(job.counts(shard)) for shard in shards]


def _result(path):
    if not FileSystems.exists(path):
        return None
    with contextlib.suppress(ValueError, RecursionError):
        result = json.loads(FileSystems.open(path).read())
        if isinstance(result, dict) and {*COUNTS, "shard", "failed"} <= result.keys():
            return result if all(isinstance(result[name], int) for name in COUNTS) else None
    return None


def send_by_value(package):
    """The code of a package travels with the pipeline, instead of its name."""
    from apache_beam.internal.cloudpickle import cloudpickle

    cloudpickle.register_pickle_by_value(package)


def _check_job(job, shards):
    path = posixpath.join(job.output, "run.json")
    described = {**job._asdict(), "output": "", "threads": 0, "shards": [shard.name for shard in shards]}
    if FileSystems.exists(path):
        try:
            before = dict(json.loads(FileSystems.open(path).read()))
        except (ValueError, TypeError, RecursionError):
            raise InputError(f"{path} is damaged: remove it, or choose another `output`.") from None
        if before != described:
            changed = ", ".join(sorted(name for name in described if described[name] != before.get(name)))
            raise InputError(
                f"{job.output} has the answers of a run with another {changed}: finish it, or choose another `output`."
            )
        return
    with _replacing(path) as file:
        file.write(json.dumps(described, indent=2).encode())
