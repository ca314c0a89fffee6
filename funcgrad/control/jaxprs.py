"""What the rules of control flow do with the jaxprs in their params: reorder, pad, prune.

Results are remembered on the jaxpr that they are made from, so that the same program has the same
params again, and the caches above it hit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from funcgrad.core.jaxpr import (
    Atom,
    Equation,
    Jaxpr,
    Literal,
    Var,
    dce,
    has_side_effects,
    subjaxprs,
)
from funcgrad.core.types import ShapedArray

T = TypeVar("T")


def permuted(
    jaxpr: Jaxpr, ins: Sequence[int] | None = None, outs: Sequence[int] | None = None
) -> Jaxpr:
    """The jaxpr with its inputs and outputs in another order; outputs may be left out."""
    order_in = tuple(range(len(jaxpr.invars)) if ins is None else ins)
    order_out = tuple(range(len(jaxpr.outvars)) if outs is None else outs)

    def make() -> Jaxpr:
        return jaxpr.replace(
            invars=[jaxpr.invars[i] for i in order_in],
            outvars=[jaxpr.outvars[i] for i in order_out],
        )

    return jaxpr.memo(("permuted", order_in, order_out), make)


def padded(jaxpr: Jaxpr, avals: Sequence[ShapedArray], places: Sequence[int]) -> Jaxpr:
    """The jaxpr with inputs of these types, of which it uses those at `places` as its own, in order."""
    types, order = tuple(avals), tuple(places)
    if order == tuple(range(len(types))):
        return jaxpr

    def make() -> Jaxpr:
        invars = [Var(aval) for aval in types]
        for var, place in zip(jaxpr.invars, order, strict=True):
            invars[place] = var
        return jaxpr.replace(invars=invars)

    return jaxpr.memo(("padded", types, order), make)


def pruned(
    jaxpr: Jaxpr, used: Sequence[bool], keep: Sequence[bool] | None = None
) -> tuple[Jaxpr, tuple[bool, ...]]:
    """The jaxpr without unused outputs, and without the inputs that only they need; which inputs are left.

    `keep`: inputs to leave even if nothing needs them.
    """
    flags = tuple(used)
    kept_inputs = (False,) * len(jaxpr.invars) if keep is None else tuple(keep)

    def make() -> tuple[Jaxpr, tuple[bool, ...]]:
        outvars = [v for v, u in zip(jaxpr.outvars, flags, strict=True) if u]
        smaller = dce(jaxpr.replace(outvars=outvars))
        live: set[Any] = set(outvars)
        live.update(a for eqn in smaller.eqns for a in eqn.invars if type(a) is Var)
        kept = tuple([k or v in live for v, k in zip(jaxpr.invars, kept_inputs, strict=True)])
        invars = [v for v, k in zip(jaxpr.invars, kept, strict=True) if k]
        return smaller.replace(invars=invars), kept

    return jaxpr.memo(("pruned", flags, kept_inputs), make)


def quiet(jaxpr: Jaxpr, unknown: Sequence[bool] = ()) -> Jaxpr:
    """What is left for a second run: without the prints and checks of the first.

    Those that depend on `unknown` inputs stay, which the first run does not have.
    """
    if not jaxpr.effects:
        return jaxpr
    flags = tuple(unknown)
    return jaxpr.memo(("quiet", flags), lambda: _quiet(jaxpr, flags))


def _quiet(jaxpr: Jaxpr, unknown: tuple[bool, ...]) -> Jaxpr:
    late = {v for v, u in zip(jaxpr.invars, unknown, strict=False) if u}
    eqns = []
    for eqn in jaxpr.eqns:
        if not late.isdisjoint([a for a in eqn.invars if type(a) is Var]):
            late.update(eqn.outvars)
        elif has_side_effects(eqn):
            if not eqn.outvars:
                continue
            if subjaxprs(eqn.params):
                params = {
                    k: quiet(v)
                    if isinstance(v, Jaxpr)
                    else tuple([quiet(j) if isinstance(j, Jaxpr) else j for j in v])
                    if isinstance(v, tuple)
                    else v
                    for k, v in eqn.params.items()
                }
                eqn = equation(eqn.primitive, eqn.invars, eqn.outvars, params, eqn)
        eqns.append(eqn)
    return jaxpr.replace(eqns=eqns)


def renamed(eqn: Equation, names: dict[Var, Atom]) -> Equation:
    """An equation that reads what stands for its operands."""
    if not names:
        return eqn
    invars = tuple([names.get(a, a) if type(a) is Var else a for a in eqn.invars])
    return eqn if invars == eqn.invars else eqn.replace(invars=invars)


def inlined(jaxpr: Jaxpr, atoms: Sequence[Atom]) -> tuple[list[Equation], list[Atom]]:
    """The equations of a jaxpr on these operands, and the atoms of its outputs."""
    names: dict[Var, Atom] = dict(zip(jaxpr.invars, atoms, strict=True))
    eqns = []
    for eqn in jaxpr.eqns:
        fresh = tuple([Var(v.aval) for v in eqn.outvars])
        invars = tuple([names[a] if type(a) is Var else a for a in eqn.invars])
        names.update(zip(eqn.outvars, fresh, strict=True))
        eqns.append(eqn.replace(invars=invars, outvars=fresh))
    return eqns, [names[a] if type(a) is Var else a for a in jaxpr.outvars]


def forwarded(jaxpr: Jaxpr) -> list[int | None]:
    """For each output the input that it is, None for computed ones."""
    places = {v: i for i, v in enumerate(jaxpr.invars)}
    return [None if type(v) is Literal else places.get(v) for v in jaxpr.outvars]


def equation(
    primitive: Any,
    invars: Sequence[Any],
    outvars: Sequence[Var],
    params: dict[str, Any],
    like: Equation,
) -> Equation:
    """An equation that stands for (a part of) another."""
    return Equation(
        primitive,
        tuple(invars),
        tuple(outvars),
        params,
        like.source,
        primitive.eqn_effects(params),
    )


def select(values: Sequence[Any], flags: Sequence[bool], wanted: bool = True) -> list[Any]:
    """The values whose flag is as wanted."""
    return [v for v, f in zip(values, flags, strict=True) if f == wanted]


def fixpoint(
    step: Callable[[tuple[bool, ...]], tuple[T, Sequence[bool]]], flags: Sequence[bool]
) -> tuple[T, tuple[bool, ...]]:
    """Run `step(flags) -> result, flags` until the flags, which it can only set, stay the same."""
    current = tuple(flags)
    while True:
        result, found = step(current)
        new = tuple([a or b for a, b in zip(current, found, strict=True)])
        if new == current:
            return result, current
        current = new


def split_list(values: Sequence[T], *sizes: int) -> list[list[T]]:
    """Consecutive parts of these lengths, and what is left."""
    parts = []
    start = 0
    for size in sizes:
        parts.append(list(values[start : start + size]))
        start += size
    return [*parts, list(values[start:])]
