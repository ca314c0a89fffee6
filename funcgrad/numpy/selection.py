"""NumPy's functions that choose between values by conditions: where, select, piecewise."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.core.types import SCALAR_AVALS
from funcgrad.numpy.arguments import number_or_operand, operand
from funcgrad.ops import elementwise as e
from funcgrad.ops.basic import broadcast_to, convert, reshape


@implements(np.where)
def where(condition: Any, *cases: Any) -> Any:
    """`x` where the condition holds, `y` elsewhere; with the condition alone, where it holds."""
    if not cases:
        return np.nonzero(condition)
    if len(cases) != 2:
        raise ValueError(f"either both or neither of x and y should be given{here()}")
    x, y = [number_or_operand(case) for case in cases]
    out = e.where(operand(condition), x, y)
    return out._strong(x, y) if type(out) is Tracer else out


@implements(np.select)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """The first of the choices whose condition holds."""
    if len(condlist) != len(choicelist):
        raise ValueError(f"list of cases must be same length as list of conditions{here()}")
    if not len(condlist):
        raise ValueError(f"select with an empty condition list is not possible{here()}")
    conditions = [operand(c) for c in condlist]
    for i, condition in enumerate(conditions):
        if typeof(condition).dtype.kind != "b":
            raise TypeError(f"invalid entry {i} in condlist: should be boolean ndarray{here()}")
    cases = [number_or_operand(case) for case in (*choicelist, default)]
    shape = np.broadcast_shapes(*[typeof(v).shape for v in (*conditions, *cases)])
    dtype = np.result_type(*[v if type(v) in SCALAR_AVALS else typeof(v).dtype for v in cases])
    result = convert(cases[-1], dtype)
    for condition, case in zip(reversed(conditions), reversed(cases[:-1]), strict=True):
        result = e.where(condition, convert(case, dtype), result)
    return broadcast_to(result, shape)


@implements(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """Apply to each element the function whose condition holds for it.

    NumPy calls each function on the elements for which its condition holds, as a 1-d array. Here it is
    called on all elements, with those of other conditions replaced by 1: the functions must be elementwise.
    """
    x = operand(x)
    aval = typeof(x)
    conditions = _conditions(condlist, aval.ndim)
    if len(conditions) == len(funclist) - 1:
        otherwise = conditions[0]
        for condition in conditions[1:]:
            otherwise = otherwise | condition
        conditions.append(~otherwise)
    elif len(conditions) != len(funclist):
        raise ValueError(
            f"with {len(conditions)} condition(s), either {len(conditions)} or {len(conditions) + 1} "
            f"functions are expected{here()}"
        )
    result = np.zeros(aval.shape, aval.dtype)
    for condition, function in zip(conditions, funclist, strict=True):
        value = function
        if callable(function):
            shape = typeof(condition).shape
            mask = broadcast_to(
                reshape(condition, shape + (1,) * (aval.ndim - len(shape))), aval.shape
            )
            # A function may be NaN outside of its piece, which must not spoil derivatives.
            inside = reshape(e.where(mask, x, aval.dtype.type(1)), (aval.size,))
            value = function(inside, *args, **kw)
            if typeof(value).shape == (aval.size,):
                value = reshape(value, aval.shape)
            condition = mask
        result = e.where(condition, convert(value, aval.dtype), result)
    return result


def _conditions(condlist: Any, ndim: int) -> list[Any]:
    """The conditions of `piecewise` as boolean arrays; a single one needs no list."""
    if np.isscalar(condlist) or (ndim and not _is_array_like(condlist[0])):
        condlist = [condlist]
    conditions = [operand(c) for c in condlist]
    return [c if typeof(c).dtype.kind == "b" else np.not_equal(c, 0) for c in conditions]


def _is_array_like(value: Any) -> bool:
    return isinstance(value, (list, np.ndarray)) or (type(value) is Tracer and value.ndim > 0)
