"""The answers of exported forecasters."""

import numpy as np

from nlpseq.errors import InputError, in_range
from nlpseq.tasks import answers
from nlpseq.tasks.answers import Option


class Answers(answers.Answers):
    """The next number of a series."""

    options = (Option("digits", int, "digits after the decimal point (2)"),)
    input_name = "series"
    digits = 2

    def parse(self, text):
        try:
            return [float(number) for number in text.split()]
        except ValueError:
            raise InputError(f"expected numbers separated by spaces, such as 1 2 3, got {text!r}.") from None

    def inputs(self, examples):
        rows = np.zeros([len(examples), max(map(len, examples), default=0)], np.float32)
        for row, series in zip(rows, examples):
            row[: len(series)] = series
        return {"series": rows, "length": np.array([len(series) for series in examples], np.int32)}

    def show(self, example, answer):
        return f"{answer['next']:.{self.digits}f}"

    def respond(self, export, batches, write, note, as_json=False, digits=2):
        self.digits = in_range("digits", digits, 0, 9)
        super().respond(export, batches, write, note, as_json)
