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


class Continuous(Distribution):
    """A continuous distribution: the methods of `scipy.stats` on traced values.

    The arguments are SciPy's: the points, the shape parameters, `loc` and `scale`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(fg.scipy.stats.norm.logpdf, argnums=2)(1.0, 0.0, 2.0)
    np.float64(-0.375)
    """

    def logpdf(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The logarithm of the density; minus infinity outside of the support."""
        if not has_tracer(x, args, kwargs):
            return self._call_scipy("logpdf", x, *args, **kwargs)
        return self._density(x, args, kwargs, "logpdf")

    def pdf(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The density."""
        if not has_tracer(x, args, kwargs):
            return self._call_scipy("pdf", x, *args, **kwargs)
        return np.exp(self._density(x, args, kwargs, "pdf"))

    def _density(self, x: Any, args: Any, kwargs: Any, method: str) -> Any:
        *shapes, loc, scale = self._parameters(method, args, kwargs, "loc scale")
        y = _standard(x, loc, scale)
        low, high = self._bounds(shapes)
        above = _more(y, low) if self.zero_at_low else _at_least(y, low)
        inside = _both(above, _at_least(high, y))
        finite = np.isfinite(y)
        safe = y if inside is True else _within(inside & finite, y, low, high)
        value = self._formula("logpdf")(safe, *shapes)
        if is_traced(scale) or np.any(scale != 1):
            value = value - np.log(scale)
        # Minus infinity at infinity, NaN for NaN.
        value = np.where(finite, value, -np.abs(y))
        value = value if inside is True else np.where(inside | np.isnan(y), value, -np.inf)
        return self._checked(value, None, scale, shapes)

    def _checked(self, value: Any, y: Any, scale: Any, shapes: list[Any]) -> Any:
        """NaN for parameters that are not allowed, and for NaN in `y`."""
        valid = None if not is_traced(scale) and np.all(scale > 0) else scale > 0
        if self.check is not None:
            allowed = self.check(*shapes)
            if is_traced(allowed) or not np.all(allowed):
                valid = allowed if valid is None else valid & allowed
        if y is not None:
            valid = ~np.isnan(y) if valid is None else valid & ~np.isnan(y)
        return value if valid is None else np.where(valid, value, np.nan)

    def cdf(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The probability of at most `x`."""
        return self._probability("cdf", 0.0, 1.0, x, args, kwargs)

    def sf(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The probability of more than `x`, precise where it is small."""
        return self._probability("sf", 1.0, 0.0, x, args, kwargs)

    def logcdf(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The logarithm of `cdf`."""
        return self._probability("logcdf", -np.inf, 0.0, x, args, kwargs)

    def logsf(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The logarithm of `sf`."""
        return self._probability("logsf", 0.0, -np.inf, x, args, kwargs)

    def _probability(
        self, method: str, below: float, above: float, x: Any, args: Any, kwargs: Any
    ) -> Any:
        if not has_tracer(x, args, kwargs):
            return self._call_scipy(method, x, *args, **kwargs)
        *shapes, loc, scale = self._parameters(method, args, kwargs, "loc scale")
        y = _standard(x, loc, scale)
        low, high = self._bounds(shapes)
        over, under = _more(y, low), _more(high, y)
        if over is not True and under is True:
            under = y < np.inf
        elif under is not True and over is True:
            over = y > -np.inf
        safe = _within(_both(over, under), y, low, high)
        value = self._cumulative(method)(safe, *shapes)
        value = value if over is True else np.where(over, value, below)
        value = value if under is True else np.where(under, value, above)
        return self._checked(value, y, scale, shapes)

    def _cumulative(self, method: str) -> Formula:
        if method in self.formulas or method == "cdf":
            return self._formula(method)
        if method == "sf":
            cdf = self._formula("cdf")
            return lambda y, *shapes: 1.0 - cdf(y, *shapes)
        plain = self._cumulative(method.removeprefix("log"))
        return lambda y, *shapes: np.log(plain(y, *shapes))

    def ppf(self, q: Any, *args: Any, **kwargs: Any) -> Any:
        """The quantile function, the inverse of `cdf`."""
        return self._quantile("ppf", q, args, kwargs)

    def isf(self, q: Any, *args: Any, **kwargs: Any) -> Any:
        """The inverse of `sf`."""
        return self._quantile("isf", q, args, kwargs)

    def _quantile(self, method: str, q: Any, args: Any, kwargs: Any) -> Any:
        if not has_tracer(q, args, kwargs):
            return self._call_scipy(method, q, *args, **kwargs)
        *shapes, loc, scale = self._parameters(method, args, kwargs, "loc scale")
        q = double(q)
        low, high = self._bounds(shapes)
        at_zero, at_one = (low, high) if method == "ppf" else (high, low)
        inner = (q > 0) & (q < 1)
        safe = np.where(inner, q, 0.5)
        if method in self.formulas or method == "ppf":
            y = self._formula(method)(safe, *shapes)
        else:
            y = self._formula("ppf")(1.0 - safe, *shapes)
        y = np.where(inner, y, np.where(q == 0, at_zero, np.where(q == 1, at_one, np.nan)))
        return self._checked(y * scale + loc, q, scale, shapes)


class Discrete(Distribution):
    """A distribution of integers: the methods of `scipy.stats` on traced values.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(fg.scipy.stats.poisson.logpmf, argnums=1)(3, 2.0)
    np.float64(0.5)
    """

    def logpmf(self, k: Any, *args: Any, **kwargs: Any) -> Any:
        """The logarithm of the probability of `k`; minus infinity outside of the support."""
        if not has_tracer(k, args, kwargs):
            return self._call_scipy("logpmf", k, *args, **kwargs)
        return self._mass(k, args, kwargs, "logpmf")

    def pmf(self, k: Any, *args: Any, **kwargs: Any) -> Any:
        """The probability of `k`."""
        if not has_tracer(k, args, kwargs):
            return self._call_scipy("pmf", k, *args, **kwargs)
        return np.exp(self._mass(k, args, kwargs, "pmf"))

    def _mass(self, k: Any, args: Any, kwargs: Any, method: str) -> Any:
        *shapes, loc = self._parameters(method, args, kwargs, "loc")
        y = double(k) - loc
        low, high = self._bounds(shapes)
        inside = _both(_both(_at_least(y, low), _at_least(high, y)), np.floor(y) == y)
        value = self._formula("logpmf")(
            np.where(inside, y, 0.0 if _infinite(low) else low), *shapes
        )
        return self._checked(np.where(inside, value, -np.inf), y, shapes)

    def _checked(self, value: Any, y: Any, shapes: list[Any]) -> Any:
        valid = ~np.isnan(y)
        if self.check is not None:
            valid = valid & self.check(*shapes)
        return np.where(valid, value, np.nan)

    def cdf(self, k: Any, *args: Any, **kwargs: Any) -> Any:
        """The probability of at most `k`."""
        return self._probability("cdf", k, args, kwargs)

    def sf(self, k: Any, *args: Any, **kwargs: Any) -> Any:
        """The probability of more than `k`."""
        return self._probability("sf", k, args, kwargs)

    def logcdf(self, k: Any, *args: Any, **kwargs: Any) -> Any:
        """The logarithm of `cdf`."""
        return self._probability("logcdf", k, args, kwargs)

    def logsf(self, k: Any, *args: Any, **kwargs: Any) -> Any:
        """The logarithm of `sf`."""
        return self._probability("logsf", k, args, kwargs)

    def _probability(self, method: str, k: Any, args: Any, kwargs: Any) -> Any:
        if not has_tracer(k, args, kwargs):
            return self._call_scipy(method, k, *args, **kwargs)
        *shapes, loc = self._parameters(method, args, kwargs, "loc")
        y = np.floor(double(k) - loc)
        low, high = self._bounds(shapes)
        plain = method.removeprefix("log")
        if plain in self.formulas:
            value = self.formulas[plain](np.clip(y, low, high), *shapes)
        else:
            value = 1.0 - self._formula("cdf")(np.clip(y, low, high), *shapes)
        below, above = (0.0, 1.0) if plain == "cdf" else (1.0, 0.0)
        if not _infinite(high):
            value = np.where(y >= high, above, value)
        value = np.where(y < low, below, value)
        return self._checked(np.log(value) if plain != method else value, y, shapes)


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


def _standard(x: Any, loc: Any, scale: Any) -> Any:
    """Points of the standard form."""
    x = double(x)
    if is_traced(loc) or np.any(loc != 0):
        x = x - loc
    if is_traced(scale) or np.any(scale != 1):
        x = x / scale
    return convert(operand(x), np.float64)


def _infinite(bound: Any) -> bool:
    return not is_traced(bound) and bool(np.all(np.isinf(bound)))


def _at_least(x: Any, y: Any) -> Any:
    """x >= y; True if one of them is an infinite bound."""
    return True if _infinite(x) or _infinite(y) else x >= y


def _more(x: Any, y: Any) -> Any:
    return True if _infinite(x) or _infinite(y) else x > y


def _both(x: Any, y: Any) -> Any:
    return y if x is True else x if y is True else x & y


def _within(inside: Any, y: Any, low: Any, high: Any) -> Any:
    """`y`, or a point inside of the support where it is not, so that no NaN comes from there."""
    if inside is True:
        return y
    bounded_low, bounded_high = np.isfinite(low), np.isfinite(high)
    point = np.where(bounded_low, low + 1.0, np.where(bounded_high, high - 1.0, 0.0))
    return np.where(inside, y, np.where(bounded_low & bounded_high, (low + high) * 0.5, point))
