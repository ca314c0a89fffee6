"""Names of functions that are made by functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def named(function: F, name: str, doc: str | None) -> F:
    """The function, which calls itself by this name and has this docstring."""
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function
