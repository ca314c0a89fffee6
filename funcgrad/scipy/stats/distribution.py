"""Distributions with SciPy's names and methods, made of formulas for their standard form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core.errors import UnsupportedError
from funcgrad.core.source import here
from funcgrad.core.tracing import is_traced
from funcgrad.numpy.arguments import operand
from funcgrad.ops.basic import convert
from funcgrad.scipy.mirror import has_tracer, scipy_module

Formula = Callable[..., Any]
Bound = float | Callable[..., Any]

METHODS = ("pdf", "logpdf", "pmf", "logpmf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf")


def double(x: Any) -> Any:
    """An operand in double precision.

    SciPy's distributions return float64, and compute it partly in the precision of the arguments.
    """
    return x if type(x) in (int, float) else convert(operand(x), np.float64)


class Distribution:
    """What continuous and discrete distributions share: arguments, freezing, and passing on to SciPy.

    Attributes:
        name: that of the distribution in `scipy.stats`.
        shapes: names of the shape parameters.
        support: the ends of the standard form, numbers or functions of the shape parameters.
        check: which shape parameters are allowed; None for all.
        zero_at_low: whether the density is zero at the lower end, where its formula has no value.
        formulas: those of the standard form, `(y, *shapes)` or `(q, *shapes)`; others follow from them.
    """

    def __init__(
        self,
        name: str,
        shapes: str = "",
        *,
        support: tuple[Bound, Bound] = (-np.inf, np.inf),
        check: Callable[..., Any] | None = None,
        zero_at_low: bool = False,
        **formulas: Formula,
    ) -> None:
        self.name = name
        self.shapes = tuple(shapes.split())
        self.support = support
        self.check = check
        self.zero_at_low = zero_at_low
        self.formulas = formulas

    def _call_scipy(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return getattr(getattr(scipy_module("stats"), self.name), method)(*args, **kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The distribution with its parameters fixed, as `scipy.stats` freezes it."""
        return Frozen(self, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        value = getattr(getattr(scipy_module("stats"), self.name), name)

        def method(*args: Any, **kwargs: Any) -> Any:
            if has_tracer(args, kwargs):
                raise UnsupportedError(
                    f"scipy.stats.{self.name}.{name} has no traced implementation{here()}\n  "
                    f"traced are its methods {', '.join(METHODS)}"
                )
            return value(*args, **kwargs)

        return method if callable(value) else value

    def __repr__(self) -> str:
        return f"<funcgrad.scipy.stats.{self.name}>"

    def _parameters(self, method: str, args: Any, kwargs: dict[str, Any], rest: str) -> list[Any]:
        """The values of the shape parameters and of `rest` (loc, scale)."""
        names = (*self.shapes, *rest.split())
        defaults = {"loc": 0, "scale": 1}
        values = dict(zip(names, args, strict=False)) | kwargs
        unknown = [*kwargs.keys() - set(names), *args[len(names) :]]
        missing = [n for n in names if n not in values and n not in defaults]
        if unknown or missing:
            wrong = f"unknown {unknown}" if unknown else f"missing {missing}"
            raise TypeError(f"{self.name}.{method} takes {', '.join(names)}: {wrong}{here()}")
        return [double(values.get(n, defaults.get(n))) for n in names]

    def _formula(self, name: str) -> Formula:
        formula = self.formulas.get(name)
        if formula is None:
            raise UnsupportedError(
                f"scipy.stats.{self.name}.{name} has no traced implementation{here()}"
            )
        return formula

    def _bounds(self, shapes: list[Any]) -> list[Any]:
        return [bound(*shapes) if callable(bound) else bound for bound in self.support]


class Frozen:
    """A distribution with its parameters fixed."""

    def __init__(self, distribution: Distribution, args: Any, kwargs: Any) -> None:
        self.dist = distribution
        self.args = args
        self.kwds = kwargs

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        method = getattr(self.dist, name)
        takes_points = name in METHODS

        def call(*points: Any, **kwargs: Any) -> Any:
            if takes_points:
                return method(*points, *self.args, **self.kwds, **kwargs)
            return method(*self.args, *points, **self.kwds, **kwargs)

        return call


def infinite(bound: Any) -> bool:
    """Whether an end of the support is surely infinite."""
    return not is_traced(bound) and bool(np.all(np.isinf(bound)))


def at_least(x: Any, y: Any) -> Any:
    """x >= y; True if one of them is an infinite bound."""
    return True if infinite(x) or infinite(y) else x >= y
