"""Best labels of connectionist temporal classification: the best path, and prefix beam search.

A path has a label or the blank at every step; equal neighbours count once, and blanks are dropped.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from nlpseq.decoding.contract import Step
from nlpseq.errors import in_range
from nlpseq.runtime.ctc import FACTOR, INCREMENT, NEVER, POSSIBLE


class Transcript(NamedTuple):
    """Result of a search: the n best sequences of labels for each batch entry, the best first.

    Attributes:
        ids: int32 `(batch, n, length)`, padded with 0 to the length of the longest.
        lengths: int32 `(batch, n)`.
        scores: float32 `(batch, n)`.
        steps: int32 `(batch, n, length)`, the step at which each label begins, 0 for padding.

    Example:

    >>> ctc_greedy(tf.one_hot([[0, 2, 2, 1]], 3)).steps.numpy().tolist()
    [[[1, 3]]]
    """

    ids: tf.Tensor
    lengths: tf.Tensor
    scores: tf.Tensor
    steps: tf.Tensor


def ctc_greedy(logits: tf.Tensor, mask: tf.Tensor | None = None, blank: int = 0) -> Transcript:
    """The labels of the most probable path.

        y = collapse(argmax_k p_1(k), ..., argmax_k p_T(k))

    Args:
        logits: Float `(batch, time, classes)`.
        mask: Bool `(batch, time)`, True for real steps, which come before the others. Default None, all.
        blank: The class of the blank. Default 0.

    Returns:
        `Transcript`, n = 1; scores are log-probabilities of the paths.

    Example:

    >>> ctc_greedy(tf.one_hot([[1, 1, 0, 1, 2]], 3)).ids.numpy().tolist()
    [[[1, 1, 2]]]
    """
    log_probabilities = tf.nn.log_softmax(tf.cast(logits, tf.float32))
    real = tf.ones(tf.shape(logits)[:2], bool) if mask is None else tf.convert_to_tensor(mask)
    best = tf.argmax(log_probabilities, axis=-1, output_type=tf.int32)
    before = tf.pad(best, [[0, 0], [1, 0]], constant_values=blank)[:, :-1]
    begins = real & (best != blank) & (best != before)
    steps = tf.broadcast_to(tf.range(tf.shape(best)[1]), tf.shape(best))
    scores = tf.reduce_sum(tf.where(real, tf.reduce_max(log_probabilities, axis=-1), 0.0), axis=1)
    columns = [tf.ragged.boolean_mask(values, begins).to_tensor()[:, tf.newaxis] for values in (best, steps)]
    lengths = tf.reduce_sum(tf.cast(begins, tf.int32), axis=1)
    return Transcript(columns[0], lengths[:, tf.newaxis], scores[:, tf.newaxis], columns[1])


class Fusion(NamedTuple):
    """A language model that is asked for the next label, and what labels add to the score (shallow fusion).

    Attributes:
        step: Step function, `step(tokens, states) -> Step` as of `nlpseq.decoding.Step`, for the tokens of the language
            model; None for bonuses alone.
        states: Nest of tensors whose first dimension is the batch: those before the first label.
        logits: Float `(batch, tokens)`, of the first label.
        tokens: int32 `(classes,)`, the token of each class, -1 for a class without one, which is never chosen.
        weight: Of the log-probabilities.
        bonuses: Float32 `(classes,)`, what each label adds to the score; None for nothing.
        end: The token of the end of a text, whose log-probability counts too; None if it does not.

    Example:

    >>> logits = tf.math.log([[[0.4, 0.35, 0.25]]])
    >>> ctc_beam_search(logits, fusion=Fusion(None, bonuses=tf.constant([0.0, 0.0, 1.0]))).ids.numpy().tolist()
    [[[2]]]
    """

    step: Callable[..., Step] | None
    states: Any = ()
    logits: tf.Tensor | None = None
    tokens: tf.Tensor | None = None
    weight: float = 0.0
    bonuses: tf.Tensor | None = None
    end: int | None = None


def ctc_beam_search(
    logits: tf.Tensor,
    mask: tf.Tensor | None = None,
    beam_size: int = 8,
    n_best: int = 1,
    blank: int = 0,
    fusion: Fusion | None = None,
) -> Transcript:
    """Keeps the `beam_size` best prefixes, each with the sum over its paths.

        score(y) = log P(y | x) + weight * log P_lm(y) + sum_u bonus(y_u)

    A prefix has two probabilities, of its paths that end with a blank and of the others; where two hypotheses become
    the same prefix, they are one (Hannun et al. 2014, algorithm 1).

    Args:
        logits: Float `(batch, time, classes)`.
        mask: Bool `(batch, time)`, True for real steps, which come before the others. Default None, all.
        beam_size: Prefixes that are kept after each step, 1 or more. Default 8.
        n_best: Number of sequences returned, `beam_size` at most. Default 1.
        blank: The class of the blank. Default 0.
        fusion: `Fusion`. Default None.

    Returns:
        `Transcript`, n = `n_best`. If there are fewer sequences, the others have a score below -1e29 and length 0.

    Raises:
        InputError: an argument is out of its range.

    Example:

    >>> probabilities = [[[0.4, 0.35, 0.25], [0.4, 0.35, 0.25]]]  # the best path is empty, the best label is 1
    >>> ctc_beam_search(tf.math.log(probabilities)).ids.numpy().tolist()
    [[[1]]]

    Reference:
        Graves and Jaitly (2014), Towards end-to-end speech recognition with recurrent neural networks; Hannun et al.
        (2014), First-pass large vocabulary continuous speech recognition using bi-directional recurrent DNNs.
    """
    in_range("beam_size", beam_size, 1)
    in_range("n_best", n_best, 1, beam_size)
    scores = tf.nn.log_softmax(tf.cast(logits, tf.float32))
    batch, time = tf.unstack(tf.shape(scores)[:2])
    real = tf.ones([batch, time], bool) if mask is None else tf.convert_to_tensor(mask)
    best = tf.reduce_max(scores, axis=-1)
    scores -= best[..., tf.newaxis]  # what prefixes are behind the best path: small sums, rounded finely
    total = tf.reduce_sum(tf.where(real, best, 0.0), axis=1)
    fusion = fusion or Fusion(None)
    beam = _first(batch, time, beam_size, fusion)

    def body(at, *values):
        beam = tf.nest.pack_sequence_as(first, values)
        new = _extended(beam, scores[:, at], at, blank, fusion)
        is_real = real[:, at]
        new = tf.nest.map_structure(lambda one, other: _where(is_real, one, other, beam_size), new, beam)
        return at + 1, *tf.nest.flatten(new)

    first = beam
    flat = tf.nest.flatten(beam)
    shapes = (tf.TensorShape([]), *(tf.TensorShape([None, *tensor.shape[1:]]) for tensor in flat))
    loop = (tf.constant(0), *flat)
    _, *values = tf.while_loop(lambda at, *_: at < time, body, loop, shape_invariants=shapes)
    ranked = _ranked(tf.nest.pack_sequence_as(first, values), n_best, fusion)
    return ranked._replace(scores=ranked.scores + total[:, tf.newaxis])


class _Beam(NamedTuple):
    """The prefixes of a beam, all `(batch, beam_size, ...)`; those of `states` and `next`, `(batch * beam_size, ...)`.

    Attributes:
        blank, label: log-probabilities of the paths that end with a blank, and with the last label.
        fused: What language model and bonuses have added.
        ids, steps: The labels, and where they begin, `(batch, beam_size, time)`.
        lengths, last: Number of labels, and the last one.
        names, parents: A number for each prefix, and that of the prefix without its last label.
        next: What the language model adds for each class; states: its states.
    """

    blank: tf.Tensor
    label: tf.Tensor
    fused: tf.Tensor
    ids: tf.Tensor
    steps: tf.Tensor
    lengths: tf.Tensor
    last: tf.Tensor
    names: tf.Tensor
    parents: tf.Tensor
    next: tf.Tensor
    states: Any


def _first(batch, time, size, fusion):
    """The empty prefix, and slots that no path reaches."""
    empty = tf.zeros([batch, size], tf.int32)
    slots = tf.range(size, dtype=tf.int64) + tf.zeros([batch, 1], tf.int64)
    ids = tf.zeros([batch, size, time], tf.int32)
    zeros = tf.zeros([batch, size])
    blank = tf.where(tf.range(size) == 0, 0.0, NEVER) + zeros
    added, states = tf.zeros([batch * size, 1]), ()
    if fusion.step is not None:
        states = tf.nest.map_structure(lambda state: tf.repeat(state, size, axis=0), fusion.states)
        added = tf.repeat(_added(fusion, fusion.logits), size, axis=0)
    # Slots that nothing reaches yet have names, and parents, that no prefix has.
    return _Beam(blank, zeros + NEVER, zeros, ids, ids, empty, empty - 1, slots, -1 - slots, added, states)


def _added(fusion, logits):
    """What a label adds after these logits of the language model, `(rows, classes)`."""
    scores = tf.nn.log_softmax(tf.cast(logits, tf.float32))
    token_scores = tf.gather(scores, tf.maximum(fusion.tokens, 0), axis=1)
    added = fusion.weight * tf.where(fusion.tokens >= 0, token_scores, NEVER)
    if fusion.end is not None:  # a column behind the classes
        added = tf.concat([added, fusion.weight * scores[:, fusion.end : fusion.end + 1]], axis=1)
    return added


def _extended(beam, scores, at, blank, fusion):
    """The beam after a step with the log-probabilities `scores` `(batch, classes)`."""
    batch, size = tf.unstack(tf.shape(beam.blank))
    classes = tf.shape(scores)[1]
    emitted = scores[:, tf.newaxis]
    total = _log_sum(beam.blank, beam.label)
    is_last = tf.one_hot(beam.last, classes, True, False, dtype=tf.bool)  # (batch, size, classes)
    longer = tf.where(is_last, beam.blank[..., tf.newaxis], total[..., tf.newaxis]) + emitted
    longer = tf.where(tf.range(classes) == blank, NEVER, longer)
    repeated = beam.label + tf.where(beam.lengths > 0, tf.gather(scores, tf.maximum(beam.last, 0), batch_dims=1), 0.0)
    label, longer, steps = _merged(beam, repeated, longer, is_last, at)
    added = _additions(beam, fusion, batch, size, classes)
    stay = total + tf.gather(scores, [blank], axis=1)
    ranks = [_log_sum(stay, label) + beam.fused, tf.reshape(longer + beam.fused[..., tf.newaxis] + added, [batch, -1])]
    _, chosen = tf.math.top_k(tf.concat(ranks, axis=1), size)
    is_new = chosen >= size
    parents = tf.where(is_new, (chosen - size) // classes, chosen)
    labels = tf.where(is_new, (chosen - size) % classes, 0)

    def pick(values):
        return tf.gather(values, parents, batch_dims=1)

    flat = tf.maximum(chosen - size, 0)

    def of_pair(values):
        return tf.gather(tf.reshape(values, [batch, -1]), flat, batch_dims=1)

    names, lengths = pick(beam.names), pick(beam.lengths)
    place = is_new[..., tf.newaxis] & (tf.range(tf.shape(beam.ids)[2]) == lengths[..., tf.newaxis])
    following, states = _following(beam, fusion, parents, labels, is_new)
    return _Beam(
        blank=tf.where(is_new, NEVER, pick(stay)),
        label=tf.where(is_new, of_pair(longer), pick(label)),
        fused=pick(beam.fused) + tf.where(is_new, of_pair(added), 0.0),
        ids=tf.where(place, labels[..., tf.newaxis], pick(beam.ids)),
        steps=tf.where(place, at, pick(steps)),
        lengths=lengths + tf.cast(is_new, tf.int32),
        last=tf.where(is_new, labels, pick(beam.last)),
        names=tf.where(is_new, _name(names, labels), names),
        parents=tf.where(is_new, names, pick(beam.parents)),
        next=following,
        states=states,
    )


def _merged(beam, repeated, longer, is_last, at):
    """The paths of a prefix that another one becomes with its last label come together; the longer one is dropped.

    Args:
        repeated: Scores of paths that repeat the last label, `(batch, size)`.
        longer: Scores of prefixes with one more label, `(batch, size, classes)`.

    Returns:
        `(label, longer, steps)`: scores of paths that end with the last label; `longer` without the prefixes that are
        in the beam already; and where the labels begin.
    """
    becomes = tf.equal(beam.parents[:, :, tf.newaxis], beam.names[:, tf.newaxis])  # (batch, prefix, parent)
    arriving = tf.gather(longer, tf.maximum(beam.last, 0), axis=2, batch_dims=1)  # (batch, parent, prefix)
    arriving = tf.reduce_logsumexp(tf.where(becomes, tf.transpose(arriving, [0, 2, 1]), NEVER), axis=2)
    places = tf.range(tf.shape(beam.ids)[2])
    later = (arriving > repeated)[..., tf.newaxis] & (places == beam.lengths[..., tf.newaxis] - 1)
    steps = tf.where(later, at, beam.steps)  # where most of the paths to a label begin it
    exists = tf.matmul(tf.cast(becomes, tf.float32), tf.cast(is_last, tf.float32), transpose_a=True) > 0
    return _log_sum(repeated, arriving), tf.where(exists, NEVER, longer), steps


def _name(names, labels):
    """A number for the prefix that a label makes of another one: a hash of 64 bits."""
    return (names + tf.cast(labels, tf.int64) + 1) * FACTOR + INCREMENT


def _additions(beam, fusion, batch, size, classes):
    """What language model and bonus add for each class, `(batch, size, classes)`."""
    added = tf.zeros([batch, size, classes]) if fusion.bonuses is None else fusion.bonuses + tf.zeros([batch, size, 1])
    if fusion.step is None:
        return added
    return added + tf.reshape(beam.next, [batch, size, -1])[..., :classes]


def _following(beam, fusion, parents, labels, is_new):
    """What the language model adds next, and its states, for the chosen prefixes."""
    batch, size = tf.unstack(tf.shape(parents))
    rows = tf.reshape(parents + size * tf.range(batch)[:, tf.newaxis], [-1])

    def pick(values):
        return tf.gather(values, rows)

    following, states = pick(beam.next), tf.nest.map_structure(pick, beam.states)
    if fusion.step is None:
        return following, states
    read = fusion.step(tf.gather(fusion.tokens, tf.reshape(labels, [-1])), states)
    flat = tf.reshape(is_new, [-1])
    states = tf.nest.map_structure(lambda new, old: _where(flat, new, old, 1), read.states, states)
    return tf.where(flat[:, tf.newaxis], _added(fusion, read.logits), following), states


def _where(condition, new, old, size):
    """The rows of `new` where `kept` `(batch,)`, else those of `old`; a sequence may have `size` rows."""
    if new.shape.rank and size > 1:
        condition = tf.repeat(condition, tf.shape(new)[0] // tf.maximum(tf.shape(condition)[0], 1))
    return tf.where(tf.reshape(condition, [-1] + [1] * (new.shape.rank - 1)), new, old)


def _ranked(beam, n_best, fusion):
    scores = _log_sum(beam.blank, beam.label) + beam.fused
    if fusion.step is not None and fusion.end is not None:
        scores += tf.reshape(beam.next[:, -1], tf.shape(scores))
    scores, order = tf.math.top_k(scores, n_best)
    possible = scores > POSSIBLE
    lengths = tf.where(possible, tf.gather(beam.lengths, order, batch_dims=1), 0)
    longest = tf.reduce_max(tf.concat([tf.reshape(lengths, [-1]), [0]], axis=0))
    real = tf.sequence_mask(lengths, longest)
    ids, steps = (tf.gather(values, order, batch_dims=1)[..., :longest] for values in (beam.ids, beam.steps))
    return Transcript(tf.where(real, ids, 0), lengths, scores, tf.where(real, steps, 0))


def _log_sum(one, other):
    largest = tf.maximum(one, other)
    return largest + tf.math.log(tf.exp(one - largest) + tf.exp(other - largest))
