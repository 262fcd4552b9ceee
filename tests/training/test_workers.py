"""Several workers train as one: the same sums, the same order of global batches, the same weights."""

import itertools
import json
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from nlpseq import training
from nlpseq.cli import launch
from nlpseq.errors import InputError, Interrupted
from nlpseq.training import clusters, workers
from nlpseq.training.shared_steps import shared_steps
from tests.training import worker_runs


class Pretended(workers.Cluster):
    """A worker of several in one process: it holds what the others would add."""

    def __init__(self, rank, count, others=None):
        self.rank, self.count, self.others = rank, count, others or {}

    def add(self, tensors):
        return self.others["add"](tensors)


def rows_of(dataset):
    return [batch.tolist() for (batch,) in dataset.as_numpy_iterator()]


@pytest.mark.parametrize("count", [1, 2, 4])
def test_workers_share_each_batch_and_have_every_example_once(count):
    batches = tf.data.Dataset.from_tensor_slices((np.arange(11),)).batch(3)
    shares = [rows_of(Pretended(rank, count).share(batches)) for rank in range(count)]
    assert [sorted(itertools.chain(*parts)) for parts in zip(*shares)] == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10]]
    assert len(Pretended(0, count).share(batches)) == 4


def model_of(units=3):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units)])
    model.compile(
        keras.optimizers.SGD(0.1, global_clipnorm=0.1),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        run_eagerly=True,
    )
    return model


def numbers(logs):
    return {name: float(value) for name, value in logs.items()}


@pytest.mark.parametrize("sizes", [(3, 3), (4, 1), (5, 0)])
def test_a_shared_step_is_that_of_the_whole_batch(sizes, monkeypatch):
    """Shares of any sizes, one of them empty; clipping is active."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(sum(sizes), 4)).astype("float32"), rng.integers(0, 3, sum(sizes))
    parts = np.split(np.arange(len(y)), [sizes[0]])
    whole = model_of()
    expected = whole.train_on_batch(x, y, return_dict=True)
    inputs = []
    monkeypatch.setattr(
        workers, "_current", Pretended(1, 2, {"add": lambda tensors: inputs.append(tensors) or tensors})
    )
    other = model_of()
    with shared_steps(other):
        other.train_step((tf.constant(x[parts[1]]), tf.constant(y[parts[1]])))

    def sums(tensors):
        return [one + two for one, two in zip(tensors, inputs.pop(0))]

    monkeypatch.setattr(workers, "_current", Pretended(0, 2, {"add": sums}))
    model = model_of()
    with shared_steps(model):
        logs = model.train_step((tf.constant(x[parts[0]]), tf.constant(y[parts[0]])))
    for one, two in zip(whole.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-6, atol=1e-7)
    assert numbers(logs) == pytest.approx(numbers(expected), rel=1e-6)
    assert "train_step" not in vars(model)


@pytest.mark.parametrize("rank, asks", [(0, True), (1, True), (0, False), (1, False)])
def test_all_workers_stop_at_the_step_at_which_one_was_asked(rank, asks, tmp_path, monkeypatch):
    """The other worker is asked during the second step, or this one; the chief writes a checkpoint."""
    steps = itertools.count(1)

    def add(tensors):
        if tensors and tensors[-1].shape == (4,):  # the losses
            other = float(next(steps) == 2 and not asks)
            return [*tensors[:-1], tensors[-1] + [0.0, 0.0, 0.0, other]]
        return tensors

    monkeypatch.setattr(workers, "_current", Pretended(rank, 2, {"add": add}))
    model, checkpoints = model_of(), training.Checkpoints(tmp_path)
    batches = tf.data.Dataset.from_tensors((np.ones((2, 4), "float32"), np.ones(2, "int32"))).repeat(5)
    with shared_steps(model) as checkpoints.shared, checkpoints.signals() as _:
        request = keras.callbacks.LambdaCallback(
            on_train_batch_begin=lambda batch, logs: checkpoints._requests.extend([15] if batch == 1 and asks else [])
        )
        with pytest.raises(Interrupted, match="batch [23] of 5"):
            model.fit(checkpoints.remaining(batches), steps_per_epoch=5, callbacks=[checkpoints, request], verbose=0)
    assert len(list(tmp_path.glob("step-*"))) == (rank == 0)


def test_the_chief_is_alone_after_the_training(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "_current", Pretended(0, 2))
    checkpoints = training.Checkpoints(tmp_path / "run")
    checkpoints.set_model(model_of())
    for part, count in ((checkpoints.part("one"), 2), (checkpoints, 1)):
        part.set_model(model_of())
        part.finish(history={}, seconds=1.0)
        assert workers.current().count == count
    monkeypatch.setattr(workers, "_current", Pretended(1, 2))
    with pytest.raises(workers.Done):
        training.Checkpoints(tmp_path / "other").finish(history={}, seconds=1.0)


def test_each_worker_drops_out_for_itself():
    layer = keras.layers.Dropout(0.5, seed=7)
    model = keras.Sequential([keras.Input((50,)), layer])
    seed = np.array(layer.seed_generator.state)
    Pretended(3, 4).shift_seeds(model)
    assert not np.array_equal(np.array(layer.seed_generator.state), seed)
    Pretended(3, 4).shift_seeds(model, -1)
    np.testing.assert_array_equal(np.array(layer.seed_generator.state), seed)


def test_what_the_environment_names():
    assert clusters.resolver_of({}) is None
    assert clusters.resolver_of({"SLURM_STEP_NUM_TASKS": "1"}) is None
    job = '{{"cluster": {{"worker": ["a:1", "b:1"]}}, "task": {{"type": "worker", "index": {}}}}}'
    assert clusters._is_config(job.format(1))
    wrong = ('{"cluster": {"ps": ["a:1"]}, "task": {"type": "ps", "index": 0}}', job.format(2), job.format(-1))
    for text in ("{", "[]", '{"cluster": {}}', *wrong):
        with pytest.raises(InputError, match="TF_CONFIG must be JSON such as"):
            clusters.resolver_of({"TF_CONFIG": text})
    with pytest.raises(InputError, match="SLURM_STEP_NUM_TASKS must be a number, got 'two'"):
        clusters.resolver_of({"SLURM_STEP_NUM_TASKS": "two"})


def test_slurm_and_kubernetes(monkeypatch):
    step = {"SLURM_STEP_NUM_TASKS": "3", "SLURM_STEP_NODELIST": "n[1-3]", "SLURM_STEP_TASKS_PER_NODE": "1(x3)"}
    for name, value in {**step, "SLURM_PROCID": "1"}.items():
        monkeypatch.setenv(name, value)
    resolver = clusters.resolver_of(step)
    assert resolver.cluster_spec().as_dict() == {"worker": ["n1:8888", "n2:8888", "n3:8888"]}
    assert (resolver.task_type, resolver.task_id) == ("worker", 1)
    pods = types.SimpleNamespace(
        list_pod_for_all_namespaces=lambda label_selector: types.SimpleNamespace(
            items=[
                types.SimpleNamespace(
                    metadata=types.SimpleNamespace(name=ip),
                    status=types.SimpleNamespace(phase="Running", pod_ip=ip, host_ip=ip),
                )
                for ip in ("10.0.0.9", "10.0.0.7")
            ]
        )
    )
    monkeypatch.setattr("socket.gethostbyname", lambda name: "10.0.0.9")
    resolver = clusters.of_kubernetes("job-name=train", pods)
    assert resolver.cluster_spec().as_dict() == {"worker": ["10.0.0.7:2222", "10.0.0.9:2222"]}
    assert resolver.task_id == 1


def test_launched_workers_know_one_another():
    configs = [json.loads(env["TF_CONFIG"]) for env in launch.environments(3, 1)]
    assert [config["task"]["index"] for config in configs] == [0, 1, 2]
    assert len(set(configs[0]["cluster"]["worker"])) == 3 and configs[0]["cluster"] == configs[2]["cluster"]
    assert "TF_CONFIG" not in launch.environments(1, 1)[0]


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 4])
def test_weights_equal_those_of_one_worker(count, tmp_path):
    for number in (1, count):
        worker_runs.run(tmp_path, number)
    for path in sorted(tmp_path.glob("*-1.npz")):
        name = path.stem.rpartition("-")[0]
        assert worker_runs.difference(path, tmp_path / f"{name}-{count}.npz") < 1e-6, name
