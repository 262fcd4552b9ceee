"""Datasets for translation from TFDS builders and from files, and what is wrong with bad ones."""

import os
import random

import numpy as np
import pytest
import tensorflow_datasets as tfds

from nlpseq.corpora import german, phrases
from nlpseq.corpora import phrase_words as words
from nlpseq.data import Pairs, load_parallel_texts
from nlpseq.errors import InputError
from nlpseq.tasks.translation.schemas import TRANSLATION
from tests import real_data

PAIRS = [(f"one {i}", f"ein\u00e9 {i}") for i in range(40)]


class NlpseqPairProbe(tfds.core.GeneratorBasedBuilder):
    """A dataset of the tests: three languages, empty sides, and what is not a language."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        text = tfds.features.Text()
        features = {"en": text, "de": text, "fr": text, "blank": text}
        features |= {"number": np.int64, "several": tfds.features.Sequence(text)}
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features), supervised_keys=("de", "en")
        )

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(30), "dev": self._generate_examples(6)}

    def _generate_examples(self, count):
        for i in range(count):
            row = {language: f"{language} {i}" for language in ("en", "de", "fr")}
            row["en"] = row["en"] if i % 3 else " "
            yield i, row | {"blank": "", "number": i, "several": ["a"] * i}


def write(path, rows, separator="\t"):
    path.write_text("".join(separator.join(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def write_sides(folder, split, rows, languages=("en", "de")):
    for language, side in zip(languages, zip(*rows)):
        (folder / f"{language}.{split}.txt").write_text("\n".join(side) + "\n", encoding="utf-8")


def decoded(pairs):
    return [tuple(text.decode() for text in pair) for pair in zip(pairs.sources, pairs.targets)]


def everything(data):
    return [pair for split in data.sizes for pair in decoded(getattr(data, split))]


def fails(match, *arguments, **options):
    with pytest.raises(InputError, match=match) as caught:
        load_parallel_texts(*arguments, **options)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 400


@pytest.mark.parametrize("chosen", [slice(1, 3), np.array([3, 0]), np.arange(4) % 2 == 0])
def test_pairs_select_and_become_a_dataset(chosen):
    pairs = Pairs(*np.array([[b"a", b"", b"c\xc3\xa9", b"d"], [b"A", b"B", b"C", b"D"]], object))
    actual = pairs.select(chosen)
    expected = [(s, t) for s, t in zip(pairs.sources[chosen], pairs.targets[chosen])]
    assert [(s.numpy(), t.numpy()) for s, t in actual.dataset()] == expected and len(actual) == 2
    assert [spec.shape.as_list() for spec in actual.dataset().element_spec] == [[], []]


def test_every_schema_fits_its_builder(tmp_path):
    for name, schema in TRANSLATION.items():
        info = tfds.builder(name, data_dir=tmp_path).info
        assert schema.source is None and schema.target is None
        assert all(info.features[key].np_dtype in (object, np.object_) for key in info.supervised_keys), name


@pytest.mark.parametrize("options, languages", [
    ({}, ("de", "en")),
    ({"source": "en", "target": "de"}, ("en", "de")),
    ({"source": "fr", "target": "de"}, ("fr", "de")),
])  # fmt: skip
def test_features_of_source_and_target(tmp_path, options, languages):
    data = load_parallel_texts("nlpseq_pair_probe", tmp_path, test="dev", **options)
    assert (data.source, data.target) == languages
    whole = 20 if "en" in languages else 30  # pairs with an empty side are dropped
    assert data.sizes == {"train": whole - whole // 10, "validation": whole // 10, "test": whole // 5}
    for source, target in everything(data):
        assert source.split()[0] == languages[0] and target.split()[0] == languages[1]
        assert source.split()[1] == target.split()[1]


@pytest.mark.parametrize("options, match", [
    ({"source": "en", "target": "en"}, "`source` and `target` are both 'en'"),
    ({"source": "it", "target": "en"}, "no feature 'it'; name its features with `source` and `target`"),
    ({"source": "en"}, "has en, de, fr, blank: name two of them with `source` and `target`"),
    ({"source": "en", "target": "number"}, "'number' .* is not text"),
    ({"source": "several", "target": "en"}, "'several' .* is not text"),
    ({"source": "en", "target": "blank"}, "has no pair with text on both sides"),
    ({"train": "trian"}, "no split 'trian': did you mean train"),
])  # fmt: skip
def test_bad_names_of_features_and_splits(tmp_path, options, match):
    fails(match, "nlpseq_pair_probe", tmp_path, **options)


@pytest.mark.parametrize("options, reversed_", [
    ({}, True),
    ({"source": "en"}, False),
    ({"target": "de"}, False),
    ({"source": "de", "target": "en"}, True),
])  # fmt: skip
def test_folder_of_languages(tmp_path, options, reversed_):
    for split, rows in (("train", PAIRS), ("val", PAIRS[:4]), ("test", PAIRS[:6])):
        write_sides(tmp_path, split, rows)
    (tmp_path / "README.txt").write_text("no language")
    (tmp_path / "notes.old.txt").write_text("nor this")
    data = load_parallel_texts(str(tmp_path), **options)
    assert data.sizes == {"train": 40, "validation": 4, "test": 6} and not data.generated
    assert repr(data) == f"<ParallelTexts {data.name!r}: train=40, validation=4, test=6>"
    assert (data.source, data.target) == (("de", "en") if reversed_ else ("en", "de"))
    assert decoded(data.train) == ([pair[::-1] for pair in PAIRS] if reversed_ else PAIRS)


def test_lines_end_as_files_have_it(tmp_path):
    """A separator of lines within a sentence does not shift what follows it."""
    (tmp_path / "en.train.txt").write_bytes(b"\xef\xbb\xbfa\r\nb\x0c\xe2\x80\xa8b\n\ncaf\xc3\xa9" + b"\nd" * 20)
    (tmp_path / "de.train.txt").write_bytes(b"A\nB\n \nC\n" + b"D\n" * 20)
    data = load_parallel_texts(str(tmp_path), source="en", target="de")
    expected = [("a", "A"), ("b\x0c\u2028b", "B"), ("caf\u00e9", "C"), *[("d", "D")] * 20]
    assert sorted(everything(data)) == sorted(expected)


def test_three_languages_are_named(tmp_path):
    write_sides(tmp_path, "train", PAIRS)
    write_sides(tmp_path, "train", PAIRS, languages=("fr",))
    assert load_parallel_texts(str(tmp_path), source="fr", target="de").source == "fr"
    fails("has de, en, fr: name two of them with `source` and `target`", str(tmp_path))
    fails("has de, en, fr: name two of them", str(tmp_path), source="fr")
    fails("has no 'it': choose from de, en, fr with", str(tmp_path), source="fr", target="it")
    fails("`source` and `target` are both 'fr'", str(tmp_path), source="fr", target="fr")


def test_bad_folders_of_languages(tmp_path):
    folder = str(tmp_path)
    fails("has no training file: expected train.tsv, or en.train.txt and de.train.txt", folder)
    write_sides(tmp_path, "test", PAIRS)
    fails("has no training file: expected de.train.txt", folder)
    write_sides(tmp_path, "train", PAIRS)
    (tmp_path / "de.test.txt").unlink()
    fails("has en.test.txt without its translation in 'de': expected de.test.txt", folder)
    (tmp_path / "en.test.txt").unlink()
    write_sides(tmp_path, "val", PAIRS)
    write_sides(tmp_path, "dev", PAIRS)
    fails("has de.dev.txt and de.val.txt for one split", folder)
    for file in tmp_path.glob("de.*"):
        file.unlink()
    fails("has en only: expected two languages", folder)


def test_files_of_unequal_length(tmp_path):
    write_sides(tmp_path, "train", PAIRS)
    (tmp_path / "de.train.txt").write_text("ein\n" * 37)
    fails("de.train.txt has 37 lines and .*en.train.txt has 40 lines: expected equally many", str(tmp_path))
    (tmp_path / "de.train.txt").write_text("")
    fails("de.train.txt has 0 lines and .*en.train.txt has 40 lines", str(tmp_path))


def test_an_empty_side(tmp_path):
    rows = [*PAIRS[:30], ("", " "), ("one", ""), ("", "zwei")]
    write_sides(tmp_path, "train", rows)
    for path in (tmp_path, write(tmp_path / "a.tsv", rows)):
        data = load_parallel_texts(path, source="en", target="de")
        assert sorted(everything(data)) == sorted(PAIRS[:30])
        assert any("2 rows without a translation are left out: lines 3" in note for note in data.notes)
    fails("holds no sentences", write(tmp_path / "b.tsv", rows[-2:]))
    fails("c.tsv is empty", write(tmp_path / "c.tsv", [("", ""), ("",)]))


@pytest.mark.parametrize("header, options, languages", [
    ([], {}, ("source", "target")),
    ([], {"source": "en", "target": "de"}, ("en", "de")),
    ([("en", "de")], {"source": "en", "target": "de"}, ("en", "de")),
    ([("en", "de")], {"source": "en"}, ("en", "de")),
    ([("source", "target")], {}, ("source", "target")),
])  # fmt: skip
def test_table_with_and_without_a_header(tmp_path, header, options, languages):
    data = load_parallel_texts(write(tmp_path / "a.tsv", [*header, *PAIRS, ("",)]), **options)
    assert (data.source, data.target) == languages
    assert data.sizes == {"train": 33, "validation": 3, "test": 4}
    assert sorted(everything(data)) == sorted(PAIRS)


def test_folder_of_tables_with_more_columns(tmp_path):
    rows = [("de", "number", "en"), *[(target, "0", source) for source, target in PAIRS]]
    for split, size in (("train", 41), ("dev", 5), ("test", 7)):
        write(tmp_path / f"{split}.tsv", rows[:size])
    data = load_parallel_texts(str(tmp_path), source="en", target="de")
    assert data.sizes == {"train": 40, "validation": 4, "test": 6} and decoded(data.train) == PAIRS
    assert (
        load_parallel_texts(str(tmp_path)).source == "de"
        and load_parallel_texts(str(tmp_path), source="en").target == "de"
    )
    fails("the header of .* has de, number, en: name two of them", str(tmp_path), source="number")
    fails("has no 'ne': choose from de, number, en", str(tmp_path), source="ne", target="de")


def test_a_column_is_not_both_sides(tmp_path):
    path = write(tmp_path / "a.tsv", [("en", "de"), *PAIRS])
    fails("`source` and `target` are both the column 'en'", path, source="en", target=1)


def test_bad_files(tmp_path):
    fails("cannot read .*no such file", str(tmp_path / "absent.tsv"))
    fails("cannot read .*no such file", str(tmp_path / "absent"))
    fails("line 2: expected 2 columns, got 1", write(tmp_path / "a.tsv", [("a", "b"), ("c",)]))
    fails("line 3: expected 2 columns, got 3", write(tmp_path / "b.tsv", [*PAIRS[:2], ("a", "b", "c")]))
    fails("is neither a folder nor a table", write(tmp_path / "c.txt", PAIRS, separator=" "))
    fails("too small to hold out a part", write(tmp_path / "d.tsv", PAIRS[:2]))
    fails("`data_dir` and splits are for TFDS", str(tmp_path), train="train[:5]")
    fails("unknown dataset .*did you mean wmt14_translate", "wmt14_translat")


def test_held_out_pairs_are_fixed_by_the_seed(tmp_path):
    path = write(tmp_path / "a.tsv", PAIRS)
    first, again, other = (decoded(load_parallel_texts(path, seed=seed).test) for seed in (1, 1, 2))
    assert first == again != other


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    return load_parallel_texts("nlpseq_phrases", tmp_path_factory.mktemp("tfds"))


@pytest.mark.slow
def test_embedded_corpus(embedded):
    assert embedded.sizes == {"train": 16_000, "validation": 500, "test": 500}
    assert (embedded.source, embedded.target) == ("en", "de")
    assert embedded.generated and "generated" in embedded.title
    pairs = everything(embedded)
    assert len({source for source, _ in pairs}) == 17_000
    for side in zip(*pairs):
        lengths = [sum(word not in ".,?" for word in text.split()) for text in side]
        assert min(lengths) >= 4 and max(lengths) <= 16
        assert 250 < len({word for text in side for word in text.split()}) < 600


@pytest.mark.slow
def test_words_of_the_embedded_corpus_are_known_from_training(embedded):
    """But for a few, so that what is hard is the grammar and not the words."""
    for side in (0, 1):
        vocabulary = {word for pair in decoded(embedded.train) for word in pair[side].split()}
        unknown = [set(pair[side].split()) - vocabulary for pair in decoded(embedded.test)]
        assert np.mean(list(map(bool, unknown))) <= 0.004


def presence(sentences, vocabulary):
    """Whether each sentence has each word, `(sentences, words)`."""
    return np.array([[word in words for word in vocabulary] for words in map(set, sentences)], np.float32)


@pytest.mark.slow
def test_a_dictionary_fails_on_the_embedded_corpus(embedded):
    """The word that stands most often beside a word and least without it, in the order of the source."""
    train, test = (
        [[text.split() for text in side] for side in zip(*decoded(split))] for split in (embedded.train, embedded.test)
    )
    vocabularies = [sorted({word for words in side for word in words}) for side in train]
    ours, theirs = map(presence, train, vocabularies)
    together = (ours.T @ theirs) ** 2 / np.outer(ours.sum(0), theirs.sum(0))
    best = dict(zip(vocabularies[0], np.array(vocabularies[1])[together.argmax(1)].tolist()))
    assert (best["sleeps"], best["key"]) == ("schl\u00e4ft", "Schl\u00fcssel")
    answers = [[best[word] for word in words] for words in test[0]]
    assert np.mean([answer == words for answer, words in zip(answers, test[1])]) < 0.1
    same_words = [sorted(answer) == sorted(words) for answer, words in zip(answers, test[1])]
    assert np.mean(same_words) < 0.1  # in whatever order


def test_a_sentence_of_the_embedded_corpus_has_one_translation(monkeypatch):
    """With few words a sentence is soon drawn twice, and is translated the same each time."""
    few = dict.fromkeys(("PEOPLE", "THINGS", "CLOSED", "PLACES", "GIVING", "STAYING", "MOVING", "ALWAYS"), 1)
    few |= {"TAKING_THINGS": 1, "TAKING_CLOSED": 1, "TAKING_PEOPLE": 1, "HELPING_PEOPLE": 1, "THINKING": 2}
    for name, count in few.items():
        monkeypatch.setattr(words, name, getattr(words, name)[:count])
    monkeypatch.setattr(words, "ADVERBS", {"modal": words.ALWAYS})
    monkeypatch.setattr(phrases, "ADJECTIVE", 0)
    monkeypatch.setattr(phrases, "ONE", ["the", "a", "her"])
    monkeypatch.setattr(phrases, "ONE_KNOWN", ["the", "her"])
    monkeypatch.setattr(phrases, "MANY", ["some", "her"])
    generator, seen, again = random.Random(5), {}, 0
    for _ in range(12_000):
        source, target = phrases.sentence(generator)
        again += source in seen
        assert seen.setdefault(source, target) == target, source
    assert again > 800


@pytest.mark.parametrize("phrase, expected", [
    (("the", "alt", "Mann", "m", "nominative"), "der alte Mann"),
    (("the", "alt", "Mann", "m", "accusative"), "den alten Mann"),
    (("this", "klein", "Kind", "n", "nominative"), "dieses kleine Kind"),
    (("every", "klein", "Frau", "f", "dative"), "jeder kleinen Frau"),
    (("a", "neu", "Hut", "m", "nominative"), "ein neuer Hut"),
    (("a", "neu", "Hut", "m", "accusative"), "einen neuen Hut"),
    (("not a", "rot", "Hemd", "n", "accusative"), "kein rotes Hemd"),
    (("her", "rot", "Lampe", "f", "accusative"), "ihre rote Lampe"),
    (("our", "", "Haus", "n", "dative"), "unserem Haus"),
    (("our", "arm", "Br\u00fcder", "p", "dative"), "unseren armen Br\u00fcdern"),
    (("all", "arm", "M\u00e4dchen", "p", "nominative"), "alle armen M\u00e4dchen"),
    (("many", "arm", "Frauen", "p", "nominative"), "viele arme Frauen"),
    (("two", "alt", "Kinder", "p", "dative"), "zwei alten Kindern"),
    (("some", "", "\u00c4pfel", "p", "dative"), "einigen \u00c4pfeln"),
])  # fmt: skip
def test_german_noun_phrases(phrase, expected):
    assert " ".join(german.noun_phrase(*phrase)) == expected


OPENING, SLEEPING, COMING = words.TAKING_CLOSED[0], words.STAYING[0], words.MOVING[0]
DOOR = phrases.Phrase(["the", "door"], ["die", "T\u00fcr"])
NO_DOOR = phrases.Phrase(["a", "door"], ["keine", "T\u00fcr"], negated=True)
TODAY, GARDEN = phrases.Phrase(["today"], ["heute"]), phrases.Phrase(["in", "it"], ["im", "Garten"])
HE, WE = phrases.Phrase(["he"], ["er"]), phrases.Phrase(["we"], ["wir"], "they")


@pytest.mark.parametrize("clause, english, main, inverted, final", [
    (
        phrases.Clause(HE, OPENING, "present", False, (DOOR,), ("the", "door"), time=TODAY),
        "he opens the door today",
        "er macht heute die T\u00fcr auf", "macht er heute die T\u00fcr auf",
        "er heute die T\u00fcr aufmacht",
    ),
    (
        phrases.Clause(HE, OPENING, "past", True, (DOOR,), ("the", "door")),
        "he did not open the door",
        "er hat die T\u00fcr nicht aufgemacht", "hat er die T\u00fcr nicht aufgemacht",
        "er die T\u00fcr nicht aufgemacht hat",
    ),
    (
        phrases.Clause(WE, OPENING, "must", True, (NO_DOOR,), ("a", "door")),
        "we must not open a door",
        "wir d\u00fcrfen keine T\u00fcr aufmachen", "d\u00fcrfen wir keine T\u00fcr aufmachen",
        "wir keine T\u00fcr aufmachen d\u00fcrfen",
    ),
    (
        phrases.Clause(HE, SLEEPING, "want", True, place=GARDEN, time=TODAY),
        "he does not want to sleep in it today",
        "er will heute nicht im Garten schlafen", "will er heute nicht im Garten schlafen",
        "er heute nicht im Garten schlafen will",
    ),
    (
        phrases.Clause(WE, COMING, "past", False),
        "we came", "wir sind gekommen", "sind wir gekommen", "wir gekommen sind",
    ),
    (
        phrases.Clause(WE, words.BEING, "past", True, english=("old",), adjective="alt"),
        "we were not old", "wir waren nicht alt", "waren wir nicht alt", "wir nicht alt waren",
    ),
])  # fmt: skip
def test_clauses_by_the_place_of_their_verb(clause, english, main, inverted, final):
    assert " ".join(phrases.english_clause(clause)) == english
    for order, expected in (("main", main), ("inverted", inverted), ("final", final)):
        assert " ".join(phrases.german_clause(clause, order)) == expected


@pytest.mark.real_data
@pytest.mark.parametrize("source, target", [("en", "de"), ("de", "en")])
def test_multi30k(source, target):
    folder = real_data.beside("multi30k")
    data = load_parallel_texts(str(folder), source=source, target=target)
    assert data.sizes == {"train": 29000, "validation": 1014, "test": 1000}
    for side, texts in ((source, data.test.sources), (target, data.test.targets)):
        assert b"\n".join(texts) + b"\n" == (folder / f"{side}.test.txt").read_bytes()


@pytest.mark.real_data
@pytest.mark.parametrize("name, train, test", [("simple", 16728, 4182), ("length", 16990, 3920)])
def test_scan(name, train, test):
    data = load_parallel_texts(f"scan/{name}", os.environ["NLPSEQ_DATA"])
    assert data.sizes == {"train": train - train // 10, "validation": train // 10, "test": test}
    assert (data.source, data.target) == ("commands", "actions")
    assert dict(everything(data))["walk left"] == "I_TURN_LEFT I_WALK"


def test_lines_of_markup_are_no_pairs(tmp_path):
    for language in ("de", "en"):
        lines = [
            "<url>http://talks</url>",
            '<reviewer href="x">A</reviewer>',
            *(f"{language} {n} <b>" for n in range(40)),
        ]
        (tmp_path / f"train.tags.de-en.{language}").write_text("\n".join(lines))
    data = load_parallel_texts(tmp_path)
    assert sum(data.sizes.values()) == 40 and "2 lines of markup are left out" in data.notes[0]
    for language in ("de", "en"):
        lines = [f"<s> {language} {n} </s>" for n in range(40)]
        (tmp_path / f"train.tags.de-en.{language}").write_text("\n".join(["<url>http://talks</url>", *lines]))
    data = load_parallel_texts(tmp_path)
    assert sum(data.sizes.values()) == 41 and not any("markup" in note for note in data.notes)
