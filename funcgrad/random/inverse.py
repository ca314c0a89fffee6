"""Distributions whose quantile function is elementary, from uniform numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.ops.basic import broadcast_to, convert
from funcgrad.random.arguments import (
    Shape,
    array_of,
    check_dtype,
    check_key,
    check_shape,
    inexact,
    parameter,
)
from funcgrad.random.uniform import uniform


def exponential(key: Any, shape: Shape = (), dtype: Any = None) -> Any:
    """Exponentially distributed numbers, with the density exp(-x).

    Args:
        key: a single key.
        shape: of the result.
        dtype: a floating dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.random.exponential(fg.random.key(0), (2,))
    array([0.54207056, 0.24372319])
    """
    kind = check_dtype("exponential", dtype, float)
    return -np.log1p(-uniform(check_key("exponential", key), shape, kind))


def gumbel(key: Any, shape: Shape = (), dtype: Any = None, mode: str | None = None) -> Any:
    """Gumbel-distributed numbers, with the density exp(-(x + exp(-x))).

    Args:
        key: a single key.
        shape: of the result.
        dtype: a floating dtype; float64 by default.
        mode: "low" (the default), or "high" for twice as many random bits and so a longer upper tail, or
            "highest", which for float32 computes in double precision.

    >>> import funcgrad as fg
    >>> fg.random.gumbel(fg.random.key(0), (2,))
    array([ 0.13790566, -0.42599294])
    """
    key = check_key("gumbel", key)
    kind = check_dtype("gumbel", dtype, float)
    if mode not in (None, "low", "high", "highest"):
        raise ArgumentError(f"gumbel's mode is 'low', 'high' or 'highest', not {mode!r}{here()}")
    sizes = check_shape("gumbel", shape)
    if mode == "highest" and kind.itemsize < 8:
        return convert(gumbel(key, sizes, np.float64, "high"), kind)
    info = np.finfo(kind)
    tiny = float(info.tiny)
    if mode in (None, "low"):
        return -np.log(-np.log(uniform(key, sizes, kind, tiny, 1.0)))
    coarse, fine = uniform(key, (2, *sizes), kind)
    x = np.where(coarse >= 0.5, coarse, coarse + (2.0**-info.nmant * fine + tiny))
    return -np.log(-np.log1p(-x))


def laplace(key: Any, shape: Shape = (), dtype: Any = None) -> Any:
    """Laplace-distributed numbers, with the density exp(-|x|) / 2.

    Args:
        key: a single key.
        shape: of the result.
        dtype: a floating dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.random.laplace(fg.random.key(0), (2,))
    array([0.17803369, 0.83796278])
    """
    key = check_key("laplace", key)
    kind = check_dtype("laplace", dtype, float)
    u = uniform(key, shape, kind, -1.0 + float(np.finfo(kind).epsneg), 1.0)
    return np.sign(u) * np.log1p(-np.abs(u))


def logistic(key: Any, shape: Shape = (), dtype: Any = None) -> Any:
    """Numbers of the logistic distribution, with the density exp(-x) / (1 + exp(-x))^2.

    Args:
        key: a single key.
        shape: of the result.
        dtype: a floating dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.random.logistic(fg.random.key(0), (2,))
    array([-0.32911032, -1.28738678])
    """
    key = check_key("logistic", key)
    kind = check_dtype("logistic", dtype, float)
    u = uniform(key, shape, kind, float(np.finfo(kind).tiny), 1.0)
    return np.log(u) - np.log1p(-u)


def cauchy(key: Any, shape: Shape = (), dtype: Any = None) -> Any:
    """Cauchy-distributed numbers, with the density 1 / (pi (1 + x^2)).

    Args:
        key: a single key.
        shape: of the result.
        dtype: a floating dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.random.cauchy(fg.random.key(0), (2,))
    array([-0.26192951, -1.23784602])
    """
    key = check_key("cauchy", key)
    kind = check_dtype("cauchy", dtype, float)
    u = uniform(key, shape, kind, float(np.finfo(kind).eps), 1.0)
    return np.tan(math.pi * (u - 0.5))


def pareto(key: Any, b: Any, shape: Shape | None = None, dtype: Any = None) -> Any:
    """Pareto-distributed numbers, with the density b / x^(b + 1) for x >= 1.

    Args:
        key: a single key.
        b: positive parameters; the numbers are differentiable with respect to them.
        shape: of the result; that of `b` by default.
        dtype: a floating dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.random.pareto(fg.random.key(0), 2.0, (2,))
    array([1.31132133, 1.12959775])
    """
    key = check_key("pareto", key)
    kind = check_dtype("pareto", dtype, float)
    b = array_of(b)
    sizes = check_shape("pareto", shape, b)
    return np.exp(exponential(key, sizes, kind) / parameter("pareto", b, kind))


def weibull_min(
    key: Any, scale: Any, concentration: Any, shape: Shape = (), dtype: Any = None
) -> Any:
    """Weibull-distributed numbers, with a density proportional to x^(c - 1) exp(-(x / scale)^c).

    Args:
        key: a single key.
        scale: positive parameters (c is the concentration), with respect to which the numbers are
            differentiable.
        concentration: see `scale`.
        shape: of the uniform numbers that are drawn; the parameters are broadcast against it.
        dtype: a floating dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.random.weibull_min(fg.random.key(0), 1.0, 2.0, (2,))
    array([0.73625441, 0.49368328])
    """
    key = check_key("weibull_min", key)
    kind = check_dtype("weibull_min", dtype, float)
    scale, power = [parameter("weibull_min", x, kind) for x in (scale, concentration)]
    return exponential(key, shape, kind) ** (1.0 / power) * scale


def rayleigh(key: Any, scale: Any, shape: Shape | None = None, dtype: Any = None) -> Any:
    """Rayleigh-distributed numbers, with a density proportional to x exp(-x^2 / (2 scale^2)) for x >= 0.

    Args:
        key: a single key.
        scale: positive parameters, with respect to which the numbers are differentiable.
        shape: of the result; that of `scale` by default.
        dtype: a floating dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.random.rayleigh(fg.random.key(0), 1.0, (2,))
    array([1.31998551, 1.74991998])
    """
    key = check_key("rayleigh", key)
    kind = check_dtype("rayleigh", dtype, float)
    scale = array_of(scale)
    sizes = check_shape("rayleigh", shape, scale)
    radius = np.sqrt(-2.0 * np.log(uniform(key, sizes, kind)))
    return parameter("rayleigh", scale, kind) * radius


def triangular(
    key: Any, left: Any, mode: Any, right: Any, shape: Shape | None = None, dtype: Any = None
) -> Any:
    """Numbers whose density rises linearly from `left` to `mode` and falls linearly to `right`.

    Args:
        key: a single key.
        left: parameters, left <= mode <= right, with respect to which the numbers are
            differentiable.
        mode: see `left`.
        right: see `left`.
        shape: of the result; what the parameters broadcast to by default.
        dtype: a floating dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.random.triangular(fg.random.key(0), 0.0, 1.0, 2.0, (2,))
    array([0.91483016, 0.65771644])
    """
    key = check_key("triangular", key)
    kind = check_dtype("triangular", dtype, float)
    given = [array_of(x) for x in (left, mode, right)]
    sizes = check_shape("triangular", shape, *given)
    left, mode, right = [parameter("triangular", x, kind, sizes) for x in given]
    u = uniform(key, sizes, kind)
    width = right - left
    rising = u < (mode - left) / width
    # The root that is not chosen may be that of 0, whose derivative is infinite.
    first = np.where(rising, u * width * (mode - left), 1.0)
    second = np.where(rising, 1.0, (1.0 - u) * width * (right - mode))
    return np.where(rising, left + np.sqrt(first), right - np.sqrt(second))


def geometric(key: Any, p: Any, shape: Shape | None = None, dtype: Any = None) -> Any:
    """The number of trials up to the first success, which in each trial has probability `p`.

    Args:
        key: a single key.
        p: probabilities.
        shape: of the result; that of `p` by default.
        dtype: an integer dtype; int64 by default.

    >>> import funcgrad as fg
    >>> fg.random.geometric(fg.random.key(0), 0.2, (4,))
    array([4, 7, 1, 3])
    """
    key = check_key("geometric", key)
    kind = check_dtype("geometric", dtype, int, "iu")
    p = array_of(p)
    sizes = check_shape("geometric", shape, p)
    u = uniform(key, sizes, inexact(p))
    log_u = np.log(np.where(u == 0.0, 1.0, u))
    trials = np.floor(log_u / np.log1p(-convert(p, typeof(u).dtype))) + 1.0
    return convert(broadcast_to(trials, sizes), kind)
