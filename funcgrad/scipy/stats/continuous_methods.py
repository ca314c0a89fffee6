"""Continuous distributions: densities, probabilities and quantiles from formulas of the standard form."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.tracing import is_traced
from funcgrad.numpy.arguments import operand
from funcgrad.ops.basic import convert
from funcgrad.scipy.conditions import both
from funcgrad.scipy.mirror import has_tracer
from funcgrad.scipy.stats.distribution import (
    Distribution,
    Formula,
    at_least,
    double,
    infinite,
)


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
        above = _more(y, low) if self.zero_at_low else at_least(y, low)
        inside = both(above, at_least(high, y))
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
        safe = _within(both(over, under), y, low, high)
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


def _standard(x: Any, loc: Any, scale: Any) -> Any:
    """Points of the standard form."""
    x = double(x)
    if is_traced(loc) or np.any(loc != 0):
        x = x - loc
    if is_traced(scale) or np.any(scale != 1):
        x = x / scale
    return convert(operand(x), np.float64)


def _more(x: Any, y: Any) -> Any:
    return True if infinite(x) or infinite(y) else x > y


def _within(inside: Any, y: Any, low: Any, high: Any) -> Any:
    """`y`, or a point inside of the support where it is not, so that no NaN comes from there."""
    if inside is True:
        return y
    bounded_low, bounded_high = np.isfinite(low), np.isfinite(high)
    point = np.where(bounded_low, low + 1.0, np.where(bounded_high, high - 1.0, 0.0))
    return np.where(inside, y, np.where(bounded_low & bounded_high, (low + high) * 0.5, point))
