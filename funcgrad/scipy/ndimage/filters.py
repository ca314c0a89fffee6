"""Linear filters of images."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.naming import named
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.numpy.arguments import normalize_axis, operand
from funcgrad.ops.basic import convert, move_axis
from funcgrad.ops.signal import convolve as convolve_window
from funcgrad.scipy.mirror import mirrors
from funcgrad.scipy.ndimage.edges import PADS, in_dtype, mode_name
from funcgrad.scipy.signal.convolution import convolve as convolve_arrays


def _extended(x: Any, before: int, after: int, axis: int, mode: str, cval: Any) -> Any:
    widths = [(0, 0)] * len(typeof(x).shape)
    widths[axis] = (before, after)
    options = {"constant_values": cval} if PADS[mode] == "constant" else {}
    return np.pad(x, widths, mode=PADS[mode], **options)


@mirrors("ndimage")
def correlate1d(
    input: Any,
    weights: Any,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: int = 0,
) -> Any:
    """`scipy.ndimage.correlate1d`."""
    x, w = operand(input), operand(weights)
    dtype = typeof(x).dtype
    wide = np.result_type(dtype, typeof(w).dtype, np.float64)
    x, w = convert(x, wide), convert(w, wide)
    d, size = normalize_axis(axis, len(typeof(x).shape)), typeof(w).shape[0]
    before = size // 2 + origin
    n, last = typeof(x).shape[d], len(typeof(x).shape) - 1
    x = move_axis(_extended(x, before, size - 1 - before, d, mode_name(mode), cval), d, last)
    result = convolve_window(x, w[::-1], size - 1, n)
    return in_dtype(move_axis(result, last, d), output, dtype)


@mirrors("ndimage")
def gaussian_filter1d(
    input: Any,
    sigma: Any,
    axis: int = -1,
    order: int = 0,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    truncate: float = 4.0,
    *,
    radius: Any = None,
) -> Any:
    """`scipy.ndimage.gaussian_filter1d`."""
    reach = int(truncate * sigma + 0.5) if radius is None else int(radius)
    p = np.arange(-reach, reach + 1, dtype=np.float64)
    variance = sigma * sigma
    phi = np.exp(p * p * (-0.5 / variance))
    phi = phi / np.sum(phi)
    before, factor = 0.0 * p, 0.0 * p + 1.0
    for k in range(order):  # Hermite's recurrence for the derivatives of the Gaussian
        before, factor = factor, -(p * factor + k * before) / variance
    return correlate1d(input, (factor * phi)[::-1], axis, output, mode, cval)


def _each_axis(input: Any, axes: Any, *options: Any) -> tuple[list[int], list[tuple[Any, ...]]]:
    """The axes to filter along, and for each the values of options that are given once or per axis."""
    ndim = typeof(input).ndim
    axes = range(ndim) if axes is None else [axes] if isinstance(axes, int) else axes
    axes = [normalize_axis(axis, ndim) for axis in axes]
    spread = [
        list(option)
        if isinstance(option, (list, tuple, np.ndarray)) and np.ndim(option)
        else [option] * len(axes)
        for option in options
    ]
    if any(len(values) != len(axes) for values in spread):
        raise ArgumentError(f"there must be one value for each of the {len(axes)} axes{here()}")
    return axes, list(zip(*spread, strict=True))


def _separable(input: Any, output: Any, along: Any, axes: Any, *options: Any) -> Any:
    """One-dimensional filters along one axis after the other."""
    x = operand(input)
    dtype = typeof(x).dtype
    axes, values = _each_axis(x, axes, *options)
    for axis, own in zip(axes, values, strict=True):
        x = along(x, axis, *own)
    return in_dtype(x, output, dtype)


@mirrors("ndimage")
def convolve1d(input: Any, weights: Any, axis: int = -1, output: Any = None, mode: str = "reflect",
               cval: Any = 0.0, origin: int = 0) -> Any:  # fmt: skip
    """`scipy.ndimage.convolve1d`."""
    w = operand(weights)
    origin = -origin - (1 - typeof(w).shape[0] % 2)
    return correlate1d(input, w[::-1], axis, output, mode, cval, origin)


@mirrors("ndimage")
def gaussian_filter(input: Any, sigma: Any, order: Any = 0, output: Any = None, mode: Any = "reflect",
                    cval: Any = 0.0, truncate: float = 4.0, *, radius: Any = None,
                    axes: Any = None) -> Any:  # fmt: skip
    """`scipy.ndimage.gaussian_filter`; the width may be traced.

    >>> import numpy as np, funcgrad as fg
    >>> image = np.eye(5)
    >>> fg.grad(lambda s: fg.scipy.ndimage.gaussian_filter(image, s)[2, 2])(1.0).round(6)
    np.float64(-0.27019)
    """

    def along(x: Any, axis: int, s: Any, order: int, mode: str, reach: Any) -> Any:
        if not isinstance(s, Tracer) and s <= 1e-15:
            return x
        return gaussian_filter1d(x, s, axis, order, None, mode, cval, truncate, radius=reach)

    return _separable(input, output, along, axes, sigma, order, mode, radius)


@mirrors("ndimage")
def uniform_filter1d(input: Any, size: int, axis: int = -1, output: Any = None, mode: str = "reflect",
                     cval: Any = 0.0, origin: int = 0) -> Any:  # fmt: skip
    """`scipy.ndimage.uniform_filter1d`."""
    return correlate1d(input, np.full(size, 1.0 / size), axis, output, mode, cval, origin)


@mirrors("ndimage")
def uniform_filter(input: Any, size: Any = 3, output: Any = None, mode: Any = "reflect",
                   cval: Any = 0.0, origin: Any = 0, *, axes: Any = None) -> Any:  # fmt: skip
    """`scipy.ndimage.uniform_filter`."""

    def along(x: Any, axis: int, size: int, mode: str, origin: int) -> Any:
        return x if size <= 1 else uniform_filter1d(x, size, axis, None, mode, cval, origin)

    return _separable(input, output, along, axes, size, mode, origin)


@mirrors("ndimage")
def correlate(input: Any, weights: Any, output: Any = None, mode: Any = "reflect",
              cval: Any = 0.0, origin: Any = 0, *, axes: Any = None) -> Any:  # fmt: skip
    """`scipy.ndimage.correlate`; the weights may be traced."""
    x, w = operand(input), operand(weights)
    dtype, ndim = typeof(x).dtype, typeof(x).ndim
    wide = np.result_type(dtype, typeof(w).dtype, np.float64)
    x, w = convert(x, wide), convert(w, wide)
    along, options = _each_axis(x, axes, mode, origin)
    if typeof(w).ndim != len(along):
        raise ArgumentError(f"weights of {len(along)} axes are needed, got {typeof(w)}{here()}")
    for axis, size, (edge, shift) in zip(along, typeof(w).shape, options, strict=True):
        before = size // 2 + shift
        x = _extended(x, before, size - 1 - before, axis, mode_name(edge), cval)
    w = np.transpose(w, np.argsort(along))
    w = np.expand_dims(w, [axis for axis in range(ndim) if axis not in along])
    flipped = w[(slice(None, None, -1),) * ndim]
    return in_dtype(convolve_arrays(x, flipped, mode="valid"), output, dtype)


@mirrors("ndimage")
def convolve(input: Any, weights: Any, output: Any = None, mode: Any = "reflect",
             cval: Any = 0.0, origin: Any = 0, *, axes: Any = None) -> Any:  # fmt: skip
    """`scipy.ndimage.convolve`; the weights may be traced."""
    w = operand(weights)
    shape = typeof(w).shape
    origins = [origin] * len(shape) if isinstance(origin, int) else list(origin)
    origins = [-o - (1 - n % 2) for o, n in zip(origins, shape, strict=True)]
    flipped = w[(slice(None, None, -1),) * len(shape)]
    return correlate(input, flipped, output, mode, cval, origins, axes=axes)


def _edge_filter(across: list[float], name: str) -> Any:
    def function(
        input: Any, axis: int = -1, output: Any = None, mode: Any = "reflect", cval: Any = 0.0
    ) -> Any:
        x = operand(input)
        dtype = typeof(x).dtype
        axis = normalize_axis(axis, typeof(x).ndim)
        axes, options = _each_axis(x, None, mode)
        out = correlate1d(
            convert(x, np.result_type(dtype, np.float64)),
            [-1.0, 0.0, 1.0],
            axis,
            None,
            options[axis][0],
            cval,
        )
        for other, (edge,) in zip(axes, options, strict=True):
            if other != axis:
                out = correlate1d(out, across, other, None, edge, cval)
        return in_dtype(out, output, dtype)

    return mirrors("ndimage", name)(named(function, name, f"`scipy.ndimage.{name}`."))


sobel = _edge_filter([1.0, 2.0, 1.0], "sobel")
prewitt = _edge_filter([1.0, 1.0, 1.0], "prewitt")


@mirrors("ndimage")
def laplace(input: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, *,
            axes: Any = None) -> Any:  # fmt: skip
    """`scipy.ndimage.laplace`."""
    x = operand(input)
    along, options = _each_axis(x, axes, mode)
    terms = [
        correlate1d(x, [1.0, -2.0, 1.0], axis, np.float64, edge, cval)
        for axis, (edge,) in zip(along, options, strict=True)
    ]
    return in_dtype(sum(terms), output, typeof(x).dtype)


def _of_derivatives(name: str, combine: Any) -> Any:
    """A filter made of Gaussian derivatives along each axis."""

    @mirrors("ndimage", name)
    def function(input: Any, sigma: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, *,
                 axes: Any = None, **options: Any) -> Any:  # fmt: skip
        x = operand(input)
        along, values = _each_axis(x, axes, sigma)
        sigmas = [s for (s,) in values]
        parts = []
        for axis in along:
            order = [combine[0] if a == axis else 0 for a in along]
            parts.append(
                gaussian_filter(x, sigmas, order, None, mode, cval, axes=tuple(along), **options)
            )
        return in_dtype(combine[1](parts), output, typeof(x).dtype)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"`scipy.ndimage.{name}`; the widths may be traced."
    return function


gaussian_laplace = _of_derivatives("gaussian_laplace", (2, sum))
gaussian_gradient_magnitude = _of_derivatives(
    "gaussian_gradient_magnitude", (1, lambda parts: np.sqrt(sum(p * p for p in parts)))
)
