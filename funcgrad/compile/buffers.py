"""Buffer planning: which dead array's memory takes an equation's result, by liveness.

A buffer is owned by the program if the program has allocated it and everything that may be a view of it
is known; only such buffers are written to again. An operation whose aliasing is not known pins its
operands' memory.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

from funcgrad.core.jaxpr import Equation, Jaxpr, Literal, Var

# Below this size the allocator is as fast as reuse.
_POOLED_BYTES = 1 << 14
# Above this size memory is given back as soon as possible.
_DELETED_BYTES = 1 << 14


class Storage:
    """What an equation does with memory."""

    IN_PLACE = "in place"  # takes `out=`, and may write over an operand of the result's type
    FRESH = "fresh"  # allocates its result
    VIEW = "view"  # may return a view of its first operand
    UNKNOWN = "unknown"  # may return a view of any operand


class Plan(NamedTuple):
    """`outs[i]`: the variable whose memory equation i writes to. `dead[i]`: large variables to forget after it.

    `owned`: the variables whose memory belongs to the program, of which it may return one reference.
    """

    outs: dict[int, Var]
    dead: dict[int, list[Var]]
    roots: dict[Var, Var]
    owned: set[Var]


def plan_buffers(
    jaxpr: Jaxpr, storage: Callable[[Equation], str], donated: frozenset[Var] = frozenset()
) -> Plan:
    """Plan the memory of a program that runs the equations in order."""
    kinds = [storage(eqn) for eqn in jaxpr.eqns]
    roots, pinned = _aliases(jaxpr, kinds)
    last_use = _last_uses(jaxpr, roots)
    wanted = Counter(
        _type(eqn.outvars[0])
        for eqn, kind in zip(jaxpr.eqns, kinds, strict=True)
        if kind == Storage.IN_PLACE
    )
    owned: set[Var] = {v for v in donated if v.aval.shape}
    free: dict[Any, list[Var]] = defaultdict(list)
    outs: dict[int, Var] = {}
    dead: dict[int, list[Var]] = {}
    # All names under which a buffer is known; forgetting it means forgetting all of them.
    known_as: dict[Var, list[Var]] = defaultdict(list)
    for i, (eqn, kind) in enumerate(zip(jaxpr.eqns, kinds, strict=True)):
        dying = dict.fromkeys(
            roots[a]
            for a in eqn.invars
            if type(a) is Var and a in roots and last_use[roots[a]] == i
        )
        if kind == Storage.IN_PLACE and eqn.outvars[0].aval.shape:
            (out,) = eqn.outvars
            wanted[_type(out)] -= 1
            target = next(
                (r for r in dying if r in owned and _type(r) == _type(out) and r in eqn.invars),
                None,
            )
            if target is not None:
                del dying[target]
            elif free[_type(out)]:
                target = free[_type(out)].pop()
            if target is not None:
                outs[i] = target
                owned.discard(target)
                known_as[out] = known_as.pop(target, [])
        for var in eqn.outvars:
            if var.aval.shape:
                known_as[roots[var]].append(var)
                if kind in (Storage.IN_PLACE, Storage.FRESH) and var not in pinned:
                    owned.add(var)
                if last_use[roots[var]] <= i:
                    dying.setdefault(roots[var])
        for root in dying:
            if (
                root in owned
                and root.aval.nbytes >= _POOLED_BYTES
                and wanted[_type(root)] > len(free[_type(root)])
            ):
                free[_type(root)].append(root)
                continue
            gone = known_as.pop(root, [])
            if gone and root.aval.nbytes >= _DELETED_BYTES:
                dead[i] = dead.get(i, []) + gone
    return Plan(outs, dead, roots, owned)


def _type(var: Var) -> tuple[Any, Any]:
    return (var.aval.shape, var.aval.dtype)


def _aliases(jaxpr: Jaxpr, kinds: list[str]) -> tuple[dict[Var, Var], set[Var]]:
    """For each array the one whose memory it may share, and those that may share with several."""
    roots: dict[Var, Var] = {v: v for v in jaxpr.invars if v.aval.shape}
    pinned: set[Var] = set()
    for eqn, kind in zip(jaxpr.eqns, kinds, strict=True):
        arrays = [roots[a] for a in eqn.invars if type(a) is Var and a in roots]
        if kind == Storage.UNKNOWN:
            pinned.update(arrays)
        for var in eqn.outvars:
            if var.aval.shape:
                first = eqn.invars[0] if eqn.invars else None
                shares = kind == Storage.VIEW and type(first) is Var and first in roots
                roots[var] = roots[first] if shares else var  # type: ignore[index]
                if kind == Storage.UNKNOWN:
                    pinned.add(var)
    return roots, pinned


def _last_uses(jaxpr: Jaxpr, roots: dict[Var, Var]) -> dict[Var, float]:
    """The position of the last equation that reads any view of a root; infinity for results."""
    last: dict[Var, float] = {}
    for i, eqn in enumerate(jaxpr.eqns):
        for atom in (*eqn.invars, *eqn.outvars):
            if type(atom) is not Literal and atom in roots:
                last[roots[atom]] = i
    for atom in jaxpr.outvars:
        if type(atom) is Var and atom in roots:
            last[roots[atom]] = float("inf")
    for var in jaxpr.invars:
        if var in roots:
            last.setdefault(roots[var], -1)
    return last
