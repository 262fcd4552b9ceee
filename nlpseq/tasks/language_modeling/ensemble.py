"""Ensembles of language models."""

from typing import Any

import keras
import tensorflow as tf

from nlpseq import decoding
from nlpseq.tasks.ensembles import Ensemble, log_mean
from nlpseq.tasks.language_modeling.model import LanguageModel


@keras.saving.register_keras_serializable("nlpseq")
class LanguageModelEnsemble(Ensemble, LanguageModel):
    """Several language models, whose probabilities of the next token are averaged at each step.

    The outputs h^L of a step are those of all networks, one after another, and so are the states.

    Args, call arguments, returns, raises: As of `nlpseq.tasks.LanguageModel`, and `members` of
    `nlpseq.tasks.ensembles.Ensemble`; the outputs are log-probabilities.

    Example:

    >>> preprocessor = nlpseq.text.LinePreprocessor.learn(["the cat sat", "the dog sat"], kind="word")
    >>> members = [nlpseq.tasks.LanguageModel(preprocessor, units=8, embedding_size=4) for _ in range(2)]
    >>> ensemble = LanguageModelEnsemble.of(members)
    >>> first, second, mean = (np.exp(task.score_text("the")["total"]) for task in (*members, ensemble))
    >>> np.allclose(mean, (first + second) / 2)
    True
    """

    member_class = LanguageModel

    def make_layers(self):
        super().make_layers()
        self.state_sizes = [sizes for member in self.members for sizes in member.state_sizes]
        self.make_functions()

    def run(self, ids: tf.Tensor, states: list | None = None, mask: Any = None, training: bool = False):
        self.ensure_built()
        parts = [None] * len(self.members) if states is None else self._of_each(states)
        runs = [member.run(ids, part, mask, training) for member, part in zip(self.members, parts)]
        hidden, finals = zip(*runs)
        return tf.concat(hidden, axis=-1), [final for part in finals for final in part]

    def logits(self, hidden: tf.Tensor, training: bool = False) -> tf.Tensor:
        parts = tf.split(hidden, len(self.members), axis=-1)
        return log_mean([member.logits(part, training) for member, part in zip(self.members, parts)])

    def advance(self, tokens: tf.Tensor, states: list) -> decoding.Step:
        steps = [member.advance(tokens, part) for member, part in zip(self.members, self._of_each(states))]
        return decoding.Step(
            log_mean([step.logits for step in steps]), [state for step in steps for state in step.states]
        )

    def _of_each(self, states):
        """The states of each network."""
        layers = self.settings.layers
        return [states[start : start + layers] for start in range(0, len(states), layers)]
