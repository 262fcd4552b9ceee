"""What an export holds for `nlpseq.tasks.forecasting.computing`: the network, as a function of numbers, and options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tensorflow as tf

from nlpseq.errors import InputError
from nlpseq.tasks.base import NumericFunction
from nlpseq.tasks.forecasting.reading import known_size

if TYPE_CHECKING:
    from nlpseq.tasks.forecasting.model import Forecaster


def functions(task: Forecaster) -> dict[str, NumericFunction]:
    """The function "network", from scaled values and features to scaled quantiles and base.

    Raises:
        InputError: forecasts are sampled.
    """
    if task.by_steps:
        raise InputError(
            "forecasts of `method` steps are sampled, which saved_model alone does: train with `method` direct."
        )
    task.ensure_built()
    description, steps = task.preprocessor, task.preprocessor.context + task.preprocessor.horizon
    specs = {
        "z": tf.TensorSpec([None, description.context], tf.float32),
        "mask": tf.TensorSpec([None, description.context], tf.bool),
        "past": tf.TensorSpec([None, description.context, 2 * len(description.past)], tf.float32),
        "known": tf.TensorSpec([None, steps, known_size(description)], tf.float32),
        "item": tf.TensorSpec([None], tf.int32),
        "static": tf.TensorSpec([None, len(description.statics)], tf.int32),
    }
    read = {"past": description.past, "known": description.has_times or description.known, **_embedded_names(task)}
    inputs = {name: spec for name, spec in specs.items() if read.get(name, True)}

    def network(z, mask, **optional):
        rows = tf.shape(z)[0]
        features = [
            optional[name] if name in optional else tf.zeros([rows, specs[name].shape[1], 0])
            for name in ("past", "known")
        ]
        quantiles, base = task.of_scaled(z, mask, features, optional)
        return {"quantiles": quantiles, "base": base}

    return {"network": NumericFunction(network, inputs)}


def options(task: Forecaster) -> dict[str, Any]:
    """The description of the series and what was fitted, as JSON values."""
    config, inner = task.preprocessor.get_config(), ("base", "spreads", "seasons", "items", "statics")
    return {
        **{name: value for name, value in config.items() if name not in inner},
        **_embedded_names(task),
        "season": max([1, *task.preprocessor.seasons[:1]]),
        "middle": task.middle,
        "mean_weights": task.mean_weights().numpy().tolist(),
        "blend": float(task.blend),
        "correction": task.correction.numpy().tolist(),
    }


def _embedded_names(task):
    """The names of series and texts that have vectors, by the input that numbers them."""
    sized, description = bool(task.settings.item_size), task.preprocessor
    return {"item": description.items if sized else [], "static": description.statics if sized else {}}
