"""Triangular factorisations: Cholesky, LU, QR."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.primitive import BatchAxis, Primitive
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import unbroadcast, zeros
from funcgrad.ops.complex import is_complex
from funcgrad.ops.contraction import matmul
from funcgrad.ops.linalg.lapack import routine
from funcgrad.ops.linalg.matrix import (
    above,
    adjoint,
    align_stacks,
    beside,
    check_matrix,
    check_square,
    column,
    cut,
    diagonal_matrix,
    hermitian_part,
    im,
    matrix_diagonal,
    stack_batch,
    tril,
    triu,
    uncolumn,
)
from funcgrad.ops.linalg.solve import solve_p, triangular_solve


def _cholesky_jvp(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    # dL = L Φ(L⁻¹ dA L⁻ᴴ), where Φ takes the lower triangle and half of the diagonal
    # (Murray 2016, arXiv:1602.07527).
    (a,), (t,) = primals, tangents
    lower = cholesky_p(a)
    inner = triangular_solve(lower, hermitian_part(t), lower=True)
    inner = triangular_solve(
        lower, inner, left_side=False, lower=True, transpose_a=True, conjugate_a=True
    )
    half = tril(inner, -1) + tril(inner)
    return lower, matmul(lower, half * 0.5)


def _cholesky_abstract(a: ShapedArray) -> ShapedArray:
    check_square("cholesky", a)
    return a


# The lower factor L with L Lᴴ = a. Reads the lower triangle of a; its derivative is that of a
# function of Hermitian matrices, so a gradient is Hermitian.
cholesky_p = Primitive(
    "cholesky",
    impl=np.linalg.cholesky,
    abstract=_cholesky_abstract,
    jvp=_cholesky_jvp,
    batch=stack_batch(lambda: cholesky_p),
    properties=frozenset({"blas"}),
)


def _qr_shapes(a: ShapedArray, full_matrices: bool) -> tuple[tuple[int, ...], tuple[int, ...]]:
    m, n = a.shape[-2:]
    k = m if full_matrices else min(m, n)
    return (*a.shape[:-2], m, k), (*a.shape[:-2], k, n)


def _qr_abstract(a: ShapedArray, full_matrices: bool) -> tuple[ShapedArray, ShapedArray]:
    check_matrix("qr", a)
    q, r = _qr_shapes(a, full_matrices)
    return ShapedArray(q, a.dtype), ShapedArray(r, a.dtype)


def _qr_impl(a: Any, full_matrices: bool) -> tuple[Any, Any]:
    q, r = np.linalg.qr(a, "complete" if full_matrices else "reduced")
    return q, r


def _thin_qr_jvp(q: Any, r: Any, t: Any) -> tuple[Any, Any]:
    """The tangents of the factors of matrices with at least as many rows as columns and full rank.

    With X = dA R⁻¹ the change of Q within its own span is the skew-Hermitian matrix that cancels
    what Qᴴ X has below the diagonal; R takes the rest.
    """
    x = triangular_solve(r, t, left_side=False)
    inside = matmul(adjoint(q), x)
    below = tril(inside, -1)
    turn = below - adjoint(below)
    if is_complex(inside):
        # The diagonal of R is real, so the phase of the columns belongs to Q.
        turn = turn + diagonal_matrix(im(matrix_diagonal(inside)) * 1j)
    rest = inside - turn
    return x - matmul(q, rest), matmul(rest, r)


def _wide_qr_jvp(q: Any, r: Any, t: Any) -> tuple[Any, Any]:
    """A = [A₁ A₂] = Q [R₁ R₂]: the square block gives Q, and then R = Qᴴ A."""
    m = q.shape[-1]
    dq, _ = _thin_qr_jvp(q, cut(r, columns=(0, m)), cut(t, columns=(0, m)))
    dr = matmul(adjoint(q), t - matmul(dq, r))
    return dq, triu(dr)


def _full_qr_jvp(q: Any, r: Any, t: Any) -> tuple[Any, Any]:
    """All columns of Q: it is a product of Householder reflections I - V T Vᴴ.

    Its first columns fix Z = V₂ V₁⁻¹ = Q₂₁ (Q₁₁ - I)⁻¹ and these the others, as [0; I] - ([I; 0] -
    Q₁) Zᴴ.
    """
    m, n = r.shape[-2:]
    first, last = cut(q, columns=(0, n)), cut(q, columns=(n, m))
    d_first, dr = _thin_qr_jvp(first, cut(r, rows=(0, n)), t)
    top, bottom = cut(first, rows=(0, n)), cut(first, rows=(n, m))
    zh = solve_p(adjoint(top) - np.eye(n, dtype=q.dtype), adjoint(bottom))
    z = adjoint(zh)
    change = cut(d_first, rows=(n, m)) - matmul(z, cut(d_first, rows=(0, n)))
    d_last = matmul(d_first, zh) - matmul(first + matmul(last, z), adjoint(change))
    missing = zeros(ShapedArray((*dr.shape[:-2], m - n, n), dr.dtype))
    return beside(d_first, d_last), above(dr, missing)


def _qr_jvp(
    primals: Sequence[Any], tangents: Sequence[Any], *, full_matrices: bool
) -> tuple[Any, Any]:
    (a,), (t,) = primals, tangents
    q, r = qr_p(a, full_matrices=full_matrices)
    m, n = a.shape[-2:]
    if m < n:
        return (q, r), _wide_qr_jvp(q, r, t)
    if full_matrices and m > n:
        return (q, r), _full_qr_jvp(q, r, t)
    return (q, r), _thin_qr_jvp(q, r, t)


qr_p = Primitive(
    "qr",
    impl=_qr_impl,
    abstract=_qr_abstract,
    jvp=_qr_jvp,
    batch=stack_batch(lambda: qr_p),
    multiple_results=True,
    properties=frozenset({"blas"}),
)


def _permute_rows_impl(x: Any, order: Any, inverse: bool) -> Any:
    if inverse:
        order = np.argsort(order, axis=-1)
    if order.ndim == 1:
        return x[..., order, :]
    shape = np.broadcast_shapes(x.shape[:-1], order.shape)
    x = np.broadcast_to(x, (*shape, x.shape[-1]))
    return np.take_along_axis(x, np.broadcast_to(order, shape)[..., None], axis=-2)


def _permute_rows_abstract(x: ShapedArray, order: ShapedArray, inverse: bool) -> ShapedArray:
    return ShapedArray((*np.broadcast_shapes(x.shape[:-1], order.shape), x.shape[-1]), x.dtype)


def _permute_rows_jvp(primals: Any, tangents: Any, inverse: bool) -> tuple[Any, Any]:
    (x, order), (t, _) = primals, tangents
    out = permute_rows_p(x, order, inverse=inverse)
    return out, None if t is None else permute_rows_p(t, order, inverse=inverse)


def _permute_rows_batch(
    axis: BatchAxis, operands: Any, batched: Any, inverse: bool
) -> tuple[Any, bool]:
    x, order = operands
    # An order has one axis less than the matrices, so align it as matrices of one column.
    x, order = align_stacks([x, column(order)], batched)
    return permute_rows_p(x, uncolumn(order), inverse=inverse), True


# Row i of the result is row `order[i]` of each matrix, or the inverse of that.
permute_rows_p = Primitive(
    "permute_rows",
    impl=_permute_rows_impl,
    abstract=_permute_rows_abstract,
    jvp=_permute_rows_jvp,
    transpose=lambda ct, x, order, inverse: (
        unbroadcast(permute_rows_p(ct, order, inverse=not inverse), x.aval),
        None,
    ),
    batch=_permute_rows_batch,
)


def permute_rows(x: Any, order: Any, *, inverse: bool = False) -> Any:
    """The rows of each matrix in this order; `inverse` puts them back."""
    return permute_rows_p(x, order, inverse=inverse)


def _lu_abstract(a: ShapedArray) -> tuple[ShapedArray, ShapedArray, ShapedArray]:
    check_matrix("lu", a)
    m, n = a.shape[-2:]
    stack = a.shape[:-2]
    index = np.dtype(np.int32)
    return (
        a.strip_weak_type(),
        ShapedArray((*stack, min(m, n)), index),
        ShapedArray((*stack, m), index),
    )


def _lu_impl(a: Any) -> tuple[Any, Any, Any]:
    getrf = routine("getrf", a.dtype)
    m, n = a.shape[-2:]
    lu = np.empty(a.shape, a.dtype)
    pivots = np.empty((*a.shape[:-2], min(m, n)), np.int32)
    order = np.empty((*a.shape[:-2], m), np.int32)
    for index in np.ndindex(a.shape[:-2]):
        if a[index].size:
            lu[index], pivots[index], _ = getrf(a[index])
        order[index] = _row_order(pivots[index], m)
    return lu, pivots, order


def _lu_jvp(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    # With F = L⁻¹ P dA U⁻¹: dL = L tril(F, -1), dU = triu(F) U (de Hoog, Anderssen, Lukas 2011).
    # The rows or columns beyond the square block follow from P dA = dL U + L dU.
    (a,), (t,) = primals, tangents
    lu, pivots, order = lu_p(a)
    m, n = a.shape[-2:]
    k = min(m, n)
    t = permute_rows(t, order)
    square = cut(lu, (0, k), (0, k))
    left = triangular_solve(square, cut(t, (0, k), (0, k)), lower=True, unit_diagonal=True)
    inner = triangular_solve(square, left, left_side=False)
    d_lower = matmul(tril(square, -1), tril(inner, -1)) + tril(inner, -1)
    d_upper = matmul(triu(inner), triu(square))
    change = d_lower + d_upper
    if m > n:
        rest = cut(t, rows=(n, m)) - matmul(cut(lu, rows=(n, m)), d_upper)
        change = above(change, triangular_solve(square, rest, left_side=False))
    elif m < n:
        rest = cut(t, columns=(m, n)) - matmul(d_lower, cut(lu, columns=(m, n)))
        change = beside(change, triangular_solve(square, rest, lower=True, unit_diagonal=True))
    return (lu, pivots, order), (change, None, None)


# L (unit diagonal, not stored) and U in one matrix, the pivots of LAPACK, and the order of the
# rows. Needs SciPy.
lu_p = Primitive(
    "lu",
    impl=_lu_impl,
    abstract=_lu_abstract,
    jvp=_lu_jvp,
    batch=stack_batch(lambda: lu_p),
    multiple_results=True,
    properties=frozenset({"blas"}),
)


def _pivots_impl(pivots: Any, permutation_size: int) -> Any:
    order = np.empty((*pivots.shape[:-1], permutation_size), np.int32)
    for index in np.ndindex(pivots.shape[:-1]):
        order[index] = _row_order(pivots[index], permutation_size)
    return order


def _row_order(pivots: Any, m: int) -> Any:
    """The order of the rows after the exchanges of row i with row `pivots[i]`."""
    rows = np.arange(m, dtype=np.int32)
    for i, p in enumerate(pivots):
        rows[[i, p]] = rows[[p, i]]
    return rows


# LAPACK's pivots as a permutation of the rows.
lu_pivots_to_permutation_p = Primitive(
    "lu_pivots_to_permutation",
    impl=_pivots_impl,
    abstract=lambda pivots, permutation_size: ShapedArray(
        (*pivots.shape[:-1], permutation_size), np.dtype(np.int32)
    ),
    jvp=lambda primals, tangents, **params: (lu_pivots_to_permutation_p(*primals, **params), None),
    batch=stack_batch(lambda: lu_pivots_to_permutation_p),
)


def _qr_pivots_abstract(a: ShapedArray) -> ShapedArray:
    check_matrix("qr", a)
    return ShapedArray((*a.shape[:-2], a.shape[-1]), np.dtype(np.int32))


def _qr_pivots_impl(a: Any) -> Any:
    geqp3 = routine("geqp3", a.dtype)
    order = np.empty((*a.shape[:-2], a.shape[-1]), np.int32)
    for index in np.ndindex(a.shape[:-2]):
        order[index] = geqp3(a[index])[1] - 1 if a[index].size else np.arange(a.shape[-1])
    return order


# The order of the columns in which QR with pivoting takes them. Needs SciPy.
qr_pivots_p = Primitive(
    "qr_pivots",
    impl=_qr_pivots_impl,
    abstract=_qr_pivots_abstract,
    jvp=lambda primals, tangents: (qr_pivots_p(*primals), None),
    batch=stack_batch(lambda: qr_pivots_p),
    properties=frozenset({"blas"}),
)
