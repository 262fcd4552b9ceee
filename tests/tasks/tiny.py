"""A tiny task of every kind with random weights, and its export, built once a process."""

import functools
import json
import subprocess
import sys
import tempfile
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq import engine, serving
from nlpseq.cells import RecurrentCell
from nlpseq.data import Examples, LabelledTexts, Lines, Pairs, Sentences
from nlpseq.runtime.description import write_tables
from nlpseq.tasks import LanguageModel, TextClassifier, TokenTagger, Translator
from nlpseq.tasks.answers import Answers
from nlpseq.text import LinePreprocessor, PairPreprocessor, TokenPreprocessor, WordPreprocessor
from tests.modes import functions

TEXTS = ["a good film", "a bad film , not good", "not bad at all", "dull"]
LABELS = ["no", "yes", "maybe"]
SENTENCES = [["Ada", "met", "Bo", "Li"], ["met", "."], ["Bo", "met", "Ada", "."], ["."]]
TAGS = [[1, 0, 1, 2], [0, 0], [1, 0, 1, 0], [0]]
TAG_NAMES = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
SOURCES = ["a b c", "c", "b a a c b", "a c"]
TARGETS = ["x y", "z", "y x x", "z z"]
LINES = ["the cat sat on the mat", "the dog sat", "a cat , a dog and a mat"]
ODD = ["", " \n", "never seen", "😀👍", "\x00\x07", b"\xff\xfe"]  # valid input all the same
METRICS = {"validation": {"accuracy": 0.5}, "test": {"accuracy": 0.25}, "train_seconds": 1.5, "peak_memory_mb": 100}


@keras.saving.register_keras_serializable("tests")
class DriftCell(RecurrentCell):
    """h_t = 0.5 h_{t-1} + 0.5 tanh(W x_t + U h_{t-1} + b)."""

    def transition(self, wx, uh, states):
        return [0.5 * states[0] + 0.5 * tf.tanh(wx + uh)]


def strings(texts):
    """Texts as examples hold them."""
    return np.array([text.encode() for text in texts], object)


def labelled_texts(repeat=8):
    texts = TEXTS * repeat
    return Examples(strings(texts), np.arange(len(texts)) % len(LABELS))


def sentences(repeat=8):
    return Sentences(SENTENCES * repeat, TAGS * repeat)


def pairs(repeat=8):
    return Pairs(strings(SOURCES * repeat), strings(TARGETS * repeat))


def lines(repeat=40):
    return Lines(strings(LINES * repeat))


def words(**options):
    return WordPreprocessor.learn(TEXTS, **{"max_tokens": 40, "ngram_min_count": 1, **options})


def tokens(**options):
    return TokenPreprocessor.learn(sentences(1).ragged()[0], **{"max_tokens": 40, **options})


def pair_tokens(**options):
    return PairPreprocessor.learn(SOURCES, TARGETS, **{"kind": "word", "size": 20, "max_tokens": 8, **options})


def line_tokens(**options):
    return LinePreprocessor.learn(LINES, **{"kind": "word", "size": 40, "max_tokens": 3000, **options})


# The `new_...` make a task, to be trained or changed; the others give the same one again.


def new_classifier(preprocessor=None, **settings):
    preprocessor = preprocessor or words()
    return randomized(TextClassifier(preprocessor, LABELS, **{"units": 5, "embedding_size": 6, **settings}))


def new_tagger(preprocessor=None, **settings):
    sizes = {"units": 5, "embedding_size": 6, "character_units": 4}
    return randomized(TokenTagger(preprocessor or tokens(), TAG_NAMES, **{"scheme": "bio", **sizes, **settings}))


def new_translator(preprocessor=None, **settings):
    return randomized(Translator(preprocessor or pair_tokens(), **{"units": 6, "embedding_size": 4, **settings}))


def new_language_model(preprocessor=None, **settings):
    return randomized(LanguageModel(preprocessor or line_tokens(), **{"units": 6, "embedding_size": 4, **settings}))


def randomized(task):
    """A task whose weights are all random and of about 1, biases too."""
    task.build()
    rng = np.random.default_rng(3)
    task.set_weights([rng.normal(size=weight.shape) for weight in task.get_weights()])
    return task


classifier, tagger = functools.cache(new_classifier), functools.cache(new_tagger)
translator, language_model = functools.cache(new_translator), functools.cache(new_language_model)

EXPORTED = {
    "classification": lambda: new_classifier(words(max_tokens=60, ngrams=2, truncation="middle")),
    "tagging": lambda: new_tagger(characters="cnn", linear="features"),
    "translation": lambda: new_translator(pair_tokens(kind="bpe", size=14, joint=True, max_tokens=12)),
    "language_model": lambda: new_language_model(line_tokens(max_tokens=30), layers=2),
}


def dataset(generated=False):
    """What an export says of its data."""
    one = Examples(strings(["x"]), np.array([0]))
    return LabelledTexts("some_set", ("no", "yes"), one, one, one, generated)


def write(folder, task, **options):
    """Exports a task; returns the path of the version."""
    return serving.export(task, folder, **{"data": dataset(), "settings": {"units": 5}, "metrics": METRICS, **options})


def converted(folder, task):
    """A folder with all of an export that a client without TensorFlow reads: the format onnx; needs nlpseq[onnx]."""
    from nlpseq.serving.formats import adding, onnx

    onnx.write(task, folder)
    adding.write_client(task, serving.Metadata(task.kind, task.labels, task.details(), {}, {}, {}), folder)
    write_tables(folder, task.tables())
    return folder


def compare(inputs, right, answers, decisions, tolerance, sentences=False):
    """Compares answers of two formats of an export, whose scores differ by parts of themselves."""
    from nlpseq.serving.formats import agreement

    kind: Any = type("Kind", (Answers,), {"decisions": decisions, "sentences": sentences})
    by_name = {f"input {number}": value for number, value in enumerate(inputs)}
    return agreement.compare(by_name, right, answers, kind(None), tolerance)


def without_tensorflow(folder, inputs):
    """The answers of an export in a process that has NumPy and the interpreter alone; inputs are JSON values."""
    others = ["tensorflow", "keras", "wrapt", "rich", "tyro", "tokenizers", "sklearn", "charset_normalizer", "pandas"]
    others += ["soundfile", "jiwer", "scipy", "matplotlib"]
    script = (
        "import json, sys\n"
        f"sys.modules.update(dict.fromkeys({others}))\n"
        "from nlpseq import runtime\n"
        "print(json.dumps(runtime.load(sys.argv[1]).predict(json.loads(sys.argv[2]))))"
    )
    process = subprocess.run([sys.executable, "-c", script, folder, json.dumps(inputs)], capture_output=True, text=True)
    assert not process.returncode, process.stderr[-1000:]
    return json.loads(process.stdout)


@functools.cache
def exported(kind):
    """A task of a kind and the path of its export, which no test changes."""
    with engine.mode("portable"), functions(eagerly=False):  # in `eager` tests too
        task = EXPORTED[kind]()
        return task, write(_temporary(kind).name, task)


@functools.cache
def served(kind):
    """The same export, loaded."""
    return serving.Export(exported(kind)[1])


@functools.cache
def _temporary(kind):
    return tempfile.TemporaryDirectory(prefix=f"nlpseq-{kind}-")  # kept until the process ends
