"""Which features of a known dataset are what."""

from dataclasses import dataclass


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


TAGGING = {
    "nlpseq_tags": TaggingSchema(generated=True),
    "conll2002": TaggingSchema(tags="ner", validation="dev"),
    "conll2003": TaggingSchema(tags="ner", validation="dev"),
    # Neither "don't", which its words follow, nor an elided word has a head.
    "universal_dependencies": TaggingSchema(tags="upos", left_out=("head", "None"), validation="dev"),
    "wikiann": TaggingSchema(),
    "xtreme_pos": TaggingSchema(tags="upos", validation="dev"),
}
