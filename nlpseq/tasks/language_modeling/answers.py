"""Answers of exported language models: completions of prompts, or scores of texts."""

import math
from itertools import chain

from nlpseq.errors import ExampleError, InputError
from nlpseq.tasks import answers
from nlpseq.tasks.answers import EMBED, Option, json_line, one_line
from nlpseq.tasks.language_modeling import completion, reading


class Answers(answers.Answers):
    """The completion of a prompt, token by token; with `score`, the log-probability and perplexity of a text."""

    stream_options = (
        Option("length", int, "maximum number of tokens to generate (50)"),
        Option("one_line", bool, "stop at the end of a line"),
        Option("greedy", bool, "choose the most probable token at every step instead of sampling"),
        Option("temperature", float, "sampling temperature; values below 1 favour probable tokens (1)"),
        Option("top_k", int, "sample from the k most probable tokens; 0 for all (0)"),
        Option("top_p", float, "sample from the most probable tokens whose probabilities add up to p (1)"),
        Option("seed", int, "seed of the sampling (0)"),
    )
    options = (
        Option("score", bool, "print log-probability and perplexity instead of a completion"),
        *stream_options,
        EMBED,
    )
    batch_size = 8  # texts may be long
    widget = "completion"
    signatures = ("serving_default", "init", "step")
    outputs = ("tokens", "log_probabilities", "total", "perplexity", "length", "truncated", "unknown")

    def score(self, pairs):
        total, count = sum(answer["total"] for _, answer in pairs), sum(len(answer["tokens"]) for _, answer in pairs)
        return {"perplexity": math.exp(-total / max(count, 1))}

    def compute(self, model, examples):
        return reading.score(model, examples)

    def read(self, row):
        """Tokens with log-probabilities, and the number of tokens that were read of a truncated text."""
        length, truncated = row.pop("length"), row.pop("truncated")
        row = {**row, "tokens": row["tokens"][:length], "log_probabilities": row["log_probabilities"][:length]}
        return {**row, "truncated_to": self.metadata.detail("max_tokens", int)} if truncated else row

    def show(self, example, answer):
        truncated = f"\ttruncated to {answer['truncated_to']:,} tokens" if "truncated_to" in answer else ""
        unknown = f"\t{answer['unknown']:,} unknown" if answer["unknown"] else ""
        scores = f"{answer['total']:.4f}\tperplexity {answer['perplexity']:.2f}"
        return f"{scores}{truncated}{unknown}\t{one_line(example)}"

    def stream(self, export, example, show, **options):
        _complete(export, example, show, **options)

    def respond(self, export, batches, write, note, as_json=False, embed=False, score=False, **options):
        others = {**({"score": True} if embed and score else {}), **options}
        if (score or embed) and others:
            raise InputError(
                f"`{'embed' if embed else 'score'}` adds nothing to a text: leave out `{next(iter(others))}`."
            )
        if score or embed:
            super().respond(export, batches, write, note, as_json, embed)
            return
        reasons, number = {}, 0
        for number, prompt in enumerate(chain.from_iterable(batches), start=1):
            try:
                if as_json:
                    added = _complete(export, prompt, lambda text: None, note_unknown=_unknown(note), **options)
                    write(json_line({"text": prompt, "added": added}))
                else:
                    _stream(export, prompt, write, note, options)
            except ExampleError as error:
                reasons[number] = str(error)
                if as_json:
                    write(json_line({"text": prompt, "error": str(error)}))
        if reasons:
            raise answers.unanswered(reasons, number)


def _stream(export, prompt, write, note, options):
    """Writes a prompt and its completion, token by token."""
    pending = [prompt]  # written with the first token, once the prompt is known to be valid

    def show(text):
        write("".join([*pending, text]))
        pending.clear()

    _complete(export, prompt, show, note_unknown=_unknown(note), **options)
    write("".join([*pending, "\n"]))


def _complete(export, prompt, show, **options):
    """A completion by the signatures of a SavedModel, or by the functions of a model without TensorFlow."""
    computed = getattr(export, "computed", None)
    if computed is not None:
        return reading.complete(computed, export.metadata, prompt, show, **options)
    return completion.complete(export, prompt, show, **options)


def _unknown(note):
    def note_unknown(count):
        if count:
            note(f"number of prompt tokens that the model does not know: {count:,}")

    return note_unknown
