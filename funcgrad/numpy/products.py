"""NumPy's cross products and traces, and the names that `numpy.linalg` has for functions of `numpy`."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import normalize_axis, operand
from funcgrad.ops.basic import move_axis

# NumPy 2.5 no longer takes vectors of two components.
_PLANE = tuple(map(int, np.__version__.split(".")[:2])) < (2, 5)


@implements(np.cross)
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    if axis is not None:
        axisa, axisb, axisc = (axis,) * 3
    x, y = operand(a), operand(b)
    if not typeof(x).shape or not typeof(y).shape:
        raise ArgumentError(f"np.cross: at least one array has no axes{here()}")
    x = move_axis(x, normalize_axis(axisa, typeof(x).ndim, "axisa"), typeof(x).ndim - 1)
    y = move_axis(y, normalize_axis(axisb, typeof(y).ndim, "axisb"), typeof(y).ndim - 1)
    sizes = typeof(x).shape[-1], typeof(y).shape[-1]
    if not {*sizes} <= ({2, 3} if _PLANE else {3}):
        raise ArgumentError(
            f"np.cross takes vectors of three components, got shapes {typeof(x).shape} and "
            f"{typeof(y).shape} with the vectors along the last axis{here()}"
        )
    x0, x1, x2 = _components(x)
    y0, y1, y2 = _components(y)
    z = np.subtract(x0 * y1, x1 * y0)
    if sizes == (2, 2):
        return z
    # The product of a vector in the plane has no third component.
    if x2 is None:
        parts = [x1 * y2, np.negative(x0 * y2), z]
    elif y2 is None:
        parts = [np.negative(x2 * y1), x2 * y0, z]
    else:
        parts = [np.subtract(x1 * y2, x2 * y1), np.subtract(x2 * y0, x0 * y2), z]
    return np.stack(parts, axis=normalize_axis(axisc, typeof(z).ndim + 1, "axisc"))


def _components(x: Any) -> tuple[Any, Any, Any]:
    """Those along the last axis; None for the third one of vectors in the plane."""
    return x[..., 0], x[..., 1], x[..., 2] if typeof(x).shape[-1] == 3 else None


@implements(np.linalg.cross)
def linalg_cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    x, y = operand(x1), operand(x2)
    for v in (x, y):
        if typeof(v).shape[normalize_axis(axis, typeof(v).ndim)] != 3:
            raise ArgumentError(
                f"np.linalg.cross takes vectors of three components, got shapes {typeof(x).shape} "
                f"and {typeof(y).shape} with the vectors along axis {axis}{here()}"
            )
    return cross(x, y, axis=axis)


@implements(np.trace)
def trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Any:
    return np.sum(np.diagonal(operand(a), offset, axis1, axis2), axis=-1, dtype=dtype, out=out)


@implements(np.linalg.trace)
def linalg_trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    return trace(x, offset, -2, -1, dtype)


@implements(np.linalg.diagonal)
def linalg_diagonal(x: Any, /, *, offset: int = 0) -> Any:
    return np.diagonal(operand(x), offset, -2, -1)


@implements(np.linalg.matrix_transpose)
def linalg_matrix_transpose(x: Any, /) -> Any:
    x = operand(x)
    if typeof(x).ndim < 2:
        raise ArgumentError(
            f"np.linalg.matrix_transpose of shape {typeof(x).shape}: it needs two axes{here()}"
        )
    return np.swapaxes(x, -1, -2)
