"""The pseudo-inverse and least squares, for matrices of any shape and of constant rank.

Golub and Pereyra 1973, "The differentiation of pseudo-inverses and nonlinear least squares problems
whose variables separate", equation 4.12.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.primitive import BatchAxis, Primitive
from funcgrad.core.source import here
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import unbroadcast
from funcgrad.ops.contraction import matmul
from funcgrad.ops.linalg.matrix import (
    MatrixError,
    adjoint,
    check_matrix,
    hermitian_part,
    mT,
    stack_batch,
)
from funcgrad.ops.shape import to_front


def _pinv_abstract(a: ShapedArray, rcond: ShapedArray, hermitian: bool) -> ShapedArray:
    check_matrix("pinv", a)
    *stack, m, n = a.shape
    return ShapedArray((*stack, n, m), a.dtype)


def _pinv_impl(a: Any, rcond: Any, hermitian: bool) -> Any:
    return np.linalg.pinv(a, rcond, hermitian).astype(a.dtype, copy=False)


def _pinv_jvp(primals: Sequence[Any], tangents: Sequence[Any], hermitian: bool) -> tuple[Any, Any]:
    (a, rcond), (t, _) = primals, tangents
    p = pinv_p(a, rcond, hermitian=hermitian)
    if t is None:
        return p, None
    if hermitian:
        t = hermitian_part(t)
    ph, th = adjoint(p), adjoint(t)
    left = matmul(matmul(p, ph), th)  # P Pᴴ dAᴴ
    right = matmul(th, matmul(ph, p))  # dAᴴ Pᴴ P
    inside = matmul(matmul(p, t), p)
    return p, left - matmul(matmul(left, a), p) + right - matmul(p, matmul(a, right)) - inside


def _pinv_batch(
    axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool], hermitian: bool
) -> tuple[Any, bool]:
    a, rcond = operands
    if not batched[0]:
        a = to_front(a, axis.size)
    return pinv_p(a, rcond, hermitian=hermitian), True


# The pseudo-inverse; singular values below `rcond` times the largest count as zero.
pinv_p = Primitive(
    "pinv",
    impl=_pinv_impl,
    abstract=_pinv_abstract,
    jvp=_pinv_jvp,
    batch=_pinv_batch,
    properties=frozenset({"blas"}),
)


def _lstsq_abstract(a: ShapedArray, b: ShapedArray, rcond: float) -> ShapedArray:
    check_matrix("lstsq", a)
    check_matrix("lstsq", b)
    if a.shape[-2] != b.shape[-2] or a.dtype != b.dtype:
        raise MatrixError(f"lstsq: the matrix {a} and the right-hand side {b} do not fit{here()}")
    stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return ShapedArray((*stack, a.shape[-1], b.shape[-1]), a.dtype)


def _lstsq_impl(a: Any, b: Any, rcond: float) -> Any:
    if a.ndim == b.ndim == 2:
        return np.linalg.lstsq(a, b, rcond)[0]
    stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    out = np.empty((*stack, a.shape[-1], b.shape[-1]), a.dtype)
    a, b = np.broadcast_to(a, stack + a.shape[-2:]), np.broadcast_to(b, stack + b.shape[-2:])
    for index in np.ndindex(stack):
        out[index] = np.linalg.lstsq(a[index], b[index], rcond)[0]
    return out


def _lstsq_jvp(primals: Sequence[Any], tangents: Sequence[Any], rcond: float) -> tuple[Any, Any]:
    # With x = P b and r = b - A x: dx = P (db - dA x) + P Pᴴ dAᴴ r + (I - P A) dAᴴ Pᴴ x.
    (a, b), (ta, tb) = primals, tangents
    x = lstsq_p(a, b, rcond=rcond)
    p = pinv_p(a, rcond, hermitian=False)
    if ta is None:
        return x, matmul(p, tb)
    ph, th = adjoint(p), adjoint(ta)
    change = matmul(ta, x)
    inner = matmul(ph, matmul(th, b - matmul(a, x))) + (-change if tb is None else tb - change)
    outside = matmul(th, matmul(ph, x))
    return x, matmul(p, inner) + outside - matmul(p, matmul(a, outside))


# The solution of least norm of each least squares problem a x ≈ b.
lstsq_p = Primitive(
    "lstsq",
    impl=_lstsq_impl,
    abstract=_lstsq_abstract,
    jvp=_lstsq_jvp,
    transpose=lambda ct, a, b, rcond: (
        None,
        unbroadcast(matmul(mT(pinv_p(a, rcond, hermitian=False)), ct), b.aval),
    ),
    batch=stack_batch(lambda: lstsq_p),
    properties=frozenset({"blas"}),
)
