"""How a module of `funcgrad.scipy` stands for one of SciPy's."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

from funcgrad.core import patch
from funcgrad.core.errors import UnsupportedError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer

P = ParamSpec("P")
R = TypeVar("R")


class _Plain:
    """A module of SciPy's, with its own functions also where a counterpart stands for one (stand_ins)."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        value = patch.plain(self._module, name)
        return getattr(self._module, name) if value is None else value

    def __dir__(self) -> list[str]:
        return dir(self._module)


def scipy_module(name: str) -> Any:
    """`scipy.name`, or an error that says how to get it."""
    try:
        return _Plain(importlib.import_module(f"scipy.{name}"))
    except ImportError:
        raise UnsupportedError(
            f"funcgrad.scipy.{name} needs SciPy, which is not installed{here()}\n  "
            "install it with: pip install 'funcgrad[scipy]'"
        ) from None


class HoldsTraced:
    """What functions of SciPy's that return objects return for traced values: an object that holds them."""


def has_tracer(*values: Any) -> bool:
    """Whether there is a traced value among these, in lists, tuples and dicts of them or in an object of ours."""
    for value in values:
        if isinstance(value, (Tracer, HoldsTraced)):
            return True
        if isinstance(value, (list, tuple)) and has_tracer(*value):
            return True
        if isinstance(value, dict) and has_tracer(*value.values()):
            return True
    return False


def mirrors(module: str, name: str | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a traced implementation stand for a SciPy function: plain arrays go to SciPy itself."""

    def decorate(implementation: Callable[P, R]) -> Callable[P, R]:
        scipy_name = name or implementation.__name__

        @functools.wraps(implementation)
        def function(*args: P.args, **kwargs: P.kwargs) -> R:
            if has_tracer(args, kwargs):
                return implementation(*args, **kwargs)
            return getattr(scipy_module(module), scipy_name)(*args, **kwargs)

        return function

    return decorate


def other_names(module: str) -> Callable[[str], Any]:
    """A module's `__getattr__`: SciPy's own object, which refuses traced values."""

    def get(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            value = getattr(scipy_module(module), name)
        except AttributeError:
            raise AttributeError(f"scipy.{module} has no {name!r}") from None
        if not callable(value) or isinstance(value, type):
            return value

        @functools.wraps(value)
        def function(*args: Any, **kwargs: Any) -> Any:
            if has_tracer(args, kwargs):
                raise UnsupportedError(
                    f"scipy.{module}.{name} has no traced implementation{here()}\n  compute it from "
                    "functions that have one, or wrap it with fg.pure_callback or fg.defprimitive"
                )
            return value(*args, **kwargs)

        return function

    return get
