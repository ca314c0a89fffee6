"""Banded systems, in the storage of LAPACK: `ab[u + i - j, j] = a[i, j]`. They need SciPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.primitive import Primitive
from funcgrad.core.source import here
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import unbroadcast
from funcgrad.ops.linalg.functions import each_matrix, scipy_linalg
from funcgrad.ops.linalg.matrix import above, cut, mT, stack_batch
from funcgrad.ops.shape import pad


def _shift_rows(x: Any, by: int) -> Any:
    """Row i of each matrix becomes row i - by; zeros come in."""
    config = [(0, 0, 0)] * (len(x.shape) - 2) + [(-by, by, 0), (0, 0, 0)]
    return pad(x, x.dtype.type(0), padding_config=tuple(config)) if by else x


def _diagonal(ab: Any, row: int) -> Any:
    """One row of the storage, as a column."""
    return mT(cut(ab, rows=(row, row + 1)))


def banded_matmul(ab: Any, x: Any, lower: int, upper: int) -> Any:
    """The product of a banded matrix and the columns of `x`."""
    total: Any = None
    for r in range(lower + upper + 1):
        term = _shift_rows(_diagonal(ab, r) * x, upper - r)
        total = term if total is None else total + term
    return total


def transpose_banded(ab: Any, lower: int, upper: int) -> Any:
    """The storage of the transpose, which has `upper` diagonals below and `lower` above the main one."""
    rows = [mT(_shift_rows(_diagonal(ab, upper - d), d)) for d in range(-lower, upper + 1)]
    return above(*rows)


def _impl(ab: Any, b: Any, lower: int, upper: int) -> Any:
    solve = scipy_linalg().solve_banded
    return each_matrix(lambda ab, b: solve((lower, upper), ab, b).astype(b.dtype), ab, b)


def _abstract(ab: ShapedArray, b: ShapedArray, lower: int, upper: int) -> ShapedArray:
    if ab.shape[-2:] != (lower + upper + 1, b.shape[-2]) or ab.dtype != b.dtype:
        raise ArgumentError(
            f"solve_banded: {lower + upper + 1} diagonals of length {b.shape[-2]} are needed for "
            f"the right-hand side {b}, got {ab}{here()}"
        )
    stack = np.broadcast_shapes(ab.shape[:-2], b.shape[:-2])
    return ShapedArray((*stack, *b.shape[-2:]), b.dtype)


def _jvp(
    primals: Sequence[Any], tangents: Sequence[Any], lower: int, upper: int
) -> tuple[Any, Any]:
    (ab, b), (ta, tb) = primals, tangents
    x = solve_banded_p(ab, b, lower=lower, upper=upper)
    change = None if ta is None else banded_matmul(ta, x, lower, upper)
    if change is None:
        right = tb
    else:
        right = -change if tb is None else tb - change
    return x, solve_banded_p(ab, right, lower=lower, upper=upper)


def _transpose(ct: Any, ab: Any, b: Any, lower: int, upper: int) -> tuple[None, Any]:
    turned = transpose_banded(ab, lower, upper)
    return None, unbroadcast(solve_banded_p(turned, ct, lower=upper, upper=lower), b.aval)


solve_banded_p = Primitive(
    "solve_banded",
    impl=_impl,
    abstract=_abstract,
    jvp=_jvp,
    transpose=_transpose,
    batch=stack_batch(lambda: solve_banded_p),
)
