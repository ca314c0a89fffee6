"""The gamma distribution and those that are made of gamma variables."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.api.stop import stop_gradient
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.ops.random.gamma import random_gamma
from funcgrad.random.arguments import (
    Shape,
    array_of,
    check_dtype,
    check_key,
    check_shape,
    parameter,
)
from funcgrad.random.gaussian import normal
from funcgrad.random.inverse import exponential
from funcgrad.random.keys import split_in
from funcgrad.random.uniform import rademacher


def _gamma(name: str, key: Any, a: Any, shape: Any, dtype: Any, log_space: bool) -> Any:
    key = check_key(name, key)
    kind = check_dtype(name, dtype, float)
    a = array_of(a)
    sizes = check_shape(name, shape, a)
    return random_gamma(key, parameter(name, a, kind, sizes), log_space=log_space)


def gamma(key: Any, a: Any, shape: Shape | None = None, dtype: Any = None) -> Any:
    """Gamma-distributed numbers, with a density proportional to x^(a - 1) exp(-x) for x >= 0.

    Args:
        key: a single key.
        a: positive parameters. The numbers are differentiable with respect to them, twice (implicit
            differentiation of the distribution function).
        shape: of the result; that of `a` by default.
        dtype: a floating dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.random.gamma(fg.random.key(0), 2.0, (2,))
    array([1.3520308 , 1.12435945])
    >>> slope = fg.grad(lambda a: fg.random.gamma(fg.random.key(0), a))(2.0)
    >>> print(f"{slope:.6f}")
    0.886262
    """
    return _gamma("gamma", key, a, shape, dtype, log_space=False)


def loggamma(key: Any, a: Any, shape: Shape | None = None, dtype: Any = None) -> Any:
    """Logarithms of gamma-distributed numbers. For small parameters the numbers themselves underflow.

    Args:
        key: a single key.
        a: positive parameters, with respect to which the numbers are differentiable.
        shape: of the result; that of `a` by default.
        dtype: a floating dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.random.loggamma(fg.random.key(0), 0.001, (2,))
    array([-1113.02584633, -2280.53575798])
    """
    return _gamma("loggamma", key, a, shape, dtype, log_space=True)


def beta(key: Any, a: Any, b: Any, shape: Shape | None = None, dtype: Any = None) -> Any:
    """Beta-distributed numbers, with a density proportional to x^(a - 1) (1 - x)^(b - 1) in [0, 1].

    Args:
        key: a single key.
        a: positive parameters, with respect to which the numbers are differentiable.
        b: see `a`.
        shape: of the result; what the parameters broadcast to by default.
        dtype: a floating dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.random.beta(fg.random.key(0), 2.0, 3.0, (2,))
    array([0.32795607, 0.61380901])
    """
    key = check_key("beta", key)
    kind = check_dtype("beta", dtype, float)
    given = [array_of(x) for x in (a, b)]
    sizes = check_shape("beta", shape, *given)
    logs = [
        random_gamma(k, parameter("beta", x, kind, sizes), log_space=True)
        for k, x in zip(split_in(key, 2), given, strict=True)
    ]
    largest = stop_gradient(np.maximum(*logs))
    first, second = [np.exp(x - largest) for x in logs]
    return first / (first + second)


def dirichlet(key: Any, alpha: Any, shape: Shape | None = None, dtype: Any = None) -> Any:
    """Dirichlet-distributed vectors of probabilities.

    Args:
        key: a single key.
        alpha: positive parameters (..., n), with respect to which the vectors are differentiable.
        shape: the leading axes of the result; those of `alpha` by default.
        dtype: a floating dtype; float64 by default.

    >>> import numpy as np, funcgrad as fg
    >>> fg.random.dirichlet(fg.random.key(0), np.array([1.0, 2.0, 3.0]))
    array([0.07065346, 0.16705569, 0.76229085])
    """
    key = check_key("dirichlet", key)
    kind = check_dtype("dirichlet", dtype, float)
    alpha = array_of(alpha)
    own = typeof(alpha).shape
    if not own:
        raise ArgumentError(f"dirichlet takes parameters (..., n), not a scalar{here()}")
    sizes = own[:-1] if shape is None else check_shape("dirichlet", shape, np.empty(own[:-1]))
    logs = random_gamma(key, parameter("dirichlet", alpha, kind, (*sizes, own[-1])), log_space=True)
    parts = np.exp(logs - stop_gradient(np.max(logs, axis=-1, keepdims=True)))
    return parts / np.sum(parts, axis=-1, keepdims=True)


def chisquare(key: Any, df: Any, shape: Shape | None = None, dtype: Any = None) -> Any:
    """Numbers of the chi-squared distribution: sums of `df` squares of normal variables.

    Args:
        key: a single key.
        df: the degrees of freedom, with respect to which the numbers are differentiable.
        shape: of the result; that of `df` by default.
        dtype: a floating dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.random.chisquare(fg.random.key(0), 3.0, (2,))
    array([1.81389348, 1.44835385])
    """
    kind = check_dtype("chisquare", dtype, float)
    half = parameter("chisquare", df, kind) / 2.0
    return 2.0 * np.exp(_gamma("chisquare", key, half, shape, kind, log_space=True))


def t(key: Any, df: Any, shape: Shape | None = None, dtype: Any = None) -> Any:
    """Numbers of Student's t distribution.

    Args:
        key: a single key.
        df: the degrees of freedom, with respect to which the numbers are differentiable.
        shape: of the result; that of `df` by default.
        dtype: a floating dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.random.t(fg.random.key(0), 3.0, (2,))
    array([ 1.40115888, -0.60724612])
    """
    key = check_key("t", key)
    kind = check_dtype("t", dtype, float)
    df = array_of(df)
    sizes = check_shape("t", shape, df)
    half = parameter("t", df, kind) / 2.0
    normal_key, gamma_key = split_in(key, 2)
    scale = np.sqrt(half / gamma(gamma_key, half, sizes, kind))
    return normal(normal_key, sizes, kind) * scale


def f(key: Any, dfnum: Any, dfden: Any, shape: Shape | None = None, dtype: Any = None) -> Any:
    """Numbers of the F distribution: ratios of chi-squared variables, each over its degrees of freedom.

    Args:
        key: a single key.
        dfnum: degrees of freedom of numerator and denominator, with respect to which the numbers are
            differentiable.
        dfden: see `dfnum`.
        shape: of the result; what the parameters broadcast to by default.
        dtype: a floating dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.random.f(fg.random.key(0), 3.0, 4.0, (2,))
    array([1.54829471, 0.34078744])
    """
    key = check_key("f", key)
    kind = check_dtype("f", dtype, float)
    given = [array_of(x) for x in (dfnum, dfden)]
    sizes = check_shape("f", shape, *given)
    dfnum, dfden = [parameter("f", x, kind) for x in given]
    den_key, num_key = split_in(key, 2)
    num = chisquare(num_key, dfnum, sizes, kind) / dfnum
    return num / (chisquare(den_key, dfden, sizes, kind) / dfden)


def generalized_normal(key: Any, p: Any, shape: Shape = (), dtype: Any = None) -> Any:
    """Numbers with a density proportional to exp(-|x|^p).

    Args:
        key: a single key.
        p: a positive number.
        shape: of the result.
        dtype: a floating dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.random.generalized_normal(fg.random.key(0), 4.0, (2,))
    array([ 0.70833083, -0.98146637])
    """
    key = check_key("generalized_normal", key)
    kind = check_dtype("generalized_normal", dtype, float)
    gamma_key, sign_key = split_in(key, 2)
    p = parameter("generalized_normal", p, kind)
    sizes = check_shape("generalized_normal", shape, p)
    return rademacher(sign_key, sizes, kind) * gamma(gamma_key, 1.0 / p, sizes, kind) ** (1.0 / p)


def ball(key: Any, d: int, p: Any = 2.0, shape: Shape = (), dtype: Any = None) -> Any:
    """Points that are uniformly distributed in the unit ball of the p-norm.

    The method is that of Barthe, Guédon, Mendelson and Naor, A probabilistic approach to the geometry of the
    l_p^n-ball (2005).

    Args:
        key: a single key.
        d: the dimension.
        p: a positive number.
        shape: axes in front of that of the points.
        dtype: a floating dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.random.ball(fg.random.key(0), 2)
    array([-0.87015073, -0.45473046])
    """
    key = check_key("ball", key)
    kind = check_dtype("ball", dtype, float)
    sizes = check_shape("ball", shape)
    p = parameter("ball", p, kind)
    point_key, radius_key = split_in(key, 2)
    g = generalized_normal(point_key, p, (*sizes, d), kind)
    total = np.sum(np.abs(g) ** p, axis=-1) + exponential(radius_key, sizes, kind)
    return g / np.expand_dims(total ** (1.0 / p), -1)
