"""Source of a cluster: a function that computes one block of rows, and one that runs it over all.

Sums over all rows are taken per block (pairwise within it) and then over the blocks, so they are as
accurate as NumPy's, and do not depend on the number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from funcgrad.compile.block import BlockWriter, is_planar
from funcgrad.compile.costs import cost_of
from funcgrad.compile.emitters import dtype_name, reduction_ufunc
from funcgrad.core.jaxpr import Var

# Elements of the largest array of a block. Larger blocks spend less time between NumPy calls, where
# threads wait for each other; smaller ones leave room in the second-level cache for many arrays.
BLOCK = 32768
_CACHE_BYTES = 1_250_000


class Kernel(NamedTuple):
    """The two functions of a cluster as text, and what they refer to."""

    text: str
    globals: dict[str, Any]
    notes: dict[str, str]


class KernelWriter(BlockWriter):
    """Writes the two functions of one cluster."""

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
        names = [f"{self.fused}_bounds", f"{self.fused}_scratch", f"{self.fused}_cost"]
        slots = [
            f"({shape}, np.dtype({str(dtype)!r}), {planar}), "
            for shape, dtype, planar in self.slots
        ]
        rows = f"enumerate(range(0, {self.n}, {step}))"
        notes = [
            f"[(k, i, min(i + {step}, {self.n})) for k, i in {rows}]",
            f"({''.join(slots)})",
            f"{cost:.0f}",
        ]
        values = [bounds, tuple(self.slots), cost]
        return Kernel(
            text, dict(zip(names, values, strict=True)), dict(zip(names, notes, strict=True))
        )

    def _rows_per_block(self, n_arrays: int) -> int:
        """How many rows make a block, so that blocks are of equal size and fit into the cache."""
        row_bytes = sum(math.prod(shape) * dtype.itemsize for shape, dtype, _ in self.slots)
        row_bytes += n_arrays * self._widest() * 8
        rows = max(1, min(BLOCK // self._widest(), _CACHE_BYTES // row_bytes))
        return -(-self.n // max(1, round(self.n / rows)))

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
        for atom in self.jaxpr.outvars:
            assert type(atom) is Var
            name = self.name(atom)
            if atom in partial:
                maker = next(eqn for eqn in self.jaxpr.eqns if atom in eqn.outvars)
                kind = (
                    f", dtype={dtype_name(atom.aval.dtype)}" if atom.aval.dtype.kind in "iu" else ""
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
