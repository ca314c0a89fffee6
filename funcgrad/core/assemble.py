"""From the record of a trace, a structure of arrays, to the jaxpr, whose equations are objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcgrad.core.jaxpr import Atom, Equation, Jaxpr, Literal, Var
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
