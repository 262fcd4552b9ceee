"""Does saliency find the words that decide, and memory_horizon the distance that a question needs?

    python -m tests.benchmarks.looking

1. A classifier is trained on nlpseq_reviews. In new sentences of its grammar two clauses have words of opposite
   polarity, and one of them decides: its adjective and negation are the planted words. Precision at k is the share of
   planted words among the k steps with the largest saliency, k the number of planted words.
2. Classifiers are trained on nlpseq_recall with one distance each. The answer needs one word at that lag.
"""

import random

import numpy as np

from nlpseq import diagnostics, engine
from nlpseq.corpora import recall, reviews
from nlpseq.corpora import review_words as words
from nlpseq.data import load_labelled_texts
from nlpseq.tasks import TextClassifier
from nlpseq.text import WordPreprocessor
from nlpseq.training import set_seed, train
from nlpseq.training.settings import TrainingSettings
from recipes import memory

METHODS = ("integrated", "input", "removal", "gradient")
DENIALS = ("not", "not very", "not really", "far from", "by no means", "hardly", "never")


def planted_sentences(count: int, seed: int = 0) -> list[tuple[str, str, set[str]]]:
    """Sentences with their label, and the words that decide it."""
    generator, sentences = random.Random(seed), []
    while len(sentences) < count:
        positive = len(sentences) % 2 == 1
        topic = generator.choice(words.TOPICS)
        negated = generator.random() < 0.5
        adjective = generator.choice(words.GOOD if positive != negated else words.BAD)
        denial = generator.choice(DENIALS) if negated else ""
        verdict = " ".join(f"the {generator.choice(topic.things)} was {denial} {adjective}".split())
        other = reviews.clause(generator, topic, not positive)
        text = generator.choice(words.CONTRASTS).format(v=verdict, o=other) + " ."
        decisive = {adjective, *denial.split()}
        if not decisive & set(other.split()):  # each planted word occurs once
            sentences.append((text, reviews.LABELS[positive], decisive))
    return sentences


def precision(steps: list[str], values: np.ndarray, planted: set[str]) -> float:
    """The share of planted words among as many steps with the largest values."""
    top = np.argsort(-values, kind="stable")[: len(planted)]
    return float(np.mean([steps[place] in planted for place in top]))


def precisions(task: TextClassifier, count: int) -> dict[str, float]:
    """Mean precision at k of each method, and of a random order, over sentences that the task labels rightly."""
    scores: dict[str, list[float]] = {name: [] for name in (*METHODS, "random")}
    for text, label, planted in planted_sentences(count):
        if task.predict_text(text)["label"] != [label]:
            continue
        for method in METHODS:
            result = diagnostics.saliency(task, text, label, method)
            scores[method].append(precision(result.steps, result.values, planted))
        scores["random"].append(np.mean([step in planted for step in result.steps]))
    return {"sentences": len(scores["random"]), **{name: float(np.mean(values)) for name, values in scores.items()}}


def fall_by_deletion(task: TextClassifier, count: int, most: int = 3) -> dict[str, list[float]]:
    """The mean fall of the score when the first 1 ... `most` words of each order are deleted from the text."""
    falls: dict[str, list] = {name: [] for name in (*METHODS, "random")}
    generator = np.random.default_rng(0)
    for text, label, _ in planted_sentences(count):
        for method in falls:
            result = diagnostics.saliency(task, text, label, "input" if method == "random" else method)
            values = generator.random(len(result.steps)) if method == "random" else result.values
            order, row = np.argsort(-values, kind="stable"), []
            for number in range(1, most + 1):
                left = " ".join(step for place, step in enumerate(result.steps) if place not in order[:number])
                row.append(result.score - diagnostics.saliency(task, left, label, "input").score)
            falls[method].append(row)
    return {name: np.mean(rows, axis=0).round(2).tolist() for name, rows in falls.items()}


def trained_on_reviews(epochs: int = 6, count: int | None = None, **settings) -> TextClassifier:
    """A classifier of nlpseq_reviews without n-grams."""
    set_seed(1)
    data = load_labelled_texts("nlpseq_reviews")
    examples = data.train if count is None else data.train.select(slice(count))
    task = TextClassifier(WordPreprocessor.learn(examples.texts), data.labels, **settings)
    train(task, examples, data.validation, TrainingSettings(epochs=epochs))
    return task


def horizon(distance: int, cell: str = "lstm", examples: int = 2400) -> tuple[float, diagnostics.MemoryHorizon]:
    """Test accuracy, and the memory horizon, of a classifier trained on questions of one distance."""
    config = memory.AllSettings(
        memory.MemorySettings(distances=(distance,), examples=examples), memory.AllSettings().training
    )
    set_seed(1)
    rows, validation = memory.texts([distance], examples, 0), memory.texts([distance], 200, 2)
    task = memory.classifier(cell, rows, config)
    train(task, rows, validation, config.training)
    questions = recall.recall_sentences(distance, 200, seed=1)
    answers = task.predict_text([text for text, _ in questions])["label"]
    accuracy = float(np.mean([predicted == answer for predicted, (_, answer) in zip(answers, questions)]))
    return accuracy, diagnostics.memory_horizon(task, [text for text, _ in questions[:24]])


def main():
    task = trained_on_reviews()
    with engine.mode("portable"):
        print("precision at k:", {name: round(value, 3) for name, value in precisions(task, 200).items()})
        print("fall of the score by deleting 1, 2, 3 words:", fall_by_deletion(task, 40))
    for cell in ("lstm", "gru", "rnn"):
        for distance in (5, 20, 60):
            accuracy, result = horizon(distance, cell)
            print(f"{cell} distance {distance}: accuracy {accuracy:.3f}, horizon by perturbation "
                  f"{result.by_perturbation}, by gradient {result.by_gradient}, "
                  f"largest effect at lag {int(np.argmax(result.perturbation))}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
