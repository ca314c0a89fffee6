"""Names and operands in emitted source."""

from __future__ import annotations

import keyword
import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from funcgrad.compile import scalars
from funcgrad.compile.constants import array_text, dtype_name
from funcgrad.compile.source import ProgramSource
from funcgrad.core.errors import UnsupportedError
from funcgrad.core.jaxpr import Atom, Equation, Literal, Var, scalar_key
from funcgrad.core.printer import Names

RESERVED = frozenset(keyword.kwlist) | {"np", "math", "own", "token", "careful", "empty", "claim"}
# Results of this many elements hide the cost of converting a Python scalar operand.
_LARGE = 4096
# Longer constants are not written out in programs that do not need their text.
_LONGEST_NOTE = 80
# What a 0-d value is at run time: a Python number or a NumPy scalar. (A 0-d array could be a view.)
PYTHON, SCALAR = "python", "scalar"


class Definitions(Protocol):
    """What source that runs without funcgrad brings along (a `Transplant`)."""

    def begin(self, emitter: Any) -> None: ...

    def call(self, emitter: Any, eqn: Equation, operands: Sequence[str]) -> str: ...

    def expression(self, value: Any, hint: str = "value") -> str: ...


class Operands:
    """What equations read, as source.

    Attributes:
        kinds: which 0-d values are Python numbers and which NumPy scalars.
        transplant: what source that runs without funcgrad brings along.
    """

    def __init__(self, source: ProgramSource) -> None:
        self.source = source
        self.names: dict[Var, str] = {}
        self.letters = Names()
        self.kinds: dict[Var, str] = {}
        self.transplant: Definitions | None = None

    def name(self, var: Var) -> str:
        name = self.names.get(var)
        if name is None:
            name = self.letters(var)
            if name in RESERVED:
                name += "_"
            self.names[var] = name
        return name

    def constant(self, value: Any, aval: Any) -> str:
        """A global that holds a literal as an array of its dtype."""
        key = scalar_key(value) if not aval.shape else id(value)
        name = self.source.constants.get(key)
        if name is None:
            array = np.asarray(value, aval.dtype)
            name = self.source.constants[key] = self.source.bind(
                array, "c", self._array_text(array)
            )
        return name

    def scalar(self, atom: Atom) -> str:
        """An operand of a Python expression."""
        if type(atom) is Literal:
            value = atom.val.item() if isinstance(atom.val, np.generic | np.ndarray) else atom.val
            if type(value) is float and not math.isfinite(value):
                return "math.nan" if value != value else "math.inf" if value > 0 else "-math.inf"
            return repr(value)
        return self.name(atom)

    def as_float(self, atom: Atom) -> str:
        """An operand, an integer or a float, of a Python expression on floats."""
        if atom.aval.dtype == scalars.FLOAT:
            return self.scalar(atom)
        return repr(float(atom.val)) if type(atom) is Literal else f"float({self.name(atom)})"

    def operand(self, atom: Atom, dtypes: set[Any], size: int) -> str:
        """An operand of a ufunc whose operands have these dtypes."""
        if type(atom) is Literal:
            weakens = dtypes - {atom.aval.dtype}
            if (
                not atom.aval.shape
                and size >= _LARGE
                and not weakens
                and atom.aval.dtype.kind in "fi"
            ):
                return self.scalar(atom)
            return self.constant(atom.val, atom.aval)
        name = self.name(atom)
        if self.kinds.get(atom) is PYTHON and dtypes - {scalars.FLOAT, scalars.BOOL}:
            return f"{dtype_name(atom.aval.dtype)}({name})"  # strong, where Python's float would be weak
        return name

    def value(self, atom: Atom) -> str:
        """An operand of a function that takes arrays or NumPy scalars."""
        if type(atom) is Literal:
            return self.constant(atom.val, atom.aval)
        name = self.name(atom)
        return f"{dtype_name(atom.aval.dtype)}({name})" if self.kinds.get(atom) is PYTHON else name

    def _array_text(self, array: Any) -> str:
        """A constant as source: all of it for export, otherwise as much as tells what it is."""
        noted = self.transplant is not None or array.size <= _LONGEST_NOTE
        text = array_text(array) if noted else None
        if text is None and self.transplant is not None:
            raise UnsupportedError(
                f"a constant of shape {array.shape} is too large for source text"
                "\n  make it an argument of the function"
            )
        if text is None or (self.transplant is None and len(text) > _LONGEST_NOTE):
            return f"np.array(..., {dtype_name(array.dtype)})"
        return text

    def number(self, atom: Atom) -> str:
        """An 0-d operand as a NumPy scalar."""
        if type(atom) is not Literal:
            return self.name(atom)
        key = ("scalar", scalar_key(atom.val))
        name = self.source.constants.get(key)
        if name is None:
            kind = dtype_name(atom.aval.dtype)
            value = atom.aval.dtype.type(atom.val)
            text = value.item() if np.isfinite(value) else f"'{value}'"
            name = self.source.bind(value, "c", f"{kind}({text})")
            self.source.constants[key] = name
        return name

    def function(self, ufunc: Any) -> str:
        name = ufunc.__name__
        if getattr(np, name, None) is ufunc:
            return f"np.{name}"
        if self.transplant is not None:
            return self.transplant.expression(ufunc, name)
        key = ("function", ufunc)
        if key not in self.source.constants:
            self.source.constants[key] = self.source.bind(ufunc, name, f"{ufunc!r}")
        return self.source.constants[key]
