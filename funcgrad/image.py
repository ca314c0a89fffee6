"""`funcgrad.image`: resampling of images, as `jax.image`.

An image is an array with any number of axes. Along each axis that changes its length, the new samples are weighted
means of the old ones: the weights are a kernel's values at their distances, divided by their sum.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import inexact, operand


class ResizeMethod(enum.Enum):
    """How samples between the old ones are made.

    >>> import funcgrad as fg
    >>> fg.image.ResizeMethod.from_string("bilinear").name
    'LINEAR'
    """

    NEAREST = 0
    LINEAR = 1
    LANCZOS3 = 2
    LANCZOS5 = 3
    CUBIC = 4
    CUBIC_PYTORCH = 5
    AREA = 6

    @staticmethod
    def from_string(s: str) -> ResizeMethod:
        """The method of a name.

        Raises:
            ArgumentError: there is no method of that name.
        """
        if s not in _NAMES:
            raise ArgumentError(
                f"there is no method {s!r} of resizing{here()}\n  there are {', '.join(_NAMES)}"
            )
        return _NAMES[s]


_NAMES = {
    "nearest": ResizeMethod.NEAREST,
    "linear": ResizeMethod.LINEAR,
    "bilinear": ResizeMethod.LINEAR,
    "trilinear": ResizeMethod.LINEAR,
    "triangle": ResizeMethod.LINEAR,
    "lanczos3": ResizeMethod.LANCZOS3,
    "lanczos5": ResizeMethod.LANCZOS5,
    "cubic": ResizeMethod.CUBIC,
    "bicubic": ResizeMethod.CUBIC,
    "tricubic": ResizeMethod.CUBIC,
    "cubic-pytorch": ResizeMethod.CUBIC_PYTORCH,
    "bicubic-pytorch": ResizeMethod.CUBIC_PYTORCH,
    "area": ResizeMethod.AREA,
}


def _triangle(x: Any) -> Any:
    return np.maximum(0.0, 1.0 - x)


def _lanczos(radius: float) -> Callable[[Any], Any]:
    """sinc(x) sinc(x / radius) for x below the radius."""

    def kernel(x: Any) -> Any:
        product = radius * np.sin(math.pi * x) * np.sin(math.pi * x / radius)
        inside = product / np.where(x != 0, math.pi**2 * x**2, 1.0)
        return np.where(x > radius, 0.0, np.where(x > 1e-3, inside, 1.0))

    return kernel


def _cubic(a: float) -> Callable[[Any], Any]:
    """R. G. Keys: Cubic convolution interpolation for digital image processing (1981), equation 3 ff."""

    def kernel(x: Any) -> Any:
        near = ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
        far = ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a
        return np.where(x >= 2.0, 0.0, np.where(x >= 1.0, far, near))

    return kernel


_KERNELS: dict[ResizeMethod, Callable[[Any], Any]] = {
    ResizeMethod.LINEAR: _triangle,
    ResizeMethod.LANCZOS3: _lanczos(3.0),
    ResizeMethod.LANCZOS5: _lanczos(5.0),
    ResizeMethod.CUBIC: _cubic(-0.5),
    ResizeMethod.CUBIC_PYTORCH: _cubic(-0.75),
}
# How many samples beyond each edge, which equal it, the kernel sees. PyTorch's alone does that.
_BEYOND = {ResizeMethod.CUBIC_PYTORCH: 2}


def _overlaps(n: int, m: int, inverse: Any, translation: Any) -> Any:
    """(n, m): the length of the old sample's interval that the interval of the new one covers."""
    low, old = (np.arange(m) - translation) * inverse, np.arange(n)[:, None]
    common = np.minimum(low + inverse, old + 1.0) - np.maximum(low, old)
    return np.maximum(common, 0.0)


def _weights(
    n: int, m: int, scale: Any, translation: Any, method: ResizeMethod, antialias: bool
) -> Any:
    """(n, m): how much each of n samples counts for each of m new ones."""
    if method is ResizeMethod.CUBIC_PYTORCH and antialias:
        method = ResizeMethod.CUBIC  # as there
    inverse = 1.0 / scale
    places = (np.arange(m) + 0.5) * inverse - translation * inverse - 0.5
    if method is ResizeMethod.AREA:
        weights = _overlaps(n, m, inverse, translation)
    else:
        # With fewer samples than before the kernel is widened, so that each old sample counts.
        width = np.maximum(inverse, 1.0) if antialias else 1.0
        beyond = _BEYOND.get(method, 0)
        seen = np.arange(-beyond, n + beyond)
        weights = _KERNELS[method](np.abs(places[None, :] - seen[:, None]) / width)
        if beyond:
            at_edge = np.clip(seen, 0, n - 1) == np.arange(n)[:, None]
            weights = at_edge.astype(float) @ weights
    total = np.sum(weights, axis=0, keepdims=True)
    enough = np.abs(total) > 1000.0 * float(np.finfo(np.float32).eps)
    weights = np.where(enough, weights / np.where(total != 0, total, 1.0), 0.0)
    if method in _BEYOND:
        return weights
    inside = np.logical_and(places >= -0.5, places <= n - 0.5)
    return np.where(inside[None, :], weights, 0.0)


def _method(method: ResizeMethod | str) -> ResizeMethod:
    return ResizeMethod.from_string(method) if isinstance(method, str) else method


def scale_and_translate(
    image: Any,
    shape: Sequence[int],
    spatial_dims: Sequence[int],
    scale: Any,
    translation: Any,
    method: ResizeMethod | str,
    antialias: bool = True,
    precision: Any = None,
) -> Any:
    """An image, scaled and then moved, in a frame of another shape. What lies outside of the image is 0.

    Args:
        image: an array; integers are converted to floating point.
        shape: that of the result, which differs from the image's in `spatial_dims` only.
        spatial_dims: the axes that are resampled.
        scale: the factor for each of them; may be traced.
        translation: how far each is moved, in samples of the result; may be traced.
        method: "linear", "cubic", "cubic-pytorch", "lanczos3", "lanczos5" or "area".
        antialias: whether the kernel is widened where samples become fewer.
        precision: accepted for JAX's sake; without effect.

    Raises:
        ArgumentError: `shape` has another number of axes than the image, or there is no such method.

    >>> import numpy as np, funcgrad as fg
    >>> x = np.array([1.0, 2.0, 3.0])
    >>> fg.image.scale_and_translate(x, (3,), (0,), np.ones(1), np.array([0.5]), "linear")
    array([1. , 1.5, 2.5])
    """
    x, shape = inexact(image), tuple(shape)
    aval = typeof(x)
    _check_axes(aval.shape, shape)
    chosen = _method(method)
    if chosen is ResizeMethod.NEAREST:
        raise ArgumentError(f"scale_and_translate cannot take the nearest samples{here()}")
    scale, translation = operand(scale), operand(translation)
    for i, axis in enumerate(spatial_dims):
        axis = axis % aval.ndim
        weights = _weights(
            aval.shape[axis], shape[axis], scale[i], translation[i], chosen, antialias
        )
        mixed = np.tensordot(x, weights.astype(aval.dtype), axes=((axis,), (0,)))
        x = np.moveaxis(mixed, -1, axis)
    return x


def _check_axes(old: tuple[int, ...], new: tuple[int, ...]) -> None:
    if len(old) != len(new):
        raise ArgumentError(
            f"an image of shape {old} cannot get the shape {new}: the axes differ{here()}"
        )


def resize(
    image: Any,
    shape: Sequence[int],
    method: ResizeMethod | str,
    antialias: bool = True,
    precision: Any = None,
) -> Any:
    """An image in another size.

    Args:
        image: an array; integers are converted to floating point, unless the nearest samples are taken.
        shape: that of the result, of as many axes.
        method: "nearest", "linear", "cubic", "cubic-pytorch", "lanczos3", "lanczos5" or "area".
        antialias: whether the kernel is widened where samples become fewer.
        precision: accepted for JAX's sake; without effect.

    Raises:
        ArgumentError: `shape` has another number of axes than the image, or there is no such method.

    >>> import numpy as np, funcgrad as fg
    >>> fg.image.resize(np.array([[0.0, 4.0]]), (1, 4), "linear")
    array([[0., 1., 3., 4.]])
    """
    x, shape = operand(image), tuple(shape)
    old = typeof(x).shape
    _check_axes(old, shape)
    changed = [axis for axis, (n, m) in enumerate(zip(old, shape, strict=True)) if n != m]
    if _method(method) is ResizeMethod.NEAREST:
        for axis in changed:
            n, m = old[axis], shape[axis]
            places = np.floor((np.arange(m, dtype=np.float32) + np.float32(0.5)) * n / m)
            x = np.take(x, places.astype(int), axis=axis)
        return x
    scale = np.array([shape[axis] / old[axis] if old[axis] else 1.0 for axis in changed])
    return scale_and_translate(
        x, shape, changed, scale, np.zeros(len(changed)), method, antialias, precision
    )


__all__ = ["ResizeMethod", "resize", "scale_and_translate"]
