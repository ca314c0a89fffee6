"""`scipy.integrate`: integrals of samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import normalize_axis, operand
from funcgrad.ops.basic import convert, move_axis
from funcgrad.scipy.mirror import mirrors


def _samples(name: str, y: Any, x: Any, axis: int) -> tuple[Any, Any, int]:
    """Samples and their positions (or None) with the axis of integration last, and where that was."""
    y = operand(y)
    ndim = len(typeof(y).shape)
    d = normalize_axis(axis, ndim)
    y = move_axis(y, d, ndim - 1)
    if x is not None:
        x = operand(x)
        n = typeof(y).shape[-1]
        if len(typeof(x).shape) > 1:
            x = move_axis(x, d, ndim - 1)
        if typeof(x).shape[-1] != n:
            raise ArgumentError(
                f"{name}: x has {typeof(x).shape[-1]} points along the axis, y has {n}{here()}"
            )
    return y, x, d


@mirrors("integrate")
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """`scipy.integrate.trapezoid`: the integral of samples by the trapezoidal rule.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(fg.scipy.integrate.trapezoid)(np.zeros(4))
    array([0.5, 1. , 1. , 0.5])
    """
    y, x, _ = _samples("trapezoid", y, x, axis)
    widths = dx if x is None else x[..., 1:] - x[..., :-1]
    return np.sum(widths * (y[..., 1:] + y[..., :-1]), axis=-1) / 2.0


@mirrors("integrate")
def cumulative_trapezoid(
    y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None
) -> Any:
    """`scipy.integrate.cumulative_trapezoid`: the integrals up to each sample.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda y: fg.scipy.integrate.cumulative_trapezoid(y)[-1])(np.zeros(4))
    array([0.5, 1. , 1. , 0.5])
    """
    y, x, d = _samples("cumulative_trapezoid", y, x, axis)
    if initial not in (None, 0):
        raise ArgumentError(f"`initial` must be `None` or `0`, not {initial}{here()}")
    widths = dx if x is None else x[..., 1:] - x[..., :-1]
    parts = np.cumsum(widths * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)
    last = len(typeof(parts).shape) - 1
    if initial is not None:
        parts = np.pad(parts, [(0, 0)] * last + [(1, 0)])
    return move_axis(parts, last, d)


def _simpson_pairs(y: Any, x: Any, dx: Any, stop: int) -> Any:
    """Simpson's rule on the samples before `stop`, an odd number of them."""
    first, middle, last = y[..., 0 : stop - 2 : 2], y[..., 1 : stop - 1 : 2], y[..., 2:stop:2]
    if x is None:
        return np.sum(first + 4.0 * middle + last, axis=-1) * (dx / 3.0)
    h0 = x[..., 1 : stop - 1 : 2] - x[..., 0 : stop - 2 : 2]
    h1 = x[..., 2:stop:2] - x[..., 1 : stop - 1 : 2]
    total = h0 + h1
    terms = first * (2.0 - h1 / h0) + middle * (total * total / (h0 * h1)) + last * (2.0 - h0 / h1)
    return np.sum(total / 6.0 * terms, axis=-1)


def _simpson_last(y: Any, x: Any, dx: Any) -> Any:
    """The last interval of an even number of samples, from the parabola through the last three (Cartwright)."""
    if x is None:
        return dx * (5.0 / 12.0 * y[..., -1] + 2.0 / 3.0 * y[..., -2] - 1.0 / 12.0 * y[..., -3])
    h0, h1 = x[..., -2] - x[..., -3], x[..., -1] - x[..., -2]
    alpha = (2.0 * h1 * h1 + 3.0 * h0 * h1) / (6.0 * (h1 + h0))
    beta = (h1 * h1 + 3.0 * h0 * h1) / (6.0 * h0)
    eta = h1**3 / (6.0 * h0 * (h0 + h1))
    return alpha * y[..., -1] + beta * y[..., -2] - eta * y[..., -3]


@mirrors("integrate")
def simpson(y: Any, x: Any = None, *, dx: Any = 1.0, axis: int = -1) -> Any:
    """`scipy.integrate.simpson`: the integral of samples by Simpson's rule.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(fg.scipy.integrate.simpson)(np.zeros(3))
    array([0.33333333, 1.33333333, 0.33333333])
    """
    y, x, _ = _samples("simpson", y, x, axis)
    if typeof(y).dtype.kind not in "fc":
        y = convert(y, np.float64)
    x = None if x is None else convert(x, np.float64)  # as SciPy does
    n = typeof(y).shape[-1]
    if n % 2:
        return _simpson_pairs(y, x, dx, n)
    if n == 2:
        width = dx if x is None else x[..., -1] - x[..., -2]
        return 0.5 * width * (y[..., -1] + y[..., -2])
    return _simpson_pairs(y, x, dx, n - 1) + _simpson_last(y, x, dx)


@mirrors("integrate")
def romb(y: Any, dx: Any = 1.0, axis: int = -1, show: bool = False) -> Any:
    """`scipy.integrate.romb`: Romberg integration of 2**k + 1 equally spaced samples.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(fg.scipy.integrate.romb)(np.zeros(3))
    array([0.33333333, 1.33333333, 0.33333333])
    """
    y, _, _ = _samples("romb", y, None, axis)
    intervals = typeof(y).shape[-1] - 1
    k = intervals.bit_length() - 1
    if intervals < 1 or 1 << k != intervals:
        raise ArgumentError(
            f"Number of samples must be one plus a non-negative power of 2, not {intervals + 1}{here()}"
        )
    # Each row of the tableau is linear in the samples: so is the result, with weights that are constant.
    row = [np.zeros(intervals + 1)]
    row[0][[0, -1]] = intervals / 2.0
    for level in range(1, k + 1):
        step = intervals >> level
        weights = row[0] / 2.0
        weights[step :: 2 * step] += step
        new = [weights]
        for j in range(level):
            new.append(new[j] + (new[j] - row[j]) / (4.0 ** (j + 1) - 1.0))
        row = new
    return np.sum(y * row[-1], axis=-1) * dx


@mirrors("integrate")
def cumulative_simpson(
    y: Any, *, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None
) -> Any:
    """`scipy.integrate.cumulative_simpson`: the integrals up to each sample, by parabolas through three samples.

    Source: K. V. Cartwright, Simpson's Rule Cumulative Integration with MS Excel and Irregularly-spaced Data (2017).

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda y: fg.scipy.integrate.cumulative_simpson(y)[-1])(np.zeros(3)).round(6)
    array([0.333333, 1.333333, 0.333333])
    """
    y, x, d = _samples("cumulative_simpson", y, x, axis)
    last, n = typeof(y).ndim - 1, typeof(y).shape[-1]
    if n < 3:
        return cumulative_trapezoid(
            move_axis(y, last, d), None if x is None else move_axis(x, last, d), dx, d, initial
        )
    widths = None if x is None else x[..., 1:] - x[..., :-1]
    # The part of each interval from the parabola that begins there, and from the one that ends there.
    from_left = _first_half(y, widths, dx)
    backwards = None if widths is None else widths[..., ::-1]
    from_right = _first_half(y[..., ::-1], backwards, dx)[..., ::-1]
    left, right = np.arange(n - 1) % 2 == 0, np.arange(n - 1) == n - 2
    one_sided = np.concatenate([from_left, from_right[..., -1:]], axis=-1)
    other = np.concatenate([from_right[..., :1], from_right], axis=-1)
    parts = np.where(left & ~right, one_sided, other)
    out = np.cumsum(parts, axis=-1)
    if initial is not None:
        start = np.broadcast_to(initial, (*typeof(out).shape[:-1], 1))
        out = np.concatenate([start, out + initial], axis=-1)
    return move_axis(out, last, d)


def _first_half(y: Any, h: Any, dx: Any) -> Any:
    """The integrals over the first interval of each two, of the parabolas through the three samples."""
    y0, y1, y2 = y[..., :-2], y[..., 1:-1], y[..., 2:]
    if h is None:
        return convert(dx, np.float64) / 3.0 * (5.0 * y0 / 4.0 + 2.0 * y1 - y2 / 4.0)
    h0, h1 = h[..., :-1], h[..., 1:]
    both, ratio = h0 / (h0 + h1), h0 / h1
    bend = ratio * both
    return h0 / 6.0 * ((3.0 - both) * y0 + (3.0 + bend + both) * y1 - bend * y2)
