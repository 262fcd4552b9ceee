"""Sentences of a small grammar with parts of speech, most of which only the context determines."""

import random

import tensorflow_datasets as tfds

UPOS = ["ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "NOUN", "NUM", "PART", "PRON", "PROPN", "PUNCT", "SCONJ", "VERB"]

# Words that are nouns and verbs: transitive, intransitive, before "to", before "that".
TRANSITIVE = [
    "answer",
    "block",
    "book",
    "can",
    "check",
    "coach",
    "cook",
    "cover",
    "drum",
    "film",
    "frame",
    "guard",
    "guide",
    "hammer",
    "help",
    "host",
    "iron",
    "judge",
    "light",
    "mark",
    "nurse",
    "paint",
    "pilot",
    "plant",
    "present",
    "question",
    "record",
    "report",
    "sample",
    "seal",
    "ship",
    "test",
    "trade",
    "train",
    "trap",
    "value",
    "visit",
    "water",
]
INTRANSITIVE = [
    "dance",
    "dream",
    "hike",
    "jump",
    "laugh",
    "march",
    "play",
    "race",
    "rest",
    "run",
    "sail",
    "shout",
    "walk",
    "work",
]
INTENDING = ["hope", "need", "offer", "plan", "promise", "wish"]
SAYING = ["bet", "claim", "doubt", "dream", "guess", "hope"]
PAST_VERBS = ["bit", "drew", "felt", "found", "ground", "kept", "left", "saw", "wound"]
PAST_NOUNS = ["bit", "felt", "ground", "saw", "wound"]
MODALS = ["can", "may", "might", "must", "will"]
MODAL_NOUNS = ["can", "might", "must", "will"]
NAMES = ["Bill", "Drew", "Frank", "Grace", "Grant", "Mark", "May", "Pat", "Rose", "Will"]
ACTIVITIES = ["building", "carving", "covering", "drawing", "opening", "painting", "reading", "recording", "setting"]
ADJECTIVE_VERBS = ["calm", "clean", "clear", "cool", "dry", "empty", "free", "open", "slow", "warm"]
ADJECTIVE_NOUNS = ["chief", "criminal", "general", "light", "novel", "patient", "present", "secret"]
ADJECTIVE_ADVERBS = ["early", "fast", "hard", "late", "straight"]
ADJECTIVES = ["famous", "green", "heavy", "left", "lonely", "new", "old", "tiny", "wooden", "young"]
PLACES = ["around", "behind", "inside", "near", "outside", "past"]
TIMES = ["after", "before", "since", "until"]
LONGEST = 24
# Every other one of these occurs only in validation and test; its ending determines its tag.
QUALITIES = [
    "bold",
    "bright",
    "cold",
    "crude",
    "dark",
    "eager",
    "faint",
    "fair",
    "firm",
    "frail",
    "great",
    "harsh",
    "kind",
    "mild",
    "neat",
    "polite",
    "proud",
    "quick",
    "quiet",
    "rough",
    "rude",
    "sad",
    "sharp",
    "smooth",
    "soft",
    "stiff",
    "sudden",
    "sweet",
    "swift",
    "tender",
    "thick",
    "vague",
    "weak",
    "wild",
]
STEMS = [
    "admir",
    "attack",
    "borrow",
    "collect",
    "correct",
    "defend",
    "deliver",
    "destroy",
    "display",
    "examin",
    "explor",
    "follow",
    "gather",
    "ignor",
    "import",
    "inspect",
    "install",
    "invit",
    "kick",
    "lift",
    "mention",
    "observ",
    "obtain",
    "perform",
    "prais",
    "repair",
    "request",
    "rescu",
    "return",
    "reward",
    "select",
    "sort",
    "transport",
    "unpack",
    "upload",
    "wash",
]


def _third(verbs):
    """Verbs with the ending of the third person, which is also the plural of the noun."""
    ies = [word[:-1] + "ie" if word in ("dry", "empty") else word for word in verbs]
    return [word + ("es" if word.endswith(("s", "sh", "ch")) else "s") for word in ies]


# The words of a category: a tag and the words. V base, V3 third person, N singular, N2 plural.
WORDS = {
    "V": ("VERB", TRANSITIVE + ADJECTIVE_VERBS),
    "V3": ("VERB", _third(TRANSITIVE + ADJECTIVE_VERBS)),
    "VI": ("VERB", INTRANSITIVE),
    "VI3": ("VERB", _third(INTRANSITIVE)),
    "VTO": ("VERB", INTENDING),
    "VTO3": ("VERB", _third(INTENDING)),
    "VTHAT": ("VERB", SAYING),
    "VTHAT3": ("VERB", _third(SAYING)),
    "VPAST": ("VERB", PAST_VERBS),
    "VING": ("VERB", ACTIVITIES),
    "MODAL": ("AUX", MODALS),
    "NAME": ("PROPN", NAMES),
    "THING": ("NOUN", TRANSITIVE * 2 + INTRANSITIVE + INTENDING + SAYING),
    "NPAST": ("NOUN", PAST_NOUNS),
    "NMODAL": ("NOUN", MODAL_NOUNS),
    "NING": ("NOUN", ACTIVITIES),
    "NADJ": ("NOUN", ADJECTIVE_NOUNS),
    "THINGS": ("NOUN", _third(TRANSITIVE + INTRANSITIVE + INTENDING + SAYING)),
    "AV": ("ADJ", ADJECTIVE_VERBS),
    "AN": ("ADJ", ADJECTIVE_NOUNS),
    "AADV": ("ADJ", ADJECTIVE_ADVERBS),
    "A": ("ADJ", ADJECTIVES),
    "ADVA": ("ADV", ADJECTIVE_ADVERBS),
    "SINCE": ("SCONJ", TIMES),
    "TIME": ("ADP", TIMES),
    "IN": ("ADP", PLACES),
    "OUT": ("ADV", PLACES),
    "LY": ("ADV", [word + "ly" for word in QUALITIES]),
    "NESS": ("NOUN", [word + "ness" for word in QUALITIES]),
    "ING": ("VERB", [word + "ing" for word in STEMS]),
    "ED": ("VERB", [word + "ed" for word in STEMS]),
}
OPEN = ("LY", "NESS", "ING", "ED")

# What a symbol may become, one alternative a line, repeated where it is more likely; "word/TAG" is a
# word. S is a singular subject, P a plural one, THEY either. Objects begin with a word that tells
# them from verbs, and verbs agree with their subjects: so each sentence has one reading. Nouns do not
# like: "her light runs like" would have two.
RULES = {
    "SENTENCE": """
        CLAUSE .
        CLAUSE .
        CLAUSE .
        WHEN , CLAUSE .
        CLAUSE WHEN .
        CLAUSE and/CCONJ CLAUSE .
        CLAUSE , yet/CCONJ CLAUSE .
        V OBJECT .
        V OBJECT LY .
        V OBJECT WHEN .
        QUESTION ?""",
    "CLAUSE": """
        S DOES
        S DOES
        P DO
        P DO
        P DO
        THEY PAST
        THEY MODAL V OBJECT
        THEY MODAL V OBJECT
        THEY MODAL not/PART V OBJECT
        they/PRON like/VERB OBJECT
        there/PRON EXISTS IN OBJECT""",
    "WHEN": """
        SINCE S V3 OBJECT
        SINCE P V OBJECT
        SINCE P V OBJECT
        TIME OBJECT""",
    "QUESTION": """
        MODAL THEY V OBJECT
        MODAL THEY V OBJECT
        does/AUX S V OBJECT
        do/AUX P V OBJECT
        did/AUX THEY V OBJECT
        what/PRON V3 OBJECT
        what/DET N2 V OBJECT
        which/PRON V3 OBJECT
        which/DET N1 V3 OBJECT
        which/DET N2 V OBJECT""",
    "DOES": """
        V3 OBJECT
        V3 OBJECT
        V3 OBJECT LY
        LY V3 OBJECT
        VI3 MANNER
        VTO3 to/PART V OBJECT
        VTHAT3 that/SCONJ CLAIM
        likes/VERB OBJECT
        has/VERB OBJECT
        has/VERB to/PART V OBJECT
        has/AUX ED OBJECT
        does/AUX not/PART V OBJECT
        is/AUX DOING OBJECT
        is/AUX STATE""",
    "DO": """
        V OBJECT
        V OBJECT
        V OBJECT LY
        LY V OBJECT
        VI MANNER
        VTO to/PART V OBJECT
        VTHAT that/SCONJ CLAIM
        have/VERB OBJECT
        have/VERB to/PART V OBJECT
        have/AUX ED OBJECT
        do/VERB the/DET THINGS
        do/AUX not/PART V OBJECT
        are/AUX DOING OBJECT
        are/AUX STATE""",
    "PAST": """
        VPAST OBJECT
        VPAST OBJECT
        ED OBJECT
        ED OBJECT
        ED OBJECT LY
        saw/VERB OTHER V OBJECT
        let/VERB OTHER V OBJECT
        made/VERB OTHER V OBJECT
        had/VERB OBJECT
        had/AUX ED OBJECT
        did/VERB the/DET THINGS
        did/AUX not/PART V OBJECT""",
    "CLAIM": """
        S V3 OBJECT
        P V OBJECT
        THINGS V OBJECT
        THEY VPAST OBJECT
        THEY MODAL V OBJECT""",
    "EXISTS": "is/VERB no/DET N1\nare/VERB two/NUM N2",
    "DOING": "VING\nING\nING",
    "STATE": "AV\nA\nthere/ADV",
    "MANNER": "ADVA\nADVA\nLY\nOUT\nOUT\nIN OBJECT\nto/ADP OBJECT\nlike/ADP OBJECT\nlike/ADP OBJECT",
    "THEY": "S\nP",
    "S": """
        she/PRON
        it/PRON
        this/PRON
        that/PRON
        NAME
        ONE
        ONE
        ONE
        ONE that/PRON V3 OBJECT
        ONE that/PRON MANY V""",
    "P": """
        they/PRON
        these/PRON
        those/PRON
        some/PRON
        some/PRON
        all/PRON
        THINGS
        THINGS
        MANY
        MANY
        MANY
        MANY that/PRON V OBJECT
        MANY that/PRON ONE V3""",
    "OBJECT": """
        her/PRON
        this/PRON
        that/PRON
        those/PRON
        NAME
        ONE
        ONE
        ONE
        ONE
        ONE
        ONE
        MANY
        MANY
        MANY
        his/PRON NESS
        her/PRON NESS
        the/DET NESS""",
    "OTHER": "her/PRON\nher/PRON\nher/PRON\nNAME\nONE\nMANY",
    "ONE": "the/DET N1\nthis/DET N1\nthat/DET N1\nthat/DET N1\nher/PRON N1\nevery/DET N1",
    "MANY": "the/DET N2\nthese/DET N2\nthose/DET N2\nsome/DET N2\nall/DET N2\nher/PRON N2",
    "N1": """
        THING
        THING
        THING
        THING
        THING
        THING
        THING
        NADJ
        NMODAL
        NMODAL
        NPAST
        NING
        AV THING
        AN THING
        AADV THING""",
    "N2": "THINGS\nTHINGS\nTHINGS\nTHINGS\nTHINGS\nAV THINGS\nAN THINGS\nAADV THINGS\nA THINGS",
}
RULES = {symbol: [line.split() for line in text.strip().splitlines()] for symbol, text in RULES.items()}


class NlpseqTags(tfds.core.GeneratorBasedBuilder):
    """`nlpseq_tags`: generated sentences with parts of speech.

    Most words have several parts of speech ("the cook can plant the light saw"); the
    context determines which, sometimes at a distance. Some words of the validation and
    test sentences do not occur in training; their endings are regular.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}
    SIZES = {"train": 6000, "validation": 1000, "test": 1000}

    def _info(self):
        features = tfds.features.FeaturesDict(
            {
                "tokens": tfds.features.Sequence(tfds.features.Text()),
                "tags": tfds.features.Sequence(tfds.features.ClassLabel(names=UPOS)),
            }
        )
        return self.dataset_info_from_configs(
            features=features,
            description="Tagged sentences generated from a small grammar; no real text.",
            license="No rights reserved: the sentences are generated.",
        )

    def _split_generators(self, dl_manager):
        generator, seen = random.Random(1993), set()
        return {
            split: self._generate_examples(_distinct(generator, seen, size, new=split != "train"))
            for split, size in self.SIZES.items()
        }

    def _generate_examples(self, sentences):
        for index, pairs in enumerate(sentences):
            tokens, tags = zip(*pairs)
            yield index, {"tokens": list(tokens), "tags": list(tags)}


def _distinct(generator: random.Random, seen: set, size: int, new: bool) -> list:
    """`size` new sentences, none of them in `seen`."""
    sentences = []
    while len(sentences) < size:
        pairs = sentence(generator, new)
        if len(pairs) <= LONGEST and pairs not in seen:
            seen.add(pairs)
            sentences.append(pairs)
    return sentences


def sentence(generator: random.Random, new: bool = False) -> tuple[tuple[str, str], ...]:
    """A sentence, a tuple of `(token, tag)`.

    Args:
        generator: source of randomness.
        new: whether words that are held out from training may occur.
    """
    (first, tag), *rest = expand(generator, "SENTENCE", new)
    return ((first[0].upper() + first[1:], tag), *rest)


def expand(generator: random.Random, symbol: str, new: bool = False) -> list[tuple[str, str]]:
    """Expands a symbol of the grammar to pairs `(token, tag)`."""
    if symbol in RULES:
        parts = generator.choice(RULES[symbol])
        return [pair for part in parts for pair in expand(generator, part, new)]
    if symbol in WORDS:
        tag, words = WORDS[symbol]
        return [(generator.choice(words[::2] if symbol in OPEN and not new else words), tag)]
    if symbol in ".,?":
        return [(symbol, "PUNCT")]
    token, tag = symbol.split("/")
    return [(token, tag)]
