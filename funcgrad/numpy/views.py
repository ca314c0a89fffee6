"""Views: traced arrays that share memory with others, as NumPy's do.

A view is read from its parent and written through to it (`core.tracing.View`). Whether NumPy
returns a view or a copy can depend on the memory layout, so views know how they would lie in memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import OWN, Tracer, View
from funcgrad.ops import basic
from funcgrad.ops.scatter import scatter

Function = Callable[[Any], Any]


def view(
    parent: Tracer, read: Function, write: Callable[[Any, Any], Any] | None, layout: Function
) -> Tracer:
    """A view of `parent`: see `View` for the arguments."""
    if parent._view is not None:
        parent._refresh()
    value = read(parent)
    out = Tracer(value._trace, value._index, value.aval)
    # A scalar is immutable: what is made of it is an array of its own, if it can be written to at all.
    alone = is_scalar(parent) and write is not None
    out._view = OWN if alone else View(parent, read, write, layout)
    return out


def is_scalar(x: Tracer) -> bool:
    """Whether a traced value is a scalar, hence immutable, rather than a 0-d array."""
    return not x.aval.shape and x._view is None


def own(value: Tracer, layout: Function | None = None) -> Tracer:
    """A new array with a traced value; a 0-d one is an array, not a scalar.

    `layout` gives an ndarray of its shape that lies in memory as it does; in C order by default.
    """
    if value._view is not None:
        value._refresh()
    out = Tracer(value._trace, value._index, value.aval)
    out._view = OWN if layout is None else View(None, _same, _new, layout)
    return out


def _same(x: Any) -> Any:
    return x


def _new(parent: Any, new: Any) -> Any:
    return new


def copy_layout(x: Tracer, order: Any) -> Function | None:
    """The layout of a copy of `x` in one of NumPy's orders; None is C order."""
    like = layout_of(x)
    if order == "F" or (order in ("A", "K") and like.flags.fnc):
        return _fortran
    if order != "K" or like.flags.c_contiguous:
        return None
    by_stride = np.argsort([-abs(s) for s in like.strides], kind="stable")
    back = np.argsort(by_stride)
    return lambda a: np.empty([a.shape[d] for d in by_stride]).transpose(back)


def _fortran(array: Any) -> Any:
    return np.empty(array.shape, order="F")


def layout_of(x: Tracer) -> Any:
    """An ndarray that lies in memory as `x` would. Its elements are arbitrary.

    Results of operations are taken to lie in C order, as arguments whose values are not known. (Those of
    NumPy's ufuncs lie as their operands do. This only matters to whoever reshapes the result of an
    operation on transposed arrays and then writes to it.)
    """
    shown = x._view
    if shown is not None:
        if shown.parent is not None:
            return shown.layout(layout_of(shown.parent))
        return shown.layout(np.empty(x.aval.shape, x.aval.dtype))
    value: Any = x._trace.known.get(x._index)
    if type(value) is np.ndarray and value.shape == x.aval.shape:
        return value
    return np.empty(x.aval.shape, x.aval.dtype)


def reshape_layout(array: Any, shape: Sequence[int], order: Any) -> Any:
    """The reshaped ndarray if that is a view, else None."""
    try:
        return np.reshape(array, shape, order=order, copy=False)
    except TypeError:  # NumPy 2.0 has no `copy`
        if order == "F":
            out = reshape_layout(array.T, tuple(shape)[::-1], "C")
            return None if out is None else out.T
        out = array.view()
        try:
            out.shape = shape
        except AttributeError:
            return None
        return out
    except ValueError:
        return None


def reshaped(x: Any, shape: tuple[int, ...], order: str) -> Any:
    """`x` in this shape (complete, without -1), read and filled in C or Fortran order."""
    if order == "C":
        return basic.reshape(x, shape)
    backwards = tuple(range(x.ndim))[::-1], tuple(range(len(shape)))[::-1]
    return basic.transpose(
        basic.reshape(basic.transpose(x, backwards[0]), shape[::-1]), backwards[1]
    )


def reshape_view(x: Tracer, shape: Sequence[int], order: str = "C") -> Tracer:
    """`x.reshape(shape)`, by NumPy's rules a view or a copy."""
    layout = layout_of(x)
    if order in ("A", "K"):
        order = "F" if layout.flags.f_contiguous and not layout.flags.c_contiguous else "C"
    old, full = x.aval.shape, complete_shape(x.aval.shape, shape)
    if reshape_layout(layout, full, order) is None:
        return own(reshaped(x, full, order), _fortran if order == "F" else None)
    return view(
        x,
        lambda p: reshaped(p, full, order),
        lambda p, v: reshaped(v, old, order),
        lambda a: reshape_layout(a, full, order),
    )


def ravel_view(x: Tracer, order: str = "C") -> Tracer:
    """`x.ravel(order)`: a view only where the elements follow one another in memory."""
    layout = layout_of(x)
    if order == "K":
        by_stride = sorted(range(x.ndim), key=lambda d: -abs(layout.strides[d]))
        x, layout, order = transpose_view(x, by_stride), layout.transpose(by_stride), "C"
    elif order == "A":
        order = "F" if layout.flags.f_contiguous and not layout.flags.c_contiguous else "C"
    shape, flat = x.aval.shape, (x.aval.size,)
    if not np.may_share_memory(layout.ravel(order), layout):
        return own(reshaped(x, flat, order))
    return view(
        x,
        lambda p: reshaped(p, flat, order),
        lambda p, v: reshaped(v, shape, order),
        lambda a: a.ravel(order),
    )


def complete_shape(old: tuple[int, ...], new: Sequence[int]) -> tuple[int, ...]:
    """A shape with its -1 replaced, and NumPy's error if it does not fit."""
    shape = tuple([int(n) for n in new])
    size = math.prod(old)
    if shape.count(-1) == 1:
        rest = -math.prod(shape)
        if rest and size % rest == 0:
            return tuple([size // rest if n == -1 else n for n in shape])
    elif shape.count(-1) > 1:
        raise ArgumentError(f"can only specify one unknown dimension, not {shape}{here()}")
    if math.prod(shape) != size or any(n < 0 for n in shape):
        raise ArgumentError(f"cannot reshape an array of shape {old} into shape {shape}{here()}")
    return shape


def transpose_view(x: Tracer, permutation: Sequence[int]) -> Tracer:
    """`x` with its axes permuted, as a view."""
    forward = tuple(permutation)
    backward = basic.inverse_permutation(forward)
    return view(
        x,
        lambda p: basic.transpose(p, forward),
        lambda p, v: basic.transpose(v, backward),
        lambda a: a.transpose(forward),
    )


def axes_view(x: Tracer, shape: tuple[int, ...], layout: Function) -> Tracer:
    """`x` with axes of length 1 added or removed, which is always a view."""
    old = x.aval.shape
    return view(x, lambda p: basic.reshape(p, shape), lambda p, v: basic.reshape(v, old), layout)


def strided_view(x: Tracer, read: Function, layout: Function) -> Tracer:
    """A view that shows some elements of `x`, as `layout` shows those of an ndarray."""
    shape, size = x.aval.shape, (x.aval.size,)

    def write(parent: Any, new: Any) -> Any:
        places = layout(np.arange(parent.size).reshape(shape))
        flat = basic.reshape(parent, size)
        return basic.reshape(scatter(flat, new, places, axes=(0,), position=0, unique=True), shape)

    return view(x, read, write, layout)


def whole_view(x: Tracer) -> Tracer:
    """All of `x` under another name, as `x[...]` or `x.view()`."""
    return view(x, lambda p: p, lambda p, v: v, lambda a: a)
