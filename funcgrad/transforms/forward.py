"""Forward mode: from a jaxpr to the jaxpr of its values and tangents, and its split into two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from funcgrad.core.check import checked
from funcgrad.core.errors import NoDerivativeError
from funcgrad.core.interpreter import as_recorded, rebind
from funcgrad.core.jaxpr import Equation, Jaxpr, Literal, Var, dce
from funcgrad.core.source import locate
from funcgrad.core.tracing import build_jaxpr, current_trace
from funcgrad.core.types import ShapedArray, is_differentiable
from funcgrad.ops.basic import instantiate as instantiate_zero


class Jvp(NamedTuple):
    """`jaxpr` takes all primals and the nonzero tangents; gives all outputs and their nonzero tangents."""

    jaxpr: Jaxpr
    out_nonzero: tuple[bool, ...]


class Linearized(NamedTuple):
    """`known`: primals -> outputs, residuals. `linear`: residuals, nonzero tangents -> nonzero output tangents."""

    known: Jaxpr
    linear: Jaxpr
    n_residuals: int
    out_nonzero: tuple[bool, ...]


def jvp(
    jaxpr: Jaxpr, nonzero: Sequence[bool], *, instantiate: bool | Sequence[bool] = False
) -> Jvp:
    """The jaxpr of `(primals, tangents) -> (outputs, output tangents)`.

    Args:
        jaxpr: without constants.
        nonzero: which inputs have a tangent; the others are constants.
        instantiate: which outputs get a tangent even where it is zero (those of differentiable dtype).
    """
    nonzero = tuple(nonzero)
    wanted = _wanted(jaxpr, instantiate)
    return jaxpr.memo(
        ("jvp", nonzero, wanted), lambda: _trace_forward(jaxpr, nonzero, wanted, "jvp", split=False)
    )


def linearize(
    jaxpr: Jaxpr, nonzero: Sequence[bool], *, instantiate: bool | Sequence[bool] = False
) -> Linearized:
    """Split into (primals -> outputs, residuals) and (residuals, tangents -> output tangents)."""
    nonzero = tuple(nonzero)
    wanted = _wanted(jaxpr, instantiate)

    def make() -> Linearized:
        combined, out_nonzero = _trace_forward(jaxpr, nonzero, wanted, "linearize", split=True)
        return _split(combined, len(jaxpr.invars), len(jaxpr.outvars), out_nonzero)

    return jaxpr.memo(("linearize", nonzero, wanted), make)


def _wanted(jaxpr: Jaxpr, instantiate: bool | Sequence[bool]) -> tuple[bool, ...]:
    flags = [instantiate] * len(jaxpr.outvars) if isinstance(instantiate, bool) else instantiate
    return tuple(
        [
            flag and is_differentiable(v.aval.dtype)
            for flag, v in zip(flags, jaxpr.outvars, strict=True)
        ]
    )


def _trace_forward(
    jaxpr: Jaxpr, nonzero: tuple[bool, ...], wanted: tuple[bool, ...], mode: str, *, split: bool
) -> Jvp:
    assert not jaxpr.constvars
    n = len(jaxpr.invars)
    tangent_avals = [
        v.aval.strip_weak_type() for v, nz in zip(jaxpr.invars, nonzero, strict=True) if nz
    ]
    out_nonzero: tuple[bool, ...] = ()

    def fun(*inputs: Any) -> list[Any]:
        nonlocal out_nonzero
        tangents = iter(inputs[n:])
        pairs = zip(inputs[:n], [next(tangents) if nz else None for nz in nonzero], strict=True)
        outs, out_tangents = forward(jaxpr, list(pairs), split=split)
        out_tangents = [
            instantiate_zero(t, v.aval) if want else t
            for t, want, v in zip(out_tangents, wanted, jaxpr.outvars, strict=True)
        ]
        out_nonzero = tuple([t is not None for t in out_tangents])
        return [*outs, *[t for t in out_tangents if t is not None]]

    result = build_jaxpr(fun, [*jaxpr.in_avals, *tangent_avals], name=mode)
    return Jvp(checked(dce(result), mode), out_nonzero)


def forward(
    jaxpr: Jaxpr, inputs: Sequence[tuple[Any, Any]], *, split: bool
) -> tuple[list[Any], list[Any]]:
    """Run a jaxpr on (primal, tangent) pairs in the current trace; a tangent None is zero.

    `split`: keep primal and tangent results in separate equations.
    """
    # Rules may tell from what is used what to derive (ops/linalg/spectral.py).
    jaxpr = dce(jaxpr)
    trace = current_trace()
    assert trace is not None
    env: dict[Var, tuple[Any, Any]] = dict(zip(jaxpr.invars, inputs, strict=True))
    outer_source = trace.source

    def read(atom: Any) -> tuple[Any, Any]:
        return (atom.val, None) if type(atom) is Literal else env[atom]

    for eqn in jaxpr.eqns:
        trace.source = outer_source or eqn.source
        pairs = [read(atom) for atom in eqn.invars]
        primals = [p for p, _ in pairs]
        tangents = [t for _, t in pairs]
        if all(t is None for t in tangents):
            out = rebind(trace, eqn, primals)
            out_tangent: Any = [None] * len(eqn.outvars) if eqn.primitive.multiple_results else None
        else:
            rule = (split and eqn.primitive.linearize) or eqn.primitive.jvp
            if rule is None:
                raise NoDerivativeError(
                    f"{eqn.primitive.name} has no derivative rule\n  at {locate(eqn.source)}\n  "
                    "use fg.stop_gradient on its operands if no derivative should flow through it"
                )
            out, out_tangent = rule(primals, tangents, **eqn.params)
            out = as_recorded(eqn, primals, out)
        if eqn.primitive.multiple_results:
            env.update(zip(eqn.outvars, zip(out, out_tangent, strict=True), strict=True))
        else:
            env[eqn.outvars[0]] = (out, out_tangent)
    trace.source = outer_source
    results = [read(atom) for atom in jaxpr.outvars]
    return [p for p, _ in results], [t for _, t in results]


def _split(
    combined: Jaxpr, n_primals: int, n_outs: int, out_nonzero: tuple[bool, ...]
) -> Linearized:
    tangent_vars = set(combined.invars[n_primals:])
    known_eqns: list[Equation] = []
    linear_eqns: list[Equation] = []
    for eqn in combined.eqns:
        if tangent_vars.isdisjoint([v for v in eqn.invars if type(v) is Var]):
            known_eqns.append(eqn)
        else:
            linear_eqns.append(eqn)
            tangent_vars.update(eqn.outvars)
    outs, out_tangents = combined.outvars[:n_outs], combined.outvars[n_outs:]
    used = [atom for eqn in linear_eqns for atom in eqn.invars] + list(out_tangents)
    residuals = list(dict.fromkeys(v for v in used if type(v) is Var and v not in tangent_vars))
    known = Jaxpr((), combined.invars[:n_primals], (*outs, *residuals), known_eqns)
    linear = Jaxpr((), (*residuals, *combined.invars[n_primals:]), out_tangents, linear_eqns)
    return Linearized(
        checked(known, "linearize"), checked(linear, "linearize"), len(residuals), out_nonzero
    )


def tangent_avals(avals: Sequence[ShapedArray]) -> list[ShapedArray]:
    return [aval.strip_weak_type() for aval in avals]
