"""What rules with `symbolic_zeros=True` see instead of plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.tracing import typeof
from funcgrad.core.tree import tree_map
from funcgrad.core.types import ShapedArray, float0, is_differentiable


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


def custom_vjp_primal_tree_values(tree: Any) -> Any:
    """The values in a pytree of `CustomVJPPrimal`.

    >>> import funcgrad as fg
    >>> fg.custom_derivatives.custom_vjp_primal_tree_values([fg.CustomVJPPrimal(2.0, True)])
    [2.0]
    """
    return tree_map(
        lambda leaf: leaf.value if isinstance(leaf, CustomVJPPrimal) else leaf,
        tree,
        is_leaf=lambda x: isinstance(x, CustomVJPPrimal),
    )


def zero_from_primal(val: Any, symbolic_zeros: bool = False) -> Any:
    """The zero tangent of an array: of its shape and dtype, or of dtype `float0` for integers.

    Args:
        val: an array or a number.
        symbolic_zeros: whether to give a `SymbolicZero`, without memory.

    >>> import numpy as np, funcgrad as fg
    >>> fg.custom_derivatives.zero_from_primal(np.ones(2))
    array([0., 0.])
    """
    aval = typeof(val)
    dtype = aval.dtype if is_differentiable(aval.dtype) else float0
    if symbolic_zeros:
        return SymbolicZero(ShapedArray(aval.shape, dtype))
    return np.zeros(aval.shape, dtype)
