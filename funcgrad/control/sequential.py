"""Batching by a loop over the examples, for operations that have no rule of their own."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from funcgrad.control.jaxprs import select
from funcgrad.control.scan import scan_p
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.primitive import BatchAxis, Primitive
from funcgrad.core.tracing import build_jaxpr, transformed_location, typeof
from funcgrad.core.types import ShapedArray

# Primitives with this property are run example by example on purpose: loops over them stay loops.
SEQUENTIAL = "sequential"


def batch_by_loop(
    primitive: Primitive,
    axis: BatchAxis,
    operands: Sequence[Any],
    batched: Sequence[bool],
    params: dict[str, Any],
) -> tuple[Any, Any]:
    """The batching rule of a primitive as a `scan` over the examples."""
    avals = [
        ShapedArray(typeof(x).shape[1:], typeof(x).dtype) if b else typeof(x)
        for x, b in zip(operands, batched, strict=True)
    ]
    order = [*select(range(len(avals)), batched, False), *select(range(len(avals)), batched)]
    body = _body(primitive, tuple(avals), tuple(order), params)
    outs = scan_p(
        *[operands[i] for i in order],
        jaxpr=body,
        length=axis.size,
        reverse=False,
        num_consts=len(avals) - sum(batched),
        num_carry=0,
    )
    return (outs, True) if primitive.multiple_results else (outs[0], True)


def _body(
    primitive: Primitive, avals: Sequence[ShapedArray], order: Sequence[int], params: dict[str, Any]
) -> Jaxpr:
    def fun(*args: Any) -> Any:
        operands: list[Any] = [None] * len(args)
        for place, value in zip(order, args, strict=True):
            operands[place] = value
        out = primitive.bind_in(operands[0]._trace, operands, params) if operands else primitive()
        return out if primitive.multiple_results else [out]

    return build_jaxpr(fun, [avals[i] for i in order], name=primitive.name)


# Primitives that were warned of: once in a process, as a warning for each call would drown others.
_warned: set[str] = set()


def batch_without_rule(
    primitive: Primitive,
    axis: BatchAxis,
    operands: Sequence[Any],
    batched: Sequence[bool],
    params: dict[str, Any],
    place: str,
) -> tuple[Any, Any]:
    """What `vmap` does with a primitive without a rule: a loop, and a warning the first time."""
    if primitive.name not in _warned:
        _warned.add(primitive.name)
        message = (
            f"vmap: {primitive.name} has no batching rule, so it runs in a loop over the examples{place}"
            "\n  give it one with defprimitive(..., vmap=...), or wrap the function in custom_vmap"
        )
        location = transformed_location()
        if location is None:
            warnings.warn(message, stacklevel=2)
        else:  # the warning belongs to the user's line
            warnings.warn_explicit(message, UserWarning, location.file, location.line)
    return batch_by_loop(primitive, axis, operands, batched, params)
