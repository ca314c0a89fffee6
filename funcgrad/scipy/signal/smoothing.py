"""`scipy.signal`: smoothing by polynomials, medians and local averages; division of polynomials."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import normalize_axis, operand
from funcgrad.ops import elementwise as e
from funcgrad.ops.basic import convert, move_axis
from funcgrad.ops.contraction import matmul
from funcgrad.ops.linalg.matrix import column, uncolumn
from funcgrad.ops.signal import convolve as convolve_window
from funcgrad.scipy.mirror import mirrors, scipy_module
from funcgrad.scipy.ndimage.edges import PADS, mode_name
from funcgrad.scipy.signal.convolution import convolve, correlate
from funcgrad.scipy.signal.filters import common, lfilter


@mirrors("signal")
def savgol_filter(
    x: Any, window_length: int, polyorder: int, deriv: int = 0, delta: float = 1.0, axis: int = -1,
    mode: str = "interp", cval: Any = 0.0,
) -> Any:  # fmt: skip
    """`scipy.signal.savgol_filter`: the values, or derivatives, of polynomials fitted to windows of the signal.

    Source: A. Savitzky and M. J. E. Golay, Analytical Chemistry 36 (1964).

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda x: fg.scipy.signal.savgol_filter(x, 3, 1)[1])(np.zeros(3)).round(6)
    array([0.333333, 0.333333, 0.333333])
    """
    if mode not in ("mirror", "constant", "nearest", "interp", "wrap"):
        raise ArgumentError(
            f"mode must be 'mirror', 'constant', 'nearest', 'wrap' or 'interp', not {mode!r}{here()}"
        )
    (x,) = common(x)
    weights = scipy_module("signal").savgol_coeffs(window_length, polyorder, deriv, delta)
    d, last = normalize_axis(axis, len(x.shape)), len(x.shape) - 1
    if mode != "interp":
        return move_axis(_weighted(move_axis(x, d, last), weights, mode, cval), last, d)
    if window_length > x.shape[d]:
        raise ArgumentError(
            "if mode is 'interp', window_length must be less than or equal to the size of x, "
            f"{x.shape[d]}{here()}"
        )
    x = move_axis(x, d, last)
    y = _weighted(x, weights, "constant", 0.0)
    half = window_length // 2
    # At the ends, the polynomials that fit the first and the last window, or their derivatives.
    at, powers = np.arange(float(window_length)) - half, np.arange(polyorder + 1)
    fit = np.linalg.pinv(at[:, None] ** powers)
    falling = np.prod([powers - k for k in range(deriv)], axis=0, dtype=float)
    values = falling * at[:, None] ** np.maximum(powers - deriv, 0)
    smooth = convert(values @ fit / delta**deriv, x.dtype)
    first = uncolumn(matmul(smooth[:half], column(x[..., :window_length])))
    final = uncolumn(matmul(smooth[window_length - half :], column(x[..., -window_length:])))
    middle = y[..., half : y.shape[-1] - half]
    return move_axis(np.concatenate([first, middle, final], axis=-1), last, d)


def _weighted(x: Any, weights: Any, mode: str, cval: Any) -> Any:
    """The convolution along the last axis, with more of the signal at the ends, in double precision."""
    n, size = x.shape[-1], len(weights)
    before = (size - 1) // 2
    widths = [(0, 0)] * (len(x.shape) - 1) + [(before, size - 1 - before)]
    pad = PADS[mode_name(mode)]
    options = {"constant_values": cval} if pad == "constant" else {}
    wide = np.result_type(x.dtype, np.float64)
    padded = np.pad(convert(x, wide), widths, mode=pad, **options)
    return convert(convolve_window(padded, weights.astype(wide), size - 1, n), x.dtype)


def _medians(name: str, x: Any, sizes: Any) -> Any:
    """The medians of windows of odd sizes, with zeros beyond the ends."""
    x = operand(x)
    ndim = typeof(x).ndim
    sizes = np.broadcast_to(3 if sizes is None else sizes, (ndim,)).tolist()
    if any(size % 2 == 0 for size in sizes):
        raise ArgumentError(
            f"{name}: each element of kernel_size should be odd, got {sizes}{here()}"
        )
    padded = np.pad(x, [(size // 2, size // 2) for size in sizes])
    windows = np.lib.stride_tricks.sliding_window_view(padded, tuple(sizes))
    flat = windows.reshape((*typeof(x).shape, -1))
    return np.sort(flat, axis=-1)[..., int(np.prod(sizes)) // 2]


@mirrors("signal")
def medfilt(volume: Any, kernel_size: Any = None) -> Any:
    """`scipy.signal.medfilt`: the median of a window around each sample, with zeros beyond the ends.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda x: fg.scipy.signal.medfilt(x, 3).sum())(np.array([1.0, 4.0, 2.0]))
    array([1., 0., 2.])
    """
    return _medians("medfilt", volume, kernel_size)


@mirrors("signal")
def medfilt2d(input: Any, kernel_size: Any = 3) -> Any:
    """`scipy.signal.medfilt2d`: the same as `medfilt` for an image."""
    return _medians("medfilt2d", input, kernel_size)


@mirrors("signal")
def wiener(im: Any, mysize: Any = None, noise: Any = None) -> Any:
    """`scipy.signal.wiener`: local averages where the local variance is below the noise, less of them above it.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda x: fg.scipy.signal.wiener(x, 3, noise=0.1)[1]
    >>> fg.grad(f)(np.array([0.0, 1.0, 2.0])).round(3)
    array([0.05, 0.9 , 0.05])
    """
    x = operand(im)
    sizes = np.broadcast_to(3 if mysize is None else mysize, (typeof(x).ndim,)).tolist()
    ones, count = np.ones(sizes), float(np.prod(sizes))
    mean = correlate(x, ones, "same") / count
    variance = correlate(x * x, ones, "same") / count - mean * mean
    noise = np.mean(variance) if noise is None else noise
    quiet = variance < noise
    kept = 1.0 - noise / e.where(quiet, 1.0, variance)
    return e.where(quiet, mean, mean + (x - mean) * kept)


@mirrors("signal")
def deconvolve(signal: Any, divisor: Any) -> tuple[Any, Any]:
    """`scipy.signal.deconvolve`: quotient and remainder of polynomials.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.signal.deconvolve([1.0, 3.0, 2.0], a)[0][1])(
    ...     np.array([1.0, 1.0])
    ... )
    array([-1., -1.])
    """
    number, by = common(signal, divisor)
    n, m = typeof(number).size, typeof(by).size
    if m > n:
        return np.zeros(0), number
    impulse = np.zeros(n - m + 1, typeof(number).dtype)
    impulse[0] = 1.0
    quotient = lfilter(number, by, impulse)
    return quotient, number - convolve(by, quotient)
