"""`nlpseq beam EXPORT --input PATTERN --output FOLDER`: answers the rows of a corpus with Apache Beam."""

import argparse
import importlib.util
import sys

from nlpseq.cli.flags import Parser
from nlpseq.errors import InputError, in_range, plural
from nlpseq.reporting import say
from nlpseq.serving import Export

INPUTS = ("text", "csv", "tsv", "jsonl", "parquet", "tfrecord")
OUTPUTS = ("jsonl", "csv", "tsv", "parquet", "tfrecord")
NAMES = ("input", "output", "input_format", "output_format", "column", "batch_size", "threads")


def parser() -> argparse.ArgumentParser:
    """The flags of the command; others are those of Beam and its runner."""
    command = Parser(
        "nlpseq beam",
        description="Answer the rows of a corpus with an exported model, on any runner of Apache Beam.",
        epilog="Other flags are Beam's: --runner, --direct_num_workers, ...; nlpseq/beam/README.md has examples.",
        allow_abbrev=False,
    )
    command.add_argument("export", help="an export, e.g. saved_models/sentiment/1")
    command.add_argument("--input", required=True, help="path of a file, or a pattern in quotes, e.g. 'texts-*.txt.gz'")
    command.add_argument("--output", required=True, help="folder of the answers; an interrupted run is continued")
    command.add_argument("--input-format", choices=INPUTS, help="default: as the suffix of a file says")
    command.add_argument("--output-format", choices=OUTPUTS, default="jsonl", help="default: jsonl")
    command.add_argument(
        "--column", default="text", help="column of the inputs; default: text, that of plain lines too"
    )
    command.add_argument("--batch-size", type=int, help="most rows that are answered together; default: of the kind")
    command.add_argument("--threads", type=int, default=1, help="threads of TensorFlow in each process; default: 1")
    return command


def run(arguments: list[str]) -> int:
    """Answers a corpus; returns the exit status: 1 if a file could not be read to its end.

    Raises:
        InputError: Beam is not installed; there is no export, or no file; the export answers no texts.
    """
    options, flags = parser().parse_known_args(arguments)
    for name in ("batch_size", "threads"):
        if (value := getattr(options, name)) is not None:
            in_range(name, value, 1)
    if importlib.util.find_spec("apache_beam") is None:
        raise InputError(
            "`nlpseq beam` requires the package apache-beam, which is not installed: run pip install 'nlpseq[beam]', "
            "in an environment of its own if it conflicts with other packages."
        )
    export = Export(options.export)
    if export.answers.files:
        raise InputError(f"exports of the kind {export.metadata.task} answer files, not rows of texts: use predict.")
    from nlpseq.beam import answering

    size = options.batch_size or export.answers.batch_size
    job = answering.Job(
        str(export.path.resolve()), options.output, options.column, options.output_format, size, options.threads
    )
    shards = answering.find_shards(options.input, options.input_format)
    say(plural(len(shards), "shard"))
    results = answering.answer(job, shards, export.answers, flags)
    total = {name: sum(result[name] for result in results) for name in answering.COUNTS}
    say(f"{plural(total['rows'], 'row')}: {total['answered']:,} answered, {total['bad']:,} bad")
    if total["bad"]:
        say(f"rows without an answer are in {options.output}/bad")
    missing = sorted(
        {shard.name for shard in shards} - {result["shard"] for result in results if result["failed"] is None}
    )
    if missing:
        print(
            f"stopped: {len(missing)} of {len(shards)} shards cannot be read to their end ({', '.join(missing[:5])}): "
            f"{options.output}/bad says why; mend them, and run the same command again.",
            file=sys.stderr,
        )
    return int(bool(missing))
