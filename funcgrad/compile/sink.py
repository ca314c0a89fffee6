"""Sinking: equations move into the later cluster that alone uses them, where that saves memory traffic.

A derivative needs factors that the function's own pass could compute; where they are cheap to get from
what is written to memory anyway, the backward pass computes them itself.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from funcgrad.compile.clusters import Clusters
from funcgrad.compile.rows import cut, is_elementwise
from funcgrad.core.jaxpr import Equation, Jaxpr, Var

_DEPTH = 4


def sink(clusters: Clusters) -> None:
    """Move equations between clusters with the same rows."""
    _Sinker(clusters).run()


class _Sinker:
    def __init__(self, clusters: Clusters) -> None:
        self.clusters = clusters
        self.key_of = clusters.key_of
        self.results = {a for a in clusters.jaxpr.outvars if type(a) is Var}
        self.users: dict[Var, list[Equation]] = {}
        self.reads: dict[Any, Counter[Var]] = {}
        for eqn in clusters.jaxpr.eqns:
            for atom in dict.fromkeys(a for a in eqn.invars if type(a) is Var):
                self.users.setdefault(atom, []).append(eqn)
            key = self.key_of.get(eqn)
            if key is not None:
                self.reads.setdefault(key, Counter()).update(_read(eqn))

    def run(self) -> None:
        for eqn in reversed(self.clusters.jaxpr.eqns):
            key = self.key_of.get(eqn)
            if key is None or not is_elementwise(eqn) or eqn.outvars[0] in self.results:
                continue
            target = self._target(eqn, key)
            if target is None:
                continue
            saved = 2 * eqn.outvars[0].aval.nbytes  # written once, read once
            if sum(self._cost(a, key, target, eqn, _DEPTH) for a in _read(eqn)) < saved:
                self._move(eqn, key, target)

    def _target(self, eqn: Equation, key: Any) -> Any:
        """The first of the later clusters, if only such clusters use a result."""
        (out,) = eqn.outvars
        keys = [self.key_of.get(user) for user in self.users.get(out, ())]
        if not keys or any(k is None or k[0] != key[0] or k[1] <= key[1] for k in keys):
            return None
        if not all(cut(out, user, key[0]) for user in self.users[out]):
            return None
        return min(k for k in keys if k is not None)

    def _cost(self, var: Var, key: Any, target: Any, user: Equation, depth: int) -> int:
        """Bytes that move because the target cluster has to get a variable."""
        if self.reads[target][var]:
            return 0
        maker = self.clusters.makers.get(var)
        inside = maker is not None and self.key_of.get(maker) == key
        if not inside or self._leaves(var, key, user):
            return var.aval.nbytes
        cost = 2 * var.aval.nbytes
        if depth and maker is not None and is_elementwise(maker) and len(self.users[var]) == 1:
            again = sum(self._cost(a, key, target, maker, depth - 1) for a in _read(maker))
            cost = min(cost, again)
        return cost

    def _leaves(self, var: Var, key: Any, but: Equation) -> bool:
        """Whether a variable is written to memory anyway: somebody else outside its cluster reads it."""
        return var in self.results or any(
            self.key_of.get(user) != key for user in self.users.get(var, ()) if user is not but
        )

    def _move(self, eqn: Equation, key: Any, target: Any) -> None:
        self.reads[key].subtract(_read(eqn))
        self.reads[target].update(_read(eqn))
        del self.clusters.members[key][eqn]
        self.clusters.members[target][eqn] = None
        self.key_of[eqn] = target


def _read(eqn: Equation) -> list[Var]:
    return list(dict.fromkeys(a for a in eqn.invars if type(a) is Var))


def spread_conversions(jaxpr: Jaxpr) -> Jaxpr:
    """Give each user of a mask that was converted to numbers a conversion of its own.

    Then each cluster reads the mask, which has one byte per element, and not the numbers.
    """
    spread = {
        eqn.outvars[0]: eqn
        for eqn in jaxpr.eqns
        if eqn.primitive.name == "convert_element_type"
        and eqn.invars[0].aval.dtype.kind == "b"
        and type(eqn.invars[0]) is Var
        and eqn.outvars[0].aval.shape
    }
    if not spread:
        return jaxpr
    kept = {a for a in jaxpr.outvars if type(a) is Var}
    eqns: list[Equation] = []
    for eqn in jaxpr.eqns:
        if eqn.outvars and eqn.outvars[0] in spread and eqn.outvars[0] not in kept:
            continue
        new: dict[Any, Var] = {}
        for atom in _read(eqn):
            if atom in spread and atom not in kept:
                new[atom] = Var(atom.aval)
                eqns.append(spread[atom].replace(outvars=(new[atom],)))
        if new:
            eqn = eqn.replace(invars=tuple([new.get(a, a) for a in eqn.invars]))
        eqns.append(eqn)
    return jaxpr.replace(eqns=eqns)
