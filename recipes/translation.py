"""Trains a recurrent encoder-decoder with attention to translate, and exports it.

The data are a dataset of TensorFlow Datasets, a folder with a file for each language and split, or
`.tsv` files of two columns. The recipe trains, evaluates, plots and exports a SavedModel that takes
raw strings and translates by beam search. Without flags it trains on nlpseq_phrases, a generated
corpus of English and German that ships with nlpseq: exact match about 0.99 in two to four minutes
and 1.4 GB of memory.
"""

import nlpseq
from nlpseq.cli import begin, finish, follow_data, run_recipe
from nlpseq.tasks.translation.settings import PRESETS
from nlpseq.tasks.translation.settings import TranslationSettings as Settings

CHECKED = 5000  # number of training pairs that are checked for truncation


def load(config: Settings):
    """The dataset that the settings name: of a prepared corpus, TensorFlow Datasets or files."""
    if config.data.prepared:
        return nlpseq.data.load_prepared_pairs(config.data.prepared)
    return nlpseq.data.load_parallel_texts(
        config.data.dataset,
        seed=config.training.seed,
        source=config.data.source,
        target=config.data.target,
        **config.files.flat(),
        **config.splits.loading(),
    )


def main(config: Settings) -> dict:
    """Runs the recipe; returns its metrics."""
    from nlpseq.tasks.translation import defaults, pictures, report, search

    checkpoints = begin(config, config.data.output)
    vectors = config.word_vectors.open()

    prepared = config.data.prepared
    nlpseq.reporting.say(f"reading {prepared or config.data.dataset}")
    data = load(config)
    nlpseq.reporting.print_data(data, f"{data.source} to {data.target}")
    config = follow_data(config, defaults.choose(defaults.profile(data), config.tokens, vectors), defaults.SPACE)

    if prepared:
        preprocessor = data.preprocessor
    else:
        nlpseq.reporting.say("learning the vocabulary")
        preprocessor = nlpseq.text.PairPreprocessor.learn(
            data.train.sources, data.train.targets, **config.tokens.learning()
        )
    if vectors is not None:
        vectors.find(preprocessor.count_source_words(data.train.sources))
        nlpseq.reporting.say(vectors.summary())
    split, pairs = ("validation", data.validation) if prepared else ("training", data.train)
    pairs = pairs.select(slice(CHECKED))
    share = preprocessor.truncated_share(pairs.sources, pairs.targets)
    report.print_truncated(share, preprocessor.max_tokens, len(pairs), split)
    with nlpseq.training.precision(config.training.mixed_precision):
        pretrained = {"vectors": vectors, **config.word_vectors.training()}
        task = nlpseq.tasks.Translator(preprocessor, **pretrained, **config.model.flat())
    training = nlpseq.training.train(task, data.train, data.validation, config.training, checkpoints)

    nlpseq.reporting.say("evaluating on the validation and test splits")
    validation, test = (nlpseq.evaluation.evaluate_translator(task, split) for split in (data.validation, data.test))
    report.print_translations(test, data)

    def draw(folder):
        samples = search.attention_samples(task, data.validation.sources)
        if samples:
            pictures.plot_attention(samples, folder / "attention.png", data.title)

    return finish(task, config, data, training, validation, test, draw, checkpoints)


if __name__ == "__main__":
    run_recipe(main, Settings, PRESETS)
