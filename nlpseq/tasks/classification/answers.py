"""Answers of exported classifiers."""

from nlpseq.errors import InputError
from nlpseq.tasks import answers
from nlpseq.tasks.answers import one_line


class Answers(answers.Answers):
    """The label of a text, and the scores of all classes by name."""

    outputs = ("label", "scores")

    def read(self, row):
        if row["label"] not in self.metadata.labels:
            raise InputError(
                f"the model answers {row['label']!r}, which its config.json does not list: export it again."
            )
        return {**row, "scores": dict(zip(self.metadata.labels, row["scores"]))}

    def show(self, example, answer):
        label, scores = answer["label"], answer["scores"]
        return f"{label}\t{scores[label]:.4f}\t{one_line(example)}"
