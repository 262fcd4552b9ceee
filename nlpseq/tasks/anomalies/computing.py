"""A detector without TensorFlow: the network in an interpreter, the running statistics of a series in NumPy."""

from typing import TYPE_CHECKING, Any

import numpy as np

from nlpseq.tasks.anomalies.statistics import Fitted, Statistics

if TYPE_CHECKING:
    from nlpseq.runtime.model import Computed

States = dict[str, np.ndarray]
TOGETHER = 256  # windows that are reconstructed in a batch


class Detector:
    """The same as `AnomalyDetector`, which documents it.

    Args:
        model: The functions of the network, and as options `AnomalyDetector.client_options`.
    """

    def __init__(self, model: "Computed"):
        self.options = model.options
        self.statistics = Statistics(self.options["channels"], self.options, np)
        fitted: Any = (np.array(self.options[name], np.float32) for name in Fitted._fields)
        self.fitted = Fitted(*fitted)
        network = _Windows if "windows" in model.functions else _Following
        self.network = network(model)

    def answer(self, values: np.ndarray, season: np.ndarray) -> dict[str, np.ndarray]:
        """As `AnomalyDetector.answer`."""
        with np.errstate(invalid="ignore", over="ignore"):
            return self._answer(values, season)

    def _answer(self, values, season):
        batch, steps, _ = values.shape
        states, features = self._zeros(self.statistics.scale.sizes, batch), []
        for time in range(steps):
            computed, states = self.statistics.features(values[:, time], states)
            features.append(computed)
        surprise = self.network.surprises(np.stack(features, axis=1)) if steps else np.zeros((batch, 0), np.float32)
        before, states = self._days_before(values, season), self._zeros(self.statistics.score_sizes, batch)
        rows = []
        for time in range(steps):
            step_inputs = values[:, time], before[:, time], surprise[:, time]
            computed, states = self.statistics.scores(*step_inputs, self.fitted, states)
            rows.append(computed)
        computed = {name: [row[name] for row in rows] for name in ("score", "alarm")}
        empty = {"score": np.zeros((batch, 0), np.float32), "alarm": np.zeros((batch, 0), bool)}
        stacked = {name: np.stack(columns, axis=1) if columns else empty[name] for name, columns in computed.items()}
        return {**stacked, "surprise": surprise}

    def init(self, values: np.ndarray, season: np.ndarray) -> States:
        """The states after the beginning of a series, which may have no steps."""
        batch, longest = len(season), self.options["longest_season"]
        sizes = {"history": longest * self.options["channels"], **self.statistics.scale.sizes}
        states = self._zeros({**sizes, **self.statistics.score_sizes}, batch)
        states |= {name: np.zeros((batch, size), np.float32) for name, size in self.network.sizes.items()}
        states["season"] = np.asarray(season, np.float64)[:, np.newaxis]
        for time in range(values.shape[1]):
            outputs = self.step(values[:, time], **states)
            states = {name: outputs[name] for name in states}
        return states

    def step(self, values: np.ndarray, **states: np.ndarray) -> dict[str, np.ndarray]:
        """Score, surprise and alarm, `(batch,)`, of values of a step, float64 `(batch, channels)`; and the states."""
        with np.errstate(invalid="ignore", over="ignore"):
            return self._step(values, states)

    def _step(self, values, states):
        features, scale = self.statistics.features(values, states)
        surprise, network = self.network.step(features, states)
        longest, season = self.options["longest_season"], states["season"][:, 0].astype(int)
        history = states["history"].reshape(len(values), longest, -1)
        seen = self._remembered(season) & (states["steps"][:, 0] >= season)
        before = history[np.arange(len(values)), np.where(seen, longest - season, 0)]
        before = np.where(seen[:, np.newaxis], before, np.nan)
        scores, others = self.statistics.scores(values, before, surprise, self.fitted, states)
        own = {"season": states["season"]}
        own["history"] = np.concatenate([states["history"][:, values.shape[1] :], values], axis=1)
        scores = {"score": scores["score"], "surprise": surprise, "alarm": scores["alarm"]}
        return {**scores, **own, **scale, **network, **others}

    def _days_before(self, values, season):
        place = np.arange(values.shape[1]) - season[:, np.newaxis]
        seen = self._remembered(season)[:, np.newaxis] & (place >= 0)
        earlier = values[np.arange(len(values))[:, np.newaxis], np.maximum(place, 0)]
        return np.where(seen[..., np.newaxis], earlier, np.nan)

    def _remembered(self, season):
        return (season > 0) & (season <= self.options["longest_season"])

    def _zeros(self, sizes, batch):
        return {name: np.zeros((batch, size)) for name, size in sizes.items()}


class _Following:
    """A network that predicts the next values."""

    def __init__(self, model):
        self.functions, self.sizes = model.functions, model.options["sizes"]

    def surprises(self, features):
        return self.functions["surprises"](features=features)["surprise"]

    def step(self, features, states):
        outputs = self.functions["step"](features=features, **{name: states[name] for name in self.sizes})
        return outputs["surprise"], {name: outputs[f"new_{name}"] for name in self.sizes}


class _Windows:
    """A network that reconstructs the last values."""

    def __init__(self, model):
        self.function, self.together = model.functions["windows"], TOGETHER if model.batched else 1
        self.sizes, self.window = model.options["sizes"], model.options["window"]

    def surprises(self, features):
        padded = np.pad(features, [(0, 0), (self.window - 1, 0), (0, 0)])
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.window, axis=1).swapaxes(2, 3)
        return self._of(windows.reshape(-1, *windows.shape[2:])).reshape(features.shape[:2])

    def step(self, features, states):
        (name,) = self.sizes
        window = np.concatenate([states[name][:, features.shape[1] :], features], axis=1)
        return self._of(window.reshape(len(features), self.window, -1)), {name: window}

    def _of(self, windows):
        starts = range(0, len(windows), self.together)
        parts = [self.function(windows=windows[start : start + self.together])["surprise"] for start in starts]
        return np.concatenate([np.zeros(0, np.float32), *parts])
