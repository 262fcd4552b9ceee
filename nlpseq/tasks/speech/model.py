"""Speech recognition: from samples to text."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nlpseq.cells.checks import checked_lengths
from nlpseq.decoding import Transcript, ctc_beam_search, ctc_greedy
from nlpseq.engine import ctc
from nlpseq.errors import InputError
from nlpseq.layers.ctc_loss import CTCLoss
from nlpseq.runtime.ctc import BLANK
from nlpseq.tasks.base import Look, NamedAxis, NumericFunction, Task, in_batches, label_axes, served
from nlpseq.tasks.checked import checked
from nlpseq.tasks.recurrent import recurrent_layers
from nlpseq.tasks.speech.augmentation import Augmentation
from nlpseq.tasks.speech.bands import BandConvolution
from nlpseq.tasks.speech.batches import Batches
from nlpseq.tasks.speech.features import LogMel
from nlpseq.tasks.speech.language import SpeechLanguage
from nlpseq.tasks.speech.lookahead import Lookahead
from nlpseq.tasks.speech.metrics import UnitErrorRate
from nlpseq.tasks.speech.settings import RecognizerSettings
from nlpseq.tasks.speech.sounds import Sound, padded
from nlpseq.tasks.speech.streaming import SpeechStream
from nlpseq.text import SubwordTokenizer

CERTAIN = 1e9  # less than the logit of the blank have the others behind the end of a sound
ANSWERED = 16  # sounds that are recognized together
ADAPTED = 500  # sounds from which the mean and variance of the bands are counted


@keras.saving.register_keras_serializable("nlpseq")
class SpeechRecognizer(Task):
    """A recurrent recognizer, trained by connectionist temporal classification (Graves et al. 2006).

        f_t = log-mel features of samples           `nlpseq.tasks.speech.features.LogMel`
        x_s = [f_{ks} ; ... ; f_{ks+k-1}]           `stack` frames a step, or a strided convolution
        h_s = RNN(x_1 ... x_S)_s                    one or more layers, in both directions or one
        y_s = h_s                                   or, with `lookahead`, of h_s ... h_{s+ahead}
        P(unit | s) = softmax(W y_s + b)            units of text, and the blank
        text = argmax_y sum over the paths to y of prod_s P(path_s | s)

    Everything from samples to text is in the graph. Behind the end of a sound the blank is certain.

    Args:
        preprocessor: `nlpseq.text.SubwordTokenizer`: characters, words or pieces of words.
        name, dtype: As in `nlpseq.tasks.base.Task`.
        **settings: Attributes of `nlpseq.tasks.speech.settings.RecognizerSettings`, which documents their meaning,
            range and default.

    Call arguments:
        inputs: `(audio, length)`: samples from -1 to 1 at `sample_rate`, float32 `(batch, samples)`, and how many of
            them are real, int32 `(batch,)`.
        training: Whether augmentation and dropout apply. Default False.

    Returns:
        Logits of the units, float32 `(batch, steps, units)`.

    Raises:
        InputError: a setting is unknown or outside its range.

    Example:

    >>> tokenizer = nlpseq.text.SubwordTokenizer.learn(["one two"], kind="character")
    >>> task = SpeechRecognizer(tokenizer, units=4, layers=1, sample_rate=8000)
    >>> len(task.recognize([np.zeros(800, "float32")])["text"])
    1
    """

    kind = "speech"
    purpose = "Recognizes what is said, or sent, in a sound."
    settings_class = RecognizerSettings
    settings: RecognizerSettings
    padding_at_end = True
    metric, metric_mode = "error_rate", "min"

    def __init__(self, preprocessor: SubwordTokenizer, labels: Sequence[str] = (), **kwargs: Any):
        super().__init__((), preprocessor=preprocessor, **kwargs)
        self.autocast = False  # features are computed in float32
        self.set_language(None)

    def make_layers(self):
        settings = self.settings
        self.log_mel = LogMel(settings.features, dtype="float32")
        self.augmentation = Augmentation(settings.augmentation, dtype="float32")
        features, self.convolution = settings.features, None
        if features.subsampling == "convolution":
            self.convolution = keras.layers.Dense(features.filters, "relu")  # of stacked frames
        elif features.subsampling == "bands":
            frames = self.log_mel.width * self.log_mel.features // features.bands
            self.convolution = BandConvolution(frames, features.band_filters, features.filters)
        self.dropouts = [keras.layers.Dropout(settings.dropout) for _ in range(settings.layers)]
        self.recurrent = recurrent_layers(**settings.recurrent())
        self.lookahead = Lookahead(self.ahead, settings.units) if self.ahead else None
        self.output_dropout = keras.layers.Dropout(settings.output_dropout)
        self.head = keras.layers.Dense(len(self.preprocessor), dtype="float32")

    def build(self, input_shape=None):
        self.log_mel.build()
        shape = (None, None, self.log_mel.width * self.log_mel.features)
        for layer in filter(None, [self.convolution, *self.recurrent, self.lookahead]):
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.head.build((None, shape[-1]))
        self.built = True

    def call(self, inputs, training=False):
        audio, lengths = inputs
        warps = None
        if training:
            audio, lengths = self.augmentation.sounds(audio, lengths)
            warps = self.augmentation.warps(tf.shape(audio)[0])
        mel = self.log_mel.log_mel(self.log_mel.padded(audio, lengths), warps)
        if training:
            mel = self.augmentation.equalized(mel)
        return self._of_mel(mel, lengths, training)

    def _of_mel(self, mel, lengths, training=False):
        """The logits of log-mel features of sounds of so many samples."""
        counts = self.log_mel.frame_counts(lengths)
        frames = self.log_mel.normalized(mel, counts)
        if training:
            frames = self.augmentation.masked(frames, counts)
        steps = self.log_mel.steps(self.log_mel.before_first(frames))
        mask = tf.sequence_mask(self.log_mel.step_counts(lengths), tf.shape(steps)[1])
        return self._ended(self.logits(steps, mask, training), mask)

    def logits(self, steps: tf.Tensor, mask: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Logits `(batch, steps, units)` of the steps that `LogMel.steps` returns."""
        hidden = self.read(steps)
        for dropout, layer in zip(self.dropouts, self.recurrent):
            hidden = layer(dropout(hidden, training=training), mask=mask, training=training)
        if self.lookahead is not None:
            hidden = tf.where(mask[..., tf.newaxis], hidden, tf.zeros([], hidden.dtype))
            hidden = self.lookahead(tf.pad(hidden, [[0, 0], [0, self.ahead], [0, 0]]))
        return self.head(self.output_dropout(hidden, training=training))

    def read(self, steps: tf.Tensor) -> tf.Tensor:
        """What the first recurrent layer reads of each step, `(batch, steps, features)`."""
        steps = tf.cast(steps, self.compute_dtype)
        return steps if self.convolution is None else self.convolution(steps)

    def _ended(self, logits, mask):
        """The logits, and behind the end of a sound those of a blank that is certain."""
        blank = tf.where(tf.range(len(self.preprocessor)) == BLANK, 0.0, -CERTAIN)
        return tf.where(mask[..., tf.newaxis], logits, blank)

    def look(self, example: Any, answer: str | None = None) -> Look:
        """A sound as `nlpseq.diagnostics` examines it; the score is the log-probability of a text.

        Args:
            example: Samples at `sample_rate`, `(samples,)`, or a `Sound`.
            answer: The text. Default the one that is recognized.

        Raises:
            InputError: there are too few samples for a step; the text has more units than the sound has steps.
        """
        audio, length = map(tf.constant, padded([getattr(example, "samples", example)]))
        steps = int(self.log_mel.step_counts(length)[0])
        if not steps:
            raise InputError("the sound has no samples: give a longer one.")
        if answer is None:
            answer = str(self.recognize([audio.numpy()[0]])["text"][0])
        units = tf.cast(self.preprocessor(tf.constant([answer])).to_tensor(-1), tf.int32)
        if units.shape[1] > steps:
            raise InputError(f"`answer` has {units.shape[1]} units, and the sound {steps} steps: give a shorter text.")

        def score(logits):
            labels = tf.repeat(units, tf.shape(logits)[0], axis=0)
            return ctc.log_likelihood(logits, tf.ones(tf.shape(logits)[:2], bool), labels, BLANK, training=True)

        names = [f"{step * self.step_seconds:.2f} s" for step in range(steps)]
        return Look((audio, length), names, answer, score, self.reads())

    def reads(self):
        return [(self, "read")]

    # Training

    def prepare(self, examples, batch_size=64, training=False, seed=0):
        if not len(examples):
            raise InputError("there are no utterances: give at least one.")
        labels = self.preprocessor(tf.constant(examples.texts.tolist(), tf.string)).to_list()
        splice = self.settings.augmentation.splice if training else 0.0
        rate = self.settings.features.sample_rate
        return Batches(
            examples, labels, self.space, batch_size, rate, splice, seed=seed if training else None
        ).dataset()

    @property
    def space(self) -> int:
        """The id of the space between words, which texts do not begin with; -1 if words contain their space."""
        return self.preprocessor.pieces.index(" ") if " " in self.preprocessor.pieces else -1

    def adapt(self, examples: Any) -> None:
        """Counts the mean and variance of the bands over training sounds."""
        self.ensure_built()
        rows = np.random.default_rng(0).permutation(len(examples))[:ADAPTED]
        frames = [np.zeros((0, self.settings.features.bands), np.float32)]
        for at in rows:
            audio = tf.constant(examples.audio[at][np.newaxis])
            lengths = tf.constant([audio.shape[1]])
            count = int(self.log_mel.frame_counts(lengths)[0])
            frames.append(self.log_mel.log_mel(self.log_mel.padded(audio, lengths))[0, :count].numpy())
        spectra = np.concatenate(frames)
        if len(spectra):
            self.log_mel.mean.assign(spectra.mean(axis=0))
            self.log_mel.variance.assign(spectra.var(axis=0))

    def default_loss(self):
        """Connectionist temporal classification; utterances too short for their text do not count."""
        return CTCLoss(BLANK)

    def default_metrics(self):
        return [UnitErrorRate()]

    def named_axes(self) -> list[NamedAxis]:
        axes = label_axes(self.head, self.preprocessor.pieces)
        return [axis._replace(unit="units") for axis in axes]

    # Answers

    def frame_logits(self, audio: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        """`logits` of sounds, and `steps`, the number of real ones."""
        length = checked_lengths(length, audio)
        logits = self((audio, length), training=False)
        return {"logits": logits, "steps": self.log_mel.step_counts(length)}

    def frame_logits_by_products(self, audio: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        """As `frame_logits`, in ops that all formats have."""
        length = tf.clip_by_value(length, 0, tf.shape(audio)[1])
        mel = self.log_mel.log_mel(self.log_mel.padded(audio, length), by_products=True)
        return {"logits": self._of_mel(mel, length), "steps": self.log_mel.step_counts(length)}

    def decode(self, logits: tf.Tensor, steps: tf.Tensor, n_best: int = 1) -> Transcript:
        """The n best texts of logits, as ids."""
        mask, size = tf.sequence_mask(steps, tf.shape(logits)[1]), max(self.settings.beam_size, n_best)
        language = self._language()
        if size == 1 and language is None:
            return ctc_greedy(logits, mask, BLANK)
        fusion = None if language is None else language.fusion(tf.shape(logits)[0])
        return ctc_beam_search(logits, mask, size, n_best, BLANK, fusion)

    def set_language(self, language: SpeechLanguage | None) -> None:
        """Sets the language model of the search; an export contains it, a saved task does not.

        Args:
            language: `nlpseq.tasks.speech.language.SpeechLanguage`, or None.
        """
        self._language = lambda: language  # Keras would track what an attribute holds
        self._neural_search = language is not None and language.is_neural
        self._recognize, self._units = (served(function, *self.sound_specs()) for function in (self.answer, self.units))

    def answer(self, audio: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "serving_default".

        Args:
            audio: Samples at `sample_rate`, from -1 to 1, float32 `(batch, samples)`.
            length: How many of them are real, int32 `(batch,)`.

        Returns:
            `text`, string `(batch,)`; `score`, float32 `(batch,)`, the log-probability that ranks it.
        """
        best = self.decode(**self.frame_logits(audio, length))
        return {"text": self.preprocessor.decode(best.ids[:, 0]), "score": best.scores[:, 0]}

    def answer_nbest(self, audio: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "nbest": `texts`, string `(batch, n_best)`, the best first, and `scores`; a text that is not
        there has a score below -1e29."""
        best = self.decode(**self.frame_logits(audio, length), n_best=self.settings.n_best)
        return {"texts": self.preprocessor.decode(best.ids), "scores": best.scores}

    def sound_specs(self) -> list[tf.TensorSpec]:
        """The specification of sounds and their lengths."""
        return [tf.TensorSpec([None, None], tf.float32, name="audio"), tf.TensorSpec([None], tf.int32, name="length")]

    def signatures(self):
        functions = {"serving_default": self.answer, "nbest": self.answer_nbest, "units": self.units}
        traced = {name: tf.function(checked(function), self.sound_specs(), autograph=False)
                  for name, function in functions.items()}  # fmt: skip
        stream = self._language() is None and SpeechStream.can_stream(self)
        return {**traced, **(SpeechStream(self).signatures() if stream else {})}

    def tables(self):
        """Those of the language model of the search."""
        language = self._language()
        return {} if language is None else language.tables

    def restore_tables(self, tables):
        if tables:
            self._neural_search = "neural" in tables
            if not self._neural_search:
                self.set_language(SpeechLanguage.of_tables(self.preprocessor, tables))

    def numeric_functions(self):
        """The logits of sounds; `Answers` searches in them.

        Raises:
            InputError: the search has a neural language model.
        """
        if self._neural_search:
            raise InputError(
                "the search of this recognizer has a neural language model, which other formats than saved_model have "
                "not: train it with `language_model` ngram or none."
            )
        specs = {spec.name: spec for spec in self.sound_specs()}
        return {"logits": NumericFunction(self.frame_logits_by_products, specs)}

    def client_options(self):
        return {"beam_size": self.settings.beam_size, "n_best": self.settings.n_best, "step_seconds": self.step_seconds}

    def validation_sample(self, examples, count):
        rows = range(min(count, len(examples)))
        sounds = (Sound(f"utterance {row + 1}", examples.audio[row]) for row in rows)
        return list(zip(sounds, examples.strings()))

    def synthetic_examples(self, count):
        """Tones of changing pitch in noise, of many lengths."""
        random, rate = np.random.default_rng(0), self.settings.features.sample_rate
        sounds = []
        for length in random.integers(rate // 4, 2 * rate, size=count):
            pitch = np.repeat(random.uniform(0.02, 0.4, size=9), -(-length // 9))[:length]  # cycles a sample
            tone = 0.3 * np.sin(2 * np.pi * np.cumsum(pitch)) + 0.03 * random.normal(size=length)
            sounds.append(Sound("made", tone.astype(np.float32)))
        return sounds

    def odd_examples(self):
        noise = np.random.default_rng(1).normal(size=self.settings.features.sample_rate).astype(np.float32)
        holes = np.where(np.abs(noise) > 2, np.nan, 0.1 * noise)
        sounds = {
            "a sound of no sample": noise[:0],
            "a sound of one sample": noise[:1],
            "silence": 0 * noise,
            "noise that is cut off": np.clip(3 * noise, -1, 1),
            "a sound with missing samples": holes,
        }
        return {called: Sound("odd", sound.astype(np.float32)) for called, sound in sounds.items()}

    def recognize(self, sounds: Sequence[np.ndarray], batch_size: int = ANSWERED) -> dict[str, Any]:
        """Recognizes sounds.

        Args:
            sounds: Arrays of samples at `sample_rate`, floats from -1 to 1.
            batch_size: Maximum number of sounds in a batch. Default 16.

        Returns:
            A dict of "text", a list of strings, and "score", float32 `(sounds,)`.
        """
        self.ensure_built()
        answers = list(in_batches(lambda part: self._recognize(*padded(part)), sounds, batch_size))
        texts = [text.decode("utf-8") for answer in answers for text in answer["text"]]
        return {"text": texts, "score": np.concatenate([np.zeros(0, np.float32), *(a["score"] for a in answers)])}

    def unit_times(self, audio: np.ndarray) -> list[tuple[str, float]]:
        """The units of the best text of a sound, and the second at which each begins."""
        self.ensure_built()
        outputs = self._units(*padded([audio]))
        units = [unit.decode("utf-8") for unit in outputs["unit"][0].numpy()]
        return list(zip(units, outputs["start"][0].numpy().tolist()))

    def units(self, audio: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        """The output of "units": the texts of the units of the best text, string `(batch, units)`, and the second at
        which each begins, float32 `(batch, units)`; "" and 0 for padding."""
        best = self.decode(**self.frame_logits(audio, length))
        return {
            "unit": self.preprocessor.texts(best.ids[:, 0]),
            "start": tf.cast(best.steps[:, 0], tf.float32) * self.step_seconds,
        }

    @property
    def step_seconds(self) -> float:
        """Seconds from one step to the next."""
        return self.log_mel.hop * self.settings.features.stack / self.settings.features.sample_rate

    @property
    def ahead(self) -> int:
        """Steps behind each one that its answer depends on."""
        return round(self.settings.lookahead / self.step_seconds)

    def spectrogram(self, audio: np.ndarray) -> np.ndarray:
        """The log-mel spectrogram of a sound, float32 `(frames, bands)`."""
        sounds, lengths = map(tf.constant, padded([audio]))
        return self.log_mel.log_mel(self.log_mel.padded(sounds, lengths))[0].numpy()

    def warmup(self):
        rate = self.settings.features.sample_rate
        return [{"audio": np.zeros((1, rate), np.float32), "length": np.array([rate], np.int32)}]

    def details(self):
        samples = SpeechStream(self).step_samples if SpeechStream.can_stream(self) else None
        return {"sample_rate": self.settings.features.sample_rate, "step_samples": samples}

    def limits(self):
        settings, late = self.settings, self.ahead * self.step_seconds
        streams = late and SpeechStream.can_stream(self)
        return [
            f"It takes sounds of {settings.features.sample_rate:,} samples a second, one channel, from -1 to 1; "
            "`nlpseq predict` converts files of other rates and channels.",
            f"It writes {len(self.preprocessor) - 4:,} units that its training texts have, and no others.",
            "It answers any sound with some text, also one in which nothing is said."
            " Other voices, microphones and noises than those of its training are recognized less well.",
            *([f"While it listens its text is {late:.2f} seconds late."] if streams else []),
        ]

    def resources(self):
        language = self._language()
        return [*self.preprocessor.tables, *([] if language is None else language.resources)]
