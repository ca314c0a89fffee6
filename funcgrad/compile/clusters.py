"""Which equations a cluster of the fused program gathers (`fuse` says what a cluster is).

Each variable has a level: the number of clusters that must have ended before it is known. Equations
with the same rows on the same level form one cluster; no cycle can arise, because everything that a cluster
reads from outside is of its level or below.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from funcgrad.compile.emitters import reduction_ufunc
from funcgrad.compile.rows import Rows, cut, is_elementwise, reduces_rows, spans
from funcgrad.core.jaxpr import Equation, Jaxpr, Literal, Var, has_side_effects

# Arrays of fewer elements stay in the cache as they are.
MIN_SIZE = 1 << 14
# A row, the smallest piece that a cluster works on, has at most this many elements.
MAX_ROW = 1 << 13

Key = tuple[Rows, int]


def is_large(eqn: Equation) -> bool:
    """Whether an equation is worth a cluster."""
    return any(v.aval.size >= MIN_SIZE for v in (*eqn.outvars, *eqn.invars))


def _rows_of(shape: Sequence[int]) -> Rows:
    """The leading axes along which an array is cut: as few as leave rows that fit into a block."""
    g = 1
    while g < len(shape) and math.prod(shape[g:]) > MAX_ROW:
        g += 1
    return tuple(shape[:g])


def _repeats(shape: Sequence[int], ndim: int, n_rows: int) -> bool:
    """Whether an operand of an elementwise equation of rank `ndim` is the same for all rows."""
    missing = ndim - len(shape)
    return all(n == 1 for n in shape[: max(0, n_rows - missing)])


class Clusters:
    """Which equation belongs to which cluster."""

    def __init__(self, jaxpr: Jaxpr) -> None:
        self.jaxpr = jaxpr
        self.makers: dict[Var, Equation] = {}
        self.level: dict[Var, int] = dict.fromkeys(jaxpr.invars, 0)
        self.key_of: dict[Equation, Key] = {}
        self.members: dict[Key, dict[Equation, None]] = {}

    def assign(self) -> None:
        """Give each equation its level, and its cluster if it fits into one."""
        effects = 0  # equations with side effects keep their order
        for eqn in self.jaxpr.eqns:
            rows = self._rows(eqn)
            level = max(
                [self._ready(a, rows, eqn) for a in eqn.invars if type(a) is Var], default=0
            )
            if rows is not None:
                key = (rows, level)
                self.key_of[eqn] = key
                self.members.setdefault(key, {})[eqn] = None
            elif has_side_effects(eqn):
                level = effects = max(level, effects)
            for var in eqn.outvars:
                self.level[var] = level
                self.makers[var] = eqn

    def _ready(self, var: Var, rows: Rows | None, eqn: Equation) -> int:
        """The level at which an equation of these rows (None: outside of clusters) can read a variable."""
        maker = self.makers.get(var)
        key = self.key_of.get(maker) if maker is not None else None
        if key is None or maker is None:
            return self.level[var]
        inside = key[0] == rows and not reduces_rows(maker) and cut(var, eqn, key[0])
        return key[1] if inside else key[1] + 1

    def _rows(self, eqn: Equation) -> Rows | None:
        """The rows of the cluster that an equation may belong to."""
        if is_elementwise(eqn):
            shape = eqn.outvars[0].aval.shape
        elif reduction_ufunc(eqn) is not None or eqn.primitive.name == "reshape":
            shape = eqn.invars[0].aval.shape
        else:
            return None
        if not shape or math.prod(shape) == 0:
            return None
        candidates = [self._rows_inside(a, shape) for a in eqn.invars]
        if eqn.primitive.name != "reshape" and math.prod(shape) >= MIN_SIZE:
            candidates.append(_rows_of(shape))
        for rows in candidates:
            if rows is not None and _fits(eqn, shape, rows):
                return rows
        return None

    def _rows_inside(self, atom: Any, shape: Sequence[int]) -> Rows | None:
        maker = self.makers.get(atom) if type(atom) is Var else None
        key = self.key_of.get(maker) if maker is not None else None
        return key[0] if key is not None and spans(shape, key[0]) else None

    def dissolve(self) -> None:
        """Leave out clusters that would gain nothing: those of one equation."""
        for key, members in list(self.members.items()):
            working = [eqn for eqn in members if eqn.primitive.name != "reshape"]
            if len(working) < 2:
                for eqn in members:
                    del self.key_of[eqn]
                del self.members[key]


def _fits(eqn: Equation, shape: Sequence[int], rows: Rows) -> bool:
    n_rows = len(rows)
    if not spans(shape, rows) or math.prod(shape[n_rows:]) > MAX_ROW:
        return False
    if eqn.primitive.name == "reshape":
        return spans(eqn.outvars[0].aval.shape, rows)
    if reduction_ufunc(eqn) is not None:
        over = [d for d in eqn.params["axes"] if d < n_rows]
        return len(over) in (0, n_rows)
    for atom in eqn.invars:
        aligned = cut(atom, eqn, rows)
        if not aligned and not _repeats(atom.aval.shape, len(shape), n_rows):
            return False
        if aligned and type(atom) is Literal:
            return False
    return True
