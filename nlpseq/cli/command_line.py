"""The command line: of the recipes, and the command `nlpseq`.

Nothing here imports TensorFlow before the arguments are known to be right.
"""

import argparse
import contextlib
import logging
import os
import sys
import tempfile

from nlpseq.errors import InputError, TrainingError

# Options of `nlpseq predict` for language models, with their defaults in `nlpseq.tasks.language_modeling.completion.go_on`.
GENERATION = {
    "length": (int, "the most pieces to add (50)"),
    "one_line": (bool, "stop at the end of a line"),
    "greedy": (bool, "take the likeliest piece each time"),
    "temperature": (float, "below 1 likely pieces become likelier (1)"),
    "top_k": (int, "draw from so many of the likeliest pieces; 0 is all (0)"),
    "top_p": (float, "draw from the likeliest pieces of so much probability together (1)"),
    "seed": (int, "the same seed draws the same (0)"),
}


def run_recipe(main, settings, presets=None):
    """Runs `main(config)` with settings from the command line, and exits.

    Args:
        main: the recipe.
        settings: its frozen dataclass; attributes become flags, their docstrings help.
        presets: for some datasets, the settings that are their defaults.
    """
    import tyro

    default = settings(**_preset(_flag("--dataset", sys.argv[1:]), presets or {}))
    config = tyro.cli(settings, default=default, description=main.__globals__["__doc__"])
    sys.exit(_guarded(lambda: (_check_utf8(sys.argv[1:]), config.check(), quiet_tensorflow(), main(config))))


def main(arguments=None):
    """The command `nlpseq`."""
    parser = argparse.ArgumentParser("nlpseq", description="Use the models that the recipes export.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    predict = commands.add_parser("predict", help="answer texts with an exported model")
    predict.add_argument("export", help="an export, e.g. saved_models/sentiment/1")
    predict.add_argument("text", nargs="*", help="texts; without any, the lines of standard input")
    predict.add_argument("--json", action="store_true", help="print a JSON object a text")
    generation = predict.add_argument_group("language models, which go on with the texts")
    generation.add_argument("--score", action="store_true", help="print log-probability and perplexity instead")
    for name, (kind, about) in GENERATION.items():
        flag = f"--{name.replace('_', '-')}"
        options = {"action": "store_const", "const": True} if kind is bool else {"type": kind}
        generation.add_argument(flag, help=about, **options)
    show = commands.add_parser("show", help="describe an exported model")
    show.add_argument("export", help="an export, e.g. saved_models/sentiment/1")
    chosen, rest = parser.parse_known_args(arguments)
    if chosen.command == "predict" and not any(each.startswith("-") for each in rest):
        chosen.text += rest  # texts after an option
    elif rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    command = {"predict": _predict, "show": _show}[chosen.command]
    sys.exit(_guarded(lambda: command(chosen)))


def quiet_tensorflow():
    """Imports TensorFlow and Keras without their start-up messages."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with _stderr_held_back():
        import keras  # noqa: F401
        import tensorflow as tf

        tf.constant(0)  # starts the runtime, which has messages of its own
    tf.get_logger().setLevel("ERROR")
    logging.getLogger("absl").setLevel("ERROR")


def _predict(chosen):
    from nlpseq import reporting
    from nlpseq.serving.client import Export

    export = Export(chosen.export)
    options = {name: getattr(chosen, name) for name in GENERATION if getattr(chosen, name) is not None}
    is_language_model = export.config["task"] == "language_model"
    if (options or chosen.score) and not is_language_model:
        name = "score" if chosen.score else next(iter(options)).replace("_", "-")
        raise InputError(f"--{name} is for language models, and {export.path} is none: leave it out.")
    if options and chosen.score:
        raise InputError(f"--score adds nothing to a text: leave out --{next(iter(options)).replace('_', '-')}.")
    quiet_tensorflow()
    texts = [os.fsencode(text).decode("utf-8", "replace") for text in chosen.text] or _standard_input()
    if is_language_model and not chosen.score:
        for text in texts:
            reporting.print_going_on(export, text, options, chosen.json)
        return
    for texts in _batches(texts, 8 if is_language_model else 64):  # its texts may be long
        for text, answer in zip(texts, export.predict(texts)):
            reporting.print_answer(text, answer, export.config["task"], chosen.json)


def _show(chosen):
    from nlpseq import reporting
    from nlpseq.serving.client import Export

    export = Export(chosen.export)
    quiet_tensorflow()
    reporting.print_export(export)


def _standard_input():
    for line in sys.stdin.buffer:
        yield line.rstrip(b"\r\n").decode("utf-8", "replace")


def _batches(items, size):
    """Lists of up to `size` items; what is typed at a terminal is answered line by line."""
    size = size if isinstance(items, list) or not sys.stdin.isatty() else 1
    batch = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _guarded(action):
    """Runs an action; returns the exit status, with what went wrong in one sentence."""
    try:
        action()
        return 0
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except TrainingError as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _check_utf8(arguments):
    """Refuses what would fail where it is written, after training."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"{argument!a} is not UTF-8: give it in that encoding, or rename the file.") from error


def _preset(dataset, presets):
    """The preset of a dataset: by its whole name, the last part of a path, or without configuration.

    Files of one's own have no splits to name.
    """
    dataset = (dataset or "").partition(":")[0]  # without the version
    names = (dataset, dataset.rstrip("/").split("/")[-1], dataset.split("/")[0])
    preset = next((presets[name] for name in names if name in presets), {})
    files = dataset.startswith((".", "/", "~")) or os.path.exists(dataset)
    return {name: value for name, value in preset.items() if not (files and name.endswith("_split"))}


def _flag(name, arguments):
    """The value of a flag, read ahead of the others; None where it is absent."""
    for index, argument in enumerate(arguments):
        if argument == name and index + 1 < len(arguments):
            return arguments[index + 1]
        if argument.startswith(f"{name}="):
            return argument.partition("=")[2]
    return None


@contextlib.contextmanager
def _stderr_held_back():
    """Keeps what C++ writes to standard error, and shows it only if the block fails."""
    sys.stderr.flush()
    kept, real = tempfile.TemporaryFile(), os.dup(2)
    os.dup2(kept.fileno(), 2)
    try:
        yield
    except BaseException:
        kept.seek(0)
        os.write(real, kept.read())
        raise
    finally:
        os.dup2(real, 2)
        os.close(real)
        kept.close()
