"""NumPy's complaints about shapes as ArgumentErrors, which are TypeErrors too: JAX's class for them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from funcgrad.core.errors import ArgumentError, FuncgradError
from funcgrad.core.source import here

P = ParamSpec("P")
R = TypeVar("R")


def checked(fun: Callable[P, R]) -> Callable[P, R]:
    """A function of `lax` whose ValueErrors from NumPy name it and the user's line."""

    @functools.wraps(fun)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return fun(*args, **kwargs)
        except ValueError as error:
            if isinstance(error, FuncgradError):
                raise
            raise ArgumentError(f"{fun.__name__}: {error}{here()}") from None

    return call
