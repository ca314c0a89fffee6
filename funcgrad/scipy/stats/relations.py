"""Relations of samples: regression, correlation, ranks, analysis of variance; transformations towards normality."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from funcgrad.core.errors import ArgumentError, UnsupportedError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import normalize_axis, operand
from funcgrad.ops.basic import convert, move_axis
from funcgrad.ops.special import ufuncs as sp
from funcgrad.scipy.mirror import mirrors

_TINY = 1e-20


class LinregressResult(NamedTuple):
    """What `linregress` finds; SciPy's fields, of which the last is none of the tuple there."""

    slope: Any
    intercept: Any
    rvalue: Any
    pvalue: Any
    stderr: Any


class _Line(LinregressResult):
    intercept_stderr: Any


class TestResult(NamedTuple):
    """A statistic and its p-value."""

    statistic: Any
    pvalue: Any

    @property
    def correlation(self) -> Any:
        """The statistic of a correlation."""
        return self.statistic


def _tail(statistic: Any, below: Any, alternative: str) -> Any:
    """The p-value of a statistic with a symmetric distribution, of which `below` is the cumulative one."""
    if alternative == "two-sided":
        return 2.0 * below(-np.abs(statistic))
    if alternative not in ("less", "greater"):
        raise ArgumentError(
            f"alternative is 'two-sided', 'less' or 'greater', not {alternative!r}{here()}"
        )
    return below(statistic if alternative == "less" else -statistic)


def _pair(name: str, x: Any, y: Any, least: int) -> tuple[Any, Any]:
    x, y = (convert(operand(v), np.float64) for v in (x, y))
    if typeof(x).shape != typeof(y).shape or typeof(x).ndim != 1 or typeof(x).size < least:
        raise ArgumentError(
            f"{name} takes two vectors of one length, {least} at least, not {typeof(x)} and {typeof(y)}{here()}"
        )
    return x, y


@mirrors("stats")
def linregress(x: Any, y: Any, alternative: str = "two-sided", **options: Any) -> Any:
    """`scipy.stats.linregress`: the line of least squares through points.

    >>> import numpy as np, funcgrad as fg
    >>> x = np.arange(3.0)
    >>> fg.grad(lambda y: fg.scipy.stats.linregress(x, y).slope)(np.array([0.0, 1.0, 3.0]))
    array([-0.5,  0. ,  0.5])
    """
    x, y = _pair("linregress", x, y, 2)
    n = typeof(x).size
    dx, dy = x - np.mean(x), y - np.mean(y)
    xx, xy, yy = np.mean(dx * dx), np.mean(dx * dy), np.mean(dy * dy)
    r = xy / np.sqrt(xx * yy)
    slope = xy / xx
    free = n - 2
    statistic = r * np.sqrt(free / ((1.0 - r + _TINY) * (1.0 + r + _TINY)))
    error = np.sqrt((1.0 - r * r) * yy / xx / free) if free else 0.0 * r
    p = _tail(statistic, lambda t: sp.stdtr(float(free), t), alternative) if free else 1.0 + 0.0 * r
    found = _Line(slope, np.mean(y) - slope * np.mean(x), r, p, error)
    found.intercept_stderr = error * np.sqrt(xx + np.mean(x) ** 2)
    return found


@mirrors("stats")
def pearsonr(
    x: Any, y: Any, *, alternative: str = "two-sided", method: Any = None, axis: Any = 0
) -> Any:
    """`scipy.stats.pearsonr`: the correlation coefficient along an axis, and its p-value from the beta distribution.

    >>> import numpy as np, funcgrad as fg
    >>> x = np.array([0.0, 1.0, 3.0])
    >>> fg.grad(lambda y: fg.scipy.stats.pearsonr(x, y)[0])(np.array([0.0, 1.0, 1.0])).round(6)
    array([ 0.      , -0.566947,  0.566947])
    """
    if method is not None:
        raise UnsupportedError(f"pearsonr: methods of resampling are not traced{here()}")
    x, y = np.broadcast_arrays(operand(x), operand(y))
    x, y = (
        convert(move_axis(v, normalize_axis(axis, v.ndim), v.ndim - 1), np.float64) for v in (x, y)
    )
    n = typeof(x).shape[-1]
    dx, dy = (v - np.mean(v, axis=-1, keepdims=True) for v in (x, y))
    lengths = np.sqrt(np.sum(dx * dx, axis=-1) * np.sum(dy * dy, axis=-1))
    r = np.sum(dx * dy, axis=-1) / lengths
    half = n / 2.0 - 1.0
    below = lambda r: sp.betainc(half, half, np.clip(0.5 * (1.0 + r), 0.0, 1.0))
    return TestResult(r, _tail(r, below, alternative) if n > 2 else 1.0 + 0.0 * r)


@mirrors("stats")
def rankdata(
    a: Any, method: str = "average", *, axis: Any = None, nan_policy: str = "propagate"
) -> Any:
    """`scipy.stats.rankdata`: ranks from 1, whose derivative is zero; equal values share their mean rank.

    >>> import numpy as np, funcgrad as fg
    >>> fg.jit(fg.scipy.stats.rankdata)(np.array([0.3, 0.1, 0.3]))
    array([2.5, 1. , 2.5])
    """
    if method not in ("average", "min", "max"):
        raise UnsupportedError(f"rankdata: method {method!r} has no traced implementation{here()}")
    x = operand(a)
    x, d = (x.reshape(-1), 0) if axis is None else (x, normalize_axis(axis, typeof(x).ndim))
    x = move_axis(x, d, typeof(x).ndim - 1)
    mine, others = x[..., :, None], x[..., None, :]
    below = np.sum(others < mine, axis=-1)
    alike = np.sum(others == mine, axis=-1)
    ranks = {"min": below + 1, "max": below + alike, "average": below + (alike + 1) / 2.0}[method]
    return move_axis(ranks, typeof(ranks).ndim - 1, d)


@mirrors("stats")
def spearmanr(
    a: Any,
    b: Any = None,
    axis: Any = 0,
    nan_policy: str = "propagate",
    alternative: str = "two-sided",
) -> Any:
    """`scipy.stats.spearmanr` of two vectors: the correlation of their ranks, whose derivative is zero.

    >>> import numpy as np, funcgrad as fg
    >>> x = np.array([0.0, 1.0, 3.0, 2.0])
    >>> fg.jit(lambda y: fg.scipy.stats.spearmanr(x, y)[0])(x**2)
    np.float64(1.0)
    """
    if b is None:
        raise UnsupportedError(
            f"spearmanr: matrices have no traced implementation{here()}\n  give two vectors"
        )
    a, b = _pair("spearmanr", a, b, 3)
    r = pearsonr(rankdata(a), rankdata(b)).statistic
    free = typeof(a).size - 2
    statistic = r * np.sqrt(np.clip(free / ((r + 1.0) * (1.0 - r)), 0.0, None))
    return TestResult(r, _tail(statistic, lambda t: sp.stdtr(float(free), t), alternative))


@mirrors("stats")
def f_oneway(*samples: Any, axis: int = 0, equal_var: bool = True) -> Any:
    """`scipy.stats.f_oneway`: the F statistic of the means of groups along an axis, and its p-value.

    >>> import numpy as np, funcgrad as fg
    >>> fg.jit(lambda x: fg.scipy.stats.f_oneway(x, x + 1.0)[0])(np.arange(3.0))
    np.float64(1.5)
    """
    if not equal_var:
        raise UnsupportedError(f"f_oneway: equal_var=False has no traced implementation{here()}")
    groups = [convert(operand(s), np.float64) for s in samples]
    sizes = [typeof(g).shape[axis] for g in groups]
    total = np.concatenate(groups, axis=axis)
    mean = np.mean(total, axis=axis)
    means = [np.mean(g, axis=axis, keepdims=True) for g in groups]
    within = sum(np.sum((g - m) ** 2, axis=axis) for g, m in zip(groups, means, strict=True))
    among = sum(n * (np.squeeze(m, axis) - mean) ** 2 for n, m in zip(sizes, means, strict=True))
    between, inside = len(groups) - 1, sum(sizes) - len(groups)
    f = (among / between) / (within / inside)
    return TestResult(f, sp.fdtrc(float(between), float(inside), f))


def _power(name: str, lmbda: Any) -> Any:
    if lmbda is None:
        raise UnsupportedError(
            f"{name}: the most likely lmbda has no traced implementation{here()}\n  give lmbda, or maximise "
            f"scipy.stats.{name}_llf"
        )
    return lmbda


@mirrors("stats")
def boxcox(x: Any, lmbda: Any = None, alpha: Any = None, optimizer: Any = None) -> Any:
    """`scipy.stats.boxcox` for a given power `lmbda`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda x: fg.scipy.stats.boxcox(x, 2.0).sum())(np.array([1.0, 3.0]))
    array([1., 3.])
    """
    return sp.boxcox(convert(operand(x), np.float64), _power("boxcox", lmbda))


@mirrors("stats")
def yeojohnson(x: Any, lmbda: Any = None) -> Any:
    """`scipy.stats.yeojohnson` for a given power `lmbda`: Box and Cox's transformation of both signs.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda x: fg.scipy.stats.yeojohnson(x, 2.0).sum())(np.array([1.0, -1.0]))
    array([2. , 0.5])
    """
    x, lmbda = convert(operand(x), np.float64), _power("yeojohnson", lmbda)
    rising = sp.boxcox1p(np.maximum(x, 0.0), lmbda)
    return np.where(x >= 0.0, rising, -sp.boxcox1p(np.maximum(-x, 0.0), 2.0 - lmbda))


@mirrors("stats")
def boxcox_llf(lmb: Any, data: Any, *, axis: int = 0, **options: Any) -> Any:
    """`scipy.stats.boxcox_llf`: the log-likelihood of a power, of which the maximum is `boxcox`'s choice.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(fg.scipy.stats.boxcox_llf)(1.0, np.array([1.0, 2.0, 4.0])).round(6)
    np.float64(-0.564757)
    """
    x = convert(operand(data), np.float64)
    n = typeof(x).shape[axis]
    moved = boxcox(x, lmb)
    return (lmb - 1.0) * np.sum(np.log(x), axis=axis) - 0.5 * n * np.log(np.var(moved, axis=axis))


@mirrors("stats")
def yeojohnson_llf(lmb: Any, data: Any, *, axis: int = 0, **options: Any) -> Any:
    """`scipy.stats.yeojohnson_llf`: the log-likelihood of a power, of which the maximum is `yeojohnson`'s choice.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(fg.scipy.stats.yeojohnson_llf)(1.0, np.array([-1.0, 2.0, 4.0])).round(6)
    np.float64(-0.080029)
    """
    x = convert(operand(data), np.float64)
    n = typeof(x).shape[axis]
    growth = np.sum(np.sign(x) * np.log1p(np.abs(x)), axis=axis)
    return (lmb - 1.0) * growth - 0.5 * n * np.log(np.var(yeojohnson(x, lmb), axis=axis))
