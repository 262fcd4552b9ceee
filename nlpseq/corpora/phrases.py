"""English sentences of a small grammar with German translations; the words are in `phrase_words`."""

import random
from dataclasses import dataclass, replace

import tensorflow_datasets as tfds

from nlpseq.corpora import german
from nlpseq.corpora import phrase_words as words

SHORTEST, LONGEST = 4, 16
ONE = ["the", "the", "the", "a", "a", "this", "my", "our", "his", "her", "every"]
MANY = ["the", "the", "these", "my", "our", "his", "her", "some", "many", "two", "all"]
# Determiners of a negated clause: the scope of "not" would be ambiguous with the others.
ONE_KNOWN = ["the", "the", "the", "this", "my", "our", "his", "her"]
MANY_KNOWN = ["the", "the", "these", "my", "our", "his", "her"]
TENSES = ["present", "present", "past", "past", "past", *words.MODALS]
# Probabilities of a plural and an adjective of a noun; of a subject that is a pronoun, has an attribute
# or a relative clause; of an object that is a pronoun; of a clause that is negated, has a place, has a
# time, has the time at its start.
PLURAL, ADJECTIVE, PRONOUN, ATTRIBUTE, RELATIVE = 0.3, 0.4, 0.35, 0.1, 0.15
OBJECT_PRONOUN, NEGATED, PLACE, TIME, FRONT = 0.35, 0.3, 0.6, 0.6, 0.6
BEING = 0.15  # probability of a clause with "to be" and an adjective


@dataclass(frozen=True)
class Phrase:
    """A phrase in both languages.

    Attributes:
        english, german: lists of words.
        person: one of `german.PERSONS`.
        gender: one of `german.GENDERS`.
        pronoun: whether it is a pronoun.
        negated: whether it contains the negation of the clause ("kein").
    """

    english: list
    german: list
    person: str = "it"
    gender: str = "m"
    pronoun: bool = False
    negated: bool = False


@dataclass(frozen=True)
class Clause:
    """A clause.

    Attributes:
        subject: `Phrase`.
        verb: `words.Verb`.
        tense: "present", "past", or an English modal verb.
        negated: whether it contains "not".
        objects: `Phrase`s, in German order.
        english: the English words of the objects, in English order.
        place: `Phrase`, empty if there is none.
        time: `Phrase`, empty if there is none.
        adjective: German, after "to be".
    """

    subject: Phrase
    verb: words.Verb
    tense: str
    negated: bool
    objects: tuple = ()
    english: tuple = ()
    place: Phrase = Phrase([], [])
    time: Phrase = Phrase([], [])
    adjective: str = ""


class NlpseqPhrases(tfds.core.GeneratorBasedBuilder):
    """`nlpseq_phrases`: generated English sentences with a unique German translation.

    German articles, adjectives and verbs agree in gender, case, number and person. The
    finite verb is second in a main clause and last in a subordinate one; particle,
    participle or infinitive are last; the indirect object precedes the direct one; "not"
    follows the object or becomes "kein"; the verb determines the case of its object.
    """

    VERSION = tfds.core.Version("1.1.0")
    RELEASE_NOTES = {"1.1.0": "Twice as many training sentences.", "1.0.0": "First release."}
    SIZES = {"train": 16_000, "validation": 500, "test": 500}

    def _info(self):
        return self.dataset_info_from_configs(
            features=tfds.features.Translation(languages=("en", "de")),
            supervised_keys=("en", "de"),
            description="Sentences and translations generated from a small grammar; no real text.",
            license="No rights reserved: the sentences are generated.",
        )

    def _split_generators(self, dl_manager):
        generator, seen = random.Random(2014), set()
        return {split: self._generate_examples(_distinct(generator, seen, size)) for split, size in self.SIZES.items()}

    def _generate_examples(self, pairs):
        for index, (english, translation) in enumerate(pairs):
            yield index, {"en": english, "de": translation}


def _distinct(generator: random.Random, seen: set, size: int) -> list[tuple[str, str]]:
    """`size` new pairs whose English sentence is not in `seen`."""
    pairs = []
    while len(pairs) < size:
        pair = sentence(generator)
        if pair[0] not in seen and all(SHORTEST <= _word_count(side) <= LONGEST for side in pair):
            seen.add(pair[0])
            pairs.append(pair)
    return pairs


def _word_count(text):
    return sum(word not in ".,?" for word in text.split())


def sentence(generator: random.Random) -> tuple[str, ...]:
    """An English sentence and its translation, tokens separated by blanks."""
    kinds = [_plain, _plain, _plain, _plain, _question, _thought, _thought, _two, _two]
    return tuple(" ".join(_with_commas(side)) for side in generator.choice(kinds)(generator))


def _with_commas(tokens):
    """Drops commas before other punctuation marks."""
    return [a for a, b in zip(tokens, [*tokens[1:], ""]) if a != "," or b not in (",", ".", "?")]


def _plain(generator):
    content = clause(generator, generator.choice(TENSES))
    if content.time.english and generator.random() < FRONT:
        late = replace(content, time=Phrase([], []))
        english = [*content.time.english, *english_clause(late), "."]
        return english, [*content.time.german, *german_clause(late, "inverted"), "."]
    return [*english_clause(content), "."], [*german_clause(content, "main"), "."]


def _question(generator):
    content = clause(generator, generator.choice(TENSES), may_negate=False)
    return [*english_clause(content, is_question=True), "?"], [*german_clause(content, "inverted"), "?"]


def _thought(generator):
    """A clause with a subordinate clause after a verb of thinking, saying or asking."""
    tense = generator.choice(["present", "past"])
    verb = generator.choice(words.THINKING)
    subject = _subject(generator, negated=False, plain=True)
    thinking = Clause(subject, verb, tense, generator.random() < NEGATED / 2 and verb.after == "that")
    inner = clause(generator, tense if tense == "past" else generator.choice(TENSES), plain=True)
    english = [*english_clause(thinking), *english_clause(inner), "."]
    conjunction = words.CONJUNCTIONS[verb.after]
    thought = [conjunction, *german_clause(inner, "final")]
    return english, [*german_clause(thinking, "main"), ",", *thought, "."]


def _two(generator):
    """A main clause and a subordinate one, before or after it."""
    tense = generator.choice(["present", "past"])
    conjunction = generator.choice(["because", "because", "although", "if", "when", "before"])
    tense = "present" if conjunction == "if" else tense
    main = clause(generator, tense, plain=True)
    other = clause(generator, tense, plain=True, may_negate=conjunction in ("because", "although", "if"))
    past = (conjunction, tense) == ("when", "past")
    subordinate = ["als" if past else words.CONJUNCTIONS[conjunction], *german_clause(other, "final")]
    english = [conjunction, *english_clause(other)]
    if generator.random() < 0.5:
        english = [*english, ",", *english_clause(main), "."]
        return english, [*subordinate, ",", *german_clause(main, "inverted"), "."]
    return [*english_clause(main), *english, "."], [*german_clause(main, "main"), ",", *subordinate, "."]


def clause(generator: random.Random, tense: str, may_negate: bool = True, plain: bool = False) -> Clause:
    """A random clause.

    Args:
        generator: source of randomness.
        tense: see `Clause`.
        may_negate: whether the clause may be negated.
        plain: whether the subject is short, and times are rare.
    """
    negated = may_negate and generator.random() < NEGATED
    if tense in ("present", "past") and generator.random() < BEING:
        content = _being(generator, tense, negated, plain)
    else:
        content = predicate(generator, _subject(generator, negated, plain), tense, negated)
    if generator.random() < (TIME / 3 if plain else TIME):
        content = replace(content, time=_time(generator, tense))
    return content


def _time(generator, tense):
    english, translation = generator.choice(words.ADVERBS.get(tense, words.ADVERBS["modal"]))
    return Phrase(english.split(), translation.split())


def _being(generator, tense, negated, plain):
    """A clause with "to be": the cup that the man bought is not old."""
    if generator.random() < 0.5:
        subject, adjectives = _subject(generator, negated, plain), words.OF_PEOPLE
    else:
        subject = noun_phrase(generator, words.THINGS, words.OF_THINGS, "nominative", negated)
        adjectives = words.OF_THINGS
        if not plain and _takes_relative(subject):
            subject = _with_object_relative(generator, subject)
    english, adjective = generator.choice([pair for pair in adjectives if pair[0] not in subject.english])
    return Clause(subject, words.BEING, tense, negated, english=(english,), adjective=adjective)


def predicate(generator: random.Random, subject: Phrase, tense: str, negated: bool) -> Clause:
    """A clause whose verb has one, two or no objects."""
    kinds = [_of_things, _of_things, _of_people, _of_people, _giving, _giving, _staying, _moving]
    return generator.choice(kinds)(generator, subject, tense, negated)


def _of_things(generator, subject, tense, negated):
    if generator.random() < 0.25:
        verbs, nouns = words.TAKING_CLOSED, words.CLOSED
    else:
        verbs, nouns = words.TAKING_THINGS, words.THINGS
    object_ = noun_phrase(generator, nouns, words.OF_THINGS, "accusative", negated, may_negate_article=True)
    return Clause(subject, generator.choice(verbs), tense, negated, (object_,), tuple(object_.english))


def _of_people(generator, subject, tense, negated):
    dative = generator.random() < 0.35
    case, verbs = ("dative", words.HELPING_PEOPLE) if dative else ("accusative", words.TAKING_PEOPLE)
    object_ = _person(generator, subject, case, negated, may_negate_article=True)
    return Clause(subject, generator.choice(verbs), tense, negated, (object_,), tuple(object_.english))


def _giving(generator, subject, tense, negated):
    to = _person(generator, subject, "dative", negated)
    gift = noun_phrase(generator, words.THINGS, words.OF_THINGS, "accusative", negated, may_negate_article=True)
    if generator.random() < 0.5 and not to.pronoun:
        english = (*gift.english, "to", *to.english)
    else:
        english = (*to.english, *gift.english)
    return Clause(subject, generator.choice(words.GIVING), tense, negated, (to, gift), english)


def _staying(generator, subject, tense, negated):
    content = Clause(subject, generator.choice(words.STAYING), tense, negated)
    return replace(content, place=_place(generator)) if generator.random() < PLACE else content


def _moving(generator, subject, tense, negated):
    return Clause(subject, generator.choice(words.MOVING), tense, negated)


def _place(generator):
    kinds = [("in", "in"), ("in", "in"), ("behind", "hinter"), ("in front of", "vor")]
    english, preposition = generator.choice(kinds)
    where = noun_phrase(generator, words.PLACES, words.OF_PLACES, "dative", negated=True, may_be_many=False)
    translation = [preposition, *where.german]
    if translation[:2] == ["in", "dem"]:
        translation[:2] = ["im"]
    return Phrase([*english.split(), *where.english], translation)


def _subject(generator, negated, plain):
    if generator.random() < (2 * PRONOUN if plain else PRONOUN):
        english = generator.choice(["I", *words.PRONOUNS])  # "I" more often: it has verb forms of its own
        _, person, translation, *_ = words.PRONOUNS[english]
        return Phrase([english], [translation], person, pronoun=True)
    subject = noun_phrase(generator, words.PEOPLE, words.OF_PEOPLE, "nominative", negated)
    if plain or not _takes_relative(subject):
        return subject
    chance = generator.random()
    if chance < RELATIVE:
        return _with_relative(generator, subject)
    return _with_attribute(generator, subject) if chance < RELATIVE + ATTRIBUTE else subject


def _person(generator, subject, case, negated, may_negate_article=False):
    """An object that is someone other than the subject."""
    if generator.random() >= OBJECT_PRONOUN:
        return noun_phrase(generator, words.PEOPLE, words.OF_PEOPLE, case, negated, may_negate_article)
    speaks = subject.english[0] in ("I", "we")
    english = generator.choice([name for name in words.PRONOUNS if not (speaks and name in ("I", "we"))])
    own, _, _, accusative, dative = words.PRONOUNS[english]
    return Phrase([own], [accusative if case == "accusative" else dative], pronoun=True)


def noun_phrase(
    generator: random.Random,
    nouns: list,
    adjectives: list,
    case: str,
    negated: bool,
    may_negate_article: bool = False,
    may_be_many: bool = True,
) -> Phrase:
    """A noun with a determiner, sometimes with an adjective.

    Args:
        generator: source of randomness.
        nouns, adjectives: to choose from.
        case: "nominative", "accusative" or "dative".
        negated: whether its clause is negated.
        may_negate_article: whether its article may become "kein" in a negated clause.
        may_be_many: whether it may be plural.
    """
    many = may_be_many and generator.random() < PLURAL
    definite, any_one = (MANY_KNOWN, MANY) if many else (ONE_KNOWN, ONE)
    determiner = generator.choice((definite + ["a"] * 3 * (may_negate_article and not many)) if negated else any_one)
    noun = generator.choice(nouns)
    gender = "p" if many else noun.gender
    adjective = generator.choice(adjectives) if generator.random() < ADJECTIVE else ("", "")
    negates_article = negated and determiner == "a"
    translation = german.noun_phrase(
        "not a" if negates_article else determiner, adjective[1],
        noun.german_plural if many else noun.german, gender, case,
    )  # fmt: skip
    english = [word for word in (adjective[0], noun.plural if many else noun.singular) if word]
    article = "an" if determiner == "a" and english[0][0] in "aeiou" else determiner
    person = "they" if many else "it"
    return Phrase([article, *english], translation, person, gender, negated=negates_article)


def _takes_relative(subject):
    return subject.english[0] == "the" and len(subject.english) == 2


def _with_attribute(generator, subject):
    """Adds an attribute: the man with a red hat."""
    english, preposition, case = generator.choice([("with", "mit", "dative"), ("without", "ohne", "accusative")])
    attribute = noun_phrase(generator, words.THINGS, words.OF_THINGS, case, negated=False, may_be_many=False)
    return replace(
        subject,
        english=[*subject.english, english, *attribute.english],
        german=[*subject.german, preposition, *attribute.german],
    )


def _with_relative(generator, subject):
    """Adds a relative clause: the man who sees the dog."""
    pronoun = Phrase(["who"], [german.RELATIVE["nominative"][subject.gender]], subject.person)
    content = predicate(generator, pronoun, generator.choice(["present", "past"]), generator.random() < NEGATED)
    return replace(
        subject,
        english=[*subject.english, *english_clause(content)],
        german=[*subject.german, ",", *german_clause(content, "final"), ","],
    )


def _with_object_relative(generator, noun):
    """Adds a relative clause: the cup that the man buys."""
    negated = generator.random() < NEGATED
    someone = _subject(generator, negated, plain=True)
    content = Clause(someone, generator.choice(words.TAKING_THINGS), generator.choice(["present", "past"]), negated)
    relative = german.RELATIVE["accusative"][noun.gender]
    return replace(
        noun,
        english=[*noun.english, "that", *english_clause(content)],
        german=[*noun.german, ",", relative, *german_clause(content, "final"), ","],
    )


def english_clause(content: Clause, is_question: bool = False) -> list[str]:
    """The English words of a clause, or of a question if `is_question`."""
    auxiliary, verb = _english_verb(content, is_question)
    start = [*auxiliary, *content.subject.english] if is_question else [*content.subject.english, *auxiliary]
    return [*start, *verb, *content.english, *content.place.english, *content.time.english]


def _english_verb(content, is_question):
    """The auxiliary verb with "not", and the main verb; either may be empty."""
    third = content.subject.person == "it"
    if content.verb is words.BEING:
        return [_english_being(content), *["not"] * content.negated], []
    forms, after = _english_forms(content)
    if content.tense in ("will", "can", "must"):
        negated = ["cannot"] if content.tense == "can" else [content.tense, "not"]
        return negated if content.negated else [content.tense], [content.verb.base, *content.verb.after.split()]
    if is_question or content.negated:
        do = "did" if content.tense == "past" else "does" if third else "do"
        return [do, *["not"] * content.negated], [forms[0], *after]
    return [], [forms[2 if content.tense == "past" else third], *after]


def _english_forms(content):
    """Base form, third person and past of the verb, or of "want" before it; and the words after it."""
    verb, after = content.verb, content.verb.after.split()
    if content.tense == "want":
        return ("want", "wants", "wanted"), ["to", verb.base, *after]
    return (verb.base, verb.third, verb.past), after


def _english_being(content):
    forms = {"present": ("am", "is", "are"), "past": ("was", "was", "were")}[content.tense]
    return forms[german.PERSONS.index(content.subject.person)]


def german_clause(content: Clause, order: str) -> list[str]:
    """The German words of a clause.

    Args:
        content: the `Clause`.
        order: position of the finite verb: "main" after the subject, "inverted" before
            it, "final" at the end.
    """
    finite, last = _german_verb(content)
    middle = _german_middle(content)
    if order == "final":
        alone = content.tense == "present" and content.verb.particle
        verbs = [content.verb.particle + finite] if alone else [*last, finite]
        return [*content.subject.german, *middle, *verbs]
    start = [finite, *content.subject.german] if order == "inverted" else [*content.subject.german, finite]
    return [*start, *middle, *last]


def _german_middle(content):
    """Pronouns, time, other objects, "nicht" unless an object has "kein", place."""
    pronouns = [word for phrase in content.objects if phrase.pronoun for word in phrase.german]
    others = [word for phrase in content.objects if not phrase.pronoun for word in phrase.german]
    negation = ["nicht"] * (content.negated and not any(phrase.negated for phrase in content.objects))
    return [*pronouns, *content.time.german, *others, *negation, *content.place.german]


def _german_verb(content):
    """The finite verb, and the words at the end of the clause."""
    verb, person = content.verb, german.PERSONS.index(content.subject.person)
    if verb is words.BEING:
        name = "war" if content.tense == "past" else "sein"
        return german.AUXILIARIES[name][person], [content.adjective]
    if content.tense == "present":
        return verb.finite[person], [verb.particle] * bool(verb.particle)
    if content.tense == "past":
        return german.AUXILIARIES[verb.auxiliary][person], [verb.particle + verb.participle]
    forbidden = content.negated and content.tense == "must"
    modal = "dürfen" if forbidden else words.MODALS[content.tense]
    return german.AUXILIARIES[modal][person], [verb.infinitive.replace(german.PARTICLE, "")]
