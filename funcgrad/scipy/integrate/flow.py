"""Solutions of differential equations as functions of their start and of parameters.

`solution` is SciPy's own, at given times. Its derivatives are those of the equation (E. Hairer, S. Norsett, G. Wanner,
Solving Ordinary Differential Equations I, I.14): in forward mode its variation along a direction is solved for together
with it, `variation`. In reverse mode, `adjoint`, few variables and parameters are varied one by one; of many the
adjoint equation is solved backwards, with the solution itself from SciPy's dense output, so that equations which are
stable in one direction only stay so. `curvature` is the derivative of `adjoint`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.api.jacobians import jacrev
from funcgrad.api.jit import jit
from funcgrad.api.products import jvp, linearize, vjp
from funcgrad.api.vmap import vmap
from funcgrad.control.sequential import SEQUENTIAL, batch_by_loop
from funcgrad.core.primitive import Linear, Primitive
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import instantiate, zeros
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


def _solve(ts: Any, y0: Any, p: Any, c: Any, *, flow: Flow) -> Any:
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


def _solve_adjoint(ts: Any, y0: Any, p: Any, c: Any, ct: Any, flow: Flow) -> Any:
    """The derivatives of `sum(ct * solution)` by the start and by the parameters."""
    n = len(y0)
    directions = n + len(p)
    if n * directions <= _FEW:
        z0 = np.concatenate([y0, np.eye(n, directions).ravel()])
        slopes = _solve(ts, z0, p, c, flow=flow.with_slopes(directions))[:, n:]
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


# The primitives. Operands are the times (of which the first is that of the start), the start, the parameters `p` and
# `c`, then what they are linear in: directions of the first three, or cotangents.


def _vary(
    ts: Any, y0: Any, p: Any, c: Any, dts: Any, dy0: Any, dp: Any, *, flow: Flow, solve: Any
) -> Any:
    """The variation of the solution. A later start moves it back along the flow, a later time forth."""
    n = y0.shape[0]
    start = dy0 - flow.run(ts[0], y0, p, c) * dts[0]
    z0, q = np.concatenate([y0, start]), np.concatenate([p, dp])
    both = solve(ts, z0, q, c, flow=flow.along)
    return both[:, n:] + flow.speeds(ts, both[:, :n], p, c) * dts[:, None]


def _by_times(ts: Any, y0: Any, p: Any, c: Any, ct: Any, by_y0: Any, flow: Flow) -> Any:
    """The derivative of `sum(ct * solution)` by the times, from that by the start."""
    ys = solution(ts, y0, p, c, flow=flow)
    found = np.sum(flow.speeds(ts, ys, p, c) * ct, axis=1)
    at_start = np.sum(flow.run(ts[0], y0, p, c) * by_y0)
    return found - np.concatenate([at_start[None], np.zeros(ts.shape[0] - 1)])


def _all(primals: Any, tangents: Any) -> list[Any]:
    return [instantiate(t, _aval(x.shape)) for x, t in zip(primals, tangents, strict=True)]


def _where(flags: Sequence[bool], values: Sequence[Any]) -> list[Any]:
    return [v if flag else None for flag, v in zip(flags, values, strict=True)]


def _aval(shape: tuple[int, ...]) -> ShapedArray:
    return ShapedArray(shape, np.dtype(np.float64))


def _solution_jvp(primals: Any, tangents: Any, *, flow: Flow) -> Any:
    out = solution(*primals, flow=flow)
    return out, variation(*primals, *_all(primals[:3], tangents[:3]), flow=flow)


def _variation_jvp(primals: Any, tangents: Any, *, flow: Flow) -> Any:
    ts, y0, p, c, *directions = primals
    out = variation(*primals, flow=flow)
    total = variation(ts, y0, p, c, *_all(directions, tangents[4:]), flow=flow)
    if any(t is not None for t in tangents[:3]):

        def at(ts: Any, y0: Any, p: Any) -> Any:
            return _vary(ts, y0, p, c, *directions, flow=flow, solve=solution)

        total = total + linearize(at, ts, y0, p)[1](*_all(primals[:3], tangents[:3]))
    return out, total


def _variation_transpose(ct: Any, ts: Any, y0: Any, p: Any, c: Any, *rest: Any, flow: Flow) -> Any:
    by_y0, by_p = adjoint(ts, y0, p, c, ct, flow=flow)
    linear = [type(x) is Linear for x in rest]
    by_times = _by_times(ts, y0, p, c, ct, by_y0, flow) if linear[0] else None
    return *(None,) * 4, *_where(linear, [by_times, by_y0, by_p])


def _adjoint_jvp(primals: Any, tangents: Any, *, flow: Flow) -> Any:
    *point, ct = primals
    out = adjoint(*primals, flow=flow)
    totals = [adjoint(*point, *_all([ct], tangents[4:]), flow=flow)]
    if any(t is not None for t in tangents[:3]):
        totals.append(curvature(*primals, *_all(point[:3], tangents[:3]), flow=flow))
    return out, tuple([sum(parts[1:], parts[0]) for parts in zip(*totals, strict=True)])


def _adjoint_transpose(cts: Any, ts: Any, y0: Any, p: Any, c: Any, ct: Any, *, flow: Flow) -> Any:
    by_y0, by_p = _all([y0, p], cts)
    return *(None,) * 4, variation(ts, y0, p, c, zeros(_aval(ts.shape)), by_y0, by_p, flow=flow)


def _bend(
    ts: Any, y0: Any, p: Any, c: Any, ct: Any, dts: Any, dy0: Any, dp: Any, *, flow: Flow
) -> tuple[Any, Any, Any]:
    """The derivatives by the times, the start and the parameters of `sum(ct * variation)`."""
    at = lambda ts, y0, p: _vary(ts, y0, p, c, dts, dy0, dp, flow=flow, solve=solution)
    return vjp(at, ts, y0, p)[1](ct)


def _curvature_jvp(primals: Any, tangents: Any, *, flow: Flow) -> Any:
    _, _, _, c, *_ = primals
    at = lambda ts, y0, p, ct, *directions: _bend(ts, y0, p, c, ct, *directions, flow=flow)[1:]
    moving = [x for i, x in enumerate(primals) if i != 3]
    changes = [t for i, t in enumerate(tangents) if i != 3]
    if all(t is None for t in changes[:4]):
        total = curvature(*primals[:5], *_all(primals[5:], tangents[5:]), flow=flow)
    else:
        total = linearize(at, *moving)[1](*_all(moving, changes))
    return curvature(*primals, flow=flow), tuple(total)


def _curvature_transpose(
    cts: Any, ts: Any, y0: Any, p: Any, c: Any, ct: Any, *rest: Any, flow: Flow
) -> Any:
    # Second derivatives are symmetric.
    by_y0, by_p = _all([y0, p], cts)
    found = _bend(ts, y0, p, c, ct, zeros(_aval(ts.shape)), by_y0, by_p, flow=flow)
    return *(None,) * 5, *_where([type(x) is Linear for x in rest], found)


def _primitive(name: str, impl: Any, shape: Any, several: bool = False, **rules: Any) -> Primitive:
    def batch(axis: Any, operands: Any, batched: Any, **params: Any) -> Any:
        return batch_by_loop(primitive, axis, operands, batched, params)

    primitive = Primitive(
        f"ode_{name}",
        impl=impl,
        abstract=shape,
        batch=batch,
        multiple_results=several,
        properties=frozenset({SEQUENTIAL}),
        **rules,
    )
    return primitive


def _of_solution(ts: Any, y0: Any, *rest: Any, flow: Flow) -> Any:
    return _aval((*ts.shape, *y0.shape))


def _of_gradient(ts: Any, y0: Any, p: Any, *rest: Any, flow: Flow) -> Any:
    return _aval(y0.shape), _aval(p.shape)


solution = _primitive("solution", _solve, _of_solution, jvp=_solution_jvp)
variation = _primitive(
    "variation",
    lambda *operands, flow: _vary(*operands, flow=flow, solve=_solve),
    _of_solution,
    jvp=_variation_jvp,
    transpose=_variation_transpose,
)
adjoint = _primitive(
    "adjoint", _solve_adjoint, _of_gradient, True, jvp=_adjoint_jvp, transpose=_adjoint_transpose
)
curvature = _primitive(
    "curvature",
    lambda *operands, flow: _bend(*operands, flow=flow)[1:],
    _of_gradient,
    True,
    jvp=_curvature_jvp,
    transpose=_curvature_transpose,
)
