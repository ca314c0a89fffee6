"""`check_jaxpr`: whether a jaxpr is well formed."""

from __future__ import annotations

from typing import Any

from funcgrad.core.config import config
from funcgrad.core.errors import FuncgradError, JaxprError
from funcgrad.core.jaxpr import Jaxpr, Literal, Var, subjaxprs
from funcgrad.core.printer import Names, format_equation
from funcgrad.core.types import ShapedArray

_CONTEXT = 2


def check_jaxpr(jaxpr: Jaxpr, *, after: str = "") -> Jaxpr:
    """Validate types, scoping and single assignment; return the jaxpr.

    Raises:
        JaxprError: what is wrong, with the equations around it.

    >>> import funcgrad as fg
    >>> closed = fg.make_jaxpr(lambda x: x * 2.0)(1.0)
    >>> check_jaxpr(closed.jaxpr) is closed.jaxpr
    True
    """
    bound: set[Var] = set()
    for var in (*jaxpr.constvars, *jaxpr.invars):
        if var in bound:
            raise JaxprError(f"an input is bound twice{_after(after)}")
        bound.add(var)
    for position, eqn in enumerate(jaxpr.eqns):
        fault = _fault(eqn, bound)
        if fault:
            raise JaxprError(f"{fault}{_after(after)}\n{_surroundings(jaxpr, position)}")
        bound.update(eqn.outvars)
        for _, sub in subjaxprs(eqn.params):
            if sub.constvars:
                raise JaxprError(
                    f"a jaxpr inside of an equation has constants{_after(after)}\n{_surroundings(jaxpr, position)}"
                )
            check_jaxpr(sub, after=after)
    for atom in jaxpr.outvars:
        if type(atom) is Var and atom not in bound:
            raise JaxprError(f"an output is not bound{_after(after)}\n{jaxpr}")
    return jaxpr


def checked(jaxpr: Jaxpr, after: str) -> Jaxpr:
    """`check_jaxpr` in debug runs, nothing otherwise."""
    return check_jaxpr(jaxpr, after=after) if config.check_jaxprs else jaxpr


def _after(after: str) -> str:
    return f" after {after}" if after else ""


def _fault(eqn: Any, bound: set[Var]) -> str:
    for atom in eqn.invars:
        if type(atom) is Var and atom not in bound:
            return "a variable is read before it is bound"
        if type(atom) is not Var and type(atom) is not Literal:
            return f"an operand is neither variable nor literal: {atom!r}"
    for var in eqn.outvars:
        if var in bound:
            return "a variable is bound twice"
    try:
        out = eqn.primitive.abstract(*[a.aval for a in eqn.invars], **eqn.params)
    except FuncgradError as error:
        return f"the operands do not fit: {error}"
    expected = out if eqn.primitive.multiple_results else (out,)
    if len(expected) != len(eqn.outvars):
        return f"{len(eqn.outvars)} variables are bound to {len(expected)} results"
    for var, aval in zip(eqn.outvars, expected, strict=True):
        if not _same_type(var.aval, aval):
            return f"a variable of type {var.aval} is bound to a result of type {aval}"
    return ""


def _same_type(a: ShapedArray, b: ShapedArray) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype


def _surroundings(jaxpr: Jaxpr, position: int) -> str:
    first = max(0, position - _CONTEXT)
    names = _names_up_to(jaxpr, first)
    lines = []
    for i, eqn in enumerate(jaxpr.eqns[first : position + _CONTEXT + 1], first):
        mark = ">>> " if i == position else "    "
        lines += [mark + line for line in format_equation(eqn, names).split("\n")]
    return "\n".join(lines)


def _names_up_to(jaxpr: Jaxpr, position: int) -> Any:
    names = Names()
    for var in (*jaxpr.constvars, *jaxpr.invars):
        names(var)
    for eqn in jaxpr.eqns[:position]:
        for var in eqn.outvars:
            names(var)
    return names
