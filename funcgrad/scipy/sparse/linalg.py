"""`funcgrad.scipy.sparse.linalg`: solvers of sparse systems and of systems that are given as functions.

Arguments of the iterative ones are those of `jax.scipy.sparse.linalg`, with SciPy's `rtol` for `tol`. Solutions are
differentiated by the equation that they solve (`lax.custom_linear_solve`), not through the iteration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.control.linear_solve import custom_linear_solve
from funcgrad.control.while_loops import while_loop
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.flatten_util import ravel_pytree
from funcgrad.scipy.mirror import other_names
from funcgrad.scipy.sparse.direct import factorized, splu, spsolve
from funcgrad.scipy.sparse.matrix import as_sparse, is_sparse

__getattr__ = other_names("sparse.linalg")

__all__ = ["bicgstab", "cg", "factorized", "gmres", "splu", "spsolve"]

Operator = Callable[[Any], Any]
# A solver of vectors: (product, preconditioner, b, x0, tolerance of the residual's norm, iterations) -> x
Solver = Callable[[Operator, Operator, Any, Any, Any, int], Any]


def cg(
    A: Any,
    b: Any,
    x0: Any = None,
    *,
    tol: float = 1e-5,
    atol: float = 0.0,
    maxiter: int | None = None,
    M: Any = None,
    rtol: float | None = None,
) -> tuple[Any, None]:
    """Conjugate gradients: the solution of `A(x) = b` for a Hermitian positive definite A.

    Args:
        A: a matrix, or a linear function from the structure of `b` to itself.
        b: the right-hand side: an array or a pytree.
        x0: where to start, like `b`; zeros by default.
        tol: the residual's norm is to be at most `max(tol * norm(b), atol)`.
        atol: see `tol`.
        maxiter: the largest number of iterations; ten times the number of unknowns by default.
        M: an approximation of the inverse of A, as a matrix or function.
        rtol: SciPy's name of `tol`.

    Returns:
        The solution, and None in the place of SciPy's information on convergence.

    Raises:
        ArgumentError: `x0` or the matrix does not fit to `b`.

    Source: M. R. Hestenes and E. Stiefel, Methods of conjugate gradients for solving linear systems (1952).

    >>> import numpy as np, funcgrad as fg
    >>> solve = lambda a: fg.scipy.sparse.linalg.cg(lambda x: a * x, np.array([2.0, 4.0]))[0]
    >>> solve(2.0), fg.jacfwd(solve)(2.0)
    (array([1., 2.]), array([-0.5, -1. ]))
    """
    return _solution(
        "cg", _cg, A, b, x0, tol if rtol is None else rtol, atol, maxiter, M, symmetric=True
    ), None


def bicgstab(
    A: Any,
    b: Any,
    x0: Any = None,
    *,
    tol: float = 1e-5,
    atol: float = 0.0,
    maxiter: int | None = None,
    M: Any = None,
    rtol: float | None = None,
) -> tuple[Any, None]:
    """Stabilised biconjugate gradients: the solution of `A(x) = b` for any invertible A; arguments as for `cg`.

    Source: H. A. van der Vorst, Bi-CGSTAB (1992).

    >>> import numpy as np, funcgrad as fg
    >>> A = np.array([[2.0, 1.0], [0.0, 1.0]])
    >>> fg.scipy.sparse.linalg.bicgstab(A, np.array([3.0, 1.0]))[0].round(6)
    array([1., 1.])
    """
    return _solution(
        "bicgstab", _bicgstab, A, b, x0, tol if rtol is None else rtol, atol, maxiter, M
    ), None


def gmres(
    A: Any,
    b: Any,
    x0: Any = None,
    *,
    tol: float = 1e-5,
    atol: float = 0.0,
    restart: int = 20,
    maxiter: int | None = None,
    M: Any = None,
    solve_method: str = "batched",
    rtol: float | None = None,
) -> tuple[Any, None]:
    """Generalised minimal residuals, restarted: the solution of `A(x) = b` for any invertible A.

    Args:
        A: as for `cg`.
        b: as for `cg`.
        x0: as for `cg`.
        tol: as for `cg`.
        atol: as for `cg`.
        restart: the dimension of the space that is searched between restarts.
        maxiter: the largest number of restarts.
        M: as for `cg`.
        solve_method: "batched" or "incremental", which here are the same.
        rtol: as for `cg`.

    Source: Y. Saad and M. H. Schultz, GMRES (1986).

    >>> import numpy as np, funcgrad as fg
    >>> A = np.array([[2.0, 1.0], [0.0, 1.0]])
    >>> fg.scipy.sparse.linalg.gmres(A, np.array([3.0, 1.0]))[0].round(6)
    array([1., 1.])
    """
    if solve_method not in ("batched", "incremental"):
        raise ArgumentError(
            f"gmres: solve_method is 'batched' or 'incremental', not {solve_method!r}{here()}"
        )

    def solve(A: Operator, M: Operator, b: Any, x0: Any, tol: Any, maxiter: int) -> Any:
        return _gmres(A, M, b, x0, tol, maxiter, min(restart, typeof(b).size))

    return _solution(
        "gmres", solve, A, b, x0, tol if rtol is None else rtol, atol, maxiter, M
    ), None


def _solution(
    name: str,
    solver: Solver,
    A: Any,
    b: Any,
    x0: Any,
    tol: float,
    atol: float,
    maxiter: int | None,
    M: Any,
    symmetric: bool = False,
) -> Any:
    """Solve for the flat vector of the unknowns."""
    flat, unravel = ravel_pytree(b)
    start = np.zeros_like(flat) if x0 is None else ravel_pytree(x0)[0]
    n = typeof(flat).size
    if typeof(start).size != n:
        raise ArgumentError(
            f"{name}: x0 has {typeof(start).size} numbers, but b has {n}{here()}\n  they have one structure"
        )
    product = _operator(name, "A", A, n, unravel)
    precondition = (lambda r: r) if M is None else _operator(name, "M", M, n, unravel)
    iterations = 10 * n if maxiter is None else maxiter

    def solve(product: Operator, flat: Any) -> Any:
        wanted = np.maximum(tol * _norm(flat), atol)
        return solver(product, precondition, flat, start, wanted, iterations)

    # A Hermitian matrix of complex numbers is not its own transpose.
    symmetric = symmetric and typeof(flat).dtype.kind != "c"
    out = custom_linear_solve(product, flat, solve, solve, symmetric=symmetric)
    return unravel(out)


def _operator(name: str, what: str, given: Any, n: int, unravel: Callable[[Any], Any]) -> Operator:
    if is_sparse(given):
        given = as_sparse(given)
    elif callable(given):
        return lambda x: ravel_pytree(given(unravel(x)))[0]
    shape = given.shape if is_sparse(given) else typeof(given).shape
    if shape != (n, n):
        raise ArgumentError(
            f"{name}: {what} is a function or a matrix of shape {(n, n)}, not one of shape {shape}{here()}"
        )
    return lambda x: given @ x


def _norm(x: Any) -> Any:
    return np.sqrt(np.vdot(x, x).real)


def _ratio(a: Any, b: Any) -> Any:
    """a / b, and 0 where b is 0: an iteration that cannot go on stays where it is."""
    stuck = np.equal(b, 0)
    return np.where(stuck, 0, a / np.where(stuck, 1, b))


def _cg(A: Operator, M: Operator, b: Any, x0: Any, tol: Any, maxiter: int) -> Any:
    r = b - A(x0)
    z = M(r)

    def unfinished(state: Any) -> Any:
        _, r, _, _, k = state
        return np.logical_and(_norm(r) > tol, k < maxiter)

    def step(state: Any) -> Any:
        x, r, p, rho, k = state
        q = A(p)
        alpha = _ratio(rho, np.vdot(p, q))
        x, r = x + alpha * p, r - alpha * q
        z = M(r)
        new = np.vdot(r, z)
        return x, r, z + _ratio(new, rho) * p, new, k + 1

    return while_loop(unfinished, step, (x0, r, z, np.vdot(r, z), 0))[0]


def _bicgstab(A: Operator, M: Operator, b: Any, x0: Any, tol: Any, maxiter: int) -> Any:
    r = b - A(x0)
    shadow = r

    def unfinished(state: Any) -> Any:
        _, r, _, rho, k = state
        going = np.logical_and(_norm(r) > tol, np.not_equal(rho, 0))
        return np.logical_and(going, k < maxiter)

    def step(state: Any) -> Any:
        x, r, p, rho, k = state
        near_p = M(p)
        v = A(near_p)
        alpha = _ratio(rho, np.vdot(shadow, v))
        s = r - alpha * v
        near_s = M(s)
        t = A(near_s)
        omega = _ratio(np.vdot(t, s), np.vdot(t, t))
        x, r = x + alpha * near_p + omega * near_s, s - omega * t
        new = np.vdot(shadow, r)
        beta = _ratio(new, rho) * _ratio(alpha, omega)
        return x, r, r + beta * (p - omega * v), new, k + 1

    return while_loop(unfinished, step, (x0, r, r, np.vdot(shadow, r), 0))[0]


def _gmres(
    A: Operator, M: Operator, b: Any, x0: Any, tol: Any, maxiter: int, dimension: int
) -> Any:
    def unfinished(state: Any) -> Any:
        _, r, k = state
        return np.logical_and(_norm(r) > tol, k < maxiter)

    def restart(state: Any) -> Any:
        x, r, k = state
        z = M(r)
        beta = _norm(z)
        basis, columns = [_ratio(z, beta)], []
        for j in range(dimension):  # Arnoldi, with the modified Gram-Schmidt process, twice
            w = M(A(basis[j]))
            size = _norm(w)
            entries: list[Any] = [0.0] * (j + 1)
            for _ in range(2):
                for i in range(j + 1):
                    h = np.vdot(basis[i], w)
                    entries[i] = entries[i] + h
                    w = w - h * basis[i]
            # What is left of the vector may be rounding only: then the space is complete.
            left = _norm(w)
            left = np.where(left > 100 * np.finfo(typeof(left).dtype).eps * size, left, 0.0)
            basis.append(_ratio(w, left))
            columns.append(np.stack([*entries, left, *[np.zeros_like(left)] * (dimension - 1 - j)]))
        hessenberg = np.stack(columns, axis=1)
        start = np.stack([beta, *[np.zeros_like(beta)] * dimension]).astype(typeof(z).dtype)
        y = np.linalg.lstsq(hessenberg, start, rcond=None)[0]
        x = x + np.stack(basis[:dimension], axis=1) @ y
        return x, b - A(x), k + 1

    return while_loop(unfinished, restart, (x0, b - A(x0), 0))[0]
