"""The signatures of an export: forecasts of whole series, sampled paths, and forecasts value by value."""

import numpy as np
import tensorflow as tf

from nlpseq.cells.checks import check
from nlpseq.tasks.checked import checked


class ForecastStream:
    """Functions from raw inputs of any length to forecasts.

    "forecast" takes `values` float64 `(batch, time)` and `mask` bool `(batch, time)`, True where a value is observed;
    and, as the model has them, `times` int64 `(batch, time + horizon)`, `past` `(batch, time, covariates)`, `known`
    `(batch, time + horizon, covariates)`, `item` string `(batch,)` and `static` string `(batch, texts)`. A series that
    is longer than the context is cut to its end; of a shorter one the steps before it are missing.

    "init" takes the same and returns the forecast and states, the end of the series that the model reads; "step" takes
    the next `value` and `mask` `(batch,)`, `time` and `known` of the last step of the horizon, `past` of the
    value, and the states.

    Args:
        task: `Forecaster`.
    """

    def __init__(self, task):
        self.task, self.description = task, task.preprocessor
        self.tables = {}

    # Inputs

    def specs(self) -> dict[str, tf.TensorSpec]:
        """The inputs of "forecast" by name."""
        description = self.description
        specs = {"values": tf.TensorSpec([None, None], tf.float64), "mask": tf.TensorSpec([None, None], tf.bool)}
        if description.has_times:
            specs["times"] = tf.TensorSpec([None, None], tf.int64)
        for name in ("past", "known"):
            if count := len(getattr(description, name)):
                specs[name] = tf.TensorSpec([None, None, count], tf.float64)
        if description.items:
            specs["item"] = tf.TensorSpec([None], tf.string)
        if description.statics:
            specs["static"] = tf.TensorSpec([None, len(description.statics)], tf.string)
        return {name: tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in specs.items()}

    def read(self, inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """The inputs of the task from those of a signature."""
        description = self.description
        with tf.control_dependencies(self._checked_steps(inputs)):
            values = tf.where(inputs["mask"], inputs["values"], np.float64("nan"))
        read = {"values": _ended(values, description.context, np.nan)}
        steps = description.context + description.horizon
        if "times" in inputs:
            read["times"] = _ended(inputs["times"], steps, 0)
        if "known" in inputs:
            read["known"] = _ended(inputs["known"], steps, np.nan)
        if "past" in inputs:
            read["past"] = _ended(inputs["past"], description.context, np.nan)
        if "item" in inputs:
            read["item"] = _numbers(inputs["item"], description.items)
        if "static" in inputs:
            columns = tf.unstack(inputs["static"], axis=1)
            texts = description.statics.values()
            read["static"] = tf.stack([_numbers(*pair) for pair in zip(columns, texts)], axis=1)
        return read

    def _checked_steps(self, inputs):
        """Inputs must have a step for each value, and those that are known ahead also for the horizon."""
        past = tf.shape(inputs["values"])[1]
        all_steps = past + self.description.horizon
        steps = {"mask": past, "past": past, "times": all_steps, "known": all_steps}
        for name in filter(inputs.__contains__, steps):
            actual, rest = tf.shape(inputs[name])[1], " and of the horizon" * (name in ("times", "known"))
            message = f"{name} must have a step for each one of values{rest}, got steps %s."
            yield from check(actual == steps[name], message, tf.stack([actual, steps[name]]))

    # Functions

    def forecast(self, **inputs):
        """Quantiles and mean of raw inputs."""
        return self.task.forecast(self.read(inputs))

    def sample(self, paths, seed, **inputs):
        """`paths` paths `(batch, paths, horizon)`, one or more."""
        with tf.control_dependencies(check(paths >= 1, "paths must be at least 1, got %s.", paths)):
            paths = tf.identity(paths)
        return {"paths": self.task.sample(self.read(inputs), paths, seed)}

    def init(self, **inputs):
        """The forecast, and the states for "step"."""
        read = self.read(inputs)
        return {**self.task.forecast(read), **self._states(read)}

    def step(self, **inputs):
        """The forecast after one more value, and the new states."""
        states = {name: inputs[f"state_{name}"] for name in self.state_specs()}
        value = tf.where(inputs["mask"], inputs["value"], np.float64("nan"))
        new = {"values": value, "times": inputs.get("time"), "known": inputs.get("known"), "past": inputs.get("past")}
        read = {
            name: state if new.get(name) is None else tf.concat([state[:, 1:], new[name][:, tf.newaxis]], axis=1)
            for name, state in states.items()
        }
        return {**self.task.forecast(read), **self._states(read)}

    def _states(self, read):
        return {f"state_{name}": value for name, value in read.items()}

    def state_specs(self) -> dict[str, tf.TensorSpec]:
        """The states by name of the input that they hold."""
        description = self.description
        steps = {"values": description.context, "past": description.context}
        specs = {}
        for name, spec in self.specs().items():
            if name in ("item", "static"):
                specs[name] = tf.TensorSpec(spec.shape, tf.int32)
            elif name != "mask":
                length = steps.get(name, description.context + description.horizon)
                specs[name] = tf.TensorSpec([None, length, *spec.shape[2:]], spec.dtype)
        return specs

    def signatures(self) -> dict:
        """All signatures by name, traced."""
        specs = self.specs()
        forecast = tf.function(checked(self.forecast), autograph=False).get_concrete_function(**specs)
        init = tf.function(checked(self.init), autograph=False).get_concrete_function(**specs)
        one = {"value": tf.TensorSpec([None], tf.float64, "value"), "mask": tf.TensorSpec([None], tf.bool, "mask")}
        if "times" in specs:
            one["time"] = tf.TensorSpec([None], tf.int64, "time")
        for name in ("past", "known"):
            if name in specs:
                one[name] = tf.TensorSpec([None, specs[name].shape[2]], tf.float64, name)
        states = {f"state_{name}": spec for name, spec in self.state_specs().items()}
        states = {name: tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in states.items()}
        step = tf.function(checked(self.step), autograph=False).get_concrete_function(**one, **states)
        sampled = tf.function(checked(self.sample), autograph=False).get_concrete_function(
            paths=tf.TensorSpec([], tf.int32, "paths"), seed=tf.TensorSpec([], tf.int32, "seed"), **specs
        )
        return {"serving_default": forecast, "forecast": forecast, "sample": sampled, "init": init, "step": step}

    def examples(self) -> list[dict[str, np.ndarray]]:
        """Inputs of "serving_default" for warm-up: a series of its context, and two short ones."""
        arrays_by_series = []
        for rows, time in ((1, self.description.context), (2, 3)):
            arrays = {}
            for name, spec in self.specs().items():
                steps = time + self.description.horizon * (name in ("times", "known"))
                shape = [rows, *([steps] if len(spec.shape) > 1 and name != "static" else []), *spec.shape[2:]]
                shape = [rows, spec.shape[1]] if name == "static" else shape
                empty = {tf.string: b"", tf.bool: True}.get(spec.dtype, 0)
                arrays[name] = np.full(shape, empty, object if spec.dtype == tf.string else spec.dtype.as_numpy_dtype)
            arrays_by_series.append(arrays)
        return arrays_by_series


def _ended(values, steps, padding):
    """The last `steps` of the second axis, with padding before them where there are fewer."""
    length = tf.shape(values)[1]
    missing = tf.maximum(steps - length, 0)
    rest = [[0, 0]] * (len(values.shape) - 2)
    padded = tf.pad(values, [[0, 0], [missing, 0], *rest], constant_values=tf.cast(padding, values.dtype))
    return tf.ensure_shape(padded[:, tf.shape(padded)[1] - steps :], [None, steps, *values.shape[2:]])


def _numbers(texts, vocabulary):
    """The number of each text among the known ones, from 1; 0 for others."""
    matches = tf.equal(texts[:, tf.newaxis], tf.constant(list(vocabulary), tf.string)[tf.newaxis])
    is_match = tf.reduce_any(matches, axis=1)
    return tf.where(is_match, tf.argmax(tf.cast(matches, tf.int32), axis=1, output_type=tf.int32) + 1, 0)
