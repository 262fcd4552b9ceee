"""Layers of sounds and features whose argument is a group of settings."""

from typing import Any, ClassVar

import keras

from nlpseq.settings import Settings


class ConfiguredLayer(keras.layers.Layer):
    """A layer with one argument.

    Args:
        settings: Of the class `kind`, or its attributes as a dict.
    """

    kind: ClassVar[type[Settings]]

    def __init__(self, settings: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.settings: Any = settings if isinstance(settings, self.kind) else self.kind.of(**settings)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "settings": self.settings.flat()}
