"""The workers of a training: one process, or several that share each batch and add their gradients."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow as tf

from nlpseq.data.batching import ready
from nlpseq.errors import InputError, TrainingError
from nlpseq.training.clusters import resolver_of

SEED, SHIFT = "seed_generator_state", 1_000_003  # Keras's name for the states of its random generators
PATIENCE = 600.0  # seconds in which all workers must come
LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.InternalError,
)  # what a reduction raises when a worker has gone


class Done(BaseException):
    """The training has ended, and this worker has no more to do: the chief evaluates and exports."""


class LostWorker(TrainingError):
    """Another worker of the training ended, or cannot be reached."""


class OneWorker:
    """A training in one process.

    Attributes:
        rank: Number of this worker, from 0; 0 is the chief, which writes checkpoints, pictures and the export.
        count: Number of workers.
    """

    rank, count = 0, 1

    @property
    def is_chief(self) -> bool:
        """Whether this worker writes."""
        return self.rank == 0

    def share(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        """What this worker reads of each batch."""
        return batches

    def of_chief(self, value: float) -> float:
        """The value that the chief gives, as float32; all workers call it, in the same order."""
        return value

    def check_equal(self, digests: Mapping[str, str]) -> None:
        """Raises an `InputError` if hexadecimal digests differ between the workers, which must start alike."""

    def shift_seeds(self, model: Any, sign: int = 1) -> None:
        """Gives the dropout of each worker a seed of its own; the sign -1 takes it back."""

    @contextlib.contextmanager
    def connected(self) -> Iterator[None]:
        """In the block the loss of another worker raises `LostWorker`."""
        yield


class Cluster(OneWorker):
    """A training in several processes, connected by `tf.distribute.MultiWorkerMirroredStrategy`.

    TensorFlow connects the workers, adds tensors over them, and notices when one is lost. Each has a model of
    its own; the models are equal, since they start from the same seed and see the same sums.

    Args:
        resolver: `tf.distribute.cluster_resolver.ClusterResolver`, which names all workers and this one.
    """

    def __init__(self, resolver: Any):
        spec = resolver.cluster_spec().as_dict()
        self.count = sum(len(spec.get(job, ())) for job in ("chief", "worker"))
        self.rank = resolver.task_id + (len(spec.get("chief", ())) if resolver.task_type == "worker" else 0)
        ring = tf.distribute.experimental.CommunicationImplementation.RING
        options = tf.distribute.experimental.CommunicationOptions(implementation=ring)
        self.strategy = tf.distribute.MultiWorkerMirroredStrategy(resolver, options)

    def share(self, batches):
        """Every `count`-th example of each batch; some of the last batch may have none."""

        def rows(value):
            return value[self.rank :: self.count] if value.shape.rank != 0 else value

        return ready(batches.map(lambda *batch: tf.nest.map_structure(rows, batch)), len(batches))

    def add(self, tensors: list) -> list:
        """The sums of tensors over the workers; `tf.IndexedSlices` are gathered, and stay sparse.

        Dense tensors of one type travel as one vector.
        """
        if not tensors:
            return []
        vectors, sums = {}, list(tensors)
        for place, tensor in enumerate(tensors):
            if not isinstance(tensor, tf.IndexedSlices):
                vectors.setdefault(tensor.dtype, []).append(place)
        parts = [tf.concat([tf.reshape(tensors[place], [-1]) for place in places], 0) for places in vectors.values()]
        sparse = [place for place, tensor in enumerate(tensors) if isinstance(tensor, tf.IndexedSlices)]
        reduced = self._all_reduce([*parts, *(tensors[place] for place in sparse)])
        for places, vector in zip(vectors.values(), reduced):
            sizes = [tf.size(tensors[place]) for place in places]
            for place, part in zip(places, tf.split(vector, sizes, num=len(sizes))):
                sums[place] = tf.reshape(part, tf.shape(tensors[place]))
                sums[place].set_shape(tensors[place].shape)
        for place, slices in zip(sparse, reduced[len(parts) :]):
            sums[place] = slices
        return sums

    def _all_reduce(self, tensors):
        def add(*tensors):
            context = tf.distribute.get_replica_context()
            return context.all_reduce(tf.distribute.ReduceOp.SUM, list(tensors))

        (device,) = self.strategy.extended.worker_devices
        with tf.device(device):  # TensorFlow gathers slices to the device on which they are
            placed = tf.nest.map_structure(tf.identity, tuple(tensors), expand_composites=True)
            return list(self.strategy.run(add, placed))

    def of_chief(self, value):
        (value,) = self.add([tf.constant(value if self.is_chief else 0.0, tf.float32)])
        return float(value)

    def check_equal(self, digests):
        for part, digest in digests.items():
            value = float(int(digest[:5], 16))  # exact in float32
            with self.connected():
                (different,) = self.add([tf.constant(float(self.of_chief(value) != value))])
            if different:
                raise InputError(
                    f"{int(different)} of {self.count} workers differ from the chief in their {part}: start all with "
                    "the same command, on files that all can read."
                )

    def shift_seeds(self, model, sign=1):
        for variable in model.non_trainable_variables:
            if variable.name == SEED:
                value = tf.convert_to_tensor(variable)
                shift = tf.cast([self.rank * SHIFT, 0], value.dtype)
                variable.assign(value + shift if sign > 0 else value - shift)

    @contextlib.contextmanager
    def connected(self):
        try:
            yield
        except LOST as error:
            if "ollective" not in str(error):  # what adds over the workers
                raise
            raise LostWorker(
                "another worker of this training ended or cannot be reached: run the same command again on all "
                "workers, of this number or another, to continue from the last checkpoint."
            ) from None


_joined: OneWorker = OneWorker()  # with whom TensorFlow connected this process, until it ends
_current: OneWorker = _joined


def current() -> OneWorker:
    """The workers that this process is one of."""
    return _current


def dismiss() -> None:
    """The training has ended, and with it all workers but this one, the chief: what it trains now it trains alone."""
    global _current
    _current = OneWorker()


def join(environment: Mapping[str, str] = os.environ) -> OneWorker:
    """Connects this process with the other workers that the environment names, if it names any; waits for them.

    It must be called before TensorFlow runs any operation. What other workers than the chief print to standard
    output is dropped.

    Args:
        environment: `TF_CONFIG`, as TensorFlow defines it; or the variables of a Slurm step with several tasks;
            or `NLPSEQ_KUBERNETES`, the label selector of the pods.

    Raises:
        InputError: The environment is wrong, or a worker does not come.
    """
    global _joined, _current
    resolver = resolver_of(environment)
    if resolver is None or isinstance(_joined, Cluster):
        return _joined
    watch = threading.Timer(PATIENCE, _give_up)
    watch.daemon = True
    watch.start()
    try:
        _joined = _current = Cluster(resolver)
    except (RuntimeError, tf.errors.OpError, ValueError) as error:
        raise InputError(f"the workers cannot be connected: {str(error).strip().splitlines()[0]}") from None
    finally:
        watch.cancel()
    if not _joined.is_chief:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    return _joined


def _give_up():
    print(
        f"stopped: after {PATIENCE / 60:.0f} minutes not all workers have come: start the same command on all.",
        file=sys.__stderr__,
        flush=True,
    )
    os._exit(1)  # TensorFlow waits without end, and is not interrupted


def leave(status: int) -> None:
    """Ends a process that failed as one of several workers: TensorFlow would wait for those that are gone."""
    if _joined.count > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
