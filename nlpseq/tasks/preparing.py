"""Corpora that do not fit in memory: vocabulary and ids, a shard of the corpus at a time.

Two passes: the words and labels of each shard are counted, then its rows are written as ids. Each pass calls one
function for each shard, here or on the workers of Beam; what a shard gives is a file, which a later run finds again.
What is counted, and how rows become ids, a kind of task says by a `Corpus`.
"""

import contextlib
import functools
import glob
import json
import os
import pickle
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np

from nlpseq import writing
from nlpseq.data import stream
from nlpseq.data.files.columns import Role
from nlpseq.data.files.table import normal
from nlpseq.data.prepared import FILE, FORMAT, Layout, ShardWriters
from nlpseq.data.stream import Shard
from nlpseq.errors import InputError, plural, shorten
from nlpseq.paths import as_path
from nlpseq.reporting import say
from nlpseq.tasks.answers import in_lists
from nlpseq.text.counting import Counts
from nlpseq.training.fingerprint import fingerprint

BATCH = 512  # rows that are tokenized together
TRAIN, VALIDATION, TEST = range(3)
ShardRunner = Callable[[Callable[[Shard], None], list[Shard]], None]
Encoder = Callable[[list], tuple]


class Tally:
    """What was counted in the training rows of a shard, or of several.

    Attributes:
        rows: Number of rows.
        bad: Number of rows that are left out.
        counts: `Counts` by what was counted.
    """

    def __init__(self):
        self.rows = self.bad = 0
        self.counts: defaultdict[str, Counts] = defaultdict(Counts)

    def merge(self, other: "Tally") -> None:
        """Adds what was counted in other rows."""
        self.rows += other.rows
        self.bad += other.bad
        for name, counts in other.counts.items():
            self.counts[name].merge(counts)

    def occurrences(self, *names: str) -> int:
        """The number of all that was counted under these names."""
        return sum(sum(self.counts[name].words.values()) for name in names)


class Corpus:
    """A corpus of a kind of task; a kind that can be prepared has a subclass `Corpus` in its module `preparing`.

    A subclass defines `read`, `counter`, `learn` and `encoder`. A row is any value that JSON keeps as it is.

    Class attributes:
        kind: Name of the kind.
        rows_are: What rows are called.

    Args:
        plan: Which files, how, and where the result is written: the `PreparingSettings` of the kind.
    """

    kind: ClassVar[str]
    rows_are: ClassVar[str] = "texts"

    def __init__(self, plan: Any):
        self.plan = plan

    @property
    def folder(self) -> Path:
        """Folder of the result."""
        return as_path(self.plan.output)

    def format_of(self, path: str) -> str | None:
        """The format of a file by its name."""
        return stream.format_of(path)

    def files(self) -> list[tuple[str, int]]:
        """Path and size in bytes of each file, sorted."""
        return files(self.plan.input)

    def shards(self) -> list[Shard]:
        """The files, or the parts of them, that a pass reads one by one."""
        kind = self.plan.flat().get("input_format")
        return stream.shards_of(self.plan.input, self.files(), kind, formats=self.format_of)

    def paths(self, shard: Shard) -> list[str]:
        """The files that are read for a shard."""
        return [shard.path]

    def begin(self, shards: list[Shard], run_shards: ShardRunner) -> None:
        """What must be known of all shards before the first pass. Default nothing."""

    def read(self, shard: Shard) -> Iterator[Any]:
        """The rows of a shard; None for one that cannot be used."""
        raise NotImplementedError(f"{type(self).__name__} must define read(self, shard).")

    def splits(self, shard: Shard) -> Iterator[tuple[int, Any]]:
        """The rows of `read`, each with its split: drawn at random, as the plan's `held_out` and `seed` say."""
        random, held_out = np.random.default_rng([self.plan.seed, *shard.name.encode()]), self.plan.held_out
        for row in self.read(shard):
            draw = 1.0 if row is None else random.random()
            yield VALIDATION if draw < held_out else TEST if draw < 2 * held_out else TRAIN, row

    def counter(self) -> Callable[[list, Tally], None]:
        """A function that counts a batch of training rows in the `counts` of a tally."""
        raise NotImplementedError(f"{type(self).__name__} must define counter(self).")

    def learn(self, tally: Tally) -> dict[str, Any]:
        """The vocabularies and all else that reading the result needs, as JSON keeps it.

        Of the keys, "preprocessor" is what `nlpseq.tasks.prepared.serialized` gives, "layout" and "shards" are those of
        `nlpseq.tasks.prepared.layout`.

        Raises:
            InputError: The counts suffice for no model.
        """
        raise NotImplementedError(f"{type(self).__name__} must define learn(self, tally).")

    def encoder(self, description: dict[str, Any]) -> Encoder:
        """A function from a batch of rows to what the `writer` writes: ragged ids and labels."""
        raise NotImplementedError(f"{type(self).__name__} must define encoder(self, description).")

    def writer(self, shard: Shard, description: dict[str, Any]) -> Any:
        """What writes the ids of the training rows of a shard."""
        layout = Layout(**description["layout"])
        return ShardWriters(self.folder / "train", shard.name, description["shards"], self.plan.seed, layout)

    def sizes(self, shards: list[Shard], sizes: list[list[int]]) -> list:
        """The sizes of the result, given what the writers of all shards wrote."""
        return [sum(column) for column in zip(*sizes)]

    def prepare(self, run_shards: ShardRunner | None = None) -> Path:
        """Prepares the corpus; returns the folder.

        Args:
            run_shards: Calls a function for each shard. Default here; `nlpseq.beam.preparing.by_beam` does it on many
                machines.

        Raises:
            InputError: There is no file, one cannot be read, or too few rows can be used.
        """
        run_shards = run_shards or in_process
        shards = self.shards()
        self._check_plan(shards)
        (self.folder / "counts").mkdir(exist_ok=True)
        self.begin(shards, run_shards)
        say(f"counting the words of {plural(len(shards), 'shard')}")
        run_shards(Counting(self), shards)
        tally = Tally()
        for shard in shards:
            tally.merge(pickle.loads(self.counted(shard).read_bytes()))
        if not tally.rows:
            raise InputError(
                f"{self.plan.input} holds no {self.rows_are} that can be used ({plural(tally.bad, 'row')} cannot)."
            )
        error = max(counts.error for counts in tally.counts.values())
        description = {"kind": self.kind, "format": FORMAT, "counted": f"exact to {error}", **self.learn(tally)}
        say(f"{tally.rows:,} {self.rows_are}, {plural(tally.bad, 'row')} left out; writing ids")
        self._write(shards, description, run_shards)
        self._finish(shards, description)
        return self.folder

    def _check_plan(self, shards):
        """What was prepared stays: the same command changes nothing, and another one is refused."""
        with writing.writing(f"what is prepared to {self.folder}"):
            self.folder.mkdir(parents=True, exist_ok=True)
        path, described = self.folder / "plan.json", self._described(shards)
        if (self.folder / FILE).exists() and _content(path) != described:
            raise InputError(
                f"{self.folder} was prepared from other files or with other settings, or is damaged: remove it, or "
                "choose another `output`."
            )
        writing.write_text(path, described)

    def _described(self, shards):
        """The settings, and the files of shards with their sizes."""
        files = [[shard.name, shard.start, *map(os.path.getsize, self.paths(shard))] for shard in shards]
        return json.dumps({"kind": self.kind, **self.plan.fixed(), "files": files}, indent=2)

    def counted(self, shard: Shard) -> Path:
        """The file of what is counted in a shard; another one for other settings, or if the file has changed."""
        described = [self._described([shard]), self.depends()]
        return self.folder / "counts" / f"{shard.name}-{fingerprint(described)}"

    def depends(self) -> Any:
        """On what the counts of every shard depend beside its file and the settings. Default nothing."""

    def _write(self, shards, description, run_shards):
        """The second pass. What an unfinished run wrote with another vocabulary, or of other files, is removed."""
        path, described = self.folder / "written.json", json.dumps([self._described(shards), description])
        if _content(path) != described:
            for name in ("train", "held"):
                shutil.rmtree(self.folder / name, ignore_errors=True)
                (self.folder / name).mkdir()
            writing.write_text(path, described)
        run_shards(Tokenizing(self, description), shards)

    def _finish(self, shards, description):
        results = [json.loads(self.held(shard).read_text("utf-8")) for shard in shards]
        for number, name in enumerate(("validation", "test")):
            rows = [row for result in results for row in result["held"][number]]
            if not rows:
                raise InputError(f"no row is held out for {name}: give a greater `held_out`.")
            lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            writing.write_file(self.folder / f"{name}.jsonl", (line.encode("utf-8", "surrogatepass") for line in lines))
        description["sizes"] = self.sizes(shards, [result["sizes"] for result in results])
        writing.write_text(self.folder / FILE, json.dumps(description))

    def held(self, shard: Shard) -> Path:
        """The file of the rows of a shard that are held out; written last."""
        return self.folder / "held" / f"{shard.name}.json"

    def batches(self, shard: Shard, bad: list[int], held: Mapping[int, list] | None = None) -> Iterator[list]:
        """The training rows of a shard in batches; counts rows that are left out, and collects those held out."""

        def training():
            for split, row in readable(self.splits(shard), shard):
                if row is None:
                    bad[0] += 1
                elif split == TRAIN:
                    yield row
                elif held is not None:
                    held[split].append(row)

        return in_lists(training(), BATCH)


def _content(path):
    """The text of a file; None if there is none that can be read."""
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError):
        return None


def readable(rows: Iterator[Any], shard: Shard) -> Iterator[Any]:
    """What an iterator reads from the file of a shard.

    Raises:
        InputError: The file cannot be read to its end.
    """
    try:
        yield from rows
    except InputError:
        raise
    except Exception as error:  # readers of formats and of compressions raise errors of many classes
        raise InputError(
            f"{shard.path} cannot be read to its end ({type(error).__name__}: {shorten(error)}): mend it or take it "
            "out of `input`."
        ) from None


def files(pattern: str) -> list[tuple[str, int]]:
    """Path and size in bytes of each file that matches a pattern, sorted."""
    return sorted((path, os.path.getsize(path)) for path in glob.glob(os.path.expanduser(pattern)))


def in_process(function: Callable[[Shard], None], shards: list[Shard]) -> None:
    """Calls a function for each shard, in this process."""
    for shard in shards:
        function(shard)


class Counting:
    """Counts the training rows of a shard."""

    def __init__(self, corpus: Corpus):
        self.corpus = corpus

    @functools.cached_property
    def count(self) -> Callable[[list, Tally], None]:
        """The `counter`, traced once for all shards of this process."""
        return self.corpus.counter()

    def __call__(self, shard: Shard) -> None:
        path = self.corpus.counted(shard)
        if path.exists():
            return
        tally, bad = Tally(), [0]
        for rows in self.corpus.batches(shard, bad):
            tally.rows += len(rows)
            self.count(rows, tally)
        tally.bad = bad[0]
        writing.write_file(path, [pickle.dumps(tally)])


class Tokenizing:
    """Writes the ids of the training rows of a shard, and the rows that are held out."""

    def __init__(self, corpus: Corpus, description: dict[str, Any]):
        self.corpus, self.description = corpus, description

    @functools.cached_property
    def encode(self) -> Encoder:
        """The `encoder`, traced once for all shards of this process."""
        return self.corpus.encoder(self.description)

    def __call__(self, shard: Shard) -> None:
        counts_path = self.corpus.held(shard)
        if counts_path.exists():
            return
        writer = self.corpus.writer(shard, self.description)
        held: dict[int, list] = {VALIDATION: [], TEST: []}
        for rows in self.corpus.batches(shard, [0], held):
            writer.write(*self.encode(rows))
        sizes = writer.close()
        writing.write_text(counts_path, json.dumps({"sizes": sizes, "held": [held[VALIDATION], held[TEST]]}))


@contextlib.contextmanager
def opened(shard: Shard) -> Iterator[BinaryIO]:
    """The content of the file of a shard."""
    with open(shard.path, "rb") as raw, stream.decompressed(raw, shard.path) as file:
        yield file


def table_rows(shard: Shard) -> Iterator[dict[str, Any]]:
    """The columns of each row of a shard by name; none of a row that cannot be read."""
    with opened(shard) as file:
        for row in stream.read_rows(file, shard.kind, shard.start, shard.end):
            yield row.values or {}


def cell(values: Mapping[str, Any], role: Role, column: str | None) -> Any:
    """The cell of a role in a row: that of the given column, else of the first usual name; None if there is none."""
    names = {normal(name): name for name in values}
    usual = role.usual if column is None else (normal(column),)
    return next((values[names[name]] for name in usual if name in names), None)


def tokens_between_blanks(words: Mapping[bytes, int], characters: bool = False) -> tuple[int, int]:
    """The number of tokens, and of different ones, as a `Profile` counts them: words between white space.

    Args:
        words: Counts of the words that `nlpseq.text.subwords.splitting.split` gives.
        characters: Whether characters are tokens.
    """
    names = {word: word.decode("utf-8") for word in words}
    if characters:
        return sum(len(names[word]) * count for word, count in words.items()), len(set().union(*names.values()))
    tokens = sum(count for word, count in words.items() if names[word].startswith(" "))
    return tokens, len({name.strip() for name in names.values()})
