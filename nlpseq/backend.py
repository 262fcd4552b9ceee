"""Which backend Keras runs on, told without importing Keras."""

import json
import os
import sys
from pathlib import Path


def check_backend():
    """Raises an ImportError unless Keras runs, or will run, on TensorFlow."""
    backend = keras_backend()
    if backend != "tensorflow":
        raise ImportError(
            f"nlpseq needs Keras on TensorFlow, but Keras is set to the backend {backend!r}: set "
            "the environment variable KERAS_BACKEND=tensorflow before Keras is imported."
        )


def keras_backend():
    """The backend of Keras: of the loaded package, else of the environment, else of its file."""
    if "keras" in sys.modules and hasattr(sys.modules["keras"], "backend"):
        return sys.modules["keras"].backend.backend()
    if os.environ.get("KERAS_BACKEND"):
        return os.environ["KERAS_BACKEND"]
    home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    try:
        return json.loads((home / "keras.json").read_text())["backend"]
    except (OSError, ValueError, KeyError, TypeError):
        return "tensorflow"
