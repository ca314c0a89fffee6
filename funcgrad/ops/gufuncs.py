"""NumPy's generalised ufuncs: products of vectors and matrices, over leading axes that broadcast."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.core import dispatch
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.ops.basic import expand_dims, inverse_permutation, remaining, transpose
from funcgrad.ops.complex import conj, is_complex
from funcgrad.ops.contraction import array_operand, broadcast_contract, matmul

Axes = tuple[int, ...]


def _product(
    name: str,
    x_core: Sequence[str],
    y_core: Sequence[str],
    out_core: Sequence[str],
    *,
    conjugate: bool,
) -> Callable[[Any, Any], Any]:
    """A product with labelled core axes; `conjugate`: of the first operand."""
    in_core = len(x_core), len(y_core)

    def product(x: Any, y: Any) -> Any:
        shapes = typeof(x).shape, typeof(y).shape
        for shape, n in zip(shapes, in_core, strict=True):
            if len(shape) < n:
                raise ArgumentError(
                    f"{name} of shapes {shapes[0]} and {shapes[1]}: the operands need at least "
                    f"{in_core[0]} and {in_core[1]} axes{here()}"
                )
        lengths = [
            shape[len(shape) - n + core.index("sum")]
            for shape, n, core in zip(shapes, in_core, (x_core, y_core), strict=True)
        ]
        if lengths[0] != lengths[1]:
            raise ArgumentError(
                f"{name} of shapes {shapes[0]} and {shapes[1]}: the axes that are multiplied and "
                f"summed have lengths {lengths[0]} and {lengths[1]}{here()}\n  they must be equal"
            )
        if conjugate and is_complex(x):
            x = conj(x)
        return broadcast_contract(name, x, x_core, y, y_core, out_core)

    return product


def _generalised(
    core: Callable[[Any, Any], Any], name: str, x_rank: int, y_rank: int, out_rank: int
) -> Callable[..., Any]:
    """A gufunc with its arguments `axes`, `axis`, `keepdims`. Operands of matmul may lack an axis."""

    def gufunc(
        x: Any, y: Any, *, axes: Any = None, axis: Any = None, keepdims: bool = False
    ) -> Any:
        x, y = array_operand(x), array_operand(y)
        if axes is None and axis is None and not keepdims:
            return core(x, y)
        if (axis is not None or keepdims) and (x_rank, y_rank, out_rank) != (1, 1, 0):
            raise ArgumentError(f"{name} takes axes=, but neither axis= nor keepdims={here()}")
        if axes is not None and axis is not None:
            raise ArgumentError(f"{name}: give axes= or axis=, not both{here()}")
        if axes is None:
            axes = [(-1 if axis is None else axis,)] * 2
        axes = [tuple(a) if isinstance(a, (tuple, list)) else (a,) for a in axes]
        ndims = len(typeof(x).shape), len(typeof(y).shape)
        result = core(_to_end(x, axes[0]), _to_end(y, axes[1]))
        rank = out_rank - (x_rank - min(x_rank, ndims[0])) - (y_rank - min(y_rank, ndims[1]))
        if keepdims:
            ndim = len(typeof(result).shape) + 1
            return expand_dims(result, (operator.index(axes[0][0]) % ndim,))
        return _from_end(result, axes[2]) if len(axes) > 2 and rank else result

    return gufunc


def _normalized(axes: Axes, ndim: int) -> Axes:
    for a in axes:
        if not -ndim <= operator.index(a) < ndim:
            raise ArgumentError(f"axis {a} is out of bounds for array of dimension {ndim}{here()}")
    return tuple([operator.index(a) % ndim for a in axes])


def _end_order(axes: Axes, ndim: int) -> Axes:
    last = _normalized(axes, ndim)
    return (*remaining(ndim, last), *last)


def _to_end(x: Any, axes: Axes) -> Any:
    return transpose(x, _end_order(axes, len(typeof(x).shape)))


def _from_end(x: Any, axes: Axes) -> Any:
    return transpose(x, inverse_permutation(_end_order(axes, len(typeof(x).shape))))


_vecdot = _product("vecdot", ["sum"], ["sum"], [], conjugate=True)
_matvec = _product("matvec", ["rows", "sum"], ["sum"], ["rows"], conjugate=False)
_vecmat = _product("vecmat", ["sum"], ["sum", "columns"], ["columns"], conjugate=True)

vecdot = _generalised(_vecdot, "vecdot", 1, 1, 0)
matvec = _generalised(_matvec, "matvec", 2, 1, 1)
vecmat = _generalised(_vecmat, "vecmat", 1, 2, 1)

dispatch.UFUNCS[np.matmul] = _generalised(matmul, "matmul", 2, 2, 2)
dispatch.UFUNCS[np.vecdot] = vecdot
# New in NumPy 2.2.
if hasattr(np, "matvec"):
    dispatch.UFUNCS[np.matvec] = matvec
    dispatch.UFUNCS[np.vecmat] = vecmat
