"""A `scan` as one C function."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.compile.costs import flops_of
from funcgrad.compile.native.arrays import Array, row_major
from funcgrad.compile.native.expressions import C_TYPES
from funcgrad.compile.native.library import compiler, load
from funcgrad.compile.native.statements import write_equations
from funcgrad.compile.native.writer import Unsupported, Writer
from funcgrad.core.config import config
from funcgrad.core.jaxpr import Jaxpr, Literal, Var
from funcgrad.core.types import ShapedArray

Loop = Callable[..., Sequence[Any]]

# A loop of as many equations, counted at each step, repays what the compiler takes.
_WORTH_COMPILING = 2_000
# Above this many operations per equation, NumPy is as fast as C.
_MOST_OPERATIONS = 30_000


def native_scan(
    body: Jaxpr, length: int, reverse: bool, num_consts: int, num_carry: int, slow: Loop
) -> Loop | None:
    """A function of constants, initial carry and inputs that runs the loop in C; None if NumPy does better.

    `slow` does the same, for when C cannot go on.
    """
    if not config.native_loops or length * len(body.eqns) < _WORTH_COMPILING or compiler() is None:
        return None
    if max([flops_of(e) for e in body.eqns], default=0) > _MOST_OPERATIONS:
        return None
    source = scan_source(body, length, reverse, num_consts, num_carry)
    function = load(source) if source is not None else None
    if function is None:
        return None
    return _Call(function, body, length, num_carry, slow)


def scan_source(
    body: Jaxpr, length: int, reverse: bool, num_consts: int, num_carry: int
) -> str | None:
    """The C source of a loop; None if its body has something that is not written in C."""
    try:
        return _source(body, length, reverse, num_consts, num_carry)
    except Unsupported:
        return None


def _source(body: Jaxpr, length: int, reverse: bool, num_consts: int, num_carry: int) -> str:
    if any(v.aval.dtype not in C_TYPES for v in (*body.invars, *body.outvars)):
        raise Unsupported
    carry = body.invars[num_consts : num_consts + num_carry]
    head = _before_the_loop(body, num_consts, carry)
    step = _step(body, head, num_consts, carry)
    tail = Writer()
    tail.count = step.count
    for j, var in enumerate(carry):
        if var.aval.shape:
            tail.copy(head.arrays[var], _array(f"out{j}", var.aval))
        else:
            tail.lines.append(f"out{j}[0] = {head.scalars[var]};")
    times = f"t = {length - 1}; t >= 0; t--" if reverse else f"t = 0; t < {length}; t++"
    lines = [
        "#include <math.h>",
        "#include <stdint.h>",
        "",
        *[text for helper in sorted(step.helpers) for text in (helper, "")],
        *step.constants,
        "int loop(const void *const *in, void *const *out) {",
        *["    " + line for line in head.lines],
        f"    for (int {times}) {{",
        *["        " + line for line in step.lines],
        "    }",
        *["    " + line for line in tail.lines],
        "    return 0;",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _array(name: str, aval: ShapedArray) -> Array:
    return Array(name, aval.shape, row_major(aval.shape), aval.dtype)


def _before_the_loop(body: Jaxpr, num_consts: int, carry: Sequence[Var]) -> Writer:
    """Name what is given, and copy the initial carry."""
    head = Writer()
    for i, var in enumerate(body.invars):
        head.lines.append(f"const {C_TYPES[var.aval.dtype]} *restrict in{i} = in[{i}];")
        if i >= num_consts:
            continue
        if var.aval.shape:
            head.arrays[var] = _array(f"in{i}", var.aval)
        else:
            head.scalars[var] = f"in{i}[0]"
    for i, var in enumerate(carry, num_consts):
        if var.aval.shape:
            array = head.arrays[var] = head.allocate(var.aval.shape, var.aval.dtype)
            head.copy(_array(f"in{i}", var.aval), array)
        else:
            name = head.scalars[var] = head.fresh("s")
            head.lines.append(f"{C_TYPES[var.aval.dtype]} {name} = in{i}[0];")
    for j, out in enumerate(body.outvars):
        head.lines.append(f"{C_TYPES[out.aval.dtype]} *restrict out{j} = out[{j}];")
    return head


def _step(body: Jaxpr, head: Writer, num_consts: int, carry: Sequence[Var]) -> Writer:
    """What is done at each step `t`."""
    step = Writer()
    step.count, step.stack = head.count, head.stack
    step.arrays.update(head.arrays)
    step.scalars.update(head.scalars)
    first = num_consts + len(carry)
    for i, var in enumerate(body.invars[first:], first):
        if var.aval.shape:
            kind, size = C_TYPES[var.aval.dtype], var.aval.size
            step.lines.append(f"const {kind} *x{i} = in{i} + (int64_t)t * {size};")
            step.arrays[var] = _array(f"x{i}", var.aval)
        else:
            step.scalars[var] = f"in{i}[t]"
    write_equations(step, body.eqns)
    for j, out in enumerate(body.outvars[len(carry) :], len(carry)):
        if out.aval.shape:
            kind, size = C_TYPES[out.aval.dtype], out.aval.size
            row = step.fresh("row")
            step.lines.append(f"{kind} *{row} = out{j} + (int64_t)t * {size};")
            step.copy(step.array(out), _array(row, out.aval))
        else:
            step.lines.append(f"out{j}[t] = {step.scalar(out)};")
    _rebind(step, carry, body.outvars[: len(carry)])
    return step


def _rebind(step: Writer, carry: Sequence[Any], outs: Sequence[Any]) -> None:
    """Make the next carry the carry; values that others still need are copied first."""
    pairs = [(v, o) for v, o in zip(carry, outs, strict=True) if v is not o]
    sources: list[Any] = []
    for _, out in pairs:
        swapped = type(out) is not Literal and any(out is v for v in carry)
        if not out.aval.shape:
            text = step.scalar(out)
            if swapped:
                name = step.fresh("s")
                step.lines.append(f"const {C_TYPES[out.aval.dtype]} {name} = {text};")
                text = name
            sources.append(text)
            continue
        array = step.array(out)
        # A view might show the carry that is written over.
        if swapped or any(array.pointer == step.arrays[v].pointer for v in carry if v.aval.shape):
            copy = step.allocate(array.shape, array.dtype)
            step.copy(array, copy)
            array = copy
        sources.append(array)
    for (var, _), source in zip(pairs, sources, strict=True):
        if var.aval.shape:
            step.copy(source, step.arrays[var])
        else:
            step.lines.append(f"{step.scalars[var]} = {source};")


class _Call:
    """The C function as one of arrays."""

    def __init__(self, function: Any, body: Jaxpr, length: int, num_carry: int, slow: Loop) -> None:
        self.function = function
        self.slow = slow
        self.in_dtypes = [v.aval.dtype for v in body.invars]
        self.n_in = len(body.invars)
        self.outs = [
            (v.aval.shape if j < num_carry else (length, *v.aval.shape), v.aval.dtype)
            for j, v in enumerate(body.outvars)
        ]

    def __call__(self, *args: Any) -> Sequence[Any]:
        inputs = [
            np.ascontiguousarray(x, dtype) for x, dtype in zip(args, self.in_dtypes, strict=True)
        ]
        outs = [np.empty(shape, dtype) for shape, dtype in self.outs]
        in_pointers = (ctypes.c_void_p * max(1, self.n_in))(*[x.ctypes.data for x in inputs])
        out_pointers = (ctypes.c_void_p * max(1, len(outs)))(*[x.ctypes.data for x in outs])
        if self.function(in_pointers, out_pointers):
            return self.slow(*args)
        return [x if x.ndim else x[()] for x in outs]
