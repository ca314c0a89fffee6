"""Python's operators on tracers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core import dispatch
from funcgrad.core.errors import UnsupportedError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.core.types import ShapedArray
from funcgrad.ops import elementwise as e
from funcgrad.ops.basic import broadcast_to, convert

Operator = Callable[[Any, Any], Any]


def fit(result: Any, aval: ShapedArray, what: str, casting: Any = "same_kind") -> Any:
    """A result as it is written into an array of type `aval`, by NumPy's rules for `out=`."""
    found = typeof(result)
    check_cast(found, aval, what, casting)
    if found.shape != aval.shape and _broadcast(found.shape, aval.shape) != aval.shape:
        raise ValueError(
            f"cannot write the result of {what}, of shape {found.shape}, into an array of shape "
            f"{aval.shape}{here()}"
        )
    return broadcast_to(convert(result, aval.dtype), aval.shape)


def check_cast(
    found: ShapedArray, aval: ShapedArray, what: str, casting: Any = "same_kind"
) -> None:
    """Refuse a result that NumPy would not write into an array of this dtype."""
    if not np.can_cast(found.dtype, aval.dtype, casting):
        raise TypeError(
            f"cannot write the result of {what}, of dtype {found.dtype}, into an array of dtype "
            f"{aval.dtype}: the casting rule is {casting!r}{here()}\n  make a new array instead "
            f"(x = x + y), or convert with .astype({str(aval.dtype)!r}) first"
        )


def _broadcast(*shapes: tuple[int, ...]) -> Any:
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        return None


def _in_place(call: Operator, symbol: str) -> Operator:
    def operator(self: Tracer, other: Any) -> Any:
        result = call(self, other)
        if result is NotImplemented or (not self.aval.shape and self._view is None):
            return result  # a scalar is immutable, as NumPy's are: the name is bound anew
        self._assign(fit(result, self.aval, f"`{symbol}=`"))
        return self

    return operator


def _install(name: str, symbol: str, call: Operator, reflected: Operator) -> None:
    setattr(Tracer, f"__{name}__", call)
    setattr(Tracer, f"__r{name}__", reflected)
    setattr(Tracer, f"__i{name}__", _in_place(call, symbol))


def _function(call: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *operands: call(*operands)


def _swapped(call: Operator) -> Operator:
    return lambda self, other: call(other, self)


for _name, _symbol, _primitive in (
    ("add", "+", e.add),
    ("sub", "-", e.sub),
    ("mul", "*", e.mul),
    ("truediv", "/", e.div),
    ("floordiv", "//", e.floor_divide),
    ("mod", "%", e.mod),
    ("and", "&", e.and_),
    ("or", "|", e.or_),
    ("xor", "^", e.xor),
    ("lshift", "<<", e.shift_left),
    ("rshift", ">>", e.shift_right),
):
    _install(_name, _symbol, _primitive.binary, _primitive.reflected)

for _name, _primitive in (
    ("lt", e.lt),
    ("le", e.le),
    ("gt", e.gt),
    ("ge", e.ge),
):
    setattr(Tracer, f"__{_name}__", _primitive.binary)


# Operators that are more than one primitive


def _power(self: Tracer, other: Any, modulus: Any = None) -> Any:
    if modulus is not None:
        raise UnsupportedError(
            f"pow(x, y, z) has no traced implementation{here()}\n  write np.mod(x ** y, z)"
        )
    return e.power(self, other)


def _matmul(self: Any, other: Any) -> Any:
    if not isinstance(other, (Tracer, np.ndarray)) and dispatch.takes_over(other):
        return NotImplemented
    if np.ndim(self) == 0 or np.ndim(other) == 0:
        raise ValueError(f"matmul: 0-d operands of `@`: use `*` instead{here()}")
    return np.matmul(self, other)


def _matmul_in_place(self: Tracer, other: Any) -> Any:
    if self.aval.ndim < 2:
        raise ValueError(
            f"`@=` takes a matrix on its left, not {self.aval}{here()}\n  write x = x @ y instead"
        )
    return _matmul(self, other)


def _equality(primitive: Any, unlike: bool) -> Operator:
    binary = primitive.binary

    def operator(self: Tracer, other: Any) -> Any:
        if other is None or isinstance(other, str):
            return np.full(self.shape, unlike)[()]
        return binary(self, other)

    return operator


_install("pow", "**", _power, _swapped(e.power))
_install("matmul", "@", _matmul, _swapped(_matmul))
for _name, _operator in (
    ("divmod", _function(e.divmod_)),
    ("rdivmod", _swapped(e.divmod_)),
    ("eq", _equality(e.eq, unlike=False)),
    ("ne", _equality(e.ne, unlike=True)),
):
    setattr(Tracer, f"__{_name}__", _operator)
Tracer.__imatmul__ = _in_place(_matmul_in_place, "@")  # type: ignore[attr-defined]


# Unary operators, and Python's rounding, which gives integers

_ROUND_INSTEAD = "use np.round, np.floor, np.ceil or np.trunc, which give arrays"


def _to_integer(function: str) -> Callable[[Tracer], int]:
    def rounded(self: Tracer) -> int:
        if self.aval.shape:
            raise TypeError(f"{function} of an array: {_ROUND_INSTEAD}{here()}")
        value = self._concrete("integer value", _ROUND_INSTEAD)
        if function == "round()":
            value = np.rint(value)
        elif function == "math.floor()":
            value = np.floor(value)
        elif function == "math.ceil()":
            value = np.ceil(value)
        return int(value)

    return rounded


def _round(self: Tracer, ndigits: int | None = None) -> Any:
    if ndigits is None:
        return _to_integer("round()")(self)
    if self.aval.shape:
        raise TypeError(f"round() of an array: {_ROUND_INSTEAD}{here()}")
    return e.round_.unary(self, (("decimals", ndigits),))


_UNARY: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("neg", _function(e.neg.unary)),
    ("pos", _function(e.positive.unary)),
    ("abs", _function(e.abs_.unary)),
    ("invert", _function(e.not_.unary)),
    ("round", _round),
    ("trunc", _to_integer("math.trunc()")),
    ("floor", _to_integer("math.floor()")),
    ("ceil", _to_integer("math.ceil()")),
)
for _name, _unary in _UNARY:
    setattr(Tracer, f"__{_name}__", _unary)
