"""Python's operators on tracers."""

from __future__ import annotations

from typing import Any

from funcgrad.core.tracing import Tracer
from funcgrad.ops import elementwise as e


def install(name: str, primitive: Any) -> None:
    """Make `primitive` the operator `__name__` and, reflected, `__rname__`."""
    binary, reflected = primitive.binary, primitive.reflected

    def operator(self: Tracer, other: Any) -> Any:
        return binary(self, other)

    def reflected_operator(self: Tracer, other: Any) -> Any:
        return reflected(self, other)

    setattr(Tracer, f"__{name}__", operator)
    setattr(Tracer, f"__r{name}__", reflected_operator)


install("add", e.add)
install("sub", e.sub)
install("mul", e.mul)
install("truediv", e.div)
Tracer.__neg__ = lambda self: e.neg.unary(self)  # type: ignore[attr-defined]
Tracer.__gt__ = lambda self, other: e.gt.binary(self, other)  # type: ignore[attr-defined]
Tracer.__lt__ = lambda self, other: e.lt.binary(self, other)  # type: ignore[attr-defined]
