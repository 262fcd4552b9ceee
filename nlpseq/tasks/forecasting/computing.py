"""What an export computes around its network, with NumPy: the same as `Forecaster.forecast`, which documents it.

Level, scale, calendar and covariates before it; correction, units and domain behind it.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from nlpseq.tasks.forecasting.calendar import phases

if TYPE_CHECKING:
    from nlpseq.runtime.model import Computed

CONSTANT = 1e-9  # a scale below this share of the level is that of a constant series
FARTHEST = 10.0  # standard deviations to which covariates are limited


def forecast(model: "Computed", inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Quantiles `(batch, horizon, quantiles)` and mean `(batch, horizon)`, float64.

    Args:
        model: The function "network", and as options `Forecaster.client_options`.
        inputs: Those of the signature "forecast", with strings as they are.
    """
    options = model.options
    values, mask = observed(_ended(np.where(inputs["mask"], inputs["values"], np.nan), options["context"], np.nan))
    level, scale = level_and_scale(values, mask, options["season"])
    z = np.where(mask & (scale > 0), (values - level) / np.where(scale > 0, scale, 1.0), 0.0)
    outputs = model.functions["network"](z=z.astype(np.float32), mask=mask, **_features(inputs, options))
    quantiles = level[..., np.newaxis] + scale[..., np.newaxis] * _corrected(**outputs, options=options)
    if options["domain"] != "real":
        quantiles = np.maximum(quantiles, 0.0)
    quantiles[~mask.any(axis=1)] = np.nan
    mean = (quantiles * options["mean_weights"]).sum(axis=-1)
    return {"quantiles": np.rint(quantiles) if options["domain"] == "count" else quantiles, "mean": mean}


def observed(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values with 0 where they are missing, and the mask of those that are there."""
    mask = np.isfinite(values)
    return np.where(mask, values, 0.0), mask


def level_and_scale(values: np.ndarray, mask: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray]:
    """As `nlpseq.tasks.forecasting.scaling.level_and_scale`."""
    latest = np.where(mask, np.arange(1, values.shape[1] + 1), 0).max(axis=1)
    first = np.where(latest > 0, values[np.arange(len(values)), latest - 1], 0.0)
    around = np.where(mask, values - first[:, np.newaxis], 0.0)
    level = _mean(around[:, -season:], mask[:, -season:]) if season > 1 else np.zeros_like(first)
    scale = np.sqrt(_mean((around - level[:, np.newaxis]) ** 2, mask))
    level = first + level
    scale = np.where(scale <= CONSTANT * np.abs(level), 0.0, scale)
    return level[:, np.newaxis], scale[:, np.newaxis]


def _mean(values, mask):
    return np.where(mask, values, 0.0).sum(axis=1) / np.maximum(mask.sum(axis=1), 1)


def _features(inputs, options) -> dict[str, np.ndarray]:
    """The inputs of the network beside values, as the model has them."""
    context, count = options["context"], len(options["past"])
    steps, features = context + options["horizon"], {}
    means, deviations = np.array(options["means"]), np.array(options["deviations"])
    known_features = []
    if options["frequency"]:
        known_features.append(_calendar(_ended(inputs["times"], steps, 0), options["frequency"], options["span"]))
    if options["known"]:
        known_features.append(_standard(_ended(inputs["known"], steps, np.nan), means[count:], deviations[count:]))
    if known_features:
        features["known"] = np.concatenate(known_features, axis=-1)
    if options["past"]:
        features["past"] = _standard(_ended(inputs["past"], context, np.nan), means[:count], deviations[:count])
    if options["item"]:
        features["item"] = _numbers(inputs["item"], options["item"])
    if options["static"]:
        columns = zip(inputs["static"].T, options["static"].values())
        features["static"] = np.stack([_numbers(*pair) for pair in columns], axis=1)
    return features


def _calendar(times, frequency, span):
    from nlpseq.data.series import Frequency

    angles = 2 * np.pi * np.stack(phases(times, Frequency.of(frequency), span), axis=-1).astype(np.float32)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=-1) / 2


def _standard(cells, means, deviations):
    """Standardised covariates and whether they are there, float32 `(batch, time, 2 covariates)`."""
    cells, present = observed(cells)
    scaled = np.clip(((cells - means) / deviations).astype(np.float32), -FARTHEST, FARTHEST)
    return np.concatenate([scaled * present, present], axis=-1, dtype=np.float32)


def _ended(values, steps, padding):
    """The last `steps` of the second axis, with padding before them where there are fewer."""
    missing = max(steps - values.shape[1], 0)
    rest = [(0, 0)] * (values.ndim - 2)
    padded = np.pad(values, [(0, 0), (missing, 0), *rest], constant_values=padding)
    return padded[:, padded.shape[1] - steps :]


def _numbers(texts, vocabulary):
    """The number of each text among the known ones, from 1; 0 for others."""
    places = {name.encode(): number for number, name in enumerate(vocabulary, start=1)}
    return np.array([places.get(text, 0) for text in texts], np.int32)


def _corrected(quantiles, base, options: dict[str, Any]):
    """Quantiles of scaled values, blended with the base and spread out as on validation windows, float32."""
    middle, base = options["middle"], base[..., np.newaxis]
    median = quantiles[..., middle : middle + 1]
    offsets = (quantiles - median) * np.array(options["correction"], np.float32)
    above = np.maximum.accumulate(offsets[..., middle + 1 :], axis=-1)
    below = np.minimum.accumulate(offsets[..., middle - 1 :: -1] if middle else offsets[..., :0], axis=-1)[..., ::-1]
    spread = np.concatenate([below, offsets[..., middle : middle + 1], above], axis=-1)
    return base + np.float32(options["blend"]) * (median - base) + spread
