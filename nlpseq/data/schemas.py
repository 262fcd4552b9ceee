"""Which features of a known dataset are what."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ClassificationSchema:
    """How to read a classification dataset.

    Attributes:
        text: names of the text features, joined by a blank line where several.
        label: name of the label feature; or several names of bool features, of
            which an example must have exactly one to be used.
        names: names of the values of an integer label that is no `ClassLabel`;
            examples with another value are left out.
        train, validation, test: TFDS splits. Without a validation split a tenth
            of the training split is held out.
        generated: whether the sentences are generated, not written by people.
    """

    text: tuple = ("text",)
    label: str | tuple = "label"
    names: dict | None = None
    train: str = "train"
    validation: str | None = None
    test: str = "test"
    generated: bool = False


@dataclass(frozen=True)
class TaggingSchema:
    """How to read a dataset of tagged sentences.

    Attributes:
        tokens: name of the feature with the tokens of a sentence.
        tags: name of the feature with their tags.
        left_out: a feature and the value in it, as text, of tokens that are no words
            of the sentence.
        train, validation, test: TFDS splits. Without a validation or a test split a
            tenth of the training split is held out.
        generated: whether the sentences are generated, not written by people.
    """

    tokens: str = "tokens"
    tags: str = "tags"
    left_out: tuple | None = None
    train: str = "train"
    validation: str = "validation"
    test: str = "test"
    generated: bool = False


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


@dataclass(frozen=True)
class LanguageSchema:
    """How to read a dataset of running text.

    Attributes:
        text: name of the text feature.
        replacements: pairs of a string of the texts that is no language, and what to put
            in its place.
        train, validation, test: TFDS splits. Without a validation or a test split the end
            of the training text is held out.
        generated: whether the sentences are generated, not written by people.
    """

    text: str = "text"
    replacements: tuple = ()
    train: str = "train"
    validation: str = "validation"
    test: str = "test"
    generated: bool = False


GOEMOTIONS = tuple(
    """admiration amusement anger annoyance approval caring confusion curiosity desire
    disappointment disapproval disgust embarrassment excitement fear gratitude grief joy love
    nervousness neutral optimism pride realization relief remorse sadness surprise""".split()
)

CLASSIFICATION = {
    "nlpseq_recall": ClassificationSchema(label="answer", validation="validation", generated=True),
    "nlpseq_reviews": ClassificationSchema(validation="validation", generated=True),
    "ag_news_subset": ClassificationSchema(text=("title", "description")),
    "glue/cola": ClassificationSchema(text=("sentence",), test="validation"),
    "glue/sst2": ClassificationSchema(text=("sentence",), test="validation"),
    "goemotions": ClassificationSchema(
        text=("comment_text",), label=GOEMOTIONS, validation="validation"
    ),
    "imdb_reviews": ClassificationSchema(),
    "sentiment140": ClassificationSchema(
        label="polarity", names={0: "negative", 4: "positive"}
    ),
    "trec": ClassificationSchema(label="label-coarse"),
    "yelp_polarity_reviews": ClassificationSchema(),
}

TAGGING = {
    "nlpseq_tags": TaggingSchema(generated=True),
    "conll2002": TaggingSchema(tags="ner", validation="dev"),
    "conll2003": TaggingSchema(tags="ner", validation="dev"),
    # Neither "don't", which its words follow, nor an elided word has a head.
    "universal_dependencies": TaggingSchema(
        tags="upos", left_out=("head", "None"), validation="dev"
    ),
    "wikiann": TaggingSchema(),
    "xtreme_pos": TaggingSchema(tags="upos", validation="dev"),
}

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

# The marks that its texts have between their parts.
WIKI40B = (
    ("\n_START_ARTICLE_\n", ""),
    ("\n_START_SECTION_\n", "\n"),
    ("\n_START_PARAGRAPH_\n", "\n"),
    ("_NEWLINE_", "\n"),
)

LANGUAGE = {
    "nlpseq_phrases": LanguageSchema(text="en", generated=True),
    "nlpseq_recall": LanguageSchema(generated=True),
    "nlpseq_reviews": LanguageSchema(generated=True),
    "lm1b": LanguageSchema(),
    "tiny_shakespeare": LanguageSchema(),
    "wiki40b": LanguageSchema(replacements=WIKI40B),
}
