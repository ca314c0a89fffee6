"""`numpy.linalg` on traced values: systems of equations, inverses, decompositions, determinants."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import funcgrad.numpy.norms  # registers the norms
from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.core.types import ShapedArray
from funcgrad.numpy.arguments import NOT_GIVEN, operand
from funcgrad.numpy.known import known_int
from funcgrad.ops.basic import convert, reshape, sum_axes, transpose, zeros
from funcgrad.ops.complex import imag, is_complex, real
from funcgrad.ops.contraction import matmul
from funcgrad.ops.linalg.determinant import det_p, slogdet_p
from funcgrad.ops.linalg.factor import cholesky_p, qr_p
from funcgrad.ops.linalg.leastsquares import lstsq_p, pinv_p
from funcgrad.ops.linalg.matrix import MatrixError, adjoint, check_matrix, column, uncolumn
from funcgrad.ops.linalg.solve import inv_p, solve_p
from funcgrad.ops.linalg.spectral import eig_pairs, eigh_pairs, eigvals_p, eigvalsh_p
from funcgrad.ops.linalg.svd import svd_triplets, svdvals_p

_ONE = np.eye(1)
EigResult: Any = type(np.linalg.eig(_ONE))
EighResult: Any = type(np.linalg.eigh(_ONE))
QRResult: Any = type(np.linalg.qr(_ONE))
SlogdetResult: Any = type(np.linalg.slogdet(_ONE))
SVDResult: Any = type(np.linalg.svd(_ONE))
# NumPy before 2.5 returns real eigenvalues where all happen to be real.
_REAL_EIGENVALUES = np.linalg.eigvals(_ONE).dtype.kind == "f"


def matrices(name: str, *values: Any) -> Any:
    """Operands in their common dtype, which is one that LAPACK has: integers become float64."""
    operands = [operand(x) for x in values]
    dtypes = [typeof(x).dtype for x in operands]
    common = np.result_type(*[d if d.kind in "fc" else np.float64 for d in dtypes])
    if common.char not in "fdFD":
        listed = " and ".join(str(typeof(x)) for x in operands)
        raise MatrixError(
            f"{name} of {listed}: linear algebra has no routines for {common}{here()}\n  "
            "use .astype(np.float32) or .astype(np.float64)"
        )
    converted = [convert(x, common) for x in operands]
    return converted if len(converted) > 1 else converted[0]


# Systems of equations and inverses


@implements(np.linalg.solve)
def solve(a: Any, b: Any) -> Any:
    """`np.linalg.solve`; `b` is a vector if it has one axis, else a stack of columns."""
    a, b = matrices("solve", a, b)
    if len(b.shape) == 1:
        return uncolumn(solve_p(a, column(b)))
    return solve_p(a, b)


@implements(np.linalg.inv)
def inv(a: Any) -> Any:
    """`np.linalg.inv`."""
    return inv_p(matrices("inv", a))


@implements(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """`np.linalg.tensorsolve`."""
    a, b = operand(a), operand(b)
    a_ndim, b_ndim = len(typeof(a).shape), len(typeof(b).shape)
    if axes is not None:
        moved = [int(k) % a_ndim for k in axes]
        a = transpose(a, [*[k for k in range(a_ndim) if k not in moved], *moved])
    shape = typeof(a).shape
    solution = shape[b_ndim:]
    size = math.prod(solution)
    if math.prod(shape) != size * size:
        raise MatrixError(
            f"tensorsolve of {typeof(a)} and {typeof(b)}: the product of the first {b_ndim} "
            f"lengths must equal that of the others{here()}"
        )
    x = solve(reshape(a, (size, size)), reshape(b, (typeof(b).size,)))
    return reshape(x, solution)


@implements(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    """`np.linalg.tensorinv`."""
    a = operand(a)
    shape = typeof(a).shape
    if ind <= 0:
        raise ArgumentError(f"tensorinv: ind must be a positive integer, not {ind}{here()}")
    rows, columns = math.prod(shape[:ind]), math.prod(shape[ind:])
    return reshape(inv(reshape(a, (rows, columns))), shape[ind:] + shape[:ind])


@implements(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = NOT_GIVEN) -> Any:
    """`np.linalg.pinv`; the derivative is that within matrices of the same rank."""
    a = matrices("pinv", a)
    aval = typeof(a)
    if rcond is None:
        if rtol is NOT_GIVEN:
            rcond = 1e-15
        elif rtol is None:
            rcond = max(aval.shape[-2:]) * float(np.finfo(aval.dtype).eps)
        else:
            rcond = rtol
    elif rtol is not NOT_GIVEN:
        raise ArgumentError(f"`rtol` and `rcond` can't be both set.{here()}")
    check_matrix("pinv", aval)
    return pinv_p(a, rcond if np.ndim(rcond) else float(rcond), hermitian=bool(hermitian))


@implements(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Any, Any, Any, Any]:
    """`np.linalg.lstsq`: solution, sums of squared residuals, rank, singular values.

    NumPy returns no residuals where the rank is not full. Where the rank is not known while tracing
    (under `jit` and `vmap`), it is taken to be full.
    """
    a, b = matrices("lstsq", a, b)
    if len(a.shape) != 2 or len(b.shape) not in (1, 2):
        raise MatrixError(f"lstsq of {typeof(a)} and {typeof(b)}: a must be a matrix{here()}")
    m, n = a.shape
    eps = float(np.finfo(a.dtype).eps)
    rcond = eps * max(m, n) if rcond is None else eps if rcond == -1 else float(rcond)
    columns = column(b) if len(b.shape) == 1 else b
    x = lstsq_p(a, columns, rcond=rcond)
    s = svdvals_p(a, hermitian=False)
    rank = _count(s > rcond * s[:1] if min(m, n) else s > 0.0)
    residual_dtype = s.dtype
    if m > n and known_int(rank, n) == n:
        error = columns - matmul(a, x)
        squares = real(error) ** 2 + imag(error) ** 2 if is_complex(error) else error * error
        residuals = sum_axes(squares, (0,))
    else:
        residuals = zeros(ShapedArray((0,), residual_dtype))
    return uncolumn(x) if len(b.shape) == 1 else x, residuals, rank, s


def _count(condition: Any, dtype: Any = np.int32) -> Any:
    axis = len(condition.shape) - 1
    return sum_axes(convert(condition, dtype), (axis,))


# Decompositions


@implements(np.linalg.cholesky)
def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """`np.linalg.cholesky`. The gradient is Hermitian, as `a` is."""
    a = matrices("cholesky", a)
    return adjoint(cholesky_p(adjoint(a))) if upper else cholesky_p(a)


@implements(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    """`np.linalg.qr`, in the modes "reduced", "complete" and "r"."""
    a = matrices("qr", a)
    if mode not in ("reduced", "complete", "r"):
        raise ArgumentError(
            f"qr: mode {mode!r} has no traced implementation{here()}\n  "
            "use 'reduced', 'complete' or 'r'"
        )
    q, r = qr_p(a, full_matrices=mode == "complete")
    return r if mode == "r" else QRResult(q, r)


@implements(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> Any:
    """`np.linalg.eigh`. The gradient is Hermitian, as `a` is.

    Where eigenvalues coincide, functions that do not depend on the choice of eigenvectors within
    an eigenspace have the right derivative if they treat these eigenvalues alike.
    """
    w, v = eigh_pairs(matrices("eigh", a), _is_lower(UPLO))
    return EighResult(w, v)


@implements(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """`np.linalg.eigvalsh`."""
    return eigvalsh_p(matrices("eigvalsh", a), lower=_is_lower(UPLO))


def _is_lower(uplo: str) -> bool:
    if uplo.upper() not in ("L", "U"):
        raise ArgumentError(f"UPLO argument must be 'L' or 'U', not {uplo!r}{here()}")
    return uplo.upper() == "L"


@implements(np.linalg.eig)
def eig(a: Any) -> Any:
    """`np.linalg.eig`, with derivatives of the eigenvectors as NumPy normalises them.

    For a real matrix NumPy (before 2.5) returns real arrays if all eigenvalues are real. Where they
    are not known while tracing (under `jit` and `vmap`), the results are complex.
    """
    a = matrices("eig", a)
    w, v = eig_pairs(a)
    if _are_real(a, w):
        return EigResult(real(w), real(v))
    return EigResult(w, v)


@implements(np.linalg.eigvals)
def eigvals(a: Any) -> Any:
    """`np.linalg.eigvals`; real or complex as in `eig`."""
    a = matrices("eigvals", a)
    w = eigvals_p(a)
    return real(w) if _are_real(a, w) else w


def _are_real(a: Any, w: Any) -> bool:
    if is_complex(a) or not _REAL_EIGENVALUES:
        return False
    complex_ones = convert(imag(w) != 0.0, np.int64)
    return not known_int(sum_axes(complex_ones, tuple(range(len(w.shape)))), 1)


@implements(np.linalg.svd)
def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """`np.linalg.svd`."""
    a = matrices("svd", a)
    if not compute_uv:
        return svdvals_p(a, hermitian=bool(hermitian))
    return SVDResult(*svd_triplets(a, bool(full_matrices), bool(hermitian)))


@implements(np.linalg.svdvals)
def svdvals(x: Any, /) -> Any:
    """`np.linalg.svdvals`."""
    return svdvals_p(matrices("svdvals", x), hermitian=False)


# Numbers that describe a matrix


@implements(np.linalg.det)
def det(a: Any) -> Any:
    """`np.linalg.det`; singular matrices have derivatives too."""
    return det_p(matrices("det", a))


@implements(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    """`np.linalg.slogdet`."""
    return SlogdetResult(*slogdet_p(matrices("slogdet", a)))


@implements(np.linalg.matrix_rank)
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """`np.linalg.matrix_rank`; its derivative is zero."""
    if rtol is not None and tol is not None:
        raise ArgumentError(f"`tol` and `rtol` can't be both set.{here()}")
    a = operand(A)
    shape = typeof(a).shape
    if len(shape) < 2:
        nonzero = convert(a != 0, np.int64)
        return convert(sum_axes(nonzero, tuple(range(len(shape)))) > 0, np.int64)
    a = matrices("matrix_rank", a)
    s = svdvals_p(a, hermitian=bool(hermitian))
    if tol is None:
        if rtol is None:
            rtol = max(shape[-2:]) * float(np.finfo(s.dtype).eps)
        largest = s[..., :1] if s.shape[-1] else 0.0
        limit = largest * (operand(rtol)[..., None] if np.ndim(rtol) else rtol)
    else:
        limit = operand(tol)[..., None] if np.ndim(tol) else tol
    return _count(s > limit, np.intp)


@implements(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """`np.linalg.cond`, infinite for singular matrices."""
    x = matrices("cond", x)
    if 0 in x.shape[-2:] or typeof(x).size == 0:
        raise MatrixError(f"cond is not defined on empty arrays: {typeof(x)}{here()}")
    if p is None or p in (2, -2):
        s = svdvals_p(x, hermitian=False)
        above, below = (s[..., -1], s[..., 0]) if p == -2 else (s[..., 0], s[..., -1])
        singular = below == 0.0
        return np.where(singular, np.inf, above / np.where(singular, 1.0, below))
    norm = funcgrad.numpy.norms.norm
    singular = det_p(x) == 0.0
    eye = np.eye(x.shape[-1], dtype=x.dtype)
    regular = np.where(singular[..., None, None], eye, x)
    result = norm(x, p, axis=(-2, -1)) * norm(inv_p(regular), p, axis=(-2, -1))
    return np.where(singular, np.inf, result)
