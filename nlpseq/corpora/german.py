"""German inflection for the embedded corpus of phrases."""

GENDERS = "mfnp"  # masculine, feminine, neuter, and plural of any gender
PERSONS = ("I", "it", "they")  # first and third person of the singular, and the plural
PARTICLE = "+"  # separates particle and verb: "auf+machen"


def _table(nominative, accusative, dative):
    """Endings by case and gender; "-" is no ending."""
    rows = {"nominative": nominative, "accusative": accusative, "dative": dative}
    return {case: dict(zip(GENDERS, row.split())) for case, row in rows.items()}


DEFINITE = _table("der die das die", "den die das die", "dem der dem den")
STRONG = _table("er e es e", "en e es e", "em er em en")
WEAK = _table("e e e en", "en e e en", "en en en en")
MIXED = _table("er e es en", "en e es en", "en en en en")
EIN = _table("- e - e", "en e - e", "em er em en")
NONE = _table("- - - -", "- - - -", "- - - -")
RELATIVE = DEFINITE  # in these cases, except the dative plural

# Stem and endings of a determiner, and the endings of an adjective after it.
DETERMINERS = {
    "the": ("", DEFINITE, WEAK),
    "this": ("dies", STRONG, WEAK),
    "these": ("dies", STRONG, WEAK),
    "every": ("jed", STRONG, WEAK),
    "all": ("all", STRONG, WEAK),
    "a": ("ein", EIN, MIXED),
    "not a": ("kein", EIN, MIXED),
    "my": ("mein", EIN, MIXED),
    "our": ("unser", EIN, MIXED),
    "his": ("sein", EIN, MIXED),
    "her": ("ihr", EIN, MIXED),
    "some": ("einig", STRONG, STRONG),
    "many": ("viel", STRONG, STRONG),
    "two": ("zwei", NONE, STRONG),
}
# Finite forms of auxiliary verbs, by person.
AUXILIARIES = {
    "haben": ("habe", "hat", "haben"),
    "sein": ("bin", "ist", "sind"),
    "war": ("war", "war", "waren"),
    "werden": ("werde", "wird", "werden"),
    "können": ("kann", "kann", "können"),
    "müssen": ("muss", "muss", "müssen"),
    "dürfen": ("darf", "darf", "dürfen"),
    "wollen": ("will", "will", "wollen"),
}


def noun_phrase(determiner: str, adjective: str | None, noun: str, gender: str, case: str) -> list[str]:
    """The words of a noun phrase.

    Args:
        determiner: a key of `DETERMINERS`.
        adjective: stem, or None.
        noun: nominative, in the plural if `gender` is "p".
        gender: one of `GENDERS`.
        case: "nominative", "accusative" or "dative".
    """
    stem, article, adjectives = DETERMINERS[determiner]
    words = [stem + _ending(article, gender, case)]
    if adjective:
        words.append(adjective + _ending(adjectives, gender, case))
    return [*words, _in_case(noun, gender, case)]


def _ending(table, gender, case):
    return table[case][gender].replace("-", "")


def _in_case(noun, gender, case):
    """The dative plural ends in -n, unless the plural ends in -n or -s."""
    return noun + "n" if (gender, case) == ("p", "dative") and noun[-1] not in "ns" else noun


def finite_forms(infinitive: str, third: str) -> tuple[str, str, str]:
    """The present of a verb by person, without its particle."""
    stem = infinitive.split(PARTICLE)[-1]
    return stem.removesuffix("n"), third, stem


def particle_of(infinitive: str) -> str:
    """The separable particle of a verb, or "": "auf" of "auf+machen"."""
    return infinitive.rpartition(PARTICLE)[0]
