"""Tracing the functions that users give to loops, branches and custom rules.

What a body uses of the code around it (arrays, numbers, traced values) becomes operands of the equation
that holds the body, so that the same code finds the same jaxpr again with other data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from funcgrad.control.jaxprs import padded
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.leaves import flatten_result
from funcgrad.core.tracing import Trace, Tracer, typeof
from funcgrad.core.tree import PyTreeDef
from funcgrad.core.types import ShapedArray


class Body(NamedTuple):
    """A traced function: `jaxpr` takes `consts` first, then the leaves of the arguments."""

    jaxpr: Jaxpr
    consts: list[Any]
    out_tree: PyTreeDef

    @property
    def out_avals(self) -> tuple[ShapedArray, ...]:
        return self.jaxpr.out_avals

    @property
    def const_avals(self) -> list[ShapedArray]:
        return [v.aval for v in self.jaxpr.invars[: len(self.consts)]]


def trace_body(
    fun: Callable[..., Any],
    in_tree: PyTreeDef,
    avals: Sequence[ShapedArray],
    *,
    what: str,
    values: Sequence[Any] | None = None,
    why_abstract: str = "loop",
    title: Any = None,
) -> Body:
    """Trace `fun(*args)`, where `in_tree` is the structure of the tuple of arguments.

    Args:
        fun: the user's function.
        in_tree: the structure of its arguments.
        avals: the types of their leaves.
        what: the user's name for the construct ("scan"), for messages.
        values: the values of the leaves, for Python code that asks for them.
        why_abstract: why there are none otherwise.
        title: the function that messages name, if it is not `fun`.
    """
    title = fun if title is None else title
    with Trace(list(avals), values, title) as trace:
        trace.why_abstract = why_abstract
        out = fun(*in_tree.unflatten(trace.inputs()))
        outs, out_tree = flatten_result(out, title, what)
        jaxpr, consts = trace.finish(outs, lift=True)
    return Body(jaxpr.open_consts(), consts, out_tree)


def share_consts(bodies: Sequence[Body]) -> tuple[list[Any], list[Jaxpr]]:
    """The constants of several bodies, each once, and their jaxprs with all of them as inputs."""
    consts: list[Any] = []
    avals: list[ShapedArray] = []
    places: dict[Any, int] = {}
    orders = []
    for body in bodies:
        order = []
        for const, aval in zip(body.consts, body.const_avals, strict=True):
            key = (const._trace, const._index) if type(const) is Tracer else (id(const), aval)
            place = places.setdefault(key, len(consts))
            if place in order:
                place = len(consts)  # `0.5 + 0.5 * x` has two constants, which are the same object
            if place == len(consts):
                consts.append(const)
                avals.append(aval)
            order.append(place)
        orders.append(order)
    n = len(consts)
    jaxprs = []
    for body, order in zip(bodies, orders, strict=True):
        args = [v.aval for v in body.jaxpr.invars[len(order) :]]
        jaxprs.append(padded(body.jaxpr, [*avals, *args], [*order, *range(n, n + len(args))]))
    return consts, jaxprs


def avals_of(values: Sequence[Any]) -> list[ShapedArray]:
    return [typeof(v) for v in values]
