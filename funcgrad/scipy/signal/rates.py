"""`scipy.signal`: other sampling rates, by filters."""

from __future__ import annotations

from typing import Any

import numpy as np

import funcgrad.numpy as fnp
from funcgrad.core.errors import UnsupportedError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import normalize_axis, operand
from funcgrad.ops.basic import move_axis
from funcgrad.ops.signal import convolve as convolve_window
from funcgrad.scipy.mirror import mirrors, scipy_module
from funcgrad.scipy.signal.filters import common, sosfilt
from funcgrad.scipy.signal.zero_phase import sosfiltfilt


@mirrors("signal")
def decimate(
    x: Any, q: int, n: Any = None, ftype: Any = "iir", axis: int = -1, zero_phase: bool = True
) -> Any:
    """`scipy.signal.decimate`: every `q`-th sample after a low-pass filter, "iir" or "fir".

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda x: fg.scipy.signal.decimate(x, 2, ftype="fir").sum())(np.ones(4)).round(3)
    array([0.501, 0.634, 0.501, 0.216])
    """
    signal = scipy_module("signal")
    (x,) = common(x)
    d = normalize_axis(axis, len(x.shape))
    if ftype == "fir":
        n = 20 * q if n is None else n
        taps = signal.firwin(n + 1, 1.0 / q, window="hamming").astype(typeof(x).dtype)
        if zero_phase:
            return resample_poly(x, 1, q, axis=axis, window=taps)
        count = typeof(x).shape[d] // q + bool(typeof(x).shape[d] % q)
        y = upfirdn(taps, x, 1, q, axis)
        return fnp.take(y, np.arange(count), axis=d)
    if ftype != "iir":
        raise UnsupportedError(
            f"decimate: ftype 'iir' and 'fir' have traced implementations, not {ftype!r}{here()}"
        )
    sos = signal.cheby1(8 if n is None else n, 0.05, 0.8 / q, output="sos").astype(typeof(x).dtype)
    y = sosfiltfilt(sos, x, axis=axis) if zero_phase else sosfilt(sos, x, axis=axis)
    return fnp.take(y, np.arange(0, y.shape[d], q), axis=d)


@mirrors("signal")
def upfirdn(
    h: Any,
    x: Any,
    up: int = 1,
    down: int = 1,
    axis: int = -1,
    mode: str = "constant",
    cval: Any = 0,
) -> Any:
    """`scipy.signal.upfirdn`: insert `up - 1` zeros after each sample, filter by `h`, keep every `down`-th sample.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda x: fg.scipy.signal.upfirdn([1.0, 1.0], x, 2, 3).sum())(np.ones(3))
    array([1., 1., 0.])
    """
    if mode != "constant" or cval != 0:
        raise UnsupportedError(
            f"upfirdn: only zeros beyond the ends have a traced implementation{here()}\n  pad the signal first"
        )
    h, x = common(h, x)
    d, last = normalize_axis(axis, len(x.shape)), len(x.shape) - 1
    x = move_axis(x, d, last)
    n = x.shape[-1]
    spread = np.pad(x[..., None], [(0, 0)] * (last + 1) + [(0, up - 1)])
    spread = spread.reshape((*x.shape[:-1], n * up))[..., : (n - 1) * up + 1]
    length = ((n - 1) * up + h.shape[0] - 1) // down + 1
    taps = convolve_window(h, spread, 0, (n - 1) * up + h.shape[0])
    return move_axis(taps[..., ::down][..., :length], last, d)


@mirrors("signal")
def resample_poly(
    x: Any, up: int, down: int, axis: int = 0, window: Any = ("kaiser", 5.0), padtype: str = "constant",
    cval: Any = None,
) -> Any:  # fmt: skip
    """`scipy.signal.resample_poly`: at `up / down` times the rate, by a low-pass filter; zeros beyond the ends.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda x: fg.scipy.signal.resample_poly(x, 1, 2)[0])(np.ones(4)).round(3)
    array([ 0.5  ,  0.317,  0.   , -0.101])
    """
    if padtype != "constant" or cval not in (None, 0):
        raise UnsupportedError(
            f"resample_poly: only zeros beyond the ends have a traced implementation{here()}\n  pad the signal first"
        )
    (x,) = common(x)
    common_factor = np.gcd(up, down)
    up, down = int(up // common_factor), int(down // common_factor)
    if up == down == 1:
        return x.copy()
    n = x.shape[normalize_axis(axis, len(x.shape))]
    count = -(-n * up // down)
    if isinstance(window, (tuple, str)):
        half = 10 * max(up, down)
        h = scipy_module("signal").firwin(2 * half + 1, 1.0 / max(up, down), window=window)
        h = h.astype(typeof(x).dtype)
    else:
        h = operand(window)
        half = (h.shape[0] - 1) // 2
    before = down - half % down
    skipped = (half + before) // down
    after = max(0, (count + skipped - 1) * down + 1 - ((n - 1) * up + h.shape[0] + before))
    y = upfirdn(np.pad(h * up, (before, after)), x, up, down, axis)
    return fnp.take(y, np.arange(skipped, skipped + count), axis=axis)
