"""The arguments that NumPy's functions share: operands, axes, `keepdims`, `out`."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from funcgrad.core import dispatch
from funcgrad.core.errors import ArgumentError, TracingError
from funcgrad.core.local_array import LocalArray
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.core.types import NUMERIC_KINDS, SCALAR_AVALS
from funcgrad.ops.basic import convert, convert_element_type, reshape

Axes = tuple[int, ...]
# NumPy's mark of an argument that was not given, where None has a meaning of its own.
NOT_GIVEN: Any = np._NoValue


class AxisError(ArgumentError, np.exceptions.AxisError):
    """An axis that the array does not have."""

    def __init__(self, axis: int, ndim: int, name: str = "axis") -> None:
        np.exceptions.AxisError.__init__(self, axis, ndim)
        self.args = (f"{name} {axis} is out of bounds for array of dimension {ndim}{here()}",)

    def __str__(self) -> str:
        return str(self.args[0])


def operand(x: Any) -> Any:
    """An array-like as a tracer, an array or a NumPy scalar."""
    if isinstance(x, Tracer):
        return x
    if isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind in NUMERIC_KINDS:
        return x
    x = dispatch.as_array(x)
    return x if isinstance(x, (Tracer, np.generic)) else np.asarray(x)


def number_or_operand(x: Any) -> Any:
    """As `operand`, but Python's numbers stay what they are, so that they give way to the dtypes of others."""
    return x if type(x) in SCALAR_AVALS else operand(x)


def inexact(x: Any) -> Any:
    """An array-like with integers and booleans turned into float64."""
    x = operand(x)
    return x if typeof(x).dtype.kind in "fc" else convert(x, np.float64)


def normalize_axis(axis: Any, ndim: int, name: str = "axis") -> int:
    """One axis as a non-negative int."""
    index = operator.index(axis)
    if not -ndim <= index < ndim:
        raise AxisError(index, ndim, name)
    return index % ndim


def normalize_axes(axis: Any, ndim: int, *, scalar_axis: bool = False, lists: bool = False) -> Axes:
    """The axes that an `axis` argument means, non-negative and in order: all of them for None.

    `scalar_axis`: whether an array without axes takes 0 and -1 for none, as reducing ufuncs do.
    `lists`: whether the axes may be in a list, as in those of NumPy's functions that are written in Python.
    """
    if axis is None:
        return tuple(range(ndim))
    if lists and isinstance(axis, list):
        axis = tuple(axis)
    if not isinstance(axis, tuple):
        if not ndim and scalar_axis and operator.index(axis) in (0, -1):
            return ()
        return (normalize_axis(axis, ndim),)
    axes = tuple(sorted([normalize_axis(a, ndim) for a in axis]))
    if len(set(axes)) != len(axes):
        raise ArgumentError(f"duplicate value in 'axis': {axis}{here()}")
    return axes


def along(x: Any, axis: Any, *, scalar_axis: bool = True) -> tuple[Any, int]:
    """An array and the axis, non-negative, that a function works along; None: its elements in a row.

    `scalar_axis`: whether an array without axes is one of length 1, as most of NumPy's functions in C have it.
    """
    shape = typeof(x).shape
    if axis is None or (scalar_axis and not shape and operator.index(axis) in (0, -1)):
        return reshape(x, (math.prod(shape),)), 0
    return x, normalize_axis(axis, len(shape))


def restore_axes(x: Any, shape: tuple[int, ...], axes: Axes, keepdims: Any) -> Any:
    """A result of reducing `axes` of an array of this shape; with axes of length 1 if `keepdims`."""
    if keepdims is NOT_GIVEN or not keepdims or not axes:
        return x
    return reshape(x, tuple([1 if d in axes else n for d, n in enumerate(shape)]))


def deliver(result: Any, out: Any, name: str) -> Any:
    """The result of `name`, written to `out` if it is given.

    Raises:
        TracingError: `out` is a plain array, which cannot hold a traced result.
    """
    if isinstance(out, tuple) and len(out) == 1:
        (out,) = out
    if out is None:
        return result
    shape = typeof(result).shape
    if typeof(out).shape != shape:
        raise ArgumentError(
            f"{name}: out has shape {typeof(out).shape}, the result has shape {shape}{here()}"
        )
    if type(out) is LocalArray and isinstance(result, Tracer):
        out._become_tracer()
    if isinstance(out, Tracer):
        dtype = out.dtype
        if not np.can_cast(typeof(result).dtype, dtype, "same_kind"):
            raise ArgumentError(
                f"{name}: a result of dtype {typeof(result).dtype} cannot be written to out "
                f"of dtype {dtype}{here()}"
            )
        if not isinstance(result, Tracer):
            trace = out._trace.innermost()
            result = trace.bind(
                convert_element_type, (result,), {"new_dtype": dtype, "weak_type": False}
            )
        out._assign(convert(result, dtype))
        return out
    if isinstance(result, Tracer):
        raise TracingError(
            f"{name}: the plain array given as out cannot hold a traced {result.aval}{here()}\n"
            "  drop out= and use the result, or make the array with np.zeros_like(x)"
        )
    np.copyto(out, result, casting="same_kind")
    return out
