"""Eigenvalues and eigenvectors.

Where eigenvalues coincide, up to rounding, eigenvectors are not unique and have no derivative of
their own; functions that do not depend on the choice of basis within the eigenspace have one (sums
over eigenvalues, projections on the whole space, functions of the matrix). Up to the first
derivative of functions of the values or of the vectors alone it is enough to leave out the terms that
divide by the gap. Others are taken at a matrix beside whose eigenvalues differ (gaps.py): that is
what the param `order` of the primitives is for, the number of derivatives that were taken; `values`
says whether the eigenvalues are wanted, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.jaxpr import Equation
from funcgrad.core.primitive import Primitive
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import convert, sum_axes
from funcgrad.ops.complex import conj, real_dtype
from funcgrad.ops.contraction import matmul
from funcgrad.ops.linalg.gaps import apart, inverse_gaps
from funcgrad.ops.linalg.matrix import (
    adjoint,
    check_square,
    complex_dtype,
    hermitian_part,
    im,
    matrix_diagonal,
    mT,
    re,
    row,
    stack_batch,
)
from funcgrad.ops.linalg.solve import inv_p, solve_p

# Hermitian matrices


def _eigh_abstract(a: ShapedArray, **params: Any) -> tuple[ShapedArray, ShapedArray]:
    check_square("eigh", a)
    return ShapedArray(a.shape[:-1], real_dtype(a.dtype)), ShapedArray(a.shape, a.dtype)


def divisions(order: int, values: bool) -> int:
    """How often derivatives of this order divide by gaps that are not left out."""
    return order if values or order > 1 else 0


def _eigh_impl(a: Any, lower: bool, order: int, values: bool) -> tuple[Any, Any]:
    w, v = np.linalg.eigh(a, "L" if lower else "U")
    return apart(w, divisions(order, values)), v


def _eigh_jvp(
    primals: Sequence[Any], tangents: Sequence[Any], lower: bool, order: int, values: bool
) -> tuple[Any, Any]:
    # dV = V (F ∘ Vᴴ dA V) with F_ij = 1 / (w_j - w_i) off the diagonal; dw is the diagonal of Vᴴ dA
    # V.
    (a,), (t,) = primals, tangents
    w, v = eigh_p(a, lower=lower, order=order + 1, values=values)
    inner = matmul(adjoint(v), matmul(hermitian_part(t), v))
    return (w, v), (re(matrix_diagonal(inner)), matmul(v, inverse_gaps(w) * inner))


def _eigh_dce(eqn: Equation, used: Sequence[bool]) -> Equation:
    params = eqn.params
    if not used[1] and params["order"] == 0:
        return eqn.replace(
            primitive=eigvalsh_p, outvars=eqn.outvars[:1], params={"lower": params["lower"]}
        )
    # Only before the first derivative, whose rule reads the values.
    return eqn.replace(params={**params, "values": False}) if params["order"] == 0 else eqn


# Eigenvalues in ascending order and orthonormal eigenvectors as columns. Reads one triangle; the
# derivative is that of a function of Hermitian matrices.
eigh_p = Primitive(
    "eigh",
    impl=_eigh_impl,
    abstract=_eigh_abstract,
    jvp=_eigh_jvp,
    batch=stack_batch(lambda: eigh_p),
    dce=_eigh_dce,
    multiple_results=True,
    properties=frozenset({"blas"}),
)


def eigh_pairs(a: Any, lower: bool) -> tuple[Any, Any]:
    """Eigenvalues and eigenvectors of Hermitian matrices."""
    w, v = eigh_p(a, lower=lower, order=0, values=True)
    return w, v


def _eigvalsh_jvp(primals: Sequence[Any], tangents: Sequence[Any], lower: bool) -> tuple[Any, Any]:
    (a,), (t,) = primals, tangents
    w, v = eigh_pairs(a, lower)
    return w, re(sum_axes(conj(v) * matmul(t, v), (len(v.shape) - 2,)))


eigvalsh_p = Primitive(
    "eigvalsh",
    impl=lambda a, lower: np.linalg.eigvalsh(a, "L" if lower else "U"),
    abstract=lambda a, lower: _eigh_abstract(a)[0],
    jvp=_eigvalsh_jvp,
    batch=stack_batch(lambda: eigvalsh_p),
    properties=frozenset({"blas"}),
)

# General matrices


def _eig_abstract(a: ShapedArray, **params: Any) -> tuple[ShapedArray, ShapedArray]:
    check_square("eig", a)
    dtype = complex_dtype(a.dtype)
    return ShapedArray(a.shape[:-1], dtype), ShapedArray(a.shape, dtype)


def _eig_impl(a: Any, order: int) -> tuple[Any, Any]:
    w, v = np.linalg.eig(a)
    dtype = complex_dtype(a.dtype)
    return apart(w.astype(dtype, copy=False), order), v.astype(dtype, copy=False)


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


def _eig_jvp(primals: Sequence[Any], tangents: Sequence[Any], order: int) -> tuple[Any, Any]:
    # u = V (F ∘ V⁻¹ dA V), and dv_j = u_j + c_j v_j (Giles 2008, section 3.1). LAPACK gives vectors
    # of length 1 whose largest entry v_k is real, which fixes c_j = -Re(v_jᴴ u_j) - i Im(u_kj) /
    # v_kj.
    (a,), (t,) = primals, tangents
    w, v = eig_p(a, order=order + 1)
    inner = solve_p(v, matmul(convert(t, v.dtype), v))
    u = matmul(v, inverse_gaps(w) * inner)
    axis = (len(v.shape) - 2,)
    largest = _largest_p(v)
    length = sum_axes(re(conj(v) * u), axis)
    phase = sum_axes(largest * im(u), axis) / sum_axes(largest * re(v), axis)
    change = u - v * row(length) - v * (row(phase) * 1j)
    return (w, v), (matrix_diagonal(inner), change)


def _eig_dce(eqn: Equation, used: Sequence[bool]) -> Equation:
    if used[1] or eqn.params["order"]:
        return eqn
    return eqn.replace(primitive=eigvals_p, outvars=eqn.outvars[:1], params={})


# Complex eigenvalues and eigenvectors, also of real matrices.
eig_p = Primitive(
    "eig",
    impl=_eig_impl,
    abstract=_eig_abstract,
    jvp=_eig_jvp,
    batch=stack_batch(lambda: eig_p),
    dce=_eig_dce,
    multiple_results=True,
    properties=frozenset({"blas"}),
)


def eig_pairs(a: Any) -> tuple[Any, Any]:
    """Complex eigenvalues and eigenvectors of matrices."""
    w, v = eig_p(a, order=0)
    return w, v


def _eigvals_jvp(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    (a,), (t,) = primals, tangents
    w, v = eig_pairs(a)
    left = mT(inv_p(v))
    return w, sum_axes(left * matmul(convert(t, v.dtype), v), (len(v.shape) - 2,))


eigvals_p = Primitive(
    "eigvals",
    impl=lambda a: np.linalg.eigvals(a).astype(complex_dtype(a.dtype), copy=False),
    abstract=lambda a: _eig_abstract(a)[0],
    jvp=_eigvals_jvp,
    batch=stack_batch(lambda: eigvals_p),
    properties=frozenset({"blas"}),
)
