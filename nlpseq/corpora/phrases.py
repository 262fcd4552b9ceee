"""English sentences of a small grammar with their German translations, whose words stand elsewhere."""

import random
from dataclasses import dataclass, replace

import tensorflow_datasets as tfds

from nlpseq.corpora import german
from nlpseq.corpora import phrase_words as words

SHORTEST, LONGEST = 4, 16
ONE = ["the", "the", "the", "a", "a", "this", "my", "our", "his", "her", "every"]
MANY = ["the", "the", "these", "my", "our", "his", "her", "some", "many", "two", "all"]
# Where "not" stands, what is meant has to be known: the scope of the others would be open.
ONE_KNOWN = ["the", "the", "the", "this", "my", "our", "his", "her"]
MANY_KNOWN = ["the", "the", "these", "my", "our", "his", "her"]
TENSES = ["present", "present", "past", "past", "past", *words.MODALS]
# How often a noun is plural and has an adjective; a subject is a pronoun, has an attribute or a
# relative clause; an object is a pronoun; a clause is denied, has a place, and a time, in front.
PLURAL, ADJECTIVE, PRONOUN, ATTRIBUTE, RELATIVE = 0.3, 0.4, 0.35, 0.1, 0.15
OBJECT_PRONOUN, DENIED, PLACE, TIME, FRONT = 0.35, 0.3, 0.6, 0.6, 0.6
BEING = 0.15  # how often a clause says what someone or something is


@dataclass(frozen=True)
class Phrase:
    """A noun phrase or the like in both languages.

    Attributes:
        english, german: lists of words.
        person: one of `german.PERSONS`.
        gender: one of `german.GENDERS`.
        pronoun: whether it is one.
        denied: whether it holds the "not" of the clause.
    """

    english: list
    german: list
    person: str = "it"
    gender: str = "m"
    pronoun: bool = False
    denied: bool = False


@dataclass(frozen=True)
class Clause:
    """A subject and what is said of it.

    Attributes:
        subject: `Phrase`.
        verb: `words.Verb`.
        tense: "present", "past", or a modal verb, of English.
        denied: whether there is a "not".
        objects: `Phrase`s, in their German order.
        english: the words of the objects in English, in their order.
        place: `Phrase`, where it has one, which is not denied.
        time: `Phrase`, where it has one.
        adjective: German, after "to be".
    """

    subject: Phrase
    verb: words.Verb
    tense: str
    denied: bool
    objects: tuple = ()
    english: tuple = ()
    place: Phrase = Phrase([], [])
    time: Phrase = Phrase([], [])
    adjective: str = ""


class NlpseqPhrases(tfds.core.GeneratorBasedBuilder):
    """`nlpseq_phrases`: generated English sentences with their one translation into German.

    Articles, adjectives and verbs agree in German by gender, case, number and person. The
    verb is the second part of a main clause and the last of others; its particle,
    participle or infinitive stands at the end; the recipient stands before what is given,
    "not" after the object or in "kein"; the case of an object depends on its verb.
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
        draw, seen = random.Random(2014), set()
        return {split: self._generate_examples(_distinct(draw, seen, size)) for split, size in self.SIZES.items()}

    def _generate_examples(self, pairs):
        for index, (english, translation) in enumerate(pairs):
            yield index, {"en": english, "de": translation}


def _distinct(draw, seen, size):
    """`size` new pairs, whose English is not in `seen`."""
    pairs = []
    while len(pairs) < size:
        pair = sentence(draw)
        if pair[0] not in seen and all(SHORTEST <= _word_count(side) <= LONGEST for side in pair):
            seen.add(pair[0])
            pairs.append(pair)
    return pairs


def _word_count(text):
    return sum(word not in ".,?" for word in text.split())


def sentence(draw):
    """An English sentence and its translation: words and marks with blanks between."""
    kinds = [_plain, _plain, _plain, _plain, _question, _thought, _thought, _two, _two]
    return tuple(" ".join(_with_commas(side)) for side in draw.choice(kinds)(draw))


def _with_commas(tokens):
    """Without a comma before another mark."""
    return [a for a, b in zip(tokens, [*tokens[1:], ""]) if a != "," or b not in (",", ".", "?")]


def _plain(draw):
    said = clause(draw, draw.choice(TENSES))
    if said.time.english and draw.random() < FRONT:
        late = replace(said, time=Phrase([], []))
        english = [*said.time.english, *english_clause(late), "."]
        return english, [*said.time.german, *german_clause(late, "inverted"), "."]
    return [*english_clause(said), "."], [*german_clause(said, "main"), "."]


def _question(draw):
    asked = clause(draw, draw.choice(TENSES), may_deny=False)
    return [*english_clause(asked, asked=True), "?"], [*german_clause(asked, "inverted"), "?"]


def _thought(draw):
    """A clause that someone thinks, says or asks."""
    tense = draw.choice(["present", "past"])
    verb = draw.choice(words.THINKING)
    subject = _subject(draw, denied=False, plain=True)
    thinking = Clause(subject, verb, tense, draw.random() < DENIED / 2 and verb.after == "that")
    inner = clause(draw, tense if tense == "past" else draw.choice(TENSES), plain=True)
    english = [*english_clause(thinking), *english_clause(inner), "."]
    conjunction = words.CONJUNCTIONS[verb.after]
    thought = [conjunction, *german_clause(inner, "final")]
    return english, [*german_clause(thinking, "main"), ",", *thought, "."]


def _two(draw):
    """A main clause and a subordinate one, before or after it."""
    tense = draw.choice(["present", "past"])
    conjunction = draw.choice(["because", "because", "although", "if", "when", "before"])
    tense = "present" if conjunction == "if" else tense
    main = clause(draw, tense, plain=True)
    other = clause(draw, tense, plain=True, may_deny=conjunction in ("because", "although", "if"))
    past = (conjunction, tense) == ("when", "past")
    subordinate = ["als" if past else words.CONJUNCTIONS[conjunction], *german_clause(other, "final")]
    english = [conjunction, *english_clause(other)]
    if draw.random() < 0.5:
        english = [*english, ",", *english_clause(main), "."]
        return english, [*subordinate, ",", *german_clause(main, "inverted"), "."]
    return [*english_clause(main), *english, "."], [*german_clause(main, "main"), ",", *subordinate, "."]


def clause(draw, tense, may_deny=True, plain=False):
    """A clause about someone or something.

    Args:
        draw: a `random.Random`.
        tense: see `Clause`.
        may_deny: whether there may be a "not".
        plain: whether the subject is short, and times are rare.
    """
    denied = may_deny and draw.random() < DENIED
    if tense in ("present", "past") and draw.random() < BEING:
        said = _being(draw, tense, denied, plain)
    else:
        said = predicate(draw, _subject(draw, denied, plain), tense, denied)
    if draw.random() < (TIME / 3 if plain else TIME):
        said = replace(said, time=_time(draw, tense))
    return said


def _time(draw, tense):
    english, translation = draw.choice(words.ADVERBS.get(tense, words.ADVERBS["modal"]))
    return Phrase(english.split(), translation.split())


def _being(draw, tense, denied, plain):
    """The cup that the man bought is not old."""
    if draw.random() < 0.5:
        subject, adjectives = _subject(draw, denied, plain), words.OF_PEOPLE
    else:
        subject = noun_phrase(draw, words.THINGS, words.OF_THINGS, "nominative", denied)
        adjectives = words.OF_THINGS
        if not plain and _takes_relative(subject):
            subject = _with_object_relative(draw, subject)
    english, adjective = draw.choice([pair for pair in adjectives if pair[0] not in subject.english])
    return Clause(subject, words.BEING, tense, denied, english=(english,), adjective=adjective)


def predicate(draw, subject, tense, denied):
    """A clause whose verb takes one, two or no objects."""
    kinds = [_of_things, _of_things, _of_people, _of_people, _giving, _giving, _staying, _moving]
    return draw.choice(kinds)(draw, subject, tense, denied)


def _of_things(draw, subject, tense, denied):
    if draw.random() < 0.25:
        verbs, nouns = words.TAKING_CLOSED, words.CLOSED
    else:
        verbs, nouns = words.TAKING_THINGS, words.THINGS
    found = noun_phrase(draw, nouns, words.OF_THINGS, "accusative", denied, may_hold_not=True)
    return Clause(subject, draw.choice(verbs), tense, denied, (found,), tuple(found.english))


def _of_people(draw, subject, tense, denied):
    dative = draw.random() < 0.35
    case, verbs = ("dative", words.HELPING_PEOPLE) if dative else ("accusative", words.TAKING_PEOPLE)
    found = _person(draw, subject, case, denied, may_hold_not=True)
    return Clause(subject, draw.choice(verbs), tense, denied, (found,), tuple(found.english))


def _giving(draw, subject, tense, denied):
    to = _person(draw, subject, "dative", denied)
    given = noun_phrase(draw, words.THINGS, words.OF_THINGS, "accusative", denied, may_hold_not=True)
    if draw.random() < 0.5 and not to.pronoun:
        english = (*given.english, "to", *to.english)
    else:
        english = (*to.english, *given.english)
    return Clause(subject, draw.choice(words.GIVING), tense, denied, (to, given), english)


def _staying(draw, subject, tense, denied):
    said = Clause(subject, draw.choice(words.STAYING), tense, denied)
    return replace(said, place=_place(draw)) if draw.random() < PLACE else said


def _moving(draw, subject, tense, denied):
    return Clause(subject, draw.choice(words.MOVING), tense, denied)


def _place(draw):
    kinds = [("in", "in"), ("in", "in"), ("behind", "hinter"), ("in front of", "vor")]
    english, preposition = draw.choice(kinds)
    where = noun_phrase(draw, words.PLACES, words.OF_PLACES, "dative", denied=True, may_be_many=False)
    translation = [preposition, *where.german]
    if translation[:2] == ["in", "dem"]:
        translation[:2] = ["im"]
    return Phrase([*english.split(), *where.english], translation)


def _subject(draw, denied, plain):
    if draw.random() < (2 * PRONOUN if plain else PRONOUN):
        english = draw.choice(["I", *words.PRONOUNS])  # it alone has its forms of verbs
        _, person, translation, *_ = words.PRONOUNS[english]
        return Phrase([english], [translation], person, pronoun=True)
    subject = noun_phrase(draw, words.PEOPLE, words.OF_PEOPLE, "nominative", denied)
    if plain or not _takes_relative(subject):
        return subject
    chance = draw.random()
    if chance < RELATIVE:
        return _with_relative(draw, subject)
    return _with_attribute(draw, subject) if chance < RELATIVE + ATTRIBUTE else subject


def _person(draw, subject, case, denied, may_hold_not=False):
    """An object that is someone other than the subject."""
    if draw.random() >= OBJECT_PRONOUN:
        return noun_phrase(draw, words.PEOPLE, words.OF_PEOPLE, case, denied, may_hold_not)
    speaks = subject.english[0] in ("I", "we")
    english = draw.choice([name for name in words.PRONOUNS if not (speaks and name in ("I", "we"))])
    own, _, _, accusative, dative = words.PRONOUNS[english]
    return Phrase([own], [accusative if case == "accusative" else dative], pronoun=True)


def noun_phrase(draw, nouns, adjectives, case, denied, may_hold_not=False, may_be_many=True):
    """A noun with an article or the like, and mostly no adjective.

    Args:
        draw: a `random.Random`.
        nouns, adjectives: to choose from.
        case: "nominative", "accusative" or "dative".
        denied: whether its clause is.
        may_hold_not: whether the "not" of its clause may join an article of it.
        may_be_many: whether it may be plural.
    """
    many = may_be_many and draw.random() < PLURAL
    known, any_one = (MANY_KNOWN, MANY) if many else (ONE_KNOWN, ONE)
    determiner = draw.choice((known + ["a"] * 3 * (may_hold_not and not many)) if denied else any_one)
    noun = draw.choice(nouns)
    gender = "p" if many else noun.gender
    adjective = draw.choice(adjectives) if draw.random() < ADJECTIVE else ("", "")
    holds_not = denied and determiner == "a"
    translation = german.noun_phrase(
        "not a" if holds_not else determiner, adjective[1],
        noun.german_plural if many else noun.german, gender, case,
    )  # fmt: skip
    english = [word for word in (adjective[0], noun.plural if many else noun.singular) if word]
    article = "an" if determiner == "a" and english[0][0] in "aeiou" else determiner
    person = "they" if many else "it"
    return Phrase([article, *english], translation, person, gender, denied=holds_not)


def _takes_relative(subject):
    return subject.english[0] == "the" and len(subject.english) == 2


def _with_attribute(draw, subject):
    """The man with a red hat."""
    english, preposition, case = draw.choice([("with", "mit", "dative"), ("without", "ohne", "accusative")])
    thing = noun_phrase(draw, words.THINGS, words.OF_THINGS, case, denied=False, may_be_many=False)
    return replace(
        subject,
        english=[*subject.english, english, *thing.english],
        german=[*subject.german, preposition, *thing.german],
    )


def _with_relative(draw, subject):
    """The man who sees the dog."""
    who = Phrase(["who"], [german.RELATIVE["nominative"][subject.gender]], subject.person)
    said = predicate(draw, who, draw.choice(["present", "past"]), draw.random() < DENIED)
    return replace(
        subject,
        english=[*subject.english, *english_clause(said)],
        german=[*subject.german, ",", *german_clause(said, "final"), ","],
    )


def _with_object_relative(draw, thing):
    """The cup that the man buys."""
    denied = draw.random() < DENIED
    someone = _subject(draw, denied, plain=True)
    said = Clause(someone, draw.choice(words.TAKING_THINGS), draw.choice(["present", "past"]), denied)
    relative = german.RELATIVE["accusative"][thing.gender]
    return replace(
        thing,
        english=[*thing.english, "that", *english_clause(said)],
        german=[*thing.german, ",", relative, *german_clause(said, "final"), ","],
    )


def english_clause(said, asked=False):
    """The English words of a clause, or of a question."""
    auxiliary, verb = _english_verb(said, asked)
    start = [*auxiliary, *said.subject.english] if asked else [*said.subject.english, *auxiliary]
    return [*start, *verb, *said.english, *said.place.english, *said.time.english]


def _english_verb(said, asked):
    """The auxiliary verb with "not", and the verb; either may be none."""
    third = said.subject.person == "it"
    if said.verb is words.BEING:
        return [_english_being(said), *["not"] * said.denied], []
    forms, after = _english_forms(said)
    if said.tense in ("will", "can", "must"):
        denied = ["cannot"] if said.tense == "can" else [said.tense, "not"]
        return denied if said.denied else [said.tense], [said.verb.base, *said.verb.after.split()]
    if asked or said.denied:
        do = "did" if said.tense == "past" else "does" if third else "do"
        return [do, *["not"] * said.denied], [forms[0], *after]
    return [], [forms[2 if said.tense == "past" else third], *after]


def _english_forms(said):
    """Base form, third person and past of the verb, or of "want" before it; and what follows."""
    verb, after = said.verb, said.verb.after.split()
    if said.tense == "want":
        return ("want", "wants", "wanted"), ["to", verb.base, *after]
    return (verb.base, verb.third, verb.past), after


def _english_being(said):
    forms = {"present": ("am", "is", "are"), "past": ("was", "was", "were")}[said.tense]
    return forms[german.PERSONS.index(said.subject.person)]


def german_clause(said, order):
    """The German words of a clause.

    Args:
        said: the `Clause`.
        order: where its finite verb stands: "main" after the subject, "inverted" before
            it, "final" at the end.
    """
    finite, last = _german_verb(said)
    middle = _german_middle(said)
    if order == "final":
        alone = said.tense == "present" and said.verb.particle
        verbs = [said.verb.particle + finite] if alone else [*last, finite]
        return [*said.subject.german, *middle, *verbs]
    start = [finite, *said.subject.german] if order == "inverted" else [*said.subject.german, finite]
    return [*start, *middle, *last]


def _german_middle(said):
    """Pronouns, the time, other objects, "nicht" unless "kein" stands for it, the place."""
    pronouns = [word for found in said.objects if found.pronoun for word in found.german]
    others = [word for found in said.objects if not found.pronoun for word in found.german]
    denial = ["nicht"] * (said.denied and not any(found.denied for found in said.objects))
    return [*pronouns, *said.time.german, *others, *denial, *said.place.german]


def _german_verb(said):
    """The finite verb, and what stands at the end of the clause."""
    verb, person = said.verb, german.PERSONS.index(said.subject.person)
    if verb is words.BEING:
        name = "war" if said.tense == "past" else "sein"
        return german.AUXILIARIES[name][person], [said.adjective]
    if said.tense == "present":
        return verb.finite[person], [verb.particle] * bool(verb.particle)
    if said.tense == "past":
        return german.AUXILIARIES[verb.auxiliary][person], [verb.particle + verb.participle]
    forbidden = said.denied and said.tense == "must"
    modal = "dürfen" if forbidden else words.MODALS[said.tense]
    return german.AUXILIARIES[modal][person], [verb.infinitive.replace(german.PARTICLE, "")]
