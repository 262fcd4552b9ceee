"""`nlpseq prepare KIND`: vocabulary and ids of a corpus that does not fit in memory."""

import importlib
import importlib.util

from nlpseq import tasks
from nlpseq.cli.automatic import parsed, shown
from nlpseq.cli.flags import check_filled, one_sentence
from nlpseq.cli.start import quiet_tensorflow
from nlpseq.errors import InputError, suggest
from nlpseq.reporting import say

NAMES = {"input", "output"}  # arguments that errors name; `run` adds those of the kind


def run(arguments: list[str]) -> int:
    """Prepares a corpus; a kind of task that can has a module `preparing` and `PreparingSettings`.

    Args:
        arguments: The kind of task, and its flags.

    Raises:
        InputError: The kind is unknown or cannot; a flag is missing or wrong.
    """
    import tyro

    packages = tasks.kinds()
    kinds = [name for name in packages if importlib.util.find_spec(f"{packages[name]}.preparing")]
    if not arguments or arguments[0] not in kinds:
        if arguments[:1] in (["-h"], ["--help"]):
            print(f"usage: nlpseq prepare KIND --input 'texts-*.csv.gz' --output FOLDER; KIND: {', '.join(kinds)}")
            return 0
        kind_name = arguments[0] if arguments else ""
        raise InputError(
            f"expected a kind of task after `nlpseq prepare`, got {kind_name!r}: {suggest(kind_name, kinds)}"
        )
    check_filled(arguments, {})
    package = packages[arguments[0]]
    settings = importlib.import_module(f"{package}.settings").PreparingSettings
    NAMES.update(settings().flat())
    program = f"nlpseq prepare {arguments[0]}"
    with one_sentence(program):
        config, flags = tyro.cli(
            settings,
            prog=program,
            args=arguments[1:],
            default=shown(settings().unset()),
            return_unknown_args=True,
        )
    config = parsed(config)
    config.check()
    if not (config.input and config.output):
        raise InputError("give `input`, the files of the corpus, and `output`, a folder.")
    if flags and not config.beam:
        raise InputError(f"unknown flag {flags[0]}; flags of Beam need --beam.")
    quiet_tensorflow()
    corpus = importlib.import_module(f"{package}.preparing").Corpus(config)
    run_shards = None
    if config.beam:
        if importlib.util.find_spec("apache_beam") is None:
            raise InputError("--beam requires the package apache-beam: run pip install 'nlpseq[beam]'.")
        run_shards = importlib.import_module("nlpseq.beam.preparing").by_beam(flags, str(config.output))
    say(f"prepared in {corpus.prepare(run_shards)}")
    return 0
