"""A callback that makes a training run continue where it was interrupted."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

import nlpseq
from nlpseq.errors import InputError, Interrupted
from nlpseq.reporting import say
from nlpseq.training import state, workers
from nlpseq.training.folder import BEST, TRAINED, CheckpointFolder
from nlpseq.training.signals import stop_requests

if TYPE_CHECKING:
    from nlpseq.training.shared_steps import SharedSteps

FORMAT = 1
VERSIONS = {"nlpseq": nlpseq.__version__, "tensorflow": tf.__version__, "keras": keras.__version__}


class Checkpoints(keras.callbacks.Callback):
    """Keeps checkpoints of a training run, and continues it exactly after an interruption.

    A checkpoint has the weights, the variables of the optimizer, the metrics, the states of the
    other callbacks, the random generators, and the position in the data. It is taken between two
    steps: before each validation, at the first step after every few minutes, and on request. The
    final weights of a run that was interrupted are those of one that was not, byte for byte, on
    the same machine and after `nlpseq.training.set_seed`.

    It must be the first of the callbacks of `fit`, and the training data must pass through
    `remaining`. The data must be a dataset whose batches depend on its seed and the number of the
    pass only, such as those of `prepare`. Until the position of the interruption is reached, the
    other callbacks see steps with empty logs. Custom layers must draw random numbers from a
    `keras.random.SeedGenerator`, as those of Keras do.

    Args:
        folder: Folder of the checkpoints, made with the first of them. At most three files.
        callbacks: The other callbacks of `fit` whose states are saved, such as `EarlyStopping`. Default none.
        minutes: Most minutes between two checkpoints. Default 3.
        settings: Values that must be the same when the run is continued. Default none.
        restart: Whether to remove the checkpoints in the folder first. Default False.

    Attributes:
        position: `(epoch, batch, steps per epoch)` at which `fit` continues, both from 0; None at
            the start of a run.
        cost: Seconds that checkpoints held up the training; they are written beside it.
        again: What continues a command that was interrupted, in words.

    Raises:
        InputError: The folder has checkpoints of a run with other settings.

    Example:

    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    >>> model.compile("adam", "mse")
    >>> batches = tf.data.Dataset.from_tensor_slices((np.ones((8, 3)), np.ones(8))).shuffle(8, seed=1).batch(2)
    >>> stopping = keras.callbacks.EarlyStopping("loss", patience=2)
    >>> checkpoints = Checkpoints("my_run", callbacks=[stopping])
    >>> _ = model.fit(
    ...     checkpoints.remaining(batches), steps_per_epoch=len(batches), epochs=2, verbose=0, shuffle=False,
    ...     callbacks=[checkpoints, stopping],
    ... )
    >>> checkpoints.clear()  # when the model is saved
    """

    def __init__(
        self,
        folder: str | Path,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        *,
        minutes: float = 3.0,
        settings: Mapping[str, Any] | None = None,
        restart: bool = False,
    ):
        super().__init__()
        self.folder = CheckpointFolder(folder, workers.current().is_chief)
        self.is_part = False  # of the checkpoints of several trainings
        self.callbacks = list(callbacks)
        self.minutes = minutes
        self.details: dict[str, Any] = {}  # further entries of each checkpoint
        self.settings = json.loads(json.dumps(dict(settings or {}), default=str))
        self.again = "the same command again" + (", but without `restart`," if restart else "")
        if restart:
            self.folder.clear()
        ignores = restart and not self.folder.writes  # which the chief removes
        self._resumed = None if ignores else self.folder.newest()
        self._say_notes()
        self._pending = self._resumed is not None
        self._requests: list[int] = []
        self.shared: SharedSteps | None = None  # the steps of several workers, which stop together
        self._written = time.perf_counter()
        self._validates = False
        self.cost = 0.0
        self.position: tuple[int, int, int] | None = None
        if self._resumed is not None:
            self._check_versions()
            self._check_settings(self._resumed["settings"])
            self.position = tuple(self._resumed["position"])
        for part in self.folder.parts():
            self.part(part)  # checks its settings

    def part(self, name: str) -> Checkpoints:
        """The checkpoints of one of several trainings in a run, in a folder of that name in this one's."""
        part = Checkpoints(self.folder.path / name, minutes=self.minutes, settings=self.settings)
        part.details |= self.details
        part.is_part, part.again = True, self.again
        return part

    @property
    def trained(self) -> dict[str, Any] | None:
        """The checkpoint of a training that has finished, None of one that has not."""
        return self._resumed if self._resumed is not None and self._resumed["phase"] == TRAINED else None

    @property
    def is_kept(self) -> bool:
        """Whether the result of the training is on disk."""
        return os.path.isfile(self.folder.path / TRAINED)

    def restore_trained(self, model: Any) -> dict[str, Any]:
        """Restores the model, and the random generators, after a training that has finished; returns its results."""
        trained = self._resumed or {}
        state.restore_variables(model, trained["variables"])
        state.restore_random(trained["random"])
        self._resumed = None
        return trained

    def describe(self, settings: Mapping[str, Any], train_examples: Any, validation_examples: Any) -> None:
        """Adds the settings of the training and the sizes of its splits to each checkpoint."""
        self.details["run"] = {**self.details.get("run", {}), **settings}
        self.details["sizes"] = {"train": len(train_examples), "validation": len(validation_examples)}

    def check_data(self, data: str) -> None:
        """Raises an `InputError` if a run that is continued was trained on data with another digest."""
        self.details["data"] = data
        if self._resumed is not None and self._resumed["data"] != data:
            raise InputError(
                f"{self.folder.path} holds the training of a run on other data: give the same data to continue it, use "
                "`restart` to start afresh, or give another `output`."
            )

    def _check_versions(self):
        form, versions = self._resumed["format"], self._resumed["versions"]
        if form > FORMAT:
            raise InputError(
                f"the checkpoints in {self.folder.path} have format {form}, and this version of nlpseq supports "
                f"formats up to {FORMAT}: upgrade nlpseq, or use `restart` to start afresh."
            )
        changed = [f"{name} {version}" for name, version in versions.items() if version != VERSIONS[name]]
        if changed:
            say(f"the checkpoints were written with {', '.join(changed)}: results may be rounded differently")

    def _check_settings(self, before):
        for name in sorted({*before, *self.settings}):
            old, new = before.get(name), self.settings.get(name)
            if old != new:
                old, new = ("not given" if value is None else value for value in (old, new))
                raise InputError(
                    f"{self.folder.path} holds the training of a run with other settings (`{name}` was {old}, is "
                    f"{new}): give the same ones to continue it, use `restart` to start afresh, or give another "
                    "`output`."
                )

    def remaining(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        """The batches that are still to be trained on, over all passes, without end.

        Args:
            batches: One pass over the data, which each iteration shuffles anew from the same seed.
        """
        if self.position is None:
            return batches.repeat()
        epoch, batch, steps = self.position
        # The last batch before the position is trained on once more, see `_skip`.
        return batches.repeat().skip(epoch * steps + batch - min(batch, 1))

    def place(self) -> str:
        """Where the training is, or is to continue, in words."""
        epoch, batch, steps = self.position or (0, 0, 1)
        position, length = epoch * steps + batch, self.details.get("pass", steps)
        return f"epoch {position // length + 1}, batch {position % length} of {length}"

    # The moments between steps, at each of which all other callbacks have finished with the step before.

    def on_train_begin(self, logs=None):
        if self.model.steps_per_execution != 1:
            raise InputError("`steps_per_execution` must be 1 for a training with checkpoints.")
        self.folder.acquire()
        if not self.model.optimizer.built:
            self.model.optimizer.build(self.model.trainable_variables)
        if self.position is not None:
            self.model._initial_epoch = self.position[0]  # as keras.callbacks.BackupAndRestore does

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch
        if self._pending and self.position[1]:
            self._restore()
            self._skip(self.position[1])
        else:
            self._pass(epoch, 0, save=not self._validates)

    def on_train_batch_begin(self, batch, logs=None):
        if batch:
            self._pass(self._epoch, batch)

    def on_test_begin(self, logs=None):
        self._validates = True
        self._pass(self._epoch, self.params["steps"], save=True)

    def on_test_batch_begin(self, batch, logs=None):
        if self._request():
            self._stop()

    def on_train_end(self, logs=None):
        self.folder.wait()
        self._say_notes()

    def _pass(self, epoch, batch, save=False):
        """Restores, saves or stops at a moment between two steps, whatever is due."""
        if self._pending:
            if (epoch, batch) == self.position[:2]:
                self._restore()
                self._pending, self._resumed = False, None
            return
        self.position = epoch, batch, self.params["steps"]
        due = time.perf_counter() - self._written > 60 * self.minutes
        request = self._request()
        if (epoch, batch) != (0, 0) and (save or due or request):
            self._save()
        if request:
            self._stop()

    def _request(self):
        """The signal on which to stop here, 0 for none."""
        number = self._requests[0] if self._requests else 0
        return number if self.shared is None else self.shared.agreed(number)

    def _skip(self, count):
        """Passes over `count` steps of this epoch, of which only the last is run.

        What a model creates in its first step then exists, and is restored.
        """
        model, train_step = self.model, self.model.train_function
        left = count

        def skipping(iterator):
            nonlocal left
            left -= 1
            if left:
                return {}
            model.train_function = train_step
            train_step(iterator)
            self._restore()
            return model.get_metrics_result()  # what that step returned in the interrupted run

        model.train_function = skipping

    def _others(self):
        return [*self.callbacks, self.model.history]

    def _restore(self):
        state.restore_model(self.model, self._resumed["model"])
        workers.current().shift_seeds(self.model)
        state.restore_callbacks(self._others(), self._resumed["callbacks"])
        self._written = time.perf_counter()

    def _save(self):
        if not self.folder.writes:
            return
        start = time.perf_counter()
        epoch, batch, steps = self.position or (0, 0, 1)
        tree = {
            **self._head("training"),
            "position": [epoch, batch, steps],
            "model": state.model_state(self.model),
            "callbacks": state.callback_states(self._others()),
        }
        self.folder.write(f"step-{epoch * steps + batch:09}", tree)
        self._written = time.perf_counter()
        self.cost += self._written - start
        self._say_notes()

    def _head(self, phase):
        head = {"format": FORMAT, "versions": VERSIONS, "phase": phase, "settings": self.settings}
        return {**head, **self.details}

    def _stop(self):
        self.folder.wait()
        self._say_notes()
        number = self._request()
        files = list(self.folder.path.glob("step-*"))
        remedy = f"its checkpoint is in {self.folder.path}: run" if files else "there is no checkpoint yet: run"
        raise Interrupted(
            f"at {self.place()}; {remedy} {self.again} to continue.",
            number,
        )

    def _say_notes(self):
        for note in self.folder.notes:
            say(note)
        self.folder.notes.clear()

    # Around `fit`

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """Ctrl-C and SIGTERM in the block finish the step, write a checkpoint and raise `Interrupted`."""
        with stop_requests() as self._requests:
            yield
        self._requests = []

    def finish(self, **values: Any) -> None:
        """Replaces the checkpoints by the result of the training: the trained model and `values`.

        Raises:
            Done: This is a worker, and not the chief.
        """
        if not (self.folder.writes or self.is_part):
            raise workers.Done
        if not self.is_part:
            workers.dismiss()
        values |= {"variables": state.variable_values(self.model), "random": state.random_state()}
        self._write_result(TRAINED, values)

    def rescue(self, weights: list | None) -> Path | None:
        """Writes the best weights of a training that ends with an error; returns the path of the checkpoint."""
        self.folder.wait()
        if weights is not None:
            self._write_result(BEST, {"weights": weights, "history": self.model.history.history})
        names = (BEST, *(path.name for path in sorted(self.folder.path.glob("step-*"), reverse=True)))
        path = next((self.folder.path / name for name in names if os.path.isfile(self.folder.path / name)), None)
        if path is None:
            self.folder.release()
        return path

    def _write_result(self, phase, values):
        self.folder.write(phase, {**self._head(phase), "position": [0, 0, 1], **values})
        self.folder.wait()
        self._say_notes()

    def clear(self) -> None:
        """Removes the checkpoints: the model is saved elsewhere."""
        self.folder.clear()
