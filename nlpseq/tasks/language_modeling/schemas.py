"""Which features of a known dataset are what."""

from dataclasses import dataclass


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
