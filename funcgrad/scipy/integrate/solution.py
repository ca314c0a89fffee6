"""Solutions of differential equations as primitives, with derivatives by the start, the times and parameters.

`solution` is SciPy's own, at given times. Its derivatives are those of the equation (E. Hairer, S. Norsett, G. Wanner,
Solving Ordinary Differential Equations I, I.14): in forward mode its variation along a direction is solved for together
with it, `variation`. Reverse mode is `adjoint`, whose derivative is `curvature`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.api.products import linearize, vjp
from funcgrad.control.sequential import SEQUENTIAL, batch_by_loop
from funcgrad.core.primitive import Linear, Primitive
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import instantiate, zeros
from funcgrad.scipy.integrate.flow import Flow, solve, solve_adjoint

# The operands of the primitives are the times (of which the first is that of the start), the start, the parameters `p`
# and `c`, then what they are linear in: directions of the first three, or cotangents.


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


solution = _primitive("solution", solve, _of_solution, jvp=_solution_jvp)

variation = _primitive(
    "variation",
    lambda *operands, flow: _vary(*operands, flow=flow, solve=solve),
    _of_solution,
    jvp=_variation_jvp,
    transpose=_variation_transpose,
)

adjoint = _primitive(
    "adjoint", solve_adjoint, _of_gradient, True, jvp=_adjoint_jvp, transpose=_adjoint_transpose
)

curvature = _primitive(
    "curvature",
    lambda *operands, flow: _bend(*operands, flow=flow)[1:],
    _of_gradient,
    True,
    jvp=_curvature_jvp,
    transpose=_curvature_transpose,
)
