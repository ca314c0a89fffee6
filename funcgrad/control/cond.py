"""The primitive `cond`: one of several jaxprs, chosen by an integer.

`cond[branches] index operands`. The index is clamped. All branches take the same operands and give results of the
same types.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from funcgrad.control.call import CallPrimitive, spread
from funcgrad.control.jaxprs import equation, fixpoint, forwarded, pruned, select
from funcgrad.control.partial import PartialEval, partial_eval
from funcgrad.control.run import program
from funcgrad.control.sequential import batch_by_loop
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Equation, Jaxpr, runs_side_effects
from funcgrad.core.primitive import BatchAxis, Linear
from funcgrad.core.tracing import build_jaxpr, typeof
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import reshape, zeros
from funcgrad.ops.selection import where
from funcgrad.transforms import batch as batching
from funcgrad.transforms import forward
from funcgrad.transforms import transpose as transposition

Branches = tuple[Jaxpr, ...]


def _impl(index: Any, *operands: Any, branches: Branches) -> tuple[Any, ...]:
    chosen = branches[min(max(int(index), 0), len(branches) - 1)]
    return tuple(program(chosen)(*operands))


def _bind(index: Any, *operands: Any, branches: Sequence[Jaxpr]) -> Sequence[Any]:
    return cond_p(index, *operands, branches=tuple(branches))


def _jvp(primals: Sequence[Any], tangents: Sequence[Any], *, branches: Branches) -> Any:
    nonzero = [t is not None for t in tangents[1:]]
    given = [t for t in tangents[1:] if t is not None]
    n = len(branches[0].outvars)
    if not given:
        return _bind(*primals, branches=branches), [None] * n

    def step(wanted: tuple[bool, ...]) -> tuple[list[forward.Jvp], Sequence[bool]]:
        found = [forward.jvp(b, nonzero, instantiate=wanted) for b in branches]
        return found, _union([f.out_nonzero for f in found])

    doubles, out_nonzero = fixpoint(step, [False] * n)
    outs = _bind(*primals, *given, branches=[d.jaxpr for d in doubles])
    return outs[:n], spread(outs[n:], out_nonzero)


def _union(flags: Sequence[Sequence[bool]]) -> list[bool]:
    return [any(column) for column in zip(*flags, strict=True)]


# Splitting: linearization and partial evaluation


class Split(NamedTuple):
    """`known`: index, known operands -> known results, residuals; `rest`: residuals, the other operands."""

    known: Jaxpr
    rest: Jaxpr
    n_residuals: int
    out_unknown: tuple[bool, ...]


def _join(
    index_aval: ShapedArray,
    known: Sequence[Jaxpr],
    rest: Sequence[Jaxpr],
    n_residuals: Sequence[int],
    out_unknown: Sequence[bool],
) -> Split:
    """Branches that were split one by one, with residuals in common.

    A residual that is an operand stays one. Others of the same type share a place, which is filled with
    zeros in branches that have none.
    """
    n_known = len(known[0].outvars) - n_residuals[0]
    operands = known[0].in_avals
    used: dict[int, int] = {}  # operands that are residuals of some branch
    places: list[ShapedArray] = []
    routes = []
    for jaxpr in known:
        taken: set[int] = set()
        route: list[tuple[bool, int]] = []
        inputs = forwarded(jaxpr)
        for i, var in enumerate(jaxpr.outvars[n_known:], n_known):
            source = inputs[i]
            if source is not None:
                route.append((True, used.setdefault(source, len(used))))
                continue
            aval = var.aval.strip_weak_type()
            free = [p for p, a in enumerate(places) if a == aval and p not in taken]
            if not free:
                free = [len(places)]
                places.append(aval)
            taken.add(free[0])
            route.append((False, free[0]))
        routes.append(route)
    known_branches = [
        _with_places(jaxpr, n_known, route, places)
        for jaxpr, route in zip(known, routes, strict=True)
    ]
    direct_avals = [operands[i] for i in used]
    rest_branches = [
        _from_places(jaxpr, route, direct_avals, places)
        for jaxpr, route in zip(rest, routes, strict=True)
    ]

    def run_known(index: Any, *values: Any) -> list[Any]:
        outs = _bind(index, *values, branches=known_branches)
        return [*outs[:n_known], index, *[values[i] for i in used], *outs[n_known:]]

    def run_rest(index: Any, *values: Any) -> Sequence[Any]:
        return _bind(index, *values, branches=rest_branches)

    return Split(
        build_jaxpr(run_known, [index_aval, *operands], name="cond"),
        build_jaxpr(run_rest, [index_aval, *rest_branches[0].in_avals], name="cond"),
        1 + len(used) + len(places),
        tuple(out_unknown),
    )


def _with_places(
    jaxpr: Jaxpr, n_known: int, route: Sequence[tuple[bool, int]], places: Sequence[ShapedArray]
) -> Jaxpr:
    """A known branch whose residuals are in their places."""

    def fun(*operands: Any) -> list[Any]:
        outs = eval_jaxpr(jaxpr, (), *operands)
        filled: list[Any] = [None] * len(places)
        for (direct, place), value in zip(route, outs[n_known:], strict=True):
            if not direct:
                filled[place] = value
        return [
            *outs[:n_known],
            *[zeros(a) if v is None else v for v, a in zip(filled, places, strict=True)],
        ]

    return build_jaxpr(fun, jaxpr.in_avals, name="cond")


def _from_places(
    jaxpr: Jaxpr,
    route: Sequence[tuple[bool, int]],
    direct: Sequence[ShapedArray],
    places: Sequence[ShapedArray],
) -> Jaxpr:
    """The other half of a branch, that takes residuals from their places."""
    n_direct, n_places = len(direct), len(places)

    def fun(*args: Any) -> list[Any]:
        residuals = [args[p] if is_direct else args[n_direct + p] for is_direct, p in route]
        return eval_jaxpr(jaxpr, (), *residuals, *args[n_direct + n_places :])

    own = jaxpr.in_avals[len(route) :]
    return build_jaxpr(fun, [*direct, *places, *own], name="cond")


def _linearize(primals: Sequence[Any], tangents: Sequence[Any], *, branches: Branches) -> Any:
    nonzero = tuple([t is not None for t in tangents[1:]])
    n = len(branches[0].outvars)
    if not any(nonzero):
        return _bind(*primals, branches=branches), [None] * n

    def make() -> Split:
        def step(wanted: tuple[bool, ...]) -> tuple[list[forward.Linearized], Sequence[bool]]:
            found = [forward.linearize(b, nonzero, instantiate=wanted) for b in branches]
            return found, _union([f.out_nonzero for f in found])

        found, out_nonzero = fixpoint(step, [False] * n)
        return _join(
            typeof(primals[0]),
            [f.known for f in found],
            [f.linear for f in found],
            [f.n_residuals for f in found],
            out_nonzero,
        )

    split: Split = branches[0].memo(("linearize_cond", branches, nonzero), make)
    results = eval_jaxpr(split.known, (), *primals)
    given = [t for t in tangents[1:] if t is not None]
    out_tangents = eval_jaxpr(split.rest, (), *results[n:], *given)
    return results[:n], spread(out_tangents, split.out_unknown)


def _partial_eval(eqn: Equation, unknown: Sequence[bool]) -> PartialEval | None:
    branches: Branches = eqn.params["branches"]
    if unknown[0]:
        return None
    flags = tuple(unknown[1:])

    def step(wanted: tuple[bool, ...]) -> tuple[list[PartialEval], Sequence[bool]]:
        found = [partial_eval(b, flags, force=wanted) for b in branches]
        return found, _union([f.out_unknown for f in found])

    found, out_unknown = fixpoint(step, [False] * len(branches[0].outvars))
    if not any(f.known.eqns for f in found) and all(out_unknown):
        return None
    return PartialEval(
        *_join(
            eqn.invars[0].aval,
            [f.known for f in found],
            [f.rest for f in found],
            [f.n_residuals for f in found],
            out_unknown,
        )
    )


# Transposition, batching, dead code


def _transpose(cts: Sequence[Any], index: Any, *operands: Any, branches: Branches) -> list[Any]:
    linear = [type(x) is Linear for x in operands]
    given = [ct is not None for ct in cts]
    backward = [transposition.transpose(b, linear, given) for b in branches]
    others = select(operands, linear, False)
    found = _bind(index, *others, *[ct for ct in cts if ct is not None], branches=backward)
    return [None, *spread(found, linear)]


def _batch(
    axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool], *, branches: Branches
) -> Any:
    if batched[0] and runs_side_effects(
        *branches
    ):  # an example has the effects of its own branch only
        return batch_by_loop(cond_p, axis, operands, batched, {"branches": branches})

    def step(wanted: tuple[bool, ...]) -> tuple[list[batching.Batched], Sequence[bool]]:
        found = [batching.batch(b, axis, batched[1:], out_batched=wanted) for b in branches]
        return found, _union([f.out_batched for f in found])

    start = [batched[0]] * len(branches[0].outvars)
    found, out_batched = fixpoint(step, start)
    if not batched[0]:
        return _bind(*operands, branches=[f.jaxpr for f in found]), list(out_batched)
    # Each example has its own branch: all are computed, and one is chosen.
    index, *values = operands
    results = [eval_jaxpr(f.jaxpr, (), *values) for f in found]
    index = np.clip(index, 0, len(branches) - 1)
    return [_choose(index, cases) for cases in zip(*results, strict=True)], True


def _choose(index: Any, cases: Sequence[Any]) -> Any:
    chosen = cases[0]
    shape = typeof(chosen).shape
    spread_index = reshape(index, (shape[0], *(1,) * (len(shape) - 1)))
    for i, case in enumerate(cases[1:], 1):
        chosen = where(spread_index == i, case, chosen)
    return chosen


def _dce(eqn: Equation, used: Sequence[bool]) -> Equation:
    branches: Branches = eqn.params["branches"]

    def step(keep: tuple[bool, ...]) -> tuple[list[Any], Sequence[bool]]:
        found = [pruned(b, used, keep) for b in branches]
        return found, _union([kept for _, kept in found])

    found, kept = fixpoint(step, [False] * len(branches[0].invars))
    if all(kept) and all(used):
        return eqn
    return equation(
        cond_p,
        [eqn.invars[0], *select(eqn.invars[1:], kept)],
        select(eqn.outvars, used),
        {"branches": tuple([b for b, _ in found])},
        eqn,
    )


def _effects(branches: Branches) -> frozenset[str]:
    return frozenset().union(*[b.effects for b in branches])


cond_p = CallPrimitive(
    "cond",
    impl=_impl,
    abstract=lambda index, *avals, branches: branches[0].out_avals,
    jvp=_jvp,
    linearize=_linearize,
    transpose=_transpose,
    batch=_batch,
    partial_eval=_partial_eval,
    dce=_dce,
    multiple_results=True,
    effects=_effects,
)
