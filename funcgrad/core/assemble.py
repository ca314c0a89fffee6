"""From the record of a trace, a structure of arrays, to the jaxpr, whose equations are objects; and its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcgrad.core.jaxpr import Atom, Equation, Jaxpr, Literal, Var, scalar_key
from funcgrad.core.source import of_instructions
from funcgrad.core.types import aval_of

if TYPE_CHECKING:
    from funcgrad.core.trace import Trace


def assemble(trace: Trace, out_indices: list[int], lift: bool) -> Jaxpr:
    """The jaxpr of what a trace recorded; see `Trace.finish`."""
    variables = [Var(aval) for aval in trace.avals]
    literals: list[Atom] = (
        [Var(aval_of(v)) for v in trace.literals] if lift else [Literal(v) for v in trace.literals]
    )

    def atom(i: int) -> Atom:
        return variables[i] if i >= 0 else literals[-1 - i]

    eqns = []
    for (primitive, ins, items), start, source in zip(
        trace.records, trace.starts, trace.sources, strict=True
    ):
        params = dict(items)
        n_out = primitive.n_outputs(
            [trace.avals[i] if i >= 0 else literals[-1 - i].aval for i in ins], params
        )
        eqns.append(
            Equation(
                primitive,
                tuple([atom(i) for i in ins]),
                tuple(variables[start : start + n_out]),
                params,
                source,
                primitive.eqn_effects(params),
            )
        )
    constvars: list[Any] = [variables[i] for i in trace.captured]
    if lift:
        constvars += literals
    return Jaxpr(constvars, variables[: trace.n_inputs], [atom(i) for i in out_indices], eqns)


def structure(trace: Trace, out_indices: list[int], lift: bool) -> Any:
    """The structure of a trace, hashable: the same one means the same program."""
    literals = (
        tuple([aval_of(v) for v in trace.literals])
        if lift
        else tuple([scalar_key(v) for v in trace.literals])
    )
    return (
        tuple(trace.records),
        tuple(trace.avals[: trace.n_inputs]),
        tuple([(i, trace.avals[i]) for i in trace.captured]),
        literals,
        tuple(out_indices),
        tuple([trace.avals[i] if i >= 0 else None for i in out_indices]),
        tuple([(id(s[0]), s[1]) if s else None for s in trace.sources]),
        lift,
    )


def usual_structure(trace: Trace, out_indices: list[int], lift: bool) -> Any:
    """The structure, whether or not Python has sped instructions up meanwhile."""
    trace.sources = of_instructions(trace.sources)
    return structure(trace, out_indices, lift)
