"""The defaults of text classification that follow the data."""

from typing import TYPE_CHECKING, Any

import numpy as np

from nlpseq.tasks.profile import Profile, clipped
from nlpseq.tasks.space import Among, Around, Between, Times

if TYPE_CHECKING:
    from nlpseq.tasks.classification.data import LabelledTexts

LONG = 100  # words of a text, on average, from which n-grams pay
SENTENCES_READ = 45_000  # texts that are read in training if they are sentences, at most
LONG_READ = 30_000  # the same if they are long
FEW = 20_000  # texts, up to which several networks are trained within minutes
SPACE = {
    "learning_rate": Around(4.0),
    "batch_size": Times(0.5, 2),
    "cell": Among("lstm", "gru"),
    "units": Times(0.5, 1.5, 2),
    "layers": Among(1, 2),
    "embedding_size": Times(0.5, 2),
    "pooling": Among("max", "max_mean", "attention"),
    "linear": Among("none", "bayes", "svm"),
    "dropout": Between(0.0, 0.6),
    "output_dropout": Between(0.0, 0.6),
    "word_dropout": Between(0.0, 0.2),
}  # what `nlpseq search` tries; n-grams and vocabulary, which decide what is read, stay as chosen


def profile(data: "LabelledTexts") -> Profile:
    """The profile of the training texts, with words between white space as tokens.

    Of texts with several labels, each combination that occurs is a class. That of a prepared corpus is known.
    """
    if stored := getattr(data, "profile", None):
        return stored
    classes = len(np.unique(data.train.labels, axis=0)) if data.multi_label else len(data.labels)
    return Profile.of((text.lower().split() for text in data.train.texts), classes)


def choose(profile: Profile, vectors: Any = None) -> dict[str, Any]:
    """The defaults for a profile, and for `nlpseq.data.WordVectors` if given, by the flat names of the settings.

    Long texts (reviews, articles) hold many words that decide each: frequent bigrams and trigrams
    pay as input of the recurrent layer, one to three passes suffice, more of them learn the n-grams
    by heart, and the weights change so much in a pass that it is validated several times. Nearly all
    of each is read: of film reviews, of which 400 words hold all but an eighth and 1,000 nearly all, the
    recurrent classifier gets 0.905 with 400 and 0.912 with 800 (10,000 training reviews held out). The linear
    classifier beside it is a support vector machine, of two classes with features weighted by naive Bayes: 0.921,
    where one that is trained together with the network gives 0.919.

    Sentences hold few words: all of them are kept. With two classes, as of opinions, the words
    differ little between the classes: the recurrent layer learns n-grams by heart, so they are left to the
    linear classifier, and strong dropout allows more passes. With more classes, as of questions
    and intents, a few n-grams decide, and the recurrent layer reads them, with light dropout. Of rare classes, which
    networks learn badly, a support vector machine beside them knows more. Of few such texts networks learn different
    things: the mean of five is right more often than one.

    A closed vocabulary is learnt with little dropout, and all that matters is the order of its words.
    The fewer the examples, the smaller the batch, so that there are enough steps, and the more passes
    at most; training stops when validation has not improved for a while.

    Word embeddings have the size of the vectors that they start from.

    Example:

    >>> choose(Profile(examples=8_000, tokens=160_000, vocabulary=18_000, classes=2))["ngrams"]
    2
    """
    long, natural = profile.length >= LONG, not profile.closed
    opinions = natural and not long and profile.classes <= 2
    read = natural and not opinions  # whether the recurrent layer reads n-grams
    texts = LONG_READ if long else SENTENCES_READ
    return {
        "ensemble": 5 if read and not long and profile.examples <= FEW else 1,
        "epochs": clipped(texts / profile.examples, 1 if long else 3, 3 if long else 30),
        "validations": clipped(profile.examples / 5_000, 1, 5) if long else 1,
        "patience": 3,
        "batch_size": clipped(profile.examples / 250, 8, 32),
        "learning_rate": 5e-3 if read else 2e-3 if natural else 3e-3,
        "averaging": 0.0,
        "layers": 1,
        "units": 48 if long else 64,
        "embedding_size": vectors.size if vectors else 48 if long else 64,
        "pooling": "max_mean",
        "linear": "none" if not natural else "bayes" if opinions else "svm",
        "dropout": 0.5 if opinions else 0.2,
        "output_dropout": 0.5 if opinions else 0.3 if read else 0.2,
        "word_dropout": 0.1 if natural else 0.02,
        "max_tokens": 1000 if long else 400,
        "truncation": "middle",
        "min_count": 2 if long else 1,
        "ngrams": 3 if read else 2 if opinions else 1,
        "ngram_min_count": 3 if long else 1 if opinions else 2,
        "ngram_embedding_size": 16 if read else 0,
    }
