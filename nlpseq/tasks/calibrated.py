"""A classifier whose scores have a temperature, which is fitted on validation data and saved with the model."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from nlpseq.tasks import decisions
from nlpseq.tasks.base import Task


class Calibrated(Task):
    """The calibration of a task that has logits z.

        y = softmax(z / T), or sigmoid(z / T)      T = 1 until `fit_temperature` sets it

    Args:
        calibration: Attributes of `nlpseq.tasks.decisions.Calibration`. Default None, not calibrated.
        *args, **kwargs: As of the next class.
    """

    calibration: decisions.Calibration | None

    def __init__(self, *args: Any, calibration: Mapping[str, Any] | None = None, **kwargs: Any):
        self.calibration = decisions.Calibration(**calibration) if calibration else None
        super().__init__(*args, **kwargs)

    @property
    def temperature(self) -> float:
        """T."""
        return 1.0 if self.calibration is None else self.calibration.temperature

    def fit_temperature(self, logits: np.ndarray, labels: np.ndarray) -> decisions.Calibration | None:
        """Sets and returns the calibration, as of `nlpseq.tasks.decisions.calibration`; None without logits."""
        self.calibration = decisions.calibration(logits, labels) if len(logits) else None
        return self.calibration

    def tempered(self, logits: Any) -> Any:
        """z / T."""
        return logits if self.calibration is None else logits / self.temperature

    def details(self):
        return {**super().details(), "calibration": self._calibration_config()}

    def get_config(self):
        return {**super().get_config(), "calibration": self._calibration_config()}

    def _calibration_config(self):
        return None if self.calibration is None else dataclasses.asdict(self.calibration)
