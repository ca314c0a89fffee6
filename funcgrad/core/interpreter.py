"""The definition of what a jaxpr means: evaluate its equations one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.jaxpr import ClosedJaxpr, Equation, Jaxpr, Literal
from funcgrad.core.tracing import Trace, Tracer, current_trace
from funcgrad.core.types import ShapedArray


def eval_jaxpr(jaxpr: Jaxpr | ClosedJaxpr, consts: Sequence[Any], *args: Any) -> list[Any]:
    """The outputs of a jaxpr for these constants and arguments, which may be arrays or traced values.

    >>> import funcgrad as fg, numpy as np
    >>> closed = fg.make_jaxpr(lambda x: np.sin(x) * 2.0)(1.0)
    >>> [float(y) for y in fg.eval_jaxpr(closed.jaxpr, closed.consts, 0.0)]
    [0.0]
    """
    if isinstance(jaxpr, ClosedJaxpr):
        jaxpr = jaxpr.jaxpr
    env: dict[Any, Any] = dict(zip(jaxpr.constvars, consts, strict=True))
    env.update(zip(jaxpr.invars, args, strict=True))
    trace = next((a._trace for a in (*consts, *args) if type(a) is Tracer), None)
    if trace is None:
        with np.errstate(all="ignore"):
            _run(jaxpr, env)
    else:
        trace = trace.innermost()
        _inline(jaxpr, env, trace)
    return [atom.val if type(atom) is Literal else env[atom] for atom in jaxpr.outvars]


def _run(jaxpr: Jaxpr, env: dict[Any, Any]) -> None:
    last_use = jaxpr.memo("last_use", lambda: last_uses(jaxpr))
    for eqn, dead in zip(jaxpr.eqns, last_use, strict=True):
        values = [atom.val if type(atom) is Literal else env[atom] for atom in eqn.invars]
        out = eqn.primitive.impl(*values, **eqn.params)
        if eqn.primitive.multiple_results:
            env.update(zip(eqn.outvars, out, strict=True))
        else:
            env[eqn.outvars[0]] = out
        for var in dead:
            del env[var]


def _inline(jaxpr: Jaxpr, env: dict[Any, Any], trace: Trace) -> None:
    outer_source = trace.source
    try:
        for eqn in jaxpr.eqns:
            trace.source = outer_source or eqn.source
            values = [atom.val if type(atom) is Literal else env[atom] for atom in eqn.invars]
            out = rebind(trace, eqn, values)
            if eqn.primitive.multiple_results:
                env.update(zip(eqn.outvars, out, strict=True))
            else:
                env[eqn.outvars[0]] = out
    finally:
        trace.source = outer_source


def inline_jaxpr(jaxpr: Jaxpr, args: Sequence[Any]) -> list[Any]:
    """Record the equations of a jaxpr without constants in the open trace, also if no argument is traced."""
    trace = current_trace()
    assert trace is not None
    env: dict[Any, Any] = dict(zip(jaxpr.invars, args, strict=True))
    _inline(jaxpr, env, trace)
    return [atom.val if type(atom) is Literal else env[atom] for atom in jaxpr.outvars]


def rebind(trace: Trace, eqn: Equation, operands: Sequence[Any]) -> Any:
    """Record an equation again on new operands.

    One on plain scalars is computed now. One that makes an array is always recorded: kept as an array, its
    value would hide from the passes that it is, say, a broadcast number.
    """
    if any(type(x) is Tracer for x in operands):
        return as_recorded(eqn, operands, eqn.primitive(*operands, **eqn.params))
    if eqn.effects or any(v.aval.shape for v in (*eqn.invars, *eqn.outvars)):
        return as_recorded(eqn, operands, trace.bind(eqn.primitive, operands, eqn.params))
    with np.errstate(all="ignore"):
        return as_recorded(eqn, operands, eqn.primitive(*operands, **eqn.params))


def as_recorded(eqn: Equation, operands: Sequence[Any], out: Any) -> Any:
    """The result of an equation that was run anew, as weak as the one that it was recorded with.

    Whether a number's type is weak is not the primitive's: of Python floats `np.multiply(x, 2)` makes one of
    NumPy's, `x * 2` another of Python's.
    """
    if eqn.primitive.multiple_results:
        return [_as_weak(v.aval, operands, x) for v, x in zip(eqn.outvars, out, strict=True)]
    return _as_weak(eqn.outvars[0].aval, operands, out)


def _as_weak(aval: ShapedArray, operands: Sequence[Any], x: Any) -> Any:
    if type(x) is Tracer:
        return x._strong(*operands) if x.aval.weak_type and not aval.weak_type else x
    return x.item() if aval.weak_type and isinstance(x, np.generic) else x


def last_uses(jaxpr: Jaxpr) -> list[list[Any]]:
    """For each equation the variables that are dead after it, so that their memory can be given back."""
    seen = {v for v in jaxpr.outvars if type(v) is not Literal}
    seen.update(jaxpr.constvars, jaxpr.invars)
    dead: list[list[Any]] = []
    for eqn in reversed(jaxpr.eqns):
        here = []
        for var in (*eqn.invars, *eqn.outvars):
            if type(var) is not Literal and var not in seen:
                seen.add(var)
                here.append(var)
        dead.append(here)
    dead.reverse()
    return dead
