"""The names that a Python function's code reads, and what they stand for now."""

from __future__ import annotations

import builtins
import dis
import functools
import types
from collections.abc import Hashable, Iterator
from types import CodeType
from typing import Any

import numpy as np

from funcgrad.control.function_key import Identity
from funcgrad.core.primitive import Primitive
from funcgrad.core.tree import PyTreeDef
from funcgrad.core.types import ShapedArray

MISSING = object()
MAX_VISITED = 500
CONSTANTS = (
    int,
    float,
    complex,
    bool,
    str,
    bytes,
    type(None),
    type(...),
    slice,
    range,
    np.generic,
    np.dtype,
    np.ufunc,
    Primitive,
    PyTreeDef,
    ShapedArray,
)
# Functions of these do nothing but compute, apart from those in ACTING.
_TRUSTED = frozenset(
    [
        "builtins",
        "math",
        "cmath",
        "operator",
        "_operator",
        "itertools",
        "functools",
        "_functools",
        "collections",
        "_collections",
        "collections.abc",
        "typing",
        "copy",
        "enum",
        "abc",
        "numbers",
        "dataclasses",
        "numpy",
        "scipy",
        "funcgrad",
    ]
)
ACTING = frozenset(
    [
        "print",
        "input",
        "open",
        "exec",
        "eval",
        "compile",
        "globals",
        "locals",
        "vars",
        "dir",
        "breakpoint",
        "help",
        "__import__",
        "load",
        "loadtxt",
        "genfromtxt",
        "fromfile",
        "memmap",
        "save",
        "savez",
        "savez_compressed",
        "savetxt",
        "seterr",
        "set_printoptions",
    ]
)
_RANDOM = ("numpy.random", "scipy.stats")


def globals_read(fun: Any) -> tuple[Hashable, ...]:
    """A key of the globals that a function and the functions it calls read, as far as their code tells.

    Numbers and strings count by their value, all else by its identity.
    """
    found: list[Hashable] = []
    seen: dict[int, Any] = {}
    waiting = [fun]
    while waiting and len(seen) < MAX_VISITED:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen[id(value)] = value
        parts = getattr(type(value), "_function_parts", None)
        if type(value) is types.FunctionType:
            waiting += [content_of(cell) for cell in value.__closure__ or ()]
            for is_global, name, attributes in names_of(value.__code__) or ():
                if is_global and not is_trusted_module(value.__globals__.get("__name__", "")):
                    _, end = follow_global(value, name, attributes)
                    constant = isinstance_of(end, CONSTANTS)
                    found.append((name, type(end), end) if constant else (name, Identity(end)))
                    waiting.append(end)
        elif parts is not None:
            waiting += parts(value)
        elif issubclass(type(value), (tuple, functools.partial)):
            waiting += value if isinstance(value, tuple) else [value.func]
    return tuple(found)


def isinstance_of(value: Any, kinds: tuple[type, ...]) -> bool:
    """As `isinstance`, but by the type alone: traced values say of themselves that they are floats."""
    return issubclass(type(value), kinds)


@functools.lru_cache(maxsize=1024)
def names_of(code: CodeType) -> tuple[tuple[bool, str, tuple[str, ...]], ...] | None:
    """The variables of enclosing scopes that code reads, with the attributes that it reads of them at once.

    `(is a global, name, attributes)`; None where the code imports, or writes to globals.
    """
    found: dict[tuple[bool, str, tuple[str, ...]], None] = {}
    for part in _with_inner(code):
        path: list[str] | None = None
        key: tuple[bool, str] | None = None
        for instruction in (*dis.get_instructions(part), None):
            name = "" if instruction is None else instruction.opname
            if name in ("LOAD_ATTR", "LOAD_METHOD") and path is not None:
                assert instruction is not None
                path.append(instruction.argval)
                continue
            if name in ("EXTENDED_ARG", "CACHE", "PUSH_NULL"):
                continue
            if key is not None and path is not None:
                found[*key, tuple(path)] = None
            key = path = None
            if name.startswith(("STORE_GLOBAL", "DELETE_GLOBAL", "IMPORT_")):
                return None
            if instruction is not None and name.startswith("LOAD_"):
                if name in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"):
                    key, path = (True, instruction.argval), []
                elif "DEREF" in name:
                    key, path = (False, instruction.argval), []
    return tuple(found)


def follow_global(
    fun: types.FunctionType, name: str, attributes: tuple[str, ...]
) -> tuple[list[tuple[Any, str, Any]], Any]:
    value = fun.__globals__.get(name, MISSING)
    first = (fun.__globals__, name, value)
    read, end = follow(getattr(builtins, name, MISSING) if value is MISSING else value, attributes)
    return [first, *read], end


def follow(value: Any, attributes: tuple[str, ...]) -> tuple[list[tuple[Any, str, Any]], Any]:
    """What `value.a.b...` reads as far as the path leads through modules, and the value at the end of that."""
    read = []
    for name in attributes:
        if not isinstance_of(value, (types.ModuleType,)):
            break
        if is_trusted_module(value.__name__):
            value = getattr(value, name, MISSING)
            continue
        namespace = vars(value)
        read.append((namespace, name, namespace.get(name, MISSING)))
        # What a module finds by its own `__getattr__` is taken to stay the same.
        value = namespace[name] if name in namespace else getattr(value, name, MISSING)
    return read, value


def _with_inner(code: CodeType) -> Iterator[CodeType]:
    yield code
    for const in code.co_consts:
        if type(const) is CodeType:
            yield from _with_inner(const)


def is_trusted_module(name: str) -> bool:
    if name.startswith(_RANDOM):
        return False
    return name in _TRUSTED or name.partition(".")[0] in _TRUSTED


def is_trusted(value: Any) -> bool:
    """Whether a function or class does nothing but compute, by where it comes from."""
    module = getattr(value, "__module__", None)
    name = getattr(value, "__name__", "")
    return type(module) is str and name not in ACTING and is_trusted_module(module)


def content_of(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not bound yet
        return MISSING
