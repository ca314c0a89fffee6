"""Where in the user's code an equation comes from.

Tracing records a `(code object, instruction offset)` pair per equation, which costs a fraction of a
microsecond; it is turned into a file, a line and a function name only when somebody asks.
"""

from __future__ import annotations

import os
import sys
from opcode import opname
from types import CodeType
from typing import Any, NamedTuple

import numpy as np

_HIDDEN = (
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep,
    os.path.dirname(os.path.abspath(np.__file__)) + os.sep,
    "<__array_function__",
    "<funcgrad program",
)
_SCIPY = (
    os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(np.__file__))), "scipy") + os.sep
)
# Answers for file names; threads that race for one find the same.
_hidden_files: dict[str, bool] = {}


class Location(NamedTuple):
    """A line of the user's code."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"

    @property
    def short(self) -> str:
        """`name.py:12 (function)`, as jaxprs and tables show it."""
        return f"{os.path.basename(self.file)}:{self.line} ({self.function})"


# A `Location` is what is left of a source in a jaxpr that was pickled.
Source = tuple[CodeType, int] | Location


class BackwardSource(tuple[CodeType, int]):
    """The source of an equation in a backward pass: the forward line that it is the derivative of."""

    __slots__ = ()


def is_hidden(filename: str) -> bool:
    """Whether frames of this file are ours or NumPy's, hence not what the user wants to see."""
    hidden = _hidden_files.get(filename)
    if hidden is None:
        hidden = filename.startswith(_HIDDEN)
        if len(_hidden_files) < 10_000:
            _hidden_files[filename] = hidden
    return hidden


def is_scipys(filename: str) -> bool:
    """Whether frames of this file are SciPy's."""
    return filename.startswith(_SCIPY)


def source_of(frame: Any) -> Source | None:
    """The user's code that is running, seen from a frame inside of it. Called for every equation."""
    hidden = _hidden_files.get
    while frame is not None:
        code = frame.f_code
        skip = hidden(code.co_filename)
        if skip is None:
            skip = is_hidden(code.co_filename)
        if not skip:
            return code, frame.f_lasti
        frame = frame.f_back
    return None


def of_instructions(sources: list[Source | None]) -> list[Source | None]:
    """Sources with the offsets at which their instructions start.

    Once an instruction has run often, Python 3.11 calls Python's functions from the end of its cache, and built-in
    ones one instruction earlier.
    """
    codes: dict[int, bytes] = {}
    found: list[Source | None] = []
    for source in sources:
        if isinstance(source, tuple) and not isinstance(source, Location):
            code, offset = source
            content = codes.get(id(code))
            if content is None:
                content = codes[id(code)] = code.co_code
            start = _start(content, offset)
            if start != offset:
                moved = (code, start)
                source = BackwardSource(moved) if isinstance(source, BackwardSource) else moved
        found.append(source)
    return found


def _start(content: bytes, offset: int) -> int:
    """Where the instruction starts to which this offset belongs."""
    while opname[content[offset]] == "CACHE":
        offset -= 2
    if opname[content[offset]] == "CALL" and opname[content[offset - 4]] == "PRECALL":
        return offset - 4  # in Python 3.11 one of the two calls
    return offset


def _operation(site: tuple[CodeType, int]) -> str:
    """The name of the instruction there."""
    content = site[0].co_code
    return opname[content[_start(content, site[1])]]


def current_source() -> Source | None:
    """The user's code that is running now, as `(code, instruction offset)`."""
    return source_of(sys._getframe(1))


def locate(source: Source | None) -> Location | None:
    """Turn a recorded source into file, line and function."""
    if source is None or isinstance(source, Location):
        return source
    code, offset = source
    line = code.co_firstlineno
    for start, stop, number in code.co_lines():
        if start <= offset < stop:
            line = number or line
            break
    return Location(code.co_filename, line, getattr(code, "co_qualname", code.co_name))


# By identity, since code objects that differ in their names only are equal. The code is kept so that its id is.
_scoped_codes: dict[tuple[int, str], tuple[CodeType, CodeType]] = {}


def scoped(source: Source | None, scope: str) -> Source | None:
    """A source within a named scope, which its function's name then shows.

    The scope is a part of the code object, and so of the source's identity: all who compare sources or
    print them see it without knowing of scopes.
    """
    if source is None:
        return None
    if isinstance(source, Location):
        return source._replace(function=f"{scope}/{source.function}")
    code, offset = source
    found = _scoped_codes.get((id(code), scope))
    if found is None:
        if len(_scoped_codes) >= 10_000:
            _scoped_codes.clear()
        found = code, code.replace(co_qualname=f"{scope}/{code.co_qualname}")
        _scoped_codes[id(code), scope] = found
    named = (found[1], offset)
    return BackwardSource(named) if isinstance(source, BackwardSource) else named


def is_storing() -> bool:
    """Whether the user's running instruction is `array[index] = value`."""
    source = current_source()
    if not isinstance(source, tuple) or isinstance(source, Location):
        return False
    return _operation(source).startswith(("STORE_SUBSCR", "STORE_SLICE"))


def is_operator() -> bool:
    """Whether the user's running instruction is an operator such as `a * b` or `a < b`."""
    source = current_source()
    if not isinstance(source, tuple) or isinstance(source, Location):
        return False
    return _operation(source).startswith(("BINARY_OP", "COMPARE_OP"))


_UFUNC_METHODS = frozenset({"accumulate", "at", "outer", "reduce", "reduceat"})
# Answers for places in code; threads that race for one find the same.
_call_sites: dict[tuple[CodeType, int], str | None] = {}


def current_call() -> str | None:
    """The name of what the user's running instruction calls."""
    source = current_source()
    return called_name(source) if source is not None and not isinstance(source, Location) else None


def called_function() -> str | None:
    """The name of the function of NumPy's that the user's code is in, None if it is in none."""
    frame: Any = sys._getframe(1)
    name = None
    while frame is not None and is_hidden(frame.f_code.co_filename):
        if not frame.f_code.co_filename.startswith(_HIDDEN[0]):
            name = frame.f_code.co_name
        frame = frame.f_back
    return current_call() if name is None else name


def called_name(site: tuple[CodeType, int]) -> str | None:
    """The name (`zeros` of `np.zeros(3)`) of what an instruction calls; None if it has none.

    It may have called compiled code, which has no frames and calls another function in turn.
    """
    if site not in _call_sites:
        if len(_call_sites) >= 10_000:
            _call_sites.clear()
        _call_sites[site] = _called_name(*site)
    return _call_sites[site]


def _called_name(code: CodeType, offset: int) -> str | None:
    import dis  # costs as much as a tenth of `import funcgrad`

    positions = list(code.co_positions())
    line, end_line, column, end_column = positions[offset // 2]
    if column is None or not _is_call(code, offset):  # Python runs with -X no_debug_ranges
        return None
    names = []
    for instruction in dis.get_instructions(code):
        start, end, first, last = positions[instruction.offset // 2]
        # Of `a.zeros(3).dot(b)`, the call of `zeros` starts where that of `dot` does, and ends before it.
        inside = (start, first) == (line, column) and (end, last) < (end_line, end_column)
        if inside and instruction.opname.startswith("LOAD_"):
            names.append((end, last, instruction.argval))
    # `a.b.zeros(3)` loads `a`, `a.b` and `a.b.zeros`.
    *path, name = [None, *[name for _, _, name in sorted(names, key=lambda name: name[:2])]]
    if name in _UFUNC_METHODS and isinstance(getattr(np, str(path[-1]), None), np.ufunc):
        return path[-1]  # np.add.reduce
    return name


def _is_call(code: CodeType, offset: int) -> bool:
    return _operation((code, offset)).startswith(("CALL", "PRECALL"))


def here() -> str:
    """`\\n  at file:line in function` for the user's running line, or nothing if there is none.

    SciPy's code counts as the user's where it is traced, but it is not where its user can mend something.
    """
    frame: Any = sys._getframe(1)
    while frame is not None and (
        is_hidden(frame.f_code.co_filename) or is_scipys(frame.f_code.co_filename)
    ):
        frame = frame.f_back
    location = None if frame is None else locate((frame.f_code, frame.f_lasti))
    return f"\n  at {location}" if location else ""


def describe_function(fun: object) -> str:
    """`name (file:line)` of a user's function, for error messages."""
    while hasattr(fun, "func") and not hasattr(fun, "__code__"):  # functools.partial
        fun = fun.func
    code = getattr(fun, "__code__", None)
    while (
        code and is_hidden(code.co_filename) and hasattr(fun, "__wrapped__")
    ):  # ours around the user's
        fun = fun.__wrapped__
        code = getattr(fun, "__code__", None)
    name = (
        getattr(fun, "__qualname__", None) or getattr(fun, "__name__", None) or type(fun).__name__
    )
    return f"{name} ({code.co_filename}:{code.co_firstlineno})" if code else str(name)
