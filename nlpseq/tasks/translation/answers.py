"""Answers of exported translators."""

from nlpseq.tasks import answers


class Answers(answers.Answers):
    """The translation and score of a text, and the number of tokens that were read of a truncated text."""

    outputs = ("translation", "score", "truncated")

    def read(self, row):
        truncated = row.pop("truncated")
        return {**row, "truncated_to": self.metadata.detail("max_tokens", int) - 1} if truncated else row

    def show(self, example, answer):
        return answer["translation"]

    def notes(self, answer):
        if "truncated_to" not in answer:
            return []
        return [f"only the first {answer['truncated_to']:,} tokens of the text were read"]
