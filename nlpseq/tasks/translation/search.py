"""What a translator answers: translations found by beam search."""

import functools

import tensorflow as tf

from nlpseq import decoding
from nlpseq.data.batching import pad
from nlpseq.errors import in_range
from nlpseq.tasks.base import as_texts, in_batches
from nlpseq.text import END, PADDING, START, UNKNOWN

NEVER = -1e9  # the logit of what the decoder may not say


class TranslationAnswers:
    """The answers of a `Translator`, in the graph and to lists of strings.

    The model gives `encoder`, `settings`, `buckets`, `compute_dtype`, `attention`, `target_embedding`,
    `_functions`, `_read`, `_first_states`, `_step` and `_logits`.
    """

    def search(self, texts, beam_size=None, n_best=1):
        """Translates `texts` `(batch,)` by beam search, greedily with a `beam_size` of 1.

        Greedy search has no penalties: its scores are log-probabilities.

        Returns:
            `(nlpseq.decoding.Decoded, sources)`, the latter the ids that were read.
        """
        return self._search(self.encoder.source(texts), beam_size, n_best)

    def _search(self, pieces, beam_size=None, n_best=1):
        """The same for texts that are cut into pieces, ragged `(batch, None)`."""
        chosen = self.settings
        beam_size = max(n_best, chosen["beam_size"] if beam_size is None else beam_size)
        sources = pad(self.encoder.append_end(pieces), self.buckets)
        memory = self._read(sources)
        length = tf.reduce_sum(tf.cast(memory.mask, tf.float32), axis=1)
        most = tf.minimum(10 + chosen["length_ratio"] * length, float(self.encoder.max_tokens))

        def step(tokens, states):
            output, states, weights = self._step(memory, self.target_embedding(tokens), *states)
            return decoding.Step(self._writable(self._logits(output)), (output, states), weights)

        penalties = {name: chosen[name] for name in ("length_penalty", "coverage_penalty")}
        first = tf.zeros([tf.shape(sources)[0], chosen["embedding_size"]], self.compute_dtype)
        found = decoding.beam_search(
            step,
            (first, self._first_states(memory)),
            start=START,
            end=END,
            max_length=tf.cast(most, tf.int32),
            beam_size=beam_size,
            n_best=n_best,
            source_mask=memory.mask,
            **(penalties if beam_size > 1 else {}),
        )
        return found, sources

    def _writable(self, logits):
        """Logits without the pieces that no translation has."""
        never = tf.one_hot([PADDING, UNKNOWN, START], len(self.encoder.target))
        return logits + NEVER * tf.reduce_sum(never, axis=0)

    def answer(self, text, beam_size=None):
        """What the export serves: `text` `(batch,)` ->

        `translation`, string, and `score`, what the search ranks by, float32;
        `cut`, whether the text was longer than what is read; all `(batch,)`.
        """
        pieces = self.encoder.source(text)
        found, _ = self._search(pieces, beam_size)
        return {
            "translation": self.encoder.target.decode(found.ids[:, 0]),
            "score": found.scores[:, 0],
            "cut": self.encoder.is_truncated(pieces),
        }

    def answer_nbest(self, text):
        """The `beam_size` best: `translations`, string, and `scores`, `(batch, beam_size)`."""
        found, _ = self.search(text, n_best=self.settings["beam_size"])
        return {"translations": self.encoder.target.decode(found.ids), "scores": found.scores}

    def answer_attention(self, text):
        """The same, with what they attended to.

        `source_pieces` `(batch, source)` and `target_pieces` `(batch, beam_size, target)`, ""
        after the end; `attention` `(batch, beam_size, target, source)`, of each piece of the
        target.
        """
        found, sources = self.search(text, n_best=self.settings["beam_size"])
        return {
            "translations": self.encoder.target.decode(found.ids),
            "scores": found.scores,
            "source_pieces": _named(self.encoder.source, sources),
            "target_pieces": _named(self.encoder.target, found.ids),
            "attention": found.attention,
        }

    def signatures(self):
        """The functions that an export serves, by name, not yet traced."""
        text = tf.TensorSpec([None], tf.string, name="text")
        functions = {"translate_nbest": self.answer_nbest}
        if self.attention is not None:
            functions["translate_attention"] = self.answer_attention
        more = {name: tf.function(each, input_signature=[text]) for name, each in functions.items()}
        return {**super().signatures(), **more}

    def predict_text(self, texts, batch_size=32, beam_size=None):
        """Translates strings.

        Args:
            texts: a string, or a sequence of strings (str or bytes).
            batch_size: how many to run at a time; those of similar length run together.
            beam_size: of the search, 1 for greedy; None for that of the task.

        Returns:
            A dict of lists: "translation", strings, and "score".

        Raises:
            InputError: `beam_size` is below 1.
        """
        beam_size = self.settings["beam_size"] if beam_size is None else in_range("beam_size", beam_size, 1)
        texts = [text.encode("utf-8", "replace") if isinstance(text, str) else text for text in as_texts(texts)]
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        function, found = self._function(beam_size), []
        for answer in in_batches(function, tf.constant([texts[i] for i in order], tf.string), batch_size):
            found += zip(answer["translation"], answer["score"])
        rows = dict(zip(order, found))
        return {
            "translation": [rows[i][0].decode() for i in range(len(texts))],
            "score": [float(rows[i][1]) for i in range(len(texts))],
        }

    def attention_samples(self, texts, count=3, longest=16):
        """What translations attended to, of the first sentences of up to `longest` pieces.

        Returns:
            A list of `(source pieces, target pieces, weights (target, source))`, without
            translations that are empty or twice as long; none without attention.
        """
        if self.attention is None:
            return []
        lengths = {text: len(self.encoder([text])[0]) for text in texts[: 20 * count]}
        fitting = [text for text, length in lengths.items() if length <= longest]
        samples = []
        for text in ([text for text in fitting if lengths[text] > 4] or fitting)[:count]:
            answer = self.answer_attention(tf.constant([text]))
            source, target = (
                [piece.decode().strip() for piece in pieces.numpy() if piece]
                for pieces in (answer["source_pieces"][0], answer["target_pieces"][0, 0])
            )
            if 0 < len(target) <= 2 * longest:
                weights = answer["attention"][0, 0, : len(target), : len(source)].numpy()
                samples.append((source, target, weights))
        return samples

    def _function(self, beam_size):
        """The traced search of a beam size."""
        if beam_size not in self._functions:
            text = tf.TensorSpec([None], tf.string, name="text")
            search = functools.partial(self.answer, beam_size=beam_size)
            self._functions[beam_size] = tf.function(search, input_signature=[text])
        return self._functions[beam_size]

    def details(self):
        """How much of a text is read."""
        return {"max_tokens": self.encoder.max_tokens}

    def limits(self):
        """What a user should know that the model cannot do, in sentences."""
        return [
            f"It reads {self.encoder.max_tokens - 1:,} pieces of words of a text at most and leaves "
            "out the rest; the output `cut` says when.",
            "It translates each text by itself, as one sentence.",
            "It never says that it does not know: a text in another language or script gets a translation too.",
        ]


def _named(tokenizer, ids):
    """The pieces of ids, "" for padding."""
    names = tf.constant(["", *tokenizer.pieces[1:]])
    return tf.gather(names, ids)
