"""Slices under JAX's names: with bounds that are numbers, and with starts that may be traced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.ops import dynamic

_slice = slice


def slice(
    operand: Any,
    start_indices: Sequence[int],
    limit_indices: Sequence[int],
    strides: Sequence[int] | None = None,
) -> Any:
    """`operand[start:limit:stride, ...]` for each axis.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.slice(np.arange(6), (1,), (5,), (2,))
    array([1, 3])
    """
    shape = typeof(operand).shape
    steps = [1] * len(start_indices) if strides is None else strides
    bounds = list(zip(start_indices, limit_indices, shape, strict=False))
    if not (
        len(start_indices) == len(limit_indices) == len(steps) == len(shape)
        and all(0 <= start <= limit <= n for start, limit, n in bounds)
        and all(step > 0 for step in steps)
    ):
        raise ArgumentError(
            f"slice: starts {tuple(start_indices)}, limits {tuple(limit_indices)} and strides {tuple(steps)} need "
            f"0 <= start <= limit <= length and stride > 0 for each axis of {typeof(operand)}{here()}"
        )
    return operand[
        tuple([_slice(*s) for s in zip(start_indices, limit_indices, steps, strict=True)])
    ]


def slice_in_dim(
    operand: Any, start_index: int | None, limit_index: int | None, stride: int = 1, axis: int = 0
) -> Any:
    """`operand[start:limit:stride]` along one axis.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.slice_in_dim(np.arange(6), 1, 3)
    array([1, 2])
    """
    return operand[_along(operand, axis, _slice(start_index, limit_index, stride))]


def index_in_dim(operand: Any, index: int, axis: int = 0, keepdims: bool = True) -> Any:
    """The slice at one index of an axis.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.index_in_dim(np.arange(6).reshape(2, 3), 1)
    array([[3, 4, 5]])
    """
    n = typeof(operand).shape[axis]
    if not -n <= index < n:
        raise ArgumentError(
            f"index_in_dim: index {index} is out of range for an axis of length {n}{here()}"
        )
    index %= n
    taken: Any = _slice(index, index + 1) if keepdims else index
    return operand[_along(operand, axis, taken)]


def dynamic_slice(
    operand: Any,
    start_indices: Any,
    slice_sizes: Sequence[int],
    *,
    allow_negative_indices: bool | Sequence[bool] = True,
) -> Any:
    """A slice of known size whose start may be traced. Starts are clamped so that the slice fits.

    Args:
        operand: the array.
        start_indices: an integer for each axis.
        slice_sizes: the length of the slice along each axis.
        allow_negative_indices: whether negative starts count from the end (for all axes, or for each); else they are
            clamped to 0.

    >>> import numpy as np, funcgrad as fg
    >>> (
    ...     fg.lax.dynamic_slice(np.arange(5), (2,), (2,)),
    ...     fg.lax.dynamic_slice(np.arange(5), (9,), (2,)),
    ... )
    (array([2, 3]), array([3, 4]))
    """
    shape, sizes = typeof(operand).shape, tuple(map(int, slice_sizes))
    if len(sizes) != len(shape) or any(not 0 <= k <= n for k, n in zip(sizes, shape, strict=True)):
        raise ArgumentError(
            f"dynamic_slice: slice_sizes {sizes} need 0 <= size <= length for each axis of {typeof(operand)}{here()}"
        )
    starts = _starts(operand, start_indices, allow_negative_indices)
    out = dynamic.dynamic_slice(operand, *starts, slice_sizes=sizes)
    return out if type(out) is Tracer else out.copy()


def dynamic_update_slice(
    operand: Any,
    update: Any,
    start_indices: Any,
    *,
    allow_negative_indices: bool | Sequence[bool] = True,
) -> Any:
    """The array with a slice replaced, whose start may be traced.

    Args:
        operand: the array.
        update: the new slice.
        start_indices: an integer for each axis.
        allow_negative_indices: as for `dynamic_slice`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.dynamic_update_slice(np.zeros(4), np.ones(2), (1,))
    array([0., 1., 1., 0.])
    """
    starts = start_indices if _is_sequence(start_indices) else [start_indices]
    dtype = typeof(operand).dtype
    if not hasattr(update, "shape"):
        update = np.asarray(update, dtype)
    starts = _starts(operand, starts, allow_negative_indices)
    return dynamic.dynamic_update_slice(operand, update, *starts)


def dynamic_slice_in_dim(
    operand: Any,
    start_index: Any,
    slice_size: int,
    axis: int = 0,
    *,
    allow_negative_indices: bool = True,
) -> Any:
    """A slice along one axis whose start may be traced.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.dynamic_slice_in_dim(np.arange(5), 2, 2)
    array([2, 3])
    """
    sizes = list(typeof(operand).shape)
    sizes[axis] = slice_size
    starts = _start_along(operand, start_index, axis)
    return dynamic_slice(operand, starts, sizes, allow_negative_indices=allow_negative_indices)


def dynamic_update_slice_in_dim(
    operand: Any,
    update: Any,
    start_index: Any,
    axis: int,
    *,
    allow_negative_indices: bool = True,
) -> Any:
    """The array with a slice along one axis replaced, whose start may be traced.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.dynamic_update_slice_in_dim(np.zeros(4), np.ones(2), 1, 0)
    array([0., 1., 1., 0.])
    """
    starts = _start_along(operand, start_index, axis)
    return dynamic_update_slice(
        operand, update, starts, allow_negative_indices=allow_negative_indices
    )


def dynamic_index_in_dim(
    operand: Any,
    index: Any,
    axis: int = 0,
    keepdims: bool = True,
    *,
    allow_negative_indices: bool = True,
) -> Any:
    """The slice at one index of an axis, which may be traced.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.dynamic_index_in_dim(np.arange(5), 2, keepdims=False)
    np.int64(2)
    """
    out = dynamic_slice_in_dim(
        operand, index, 1, axis, allow_negative_indices=allow_negative_indices
    )
    return out if keepdims else np.squeeze(out, axis)[()]


def dynamic_update_index_in_dim(
    operand: Any,
    update: Any,
    index: Any,
    axis: int,
    *,
    allow_negative_indices: bool = True,
) -> Any:
    """The array with the slice at one index of an axis replaced; the index may be traced.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.dynamic_update_index_in_dim(np.zeros(3), 1.0, 2, 0)
    array([0., 0., 1.])
    """
    if not hasattr(update, "shape"):
        update = np.asarray(update, typeof(operand).dtype)
    if len(typeof(update).shape) < len(typeof(operand).shape):
        update = np.expand_dims(update, axis)
    return dynamic_update_slice_in_dim(
        operand, update, index, axis, allow_negative_indices=allow_negative_indices
    )


def _is_sequence(value: Any) -> bool:
    return isinstance(value, (tuple, list)) or bool(getattr(value, "shape", ()))


def _along(operand: Any, axis: int, taken: Any) -> tuple[Any, ...]:
    ndim = len(typeof(operand).shape)
    return (*[_slice(None)] * (axis % ndim), taken)


def _start_along(operand: Any, index: Any, axis: int) -> list[Any]:
    starts: list[Any] = [0] * len(typeof(operand).shape)
    starts[axis] = index
    return starts


def _starts(operand: Any, starts: Any, from_end: bool | Sequence[bool]) -> list[Any]:
    """One integer scalar per axis; negative ones count from the end where that is allowed."""
    fixed = []
    if len(starts) != typeof(operand).ndim or any(typeof(s).dtype.kind not in "iu" for s in starts):
        raise ArgumentError(
            f"a dynamic slice of {typeof(operand)} starts at an integer for each axis, not at {list(starts)!r:.80}"
            f"{here()}"
        )
    allowed = [from_end] * len(starts) if isinstance(from_end, bool) else from_end
    for start, n, negative in zip(list(starts), typeof(operand).shape, allowed, strict=True):
        if not negative:
            fixed.append(start if type(start) is Tracer else np.intp(start))
        elif type(start) is Tracer:
            fixed.append(np.where(start < 0, start + n, start))
        else:
            fixed.append(np.intp(start + n if start < 0 else start))
    return fixed
