"""Answers of exported classifiers."""

from nlpseq.tasks import answers
from nlpseq.tasks.answers import one_line


class Answers(answers.Answers):
    """The label of a text, and the scores of all classes by name."""

    def read(self, row):
        return {**row, "scores": dict(zip(self.metadata.labels, row["scores"]))}

    def show(self, example, answer):
        label, scores = answer["label"], answer["scores"]
        return f"{label}\t{scores[label]:.4f}\t{one_line(example)}"
