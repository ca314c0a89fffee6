"""Partial evaluation: split a jaxpr into what its known inputs determine, and the rest.

The rest takes the values that it needs of the first part, the residuals, as inputs. Equations that
hold jaxprs are split inside too, so that a value and a derivative that one loop computes together
come apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from funcgrad.control.jaxprs import inlined, renamed, select
from funcgrad.core.check import checked
from funcgrad.core.jaxpr import Atom, Equation, Jaxpr, Var


class PartialEval(NamedTuple):
    """`known`: known inputs -> known outputs, residuals. `rest`: residuals, unknown inputs -> unknown outputs."""

    known: Jaxpr
    rest: Jaxpr
    n_residuals: int
    out_unknown: tuple[bool, ...]


def partial_eval(
    jaxpr: Jaxpr, unknown: Sequence[bool], *, force: Sequence[bool] | None = None
) -> PartialEval:
    """Split a jaxpr.

    Args:
        jaxpr: without constants.
        unknown: which inputs are not known.
        force: which outputs the rest shall give even if they are known.
    """
    flags = tuple(unknown)
    forced = (False,) * len(jaxpr.outvars) if force is None else tuple(force)
    return jaxpr.memo(("partial_eval", flags, forced), lambda: _split(jaxpr, flags, forced))


def _split(jaxpr: Jaxpr, unknown: tuple[bool, ...], forced: tuple[bool, ...]) -> PartialEval:
    unknown_vars = set(select(jaxpr.invars, unknown))
    known_eqns: list[Equation] = []
    rest_eqns: list[Equation] = []
    names: dict[Var, Atom] = {}  # results of equations that were split inside
    for old in jaxpr.eqns:
        eqn = renamed(old, names)
        flags = [type(a) is Var and a in unknown_vars for a in eqn.invars]
        if not any(flags):
            known_eqns.append(eqn)
            continue
        rule = eqn.primitive.partial_eval
        found: PartialEval | None = None if rule is None else rule(eqn, flags)
        if found is None:
            rest_eqns.append(eqn)
            unknown_vars.update(eqn.outvars)
            continue
        eqns, outs = inlined(found.known, select(eqn.invars, flags, False))
        known_eqns += eqns
        n_known = len(outs) - found.n_residuals
        known_outs, residuals = iter(outs[:n_known]), outs[n_known:]
        eqns, outs = inlined(found.rest, [*residuals, *select(eqn.invars, flags)])
        rest_eqns += eqns
        unknown_vars.update([v for e in eqns for v in e.outvars])
        rest_outs = iter(outs)
        for var, is_unknown in zip(eqn.outvars, found.out_unknown, strict=True):
            names[var] = next(rest_outs if is_unknown else known_outs)
    outvars = [names.get(v, v) if type(v) is Var else v for v in jaxpr.outvars]
    out_unknown = tuple([f or v in unknown_vars for v, f in zip(outvars, forced, strict=True)])
    unknown_outs = select(outvars, out_unknown)
    used = [a for eqn in rest_eqns for a in eqn.invars] + unknown_outs
    residual_vars = list(
        dict.fromkeys([a for a in used if type(a) is Var and a not in unknown_vars])
    )
    known_inputs = select(jaxpr.invars, unknown, False)
    known = Jaxpr(
        (), known_inputs, (*select(outvars, out_unknown, False), *residual_vars), known_eqns
    )
    rest = Jaxpr((), (*residual_vars, *select(jaxpr.invars, unknown)), unknown_outs, rest_eqns)
    return PartialEval(
        checked(known, "partial evaluation"),
        checked(rest, "partial evaluation"),
        len(residual_vars),
        out_unknown,
    )


def dependent(jaxpr: Jaxpr, varying: Sequence[bool]) -> tuple[bool, ...]:
    """For each output whether it depends on an input that is marked."""
    return partial_eval(jaxpr, varying).out_unknown


def split_call(eqn: Equation, unknown: Sequence[bool]) -> PartialEval | None:
    """The rule of primitives that mean their jaxpr."""
    return partial_eval(eqn.params["jaxpr"], unknown)
