"""Differential equations, and SciPy's solutions of them and of their adjoint equations on plain arrays.

For a gradient, few variables and parameters are varied one by one; of many the adjoint equation is solved backwards,
with the solution itself from SciPy's dense output, so that equations which are stable in one direction only stay so.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.api.jacobians import jacrev
from funcgrad.api.jit import jit
from funcgrad.api.products import jvp, vjp
from funcgrad.api.vmap import vmap
from funcgrad.scipy.mirror import scipy_module

_LEAST_TOLERANCE = 1e-12
_FEW = 200  # derivatives that are found forwards rather than by the adjoint equation


class Flow:
    """An equation `dy/dt = rhs(t, y, p, c)` of vectors, and how SciPy solves it.

    Attributes:
        rhs: the right-hand side; `p` are parameters with derivatives, `c` ones without.
        n: the number of variables.
        method: that of `solve_ivp`, or "odeint".
        rtol: the relative tolerance.
        atol: the absolute one: a number, or a tuple of one per variable.
        options: further arguments of SciPy's solver, as pairs.
        looks_at_values: whether the right-hand side does, so that it cannot be compiled.
    """

    def __init__(
        self,
        rhs: Callable[..., Any],
        n: int,
        method: Any,
        rtol: float,
        atol: Any,
        options: Any = (),
        looks_at_values: bool = False,
    ) -> None:
        self.rhs = rhs
        self.n = n
        self.method = method
        self.rtol = rtol
        self.atol = atol
        self.options = options
        self.looks_at_values = looks_at_values
        self._with_slopes: dict[int, Flow] = {}

    def _fast(self, fun: Callable[..., Any]) -> Callable[..., Any]:
        return fun if self.looks_at_values else jit(fun)

    @functools.cached_property
    def run(self) -> Callable[..., Any]:
        """The right-hand side, to be called many times."""
        return self._fast(self.rhs)

    @functools.cached_property
    def speeds(self) -> Callable[..., Any]:
        """The right-hand side at each of several times."""
        if self.looks_at_values:
            return lambda ts, ys, p, c: np.stack(
                [self.rhs(ts[i], ys[i], p, c) for i in range(ts.shape[0])]
            )
        return jit(lambda ts, ys, p, c: vmap(lambda t, y: self.rhs(t, y, p, c))(ts, ys))

    @functools.cached_property
    def pullback(self) -> Callable[..., Any]:
        """`(t, y, p, c, v)` to the products of `v` with the derivatives by `y` and by `p`."""
        return self._fast(lambda t, y, p, c, v: vjp(lambda y, p: self.rhs(t, y, p, c), y, p)[1](v))

    @functools.cached_property
    def along(self) -> Flow:
        """The equation together with its variation along a direction: twice the variables and parameters."""

        def both(t: Any, z: Any, q: Any, c: Any) -> Any:
            (y, dy), (p, dp) = np.split(z, 2), np.split(q, 2)
            return np.concatenate(jvp(lambda y, p: self.rhs(t, y, p, c), (y, p), (dy, dp)))

        return self._larger(both, 2 * self.n)

    def with_slopes(self, directions: int) -> Flow:
        """The equation together with the derivatives of its solution by the start and by all parameters."""
        found = self._with_slopes.get(directions)
        if found is None:
            found = self._with_slopes[directions] = self._make_slopes(directions)
        return found

    def _make_slopes(self, directions: int) -> Flow:
        n = self.n

        def all_of_them(t: Any, z: Any, p: Any, c: Any) -> Any:
            y, slopes = z[:n], z[n:].reshape(n, -1)
            at = lambda v: self.rhs(t, v[:n], v[n:], c)
            jacobian = jacrev(at)(np.concatenate([y, p]))
            change = jacobian[:, :n] @ slopes
            change = np.concatenate([change[:, :n], change[:, n:] + jacobian[:, n:]], axis=1)
            return np.concatenate([self.rhs(t, y, p, c), change.reshape(-1)])

        return self._larger(all_of_them, n + n * directions)

    def _larger(self, rhs: Callable[..., Any], n: int) -> Flow:
        """An equation with further variables, which are derivatives."""
        atol = self.atol * (n // self.n) if isinstance(self.atol, tuple) else self.atol
        return Flow(rhs, n, self.method, self.finer, atol, (), self.looks_at_values)

    @property
    def finer(self) -> float:
        """The tolerance for derivatives."""
        return max(self.rtol / 10.0, _LEAST_TOLERANCE)

    def solver_class(self) -> Any:
        """SciPy's class that takes single steps."""
        if not isinstance(self.method, str):
            return self.method
        return getattr(
            scipy_module("integrate"), "LSODA" if self.method == "odeint" else self.method
        )


# On plain arrays


def solve(ts: Any, y0: Any, p: Any, c: Any, *, flow: Flow) -> Any:
    """The solution (times, variables) at increasing or decreasing times; NaN where the solver failed."""
    integrate = scipy_module("integrate")
    rhs = lambda t, y: flow.run(t, y, p, c)
    if flow.method == "odeint":
        return integrate.odeint(
            rhs, y0, ts, tfirst=True, rtol=flow.rtol, atol=_array(flow.atol), **dict(flow.options)
        )
    found = np.full((len(ts), len(y0)), np.nan)
    found[ts == ts[0]] = y0
    moving = np.flatnonzero(ts != ts[0])
    if len(moving):
        times, places = np.unique(ts[moving], return_inverse=True)  # SciPy takes no time twice
        if ts[-1] < ts[0]:
            times, places = times[::-1], len(times) - 1 - places
        solved = solve_on_span(flow, rhs, (ts[0], ts[-1]), y0, t_eval=times, **dict(flow.options))
        reached = places < len(solved.t)
        found[moving[reached]] = solved.y.T[places[reached]]
    return found


def solve_on_span(flow: Flow, rhs: Any, span: Any, y0: Any, **options: Any) -> Any:
    """What SciPy finds on a span of times."""
    method = "LSODA" if flow.method == "odeint" else flow.method
    solve = scipy_module("integrate").solve_ivp
    return solve(rhs, span, y0, method, rtol=flow.rtol, atol=_array(flow.atol), **options)


def _array(atol: Any) -> Any:
    return np.array(atol) if isinstance(atol, tuple) else atol


def solve_adjoint(ts: Any, y0: Any, p: Any, c: Any, ct: Any, flow: Flow) -> Any:
    """The derivatives of `sum(ct * solution)` by the start and by the parameters."""
    n = len(y0)
    directions = n + len(p)
    if n * directions <= _FEW:
        z0 = np.concatenate([y0, np.eye(n, directions).ravel()])
        slopes = solve(ts, z0, p, c, flow=flow.with_slopes(directions))[:, n:]
        sums = np.einsum("tn,tnk->k", ct, slopes.reshape(len(ts), n, directions))
        return sums[:n], sums[n:]
    state = np.zeros(n + len(p))
    scale = np.max(np.abs(ct), initial=0.0)
    span = (float(ts[0]), float(ts[-1]))
    if scale == 0.0 or span[0] == span[1]:
        return np.sum(ct, axis=0), state[n:]
    path = solve_on_span(flow, lambda t, y: flow.run(t, y, p, c), span, y0, dense_output=True).sol

    def back(t: Any, state: Any) -> Any:
        by_y, by_p = flow.pullback(t, path(t), p, c, state[:n])
        return -np.concatenate([by_y, by_p])

    solver_class = flow.solver_class()
    atol = max(float(np.min(flow.atol)) * scale, np.finfo(float).tiny)
    for i in range(len(ts) - 1, 0, -1):
        state[:n] += ct[i]
        if ts[i] == ts[i - 1] or not np.any(state[:n]):
            continue
        solver = solver_class(back, ts[i], state, ts[i - 1], rtol=flow.finer, atol=atol)
        while solver.status == "running":
            solver.step()
        if solver.status == "failed":
            return np.full(n, np.nan), np.full(len(p), np.nan)
        state = np.array(solver.y)
    return state[:n] + ct[0], state[n:]
