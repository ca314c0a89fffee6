"""Emission: from a jaxpr to straight-line NumPy source, one line per equation.

0-d float64 and bool values become Python's (see `scalars`), arrays NumPy's, written into the memory that
the buffer plan gives. A program never shares memory with its caller: results are fresh arrays.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.compile import scalars
from funcgrad.compile.blas_threads import blas_use, limit_blas, release_blas
from funcgrad.compile.buffers import Plan, plan_buffers
from funcgrad.compile.constants import dtype_name
from funcgrad.compile.emitters import (
    EMITTERS,
    PORTABLE,
    PORTABLE_STATEMENTS,
    STATEMENTS,
    WRITERS,
    out_argument,
    reduction_ufunc,
)
from funcgrad.compile.kernel import KernelWriter
from funcgrad.compile.memory import LARGE_BYTES, empty
from funcgrad.compile.operands import PYTHON, RESERVED, SCALAR, Definitions, Operands
from funcgrad.compile.products import dot, is_shared, product
from funcgrad.compile.runtime import claim, ignore_errors, in_planes, own, restore_errors
from funcgrad.compile.source import ProgramSource
from funcgrad.compile.storage import is_plain_ufunc, storage_of
from funcgrad.compile.threads import for_blocks
from funcgrad.core.jaxpr import Equation, Jaxpr, Literal, Var
from funcgrad.core.printer import Names
from funcgrad.ops.blas import dot_plan

_SCALAR_RESULTS = frozenset({"reduction", "contraction"})


def emit(
    jaxpr: Jaxpr,
    *,
    python: bool = True,
    careful: Callable[..., Any] | None = None,
    name: str = "program",
    donated: frozenset[Var] = frozenset(),
    transplant: Definitions | None = None,
) -> ProgramSource:
    """The source of a jaxpr without constants.

    Args:
        python: whether 0-d values are Python numbers.
        careful: what is called instead if Python raises an error on them.
        donated: inputs whose memory the program may write to.
        transplant: takes what the source needs of funcgrad, for source that runs without it.
    """
    emitter = Emitter(jaxpr, python, careful, name, donated)
    if transplant is not None:
        emitter.transplant = transplant
        transplant.begin(emitter)
    return emitter.run()


class Emitter(Operands):
    """Writes one program."""

    def __init__(
        self,
        jaxpr: Jaxpr,
        python: bool,
        careful: Callable[..., Any] | None,
        name: str,
        donated: frozenset[Var],
    ) -> None:
        self.jaxpr = jaxpr
        self.python = python and not jaxpr.effects
        super().__init__(ProgramSource(name))
        self.source.globals = {
            "np": np,
            "math": math,
            "own": own,
            "claim": claim,
            "in_planes": in_planes,
            "empty": empty,
            "for_blocks": for_blocks,
            "careful": careful,
            "ignore_errors": ignore_errors,
            "restore_errors": restore_errors,
            "product": product,
            "limit_blas": limit_blas,
            "release_blas": release_blas,
        }
        self.donated = donated
        self.plan: Plan = plan_buffers(jaxpr, storage_of, donated)

    def nest(self, outer: Emitter) -> None:
        """Share globals and the functions that are written with the program around this one."""
        mine, source = self.source, outer.source
        mine.globals, mine.constants, mine.notes = source.globals, source.constants, source.notes
        mine.functions = source.functions
        self.transplant = outer.transplant

    def part(self, jaxpr: Jaxpr) -> str:
        """Write a function for a jaxpr inside of an equation, next to the program; its name."""
        emitter = Emitter(jaxpr, False, None, "", frozenset())
        emitter.nest(self)
        return emitter.run().place("part")

    # Statements

    def run(self) -> ProgramSource:
        used = {a for eqn in self.jaxpr.eqns for a in eqn.invars}
        used.update(self.jaxpr.outvars)
        for var in self.jaxpr.invars:
            name = self.name(var)
            self.source.params.append(name)
            if not var.aval.shape and var in used:
                self._enter(var, name)
        arrays = [self.name(v) for v in self.jaxpr.invars if v.aval.shape]
        for var in self.jaxpr.invars:
            if var in self.donated and var.aval.shape:
                name = self.name(var)
                others = [other for other in arrays if other != name]
                self.source.add(f"{name} = claim({', '.join([name, *others])})")
        for i, eqn in enumerate(self.jaxpr.eqns):
            for line in self.equation(i, eqn):
                self.source.add(line, eqn.source)
            for line in self.deletion(i):
                self.source.add(line)
        self.source.results = self._results()
        return self.source

    def deletion(self, i: int) -> list[str]:
        """The statement that lets go of what no equation behind this one needs."""
        dead = self.plan.dead.get(i)
        return ["del " + ", ".join(dict.fromkeys(self.name(v) for v in dead))] if dead else []

    def _enter(self, var: Var, name: str) -> None:
        """Make an 0-d input, which may be a Python number, a NumPy scalar or a 0-d array, of one kind."""
        if self.python and var.aval.dtype == scalars.FLOAT:
            self.source.add(f"{name} = float({name})")
            self.kinds[var] = PYTHON
        else:
            self.source.add(f"{name} = {dtype_name(var.aval.dtype)}({name})")
            self.kinds[var] = SCALAR

    def equation(self, i: int, eqn: Equation) -> list[str]:
        """The statements of an equation."""
        self.source.blas.add(blas_use(eqn))
        if len(eqn.outvars) == 1 and not eqn.primitive.multiple_results:
            (out,) = eqn.outvars
            if not out.aval.shape:
                expression = self._scalar_expression(eqn, out)
                if expression is not None:
                    return [f"{self.name(out)} = {expression}"]
                self.kinds[out] = SCALAR
            self.source.quiet = True
            if out.aval.shape:
                statements = self._statements(i, eqn, out)
                if statements is not None:
                    return statements
            expression = self._array_expression(i, eqn, out)
            if not out.aval.shape and not gives_scalar(eqn):
                expression = f"({expression})[()]"
            return [f"{self.name(out)} = {expression}"]
        self.source.quiet = True
        targets = ", ".join(self.name(v) for v in eqn.outvars) or "_"
        comma = "," if len(eqn.outvars) == 1 else ""
        scalar = [v for v in eqn.outvars if not v.aval.shape]
        self.kinds.update(dict.fromkeys(scalar, SCALAR))
        if eqn.primitive.name == "fused":
            return [f"{targets}{comma} = {self._fused(i, eqn)}"]
        # A 0-d array might be a view of an array that is written to later.
        settled = [f"{self.name(v)} = {self.name(v)}[()]" for v in scalar]
        return [f"{targets}{comma} = {self._call(eqn)}", *settled]

    def _statements(self, i: int, eqn: Equation, out: Var) -> list[str] | None:
        """The statements of an equation that is more than one."""
        name = eqn.primitive.name
        write = STATEMENTS.get(name)
        if write is None and self.transplant is not None:
            write = PORTABLE_STATEMENTS.get(name)
        if write is None:
            return None
        names = [self.value(a) for a in eqn.invars]
        return write(eqn, names, self.name(out), (i, 0) in self.plan.outs)

    def _scalar_expression(self, eqn: Equation, out: Var) -> str | None:
        avals = [a.aval for a in eqn.invars]
        if any(a.shape for a in avals):
            return None
        dtypes = {a.dtype for a in avals}
        ufunc = eqn.primitive.ufunc
        if self.python and (dtypes <= {scalars.FLOAT, scalars.BOOL} or dtypes == scalars.MIXED):
            form = self._python_form(eqn, out, dtypes)
            if form is not None:
                self.kinds[out] = PYTHON
                if "/" in form or "math." in form:
                    self.source.guarded = True
                read = self.scalar if dtypes != scalars.MIXED else self.as_float
                return form.format(*[read(a) for a in eqn.invars])
        alike = len(dtypes) == 1 and scalars.BOOL not in dtypes
        if not alike or ufunc not in scalars.OPERATORS or eqn.params:
            return None
        if any(type(a) is Var and self.kinds.get(a) is not SCALAR for a in eqn.invars):
            return None
        self.kinds[out] = SCALAR
        self.source.quiet = True
        return scalars.OPERATORS[ufunc].format(*[self.number(a) for a in eqn.invars])

    def _python_form(self, eqn: Equation, out: Var, dtypes: set[Any]) -> str | None:
        if out.aval.dtype not in (scalars.FLOAT, scalars.BOOL):
            return None
        form = scalars.PYTHON_BY_NAME.get(eqn.primitive.name)
        if form is not None:
            return form
        if eqn.primitive.name == "convert_element_type":
            return "float({})" if out.aval.dtype == scalars.FLOAT else "bool({})"
        if eqn.params or eqn.primitive.ufunc is None:
            return None
        if dtypes == {scalars.BOOL}:
            return (
                scalars.BOOLEAN.get(eqn.primitive.ufunc) if out.aval.dtype == scalars.BOOL else None
            )
        return scalars.PYTHON.get(eqn.primitive.ufunc)

    def _array_expression(self, i: int, eqn: Equation, out: Var) -> str:
        primitive = eqn.primitive
        if is_plain_ufunc(eqn):
            dtypes = {a.aval.dtype for a in eqn.invars}
            operands = [self.operand(a, dtypes, out.aval.size) for a in eqn.invars]
            target = self.plan.outs.get((i, 0))
            if target is not None:
                operands.append(out_argument(primitive.ufunc, self.name(target)))
            elif out.aval.nbytes >= LARGE_BYTES:
                kind = dtype_name(out.aval.dtype)
                fresh = f"empty({out.aval.shape}, np.dtype({kind}))"
                operands.append(out_argument(primitive.ufunc, fresh))
            if not out.aval.shape:
                self.kinds[out] = SCALAR
            return f"{self.function(primitive.ufunc)}({', '.join(operands)})"
        entry = EMITTERS.get(primitive.name)
        if primitive.emit is not None:
            return str(primitive.emit([self.value(a) for a in eqn.invars], **eqn.params))
        if entry is not None:
            expression = entry[1](eqn, [self.value(a) for a in eqn.invars])
            if expression is not None:
                return expression
        if self.transplant is not None and primitive.name in PORTABLE:
            expression = PORTABLE[primitive.name](eqn, [self.value(a) for a in eqn.invars])
            if expression is not None:
                return expression
        return self._call(eqn)

    def _fused(self, i: int, eqn: Equation) -> str:
        """A call of the functions of a cluster, which are written too."""
        jaxpr, rows = eqn.params["jaxpr"], eqn.params["rows"]
        name = f"cluster_{len(self.source.functions) + 1}"
        letters = Names()

        def letter(var: Var) -> str:
            text = letters(var)
            return text + "_" if text in RESERVED else text.upper() if text in "ijk" else text

        for var in jaxpr.invars:
            letter(var)
        writer = KernelWriter(name, jaxpr, rows, letter, self.function, self.constant)
        taken = [self.plan.outs.get((i, k)) for k in range(len(eqn.outvars))]
        kernel = writer.write([target is not None for target in taken])
        self.source.functions.append(kernel.text)
        self.source.globals.update(kernel.globals)
        self.source.notes.update(kernel.notes)
        operands = [self.value(a) for a in eqn.invars]
        operands += [f"out_{k}={self.name(v)}" for k, v in enumerate(taken) if v is not None]
        return f"{name}({', '.join(operands)})"

    def _call(self, eqn: Equation) -> str:
        write = WRITERS.get(eqn.primitive.name)
        operands = [self.value(a) for a in eqn.invars]
        if write is None and self.transplant is not None:
            return self.transplant.call(self, eqn, operands)
        name = self._callee(eqn) if write is None else write(self, eqn)
        return f"{name}({', '.join(operands)})"

    def _callee(self, eqn: Equation) -> str:
        """A global that computes an equation."""
        primitive = eqn.primitive
        items = tuple(eqn.params.items())
        try:
            key: Any = ("call", primitive, items)
            name = self.source.constants.get(key)
        except TypeError:  # a param that cannot be hashed
            key, name = ("call", id(eqn)), None
        if name is None:
            impl = primitive.impl
            if primitive.name == "dot_general" and is_shared(eqn):
                x, y = [a.aval.ndim for a in eqn.invars]
                impl = dot_plan(eqn.params["dimension_numbers"], x, y, dot)
            elif items:
                impl = functools.partial(impl, **eqn.params)
            note = f"{primitive.name}[{', '.join(f'{k}={_short(v)}' for k, v in items)}]"
            name = self.source.constants[key] = self.source.bind(impl, primitive.name, note)
        return name

    def _results(self) -> list[str]:
        returned: set[Var] = set()
        inputs = [v for v in self.jaxpr.invars if v.aval.shape]
        results = []
        for atom in self.jaxpr.outvars:
            aval = atom.aval
            if type(atom) is Literal:
                name = self.constant(atom.val, aval)
                results.append(f"{name}.copy()" if aval.shape else f"{name}[()]")
            elif not aval.shape:
                name = self.name(atom)
                scalar = self.kinds.get(atom) is SCALAR
                results.append(name if scalar else f"{dtype_name(aval.dtype)}({name})")
            else:
                root = self.plan.roots[atom]
                again = root in returned
                name = self.name(atom)
                if root in self.plan.owned and not again:
                    results.append(name)
                elif again or root in inputs:
                    results.append(f"{name}.copy()")
                else:
                    same = [self.name(v) for v in inputs if v.aval.shape == aval.shape]
                    results.append(f"own({', '.join([name, *same])})")
                returned.add(root)
        return results


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) < 40 else "..."


def gives_scalar(eqn: Equation) -> bool:
    """Whether the statement of an equation with a 0-d result gives a NumPy scalar for certain."""
    if is_plain_ufunc(eqn) or eqn.primitive.properties & _SCALAR_RESULTS:
        return True
    return reduction_ufunc(eqn) is not None or eqn.primitive.name == "reshape"
