"""Tracing: running a Python function on stand-ins that write down what it does.

There is one kind of trace, a builder that appends equations, and one kind of tracer, a handle on a
variable of a trace. A tracer of an outer trace that meets an inner one is captured as an input of
the inner one; so an inner derivative sees it as a constant, and perturbations cannot be confused.

A trace is kept as a structure of arrays (`records`, `avals`, `starts`, `sources`), because tracing is
done at every call: appending to four lists costs less than building objects, and `tuple(records)` is the
fingerprint that finds the finished `Jaxpr`, with everything derived from it, in the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from funcgrad.core.captured import unsupported_dtype
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.source import Location, locate
from funcgrad.core.trace import Trace, current_trace
from funcgrad.core.tracer import OWN, AbstractValue, Tracer, View, is_traced, leaked, typeof
from funcgrad.core.types import ShapedArray

__all__ = [
    "OWN",
    "AbstractValue",
    "Trace",
    "Tracer",
    "View",
    "build_jaxpr",
    "current_trace",
    "is_traced",
    "leaked",
    "there",
    "transformed_location",
    "typeof",
    "unsupported_dtype",
]


def build_jaxpr(
    fun: Callable[..., Sequence[Any]], in_avals: Sequence[ShapedArray], *, name: str = "a rule"
) -> Jaxpr:
    """Trace a rule on abstract inputs: a jaxpr without constants.

    `fun` takes one tracer per aval and returns a flat sequence. Arrays that it makes become literals;
    it must not capture tracers.
    """
    with Trace(list(in_avals), None, name) as trace:
        trace.why_abstract = "abstract"
        trace.inline_arrays = True
        outs = fun(*trace.inputs())
        jaxpr, consts = trace.finish(outs, intern=False)
    assert not consts, f"{name} captured traced values"
    return jaxpr


def transformed_location() -> Location | None:
    """The user's line whose equation is being transformed."""
    trace = current_trace()
    return None if trace is None else locate(trace.source)


def there() -> str:
    """`\\n  at file:line in function` for that line, as `here` says it of the line that runs."""
    location = transformed_location()
    return f"\n  at {location}" if location else ""
