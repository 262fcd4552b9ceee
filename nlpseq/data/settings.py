"""Settings of the data that all recipes share."""

from dataclasses import dataclass
from typing import Literal

from nlpseq.settings import Settings


@dataclass(frozen=True)
class DataSettings(Settings):
    """The data to learn from, and where the result is written."""

    free = True  # a run that continues compares the data themselves

    dataset: str = ""
    """Name of a TFDS dataset, or path of a file or of a folder of files."""
    output: str = ""
    """Folder in which the export gets the next free version number."""
    formats: str = "saved_model"
    """Formats of the exported model, separated by commas: saved_model (always), litert, onnx."""
    quantize: Literal["none", "float16", "int8"] = "none"
    """Type of the weights in the format litert; float32 for none."""


@dataclass(frozen=True)
class FileSettings(Settings):
    """Files of your own: how they are read."""

    free = True

    delimiter: str | None = None
    """Delimiter of the columns of files, a character or "tab"; None to find it out."""
    encoding: str | None = None
    """Encoding of files; None for UTF-8, or that of a byte-order mark."""


@dataclass(frozen=True)
class SplitSettings(Settings):
    """Datasets of TensorFlow Datasets: where they are, and which splits are read."""

    free = True

    data_dir: str | None = None
    """Folder of prepared TFDS datasets; None for the default of TFDS."""
    train_split: str | None = None
    """Split of a TFDS dataset to train on, e.g. "train[:80%]"; None for the usual one."""
    validation_split: str | None = None
    """Split to validate on, or a path; None for the usual one, or a tenth of training held out."""
    test_split: str | None = None
    """Split to test on, or a path; None for the usual one, or a tenth of training held out."""

    def loading(self) -> dict[str, str | None]:
        """The arguments of the `load_...` functions of `nlpseq.data`."""
        splits = {"train": self.train_split, "validation": self.validation_split, "test": self.test_split}
        return {"data_dir": self.data_dir, **splits}
