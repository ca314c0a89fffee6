"""What names of NumPy's that do not dispatch stand for while a function is traced (core.patch).

These are stubs, so that the functions behind them are imported when they are first called.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core import dispatch, patch
from funcgrad.core.errors import FuncgradError
from funcgrad.core.local_array import LocalArray
from funcgrad.core.naming import named
from funcgrad.core.patch import numpy_ndenumerate
from funcgrad.core.source import is_scipys
from funcgrad.core.tracer import Tracer
from funcgrad.numpy.creation import asarray, contains_traced, copying, ordered
from funcgrad.numpy.local_arrays import local, takes_traced, wants_plain


class _Brackets:
    """`np.r_` and `np.c_`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getitem__(self, key: Any) -> Any:
        return getattr(importlib.import_module("funcgrad.numpy.index_tricks"), self._name)[key]


def _vectorize(*args: Any, **kwargs: Any) -> Any:
    return importlib.import_module("funcgrad.numpy.functional").vectorize(*args, **kwargs)


def _ndenumerate(arr: Any) -> Any:
    if type(arr) is np.ndarray:
        return numpy_ndenumerate(arr)
    return importlib.import_module("funcgrad.numpy.index_tricks").ndenumerate(arr)


def _refusing(name: str) -> Callable[..., Any]:
    """A class of NumPy's that cannot hold traced values, and would say so less clearly."""
    numpys = getattr(np, name)

    def make(*args: Any, **kwargs: Any) -> Any:
        if contains_traced(args):
            raise dispatch.unsupported(numpys)
        return numpys(*args, **kwargs)

    return named(make, name, numpys.__doc__)


_ORDERS = {"ascontiguousarray": "C", "asfortranarray": "F"}


def _order(name: str, order: Any = None, **options: Any) -> Any:
    """The order in memory that a converter is asked for."""
    if name == "require":
        asked = options.get("requirements", order) or ()
        letters = {str(flag)[0].upper() for flag in ([asked] if isinstance(asked, str) else asked)}
        return next((letter for letter in ("F", "C") if letter in letters), None)
    return _ORDERS.get(name, order)


def _converter(name: str) -> Callable[..., Any]:
    """`np.asarray` and its kin: NumPy's own, and a traced array where they would drop the derivative.

    Our own code and NumPy's asks for plain values by these names, and gets those or the error.
    """
    numpys = getattr(np, name)

    def convert(a: Any, dtype: Any = None, *args: Any, **kwargs: Any) -> Any:
        # Values that no derivative flows into become plain, if they are known, but for views and arrays that are
        # written to: NumPy's result would be the same array. The search is bounded, for long loops that convert
        # in each step.
        if (
            type(a) is Tracer
            and not wants_plain(filename := sys._getframe(1).f_code.co_filename)
            and (a._view is not None or a._trace.depends(a._index, limit=16))
        ):
            if is_scipys(filename):
                importlib.import_module("funcgrad.scipy.stand_ins").shorten(sys._getframe(1))
            if name in ("ascontiguousarray", "asfortranarray") and not a.ndim:
                a = a.reshape(1)  # they give arrays with axes
            if dtype is None and not args and not kwargs and not a.aval.weak_type:
                return ordered(a, _ORDERS.get(name))
            return asarray(
                a, dtype, _order(name, *args, **kwargs), copy=copying(kwargs.get("copy"))
            )
        try:
            out = numpys(a, dtype, *args, **kwargs)
            if type(a) in (list, tuple, LocalArray) and takes_traced(sys._getframe(1), name):
                # Memory that is shared with a local array must become traced together with it.
                return local(out, a)
            return out
        except (FuncgradError, TypeError, ValueError):
            if wants_plain(sys._getframe(1).f_code.co_filename):
                raise
            out = asarray(a, dtype, copy=copying(kwargs.get("copy")))
            if isinstance(out, Tracer):
                return out
            raise

    return named(convert, name, numpys.__doc__)


patch.register(
    **{
        name: _converter(name)
        for name in (
            "asarray",
            "asanyarray",
            "ascontiguousarray",
            "asfortranarray",
            "asarray_chkfinite",
            "require",
        )
    }
)
patch.register(
    r_=_Brackets("r_"),
    c_=_Brackets("c_"),
    vectorize=_vectorize,
    ndenumerate=_ndenumerate,
    nditer=_refusing("nditer"),
)
