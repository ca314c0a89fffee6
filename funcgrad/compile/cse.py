"""Common subexpressions: equal equations are computed once."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.compile.rewrite import Rewriter
from funcgrad.core.jaxpr import Atom, Equation, Jaxpr, Literal, has_side_effects, scalar_key

_COMMUTATIVE = frozenset(
    {np.add, np.multiply, np.maximum, np.minimum, np.logical_and, np.logical_or}
)


def cse(jaxpr: Jaxpr) -> Jaxpr:
    """Let equal equations (same primitive, params and operands) share their results."""
    rewriter = Rewriter()
    seen: dict[Any, Equation] = {}
    for old in jaxpr.eqns:
        eqn = old
        if rewriter.replaced:
            invars = tuple([rewriter.atom(a) for a in old.invars])
            if invars != old.invars:
                eqn = old.replace(invars=invars)
        if not has_side_effects(eqn):
            operands: Any = tuple([_key(a) for a in eqn.invars])
            if eqn.primitive.ufunc in _COMMUTATIVE:
                operands = frozenset(operands)
            key = (eqn.primitive, operands, tuple(eqn.params.items()))
            first = seen.setdefault(key, eqn)
            if first is not eqn:
                rewriter.replaced.update(zip(eqn.outvars, first.outvars, strict=True))
                continue
        rewriter.keep(eqn)
    return rewriter.finish(jaxpr)


def _key(atom: Atom) -> Any:
    if type(atom) is not Literal:
        return atom
    # Small constants are compared by value, large ones by identity.
    return (scalar_key(atom.val), atom.aval) if atom.aval.size <= 64 else id(atom.val)
