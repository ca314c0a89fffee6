"""Discrete distributions: masses and probabilities from formulas of the standard form."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.scipy.conditions import both
from funcgrad.scipy.mirror import has_tracer
from funcgrad.scipy.stats.distribution import (
    Distribution,
    at_least,
    double,
    infinite,
)


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
        inside = both(both(at_least(y, low), at_least(high, y)), np.floor(y) == y)
        value = self._formula("logpmf")(np.where(inside, y, 0.0 if infinite(low) else low), *shapes)
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
        if not infinite(high):
            value = np.where(y >= high, above, value)
        value = np.where(y < low, below, value)
        return self._checked(np.log(value) if plain != method else value, y, shapes)
