"""Checkpoints: a training that is interrupted anywhere ends with the weights of one that is not."""

import functools
import itertools
import os
import random
import signal

import keras
import numpy as np
import pytest

from nlpseq import training, writing
from nlpseq.errors import InputError, Interrupted, TrainingError
from nlpseq.training import state_file
from nlpseq.training.folder import CheckpointFolder, find_checkpoint
from nlpseq.training.settings import TrainingSettings
from nlpseq.training.signals import stop_requests
from tests.tiers import slow_but
from tests.training.rows import RowsTask

ROWS, BATCHES = 24, 3


class Killed(BaseException):
    """As SIGKILL: nothing in nlpseq handles it."""


class RandomTask(RowsTask):
    """Rows of numbers, with dropout and shuffled batches."""

    def __init__(self):
        super().__init__()
        self.dropout, self.head = keras.layers.Dropout(0.3), keras.layers.Dense(2)
        self.build((None, 4))
        self.steps = 0

    def build(self, shape):
        self.head.build(shape)
        self.scale = self.add_weight((), "ones", name="scale")  # of which Keras gives a number, not an array
        self.built = True

    def call(self, inputs, training=False):
        noise = np.random.normal() + random.random()  # noqa: NPY002  # the generators of the process
        return self.scale * self.head(self.dropout(inputs + 0.1 * noise, training=training))

    def get_config(self):
        return {}


class KilledAt(keras.callbacks.Callback):
    """Raises at the nth event of training."""

    def __init__(self, number, action):
        super().__init__()
        self.number, self.action = number, action

    def event(self, number, logs=None):
        self.number -= 1
        if self.number == 0:
            self.action()

    on_train_batch_end = on_test_batch_begin = on_epoch_end = on_epoch_begin = event


def kill():
    raise Killed


def examples(seed=0):
    x = np.random.default_rng(seed).normal(size=(ROWS, 4)).astype("float32")
    return x, (x.sum(axis=1) > 0).astype("int32")


def run(folder=None, at=0, action=kill, **values):
    """The weights and seeds after a training, and its history."""
    training.set_seed(3)
    task = RandomTask()
    if at:
        fit = task.fit
        task.fit = lambda *args, callbacks, **options: fit(
            *args, callbacks=[*callbacks, KilledAt(at, action)], **options
        )
    values = {"batch_size": 8, "epochs": 4, "patience": 9, "learning_rate": 0.1, **values}
    settings = TrainingSettings(**values)
    checkpoints = folder and training.Checkpoints(folder, minutes=0, settings=settings.fixed())
    try:
        history, _ = training.train(task, examples(), examples(1), settings, checkpoints)
    finally:
        if checkpoints:
            checkpoints.folder.wait()  # the writer of a process that is killed does not outlive it
    history.pop("minutes")
    return [np.array(value).tobytes() for value in task.variables], history


unbroken = functools.cache(run)  # a training that nothing interrupts

VARIANTS = {
    "moving average, several validations": {"averaging": 0.8, "validations": 2, "epochs": 2},
    "averages of sgd": {"optimizer": "asgd", "patience": 1, "epochs": 4, "schedule": "constant"},
    "early stopping": {"patience": 1, "epochs": 9, "learning_rate": 2.0},
}


def test_a_number_is_read_back_as_it_was():
    tree = {
        "weights": [np.float32(0.1), np.array(3, np.int16)],
        "best": 0.1,
        "name": np.str_("a"),
        "seen": np.bool_(True),
    }
    actual = state_file.decode(b"".join(state_file.encode(tree)))
    assert actual == tree
    assert [value.dtype for value in actual["weights"]] == ["float32", "int16"] and type(actual["best"]) is float


def test_the_best_weights_are_those_before_the_interruption(tmp_path):
    """No later validation is better, since nothing is learnt any more."""
    options = {"learning_rate": 1e-9, "epochs": 3}
    with pytest.raises(Killed):
        run(tmp_path / "run", 14, **options)
    assert run(tmp_path / "run", **options) == run(**options)


@pytest.mark.parametrize("variant", slow_but(VARIANTS, "moving average, several validations"))
def test_interrupted_at_any_event(tmp_path, variant):
    options = VARIANTS[variant]
    expected, events = run(**options), 0
    for at in (2, 5, 3, 7):  # of each process, which resumes the one before
        try:
            result = run(tmp_path / "run", at, **options)
            break
        except Killed:
            events += 1
    else:
        result = run(tmp_path / "run", **options)
    assert result == expected
    assert events >= 3


@pytest.mark.slow
def test_interrupted_while_a_checkpoint_is_written(tmp_path, monkeypatch):
    expected = unbroken()
    write_all, writes = writing._write_all, itertools.count()

    def half(file, part):
        write_all(file, part[: len(part) // 2])
        if next(writes) in (20, 50):
            raise OSError(28, "No space left on device")
        write_all(file, part[len(part) // 2 :])

    monkeypatch.setattr(writing, "_write_all", half)
    with pytest.raises(Killed):
        run(tmp_path / "run", 9)
    assert run(tmp_path / "run") == expected


def test_a_damaged_checkpoint_is_passed_over(tmp_path, capsys):
    expected = unbroken()
    with pytest.raises(Killed):
        run(tmp_path / "run", 12)
    newest = max((tmp_path / "run").glob("step-*"))
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    assert run(tmp_path / "run") == expected
    assert "is damaged" in capsys.readouterr().out


@pytest.mark.parametrize("change, message", [
    ({"batch_size": 4}, "`batch_size` was 8, is 4"), ({"epochs": 5}, "`epochs` was 4, is 5"),
    ({"budget": 2.0}, "`budget` was not given, is 2.0"),
])  # fmt: skip
def test_other_settings_are_refused_and_nothing_changes(tmp_path, change, message):
    with pytest.raises(Killed):
        run(tmp_path / "run", 5)
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    with pytest.raises(InputError, match=message):
        run(tmp_path / "run", **change)
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


def test_other_data_are_refused(tmp_path):
    with pytest.raises(Killed):
        run(tmp_path / "run", 5)
    settings = TrainingSettings(batch_size=8, epochs=4, patience=9, learning_rate=0.1)
    checkpoints = training.Checkpoints(tmp_path / "run", settings=settings.fixed())
    with pytest.raises(InputError, match="on other data"):
        training.train(RandomTask(), examples(5), examples(1), settings, checkpoints)


def test_restart(tmp_path):
    expected = unbroken()
    with pytest.raises(Killed):
        run(tmp_path / "run", 9, learning_rate=0.5)
    settings = {"batch_size": 8, "epochs": 4, "patience": 9, "learning_rate": 0.1}
    training.set_seed(3)
    task = RandomTask()
    checkpoints = training.Checkpoints(tmp_path / "run", settings={"learning_rate": 0.1}, restart=True)
    training.train(task, examples(), examples(1), TrainingSettings(**settings), checkpoints)
    assert [np.array(value).tobytes() for value in task.variables] == expected[0]


def test_restart_removes_the_checkpoints_of_parts_too(tmp_path):
    tree = {"phase": "trained", "format": 1, "versions": {}, "settings": {}, "position": [0, 0, 1]}
    folder = training.Checkpoints(tmp_path / "run").part("one").folder
    folder.write("trained", tree)
    folder.release()
    assert training.Checkpoints(tmp_path / "run").part("one").trained
    assert not training.Checkpoints(tmp_path / "run", restart=True).part("one").trained


@pytest.fixture
def interruptible():
    """SIGINT raises KeyboardInterrupt, also where the tests run in the background of a shell, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(
    "number, at",
    [
        (signal.SIGINT, 4),
        *(pytest.param(signal.SIGTERM, at, marks=pytest.mark.slow) for at in (1, 6)),
    ],
)
def test_a_signal_finishes_the_step_and_leaves_a_checkpoint(tmp_path, number, at, capfd):
    expected = unbroken()
    with pytest.raises(Interrupted, match="run the same command again") as error:
        run(tmp_path / "run", at, lambda: os.kill(os.getpid(), number))
    assert error.value.signal == number
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert run(tmp_path / "run") == expected


def test_a_run_that_began_afresh_is_continued_without_the_flag(tmp_path):
    """The same command would begin afresh once more."""
    checkpoints = training.Checkpoints(tmp_path, restart=True)
    for part in (checkpoints, checkpoints.part("network-1")):
        part._requests = [signal.SIGTERM]
        with pytest.raises(Interrupted, match="run the same command again, but without `restart`, to continue"):
            part._stop()


def test_networks_of_a_run_that_has_not_finished_are_named(tmp_path):
    for part in ("network-1", "network-2", "pretraining"):
        folder = CheckpointFolder(tmp_path / "checkpoints" / part)
        folder.write("trained", {"phase": "trained"})
        folder.wait()
    with pytest.raises(InputError, match="several networks .* give one of them, .*network-1, .*network-2, or run"):
        find_checkpoint(tmp_path)


@pytest.mark.usefixtures("interruptible")
def test_a_second_interrupt_leaves_at_once():
    process = os.fork()
    if not process:
        with stop_requests() as received:
            os.kill(os.getpid(), signal.SIGINT)
            while not received:
                pass
            os.kill(os.getpid(), signal.SIGINT)
            while True:
                pass
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 130


def test_the_best_weights_of_a_training_that_diverges_are_kept(tmp_path):
    def explode():
        raise TrainingError("the loss became nan.")

    with pytest.raises(TrainingError, match="the best weights so far are in .*best"):
        run(tmp_path / "run", 14, explode)
    path, checkpoint = find_checkpoint(tmp_path / "run")
    assert path.name == "best" and len(checkpoint["weights"]) == 3


def test_a_run_in_the_same_folder_is_refused(tmp_path):
    (tmp_path / "run").mkdir()
    with pytest.raises(InputError, match="another process is training in"):
        lock = writing.lock(tmp_path / "run")
        try:
            run(tmp_path / "run")
        finally:
            os.close(lock)


def test_leftovers_of_dead_processes_only_are_removed(tmp_path):
    (tmp_path / ".incomplete-dead" / "variables").mkdir(parents=True)
    (tmp_path / ".incomplete-file").touch()
    (tmp_path / "1").mkdir()
    with writing.incomplete_folder(tmp_path) as alive:
        writing.remove_leftovers(tmp_path)
        assert {path.name for path in tmp_path.iterdir()} == {"1", alive.name}
    assert [path.name for path in tmp_path.iterdir()] == ["1"]
