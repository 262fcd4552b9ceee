"""Tagging with a recurrent network: one label a token, from raw text to a served model.

Parts of speech, named entities, chunks: trains on a dataset of TensorFlow Datasets or
on your own files of columns or in CoNLL-U, evaluates, draws pictures, and exports a
SavedModel that takes raw strings, or tokens. With no flags it runs on the embedded,
generated corpus nlpseq_tags: test accuracy 0.98 or more in about a minute and 1.3 GB of
memory. Scores on real data: recipes/README.md.
"""

from dataclasses import dataclass
from typing import Literal

import nlpseq
from nlpseq import settings
from nlpseq.cli.command_line import run_recipe
from nlpseq.errors import in_range


@dataclass(frozen=True)
class Settings(
    settings.TrainingSettings,
    settings.VocabularySettings,
    settings.ReadingSettings,
    settings.DataSettings,
):
    """All the settings of the recipe."""

    dataset: str = "nlpseq_tags"
    output: str = "saved_models/tagging"
    min_count: int = 1
    epochs: int = 3
    batch_size: int = 32
    word_dropout: float = 0.0
    tokens: str | None = None
    """Feature with the tokens; of files the number of a column from 1. None for the usual one."""
    tags: str | None = None
    """Feature or column with the tags; None for the usual one, of files the last."""
    encoding: str = "utf-8"
    """Encoding of files."""
    model: Literal["crf", "softmax"] = "crf"
    """What is on top: a CRF over the whole sentence, or a softmax at each token."""
    characters: Literal["rnn", "cnn", "none"] = "rnn"
    """How the characters of a word are read."""
    character_units: int = 32
    """Size of what the characters give."""
    character_embedding_size: int = 32
    """Size of a character's vector."""
    max_characters: int = 16
    """Longer words lose characters in their middle."""
    singleton_dropout: float = 0.5
    """Rate of words, of those that occur once, replaced by the unknown word in training."""

    def check(self):
        super().check()
        in_range("--character-units", self.character_units, 1)
        in_range("--character-embedding-size", self.character_embedding_size, 1)
        in_range("--max-characters", self.max_characters, 1)
        in_range("--singleton-dropout", self.singleton_dropout, 0, 1)


# For some datasets, the settings that are its defaults.
PRESETS = {
    "universal_dependencies": {
        "units": 128,
        "embedding_size": 128,
        "character_units": 64,
        "character_embedding_size": 48,
        "dropout": 0.5,
        "output_dropout": 0.5,
        "word_dropout": 0.05,
        "epochs": 10,
        "patience": 10,
        "averaging": 0.998,
    },
}


def main(config):
    """Runs the recipe; returns its metrics."""
    nlpseq.serving.export.check_output(config.output)
    nlpseq.training.set_seed(config.seed)

    data = nlpseq.data.load_tagged_sentences(
        config.dataset,
        config.data_dir,
        config.seed,
        config.encoding,
        tokens=config.tokens,
        tags=config.tags,
        **config.splits(),
    )
    nlpseq.reporting.print_data(data, nlpseq.reporting.listed(data.labels, "tags"))

    vocabulary = config.part(settings.VocabularySettings)
    tokens, _ = data.train.ragged()
    encoder = nlpseq.text.TokenEncoder.learn(tokens, **vocabulary, max_characters=config.max_characters)
    with nlpseq.training.precision(config.mixed_precision):
        task = nlpseq.tasks.TokenTagger(
            encoder,
            data.labels,
            data.scheme,
            output=config.model,
            characters=config.characters,
            character_units=config.character_units,
            character_embedding_size=config.character_embedding_size,
            singleton_dropout=config.singleton_dropout,
            **config.part(settings.ReadingSettings),
        )
    training = nlpseq.training.train(task, data.train, data.validation, config)

    validation, test = (
        nlpseq.evaluation.evaluate_tagger(task, split, data.train.tokens, data.scheme)
        for split in (data.validation, data.test)
    )
    nlpseq.reporting.print_tagging(test, data)

    def draw(folder):
        nlpseq.reporting.pictures.plot_confusion(
            test.confusion, data.labels, folder / "confusion.png", f"{data.title}, test"
        )
        nlpseq.reporting.write_worst_sentences(test, folder / "worst_sentences.txt")

    return nlpseq.cli.runs.finish(task, config, data, training, validation, test, draw)


if __name__ == "__main__":
    run_recipe(main, Settings, PRESETS)
