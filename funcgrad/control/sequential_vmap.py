"""`sequential_vmap`: functions that `vmap` runs for one example after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from funcgrad.control.custom_vmap import custom_vmap
from funcgrad.control.loops import scan
from funcgrad.core.tree import tree_flatten


def sequential_vmap(fun: Callable[..., Any]) -> custom_vmap:
    """A function that `vmap` runs for one example after the other, in a loop.

    For functions whose batched form needs too much memory, or must not be batched.

    Args:
        fun: a function of arrays or pytrees.

    Returns:
        A `custom_vmap` function.

    >>> import numpy as np, funcgrad as fg
    >>> square = fg.custom_batching.sequential_vmap(lambda x: x * x)
    >>> fg.vmap(square)(np.arange(3.0))
    array([0., 1., 4.])
    """
    custom = custom_vmap(fun)

    def rule(axis_size: int, in_batched: Any, *args: Any) -> tuple[Any, bool]:
        leaves, tree = tree_flatten(args)
        flags = tree_flatten(in_batched)[0]

        def one(_: None, examples: Any) -> tuple[None, Any]:
            rest = iter(examples)
            chosen = [next(rest) if b else x for x, b in zip(leaves, flags, strict=True)]
            return None, custom(*tree.unflatten(chosen))

        batched = [x for x, b in zip(leaves, flags, strict=True) if b]
        return scan(one, None, batched, length=axis_size)[1], True

    custom.def_vmap(rule)
    return custom
