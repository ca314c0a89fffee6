"""Summary statistics of arrays, with SciPy's arguments."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from funcgrad.core.errors import UnsupportedError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import inexact, normalize_axes, restore_axes
from funcgrad.ops.basic import convert
from funcgrad.ops.special import ufuncs as sp
from funcgrad.scipy.mirror import mirrors, scipy_module


def _count(x: Any, axis: Any) -> int:
    shape = typeof(x).shape
    return int(np.prod(shape)) if axis is None else shape[axis]


def _propagates(name: str, nan_policy: str) -> None:
    """Refuse other policies than NaN for NaN: which elements are NaN is not known while tracing."""
    if nan_policy != "propagate":
        raise UnsupportedError(
            f"scipy.stats.{name}: nan_policy={nan_policy!r} has no traced implementation{here()}\n  "
            "leave NaN out before, or use np.nanmean, np.nanvar and their kin"
        )


def _kept(value: Any, a: Any, axis: Any, keepdims: bool) -> Any:
    """A result of reducing `a` along an axis, which is kept with length 1 if `keepdims`."""
    shape = typeof(a).shape
    return restore_axes(value, shape, normalize_axes(axis, len(shape)), keepdims)


def _ratio(top: Any, bottom: Any) -> Any:
    """NaN where the bottom is zero, with a finite derivative."""
    flat = bottom == 0.0
    return np.where(flat, np.nan, top / np.where(flat, 1.0, bottom))


@mirrors("stats")
def gmean(
    a: Any,
    axis: Any = 0,
    dtype: Any = None,
    weights: Any = None,
    *,
    nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:
    """`scipy.stats.gmean`: the geometric mean along an axis.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(fg.scipy.stats.gmean)(np.array([2.0, 2.0]))
    array([0.5, 0.5])
    """
    _propagates("gmean", nan_policy)
    logs = np.log(inexact(a if dtype is None else np.astype(a, dtype)))
    return _kept(np.exp(np.average(logs, axis=axis, weights=weights)), logs, axis, keepdims)


@mirrors("stats")
def hmean(
    a: Any,
    axis: Any = 0,
    dtype: Any = None,
    *,
    weights: Any = None,
    nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:
    """`scipy.stats.hmean`: the harmonic mean along an axis.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(fg.scipy.stats.hmean)(np.array([2.0, 2.0]))
    array([0.5, 0.5])
    """
    _propagates("hmean", nan_policy)
    values = inexact(a if dtype is None else np.astype(a, dtype))
    mean = 1.0 / np.average(1.0 / values, axis=axis, weights=weights)
    return _kept(mean, values, axis, keepdims)


@mirrors("stats")
def sem(
    a: Any,
    axis: Any = 0,
    ddof: int = 1,
    nan_policy: str = "propagate",
    *,
    keepdims: bool = False,
) -> Any:
    """`scipy.stats.sem`: the standard error of the mean.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(fg.scipy.stats.sem)(np.array([1.0, 3.0]))
    array([-0.5,  0.5])
    """
    _propagates("sem", nan_policy)
    a = inexact(a)
    return np.std(a, axis=axis, ddof=ddof, keepdims=keepdims) / math.sqrt(_count(a, axis))


@mirrors("stats")
def zscore(a: Any, axis: Any = 0, ddof: int = 0, nan_policy: str = "propagate") -> Any:
    """`scipy.stats.zscore`: deviations from the mean in standard deviations.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.stats.zscore(a)[1])(np.array([0.0, 1.0, 5.0])).round(3)
    array([-0.22 ,  0.276, -0.055])
    """
    _propagates("zscore", nan_policy)
    a = inexact(a)
    return _ratio(
        a - np.mean(a, axis=axis, keepdims=True), np.std(a, axis=axis, ddof=ddof, keepdims=True)
    )


@mirrors("stats")
def moment(
    a: Any,
    order: Any = 1,
    axis: Any = 0,
    nan_policy: str = "propagate",
    *,
    center: Any = None,
    keepdims: bool = False,
) -> Any:
    """`scipy.stats.moment`: the mean power of the deviations from `center` (the mean).

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.stats.moment(a, 2))(np.array([0.0, 2.0]))
    array([-1.,  1.])
    """
    _propagates("moment", nan_policy)
    a = inexact(a)
    if not np.isscalar(order):
        a = convert(a, _dtype_of_moments(typeof(a).dtype))
        return np.stack([moment(a, k, axis, center=center, keepdims=keepdims) for k in order])
    middle = np.mean(a, axis=axis, keepdims=True) if center is None else center
    return np.mean((a - middle) ** order, axis=axis, keepdims=keepdims)


@functools.lru_cache(64)
def _dtype_of_moments(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """What SciPy computes several orders in; its versions differ."""
    return np.asarray(scipy_module("stats").moment(np.zeros(2, dtype), (1,))).dtype


def _central(a: Any, axis: Any, order: int) -> Any:
    return np.mean((a - np.mean(a, axis=axis, keepdims=True)) ** order, axis=axis)


@mirrors("stats")
def skew(
    a: Any,
    axis: Any = 0,
    bias: bool = True,
    nan_policy: str = "propagate",
    *,
    keepdims: bool = False,
) -> Any:
    """`scipy.stats.skew`: the third standardised moment.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(fg.scipy.stats.skew)(np.array([0.0, 1.0, 5.0])).round(3)
    array([ 0.189, -0.236,  0.047])
    """
    _propagates("skew", nan_policy)
    a = inexact(a)
    n = _count(a, axis)
    second, third = _central(a, axis, 2), _central(a, axis, 3)
    value = _ratio(third, second * np.sqrt(second))
    if not bias and n > 2:
        value = value * (math.sqrt((n - 1.0) * n) / (n - 2.0))
    return _kept(value, a, axis, keepdims)


@mirrors("stats")
def kurtosis(
    a: Any,
    axis: Any = 0,
    fisher: bool = True,
    bias: bool = True,
    nan_policy: str = "propagate",
    *,
    keepdims: bool = False,
) -> Any:
    """`scipy.stats.kurtosis`: the fourth standardised moment, less 3 if `fisher`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(fg.scipy.stats.kurtosis)(np.array([0.0, 1.0, 2.0, 7.0])).round(3)
    array([ 0.105,  0.04 , -0.196,  0.05 ])
    """
    _propagates("kurtosis", nan_policy)
    a = inexact(a)
    n = _count(a, axis)
    second, fourth = _central(a, axis, 2), _central(a, axis, 4)
    value = _ratio(fourth, second * second)
    if not bias and n > 3:
        value = ((n * n - 1.0) * value - 3.0 * (n - 1.0) ** 2) / ((n - 2.0) * (n - 3.0)) + 3.0
    return _kept(value - 3.0 if fisher else value, a, axis, keepdims)


@mirrors("stats")
def entropy(
    pk: Any,
    qk: Any = None,
    base: Any = None,
    axis: Any = 0,
    *,
    nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:
    """`scipy.stats.entropy` of weights that are normalised first, or relative to `qk`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(fg.scipy.stats.entropy)(np.array([1.0, 1.0]))
    array([0., 0.])
    """
    _propagates("entropy", nan_policy)
    p = inexact(pk)
    p = p / np.sum(p, axis=axis, keepdims=True)
    if qk is None:
        terms = sp.entr(p)
    else:
        q = inexact(qk)
        terms = sp.rel_entr(p, q / np.sum(q, axis=axis, keepdims=True))
    total = np.sum(terms, axis=axis, keepdims=keepdims)
    return total if base is None else total / math.log(base)
