"""Singular value decompositions.

Coinciding singular values are treated as coinciding eigenvalues are (spectral.py, which explains the params
`order` and `values`). Terms that divide by zero singular values are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.jaxpr import Equation
from funcgrad.core.primitive import Primitive
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import sum_axes
from funcgrad.ops.complex import conj, is_complex, real_dtype
from funcgrad.ops.contraction import matmul
from funcgrad.ops.linalg.gaps import apart, inverse_gaps, inverse_sums
from funcgrad.ops.linalg.matrix import (
    adjoint,
    beside,
    check_matrix,
    cut,
    diagonal_matrix,
    hermitian_part,
    matrix_diagonal,
    re,
    row,
    stack_batch,
)
from funcgrad.ops.linalg.spectral import divisions


def _svd_abstract(a: ShapedArray, full_matrices: bool, **params: Any) -> tuple[ShapedArray, ...]:
    check_matrix("svd", a)
    *stack, m, n = a.shape
    k = min(m, n)
    rows, columns = (m, n) if full_matrices else (k, k)
    return (
        ShapedArray((*stack, m, rows), a.dtype),
        ShapedArray((*stack, k), real_dtype(a.dtype)),
        ShapedArray((*stack, columns, n), a.dtype),
    )


def _svd_impl(
    a: Any, full_matrices: bool, hermitian: bool, order: int, values: bool
) -> tuple[Any, Any, Any]:
    u, s, vh = np.linalg.svd(a, full_matrices, hermitian=hermitian)
    return u, apart(s[..., ::-1], divisions(order, values))[..., ::-1], vh


def _svd_jvp(
    primals: Sequence[Any],
    tangents: Sequence[Any],
    full_matrices: bool,
    hermitian: bool,
    order: int,
    values: bool,
) -> tuple[Any, Any]:
    # With P = Uᴴ dA V: ds = Re diag P; U and V turn by X + Y and X - Y, where X = herm(P)_ij / (s_j
    # - s_i) off the diagonal and Y = skew(P)_ij / (s_j + s_i). Each part is masked by itself, so
    # that coinciding singular values leave Y, all that U Vᴴ depends on, intact.
    (a,), (t,) = primals, tangents
    if hermitian:
        t = hermitian_part(t)
    m, n = a.shape[-2:]
    k = min(m, n)
    u, s, vh = svd_p(
        a, full_matrices=full_matrices, hermitian=hermitian, order=order + 1, values=values
    )
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


def _svd_dce(eqn: Equation, used: Sequence[bool]) -> Equation:
    params = eqn.params
    if params["order"]:
        return eqn
    if not used[0] and not used[2]:
        params = {"hermitian": params["hermitian"]}
        return eqn.replace(primitive=svdvals_p, outvars=eqn.outvars[1:2], params=params)
    return eqn if used[1] else eqn.replace(params={**params, "values": False})


# U, the singular values in descending order, and Vᴴ.
svd_p = Primitive(
    "svd",
    impl=_svd_impl,
    abstract=_svd_abstract,
    jvp=_svd_jvp,
    batch=stack_batch(lambda: svd_p),
    dce=_svd_dce,
    multiple_results=True,
    properties=frozenset({"blas"}),
)


def svd_triplets(a: Any, full_matrices: bool, hermitian: bool) -> tuple[Any, Any, Any]:
    """U, the singular values in descending order, and Vᴴ of matrices."""
    u, s, vh = svd_p(a, full_matrices=full_matrices, hermitian=hermitian, order=0, values=True)
    return u, s, vh


def _svdvals_jvp(
    primals: Sequence[Any], tangents: Sequence[Any], hermitian: bool
) -> tuple[Any, Any]:
    (a,), (t,) = primals, tangents
    u, s, vh = svd_triplets(a, False, hermitian)
    if hermitian:
        t = hermitian_part(t)
    inner = matmul(adjoint(u), t)
    return s, re(sum_axes(inner * (conj(vh) if is_complex(vh) else vh), (len(s.shape),)))


svdvals_p = Primitive(
    "svdvals",
    impl=lambda a, hermitian: np.linalg.svd(a, compute_uv=False, hermitian=hermitian),
    abstract=lambda a, hermitian: _svd_abstract(a, False)[1],
    jvp=_svdvals_jvp,
    batch=stack_batch(lambda: svdvals_p),
    properties=frozenset({"blas"}),
)
