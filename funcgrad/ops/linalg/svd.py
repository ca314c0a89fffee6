"""Singular value decompositions.

As for eigenvectors, terms that divide by the gap of coinciding singular values are left out; so are
those that divide by zero singular values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.primitive import Primitive
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import sum_axes
from funcgrad.ops.complex import conj, is_complex, real_dtype
from funcgrad.ops.contraction import matmul
from funcgrad.ops.linalg.matrix import (
    adjoint,
    beside,
    check_matrix,
    cut,
    diagonal_matrix,
    hermitian_part,
    inverse_gaps,
    inverse_sums,
    matrix_diagonal,
    re,
    row,
    stack_batch,
)


def _svd_abstract(a: ShapedArray, full_matrices: bool, hermitian: bool) -> tuple[ShapedArray, ...]:
    check_matrix("svd", a)
    *stack, m, n = a.shape
    k = min(m, n)
    rows, columns = (m, n) if full_matrices else (k, k)
    return (
        ShapedArray((*stack, m, rows), a.dtype),
        ShapedArray((*stack, k), real_dtype(a.dtype)),
        ShapedArray((*stack, columns, n), a.dtype),
    )


def _svd_impl(a: Any, full_matrices: bool, hermitian: bool) -> tuple[Any, Any, Any]:
    u, s, vh = np.linalg.svd(a, full_matrices, hermitian=hermitian)
    return u, s, vh


def _svd_jvp(
    primals: Sequence[Any], tangents: Sequence[Any], full_matrices: bool, hermitian: bool
) -> tuple[Any, Any]:
    # With P = Uᴴ dA V: ds = Re diag P; U and V turn by X + Y and X - Y, where X = herm(P)_ij / (s_j
    # - s_i) off the diagonal and Y = skew(P)_ij / (s_j + s_i). Each part is masked by itself, so
    # that coinciding singular values leave Y, all that U Vᴴ depends on, intact.
    (a,), (t,) = primals, tangents
    if hermitian:
        t = hermitian_part(t)
    m, n = a.shape[-2:]
    k = min(m, n)
    u, s, vh = svd_p(a, full_matrices=full_matrices, hermitian=hermitian)
    u1, vh1 = (
        (cut(u, columns=(0, k)), cut(vh, rows=(0, k))) if full_matrices and m != n else (u, vh)
    )
    uh, v = adjoint(u1), adjoint(vh1)
    inner = matmul(uh, matmul(t, v))
    twice_same, twice_opposite = inner + adjoint(inner), inner - adjoint(inner)
    sums = inverse_sums(s)
    same = inverse_gaps(s) * (twice_same * 0.5)
    opposite = sums * (twice_opposite * 0.5)
    turn_u, turn_v = same + opposite, same - opposite
    if is_complex(a):
        # The phase of a pair of vectors is free: U takes all of the change, as in JAX.
        phase = diagonal_matrix(matrix_diagonal(opposite))
        turn_u, turn_v = turn_u + phase, turn_v + phase
    du, dv = matmul(u1, turn_u), matmul(v, turn_v)
    inverse = matrix_diagonal(sums) * 2.0
    if m > n:
        du, u_rest = _outside(u, u1, du, matmul(t, v) * row(inverse), full_matrices)
    if n > m:
        dv, v_rest = _outside(
            adjoint(vh), v, dv, matmul(adjoint(t), u1) * row(inverse), full_matrices
        )
    if full_matrices and m > n:
        du = beside(du, u_rest)
    if full_matrices and n > m:
        dv = beside(dv, v_rest)
    return (u, s, vh), (du, re(matrix_diagonal(inner)), adjoint(dv))


def _outside(full: Any, thin: Any, change: Any, moved: Any, full_matrices: bool) -> tuple[Any, Any]:
    """Add what leaves the span of the singular vectors; and how the other columns turn against it.

    Those are any basis of the complement. They are carried along without turning among themselves.
    """
    if not full_matrices:
        return change + (moved - matmul(thin, matmul(adjoint(thin), moved))), None
    rest = cut(full, columns=(thin.shape[-1], full.shape[-1]))
    part = matmul(adjoint(rest), moved)
    return change + matmul(rest, part), -matmul(thin, adjoint(part))


# U, the singular values in descending order, and Vᴴ.
svd_p = Primitive(
    "svd",
    impl=_svd_impl,
    abstract=_svd_abstract,
    jvp=_svd_jvp,
    batch=stack_batch(lambda: svd_p),
    multiple_results=True,
)


def _svdvals_jvp(
    primals: Sequence[Any], tangents: Sequence[Any], hermitian: bool
) -> tuple[Any, Any]:
    (a,), (t,) = primals, tangents
    u, s, vh = svd_p(a, full_matrices=False, hermitian=hermitian)
    if hermitian:
        t = hermitian_part(t)
    inner = matmul(adjoint(u), t)
    return s, re(sum_axes(inner * (conj(vh) if is_complex(vh) else vh), (len(s.shape),)))


svdvals_p = Primitive(
    "svdvals",
    impl=lambda a, hermitian: np.linalg.svd(a, compute_uv=False, hermitian=hermitian),
    abstract=lambda a, hermitian: _svd_abstract(a, False, hermitian)[1],
    jvp=_svdvals_jvp,
    batch=stack_batch(lambda: svdvals_p),
)
