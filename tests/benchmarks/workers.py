"""What sharing batches costs, and a model of the speed-up of several workers from it.

    python -m tests.benchmarks.workers                  # a classifier of 64 units, batches of 64 texts of 40 words
    python -m tests.benchmarks.workers --bandwidth 1.25e9 --latency 5e-5      # of the network, for the model

1. Seconds a step of Keras's own steps, and of shared steps whose sums are not sent anywhere; in turn, medians.
2. Seconds a step for smaller shares of the batch, from which comes the part that does not shrink.
3. Seconds of a reduction between two processes on this machine, by size.
4. The model of nlpseq/training/README.md. It is a model: machines other than this one were not measured.
"""

import argparse
import os
import subprocess
import sys
import time

import numpy as np

from nlpseq.cli.launch import environments
from tests.benchmarks.timing import alternate

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)  # floats
ROUNDS = 20
WORKERS = (2, 4, 8, 16, 32, 64)
WORDS, LENGTH = 20_000, 40


class Unsent:
    """The sums of one worker, which nothing is added to."""

    def add(self, tensors):
        return list(tensors)


def task_of(units):
    from nlpseq.tasks import TextClassifier
    from nlpseq.text import Vocabulary, WordPreprocessor, WordTokenizer

    vocabulary = Vocabulary([f"w{number}" for number in range(WORDS)])
    task = TextClassifier(WordPreprocessor(WordTokenizer(), vocabulary), ["a", "b"], units=units, embedding_size=64)
    rng = np.random.default_rng(0)

    def batch(size):
        import tensorflow as tf

        return tf.constant(rng.integers(2, WORDS, (size, LENGTH, 1)), tf.int32), tf.constant(rng.integers(0, 2, size))

    return task, batch


def step_of(task, batch, shared=False):
    """A function that takes a training step."""
    import tensorflow as tf

    from nlpseq.training.optimizers import optimizer
    from nlpseq.training.settings import TrainingSettings
    from nlpseq.training.shared_steps import SharedSteps

    task.compile(optimizer(TrainingSettings(), 10_000))
    function = SharedSteps(task, Unsent()).train_step if shared else task.train_step  # pyright: ignore
    step = tf.function(lambda: function(batch), autograph=False)
    return lambda: step()["loss"].numpy()


def reductions():
    """In a worker: prints the seconds of a reduction by size."""
    from nlpseq.training import workers

    team = workers.join()
    import tensorflow as tf

    for size in SIZES:
        values = tf.ones([size])
        add = tf.function(lambda values=values: team.add([values])[0])  # pyright: ignore
        add()
        begin, count = time.perf_counter(), 5
        for _ in range(count):
            add().numpy()
        if team.is_chief:
            print(f"reduction {size} {(time.perf_counter() - begin) / count:.6f}", flush=True)


def measured_reductions():
    command = [sys.executable, "-m", "tests.benchmarks.workers", "--child"]
    processes = [
        subprocess.Popen(command, env={**env, "TF_CPP_MIN_LOG_LEVEL": "3"}, stdout=subprocess.PIPE, text=True)
        for env in environments(2, 1)
    ]
    output, *_ = [process.communicate(timeout=300)[0] for process in processes]
    return [(int(line.split()[1]), float(line.split()[2])) for line in output.splitlines() if "reduction" in line]


def main():
    parser = argparse.ArgumentParser("python -m tests.benchmarks.workers", description=__doc__.partition("\n")[0])
    parser.add_argument("--units", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--bandwidth", type=float, default=1.25e9, help="bytes a second between machines")
    parser.add_argument("--latency", type=float, default=5e-5, help="seconds of a message between machines")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        reductions()
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    plain, batch = task_of(chosen.units)
    other, _ = task_of(chosen.units)
    data = batch(chosen.batch_size)
    times = alternate({"keras": step_of(plain, data), "shared": step_of(other, data, shared=True)}, ROUNDS)
    whole, shared = np.median(times["keras"]), np.median(times["shared"])
    ratio = np.median(times["shared"] / times["keras"])
    print(f"step of Keras {1e3 * whole:.2f} ms, shared step {1e3 * shared:.2f} ms: {ratio:.3f}", flush=True)
    sizes = [max(1, chosen.batch_size // divisor) for divisor in (2, 4, 8)]
    times = alternate({size: step_of(plain, batch(size)) for size in sizes}, ROUNDS // 2)
    parts = [np.median(times[size]) for size in sizes]
    for size, part in zip(sizes, parts):
        print(f"{size} of {chosen.batch_size} examples: {1e3 * part:.2f} ms")
    share = sizes[-1] / chosen.batch_size
    fixed = max(0.0, (parts[-1] - share * whole) / (1 - share))
    print(f"does not shrink: {1e3 * fixed:.2f} ms of {1e3 * whole:.2f} ms")
    for size, seconds in measured_reductions():
        print(f"reduction of {4 * size / 2**20:.2f} MB between two processes here: {1e3 * seconds:.2f} ms")
    sparse = {id(embedding.embeddings) for embedding in plain.embeddings}
    dense = 4 * sum(int(weight.value.shape.num_elements()) for weight in plain.weights if id(weight) not in sparse)
    print(f"dense gradients: {dense / 2**20:.2f} MB; model for {chosen.bandwidth:.3g} B/s, {chosen.latency:.3g} s:")
    for count in WORKERS:
        ring = 2 * (count - 1)
        step = fixed + (whole - fixed) / count + ring / count * dense / chosen.bandwidth + ring * chosen.latency
        print(f"  {count:2} workers: {whole / step:5.2f} times as fast (model)")


if __name__ == "__main__":
    main()
