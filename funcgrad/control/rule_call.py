"""A call of a custom function, on which its rules are traced, and what messages call the rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from funcgrad.core.source import describe_function
from funcgrad.core.tree import PyTreeDef
from funcgrad.core.types import ShapedArray


class Call(NamedTuple):
    """A call of a custom function: what its rules are traced on.

    Attributes:
        custom: the `CustomFunction`.
        nondiff: the values of its non-differentiable arguments.
        tree: the structure of the tuple of its other arguments.
        avals: the types of their leaves.
        out_tree, out_avals: the structure of the result and the types of its leaves.
    """

    custom: Any
    nondiff: tuple[Any, ...]
    tree: PyTreeDef
    avals: tuple[ShapedArray, ...]
    out_tree: PyTreeDef | None = None
    out_avals: tuple[ShapedArray, ...] = ()

    def run(self, *args: Any) -> Any:
        return self.custom.fun(*self.all_arguments(args))

    def all_arguments(self, args: Sequence[Any]) -> list[Any]:
        """The arguments with the non-differentiable ones in their places."""
        merged = list(args)
        for position, value in zip(self.custom.nondiff_argnums, self.nondiff, strict=True):
            merged.insert(position, value)
        return merged


class RuleName(NamedTuple):
    """What messages call a rule: its role and the functions."""

    custom: Any
    what: str
    rule: Any

    def __str__(self) -> str:
        return f"the {self.what} {describe_function(self.rule)} of {describe_function(self.custom.fun)}"
