"""Traced values that functions close over, as arguments: solvers have derivatives with respect to arguments only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from funcgrad.control.bodies import trace_body
from funcgrad.core.errors import ConcretizationError
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.leaves import flatten_arrays
from funcgrad.core.trace import current_trace
from funcgrad.core.tracing import Tracer
from funcgrad.core.tree import keystr, tree_leaves
from funcgrad.core.types import is_differentiable


def with_closure(
    name: str, fun: Callable[..., Any], args: tuple[Any, ...], x: Any
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """`fun(x, *args)` and `args`, with the traced values that `fun` closes over among `args`.

    A function that looks at values of `x` stays as it is: what it computes elsewhere is not known beforehand.
    """
    if current_trace() is None:
        return fun, args
    _, avals, tree = flatten_arrays((x, *args), name, keystr)
    try:
        body = trace_body(fun, tree, avals, what=name)
    except ConcretizationError:
        return fun, args
    places = [
        i
        for i, (const, aval) in enumerate(zip(body.consts, body.const_avals, strict=True))
        if type(const) is Tracer and is_differentiable(aval.dtype)
    ]
    if not places:
        return fun, args
    given = len(args)

    def converted(x: Any, *all_args: Any) -> Any:
        consts = list(body.consts)
        for place, value in zip(places, all_args[given:], strict=True):
            consts[place] = value
        values = tree_leaves((x, *all_args[:given]))
        return body.out_tree.unflatten(eval_jaxpr(body.jaxpr, (), *consts, *values))

    return converted, (*args, *[body.consts[i] for i in places])


def given(derivative: Any, args: tuple[Any, ...], all_args: tuple[Any, ...]) -> Any:
    """A derivative that the user gave, or None if it closes over traced values as the function does.

    What it closes over is not among its arguments; the function's own derivative stands for it.
    """
    return None if callable(derivative) and len(all_args) > len(args) else derivative
