"""Errors where NumPy would make a plain array of a traced value: what is to be written there instead."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core import dispatch
from funcgrad.core.errors import LostDerivativeError
from funcgrad.core.source import called_function, current_call, here, is_operator, is_storing
from funcgrad.core.types import ShapedArray

INDEX_A_COPY = (
    "index a copy that is made in the function, np.array(a)[index] (np.array as an attribute of `np`), or use "
    "fnp.take(a, index, axis=0) (import funcgrad.numpy as fnp)"
)
# Methods that do not ask their arguments for a protocol, and are functions of NumPy's too.
_PLAIN_METHODS = frozenset({"choose", "clip", "dot", "put", "searchsorted"})


def lost_in_array(aval: ShapedArray, dtype: Any) -> LostDerivativeError:
    """The error for a traced value of this type that is asked for a plain array."""
    if dtype is not None and np.dtype(dtype).kind == "O":
        return LostDerivativeError(
            f"NumPy tried to turn a traced {aval} into an array of objects, as functions that "
            f"np.vectorize made do{here()}\n  make the function with fnp.vectorize instead (import "
            "funcgrad.numpy as fnp), or within the traced function"
        )
    if is_storing():
        return stored(aval)
    name = called_function()
    known = name is not None and hasattr(np, name)
    if name is not None and dispatch.advice_on(numpys := getattr(np, name, None)):
        raise dispatch.unsupported(numpys)
    what = f"np.{name} was given a traced {aval}" if known else f"NumPy met a traced {aval}"
    where = "where it makes a plain array, which"
    if name in _PLAIN_METHODS and current_call() == name:
        what, where = f"the method .{name} of a plain array was given a traced {aval},", "which"
        instead = f"write np.{name}(a, ...) instead of a.{name}(...)"
    elif name is not None and not known and hasattr(np.random.Generator, name):
        what, where = f"NumPy's random.{name} was given a traced {aval}", "as a plain number, which"
        instead = (
            "scale and shift what is drawn without parameters, mean + deviation * np.random.normal(size=n), or use "
            "funcgrad.random, whose samples have derivatives in their parameters"
        )
    elif name is None and is_operator():
        instead = (
            "make an array of the list beside the plain one first, a * np.array([x, y]) (np.array as an attribute of "
            "`np`, not imported from it)"
        )
    else:
        instead = (
            f"make an array of a list first, np.{name if known else 'sum'}(np.array([x, y])) (as attributes of "
            "`np`, not imported from it)"
        )
    lost = LostDerivativeError(f"{what} {where} would drop its derivative{here()}\n  {instead}")
    lost.function = name
    return lost


def stored(aval: ShapedArray) -> LostDerivativeError:
    return LostDerivativeError(
        f"a traced {aval} cannot be written into a plain NumPy array, which would drop its derivative{here()}\n  "
        "make the array in the function, with np.zeros(...) or np.array(a) (attributes of `np`, not imported from it), "
        "np.zeros_like(x), or fnp.zeros(...) (import funcgrad.numpy as fnp); write to a copy of one that was made "
        "outside: z = np.array(z)"
    )
