"""Answers of exported classifiers."""

from nlpseq.errors import InputError
from nlpseq.runtime.batches import padded
from nlpseq.tasks import answers
from nlpseq.tasks.answers import one_line


class Answers(answers.Answers):
    """The label of a text, and the scores of all classes by name."""

    decisions = ("label",)

    def score(self, pairs):
        return {"accuracy": sum(label == answer["label"] for label, answer in pairs) / len(pairs)}

    def compute(self, model, examples):
        ids, _ = padded([model.preprocessor(text) for text in examples])
        scores = model.functions["classify"](ids=ids)["scores"]
        return [{"label": self.metadata.labels[row.argmax()], "scores": row.tolist()} for row in scores]

    def read(self, row):
        if row["label"] not in self.metadata.labels:
            raise InputError(
                f"the model answers {row['label']!r}, which its config.json does not list: export it again."
            )
        return {**row, "scores": dict(zip(self.metadata.labels, row["scores"]))}

    def show(self, example, answer):
        label, scores = answer["label"], answer["scores"]
        return f"{label}\t{scores[label]:.4f}\t{one_line(example)}"
