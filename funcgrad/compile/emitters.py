"""How primitives that are no ufuncs are written in NumPy: the table of emission.

An entry takes the equation and its operands' names and gives an expression, or None to leave the
equation to the primitive's `impl`. What is not in the table and has no `emit` of its own becomes a
call of `impl`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.compile.buffers import FRESH, VIEW
from funcgrad.compile.constants import dtype_name
from funcgrad.compile.memory import LARGE_BYTES
from funcgrad.compile.products import is_shared
from funcgrad.core.jaxpr import Equation
from funcgrad.ops.gather import natural_position

Emitter = Callable[[Equation, Sequence[str]], str | None]
EMITTERS: dict[str, tuple[str, Emitter]] = {}
# The ufuncs behind reductions, whose params are `axes` alone.
REDUCTIONS: dict[str, Any] = {
    "reduce_sum": np.add,
    "reduce_prod": np.multiply,
    "reduce_max": np.maximum,
    "reduce_min": np.minimum,
    "reduce_and": np.logical_and,
    "reduce_or": np.logical_or,
}


def emitter(storage: str, *names: str) -> Callable[[Emitter], Emitter]:
    def register(function: Emitter) -> Emitter:
        for name in names:
            EMITTERS[name] = (storage, function)
        return function

    return register


def out_argument(ufunc: Any, target: str) -> str:
    """The memory for a result as an argument; by position, which is faster, where NumPy allows that."""
    return f"out={target}" if ufunc in (np.maximum, np.minimum) else target


def reduction_ufunc(eqn: Equation) -> Any:
    """The ufunc whose `reduce` an equation is, None for others."""
    ufunc = REDUCTIONS.get(eqn.primitive.name)
    return ufunc if ufunc is not None and set(eqn.params) == {"axes"} else None


@emitter(VIEW, "reshape")
def _reshape(eqn: Equation, names: Sequence[str]) -> str | None:
    shape = eqn.outvars[0].aval.shape
    if not shape:  # a scalar, not a 0-d view
        return f"{names[0]}[{', '.join('0' * eqn.invars[0].aval.ndim) or '()'}]"
    return f"{names[0]}.reshape({shape[0] if len(shape) == 1 else shape})"


@emitter(VIEW, "transpose")
def _transpose(eqn: Equation, names: Sequence[str]) -> str | None:
    permutation = eqn.params["permutation"]
    if permutation == tuple(range(len(permutation)))[::-1]:
        return f"{names[0]}.T"
    return f"{names[0]}.transpose({permutation})"


def spread_index(eqn: Equation) -> str:
    """`[:, None]`: the index that puts the axes of a broadcast's operand where they belong."""
    dims = eqn.params["broadcast_dimensions"]
    if not dims or dims == tuple(
        range(len(eqn.params["shape"]) - len(dims), len(eqn.params["shape"]))
    ):
        return ""
    parts = [":" if d in dims else "None" for d in range(dims[0], len(eqn.params["shape"]))]
    return f"[{', '.join(parts)}]"


@emitter(FRESH, "broadcast_in_dim")
def _broadcast(eqn: Equation, names: Sequence[str]) -> str | None:
    shape, dtype = eqn.outvars[0].aval.shape, eqn.outvars[0].aval.dtype
    operand = eqn.invars[0]
    sizes = shape[0] if len(shape) == 1 else shape
    if operand.aval.shape == ():
        value = getattr(operand, "val", None)
        kind = "" if dtype == np.dtype(float) else f", {dtype_name(dtype)}"
        if value is not None and value == 0 and not np.signbit(np.real(value)):
            return f"np.zeros({sizes}{kind})"
        if value is not None and value == 1:
            return f"np.ones({sizes}{kind})"
        return f"np.full({sizes}, {names[0]}{kind})"
    return f"np.broadcast_to({names[0]}{spread_index(eqn)}, {shape}).copy()"


@emitter(FRESH, "convert_element_type")
def _convert(eqn: Equation, names: Sequence[str]) -> str | None:
    old, new = eqn.invars[0].aval, eqn.outvars[0].aval
    if old.dtype.kind == "c" and new.dtype.kind not in "cb":
        return f"{names[0]}.real.astype({dtype_name(new.dtype)})"
    return f"{names[0]}.astype({dtype_name(new.dtype)})"


@emitter(FRESH, *REDUCTIONS)
def _reduce(eqn: Equation, names: Sequence[str]) -> str | None:
    ufunc = reduction_ufunc(eqn)
    if ufunc is None:
        return None
    axes, x, out = eqn.params["axes"], eqn.invars[0].aval, eqn.outvars[0].aval
    axis: Any = axes[0] if len(axes) == 1 else None if len(axes) == len(x.shape) else axes
    # Of small integers and booleans NumPy makes int64 unless told otherwise.
    widens = out.dtype.kind in "biu" and ufunc in (np.add, np.multiply)
    kind = f", dtype={dtype_name(out.dtype)}" if widens else ""
    default = "" if axis == 0 else f", axis={axis}"
    return f"np.{ufunc.__name__}.reduce({names[0]}{default}{kind})"


@emitter(VIEW, "getitem")
def _getitem(eqn: Equation, names: Sequence[str]) -> str | None:
    return f"{names[0]}[{index_text(eqn.params['index'])}]"


def index_text(index: Any) -> str:
    """A basic index as Python writes it."""
    if not index:
        return "()"
    return ", ".join([_entry_text(entry) for entry in index])


def _entry_text(entry: Any) -> str:
    if entry is None or type(entry) is int:
        return str(entry)
    start, stop, step = entry
    stop_text = "" if stop < 0 else str(stop)
    return f"{start or ''}:{stop_text}" + (f":{step}" if step != 1 else "")


@emitter(FRESH, "dot_general")
def _dot(eqn: Equation, names: Sequence[str]) -> str | None:
    (left, right), (left_batch, right_batch) = eqn.params["dimension_numbers"]
    x, y = (a.aval.ndim for a in eqn.invars)
    if len(left) != 1:
        return None
    out = eqn.outvars[0].aval
    place = (
        f", empty({out.shape}, np.dtype({dtype_name(out.dtype)}))"
        if out.nbytes >= LARGE_BYTES
        else ""
    )
    if not left_batch and x <= 2 and y <= 2:
        first = f"{names[0]}.T" if x == 2 and left == (0,) else names[0]
        second = f"{names[1]}.T" if y == 2 and right == (1,) else names[1]
        if out.ndim and is_shared(eqn):
            if x == 1:
                first, second = names[1] if right == (1,) else f"{names[1]}.T", names[0]
            return f"product({first}, {second})"
        return f"{first}.dot({second}{place})"
    batch = tuple(range(len(left_batch)))
    n = len(batch)
    real = out.dtype.kind != "c"  # np.vecdot conjugates
    if real and n and (left_batch, right_batch) == (batch, batch) and x == y == n + 1:
        return f"np.vecdot({names[0]}, {names[1]})"
    if not n or (left_batch, right_batch) != (batch, batch) or x != n + 2 or y != n + 2:
        return None
    first = f"{names[0]}.swapaxes({n}, {n + 1})" if left == (n,) else names[0]
    second = f"{names[1]}.swapaxes({n}, {n + 1})" if right == (n + 1,) else names[1]
    if is_shared(eqn):
        return f"product({first}, {second})"
    return f"np.matmul({first}, {second}{place})"


def portable_dot(eqn: Equation, names: Sequence[str]) -> str:
    """Any contraction as a product of matrices, for exported source. (Runs use the primitive's own plan.)"""
    (left, right), (left_batch, right_batch) = eqn.params["dimension_numbers"]
    x, y = eqn.invars[0].aval.shape, eqn.invars[1].aval.shape
    left_free = tuple([d for d in range(len(x)) if d not in left + left_batch])
    right_free = tuple([d for d in range(len(y)) if d not in right + right_batch])
    batch = tuple([x[d] for d in left_batch])
    m, n = math.prod([x[d] for d in left_free]), math.prod([y[d] for d in right_free])
    k = math.prod([x[d] for d in left])
    first = f"{names[0]}.transpose({left_batch + left_free + left}).reshape({(*batch, m, k)})"
    second = f"{names[1]}.transpose({right_batch + right + right_free}).reshape({(*batch, k, n)})"
    shape = eqn.outvars[0].aval.shape
    product = f"np.matmul({first}, {second})"
    return f"{product}.reshape({shape})" if shape else f"{product}[0, 0]"


def _array_index(eqn: Equation, indices: Sequence[str]) -> list[str] | None:
    """The entries of an index with arrays; None if NumPy puts their axes elsewhere than the equation does."""
    axes, position = eqn.params["axes"], eqn.params["position"]
    if position != natural_position(axes):
        return None
    entries = [":"] * (axes[-1] + 1)
    for axis, index in zip(axes, indices, strict=True):
        entries[axis] = index
    return entries


def _portable_gather(eqn: Equation, names: Sequence[str]) -> str | None:
    entries = _array_index(eqn, names[1:])
    return None if entries is None else f"{names[0]}[{', '.join(entries)}]"


# What is written in exported source only, where the primitive's own code would be longer.
PORTABLE: dict[str, Emitter] = {
    "dot_general": portable_dot,
    "gather": _portable_gather,
    "stack": lambda eqn, names: (
        f"np.stack(({', '.join(names)},), axis={eqn.params['dimension']}, "
        f"dtype={dtype_name(eqn.outvars[0].aval.dtype)})"
    ),
    "concatenate": lambda eqn, names: (
        f"np.concatenate(({', '.join(names)},), axis={eqn.params['dimension']})"
        if set(eqn.params) == {"dimension"}
        else None
    ),
}


# Primitives that become several statements: they get the result's name, and whether it may be written over
# the first operand.
Statements = Callable[[Equation, Sequence[str], str, bool], list[str] | None]


def _embed(eqn: Equation, names: Sequence[str], out: str, over: bool) -> list[str]:
    aval = eqn.outvars[0].aval
    kind = "" if aval.dtype == np.dtype(float) else f", {dtype_name(aval.dtype)}"
    sizes = aval.shape[0] if len(aval.shape) == 1 else aval.shape
    index = index_text(eqn.params["index"])
    return [f"{out} = np.zeros({sizes}{kind})", f"{out}[{index}] = {names[0]}"]


def _update(operator: str) -> Statements:
    def update(eqn: Equation, names: Sequence[str], out: str, over: bool) -> list[str]:
        target = names[0] if over else f"{names[0]}.copy()"
        index = index_text(eqn.params["index"])
        return [f"{out} = {target}", f"{out}[{index}] {operator} {names[1]}"]

    return update


def _portable_scatter(ufunc: str) -> Statements:
    def scatter(eqn: Equation, names: Sequence[str], out: str, over: bool) -> list[str] | None:
        entries = _array_index(eqn, names[2:])
        if entries is None:
            return None
        first = f"{out} = {names[0]}.copy()"
        if not ufunc:
            return [first, f"{out}[{', '.join(entries)}] = {names[1]}"]
        entries = ["slice(None)" if entry == ":" else entry for entry in entries]
        index = entries[0] if len(entries) == 1 else f"({', '.join(entries)})"
        return [first, f"np.{ufunc}.at({out}, {index}, {names[1]})"]

    return scatter


STATEMENTS: dict[str, Statements] = {
    "embed": _embed,
    "setitem": _update("="),
    "additem": _update("+="),
}
# Those of exported source only.
PORTABLE_STATEMENTS: dict[str, Statements] = {
    "scatter": _portable_scatter(""),
    "scatter_add": _portable_scatter("add"),
    "scatter_mul": _portable_scatter("multiply"),
    "scatter_min": _portable_scatter("minimum"),
    "scatter_max": _portable_scatter("maximum"),
}
# Those that update their first operand.
UPDATES = frozenset({"setitem", "additem"})


# Primitives whose equations become functions of their own (loops): `write(emitter, eqn) -> name`.
WRITERS: dict[str, Callable[[Any, Equation], str]] = {}
