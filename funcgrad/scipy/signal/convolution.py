"""`scipy.signal`: convolution and correlation in any number of dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import normalize_axis, operand
from funcgrad.ops.basic import convert
from funcgrad.ops.complex import conj, is_complex
from funcgrad.ops.fft import fft
from funcgrad.ops.shape import rev
from funcgrad.ops.signal import convolve as convolve_window
from funcgrad.scipy.mirror import mirrors, scipy_module

# Vectors of which one is shorter than this are convolved directly, longer ones by Fourier transforms.
_SHORT = 64


def _operands(name: str, in1: Any, in2: Any) -> tuple[Any, Any]:
    a, b = operand(in1), operand(in2)
    if len(typeof(a).shape) != len(typeof(b).shape):
        raise ArgumentError(
            f"{name}: in1 and in2 should have the same dimensionality, got {typeof(a)} "
            f"and {typeof(b)}{here()}"
        )
    dtype = np.result_type(typeof(a).dtype, typeof(b).dtype)
    return convert(a, dtype), convert(b, dtype)


def _window(mode: str, m: Sequence[int], n: Sequence[int]) -> list[tuple[int, int]]:
    """For each axis where in the full convolution the result starts, and its length."""
    if mode == "full":
        return [(0, i + j - 1) for i, j in zip(m, n, strict=True)]
    if mode == "same":
        return [((j - 1) // 2, i) for i, j in zip(m, n, strict=True)]
    if mode != "valid":
        raise ArgumentError(
            f"acceptable mode flags are 'valid', 'same', or 'full', not {mode!r}{here()}"
        )
    first = all(i >= j for i, j in zip(m, n, strict=True))
    if not first and not all(i <= j for i, j in zip(m, n, strict=True)):
        raise ArgumentError(
            f"for 'valid' mode, one must be at least as large as the other in every dimension: "
            f"{tuple(m)} and {tuple(n)}{here()}"
        )
    return [(min(i, j) - 1, abs(i - j) + 1) for i, j in zip(m, n, strict=True)]


def _by_fourier(a: Any, b: Any, mode: str, axes: Sequence[int]) -> Any:
    fast = scipy_module("fft").next_fast_len
    m, n = typeof(a).shape, typeof(b).shape
    windows = _window(mode, [m[d] for d in axes], [n[d] for d in axes])
    kinds = ("FFT", "IFFT") if is_complex(a) else ("RFFT", "IRFFT")
    lengths = [fast(m[d] + n[d] - 1, kinds[0] == "RFFT") for d in axes]
    spectrum = fft(a, kinds[0], lengths, axes, "backward")
    spectrum = spectrum * fft(b, kinds[0], lengths, axes, "backward")
    full = fft(spectrum, kinds[1], lengths, axes, "backward")
    index: list[Any] = [slice(None)] * len(m)
    for d, (start, size) in zip(axes, windows, strict=True):
        index[d] = slice(start, start + size)
    return full[tuple(index)]


@mirrors("signal")
def convolve(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """`scipy.signal.convolve` of arrays with the same number of axes.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda x: fg.scipy.signal.convolve(x, np.array([1.0, 2.0])).sum())(np.ones(3))
    array([3., 3., 3.])
    """
    a, b = _operands("convolve", in1, in2)
    ndim = len(typeof(a).shape)
    if method not in ("auto", "direct", "fft"):
        raise ArgumentError(
            f"acceptable method flags are 'auto', 'direct', or 'fft', not {method!r}{here()}"
        )
    if ndim == 0:
        return a * b
    shortest = min(typeof(a).size, typeof(b).size)
    if ndim == 1 and (method == "direct" or (method == "auto" and shortest < _SHORT)):
        ((start, size),) = _window(mode, typeof(a).shape, typeof(b).shape)
        return convolve_window(a, b, start, size)
    dtype = typeof(a).dtype
    if dtype.kind in "fc":
        return _by_fourier(a, b, mode, range(ndim))
    exact = _by_fourier(convert(a, np.float64), convert(b, np.float64), mode, range(ndim))
    return convert(np.rint(exact), dtype)


def _reverse_and_conjugate(x: Any) -> Any:
    x = rev(x, dimensions=tuple(range(len(typeof(x).shape))))
    return conj(x) if is_complex(x) else x


@mirrors("signal")
def correlate(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """`scipy.signal.correlate` of arrays with the same number of axes.

    >>> import numpy as np, funcgrad as fg
    >>> y = np.array([1.0, 2.0])
    >>> fg.grad(lambda x: fg.scipy.signal.correlate(x, y)[0])(np.ones(3))
    array([2., 0., 0.])
    """
    a, b = _operands("correlate", in1, in2)
    return convolve(a, _reverse_and_conjugate(b), mode, method)


def _axes(a: Any, axes: Any) -> list[int]:
    ndim = len(typeof(a).shape)
    if axes is None:
        return list(range(ndim))
    return [normalize_axis(d, ndim) for d in (axes if isinstance(axes, (tuple, list)) else [axes])]


@mirrors("signal")
def fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """`scipy.signal.fftconvolve`: convolution along `axes`, the others broadcast.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda x: fg.scipy.signal.fftconvolve(x, np.array([1.0, 2.0])).sum()
    >>> fg.grad(f)(np.ones(3)).round(9)
    array([3., 3., 3.])
    """
    a, b = _operands("fftconvolve", in1, in2)
    if typeof(a).dtype.kind not in "fc":
        a, b = convert(a, np.float64), convert(b, np.float64)
    return _by_fourier(a, b, mode, _axes(a, axes)) if len(typeof(a).shape) else a * b


@mirrors("signal")
def oaconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """`scipy.signal.oaconvolve`, by Fourier transforms of the whole.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda x: fg.scipy.signal.oaconvolve(x, np.array([1.0, 2.0])).sum()
    >>> fg.grad(f)(np.ones(3)).round(9)
    array([3., 3., 3.])
    """
    return fftconvolve(in1, in2, mode, axes)


_BOUNDARIES = {"fill": "constant", "wrap": "wrap", "symm": "symmetric"}


@mirrors("signal")
def convolve2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Any:
    """`scipy.signal.convolve2d`, with SciPy's boundaries.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda x: fg.scipy.signal.convolve2d(x, np.ones((2, 2)), mode="valid").sum()
    >>> fg.grad(f)(np.ones((2, 3))).round(9)
    array([[1., 2., 1.],
           [1., 2., 1.]])
    """
    a, b = _operands("convolve2d", in1, in2)
    if len(typeof(a).shape) != 2:
        raise ArgumentError(f"convolve2d takes matrices, got {typeof(a)} and {typeof(b)}{here()}")
    if boundary not in _BOUNDARIES:
        raise ArgumentError(
            f"acceptable boundary flags are 'fill', 'circular' (or 'wrap'), and 'symmetric' "
            f"(or 'symm'), not {boundary!r}{here()}"
        )
    m, n = typeof(a).shape, typeof(b).shape
    if mode == "valid" or (
        boundary == "fill" and type(fillvalue) in (int, float) and not fillvalue
    ):
        if mode == "valid" and any(i < j for i, j in zip(m, n, strict=True)):
            a, b = b, a
        return convolve(a, b, mode)
    # Every element of the full convolution sees a window of the extended array.
    widths = [(k - 1, k - 1) for k in n]
    options = {"constant_values": fillvalue} if boundary == "fill" else {}
    extended = np.pad(a, widths, mode=_BOUNDARIES[boundary], **options)
    full = convolve(extended, b, "valid")
    (i, rows), (j, columns) = _window(mode, m, n)
    return full[i : i + rows, j : j + columns]


@mirrors("signal")
def correlate2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Any:
    """`scipy.signal.correlate2d`, with SciPy's boundaries.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda x: fg.scipy.signal.correlate2d(x, np.ones((2, 2)), mode="valid").sum()
    >>> fg.grad(f)(np.ones((2, 3))).round(9)
    array([[1., 2., 1.],
           [1., 2., 1.]])
    """
    a, b = _operands("correlate2d", in1, in2)
    swap = mode == "valid" and any(
        i < j for i, j in zip(typeof(a).shape, typeof(b).shape, strict=True)
    )
    if swap:
        return _reverse_and_conjugate(
            convolve2d(b, _reverse_and_conjugate(a), mode, boundary, fillvalue)
        )
    m, n = typeof(a).shape, typeof(b).shape
    turned = _reverse_and_conjugate(b)
    if mode != "same":
        return convolve2d(a, turned, mode, boundary, fillvalue)
    full = convolve2d(a, turned, "full", boundary, fillvalue)
    # The middle of the reversed array is on the other side where its length is even.
    i, j = [k - 1 - (k - 1) // 2 for k in n]
    return full[i : i + m[0], j : j + m[1]]
