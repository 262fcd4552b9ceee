"""Answers of exported taggers."""

from nlpseq import tag_schemes
from nlpseq.tasks import answers


class Answers(answers.Answers):
    """The tokens, tags and scores of a text, and its spans if the tags follow a span scheme."""

    outputs = ("tokens", "tags", "length", "scores")

    def read(self, row):
        length = row.pop("length")
        answer = {name: values[:length] for name, values in row.items()}
        scheme = self.metadata.detail("scheme", str, type(None))
        if scheme:
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
