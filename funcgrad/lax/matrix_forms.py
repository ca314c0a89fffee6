"""Forms that orthogonal transformations give to matrices: Hessenberg, Schur, tridiagonal, polar.

Where JAX has no derivative of them, neither is there one here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.api.inspection import ShapeDtypeStruct
from funcgrad.control.callback import pure_callback
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import inexact
from funcgrad.ops.linalg.functions import polar_p, scipy_linalg
from funcgrad.ops.linalg.lapack import routine
from funcgrad.ops.linalg.matrix import mT

Shape = tuple[int, ...]


def _square(name: str, a: Any) -> tuple[Any, int]:
    a = inexact(a)
    shape = typeof(a).shape
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ArgumentError(
            f"lax.linalg.{name} takes square matrices (..., n, n), not {typeof(a)}{here()}"
        )
    return a, shape[-1]


def _of_each(
    compute: Callable[[Any], tuple[Any, ...]], a: Any, shapes: list[tuple[Shape, Any]]
) -> list[Any]:
    """A function of single matrices, of each matrix of a stack; `shapes` and dtypes are those of one result."""
    stack = typeof(a).shape[:-2]
    results = [ShapeDtypeStruct((*stack, *shape), dtype) for shape, dtype in shapes]

    def run(a: Any) -> list[Any]:
        a = np.asarray(a)
        outs = [np.empty(r.shape, r.dtype) for r in results]
        for index in np.ndindex(a.shape[:-2]):
            for out, value in zip(outs, compute(a[index]), strict=True):
                out[index] = value
        return outs

    return list(pure_callback(run, results, a, vmap_method="sequential"))


def hessenberg(a: Any) -> tuple[Any, Any]:
    """The Hessenberg form of matrices (..., n, n), as LAPACK packs it; needs SciPy. There is no derivative.

    Returns:
        `(a, taus)`: the form on and above the first subdiagonal, below it the reflectors, for `householder_product`;
        and their factors (..., n - 1).

    >>> import numpy as np, funcgrad as fg
    >>> h, taus = fg.lax.linalg.hessenberg(np.eye(3))
    >>> h.shape, taus
    ((3, 3), array([0., 0.]))
    """
    a, n = _square("hessenberg", a)
    dtype = typeof(a).dtype

    def compute(a: Any) -> tuple[Any, Any]:
        if n < 2:
            return a, np.zeros(max(n - 1, 0), dtype)
        packed, taus, info = routine("gehrd", dtype)(a, lo=0, hi=n - 1)
        return (packed, taus) if not info else (np.full_like(a, np.nan), np.full_like(taus, np.nan))

    packed, taus = _of_each(compute, a, [((n, n), dtype), ((max(n - 1, 0),), dtype)])
    return packed, taus


def tridiagonal(a: Any, *, lower: bool = True) -> tuple[Any, Any, Any, Any]:
    """The tridiagonal form of Hermitian matrices (..., n, n), as LAPACK packs it; needs SciPy. There is no derivative.

    Args:
        a: the matrices, of which one triangle is read.
        lower: whether that is the lower one.

    Returns:
        `(a, d, e, taus)`: the reflectors with the form, its diagonal (..., n) and off-diagonal (..., n - 1), and the
        factors of the reflectors (..., n - 1).

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.linalg.tridiagonal(np.diag([1.0, 2.0, 3.0]))[1]
    array([1., 2., 3.])
    """
    a, n = _square("tridiagonal", a)
    dtype = typeof(a).dtype
    real = np.zeros((), dtype).real.dtype
    few = max(n - 1, 0)

    def compute(a: Any) -> tuple[Any, ...]:
        name = "hetrd" if dtype.kind == "c" else "sytrd"
        return tuple(routine(name, dtype)(a, lower=int(lower))[:4])

    shapes = [((n, n), dtype), ((n,), real), ((few,), real), ((few,), dtype)]
    packed, d, e, taus = _of_each(compute, a, shapes)
    return packed, d, e, taus


def schur(
    x: Any,
    *,
    compute_schur_vectors: bool = True,
    sort_eig_vals: bool = False,
    select_callable: Callable[..., Any] | None = None,
) -> list[Any]:
    """The Schur form `T` of matrices (..., n, n), and `Q` with `x = Q T Q^H`; needs SciPy. There is no derivative.

    Args:
        x: the matrices; of real ones `T` has blocks of size 2 on its diagonal.
        compute_schur_vectors: whether `Q` is wanted.
        sort_eig_vals: not supported, as in JAX.
        select_callable: not supported, as in JAX.

    Returns:
        `[T, Q]`, or `[T]`.

    >>> import numpy as np, funcgrad as fg
    >>> t, q = fg.lax.linalg.schur(np.array([[1.0, 2.0], [0.0, 3.0]]))
    >>> t
    array([[1., 2.],
           [0., 3.]])
    """
    if sort_eig_vals or select_callable is not None:
        raise ArgumentError(f"lax.linalg.schur cannot sort eigenvalues{here()}")
    x, n = _square("schur", x)
    dtype = typeof(x).dtype
    output = "complex" if dtype.kind == "c" else "real"
    compute = lambda a: scipy_linalg().schur(a, output=output) if n else (a, a)
    found = _of_each(compute, x, [((n, n), dtype), ((n, n), dtype)])
    return found if compute_schur_vectors else found[:1]


def qdwh(
    x: Any,
    *,
    is_hermitian: bool = False,
    max_iterations: int | None = None,
    eps: float | None = None,
    dynamic_shape: tuple[int, int] | None = None,
) -> tuple[Any, Any, Any, Any]:
    """The polar decomposition `x = U H`, by a singular value decomposition.

    Args:
        x: a matrix (..., m, n) with at least as many rows as columns.
        is_hermitian: accepted for JAX's sake; without effect.
        max_iterations: accepted for JAX's sake; there are no iterations.
        eps: likewise.
        dynamic_shape: not supported.

    Returns:
        `(U, H, 0, True)`: `U` has orthonormal columns, `H` is Hermitian and positive semidefinite.

    >>> import numpy as np, funcgrad as fg
    >>> u, h, _, _ = fg.lax.linalg.qdwh(np.diag([2.0, -3.0]))
    >>> u + 0.0, h + 0.0
    (array([[ 1.,  0.],
           [ 0., -1.]]), array([[2., 0.],
           [0., 3.]]))
    """
    if dynamic_shape is not None:
        raise ArgumentError(f"lax.linalg.qdwh takes no dynamic_shape{here()}")
    x = inexact(x)
    u = polar_p(x)
    h = np.conj(mT(u)) @ x
    return u, (h + np.conj(mT(h))) / 2, 0, True


def householder_product(a: Any, taus: Any) -> Any:
    """The product of the reflections `I - tau_i v_i v_i^H`, as its first columns.

    Args:
        a: matrices (..., m, n) with m >= n; `v_i` is 0 above row i, 1 in it, and what column i has below.
        taus: (..., k) with k <= n.

    Returns:
        (..., m, n) with orthonormal columns, if `a` and `taus` come from a factorization.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.linalg.householder_product(np.array([[1.0], [0.0]]), np.array([2.0]))
    array([[-1.],
           [ 0.]])
    """
    a, taus = inexact(a), inexact(taus)
    *_, m, n = typeof(a).shape
    k = typeof(taus).shape[-1]
    if m < n or k > n:
        raise ArgumentError(
            f"householder_product takes matrices with at least as many rows as columns, and at most as many factors "
            f"as columns, not {typeof(a)} and {typeof(taus)}{here()}"
        )
    product = np.broadcast_to(np.eye(m, n, dtype=typeof(a).dtype), typeof(a).shape)
    for i in reversed(range(k)):
        below = np.arange(m) > i
        v = np.where(below, a[..., :, i], np.asarray(np.arange(m) == i, typeof(a).dtype))
        along = np.sum(np.conj(v)[..., :, None] * product, axis=-2)
        product = product - taus[..., i, None, None] * v[..., :, None] * along[..., None, :]
    return product
