"""Texts that end with a question whose answer occurs a given number of words earlier."""

import random
import re

import numpy as np
import tensorflow_datasets as tfds

from nlpseq.corpora.seeded import SeededCorpus
from nlpseq.errors import in_range

LANGUAGES = {
    "france": "French", "italy": "Italian", "japan": "Japanese", "korea": "Korean",
    "poland": "Polish", "portugal": "Portuguese", "russia": "Russian", "sweden": "Swedish",
}  # fmt: skip
CUE, QUESTION = "i grew up in {country} .", "so i speak fluent"
NEAREST = 5  # the full stop after the country, and the question
BEFORE = 12  # greatest number of words before the cue, so that its position varies
DISTANCES = (5, 10, 20, 40, 60, 80, 100)
OTHERS = ["brother", "cousin", "doctor", "friend", "neighbour", "sister", "teacher", "uncle"]
THINGS = ["bicycle", "book", "cake", "chair", "coat", "garden", "lamp", "letter", "piano", "song"]
QUALITIES = ["big", "blue", "cheap", "fine", "new", "old", "quiet", "small", "strange", "warm"]
VERBS = ["bought", "described", "forgot", "found", "liked", "lost", "mentioned", "sold"]
TIMES = ["again", "early", "later", "often", "once", "today", "yesterday"]
PAUSES = ["well", "anyway", "still", "indeed"]
# Distractors: countries and languages of other people, independent of the answer.
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


class NlpseqRecall(SeededCorpus):
    """`nlpseq_recall`: generated texts that ask at their end for a fact from their start.

    "i grew up in france . ... so i speak fluent" is continued with "French". Between
    the country and the answer are `distance` tokens of other sentences, in which other
    people grew up in other countries, independent of the answer.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}
    SIZES = {"train": 1200, "validation": 200, "test": 200}  # texts per distance

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

    def _generate_examples(self, seed, size):
        for distance in DISTANCES:
            for index, (text, answer) in enumerate(recall_sentences(distance, size, seed)):
                yield f"{distance}-{index}", {"text": text, "answer": answer, "distance": distance}


def recall_sentences(distance: int, count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Texts with a given number of tokens between the country and the answer.

    Args:
        distance: tokens between the two, 5 or more.
        count: number of texts, 0 or more; all answers are equally frequent.
        seed: of the random generator.

    Returns:
        A list of `(text, answer)`; tokens are separated by blanks.

    Raises:
        InputError: `distance` is too small, or `count` is negative.

    Example:

    >>> text, answer = recall_sentences(5, 1)[0]
    >>> " ".join(text.split()[-10:]), answer
    ('i grew up in france . so i speak fluent', 'French')
    """
    in_range("distance", distance, NEAREST)
    in_range("count", count, 0)
    generator = random.Random(f"{seed} {distance}")
    countries = list(LANGUAGES)
    examples = []
    for index in range(count):
        country = countries[index % len(countries)]
        examples.append((_text(generator, country, distance - NEAREST), LANGUAGES[country]))
    generator.shuffle(examples)
    return examples


def _text(generator, country, words):
    """Other sentences, the cue, `words` tokens of other sentences, and the question."""
    before = _fill(generator, generator.randint(0, BEFORE))
    return " ".join([*before, CUE.format(country=country), *_fill(generator, words), QUESTION])


def _fill(generator, words):
    """Sentences, and single words where no sentence fits, of `words` tokens in total."""
    while words:
        fitting = [filler for filler, length in zip(FILLERS, LENGTHS) if length <= words]
        filler = generator.choice(fitting or PAUSES)
        words -= len(filler.split())
        yield SLOT.sub(lambda slot: generator.choice(CHOICES[slot.group(1)]), filler)
