"""When two Python functions are the same function: equal code over equal, unchangeable closures.

A function that is defined anew at each call (a rule inside of a model) is another object each time. Where it
closes over nothing but constants and functions of that kind, its key is the same each time, and programs
that hold the function are found again.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Hashable
from typing import Any

import numpy as np

from funcgrad.core.primitive import Primitive
from funcgrad.core.tree import PyTreeDef
from funcgrad.core.types import ShapedArray

_HASHABLE = (
    np.generic,
    np.dtype,
    np.ufunc,
    Primitive,
    PyTreeDef,
    ShapedArray,
    types.BuiltinFunctionType,
)
_CONSTANTS = (int, float, complex, bool, str, bytes, type(None), type, types.ModuleType)


class _Open(Exception):
    """A function that closes over something that may change, or that is no constant."""


def function_key(fun: Any) -> tuple[Hashable, bool]:
    """A hashable key of a function, and whether it closes over constants only.

    The key of any other function is its identity.
    """
    try:
        return _key(fun, {}), True
    except _Open:
        return ("object", Identity(fun)), False


class Identity:
    """Compares an object by identity, and keeps it alive so that its identity stays its own."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return type(other) is Identity and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def _key(value: Any, seen: dict[int, int]) -> Hashable:
    kind = type(value)  # traced values say of themselves to `isinstance` that they are floats
    if issubclass(kind, _CONSTANTS):
        return (kind, value)
    if issubclass(kind, np.generic):
        return (kind, value.tobytes())
    if issubclass(kind, _HASHABLE):
        return (kind, value)
    if id(value) in seen:  # a function that names itself
        return ("seen", seen[id(value)])
    seen[id(value)] = len(seen)
    if issubclass(kind, types.FunctionType):
        return (
            "function",
            value.__code__,
            id(value.__globals__),
            _keys(value.__defaults__ or (), seen),
            _keys(sorted((value.__kwdefaults__ or {}).items()), seen),
            _keys([_content(cell) for cell in value.__closure__ or ()], seen),
        )
    if issubclass(kind, (tuple, frozenset)):
        return (kind, _keys(value, seen))
    if issubclass(kind, functools.partial):
        return (
            "partial",
            _key(value.func, seen),
            _keys((value.args, *value.keywords.items()), seen),
        )
    own = getattr(kind, "_function_key", None)  # an object that knows what it is compared by
    if own is not None:
        return (kind, own(value))
    parts = getattr(kind, "_function_parts", None)
    if parts is not None:
        return (kind, _keys(parts(value), seen))
    raise _Open


def _keys(values: Any, seen: dict[int, int]) -> Hashable:
    return tuple([_key(v, seen) for v in values])


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not bound yet
        return None
