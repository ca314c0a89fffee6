"""The operators of local arrays: those of their ndarrays, unless a traced value takes part."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from funcgrad.core.local_array import (
    LocalArray,
    as_local,
    is_traced_inside,
    local_operand,
    plain_inside,
)
from funcgrad.core.tracer import Tracer


def _binary(name: str, symbol: Callable[[Any, Any], Any]) -> None:
    def call(self: LocalArray, other: Any) -> Any:
        other = local_operand(other)
        result = symbol(self._index, other)
        return result if type(other) is Tracer else as_local(result, (), self._trace)

    def reflected(self: LocalArray, other: Any) -> Any:
        other = local_operand(other)
        result = symbol(other, self._index)
        return result if type(other) is Tracer else as_local(result, (), self._trace)

    setattr(LocalArray, f"__{name}__", call)
    setattr(LocalArray, f"__r{name}__", reflected)


def _in_place(name: str, update: Callable[[Any, Any], Any]) -> None:
    def call(self: LocalArray, other: Any) -> Any:
        if is_traced_inside(other):
            self._become_tracer()
            return update(self, other)
        update(self._index, plain_inside(other))
        return self

    setattr(LocalArray, f"__i{name}__", call)


for _name in [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "lshift",
    "rshift",
]:
    _binary(_name, getattr(operator, _name))
    _in_place(_name, getattr(operator, f"i{_name}"))
for _name in ["and", "or", "xor"]:
    _binary(_name, getattr(operator, f"__{_name}__"))
    _in_place(_name, getattr(operator, f"i{_name}"))
_binary("divmod", divmod)
for _name in ["lt", "le", "gt", "ge", "eq", "ne"]:
    _binary(_name, getattr(operator, _name))


def _unary(name: str, call: Callable[[Any], Any]) -> None:
    setattr(LocalArray, f"__{name}__", lambda self: as_local(call(self._index), (), self._trace))


for _name in ["neg", "pos", "abs", "invert"]:
    _unary(_name, getattr(operator, _name))
