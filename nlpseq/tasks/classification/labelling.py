"""From the logits of a text classifier to the labels that it assigns: one of each text, or several."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nlpseq.tasks.calibrated import Calibrated
from nlpseq.tasks.class_weights import ClassWeighted, MicroF1
from nlpseq.tasks.labels import label_names


class Labelling(ClassWeighted, Calibrated):
    """Labels by logits z, which a subclass computes.

        y = softmax(z / T)                              one label, the most probable
        y_c = sigmoid(z_c / T), for each label c        with `multi_label` those whose z_c reaches a threshold

    Args:
        preprocessor, labels, **kwargs: As of the next class.
        multi_label: Whether texts have several labels, or none.
        thresholds: With `multi_label`, the logit from which each label is assigned, `(classes,)`. Default 0.
    """

    def __init__(
        self,
        preprocessor: Any,
        labels: Sequence[str],
        multi_label: bool,
        thresholds: Sequence[float] | None,
        **kwargs: Any,
    ):
        labels, self.multi_label = label_names(labels), multi_label
        self.thresholds = np.array(thresholds or [0.0] * len(labels), np.float32)
        super().__init__(preprocessor, labels, **kwargs)
        self.check_class_weights()

    @property
    def least_labels(self):
        return 1 if self.multi_label else 2

    def default_loss(self):
        """Cross-entropy over the classes, with `class_weights`; with `multi_label` that of each label."""
        return self.cross_entropy(self.multi_label)

    def default_metrics(self):
        """Accuracy, with class weights also a weighted one; with `multi_label` micro-averaged F1."""
        return [MicroF1()] if self.multi_label else self.accuracies()

    @property
    def metric(self) -> str:
        """F1 with `multi_label`, else accuracy, which is weighted as the classes are."""
        return "f1" if self.multi_label else self.monitored_accuracy

    def decided(self, logits: tf.Tensor) -> dict[str, tf.Tensor]:
        """`scores` of logits `(batch, classes)`, and with `multi_label` `assigned`, 1.0 for the labels that apply."""
        tempered = self.tempered(logits)
        if not self.multi_label:
            return {"scores": tf.nn.softmax(tempered)}
        return {"scores": tf.sigmoid(tempered), "assigned": tf.cast(logits >= self.thresholds, tf.float32)}

    def answer_of(self, logits: tf.Tensor) -> dict[str, tf.Tensor]:
        """The answer as of `answer` for logits `(batch, classes)`."""
        names, numbers = tf.constant(self.labels), self.decided(logits)
        scores = numbers["scores"]
        if not self.multi_label:
            return {"label": tf.gather(names, tf.argmax(logits, 1)), "scores": scores}
        assigned = numbers["assigned"] > 0
        order = tf.argsort(tf.where(assigned, scores, -1.0), direction="DESCENDING", stable=True)
        labels = tf.where(tf.gather(assigned, order, batch_dims=1), tf.gather(names, order), "")
        return {"labels": labels, "scores": scores}

    def details(self):
        """Whether texts have several labels, the score from which each is assigned, and the calibration."""
        thresholds = 1 / (1 + np.exp(-self.thresholds.astype(float) / self.temperature))
        by_label = dict(zip(self.labels, thresholds.round(4).tolist())) if self.multi_label else None
        return {**super().details(), "multi_label": self.multi_label, "thresholds": by_label}

    def get_config(self):
        return {**super().get_config(), "multi_label": self.multi_label, "thresholds": self.thresholds.tolist()}
