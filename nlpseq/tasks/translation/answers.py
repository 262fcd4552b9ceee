"""Answers of exported translators."""

import numpy as np

from nlpseq.runtime.batches import padded
from nlpseq.runtime.beam import beam_search
from nlpseq.tasks import answers

START, END = 2, 3  # ids


class Answers(answers.Answers):
    """The translation and score of a text, and the number of tokens that were read of a truncated text."""

    options = (answers.EMBED,)
    widget = "translations"
    detailed = ("translate_attention", "translate_nbest")
    decisions, sentences = ("translation",), True
    outputs = ("translation", "score", "truncated")

    def score(self, pairs):
        import sacrebleu

        targets, answers = zip(*pairs)
        return {"bleu": sacrebleu.corpus_bleu([answer["translation"] for answer in answers], [list(targets)]).score}

    def compute(self, model, examples):
        sources, truncated = zip(*map(model.preprocessor, examples))
        decoded = self._search(model, *padded(sources))
        return [
            {"translation": model.preprocessor.target.decode(best), "score": float(score), "truncated": cut}
            for (best, *_), (score, *_), cut in zip(decoded.ids, decoded.scores, truncated)
        ]

    def _search(self, model, ids, lengths):
        """The search of the export, with the functions of a model."""
        options, most = model.options, model.preprocessor.max_tokens
        encoded = model.functions["encode"](ids=ids)
        names = [f"state_{number}" for number in range(sum(name.startswith("state_") for name in encoded))]
        states = [encoded.pop(name) for name in names]

        def step(tokens, states):
            inputs = dict(zip(["output", *names], states))
            answer = model.functions["step"](tokens=tokens, real=ids != 0, **encoded, **inputs)
            return answer["logits"], [answer[f"new_{name}"] for name in ("output", *names)], answer.get("attention")

        longest = np.minimum(10 + np.float32(options["length_ratio"]) * lengths.astype(np.float32), most)
        penalties = {name: options[name] for name in ("length_penalty", "coverage_penalty")}
        return beam_search(
            step,
            [np.zeros((len(ids), options["embedding_size"]), np.float32), *states],
            start=START,
            end=END,
            max_length=longest.astype(np.int32),
            beam_size=options["beam_size"],
            source_mask=ids != 0,
            **(penalties if options["beam_size"] > 1 else {}),
        )

    def read(self, row):
        truncated = row.pop("truncated", False)
        return {**row, "truncated_to": self.metadata.detail("max_tokens", int) - 1} if truncated else row

    def show(self, example, answer):
        return answer["translation"]

    def notes(self, answer):
        if "truncated_to" not in answer:
            return []
        return [f"only the first {answer['truncated_to']:,} tokens of the text were read"]
