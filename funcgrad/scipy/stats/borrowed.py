"""Distributions by SciPy's own formulas for their standard form, which are NumPy code and hence can be traced."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.scipy.mirror import scipy_module
from funcgrad.scipy.stats.continuous_methods import Continuous
from funcgrad.scipy.stats.discrete_methods import Discrete
from funcgrad.scipy.stats.distribution import Distribution, Formula


class _Borrowed(Distribution):
    """A distribution of which SciPy's object has formulas: methods `_logpdf`, `_cdf`, ... of its own class.

    Attributes:
        without: formulas that look at values, or that are no formulas but quadrature or iteration.
    """

    def __init__(self, name: str, without: str = "") -> None:
        self.name = name
        self.zero_at_low = name in _ZERO_AT_LOW
        self.without = without.split()

    @functools.cached_property
    def _scipys(self) -> Any:
        return getattr(scipy_module("stats"), self.name)

    @functools.cached_property
    def shapes(self) -> tuple[str, ...]:  # type: ignore[override]
        """The names of the shape parameters."""
        return tuple((self._scipys.shapes or "").replace(",", " ").split())

    @property
    def check(self) -> Callable[..., Any]:  # type: ignore[override]
        """Which shape parameters are allowed: positive ones, where SciPy's object does not say otherwise."""
        own = type(self._scipys)._argcheck is not scipy_module("stats").rv_continuous._argcheck
        if own:
            return lambda *shapes: np.logical_and(self._scipys._argcheck(*shapes), True)
        return lambda *shapes: functools.reduce(np.logical_and, [s > 0 for s in shapes], True)

    @functools.cached_property
    def formulas(self) -> dict[str, Formula]:  # type: ignore[override]
        """SciPy's formulas; the ones that its base classes compute by quadrature and iteration are none."""
        general = scipy_module("stats")
        base = general.rv_continuous if isinstance(self, Continuous) else general.rv_discrete
        found = {}
        for name in (
            "logpdf",
            "pdf",
            "logpmf",
            "pmf",
            "cdf",
            "sf",
            "logcdf",
            "logsf",
            "ppf",
            "isf",
        ):
            method = getattr(type(self._scipys), f"_{name}", None)
            own = method is not None and method is not getattr(base, f"_{name}", None)
            if own and name not in self.without:
                found[name] = getattr(self._scipys, f"_{name}")
        for log, plain in (("logpdf", "pdf"), ("logpmf", "pmf")):
            if log not in found and plain in found:
                found[log] = _logarithm(found[plain])
        return found

    def _bounds(self, shapes: list[Any]) -> list[Any]:
        return list(self._scipys._get_support(*shapes))


def _logarithm(plain: Formula) -> Formula:
    return lambda *args: np.log(plain(*args))


class BorrowedContinuous(_Borrowed, Continuous):
    """A continuous distribution by SciPy's formulas.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(fg.scipy.stats.lomax.logpdf)(1.0, 2.0)
    np.float64(-1.5)
    """


class BorrowedDiscrete(_Borrowed, Discrete):
    """A distribution of integers by SciPy's formulas.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(fg.scipy.stats.planck.logpmf, argnums=1)(2, 1.0).round(6)
    np.float64(-1.418023)
    """


_WITHOUT = {
    "alpha": "ppf isf",
    "betaprime": "cdf sf logcdf logsf ppf isf",
    "dgamma": "cdf sf logcdf logsf ppf isf",
    "exponweib": "ppf isf",
    "halflogistic": "isf",
    "jf_skew_t": "ppf isf",
    "kappa3": "sf logsf isf",
    "loggamma": "cdf sf logcdf logsf ppf isf",
    "norminvgauss": "sf logsf isf",
    "rdist": "ppf isf",
    "rice": "cdf sf logcdf logsf ppf isf",
    "semicircular": "ppf isf",
    "wald": "ppf isf",
    "dlaplace": "cdf sf logcdf logsf",
}
# Where the density is zero at the lower end, and its formula has no value there.
_ZERO_AT_LOW = ["alpha", "fatiguelife", "invweibull", "johnsonsb", "levy", "powerlognorm", "wald"]
_CONTINUOUS = """
    alpha anglit arcsine argus betaprime bradford burr12 dgamma dweibull exponnorm exponpow exponweib fatiguelife
    foldcauchy foldnorm genexpon genlogistic gompertz halfgennorm halflogistic hypsecant invweibull jf_skew_t johnsonsb
    johnsonsu kappa3 laplace_asymmetric levy loggamma loglaplace lomax mielke moyal nakagami norminvgauss powerlognorm
    powernorm rdist reciprocal rel_breitwigner rice semicircular skewcauchy truncexpon truncweibull_min wald
"""
_DISCRETE = "dlaplace planck yulesimon zipf"
BORROWED: dict[str, Distribution] = {
    **{name: BorrowedContinuous(name, _WITHOUT.get(name, "")) for name in _CONTINUOUS.split()},
    **{name: BorrowedDiscrete(name, _WITHOUT.get(name, "")) for name in _DISCRETE.split()},
}
