"""Micro-batching: requests that wait for a thread are computed together."""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]
Axis = tuple[str, int]  # of the output of a name


@dataclass
class _Waiting:
    """A request that waits."""

    inputs: Arrays
    rows: int
    key: tuple
    answer: asyncio.Future


class Batcher:
    """Runs a function from arrays to arrays, `(batch, ...)` each, on the rows of several requests together.

    A request that finds a free thread is computed at once, or after `wait_seconds`. Those that arrive
    meanwhile wait, and are computed together as soon as a thread is free: the busier the server, the
    larger the batches. Requests share a batch if their inputs have the same shapes but for the first axis,
    and their texts about the same length, because a batch takes as long as its longest text.

    Args:
        run: The function.
        axes: The axes of each output whose size depends on the rows of the batch, as of `without_padding`.
        pool: The threads.
        threads: Maximum number of batches at a time.
        most_rows: Maximum number of rows of a batch of several requests.
        wait_seconds: Time that a request waits for others. Default 0.
        observe: Called with the number of requests and of rows of each batch. Default None.
    """

    def __init__(
        self,
        run: Callable[[Arrays], Arrays],
        axes: Mapping[str, Sequence[int]],
        pool: Executor,
        threads: int,
        most_rows: int,
        wait_seconds: float = 0.0,
        observe: Callable[[int, int], None] | None = None,
    ):
        self.run, self.axes, self.pool, self.threads = run, axes, pool, threads
        self.most_rows, self.wait_seconds, self.observe = most_rows, wait_seconds, observe
        self.apart: frozenset[frozenset[Axis]] = frozenset()
        self.waiting: deque[_Waiting] = deque()
        self.running = 0  # workers that look for requests, or compute
        self.tasks: set[asyncio.Task] = set()  # theirs, which nothing else refers to

    async def __call__(self, inputs: Arrays) -> Arrays:
        """The outputs for the inputs of a request; an error of the function is raised."""
        rows = next(iter(inputs.values())).shape[0]
        answer = asyncio.get_running_loop().create_future()
        self.waiting.append(_Waiting(inputs, rows, _key(inputs), answer))
        if self.running < self.threads:
            self.running += 1
            worker = asyncio.ensure_future(self._work())
            self.tasks.add(worker)
            worker.add_done_callback(self.tasks.discard)
        return await answer

    async def _work(self):
        """Computes batches until no request waits."""
        try:
            if self.wait_seconds:
                await asyncio.sleep(self.wait_seconds)
            while batch := self._take():
                await self._answer(batch)
        finally:
            self.running -= 1  # at once: a request that arrives now needs another worker

    def _take(self) -> list[_Waiting]:
        """The first request that waits, and others that fit."""
        batch, others, rows = [], deque(), 0
        while self.waiting:
            request = self.waiting.popleft()
            if request.answer.done():  # its time is over, or its client has gone
                continue
            if batch and (request.key != batch[0].key or rows + request.rows > self.most_rows):
                others.append(request)
                continue
            batch.append(request)
            rows += request.rows
            if rows >= self.most_rows:
                break
        self.waiting.extendleft(reversed(others))
        return batch

    async def _answer(self, batch):
        if self.observe is not None:
            self.observe(len(batch), sum(request.rows for request in batch))
        try:
            answers = await asyncio.get_running_loop().run_in_executor(self.pool, self._compute, batch)
        except Exception as error:
            if len(batch) > 1:  # one of them is the reason: each by itself
                for request in batch:
                    await self._answer([request])
            elif not batch[0].answer.done():
                batch[0].answer.set_exception(error)
            return
        for request, answer in zip(batch, answers):
            if not request.answer.done():
                request.answer.set_result(answer)

    def _compute(self, batch: list[_Waiting]) -> list[Arrays]:
        """The outputs for each request of a batch."""
        names = batch[0].inputs
        outputs = self.run({name: np.concatenate([request.inputs[name] for request in batch]) for name in names})
        self.learn(outputs)
        if len(batch) == 1:
            return [outputs]
        ends = np.cumsum([request.rows for request in batch])
        parts = [slice(end - request.rows, end) for request, end in zip(batch, ends)]
        return [
            without_padding({name: outputs[name][part] for name in outputs}, self.axes, self.apart) for part in parts
        ]

    def learn(self, outputs: Arrays) -> None:
        """Remembers which axes of outputs have different sizes: others may have the same ones by chance."""
        for pair in itertools.combinations(_sizes(outputs, self.axes).items(), 2):
            (one, size), (other, other_size) = pair
            if size != other_size and frozenset((one, other)) not in self.apart:
                self.apart = self.apart | {frozenset((one, other))}


def without_padding(
    outputs: Arrays, axes: Mapping[str, Sequence[int]], apart: Collection[frozenset[Axis]] = ()
) -> Arrays:
    """Outputs of some rows of a batch, cut to the longest of these rows.

    Behind the longest row all outputs of an axis are padding: "", 0 or False. Axes are the same if they have the
    same size, unless it is known that they have it by chance. An axis that no string has is not cut.

    Args:
        outputs: Arrays `(batch, ...)`.
        axes: The axes of each output whose size depends on the rows.
        apart: Pairs of axes, `(name, axis)` each, that have had different sizes. Default none.

    >>> part = {"tokens": np.array([["a", "b", ""]], object), "scores": np.array([[1.0, 0.0, 0.0]])}
    >>> {name: output.tolist() for name, output in without_padding(part, {"tokens": [1], "scores": [1]}).items()}
    {'tokens': [['a', 'b']], 'scores': [[1.0, 0.0]]}
    """
    sizes = _sizes(outputs, axes)
    used = {key: _used(outputs[key[0]], key[1]) for key in sizes}
    for key, size in sizes.items():
        same = [other for other in sizes if sizes[other] == size and frozenset((key, other)) not in apart]
        if any(outputs[name].dtype == object for name, _ in same):
            name, axis = key
            length = slice(max(used[other] for other in same))
            outputs = {**outputs, name: outputs[name][(slice(None),) * axis + (length,)]}
    return outputs


def _sizes(outputs, axes):
    return {(name, axis): outputs[name].shape[axis] for name in axes for axis in axes[name]}


def _used(output, axis):
    """The size of an axis without padding at its end."""
    used = np.flatnonzero(np.moveaxis(output, axis, 0).astype(bool).reshape(output.shape[axis], -1).any(axis=1))
    return 1 + int(used[-1]) if len(used) else 0


def _key(inputs: Arrays) -> tuple[Any, ...]:
    """Equal for requests that may share a batch."""
    shapes = tuple(array.shape[1:] for array in inputs.values())
    longest = max((len(text) for array in inputs.values() if array.dtype == object for text in array.flat), default=0)
    return *shapes, max(longest, 255).bit_length() // 2  # lengths below 256, 1,024, 4,096 ...
