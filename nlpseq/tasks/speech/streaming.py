"""A recognizer that answers while it listens: the signatures "init", "step" and "finish" of its export."""

from typing import TYPE_CHECKING

import tensorflow as tf

from nlpseq.tasks.checked import checked
from nlpseq.tasks.streaming import CellStates, held, read_steps

if TYPE_CHECKING:
    from nlpseq.tasks.speech.model import SpeechRecognizer


class SpeechStream:
    """Reads a sound chunk by chunk, and adds to its text.

    The states are the samples and frames that the next steps still read, the sums of the running mean and variance,
    the states of the cells, and the unit of the last step. With `lookahead` the text is late by so many steps: their
    number so far and the outputs of the last ones are states too, and "finish" gives the rest.

    Args:
        task: A recognizer for which `can_stream` is True.
    """

    def __init__(self, task: "SpeechRecognizer"):
        self.task, self.front = task, task.log_mel
        self.cells = CellStates(task.recurrent)

    @staticmethod
    def can_stream(task: "SpeechRecognizer") -> bool:
        """Whether the text so far depends on what has been heard so far, and is never changed."""
        settings = task.settings
        forward = not settings.bidirectional and settings.features.normalization != "utterance"
        return forward and settings.beam_size == 1

    @property
    def step_samples(self) -> int:
        """Chunks have a multiple of so many samples, except the last one."""
        return self.front.hop * self.task.settings.features.stack

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes of the states."""
        bands = self.task.settings.features.bands
        own = {"samples": self.front.before, "sums": 1 + 2 * bands, "unit": 1}
        carried = {"frames": self.front.carried_frames * bands} if self.front.carried_frames else {}
        outputs = {"steps": 1, "outputs": self.ahead * self.units} if self.ahead else {}
        return {**own, **carried, **outputs, **self.cells.sizes}

    @property
    def ahead(self) -> int:
        """Steps by which the text is late."""
        return self.task.ahead

    @property
    def units(self) -> int:
        """The size of the outputs of the recurrent layers."""
        return self.task.recurrent[-1].cell.output_size

    def signatures(self) -> dict:
        """The signatures "init", "step" and "finish"."""
        sound = self.task.sound_specs()
        states = {name: tf.TensorSpec([None, size], tf.float32, name=name) for name, size in self.sizes.items()}
        step = tf.function(checked(self.answer_step, states), autograph=False)
        return {
            "init": tf.function(checked(self.answer_init), sound, autograph=False),
            "step": step.get_concrete_function(*sound, **states),
            "finish": tf.function(checked(self.answer_finish, states), autograph=False).get_concrete_function(**states),
        }

    def answer_init(self, audio: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "init" for the beginnings of sounds, which may be empty: as `answer_step`."""
        rows = tf.shape(audio)[0]
        return self.answer_step(audio, length, **{name: tf.zeros([rows, size]) for name, size in self.sizes.items()})

    def answer_step(self, audio: tf.Tensor, length: tf.Tensor, **states: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "step".

        Args:
            audio: The next samples, float32 `(batch, samples)`.
            length: How many of them are real, int32 `(batch,)`: a multiple of `step_samples`, but at the end.
            **states: Those that "init" or "step" returned.

        Returns:
            `text`, string `(batch,)`, what is added to the text; `score`, float32 `(batch,)`, what is added to its
            score; and the states.
        """
        length = tf.clip_by_value(length, 0, tf.shape(audio)[1])
        stack, steps = self.task.settings.features.stack, self.front.step_counts(length)
        padded = self.front.padded(audio, length)[:, self.front.before :]
        samples = tf.concat([states["samples"], padded], axis=1)
        mel = self.front.log_mel(samples)
        frames, sums = self._normalized(mel, self.front.frame_counts(length), states["sums"])
        new = {"samples": _rows_from(samples, steps * self.step_samples, self.front.before), "sums": sums}
        if self.front.carried_frames:
            before = tf.reshape(states["frames"], [tf.shape(mel)[0], self.front.carried_frames, mel.shape[-1]])
            frames = tf.concat([before, frames], axis=1)
            last = _rows_from(frames, steps * stack, self.front.carried_frames)
            new["frames"] = tf.reshape(last, tf.shape(states["frames"]))
        hidden, cells = self._run(self.front.steps(frames), steps, {name: states[name] for name in self.cells.sizes})
        hidden, of_sound, late = self._looked_ahead(hidden, steps, states)
        return {**self._text(hidden, steps, of_sound, states["unit"]), **new, **late, **cells}

    def answer_finish(self, **states: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "finish": `text` and `score` that the end of the sound adds, as of `answer_step`.

        Args:
            **states: Those that the last "step" returned.
        """
        rest = tf.fill(tf.shape(states["unit"])[:1], self.ahead)
        hidden = tf.zeros([tf.size(rest), self.ahead, self.units], self.task.compute_dtype)
        hidden, of_sound, _ = self._looked_ahead(hidden, rest, states)
        answer = self._text(hidden, rest, of_sound, states["unit"])
        return {name: answer[name] for name in ("text", "score")}

    def _looked_ahead(self, hidden, counts, states):
        """What the output layer reads, of steps that are `ahead` earlier; which of them the sound has; the states."""
        if not self.ahead:
            return hidden, tf.ones(tf.shape(hidden)[:2], bool), {}
        rows, length = tf.unstack(tf.shape(hidden)[:2])
        real = tf.sequence_mask(counts, length)
        before = tf.cast(tf.reshape(states["outputs"], [rows, self.ahead, self.units]), hidden.dtype)
        hidden = tf.concat([before, tf.where(real[..., tf.newaxis], hidden, tf.zeros([], hidden.dtype))], axis=1)
        last = tf.cast(_rows_from(hidden, counts, self.ahead), tf.float32)
        number = tf.cast(states["steps"], tf.int32)
        late = {
            "steps": states["steps"] + tf.cast(counts, tf.float32)[:, tf.newaxis],
            "outputs": tf.reshape(last, tf.shape(states["outputs"])),
        }
        return self.task.lookahead(hidden), number + tf.range(length) >= self.ahead, late

    def _normalized(self, mel, counts, sums):
        if self.task.settings.features.normalization == "none":
            return self.front.normalized(mel, counts), sums
        frames, sums = self.front.running(mel, sums, counts)
        mask = tf.sequence_mask(counts, tf.shape(mel)[1])
        return tf.where(mask[..., tf.newaxis], frames, 0.0), sums

    def _run(self, steps, counts, states):
        """The outputs of the recurrent layers `(batch, steps, units)`, and the states of the cells."""
        task = self.task
        hidden = tf.cast(steps, task.compute_dtype)
        if task.convolution is not None:
            hidden = task.convolution(hidden)
        real = tf.sequence_mask(counts, tf.shape(hidden)[1], tf.float32)
        inputs = tf.concat([tf.cast(hidden, tf.float32), real[..., tf.newaxis]], axis=-1)

        def step(slice, before):
            output, after = self.cells.step(tf.cast(slice[:, :-1], hidden.dtype), before)
            return tf.cast(output, tf.float32), held(slice[:, -1] > 0, after, before)

        outputs, states = read_steps(step, inputs, states)
        return tf.cast(outputs, hidden.dtype), states

    def _text(self, outputs, steps, of_sound, last):
        """The units that begin in a chunk, as text."""
        logits = self.task.head(outputs)
        real = tf.sequence_mask(steps, tf.shape(logits)[1]) & of_sound
        scores = tf.nn.log_softmax(logits)
        best = tf.where(real, tf.argmax(scores, axis=-1, output_type=tf.int32), 0)
        best = tf.concat([tf.cast(last, tf.int32), best], axis=1)
        begins = (best[:, 1:] != 0) & (best[:, 1:] != best[:, :-1])
        texts = self.task.preprocessor.texts(tf.where(begins, best[:, 1:], 0))
        return {
            "text": tf.strings.reduce_join(texts, axis=1),
            "score": tf.reduce_sum(tf.where(real, tf.reduce_max(scores, axis=-1), 0.0), axis=1),
            "unit": tf.cast(_rows_from(best, steps, 1), tf.float32),
        }


def _rows_from(values, starts, count):
    """`count` values of each row from its start on."""
    places = starts[:, tf.newaxis] + tf.range(count)
    return tf.gather(values, places, batch_dims=1)
