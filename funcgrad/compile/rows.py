"""Rows: how the equations of a cluster cut their operands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from funcgrad.compile.emitters import reduction_ufunc
from funcgrad.core.jaxpr import Equation

# The lengths of the leading axes along which arrays are cut into blocks.
Rows = tuple[int, ...]


def is_elementwise(eqn: Equation) -> bool:
    """Whether an equation can be computed element by element, by a ufunc or an expression."""
    primitive = eqn.primitive
    if not primitive.elementwise or len(eqn.outvars) != 1 or eqn.effects:
        return False
    if primitive.ufunc is not None and not eqn.params:
        return bool(primitive.ufunc.nout == 1)
    return primitive.emit is not None or primitive.name == "convert_element_type"


def spans(shape: Sequence[int], rows: Rows) -> bool:
    """Whether an array has the rows as leading axes."""
    return tuple(shape[: len(rows)]) == rows


def cut(atom: Any, eqn: Equation, rows: Rows) -> bool:
    """Whether a member of a cluster reads the rows of an operand that are its turn, not all of it."""
    shape = atom.aval.shape
    if not is_elementwise(eqn):
        return spans(shape, rows)
    return len(shape) == len(eqn.outvars[0].aval.shape) and spans(shape, rows)


def reduces_rows(eqn: Equation) -> bool:
    """Whether an equation is a reduction over all rows."""
    return reduction_ufunc(eqn) is not None and 0 in eqn.params["axes"]
