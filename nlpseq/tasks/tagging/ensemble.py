"""Ensembles of token taggers."""

import keras
import numpy as np

from nlpseq.tasks.ensembles import Ensemble, log_mean
from nlpseq.tasks.tagging.model import TokenTagger


@keras.saving.register_keras_serializable("nlpseq")
class TaggerEnsemble(Ensemble, TokenTagger):
    """Several token taggers, whose probabilities are averaged; with a CRF their scores are.

        s(y, x) = 1/K sum_k s_k(y, x)             with a CRF: emissions and transitions are averaged
        p(y_t | x) = 1/K sum_k p_k(y_t | x)       else

    Args, call arguments, returns, raises: As of `nlpseq.tasks.TokenTagger`, and `members` of
    `nlpseq.tasks.ensembles.Ensemble`.

    Example:

    >>> tokens = tf.ragged.constant([["a", "book"], ["book", "it"]])
    >>> preprocessor = nlpseq.text.TokenPreprocessor.learn(tokens)
    >>> members = [nlpseq.tasks.TokenTagger(preprocessor, ["DET", "NOUN"], units=4) for _ in range(2)]
    >>> TaggerEnsemble.of(members).predict_text(["a book"])["tokens"]
    [['a', 'book']]
    """

    member_class = TokenTagger

    @classmethod
    def of(cls, members):
        ensemble = super().of(members)
        if ensemble.crf is not None:
            weights = [member.crf.get_weights() for member in members]
            ensemble.crf.set_weights([np.mean(values, axis=0) for values in zip(*weights)])
        return ensemble

    def build(self, input_shape=None):
        if self.crf is not None:
            self.crf.build((None, None, len(self.labels)))
        super().build(input_shape)

    def call(self, inputs, training=False):
        ids = self._ids(inputs)
        emissions = [member(ids, training=training) for member in self.members]
        return log_mean(emissions) if self.crf is None else self.crf(sum(emissions) / len(emissions))
