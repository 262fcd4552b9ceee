"""Arguments that name the exports to serve."""

import os


def split_name(text: str) -> tuple[str | None, str]:
    """The name and the path in `NAME=PATH`; None and the text if it has no name.

    >>> split_name("mood=saved_models/sentiment"), split_name("saved_models/a=b")
    (('mood', 'saved_models/sentiment'), (None, 'saved_models/a=b'))
    """
    name, equals, path = text.partition("=")
    if equals and name and "/" not in name and not os.path.exists(text):
        return name, path
    return None, text
