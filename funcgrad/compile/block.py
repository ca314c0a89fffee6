"""The statements that compute one block of a cluster's rows.

Intermediate results live in scratch arrays of a block's size, which stay in the cache; each is written over
once it is not needed any more. Results are written to their place in the arrays that are returned.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from funcgrad.compile.contract import LONGEST
from funcgrad.compile.emitters import dtype_name, out_argument, reduction_ufunc
from funcgrad.compile.rows import Rows, cut, reduces_rows
from funcgrad.compile.threads import Slot
from funcgrad.core.jaxpr import Atom, Equation, Jaxpr, Literal, Var

# NumPy's loops run along one axis. Where the last one is as short as this (coordinates of points), arrays of
# a block are laid out in planes, the last axis first.
_SHORT = 8


@lru_cache(maxsize=256)
def _ones(n: int, dtype: np.dtype[Any]) -> Any:
    return np.ones(n, dtype)


def is_planar(inner: Sequence[int]) -> bool:
    """Whether arrays of a block with rows of this shape are laid out in planes."""
    return len(inner) > 0 and 1 < inner[-1] <= _SHORT


class BlockWriter:
    """Writes the statements that compute one block of rows.

    Args:
        function: gives the name under which a ufunc is known in the source.
        constant: gives the name of a global that holds a literal.
    """

    def __init__(
        self,
        name: str,
        jaxpr: Jaxpr,
        rows: Rows,
        letters: Callable[[Var], str],
        function: Callable[[Any], str],
        constant: Callable[[Any, Any], str],
    ) -> None:
        self.fused = name
        self.jaxpr = jaxpr
        self.rows = rows
        self.n_axes = len(rows)
        self.n = math.prod(rows)
        self.name = letters
        self.function = function
        self.constant = constant
        self.lines: list[str] = []
        self.slots: list[Slot] = []
        self.free: dict[Any, list[str]] = defaultdict(list)
        self.place: dict[Var, str] = {}  # where the current rows of a variable are
        self.slot_of: dict[Var, str] = {}  # the scratch array that a variable occupies
        self.roots: dict[Atom, Var] = {}
        self.results = {v for v in jaxpr.outvars if type(v) is Var}
        self.last_use: dict[Var, int] = {}
        self.whole: dict[Var, None] = {}  # inputs that are read as a whole

    def results_in_order(self) -> list[Var]:
        return list(dict.fromkeys(v for v in self.jaxpr.outvars if type(v) is Var))

    # What is read and written

    def _find_last_uses(self) -> None:
        for position, eqn in enumerate(self.jaxpr.eqns):
            for var in eqn.outvars:
                source = eqn.invars[0]
                root = var
                # A view, unless it is a result, which is copied to its place.
                reshaped = eqn.primitive.name == "reshape" and var not in self.results
                if reshaped and type(source) is Var:
                    root = self.roots.get(source, source)
                self.roots[var] = root
                self.last_use[root] = position
            for atom in eqn.invars:
                if type(atom) is Var:
                    self.last_use[self.roots.get(atom, atom)] = position

    def _inputs(self) -> tuple[dict[Var, None], dict[Var, None]]:
        """The inputs of which a block reads its rows, and those of which it reads everything."""
        given = set(self.jaxpr.invars)
        sliced: dict[Var, None] = {}
        whole: dict[Var, None] = {}
        for eqn in self.jaxpr.eqns:
            for atom in eqn.invars:
                if atom in given:
                    (sliced if cut(atom, eqn, self.rows) else whole)[atom] = None
        self.whole = whole
        return dict.fromkeys(v for v in self.jaxpr.invars if v in sliced), whole

    def _is_partial(self, var: Var) -> bool:
        maker = next(eqn for eqn in self.jaxpr.eqns if var in eqn.outvars)
        return reduces_rows(maker)

    def _rows_name(self, var: Var) -> str:
        return f"{self.name(var)}_"

    def _inner(self, var: Any) -> tuple[int, ...]:
        """The shape of one row."""
        return tuple(var.aval.shape[self.n_axes :])

    def _widest(self) -> int:
        shapes = [v.aval.shape for eqn in self.jaxpr.eqns for v in (*eqn.invars, *eqn.outvars)]
        inner = [math.prod(s[self.n_axes :]) for s in shapes if s[: self.n_axes] == self.rows]
        return max(inner, default=1)

    # Statements of a block

    def _equation(self, position: int, eqn: Equation) -> None:
        (out,) = eqn.outvars
        if eqn.primitive.name == "reshape":
            inner = ", ".join(map(str, self._inner(out)))
            target = self._target(out) if out in self.results else None
            view = f"{self._operand(eqn.invars[0], eqn)}.reshape(({'j - i, ' + inner}))"
            if target is None:
                self.place[out] = self._rows_name(out)
                self.lines.append(f"{self.place[out]} = {view}")
            else:
                self.lines.append(f"{target}[...] = {view}")
        elif reduction_ufunc(eqn) is not None:
            self._reduction(eqn, out)
        elif eqn.primitive.name == "dot_general":
            x, y = [self._operand(a, eqn) for a in eqn.invars]
            self.lines.append(f"np.vecdot({x}, {y}, out={self._target(out)})")
        else:
            self._elementwise(position, eqn, out)
        if out in self.slot_of and out in self.results:
            self.lines.append(f"{self._rows_name(out)}[...] = {self.place[out]}")
        self._release(position, eqn)

    def _reduction(self, eqn: Equation, out: Var) -> None:
        ufunc = reduction_ufunc(eqn)
        operand = eqn.invars[0]
        axes = [d - self.n_axes + 1 for d in eqn.params["axes"] if d >= self.n_axes]
        partial = reduces_rows(eqn)
        if partial:
            axes = [0, *axes]
        inner = self._inner(operand)
        every = len(axes) == 1 + len(inner)
        last = axes == [len(inner)] and out.aval.dtype.kind == "f" and out.aval.dtype.itemsize >= 4
        if ufunc is np.add and last and not partial and _SHORT < inner[-1] <= LONGEST:
            # Faster than np.add.reduce along short rows, and as accurate.
            ones = self.constant(_ones(inner[-1], out.aval.dtype), operand.aval)
            x = self._operand(operand, eqn)
            self.lines.append(f"np.vecdot({x}, {ones}, out={self._target(out)})")
            return
        axis = None if every else axes[0] if len(axes) == 1 else tuple(axes)
        kind = f", dtype={dtype_name(out.aval.dtype)}" if out.aval.dtype.kind in "iu" else ""
        call = f"np.{ufunc.__name__}.reduce({self._operand(operand, eqn)}, axis={axis}{kind}"
        if partial:
            self.lines.append(f"{self.name(out)}[k] = {call})")
            self.place[out] = self.name(out)
        else:
            self.lines.append(f"{call}, out={self._target(out)})")

    def _elementwise(self, position: int, eqn: Equation, out: Var) -> None:
        primitive: Any = eqn.primitive
        dtypes = {a.aval.dtype for a in eqn.invars}
        operands = [self._operand(a, eqn, dtypes) for a in eqn.invars]
        if primitive.ufunc is not None and not eqn.params:
            target = self._reused(position, eqn, out) or self._target(out)
            operands.append(out_argument(primitive.ufunc, target))
            self.lines.append(f"{self.function(primitive.ufunc)}({', '.join(operands)})")
            return
        target = self._target(out)
        if primitive.name == "select_n" and len(operands) == 3:
            self.lines.append(f"np.copyto({target}, {operands[1]})")
            self.lines.append(f"np.copyto({target}, {operands[2]}, where={operands[0]})")
        elif primitive.name == "convert_element_type":
            real = eqn.invars[0].aval.dtype.kind == "c" and out.aval.dtype.kind not in "cb"
            source = f"{operands[0]}.real" if real else operands[0]
            self.lines.append(f'np.copyto({target}, {source}, casting="unsafe")')
        else:
            self.lines.append(f"{target}[...] = {primitive.emit(operands, **eqn.params)}")

    def _operand(self, atom: Atom, eqn: Equation, dtypes: Any = frozenset()) -> str:
        if type(atom) is Literal:
            plain = (
                not atom.aval.shape
                and atom.aval.dtype.kind in "fi"
                and not dtypes - {atom.aval.dtype}
            )
            if plain and dtypes and np.isfinite(atom.val):
                return repr(atom.val.item() if hasattr(atom.val, "item") else atom.val)
            return self.constant(atom.val, atom.aval)
        if atom in self.whole and not cut(atom, eqn, self.rows):
            return self._whole_name(atom)
        return self.place[atom]

    # Where results go

    def _target(self, out: Var) -> str:
        """The memory for a new result: its rows of the array that is returned, or a scratch array."""
        if out in self.results and not is_planar(self._inner(out)):
            return self.place[out]
        return self._scratch(out)

    def _scratch(self, var: Var) -> str:
        key = self._slot(var)
        slot = self.free[key].pop() if self.free[key] else self._new_slot(key)
        self.slot_of[var] = self.place[var] = slot
        return slot

    def _slot(self, var: Any) -> Slot:
        inner = self._inner(var)
        return (inner, var.aval.dtype, is_planar(inner))

    def _new_slot(self, key: Any) -> str:
        self.slots.append(key)
        return f"t{len(self.slots)}"

    def _reused(self, position: int, eqn: Equation, out: Var) -> str | None:
        """The scratch array of an operand that is not needed any more, to be written over."""
        if out in self.results and not is_planar(self._inner(out)):
            return None
        for atom in eqn.invars:
            if type(atom) is not Var or atom not in self.slot_of:
                continue
            if self.last_use[atom] == position and self._slot(atom) == self._slot(out):
                slot = self.slot_of.pop(atom)
                self.slot_of[out] = self.place[out] = slot
                return slot
        return None

    def _release(self, position: int, eqn: Equation) -> None:
        for atom in dict.fromkeys((*eqn.invars, *eqn.outvars)):
            root = self.roots.get(atom) if type(atom) is Var else None
            if root is not None and self.last_use[root] == position and root in self.slot_of:
                self.free[self._slot(root)].append(self.slot_of.pop(root))

    def _whole_name(self, var: Var) -> str:
        return f"{self.name(var)}_all" if var in self.place else self.name(var)
