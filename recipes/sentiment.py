"""Trains a recurrent text classifier on raw text and exports it.

The recipe trains on a dataset of TensorFlow Datasets or on your own files, evaluates, plots and
exports a SavedModel that takes raw strings. Without flags it trains on nlpseq_reviews, a generated
corpus that ships with nlpseq: test accuracy 0.97 or more in about a minute and 1.5 GB of memory.
Scores on real data: recipes/README.md.
"""

import nlpseq
from nlpseq.cli import begin, finish, follow_data, run_recipe
from nlpseq.tasks.classification.settings import ClassificationSettings as Settings


def load(config: Settings):
    """The dataset that the settings name: of a prepared corpus, TensorFlow Datasets or files."""
    if config.data.prepared:
        return nlpseq.data.load_prepared_texts(config.data.prepared)
    return nlpseq.data.load_labelled_texts(
        config.data.dataset,
        seed=config.training.seed,
        text=config.data.text,
        label=config.data.label,
        label_separator=config.data.label_separator,
        **config.files.flat(),
        **config.splits.loading(),
    )


def main(config: Settings) -> dict:
    """Runs the recipe; returns its metrics."""
    from nlpseq.tasks.classification import defaults, pictures, report

    checkpoints = begin(config, config.data.output)
    vectors = config.word_vectors.open()

    prepared = config.data.prepared
    nlpseq.reporting.say(f"reading {prepared or config.data.dataset}")
    data = load(config)
    nlpseq.reporting.print_data(data, nlpseq.reporting.listed(data.labels))
    config = follow_data(config, defaults.choose(defaults.profile(data), vectors), defaults.SPACE)

    if prepared:
        preprocessor = data.preprocessor
    else:
        nlpseq.reporting.say("learning the vocabulary")
        preprocessor = nlpseq.text.WordPreprocessor.learn(data.train.texts, **config.words.flat(), vectors=vectors)
    if vectors is not None:
        nlpseq.reporting.say(vectors.summary())

    def make():
        pretrained = {"vectors": vectors, **config.word_vectors.training()}
        with nlpseq.training.precision(config.training.mixed_precision):
            task = nlpseq.tasks.TextClassifier(
                preprocessor, data.labels, data.multi_label, **pretrained, **config.model.flat()
            )
        task.adapt(data.train)
        report.print_class_weights(task)
        if config.pretraining.pretrain and not prepared:
            texts = data.train.texts, data.validation.texts
            nlpseq.tasks.pretrain(task, *texts, **config.pretraining.flat(), checkpoints=checkpoints)
        return task

    task, training = nlpseq.training.train_members(
        make, config.networks.ensemble, data.train, data.validation, config.training, checkpoints
    )
    report.print_share(task.choose_share(data.validation))
    if data.multi_label:
        task.choose_thresholds(data.validation)
    if config.scores.calibration != "none":
        report.print_calibration(task.calibrate(data.validation))

    nlpseq.reporting.say("evaluating on the validation and test splits")
    validation = nlpseq.evaluation.evaluate_classifier(task, data.validation)
    test = nlpseq.evaluation.evaluate_classifier(task, data.test)
    report.print_classification(test, data)

    def draw(folder):
        pictures.draw(test, folder, f"{data.title}, test")

    return finish(task, config, data, training, validation, test, draw, checkpoints)


if __name__ == "__main__":
    run_recipe(main, Settings)
