"""Lists of traced values as arguments: `np.sum([x, y])`.

NumPy makes a plain array of a list before it asks anybody, so that the first such call fails. The function that was
called then gets a stand-in (core.patch) that stacks lists with traced values inside, and the user's function, which is
pure, is traced again. Functions that are never given such lists are not touched.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core import dispatch, patch
from funcgrad.core.errors import ConcretizationError, UnsupportedError
from funcgrad.core.tracing import Tracer
from funcgrad.numpy.conversion import as_array, contains_tracer

_MODULES = (np, np.linalg, np.fft)
# Names that were looked up, so that a second failure is no reason for another try.
_learned: set[str] = set()


def learn(error: BaseException) -> bool:
    """Whether the function that failed takes lists of traced values from now on, so that a second try is worth it."""
    if not isinstance(error, ConcretizationError) or error.function is None:
        return False
    name = error.function
    if name in _learned:
        return False
    _learned.add(name)
    found = False
    for module in filter(None, (*_MODULES, sys.modules.get("scipy.special"))):
        function: Any = getattr(module, name, None)
        if isinstance(function, np.ufunc) or _is_traced_function(function):
            patch.register(module, **{name: _TakingLists(function)})
            found = True
    return found


def _is_traced_function(function: Any) -> bool:
    try:
        return callable(function) and dispatch.find_function(function) is not None
    except UnsupportedError:
        return False


class _TakingLists:
    """A function or ufunc of NumPy's, or a method of one, that takes lists with traced values inside for arrays."""

    def __init__(self, numpys: Callable[..., Any]) -> None:
        functools.update_wrapper(self, numpys)
        self.numpys = numpys

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """Code that asks `isinstance(f, np.ufunc)` goes on as with NumPy's."""
        return type(self.numpys)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        found = [_array_of(value) for value in args]
        named = {name: _array_of(value) for name, value in kwargs.items()}
        if _is_traced_function(self.numpys):
            # NumPy asks only some arguments for the protocol: np.take(a, indices) not the indices.
            for value in (*found, *named.values()):
                if type(value) is Tracer:
                    return value.__array_function__(self.numpys, (), tuple(found), named)
        return self.numpys(*found, **named)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.numpys, name)
        return _TakingLists(value) if isinstance(value, types.BuiltinMethodType) else value

    def __eq__(self, other: object) -> bool:
        return other is self or other is self.numpys

    def __hash__(self) -> int:
        return hash(self.numpys)

    def __reduce__(self) -> Any:
        # By name NumPy's own would not be found as long as this stands for it.
        owner = getattr(self.numpys, "__module__", None) or "numpy"
        return _numpys, (owner, self.numpys.__name__)

    def __repr__(self) -> str:
        return repr(self.numpys)


def _numpys(module: str, name: str) -> Any:
    found = getattr(sys.modules[module], name)
    return getattr(found, "numpys", found)


def _array_of(value: Any) -> Any:
    if type(value) not in (list, tuple) or not contains_tracer(value):
        return value
    try:
        return as_array(value)
    except ValueError:  # not of one shape: what joins arrays takes a list of them
        return type(value)([_array_of(v) for v in value])
