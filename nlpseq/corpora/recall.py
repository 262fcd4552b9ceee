"""Sentences that end with a question whose answer was named a chosen number of words before."""

import random
import re

import numpy as np
import tensorflow_datasets as tfds

from nlpseq.errors import in_range

LANGUAGES = {
    "france": "French", "italy": "Italian", "japan": "Japanese", "korea": "Korean",
    "poland": "Polish", "portugal": "Portuguese", "russia": "Russian", "sweden": "Swedish",
}  # fmt: skip
CUE, QUESTION = "i grew up in {country} .", "so i speak fluent"
NEAREST = 5  # the full stop after the country, and the question
BEFORE = 12  # the most words before the cue, without which a plain count of steps would find it
DISTANCES = (5, 10, 20, 40, 60, 80, 100)
OTHERS = ["brother", "cousin", "doctor", "friend", "neighbour", "sister", "teacher", "uncle"]
THINGS = ["bicycle", "book", "cake", "chair", "coat", "garden", "lamp", "letter", "piano", "song"]
QUALITIES = ["big", "blue", "cheap", "fine", "new", "old", "quiet", "small", "strange", "warm"]
VERBS = ["bought", "described", "forgot", "found", "liked", "lost", "mentioned", "sold"]
TIMES = ["again", "early", "later", "often", "once", "today", "yesterday"]
PAUSES = ["well", "anyway", "still", "indeed"]
# The other countries are told of other people, and say nothing of the answer.
FILLERS = [
    "the {thing} was {quality} .",
    "my {other} {verb} the {thing} .",
    "my {other} {verb} a {quality} {thing} .",
    "the {thing} of my {other} was {quality} .",
    "{time} my {other} {verb} the {quality} {thing} .",
    "my {other} grew up in {country} .",
    "my {other} grew up in {country} , then in {country} .",
    "my {other} speaks fluent {language} .",
    "i went to {country} {time} .",
]
CHOICES = {
    "country": list(LANGUAGES),
    "language": [language.lower() for language in LANGUAGES.values()],
    "other": OTHERS,
    "quality": QUALITIES,
    "thing": THINGS,
    "time": TIMES,
    "verb": VERBS,
}
SLOT = re.compile(r"{(\w+)}")
LENGTHS = [len(filler.split()) for filler in FILLERS]


class NlpseqRecall(tfds.core.GeneratorBasedBuilder):
    """`nlpseq_recall`: generated texts that ask at their end for what was said at their start.

    "i grew up in france . ... so i speak fluent", to be continued with "French". Between
    the country and the answer stand `distance` words and marks of other matters, in
    which other people grew up elsewhere: these countries, drawn without regard to the
    answer, tell nothing of it.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}
    SIZES = {"train": 1200, "validation": 200, "test": 200}  # texts of each distance

    def _info(self):
        features = tfds.features.FeaturesDict(
            {
                "text": tfds.features.Text(),
                "answer": tfds.features.ClassLabel(names=list(LANGUAGES.values())),
                "distance": tfds.features.Scalar(np.int32),
            }
        )
        return self.dataset_info_from_configs(
            features=features,
            supervised_keys=("text", "answer"),
            description="Questions about a word named before, from a small grammar; no real text.",
            license="No rights reserved: the sentences are generated.",
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(seed, size) for seed, (split, size) in enumerate(self.SIZES.items())}

    def _generate_examples(self, seed, size):
        for distance in DISTANCES:
            for index, (text, answer) in enumerate(recall_sentences(distance, size, seed)):
                yield f"{distance}-{index}", {"text": text, "answer": answer, "distance": distance}


def recall_sentences(distance, count, seed=0):
    """Texts with a chosen number of words between the country and the answer.

    Args:
        distance: words and marks between the two, at least 5.
        count: number of texts; each answer is as frequent as the others.
        seed: fixes the texts.

    Returns:
        A list of `(text, answer)`, strings; words and marks stand between blanks.

    Raises:
        InputError: the distance is too short, or the count negative.

    Example:

    >>> text, answer = recall_sentences(5, 1)[0]
    >>> text.replace(text.split()[4], "...")
    'i grew up in ... . so i speak fluent'
    """
    in_range("distance", distance, NEAREST)
    in_range("count", count, 0)
    draw = random.Random(f"{seed} {distance}")
    countries = list(LANGUAGES)
    made = []
    for index in range(count):
        country = countries[index % len(countries)]
        made.append((_text(draw, country, distance - NEAREST), LANGUAGES[country]))
    draw.shuffle(made)
    return made


def _text(draw, country, words):
    """The cue, other matters of so many words, and the question; other matters before them."""
    before = _fill(draw, draw.randint(0, BEFORE))
    return " ".join([*before, CUE.format(country=country), *_fill(draw, words), QUESTION])


def _fill(draw, words):
    """Sentences, and single words where none fits any more, of so many words in all."""
    while words:
        fitting = [filler for filler, length in zip(FILLERS, LENGTHS) if length <= words]
        filler = draw.choice(fitting or PAUSES)
        words -= len(filler.split())
        yield SLOT.sub(lambda slot: draw.choice(CHOICES[slot.group(1)]), filler)
