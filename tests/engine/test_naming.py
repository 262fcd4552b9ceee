"""Equal functions get equal names, whatever was traced before; different ones do not."""

import numpy as np
import tensorflow as tf

import nlpseq
from nlpseq.engine.naming import _definitions, named_by_graph

SPECS = [tf.TensorSpec([None, 3]), tf.TensorSpec([], tf.int32)]


def traced(factor):
    """A loop that multiplies by `factor`, traced anew."""

    def repeat(x, times):
        loop = tf.while_loop(lambda i, _: i < times, lambda i, y: (i + 1, factor * y), [0, x])
        return loop[1], times + 1

    return tf.function(repeat, SPECS, jit_compile=True, autograph=False).get_concrete_function()


def name(function):
    return _definitions(function)[0].signature.name


def test_equal_graphs_have_equal_names():
    first, second = traced(2.0), traced(2.0)
    assert first.function_def.signature.name != second.function_def.signature.name
    assert name(first) == name(second) != name(traced(3.0))


def test_the_function_is_unchanged():
    two, three = (named_by_graph(traced(factor)) for factor in (2.0, 3.0))
    named_by_graph(traced(2.0))  # registered again

    @tf.function(autograph=False)
    def both(x, times):
        return two(x, times), three(2 * x, times)

    for rows in (1, 4):
        x = np.random.default_rng(0).normal(size=(rows, 3)).astype("float32")
        (doubled, count), (tripled, _) = both(x, 3)
        np.testing.assert_allclose(doubled, 8 * x, rtol=1e-6)
        np.testing.assert_allclose(tripled, 54 * x, rtol=1e-6)
        assert count == 4


def test_both_directions_may_run_at_the_same_time():
    layer = nlpseq.layers.Bidirectional(nlpseq.layers.GRU(3, return_sequences=True))

    @tf.function
    def gradients(inputs):
        with tf.GradientTape() as tape:
            outputs = layer(inputs, training=True)
        return tape.gradient(outputs, layer.trainable_variables)

    layer.build((None, None, 2))
    operations = gradients.get_concrete_function(tf.TensorSpec([None, None, 2])).graph.get_operations()
    calls = [operation for operation in operations if operation.type.endswith("PartitionedCall")]
    assert len(calls) == 4  # forward and back in time, for the outputs and for the gradients
    assert not any(call.control_inputs for call in calls)
