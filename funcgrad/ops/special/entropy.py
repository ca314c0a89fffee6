"""x log y and what is made of it: entropies; logistic functions; losses; power transforms."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.ops import elementwise as e
from funcgrad.ops.define import ZERO, elementwise
from funcgrad.ops.special import ufuncs as special
from funcgrad.ops.special.define import composite, special_ufunc
from funcgrad.ops.special.hypergeometric import hyp1f1

# x log y is 0 for x = 0, and so is its derivative by y, even at y = 0.
xlogy = special_ufunc(
    "xlogy", lambda t, ans, x, y: t * e.log(y), lambda t, ans, x, y: t * _ratio(x, y)
)
xlog1py = special_ufunc(
    "xlog1py", lambda t, ans, x, y: t * e.log1p(y), lambda t, ans, x, y: t * _ratio(x, 1.0 + y)
)


def _ratio(x: Any, y: Any) -> Any:
    return x / e.where((x == 0.0) & (y == 0.0), 1.0, y)


entr = special_ufunc("entr", lambda t, ans, x: -t * (e.log(x) + 1.0))
rel_entr = special_ufunc(
    "rel_entr",
    lambda t, ans, x, y: t * (e.log(x / y) + 1.0),
    lambda t, ans, x, y: -t * _ratio(x, y),
)
kl_div = special_ufunc(
    "kl_div",
    lambda t, ans, x, y: t * e.log(x / y),
    lambda t, ans, x, y: t * (1.0 - _ratio(x, y)),
)

# Logistic functions
composite("expit", e.logistic)
logit = special_ufunc("logit", lambda t, ans, p: t / (p * (1.0 - p)))
log_expit = special_ufunc("log_expit", lambda t, ans, x: t * e.logistic(-x))

# Losses
huber = special_ufunc(
    "huber",
    lambda t, ans, delta, r: t * e.max_(abs(r) - delta, 0.0),
    lambda t, ans, delta, r: t * e.max_(e.min_(r, delta), -delta),
)
composite(
    "pseudo_huber",
    # delta^2 (sqrt(1 + (r / delta)^2) - 1), without cancellation
    lambda delta, r: r * r / (1.0 + e.sqrt(1.0 + e.square(r / delta))),
)


# Power transforms: (x^p - 1) / p = log(x) exprel(p log(x)), which is log(x) at p = 0

exprel = special_ufunc("exprel", lambda t, ans, x: t * (0.5 * hyp1f1(2.0, 3.0, x)))
boxcox = special_ufunc(
    "boxcox",
    lambda t, ans, x, p: t * e.exp((p - 1.0) * e.log(x)),
    lambda t, ans, x, p: t * _boxcox_slope(e.log(x), p),
)
boxcox1p = special_ufunc(
    "boxcox1p",
    lambda t, ans, x, p: t * e.exp((p - 1.0) * e.log1p(x)),
    lambda t, ans, x, p: t * _boxcox_slope(e.log1p(x), p),
)


def _boxcox_slope(log_x: Any, p: Any) -> Any:
    return e.square(log_x) * (0.5 * hyp1f1(2.0, 3.0, p * log_x))


def _log_quotient(u: Any) -> Any:
    """(u / (1 + u) - log(1 + u)) / u^2, by its series near 0."""
    near = abs(u) < 1e-3
    far = e.where(near, 1.0, u)
    series = -0.5 + u * (2.0 / 3.0 + u * (-0.75 + u * (0.8 + u * (-5.0 / 6.0))))
    return e.where(near, series, (far / (1.0 + far) - e.log1p(far)) / (far * far))


inv_boxcox = special_ufunc(
    "inv_boxcox",
    lambda t, ans, y, p: t * (ans / (1.0 + p * y)),
    lambda t, ans, y, p: t * (ans * y * y * _log_quotient(p * y)),
)
inv_boxcox1p = special_ufunc(
    "inv_boxcox1p",
    lambda t, ans, y, p: t * ((ans + 1.0) / (1.0 + p * y)),
    lambda t, ans, y, p: t * ((ans + 1.0) * y * y * _log_quotient(p * y)),
)


# Functions that NumPy has too, or nearly

composite("exp2", e.exp2)
composite("expm1", e.expm1)
composite("log1p", e.log1p)
composite("cbrt", e.cbrt)
elementwise("special_round", special.round, jvp=ZERO)
exp10 = special_ufunc("exp10", lambda t, ans, x: t * (np.log(10.0) * ans))
cosm1 = special_ufunc("cosm1", lambda t, ans, x: -t * e.sin(x))
powm1 = special_ufunc(
    "powm1",
    lambda t, ans, x, y: t * (y * e.power(x, y - 1.0)),
    lambda t, ans, x, y: t * ((ans + 1.0) * e.log(x)),
)
_DEGREE = np.pi / 180.0
sindg = special_ufunc("sindg", lambda t, ans, x: t * (_DEGREE * cosdg(x)))
cosdg = special_ufunc("cosdg", lambda t, ans, x: -t * (_DEGREE * sindg(x)))
tandg = special_ufunc("tandg", lambda t, ans, x: t * (_DEGREE * (1.0 + ans * ans)))
cotdg = special_ufunc("cotdg", lambda t, ans, x: -t * (_DEGREE * (1.0 + ans * ans)))
radian = special_ufunc(
    "radian",
    *(
        lambda t, ans, d, m, s, factor=factor: t * (_DEGREE * factor)
        for factor in (1.0, 1.0 / 60.0, 1.0 / 3600.0)
    ),
)
