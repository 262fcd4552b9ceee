"""The answers of exported language models: completions of prompts, or scores of texts."""

from itertools import chain

from nlpseq.errors import InputError
from nlpseq.tasks import answers
from nlpseq.tasks.answers import Option, json_line, one_line
from nlpseq.tasks.language_modeling.completion import complete


class Answers(answers.Answers):
    """A prompt's completion, token by token; with `score`, a text's log-probability and perplexity."""

    options = (
        Option("score", bool, "print log-probability and perplexity instead of a completion"),
        Option("length", int, "the most tokens to add (50)"),
        Option("one_line", bool, "stop at the end of a line"),
        Option("greedy", bool, "take the most likely token each time instead of sampling"),
        Option("temperature", float, "below 1 likely tokens become more likely (1)"),
        Option("top_k", int, "sample from the k most likely tokens; 0 for all (0)"),
        Option("top_p", float, "sample from the most likely tokens whose probabilities sum to p (1)"),
        Option("seed", int, "the same seed gives the same completion (0)"),
    )
    batch_size = 8  # texts may be long

    def read(self, row):
        """Tokens with their log-probabilities, and how much was read of a text that is too long."""
        length, truncated = row.pop("length"), row.pop("truncated")
        row = {**row, "tokens": row["tokens"][:length], "log_probabilities": row["log_probabilities"][:length]}
        return {**row, "truncated_to": self.metadata.details["max_tokens"]} if truncated else row

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
    pending = [prompt.rstrip(" \t\r")]  # written once it is known that there is an answer

    def show(text):
        write("".join([*pending, text]))
        pending.clear()

    complete(export, prompt, show, note_unknown=_unknown(note), **options)
    write("".join([*pending, "\n"]))


def _unknown(note):
    def note_unknown(count):
        if count:
            note(f"tokens of that prompt that the model does not know: {count:,}")

    return note_unknown
