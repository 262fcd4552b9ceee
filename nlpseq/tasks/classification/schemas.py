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


GOEMOTIONS = tuple(
    [
        "admiration",
        "amusement",
        "anger",
        "annoyance",
        "approval",
        "caring",
        "confusion",
        "curiosity",
        "desire",
        "disappointment",
        "disapproval",
        "disgust",
        "embarrassment",
        "excitement",
        "fear",
        "gratitude",
        "grief",
        "joy",
        "love",
        "nervousness",
        "neutral",
        "optimism",
        "pride",
        "realization",
        "relief",
        "remorse",
        "sadness",
        "surprise",
    ]
)

CLASSIFICATION = {
    "nlpseq_recall": ClassificationSchema(label="answer", validation="validation", generated=True),
    "nlpseq_reviews": ClassificationSchema(validation="validation", generated=True),
    "ag_news_subset": ClassificationSchema(text=("title", "description")),
    "glue/cola": ClassificationSchema(text=("sentence",), test="validation"),
    "glue/sst2": ClassificationSchema(text=("sentence",), test="validation"),
    "goemotions": ClassificationSchema(text=("comment_text",), label=GOEMOTIONS, validation="validation"),
    "imdb_reviews": ClassificationSchema(),
    "sentiment140": ClassificationSchema(label="polarity", names={0: "negative", 4: "positive"}),
    "trec": ClassificationSchema(label="label-coarse"),
    "yelp_polarity_reviews": ClassificationSchema(),
}
