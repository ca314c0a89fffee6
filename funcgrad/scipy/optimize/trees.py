"""Between the pytrees of the user's functions and the vectors of SciPy's solvers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.api.inspection import ShapeDtypeStruct
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.core.tree import tree_map
from funcgrad.flatten_util import ravel_pytree
from funcgrad.ops.basic import convert


def floating(name: str, tree: Any) -> Any:
    """A pytree with integers as floats; a list of numbers is an array, as in SciPy."""
    if isinstance(tree, (list, tuple)) and all(
        np.ndim(x) == 0 and not isinstance(x, dict) for x in tree
    ):
        tree = np.stack(tree) if tree else np.zeros(0)

    def leaf(x: Any) -> Any:
        x = x if hasattr(x, "dtype") else np.asarray(x)
        kind = typeof(x).dtype.kind
        if kind == "c":
            raise ArgumentError(
                f"{name}: the variables must be real, got {typeof(x)}{here()}\n  "
                "give real and imaginary parts as two variables"
            )
        return x if kind == "f" else convert(x, np.float64)

    return tree_map(leaf, tree)


def vector(tree: Any) -> Any:
    """All leaves in one vector of float64."""
    return convert(ravel_pytree(tree)[0], np.float64)


def like(tree: Any) -> Any:
    """The shapes and dtypes of a pytree."""
    return tree_map(lambda x: ShapeDtypeStruct(typeof(x).shape, typeof(x).dtype), tree)


def zeros_like(tree: Any) -> Any:
    """Zeros in the structure, shapes and dtypes of a pytree, which may be traced."""
    return tree_map(lambda x: np.zeros(typeof(x).shape, typeof(x).dtype), tree)


class Variables:
    """The structure of the variables of a solver."""

    def __init__(self, x0: Any) -> None:
        self.start, self._unravel = ravel_pytree(x0)

    def tree(self, flat: Any) -> Any:
        """The variables from a vector."""
        return self._unravel(flat)

    def of_vector(self, fun: Callable[..., Any], args: Any) -> Callable[[Any], Any]:
        """A function of the pytree as one of the vector."""
        return lambda flat: fun(self._unravel(flat), *args)


def as_tuple(args: Any) -> tuple[Any, ...]:
    """Further arguments; a single one need not be in a tuple."""
    return args if isinstance(args, tuple) else (args,)
