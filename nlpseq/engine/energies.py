"""The energies of additive attention and their gradients, in one compiled pass over pairs of steps.

    e_ts = v . tanh(q_t + k_s)                                  (Bahdanau et al. 2015, appendix A.1.2)

With h_ts = tanh(q_t + k_s) and the gradient de of a loss:

    dq_t = v * sum_s de_ts (1 - h_ts^2)      dk_s = v * sum_t de_ts (1 - h_ts^2)      dv = sum_ts de_ts h_ts

All h together, `(batch, steps, source, units)`, are larger than anything else in a translator. They are computed a few
keys at a time, and again for the gradients. XLA compiles a program for tiles of queries and keys, as for recurrences:
see `nlpseq.engine.plans`. If all h are few, TensorFlow's own operations take less time than the calls of that program.
"""

import tensorflow as tf

from nlpseq.engine.derivatives import custom_gradient, first_only
from nlpseq.engine.plans import Plan, pad_end
from nlpseq.engine.tensor_lists import Lists, is_one
from nlpseq.engine.tile_loops import read, write
from nlpseq.engine.tracing import Traced, specs_of

FEW = 2**21  # elements of h up to which nothing is divided
CAPACITY = (8, 32)  # rows and steps of a tile: what is read at a time fits a core's cache
KEYS = 4  # keys that are read at a time, which divides the steps of a tile


def additive_energies(queries: tf.Tensor, keys: tf.Tensor, vector: tf.Tensor) -> tf.Tensor:
    """e, `(batch, steps, source)`, with its gradients.

    Args:
        queries: q, float32 `(batch, steps, units)`.
        keys: k, float32 `(batch, source, units)`.
        vector: v, float32 `(units,)`.

    Raises:
        NotImplementedError: a second derivative is computed.

    Example:

    >>> e = additive_energies(tf.zeros((2, 3, 4)), tf.ones((2, 5, 4)), tf.ones(4))
    >>> tuple(e.shape), bool(tf.reduce_all(tf.abs(e - 4 * tf.tanh(1.0)) < 1e-5))
    ((2, 3, 5), True)
    """

    @custom_gradient
    def energies(*sources):
        arguments = [tf.stop_gradient(source) for source in sources]

        def gradient(d_energies):
            return _backward(*arguments, d_energies, specs=_specs)

        return _forward(*arguments, specs=_specs), first_only(
            gradient, sources, 'call nlpseq.engine.set_mode("portable")'
        )

    result = energies(queries, keys, vector)
    return tf.ensure_shape(result, [*queries.shape[:2], keys.shape[1]])


def _specs(queries, keys, vector, *gradients):
    return specs_of(queries, 2), specs_of(keys, 2), specs_of(vector, 0), *(specs_of(d, 3) for d in gradients)


def _energies(*sources):
    return _by_size(_few_energies, _tiled_energies, sources)


def _gradients(*sources):
    return _by_size(_few_gradients, _tiled_gradients, sources)


def _by_size(few, tiled, sources):
    """What `few` returns where h has few elements, else what `tiled` returns."""
    queries, keys = sources[:2]
    if queries.shape.is_fully_defined() and keys.shape[1] is not None:
        return (few if queries.shape.num_elements() * keys.shape[1] <= FEW else tiled)(*sources)
    elements = tf.size(queries, tf.int64) * tf.shape(keys, tf.int64)[1]
    return tf.cond(elements <= FEW, lambda: few(*sources), lambda: tiled(*sources))


# All at once


def _few_energies(queries, keys, vector):
    return tf.linalg.matvec(_hidden(queries, keys), vector)


def _few_gradients(queries, keys, vector, d_energies):
    h, d = _hidden(queries, keys), d_energies[..., tf.newaxis]
    d_sums = d * (1 - h * h) * vector
    return tf.reduce_sum(d_sums, axis=2), tf.reduce_sum(d_sums, axis=1), tf.reduce_sum(d * h, axis=[0, 1, 2])


def _hidden(queries, keys):
    return tf.tanh(queries[:, :, tf.newaxis] + keys[:, tf.newaxis])


# From tile to tile


def _tiled_energies(queries, keys, vector):
    to, of = Plan(queries, 1, None, CAPACITY), Plan(keys, 1, None, CAPACITY)
    queries, keys = to.by_blocks(queries), of.by_blocks(keys)
    energies = Lists.new([to.length, of.length, to.width], vector.dtype, to.blocks * to.tiles * of.tiles)

    def pair(number, i, j, energies):
        tiles = to.pad(to.tile(queries, number, i)), of.pad(of.tile(keys, number, j))
        tile = _compiled_energies(to.count(number, i), of.count(number, j), *tiles, vector, specs=_tile_specs)
        tile = tile[: to.length, : of.length, : to.width]
        return (Lists.write(energies, (number * to.tiles + i) * of.tiles + j, tile),)

    (energies,) = _each_pair(to, of, pair, (energies,))
    energies = Lists.stack(energies, [to.length, of.length, to.width], vector.dtype, [None] * 3)
    energies = tf.reshape(energies, [to.blocks, to.tiles, of.tiles, to.length, of.length, to.width])
    energies = tf.transpose(energies, [0, 5, 1, 3, 2, 4])
    energies = tf.reshape(energies, [to.blocks * to.width, to.tiles * to.length, of.tiles * of.length])
    return energies[: to.batch, : to.time, : of.time]


def _tiled_gradients(queries, keys, vector, d_energies):
    to, of, units = Plan(queries, 1, None, CAPACITY), Plan(keys, 1, None, CAPACITY), vector.shape[0]
    queries, keys = to.by_blocks(queries), of.by_blocks(keys)
    d_energies = _pair_tiles(to, of, d_energies)
    d_queries, d_keys = (_totals([plan.length, plan.width, units], plan.blocks * plan.tiles) for plan in (to, of))

    def pair(number, i, j, d_queries, d_keys, d_vector):
        tiles = to.pad(to.tile(queries, number, i)), of.pad(of.tile(keys, number, j))
        start = ((number * to.tiles + i) * of.tiles + j) * to.length
        d_tile = tf.slice(d_energies, [start, 0, 0], [to.length, of.length, to.width])
        d_tile = pad_end(d_tile, to.steps - to.length, of.steps - of.length, to.rows - to.width)
        counts = to.count(number, i), of.count(number, j)
        d_q, d_k, d_v = _compiled_gradients(*counts, *tiles, vector, d_tile, specs=_tile_specs)
        d_queries = _add(d_queries, number * to.tiles + i, to.unpad(d_q))
        return d_queries, _add(d_keys, number * of.tiles + j, of.unpad(d_k)), d_vector + d_v

    d_queries, d_keys, d_vector = _each_pair(to, of, pair, (d_queries, d_keys, tf.zeros_like(vector)))
    d_queries, d_keys = (
        plan.join(Lists.stack(total, [plan.length, plan.width, units], vector.dtype, [None, None, units]))
        for plan, total in ((to, d_queries), (of, d_keys))
    )
    return d_queries, d_keys, d_vector


_forward, _backward = Traced(_energies), Traced(_gradients)


def _each_pair(to, of, body, carry):
    """The carry after `carry = body(block, tile of queries, tile of keys, *carry)` for all of them."""

    def block(number, *carry):
        def row(i, *carry):
            return of.each_tile(number, lambda j, *carry: body(number, i, j, *carry), carry)

        return to.each_tile(number, row, carry)

    return to.each_block(block, carry)


def _pair_tiles(to, of, energies):
    """Energies `(batch, steps, source)` as one tile after the other, `(tiles * length, keys, rows)`."""
    extra = to.blocks * to.width - to.batch, to.tiles * to.length - to.time, of.tiles * of.length - of.time
    energies = pad_end(energies, *extra)
    energies = tf.reshape(energies, [to.blocks, to.width, to.tiles, to.length, of.tiles, of.length])
    return tf.reshape(tf.transpose(energies, [0, 2, 4, 3, 5, 1]), [-1, of.length, to.width])


def _totals(shape, count):
    """A list of sums, zeros first."""
    return tf.zeros(shape) if is_one(count) else Lists.new(shape, tf.float32, count)


def _add(totals, at, value):
    if totals.dtype != tf.variant:
        return totals + value
    total = Lists.read(totals, at, tf.shape(value), value.dtype, value.shape)  # zeros before the first is written
    return Lists.write(totals, at, total + value)


# Within a tile: what XLA compiles. Queries are `(steps, rows, units)`, keys `(source, rows, units)`.


def _energies_of_tile(steps, source, queries, keys, vector):
    keys, shape = _chunks(keys), tf.shape(queries)
    chunks, most = -(-source // KEYS), tf.shape(keys)[0]

    def body(number, energies):
        t, c = number // chunks, number % chunks
        energy = tf.linalg.matvec(_flat(tf.tanh(read(queries, t) + read(keys, c))), vector)
        return number + 1, write(energies, t * most + c, energy)

    start = 0, tf.zeros([shape[0] * most, KEYS * shape[1]])
    energies = tf.while_loop(lambda number, _: number < steps * chunks, body, start)[1]
    return tf.reshape(energies, [shape[0], KEYS * most, shape[1]])


def _gradients_of_tile(steps, source, queries, keys, vector, d_energies):
    shape, keys = tf.shape(keys), _chunks(keys)
    chunks = -(-source // KEYS)
    d_energies = tf.reshape(d_energies, [tf.shape(queries)[0], -1, KEYS, shape[1]])

    def body(number, d_queries, d_keys, d_vector):
        t, c = number // chunks, number % chunks
        h, d = tf.tanh(read(queries, t) + read(keys, c)), read(read(d_energies, t), c)
        d_sum = d[..., tf.newaxis] * (1 - h * h)  # of the sum of query and key, but for v
        d_queries = write(d_queries, t, read(d_queries, t) + tf.reduce_sum(d_sum, axis=0))
        d_keys = write(d_keys, c, read(d_keys, c) + d_sum)
        return number + 1, d_queries, d_keys, d_vector + tf.linalg.matvec(_flat(h), tf.reshape(d, [-1]), True)

    start = 0, tf.zeros_like(queries), tf.zeros_like(keys), tf.zeros_like(vector)
    _, d_queries, d_keys, d_vector = tf.while_loop(lambda number, *_: number < steps * chunks, body, start)
    return d_queries * vector, tf.reshape(d_keys * vector, shape), d_vector


_compiled_energies = Traced(_energies_of_tile, jit_compile=True)
_compiled_gradients = Traced(_gradients_of_tile, jit_compile=True)


def _tile_specs(steps, source, *tensors):
    scalar = tf.TensorSpec([], tf.int32)
    return scalar, scalar, *_specs(*tensors)


def _chunks(keys):
    return tf.reshape(keys, [-1, KEYS, tf.shape(keys)[1], keys.shape[2]])


def _flat(rows):
    return tf.reshape(rows, [-1, rows.shape[-1]])
