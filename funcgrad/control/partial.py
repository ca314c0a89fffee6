"""Partial evaluation: split a jaxpr into what its known inputs determine, and the rest.

The rest takes the values that it needs of the first part, the residuals, as inputs. Equations that
hold jaxprs are split inside too, so that a value and a derivative that one loop computes together
come apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from funcgrad.control.jaxprs import equation, forwarded, permuted, select
from funcgrad.core.check import checked
from funcgrad.core.jaxpr import Atom, Equation, Jaxpr, Literal, Var


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
    for eqn in jaxpr.eqns:
        flags = [type(a) is Var and a in unknown_vars for a in eqn.invars]
        if not any(flags):
            known_eqns.append(eqn)
            continue
        rest = eqn
        if eqn.primitive.partial_eval is not None:
            known, rest = eqn.primitive.partial_eval(eqn, flags)
            known_eqns += known
        rest_eqns.append(rest)
        unknown_vars.update(rest.outvars)
    out_unknown = tuple(
        [f or v in unknown_vars for v, f in zip(jaxpr.outvars, forced, strict=True)]
    )
    rest_outs = select(jaxpr.outvars, out_unknown)
    used = [a for eqn in rest_eqns for a in eqn.invars] + rest_outs
    residuals = list(dict.fromkeys([a for a in used if type(a) is Var and a not in unknown_vars]))
    produced = {v for eqn in rest_eqns for v in eqn.outvars}
    residuals = [v for v in residuals if v not in produced]
    known_outs = select(jaxpr.outvars, out_unknown, False)
    known = Jaxpr((), select(jaxpr.invars, unknown, False), (*known_outs, *residuals), known_eqns)
    rest_jaxpr = Jaxpr((), (*residuals, *select(jaxpr.invars, unknown)), rest_outs, rest_eqns)
    return PartialEval(
        checked(known, "partial evaluation"),
        checked(rest_jaxpr, "partial evaluation"),
        len(residuals),
        out_unknown,
    )


def split_call(
    eqn: Equation, unknown: Sequence[bool], param: str = "jaxpr"
) -> tuple[list[Equation], Equation]:
    """The rule of primitives that mean their jaxpr: call both parts."""
    split = partial_eval(eqn.params[param], unknown)
    if not split.known.eqns:
        return [], eqn
    inputs = select(eqn.invars, unknown, False)
    n_known = len(split.known.outvars) - split.n_residuals
    residuals, kept, fresh = residual_atoms(split.known, n_known, inputs)
    known_outs = select(eqn.outvars, split.out_unknown, False)
    known = equation(
        eqn.primitive,
        inputs,
        [*known_outs, *fresh],
        eqn.params | {param: permuted(split.known, None, [*range(n_known), *kept])},
        eqn,
    )
    rest = equation(
        eqn.primitive,
        [*residuals, *select(eqn.invars, unknown)],
        select(eqn.outvars, split.out_unknown),
        eqn.params | {param: split.rest},
        eqn,
    )
    return [known], rest


def residual_atoms(
    known: Jaxpr, n_known: int, inputs: Sequence[Atom]
) -> tuple[list[Atom], list[int], list[Var]]:
    """How the residuals of a known jaxpr reach the rest: an input as itself, others as new variables.

    Returns the atom of each residual, the outputs of `known` to keep for them, and their variables.
    """
    atoms: list[Atom] = []
    kept: list[int] = []
    fresh: list[Var] = []
    for i, place in enumerate(forwarded(known)):
        if i < n_known:
            continue
        out = known.outvars[i]
        if place is not None:
            atoms.append(inputs[place])
        elif type(out) is Literal:
            atoms.append(out)
        else:
            fresh.append(Var(out.aval.strip_weak_type()))
            atoms.append(fresh[-1])
            kept.append(i)
    return atoms, kept, fresh
