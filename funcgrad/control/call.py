"""Primitives that call a jaxpr: `jit`. Each rule transforms the jaxpr and calls the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from funcgrad.control.jaxprs import equation, pruned, select
from funcgrad.control.partial import split_call
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Equation, Jaxpr
from funcgrad.core.primitive import BatchAxis, Linear, Primitive
from funcgrad.core.types import ShapedArray
from funcgrad.transforms import batch as batching
from funcgrad.transforms import forward, transpose


def call_primitive(name: str) -> Primitive:
    """A primitive `name[jaxpr=... name=...] operands` that means its jaxpr."""

    def abstract(*avals: ShapedArray, jaxpr: Jaxpr, **params: Any) -> tuple[ShapedArray, ...]:
        return jaxpr.out_avals

    def jvp(primals: Sequence[Any], tangents: Sequence[Any], *, jaxpr: Jaxpr, **params: Any) -> Any:
        nonzero = [t is not None for t in tangents]
        double, out_nonzero = forward.jvp(jaxpr, nonzero)
        outs = primitive(*primals, *[t for t in tangents if t is not None], jaxpr=double, **params)
        n = len(jaxpr.outvars)
        return outs[:n], spread(outs[n:], out_nonzero)

    def linearize(
        primals: Sequence[Any], tangents: Sequence[Any], *, jaxpr: Jaxpr, **params: Any
    ) -> Any:
        nonzero = [t is not None for t in tangents]
        split = forward.linearize(jaxpr, nonzero)
        results = primitive(*primals, jaxpr=split.known, **params)
        n = len(jaxpr.outvars)
        out_tangents = primitive(
            *results[n:], *[t for t in tangents if t is not None], jaxpr=split.linear, **params
        )
        return results[:n], spread(out_tangents, split.out_nonzero)

    def transpose_rule(
        cts: Sequence[Any], *operands: Any, jaxpr: Jaxpr, **params: Any
    ) -> list[Any]:
        linear = [type(x) is Linear for x in operands]
        given = [ct is not None for ct in cts]
        backward = transpose.transpose(jaxpr, linear, given)
        others = [x for x in operands if type(x) is not Linear]
        found = primitive(*others, *[ct for ct in cts if ct is not None], jaxpr=backward, **params)
        return spread(found, linear)

    def batch(
        axis: BatchAxis,
        operands: Sequence[Any],
        batched: Sequence[bool],
        *,
        jaxpr: Jaxpr,
        **params: Any,
    ) -> Any:
        batched_jaxpr, out_batched = batching.batch(jaxpr, axis, batched)
        return primitive(*operands, jaxpr=batched_jaxpr, **params), out_batched

    primitive = CallPrimitive(
        name,
        impl=lambda *args, jaxpr, **params: tuple(eval_jaxpr(jaxpr, (), *args)),
        abstract=abstract,
        jvp=jvp,
        linearize=linearize,
        transpose=transpose_rule,
        batch=batch,
        partial_eval=split_call,
        dce=call_dce,
        multiple_results=True,
        effects=lambda jaxpr, **params: jaxpr.effects,
        properties=frozenset({"call"}),
    )
    return primitive


def call_dce(eqn: Equation, used: Sequence[bool]) -> Equation:
    """The rule of primitives that mean their jaxpr: call what is left of it."""
    jaxpr, kept = pruned(eqn.params["jaxpr"], used)
    return equation(
        eqn.primitive,
        select(eqn.invars, kept),
        select(eqn.outvars, used),
        eqn.params | {"jaxpr": jaxpr},
        eqn,
    )


class CallPrimitive(Primitive):
    """A primitive that takes part in a trace even if none of its operands is traced.

    Its jaxpr may have none (a linearized function without residuals), or effects. Its shape rule
    reads the types off its jaxpr, and needs no memory that would keep jaxprs alive.
    """

    __slots__ = ()

    def out_avals(self, avals: tuple[ShapedArray, ...], items: Any, params: dict[str, Any]) -> Any:
        return self.abstract(*avals, **params)

    def __call__(self, *args: Any, **params: Any) -> Any:
        trace = forward.current_trace()
        return self.impl(*args, **params) if trace is None else trace.bind(self, args, params)


def spread(values: Sequence[Any], present: Sequence[bool]) -> list[Any]:
    """`values` at the places that are present, None elsewhere."""
    given = iter(values)
    return [next(given) if p else None for p in present]


jit_p = call_primitive("jit")
