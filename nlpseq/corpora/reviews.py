"""Short reviews of everyday things from a small grammar, in which word order decides the sentiment."""

import random
import re

import tensorflow_datasets as tfds

from nlpseq.corpora import review_words as words

LABELS = ("negative", "positive")
# Probabilities: of a sentence with a conceded clause, of one with a second clause that agrees, of a
# fragment where there is one clause; of a negation of the whole verdict, an opening, a closing; and
# of a conceded clause with the polarity of the verdict.
CONTRAST, JOINT, FRAGMENT = 0.54, 0.06, 0.45
REACH, OPENING, CLOSING = 0.05, 0.12, 0.08
AGREE = 0.15


class NlpseqReviews(tfds.core.GeneratorBasedBuilder):
    """`nlpseq_reviews`: generated sentences with a sentiment that needs word order.

    One clause, the verdict, decides the label. Most sentences concede a second clause
    of the other polarity; of two clauses the verdict is

    - the one after "but", "yet", "still" or "however";
    - the main clause beside "although", "though", "even though", "while" or "despite".

    A negation turns the polarity of what it negates: of an adjective ("not bad at
    all"), or of a clause ("it is not true that the food was cold"). Sentences are about
    films, food, devices, apps, hotels, services and clothes, and some are fragments
    ("really nice shoes"). Bags of words or of bigrams of opposite labels are often alike.
    """

    VERSION = tfds.core.Version("2.0.0")
    RELEASE_NOTES = {
        "2.0.0": "Everyday words, more topics, fragments, and more kinds of negation.",
        "1.0.0": "First release.",
    }
    SIZES = {"train": 8000, "validation": 1000, "test": 1000}

    def _info(self):
        features = tfds.features.FeaturesDict(
            {
                "text": tfds.features.Text(),
                "label": tfds.features.ClassLabel(names=list(LABELS)),
            }
        )
        return self.dataset_info_from_configs(
            features=features,
            supervised_keys=("text", "label"),
            description="Reviews generated from a small grammar; no real text.",
            license="No rights reserved: the sentences are generated.",
        )

    def _split_generators(self, dl_manager):
        generator, seen = random.Random(1997), set()
        return {split: self._generate_examples(_distinct(generator, seen, size)) for split, size in self.SIZES.items()}

    def _generate_examples(self, sentences):
        for index, (text, positive) in enumerate(sentences):
            yield index, {"text": text, "label": LABELS[positive]}


def _distinct(generator: random.Random, seen: set, size: int) -> list[tuple[str, bool]]:
    """`size` new sentences, alternately negative and positive, none of them in `seen`."""
    sentences = []
    while len(sentences) < size:
        positive = len(sentences) % 2 == 1
        text = sentence(generator, positive)
        if text not in seen:
            seen.add(text)
            sentences.append((text, positive))
    return sentences


def sentence(generator: random.Random, positive: bool) -> str:
    """A sentence in lower case whose verdict is positive or negative; blanks surround punctuation.

    Args:
        generator: source of randomness.
        positive: the polarity of the verdict.
    """
    topic = generator.choice(words.TOPICS)
    share = generator.random()
    if share < CONTRAST:
        agrees = generator.random() < AGREE
        text = _two_clauses(generator, topic, positive, words.CONTRASTS, positive if agrees else not positive)
    elif share < CONTRAST + JOINT:
        text = _two_clauses(generator, topic, positive, words.JOINTS, positive)
    elif generator.random() < FRAGMENT:
        text = fragment(generator, topic, positive)
    else:
        text = _verdict(generator, topic, positive)
    opening = generator.choice(words.OPENINGS) if generator.random() < OPENING else ""
    closing = generator.choice(words.CLOSINGS) if generator.random() < CLOSING else ""
    return _joined(opening, text, closing, generator.choice(words.MARKS))


def _two_clauses(generator, topic, positive, templates, other):
    verdict, second = _verdict(generator, topic, positive), clause(generator, topic, other)
    return generator.choice(templates).format(v=verdict, o=second)


def _verdict(generator, topic, positive):
    """A clause, sometimes with a negation of the whole clause before it."""
    if generator.random() < REACH:
        return _joined(generator.choice(words.REACHES), clause(generator, topic, not positive))
    return clause(generator, topic, positive)


def clause(generator: random.Random, topic: words.Topic, positive: bool) -> str:
    """A clause of a polarity about a topic."""
    kinds, weights = zip(*CLAUSES)
    return generator.choices(kinds, weights)[0](generator, topic, positive)


def fragment(generator: random.Random, topic: words.Topic, positive: bool) -> str:
    """Words of a polarity that are no whole clause, or advice."""
    kinds, weights = zip(*FRAGMENTS)
    return generator.choices(kinds, weights)[0](generator, topic, positive)


def _joined(*parts):
    """The parts that are not empty, with "an" before a vowel."""
    return re.sub(r"\ba(?= (?!use)[aeiou])", "an", " ".join(part for part in parts if part))


def _adjective(generator, topic, positive):
    general, special = (words.GOOD, topic.good) if positive else (words.BAD, topic.bad)
    return generator.choice(general if generator.random() < 0.5 else special)


def _noun(generator, topic):
    """A noun, and whether it is plural."""
    plural = generator.random() < 0.2
    return generator.choice(topic.plurals if plural else topic.things), plural


def _demonstrated(generator, topic):
    """ "this phone", "these shoes"; "this" alone where the things are not bought."""
    noun, plural = _noun(generator, topic)
    return f"{'these' if plural else 'this'} {noun}" if topic.goods else "this"


def _subject(generator, topic):
    """A subject, and whether it is plural."""
    if generator.random() < 0.25:
        return "it", False
    noun, plural = _noun(generator, topic)
    determiners = ["the", "the", "the", "these" if plural else "this", "my", "our"]
    return f"{generator.choice(determiners)} {noun}", plural


def _quality(generator, topic, positive):
    """ "very good", or "not bad at all"."""
    if generator.random() < 0.55:
        degree = generator.choice(words.DEGREES) if generator.random() < 0.4 else ""
        return _joined(degree, _adjective(generator, topic, positive))
    denial, adjective = generator.choice(words.DENIALS), _adjective(generator, topic, not positive)
    return _joined(denial, adjective, generator.choice(words.EMPHASES) if denial == "not" else "")


def _states(generator, topic, positive):
    """ "the food was very good", "this phone isn't bad at all"."""
    subject, plural = _subject(generator, topic)
    if generator.random() < 0.2:
        verb = generator.choice(["aren't", "weren't", "are not"] if plural else ["isn't", "wasn't", "is not"])
        between = generator.choice(["", "", "", "very", "that", "really", "exactly"])
        return _joined(
            subject, verb, between, _adjective(generator, topic, not positive), generator.choice(words.EMPHASES)
        )
    verbs = "are were look looked seemed felt" if plural else "is is was was looks looked seemed felt"
    quality = _quality(generator, topic, positive)
    if subject == "it" and generator.random() < 0.3:
        return _joined("it's", quality)
    return _joined(subject, generator.choice(verbs.split()), quality)


def _two_adjectives(generator, topic, positive):
    """Two adjectives: "neither dull nor silly", "funny and clever"."""
    subject, plural = _subject(generator, topic)
    verb = generator.choice(["are", "were"] if plural else ["is", "was"])
    if generator.random() < 0.4:
        first, second = (_adjective(generator, topic, not positive) for _ in range(2))
        return _joined(subject, verb, f"neither {first} nor {second}")
    first, second = (_adjective(generator, topic, positive) for _ in range(2))
    return _joined(subject, verb, generator.choice(["{} and {}", "not only {} but also {}"]).format(first, second))


def _names(generator, topic, positive):
    """ "this is not a bad book", "it was a really good meal"."""
    noun = generator.choice(topic.things)
    start = generator.choice(["this is", "it is", "it was", "it's", "this was", "that was"])
    if generator.random() < 0.4:
        denial = generator.choice(["not a", "not a", "not a very", "hardly a", "by no means a", "not exactly a"])
        return _joined(start, denial, _adjective(generator, topic, not positive), noun)
    degree = generator.choice(["", "", "really", "very", "truly"])
    return _joined(start, "a", degree, _adjective(generator, topic, positive), noun)


def _acts(generator, topic, positive):
    """ "the phone works well"."""
    subject, plural = _subject(generator, topic)
    return _joined(subject, generator.choice(topic.praise if positive else topic.blame)[plural])


def _likes(generator, topic, positive):
    """ "i don't like this app"."""
    noun, plural = _noun(generator, topic)
    determiner = generator.choice(["the", "these" if plural else "this"])
    object_ = generator.choice(["it", *3 * [f"{determiner} {noun}"]])
    return _joined(generator.choice(["i", "i", "i", "we"]), generator.choice(words.LIKING[positive]), object_)


def _feels(generator, topic, positive):
    """ "we were not disappointed", "i am happy with the room"."""
    noun, _ = _noun(generator, topic)
    start = generator.choice(["i am", "i'm", "i was", "i was", "we are", "we were"])
    if generator.random() < 0.3:
        mood = _joined(
            generator.choice(["not", "not", "never", "not at all"]), generator.choice(words.MOODS[not positive])
        )
    else:
        mood = _joined(generator.choice(["", "", "", "very", "so", "really"]), generator.choice(words.MOODS[positive]))
    return _joined(start, mood, generator.choice(["", "", "with it", f"with the {noun}"]))


def _spends(generator, topic, positive):
    """ "we had a great evening"."""
    adjective = generator.choice(words.GOOD if positive else words.BAD)
    return _joined(generator.choice(["we", "i"]), "had a", adjective, generator.choice(words.OCCASIONS))


def _worth(generator, positive):
    return _joined(generator.choice(words.PRAISE if positive else words.BLAME), generator.choice(words.WORTHS))


def _is_worth(generator, topic, positive):
    """ "it is not worth the money", "the film was a waste of time"."""
    if generator.random() < 0.7:
        start = generator.choice(["it is", "it's", "it was", "the " + generator.choice(topic.things) + " is"])
        return _joined(start, _worth(generator, positive))
    start = generator.choice(["it is", "it was", "the " + generator.choice(topic.things) + " was"])
    return _joined(start, generator.choice(words.GAINS if positive else words.WASTES))


def _plans(generator, topic, positive):
    """ "i would never buy it again"."""
    speaker = generator.choice(["i", "i", "we"])
    if generator.random() < 0.35:
        return _joined(speaker, generator.choice(words.RETURNS[positive]))
    object_ = generator.choice(["it", _demonstrated(generator, topic)])
    return _joined(speaker, generator.choice(words.PLANS[positive]), object_, generator.choice(["", "again", "again"]))


def _ranks(generator, topic, positive):
    """ "it is the best phone i have ever had"."""
    return _joined(
        generator.choice(["it is", "it's", "this is", "it was"]), "the", _superlative(generator, topic, positive)
    )


def _superlative(generator, topic, positive):
    closing = generator.choice(["ever", "i know", "in years", "in town", "of all", "i have ever had"])
    return _joined("best" if positive else "worst", generator.choice(topic.things), closing)


def _price(generator, topic, positive):
    return generator.choice(words.PRICES[positive])


def _quality_alone(generator, topic, positive):
    """ "not bad at all", "terrible service", "really nice shoes"."""
    quality = _quality(generator, topic, positive)
    if generator.random() < 0.5:
        return quality
    return _joined(_adjective(generator, topic, positive), _noun(generator, topic)[0])


def _superlative_alone(generator, topic, positive):
    return _joined(generator.choice(["", "", "the"]), _superlative(generator, topic, positive))


def _worth_alone(generator, topic, positive):
    if generator.random() < 0.6:
        return _worth(generator, positive)
    phrase = generator.choice(words.GAINS if positive else words.WASTES)
    return _joined("what" if phrase.startswith("a ") and generator.random() < 0.5 else "", phrase)


def _advice(generator, topic, positive):
    object_ = generator.choice(["it", "this one", _demonstrated(generator, topic)])
    return _joined(generator.choice(words.ADVICE[positive]), object_)


def _exclaims(generator, topic, positive):
    """ "thumbs up", "what a great film"."""
    if generator.random() < 0.5:
        return generator.choice(words.EXCLAMATIONS[positive])
    return _joined("what a", _adjective(generator, topic, positive), generator.choice(topic.things))


CLAUSES = [
    (_states, 9),
    (_two_adjectives, 1),
    (_names, 2),
    (_acts, 4),
    (_likes, 2.5),
    (_feels, 1.5),
    (_spends, 1),
    (_is_worth, 1.5),
    (_plans, 1.2),
    (_ranks, 0.8),
    (_price, 0.6),
]
FRAGMENTS = [
    (_quality_alone, 4),
    (_superlative_alone, 1),
    (_worth_alone, 1.5),
    (_advice, 1.5),
    (_exclaims, 2),
]
