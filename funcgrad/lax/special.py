"""Special functions under JAX's names. `logistic` and the error functions need NumPy only, the others SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import funcgrad.scipy.special as special
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import inexact
from funcgrad.ops.basic import convert
from funcgrad.ops.exponential import log
from funcgrad.ops.exponential import logistic as _logistic
from funcgrad.ops.random.gamma import random_gamma_grad as _log_slope


def _of(function: Callable[..., Any], *args: Any) -> Any:
    """A function of SciPy's, in half precision too, which most of those widen to double precision."""
    args = tuple([inexact(x) for x in args])
    out = function(*args)
    strong = [typeof(x).dtype for x in args if not typeof(x).weak_type]
    half = bool(strong) and all(d == np.float16 for d in strong)
    return convert(out, np.float16) if half else out


def logistic(x: Any) -> Any:
    """`1 / (1 + exp(-x))`, accurate for all x.

    >>> import funcgrad as fg
    >>> fg.grad(fg.lax.logistic)(0.0)
    np.float64(0.25)
    """
    return _logistic(inexact(x))


def _error_function(name: str, x: Any) -> Any:
    from funcgrad.ops import error_function  # with SciPy's ufuncs, if it is there

    x = inexact(x)
    return convert(getattr(error_function, name)(x), typeof(x).dtype)


def erf(x: Any) -> Any:
    """The error function.

    >>> import funcgrad as fg
    >>> print(f"{fg.lax.erf(0.5):.6f}")
    0.520500
    """
    return _error_function("erf", x)


def erfc(x: Any) -> Any:
    """The complementary error function, 1 - erf(x) without cancellation.

    >>> import funcgrad as fg
    >>> print(f"{fg.lax.erfc(10.0):.6g}")
    2.08849e-45
    """
    return _error_function("erfc", x)


def erf_inv(x: Any) -> Any:
    """The inverse of the error function.

    >>> import funcgrad as fg
    >>> print(f"{fg.lax.erf_inv(0.5):.6f}")
    0.476936
    """
    return _error_function("erf_inv", x)


def lgamma(x: Any) -> Any:
    """The logarithm of the absolute value of the gamma function.

    >>> import funcgrad as fg
    >>> print(f"{fg.lax.lgamma(4.0):.6f}")
    1.791759
    """
    return _of(special.gammaln, x)


def digamma(x: Any) -> Any:
    """The derivative of the logarithm of the gamma function.

    >>> import funcgrad as fg
    >>> print(f"{fg.lax.digamma(1.0):.6f}")
    -0.577216
    """
    return _of(special.psi, x)


def polygamma(m: Any, x: Any) -> Any:
    """The m-th derivative of `digamma`.

    >>> import funcgrad as fg
    >>> print(f"{fg.lax.polygamma(1.0, 1.0):.6f}")
    1.644934
    """
    return special.polygamma(m, inexact(x))


def zeta(x: Any, q: Any) -> Any:
    """Hurwitz's zeta function, the sum of (q + k)^-x over k = 0, 1, ...

    >>> import funcgrad as fg
    >>> print(f"{fg.lax.zeta(2.0, 1.0):.6f}")
    1.644934
    """
    return _of(special.zeta, x, q)


def igamma(a: Any, x: Any) -> Any:
    """The regularized lower incomplete gamma function.

    >>> import funcgrad as fg
    >>> print(f"{fg.lax.igamma(1.0, 1.0):.6f}")
    0.632121
    """
    return _of(special.gammainc, a, x)


def igammac(a: Any, x: Any) -> Any:
    """The regularized upper incomplete gamma function.

    >>> import funcgrad as fg
    >>> print(f"{fg.lax.igammac(1.0, 1.0):.6f}")
    0.367879
    """
    return _of(special.gammaincc, a, x)


def igamma_grad_a(a: Any, x: Any) -> Any:
    """The derivative of `igamma` with respect to its first argument.

    >>> import funcgrad as fg
    >>> print(f"{fg.lax.igamma_grad_a(1.0, 1.0):.6f}")
    -0.431730
    """
    from funcgrad.ops.special.incomplete import gammainc_slope_p  # needs SciPy

    return _of(gammainc_slope_p, a, x)


def random_gamma_grad(a: Any, x: Any) -> Any:
    """The derivative of gamma-distributed samples `x` with respect to their parameter `a`.

    >>> import funcgrad as fg
    >>> print(f"{fg.lax.random_gamma_grad(1.0, 1.0):.6f}")
    1.173563
    """
    a, x = inexact(a), inexact(x)
    return x * _log_slope(a, log(x), by="")


def betainc(a: Any, b: Any, x: Any) -> Any:
    """The regularized incomplete beta function; JAX's name is `regularized_incomplete_beta`, too.

    >>> import funcgrad as fg
    >>> print(f"{fg.lax.betainc(1.0, 2.0, 0.5):.6f}")
    0.750000
    """
    return _of(special.betainc, a, b, x)


def bessel_i0e(x: Any) -> Any:
    """The modified Bessel function of order 0, times exp(-|x|).

    >>> import funcgrad as fg
    >>> print(f"{fg.lax.bessel_i0e(1.0):.6f}")
    0.465760
    """
    return _of(special.i0e, x)


def bessel_i1e(x: Any) -> Any:
    """The modified Bessel function of order 1, times exp(-|x|).

    >>> import funcgrad as fg
    >>> print(f"{fg.lax.bessel_i1e(1.0):.6f}")
    0.207910
    """
    return _of(special.i1e, x)
