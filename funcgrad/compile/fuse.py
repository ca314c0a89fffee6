"""Fusion: large elementwise work is gathered into clusters that run block by block.

A cluster works on arrays with the same leading axes, its rows; each row can be computed without the others.
Elementwise equations with their broadcasts belong to it, and reductions: over axes behind the rows (whose
results later equations of the cluster may use) or over all rows (summed up over the blocks; only known
when the cluster has ended). The pass replaces the members by one equation `fused[jaxpr=... rows=...]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from funcgrad.compile.clusters import Clusters, Key, is_large
from funcgrad.compile.cse import cse
from funcgrad.compile.rows import Rows
from funcgrad.compile.schedule import schedule
from funcgrad.compile.sink import sink, spread_conversions
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Equation, Jaxpr, Var
from funcgrad.core.primitive import Primitive


def _abstract_fused(*avals: Any, jaxpr: Jaxpr, rows: Rows) -> tuple[Any, ...]:
    return jaxpr.out_avals


def _impl_fused(*values: Any, jaxpr: Jaxpr, rows: Rows) -> tuple[Any, ...]:
    return tuple(eval_jaxpr(jaxpr, (), *values))


fused = Primitive("fused", impl=_impl_fused, abstract=_abstract_fused, multiple_results=True)


def fuse(jaxpr: Jaxpr) -> Jaxpr:
    """Gather large elementwise equations and reductions into clusters."""
    if not any(is_large(eqn) for eqn in jaxpr.eqns):
        return jaxpr
    jaxpr = spread_conversions(jaxpr)
    clusters = Clusters(jaxpr)
    clusters.assign()
    sink(clusters)
    clusters.dissolve()
    if not clusters.members:
        return jaxpr
    return schedule(jaxpr, clusters.key_of, _close)


def _close(key: Key, members: Sequence[Equation], outside: set[Var]) -> Equation:
    """The equation of a cluster; `outside` are the variables that are read elsewhere."""
    made = {v for eqn in members for v in eqn.outvars}
    inputs = dict.fromkeys(
        a for eqn in members for a in eqn.invars if type(a) is Var and a not in made
    )
    outs = [v for eqn in members for v in eqn.outvars if v in outside]
    # Variables of the body are its own.
    new = {v: Var(v.aval) for v in (*inputs, *made)}
    body = Jaxpr(
        (),
        [new[v] for v in inputs],
        [new[v] for v in outs],
        [
            eqn.replace(
                invars=tuple([new[a] if type(a) is Var else a for a in eqn.invars]),
                outvars=tuple([new[v] for v in eqn.outvars]),
            )
            for eqn in members
        ],
    )
    params = {"jaxpr": cse(body), "rows": key[0]}
    return Equation(fused, tuple(inputs), tuple(outs), params, members[0].source)
