"""Where the time of a program goes: per equation, and per line of the user's code."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from funcgrad.compile.buffers import VIEW
from funcgrad.compile.compiler import optimized
from funcgrad.compile.emit import emit
from funcgrad.compile.storage import storage_of
from funcgrad.core.jaxpr import Equation, Jaxpr, Literal, Var
from funcgrad.core.source import locate


class Timing(NamedTuple):
    """One equation of the optimised program.

    Attributes:
        operation: the primitive, or the operations of a cluster.
        result: types of the results.
        line: `file.py:12 (function)` of the user's code.
        seconds: the least of all repetitions.
    """

    operation: str
    result: str
    line: str
    seconds: float


class Profile:
    """Times of a program; `print` it for a table.

    Attributes:
        timings: one entry per equation, in the order in which they run.
    """

    def __init__(self, name: str, timings: Sequence[Timing]) -> None:
        self.name = name
        self.timings = tuple(timings)

    @property
    def seconds(self) -> float:
        """The time of all equations."""
        return sum(t.seconds for t in self.timings)

    def by_line(self) -> list[tuple[str, float]]:
        """The user's lines and their times, the slowest first."""
        totals: dict[str, float] = {}
        for timing in self.timings:
            totals[timing.line] = totals.get(timing.line, 0.0) + timing.seconds
        return sorted(totals.items(), key=lambda item: -item[1])

    def table(self, limit: int = 20) -> str:
        """The slowest lines and the slowest equations, as text."""
        total = self.seconds or 1.0
        rows = [f"{self.name}: {_time(self.seconds)} in {len(self.timings)} equations", ""]
        rows.append(f"{'time':>9}  {'share':>5}  line")
        for line, seconds in self.by_line()[:limit]:
            rows.append(f"{_time(seconds):>9}  {seconds / total:>5.0%}  {line}")
        rows += ["", f"{'time':>9}  {'share':>5}  equation"]
        for timing in sorted(self.timings, key=lambda t: -t.seconds)[:limit]:
            text = f"{timing.operation} -> {timing.result}"
            rows.append(f"{_time(timing.seconds):>9}  {timing.seconds / total:>5.0%}  {text}")
        return "\n".join(rows)

    def save_trace(self, path: str | Path) -> None:
        """Write a trace for chrome://tracing or Perfetto."""
        events = []
        start = 0.0
        for timing in self.timings:
            events.append(
                {
                    "name": timing.operation,
                    "cat": timing.line,
                    "ph": "X",
                    "ts": start * 1e6,
                    "dur": timing.seconds * 1e6,
                    "pid": 0,
                    "tid": 0,
                    "args": {"result": timing.result, "line": timing.line},
                }
            )
            start += timing.seconds
        Path(path).write_text(json.dumps({"traceEvents": events, "displayTimeUnit": "ms"}))

    def __str__(self) -> str:
        return self.table()

    __repr__ = __str__


def profile_jaxpr(jaxpr: Jaxpr, args: Sequence[Any], *, name: str, repeat: int) -> Profile:
    """Run the optimised program equation by equation, each compiled by itself."""
    simple = optimized(jaxpr)
    env: dict[Var, Any] = dict(zip(simple.invars, args, strict=True))
    timings = []
    for eqn in simple.eqns:
        inputs = list(dict.fromkeys(a for a in eqn.invars if type(a) is not Literal))
        if storage_of(eqn).kind is VIEW:  # a program of its own would copy its result
            (operand,) = [a.val if type(a) is Literal else env[a] for a in eqn.invars]
            program = partial(_view, eqn, operand)
        else:
            program = emit(Jaxpr((), inputs, eqn.outvars, [eqn])).function()
        values = [env[v] for v in inputs]
        best = float("inf")
        for _ in range(1 if eqn.effects else repeat):
            start = time.perf_counter()
            results = program(*values)
            best = min(best, time.perf_counter() - start)
        env.update(zip(eqn.outvars, results, strict=True))
        location = locate(eqn.source)
        operation = eqn.primitive.name
        if operation == "fused":
            members = dict.fromkeys(e.primitive.name for e in eqn.params["jaxpr"].eqns)
            operation = f"cluster of {', '.join(members)}"
        result = " ".join(str(v.aval) for v in eqn.outvars)
        timings.append(Timing(operation, result, location.short if location else "", best))
    return Profile(name, timings)


def _view(eqn: Equation, operand: Any, *inputs: Any) -> list[Any]:
    return [eqn.primitive.impl(operand, **eqn.params)]


def _time(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.0f} ns"
