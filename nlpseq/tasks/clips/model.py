"""Classification of sequences: from vectors or pictures over time to a label, or one for each frame, and scores."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq.cells.checks import checked_lengths
from nlpseq.data.batching import evaluation_batches, training_batches
from nlpseq.errors import InputError, one_of, whole
from nlpseq.layers import Pooling
from nlpseq.tasks import decisions
from nlpseq.tasks.base import Look, NumericFunction, label_axes, log_odds
from nlpseq.tasks.calibrated import Calibrated
from nlpseq.tasks.checked import checked
from nlpseq.tasks.class_weights import ClassWeighted
from nlpseq.tasks.clips import examples as sequences
from nlpseq.tasks.clips.answers import padded_frames
from nlpseq.tasks.clips.features import FrameFeatures, picture_encoder
from nlpseq.tasks.clips.frames import Clip
from nlpseq.tasks.clips.settings import SequenceSettings
from nlpseq.tasks.clips.streaming import FrameStream
from nlpseq.tasks.labels import with_labels
from nlpseq.tasks.objectives import SmoothedCrossEntropy, TokenAccuracy
from nlpseq.tasks.recurrent import recurrent_layers

ANSWERED = 128  # sequences that are classified together
UNLABELLED = -2  # label of a real frame that has none, until lengths are known


@keras.saving.register_keras_serializable("nlpseq")
class SequenceClassifier(ClassWeighted, Calibrated):
    """A recurrent classifier of sequences of vectors or pictures.

        z_t = features(x_t)                        standardised, with differences if `derived` says so
        e_t = encoder(z_t)                         a small convolution for pictures, shared over time; none for vectors
        h_t = BiRNN(e_1 ... e_T)_t                 `layers` of them; with 0 layers h_t = e_t
        p = pool_t h_t                             last output, max, mean or attention
        y = softmax((W_hy p + b_y) / T)            with `per_frame` one for each frame, of h_t

    The temperature T is 1 until `calibrate` fits it. `adapt` learns the standardisation from training examples; it is
    stored in the model.

    Args:
        labels: Names of the classes.
        frame: Shape of a frame: `(channels,)` or `(rows, columns, channels)`.
        per_frame: Whether each frame has a label. Default False.
        encoder: A Keras model or layer, from frames `(batch, *frame)` to vectors `(batch, size)`; with `derived`
            differences it reads twice as many channels. Default None: a convolution for pictures.
        calibration: Attributes of `nlpseq.tasks.decisions.Calibration`. Default None, not calibrated.
        reading: How clips are read from files, for `nlpseq predict`: attributes of
            `nlpseq.tasks.clips.settings.ClipReading`, `channel_names`, and `width` as of `LabelledClips`. Default none.
        name, dtype: As in `nlpseq.tasks.base.Task`.
        **settings: Attributes of `nlpseq.tasks.clips.settings.SequenceSettings`, which documents their meaning, range
            and default: cell, units, layers, bidirectional, pooling, scaling, derived, filters, frame_size, warp,
            noise, dropout, output_dropout, recurrent_dropout, class_weights.

    Call arguments:
        inputs: `(frames, length)`: frames `(batch, time, *frame)`, integers or floats, and the number of real frames,
            int32 `(batch,)`, which stand first.
        training: Whether dropout and noise apply. Default False.

    Returns:
        Logits, float32 `(batch, classes)`, or `(batch, time, classes)` with `per_frame`.

    Raises:
        InputError: a setting is unknown or outside its range; `encoder` is no layer.

    Example:

    >>> task = SequenceClassifier(["up", "down"], frame=(2,), units=4)
    >>> tuple(task((np.zeros((3, 5, 2)), np.array([5, 2, 1]))).shape)
    (3, 2)
    """

    kind = "clips"
    purpose = "Assigns a label to a sequence of vectors or pictures, with a score for every label."
    settings_class = SequenceSettings
    settings: SequenceSettings
    padding_at_end = True

    def __init__(
        self,
        labels: Sequence[str] = (),
        *,
        frame: Sequence[int],
        per_frame: bool = False,
        encoder: Any = None,
        reading: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ):
        if encoder is not None and not isinstance(encoder, keras.layers.Layer):
            raise InputError(f"`encoder` must be a Keras model or layer, got {type(encoder).__name__}.")
        self.frame, self.per_frame, self.own_encoder = tuple(map(int, frame)), per_frame, encoder is not None
        self.reading = dict(reading or {})
        self._given_encoder = lambda: encoder  # make_layers takes it under its own name
        self._traced = None
        super().__init__(labels, **kwargs)
        self.autocast = False  # frames are standardised in float32
        self.check_class_weights()

    def make_layers(self):
        settings = self.settings
        self.features = FrameFeatures(settings.scaling, settings.derived, settings.warp)
        self.noise = keras.layers.GaussianNoise(settings.noise)
        self.encoder = self._given_encoder()
        if self.encoder is None and len(self.frame) == 3:
            shape = self.features.compute_output_shape(self.frame)
            self.encoder = picture_encoder(shape, settings.filters, settings.frame_size)
        self.input_dropout = keras.layers.Dropout(settings.dropout)
        last = settings.pooling == "last" and not self.per_frame
        self.recurrent = recurrent_layers(**settings.recurrent(), return_sequences=not last) if settings.layers else []
        self.pooling = None if last or self.per_frame else Pooling(
            "max" if settings.pooling == "last" else settings.pooling)  # fmt: skip
        self.output_dropout = keras.layers.Dropout(settings.output_dropout)
        self.head = keras.layers.Dense(len(self.labels), dtype="float32")

    def build(self, input_shape=None):
        frame = self.features.compute_output_shape(self.frame)
        self.features.build((None, None, *self.frame))
        if self.encoder is not None:
            if not self.encoder.built:
                self.encoder.build((None, *frame))
            frame = self.encoder.compute_output_shape((None, *frame))[1:]
        if len(frame) != 1:
            raise InputError(f"frames of shape {frame} are not vectors: give an `encoder` from frames to vectors.")
        shape = (None, None, *frame)
        for layer in [*self.recurrent, *([] if self.pooling is None else [self.pooling])]:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.head.build((None, shape[-1]))
        self.built = True

    def call(self, inputs, training=False):
        frames, length = inputs
        hidden, mask = self.hidden(frames, length, training)
        pooled = hidden if self.pooling is None else self.pooling(hidden, mask=mask)
        return self.head(self.output_dropout(pooled, training=training))

    def hidden(self, frames: Any, length: Any, training: bool = False) -> tuple[tf.Tensor, tf.Tensor]:
        """The outputs of the recurrent layers, and the mask `(batch, time)` of the real frames."""
        self.ensure_built()
        frames = tf.convert_to_tensor(frames)
        mask = tf.sequence_mask(tf.cast(length, tf.int32), tf.shape(frames)[1])
        hidden = self.noise(self.features(frames, mask, training=training), training=training)
        hidden = self.input_dropout(self.encoded(hidden, training), training=training)
        for layer in self.recurrent:
            hidden = layer(hidden, mask=mask, training=training)
        return hidden, mask

    def encoded(self, frames: tf.Tensor, training: bool = False) -> tf.Tensor:
        """The vectors `(batch, time, size)` of standardised frames `(batch, time, ...)`."""
        if self.encoder is None:
            return frames
        batch, steps = (frames.shape[axis] or tf.shape(frames)[axis] for axis in (0, 1))
        vectors = self.encoder(tf.reshape(frames, [-1, *frames.shape[2:]]), training=training)
        return tf.reshape(vectors, [batch, steps, vectors.shape[-1]])

    def look(self, example: Any, answer: str | None = None) -> Look:
        """A clip as `nlpseq.diagnostics` examines it; the score is the log-odds of a label, of the last frame with
        `per_frame`.

        Args:
            example: Frames `(time, *frame)`, or a `Clip`.
            answer: The label. Default the one with the highest score.

        Raises:
            InputError: the label is unknown.
        """
        frames = np.asarray(getattr(example, "frames", example))[np.newaxis]
        inputs = (frames, np.array([frames.shape[1]], np.int32))
        last = (lambda logits: logits[:, -1]) if self.per_frame else (lambda logits: logits)
        if answer is None:
            answer = self.labels[int(np.argmax(last(self(inputs))[0]))]
        number = self.labels.index(one_of("answer", answer, self.labels))
        steps = [f"frame {n + 1}" for n in range(frames.shape[1])]
        return Look(inputs, steps, answer, lambda logits: log_odds(last(logits), number), self.reads())

    def reads(self):
        return [(self, "encoded")]

    @property
    def least_labels(self):
        return 2

    @property
    def input_shapes(self):
        return (None, None, *self.frame), (None,)

    # Training

    def usable(self, examples: Any) -> Any:
        """The clips whose label training shows.

        Raises:
            InputError: there are none; or their frames have another shape, or other kinds of labels.
        """
        if examples.frame != self.frame or examples.per_frame != self.per_frame:
            kind, expected = (
                f"frames of shape {frame} with {'a label for each' if per_frame else 'one label for all'}"
                for frame, per_frame in ((examples.frame, examples.per_frame), (self.frame, self.per_frame))
            )
            raise InputError(f"the clips have {kind}, and this SequenceClassifier reads {expected}: give other clips.")
        examples = with_labels(examples, self.labels)
        if not len(examples):
            raise InputError("no clip has a label that training shows: give others, for example as `validation`.")
        return examples

    def prepare(self, examples: Any, batch_size: int = 64, training: bool = False, seed: int = 0) -> tf.data.Dataset:
        """Batches `((frames, length), labels)` of `nlpseq.data.Clips`; in training shuffled and of similar lengths."""
        examples = self.usable(examples)
        rows = tf.RaggedTensor.from_row_lengths(examples.values, examples.lengths)
        if self.per_frame:
            labels = np.where(examples.labels < 0, UNLABELLED, examples.labels)
            labels: Any = tf.RaggedTensor.from_row_lengths(labels, examples.lengths)
            separate = _frame_labels
        else:
            labels = np.stack([examples.labels, examples.lengths], axis=1).astype(np.int32)
            separate = _label_and_length

        batches = training_batches(rows, labels, batch_size, seed) if training else evaluation_batches(
            rows, labels, batch_size)  # fmt: skip
        return batches.map(separate)

    def adapt(self, examples: Any) -> None:
        """Learns the standardisation of frames from training clips, and counts labels for balanced class weights."""
        self.ensure_built()
        usable = self.usable(examples)
        if self.settings.class_weights == "balanced":
            self.balance(usable.classes()[1])
        flags = _flags(usable.values) if len(self.frame) == 1 else ()
        batches = ((frames, tf.sequence_mask(length, tf.shape(frames)[1])) for (frames, length), _ in
                   self.prepare(usable, ANSWERED))  # fmt: skip
        self.features.adapt(batches, flags)

    def default_loss(self):
        """Cross-entropy over the classes, of all frames with `per_frame`; with `class_weights` for whole sequences."""
        return SmoothedCrossEntropy() if self.per_frame else self.cross_entropy()

    def default_metrics(self):
        """Accuracy, with class weights also a weighted one."""
        if self.per_frame:
            return [TokenAccuracy(lambda logits, mask: tf.argmax(logits, -1, tf.int32))]
        return self.accuracies()

    @property
    def metric(self) -> str:
        """Accuracy, which is weighted as the classes are."""
        return "accuracy" if self.per_frame else self.monitored_accuracy

    def named_axes(self):
        return label_axes(self.head, self.labels)

    def calibrate(self, examples: Any) -> decisions.Calibration | None:
        """Fits the temperature of the scores on validation clips; labels do not change.

        Returns:
            The temperature, and the expected calibration error before and after.
        """
        usable = self.usable(examples)
        logits = self.all_logits(usable)
        labels = usable.labels
        if self.per_frame:
            logits, labels = logits[labels >= 0], labels[labels >= 0]
        return self.fit_temperature(logits, labels)

    def all_logits(self, examples: Any, batch_size: int = ANSWERED) -> np.ndarray:
        """The logits of `nlpseq.data.Clips`, float32 `(clips, classes)`; with `per_frame` `(frames of all, classes)`.

        Clips of similar length are computed together.
        """
        whole("batch_size", batch_size, 1)
        order = np.argsort(examples.lengths, kind="stable")
        compute = self._compute()
        parts = []
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            frames, length = padded_frames([examples.clip(row) for row in rows], self.frame)
            logits = np.asarray(compute(frames, length))
            parts += [row[:n] for row, n in zip(logits, length)] if self.per_frame else list(logits)
        back = np.argsort(order)
        ordered = [parts[number] for number in back]
        return np.concatenate(ordered) if self.per_frame else np.stack(ordered)

    def _compute(self):
        """`call` without training, traced once."""
        if self._traced is None:
            self.ensure_built()
            specs = [tf.TensorSpec([None, None, *self.frame], tf.float32), tf.TensorSpec([None], tf.int32)]
            self._traced = tf.function(lambda frames, length: self((frames, length)), specs, autograph=False)
        return self._traced

    # Answers

    def answer(self, frames: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "serving_default".

        Args:
            frames: Float32 `(batch, time, *frame)`, as they are in files.
            length: Number of real frames of each sequence, int32 `(batch,)`.

        Returns:
            `label`, string `(batch,)`, and `scores`, float32 `(batch, classes)`; with `per_frame` `(batch, time)` and
            `(batch, time, classes)`, where frames that are not real have the label "" and scores of 0.
        """
        length = checked_lengths(length, frames)
        answer = self.answer_of(self((frames, length), training=False))
        if not self.per_frame:
            return answer
        mask = tf.sequence_mask(length, tf.shape(frames)[1])
        return {
            "label": tf.where(mask, answer["label"], ""),
            "scores": tf.where(mask[..., tf.newaxis], answer["scores"], 0.0),
        }

    def answer_of(self, logits: tf.Tensor) -> dict[str, tf.Tensor]:
        """`label` and `scores` of logits `(..., classes)`."""
        return {
            "label": tf.gather(tf.constant(self.labels), tf.argmax(logits, -1)),
            "scores": self.scores_of(logits),
        }

    def scores_of(self, logits: tf.Tensor) -> tf.Tensor:
        """The calibrated probabilities of logits `(..., classes)`."""
        return tf.nn.softmax(self.tempered(logits))

    def predict_clips(self, clips: Any, batch_size: int = ANSWERED) -> dict[str, Any]:
        """Classifies sequences.

        Args:
            clips: A list of arrays `(time, *frame)`, or `nlpseq.data.Clips`.
            batch_size: Maximum number of sequences in a batch. Default 128.

        Returns:
            "label", a list of names, and "scores", float32 `(clips, classes)`; with `per_frame` lists of them, with
            one for each frame.

        Raises:
            InputError: the frames of a sequence have another shape.
        """
        clips = clips if hasattr(clips, "lengths") else sequences.Arrays(clips, self.frame)
        if not len(clips.lengths):
            return {"label": [], "scores": np.zeros((0, len(self.labels)), np.float32)}
        scores = self.scores_of(self.all_logits(clips, batch_size)).numpy()
        names = [self.labels[number] for number in scores.argmax(axis=-1)]
        if not self.per_frame:
            return {"label": names, "scores": scores}
        ends = np.cumsum(clips.lengths)
        parts = [slice(end - length, end) for end, length in zip(ends, clips.lengths)]
        return {"label": [names[part] for part in parts], "scores": [scores[part] for part in parts]}

    # Exporting

    def signatures(self):
        """Also "init" and "step" for a classifier that reads forward; see `FrameStream`."""
        frames = tf.TensorSpec([None, None, *self.frame], tf.float32, name="frames")
        length = tf.TensorSpec([None], tf.int32, name="length")
        functions = {"serving_default": tf.function(checked(self.answer), [frames, length], autograph=False)}
        if self.built and FrameStream.can_stream(self):
            functions |= FrameStream(self).signatures()
        return functions

    def numeric_functions(self):
        specs = {
            "frames": tf.TensorSpec([None, None, *self.frame], tf.float32),
            "length": tf.TensorSpec([None], tf.int32),
        }

        def classify(frames, length):
            return {"scores": self.scores_of(self((frames, length), training=False))}

        return {"classify": NumericFunction(classify, specs)}

    def validation_sample(self, examples, count):
        examples = self.usable(examples).select(slice(count))
        if self.per_frame:
            parts = np.split(examples.labels, np.cumsum(examples.lengths)[:-1])
            right: list = [[self.labels[n] if n >= 0 else "" for n in part] for part in parts]
        else:
            right = [self.labels[label] for label in examples.labels]
        clips = [Clip(examples.clip(number), None, f"clip {number + 1}") for number in range(len(examples))]
        return list(zip(clips, right))

    def synthetic_examples(self, count):
        return sequences.random_clips(
            np.asarray(self.features.mean), np.asarray(self.features.scale), self.frame, count
        )

    def odd_examples(self):
        return sequences.odd(self.frame)

    def warmup(self):
        return [
            {"frames": np.zeros((1, steps, *self.frame), np.float32), "length": np.array([steps], np.int32)}
            for steps in (1, 8, 64)
        ]

    def details(self):
        return {**super().details(), **self._kind_of_clips()}

    def _kind_of_clips(self):
        return {"frame": list(self.frame), "per_frame": self.per_frame, "reading": self.reading}

    def get_config(self):
        encoder = keras.saving.serialize_keras_object(self.encoder) if self.own_encoder else None
        return {**super().get_config(), **self._kind_of_clips(), "encoder": encoder}

    @classmethod
    def from_config(cls, config):
        encoder = config.get("encoder")
        return super().from_config(
            {**config, "encoder": None if encoder is None else keras.saving.deserialize_keras_object(encoder)}
        )

    def limits(self):
        kind = "pictures" if len(self.frame) == 3 else "vectors"
        return [
            f"It reads {kind} of shape {self.frame}, in the units and at the rate of its training data.",
            "Missing values (NaN) count as the mean of their channel.",
            "It assigns one of its labels to any sequence, even an unrelated one.",
            "It answers frame by frame too: signatures init and step."
            if FrameStream.can_stream(self)
            else "It reads the whole sequence before it answers.",
            decisions.about_scores(self.calibration, self.settings.class_weights != "none", "sequences"),
        ]


def _label_and_length(frames, numbers):
    return (frames, numbers[:, 1]), numbers[:, 0]


def _frame_labels(frames, labels):
    length = tf.reduce_sum(tf.cast(labels != -1, tf.int32), axis=1)
    return (frames, length), tf.maximum(labels, -1)


def _flags(values):
    """Which channels of vectors have two different values at most."""
    return [len(np.unique(values[:, channel][:100_000])) <= 2 for channel in range(values.shape[1])]
