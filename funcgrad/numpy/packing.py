"""NumPy's functions of dtypes and of bits: integers in, integers or dtypes out, no derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.numpy.arguments import along, operand
from funcgrad.numpy.shaping import moveaxis
from funcgrad.ops.basic import convert, reshape

_BYTE = np.dtype(np.uint8)


def _plain(x: Any) -> Any:
    """What decides about dtypes in place of a traced value: its dtype."""
    if not isinstance(x, Tracer):
        return x
    return {"i": int, "f": float, "c": complex}[x.dtype.kind](0) if x.aval.weak_type else x.dtype


@implements(np.result_type)
def result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    return np.result_type(*map(_plain, arrays_and_dtypes))


@implements(np.can_cast)
def can_cast(from_: Any, to: Any, casting: Any = "safe") -> bool:
    return np.can_cast(_dtype(from_), _dtype(to), casting)


def _dtype(x: Any) -> Any:
    return x.dtype if isinstance(x, Tracer) else x


@implements(np.min_scalar_type)
def min_scalar_type(a: Any, /) -> np.dtype[Any]:
    if isinstance(a, Tracer) and not a.ndim:
        instead = "take the dtype of the array, x.dtype"
        return np.min_scalar_type(a._concrete("smallest dtype", instead))
    return typeof(operand(a)).dtype


@implements(np.common_type)
def common_type(*arrays: Any) -> Any:
    return np.common_type(*[np.empty(0, typeof(operand(x)).dtype) for x in arrays])


@implements(np.packbits)
def packbits(a: Any, /, axis: Any = None, bitorder: str = "big") -> Any:
    x, axis = _bits_axis(a, axis, bitorder, "bui")
    x = moveaxis(convert(np.not_equal(x, 0), _BYTE), axis, -1)
    shape = typeof(x).shape
    n = -(-shape[-1] // 8)
    x = np.pad(x, [(0, 0)] * (len(shape) - 1) + [(0, 8 * n - shape[-1])])
    x = np.left_shift(reshape(x, (*shape[:-1], n, 8)), _shifts(bitorder))
    return moveaxis(np.sum(x, axis=-1, dtype=_BYTE), -1, axis)


@implements(np.unpackbits)
def unpackbits(a: Any, /, axis: Any = None, count: Any = None, bitorder: str = "big") -> Any:
    x, axis = _bits_axis(a, axis, bitorder, "u")
    x = moveaxis(x, axis, -1)
    shape = typeof(x).shape
    bits = np.bitwise_and(np.right_shift(np.expand_dims(x, -1), _shifts(bitorder)), _BYTE.type(1))
    bits = reshape(bits, (*shape[:-1], 8 * shape[-1]))
    if count is not None:
        if count < -8 * shape[-1]:
            raise ArgumentError(f"-count larger than number of elements: {count}{here()}")
        missing = max(int(count) - 8 * shape[-1], 0)
        bits = np.pad(bits[..., : int(count)], [(0, 0)] * (len(shape) - 1) + [(0, missing)])
    return moveaxis(bits, -1, axis)


def _shifts(bitorder: str) -> Any:
    shifts = np.arange(8, dtype=_BYTE)
    return shifts[::-1] if bitorder == "big" else shifts


def _bits_axis(a: Any, axis: Any, bitorder: str, kinds: str) -> tuple[Any, int]:
    x = operand(a)
    if bitorder not in ("big", "little"):
        raise ArgumentError(f"bitorder must be 'big' or 'little', not {bitorder!r}{here()}")
    if typeof(x).dtype.kind not in kinds or (kinds == "u" and typeof(x).dtype != _BYTE):
        raise TypeError(f"an array of bits has an integer dtype, not {typeof(x)}{here()}")
    return along(x, axis)
