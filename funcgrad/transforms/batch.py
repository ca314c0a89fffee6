"""Batching: from a jaxpr on examples to the jaxpr on a batch of them. The batch axis is always in front."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from funcgrad.core.check import checked
from funcgrad.core.errors import NoBatchingError
from funcgrad.core.interpreter import as_recorded, rebind
from funcgrad.core.jaxpr import Equation, Jaxpr, Literal, Var, dce
from funcgrad.core.primitive import BatchAxis
from funcgrad.core.source import locate
from funcgrad.core.tracing import build_jaxpr, current_trace
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import broadcast_in_dim

# What is done with a primitive without a batching rule: a loop, which `control` knows how to make.
WITHOUT_RULE: list[Callable[..., Any]] = []


class Batched(NamedTuple):
    """The jaxpr on batches, and which of its outputs have the batch axis."""

    jaxpr: Jaxpr
    out_batched: tuple[bool, ...]


def batch(
    jaxpr: Jaxpr,
    axis: BatchAxis,
    batched: Sequence[bool],
    *,
    out_batched: bool | Sequence[bool] = False,
) -> Batched:
    """The jaxpr that runs `jaxpr` on every example of a batch at once.

    Args:
        jaxpr: without constants.
        axis: length and name of the batch axis.
        batched: which inputs have the batch axis (in front).
        out_batched: which outputs shall have it even if they do not depend on a batched input.
    """
    batched = tuple(batched)
    forced = (
        (out_batched,) * len(jaxpr.outvars) if isinstance(out_batched, bool) else tuple(out_batched)
    )
    return jaxpr.memo(
        ("batch", axis, batched, forced), lambda: _batch(jaxpr, axis, batched, forced)
    )


def _batch(
    jaxpr: Jaxpr, axis: BatchAxis, batched: tuple[bool, ...], forced: tuple[bool, ...]
) -> Batched:
    assert not jaxpr.constvars
    flags: tuple[bool, ...] = ()

    def fun(*inputs: Any) -> list[Any]:
        nonlocal flags
        outs, out_flags = forward_batched(jaxpr, axis, inputs, batched)
        outs = [
            to_batch(out, axis) if force and not flag else out
            for out, force, flag in zip(outs, forced, out_flags, strict=True)
        ]
        flags = tuple([force or flag for force, flag in zip(forced, out_flags, strict=True)])
        return outs

    avals = [
        ShapedArray((axis.size, *v.aval.shape), v.aval.dtype) if b else v.aval
        for v, b in zip(jaxpr.invars, batched, strict=True)
    ]
    result = build_jaxpr(fun, avals, name="vmap")
    return Batched(checked(dce(result), "vmap"), flags)


def to_batch(x: Any, axis: BatchAxis) -> Any:
    """Repeat a value along a new batch axis."""
    from_shape = x.shape if hasattr(x, "shape") else ()
    trace = current_trace()
    params = {
        "shape": (axis.size, *from_shape),
        "broadcast_dimensions": tuple(range(1, len(from_shape) + 1)),
    }
    return (
        broadcast_in_dim(x, **params)
        if trace is None
        else trace.bind(broadcast_in_dim, (x,), params)
    )


def forward_batched(
    jaxpr: Jaxpr, axis: BatchAxis, inputs: Sequence[Any], batched: Sequence[bool]
) -> tuple[list[Any], list[bool]]:
    """Run a jaxpr on batched and plain values in the current trace: outputs, and which are batched."""
    trace = current_trace()
    assert trace is not None
    outer_source = trace.source
    env: dict[Var, tuple[Any, bool]] = dict(
        zip(jaxpr.invars, zip(inputs, batched, strict=True), strict=True)
    )
    axis_effect = f"axis:{axis.name}"

    def read(atom: Any) -> tuple[Any, bool]:
        return (atom.val, False) if type(atom) is Literal else env[atom]

    for eqn in jaxpr.eqns:
        trace.source = outer_source or eqn.source
        pairs = [read(atom) for atom in eqn.invars]
        operands = [x for x, _ in pairs]
        flags = [b for _, b in pairs]
        if not any(flags) and axis_effect not in eqn.effects:
            out = rebind(trace, eqn, operands)
            outs: Sequence[Any] = out if eqn.primitive.multiple_results else (out,)
            out_flags: Sequence[bool] = [False] * len(eqn.outvars)
        else:
            outs, out_flags = apply_rule(eqn, axis, operands, flags)
        env.update(zip(eqn.outvars, zip(outs, out_flags, strict=True), strict=True))
    trace.source = outer_source
    results = [read(atom) for atom in jaxpr.outvars]
    return [x for x, _ in results], [b for _, b in results]


def apply_rule(
    eqn: Equation, axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool]
) -> tuple[Sequence[Any], Sequence[bool]]:
    """The outputs of one equation on batched and plain values, and which of them are batched."""
    rule = eqn.primitive.batch
    if rule is not None:
        out, flags = rule(axis, operands, batched, **eqn.params)
    elif any(batched) and WITHOUT_RULE:
        place = f"\n  at {locate(eqn.source)}"
        out, flags = WITHOUT_RULE[0](eqn.primitive, axis, operands, batched, eqn.params, place)
    else:
        raise NoBatchingError(
            f"{eqn.primitive.name} has no batching rule\n  at {locate(eqn.source)}\n  "
            "loop over the examples, or give the primitive a `batch` rule"
        )
    out = as_recorded(eqn, operands, out)
    if not eqn.primitive.multiple_results:
        return (out,), (flags,)
    return out, [flags] * len(eqn.outvars) if isinstance(flags, bool) else flags
