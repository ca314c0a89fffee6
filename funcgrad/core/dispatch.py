"""From NumPy's functions to traced implementations: the tables behind NumPy's protocols.

`core` only holds the tables; `ops` and `numpy` fill them. A function without an entry is an error
that names it: nothing falls through to object arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core.errors import UnsupportedError
from funcgrad.core.source import here

UFUNCS: dict[np.ufunc, Callable[..., Any]] = {}
FUNCTIONS: dict[Any, Callable[..., Any]] = {}

# Hooks: the floors above put their functions here.
_LOADERS: list[Callable[[Any], None]] = []
_ADVISERS: list[Callable[[Any], str | None]] = []
_UFUNC_METHODS: list[Callable[..., Any]] = []
_AS_ARRAY: list[Callable[[Any], Any]] = []


def implements(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a traced implementation of NumPy functions."""

    def register(implementation: Callable[..., Any]) -> Callable[..., Any]:
        for function in functions:
            # A module that is imported while a function is traced sees stand-ins of NumPy's (core.patch).
            FUNCTIONS[getattr(function, "numpys", function)] = implementation
        return implementation

    return register


def name_of(func: Any) -> str:
    """`np.linalg.solve`, for messages."""
    name = getattr(func, "__name__", repr(func))
    if isinstance(func, np.ufunc) and getattr(np, name, None) is not func:
        return f"the ufunc {name!r}"
    module = getattr(func, "__module__", None) or "numpy"
    return f"{module.replace('numpy', 'np', 1)}.{name}"


def find_function(func: Any) -> Callable[..., Any]:
    """The traced implementation of a NumPy function; families are imported when first asked for."""
    implementation = FUNCTIONS.get(func)
    if implementation is None:
        for load in _LOADERS:
            load(func)
        implementation = FUNCTIONS.get(func)
    if implementation is None:
        raise unsupported(func)
    return implementation


def advice_on(func: Any) -> str | None:
    """What to do instead of calling a function on traced values, if that is known."""
    return next(filter(None, [advise(func) for advise in _ADVISERS]), None)


def unsupported(func: Any) -> UnsupportedError:
    """The error for a function without a traced implementation; it says what to do instead."""
    advice = advice_on(func) or (
        "compute it from functions that have one, or wrap it with fg.pure_callback or fg.defprimitive"
    )
    return UnsupportedError(f"{name_of(func)} has no traced implementation{here()}\n  {advice}")


def call_ufunc(
    ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """A ufunc with keyword arguments or one of its methods (reduce, accumulate, outer, at, reduceat)."""
    for call in _UFUNC_METHODS:
        return call(ufunc, method, inputs, kwargs)
    raise UnsupportedError(f"np.{ufunc.__name__}.{method} has no traced implementation{here()}")


def takes_over(operand: Any) -> bool:
    """Whether an operand is left the operation, as NumPy's arrays leave it: by `__array_ufunc__` or priority.

    SciPy's sparse matrices are such operands.
    """
    found = getattr(operand, "__array_ufunc__", operand)
    if found is None:
        return True
    return found is operand and getattr(operand, "__array_priority__", 0.0) > 0.0


def as_array(value: Any) -> Any:
    """Turn an array-like (a list with tracers inside, a pandas object) into a tracer or an array."""
    for convert in _AS_ARRAY:
        return convert(value)
    return np.asarray(value)
