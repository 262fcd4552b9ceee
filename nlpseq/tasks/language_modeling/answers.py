"""Answers of exported language models: completions of prompts, or scores of texts."""

from itertools import chain

from nlpseq.errors import InputError
from nlpseq.tasks import answers
from nlpseq.tasks.answers import Option, json_line, one_line
from nlpseq.tasks.language_modeling.completion import complete


class Answers(answers.Answers):
    """The completion of a prompt, token by token; with `score`, the log-probability and perplexity of a text."""

    options = (
        Option("score", bool, "print log-probability and perplexity instead of a completion"),
        Option("length", int, "maximum number of tokens to generate (50)"),
        Option("one_line", bool, "stop at the end of a line"),
        Option("greedy", bool, "choose the most probable token at every step instead of sampling"),
        Option("temperature", float, "sampling temperature; values below 1 favour probable tokens (1)"),
        Option("top_k", int, "sample from the k most probable tokens; 0 for all (0)"),
        Option("top_p", float, "sample from the most probable tokens whose probabilities add up to p (1)"),
        Option("seed", int, "seed of the sampling (0)"),
    )
    batch_size = 8  # texts may be long
    signatures = ("serving_default", "init", "step")
    outputs = ("tokens", "log_probabilities", "total", "perplexity", "length", "truncated", "unknown")

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

    def respond(self, export, batches, write, note, as_json=False, score=False, **options):
        if score and options:
            raise InputError(f"`score` adds nothing to a text: leave out `{next(iter(options))}`.")
        if score:
            super().respond(export, batches, write, note, as_json)
            return
        for prompt in chain.from_iterable(batches):
            if as_json:
                added = complete(export, prompt, lambda text: None, note_unknown=_unknown(note), **options)
                write(json_line({"text": prompt, "added": added}))
            else:
                _stream(export, prompt, write, note, options)


def _stream(export, prompt, write, note, options):
    """Writes a prompt and its completion, token by token."""
    pending = [prompt.rstrip(" \t\r")]  # written with the first token, once the prompt is known to be valid

    def show(text):
        write("".join([*pending, text]))
        pending.clear()

    complete(export, prompt, show, note_unknown=_unknown(note), **options)
    write("".join([*pending, "\n"]))


def _unknown(note):
    def note_unknown(count):
        if count:
            note(f"number of prompt tokens that the model does not know: {count:,}")

    return note_unknown
