"""Generalised eigenvalue problems `a v = w b v`. They need SciPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.primitive import Primitive
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import convert, sum_axes
from funcgrad.ops.complex import conj
from funcgrad.ops.contraction import matmul
from funcgrad.ops.linalg.functions import scipy_linalg
from funcgrad.ops.linalg.gaps import inverse_gaps
from funcgrad.ops.linalg.matrix import (
    check_square,
    complex_dtype,
    matrix_diagonal,
    row,
    stack_batch,
)
from funcgrad.ops.linalg.solve import solve_p


def _abstract(a: ShapedArray, b: ShapedArray) -> tuple[ShapedArray, ShapedArray]:
    check_square("eig", a)
    check_square("eig", b)
    dtype = complex_dtype(a.dtype)
    shape = np.broadcast_shapes(a.shape, b.shape)
    return ShapedArray(shape[:-1], dtype), ShapedArray(shape, dtype)


def _impl(a: Any, b: Any) -> tuple[Any, Any]:
    dtype = complex_dtype(a.dtype)
    shape = np.broadcast_shapes(a.shape, b.shape)
    a, b = np.broadcast_to(a, shape), np.broadcast_to(b, shape)
    w, v = np.empty(shape[:-1], dtype), np.empty(shape, dtype)
    for index in np.ndindex(shape[:-2]):
        w[index], v[index] = scipy_linalg().eig(a[index], b[index])
    return w, v


def _jvp(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    # N = (b V)⁻¹ (da V - db V w): dw is its diagonal, dV = V (F ∘ N) up to multiples of the vectors, which
    # keep their length 1 and do not turn.
    (a, b), (ta, tb) = primals, tangents
    w, v = generalized_eig_p(a, b)
    change: Any = 0.0
    if ta is not None:
        change = matmul(convert(ta, v.dtype), v)
    if tb is not None:
        change = change - matmul(convert(tb, v.dtype), v) * row(w)
    inner = solve_p(matmul(convert(b, v.dtype), v), change)
    u = matmul(v, inverse_gaps(w) * inner)
    along = sum_axes(conj(v) * u, (len(v.shape) - 2,))
    return (w, v), (matrix_diagonal(inner), u - v * row(along))


# Complex eigenvalues and right eigenvectors of length 1.
generalized_eig_p = Primitive(
    "generalized_eig",
    impl=_impl,
    abstract=_abstract,
    jvp=_jvp,
    batch=stack_batch(lambda: generalized_eig_p),
    multiple_results=True,
    properties=frozenset({"blas"}),
)
