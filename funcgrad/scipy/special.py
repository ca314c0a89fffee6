"""`funcgrad.scipy.special`: SciPy's special functions on traced values.

SciPy's ufuncs dispatch by themselves, so most names are SciPy's own objects: `scipy.special.erf(x)` in code
that does not know funcgrad is traced as well. Those written in Python are replaced here.

>>> import funcgrad as fg, numpy as np
>>> fg.grad(fg.scipy.special.logsumexp)(np.array([0.0, 0.0, 0.0, 0.0]))
array([0.25, 0.25, 0.25, 0.25])
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.naming import named
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import inexact, operand
from funcgrad.ops import elementwise as e
from funcgrad.ops.basic import convert
from funcgrad.ops.stop import stop_gradient_p
from funcgrad.scipy.mirror import mirrors, other_names, scipy_module

# Functions in Python that only call ufuncs, hence take traced values as they are.
_DISPATCH = frozenset(
    {
        *("zeta", "lambertw", "softplus", "sinc"),
        *("jvp", "yvp", "ivp", "kvp", "h1vp", "h2vp"),
    }
)


def _without_largest(a: Any, axis: Any) -> tuple[Any, Any]:
    """The array less its largest element along the axes (0 for infinite ones), and that element."""
    top = stop_gradient_p(np.max(np.real(a), axis=axis, keepdims=True))
    # Infinite elements that are the largest count as 0, so that infinity - infinity does not spoil.
    alike = np.isinf(top) & np.equal(np.real(a), top)
    return e.where(alike, 0.0, a) - e.where(alike, 0.0, top), top


def logsumexp(
    a: Any,
    axis: Any = None,
    b: Any = None,
    keepdims: bool = False,
    return_sign: bool = False,
    where: Any = None,
) -> Any:
    """`log(sum(b * exp(a)))` along axes, without overflow.

    Args:
        a: an array.
        axis: an int or a tuple of ints; all axes if None.
        b: factors that broadcast with `a`; 1 if None. Where it is 0, `a` may be anything.
        keepdims: whether the summed axes are kept with length 1.
        return_sign: whether to return the logarithm of the absolute value, and the sign.
        where: which elements take part, as in JAX; all if None.
    """
    if where is not None:
        a, b = np.where(where, a, -math.inf), np.where(where, 1.0 if b is None else b, 0.0)
    return _logsumexp(a, axis, b, keepdims, return_sign)


@mirrors("special", "logsumexp")
def _logsumexp(a: Any, axis: Any, b: Any, keepdims: bool, return_sign: bool) -> Any:
    a = inexact(a)
    if b is not None:
        b = inexact(b)
        dtype = np.result_type(typeof(a).dtype, typeof(b).dtype)
        a, b = np.broadcast_arrays(convert(a, dtype), convert(b, dtype))
        a = e.where(np.equal(b, 0.0), -math.inf, a)
    if typeof(a).size == 0:
        return _of_nothing(typeof(a).shape, typeof(a).dtype, axis, keepdims, return_sign)
    rest, top = _without_largest(a, axis)
    terms = np.exp(rest) if b is None else b * np.exp(rest)
    total = np.sum(terms, axis=axis, keepdims=True)
    sign: Any = np.sign(total) if return_sign else None
    if return_sign:
        total = np.abs(total)
    nothing = np.equal(total, 0.0)
    out = e.where(nothing, -math.inf, np.log(e.where(nothing, 1.0, total))) + top
    if not keepdims:
        axis = tuple(range(typeof(a).ndim)) if axis is None else axis
        out = np.squeeze(out, axis)
        sign = np.squeeze(sign, axis) if return_sign else None
    return (out, sign) if return_sign else out


def _of_nothing(
    shape: tuple[int, ...], dtype: Any, axis: Any, keepdims: bool, return_sign: bool
) -> Any:
    if not isinstance(axis, int):
        raise ArgumentError(f"logsumexp of an empty array of shape {shape} needs one axis{here()}")
    out = np.sum(np.full(shape, -math.inf, dtype), axis=axis, keepdims=keepdims)
    out = np.full_like(out, -math.inf)
    return (out, np.sign(out)) if return_sign else out


@mirrors("special")
def softmax(x: Any, axis: Any = None) -> Any:
    """`exp(x) / sum(exp(x))` along axes, without overflow."""
    powers = np.exp(_without_largest(inexact(x), axis)[0])
    return powers / np.sum(powers, axis=axis, keepdims=True)


@mirrors("special")
def log_softmax(x: Any, axis: Any = None) -> Any:
    """The logarithm of `softmax`, accurate where that underflows."""
    rest = _without_largest(inexact(x), axis)[0]
    return rest - np.log(np.sum(np.exp(rest), axis=axis, keepdims=True))


@mirrors("special")
def multigammaln(a: Any, d: int) -> Any:
    """The logarithm of the multivariate gamma function of dimension `d`."""
    if int(d) != d or d < 1:
        raise ArgumentError(f"multigammaln: d should be a positive integer, not {d}{here()}")
    gammaln = scipy_module("special").gammaln
    a = inexact(a)
    constant = d * (d - 1) * 0.25 * math.log(math.pi)
    return constant + convert(sum(gammaln(a - 0.5 * j) for j in range(int(d))), float)


@mirrors("special")
def polygamma(n: Any, x: Any) -> Any:
    """The n-th derivative of digamma, n plain."""
    special = scipy_module("special")
    from funcgrad.ops.special.gamma import polygamma as primitive  # SciPy is optional

    if np.ndim(n) == 0 and n == 0:
        return convert(special.psi(operand(x)), float)
    return primitive(np.asarray(n, float)[()], convert(operand(x), float))


# Spherical Bessel functions: (2n + 1) f_n' = n f_(n-1) - (n + 1) f_(n+1), with other signs for the modified
# ones (https://dlmf.nist.gov/10.51).


def _spherical(name: str) -> Any:
    @mirrors("special", name)
    def function(n: Any, z: Any, derivative: bool = False) -> Any:
        scipy_module("special")
        from funcgrad.ops.special import bessel  # SciPy is optional

        primitive = getattr(bessel, name)
        n = np.asarray(n, int)[()]
        return bessel.spherical_slope(primitive, n, z) if derivative else primitive(n, z)

    return named(
        function, name, f"SciPy's `{name}`: a spherical Bessel function or its derivative."
    )


spherical_jn = _spherical("spherical_jn")
spherical_yn = _spherical("spherical_yn")
spherical_in = _spherical("spherical_in")
spherical_kn = _spherical("spherical_kn")


@mirrors("special")
def sph_harm_y(n: Any, m: Any, theta: Any, phi: Any, *, diff_n: int = 0) -> Any:
    """`scipy.special.sph_harm_y`: the spherical harmonic of degree n and order m, plain, by both angles.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda theta: fg.scipy.special.sph_harm_y(1, 0, theta, 0.0).real
    >>> fg.grad(f)(np.pi / 2).round(6)  # sqrt(3 / (4 pi)) cos(theta)
    np.float64(-0.488603)
    """
    if diff_n:
        raise ArgumentError(f"sph_harm_y: diff_n takes no traced values: use derivatives{here()}")
    from funcgrad.ops.special.waves import sph_harm_y as primitive  # SciPy is optional

    return primitive(np.asarray(n, int)[()], np.asarray(m, int)[()], operand(theta), operand(phi))


@mirrors("special")
def factorial(n: Any, exact: bool = False, extend: str = "zero") -> Any:
    """`gamma(n + 1)`, 0 for negative n; `exact` takes no traced values."""
    if exact:
        raise ArgumentError(f"factorial: exact=True takes no traced values{here()}")
    n = inexact(n)
    values = scipy_module("special").gamma(e.where(n < 0, 0.0, n) + 1.0)
    return e.where(n < 0, 0.0, convert(values, float))


@mirrors("special")
def comb(N: Any, k: Any, *, exact: bool = False, repetition: bool = False) -> Any:
    """The number of combinations of N things taken k at a time; `exact` takes no traced values."""
    if exact:
        raise ArgumentError(f"comb: exact=True takes no traced values{here()}")
    N, k = operand(N), operand(k)
    if repetition:
        return e.where((k == 0) & (N >= 0), 1.0, comb(N + k - 1, k))
    possible = (k <= N) & (N >= 0) & (k >= 0)
    return e.where(possible, scipy_module("special").binom(N, k), 0.0)


@mirrors("special")
def perm(N: Any, k: Any, exact: bool = False) -> Any:
    """The number of permutations of N things taken k at a time; `exact` takes no traced values."""
    if exact:
        raise ArgumentError(f"perm: exact=True takes no traced values{here()}")
    N, k = operand(N), operand(k)
    possible = (k <= N) & (N >= 0) & (k >= 0)
    return e.where(possible, scipy_module("special").poch(N - k + 1.0, k), 0.0)


_other = other_names("special")


def __getattr__(name: str) -> Any:
    if not name.startswith("__"):
        special = scipy_module("special")
        # With SCIPY_ARRAY_API=1 the public name is a function around the ufunc.
        value = getattr(special._ufuncs, name, None) or getattr(special, name, None)
        if isinstance(value, np.ufunc) or (value is not None and name in _DISPATCH):
            return value
    return _other(name)


def __dir__() -> list[str]:
    return dir(scipy_module("special"))


__all__ = [
    "comb",
    "factorial",
    "log_softmax",
    "logsumexp",
    "multigammaln",
    "perm",
    "polygamma",
    "softmax",
    "sph_harm_y",
    "spherical_in",
    "spherical_jn",
    "spherical_kn",
    "spherical_yn",
]
