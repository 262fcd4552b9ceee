"""What a forecaster reads: from windows of series to its inputs, and from these to features of the steps."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from nlpseq.data.series import Frequency
from nlpseq.errors import InputError, shorten
from nlpseq.tasks.forecasting import scaling
from nlpseq.tasks.forecasting.preprocessor import SeriesPreprocessor
from nlpseq.tasks.forecasting.windows import Store, Windows, past_of

TRAINED = {"future", "unit"}  # inputs that the loss alone reads


def reader(description: SeriesPreprocessor, store: Store) -> Callable[[Windows], dict[str, np.ndarray]]:
    """The function from windows of a store to the inputs of `Forecaster`."""
    places = {name: place for place, name in enumerate(store.names)}
    past, known = ([places[name] for name in names] for names in (description.past, description.known))
    items = description.numbers(store.items, description.items)
    statics = [
        description.numbers(store.statics.get(name, [""] * len(store)), texts)
        for name, texts in description.statics.items()
    ]

    def inputs(part):
        arrays = past_of(part, description.context, past, known)
        names = ["values", *["times"] * description.has_times, *["past"] * bool(past), *["known"] * bool(known)]
        result = {name: arrays[name] for name in names}
        if description.items:
            result["item"] = items[part.series]
        if statics:
            result["static"] = np.stack([numbers[part.series] for numbers in statics], axis=1)
        return result

    return inputs


def check_inputs(description: SeriesPreprocessor, inputs: Mapping[str, Any]) -> None:
    """Raises an `InputError` if inputs lack one that the model reads, or have another name or another shape."""
    context, steps = description.context, description.context + description.horizon
    shapes = {"values": [None, context], "times": [None, steps], "past": [None, context, len(description.past)]}
    shapes |= {"known": [None, steps, len(description.known)], "item": [None], "static": [None, None]}
    names = {"values", *description.read}
    lacking, other = sorted(names - inputs.keys()), sorted(inputs.keys() - shapes.keys() - TRAINED)
    if lacking or other:
        problem = f"lacks {lacking[0]!r}" if lacking else f"has {shorten(repr(other[0]))}"
        raise InputError(f"`inputs` {problem}: the model reads {', '.join(sorted(names))}.")
    for name in sorted(names):
        value = inputs[name] if tf.is_tensor(inputs[name]) else np.asarray(inputs[name])
        if not tf.TensorShape(shapes[name]).is_compatible_with(value.shape) or tf.as_dtype(value.dtype) == tf.string:
            expected = ", ".join("any" if size is None else str(size) for size in shapes[name])
            shape = tuple(value.shape)
            raise InputError(f"`inputs`: expected {name}, numbers of shape ({expected}), got {value.dtype} {shape}.")


def features(description: SeriesPreprocessor, inputs: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """Features of the past `(batch, context, ...)`, and those known over the horizon `(batch, context + horizon, ...)`.

    Args:
        inputs: Those of `Forecaster`.
    """
    batch, steps = tf.shape(inputs["values"])[0], description.context + description.horizon
    count = len(description.past)
    known_features = []
    if description.has_times:
        known_features.append(scaling.calendar(inputs["times"], Frequency.of(description.frequency), description.span))
    if description.known:
        known_features.append(
            scaling.standardised(inputs["known"], description.means[count:], description.deviations[count:])
        )
    past = tf.zeros([batch, description.context, 0])
    if description.past:
        past = scaling.standardised(inputs["past"], description.means[:count], description.deviations[:count])
    return past, tf.concat([tf.zeros([batch, steps, 0]), *known_features], axis=-1)


def known_size(description: SeriesPreprocessor) -> int:
    """The number of features of a step that are known over the horizon: calendar and covariates."""
    calendar = scaling.calendar_size(Frequency.of(description.frequency), description.span)
    return calendar + 2 * len(description.known)
