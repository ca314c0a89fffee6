"""`scipy.linalg`: eigenvalues, and what is found from subspaces."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import UnsupportedError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.matrices import matrices
from funcgrad.ops.basic import convert
from funcgrad.ops.contraction import matmul
from funcgrad.ops.linalg.factor import (
    cholesky_p,
    qr_p,
)
from funcgrad.ops.linalg.matrix import adjoint, mT
from funcgrad.ops.linalg.pencil import generalized_eig_p
from funcgrad.ops.linalg.solve import triangular_solve
from funcgrad.ops.linalg.spectral import eig_pairs, eigh_pairs, eigvals_p, eigvalsh_p
from funcgrad.ops.linalg.svd import svd_triplets, svdvals_p
from funcgrad.scipy.linalg.operands import hermitian_from_triangle
from funcgrad.scipy.mirror import mirrors


def _reduced(a: Any, b: Any, kind: int, lower: bool) -> tuple[Any, Any]:
    """The standard problem of a generalised one, and the factor that leads back."""
    if not lower:
        a, b = adjoint(a), adjoint(b)
    factor = cholesky_p(b)
    options: dict[str, bool] = {"lower": True}
    if kind == 1:
        half = triangular_solve(factor, hermitian_from_triangle(a, lower=True), **options)
        both = triangular_solve(
            factor, half, left_side=False, transpose_a=True, conjugate_a=True, **options
        )
        return both, factor
    return matmul(matmul(adjoint(factor), hermitian_from_triangle(a, lower=True)), factor), factor


@mirrors("linalg")
def eigh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    eigvals_only: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: Any = None,
) -> Any:
    """`scipy.linalg.eigh`: `w, v` of `a v = w v`, or with `b` of `a v = w b v` (or `type` 2 and 3).

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.linalg.eigh(a, eigvals_only=True)[1])(np.diag([1.0, 2.0]))
    array([[0., 0.],
           [0., 1.]])
    """
    if subset_by_value is not None:
        raise UnsupportedError(
            f"eigh: subset_by_value has no traced implementation{here()}\n  use subset_by_index"
        )
    first, last = (0, None) if subset_by_index is None else subset_by_index
    chosen = slice(first, None if last is None else last + 1)
    if b is None:
        a = matrices("eigh", a)
        if eigvals_only:
            return eigvalsh_p(a, lower=bool(lower))[..., chosen]
        w, v = eigh_pairs(a, bool(lower))
        return w[..., chosen], v[..., chosen]
    a, b = matrices("eigh", a, b)
    reduced, factor = _reduced(a, b, type, lower)
    if eigvals_only:
        return eigvalsh_p(reduced, lower=True)[..., chosen]
    w, y = eigh_pairs(reduced, True)
    if type == 3:
        v = matmul(factor, y)
    else:
        v = triangular_solve(factor, y, lower=True, transpose_a=True, conjugate_a=True)
    return w[..., chosen], v[..., chosen]


@mirrors("linalg")
def eigvalsh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: Any = None,
) -> Any:
    """`scipy.linalg.eigvalsh`, also of the generalised problem with `b`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.linalg.eigvalsh(a, 2.0 * np.eye(2))[1])(np.diag([1.0, 2.0]))
    array([[0. , 0. ],
           [0. , 0.5]])
    """
    return eigh(
        a,
        b,
        lower=lower,
        eigvals_only=True,
        type=type,
        subset_by_index=subset_by_index,
        subset_by_value=subset_by_value,
    )


@mirrors("linalg")
def eigh_tridiagonal(
    d: Any,
    e: Any,
    eigvals_only: bool = False,
    select: str = "a",
    select_range: Any = None,
    check_finite: bool = True,
    tol: float = 0.0,
    lapack_driver: str = "auto",
) -> Any:
    """`scipy.linalg.eigh_tridiagonal`: diagonal `d` (n,), off-diagonal `e` (n - 1,), by a dense solution.

    >>> import numpy as np, funcgrad as fg
    >>> e = np.zeros(1)
    >>> f = lambda d: fg.scipy.linalg.eigh_tridiagonal(d, e, eigvals_only=True)[0]
    >>> fg.grad(f)(np.array([1.0, 2.0]))
    array([1., 0.])
    """
    if select not in ("a", "i"):
        raise UnsupportedError(
            f"eigh_tridiagonal: select={select!r} has no traced implementation{here()}\n  "
            "use 'a' or 'i'"
        )
    a = np.diag(d) + np.diag(e, -1) + np.diag(e, 1)
    return eigh(a, eigvals_only=eigvals_only, subset_by_index=select_range)


@mirrors("linalg")
def eigvals(
    a: Any,
    b: Any = None,
    overwrite_a: bool = False,
    check_finite: bool = True,
    homogeneous_eigvals: bool = False,
) -> Any:
    """`scipy.linalg.eigvals`, always complex.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.linalg.eigvals(a).real.sum())(np.diag([1.0, 2.0]))
    array([[1., 0.],
           [0., 1.]])
    """
    _check_not_homogeneous("eigvals", homogeneous_eigvals)
    if b is not None:
        return generalized_eig_p(*matrices("eigvals", a, b))[0]
    return eigvals_p(matrices("eigvals", a))


@mirrors("linalg")
def eig(
    a: Any,
    b: Any = None,
    left: bool = False,
    right: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    homogeneous_eigvals: bool = False,
) -> Any:
    """`scipy.linalg.eig`: eigenvalues and right eigenvectors of length 1, both always complex.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.linalg.eig(a)[0].real.sum())(np.diag([1.0, 2.0]))
    array([[1., 0.],
           [0., 1.]])
    """
    if left:
        raise UnsupportedError(
            f"eig: left eigenvectors have no traced implementation{here()}\n  "
            "they are the rows of np.linalg.inv of the right ones"
        )
    _check_not_homogeneous("eig", homogeneous_eigvals)
    if b is not None:
        w, v = generalized_eig_p(*matrices("eig", a, b))
        return (w, v) if right else w
    a = matrices("eig", a)
    return eig_pairs(a) if right else eigvals_p(a)


def _check_not_homogeneous(name: str, homogeneous: bool) -> None:
    if homogeneous:
        raise UnsupportedError(
            f"{name}: homogeneous eigenvalues have no traced implementation{here()}"
        )


@mirrors("linalg")
def orth(A: Any, rcond: Any = None) -> Any:
    """`scipy.linalg.orth`: an orthonormal basis of the range. The rank must be known while tracing.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: (fg.scipy.linalg.orth(a) ** 2).sum())(np.eye(2)).round(9) + 0.0
    array([[0., 0.],
           [0., 0.]])
    """
    a = matrices("orth", A)
    u, s, _ = svd_triplets(a, False, False)
    return u[:, : _rank(a, s, rcond)]


@mirrors("linalg")
def null_space(A: Any, rcond: Any = None, **options: Any) -> Any:
    """`scipy.linalg.null_space`: an orthonormal basis of it. The rank must be known while tracing.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda a: (fg.scipy.linalg.null_space(a) ** 2).sum()
    >>> fg.grad(f)(np.array([[1.0, 0.0]])).round(9) + 0.0
    array([[0., 0.]])
    """
    a = matrices("null_space", A)
    _, s, vh = svd_triplets(a, True, False)
    return adjoint(vh[_rank(a, s, rcond) :, :])


def _rank(a: Any, s: Any, rcond: Any) -> int:
    if rcond is None:
        rcond = float(np.finfo(s.dtype).eps) * max(a.shape)
    return int(convert(s > rcond * s[0], np.int64).sum()) if typeof(s).size else 0


@mirrors("linalg")
def subspace_angles(A: Any, B: Any) -> Any:
    """`scipy.linalg.subspace_angles` between the ranges of two matrices of full rank, in descending order.

    >>> import numpy as np, funcgrad as fg
    >>> a, b = np.array([[1.0], [0.0]]), np.array([[1.0], [1.0]])
    >>> fg.grad(lambda b: fg.scipy.linalg.subspace_angles(a, b)[0])(b).round(3)
    array([[-0.5],
           [ 0.5]])
    """
    a, b = matrices("subspace_angles", A, B)
    qa, qb = [qr_p(x, full_matrices=False)[0] for x in (a, b)]
    if qa.shape[-1] < qb.shape[-1]:
        qa, qb = qb, qa
    inner = matmul(adjoint(qa), qb)
    cosines = svdvals_p(inner, hermitian=False)
    sines = svdvals_p(qb - matmul(qa, inner), hermitian=False)
    # Each from whichever is well conditioned; sines ascend where cosines descend.
    small = cosines[::-1] ** 2 >= 0.5
    clipped = np.clip(np.where(small, sines, 0.5), -1.0, 1.0)
    other = np.clip(np.where(small, 0.5, cosines[::-1]), -1.0, 1.0)
    return np.where(small, np.arcsin(clipped), np.arccos(other))


@mirrors("linalg")
def orthogonal_procrustes(A: Any, B: Any, check_finite: bool = True) -> tuple[Any, Any]:
    """`scipy.linalg.orthogonal_procrustes`: the unitary `r` for which `A r` is nearest to `B`, and a scale.

    >>> import numpy as np, funcgrad as fg
    >>> a = np.eye(2)
    >>> fg.grad(lambda b: fg.scipy.linalg.orthogonal_procrustes(a, b)[1])(np.eye(2))
    array([[1., 0.],
           [0., 1.]])
    """
    a, b = matrices("orthogonal_procrustes", A, B)
    u, s, vh = svd_triplets(mT(matmul(mT(b), _conjugated(a))), False, False)
    return matmul(u, vh), s.sum()


def _conjugated(a: Any) -> Any:
    return mT(adjoint(a))
