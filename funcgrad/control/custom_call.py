"""The primitives of functions with custom derivative rules.

`custom_jvp_call` and `custom_vjp_call` mean their jaxpr; only derivatives see their rules. `custom_lin` is
the tangent of a function that has a reverse rule: linear, with that rule as its transpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from funcgrad.control.call import CallPrimitive, spread
from funcgrad.control.custom_rules import (
    Backward,
    BatchedBackward,
    BatchedJvp,
    BatchedVjp,
    JvpRule,
    VjpRule,
)
from funcgrad.control.jaxprs import select
from funcgrad.control.partial import partial_eval
from funcgrad.core.errors import NoDerivativeError, TracingError
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.primitive import BatchAxis, Linear, Primitive
from funcgrad.core.tracing import build_jaxpr, there, typeof
from funcgrad.core.types import ShapedArray, is_differentiable
from funcgrad.ops.basic import instantiate
from funcgrad.transforms import batch as batching
from funcgrad.transforms import transpose as transposition


def _custom_call(name: str) -> Primitive:
    """A primitive `name[jaxpr=... jvp=... vjp=... n_consts=... name=...] consts arguments`.

    `n_consts` counts the operands that the function itself closes over, and that come first; constants
    of the rules follow as further operands that are no arguments.
    """

    def jvp(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> Any:
        _check_closure(tangents, params)
        if params["jvp"] is None:
            return _vjp_tangents(primals, tangents, **params)
        found = params["jvp"].jvp(tuple([t is not None for t in tangents]))
        results = eval_jaxpr(found.jaxpr, (), *primals, *_taken(primals, tangents, found.takes))
        n = len(found.out_nonzero)
        return results[:n], spread(results[n:], found.out_nonzero)

    def linearize(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> Any:
        _check_closure(tangents, params)
        if params["vjp"] is not None:
            return _vjp_tangents(primals, tangents, **params)
        found = params["jvp"].jvp(tuple([t is not None for t in tangents]))
        given = _taken(primals, tangents, found.takes)
        outs, out_tangents = split_jvp(
            found.jaxpr, found.out_nonzero, primals, given, params["name"]
        )
        return outs, spread(out_tangents, found.out_nonzero)

    def batch(
        axis: BatchAxis,
        operands: Sequence[Any],
        batched: Sequence[bool],
        *,
        jaxpr: Jaxpr,
        jvp: JvpRule | None,
        vjp: VjpRule | None,
        **params: Any,
    ) -> Any:
        flags = tuple(batched)
        batched_jaxpr, _ = batching.batch(jaxpr, axis, flags, out_batched=True)
        outs = primitive(
            *operands,
            jaxpr=batched_jaxpr,
            jvp=None if jvp is None else BatchedJvp(jvp, axis, flags),
            vjp=None if vjp is None else BatchedVjp(vjp, axis, flags),
            **params,
        )
        return outs, True

    def transpose(cts: Sequence[Any], *operands: Any, jaxpr: Jaxpr, **params: Any) -> list[Any]:
        linear = [type(x) is Linear for x in operands]
        backward = transposition.transpose(jaxpr, linear, [ct is not None for ct in cts])
        others = select(operands, linear, False)
        return spread(eval_jaxpr(backward, (), *others, *[c for c in cts if c is not None]), linear)

    primitive = CallPrimitive(
        name,
        impl=lambda *args, jaxpr, **params: tuple(eval_jaxpr(jaxpr, (), *args)),
        abstract=lambda *avals, jaxpr, **params: jaxpr.out_avals,
        jvp=jvp,
        linearize=linearize,
        transpose=transpose,
        batch=batch,
        multiple_results=True,
        effects=lambda jaxpr, **params: jaxpr.effects,
        properties=frozenset({"call"}),
    )
    return primitive


def split_jvp(
    jaxpr: Jaxpr,
    out_nonzero: Sequence[bool],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    name: str,
) -> tuple[list[Any], list[Any]]:
    """Run the jaxpr of a forward rule with primal and tangent results in separate equations."""
    n = len(out_nonzero)
    unknown = [False] * len(primals) + [True] * len(tangents)
    force = [i >= n for i in range(len(jaxpr.outvars))]
    split = partial_eval(jaxpr, unknown, force=force)
    if any(split.out_unknown[:n]):
        raise TracingError(
            f"the jvp rule of {name} computes the function's value from the tangents{there()}\n  "
            "compute it from the primals alone"
        )
    results = eval_jaxpr(split.known, (), *primals)
    return results[:n], eval_jaxpr(split.rest, (), *results[n:], *tangents)


def _taken(primals: Sequence[Any], tangents: Sequence[Any], takes: Sequence[bool]) -> list[Any]:
    """The tangents that a rule takes, with zeros for those that are symbolically zero."""
    return [
        instantiate(t, typeof(p).strip_weak_type())
        for p, t, take in zip(primals, tangents, takes, strict=True)
        if take
    ]


def _check_closure(tangents: Sequence[Any], params: dict[str, Any]) -> None:
    if any(t is not None for t in tangents[: params["n_consts"]]):
        raise TracingError(
            f"{params['name']} has a custom derivative rule and closes over a value that is "
            f"differentiated, of which the rule cannot know{there()}\n  pass the value as an argument, "
            "or fg.stop_gradient(value) if it is a constant"
        )


def _vjp_tangents(
    primals: Sequence[Any],
    tangents: Sequence[Any],
    *,
    jaxpr: Jaxpr,
    jvp: JvpRule | None,
    vjp: VjpRule,
    n_consts: int,
    name: str,
) -> Any:
    nonzero = tuple([t is not None for t in tangents])
    found = vjp.vjp(nonzero)
    results = eval_jaxpr(found.fwd, (), *primals)
    n = len(jaxpr.outvars)
    outs, residuals = results[:n], results[n:]
    given = [t for t in tangents if t is not None]
    differentiable = [is_differentiable(v.aval.dtype) for v in jaxpr.outvars]
    forward: Jaxpr | None = None
    if jvp is not None:
        # The function has a forward rule too: its linear part gives the value of the tangent.
        forward_rule = jvp.jvp(nonzero)
        takes = forward_rule.takes
        unknown = [False] * len(primals) + [
            nz for nz, take in zip(nonzero, takes, strict=True) if take
        ]
        zeros = _taken(primals, tangents, takes)
        zeros = [z for z, u in zip(zeros, unknown[len(primals) :], strict=True) if not u]
        force = [
            *[False] * n,
            *[True] * sum(forward_rule.out_nonzero),
        ]
        split = partial_eval(forward_rule.jaxpr, unknown, force=force)
        known = eval_jaxpr(split.known, (), *primals, *zeros)
        residuals = [*residuals, *known[len(known) - split.n_residuals :]]
        forward = _all_tangents(split.rest, forward_rule.out_nonzero, jaxpr)
    out_tangents = custom_lin(
        *residuals,
        *given,
        backward=found.backward,
        n_residuals=found.n_residuals,
        wrt=nonzero,
        out_avals=tuple([v.aval.strip_weak_type() for v in select(jaxpr.outvars, differentiable)]),
        forward=forward,
        name=name,
    )
    return outs, spread(out_tangents, differentiable)


def _all_tangents(linear: Jaxpr, out_nonzero: Sequence[bool], primal: Jaxpr) -> Jaxpr:
    """The linear part with zeros for the tangents that the rule leaves out."""
    avals = [v.aval.strip_weak_type() for v in primal.outvars]
    present = [nz for nz, a in zip(out_nonzero, avals, strict=True) if is_differentiable(a.dtype)]
    if all(present):
        return linear
    wanted = [a for a in avals if is_differentiable(a.dtype)]

    def fun(*args: Any) -> list[Any]:
        tangents = spread(eval_jaxpr(linear, (), *args), present)
        return [instantiate(t, a) for t, a in zip(tangents, wanted, strict=True)]

    return linear.memo("all_tangents", lambda: build_jaxpr(fun, linear.in_avals))


# The tangent of a function with a reverse rule.
#
# `wrt` says of each operand of the function whether it has a tangent. The first `n_residuals` operands
# belong to the reverse rule, further ones to `forward`, if there is one; the tangents come last.


def _lin_impl(*args: Any, forward: Jaxpr | None, n_residuals: int, name: str, **params: Any) -> Any:
    if forward is None:
        raise NoDerivativeError(
            f"{name} has a custom vjp rule only, so it has no derivative in forward mode (jvp, jacfwd, hessian)"
            "\n  use reverse mode (grad, vjp, jacrev), or give it a forward rule as well: f.defjvp(...)"
        )
    return tuple(eval_jaxpr(forward, (), *args[n_residuals:]))


def _lin_jvp(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> Any:
    n_tangents = sum(params["wrt"])
    first = len(primals) - n_tangents
    out = custom_lin(*primals, **params)
    if any(t is not None for t in tangents[:first]):
        if params["forward"] is None:
            _lin_impl(*primals, **params)
        raise NoDerivativeError(
            f"the derivative of {params['name']}, which has a custom vjp rule, is differentiated in forward "
            "mode before it was transposed\n  take the gradient first: jvp of grad, not grad of jvp"
        )
    given = _taken(primals, tangents, [i >= first for i in range(len(primals))])
    return out, list(custom_lin(*primals[:first], *given, **params))


def _lin_transpose(
    cts: Sequence[Any],
    *operands: Any,
    backward: Backward,
    n_residuals: int,
    out_avals: Sequence[ShapedArray],
    **params: Any,
) -> list[Any]:
    nonzero = tuple([ct is not None for ct in cts])
    found = backward.pullback(nonzero)
    given = [
        instantiate(ct, aval)
        for ct, aval, take in zip(cts, out_avals, found.takes, strict=True)
        if take
    ]
    results = iter(eval_jaxpr(found.jaxpr, (), *operands[:n_residuals], *given))
    found_cts = [next(results) if nz else None for nz in found.nonzero]
    tangents = select(found_cts, params["wrt"])
    return [*[None] * (len(operands) - len(tangents)), *tangents]


def _lin_batch(
    axis: BatchAxis,
    operands: Sequence[Any],
    batched: Sequence[bool],
    *,
    backward: Backward,
    n_residuals: int,
    out_avals: Sequence[ShapedArray],
    forward: Jaxpr | None,
    **params: Any,
) -> Any:
    flags = iter(batched[len(batched) - sum(params["wrt"]) :])
    tangent_flags = tuple([next(flags) if nz else True for nz in params["wrt"]])
    outs = custom_lin(
        *operands,
        backward=BatchedBackward(backward, axis, tuple(batched[:n_residuals]), tangent_flags),
        n_residuals=n_residuals,
        out_avals=tuple([ShapedArray((axis.size, *a.shape), a.dtype) for a in out_avals]),
        forward=None
        if forward is None
        else batching.batch(forward, axis, batched[n_residuals:], out_batched=True).jaxpr,
        **params,
    )
    return outs, True


custom_lin = CallPrimitive(
    "custom_lin",
    impl=_lin_impl,
    abstract=lambda *avals, out_avals, **params: out_avals,
    jvp=_lin_jvp,
    transpose=_lin_transpose,
    batch=_lin_batch,
    multiple_results=True,
)
custom_jvp_call = _custom_call("custom_jvp_call")
custom_vjp_call = _custom_call("custom_vjp_call")
