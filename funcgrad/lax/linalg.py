"""`funcgrad.lax.linalg`: factorizations under JAX's names, with JAX's arguments.

>>> import numpy as np, funcgrad as fg
>>> fg.lax.linalg.cholesky(np.array([[4.0, 2.0], [2.0, 5.0]]))
array([[2., 0.],
       [1., 2.]])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import UnsupportedError
from funcgrad.core.source import here
from funcgrad.numpy.arguments import operand
from funcgrad.ops.linalg import factor, solve
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


def eig(
    x: Any, *, compute_left_eigenvectors: bool = False, compute_right_eigenvectors: bool = True
) -> list[Any]:
    """Eigenvalues, and right eigenvectors if wanted, of matrices (..., n, n).

    >>> import numpy as np, funcgrad as fg
    >>> [w, v] = fg.lax.linalg.eig(np.array([[0.0, 1.0], [-1.0, 0.0]]))
    >>> np.sort(w.imag)
    array([-1.,  1.])
    """
    if compute_left_eigenvectors:
        raise UnsupportedError(
            f"lax.linalg.eig gives no left eigenvectors{here()}\n  they are the right ones of the conjugate transpose"
        )
    x = operand(x)
    return list(np.linalg.eig(x)) if compute_right_eigenvectors else [np.linalg.eigvals(x)]


def eigh(
    x: Any, *, lower: bool = True, symmetrize_input: bool = True, sort_eigenvalues: bool = True
) -> tuple[Any, Any]:
    """Eigenvectors and ascending eigenvalues of Hermitian matrices (..., n, n).

    >>> import numpy as np, funcgrad as fg
    >>> v, w = fg.lax.linalg.eigh(np.diag([3.0, 1.0]))
    >>> w
    array([1., 3.])
    """
    x = operand(x)
    w, v = np.linalg.eigh(_symmetric(x) if symmetrize_input else x, "L" if lower else "U")
    return v, w


def lu(x: Any) -> tuple[Any, Any, Any]:
    """The factors of `x[permutation] = L U` in one matrix, the pivots, and the permutation; needs SciPy.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.linalg.lu(np.array([[0.0, 2.0], [4.0, 0.0]]))[2]
    array([1, 0], dtype=int32)
    """
    return factor.lu_p(operand(x))


def qr(x: Any, *, full_matrices: bool = True) -> tuple[Any, Any]:
    """The factors of `x = Q R`.

    >>> import numpy as np, funcgrad as fg
    >>> q, r = fg.lax.linalg.qr(np.eye(2))
    >>> np.abs(q @ r)
    array([[1., 0.],
           [0., 1.]])
    """
    q, r = np.linalg.qr(operand(x), "complete" if full_matrices else "reduced")
    return q, r


def svd(x: Any, *, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """The singular value decomposition `u, s, vh`, or `s` alone.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.linalg.svd(np.diag([3.0, 4.0]), compute_uv=False)
    array([4., 3.])
    """
    out = np.linalg.svd(operand(x), full_matrices, compute_uv)
    return tuple(out) if compute_uv else out


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


__all__ = ["cholesky", "eig", "eigh", "lu", "qr", "svd", "triangular_solve"]
