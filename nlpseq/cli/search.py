"""`nlpseq search RECIPE`: tries settings of a recipe on its validation split, and writes the best command."""

import contextlib
import importlib.util
import io
import json
import os
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from nlpseq.cli import recipe, train
from nlpseq.errors import InputError, TrainingError, in_range
from nlpseq.reporting import say
from nlpseq.tasks.space import Dimension
from nlpseq.writing import lock, write_text, writing

TRIALS = 30  # by default
DRAWN = 8  # trials of settings that are drawn at random, before those that are likely to be better
COMPARED = 5  # trials that have finished before one is ended early
FOLDER, STUDY, RESULT, COMMAND = "search", "search.journal", "search.json", "best_command.txt"
USAGE = f"""usage: nlpseq search RECIPE [--trials N] [flags of the recipe]

Trains the recipe N times (default {TRIALS}) with different settings, exports nothing, and prints and writes the command
with the best ones. Settings that are given by flags are not searched. The score is that of the validation split; a
trial that is worse than the median of the others after as many validations is ended. The same command continues an
interrupted search, one with more trials a finished one. What is tried for each setting is `SPACE` in
nlpseq/tasks/<kind>/defaults.py. Needs the extra nlpseq[search]."""


def run(arguments: list[str]) -> None:
    """Searches the settings of a recipe: its name is the first argument, the others are `--trials` and its flags.

    Raises:
        InputError: optuna is not installed, the recipe is unknown, or has nothing to search.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE)
        if not arguments:
            raise InputError("expected the name of a recipe after `nlpseq search`.")
        return
    flags, trials = _without_trials(arguments)
    if importlib.util.find_spec("optuna") is None:
        raise InputError("`nlpseq search` requires optuna, which is not installed: run pip install 'nlpseq[search]'.")
    recipe.search = Search(flags, trials)
    train.run(flags, "search")


def _without_trials(arguments):
    """The arguments without `--trials`, and its value."""
    rest, value = list(arguments), str(TRIALS)
    for index, argument in enumerate(arguments):
        if argument == "--trials":
            value = "".join(arguments[index + 1 : index + 2])
            rest = arguments[:index] + arguments[index + 2 :]
        elif argument.startswith("--trials="):
            value = argument.partition("=")[2]
            rest = arguments[:index] + arguments[index + 1 :]
    if not value.isdecimal():
        raise InputError(f"--trials must be a whole number, got {value!r}.")
    return rest, in_range("--trials", int(value), 1)


class OtherSearch(InputError):
    """The folder of a search holds that of another one."""


class Search:
    """Trials of a recipe, which are kept in a folder `search` of its output folder.

    `run` takes the place of the recipe's `main`, `begin` and `settings` those of what it calls.

    Args:
        arguments: The name of the recipe and its flags, the beginning of the best command.
        count: Number of trials, with those of earlier runs.
    """

    def __init__(self, arguments: list[str], count: int):
        self.arguments, self.count = arguments, count
        self.study: Any = None
        self.trial: Any = None

    def run(self, main: Callable[[Any], object], config: Any) -> None:
        """Runs trials until there are as many as asked for, and prints the best command."""
        from nlpseq import serving
        from nlpseq.training import budget
        from nlpseq.training.watching import watching

        if not [name for name in config.automatic() if config.flat()[name] is None]:
            raise InputError("this recipe has no setting to search: choose another.")
        self.folder = serving.check_output(config.data.output) / FOLDER
        budget.began = None  # each trial has its own
        with _locked(self.folder), watching(self._watch):
            self._open(config)
            try:
                while len(self._ended()) < self.count:
                    self._run_trial(main, config)
            except Exception:
                raise
            except BaseException:  # Ctrl-C, SIGTERM
                say(f"{len(self._ended())} trials are kept in {self.folder}: the same command continues")
                raise
            finally:
                self._write()
        self._say_best()

    def _open(self, config):
        """Opens or makes the study."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        if config.training.restart:
            for name in (STUDY, RESULT, COMMAND):
                (self.folder / name).unlink(missing_ok=True)
        pruner = optuna.pruners.MedianPruner(n_startup_trials=COMPARED, n_warmup_steps=1)
        with writing(f"the trials to {self.folder}"):
            storage = optuna.storages.JournalStorage(_journal(self.folder / STUDY))
        self.study = optuna.create_study(storage=storage, study_name=FOLDER, load_if_exists=True, pruner=pruner)
        for trial in self.study.get_trials(deepcopy=False):
            if trial.state.name in ("RUNNING", "WAITING"):  # of a process that has ended
                self.study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        self._keep("settings", config.fixed())
        if self._ended():
            say(f"continuing after {len(self._ended())} trials in {self.folder}")

    def _keep(self, name, value):
        """Keeps a value with the study; raises an `OtherSearch` if the study has another one."""
        value = json.loads(json.dumps(value, default=str))
        if self.study.user_attrs.setdefault(name, value) != value:
            raise OtherSearch(
                f"{self.folder} holds trials with other data or settings: give the same ones to continue, use "
                "`restart` to start afresh, or give another `output`."
            )
        self.study.set_user_attr(name, value)

    def _ended(self):
        """The trials that have ended, early or not."""
        return [trial for trial in self.study.get_trials(deepcopy=False) if trial.state.name in ("COMPLETE", "PRUNED")]

    def _run_trial(self, main, config):
        """A trial: it begins when `main` asks for its settings, and ends with its training."""
        import keras
        from optuna.trial import TrialState

        from nlpseq.training.watching import Finished, Stopped

        self.trial, start, number = None, time.perf_counter(), len(self._ended()) + 1
        state, value, reason = TrialState.FAIL, None, ""
        try:
            # What the first trial prints shows what the data are like; after that a line a trial is enough.
            with contextlib.nullcontext() if number == 1 else contextlib.redirect_stdout(io.StringIO()):
                main(config)
        except Finished as end:
            state, value = TrialState.COMPLETE, end.value
        except Stopped:
            state, reason = TrialState.PRUNED, "stopped, others were better"
        except (InputError, TrainingError) as error:
            if number == 1 or isinstance(error, OtherSearch):
                raise
            state, reason = TrialState.PRUNED, f"failed, {error}"
        finally:
            if self.trial is not None:
                self.trial.set_user_attr("seconds", round(time.perf_counter() - start, 1))
                self.study.tell(self.trial.number, None if value is None else self._sign() * value, state=state)
            keras.utils.clear_session()  # or the graphs of all trials would stay in memory
        self._say_trial(number, value, reason)
        self._write()

    # What the recipe calls in a trial

    def begin(self, config: Any) -> None:
        """Fixes the seed; a trial has no checkpoints."""
        from nlpseq import training

        training.set_seed(config.training.seed)

    def settings(self, config: Any, choices: Mapping[str, Any], space: Mapping[str, Dimension]) -> Any:
        """The settings of a trial: those that the user gave, those that are searched, and the others as `choices`."""
        self._keep("choices", choices)
        single = dict.fromkeys(choices.keys() & {"ensemble"}, 1)  # a trial is one network
        filled = config.filled({**choices, **single})
        searched = {name: dimension for name, dimension in space.items() if not self._is_given(name)}
        if not searched:
            raise InputError("this recipe has no setting to search: leave out some of its flags.")
        defaults = {name: filled.flat()[name] for name in searched}
        self.trial = self._ask(config.training.seed, defaults)
        values = {name: _suggested(self.trial, name, searched[name], defaults[name]) for name in searched}
        self.trial.set_user_attr("settings", values)
        say(f"searched: {', '.join(searched)}")
        filled = filled.replace(**values)
        filled.check()
        return filled

    def _is_given(self, name):
        flags = {f"--{part}{name}".replace("_", "-") for part in ("", "no_")}
        return any(argument.partition("=")[0].replace("_", "-") in flags for argument in self.arguments)

    def _ask(self, seed, defaults):
        """A trial, a function of the seed and of the trials before it; the first one has the defaults."""
        import optuna

        ended = len(self._ended())
        if not ended:
            self.study.enqueue_trial(defaults)
        self.study.sampler = optuna.samplers.TPESampler(seed=seed + ended, n_startup_trials=DRAWN)
        return self.study.ask()

    def _watch(self, task, train_examples, validation_examples):
        """The callback of a training; none of one that is not that of the recipe's task, but of a part of it."""
        from nlpseq.training.fingerprint import fingerprint
        from nlpseq.training.watching import Validations

        if not hasattr(task, "kind"):
            return None
        self._keep("data", fingerprint(train_examples, validation_examples))
        self._keep("metric", [task.metric, task.metric_mode])
        return Validations(task.metric, task.metric_mode, self._report)

    def _report(self, number, value):
        """Whether a trial is worse than the others after a number of validations."""
        self.trial.report(self._sign() * value, number)
        return self.trial.should_prune()

    def _sign(self):
        """The study minimizes: -1 for a metric of which high values are good."""
        return -1 if self.study.user_attrs["metric"][1] == "max" else 1

    # Results

    def _best(self):
        """The best trial, None if none has finished."""
        finished = [trial for trial in self._ended() if trial.state.name == "COMPLETE"]
        return min(finished, key=lambda trial: trial.value, default=None)

    def _say_trial(self, number, value, reason):
        metric, best = self.study.user_attrs["metric"][0].replace("_", " "), self._best()
        result = reason if value is None else f"validation {metric} {value:.4f}"
        best_value = "" if best is None else f"; best so far {self._sign() * best.value:.4f}"
        seconds = self._ended()[-1].user_attrs["seconds"]
        say(f"trial {number} of {self.count}: {result}{best_value}; {seconds:.0f} s: {_listed(self._ended()[-1])}")

    def _write(self):
        """Writes the trials, and the best command, to files."""
        trials = [
            {
                "settings": trial.user_attrs.get("settings", {}),
                "value": None if trial.value is None or trial.state.name != "COMPLETE" else self._sign() * trial.value,
                "validations": len(trial.intermediate_values),
                "seconds": trial.user_attrs.get("seconds"),
            }
            for trial in self._ended()
        ]
        best = self._best()
        if best is not None:
            metric, mode = self.study.user_attrs["metric"]
            values = {
                "metric": metric,
                "mode": mode,
                "best": best.user_attrs["settings"],
                "command": self._command(best),
            }
            write_text(self.folder / RESULT, json.dumps({**values, "trials": trials}, indent=2) + "\n")
            write_text(self.folder / COMMAND, self._command(best) + "\n")

    def _command(self, best):
        """The command that trains with the best settings."""
        flags = [argument for argument in self.arguments if argument != "--restart"]
        for name, value in best.user_attrs["settings"].items():
            flags += [f"--{name.replace('_', '-')}", str(value)]
        return shlex.join(["nlpseq", "train", *flags])

    def _say_best(self):
        best = self._best()
        if best is None:
            say("no trial has finished")
            return
        say(f"best of {len(self._ended())} trials, on validation data; the command is also in {self.folder / COMMAND}:")
        say(self._command(best))


def _journal(path):
    """The log of a study; what a process that was killed left of a line, and its lock, are removed."""
    from optuna.storages.journal import JournalFileBackend

    if path.exists():
        content = path.read_bytes()
        os.truncate(path, content.rfind(b"\n") + 1)
    path.with_name(f"{path.name}.lock").unlink(missing_ok=True)
    return JournalFileBackend(str(path))


def _suggested(trial, name, dimension, default):
    """The value of a setting in a trial."""
    values = dimension.values(default)
    if values is not None:
        return trial.suggest_categorical(name, values)
    low, high = dimension.bounds(default)
    return dimension.rounded(trial.suggest_float(name, low, high, log=dimension.log))


def _listed(trial):
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in trial.user_attrs["settings"].items())


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Makes a folder, which no other process has in the block."""
    with writing(f"the trials to {folder}"):
        folder.mkdir(exist_ok=True)
    descriptor = lock(folder)
    if descriptor is None:
        raise InputError(f"another process searches in {folder}: wait until it has finished, or give another `output`.")
    try:
        yield
    finally:
        os.close(descriptor)
