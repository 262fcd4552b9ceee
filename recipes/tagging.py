"""Trains a recurrent token tagger, for parts of speech, named entities or chunks, and exports it.

The recipe trains on a dataset of TensorFlow Datasets or on your own files (CoNLL columns, CoNLL-U, tables, JSON),
evaluates, plots and exports a SavedModel that takes raw strings or tokens. Without flags it trains
on nlpseq_tags, a generated corpus that ships with nlpseq: test accuracy 0.98 or more in about a
minute and 1.3 GB of memory. Scores on real data: recipes/README.md.
"""

import nlpseq
from nlpseq.cli import begin, finish, follow_data, run_recipe
from nlpseq.tasks.tagging.settings import TaggingSettings as Settings


def load(config: Settings):
    """The dataset that the settings name: of a prepared corpus, TensorFlow Datasets or files."""
    if config.data.prepared:
        return nlpseq.data.load_prepared_sentences(config.data.prepared)
    return nlpseq.data.load_tagged_sentences(
        config.data.dataset,
        seed=config.training.seed,
        tokens=config.data.tokens,
        tags=config.data.tags,
        **config.files.flat(),
        **config.splits.loading(),
    )


def main(config: Settings) -> dict:
    """Runs the recipe; returns its metrics."""
    from nlpseq.tasks.tagging import defaults, report

    checkpoints = begin(config, config.data.output)
    vectors = config.word_vectors.open()

    prepared = config.data.prepared
    nlpseq.reporting.say(f"reading {prepared or config.data.dataset}")
    data = load(config)
    nlpseq.reporting.print_data(data, nlpseq.reporting.listed(data.labels, "tags"))
    config = follow_data(config, defaults.choose(defaults.profile(data)), defaults.SPACE)

    if prepared:
        preprocessor = data.preprocessor
    else:
        nlpseq.reporting.say("learning the vocabulary")
        tokens, _ = data.train.ragged()
        preprocessor = nlpseq.text.TokenPreprocessor.learn(tokens, **config.words.flat(), vectors=vectors)
    if vectors is not None:
        nlpseq.reporting.say(vectors.summary())

    def make():
        pretrained = {"vectors": vectors, **config.word_vectors.training()}
        with nlpseq.training.precision(config.training.mixed_precision):
            task = nlpseq.tasks.TokenTagger(preprocessor, data.labels, data.scheme, **pretrained, **config.model.flat())
        if config.pretraining.pretrain and not prepared:
            sentences = data.train.tokens, data.validation.tokens
            nlpseq.tasks.pretrain(task, *sentences, **config.pretraining.flat(), checkpoints=checkpoints)
        return task

    task, training = nlpseq.training.train_members(
        make, config.networks.ensemble, data.train, data.validation, config.training, checkpoints
    )

    nlpseq.reporting.say("evaluating on the validation and test splits")
    training_tokens = data.training_tokens()
    validation, test = (
        nlpseq.evaluation.evaluate_tagger(task, split, training_tokens, data.scheme)
        for split in (data.validation, data.test)
    )
    report.print_tagging(test, data)

    def draw(folder):
        nlpseq.reporting.plot_confusion(test.confusion, test.names, folder / "confusion.png", f"{data.title}, test")
        report.write_worst_sentences(test, folder / "worst_sentences.txt")

    return finish(task, config, data, training, validation, test, draw, checkpoints)


if __name__ == "__main__":
    run_recipe(main, Settings)
