# Read by pyright in the place of its incomplete stubs, which reject valid calls (tf.cast of a variable).
from typing import Any

def __getattr__(name: str) -> Any: ...
