"""Calls of cases as functions of a flat list of arrays, without help of the code under test."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from tests.cases import Case


class Leaf:
    """Stands for an array in the structure of arguments or results."""


LEAF = Leaf()


def flatten(value: Any) -> tuple[list[Any], Any]:
    """The arrays and numbers in nested containers, and the structure without them."""
    if isinstance(value, (list, tuple)):
        pairs = [flatten(v) for v in value]
        return [leaf for leaves, _ in pairs for leaf in leaves], (
            type(value),
            [s for _, s in pairs],
        )
    if isinstance(value, dict):
        pairs = [flatten(v) for v in value.values()]
        structure = (dict, list(value), [s for _, s in pairs])
        return [leaf for leaves, _ in pairs for leaf in leaves], structure
    if value is None or isinstance(value, (str, slice, type, np.dtype)):
        return [], value
    return [value], LEAF


def unflatten(structure: Any, leaves: Sequence[Any]) -> Any:
    """The inverse of `flatten`."""
    rest = iter(leaves)

    def build(node: Any) -> Any:
        if node is LEAF:
            return next(rest)
        if isinstance(node, tuple) and node and node[0] is dict:
            return {key: build(sub) for key, sub in zip(node[1], node[2], strict=True)}
        if isinstance(node, tuple) and node:
            items = [build(sub) for sub in node[1]]
            return node[0](*items) if hasattr(node[0], "_fields") else node[0](items)
        return node

    return build(structure)


def is_inexact(value: Any) -> bool:
    return np.asarray(value).dtype.kind in "fc"


class Call:
    """A case with arguments: `fun(*active) -> tuple of all result leaves`.

    Attributes:
        active: the arguments that vary (the floating leaves for derivatives, all for values).
        expected: the leaves of NumPy's result.
        floating: for each leaf of the result whether it is floating or complex.
    """

    def __init__(
        self, case: Case, arguments: tuple[Any, ...], *, only_inexact: bool = False
    ) -> None:
        self.case = case
        self.leaves, self.structure = flatten(arguments)
        self.is_active = [not only_inexact or is_inexact(leaf) for leaf in self.leaves]
        self.active = [v for v, yes in zip(self.leaves, self.is_active, strict=True) if yes]
        with quiet():
            self.result = case(*unflatten(self.structure, copies(self.leaves)))
        self.expected, self.result_structure = flatten(self.result)
        self.floating = [is_inexact(leaf) for leaf in self.expected]

    def arguments(self, active: Sequence[Any]) -> tuple[Any, ...]:
        """The arguments of the case's function, with these active leaves."""
        given = iter(active)
        pairs = zip(self.leaves, self.is_active, strict=True)
        return tuple(unflatten(self.structure, [next(given) if yes else v for v, yes in pairs]))

    def fun(self, *active: Any) -> tuple[Any, ...]:
        return tuple(flatten(self.case(*self.arguments(active)))[0])

    def smooth(self, *active: Any) -> tuple[Any, ...]:
        """As `fun`, with the floating leaves of the result only."""
        return self.pick(self.fun(*active))

    def oracle(self, function: Callable[..., Any]) -> Callable[..., tuple[Any, ...]]:
        """As `smooth`, of another library's version of the case's function."""

        def fun(*active: Any) -> tuple[Any, ...]:
            out = function(*self.arguments(active), **self.case.params)
            return self.pick(flatten(out)[0])

        return fun

    def numpy(self, active: Sequence[Any]) -> list[Any]:
        """NumPy's floating result leaves for these active leaves."""
        with quiet():
            return list(self.smooth(*copies(active)))

    def pick(self, leaves: Sequence[Any]) -> tuple[Any, ...]:
        return tuple([v for v, yes in zip(leaves, self.floating, strict=True) if yes])

    def like_active(self, rng: np.random.Generator) -> list[Any]:
        """Random tangents."""
        return [random_like(rng, v) for v in self.active]

    def like_result(self, rng: np.random.Generator) -> list[Any]:
        """Random cotangents."""
        return [random_like(rng, v) for v in self.pick(self.expected)]


@contextmanager
def quiet() -> Iterator[None]:
    """Run NumPy without its warnings about values (division by zero, the mean of nothing)."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def copies(leaves: Sequence[Any]) -> list[Any]:
    return [np.array(v) if isinstance(v, np.ndarray) else v for v in leaves]


def random_like(rng: np.random.Generator, value: Any) -> Any:
    array = np.asarray(value)
    drawn = rng.uniform(-1.0, 1.0, array.shape)
    if array.dtype.kind == "c":
        drawn = drawn + 1j * rng.uniform(-1.0, 1.0, array.shape)
    return np.asarray(drawn, array.dtype)
