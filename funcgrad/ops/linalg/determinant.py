"""Determinants, also of singular matrices.

The derivative of the determinant is the matrix of cofactors, a polynomial in the entries like the
determinant itself. For a regular matrix it is det(A) A⁻ᵀ; for a singular one it is found from the
singular values, as products of all but one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.primitive import Primitive
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import sum_axes
from funcgrad.ops.complex import is_complex, real_dtype
from funcgrad.ops.contraction import matmul
from funcgrad.ops.linalg.matrix import (
    check_square,
    column,
    im,
    matrix_diagonal,
    mT,
    re,
    same_type,
    stack_batch,
)
from funcgrad.ops.linalg.solve import inv_p


def trace_of_product(x: Any, y: Any) -> Any:
    """tr(xᵀ y)."""
    axes = (len(x.shape) - 2, len(x.shape) - 1)
    return sum_axes(x * y, axes)


def _det_abstract(a: ShapedArray) -> ShapedArray:
    check_square("det", a)
    return ShapedArray(a.shape[:-2], a.dtype)


def _det_jvp(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    (a,), (t,) = primals, tangents
    return det_p(a), trace_of_product(cofactor_p(a), t)


det_p = Primitive(
    "det",
    impl=np.linalg.det,
    abstract=_det_abstract,
    jvp=_det_jvp,
    batch=stack_batch(lambda: det_p),
    properties=frozenset({"blas"}),
)


# Beyond this condition number the second derivative is found from singular values: its terms
# cancel.
_WELL_CONDITIONED = 1e4


def _regular(a: Any, limit: float) -> tuple[Any, Any, Any]:
    """Determinants, inverses (of the identity instead of a singular matrix), and which matrices are
    regular with a condition number below `limit`."""
    det = np.linalg.det(a)
    regular = (det != 0) & np.isfinite(det)
    if not np.all(regular):
        a = np.where(regular[..., None, None], a, np.eye(a.shape[-1], dtype=a.dtype))
    inverse = np.linalg.inv(a)
    condition = np.linalg.norm(a, axis=(-2, -1)) * np.linalg.norm(inverse, axis=(-2, -1))
    return det, inverse, regular & (condition < limit)


def _products_without_one(s: Any) -> Any:
    """For each singular value the product of all others."""
    before = np.cumprod(np.concatenate([[1], s[:-1]]))
    after = np.cumprod(np.concatenate([[1], s[:0:-1]]))[::-1]
    return (before * after).astype(s.dtype)


def _products_without_two(s: Any) -> Any:
    """For each pair of singular values the product of all others; zero on the diagonal."""
    n = len(s)
    before = np.cumprod(np.concatenate([[1], s[:-1]]))
    after = np.cumprod(np.concatenate([[1], s[:0:-1]]))[::-1]
    factors = np.triu(np.broadcast_to(s, (n, n)), 1) + np.tril(np.ones((n, n), s.dtype))
    between = np.ones((n, n), s.dtype)
    between[:, 1:] = np.cumprod(factors, axis=1)[:, :-1]
    products = np.triu(before[:, None] * between * after, 1)
    return (products + products.T).astype(s.dtype)


def _rotations(a: Any) -> tuple[Any, Any, Any, Any]:
    u, s, vh = np.linalg.svd(a)
    return u, s, vh, np.linalg.det(u) * np.linalg.det(vh)


def _cofactor_impl(a: Any) -> Any:
    det, inverse, regular = _regular(a, np.inf)
    out = np.array(det)[..., None, None] * inverse.mT
    for index in np.argwhere(~regular):
        u, s, vh, sign = _rotations(a[tuple(index)])
        out[tuple(index)] = sign * (u.conj() * _products_without_one(s)) @ vh.conj()
    return out


def _cofactor_jvp(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    (a,), (t,) = primals, tangents
    return cofactor_p(a), cofactor_change_p(a, t)


# The matrix of cofactors, the gradient of the determinant.
cofactor_p = Primitive(
    "cofactor",
    impl=_cofactor_impl,
    abstract=same_type,
    jvp=_cofactor_jvp,
    batch=stack_batch(lambda: cofactor_p),
    properties=frozenset({"blas"}),
)


def _cofactor_change_impl(a: Any, t: Any) -> Any:
    det, inverse, regular = _regular(a, _WELL_CONDITIONED)
    inside = inverse @ t
    trace = np.trace(inside, axis1=-2, axis2=-1)[..., None, None]
    out = np.array(det)[..., None, None] * (trace * inverse - inside @ inverse).mT
    a, t = np.broadcast_to(a, out.shape), np.broadcast_to(t, out.shape)
    for index in np.argwhere(~np.broadcast_to(regular, out.shape[:-2])):
        u, s, vh, sign = _rotations(a[tuple(index)])
        turned = u.conj().T @ t[tuple(index)] @ vh.conj().T
        pairs = _products_without_two(s)
        # Cofactors of diag(s) + ε B to first order: Σ_k B_kk Π_{l≠i,k} s_l on the diagonal, -B_ji
        # Π_{l≠i,j} s_l off it.
        change = np.diag(pairs @ np.diagonal(turned)) - pairs * turned.T
        out[tuple(index)] = sign * u.conj() @ change @ vh.conj()
    return out


def _cofactor_change_abstract(a: ShapedArray, t: ShapedArray) -> ShapedArray:
    return ShapedArray(np.broadcast_shapes(a.shape, t.shape), a.dtype)


def _cofactor_change_jvp(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    (a, x), (ta, tx) = primals, tangents
    out = cofactor_change_p(a, x)
    change = None if tx is None else cofactor_change_p(a, tx)
    if ta is not None:
        # Third derivatives: of det(A) (tr(A⁻¹X) A⁻¹ - A⁻¹ X A⁻¹)ᵀ, for regular matrices.
        third = _third(a, x, ta)
        change = third if change is None else change + third
    return out, change


def _third(a: Any, x: Any, t: Any) -> Any:
    inverse, det = inv_p(a), column(column(det_p(a)))
    p, q = matmul(inverse, x), matmul(inverse, t)
    tr_p, tr_q, pq = _trace(p), _trace(q), matmul(p, q)
    # d det = det tr_q, d inverse = -q inverse, dp = -q p.
    main = tr_p * tr_q - _trace(pq)
    turned = matmul(pq + matmul(q, p) - tr_q * p - tr_p * q, inverse)
    return mT(det * (main * inverse + turned))


def _trace(x: Any) -> Any:
    n_axes = len(x.shape) - 2
    return column(column(sum_axes(matrix_diagonal(x), (n_axes,))))


# The derivative of the cofactors along x: linear in x, and symmetric as a bilinear form.
cofactor_change_p = Primitive(
    "cofactor_change",
    impl=_cofactor_change_impl,
    abstract=_cofactor_change_abstract,
    jvp=_cofactor_change_jvp,
    transpose=lambda ct, a, x: (None, cofactor_change_p(a, ct)),
    batch=stack_batch(lambda: cofactor_change_p),
    properties=frozenset({"blas"}),
)


def _slogdet_abstract(a: ShapedArray) -> tuple[ShapedArray, ShapedArray]:
    check_square("slogdet", a)
    shape = a.shape[:-2]
    return ShapedArray(shape, a.dtype), ShapedArray(shape, real_dtype(a.dtype))


def _slogdet_impl(a: Any) -> tuple[Any, Any]:
    sign, logdet = np.linalg.slogdet(a)
    return sign, logdet


def _slogdet_jvp(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    # d log det(A) = tr(A⁻¹ dA): the real part moves the logarithm, the imaginary part turns the
    # sign.
    (a,), (t,) = primals, tangents
    sign, logdet = slogdet_p(a)
    change = trace_of_product(mT(inv_p(a)), t)
    turn = sign * (im(change) * 1j) if is_complex(a) else None
    return (sign, logdet), (turn, re(change))


slogdet_p = Primitive(
    "slogdet",
    impl=_slogdet_impl,
    abstract=_slogdet_abstract,
    jvp=_slogdet_jvp,
    batch=stack_batch(lambda: slogdet_p),
    multiple_results=True,
    properties=frozenset({"blas"}),
)
