"""Short product and film reviews from a small grammar, whose order decides their label."""

import random

import tensorflow_datasets as tfds

GOOD = [
    "admirable",
    "brilliant",
    "charming",
    "clever",
    "convincing",
    "delightful",
    "elegant",
    "enjoyable",
    "excellent",
    "fascinating",
    "fine",
    "funny",
    "good",
    "graceful",
    "great",
    "helpful",
    "impressive",
    "inspired",
    "lovely",
    "memorable",
    "pleasant",
    "reliable",
    "splendid",
    "superb",
    "thoughtful",
    "touching",
    "vivid",
    "warm",
    "wonderful",
    "worthwhile",
]
BAD = [
    "awful",
    "awkward",
    "bad",
    "bland",
    "boring",
    "careless",
    "clumsy",
    "confusing",
    "disappointing",
    "dreadful",
    "dull",
    "empty",
    "flawed",
    "flimsy",
    "forgettable",
    "hollow",
    "horrible",
    "lazy",
    "messy",
    "mediocre",
    "noisy",
    "painful",
    "poor",
    "shallow",
    "sloppy",
    "stale",
    "tedious",
    "terrible",
    "ugly",
    "weak",
]
THINGS = [
    "acting",
    "battery",
    "book",
    "camera",
    "cast",
    "dialogue",
    "ending",
    "film",
    "food",
    "keyboard",
    "hotel",
    "lamp",
    "menu",
    "music",
    "novel",
    "phone",
    "pacing",
    "photography",
    "plot",
    "room",
    "screen",
    "script",
    "service",
    "soundtrack",
    "staff",
    "story",
    "table",
    "design",
    "packaging",
    "writing",
]
VERBS = ["was", "is", "seemed", "felt", "looked", "remained"]
DEGREES = ["", "", "", "very", "quite", "really", "rather", "truly", "remarkably", "so"]
DENIALS = ["anything but", "far from", "not", "not at all", "by no means", "hardly"]
OPENINGS = [
    "",
    "",
    "",
    "",
    "honestly ,",
    "in short ,",
    "to be fair ,",
    "as a gift ,",
    "for the price ,",
    "on the whole ,",
    "after a week ,",
    "i must say ,",
]
CLOSINGS = ["", "", "", "", "in my opinion", "this time", "if you ask me", "once more", "for us"]
# The verdict is where {v} stands; {o} is the other clause, conceded.
CONTRASTS = [
    "{o} , but {v}",
    "{v} , although {o}",
    "although {o} , {v}",
    "{o} , yet {v}",
    "{v} , even though {o}",
    "while {o} , {v}",
    "{o} ; still , {v}",
    "{v} , despite the fact that {o}",
    "despite the fact that {o} , {v}",
    "{o} ; however , {v}",
]
LABELS = ("negative", "positive")
# How often a sentence has a second clause, how often that one agrees with the verdict, how often
# the verdict is under a negation of the whole; and how often a clause is plain, or denied.
CONTRAST, AGREE, REACH, PLAIN, DENIED = 0.65, 0.4, 0.1, 0.5, 0.3


class NlpseqReviews(tfds.core.GeneratorBasedBuilder):
    """`nlpseq_reviews`: generated sentences with a sentiment that needs word order.

    A sentence has a verdict and, mostly, a conceded clause that disagrees with it;
    a conjunction tells which is which. Each clause holds an adjective, whose
    polarity a negation may turn; some negations turn nothing ("not only"), some
    reach over a whole clause ("it is not true that"). Bags of words of opposite
    label are often the same.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}
    SIZES = {"train": 6000, "validation": 1000, "test": 1000}

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
        draw, seen = random.Random(1997), set()
        return {split: self._generate_examples(_distinct(draw, seen, size)) for split, size in self.SIZES.items()}

    def _generate_examples(self, sentences):
        for index, (text, positive) in enumerate(sentences):
            yield index, {"text": text, "label": LABELS[positive]}


def _distinct(draw, seen, size):
    """`size` new sentences, half of each label, none in `seen`."""
    sentences = []
    while len(sentences) < size:
        positive = len(sentences) % 2 == 1
        text = sentence(draw, positive)
        if text not in seen:
            seen.add(text)
            sentences.append((text, positive))
    return sentences


def sentence(draw, positive):
    """A sentence whose verdict is positive or not."""
    text = _reach(draw, positive)
    if draw.random() < CONTRAST:
        other = clause(draw, positive if draw.random() < AGREE else not positive)
        text = draw.choice(CONTRASTS).format(v=text, o=other)
    words = [draw.choice(OPENINGS), text, draw.choice(CLOSINGS), "."]
    return " ".join(word for word in words if word)


def _reach(draw, positive):
    """A clause, sometimes under a negation of the whole of it."""
    if draw.random() < REACH:
        opening = draw.choice(["it is not true that", "i would not say that", "nobody can claim that"])
        return f"{opening} {clause(draw, not positive)}"
    return clause(draw, positive)


def clause(draw, positive):
    """A clause of the given polarity about one thing."""
    start = f"the {draw.choice(THINGS)} {draw.choice(VERBS)}"
    kind = draw.random()
    if kind < PLAIN:
        return f"{start} {_adjective(draw, positive)}"
    if kind < PLAIN + DENIED:
        return f"{start} {draw.choice(DENIALS)} {_adjective(draw, not positive)}"
    if draw.random() < 0.5:
        first, second = draw.sample(GOOD if positive else BAD, 2)
        return f"{start} not only {first} but also {second}"
    first, second = draw.sample(BAD if positive else GOOD, 2)
    return f"{start} neither {first} nor {second}"


def _adjective(draw, positive):
    words = [draw.choice(DEGREES), draw.choice(GOOD if positive else BAD)]
    return " ".join(word for word in words if word)
