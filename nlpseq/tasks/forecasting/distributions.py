"""Distributions of the next value: their likelihoods, and samples that are functions of uniform numbers.

Samples depend on the parameters and on given random numbers alone: equal numbers for all series of a batch make the
forecast of a series independent of its neighbours.
"""

import numpy as np
import tensorflow as tf

LEAST = 1e-4  # of scales and means
COUNTED = 64  # counts up to here are sampled exactly


def student_loss(parameters: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """-log p(z) of Student's t with location m, scale s and v degrees of freedom.

    Args:
        parameters: float32 `(..., 3)`, as of a layer: m, and s and v before `softplus`.
        values: float32 `(...,)`.
    """
    m, s, v = student_parameters(parameters)
    square = tf.square((values - m) / s)
    half = (v + 1) / 2
    constant = tf.math.lgamma(v / 2) - tf.math.lgamma(half) + 0.5 * tf.math.log(np.pi * v)
    return constant + tf.math.log(s) + half * tf.math.log1p(square / v)


def student_parameters(parameters: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Location, scale and degrees of freedom, of which there are more than 2."""
    m, s, v = tf.unstack(parameters, axis=-1)
    return m, LEAST + tf.math.softplus(s - 1.0), 2.1 + tf.math.softplus(v + 2.0)


def student_sample(parameters: tf.Tensor, uniform: tf.Tensor) -> tf.Tensor:
    """Samples for two uniform numbers each, `uniform` `(2, ...)`: the polar method of Bailey (1994), eq. 2.1."""
    m, s, v = student_parameters(parameters)
    radius = tf.sqrt(v * (tf.pow(uniform[0], -2 / v) - 1))
    return m + s * radius * tf.cos(2 * np.pi * uniform[1])


def negative_binomial_parameters(parameters: tf.Tensor, scale: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Mean mu and shape r = 1 / a, of a variance of mu + a mu^2, in counts (Salinas et al. 2020, eq. 4)."""
    mean, shape = tf.unstack(parameters[..., :2], axis=-1)
    return LEAST + scale * tf.math.softplus(mean), LEAST + tf.sqrt(scale) / (LEAST + tf.math.softplus(shape))


def negative_binomial_loss(parameters: tf.Tensor, counts: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    """-log p(y) of the negative binomial distribution; `scale` of the series, as broadcast to the counts."""
    mu, r = negative_binomial_parameters(parameters, scale)
    return (
        tf.math.lgamma(r)
        + tf.math.lgamma(counts + 1)
        - tf.math.lgamma(counts + r)
        - r * tf.math.log(r / (r + mu))
        - counts * tf.math.log(mu / (r + mu))
    )


def negative_binomial_sample(parameters: tf.Tensor, scale: tf.Tensor, uniform: tf.Tensor) -> tf.Tensor:
    """Samples for three uniform numbers each, `uniform` `(3, ...)`: a Poisson number of a gamma-distributed mean.

    The gamma number is that of Wilson and Hilferty (1931) for r + 1, times u^(1/r); Poisson numbers are exact for means
    up to 32, and normal beyond.
    """
    mu, r = negative_binomial_parameters(parameters, scale)
    normal = tf.math.ndtri(uniform[0])
    ninth = 1 / (9 * (r + 1))
    gamma = (r + 1) * tf.pow(tf.maximum(1 - ninth + normal * tf.sqrt(ninth), 0.0), 3)
    mean = gamma * tf.pow(uniform[1], 1 / r) * mu / r
    few = tf.minimum(mean, COUNTED / 2)
    below = tf.math.igammac(tf.range(1.0, COUNTED + 1), few[..., tf.newaxis] + 1e-6)  # P(Poisson <= k)
    exact = tf.reduce_sum(tf.cast(below < uniform[2][..., tf.newaxis], tf.float32), axis=-1)
    large = tf.maximum(tf.round(mean + tf.sqrt(mean) * tf.math.ndtri(uniform[2])), 0.0)
    return tf.where(mean < COUNTED / 2, exact, large)
