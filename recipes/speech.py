"""Trains a recurrent speech recognizer on sounds and their texts, and exports it.

The recipe trains on a dataset of TensorFlow Datasets or on your own recordings, evaluates, plots and exports a
SavedModel that takes samples. Without flags it trains on nlpseq_morse, generated Morse code in noise: test character
error rate 0.02 or less in about two minutes of two idle cores. Scores on real data: recipes/README.md.
"""

import nlpseq
from nlpseq.cli import begin, finish, follow_data, run_recipe
from nlpseq.tasks.speech.settings import SpeechSettings as Settings


def main(config: Settings) -> dict:
    """Runs the recipe; returns its metrics."""
    from nlpseq.tasks.speech import defaults, language, pictures, report

    checkpoints = begin(config, config.data.output)

    nlpseq.reporting.say(f"reading {config.data.dataset}")
    data = nlpseq.data.load_speech(
        config.data.dataset,
        seed=config.training.seed,
        sample_rate=config.model.features.sample_rate,
        pattern=config.data.pattern,
        texts=config.data.texts,
        lowercase=config.data.lowercase,
        group=config.data.group,
        encoding=config.data.encoding,
        validation_where=config.data.validation_where,
        test_where=config.data.test_where,
        **config.splits.loading(),
    )
    report.print_audio(data)
    choices = defaults.choose(defaults.profile(data), streaming=not config.model.bidirectional)
    config = follow_data(config, choices, defaults.SPACE)
    report.print_unused(config.model)

    nlpseq.reporting.say("learning the units")
    tokenizer = nlpseq.text.SubwordTokenizer.learn(data.train.texts.tolist(), **config.units_of_text.learning())

    with nlpseq.training.precision(config.training.mixed_precision):
        task = nlpseq.tasks.SpeechRecognizer(tokenizer, **config.model.flat())
    task.adapt(data.train)
    strings = config.model.augmentation.splice > 0
    language_model = language.language_of(tokenizer, data.train.texts, **config.search.flat(), strings=strings)
    training = nlpseq.training.train(task, data.train, data.validation, config.training, checkpoints)
    task.set_language(language_model)

    nlpseq.reporting.say("evaluating on the validation and test splits")
    validation = nlpseq.evaluation.evaluate_recognizer(task, data.validation)
    test = nlpseq.evaluation.evaluate_recognizer(task, data.test)
    report.print_speech(test, data)

    def draw(folder):
        pictures.draw(test, task, folder, f"{data.title}, test")

    return finish(task, config, data, training, validation, test, draw, checkpoints)


if __name__ == "__main__":
    run_recipe(main, Settings)
