"""Eigenvalues and eigenvectors.

Where eigenvalues coincide, up to rounding, eigenvectors are not unique and have no derivative of
their own. The terms of it that divide by the gap are left out, so that functions which do not
depend on the choice of basis within the eigenspace (sums of eigenvalues, projections on the whole
space) get the right derivative.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.primitive import Primitive
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import convert, sum_axes
from funcgrad.ops.complex import conj, real_dtype
from funcgrad.ops.contraction import matmul
from funcgrad.ops.linalg.matrix import (
    adjoint,
    check_square,
    complex_dtype,
    hermitian_part,
    im,
    inverse_gaps,
    matrix_diagonal,
    mT,
    re,
    row,
    stack_batch,
)
from funcgrad.ops.linalg.solve import inv_p, solve_p

# Hermitian matrices


def _eigh_abstract(a: ShapedArray, lower: bool) -> tuple[ShapedArray, ShapedArray]:
    check_square("eigh", a)
    return ShapedArray(a.shape[:-1], real_dtype(a.dtype)), ShapedArray(a.shape, a.dtype)


def _eigh_impl(a: Any, lower: bool) -> tuple[Any, Any]:
    w, v = np.linalg.eigh(a, "L" if lower else "U")
    return w, v


def _eigh_jvp(primals: Sequence[Any], tangents: Sequence[Any], lower: bool) -> tuple[Any, Any]:
    # dV = V (F ∘ Vᴴ dA V) with F_ij = 1 / (w_j - w_i) off the diagonal; dw is the diagonal of Vᴴ dA
    # V.
    (a,), (t,) = primals, tangents
    w, v = eigh_p(a, lower=lower)
    inner = matmul(adjoint(v), matmul(hermitian_part(t), v))
    return (w, v), (re(matrix_diagonal(inner)), matmul(v, inverse_gaps(w) * inner))


# Eigenvalues in ascending order and orthonormal eigenvectors as columns. Reads one triangle; the
# derivative is that of a function of Hermitian matrices.
eigh_p = Primitive(
    "eigh",
    impl=_eigh_impl,
    abstract=_eigh_abstract,
    jvp=_eigh_jvp,
    batch=stack_batch(lambda: eigh_p),
    multiple_results=True,
)


def _eigvalsh_jvp(primals: Sequence[Any], tangents: Sequence[Any], lower: bool) -> tuple[Any, Any]:
    (a,), (t,) = primals, tangents
    w, v = eigh_p(a, lower=lower)
    return w, re(sum_axes(conj(v) * matmul(t, v), (len(v.shape) - 2,)))


eigvalsh_p = Primitive(
    "eigvalsh",
    impl=lambda a, lower: np.linalg.eigvalsh(a, "L" if lower else "U"),
    abstract=lambda a, lower: _eigh_abstract(a, lower)[0],
    jvp=_eigvalsh_jvp,
    batch=stack_batch(lambda: eigvalsh_p),
)

# General matrices


def _eig_abstract(a: ShapedArray) -> tuple[ShapedArray, ShapedArray]:
    check_square("eig", a)
    dtype = complex_dtype(a.dtype)
    return ShapedArray(a.shape[:-1], dtype), ShapedArray(a.shape, dtype)


def _eig_impl(a: Any) -> tuple[Any, Any]:
    w, v = np.linalg.eig(a)
    dtype = complex_dtype(a.dtype)
    return w.astype(dtype, copy=False), v.astype(dtype, copy=False)


def _largest_impl(v: Any) -> Any:
    """A mask of the entry of largest magnitude of each column, among those that are real."""
    size = np.where(v.imag == 0, np.abs(v), -1)
    rows = np.arange(v.shape[-2])[:, None]
    if not v.size:
        return np.zeros(v.shape, v.real.dtype)
    return (rows == size.argmax(axis=-2)[..., None, :]).astype(v.real.dtype)


_largest_p = Primitive(
    "largest_entries",
    impl=_largest_impl,
    abstract=lambda v: ShapedArray(v.shape, real_dtype(v.dtype)),
    jvp=lambda primals, tangents: (_largest_p(*primals), None),
    batch=stack_batch(lambda: _largest_p),
)


def _eig_jvp(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    # u = V (F ∘ V⁻¹ dA V), and dv_j = u_j + c_j v_j (Giles 2008, section 3.1). LAPACK gives vectors
    # of length 1 whose largest entry v_k is real, which fixes c_j = -Re(v_jᴴ u_j) - i Im(u_kj) /
    # v_kj.
    (a,), (t,) = primals, tangents
    w, v = eig_p(a)
    inner = solve_p(v, matmul(convert(t, v.dtype), v))
    u = matmul(v, inverse_gaps(w) * inner)
    axis = (len(v.shape) - 2,)
    largest = _largest_p(v)
    length = sum_axes(re(conj(v) * u), axis)
    phase = sum_axes(largest * im(u), axis) / sum_axes(largest * re(v), axis)
    change = u - v * row(length) - v * (row(phase) * 1j)
    return (w, v), (matrix_diagonal(inner), change)


# Complex eigenvalues and eigenvectors, also of real matrices.
eig_p = Primitive(
    "eig",
    impl=_eig_impl,
    abstract=_eig_abstract,
    jvp=_eig_jvp,
    batch=stack_batch(lambda: eig_p),
    multiple_results=True,
)


def _eigvals_jvp(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    (a,), (t,) = primals, tangents
    w, v = eig_p(a)
    left = mT(inv_p(v))
    return w, sum_axes(left * matmul(convert(t, v.dtype), v), (len(v.shape) - 2,))


eigvals_p = Primitive(
    "eigvals",
    impl=lambda a: np.linalg.eigvals(a).astype(complex_dtype(a.dtype), copy=False),
    abstract=lambda a: _eig_abstract(a)[0],
    jvp=_eigvals_jvp,
    batch=stack_batch(lambda: eigvals_p),
)
