"""`scipy.linalg`: Riccati's equations, of optimal control and of Kalman filters.

The solutions are SciPy's. Their derivatives solve the equation that is linear in the change of the solution, which is
Lyapunov's, of the closed loop (P. Lancaster, L. Rodman, Algebraic Riccati Equations, 1995).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.api.inspection import ShapeDtypeStruct
from funcgrad.api.products import jvp
from funcgrad.control.callback import pure_callback
from funcgrad.control.custom_function import custom_jvp
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.ops.linalg.functions import sylvester_p
from funcgrad.ops.linalg.matrix import adjoint
from funcgrad.scipy.linalg.matrix_equations import solve_discrete_lyapunov
from funcgrad.scipy.linalg.operands import in_double
from funcgrad.scipy.mirror import mirrors, scipy_module


def _gain(x: Any, a: Any, b: Any, r: Any, e: Any, s: Any, discrete: bool) -> Any:
    """The feedback that belongs to a solution."""
    if discrete:
        return np.linalg.solve(r + adjoint(b) @ x @ b, adjoint(b) @ x @ a + adjoint(s))
    return np.linalg.solve(r, adjoint(b) @ x @ e + adjoint(s))


def _residual(discrete: bool) -> Callable[..., Any]:
    def residual(x: Any, a: Any, b: Any, q: Any, r: Any, e: Any, s: Any) -> Any:
        gain = _gain(x, a, b, r, e, s, discrete)
        if discrete:
            back = adjoint(a) @ x @ b + s
            return adjoint(a) @ x @ a - adjoint(e) @ x @ e - back @ gain + q
        there = adjoint(a) @ x @ e
        return there + adjoint(e) @ x @ a - (adjoint(e) @ x @ b + s) @ gain + q

    return residual


def _solver(name: str, discrete: bool, balanced: bool) -> Callable[..., Any]:
    def compute(a: Any, *others: Any) -> Any:
        b, q, r, e, s = others
        result = ShapeDtypeStruct(typeof(a).shape, typeof(a).dtype)

        def find(a: Any, b: Any, q: Any, r: Any, e: Any, s: Any) -> Any:
            x = getattr(scipy_module("linalg"), name)(a, b, q, r, e, s, balanced)
            return np.asarray(x, result.dtype)

        return pure_callback(find, result, a, b, q, r, e, s, vmap_method="sequential")

    def rule(primals: Any, tangents: Any) -> Any:
        x = solve(*primals)
        a, b, _, r, e, s = primals
        change = jvp(lambda *given: _residual(discrete)(x, *given), primals, tangents)[1]
        # With y = eᴴ dx e, and the closed loop (a - b k) e⁻¹
        loop = np.linalg.solve(adjoint(e), adjoint(a - b @ _gain(x, a, b, r, e, s, discrete)))
        right = np.linalg.solve(adjoint(e), adjoint(np.linalg.solve(adjoint(e), adjoint(change))))
        if discrete:
            return x, solve_discrete_lyapunov(loop, right)
        return x, sylvester_p(loop, adjoint(loop), -right)

    solve = custom_jvp(compute)
    solve.defjvp(rule)
    return solve


_SOLVERS = {
    (name, balanced): _solver(name, discrete, balanced)
    for name, discrete in (("solve_continuous_are", False), ("solve_discrete_are", True))
    for balanced in (True, False)
}


def _riccati(name: str, equation: str, example: str) -> Callable[..., Any]:
    @mirrors("linalg", name)
    def function(
        a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True
    ) -> Any:
        n = typeof(in_double(name, a)).shape[0]
        m = typeof(in_double(name, b)).shape[-1]
        e = np.eye(n) if e is None else e
        s = np.zeros((n, m)) if s is None else s
        given = in_double(name, a, b, q, r, e, s)
        wanted = ((n, n), (n, m), (n, n), (m, m), (n, n), (n, m))
        if tuple(typeof(v).shape for v in given) != wanted:
            shapes = ", ".join(str(typeof(v).shape) for v in given)
            raise ArgumentError(
                f"{name}: matrices of shapes {shapes} do not fit each other{here()}"
            )
        return _SOLVERS[name, bool(balanced)](*given)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""`scipy.linalg.{name}`: the stabilising solution of `{equation}`.

    Symmetric matrices `q` and `r` have derivatives along symmetric changes. With `e`, SciPy's balancing can spoil the
    solution by some percent: `balanced=False` does not.

    >>> import numpy as np, funcgrad as fg
    >>> one = np.eye(1)
    >>> fg.grad(lambda q: fg.scipy.linalg.{name}(one, one, q, one)[0, 0])({example}
    """
    return function


solve_continuous_are = _riccati(
    "solve_continuous_are",
    "aᴴ x e + eᴴ x a - (eᴴ x b + s) r⁻¹ (bᴴ x e + sᴴ) + q = 0",
    "3.0 * one)\n    array([[0.25]])",
)
solve_discrete_are = _riccati(
    "solve_discrete_are",
    "aᴴ x a - eᴴ x e - (aᴴ x b + s) (r + bᴴ x b)⁻¹ (bᴴ x a + sᴴ) + q = 0",
    "1.5 * one).round(6)\n    array([[1.109272]])",
)
