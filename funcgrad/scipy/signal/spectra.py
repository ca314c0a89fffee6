"""`scipy.signal`: spectra of segments of signals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import normalize_axis, operand
from funcgrad.ops.basic import convert, move_axis
from funcgrad.ops.complex import conj, real
from funcgrad.ops.fft import fft
from funcgrad.scipy.mirror import mirrors, scipy_module
from funcgrad.scipy.signal.filters import detrend as remove_trend

_EXTENSIONS = {"zeros": "constant", "constant": "edge", "even": "reflect"}


class _Plan:
    """Window, lengths and frequencies of a spectral analysis."""

    def __init__(
        self,
        window: Any,
        nperseg: Any,
        noverlap: Any,
        nfft: Any,
        length: int,
        dtype: Any,
        fs: float,
    ) -> None:
        if isinstance(window, (str, tuple)):
            self.size = min(256 if nperseg is None else int(nperseg), length)
            self.window = scipy_module("signal").get_window(window, self.size)
        else:
            self.window = np.asarray(window)
            self.size = len(self.window)
            if nperseg not in (None, self.size):
                raise ArgumentError(
                    f"nperseg is {nperseg}, but the window has {self.size} points{here()}"
                )
        self.nfft = self.size if nfft is None else int(nfft)
        if self.nfft < self.size:
            raise ArgumentError(
                f"nfft must be greater than or equal to nperseg: {self.nfft} and {self.size}{here()}"
            )
        overlap = self.size // 2 if noverlap is None else int(noverlap)
        if overlap >= self.size:
            raise ArgumentError(
                f"noverlap must be less than nperseg: {overlap} and {self.size}{here()}"
            )
        self.step = self.size - overlap
        self.dtype = dtype
        self.fs = fs

    def frequencies(self, onesided: bool) -> Any:
        make = np.fft.rfftfreq if onesided else np.fft.fftfreq
        return make(self.nfft, 1 / self.fs)

    def scale(self, scaling: str) -> float:
        if scaling == "density":
            return float(1.0 / (self.fs * np.sum(self.window * self.window)))
        if scaling == "spectrum":
            return float(1.0 / np.sum(self.window) ** 2)
        raise ArgumentError(f"Unknown scaling: {scaling!r}{here()}")

    def spectra(self, x: Any, trend: Any, onesided: bool) -> Any:
        """The transforms of the windowed segments: (..., segments, frequencies)."""
        count = max((typeof(x).shape[-1] - self.size) // self.step + 1, 0)
        where = np.arange(count)[:, None] * self.step + np.arange(self.size)
        segments = x[..., where]
        if trend:
            segments = trend(segments) if callable(trend) else remove_trend(segments, type=trend)
        segments = segments * self.window.astype(self.dtype)
        last = len(typeof(segments).shape) - 1
        return fft(segments, "RFFT" if onesided else "FFT", (self.nfft,), (last,), "backward")


def _floating(x: Any) -> Any:
    x = operand(x)
    return x if typeof(x).dtype.kind in "fc" else convert(x, np.float64)


def _last(x: Any, axis: int) -> Any:
    ndim = len(typeof(x).shape)
    return move_axis(x, normalize_axis(axis, ndim), ndim - 1)


def _doubled(power: Any, nfft: int) -> Any:
    """Power at the frequencies that half a spectrum has for two."""
    weights = np.full(nfft // 2 + 1, 2.0, np.float64)
    weights[0] = 1.0
    if nfft % 2 == 0:
        weights[-1] = 1.0
    return power * weights.astype(typeof(power).dtype)


def _cross_power(
    x: Any, y: Any, plan: _Plan, trend: Any, onesided: bool, scaling: str, same: bool
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
    x, y = _floating(x), _floating(y)
    dtype = np.result_type(typeof(x).dtype, typeof(y).dtype)
    x, y = _last(convert(x, dtype), axis), _last(convert(y, dtype), axis)
    m, n = typeof(x).shape[-1], typeof(y).shape[-1]
    if m != n:
        x, y = [
            np.pad(v, [(0, 0)] * (len(typeof(v).shape) - 1) + [(0, max(m, n) - k)])
            for v, k in ((x, m), (y, n))
        ]
    plan = _Plan(window, nperseg, noverlap, nfft, max(m, n), dtype, fs)
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
    x = _floating(x)
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
    x = _last(_floating(x), axis)
    length = typeof(x).shape[-1]
    size = min(256 if nperseg is None else int(nperseg), length)
    if not isinstance(window, (str, tuple)):
        size = len(window)
    noverlap = size // 8 if noverlap is None else noverlap
    dtype = typeof(x).dtype
    plan = _Plan(window, nperseg, noverlap, nfft, length, dtype, fs)
    onesided = return_onesided and dtype.kind != "c"
    power = _cross_power(x, x, plan, detrend, onesided, scaling, same=True)
    times = (np.arange(typeof(power).shape[-2]) * plan.step + plan.size / 2) / float(fs)
    return plan.frequencies(onesided), times, _placed(power, axis)


def _placed(segments: Any, axis: int) -> Any:
    """(..., segments, frequencies) with frequencies where the data's axis was and segments last."""
    ndim = len(typeof(segments).shape)
    swapped = move_axis(segments, ndim - 1, ndim - 2)
    return move_axis(swapped, ndim - 2, normalize_axis(axis, ndim - 1))


@mirrors("signal")
def stft(
    x: Any,
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: Any = 256,
    noverlap: Any = None,
    nfft: Any = None,
    detrend: Any = False,
    return_onesided: bool = True,
    boundary: Any = "zeros",
    padded: bool = True,
    axis: int = -1,
    scaling: str = "spectrum",
) -> tuple[Any, Any, Any]:
    """`scipy.signal.stft`: frequencies, times, and the transforms of the windowed segments.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda x: np.abs(fg.scipy.signal.stft(x, nperseg=4)[2][0]).sum()
    >>> fg.grad(f)(np.ones(8)).shape
    (8,)
    """
    x = _last(_floating(x), axis)
    dtype = typeof(x).dtype
    plan = _Plan(window, nperseg, noverlap, nfft, typeof(x).shape[-1], dtype, fs)
    x = _extended(x, boundary, plan.size // 2)
    if padded:
        missing = (-(typeof(x).shape[-1] - plan.size) % plan.step) % plan.size
        x = np.pad(x, [(0, 0)] * (len(typeof(x).shape) - 1) + [(0, missing)])
    onesided = return_onesided and dtype.kind != "c"
    scale = math.sqrt(plan.scale({"psd": "density"}.get(scaling, scaling)))
    found = plan.spectra(x, detrend, onesided) * scale
    times = (np.arange(typeof(found).shape[-2]) * plan.step + plan.size / 2) / float(fs)
    if boundary is not None:
        times = times - (plan.size / 2) / fs
    return plan.frequencies(onesided), times, _placed(found, axis)


def _extended(x: Any, boundary: Any, n: int) -> Any:
    widths = [(0, 0)] * (len(typeof(x).shape) - 1) + [(n, n)]
    if boundary is None:
        return x
    if boundary == "odd":
        return np.pad(x, widths, mode="reflect", reflect_type="odd")
    if boundary not in _EXTENSIONS:
        raise ArgumentError(
            f"Unknown boundary option {boundary!r}: use 'even', 'odd', 'constant', 'zeros' or None{here()}"
        )
    return np.pad(x, widths, mode=_EXTENSIONS[boundary])


@mirrors("signal")
def istft(
    Zxx: Any,
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: Any = None,
    noverlap: Any = None,
    nfft: Any = None,
    input_onesided: bool = True,
    boundary: bool = True,
    time_axis: int = -1,
    freq_axis: int = -2,
    scaling: str = "spectrum",
) -> tuple[Any, Any]:
    """`scipy.signal.istft`: times and the signal whose `stft` is given.

    >>> import numpy as np, funcgrad as fg
    >>> x = np.ones(8)
    >>> f = lambda x: fg.scipy.signal.istft(fg.scipy.signal.stft(x, nperseg=4)[2])[1].sum()
    >>> fg.grad(f)(x).round(9)
    array([1., 1., 1., 1., 1., 1., 1., 1.])
    """
    z = _floating(Zxx) + 0j
    ndim = len(typeof(z).shape)
    times, frequencies = normalize_axis(time_axis, ndim), normalize_axis(freq_axis, ndim)
    rest = [d for d in range(ndim) if d not in (times, frequencies)]
    z = np.transpose(z, [*rest, times, frequencies])
    default = 2 * (z.shape[-1] - 1) if input_onesided else z.shape[-1]
    size = default if nperseg is None else int(nperseg)
    if nfft is None:
        nfft = size if input_onesided and size == default + 1 else default
    plan = _Plan(window, size, noverlap, nfft, size, np.dtype(float), fs)
    kind = "IRFFT" if input_onesided else "IFFT"
    segments = fft(z, kind, (nfft,), (ndim - 1,), "backward")[..., :size]
    win = plan.window
    if scaling == "spectrum":
        total = float(win.sum())
    elif scaling == "psd":
        total = math.sqrt(fs * float(np.sum(win**2)))
    else:
        raise ArgumentError(f"Parameter scaling={scaling!r} not in ['spectrum', 'psd']!{here()}")
    segments = segments * (win * total).astype(real_of(segments))
    count = segments.shape[-2]
    length = size + (count - 1) * plan.step
    where = np.arange(count)[:, None] * plan.step + np.arange(size)
    norm = np.zeros(length)
    np.add.at(norm, where, np.broadcast_to(win**2, where.shape))
    x = np.zeros_like(segments, shape=(*segments.shape[:-2], length))
    np.add.at(x, (..., where), segments)
    inner = slice(size // 2, length - size // 2) if boundary else slice(None)
    norm = norm[inner]
    x = x[..., inner] / np.where(norm > 1e-10, norm, 1.0).astype(real_of(segments))
    if typeof(x).ndim > 1 and times != ndim - 1:
        x = move_axis(x, typeof(x).ndim - 1, times - (frequencies < times))
    return np.arange(typeof(x).shape[0]) / float(fs), x


def real_of(x: Any) -> Any:
    return np.zeros((), typeof(x).dtype).real.dtype
