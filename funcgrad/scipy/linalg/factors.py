"""`scipy.linalg`: decompositions."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.numpy.matrices import matrices
from funcgrad.ops.basic import convert
from funcgrad.ops.complex import real_dtype
from funcgrad.ops.contraction import matmul
from funcgrad.ops.linalg.determinant import det_p
from funcgrad.ops.linalg.factor import (
    lu_p,
    permute_rows,
    qr_p,
    qr_pivots_p,
)
from funcgrad.ops.linalg.functions import polar_p
from funcgrad.ops.linalg.leastsquares import pinv_p
from funcgrad.ops.linalg.matrix import adjoint, cut, hermitian_part, mT, tril, triu
from funcgrad.ops.linalg.svd import svd_triplets, svdvals_p
from funcgrad.scipy.linalg.operands import cholesky_factor, in_double
from funcgrad.scipy.mirror import mirrors


@mirrors("linalg")
def cholesky(
    a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> Any:
    """`scipy.linalg.cholesky`: the upper factor by default. The gradient is Hermitian, as `a` is.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.linalg.cholesky(a)[0, 0])(4.0 * np.eye(2))
    array([[0.25, 0.  ],
           [0.  , 0.  ]])
    """
    return cholesky_factor(matrices("cholesky", a), lower)


@mirrors("linalg")
def det(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """`scipy.linalg.det`; singular matrices have derivatives too.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(fg.scipy.linalg.det)(np.array([[1.0, 2.0], [2.0, 4.0]]))
    array([[ 4., -2.],
           [-2.,  1.]])
    """
    return det_p(in_double("det", a))


@mirrors("linalg")
def lu(
    a: Any,
    permute_l: bool = False,
    overwrite_a: bool = False,
    check_finite: bool = True,
    p_indices: bool = False,
) -> tuple[Any, ...]:
    """`scipy.linalg.lu`: `p, l, u` with `a = p @ l @ u`; `p @ l, u` if `permute_l`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: np.diagonal(fg.scipy.linalg.lu(a)[2]).sum())(np.eye(2))
    array([[1., 0.],
           [0., 1.]])
    """
    a = matrices("lu", a)
    m, n = a.shape[-2:]
    k = min(m, n)
    packed, _, order = lu_p(a)
    lower = tril(cut(packed, columns=(0, k)), -1) + np.eye(m, k, dtype=a.dtype)
    upper = triu(cut(packed, rows=(0, k)))
    if permute_l:
        return permute_rows(lower, order, inverse=True), upper
    if p_indices:
        return convert(np.argsort(order, axis=-1), np.int32), lower, upper
    p = convert(np.arange(m)[:, None] == order[..., None, :], real_dtype(a.dtype))
    return p, lower, upper


@mirrors("linalg")
def qr(
    a: Any,
    overwrite_a: bool = False,
    lwork: Any = None,
    mode: str = "full",
    pivoting: bool = False,
    check_finite: bool = True,
) -> tuple[Any, ...]:
    """`scipy.linalg.qr` in the modes "full", "economic" and "r"; with `pivoting` also the order of the columns.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda a: np.abs(fg.scipy.linalg.qr(a, mode="r")[0][0, 0])
    >>> fg.grad(f)(np.array([[3.0, 0.0], [4.0, 1.0]])).round(9) + 0.0
    array([[0.6, 0. ],
           [0.8, 0. ]])
    """
    a = matrices("qr", a)
    if mode not in ("full", "economic", "r"):
        raise ArgumentError(
            f"qr: mode {mode!r} has no traced implementation{here()}\n  "
            "use 'full', 'economic' or 'r'"
        )
    order = None
    if pivoting:
        order = qr_pivots_p(a)
        a = mT(permute_rows(mT(a), order))
    q, r = qr_p(a, full_matrices=mode != "economic")
    found = (r,) if mode == "r" else (q, r)
    return found if order is None else (*found, order)


@mirrors("linalg")
def svd(
    a: Any,
    full_matrices: bool = True,
    compute_uv: bool = True,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: str = "gesdd",
) -> Any:
    """`scipy.linalg.svd`: `u, s, vh`, or `s` without `compute_uv`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.linalg.svd(a, compute_uv=False).sum())(np.diag([3.0, 2.0]))
    array([[1., 0.],
           [0., 1.]])
    """
    a = matrices("svd", a)
    if not compute_uv:
        return svdvals_p(a, hermitian=False)
    return svd_triplets(a, bool(full_matrices), False)


@mirrors("linalg")
def svdvals(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """`scipy.linalg.svdvals`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.linalg.svdvals(a).sum())(np.diag([3.0, 2.0]))
    array([[1., 0.],
           [0., 1.]])
    """
    return svdvals_p(matrices("svdvals", a), hermitian=False)


@mirrors("linalg")
def pinv(
    a: Any,
    *,
    atol: Any = None,
    rtol: Any = None,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    """`scipy.linalg.pinv`; the derivative is that within matrices of the same rank.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.linalg.pinv(a)[0, 0])(np.diag([2.0, 1.0]))
    array([[-0.25,  0.  ],
           [ 0.  ,  0.  ]])
    """
    return _pinv("pinv", a, atol, rtol, return_rank, hermitian=False)


@mirrors("linalg")
def pinvh(
    a: Any,
    atol: Any = None,
    rtol: Any = None,
    lower: bool = True,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    """`scipy.linalg.pinvh`, of Hermitian matrices.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.linalg.pinvh(a)[0, 0])(np.diag([2.0, 1.0]))
    array([[-0.25,  0.  ],
           [ 0.  ,  0.  ]])
    """
    a = a if lower else adjoint(matrices("pinvh", a))
    return _pinv("pinvh", a, atol, rtol, return_rank, hermitian=True)


def _pinv(name: str, a: Any, atol: Any, rtol: Any, return_rank: bool, hermitian: bool) -> Any:
    a = matrices(name, a)
    eps = float(np.finfo(a.dtype).eps)
    rtol = max(a.shape[-2:]) * eps if rtol is None and not atol else rtol or 0.0
    if atol or return_rank:
        s = svdvals_p(a, hermitian=hermitian)
        limit = (atol or 0.0) + rtol * s[..., 0]
        rank = convert(s > limit[..., None], np.int64).sum(axis=-1)
        # What matters is between which singular values the limit falls.
        rtol = limit / s[..., 0]
    found = pinv_p(a, rtol, hermitian=hermitian)
    return (found, rank) if return_rank else found


@mirrors("linalg")
def polar(a: Any, side: str = "right") -> tuple[Any, Any]:
    """`scipy.linalg.polar`: `u, p` with `a = u p` (or `p u` on the left), p positive semidefinite.

    >>> import numpy as np, funcgrad as fg
    >>> fg.jvp(
    ...     lambda a: fg.scipy.linalg.polar(a)[0],
    ...     (np.eye(2),),
    ...     (np.array([[0.0, 2.0], [0.0, 0.0]]),),
    ... )[1]
    array([[ 0.,  1.],
           [-1.,  0.]])
    """
    if side not in ("right", "left"):
        raise ArgumentError(f"polar: side must be 'right' or 'left', not {side!r}{here()}")
    a = matrices("polar", a)
    u = polar_p(a) if a.shape[-2] >= a.shape[-1] else adjoint(polar_p(adjoint(a)))
    # Not from the singular values: so the derivative is right where they coincide too.
    p = matmul(adjoint(u), a) if side == "right" else matmul(a, adjoint(u))
    return u, hermitian_part(p)
