"""Source of a cluster: a function that computes one block of rows, and one that runs it over all.

Intermediate results live in scratch arrays of a block's size, which stay in the cache; results are written
once, each block to its place. Sums over all rows are taken per block (pairwise within it) and then over
the blocks, so they are as accurate as NumPy's, and do not depend on the number of threads.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from funcgrad.compile.contract import LONGEST
from funcgrad.compile.costs import cost_of
from funcgrad.compile.emitters import dtype_name, out_argument, reduction_ufunc
from funcgrad.compile.rows import Rows, cut, reduces_rows
from funcgrad.compile.threads import Slot
from funcgrad.core.jaxpr import Atom, Equation, Jaxpr, Literal, Var

# Elements of the largest array of a block. Larger blocks spend less time between NumPy calls, where
# threads wait for each other; smaller ones leave room in the second-level cache for many arrays.
BLOCK = 32768
_CACHE_BYTES = 1_250_000
# NumPy's loops run along one axis. Where the last one is as short as this (coordinates of points), arrays of
# a block are laid out in planes, the last axis first.
_SHORT = 8


@lru_cache(maxsize=256)
def _ones(n: int, dtype: np.dtype[Any]) -> Any:
    return np.ones(n, dtype)


def is_planar(inner: Sequence[int]) -> bool:
    """Whether arrays of a block with rows of this shape are laid out in planes."""
    return len(inner) > 0 and 1 < inner[-1] <= _SHORT


class Kernel(NamedTuple):
    """The two functions of a cluster as text, and what they refer to."""

    text: str
    globals: dict[str, Any]
    notes: dict[str, str]


class KernelWriter:
    """Writes the functions of one cluster.

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
        self.roots: dict[Var, Var] = {}
        self.results = {v for v in jaxpr.outvars if type(v) is Var}
        self.last_use: dict[Var, int] = {}

    def write(self, given: Sequence[bool]) -> Kernel:
        """The source of the cluster; `given` tells which results go to memory that the caller passes."""
        self.given = given
        self._find_last_uses()
        sliced, whole = self._inputs()
        outs = [v for v in self.results_in_order() if not self._is_partial(v)]
        partial = [v for v in self.results_in_order() if self._is_partial(v)]
        for var in (*sliced, *outs):
            self.lines.append(f"{self._rows_name(var)} = {self.name(var)}[i:j]")
            self.place[var] = self._rows_name(var)
        for var in sliced:
            if is_planar(self._inner(var)):
                self.roots[var] = var
                rows = self.place[var]
                self.lines.append(f"np.copyto({self._scratch(var)}, {rows})")
        for position, eqn in enumerate(self.jaxpr.eqns):
            self._equation(position, eqn)
        step = self._rows_per_block(len(sliced) + len(outs))
        bounds = [(k, i, min(i + step, self.n)) for k, i in enumerate(range(0, self.n, step))]
        inputs = [(v, True) for v in sliced] + [(v, False) for v in whole]
        names = [self.name(v) if cuts else self._whole_name(v) for v, cuts in inputs]
        names += [self.name(v) for v in (*outs, *partial)]
        text = (
            self._block_function(names)
            + "\n\n"
            + self._launcher(inputs, outs, partial, len(bounds))
        )
        cost = sum(cost_of(eqn) for eqn in self.jaxpr.eqns)
        return Kernel(
            text,
            {
                f"{self.fused}_bounds": bounds,
                f"{self.fused}_scratch": tuple(self.slots),
                f"{self.fused}_cost": cost,
            },
            {
                f"{self.fused}_bounds": f"[(k, i, min(i + {step}, {self.n})) for k, i in enumerate(range(0, {self.n}, {step}))]",
                f"{self.fused}_scratch": f"({''.join(f'({shape}, np.dtype({str(dtype)!r}), {planar}), ' for shape, dtype, planar in self.slots)})",
                f"{self.fused}_cost": f"{cost:.0f}",
            },
        )

    def results_in_order(self) -> list[Var]:
        return list(dict.fromkeys(v for v in self.jaxpr.outvars if type(v) is Var))

    # What is read and written

    def _find_last_uses(self) -> None:
        for position, eqn in enumerate(self.jaxpr.eqns):
            for var in eqn.outvars:
                source = eqn.invars[0]
                view = eqn.primitive.name == "reshape" and type(source) is Var
                view = view and var not in self.results  # those are copied to their place
                self.roots[var] = self.roots.get(source, source) if view else var  # type: ignore[arg-type, assignment]
                self.last_use[self.roots[var]] = position
            for atom in eqn.invars:
                if type(atom) is Var:
                    self.last_use[self.roots.get(atom, atom)] = position

    def _inputs(self) -> tuple[set[Var], set[Var]]:
        """The inputs of which a block reads its rows, and those of which it reads everything."""
        given = set(self.jaxpr.invars)
        sliced: dict[Var, None] = {}
        whole: dict[Var, None] = {}
        for eqn in self.jaxpr.eqns:
            for atom in eqn.invars:
                if atom in given:
                    (sliced if cut(atom, eqn, self.rows) else whole)[atom] = None  # type: ignore[index]
        self.whole = whole
        return dict.fromkeys(v for v in self.jaxpr.invars if v in sliced), whole  # type: ignore[return-value]

    def _is_partial(self, var: Var) -> bool:
        maker = next(eqn for eqn in self.jaxpr.eqns if var in eqn.outvars)
        return reduces_rows(maker, self.rows)

    def _rows_name(self, var: Var) -> str:
        return f"{self.name(var)}_"

    def _inner(self, var: Any) -> tuple[int, ...]:
        """The shape of one row."""
        return tuple(var.aval.shape[self.n_axes :])

    def _rows_per_block(self, n_arrays: int) -> int:
        """How many rows make a block, so that blocks are of equal size and fit into the cache."""
        row_bytes = sum(math.prod(shape) * dtype.itemsize for shape, dtype, _ in self.slots)
        row_bytes += n_arrays * self._widest() * 8
        rows = max(1, min(BLOCK // self._widest(), _CACHE_BYTES // row_bytes))
        return -(-self.n // max(1, round(self.n / rows)))

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
        partial = reduces_rows(eqn, self.rows)
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
        primitive = eqn.primitive
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
            self.lines.append(f"{target}[...] = {primitive.emit(operands, **eqn.params)}")  # type: ignore[misc]

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
            return self._whole_name(atom)  # type: ignore[arg-type]
        return self.place[atom]  # type: ignore[index]

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
            slot = self.slot_of.get(atom) if type(atom) is Var else None
            if slot is not None and self.last_use[atom] == position:  # type: ignore[index]
                if self._slot(atom) == self._slot(out):
                    del self.slot_of[atom]  # type: ignore[arg-type]
                    self.slot_of[out] = self.place[out] = slot
                    return slot
        return None

    def _release(self, position: int, eqn: Equation) -> None:
        for atom in dict.fromkeys((*eqn.invars, *eqn.outvars)):
            root = self.roots.get(atom) if type(atom) is Var else None
            if root is not None and self.last_use[root] == position and root in self.slot_of:
                self.free[self._slot(root)].append(self.slot_of.pop(root))

    # The two functions

    def _block_function(self, names: list[str]) -> str:
        head = f"def {self.fused}_block({', '.join(['k', 'i', 'j', 'scratch', *names])}):"
        slots = "".join(f"t{s + 1}, " for s in range(len(self.slots)))
        body = (
            [f"{slots}= scratch".replace(", =", " =" if len(self.slots) > 1 else ", =")]
            if slots
            else []
        )
        return "\n".join([head, *["    " + line for line in body + self.lines]]) + "\n"

    def _launcher(
        self, inputs: list[tuple[Var, bool]], outs: list[Var], partial: list[Var], n_blocks: int
    ) -> str:
        lines = []
        passed = []
        for var, cuts in inputs:
            shape = self._collapsed(var, cuts)
            name = self.name(var)
            name = name if shape == var.aval.shape else f"{name}.reshape({shape})"
            planar = not cuts and is_planar(shape[1:]) and var.aval.size > 64
            passed.append(f"in_planes({name})" if planar else name)
        for var in outs:
            name, kind = self.name(var), dtype_name(var.aval.dtype)
            k = self.jaxpr.outvars.index(var)
            fresh = f"empty({var.aval.shape}, np.dtype({kind}))"
            lines.append(f"{name} = out_{k}" if self.given[k] else f"{name} = {fresh}")
            collapsed = (self.n, *self._inner(var))
            passed.append(name if collapsed == var.aval.shape else f"{name}.reshape({collapsed})")
        for var in partial:
            shape = (n_blocks, *var.aval.shape)
            lines.append(f"{self.name(var)} = np.empty({shape}, {dtype_name(var.aval.dtype)})")
            passed.append(self.name(var))
        f = self.fused
        args = "".join(f"{name}, " for name in passed)
        lines.append(f"for_blocks({f}_block, {f}_bounds, {f}_scratch, ({args}), {f}_cost)")
        results = []
        for var in self.jaxpr.outvars:
            name = self.name(var)  # type: ignore[arg-type]
            if var in partial:
                maker = next(eqn for eqn in self.jaxpr.eqns if var in eqn.outvars)
                kind = (
                    f", dtype={dtype_name(var.aval.dtype)}" if var.aval.dtype.kind in "iu" else ""
                )
                name = f"np.{reduction_ufunc(maker).__name__}.reduce({name}{kind})"
            results.append(name)
        lines.append(f"return {', '.join(results)}{',' if len(results) == 1 else ''}")
        params = [self.name(v) for v in self.jaxpr.invars]
        params += [f"out_{k}" for k, given in enumerate(self.given) if given]
        head = f"def {f}({', '.join(params)}):"
        return "\n".join([head, *["    " + line for line in lines]]) + "\n"

    def _collapsed(self, var: Var, cuts: bool) -> tuple[int, ...]:
        """The shape of an input where the rows are one axis."""
        shape: tuple[int, ...] = var.aval.shape
        if cuts:
            return (self.n, *self._inner(var))
        while self.n_axes > 1 and shape and shape[0] == 1:
            shape = shape[1:]
        return shape

    def _whole_name(self, var: Var) -> str:
        return f"{self.name(var)}_all" if var in self.place else self.name(var)
