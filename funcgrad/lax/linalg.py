"""`funcgrad.lax.linalg`: factorizations under JAX's names, with JAX's arguments.

>>> import numpy as np, funcgrad as fg
>>> fg.lax.linalg.cholesky(np.array([[4.0, 2.0], [2.0, 5.0]]))
array([[2., 0.],
       [1., 2.]])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.lax.matrix_forms import hessenberg, householder_product, qdwh, schur, tridiagonal
from funcgrad.numpy.arguments import operand
from funcgrad.ops.basic import convert
from funcgrad.ops.linalg import factor, solve
from funcgrad.ops.linalg.banded import solve_banded_p
from funcgrad.ops.linalg.matrix import mT


def _symmetric(x: Any) -> Any:
    return (x + np.conj(mT(x))) / 2


def cholesky(x: Any, *, symmetrize_input: bool = True) -> Any:
    """The lower triangular `L` with `L L^H = x`, of Hermitian positive definite matrices (..., n, n).

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.linalg.cholesky(np.array([[4.0]]))
    array([[2.]])
    """
    x = operand(x)
    return np.linalg.cholesky(_symmetric(x) if symmetrize_input else x)


def cholesky_update(r_matrix: Any, w_vector: Any) -> Any:
    """The upper triangular `R'` with `R'^H R' = R^H R + w w^H`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.linalg.cholesky_update(np.array([[3.0]]), np.array([4.0]))
    array([[5.]])
    """
    r, w = operand(r_matrix), operand(w_vector)
    updated = np.conj(mT(r)) @ r + w[..., :, None] * np.conj(w)[..., None, :]
    return np.conj(mT(np.linalg.cholesky(updated)))


def eig(
    x: Any, *, compute_left_eigenvectors: bool = True, compute_right_eigenvectors: bool = True
) -> list[Any]:
    """Eigenvalues of matrices (..., n, n), with left and right eigenvectors in this order, if they are wanted.

    All are complex. The left eigenvectors `u` fulfil `u^H x = w u^H`; each has the length 1, and its largest entry
    is real and positive.

    >>> import numpy as np, funcgrad as fg
    >>> w, left, right = fg.lax.linalg.eig(np.array([[0.0, 1.0], [-1.0, 0.0]]))
    >>> np.sort(w.imag)
    array([-1.,  1.])
    """
    x = operand(x)
    dtype = np.result_type(typeof(x).dtype, np.complex64)
    x = convert(x, dtype)
    if not (compute_left_eigenvectors or compute_right_eigenvectors):
        return [np.linalg.eigvals(x)]
    w, right = np.linalg.eig(x)
    found = [w]
    if compute_left_eigenvectors:
        left = np.conj(mT(np.linalg.inv(right)))
        largest = np.take_along_axis(left, np.argmax(np.abs(left), -2, keepdims=True), -2)
        left = left * (np.conj(largest) / np.abs(largest))
        found.append(left / np.linalg.norm(left, axis=-2, keepdims=True))
    return [*found, right] if compute_right_eigenvectors else found


def eigh(
    x: Any,
    *,
    lower: bool = True,
    symmetrize_input: bool = True,
    sort_eigenvalues: bool = True,
    subset_by_index: tuple[int, int] | None = None,
) -> tuple[Any, Any]:
    """Eigenvectors and ascending eigenvalues of Hermitian matrices (..., n, n).

    Args:
        x: the matrices.
        lower: whether the lower triangle is read, if the matrices are not made Hermitian first.
        symmetrize_input: whether that is done, by the mean with the adjoint.
        sort_eigenvalues: accepted for JAX's sake; they are sorted.
        subset_by_index: `(start, stop)`: only these of the eigenvalues.

    >>> import numpy as np, funcgrad as fg
    >>> v, w = fg.lax.linalg.eigh(np.diag([3.0, 1.0]))
    >>> w
    array([1., 3.])
    """
    x = operand(x)
    w, v = np.linalg.eigh(_symmetric(x) if symmetrize_input else x, "L" if lower else "U")
    if subset_by_index is not None:
        chosen = slice(*subset_by_index)
        w, v = w[..., chosen], v[..., chosen]
    return v, w


def lu(x: Any) -> tuple[Any, Any, Any]:
    """The factors of `x[permutation] = L U` in one matrix, the pivots, and the permutation; needs SciPy.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.linalg.lu(np.array([[0.0, 2.0], [4.0, 0.0]]))[2]
    array([1, 0], dtype=int32)
    """
    return factor.lu_p(operand(x))


def lu_pivots_to_permutation(pivots: Any, permutation_size: int) -> Any:
    """LAPACK's pivots (..., k), the exchanges of rows, as a permutation (..., n) of the rows.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.linalg.lu_pivots_to_permutation(np.array([2, 2]), 3)
    array([2, 0, 1], dtype=int32)
    """
    return factor.lu_pivots_to_permutation_p(
        operand(pivots), permutation_size=int(permutation_size)
    )


def qr(x: Any, *, pivoting: bool = False, full_matrices: bool = True) -> tuple[Any, ...]:
    """The factors of `x = Q R`, or of `x[:, order] = Q R` and the order, if `pivoting`, which needs SciPy.

    >>> import numpy as np, funcgrad as fg
    >>> q, r = fg.lax.linalg.qr(np.eye(2))
    >>> np.abs(q @ r)
    array([[1., 0.],
           [0., 1.]])
    """
    x, order = operand(x), None
    if pivoting:
        order = factor.qr_pivots_p(x)
        x = mT(factor.permute_rows(mT(x), order))
    q, r = np.linalg.qr(x, "complete" if full_matrices else "reduced")
    return (q, r) if order is None else (q, r, order)


def svd(
    x: Any,
    *,
    full_matrices: bool = True,
    compute_uv: bool = True,
    subset_by_index: tuple[int, int] | None = None,
    algorithm: Any = None,
) -> Any:
    """The singular value decomposition `u, s, vh`, or `s` alone.

    Args:
        x: matrices (..., m, n).
        full_matrices: whether `u` and `vh` are square.
        compute_uv: whether they are wanted.
        subset_by_index: `(start, stop)`: only these of the singular values, without `full_matrices`.
        algorithm: accepted for JAX's sake; without effect.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.linalg.svd(np.diag([3.0, 4.0]), compute_uv=False)
    array([4., 3.])
    """
    out = np.linalg.svd(operand(x), full_matrices, compute_uv)
    chosen = slice(None) if subset_by_index is None else slice(*subset_by_index)
    if not compute_uv:
        return out[..., chosen]
    u, s, vh = out
    if subset_by_index is None:
        return u, s, vh
    if full_matrices:
        raise ArgumentError(
            f"svd: subset_by_index has no meaning with full_matrices{here()}\n  write full_matrices=False"
        )
    return u[..., chosen], s[..., chosen], vh[..., chosen, :]


def symmetric_product(
    a_matrix: Any,
    c_matrix: Any,
    *,
    alpha: float = 1.0,
    beta: float = 0.0,
    symmetrize_output: bool = False,
) -> Any:
    """`alpha A A^T + beta C`, which is symmetric.

    Args:
        a_matrix: (..., m, n).
        c_matrix: (..., m, m).
        alpha: a number.
        beta: a number.
        symmetrize_output: accepted for JAX's sake: both triangles are filled.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.linalg.symmetric_product(np.array([[1.0, 2.0]]), np.ones((1, 1)), beta=3.0)
    array([[8.]])
    """
    a, c = operand(a_matrix), operand(c_matrix)
    return alpha * (a @ mT(a)) + beta * c


def tridiagonal_solve(dl: Any, d: Any, du: Any, b: Any) -> Any:
    """`x` with `A x = b` for tridiagonal `A`; needs SciPy.

    Args:
        dl: the lower diagonal (..., n); its first entry is not used.
        d: the diagonal (..., n).
        du: the upper diagonal (..., n); its last entry is not used.
        b: (..., n, k), or (..., n).

    >>> import numpy as np, funcgrad as fg
    >>> d, off = np.full(3, 2.0), np.ones(3)
    >>> fg.lax.linalg.tridiagonal_solve(off, d, off, np.array([[3.0], [4.0], [3.0]])).round(9)
    array([[1.],
           [1.],
           [1.]])
    """
    dl, d, du, b = [operand(x) for x in (dl, d, du, b)]
    ab = np.stack([np.roll(du, 1, -1), d, np.roll(dl, -1, -1)], -2)
    vector = typeof(b).ndim == typeof(d).ndim
    out = solve_banded_p(ab, b[..., None] if vector else b, lower=1, upper=1)
    return out[..., 0] if vector else out


def triangular_solve(
    a: Any,
    b: Any,
    *,
    left_side: bool = False,
    lower: bool = False,
    transpose_a: bool = False,
    conjugate_a: bool = False,
    unit_diagonal: bool = False,
) -> Any:
    """`x` with `op(a) x = b`, or with `x op(a) = b` unless `left_side`; reads one triangle of `a`.

    >>> import numpy as np, funcgrad as fg
    >>> a = np.array([[2.0, 0.0], [1.0, 4.0]])
    >>> fg.lax.linalg.triangular_solve(a, np.array([[2.0], [9.0]]), left_side=True, lower=True)
    array([[1.],
           [2.]])
    """
    a, b = operand(a), operand(b)
    vector = b.ndim == a.ndim - 1
    if vector:
        b = np.expand_dims(b, -1 if left_side else -2)
    out = solve.triangular_solve(
        a,
        b,
        left_side=left_side,
        lower=lower,
        transpose_a=transpose_a,
        conjugate_a=conjugate_a,
        unit_diagonal=unit_diagonal,
    )
    return np.squeeze(out, -1 if left_side else -2) if vector else out


__all__ = [
    "cholesky",
    "cholesky_update",
    "eig",
    "eigh",
    "hessenberg",
    "householder_product",
    "lu",
    "lu_pivots_to_permutation",
    "qdwh",
    "qr",
    "schur",
    "svd",
    "symmetric_product",
    "triangular_solve",
    "tridiagonal",
    "tridiagonal_solve",
]
