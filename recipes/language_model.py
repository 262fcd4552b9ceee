"""Trains a recurrent language model on raw text and exports a model that scores and generates text.

The text is a dataset of TensorFlow Datasets, a `.txt` file, or a folder of such files. The recipe
trains by truncated backpropagation through time, evaluates on the continuous test text with
carried states, plots the training and exports a SavedModel. Without flags it trains on the English
side of nlpseq_phrases, a generated corpus that ships with nlpseq, to a perplexity of about 10, in
about two minutes and 1 GB of memory.
"""

import nlpseq
from nlpseq.cli import begin, finish, follow_data, run_recipe
from nlpseq.tasks.language_modeling.settings import PRESETS
from nlpseq.tasks.language_modeling.settings import LanguageModelingSettings as Settings

SAMPLES = 3  # number of samples that are printed after training
STREAMS = 20  # parts of a text that are read side by side where a budget leaves no time for reading it in one


def load(config: Settings):
    """The dataset that the settings name: of a prepared corpus, TensorFlow Datasets or files."""
    if config.data.prepared:
        return nlpseq.data.load_prepared_text(config.data.prepared)
    return nlpseq.data.load_running_texts(
        config.data.dataset, text=config.data.text, **config.files.flat(), **config.splits.loading()
    )


def main(config: Settings) -> dict:
    """Runs the recipe; returns its metrics."""
    from nlpseq.tasks.language_modeling import defaults, pictures, report

    checkpoints = begin(config, config.data.output)

    prepared = config.data.prepared
    nlpseq.reporting.say(f"reading {prepared or config.data.dataset}")
    data = load(config)
    nlpseq.reporting.print_data(data, "lines of text")
    kind = data.preprocessor.tokenizer.kind if prepared else config.tokens.vocabulary
    characters = kind == "character"
    choices = defaults.choose(defaults.profile(data, characters), characters)
    config = follow_data(config, choices, defaults.SPACE)

    if prepared:
        preprocessor = data.preprocessor
    else:
        nlpseq.reporting.say("learning the vocabulary")
        preprocessor = nlpseq.text.LinePreprocessor.learn(data.train.lines, **config.tokens.learning())
    samples = config.samples
    preprocessor.check_length([samples.prompt], "`prompt`")

    def make():
        with nlpseq.training.precision(config.training.mixed_precision):
            return nlpseq.tasks.LanguageModel(preprocessor, **config.model.flat())

    task, training = nlpseq.training.train_members(
        make, config.networks.ensemble, data.train, data.validation, config.training, checkpoints
    )

    nlpseq.reporting.say("evaluating on the validation and test splits")
    dynamic = None
    if config.evaluation.dynamic_evaluation:
        dynamic = nlpseq.tasks.DynamicEvaluation(task, data.train, **config.evaluation.dynamic())
    streams = STREAMS if config.training.budget else 1
    validation, test = (
        nlpseq.evaluation.evaluate_language_model(task, split, streams, dynamic)
        for split in (data.validation, data.test)
    )
    report.print_language(test, data, streams)
    completions = task.predict_text(
        [samples.prompt] * SAMPLES,
        length=samples.sample_length,
        one_line=preprocessor.tokenizer.kind != "character",
        temperature=samples.temperature,
        seed=config.training.seed,
    )
    report.print_samples(completions["text"])

    def draw(folder):
        pictures.plot_perplexity(training[0], folder / "perplexity.png", data.title)

    return finish(task, config, data, training, validation, test, draw, checkpoints)


if __name__ == "__main__":
    run_recipe(main, Settings, PRESETS)
