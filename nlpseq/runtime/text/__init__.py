"""The preprocessors of `nlpseq.text` in pure Python, from the JSON that an export has of them."""

from typing import Any

from nlpseq.errors import InputError
from nlpseq.runtime.text import subwords, words
from nlpseq.runtime.text.characters import Characters

CLASSES = {
    cls.__name__: cls
    for cls in (
        words.Ngrams,
        words.TokenPreprocessor,
        words.Vocabulary,
        words.WordPreprocessor,
        words.WordTokenizer,
        subwords.LinePreprocessor,
        subwords.PairPreprocessor,
        subwords.SubwordTokenizer,
    )
}


def restore(description: dict[str, Any]) -> Any:
    """The preprocessor of a description, as `nlpseq.text.description.describe` makes it.

    Raises:
        InputError: it is of a class of another package, or incomplete.
    """
    try:
        return _restored(description["preprocessor"], Characters(description))
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"the client.json of the export is incomplete ({error}): make its formats again.") from None


def _restored(value, characters):
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [_restored(item, characters) for item in value]
    if not (isinstance(value, dict) and {"class_name", "config"} <= set(value)):
        return value
    if value["class_name"] not in CLASSES:
        raise InputError(
            f"nlpseq.runtime has no preprocessor {value['class_name']!r}: use the saved_model of the export."
        )
    config = {name: _restored(part, characters) for name, part in value["config"].items()}
    if value["class_name"] == "TokenPreprocessor":
        config["letters"] = config.pop("characters")
    return CLASSES[value["class_name"]](characters, **config)
