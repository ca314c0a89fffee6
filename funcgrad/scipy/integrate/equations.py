"""`scipy.integrate`: initial value problems."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.control.bodies import trace_body
from funcgrad.core.errors import ArgumentError, ConcretizationError, UnsupportedError
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.source import describe_function, here
from funcgrad.core.trace import current_trace
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.core.tree import PyTreeDef, tree_flatten
from funcgrad.core.types import ShapedArray, is_differentiable
from funcgrad.numpy.arguments import operand
from funcgrad.numpy.conversion import as_array
from funcgrad.ops.basic import convert
from funcgrad.scipy.integrate.events import known, with_events
from funcgrad.scipy.integrate.flow import Flow, solve_on_span
from funcgrad.scipy.integrate.solution import solution
from funcgrad.scipy.mirror import has_tracer, scipy_module

_DOUBLE = np.dtype(np.float64)
_ODEINT_TOLERANCE = 1.49012e-8  # LSODE's in SciPy


# From functions with arguments of any kind to equations of vectors


class _Packing:
    """Arrays of any shapes and dtypes as one vector of float64, and back."""

    def __init__(self, avals: Sequence[ShapedArray]) -> None:
        self.avals = tuple([a.strip_weak_type() for a in avals])

    @property
    def size(self) -> int:
        """The length of the vector."""
        return sum(a.size * (2 if a.dtype.kind == "c" else 1) for a in self.avals)

    def pack(self, values: Sequence[Any]) -> Any:
        parts = []
        for value, aval in zip(values, self.avals, strict=True):
            halves = [np.real(value), np.imag(value)] if aval.dtype.kind == "c" else [value]
            parts += [convert(half, _DOUBLE).reshape(-1) for half in halves]
        return np.concatenate(parts) if parts else np.zeros(0)

    def unpack(self, vector: Any) -> list[Any]:
        values, start = [], 0
        for aval in self.avals:
            part = vector[start : start + aval.size]
            start += aval.size
            if aval.dtype.kind == "c":
                part = part + 1j * vector[start : start + aval.size]
                start += aval.size
            values.append(convert(part.reshape(aval.shape), aval.dtype))
        return values


class _RightHandSide:
    """`rhs(t, y, p, c)` of a function of `t`, `y` and further arguments, which are in `p` or in `c`."""

    def __init__(
        self, state: _Packing, moving: Sequence[bool], avals: Sequence[ShapedArray]
    ) -> None:
        self.state = state
        self.moving = tuple(moving)
        self.p = _Packing([a for a, m in zip(avals, moving, strict=True) if m])
        self.c = _Packing([a for a, m in zip(avals, moving, strict=True) if not m])

    def __call__(self, t: Any, y: Any, p: Any, c: Any) -> Any:
        ps, cs = iter(self.p.unpack(p)), iter(self.c.unpack(c))
        (state,) = self.state.unpack(y)
        return self.state.pack([self.slope(t, state, [next(ps if m else cs) for m in self.moving])])

    def slope(self, t: Any, state: Any, rest: list[Any]) -> Any:
        raise NotImplementedError

    def flow(self, method: Any, rtol: Any, atol: Any, options: dict[str, Any]) -> Flow:
        """The equation, to be solved by one of SciPy's methods."""
        if np.ndim(atol):
            halves = 2 if self.state.avals[0].dtype.kind == "c" else 1
            atol = tuple(np.ravel(atol).tolist()) * halves
        kept = (method, float(rtol), atol, tuple(options.items()))
        n = self.state.size
        if isinstance(self, _Traced):  # one for all calls, with what is compiled for it
            return self.jaxpr.memo(("flow", *self.key(), *kept), lambda: Flow(self, n, *kept))
        return Flow(self, n, *kept, looks_at_values=True)


class _Traced(_RightHandSide):
    """Of a function that was traced: what it closes over is among its arguments."""

    def __init__(self, jaxpr: Jaxpr, n_consts: int, *parts: Any) -> None:
        super().__init__(*parts)
        self.jaxpr = jaxpr
        self.n_consts = n_consts

    def key(self) -> Any:
        """What it depends on besides its jaxpr."""
        return self.n_consts, self.moving, self.p.avals, self.c.avals, self.state.avals

    def slope(self, t: Any, state: Any, rest: list[Any]) -> Any:
        consts, args = rest[: self.n_consts], rest[self.n_consts :]
        return eval_jaxpr(self.jaxpr, (), *consts, t, state, *args)[0]


class _Untraced(_RightHandSide):
    """Of a function that looks at values: it is called as it is."""

    def __init__(self, fun: Callable[..., Any], tree: PyTreeDef, *parts: Any) -> None:
        super().__init__(*parts)
        self.fun = fun
        self.tree = tree

    def slope(self, t: Any, state: Any, rest: list[Any]) -> Any:
        return self.fun(t, state, *self.tree.unflatten(rest))


class _Problem:
    """An initial value problem: a right-hand side, and the vectors that belong to it.

    `traced` tells whether anything in it is: then it is for `solution`, and else for SciPy.
    """

    def __init__(self, name: str, fun: Callable[..., Any], y0: Any, args: tuple[Any, ...]) -> None:
        self.name = name
        y0 = np.stack(y0) if isinstance(y0, (list, tuple)) and has_tracer(y0) else operand(y0)
        y0 = convert(y0, np.complex128 if typeof(y0).dtype.kind == "c" else np.float64)
        shape = typeof(y0).shape
        if len(shape) > 1:
            raise ArgumentError(f"{name}: `y0` must be 1-dimensional, not of shape {shape}{here()}")
        y0 = y0.reshape(-1)
        aval = typeof(y0)
        leaves, tree = tree_flatten(args)
        leaves = [x if isinstance(x, Tracer) else np.asarray(x) for x in leaves]

        def slope(t: Any, y: Any, *args: Any) -> Any:
            out = as_array(fun(t, y, *args))
            if typeof(out).size != aval.size:
                raise ArgumentError(
                    f"{name}: {describe_function(fun)} returns {typeof(out)}, but there are {aval.size} "
                    f"variables{here()}"
                )
            return out.reshape(-1)

        avals = [ShapedArray((), _DOUBLE), aval, *[typeof(x).strip_weak_type() for x in leaves]]
        whole = tree_flatten((0.0, 0.0, *args))[1]
        state = _Packing([aval])
        try:
            body = trace_body(slope, whole, avals, what=name, title=fun)
        except ConcretizationError:
            self._fill(leaves)
            self.rhs: _RightHandSide = _Untraced(slope, tree, state, self.moving, avals[2:])
        else:
            self._fill([*body.consts, *leaves])
            parts = (state, self.moving, [*body.const_avals, *avals[2:]])
            self.rhs = _Traced(body.jaxpr, len(body.consts), *parts)
        self.y0 = state.pack([y0])
        self.traced = isinstance(y0, Tracer) or has_tracer(self.values)

    def _fill(self, values: list[Any]) -> None:
        self.values = values
        self.moving = [isinstance(x, Tracer) and is_differentiable(typeof(x).dtype) for x in values]

    def packed(self, values: list[Any]) -> tuple[Any, Any]:
        """The vectors `p` and `c` of the right-hand side."""
        p = [v for v, m in zip(values, self.moving, strict=True) if m]
        c = [v for v, m in zip(values, self.moving, strict=True) if not m]
        return self.rhs.p.pack(p), self.rhs.c.pack(c)

    def known(self, start: Any, end: Any, instead: str) -> tuple[Any, ...]:
        """The values of both ends, of the start state, of `p` and of `c`."""
        ends = [known(v, instead) for v in (start, end, self.y0)]
        return *ends, *self.packed([known(v, instead) for v in self.values])

    def state(self, y: Any) -> Any:
        """The state from its vector."""
        return self.rhs.state.unpack(y)[0]

    def speed(self, t: Any, state: Any) -> Any:
        """The right-hand side."""
        return self.state(self.rhs(t, self.rhs.state.pack([state]), *self.packed(self.values)))

    def solve(self, ts: Any, flow: Flow) -> Any:
        """The states at the times (times, variables)."""
        p, c = self.packed(self.values)
        ys = solution(convert(operand(ts), _DOUBLE), self.y0, p, c, flow=flow)
        if self.rhs.state.avals[0].dtype.kind != "c":
            return ys
        n = typeof(ys).shape[1] // 2
        return ys[:, :n] + 1j * ys[:, n:]


def odeint(
    func: Callable[..., Any], y0: Any, t: Any, args: Any = (), Dfun: Any = None, col_deriv: Any = 0,
    full_output: Any = 0, ml: Any = None, mu: Any = None, rtol: Any = None, atol: Any = None,
    tcrit: Any = None, h0: float = 0.0, hmax: float = 0.0, hmin: float = 0.0, ixpr: Any = 0, mxstep: int = 0,
    mxhnil: Any = 0, mxordn: int = 12, mxords: int = 5, printmessg: Any = 0, tfirst: bool = False,
) -> Any:  # fmt: skip
    """`scipy.integrate.odeint`: the solution of `dy/dt = func(y, t, *args)` at the times `t`.

    It has derivatives with respect to `y0`, `t`, `args` and what `func` closes over, of any order, in both modes: those
    of the equation, solved with the same tolerances. A function that looks at values gets traced ones by `args`.

    >>> import numpy as np, funcgrad as fg
    >>> t = np.array([0.0, 1.0])
    >>> decay = lambda k: fg.scipy.integrate.odeint(lambda y, t: -k * y, 2.0, t)[-1, 0]
    >>> fg.grad(decay)(1.0).round(6)  # of 2 exp(-k)
    np.float64(-0.735759)
    """
    plain = scipy_module("integrate").odeint
    args = args if isinstance(args, tuple) else (args,)
    # Errors name the user's function.
    fun = func if tfirst else functools.wraps(func)(lambda t, y, *args: func(y, t, *args))
    problem = _Problem("odeint", fun, y0, args) if current_trace() is not None else None
    if problem is None or not (problem.traced or has_tracer(t)):
        return plain(
            func, y0, t, args, Dfun, col_deriv, full_output, ml, mu, rtol, atol, tcrit, h0, hmax, hmin,
            ixpr, mxstep, mxhnil, mxordn, mxords, printmessg, tfirst,
        )  # fmt: skip
    if full_output or problem.y0.shape != problem.rhs.state.avals[0].shape:
        raise UnsupportedError(
            f"odeint: traced values take no full_output, and no complex variables{here()}\n  "
            "use funcgrad.scipy.integrate.solve_ivp for these"
        )
    rtol, atol = (_ODEINT_TOLERANCE if tol is None else tol for tol in (rtol, atol))
    options = {
        "h0": h0,
        "hmax": hmax,
        "hmin": hmin,
        "mxstep": mxstep,
        "mxordn": mxordn,
        "mxords": mxords,
    }
    flow = problem.rhs.flow("odeint", rtol, atol, options)
    return problem.solve(np.stack(t) if isinstance(t, (list, tuple)) else t, flow)


def solve_ivp(
    fun: Callable[..., Any], t_span: Any, y0: Any, method: Any = "RK45", t_eval: Any = None,
    dense_output: bool = False, events: Any = None, vectorized: bool = False, args: Any = None, **options: Any,
) -> Any:  # fmt: skip
    """`scipy.integrate.solve_ivp`: the solution of `dy/dt = fun(t, y, *args)` from `t_span[0]` to `t_span[1]`.

    The values are SciPy's, by any of its methods. They have derivatives with respect to `y0`, `t_span`, `t_eval`,
    `args` and what `fun` closes over, of any order, in both modes: those of the equation, solved with the same method
    and tolerances. Under `jit` and `vmap` the times must be given by `t_eval`; a function that looks at values gets
    traced ones by `args`. Where the solver fails, values are NaN. Times and states of `events` have first derivatives,
    but not under `jit` and `vmap`.

    >>> import numpy as np, funcgrad as fg
    >>> def end(k):
    ...     return fg.scipy.integrate.solve_ivp(
    ...         lambda t, y: -k * y, (0.0, 1.0), [2.0], rtol=1e-8
    ...     ).y[0, -1]
    >>> fg.grad(end)(1.0).round(6)  # of 2 exp(-k)
    np.float64(-0.735759)
    """
    plain = scipy_module("integrate").solve_ivp
    given = () if args is None else tuple(args)
    problem = _Problem("solve_ivp", fun, y0, given) if current_trace() is not None else None
    if problem is None or not (problem.traced or has_tracer(t_span, t_eval)):
        return plain(
            fun, t_span, y0, method, t_eval, dense_output, events, vectorized, args, **options
        )
    rtol, atol = options.get("rtol", 1e-3), options.get("atol", 1e-6)
    kept = {k: v for k, v in options.items() if k in ("max_step", "first_step", "min_step")}
    flow = problem.rhs.flow(method, rtol, atol, kept)
    start, end = (convert(operand(t), _DOUBLE) for t in t_span)
    if t_eval is not None:
        t_eval = convert(
            np.stack(t_eval) if isinstance(t_eval, (list, tuple)) else operand(t_eval), _DOUBLE
        )
        _check_times(t_eval, start, end)
    if events is not None:
        fields = with_events(problem, flow, start, end, t_eval, events, given)
    else:
        t_eval = _times(problem, flow, start, end) if t_eval is None else t_eval
        ys = problem.solve(np.concatenate([start[None], t_eval, end[None]]), flow)
        message = "The solver successfully reached the end of the integration interval."
        fields = {"t": t_eval, "y": ys[1:-1].T, "t_events": None, "y_events": None, "status": 0}
        fields["message"] = message
    dense = _Dense(problem, flow, start) if dense_output else None
    result = scipy_module("integrate._ivp.ivp").OdeResult
    return result(sol=dense, nfev=0, njev=0, nlu=0, success=True, **fields)


def _times(problem: _Problem, flow: Flow, start: Any, end: Any) -> Any:
    """The times of the steps that SciPy takes, as parts of the way from the start to the end."""
    instead = "give solve_ivp the times by t_eval: those that it chooses itself depend on values"
    first, last, y0, p, c = problem.known(start, end, instead)
    times = solve_on_span(
        flow, lambda t, y: flow.run(t, y, p, c), (first, last), y0, **dict(flow.options)
    ).t
    return start + (end - start) * ((times - first) / (last - first)) if last != first else times


def _check_times(t_eval: Any, start: Any, end: Any) -> None:
    if has_tracer(t_eval, start, end):
        return
    steps = np.diff(t_eval) if end >= start else -np.diff(t_eval)
    if typeof(t_eval).ndim != 1 or np.any(steps <= 0.0):
        raise ArgumentError(f"solve_ivp: values in `t_eval` are not properly sorted{here()}")
    if np.any(t_eval < min(start, end)) or np.any(t_eval > max(start, end)):
        raise ArgumentError(f"solve_ivp: values in `t_eval` are not within `t_span`{here()}")


class _Dense:
    """The solution as a function of time, from the start in the direction of the end."""

    def __init__(self, problem: _Problem, flow: Flow, start: Any) -> None:
        self.problem, self.flow, self.start = problem, flow, start

    def __call__(self, t: Any) -> Any:
        t = convert(operand(t), _DOUBLE)
        flat = t.reshape(-1)
        order = np.argsort(np.abs(flat - self.start))
        ys = self.problem.solve(np.concatenate([self.start[None], flat[order]]), self.flow)[1:]
        states = ys[np.argsort(order)].T
        return states if typeof(t).ndim else states[:, 0]
