"""Sums of exponentials, and arrays normalised by them or by mean and variance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.api.stop import stop_gradient
from funcgrad.control.collectives import axis_index, axis_size
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.numpy.arguments import inexact, normalize_axes, normalize_axis, operand
from funcgrad.ops.basic import convert
from funcgrad.ops.complex import is_complex, real

Axis = int | Sequence[int] | None


def _axis(axis: Axis) -> Any:
    return axis if axis is None or isinstance(axis, int) else tuple(axis)


def _largest(x: Any, axis: Any, where: Any) -> Any:
    """The largest elements along axes, as constants; -inf where there are none."""
    chosen = {} if where is None else {"where": where}
    x = real(x) if is_complex(x) else x
    return stop_gradient(np.max(x, axis=axis, keepdims=True, initial=-np.inf, **chosen))


def _sum(x: Any, axis: Any, where: Any) -> Any:
    chosen = {} if where is None else {"where": where}
    return np.sum(x, axis=axis, keepdims=True, **chosen)


def logsumexp(
    a: Any,
    axis: Axis = None,
    b: Any = None,
    keepdims: bool = False,
    return_sign: bool = False,
    where: Any = None,
) -> Any:
    """log(sum(b * exp(a))), without overflow.

    Args:
        a: the array.
        axis: along which to sum; all axes by default.
        b: factors that broadcast against `a`.
        keepdims: whether the result keeps the axes, with length 1.
        return_sign: whether to return the logarithm of the absolute value, and the sign.
        where: which elements take part.

    The result is -inf where nothing is summed or all elements are -inf; its derivative is 0 there.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.logsumexp(np.array([1000.0, 1000.0]))
    np.float64(1000.6931471805599)
    >>> fg.nn.logsumexp(np.array([-np.inf, -np.inf]))
    np.float64(-inf)
    """
    a, axis = inexact(a), _axis(axis)
    if b is not None:
        b = operand(b)
        a = np.where(b != 0, a, -np.inf)
    largest = _largest(a, axis, where)
    largest = np.where(np.isfinite(largest), largest, 0.0)
    terms = np.exp(a - largest)
    if b is not None:
        terms = b * terms
    total = _sum(terms, axis, where)
    sign = None
    if return_sign:
        sign = np.sign(total)
        total = np.abs(total)
    elif b is not None and not is_complex(total):
        sign, total = np.sign(total), np.abs(total)
    nothing = total == 0.0
    out = np.where(nothing, -np.inf, np.log(np.where(nothing, 1.0, total)) + largest)
    if not keepdims:
        axes = normalize_axes(axis, typeof(out).ndim)
        out = np.squeeze(out, axes)[()]
        sign = sign if sign is None else np.squeeze(sign, axes)[()]
    if return_sign:
        return out, sign
    return out if sign is None else np.where(sign < 0, np.nan, out)[()]


def logmeanexp(a: Any, axis: Axis = None, where: Any = None, keepdims: bool = False) -> Any:
    """log(mean(exp(a))), without overflow.

    Args:
        a: the array.
        axis: along which to take the mean; all axes by default.
        where: which elements take part.
        keepdims: whether the result keeps the axes, with length 1.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.logmeanexp(np.array([1000.0, 1000.0]))
    np.float64(1000.0)
    """
    a = inexact(a)
    total = logsumexp(a, axis, where=where, keepdims=keepdims)
    aval = typeof(a)
    if where is None:
        count = math.prod([aval.shape[d] for d in normalize_axes(_axis(axis), aval.ndim)])
        return total - (math.log(count) if count else -math.inf)
    chosen = np.broadcast_to(where, aval.shape)
    count = np.sum(chosen, axis=_axis(axis), keepdims=keepdims)
    return total - np.log(convert(count, typeof(total).dtype))


def _shifted(x: Any, axis: Any, where: Any) -> Any:
    """`x` less its largest element along axes; -inf for elements that do not take part."""
    largest = _largest(x, axis, where)
    if where is None:
        return x - largest
    return np.where(where, x, -np.inf) - np.where(largest == -np.inf, 0.0, largest)


def _total(terms: Any, axis: Any, where: Any) -> Any:
    """Their sum, and 1 where no element takes part, so that neither 0 / 0 nor its derivative arises."""
    total = _sum(terms, axis, where)
    return total if where is None else np.where(total == 0.0, 1.0, total)


def softmax(x: Any, axis: Axis = -1, where: Any = None) -> Any:
    """exp(x) / sum(exp(x)), without overflow.

    Args:
        x: the array.
        axis: along which the results sum up to 1; None for all axes.
        where: which elements take part; the others become 0.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.softmax(np.array([0.0, 0.0, -np.inf]))
    array([0.5, 0.5, 0. ])
    """
    x, axis = inexact(x), _axis(axis)
    terms = np.exp(_shifted(x, axis, where))
    out = terms / _total(terms, axis, where)
    return out if where is None else np.where(where, out, 0.0)


def log_softmax(x: Any, axis: Axis = -1, where: Any = None) -> Any:
    """The logarithm of `softmax`, accurate where that underflows.

    Args:
        x: the array.
        axis: along which the exponentials of the results sum up to 1; None for all axes.
        where: which elements take part; the others become -inf.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.log_softmax(np.array([0.0, -1000.0]))
    array([    0., -1000.])
    """
    x, axis = inexact(x), _axis(axis)
    shifted = _shifted(x, axis, where)
    out = shifted - np.log(_total(np.exp(shifted), axis, where))
    return out if where is None else np.where(where, out, -np.inf)


def standardize(
    x: Any,
    axis: Axis = -1,
    mean: Any = None,
    variance: Any = None,
    epsilon: Any = 1e-5,
    where: Any = None,
    *,
    algorithm: str = "fast",
) -> Any:
    """(x - mean) / sqrt(variance + epsilon).

    Args:
        x: the array.
        axis: along which mean and variance are taken; None for all axes.
        mean: those to use instead.
        variance: see `mean`.
        epsilon: keeps the root from being 0.
        where: which elements count for the mean and the variance.
        algorithm: that of the variance: "fast" for mean(x^2) - mean(x)^2, as in JAX, or "stable" for
            mean((x - mean)^2), which loses no digits where the variance is small.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.standardize(np.array([1.0, 2.0, 3.0])).round(4)
    array([-1.2247,  0.    ,  1.2247])
    """
    if algorithm not in ("fast", "stable"):
        raise ArgumentError(
            f"standardize's algorithm is 'fast' or 'stable', not {algorithm!r}{here()}"
        )
    x, axis = inexact(x), _axis(axis)
    chosen = {} if where is None else {"where": where}
    if mean is None:
        mean = np.mean(x, axis, keepdims=True, **chosen)
    if variance is None:
        if algorithm == "stable":
            variance = np.mean(np.square(x - mean), axis, keepdims=True, **chosen)
        else:
            squares = np.mean(np.square(x), axis, keepdims=True, **chosen)
            variance = np.maximum(squares - np.square(mean), 0)
    return (x - mean) / np.sqrt(variance + epsilon)


normalize = standardize


def one_hot(x: Any, num_classes: int, *, dtype: Any = None, axis: Any = -1) -> Any:
    """Vectors of zeros with a one at the given places.

    Args:
        x: integers; one outside of the range gives zeros only.
        num_classes: the length of the vectors.
        dtype: of the result; float64 by default.
        axis: where the axis of the vectors goes, or the name of an axis of `vmap` along which they lie.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.one_hot(np.array([0, 2, 3]), 3)
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 0., 0.]])
    """
    x = operand(x)
    aval = typeof(x)
    kind = np.dtype(float if dtype is None else dtype)
    if not isinstance(axis, (int, np.integer)):
        if axis_size(axis) != num_classes:
            raise ArgumentError(
                f"one_hot: the axis {axis!r} has length {axis_size(axis)}, not {num_classes}{here()}"
            )
        return convert(np.equal(x, axis_index(axis)), kind)
    place = normalize_axis(axis, aval.ndim + 1)
    numbers = np.arange(num_classes).reshape(
        [-1 if d == place else 1 for d in range(aval.ndim + 1)]
    )
    hot = np.equal(np.expand_dims(x, place), numbers)
    return convert(hot, kind) if isinstance(hot, Tracer) else hot.astype(kind)
