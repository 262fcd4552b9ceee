"""Settings of translation, the only place where its defaults are defined."""

from dataclasses import dataclass
from typing import Annotated, Literal

from nlpseq.data.settings import DataSettings, FileSettings, SplitSettings
from nlpseq.errors import InputError
from nlpseq.settings import AUTO, FREE, OPEN, Range, Rate, Replaces, Settings
from nlpseq.tasks.settings import CorpusSettings, RecurrentSettings, SubwordSettings, VectorSettings
from nlpseq.training.settings import TrainingSettings


@dataclass(frozen=True)
class TranslatorSettings(RecurrentSettings):
    """The encoder, the decoder and the search."""

    cell: Annotated[Literal["rnn", "lstm", "gru"], OPEN] = "gru"
    """Recurrent cell; in Python also a subclass of `nlpseq.cells.RecurrentCell`, registered with Keras."""
    units: Annotated[int, Range(2), AUTO] = 128
    """Size of the decoder state; each direction of the encoder has half of it."""
    layers: Annotated[int, Range(1), AUTO] = 1
    """Number of recurrent layers of the encoder."""
    decoder_layers: Annotated[int, Range(1)] = 2
    """Number of recurrent layers of the decoder."""
    attention: Literal["bahdanau", "general", "dot", "scaled", "none"] = "bahdanau"
    """Attention of the decoder: additive (bahdanau), multiplicative (general, dot, scaled) or none."""
    input_feeding: bool = False
    """Whether the decoder reads its previous output; training takes about one and a half times as long."""
    dropout: Annotated[Rate, AUTO] = 0.05
    """Dropout rate of the inputs of the recurrent layers."""
    output_dropout: Annotated[Rate, AUTO] = 0.0
    """Dropout rate of the inputs of the output layer."""
    label_smoothing: Annotated[Rate, AUTO] = 0.0
    """Share of the target probability that is distributed over all tokens."""
    scheduled_sampling: Annotated[float, Range(0, 1)] = 0.0
    """Rate of decoder inputs that are replaced by predictions of the model in training."""
    beam_size: Annotated[int, Range(1)] = 5
    """Number of hypotheses of the beam search; 1 for greedy search."""
    length_penalty: Annotated[float, Range(0)] = 1.0
    """Exponent of the length normalization of scores."""
    coverage_penalty: Annotated[float, Range(0)] = 0.0
    """Weight of the penalty for source tokens that receive little attention."""
    length_ratio: Annotated[float, Range(0), AUTO] = 2.0
    """Maximum length of a translation: 10 tokens, and this many per source token."""

    def check(self) -> None:
        super().check()
        if self.attention == "none" and self.coverage_penalty:
            raise InputError("`coverage_penalty` requires `attention`: choose an attention, or set the penalty to 0.")
        if self.attention in ("dot", "scaled") and self.units % 2:
            raise InputError(f"`attention` {self.attention!r} needs an even number of `units`, got {self.units}.")


@dataclass(frozen=True)
class PairSettings(SubwordSettings):
    """The tokens of both languages."""

    vocabulary: Annotated[Literal["word", "bpe", "wordpiece", "unigram", "character"], AUTO] = "word"
    """Kind of tokens."""
    vocabulary_size: Annotated[int, Range(5), AUTO] = 8000
    """Maximum size of each vocabulary, or of the joint one, including four special tokens."""
    joint: Annotated[bool, AUTO] = False
    """Whether both languages share one vocabulary and its embeddings."""
    max_tokens: Annotated[int, Range(2)] = 60
    """Longer texts are truncated to this many tokens, including the end symbol."""


@dataclass(frozen=True)
class PreparingSettings(PairSettings, CorpusSettings):
    """How `nlpseq prepare` turns a corpus that does not fit in memory into ids."""

    input_format: Literal["csv", "tsv", "jsonl", "parquet", "tfrecord"] | None = None
    """Format of the files; None for that of their suffix."""
    target_input: Annotated[str | None, FREE] = None
    """Files of the translations, a path or a pattern, if those of `input` are texts, line by line; else None."""
    source: str | None = None
    """Column of the source; None to find it out."""
    target: str | None = None
    """Column of the target; None to find it out."""


UNREAD = FileSettings(), SplitSettings(), PairSettings(), VectorSettings()  # with `prepared`


@dataclass(frozen=True)
class TranslationData(DataSettings):
    """The dataset and the output folder."""

    dataset: str = "nlpseq_phrases"
    """Name of a TFDS dataset, or path: a table of two columns (.tsv, .csv, .jsonl, .tmx, ...), or a folder of such
    files or of a file for each language (train.en, en.train.txt, src-train.txt, ...)."""
    source: str | None = None
    """Source language, feature or column; None for the default of the dataset."""
    target: str | None = None
    """Target language, feature or column; None for the default of the dataset."""
    prepared: Annotated[str | None, Replaces.of(("dataset", "source", "target"), *UNREAD)] = None
    """Folder that `nlpseq prepare` wrote, in place of the dataset; its vocabulary and its ids are read."""
    output: str = "saved_models/translation"
    """Folder of the numbered exports."""


@dataclass(frozen=True)
class TranslationSettings(Settings):
    """All settings of the recipe; those that follow the data are open."""

    data: TranslationData = TranslationData()
    training: TrainingSettings = TrainingSettings().unset()
    model: TranslatorSettings = TranslatorSettings().unset()
    tokens: PairSettings = PairSettings().unset()
    word_vectors: VectorSettings = VectorSettings()
    files: FileSettings = FileSettings()
    splits: SplitSettings = SplitSettings()


# What the name of a dataset tells, which the help of the recipe shows.
PRESETS = {"scan": {"pretokenized": True}}
