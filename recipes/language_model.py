"""A recurrent language model, from raw text to a served model that scores and goes on with texts.

Trains on the text of a dataset of TensorFlow Datasets, of a `.txt` file, or of a folder of
them, by truncated backpropagation through time, evaluates over the continuous test text with
carried state, draws pictures, and exports a SavedModel. With no flags it runs on the English
side of the embedded, generated corpus nlpseq_phrases: perplexity about 10 in about two minutes
and 1 GB of memory.
"""

from dataclasses import dataclass

import nlpseq
from nlpseq import settings
from nlpseq.cli.command_line import run_recipe
from nlpseq.errors import in_range


@dataclass(frozen=True)
class Settings(
    settings.TrainingSettings,
    settings.PiecesSettings,
    settings.LanguageModelSettings,
    settings.DataSettings,
):
    """All the settings of the recipe."""

    dataset: str = "nlpseq_phrases"
    output: str = "saved_models/language_model"
    units: int = 128
    embedding_size: int = 128
    dropout: float = 0.1
    output_dropout: float = 0.1
    epochs: int = 8
    batch_size: int = 20
    learning_rate: float = 5e-3
    text: str | None = None
    """Feature of a TFDS dataset that holds the text; None for the usual one."""
    vocabulary_size: int = 10_000
    max_tokens: int = 10_000
    """The most pieces of a prompt, and of a text that is scored."""
    prompt: str = ""
    """What the printed samples begin with."""
    temperature: float = 0.8
    """Of the printed samples."""
    sample_length: int = 40
    """The most pieces of a printed sample."""

    def check(self):
        super().check()
        in_range("--temperature", self.temperature, 1e-3)
        in_range("--sample-length", self.sample_length, 1, 100_000)


# For some datasets, the settings that are its defaults.
PRESETS = {
    # The whole of these two is more than memory holds and an hour reads.
    "lm1b": {"train_split": "train[:1%]", "test_split": "test[:10%]"},
    "wiki40b": {"train_split": "train[:1%]", "validation_split": "validation[:5%]", "test_split": "test[:5%]"},
    "ptb": {
        "at_blanks": True,
        "vocabulary_size": 10_004,
        "units": 512,
        "embedding_size": 256,
        "layers": 1,
        "dropout": 0.3,
        "output_dropout": 0.4,
        "learning_rate": 2e-3,
        "epochs": 7,
    },
    "tiny_shakespeare": {
        "vocabulary": "character",
        "units": 512,
        "embedding_size": 64,
        "layers": 1,
        "dropout": 0.1,
        "output_dropout": 0.3,
        "batch_size": 32,
        "steps": 100,
        "learning_rate": 3e-3,
        "epochs": 8,
        "sample_length": 300,
    },
}


def main(config):
    """Runs the recipe; returns its metrics."""
    nlpseq.serving.export.check_output(config.output)
    nlpseq.training.set_seed(config.seed)

    data = nlpseq.data.load_running_texts(config.dataset, config.data_dir, text=config.text, **config.splits())
    nlpseq.reporting.print_data(data, "lines of text")

    encoder = nlpseq.text.LineEncoder.learn(
        data.train.lines,
        config.vocabulary,
        config.vocabulary_size,
        config.lowercase,
        config.at_blanks,
        config.max_tokens,
    )
    encoder.check_length([config.prompt], "--prompt")
    with nlpseq.training.precision(config.mixed_precision):
        task = nlpseq.tasks.LanguageModel(encoder, **config.part(settings.LanguageModelSettings))
    training = nlpseq.training.train(task, data.train, data.validation, config)

    validation, test = (
        nlpseq.evaluation.evaluate_language_model(task, split) for split in (data.validation, data.test)
    )
    nlpseq.reporting.print_language(test, data)
    options = {"length": config.sample_length, "temperature": config.temperature, "seed": config.seed}
    one_line = config.vocabulary != "character"
    samples = task.predict_text([config.prompt] * 3, one_line=one_line, **options)
    nlpseq.reporting.print_samples(samples["text"])

    def draw(folder):
        from nlpseq.tasks.language_modeling.pictures import plot_perplexity

        plot_perplexity(training[0], folder / "perplexity.png", data.title)

    return nlpseq.cli.runs.finish(task, config, data, training, validation, test, draw)


if __name__ == "__main__":
    run_recipe(main, Settings, PRESETS)
