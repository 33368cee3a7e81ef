"""Tensors of the Open Inference Protocol: what a request gives, held against the shape and the datatype it declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nbmlops.errors import Invalid

_BITS = (8, 16, 32, 64)
_RANGES = {
    **{f"INT{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in _BITS},
    **{f"UINT{bits}": (0, 2**bits - 1) for bits in _BITS},
}
# Null is no value of the protocol; it is let through to the signature, which knows where it may stand.
_TYPES: dict[str, set[type]] = {
    "BOOL": {bool, type(None)}, "BYTES": {str, type(None)},
    **{name: {int, float, type(None)} for name in ("FP16", "FP32", "FP64")},
    **{name: {int, type(None)} for name in _RANGES},
}  # fmt: skip


@dataclass(frozen=True)
class Tensor:
    """A tensor's values in row-major order; `wide` is how many make a row."""

    name: str
    flat: list[Any]
    wide: int


def read(tensor: dict[str, Any]) -> Tensor:
    """One input, nested or flat.

    >>> read({"name": "x", "shape": [2, 2], "datatype": "INT8", "data": [[1, 2], [3, 4]]})
    Tensor(name='x', flat=[1, 2, 3, 4], wide=2)
    """
    name, shape, datatype, data = (tensor.get(key) for key in ("name", "shape", "datatype", "data"))
    if not isinstance(name, str) or not isinstance(datatype, str) or datatype not in _TYPES or not isinstance(data, list):
        raise Invalid("An input lacks a name, a datatype of the protocol, or data.", hint=f"Datatypes: {', '.join(sorted(_TYPES))}.")
    shown = name[:60]
    if not isinstance(shape, list) or len(shape) not in (1, 2) or not all(type(size) is int and size >= 0 for size in shape):
        raise Invalid(f"The tensor {shown!r} has no shape of rows, or rows and columns.", hint="For example [3] or [3, 1].")
    wide = shape[1] if len(shape) == 2 else 1
    flat = data
    if len(shape) == 2 and data and isinstance(data[0], list):
        if not all(isinstance(row, list) and len(row) == wide for row in data):
            raise Invalid(
                f"The tensor {shown!r} has rows of other lengths than its shape {shape[:2]}.", hint="Give all values nested, or all flat."
            )
        flat = [value for row in data for value in row]
    if len(flat) != shape[0] * wide:
        raise Invalid(f"The tensor {shown!r} has {len(flat):,} values in the shape {shape}.", hint="Give as many as the shape says.")
    if not set(map(type, flat)) <= _TYPES[datatype]:
        at = next(at for at, value in enumerate(flat) if type(value) not in _TYPES[datatype])
        raise Invalid(
            f"Value {at} of the tensor {shown!r} is a {type(flat[at]).__name__}, not {datatype}.",
            hint="Give the datatype that the values have.",
        )
    if datatype in _RANGES:
        low, high = _RANGES[datatype]
        if any(value is not None and not low <= value <= high for value in flat):
            raise Invalid(f"A value of the tensor {shown!r} is beyond {datatype}.", hint=f"From {low:,} to {high:,}.")
    return Tensor(name, flat, wide)


def datatype_of(values: list[Any], default: str) -> str:
    """The datatype of answers; `default` where no value tells.

    >>> datatype_of([None, 1.5], "FP64"), datatype_of(["a"], "FP64"), datatype_of([True], "INT64")
    ('FP64', 'BYTES', 'BOOL')
    """
    kinds = {type(value) for value in values} - {type(None)}
    for kind, datatype in ((str, "BYTES"), (float, "FP64"), (int, "INT64"), (bool, "BOOL")):
        if kind in kinds:
            return datatype
    return default
