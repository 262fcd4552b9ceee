"""Language models in the search of a recognizer: n-grams, or a `LanguageModel` with units that it has too."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nlpseq.decoding import Fusion, NgramModel, Step
from nlpseq.errors import InputError
from nlpseq.tasks.speech.batches import MOST_JOINED
from nlpseq.text import END, SubwordTokenizer
from nlpseq.text.vocabulary import SPECIALS
from nlpseq.training.transfer import load_task

STRINGS = 3000  # of which n-grams are counted where texts follow one another


class SpeechLanguage:
    """What a language model says about the units of a recognizer.

    Args:
        tokenizer: That of the recognizer.
        model: `NgramModel` over its units, a `LanguageModel` whose tokens include most of the units, or None.
        weight: Of the log-probabilities.
        word_bonus: What each space between words, or unit that begins with one, adds to the score.

    Raises:
        InputError: the language model has none of the units.
    """

    def __init__(self, tokenizer: SubwordTokenizer, model: Any = None, weight: float = 0.5, word_bonus: float = 0.0):
        self.tokenizer, self.model, self.weight = tokenizer, model, weight
        self.bonuses = np.array([word_bonus * piece.startswith(" ") for piece in tokenizer.pieces], np.float32)
        if self.is_neural:
            numbers = {piece: number for number, piece in enumerate(model.preprocessor.tokenizer.pieces)}
            own = tokenizer.pieces[len(SPECIALS) :]
            tokens = [-1] * len(SPECIALS) + [numbers.get(piece, -1) for piece in own]
            if max(tokens) < 0:
                raise InputError(
                    f"the language model has none of the {len(own)} units of the recognizer, such as {own[-1]!r}: "
                    "train it with the same `vocabulary`."
                )
            self.tokens = tf.constant(tokens)
            self.first = [END, *([numbers[" "]] if " " in own and " " in numbers else [])]

    def fusion(self, batch: Any) -> Fusion:
        """For `nlpseq.decoding.ctc_beam_search`."""
        if self.model is None:
            return Fusion(None, bonuses=tf.constant(self.bonuses))
        if isinstance(self.model, NgramModel):
            return self.model.fusion(batch, self.weight, tf.constant(self.bonuses))
        sizes = self.model.state_sizes
        states = tf.nest.map_structure(lambda size: tf.zeros([batch, size]), sizes)
        for token in self.first:
            read = self._step(tf.fill([batch], token), states)
            states = read.states
        return Fusion(self._step, states, read.logits, self.tokens, self.weight, tf.constant(self.bonuses), END)

    def _step(self, tokens, states):
        logits, states, _ = self.model.advance(tokens, states)
        return Step(logits, states)

    @property
    def is_neural(self) -> bool:
        """Whether it is a `LanguageModel`."""
        return not (self.model is None or isinstance(self.model, NgramModel))

    @property
    def tables(self) -> dict[str, np.ndarray]:
        """The arrays from which `of_tables` makes it again, and `nlpseq.runtime.ctc.Language` its like; of a neural
        language model only that there is one."""
        if self.is_neural:
            return {"neural": np.array(True)}
        tables = {"bonuses": self.bonuses, "weight": np.array(self.weight, np.float32)}
        if self.model is None:
            return tables
        end = -1 if self.model.end is None else self.model.end
        return {**tables, "scores": self.model.scores, "following": self.model.following, "end": np.array(end)}

    @classmethod
    def of_tables(cls, tokenizer: SubwordTokenizer, tables: dict[str, np.ndarray]) -> "SpeechLanguage":
        """The language model of `tables`."""
        model = None
        if "scores" in tables:
            end = int(tables["end"])
            model = NgramModel(tables["scores"], tables["following"], None if end < 0 else end)
        language = cls(tokenizer, model, float(tables["weight"]))
        language.bonuses = tables["bonuses"]
        return language

    @property
    def resources(self) -> list:
        """What an export must track."""
        if not self.is_neural:
            return []
        return [variable.value for variable in self.model.variables]


def language_of(
    tokenizer: SubwordTokenizer,
    texts: Sequence[bytes],
    language_model: str,
    language_weight: float = 0.5,
    word_bonus: float = 0.0,
    order: int = 6,
    strings: bool = False,
) -> SpeechLanguage | None:
    """The language model of the settings.

    Args:
        tokenizer: That of the recognizer.
        texts: Of the training split.
        language_model, language_weight, word_bonus, order: As of `nlpseq.tasks.speech.settings.LanguageScores`.
        strings: Whether texts may follow one another in any order, as in training with joined utterances.
    """
    if language_model == "none":
        return SpeechLanguage(tokenizer, None, 0.0, word_bonus) if word_bonus else None
    if language_model == "ngram":
        texts = _strings(texts) if strings else texts
        ids = tokenizer(tf.constant(list(texts), tf.string)).to_list()
        space = tokenizer.pieces.index(" ") if " " in tokenizer.pieces else -1
        ids = [row[1:] if row[:1] == [space] else row for row in ids]
        return SpeechLanguage(tokenizer, NgramModel.learn(ids, len(tokenizer), order, END), language_weight, word_bonus)
    task = load_task(language_model)
    if getattr(task, "kind", None) != "language_model":
        raise InputError(f"`language_model` {language_model} is of the kind {task.kind}: give one of language_model.")
    return SpeechLanguage(tokenizer, task, language_weight, word_bonus)


def _strings(texts):
    """Random strings of different texts, all of which are equally frequent."""
    different, random = sorted(set(texts)), np.random.default_rng(0)
    counts = random.integers(1, MOST_JOINED + 1, size=STRINGS)
    return [b" ".join(different[at] for at in random.integers(len(different), size=count)) for count in counts]
