"""`scipy.signal`: recursive filters, detrending, analytic signals, resampling."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import normalize_axis, operand
from funcgrad.ops.basic import convert, move_axis
from funcgrad.ops.complex import is_complex
from funcgrad.ops.contraction import matmul
from funcgrad.ops.fft import fft
from funcgrad.ops.filters import allpole_p
from funcgrad.ops.linalg.matrix import column, uncolumn
from funcgrad.ops.signal import convolve
from funcgrad.scipy.mirror import mirrors


def common(*values: Any) -> list[Any]:
    operands = [operand(v) for v in values]
    dtype = np.result_type(*[typeof(v).dtype for v in operands])
    dtype = dtype if dtype.kind in "fc" else np.dtype(np.float64)
    return [convert(v, dtype) for v in operands]


def _filter(b: Any, a: Any, x: Any, zi: Any) -> tuple[Any, Any]:
    """Filter along the last axis: the output, and the state after it."""
    first = a[..., :1]
    b, a = b / first, a / first
    n, order = x.shape[-1], max(b.shape[-1], a.shape[-1]) - 1
    driven = convolve(b, x, 0, n + order)
    if zi is not None:
        widths = [(0, 0)] * (len(x.shape) - 1) + [(0, n + order - zi.shape[-1])]
        driven = driven + np.pad(zi, widths)
    y = allpole_p(a, driven[..., :n])
    if not order or zi is None:
        return y, None
    # What has been fed in and not yet come out.
    return y, driven[..., n:] - convolve(a, y, n, order)


@mirrors("signal")
def lfilter(b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """`scipy.signal.lfilter`: a rational filter with numerator `b` and denominator `a` along an axis.

    With the initial state `zi` (max(len(a), len(b)) - 1 numbers) it returns the final one too.

    >>> import numpy as np, funcgrad as fg
    >>> a = np.array([1.0, -0.5])
    >>> fg.grad(lambda x: fg.scipy.signal.lfilter([1.0], a, x)[-1])(np.ones(3))
    array([0.25, 0.5 , 1.  ])
    """
    parts = common(b, a, x, *([] if zi is None else [zi]))
    b, a, x = [p if len(p.shape) else np.reshape(p, (1,)) for p in parts[:3]]
    d = normalize_axis(axis, len(x.shape))
    last = len(x.shape) - 1
    state = None if zi is None else move_axis(parts[3], d, last)
    y, final = _filter(b, a, move_axis(x, d, last), state)
    y = move_axis(y, last, d)
    return y if zi is None else (y, move_axis(final, last, d))


@mirrors("signal")
def sosfilt(sos: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """`scipy.signal.sosfilt`: a cascade of second-order sections `sos` (n, 6).

    >>> import numpy as np, funcgrad as fg
    >>> sos = np.array([[1.0, 0.0, 0.0, 1.0, -0.5, 0.0]])
    >>> fg.grad(lambda x: fg.scipy.signal.sosfilt(sos, x)[-1])(np.ones(3))
    array([0.25, 0.5 , 1.  ])
    """
    parts = common(sos, x, *([] if zi is None else [zi]))
    sos, x = parts[:2]
    if len(sos.shape) != 2 or sos.shape[1] != 6:
        raise ArgumentError(
            f"sosfilt: sos must have shape (n_sections, 6), got {typeof(sos)}{here()}"
        )
    d = normalize_axis(axis, len(x.shape))
    last = len(x.shape) - 1
    y = move_axis(x, d, last)
    states = []
    for i in range(sos.shape[0]):
        state = None if zi is None else move_axis(parts[2][i], d, last)
        y, final = _filter(sos[i, :3], sos[i, 3:], y, state)
        states.append(final)
    y = move_axis(y, last, d)
    return y if zi is None else (y, np.stack([move_axis(s, last, d) for s in states]))


@mirrors("signal")
def detrend(
    data: Any, axis: int = -1, type: str = "linear", bp: Any = 0, overwrite_data: bool = False
) -> Any:
    """`scipy.signal.detrend`: the data less their mean, or less lines between the breakpoints `bp`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda x: fg.scipy.signal.detrend(x, type="constant")[0])(np.arange(4.0))
    array([ 0.75, -0.25, -0.25, -0.25])
    """
    if type not in ("linear", "l", "constant", "c"):
        raise ArgumentError(f"Trend type must be 'linear' or 'constant', not {type!r}{here()}")
    (x,) = common(data)
    d = normalize_axis(axis, len(x.shape))
    if type in ("constant", "c"):
        return x - np.mean(x, axis=d, keepdims=True)
    n = x.shape[d]
    ends = np.unique([0, *np.atleast_1d(bp), n])
    if np.any(ends > n):
        raise ArgumentError(
            f"Breakpoints must be less than length of data along given axis: {bp}, {n}{here()}"
        )
    last = len(x.shape) - 1
    x = move_axis(x, d, last)
    pieces = []
    for start, stop in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        piece = x[..., start:stop]
        k = stop - start
        lines = np.stack([np.arange(1.0, k + 1.0) / k, np.ones(k)], axis=1).astype(x.dtype)
        basis = np.linalg.qr(lines)[0]
        fit = matmul(basis, matmul(np.conj(basis.T), column(piece)))
        pieces.append(piece - uncolumn(fit))
    return move_axis(np.concatenate(pieces, axis=last), last, d)


@mirrors("signal")
def hilbert(x: Any, N: Any = None, axis: int = -1) -> Any:
    """`scipy.signal.hilbert`: the analytic signal of a real one.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda x: np.abs(fg.scipy.signal.hilbert(x)).sum())(np.array([1.0, 0.0, -1.0, 0.0]))
    array([ 2.,  0., -2.,  0.])
    """
    (x,) = common(x)
    if is_complex(x):
        raise ArgumentError(f"hilbert: x must be real, got {typeof(x)}{here()}")
    d = normalize_axis(axis, len(x.shape))
    n = x.shape[d] if N is None else int(N)
    spectrum = fft(x, "FFT", (n,), (d,), "backward")
    weights = np.zeros(n, x.dtype)
    weights[0] = 1
    weights[1 : (n + 1) // 2] = 2
    if n % 2 == 0:
        weights[n // 2] = 1
    weights = weights.reshape((-1,) + (1,) * (len(x.shape) - 1 - d))
    return fft(spectrum * weights, "IFFT", (n,), (d,), "backward")


@mirrors("signal")
def resample(
    x: Any, num: int, t: Any = None, axis: int = 0, window: Any = None, domain: str = "time"
) -> Any:
    """`scipy.signal.resample` of signals in the time domain to `num` points, by Fourier transforms.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda x: fg.scipy.signal.resample(x, 4)[0])(np.array([1.0, 2.0]))
    array([1., 0.])
    """
    if domain != "time" or window is not None:
        raise ArgumentError(
            f"resample: only domain='time' without a window has a traced implementation{here()}"
        )
    (x,) = common(x)
    d = normalize_axis(axis, len(x.shape))
    n = x.shape[d]
    kept = min(num, n)
    if is_complex(x):
        spectrum = move_axis(fft(x, "FFT", (n,), (d,), "backward"), d, len(x.shape) - 1)
        half = kept // 2 + 1
        parts = [spectrum[..., :half], spectrum[..., n - (kept - half) :]]
        if kept % 2 == 0 and num != n:
            # The frequency at half of the rate stands for two, or two for it.
            middle = spectrum[..., half - 1 : half]
            if num < n:
                middle = middle + spectrum[..., n - kept // 2 : n - kept // 2 + 1]
                parts[0] = np.concatenate([parts[0][..., :-1], middle], axis=-1)
            else:
                parts[0] = np.concatenate([parts[0][..., :-1], middle * 0.5], axis=-1)
                parts[1] = np.concatenate([middle * 0.5, parts[1]], axis=-1)
        if kept == half:
            parts[1] = parts[1][..., :0]
        gap = num - sum(p.shape[-1] for p in parts)
        zeros = np.zeros((*spectrum.shape[:-1], max(gap, 0)), spectrum.dtype)
        joined = np.concatenate([parts[0], zeros, parts[1]], axis=-1)
        y = move_axis(
            fft(joined, "IFFT", (num,), (len(x.shape) - 1,), "backward"), len(x.shape) - 1, d
        )
    else:
        spectrum = move_axis(fft(x, "RFFT", (n,), (d,), "backward"), d, len(x.shape) - 1)
        weights = np.ones(kept // 2 + 1, x.dtype)
        if kept % 2 == 0 and num != n:
            weights[kept // 2] = 2.0 if num < n else 0.5
        spectrum = spectrum[..., : kept // 2 + 1] * weights
        last = len(x.shape) - 1
        y = move_axis(fft(spectrum, "IRFFT", (num,), (last,), "backward"), last, d)
    y = y * (num / n)
    if t is None:
        return y
    t = np.asarray(t)
    return y, np.arange(num) * (t[1] - t[0]) * n / num + t[0]
