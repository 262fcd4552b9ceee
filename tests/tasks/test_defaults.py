"""Defaults that follow the data: what is chosen for a few profiles, and that flags override it."""

import dataclasses
import importlib
from typing import Any

import pytest

from nlpseq.cli import follow_data
from nlpseq.tasks.classification.defaults import choose as choose_for_texts
from nlpseq.tasks.classification.settings import ClassificationSettings
from nlpseq.tasks.language_modeling.defaults import choose as choose_for_text
from nlpseq.tasks.language_modeling.settings import LanguageModelingSettings
from nlpseq.tasks.tagging.defaults import choose as choose_for_sentences
from nlpseq.tasks.tagging.settings import TaggingSettings
from nlpseq.tasks.translation.defaults import PairProfile as Profile
from nlpseq.tasks.translation.defaults import choose as choose_for_pairs
from nlpseq.tasks.translation.defaults import likeness
from nlpseq.tasks.translation.settings import PairSettings, TranslationSettings

KINDS: dict[str, Any] = {
    "classification": ClassificationSettings,
    "tagging": TaggingSettings,
    "translation": TranslationSettings,
    "language_modeling": LanguageModelingSettings,
}
TINY = Profile(examples=20, tokens=60, vocabulary=30, classes=2)
SENTENCES = Profile(examples=8_000, tokens=160_000, vocabulary=18_000, classes=2)
GENERATED = Profile(examples=8_000, tokens=90_000, vocabulary=500, classes=2)
REVIEWS = Profile(examples=25_000, tokens=5_800_000, vocabulary=280_000, classes=2)
MILLION = Profile(examples=1_000_000, tokens=20_000_000, vocabulary=900_000, classes=100)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("profile", [TINY, SENTENCES, GENERATED, REVIEWS, MILLION], ids=str)
def test_all_that_is_open_is_chosen_within_its_range(kind, profile):
    choices = importlib.import_module(f"nlpseq.tasks.{kind}.defaults").choose(profile)
    settings = KINDS[kind]()
    assert sorted(choices) == sorted(settings.automatic())
    filled = settings.filled(choices)
    filled.check()
    assert None not in [filled.flat()[name] for name in choices]
    steps = profile.tokens // (choices["batch_size"] * choices["steps"]) if "steps" in choices else profile.examples
    assert choices["validations"] <= max(1, steps)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_search_tries_is_within_its_range_and_holds_the_default(kind):
    defaults = importlib.import_module(f"nlpseq.tasks.{kind}.defaults")
    filled = KINDS[kind]().filled(defaults.choose(TINY))
    for name, dimension in defaults.SPACE.items():
        default = filled.flat()[name]
        values = dimension.values(default)
        tried = dimension.bounds(default) if values is None else values
        assert default in tried if values else tried[0] <= default <= tried[1]
        for value in tried:
            filled.replace(**{name: dimension.rounded(value)}).check()


def test_few_examples_get_more_passes_and_smaller_batches():
    for choose in (choose_for_texts, choose_for_sentences):
        few, many = choose(TINY), choose(MILLION)
        assert few["epochs"] > many["epochs"] and few["batch_size"] < many["batch_size"]


def test_the_recurrent_layer_reads_the_ngrams_of_long_texts_in_few_passes():
    sentences, reviews = choose_for_texts(SENTENCES), choose_for_texts(REVIEWS)
    assert sentences["ngram_embedding_size"] == 0 and reviews["ngram_embedding_size"] > 0
    assert sentences["epochs"] > reviews["epochs"]
    questions = choose_for_texts(dataclasses.replace(SENTENCES, classes=6))
    assert (sentences["linear"], questions["linear"]) == ("bayes", "svm") and questions["ngram_embedding_size"] > 0
    assert questions["ensemble"] == 5 and sentences["ensemble"] == 1 and reviews["linear"] == "svm"


def test_a_generated_language_keeps_its_words_and_its_long_translations():
    commands = Profile(examples=16_000, tokens=340_000, vocabulary=20, ratio=5.4)
    assert choose_for_pairs(commands)["vocabulary"] == "word" and choose_for_pairs(commands)["length_ratio"] == 5.4
    assert choose_for_pairs(SENTENCES)["vocabulary"] == "bpe"


def test_languages_of_one_alphabet_share_their_subwords():
    natural = {"examples": 29_000, "tokens": 700_000, "vocabulary": 35_000}
    german, russian = (
        Profile(**natural, likeness=likeness([b"the", b"green", b"houses"], words))
        for words in ([b"die", "gr\u00fcnen".encode(), "H\u00e4user".encode()], ["\u0434\u043e\u043c".encode(), b"1"])
    )
    assert choose_for_pairs(german)["joint"] and not choose_for_pairs(russian)["joint"]
    assert not choose_for_pairs(german, PairSettings(vocabulary="word"))["joint"]
    assert not choose_for_pairs(german, vectors="glove.txt")["joint"]  # which are those of the sources


def test_what_the_user_sets_stays_and_the_rest_is_reported(capsys):
    config = follow_data(ClassificationSettings.of(units=7), choose_for_texts(SENTENCES))
    assert config.model.units == 7
    assert config.training.epochs == choose_for_texts(SENTENCES)["epochs"]
    message = capsys.readouterr().out
    assert message.count("\n") == 1
    assert f"epochs {config.training.epochs}" in message and "units" not in message.replace("min count", "")


def test_a_model_without_data_has_the_defaults_of_its_class():
    open_settings = ClassificationSettings().model
    assert open_settings.units is None and open_settings.settled() == type(open_settings)()


def test_a_language_model_of_few_words_has_not_the_settings_of_characters():
    few_words = Profile(examples=1, tokens=3_000, vocabulary=900)
    words, characters = (choose_for_text(few_words, kind) for kind in (False, True))
    assert (words["steps"], characters["steps"]) == (35, 100)


def test_a_crf_is_not_trained_over_thousands_of_tags():
    many = dataclasses.replace(SENTENCES, classes=5_000)
    assert (choose_for_sentences(SENTENCES)["model"], choose_for_sentences(many)["model"]) == ("crf", "softmax")
