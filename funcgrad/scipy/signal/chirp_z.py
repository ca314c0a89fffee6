"""`scipy.signal`: Fourier transforms on arcs and spirals."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import normalize_axis, operand
from funcgrad.ops.basic import move_axis
from funcgrad.scipy.mirror import mirrors


@mirrors("signal")
def czt(x: Any, m: Any = None, w: Any = None, a: Any = 1 + 0j, *, axis: int = -1) -> Any:
    """`scipy.signal.czt`: the z-transform at the points `a w^-k` of a spiral, as a product with a matrix.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda x: abs(fg.scipy.signal.czt(x, 2)[0]))(np.ones(3))
    array([1., 1., 1.])
    """
    x = operand(x)
    d, last = normalize_axis(axis, typeof(x).ndim), typeof(x).ndim - 1
    n = typeof(x).shape[d]
    m = n if m is None else m
    w = np.exp(-2j * np.pi / m) if w is None else w
    points = a * w ** -np.arange(m)
    matrix = points ** -np.arange(n)[:, None]
    return move_axis(move_axis(x, d, last) @ matrix, last, d)


@mirrors("signal")
def zoom_fft(
    x: Any, fn: Any, m: Any = None, *, fs: float = 2, endpoint: bool = False, axis: int = -1
) -> Any:
    """`scipy.signal.zoom_fft`: the Fourier transform at `m` frequencies between `fn[0]` and `fn[1]`, by `czt`."""
    low, high = (0.0, fn) if np.ndim(fn) == 0 else fn
    m = typeof(operand(x)).shape[axis] if m is None else m
    width = (high - low) / ((m - 1) if endpoint else m)
    return czt(x, m, np.exp(-2j * np.pi * width / fs), np.exp(2j * np.pi * low / fs), axis=axis)
