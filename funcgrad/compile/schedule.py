"""Scheduling: an order of equations in which each cluster's members stand together."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from funcgrad.core.jaxpr import Equation, Jaxpr, Var

Close = Callable[[Any, Sequence[Equation], set[Var]], Equation]


def schedule(jaxpr: Jaxpr, key_of: Mapping[Equation, Hashable], close: Close) -> Jaxpr:
    """Replace each cluster's members by one equation, as late as its first reader allows.

    Args:
        key_of: the cluster of an equation, for those that belong to one.
        close: makes the equation of a cluster from its members and the variables read outside of it.
    """
    makers = {v: eqn for eqn in jaxpr.eqns for v in eqn.outvars}
    members: dict[Hashable, list[Equation]] = {}
    for eqn in jaxpr.eqns:
        if eqn in key_of:
            members.setdefault(key_of[eqn], []).append(eqn)
    outside = {a for a in jaxpr.outvars if type(a) is Var}
    for eqn in jaxpr.eqns:
        for atom in eqn.invars:
            if type(atom) is not Var:
                continue
            maker = makers.get(atom)
            if maker is not None and key_of.get(maker) != key_of.get(eqn, eqn):
                outside.add(atom)

    done: set[Any] = set()
    eqns: list[Equation] = []

    def demand(first: Any) -> None:
        """Emit a node (a plain equation or the key of a cluster) after everything that it reads."""
        stack = [(first, iter(reads(first)))]
        while stack:
            node, pending = stack[-1]
            for needed in pending:
                if needed not in done:
                    stack.append((needed, iter(reads(needed))))
                    break
            else:
                stack.pop()
                if node not in done:
                    done.add(node)
                    eqns.append(close(node, members[node], outside) if node in members else node)

    def reads(node: Any) -> list[Any]:
        needed: dict[Any, None] = {}
        for eqn in members.get(node, (node,)):
            for atom in eqn.invars:
                maker = makers.get(atom) if type(atom) is Var else None
                if maker is not None:
                    other = key_of.get(maker, maker)
                    if other != node:
                        needed[other] = None
        return list(needed)

    for eqn in jaxpr.eqns:
        if eqn not in key_of:
            demand(eqn)
    for atom in jaxpr.outvars:
        maker = makers.get(atom) if type(atom) is Var else None
        if maker is not None and key_of.get(maker, maker) not in done:
            demand(key_of.get(maker, maker))
    return jaxpr.replace(eqns=eqns)
