"""What a Python function depends on besides its arguments, as far as its code tells.

A rule that is traced at each call costs more than the operations in it. What the first tracing found may stand for
the next if nothing that the rule can reach has changed: the globals that its code names, what it closes over, the
functions that it calls, with theirs. `surroundings` finds all of these and takes note of their present values. A
function is open, and is traced at each call, where its code can reach what cannot be told (files, the clock, random
numbers, objects of unknown kinds), or what must happen each time (`print`).
"""

from __future__ import annotations

import abc
import functools
import types
from typing import Any, Generic

import numpy as np

from funcgrad.control.code_names import (
    ACTING,
    CONSTANTS,
    MAX_VISITED,
    MISSING,
    content_of,
    follow,
    follow_global,
    is_trusted,
    is_trusted_module,
    isinstance_of,
    names_of,
)

# Types of compiled functions, and of what classes have for their fields.
_COMPILED = frozenset(
    [
        "builtin_function_or_method",
        "_ArrayFunctionDispatcher",
        "cython_function_or_method",
        "fused_cython_function",
        "method_descriptor",
        "wrapper_descriptor",
        "classmethod_descriptor",
    ]
)
_FIELDS = frozenset(["_tuplegetter", "getset_descriptor"])
_MAX_BYTES = 1024
_PLAIN_BASES = (object, tuple, abc.ABC, Generic)
# Attributes of classes that no code reads, or that are functions of Python's own.
_PLAIN_ATTRIBUTES = frozenset(
    [
        "__dict__",
        "__weakref__",
        "__doc__",
        "__module__",
        "__qualname__",
        "__annotations__",
        "__static_attributes__",
        "__firstlineno__",
        "__abstractmethods__",
        "_abc_impl",
        "__parameters__",
        "__orig_bases__",
        "__annotate_func__",
        "__annotations_cache__",
        "__dataclass_fields__",
        "__dataclass_params__",
    ]
)


class Surroundings:
    """Present values of what a function depends on.

    Attributes:
        names: `(namespace, name, value)` of globals, attributes and items of dictionaries.
        cells: variables of enclosing functions, and their values.
        containers: lists, sets and dictionaries, and what they hold.
        arrays: small arrays, and their bytes.
    """

    __slots__ = ("arrays", "cells", "containers", "names")

    def __init__(self) -> None:
        self.names: list[tuple[Any, Any, Any]] = []
        self.cells: list[tuple[types.CellType, Any]] = []
        self.containers: list[tuple[Any, Any]] = []
        self.arrays: list[tuple[np.ndarray[Any, Any], Any]] = []

    def unchanged(self) -> bool:
        """Whether everything still is what it was."""
        for namespace, name, value in self.names:
            if namespace.get(name, MISSING) is not value:
                return False
        for cell, value in self.cells:
            if content_of(cell) is not value:
                return False
        for container, content in self.containers:
            if not _same_items(container, content):
                return False
        return all(_array_state(array) == state for array, state in self.arrays)


def surroundings(fun: Any) -> Surroundings | None:
    """What a function depends on, with its present values; None if it is open."""
    search = _Search()
    try:
        search.run(fun)
    except _Open:
        return None
    return search.found


class _Open(Exception):
    """Something of which it cannot be told whether it changes, or does more than compute."""


class _Search:
    def __init__(self) -> None:
        self.found = Surroundings()
        self.seen: dict[int, Any] = {}
        self.waiting: list[Any] = []
        self.noted: set[tuple[int, Any]] = set()

    def run(self, fun: Any) -> None:
        self.waiting.append(fun)
        while self.waiting:
            value = self.waiting.pop()
            if isinstance_of(value, CONSTANTS) or id(value) in self.seen:
                continue
            self.seen[id(value)] = value  # kept, so that its identity stays its own
            if len(self.seen) > MAX_VISITED:
                raise _Open
            self.visit(value)

    def visit(self, value: Any) -> None:
        kind = type(value)
        parts = getattr(kind, "_function_parts", None)
        if kind is object:
            pass  # a mark, which has nothing but its identity
        elif kind is types.FunctionType:
            self.visit_function(value)
        elif kind is types.MethodType:
            self.waiting += [value.__func__, value.__self__]
        elif kind is types.BuiltinFunctionType and _is_bound(value):
            self.waiting.append(value.__self__)
        elif issubclass(kind, functools.partial):
            self.waiting += [value.func, *value.args, *value.keywords.values()]
        elif kind in (staticmethod, classmethod):
            self.waiting.append(value.__func__)
        elif kind is property:
            self.waiting += [value.fget, value.fset, value.fdel]
        elif issubclass(kind, (tuple, frozenset)):
            self.waiting += [kind, *value]
        elif kind in (list, dict, set):
            self.visit_container(value)
        elif kind is np.ndarray:
            if value.nbytes > _MAX_BYTES or value.dtype.kind == "O":
                raise _Open
            self.found.arrays.append((value, _array_state(value)))
        elif parts is not None:
            self.visit_parts(value, parts(value))
        elif issubclass(kind, type):
            if not is_trusted(value):
                self.visit_class(value)
        elif kind.__name__ in _COMPILED:
            if not is_trusted(getattr(value, "__objclass__", value)):
                raise _Open
        elif kind.__name__ not in _FIELDS:
            self.visit_instance(value)

    def note(self, namespace: Any, name: Any, value: Any) -> None:
        if (id(namespace), name) not in self.noted:
            self.noted.add((id(namespace), name))
            self.found.names.append((namespace, name, value))

    def visit_function(self, fun: types.FunctionType) -> None:
        self.waiting += fun.__defaults__ or ()
        self.waiting += (fun.__kwdefaults__ or {}).values()
        cells = dict(zip(fun.__code__.co_freevars, fun.__closure__ or (), strict=True))
        for cell in cells.values():
            self.found.cells.append((cell, content_of(cell)))
        if is_trusted_module(fun.__globals__.get("__name__", "")):
            if fun.__name__ in ACTING:
                raise _Open
            self.waiting += [c for c in map(content_of, cells.values()) if c is not MISSING]
            return
        names = names_of(fun.__code__)
        if names is None:
            raise _Open
        for is_global, name, attributes in names:
            if is_global:
                read, end = follow_global(fun, name, attributes)
            elif name in cells:
                read, end = follow(content_of(cells[name]), attributes)
            else:
                continue  # a variable of an inner function
            for place in read:
                self.note(*place)
            if isinstance_of(end, (types.ModuleType,)):
                raise _Open  # a module as a value: anything in it may be used
            if end is not MISSING:  # a name that is not there is an error of the function
                self.waiting.append(end)

    def visit_container(self, value: Any) -> None:
        if len(value) > MAX_VISITED:
            raise _Open
        self.found.containers.append((value, value.copy()))
        if type(value) is dict:
            self.waiting += value.keys()
            self.waiting += value.values()
        else:
            self.waiting += value

    def visit_parts(self, value: Any, parts: Any) -> None:
        """An object that tells what it is made of."""
        own = getattr(value, "__dict__", {})
        wanted = {id(part) for part in parts}
        for name, part in own.items():
            if id(part) in wanted:
                self.note(own, name, part)
        self.waiting += parts

    def visit_class(self, value: type) -> None:
        if type(value) not in (type, abc.ABCMeta):
            raise _Open
        for base in value.__mro__:
            if is_trusted(base):
                if base not in _PLAIN_BASES and not issubclass(base, BaseException):
                    raise _Open
                continue
            for name, part in vars(base).items():
                if name in _PLAIN_ATTRIBUTES:
                    continue
                self.note(vars(base), name, part)
                self.waiting.append(part)

    def visit_instance(self, value: Any) -> None:
        kind = type(value)
        own = getattr(value, "__dict__", None)
        if type(own) is not dict or kind.__module__ == "builtins" or is_trusted(kind):
            raise _Open
        self.waiting.append(kind)
        self.found.containers.append((own, own.copy()))
        self.waiting += own.values()


def _is_bound(value: Any) -> bool:
    """Whether a compiled function is the method of an object, not a function of a module."""
    return value.__self__ is not None and type(value.__self__) is not types.ModuleType


def _same_items(container: Any, content: Any) -> bool:
    if len(container) != len(content):
        return False
    if type(container) is dict:
        return all(container.get(k, MISSING) is v for k, v in content.items())
    if type(container) is list:
        return all(a is b for a, b in zip(container, content, strict=True))
    return bool(container == content)


def _array_state(array: np.ndarray[Any, Any]) -> Any:
    return array.dtype, array.shape, array.tobytes()
