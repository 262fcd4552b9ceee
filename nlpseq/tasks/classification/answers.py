"""Answers of exported classifiers."""

import numpy as np

from nlpseq.runtime.batches import padded
from nlpseq.tasks import answers
from nlpseq.tasks.answers import one_line


class Answers(answers.Answers):
    """The label of a text, or its labels, and the scores of all classes by name."""

    options = (answers.EMBED,)
    joins_columns = True
    separator = "|"
    widget = "scores"
    decisions = ("label", "labels")

    def score(self, pairs):
        """Accuracy; of several labels that of the whole set."""
        right = [sorted(answer["labels"]) == sorted(expected) if "labels" in answer else answer["label"] == expected
                 for expected, answer in pairs]  # fmt: skip
        return {"accuracy": sum(right) / len(right)}

    def compute(self, model, examples):
        ids, _ = padded([model.preprocessor(text) for text in examples])
        answer, names = model.functions["classify"](ids=ids), self.metadata.labels
        scores = answer["scores"]
        if "assigned" not in answer:
            return [{"label": names[row.argmax()], "scores": row.tolist()} for row in scores]
        assigned = answer["assigned"] > 0
        orders = np.argsort(-np.where(assigned, scores, -1.0), axis=1, kind="stable")
        labels = [[names[number] for number in order if row[number]] for order, row in zip(orders, assigned)]
        return [{"labels": row, "scores": numbers.tolist()} for row, numbers in zip(labels, scores)]

    @property
    def outputs(self):
        return ("labels" if self.metadata.details.get("multi_label") else "label", "scores")

    def read(self, row):
        names = self.metadata.labels
        if "labels" in row:
            own = {"labels": [self.known_label(label) for label in row["labels"] if label]}
        else:
            own = {"label": self.known_label(row["label"])}
        return {**own, "scores": dict(zip(names, row["scores"]))}

    def show(self, example, answer):
        """Labels, scores and text, separated by tabs."""
        scores = answer["scores"]
        labels = answer["labels"] if "labels" in answer else [answer["label"]]
        shown = ", ".join(f"{scores[label]:.4f}" for label in labels)
        return f"{', '.join(labels)}\t{shown}\t{one_line(example)}"
