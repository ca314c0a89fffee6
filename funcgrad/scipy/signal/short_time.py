"""`scipy.signal`: short-time Fourier transforms and their inverse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import inexact, normalize_axis
from funcgrad.ops.basic import move_axis
from funcgrad.ops.fft import fft
from funcgrad.scipy.mirror import mirrors
from funcgrad.scipy.signal.segments import SegmentPlan, last_axis, placed, real_dtype_of

_EXTENSIONS = {"zeros": "constant", "constant": "edge", "even": "reflect"}


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
    x = last_axis(inexact(x), axis)
    dtype = typeof(x).dtype
    plan = SegmentPlan(window, nperseg, noverlap, nfft, typeof(x).shape[-1], dtype, fs)
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
    return plan.frequencies(onesided), times, placed(found, axis)


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
    z = inexact(Zxx) + 0j
    ndim = len(typeof(z).shape)
    times, frequencies = normalize_axis(time_axis, ndim), normalize_axis(freq_axis, ndim)
    rest = [d for d in range(ndim) if d not in (times, frequencies)]
    z = np.transpose(z, [*rest, times, frequencies])
    default = 2 * (z.shape[-1] - 1) if input_onesided else z.shape[-1]
    size = default if nperseg is None else int(nperseg)
    if nfft is None:
        nfft = size if input_onesided and size == default + 1 else default
    plan = SegmentPlan(window, size, noverlap, nfft, size, np.dtype(float), fs)
    kind = "IRFFT" if input_onesided else "IFFT"
    segments = fft(z, kind, (nfft,), (ndim - 1,), "backward")[..., :size]
    win = plan.window
    if scaling == "spectrum":
        total = float(win.sum())
    elif scaling == "psd":
        total = math.sqrt(fs * float(np.sum(win**2)))
    else:
        raise ArgumentError(f"Parameter scaling={scaling!r} not in ['spectrum', 'psd']!{here()}")
    segments = segments * (win * total).astype(real_dtype_of(segments))
    count = segments.shape[-2]
    length = size + (count - 1) * plan.step
    where = np.arange(count)[:, None] * plan.step + np.arange(size)
    norm = np.zeros(length)
    np.add.at(norm, where, np.broadcast_to(win**2, where.shape))
    x = np.zeros_like(segments, shape=(*segments.shape[:-2], length))
    np.add.at(x, (..., where), segments)
    inner = slice(size // 2, length - size // 2) if boundary else slice(None)
    norm = norm[inner]
    x = x[..., inner] / np.where(norm > 1e-10, norm, 1.0).astype(real_dtype_of(segments))
    if typeof(x).ndim > 1 and times != ndim - 1:
        x = move_axis(x, typeof(x).ndim - 1, times - (frequencies < times))
    return np.arange(typeof(x).shape[0]) / float(fs), x
