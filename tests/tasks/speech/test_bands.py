"""The convolution over bands, beside Keras's own convolution and pooling."""

import keras
import numpy as np

from nlpseq.tasks.speech.bands import POOLED, REACH, BandConvolution


def test_it_equals_a_convolution_over_bands_and_a_maximum():
    random = np.random.default_rng(0)
    frames, bands, filters, units = 3, 16, 5, 4  # 9 places, whole pools
    steps = random.normal(size=(2, 7, frames * bands)).astype("float32")
    layer = BandConvolution(frames, filters, units)
    result = layer(steps)

    kernel, bias = layer.convolution.get_weights()
    own = keras.layers.Conv1D(filters, REACH, activation="relu")
    rows = steps.reshape(14, frames, bands).transpose(0, 2, 1)
    own.build(rows.shape)
    own.set_weights([kernel.reshape(frames, REACH, filters).transpose(1, 0, 2), bias])
    pooled = keras.layers.MaxPooling1D(POOLED)(own(rows))
    expected = layer.output_layer(np.asarray(pooled).reshape(2, 7, -1))
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_few_bands_are_covered_by_one_filter():
    layer = BandConvolution(2, 3, 4)
    assert layer(np.ones((1, 2, 2 * 5), "float32")).shape == (1, 2, 4)
