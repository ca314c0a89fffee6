"""The parameters of a function with derivative rules, which take all arguments by position."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import describe_function, here

_Kind = inspect.Parameter
_BY_PLACE = (_Kind.POSITIONAL_ONLY, _Kind.POSITIONAL_OR_KEYWORD)


class Parameters:
    """What a function takes; `transform` is the user's name for what is made of it, for messages."""

    __slots__ = ("complete", "fun", "names", "transform")

    def __init__(self, fun: Callable[..., Any], transform: str) -> None:
        self.fun = fun
        self.transform = transform
        self.names: list[str] | None = (
            None  # of those that can be given by position, if that is known
        )
        self.complete = range(0)  # with how many arguments by position none is left out
        try:
            parameters = inspect.signature(fun).parameters.values()
        except (TypeError, ValueError):  # a function written in C
            return
        self.names = [p.name for p in parameters if p.kind in _BY_PLACE]
        others = [p.kind for p in parameters if p.kind not in _BY_PLACE and p.default is p.empty]
        if _Kind.KEYWORD_ONLY not in others:
            n = len(self.names)
            self.complete = range(n, sys.maxsize if _Kind.VAR_POSITIONAL in others else n + 1)

    def resolve(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """All arguments by position, with defaults filled in."""
        if not kwargs and (len(args) in self.complete or self.names is None):
            return args
        try:
            bound = inspect.signature(self.fun).bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{describe_function(self.fun)}: {error}{here()}") from None
        by_keyword = [name for name in kwargs if name not in (self.names or ())]
        if by_keyword:
            names = ", ".join(by_keyword)
            raise ArgumentError(
                f"{self.transform}: {describe_function(self.fun)} takes {names} by keyword only, but rules take "
                f"arguments by position{here()}\n  let the function take {names} by position too"
            )
        bound.apply_defaults()
        return bound.args

    def positions(
        self, numbers: int | Sequence[int], names: str | Sequence[str]
    ) -> tuple[int, ...]:
        """The positions of non-differentiable arguments, sorted."""
        found = (
            [int(numbers)] if isinstance(numbers, (int, np.integer)) else [int(n) for n in numbers]
        )
        for name in (names,) if isinstance(names, str) else names:
            if name not in (self.names or ()):
                raise ArgumentError(
                    f"{self.transform}: nondiff_argnames has {name!r}, but {describe_function(self.fun)} has no "
                    "such argument"
                )
            found.append((self.names or []).index(name))
        if len(self.complete) == 1:
            n = self.complete.start
            for i in found:
                if not -n <= i < n:
                    raise ArgumentError(
                        f"{self.transform}: nondiff_argnums has {i}, but {describe_function(self.fun)} has {n} "
                        "arguments"
                    )
            found = [i % n for i in found]
        return tuple(sorted(set(found)))
