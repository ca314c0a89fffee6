"""Constant folding: equations on literals only are computed at compile time."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.compile.rewrite import Rewriter, rewrite
from funcgrad.core.jaxpr import Atom, Equation, Jaxpr, Literal

# Larger constants are made when the program runs, so that programs stay small.
_MAX_SIZE = 1024


def fold(jaxpr: Jaxpr) -> Jaxpr:
    """Replace equations without variables by their small values."""
    return rewrite(jaxpr, {"*": [fold_equation]})


def fold_equation(rewriter: Rewriter, eqn: Equation) -> Atom | None:
    """f(constants) -> constant"""
    out = eqn.outvars[0].aval
    if eqn.effects or eqn.primitive.effects or "random" in eqn.primitive.properties:
        return None
    if eqn.primitive.multiple_results:
        return None
    for atom in eqn.invars:
        if type(atom) is not Literal or atom.aval.size > _MAX_SIZE:
            return None
    if not eqn.invars or out.size > _MAX_SIZE:
        return None
    if eqn.primitive.name == "broadcast_in_dim" and eqn.invars[0].aval.shape == ():
        return None  # a repeated scalar is worth more as such: see `splat`
    literals: list[Any] = list(eqn.invars)
    values = [a.aval.dtype.type(a.val) if a.aval.shape == () else a.val for a in literals]
    with np.errstate(all="ignore"):
        value = eqn.primitive.impl(*values, **eqn.params)
    value = out.dtype.type(value) if out.shape == () else np.array(value, out.dtype)
    return Literal(value)
