"""Constants as source text."""

from __future__ import annotations

import math
import types
from typing import Any

import numpy as np

# Larger ones are written out only if they follow a pattern.
_MOST_ELEMENTS = 1000
# From here on a pattern reads better than the elements.
_FEW_ELEMENTS = 8


def dtype_name(dtype: np.dtype[Any]) -> str:
    """`np.float32`, as source."""
    return "np.bool_" if dtype.kind == "b" else f"np.{dtype.name}"


def array_text(array: Any) -> str | None:
    """An array as an expression; None if that would be too long."""
    array = np.asarray(array)
    kind = dtype_name(array.dtype)
    if array.size > _FEW_ELEMENTS:
        pattern = _pattern(array, kind)
        if pattern is not None:
            return pattern
    if array.size > _MOST_ELEMENTS:
        return None
    if not array.size and array.ndim > 1:
        return f"np.empty({array.shape}, {kind})"
    if array.dtype.kind == "c" and not array.ndim:
        return f"np.array({number_text(array.item())}, {kind})"
    if array.dtype.kind == "c":  # whose literals have no signed zeros, infinities or NaN
        return f"{array_text(np.ascontiguousarray(array).view(array.real.dtype))}.view({kind})"
    text = repr(array.tolist()).replace("nan", "np.nan").replace("inf", "np.inf")
    return f"np.array({text}, {kind})"


def _pattern(array: Any, kind: str) -> str | None:
    first = array.flat[0]
    if np.all(array == first) and not np.any(np.signbit(array.real)):
        name = "zeros" if first == 0 else "ones" if first == 1 else None
        if name is not None:
            return f"np.{name}({array.shape}, {kind})"
        return f"np.full({array.shape}, {number_text(first.item())}, {kind})"
    rows = array.reshape(array.shape[0], -1) if array.ndim > 1 else array
    if (
        rows.ndim == 2
        and rows.shape[0] == rows.shape[1]
        and np.array_equal(rows, np.eye(len(rows)))
    ):
        square = array.ndim == 2
        return f"np.eye({len(rows)}, dtype={kind})" + ("" if square else f".reshape({array.shape})")
    if array.dtype.kind in "iu" and array.ndim == 1:
        step = int(array[1]) - int(array[0])
        stop = int(first) + step * len(array)
        if step and np.array_equal(array, np.arange(int(first), stop, step)):
            return f"np.arange({int(first)}, {stop}, {step}, {kind})"
    return None


_LITERALS = (bool, int, str, bytes, types.NoneType, types.EllipsisType)


def literal_text(value: Any) -> str | None:
    """What is no array and refers to nothing as an expression; None for everything else."""
    if isinstance(value, _LITERALS):
        return repr(value)
    if isinstance(value, np.dtype):
        return f"np.dtype({value.name!r})"
    if isinstance(value, np.generic):
        return f"{dtype_name(value.dtype)}({number_text(value.item())})"
    if isinstance(value, float | complex):
        return number_text(value)
    if isinstance(value, slice):
        return f"slice({value.start}, {value.stop}, {value.step})"
    return None


def number_text(value: Any) -> str:
    """A Python number as an expression."""
    if isinstance(value, complex):
        return f"complex({number_text(value.real)}, {number_text(value.imag)})"
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    return repr(value)
