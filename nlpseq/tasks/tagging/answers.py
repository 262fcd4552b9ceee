"""Answers of exported taggers."""

import numpy as np

from nlpseq import tag_schemes
from nlpseq.errors import one_of
from nlpseq.runtime import chains
from nlpseq.runtime.batches import padded
from nlpseq.tasks import answers


class Answers(answers.Answers):
    """The tokens, tags and scores of a text, and its spans if the tags follow a span scheme."""

    options = (answers.EMBED,)
    widget = "spans"
    decisions = ("tags",)
    outputs = ("tokens", "tags", "length", "scores")

    def score(self, pairs):
        """Of the sentences that the tokenizer splits as they were split."""
        alike = [(tags, answer["tags"]) for tags, answer in pairs if len(tags) == len(answer["tags"])]
        right = [a == b for pair in alike for a, b in zip(*pair)]
        return {"accuracy": sum(right) / len(right)} if right else {}

    def compute(self, model, examples):
        tokens = [model.preprocessor.tokenize(text) for text in examples]
        ids, lengths = padded([model.preprocessor(row) for row in tokens])
        tags, probabilities = _decided(
            model.functions["tag"](ids=ids)["emissions"], lengths, model.options["potentials"]
        )
        scores = np.take_along_axis(probabilities, tags[..., np.newaxis], axis=2)[..., 0]
        return [
            {
                "tokens": row,
                "tags": [self.metadata.labels[tag] for tag in tags[number, : len(row)]],
                "scores": scores[number, : len(row)].tolist(),
                "length": len(row),
            }
            for number, row in enumerate(tokens)
        ]

    def read(self, row):
        length = row.pop("length")
        answer = {name: values[:length] for name, values in row.items()}
        scheme = self.metadata.detail("scheme", str, type(None))
        if scheme:
            one_of("tag scheme", scheme, tag_schemes.PREFIXES)
            spans = tag_schemes.spans(answer["tags"], scheme)
            answer["spans"] = [{"type": kind, "start": start, "end": end} for kind, start, end in spans]
        return answer

    def show(self, example, answer):
        """Tokens, tags and scores in columns, below a line with the spans if the tags follow a span scheme."""
        tokens, tags = answer["tokens"], answer["tags"]
        width, tag_width = max(map(len, tokens), default=0), max(map(len, tags), default=0)
        lines = [_bracketed(tokens, answer["spans"])] if "spans" in answer else []
        for token, tag, score in zip(tokens, tags, answer["scores"]):
            lines.append(f"{token:<{width}}  {tag:<{tag_width}}  {score:.4f}")
        return "\n".join([*lines, ""])


def _bracketed(tokens, spans):
    """The tokens on one line, with spans as `[TYPE token ...]`."""
    shown = list(tokens)
    for span in spans:
        shown[span["start"]] = f"[{span['type']} {shown[span['start']]}"
        shown[span["end"] - 1] += "]"
    return " ".join(shown)


def _decided(emissions, lengths, potentials):
    """Tags, int `(batch, time)`, and the probabilities of all tags `(batch, time, tags)`."""
    if potentials is None:
        return emissions.argmax(axis=-1), chains.softmax(emissions)
    return chains.best_and_marginals(emissions, lengths, chains.Potentials(*map(_scores, potentials)))


def _scores(values):
    """Scores from JSON, where None stands for minus infinity."""
    array = np.array(values, object)
    return np.where(array == None, -np.inf, array).astype(np.float32)  # noqa: E711
