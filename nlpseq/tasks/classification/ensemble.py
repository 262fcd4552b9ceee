"""Ensembles of text classifiers."""

import keras
import tensorflow as tf

from nlpseq.data.batching import pad
from nlpseq.tasks.classification.model import TextClassifier
from nlpseq.tasks.ensembles import Ensemble, log_mean, logit_mean


@keras.saving.register_keras_serializable("nlpseq")
class ClassifierEnsemble(Ensemble, TextClassifier):
    """Several text classifiers, whose probabilities are averaged.

    Args, call arguments, returns, raises: As of `nlpseq.tasks.TextClassifier`, and `members` of
    `nlpseq.tasks.ensembles.Ensemble`; the outputs are logits of the mean probabilities.

    Example:

    >>> preprocessor = nlpseq.text.WordPreprocessor.learn(["good film", "bad film"])
    >>> members = [nlpseq.tasks.TextClassifier(preprocessor, ["no", "yes"], units=4) for _ in range(2)]
    >>> ensemble = ClassifierEnsemble.of(members)
    >>> scores = [task.predict_text("good")["scores"] for task in (*members, ensemble)]
    >>> np.allclose(scores[2], (scores[0] + scores[1]) / 2)
    True
    """

    member_class = TextClassifier

    def make_layers(self):
        super().make_layers()
        if self.has_margins:  # the same in all networks
            first, *others = self.members
            self.linear = first.linear
            for member in others:
                del member.linear
                member.linear = self.linear

    def call(self, inputs, training=False):
        ids = pad(self.preprocessor(inputs)) if inputs.dtype == tf.string else inputs
        logits = [member(ids, training=training) for member in self.members]
        return logit_mean(logits) if self.multi_label else log_mean(logits)

    def choose_share(self, examples):
        """The mean share of the networks, each of which has its own."""
        shares = [member.choose_share(examples) for member in self.members]
        return None if None in shares else sum(shares) / len(shares)
