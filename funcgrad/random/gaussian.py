"""The normal distribution and what is made of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from funcgrad.api.stop import stop_gradient
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.ops.basic import convert
from funcgrad.ops.random.primitives import random_normal
from funcgrad.random.arguments import (
    Shape,
    array_of,
    check_dtype,
    check_key,
    check_shape,
    inexact,
    parameter,
)
from funcgrad.random.keys import split_in
from funcgrad.random.uniform import rademacher, uniform

_ROOT_2 = math.sqrt(2.0)


def normal(key: Any, shape: Shape = (), dtype: Any = None) -> Any:
    """Normally distributed numbers of mean 0 and variance 1.

    Args:
        key: a single key.
        shape: of the result.
        dtype: a floating or complex dtype; float64 by default. The real and imaginary parts of complex numbers
            have variance 1/2.

    >>> import funcgrad as fg
    >>> fg.random.normal(fg.random.key(0), (3,))
    array([-0.20584214, -0.78476578,  1.81608667])
    """
    key = check_key("normal", key)
    kind = check_dtype("normal", dtype, float, "fc")
    sizes = check_shape("normal", shape)
    if kind.kind == "f":
        return random_normal(key, shape=sizes, dtype=kind)
    part = np.dtype(f"f{kind.itemsize // 2}")
    real, imag = [random_normal(k, shape=sizes, dtype=part) for k in split_in(key, 2)]
    return convert(real, kind) / _ROOT_2 + 1j * (convert(imag, kind) / _ROOT_2)


def truncated_normal(
    key: Any, lower: Any, upper: Any, shape: Shape | None = None, dtype: Any = None
) -> Any:
    """Normally distributed numbers of mean 0 and variance 1, but between `lower` and `upper`.

    Args:
        key: a single key.
        lower: bounds, with respect to which the numbers are differentiable.
        upper: see `lower`.
        shape: of the result; what the bounds broadcast to by default.
        dtype: a floating dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.random.truncated_normal(fg.random.key(0), -1.0, 1.0, (3,))
    array([-0.13999612, -0.50631466,  0.90652156])
    """
    from funcgrad.ops.error_function import erf, erf_inv  # with SciPy's ufuncs, if it is there

    key = check_key("truncated_normal", key)
    kind = check_dtype("truncated_normal", dtype, float)
    given = [array_of(x) for x in (lower, upper)]
    sizes = check_shape("truncated_normal", shape, *given)
    low, high = [parameter("truncated_normal", x, kind) for x in given]
    a, b = [convert(erf(x / _ROOT_2), kind) for x in (low, high)]
    out = _ROOT_2 * convert(erf_inv(uniform(key, sizes, kind, a, b)), kind)
    # Rounding must not take a number out of the open interval.
    above = np.nextafter(stop_gradient(low), kind.type(np.inf))
    below = np.nextafter(stop_gradient(high), kind.type(-np.inf))
    return np.minimum(np.maximum(out, above), below)


def lognormal(key: Any, sigma: Any = 1.0, shape: Shape | None = None, dtype: Any = None) -> Any:
    """Numbers whose logarithm is normally distributed, of mean 0 and standard deviation `sigma`.

    Args:
        key: a single key.
        sigma: parameters, with respect to which the numbers are differentiable.
        shape: of the result; that of `sigma` by default.
        dtype: a floating or complex dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.random.lognormal(fg.random.key(0), 0.5, (3,))
    array([0.90219818, 0.67544544, 2.4794663 ])
    """
    key = check_key("lognormal", key)
    kind = check_dtype("lognormal", dtype, float, "fc")
    sigma = array_of(sigma)
    sizes = check_shape("lognormal", shape, sigma)
    return np.exp(normal(key, sizes, kind) * parameter("lognormal", sigma, kind))


def multivariate_normal(
    key: Any,
    mean: Any,
    cov: Any,
    shape: Shape | None = None,
    dtype: Any = None,
    method: str = "cholesky",
) -> Any:
    """Vectors that are normally distributed with a given mean and covariance.

    Args:
        key: a single key.
        mean: (..., n).
        cov: positive definite matrices (..., n, n). The vectors are differentiable with respect to both.
        shape: the leading axes of the result; what those of mean and cov broadcast to by default.
        dtype: a floating dtype; that of mean and cov by default.
        method: how the covariance is factored: "cholesky", or "svd" or "eigh" for singular ones.

    >>> import numpy as np, funcgrad as fg
    >>> cov = np.array([[1.0, 0.5], [0.5, 1.0]])
    >>> fg.random.multivariate_normal(fg.random.key(0), np.zeros(2), cov)
    array([-0.20584214, -0.78254817])
    """
    key = check_key("multivariate_normal", key)
    mean, cov = array_of(mean), array_of(cov)
    if method not in ("cholesky", "eigh", "svd"):
        raise ArgumentError(
            f"multivariate_normal's method is 'cholesky', 'eigh' or 'svd', not {method!r}{here()}"
        )
    common = inexact(mean, cov)
    kind = check_dtype("multivariate_normal", dtype, common.type)
    means, covs = typeof(mean).shape, typeof(cov).shape
    if not means or covs[-2:] != (means[-1], means[-1]):
        raise ArgumentError(
            f"multivariate_normal takes a mean (..., n) and a covariance (..., n, n), not shapes {means} and "
            f"{covs}{here()}"
        )
    sizes = check_shape("multivariate_normal", shape, np.empty(means[:-1]), np.empty(covs[:-2]))
    mean, cov = convert(mean, common), convert(cov, common)
    if method == "cholesky":
        factor = np.linalg.cholesky(cov)
    elif method == "eigh":
        values, vectors = np.linalg.eigh(cov)
        factor = vectors * np.sqrt(values[..., None, :])
    else:
        vectors, values, _ = np.linalg.svd(cov)
        factor = vectors * np.sqrt(values[..., None, :])
    drawn = random_normal(key, shape=(*sizes, means[-1]), dtype=kind)
    return mean + np.matmul(factor, drawn[..., None])[..., 0]


def maxwell(key: Any, shape: Shape = (), dtype: Any = None) -> Any:
    """Maxwell-distributed numbers: lengths of normally distributed vectors of three dimensions.

    Args:
        key: a single key.
        shape: of the result.
        dtype: a floating dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.random.maxwell(fg.random.key(0), (2,))
    array([1.98906991, 0.42460738])
    """
    key = check_key("maxwell", key)
    kind = check_dtype("maxwell", dtype, float)
    vectors = normal(key, (*check_shape("maxwell", shape), 3), kind)
    return np.sqrt(np.sum(vectors * vectors, axis=-1))


def double_sided_maxwell(
    key: Any, loc: Any, scale: Any, shape: Shape = (), dtype: Any = None
) -> Any:
    """Numbers `loc + scale z` where z has a density proportional to z^2 exp(-z^2 / 2).

    Args:
        key: a single key.
        loc: parameters, with respect to which the numbers are differentiable.
        scale: see `loc`.
        shape: axes in front of those that the parameters broadcast to.
        dtype: a floating dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.random.double_sided_maxwell(fg.random.key(0), 0.0, 1.0, (2,))
    array([ 1.98461204, -2.4782074 ])
    """
    key = check_key("double_sided_maxwell", key)
    kind = check_dtype("double_sided_maxwell", dtype, float)
    loc, scale = [parameter("double_sided_maxwell", x, kind) for x in (loc, scale)]
    own = check_shape("double_sided_maxwell", None, loc, scale)
    sizes = (check_shape("double_sided_maxwell", shape) or own) + own
    length_key, sign_key = split_in(key, 2)
    return rademacher(sign_key, sizes, kind) * maxwell(length_key, sizes, kind) * scale + loc


def wald(key: Any, mean: Any, shape: Shape | None = None, dtype: Any = None) -> Any:
    """Numbers of Wald's (the inverse Gaussian) distribution, of scale 1.

    The density is exp(-(x - mean)^2 / (2 mean^2 x)) / sqrt(2 pi x^3) for x > 0. The method is that of Michael,
    Schucany and Haas (1976).

    Args:
        key: a single key.
        mean: positive parameters, with respect to which the numbers are differentiable.
        shape: of the result; that of `mean` by default.
        dtype: a floating dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.random.wald(fg.random.key(0), 1.0, (2,))
    array([0.18700294, 1.61073217])
    """
    key = check_key("wald", key)
    kind = check_dtype("wald", dtype, float)
    mean = array_of(mean)
    sizes = check_shape("wald", shape, mean)
    mean = parameter("wald", mean, kind, sizes)
    normal_key, uniform_key = split_in(key, 2)
    y = normal(normal_key, sizes, kind) ** 2
    root = np.sqrt(4.0 * mean * y + mean**2 * y**2)
    x = mean + mean**2 * y / 2.0 - mean / 2.0 * root
    return np.where(uniform(uniform_key, sizes, kind) <= mean / (mean + x), x, mean**2 / x)


def orthogonal(key: Any, n: int, shape: Shape = (), dtype: Any = None, m: int | None = None) -> Any:
    """Random orthogonal matrices, uniformly distributed (unitary ones for a complex dtype).

    Args:
        key: a single key.
        n: the number of rows.
        shape: axes in front of those of the matrices.
        dtype: a floating or complex dtype; float64 by default.
        m: the number of columns, `n` by default. With fewer columns than rows, the columns are orthonormal; with
            more, the rows.

    The method is that of Mezzadri, How to generate random matrices from the classical compact groups (2007).

    >>> import numpy as np, funcgrad as fg
    >>> q = fg.random.orthogonal(fg.random.key(0), 3)
    >>> np.allclose(q @ q.T, np.eye(3))
    True
    """
    key = check_key("orthogonal", key)
    kind = check_dtype("orthogonal", dtype, float, "fc")
    columns = n if m is None else m
    sizes = check_shape("orthogonal", shape)
    z = normal(key, (*sizes, max(n, columns), min(n, columns)), kind)
    q, r = np.linalg.qr(z)
    q = q * np.expand_dims(np.sign(np.diagonal(r, axis1=-2, axis2=-1)), -2)
    return np.swapaxes(q, -1, -2) if n < columns else q
