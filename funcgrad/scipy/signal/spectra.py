"""`scipy.signal`: spectra of segments of signals."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import inexact, normalize_axis
from funcgrad.ops.basic import convert, move_axis
from funcgrad.ops.complex import conj, real
from funcgrad.scipy.mirror import mirrors
from funcgrad.scipy.signal.segments import SegmentPlan, last_axis, placed


def _doubled(power: Any, nfft: int) -> Any:
    """Power at the frequencies that half a spectrum has for two."""
    weights = np.full(nfft // 2 + 1, 2.0, np.float64)
    weights[0] = 1.0
    if nfft % 2 == 0:
        weights[-1] = 1.0
    return power * weights.astype(typeof(power).dtype)


def _cross_power(
    x: Any, y: Any, plan: SegmentPlan, trend: Any, onesided: bool, scaling: str, same: bool
) -> Any:
    first = plan.spectra(x, trend, onesided)
    power = conj(first) * (first if same else plan.spectra(y, trend, onesided))
    power = (real(power) if same else power) * plan.scale(scaling)
    return _doubled(power, plan.nfft) if onesided else power


@mirrors("signal")
def csd(
    x: Any,
    y: Any,
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: Any = None,
    noverlap: Any = None,
    nfft: Any = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    average: str = "mean",
) -> tuple[Any, Any]:
    """`scipy.signal.csd`: frequencies and cross power by Welch's method, averaged by the mean.

    >>> import numpy as np, funcgrad as fg
    >>> y = np.arange(4.0)
    >>> f = lambda x: np.real(fg.scipy.signal.csd(x, y, window="boxcar", detrend=False)[1][0])
    >>> fg.grad(f)(np.ones(4))
    array([1.5, 1.5, 1.5, 1.5])
    """
    if average != "mean":
        raise ArgumentError(f"csd: average={average!r} has no traced implementation{here()}")
    same = x is y
    x, y = inexact(x), inexact(y)
    dtype = np.result_type(typeof(x).dtype, typeof(y).dtype)
    x, y = last_axis(convert(x, dtype), axis), last_axis(convert(y, dtype), axis)
    m, n = typeof(x).shape[-1], typeof(y).shape[-1]
    if m != n:
        x, y = [
            np.pad(v, [(0, 0)] * (len(typeof(v).shape) - 1) + [(0, max(m, n) - k)])
            for v, k in ((x, m), (y, n))
        ]
    plan = SegmentPlan(window, nperseg, noverlap, nfft, max(m, n), dtype, fs)
    onesided = return_onesided and dtype.kind != "c"
    power = _cross_power(x, y, plan, detrend, onesided, scaling, same)
    mean = np.mean(power, axis=-2)
    ndim = len(typeof(mean).shape)
    mean = move_axis(mean, ndim - 1, normalize_axis(axis, ndim))
    return plan.frequencies(onesided), mean


@mirrors("signal")
def welch(x: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """`scipy.signal.welch`: frequencies and the power spectrum by Welch's method.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda x: fg.scipy.signal.welch(x, window="boxcar", detrend=False)[1][0]
    >>> fg.grad(f)(np.ones(4))
    array([2., 2., 2., 2.])
    """
    return csd(x, x, *args, **kwargs)


@mirrors("signal")
def periodogram(
    x: Any,
    fs: float = 1.0,
    window: Any = "boxcar",
    nfft: Any = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
) -> tuple[Any, Any]:
    """`scipy.signal.periodogram`: frequencies and the power spectrum of the whole signal.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda x: fg.scipy.signal.periodogram(x, detrend=False)[1][0])(np.ones(4))
    array([2., 2., 2., 2.])
    """
    x = inexact(x)
    d = normalize_axis(axis, len(typeof(x).shape))
    size = typeof(x).shape[d]
    if nfft is not None and nfft < size:
        x = x[(slice(None),) * d + (slice(0, nfft),)]
        size, nfft = nfft, None
    window = "boxcar" if window is None else window
    options = {"detrend": detrend, "return_onesided": return_onesided, "scaling": scaling}
    return csd(x, x, fs, window, size, 0, nfft, axis=axis, **options)


@mirrors("signal")
def coherence(x: Any, y: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """`scipy.signal.coherence`: frequencies and the squared coherence of two signals.

    >>> import numpy as np, funcgrad as fg
    >>> x = np.sin(np.arange(8.0) ** 2)
    >>> f = lambda x: fg.scipy.signal.coherence(x, x * 1.0, nperseg=4)[1][1]
    >>> np.abs(fg.grad(f)(x)).max() < 1e-9
    np.True_
    """
    frequencies, power_x = csd(x, x, *args, **kwargs)
    _, power_y = csd(y, y, *args, **kwargs)
    _, cross = csd(x, y, *args, **kwargs)
    return frequencies, np.abs(cross) ** 2 / power_x / power_y


@mirrors("signal")
def spectrogram(
    x: Any,
    fs: float = 1.0,
    window: Any = ("tukey", 0.25),
    nperseg: Any = None,
    noverlap: Any = None,
    nfft: Any = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    mode: str = "psd",
) -> tuple[Any, Any, Any]:
    """`scipy.signal.spectrogram` in the mode "psd": frequencies, times, power of each segment.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda x: fg.scipy.signal.spectrogram(x, nperseg=4, detrend=False)[2].sum()
    >>> fg.grad(f)(np.ones(8)).shape
    (8,)
    """
    if mode != "psd":
        raise ArgumentError(
            f"spectrogram: mode={mode!r} has no traced implementation{here()}\n  use scipy.signal.stft"
        )
    x = last_axis(inexact(x), axis)
    length = typeof(x).shape[-1]
    size = min(256 if nperseg is None else int(nperseg), length)
    if not isinstance(window, (str, tuple)):
        size = len(window)
    noverlap = size // 8 if noverlap is None else noverlap
    dtype = typeof(x).dtype
    plan = SegmentPlan(window, nperseg, noverlap, nfft, length, dtype, fs)
    onesided = return_onesided and dtype.kind != "c"
    power = _cross_power(x, x, plan, detrend, onesided, scaling, same=True)
    times = (np.arange(typeof(power).shape[-2]) * plan.step + plan.size / 2) / float(fs)
    return plan.frequencies(onesided), times, placed(power, axis)
