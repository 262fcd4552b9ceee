"""Corpora whose splits are generated from one seed each."""

from typing import ClassVar

import tensorflow_datasets as tfds


class SeededCorpus(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """A corpus whose `_generate_examples(seed, size)` makes a split; the seed of a split is its number.

    Class attributes:
        SIZES: What each split is made of.
    """

    SIZES: ClassVar[dict[str, int]]

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(seed, size) for seed, (split, size) in enumerate(self.SIZES.items())}
