"""Tracing the rules of `custom_jvp` and `custom_vjp`, and checking what they return."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from funcgrad.control.rule_call import Call, RuleName
from funcgrad.control.rule_results import (
    argument_cotangents,
    output_leaves,
    pair_of,
    tangent_leaves,
)
from funcgrad.control.zeros import CustomVJPPrimal, SymbolicZero
from funcgrad.core.errors import TracingError
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.leaves import leaf_aval
from funcgrad.core.source import current_source, is_hidden, locate
from funcgrad.core.tracing import Trace, Tracer, typeof
from funcgrad.core.tree import (
    PyTreeDef,
    tree_flatten,
)
from funcgrad.core.types import ShapedArray, float0, is_differentiable
from funcgrad.ops.basic import zeros


class JvpTrace(NamedTuple):
    """`jaxpr`: constants, arguments, tangents that are taken -> outputs, nonzero tangents."""

    jaxpr: Jaxpr
    consts: list[Any]
    out_nonzero: tuple[bool, ...]


class VjpTrace(NamedTuple):
    """`fwd`: constants, arguments -> outputs, residuals. `bwd`: residuals, cotangents -> cotangents."""

    fwd: Jaxpr
    consts: list[Any]
    n_residuals: int
    bwd: Jaxpr
    arg_nonzero: tuple[bool, ...]


def trace_jvp(
    call: Call,
    takes: Sequence[bool],
    values: Sequence[Any] | None,
    *,
    late: bool = False,
    captured: Sequence[Tracer] = (),
) -> JvpTrace:
    """Trace the forward rule of a call.

    Args:
        call: the call.
        takes: which arguments' leaves have a tangent that is an array.
        values: the values of the arguments, if known.
        late: whether the code around the call is no longer being traced.
        captured: what the rule is known to close over; the jaxpr takes it before the arguments.
    """
    custom, n = call.custom, len(call.avals)
    names = RuleName(custom, "jvp rule", custom.jvp)
    tangent_avals = [a.strip_weak_type() for a, t in zip(call.avals, takes, strict=True) if t]
    with _rule_trace([*call.avals, *tangent_avals], values, names, late, captured) as trace:
        inputs = trace.inputs()[len(captured) :]
        given = iter(inputs[n:])
        tangents = [
            next(given) if take else _no_tangent(aval, custom.symbolic_jvp)
            for aval, take in zip(call.avals, takes, strict=True)
        ]
        pair = custom.jvp(
            *call.nondiff, call.tree.unflatten(inputs[:n]), call.tree.unflatten(tangents)
        )
        out, out_tangent = pair_of(pair, names, "(output, output tangent)")
        outs = output_leaves(out, call, names)
        found = tangent_leaves(out_tangent, call, names)
        jaxpr, consts = _finish(trace, [*outs, *[t for t in found if t is not None]], late, names)
    return JvpTrace(jaxpr, [*captured, *consts], tuple([t is not None for t in found]))


def trace_vjp(
    call: Call,
    perturbed: Sequence[bool],
    ct_takes: Sequence[bool],
    values: Sequence[Any] | None,
    *,
    late: bool = False,
    captured: Sequence[Tracer] = (),
) -> VjpTrace:
    """Trace both parts of the reverse rule of a call, one within the other.

    Args:
        call: the call.
        perturbed: which arguments' leaves are differentiated.
        ct_takes: which outputs' leaves have a cotangent that is an array.
        values: the values of the arguments, if known.
        late: whether the code around the call is no longer being traced.
        captured: what the rule is known to close over; `fwd` takes it before the arguments.
    """
    custom = call.custom
    names = RuleName(custom, "fwd rule", custom.fwd)
    with _rule_trace(call.avals, values, names, late, captured) as trace:
        inputs: list[Any] = trace.inputs()[len(captured) :]
        if custom.symbolic_vjp:
            inputs = [CustomVJPPrimal(x, p) for x, p in zip(inputs, perturbed, strict=True)]
        pair = custom.fwd(*call.all_arguments(call.tree.unflatten(inputs)))
        out, residuals = pair_of(pair, names, "(output, residuals)")
        outs = output_leaves(out, call, names)
        leaves, tree = tree_flatten(residuals)
        # Leaves that are no arrays (a function, a name) are constants of the backward rule.
        arrays = [i for i, leaf in enumerate(leaves) if leaf_aval(leaf) is not None]
        bwd, bwd_consts, nonzero = _trace_bwd(
            call, leaves, tree, arrays, ct_takes, values is not None
        )
        saved = [*bwd_consts, *[leaves[i] for i in arrays]]
        fwd, consts = _finish(trace, [*outs, *saved], late, names)
    return VjpTrace(fwd, [*captured, *consts], len(saved), bwd, nonzero)


def _trace_bwd(
    call: Call,
    leaves: list[Any],
    tree: PyTreeDef,
    arrays: list[int],
    ct_takes: Sequence[bool],
    known: bool,
) -> tuple[Jaxpr, list[Any], tuple[bool, ...]]:
    custom = call.custom
    names = RuleName(custom, "bwd rule", custom.bwd)
    residuals = [leaves[i] for i in arrays]
    ct_avals = [a.strip_weak_type() for a, t in zip(call.out_avals, ct_takes, strict=True) if t]
    avals = [*[typeof(r) for r in residuals], *ct_avals]
    with _rule_trace(avals, residuals if known else None, names, late=False) as trace:
        inputs = trace.inputs()
        full = list(leaves)
        for place, tracer in zip(arrays, inputs, strict=False):
            full[place] = tracer
        given = iter(inputs[len(arrays) :])
        cts = [
            next(given) if take else _no_tangent(aval, custom.symbolic_vjp)
            for aval, take in zip(call.out_avals, ct_takes, strict=True)
        ]
        assert call.out_tree is not None
        found = custom.bwd(*call.nondiff, tree.unflatten(full), call.out_tree.unflatten(cts))
        arg_cts = argument_cotangents(found, call, names)
        jaxpr, consts = trace.finish([ct for ct in arg_cts if ct is not None], lift=True)
    return jaxpr.open_consts(), consts, tuple([ct is not None for ct in arg_cts])


def _rule_trace(
    avals: Sequence[ShapedArray],
    values: Sequence[Any] | None,
    names: RuleName,
    late: bool,
    captured: Sequence[Tracer] = (),
) -> Trace:
    avals = [*[c.aval for c in captured], *avals]
    known = None if values is None else [*values, *[None] * (len(avals) - len(values))]
    trace = Trace(list(avals), known, names.rule)
    trace.why_abstract = "rule"
    trace.inline_arrays = late
    if captured:
        trace.stand_ins = {
            (c._trace, c._index): t for c, t in zip(captured, trace.inputs(), strict=False)
        }
    if values is not None:
        for i in range(len(values), len(avals)):
            trace.forget(i)
    return trace


def _finish(
    trace: Trace, outs: Sequence[Any], late: bool, names: RuleName
) -> tuple[Jaxpr, list[Any]]:
    jaxpr, consts = trace.finish(outs, lift=not late, intern=not late)
    if late and consts:
        raise TracingError(
            f"{names} closes over a traced value, and is needed where that value is out of reach (the rule "
            "calls its own function, or uses the value only for some symbolic zeros)"
            "\n  pass the value as an argument of the function"
        )
    return jaxpr.open_consts(), consts


def _no_tangent(aval: ShapedArray, symbolic: bool) -> Any:
    if not is_differentiable(aval.dtype):
        zero = ShapedArray(aval.shape, float0)
        return SymbolicZero(zero) if symbolic else np.zeros(aval.shape, float0)
    return SymbolicZero(aval.strip_weak_type()) if symbolic else zeros(aval.strip_weak_type())


def attempt(make: Callable[[], Any]) -> Any:
    """What `make` returns, or the exception that it raises, with a note of where."""
    try:
        return make()
    except Exception as error:
        place = None
        traceback = error.__traceback__
        while traceback is not None:
            code = traceback.tb_frame.f_code
            if not is_hidden(code.co_filename):
                place = f"{code.co_filename}:{traceback.tb_lineno} in {code.co_qualname}"
            traceback = traceback.tb_next
        called = locate(current_source())
        note = "raised while a derivative rule was traced"
        note += f", at {place}" if place else ""
        note += f"\n  for the call at {called}" if called else ""
        error.add_note(note)
        return error
