"""The reviews: word order decides, and a model that is trained on them understands everyday sentences."""

import random
import re

import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from nlpseq.corpora import review_words, reviews
from nlpseq.data import load_labelled_texts
from nlpseq.serving.client import Export
from nlpseq.text import WordTokenizer
from tests.corpora.thirty_sentences import SENTENCES


def generate(*sizes, seed=1):
    """Lists of `(text, positive)` of these sizes, without common sentences."""
    generator, seen = random.Random(seed), set()
    return [reviews._distinct(generator, seen, size) for size in sizes]


def bag_accuracy(train, test, order):
    """Test accuracy of logistic regression on the counts of n-grams of up to `order` words."""
    counts = CountVectorizer(token_pattern=r"\S+", ngram_range=(1, order))
    (train_texts, train_labels), (test_texts, test_labels) = zip(*train), zip(*test)
    model = LogisticRegression(max_iter=3000).fit(counts.fit_transform(train_texts), train_labels)
    return model.score(counts.transform(test_texts), test_labels)


@pytest.mark.parametrize("order", [1, 2])
def test_bags_of_words_and_bigrams_fail(order):
    assert bag_accuracy(*generate(3000, 1000), order) < 0.75


def test_labels_are_balanced_and_words_are_the_tokens_of_nlpseq():
    (sentences,) = generate(200)
    assert sum(positive for _, positive in sentences) == 100
    tokens = WordTokenizer()([text for text, _ in sentences]).to_list()
    assert [[token.decode() for token in row] for row in tokens] == [text.split() for text, _ in sentences]


@pytest.mark.parametrize("positive", [False, True])
def test_the_second_clause_decides_after_but_and_the_main_clause_beside_although(positive, monkeypatch):
    """With one adjective of each polarity, the verdict of a contrast can be read off its template."""
    topic = review_words.Topic(("film",), ("films",), ("good",), ("bad",), (), (), True)
    monkeypatch.setattr(review_words, "GOOD", ["good"])
    monkeypatch.setattr(review_words, "BAD", ["bad"])
    monkeypatch.setattr(reviews, "CLAUSES", [(lambda generator, topic, good: "good" if good else "bad", 1)])
    monkeypatch.setattr(reviews, "REACH", 0)
    verdict, conceded = ("good", "bad") if positive else ("bad", "good")
    generator = random.Random(0)
    texts = {reviews._two_clauses(generator, topic, positive, review_words.CONTRASTS, not positive) for _ in range(300)}
    assert {f"{conceded} , but {verdict}", f"although {conceded} , {verdict}"} <= texts
    assert {f"{verdict} , although {conceded}", f"{conceded} . still , {verdict}"} <= texts


def test_indefinite_articles():
    assert reviews._joined("it was a", "", "awful film") == "it was an awful film"
    assert reviews._joined("a useless app and a", "ugly bag") == "a useless app and an ugly bag"


@pytest.mark.slow
def test_the_recipe_learns_order_and_everyday_sentences(tmp_path):
    from recipes import sentiment

    data_dir, output = str(tmp_path / "tfds"), str(tmp_path / "out")
    metrics = sentiment.main(sentiment.Settings.of(data_dir=data_dir, output=output))
    assert metrics["test"]["accuracy"] >= 0.97
    data = load_labelled_texts("nlpseq_reviews", data_dir)
    train, test = ([(text.decode(), label) for text, label in zip(s.texts, s.labels)] for s in (data.train, data.test))
    assert max(bag_accuracy(train, test, order) for order in (1, 2)) < 0.75
    answers = Export(output).predict([text for text, _ in SENTENCES])
    right = [answer["label"] == label for answer, (_, label) in zip(answers, SENTENCES, strict=True)]
    assert sum(right) >= 26
    vocabulary = {words(text) for text, _ in train}
    assert sum(words(text) in vocabulary for text, _ in SENTENCES) <= 5  # most are new to the model


def words(text):
    return " ".join(re.findall(r"[\w']+", text.lower()))
