"""The best tag sequences and all marginals of linear chains in one loop, for answers.

    a_t = LSE_i(a_{t-1}(i) + A_{i,.}) + e_t      forward,  a_1 = b + e_1
    g_t = LSE_j(g_{t+1}(j) + A_{.,j}) + e_t      backward, g_T = f + e_T
    v_t = max_i(v_{t-1}(i) + A_{i,.}) + e_t      Viterbi,  v_1 = b + e_1
    P(y_t) = softmax(a_t + g_t - e_t)

with the scores of `nlpseq.engine.chains`, whose `best` and `marginals` take four loops, and any mask. The steps of
the three recurrences are the same ops on one tensor, which is what a small batch takes its time for.
"""

import tensorflow as tf

from nlpseq.engine.chains import Potentials

FORBIDDEN = -1e30  # in the place of minus infinity, whose differences are not numbers


def best_and_marginals(emissions: tf.Tensor, lengths: tf.Tensor, potentials: Potentials) -> tuple[tf.Tensor, tf.Tensor]:
    """The best sequences, and `P(y_t = i)`.

    Args:
        emissions: e, float32 `(batch, time, tags)`, of at least one step.
        lengths: How many steps of each sequence are real, int32 `(batch,)`; the others are behind them.
        potentials: A, b and f.

    Returns:
        `(tags, marginals)`: int32 `(batch, time)` and float32 `(batch, time, tags)`; what they have at padded steps
        means nothing.
    """
    lengths = tf.cast(lengths, tf.int32)
    transitions, first, last = (tf.maximum(part, FORBIDDEN) for part in potentials)
    emissions = tf.transpose(emissions, [1, 0, 2])  # (time, batch, tags)
    backward = tf.reverse_sequence(emissions, lengths, seq_axis=0, batch_axis=1)
    inputs = tf.stack([emissions, backward, emissions], axis=1)  # (time, 3, batch, tags)
    matrices = tf.stack([transitions, tf.transpose(transitions), transitions])[:, tf.newaxis]
    states, pointers = _run(inputs, matrices, tf.stack([first, last, first])[:, tf.newaxis])
    after = tf.reverse_sequence(states[:, 1], lengths, seq_axis=0, batch_axis=1)
    marginals = tf.nn.softmax(states[:, 0] + after - emissions)
    rows = tf.stack([tf.maximum(lengths - 1, 0), tf.range(tf.shape(lengths)[0])], axis=1)
    end = tf.argmax(tf.gather_nd(states[:, 2], rows) + last, axis=-1, output_type=tf.int32)
    steps = tf.range(tf.shape(pointers)[0])[:, tf.newaxis, tf.newaxis]
    inner = (steps > 0) & (steps < lengths[:, tf.newaxis])
    pointers = tf.where(inner, pointers, tf.range(emissions.shape[-1]))
    return tf.transpose(_followed(pointers, end)), tf.transpose(marginals, [1, 0, 2])


def _run(inputs, matrices, starts):
    """The states of all steps `(time, 3, batch, tags)`, and pointers to the tag before, int32 `(time, batch, tags)`.

    The state of a step is kept as `(3, batch, 1, tags)`, which saves ops.
    """
    steps, tags = tf.shape(inputs)[0], inputs.shape[-1]
    soft = tf.constant([1.0, 1.0, 0.0])[:, tf.newaxis, tf.newaxis, tf.newaxis]
    inputs = inputs[:, :, :, tf.newaxis]
    state = starts[:, :, tf.newaxis] + inputs[0]
    read = tf.TensorArray(tf.float32, steps, element_shape=state.shape).unstack(inputs)
    states = tf.TensorArray(tf.float32, steps, element_shape=state.shape).write(0, state)
    pointers = tf.TensorArray(tf.int32, steps, element_shape=[*state.shape[1:2], tags])
    pointers = pointers.write(0, tf.zeros([tf.shape(state)[1], tags], tf.int32))

    def step(time, state, states, pointers):
        terms = tf.reshape(state, [3, -1, tags, 1]) + matrices  # (3, batch, from, to)
        largest = tf.reduce_max(terms, axis=2, keepdims=True)
        excess = tf.math.log(tf.reduce_sum(tf.exp(terms - largest), axis=2, keepdims=True))
        state = largest + soft * excess + read.read(time)
        state -= tf.reduce_max(state, axis=-1, keepdims=True)  # which changes no result, and keeps the numbers small
        pointer = tf.argmax(terms[2], axis=1, output_type=tf.int32)
        return time + 1, state, states.write(time, state), pointers.write(time, pointer)

    loop = (tf.constant(1), state, states, pointers)
    *_, states, pointers = tf.while_loop(lambda time, *_: time < steps, step, loop)
    return states.stack()[:, :, :, 0], pointers.stack()


def _followed(pointers, end):
    """The tags that the pointers lead to from the `end` `(batch,)`, int32 `(time, batch)`.

    The pointers are composed in pairs, pairs of pairs, ..., which takes as many steps as the time has binary digits.
    """
    steps = tf.shape(pointers)[0]
    first = pointers[:1]  # that of the first step
    paths = tf.concat([pointers[1:], first], axis=0)  # from each step but the last to the tag of that step

    def double(reach, paths):
        last = tf.repeat(first, tf.minimum(reach, steps), axis=0)
        later = tf.concat([paths[reach:], last], axis=0)
        return 2 * reach, tf.gather(paths, later, batch_dims=2)

    shapes = tf.TensorShape([]), pointers.shape
    _, paths = tf.while_loop(lambda reach, _: reach < steps, double, (tf.constant(1), paths), shapes)
    return tf.gather(paths, tf.repeat(end[tf.newaxis], steps, axis=0), batch_dims=2)
