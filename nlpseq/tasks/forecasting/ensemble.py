"""Ensembles of forecasters."""

import keras
import tensorflow as tf

from nlpseq.tasks.ensembles import Ensemble
from nlpseq.tasks.forecasting.model import Forecaster


@keras.saving.register_keras_serializable("nlpseq")
class ForecasterEnsemble(Ensemble, Forecaster):
    """Several forecasters, whose quantiles are averaged (Vincent 1912).

    Args, call arguments, returns, raises: As of `nlpseq.tasks.Forecaster`, and `members` of
    `nlpseq.tasks.ensembles.Ensemble`.
    """

    member_class = Forecaster

    def build(self, input_shape=None):
        super().build(input_shape)
        if not hasattr(self, "blend"):
            self._make_calibration()

    def of_scaled(self, z, mask, features, inputs, training=False):
        outputs = [member.of_scaled(z, mask, features, inputs, training) for member in self.members]
        return tf.add_n([quantiles for quantiles, _ in outputs]) / len(outputs), outputs[0][1]
