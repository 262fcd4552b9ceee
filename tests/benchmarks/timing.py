"""Timings that can be compared: the candidates take turns, and ratios are taken pair by pair."""

import functools
import math
import time

import numpy as np

SHORTEST = 0.02  # seconds: a quicker candidate is called several times in its turn
PAUSE = 0.02  # seconds between turns, in which the threads of one library go to sleep


def alternate(candidates, rounds):
    """Runs every candidate once a round.

    Args:
        candidates: dict of functions without arguments, by name; each returns
            when its work is done.
        rounds: number of rounds that count; two more come before them.

    Returns:
        Dict of seconds a call, an array of `rounds`, by name.
    """
    calls = {name: _calls_a_turn(function) for name, function in candidates.items()}
    seconds = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, function in candidates.items():
            time.sleep(PAUSE)
            start = time.perf_counter()
            for _ in range(calls[name]):
                function()
            seconds[name].append((time.perf_counter() - start) / calls[name])
    return {name: np.array(values) for name, values in seconds.items()}


def _calls_a_turn(function):
    function()  # traces and compiles
    return max(1, math.ceil(SHORTEST / once(function)))


def once(function):
    """Seconds of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def turns(batches, steps, shape=lambda inputs, targets: inputs.shape):
    """Runs every step on each batch in turn; what a new shape compiles is not counted.

    Args:
        batches: list of `(inputs, targets)` arrays.
        steps: dict of functions of a batch, by name.
        shape: what of a batch decides whether it compiles.

    Returns:
        Dict of seconds a step, an array, by name.
    """
    seconds, warm = {name: [] for name in steps}, set()
    for batch in batches:
        for name, step in steps.items():
            if shape(*batch) not in warm:
                step(*batch)
            seconds[name].append(once(functools.partial(step, *batch)))
        warm.add(shape(*batch))
    return {name: np.array(values) for name, values in seconds.items()}


def print_steps(title, seconds):
    """Prints the median step and the time of all of each candidate."""
    rows = [[name, milliseconds(values), f"{values.sum():.1f}"] for name, values in seconds.items()]
    print_table(title, ["", "median ms a step", "seconds in all"], rows)


def milliseconds(seconds):
    """The median, as text."""
    return f"{1e3 * np.median(seconds):.3g}"


def faster(seconds, rivals):
    """The name of the fastest of `rivals` that were timed."""
    return min((name for name in rivals if name in seconds), key=lambda name: np.median(seconds[name]))


def ratio(theirs, ours):
    """How many times faster ours is: the median of the ratios of each round."""
    return float(np.median(theirs / ours))


def product_rate():
    """Floating-point operations a second of a large float32 matrix product in TensorFlow."""
    import tensorflow as tf

    size = 2048
    matrix = tf.random.normal((size, size))
    product = tf.function(lambda: tf.reduce_sum(tf.matmul(matrix, matrix)))
    return 2 * size**3 / np.min(alternate({"product": product}, rounds=7)["product"])


def print_table(title, header, rows):
    """Prints a table in Markdown."""
    print(f"\n**{title}**\n")
    for row in [header, ["---"] * len(header), *rows]:
        print("| " + " | ".join(map(str, row)) + " |")
