"""Linear systems: primitives that are linear in the right-hand side and implicit in the matrix.

From `A x = b` follows `A dx = db - dA x`: a derivative is one more solve with the same matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.primitive import Primitive
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import unbroadcast
from funcgrad.ops.complex import conj
from funcgrad.ops.contraction import matmul
from funcgrad.ops.linalg import lapack
from funcgrad.ops.linalg.matrix import (
    MatrixError,
    check_square,
    mT,
    stack_batch,
    tril,
    triu,
)


def _solution_aval(name: str, a: ShapedArray, b: ShapedArray) -> ShapedArray:
    check_square(name, a)
    if b.ndim < 2 or b.shape[-2] != a.shape[-1] or a.dtype != b.dtype:
        raise MatrixError(f"{name}: the matrix {a} and the right-hand side {b} do not fit{here()}")
    try:
        stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise MatrixError(
            f"{name}: the leading axes of the matrix {a} and of the right-hand side {b} "
            f"cannot be broadcast together{here()}"
        ) from None
    return ShapedArray((*stack, *b.shape[-2:]), a.dtype)


def _with_columns(solver: Any, b: Any) -> Any:
    """Solve for a stack of right-hand sides of one matrix at once: the stack becomes columns."""
    rows, columns = b.shape[-2:]
    stack = b.shape[:-2]
    folded = np.moveaxis(b, -2, 0).reshape(rows, b.size // rows if rows else 0)
    return np.moveaxis(solver(folded).reshape(rows, *stack, columns), 0, -2)


def _solve_impl(a: Any, b: Any) -> Any:
    if a.ndim == 2 and b.ndim > 2:
        return _with_columns(lambda columns: np.linalg.solve(a, columns), b)
    return np.linalg.solve(a, b)


def _solve_jvp(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    (a, b), (ta, tb) = primals, tangents
    x = solve_p(a, b)
    change = None if ta is None else matmul(ta, x)
    if change is None:
        return x, solve_p(a, tb)
    return x, solve_p(a, -change if tb is None else tb - change)


def _solve_transpose(ct: Any, a: Any, b: Any) -> tuple[None, Any]:
    return None, unbroadcast(solve_p(mT(a), ct), b.aval)


# x with a x = b, where b holds columns and leading axes are broadcast.
solve_p = Primitive(
    "solve",
    impl=_solve_impl,
    abstract=lambda a, b: _solution_aval("solve", a, b),
    jvp=_solve_jvp,
    transpose=_solve_transpose,
    batch=stack_batch(lambda: solve_p),
    properties=frozenset({"blas"}),
)


def _inv_jvp(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    (a,), (t,) = primals, tangents
    x = inv_p(a)
    return x, -matmul(matmul(x, t), x)


def _inv_abstract(a: ShapedArray) -> ShapedArray:
    check_square("inv", a)
    return a


inv_p = Primitive(
    "inv",
    impl=np.linalg.inv,
    abstract=_inv_abstract,
    jvp=_inv_jvp,
    batch=stack_batch(lambda: inv_p),
    properties=frozenset({"blas"}),
)


def _op(a: Any, transpose_a: bool, conjugate_a: bool) -> Any:
    a = mT(a) if transpose_a else a
    return conj(a) if conjugate_a and a.dtype.kind == "c" else a


def _triangular_impl(
    a: Any, b: Any, lower: bool, transpose_a: bool, conjugate_a: bool, unit_diagonal: bool
) -> Any:
    if conjugate_a:
        return _triangular_impl(a, b.conj(), lower, transpose_a, False, unit_diagonal).conj()
    if a.ndim > 2:
        triangle = _as_triangle(a, lower, unit_diagonal)
        return np.linalg.solve(triangle.mT if transpose_a else triangle, b)

    def solve(columns: Any) -> Any:
        if len(a) >= lapack.LARGE and columns.size and lapack.lapack():
            return lapack.triangular_solve(a, columns, lower, transpose_a, unit_diagonal)
        triangle = _as_triangle(a, lower, unit_diagonal)
        return np.linalg.solve(triangle.T if transpose_a else triangle, columns)

    return solve(b) if b.ndim == 2 else _with_columns(solve, b)


def _as_triangle(a: Any, lower: bool, unit_diagonal: bool) -> Any:
    k = -int(unit_diagonal)
    triangle = np.tril(a, k) if lower else np.triu(a, -k)
    if unit_diagonal:
        index = np.arange(a.shape[-1])
        triangle[..., index, index] = 1
    return triangle


def _triangular_jvp(
    primals: Sequence[Any], tangents: Sequence[Any], **params: Any
) -> tuple[Any, Any]:
    (a, b), (ta, tb) = primals, tangents
    x = triangular_solve_p(a, b, **params)
    if ta is None:
        return x, triangular_solve_p(a, tb, **params)
    k = int(params["unit_diagonal"])
    ta = tril(ta, -k) if params["lower"] else triu(ta, k)
    change = matmul(_op(ta, params["transpose_a"], params["conjugate_a"]), x)
    return x, triangular_solve_p(a, -change if tb is None else tb - change, **params)


def _triangular_transpose(
    ct: Any, a: Any, b: Any, transpose_a: bool, **params: Any
) -> tuple[None, Any]:
    found = triangular_solve_p(a, ct, transpose_a=not transpose_a, **params)
    return None, unbroadcast(found, b.aval)


# x with op(a) x = b, where only one triangle of a is read.
triangular_solve_p = Primitive(
    "triangular_solve",
    impl=_triangular_impl,
    abstract=lambda a, b, **params: _solution_aval("triangular_solve", a, b),
    jvp=_triangular_jvp,
    transpose=_triangular_transpose,
    batch=stack_batch(lambda: triangular_solve_p),
    properties=frozenset({"blas"}),
)


def triangular_solve(
    a: Any,
    b: Any,
    *,
    left_side: bool = True,
    lower: bool = False,
    transpose_a: bool = False,
    conjugate_a: bool = False,
    unit_diagonal: bool = False,
) -> Any:
    """`x` with `op(a) x = b`, or with `x op(a) = b` if not `left_side`; reads one triangle of `a`.

    Args:
        a: square matrices (..., n, n).
        b: columns (..., n, k), or rows (..., k, n) if not `left_side`.
        lower: which triangle of `a` holds the matrix.
        transpose_a: op(a) is the transpose.
        conjugate_a: op(a) is conjugated.
        unit_diagonal: the diagonal is taken to be 1 and not read.
    """
    if typeof(a).dtype != typeof(b).dtype:
        raise ArgumentError(
            f"triangular_solve: dtypes of {typeof(a)} and {typeof(b)} differ{here()}"
        )
    if not left_side:
        return mT(
            triangular_solve(
                a,
                mT(b),
                lower=lower,
                transpose_a=not transpose_a,
                conjugate_a=conjugate_a,
                unit_diagonal=unit_diagonal,
            )
        )
    return triangular_solve_p(
        a,
        b,
        lower=lower,
        transpose_a=transpose_a,
        conjugate_a=conjugate_a and typeof(a).dtype.kind == "c",
        unit_diagonal=unit_diagonal,
    )
