"""The equivalent in ONNX of each op of TensorFlow that models of nlpseq use.

Each function takes the builder, the op and the values of its inputs, and returns the value of its output, or a list.
"""

import numpy as np

from nlpseq.errors import InputError
from nlpseq.serving.formats.onnx.builder import Builder, Value

SAME = {
    "Add": "Add", "AddV2": "Add", "BiasAdd": "Add", "Sub": "Sub", "Mul": "Mul", "RealDiv": "Div", "Pow": "Pow",
    "Maximum": "Max", "Minimum": "Min", "AddN": "Sum", "Neg": "Neg", "Abs": "Abs", "Sign": "Sign", "Floor": "Floor",
    "Exp": "Exp", "Log": "Log", "Sqrt": "Sqrt", "Tanh": "Tanh", "Sigmoid": "Sigmoid", "Relu": "Relu", "Elu": "Elu",
    "Selu": "Selu", "Softplus": "Softplus", "Softsign": "Softsign", "Erf": "Erf", "Sin": "Sin", "Cos": "Cos",
    "LogicalAnd": "And", "LogicalOr": "Or", "LogicalNot": "Not", "Equal": "Equal", "Less": "Less",
    "Greater": "Greater", "LessEqual": "LessOrEqual", "GreaterEqual": "GreaterOrEqual", "SelectV2": "Where",
    "Ceil": "Ceil", "Round": "Round", "Rint": "Round", "Inv": "Reciprocal", "Reciprocal": "Reciprocal", "Tan": "Tan",
    "Asin": "Asin", "Acos": "Acos", "Atan": "Atan", "Sinh": "Sinh", "Cosh": "Cosh", "IsNan": "IsNaN", "IsInf": "IsInf",
    "FloorDiv": "Div", "FloorMod": "Mod",  # of sizes and ids, which are not negative
}  # fmt: skip
REDUCTIONS = {"Max": "ReduceMax", "Min": "ReduceMin", "Mean": "ReduceMean", "Prod": "ReduceProd"}
OPERATORS = {}


def _operator(*names):
    def register(function):
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return register


def static(value: Value, role: str) -> np.ndarray:
    """A value that must be a constant."""
    if isinstance(value, str):
        raise InputError(f"onnx cannot take {role} that is computed: export the model to another format.")
    return value


@_operator(*SAME)
def _same(builder: Builder, op, inputs):
    if op.type in ("Maximum", "Minimum") and len(inputs) == 2 and op.outputs[0].dtype.name == "int32":
        return builder.cast(builder.add(SAME[op.type], *map(builder.int64, inputs)), np.int32)
    return builder.add(SAME[op.type], *inputs)


@_operator("NotEqual")
def _not_equal(builder, op, inputs):
    return builder.add("Not", builder.add("Equal", *inputs))


@_operator("IsFinite")
def _is_finite(builder, op, inputs):
    return builder.add("Not", builder.add("Or", *(builder.add(name, inputs[0]) for name in ("IsNaN", "IsInf"))))


@_operator("Square")
def _square(builder, op, inputs):
    return builder.add("Mul", inputs[0], inputs[0])


@_operator("SquaredDifference")
def _squared_difference(builder, op, inputs):
    difference = builder.add("Sub", *inputs)
    return builder.add("Mul", difference, difference)


@_operator("Rsqrt")
def _rsqrt(builder, op, inputs):
    return builder.add("Reciprocal", builder.add("Sqrt", inputs[0]))


@_operator("Relu6")
def _relu6(builder, op, inputs):
    dtype = op.outputs[0].dtype.as_numpy_dtype
    return builder.add("Clip", inputs[0], np.array(0, dtype), np.array(6, dtype))


@_operator("ClipByValue")
def _clip(builder, op, inputs):
    return builder.add("Clip", *inputs)


@_operator("LeakyRelu")
def _leaky_relu(builder, op, inputs):
    return builder.add("LeakyRelu", inputs[0], alpha=op.get_attr("alpha"))


@_operator("Softmax", "LogSoftmax")
def _softmax(builder, op, inputs):
    return builder.add(op.type, inputs[0], axis=-1)


@_operator("Cast")
def _cast(builder, op, inputs):
    return builder.cast(inputs[0], op.outputs[0].dtype.as_numpy_dtype)


@_operator("ZerosLike", "OnesLike")
def _filled_like(builder, op, inputs):
    value = np.array(0 if op.type == "ZerosLike" else 1, op.outputs[0].dtype.as_numpy_dtype)
    return builder.add("Expand", value, builder.add("Shape", inputs[0]))


@_operator("Fill")
def _fill(builder, op, inputs):
    filled = builder.add("Expand", inputs[1], builder.int64(inputs[0]))
    if isinstance(inputs[1], np.ndarray) and not inputs[1]:
        builder.zeros.add(filled)
    return filled


@_operator("BroadcastTo")
def _broadcast_to(builder, op, inputs):
    return builder.add("Expand", inputs[0], builder.int64(inputs[1]))


@_operator("Shape", "Size")
def _shape(builder, op, inputs):
    return builder.cast(builder.add(op.type, inputs[0]), op.outputs[0].dtype.as_numpy_dtype)


@_operator("Reshape")
def _reshape(builder, op, inputs):
    return builder.add("Reshape", inputs[0], builder.int64(inputs[1]))


@_operator("ExpandDims")
def _expand_dims(builder, op, inputs):
    return builder.add("Unsqueeze", inputs[0], np.atleast_1d(static(inputs[1], "an axis")).astype(np.int64))


@_operator("Squeeze")
def _squeeze(builder, op, inputs):
    axes = op.get_attr("squeeze_dims")
    return builder.add("Squeeze", inputs[0], np.array(axes, np.int64) if axes else None)


@_operator("Transpose")
def _transpose(builder, op, inputs):
    return builder.add("Transpose", inputs[0], perm=static(inputs[1], "an order of axes").tolist())


@_operator("Tile")
def _tile(builder, op, inputs):
    return builder.add("Tile", inputs[0], builder.int64(inputs[1]))


@_operator("Range")
def _range(builder, op, inputs):
    return builder.add("Range", *inputs)


@_operator("Pad", "PadV2")
def _pad(builder, op, inputs):
    sizes = builder.int64(builder.add("Reshape", builder.add("Transpose", inputs[1]), np.array([-1])))
    return builder.add("Pad", inputs[0], sizes, inputs[2] if len(inputs) > 2 else None)


@_operator("ConcatV2")
def _concat(builder, op, inputs):
    return builder.add("Concat", *inputs[:-1], axis=int(static(inputs[-1], "an axis")))


@_operator("Pack")
def _pack(builder, op, inputs):
    axis = op.get_attr("axis")
    return builder.add("Concat", *(builder.add("Unsqueeze", value, np.array([axis])) for value in inputs), axis=axis)


@_operator("Unpack")
def _unpack(builder, op, inputs):
    axis = op.get_attr("axis")
    numbers = range(op.get_attr("num"))
    return [builder.add("Gather", inputs[0], np.array(number), axis=axis) for number in numbers]


@_operator("Split")
def _split(builder, op, inputs):
    count = op.get_attr("num_split")
    parts = builder.add("Split", inputs[1], outputs=count, axis=int(static(inputs[0], "an axis")))
    return parts if count > 1 else [parts]


@_operator("SplitV")
def _split_sizes(builder, op, inputs):
    sizes, axis = static(inputs[1], "sizes").astype(np.int64), int(static(inputs[2], "an axis"))
    if (sizes < 0).any():  # one size is what the others leave
        sizes = np.where(sizes < 0, op.inputs[0].shape[axis] - sizes[sizes >= 0].sum(), sizes)
    parts = builder.add("Split", inputs[0], sizes, outputs=len(sizes), axis=axis)
    return parts if len(sizes) > 1 else [parts]


@_operator("StridedSlice")
def _strided_slice(builder, op, inputs):
    cuts, squeezed, added = _cuts(builder, op, inputs)
    cuts = [cut for cut in cuts if not _is_whole(cut)]
    value = inputs[0]
    if cuts:
        starts, ends = (_joined(builder, [cut[part] for cut in cuts]) for part in (1, 2))
        axes, steps = (np.array([cut[part] for cut in cuts], np.int64) for part in (0, 3))
        value = builder.add("Slice", value, starts, ends, axes, steps)
    if squeezed:
        value = builder.add("Squeeze", value, np.array(squeezed, np.int64))
    return builder.add("Unsqueeze", value, np.array(added, np.int64)) if added else value


def _cuts(builder, op, inputs):
    """What the entries of a slice, with the masks that say what they are, do to the axes.

    Returns:
        `(cuts, squeezed, added)`: axis, start, end and step of each entry that cuts; the axes that a single index
        removes; and the axes of the result that are new.
    """
    _, begin, end, stride = inputs
    stride = static(stride, "a stride")
    masks = {name: op.get_attr(f"{name}_mask") for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")}

    def is_set(mask, entry):
        return bool(masks[mask] >> entry & 1)

    entries = range(len(stride))
    consumed = sum(not is_set("new_axis", entry) and not is_set("ellipsis", entry) for entry in entries)
    axis, result_axis, cuts, squeezed, added = 0, 0, [], [], []  # axes of the value that are read, and of the result
    for entry in entries:
        if is_set("ellipsis", entry):
            passed = op.inputs[0].shape.rank - consumed
            axis, result_axis = axis + passed, result_axis + passed
            continue
        if is_set("new_axis", entry):
            added.append(result_axis)
            result_axis += 1
            continue
        single, backward = is_set("shrink_axis", entry), stride[entry] < 0
        first, last = _bounds(builder, begin, end, entry, single)
        if is_set("begin", entry) and not single:
            first = np.array([2**31 - 1 if backward else 0])
        if is_set("end", entry) and not single:
            last = np.array([-(2**31) if backward else 2**31 - 1])
        cuts.append((axis, first, last, stride[entry]))
        if single:
            squeezed.append(axis)
        axis, result_axis = axis + 1, result_axis + (not single)
    return cuts, squeezed, added


def _is_whole(cut):
    """Whether a cut is known to leave all of its axis."""
    _, first, last, step = cut
    is_constant = isinstance(first, np.ndarray) and isinstance(last, np.ndarray)
    return is_constant and first[0] == 0 and last[0] == 2**31 - 1 and step == 1


def _bounds(builder, begin, end, entry, single):
    """Start and end `(1,)` of an entry; of an index i they are i and i + 1."""
    first = _entry(builder, begin, entry)
    if not single:
        return first, _entry(builder, end, entry)
    if isinstance(first, np.ndarray):
        return first, np.array([2**31 - 1]) if first[0] == -1 else first + 1
    return first, builder.add("Add", first, np.array([1]))


def _entry(builder, vector, entry):
    if isinstance(vector, np.ndarray):
        return vector[entry : entry + 1].astype(np.int64)
    return builder.int64(builder.add("Slice", vector, np.array([entry]), np.array([entry + 1])))


def _joined(builder, parts):
    if all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate(parts)
    return builder.add("Concat", *parts, axis=0) if len(parts) > 1 else parts[0]


@_operator("GatherV2")
def _gather(builder, op, inputs):
    values, indices, axis = inputs[0], inputs[1], int(static(inputs[2], "an axis"))
    batch_dims = op.get_attr("batch_dims") if op.type == "GatherV2" else 0
    if not batch_dims:
        return builder.add("Gather", values, indices, axis=axis)
    if axis != batch_dims:
        raise InputError("onnx cannot gather along an axis after those of the batch: export to another format.")
    return builder.add("GatherND", values, builder.add("Unsqueeze", builder.int64(indices), np.array([-1])),
                       batch_dims=batch_dims)  # fmt: skip


@_operator("MatMul", "BatchMatMulV2")
def _matmul(builder, op, inputs):
    names = ("transpose_a", "transpose_b") if op.type == "MatMul" else ("adj_x", "adj_y")
    factors = [
        _swapped(builder, value, tensor.shape.rank) if op.get_attr(name) else value
        for value, tensor, name in zip(inputs, op.inputs, names)
    ]
    return builder.add("MatMul", *factors)


def _swapped(builder, value, rank):
    if isinstance(value, np.ndarray):
        return np.swapaxes(value, -1, -2)
    return builder.add("Transpose", value, perm=[*range(rank - 2), rank - 1, rank - 2])


@_operator("Einsum")
def _einsum(builder, op, inputs):
    return builder.add("Einsum", *inputs, equation=op.get_attr("equation").decode())


@_operator("Sum")
def _sum(builder, op, inputs):
    axes = np.atleast_1d(static(inputs[1], "axes")).astype(np.int64)
    return builder.add("ReduceSum", inputs[0], axes, keepdims=int(op.get_attr("keep_dims")))


@_operator(*REDUCTIONS)
def _reduce(builder, op, inputs):
    axes = np.atleast_1d(static(inputs[1], "axes")).tolist()
    return builder.add(REDUCTIONS[op.type], inputs[0], axes=axes, keepdims=int(op.get_attr("keep_dims")))


@_operator("Any", "All")
def _any(builder, op, inputs):
    axes = np.atleast_1d(static(inputs[1], "axes")).tolist()
    kind = "ReduceMax" if op.type == "Any" else "ReduceMin"
    numbers = builder.cast(inputs[0], np.int32)
    return builder.cast(builder.add(kind, numbers, axes=axes, keepdims=int(op.get_attr("keep_dims"))), bool)


@_operator("ArgMax")
def _argmax(builder, op, inputs):
    index = builder.add("ArgMax", inputs[0], axis=int(static(inputs[1], "an axis")), keepdims=0)
    return builder.cast(index, op.outputs[0].dtype.as_numpy_dtype)


@_operator("Cumsum")
def _cumsum(builder, op, inputs):
    options = {name: int(op.get_attr(name)) for name in ("exclusive", "reverse")}
    return builder.add("CumSum", *inputs, **options)


@_operator("OneHot")
def _one_hot(builder, op, inputs):
    indices, depth, on, off = inputs
    pair = _joined(builder, [np.atleast_1d(off), np.atleast_1d(on)])
    return builder.add("OneHot", indices, depth, pair, axis=op.get_attr("axis"))


@_operator("TopKV2")
def _top_k(builder, op, inputs):
    values, indices = builder.add(
        "TopK", inputs[0], builder.add("Reshape", builder.int64(inputs[1]), np.array([1])), outputs=2
    )
    return [values, builder.cast(indices, np.int32)]


@_operator("UniqueV2")
def _unique(builder, op, inputs):
    axis = int(static(inputs[1], "an axis").item())
    rows, _, places, _ = builder.add("Unique", builder.int64(inputs[0]), outputs=4, axis=axis, sorted=0)
    return [builder.cast(rows, np.int32), builder.cast(places, np.int32)]


@_operator("ReverseV2")
def _reverse(builder, op, inputs):
    axes = static(inputs[1], "an axis").astype(np.int64)
    least, back = np.full(len(axes), -(2**31)), np.full(len(axes), -1)
    return builder.add("Slice", inputs[0], back, least, axes, back)


@_operator("Conv2D")
def _convolution(builder, op, inputs):
    if op.get_attr("data_format") != b"NHWC" or op.get_attr("padding") not in (b"SAME", b"VALID"):
        raise InputError("onnx takes convolutions with channels last and padding 'same' or 'valid' only.")
    kernel = np.transpose(static(inputs[1], "a kernel"), [3, 2, 0, 1])
    padding = {b"SAME": "SAME_UPPER", b"VALID": "VALID"}[op.get_attr("padding")]
    strides, dilations = (list(op.get_attr(name))[1:3] for name in ("strides", "dilations"))
    channels_first = builder.add("Transpose", inputs[0], perm=[0, 3, 1, 2])
    out = builder.add("Conv", channels_first, kernel, auto_pad=padding, strides=strides, dilations=dilations)
    return builder.add("Transpose", out, perm=[0, 2, 3, 1])
