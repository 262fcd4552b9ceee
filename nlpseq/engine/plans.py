"""Divides a batch of any size and sequences of any length into tiles of few shapes.

    rows of a batch    ->  blocks of R rows        time  ->  tiles of L steps

The capacity (R, L) depends on the number of rows alone, so that the same batch always gives the same
numbers, whatever was run before it.
"""

from typing import Any

import tensorflow as tf

from nlpseq.engine.layout import swap, transpose
from nlpseq.engine.tensor_lists import is_one

# Capacities (rows, steps). Blocks run at the same time on several cores, which outweighs the higher rate of a
# product of more than 32 rows; one row is a product with a vector.
CAPACITIES = ((1, 64), (8, 64), (16, 32), (32, 32))


def capacity(batch: Any) -> tuple[Any, Any]:
    """`(rows, steps)` of the tiles of a batch: of half as many rows again, in two blocks, less is padded."""
    if isinstance(batch, int):
        return next((c for c in CAPACITIES if 2 * batch <= 3 * c[0]), CAPACITIES[-1])
    rows, steps = CAPACITIES[-1]
    for limit, length in reversed(CAPACITIES[:-1]):
        rows, steps = (tf.where(2 * batch <= 3 * limit, new, old) for new, old in ((limit, rows), (length, steps)))
    return rows, steps


class Plan:
    """How a run is divided. All sizes are numbers if batch and time are known, else tensors.

    With a mask, rows are ordered by length where the blocks then run at least a tenth fewer steps.

    Args:
        sequence: `(batch, time, ...)`, or with `axis` 0 `(time, batch, ...)`.
        axis: the axis of time.
        mask: the real steps, `(batch, time)` or `(time, batch)`.
        rows_and_steps: the capacity; by default that of the batch.

    Attributes:
        rows, steps: the capacity.
        blocks, width: number of blocks and of rows in each.
        tiles, length: number of tiles and of steps in each.
        ends: the number of steps that each block runs, `(blocks,)`.
    """

    def __init__(
        self,
        sequence: tf.Tensor,
        axis: int,
        mask: tf.Tensor | None = None,
        rows_and_steps: tuple[int, int] | None = None,
    ) -> None:
        shape = sequence.shape[:2] if sequence.shape[:2].is_fully_defined() else tf.shape(sequence)
        self.axis, self.batch, self.time = axis, shape[1 - axis], shape[axis]
        self.rows, self.steps = rows_and_steps or capacity(self.batch)
        self.blocks = -(-self.batch // self.rows)
        self.width = -(-self.batch // _at_least_one(self.blocks))
        self.tiles = -(-self.time // self.steps)
        self.length = -(-self.time // _at_least_one(self.tiles))
        self.by_length = self.real = self.ends = None
        if mask is not None:
            lengths = self._lengths(mask)
            self.by_length = None if is_one(self.blocks) else self._by_length(lengths)
            self.real, self.ends = self.by_blocks(mask), self._ends(self._ordered(lengths))

    def _lengths(self, mask):
        """The number of steps up to the last real one of each row, `(batch,)`."""
        numbers = tf.range(1, self.time + 1)
        return tf.maximum(tf.reduce_max(tf.where(mask if self.axis == 1 else swap(mask), numbers, 0), axis=1), 0)

    def _by_length(self, lengths):
        """Whether rows are ordered by length, because blocks then run a tenth fewer steps, and their order."""
        order = tf.argsort(lengths, direction="DESCENDING", stable=True)
        steps, ordered_steps = (tf.reduce_sum(self._ends(rows)) for rows in (lengths, tf.gather(lengths, order)))
        return 10 * ordered_steps <= 9 * steps, order

    def _ends(self, lengths):
        """The steps that the blocks of rows of these lengths run."""
        lengths = pad_end(lengths, self.blocks * self.width - self.batch)
        return tf.reduce_max(tf.reshape(lengths, [self.blocks, self.width]), axis=1)

    # Division

    def by_blocks(self, sequence):
        """A sequence as the steps of one block after the other, `(blocks * tiles * length, width, ...)`.

        A tile of it is a run of rows in memory, which TensorFlow takes without a copy.
        """
        if sequence is None:
            return None
        sequence = self._ordered(sequence, 1 - self.axis)
        time, others = self.tiles * self.length, sequence.shape[2:]
        extra = time - self.time, self.blocks * self.width - self.batch
        if self.axis == 1:
            sequence = tf.reshape(pad_end(sequence, *extra[::-1]), [self.blocks, self.width, time, *others])
            sequence = transpose(sequence, 0, 2, 1)
        else:
            sequence = tf.reshape(pad_end(sequence, *extra), [time, self.blocks, self.width, *others])
            sequence = sequence if is_one(self.blocks) else transpose(sequence, 1, 0)
        return tf.reshape(sequence, [self.blocks * time, self.width, *others])

    def by_rows(self, values):
        """Values `(batch, ...)`, or a list of them or None, padded to whole blocks."""
        extra = self.blocks * self.width - self.batch

        def padded(value):
            return None if value is None else pad_end(self._ordered(value), extra)

        return tf.nest.map_structure(padded, values)

    def _ordered(self, values, axis=0, back=False):
        """Values in the order of the rows in the blocks, or `back` in that of the batch."""
        if self.by_length is None:
            return values
        is_ordered, order = self.by_length

        def gathered():
            rows = tf.math.invert_permutation(order) if back else order
            return tf.ensure_shape(tf.gather(values, rows, axis=axis), values.shape)

        return tf.cond(is_ordered, gathered, lambda: values)

    def block(self, values, number, padded=True):
        """The rows of a block, padded to the capacity or not, of what `by_rows` returned."""

        def cut(value):
            if value is None:
                return None
            rows = tf.slice(value, [number * self.width, 0], [self.width, value.shape[1]])
            return pad_end(rows, self.rows - self.width) if padded else rows

        return tf.nest.map_structure(cut, values)

    def tile(self, sequence, number, tile):
        """The steps that are run of a tile of a block, of what `by_blocks` returned."""
        others = sequence.shape[2:]
        start = (number * self.tiles + tile) * self.length
        size = [self._steps_run(number, tile), self.width, *others]
        return tf.slice(sequence, [start, *[0] * (1 + len(others))], size)

    def _steps_run(self, number, tile):
        return self.length if self.ends is None else self.count(number, tile)

    def pad(self, tile):
        """A tile padded to the capacity."""
        if tile is None:
            return None
        steps = tf.shape(tile)[0] if tile.shape[0] is None else tile.shape[0]
        return pad_end(tile, self.steps - steps, self.rows - self.width)

    def unpad(self, tile, start: Any = 0, run: tuple | None = None):
        """The steps of a padded tile from step `start`: all, or those that are run of tile `run`, `(number, tile)`."""
        others = tile.shape[2:]
        steps = self.length if run is None else self._steps_run(*run)
        return tf.slice(tile, [start, 0, *[0] * len(others)], [steps, self.width, *others])

    def fill(self, tile):
        """A tile of the steps that are run, with zeros for the others."""
        return tile if self.ends is None else pad_end(tile, self.length - tf.shape(tile)[0])

    # Assembly

    def join(self, tiles):
        """The sequence of tiles `(blocks * tiles, length, width, features)`, in the order of the run."""
        features = tiles.shape[-1]
        time, batch = self.tiles * self.length, self.blocks * self.width
        tiles = tf.reshape(tiles, [self.blocks, time, self.width, features])
        if self.axis == 0:
            sequence = tf.reshape(tf.transpose(tiles, (1, 0, 2, 3)), [time, batch, features])
            return self._ordered(sequence[: self.time, : self.batch], axis=1, back=True)
        sequence = tf.reshape(tf.transpose(tiles, (0, 2, 1, 3)), [batch, time, features])
        return self._ordered(sequence[: self.batch, : self.time], back=True)

    def join_rows(self, blocks):
        """The values of blocks `(blocks, rows, size)`, `(batch, size)`."""
        blocks = blocks[:, : self.width]
        rows = tf.reshape(blocks, [self.blocks * self.width, blocks.shape[-1]])[: self.batch]
        return self._ordered(rows, back=True)

    def after_end(self):
        """Whether a step is after the last that its block runs, `(batch, time, 1)`."""
        ends = self._ordered(tf.repeat(self.ends, self.width)[: self.batch], back=True)
        after = tf.range(self.time)[:, tf.newaxis] >= ends
        return (after if self.axis == 0 else swap(after))[..., tf.newaxis]

    def order(self, number, run_number, reverse):
        """The tile that is run as number `run_number` of a block."""
        if is_one(self.tiles):
            return 0
        last = self.runs(number) - 1
        return tf.where(tf.equal(reverse, 1), last - run_number, run_number)

    def runs(self, number):
        """How many tiles of a block are run."""
        if self.ends is None or is_one(self.tiles):
            return self.tiles
        return -(-self.ends[number] // _at_least_one(self.length))

    def count(self, number, tile):
        """How many steps of a tile are run."""
        if self.ends is None and is_one(self.tiles):
            return tf.convert_to_tensor(self.time)
        end = self.time if self.ends is None else self.ends[number]
        return tf.clip_by_value(end - tile * self.length, 0, self.length)

    @property
    def runs_all_steps(self):
        """Whether every block runs all steps, with a mask."""
        return tf.reduce_all(self.ends >= self.time)

    @property
    def is_one_tile(self):
        """Whether there is one tile of one block, and this is known."""
        return is_one(self.blocks) and is_one(self.tiles)

    def each_block(self, body, carry):
        """The carry after `carry = body(number, *carry)` for every block."""
        return _repeat(self.blocks, body, carry)

    def each_tile(self, number, body, carry):
        """The carry after `carry = body(run_number, *carry)` for every tile that a block runs."""
        return _repeat(self.runs(number), body, carry)


def _at_least_one(count):
    return max(count, 1) if isinstance(count, int) else tf.maximum(count, 1)


def _repeat(count, body, carry):
    if is_one(count):
        return body(0, *carry)
    return tf.while_loop(lambda n, *_: n < count, lambda n, *carry: (n + 1, *body(n, *carry)), (0, *carry))[1:]


def pad_end(values: tf.Tensor, *extra: Any) -> tf.Tensor:
    """Values with zeros or False added at the end of their first axes."""
    if all(isinstance(amount, int) and amount == 0 for amount in extra):
        return values
    return tf.pad(values, [*([0, amount] for amount in extra), *[[0, 0]] * (len(values.shape) - len(extra))])
