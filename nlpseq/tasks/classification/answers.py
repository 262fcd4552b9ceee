"""Answers of exported classifiers."""

from nlpseq.errors import InputError
from nlpseq.tasks import answers
from nlpseq.tasks.answers import one_line


class Answers(answers.Answers):
    """The label of a text, or its labels, and the scores of all classes by name."""

    options = (answers.EMBED,)
    separator = "|"
    widget = "scores"

    def read(self, row):
        names = self.metadata.labels
        answered = [label for label in row["labels"] if label] if "labels" in row else [row["label"]]
        for label in answered:
            if label not in names:
                raise InputError(f"the model answers {label!r}, which its config.json does not list: export it again.")
        own = {"labels": answered} if "labels" in row else {"label": row["label"]}
        return {**own, "scores": dict(zip(names, row["scores"]))}

    def show(self, example, answer):
        """Labels, scores and text, separated by tabs."""
        scores = answer["scores"]
        labels = answer["labels"] if "labels" in answer else [answer["label"]]
        shown = ", ".join(f"{scores[label]:.4f}" for label in labels)
        return f"{', '.join(labels)}\t{shown}\t{one_line(example)}"
