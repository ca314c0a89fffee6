"""Writing the equations of a jaxpr in C."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.compile.native.arrays import Array, row_major
from funcgrad.compile.native.expressions import C_TYPES, constant, expression
from funcgrad.core.jaxpr import Atom, Equation, Literal, Var

# Arrays live on the stack.
_MAX_ELEMENTS = 4096
_MAX_STACK = 1 << 17
# Larger products are left to BLAS.
MAX_PRODUCT = 30_000


class Unsupported(Exception):
    """An equation that is not written in C."""


class Writer:
    """The statements for equations, in order.

    Attributes:
        lines: the statements.
        scalars: the C expression of each 0-d variable.
        arrays: the memory of each other variable.
        helpers: functions that the statements call.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.scalars: dict[Var, str] = {}
        self.arrays: dict[Var, Array] = {}
        self.constants: list[str] = []
        self.helpers: set[str] = set()
        self.stack = 0
        self.count = 0

    def fresh(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def allocate(self, shape: Sequence[int], dtype: Any, *, declare: bool = True) -> Array:
        """A new array on the stack."""
        size = int(np.prod(shape, dtype=int))
        if size > _MAX_ELEMENTS or dtype not in C_TYPES:
            raise Unsupported
        self.stack += size * dtype.itemsize
        if self.stack > _MAX_STACK:
            raise Unsupported
        name = self.fresh("v")
        if declare:
            self.lines.append(f"{C_TYPES[dtype]} {name}[{max(1, size)}];")
        return Array(name, tuple(shape), row_major(shape), dtype)

    def scalar(self, atom: Atom) -> str:
        if type(atom) is Literal:
            return constant(np.asarray(atom.val)[()], atom.aval.dtype)
        return self.scalars[atom]

    def array(self, atom: Atom) -> Array:
        if type(atom) is not Literal:
            return self.arrays[atom]
        dtype = atom.aval.dtype
        values = np.asarray(atom.val, dtype).ravel()
        if values.size > _MAX_ELEMENTS or dtype not in C_TYPES:
            raise Unsupported
        name = self.fresh("c")
        numbers = ", ".join([constant(v, dtype) for v in values]) or "0"
        self.constants.append(
            f"static const {C_TYPES[dtype]} {name}[{max(1, values.size)}] = {{{numbers}}};"
        )
        return Array(name, atom.aval.shape, row_major(atom.aval.shape), dtype)

    def element(self, atom: Atom, shape: Sequence[int], indices: Sequence[str]) -> str:
        """An operand's element at a place of a result that it is broadcast to."""
        if not atom.aval.shape:
            return self.scalar(atom)
        array = self.array(atom)
        first = len(shape) - len(array.shape)
        dims = range(first, len(shape))
        return array.broadcast(shape, dims).at(indices)

    def loops(self, shape: Sequence[int], body: Callable[[list[str]], str]) -> None:
        """`body(indices)` for each place of a shape."""
        indices = [self.fresh("i") for _ in shape]
        heads = [
            f"for (int {i} = 0; {i} < {n}; {i}++)" for i, n in zip(indices, shape, strict=True)
        ]
        self.lines.append(" ".join([*heads, body(indices)]))

    def elementwise(self, eqn: Equation) -> None:
        form = expression(eqn) if len(eqn.outvars) == 1 else None
        if form is None:
            raise Unsupported
        (out,) = eqn.outvars
        if not out.aval.shape:
            self.define(out, form.format(*[self.scalar(a) for a in eqn.invars]))
            return
        target = self.arrays[out] = self.allocate(out.aval.shape, out.aval.dtype)
        self.fill(target, eqn.invars, form)

    def define(self, var: Var, text: str) -> None:
        """Bind a 0-d variable."""
        name = self.fresh("s")
        self.lines.append(f"const {C_TYPES[var.aval.dtype]} {name} = {text};")
        self.scalars[var] = name

    def fill(self, target: Array, operands: Sequence[Atom], form: str) -> None:
        """Compute an array element by element."""
        arrays = [self.array(a) if a.aval.shape else None for a in operands]
        if all(a is None or (a.shape == target.shape and a.is_contiguous) for a in arrays):
            i = self.fresh("i")
            values = [
                self.scalar(atom) if a is None else a.flat(i)
                for atom, a in zip(operands, arrays, strict=True)
            ]
            self.lines.append(
                f"for (int {i} = 0; {i} < {target.size}; {i}++) {target.flat(i)} = {form.format(*values)};"
            )
            return

        def body(indices: list[str]) -> str:
            values = []
            for atom, a in zip(operands, arrays, strict=True):
                if a is None:
                    values.append(self.scalar(atom))
                    continue
                first = len(target.shape) - len(a.shape)
                wide = a.broadcast(target.shape, range(first, len(target.shape)))
                values.append(wide.at(indices))
            return f"{target.at(indices)} = {form.format(*values)};"

        self.loops(target.shape, body)

    def copy(self, source: Array, target: Array) -> None:
        if source.is_contiguous and target.is_contiguous:
            i = self.fresh("i")
            text = f"{target.flat(i)} = {source.flat(i)};"
            self.lines.append(f"for (int {i} = 0; {i} < {target.size}; {i}++) {text}")
        else:
            self.loops(target.shape, lambda at: f"{target.at(at)} = {source.at(at)};")
