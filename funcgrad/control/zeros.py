"""What rules with `symbolic_zeros=True` see instead of plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.types import ShapedArray


class SymbolicZero:
    """A tangent or cotangent that is known to be zero, without an array.

    >>> import numpy as np, funcgrad as fg
    >>> fg.SymbolicZero.like(np.ones(3))
    SymbolicZero(f64[3])
    """

    __slots__ = ("aval",)

    def __init__(self, aval: ShapedArray) -> None:
        self.aval = aval

    @classmethod
    def like(cls, x: Any) -> SymbolicZero:
        """The zero tangent of an array."""
        x = x if hasattr(x, "dtype") else np.asarray(x)
        return cls(ShapedArray(tuple(x.shape), x.dtype))

    @property
    def shape(self) -> tuple[int, ...]:
        return self.aval.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.aval.dtype

    @property
    def ndim(self) -> int:
        return self.aval.ndim

    @property
    def size(self) -> int:
        return self.aval.size

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SymbolicZero) and self.aval == other.aval

    def __hash__(self) -> int:
        return hash((SymbolicZero, self.aval))

    def __repr__(self) -> str:
        return f"SymbolicZero({self.aval})"


class CustomVJPPrimal:
    """An argument of a `fwd` rule with `symbolic_zeros=True`: its value, and whether it is differentiated.

    >>> import funcgrad as fg
    >>> fg.CustomVJPPrimal(2.0, perturbed=True)
    CustomVJPPrimal(2.0, perturbed=True)
    """

    __slots__ = ("perturbed", "value")

    def __init__(self, value: Any, perturbed: bool) -> None:
        self.value = value
        self.perturbed = perturbed

    def __repr__(self) -> str:
        return f"CustomVJPPrimal({self.value!r}, perturbed={self.perturbed})"
