"""Events of differential equations: when a function of the state crosses zero, and how that time moves.

By the implicit function theorem a crossing moves by -dg / (dg/dt): first derivatives of times and states are right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.api.products import jvp
from funcgrad.core.tracing import Tracer
from funcgrad.core.tree import tree_map
from funcgrad.ops.stop import stop_gradient_p
from funcgrad.scipy.integrate.flow import Flow, solve_on_span

_INSTEAD = "events depend on values: compute them outside of jit and vmap"


def known(value: Any, instead: str = _INSTEAD) -> Any:
    """The value of what may be traced."""
    return value._concrete("value", instead) if isinstance(value, Tracer) else value


def _plain(event: Callable[..., Any], state: Callable[[Any], Any], args: Any) -> Callable[..., Any]:
    """An event on plain arrays, as SciPy takes it."""

    def crossing(t: Any, y: Any) -> float:
        return float(known(event(t, state(y), *args)))

    crossing.terminal = getattr(event, "terminal", False)  # type: ignore[attr-defined]
    crossing.direction = getattr(event, "direction", 0.0)  # type: ignore[attr-defined]
    return crossing


def with_events(
    problem: Any, flow: Flow, start: Any, end: Any, t_eval: Any, events: Any, args: Any
) -> dict[str, Any]:
    """Times, states, and those of events, as fields of SciPy's result."""
    events = [events] if callable(events) else list(events)
    first, last, y0, p, c = problem.known(start, end, _INSTEAD)
    plain_args = tree_map(known, args)
    crossings = [_plain(event, problem.state, plain_args) for event in events]
    options = dict(flow.options) | {"events": crossings}
    if t_eval is not None:
        options["t_eval"] = np.asarray(known(t_eval))
    found = solve_on_span(flow, lambda t, y: flow.run(t, y, p, c), (first, last), y0, **options)
    plain_times = np.concatenate([found.t, *found.t_events])
    order = np.argsort(plain_times if last >= first else -plain_times, kind="stable")
    sorted_states = problem.solve(np.concatenate([start[None], plain_times[order]]), flow)[1:]
    states = sorted_states[np.argsort(order)]
    count = len(found.t)
    times: list[Any] = [found.t[i] for i in range(count)]
    ys = [states[i] for i in range(count)]
    t_events, y_events, place = [], [], count
    for event, at in zip(events, found.t_events, strict=True):
        moved = [_moved(problem, event, t, states[place + i], args) for i, t in enumerate(at)]
        place += len(at)
        t_events.append(np.stack([t for t, _ in moved]) if moved else np.zeros(0))
        y_events.append(np.stack([y for _, y in moved]) if moved else np.zeros(0))
        if found.status == 1 and t_eval is None and moved and at[-1] == found.t[-1]:
            times[-1], ys[-1] = moved[-1]
    return {
        "t": np.stack(times),
        "y": np.stack(ys, axis=1),
        "t_events": t_events,
        "y_events": y_events,
        "status": found.status,
        "message": found.message,
    }


def _moved(problem: Any, event: Any, t: Any, y: Any, args: Any) -> tuple[Any, Any]:
    """The time and the state of a crossing, which is at `t` now, with their derivatives."""
    speed = stop_gradient_p(problem.speed(t, y))
    value = event(t, y, *args)
    along = lambda s: event(t + s, y + s * speed, *args)
    slope = stop_gradient_p(jvp(along, (0.0,), (1.0,))[1])
    time = t - (value - stop_gradient_p(value)) / slope
    return time, y + speed * (time - t)
