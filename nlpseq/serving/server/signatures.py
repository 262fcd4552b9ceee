"""The signatures of a SavedModel as TensorFlow Serving's metadata shows them."""

from pathlib import Path
from typing import Any

from tensorflow.core.framework.types_pb2 import DataType
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel


def signature_defs(folder: Path) -> dict[str, Any]:
    """The signature definitions of an export, as JSON values by name."""
    model = SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    return {
        name: {
            "inputs": _tensors(signature.inputs),
            "outputs": _tensors(signature.outputs),
            "method_name": signature.method_name,
            "defaults": {},
        }
        for name, signature in sorted(model.meta_graphs[0].signature_def.items())
    }


def _tensors(infos):
    return {name: {"dtype": DataType.Name(info.dtype), "tensor_shape": _shape(info), "name": info.name}
            for name, info in sorted(infos.items())}  # fmt: skip


def _shape(info):
    """The shape; sizes are strings, as protocol buffers write numbers of 64 bits."""
    dims = [{"size": str(dim.size), "name": dim.name} for dim in info.tensor_shape.dim]
    return {"dim": dims, "unknown_rank": info.tensor_shape.unknown_rank}
