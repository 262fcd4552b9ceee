"""Which features of a known dataset are what."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TranslationSchema:
    """How to read a dataset of sentences and their translations.

    Attributes:
        source, target: names of two text features, mostly languages. Default the
            supervised keys of the builder; where one is given, the other of two.
        train, validation, test: TFDS splits. Without a validation or a test split a
            tenth of the training split is held out.
        generated: whether the sentences are generated, not written by people.
    """

    source: str | None = None
    target: str | None = None
    train: str = "train"
    validation: str = "validation"
    test: str = "test"
    generated: bool = False


TRANSLATION = {
    "nlpseq_phrases": TranslationSchema(generated=True),
    "opus": TranslationSchema(),
    "para_crawl": TranslationSchema(),
    "scan": TranslationSchema(generated=True),
    "ted_hrlr_translate": TranslationSchema(),
    "wmt13_translate": TranslationSchema(),
    "wmt14_translate": TranslationSchema(),
    "wmt15_translate": TranslationSchema(),
    "wmt16_translate": TranslationSchema(),
    "wmt17_translate": TranslationSchema(),
    "wmt18_translate": TranslationSchema(),
    "wmt19_translate": TranslationSchema(),
    "wmt_t2t_translate": TranslationSchema(),
}
