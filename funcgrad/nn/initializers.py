"""Initial weights of neural networks: functions `init(key, shape, dtype)`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

import funcgrad.random as random
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import current_trace
from funcgrad.numpy.arguments import operand
from funcgrad.ops.basic import broadcast_to, convert

Axes = int | Sequence[int]
# The standard deviations of the normal distribution truncated at 2, and of the complex one.
_TRUNCATED = 0.87962566103423978
_TRUNCATED_COMPLEX = 0.95311164380491208


class Initializer(Protocol):
    """What an initializer is: a function of a key, a shape and a dtype.

    >>> import funcgrad as fg
    >>> init: fg.nn.initializers.Initializer = fg.nn.initializers.zeros
    """

    def __call__(self, key: Any, shape: Sequence[int], dtype: Any = None) -> Any: ...


def _dtype(dtype: Any) -> np.dtype[Any]:
    return np.dtype(float if dtype is None else dtype)


def zeros(key: Any, shape: Sequence[int], dtype: Any = None) -> Any:
    """Zeros.

    >>> import funcgrad as fg
    >>> fg.nn.initializers.zeros(fg.random.key(0), (2,))
    array([0., 0.])
    """
    return np.zeros(shape, _dtype(dtype))


def ones(key: Any, shape: Sequence[int], dtype: Any = None) -> Any:
    """Ones.

    >>> import funcgrad as fg
    >>> fg.nn.initializers.ones(fg.random.key(0), (2,))
    array([1., 1.])
    """
    return np.ones(shape, _dtype(dtype))


def constant(value: Any, dtype: Any = None) -> Initializer:
    """An initializer that gives `value` everywhere.

    >>> import funcgrad as fg
    >>> fg.nn.initializers.constant(0.1)(fg.random.key(0), (2,))
    array([0.1, 0.1])
    """

    def init(key: Any, shape: Sequence[int], dtype: Any = dtype) -> Any:
        filled = broadcast_to(convert(operand(value), _dtype(dtype)), tuple(shape))
        return filled if current_trace() else np.array(filled)

    return init


def uniform(scale: Any = 1e-2, dtype: Any = None) -> Initializer:
    """An initializer that draws uniform numbers between 0 and `scale`.

    >>> import funcgrad as fg
    >>> fg.nn.initializers.uniform(1.0)(fg.random.key(0), (2,))
    array([0.41845711, 0.21629545])
    """

    def init(key: Any, shape: Sequence[int], dtype: Any = dtype) -> Any:
        dtype = _dtype(dtype)
        return random.uniform(key, shape, dtype) * convert(operand(scale), dtype)

    return init


def normal(stddev: Any = 1e-2, dtype: Any = None) -> Initializer:
    """An initializer that draws normally distributed numbers of standard deviation `stddev`.

    >>> import funcgrad as fg
    >>> fg.nn.initializers.normal(1.0)(fg.random.key(0), (2,))
    array([-0.20584214, -0.78476578])
    """

    def init(key: Any, shape: Sequence[int], dtype: Any = dtype) -> Any:
        dtype = _dtype(dtype)
        return random.normal(key, shape, dtype) * convert(operand(stddev), dtype)

    return init


def truncated_normal(
    stddev: Any = 1e-2, dtype: Any = None, lower: Any = -2.0, upper: Any = 2.0
) -> Initializer:
    """An initializer that draws normally distributed numbers between `lower` and `upper`, times `stddev`.

    >>> import funcgrad as fg
    >>> fg.nn.initializers.truncated_normal(1.0)(fg.random.key(0), (2,)).round(4)
    array([-0.1964, -0.7415])
    """

    def init(key: Any, shape: Sequence[int], dtype: Any = dtype) -> Any:
        dtype = _dtype(dtype)
        drawn = random.truncated_normal(key, lower, upper, shape, dtype)
        return drawn * convert(operand(stddev), dtype)

    return init


# Numbers whose variance depends on the number of inputs and outputs


def _fans(
    shape: Sequence[int], in_axis: Axes, out_axis: Axes, batch_axis: Axes
) -> tuple[float, float]:
    """How many inputs each output has, and how many outputs each input has."""
    if in_axis == -2 and len(shape) <= 1:
        raise ArgumentError(
            f"weights of shape {tuple(shape)} have no axis of inputs and one of outputs{here()}\n  give "
            "in_axis= and out_axis="
        )
    sizes = [
        math.prod([shape[d] for d in ([axes] if isinstance(axes, int) else axes)])
        for axes in (in_axis, out_axis, batch_axis)
    ]
    field = math.prod(shape) / max(1, math.prod(sizes))
    return sizes[0] * field, sizes[1] * field


def variance_scaling(
    scale: Any,
    mode: str,
    distribution: str,
    in_axis: Axes = -2,
    out_axis: Axes = -1,
    batch_axis: Axes = (),
    dtype: Any = None,
) -> Initializer:
    """An initializer whose numbers have the variance scale / n.

    Args:
        scale: a positive number.
        mode: what n is: "fan_in" (the inputs of an output), "fan_out" (the outputs of an input), or their mean
            "fan_avg" or geometric mean "fan_geo_avg".
        distribution: "truncated_normal", "normal" or "uniform".
        in_axis: the axes of the weights that run over inputs, over outputs, and over what
            shares neither. The others are those of a receptive field.
        out_axis: see `in_axis`.
        batch_axis: see `in_axis`.
        dtype: a floating or complex dtype; float64 by default.

    >>> import funcgrad as fg
    >>> init = fg.nn.initializers.variance_scaling(1.0, "fan_in", "normal")
    >>> round(float(init(fg.random.key(0), (100, 200)).std()), 2)
    0.1
    """
    means = {
        "fan_in": lambda n, m: n,
        "fan_out": lambda n, m: m,
        "fan_avg": lambda n, m: (n + m) / 2,
        "fan_geo_avg": lambda n, m: math.sqrt(n * m),
    }
    for what, given, known in (
        ("mode", mode, tuple(means)),
        ("distribution", distribution, ("truncated_normal", "normal", "uniform")),
    ):
        if given not in known:
            raise ArgumentError(
                f"variance_scaling: {what} is one of {', '.join(known)}, not {given!r}{here()}"
            )

    def init(key: Any, shape: Sequence[int], dtype: Any = dtype) -> Any:
        dtype = _dtype(dtype)
        n = means[mode](*_fans(shape, in_axis, out_axis, batch_axis))
        variance = convert(operand(scale / n), np.empty(0, dtype).real.dtype)
        if distribution == "normal":
            return random.normal(key, shape, dtype) * np.sqrt(variance)
        if distribution == "uniform":
            if dtype.kind == "c":
                return _in_disc(key, shape, dtype) * np.sqrt(variance)
            return random.uniform(key, shape, dtype, -1.0) * np.sqrt(3.0 * variance)
        if dtype.kind == "c":
            return _truncated_complex(key, shape, dtype) * (np.sqrt(variance) / _TRUNCATED_COMPLEX)
        return random.truncated_normal(key, -2.0, 2.0, shape, dtype) * (
            np.sqrt(variance) / _TRUNCATED
        )

    return init


def _turned(key: Any, radius: Any, shape: Sequence[int], dtype: np.dtype[Any]) -> Any:
    """Complex numbers of given absolute values and uniformly distributed angles."""
    angle = 2.0 * math.pi * random.uniform(key, shape, np.empty(0, dtype).real.dtype)
    return convert(radius * np.exp(1j * angle), dtype)


def _in_disc(key: Any, shape: Sequence[int], dtype: np.dtype[Any]) -> Any:
    radius_key, angle_key = random.split(key)
    u = random.uniform(radius_key, shape, np.empty(0, dtype).real.dtype)
    return _turned(angle_key, np.sqrt(2.0 * u), shape, dtype)


def _truncated_complex(key: Any, shape: Sequence[int], dtype: np.dtype[Any]) -> Any:
    radius_key, angle_key = random.split(key)
    u = random.uniform(radius_key, shape, np.empty(0, dtype).real.dtype)
    radius = np.sqrt(-np.log(1.0 - (1.0 - math.exp(-4.0)) * u))
    return _turned(angle_key, radius, shape, dtype)


def glorot_uniform(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: Any = None
) -> Initializer:
    """Glorot's (Xavier's) initializer with uniform numbers: variance 2 / (fan_in + fan_out).

    >>> import funcgrad as fg
    >>> fg.nn.initializers.glorot_uniform()(fg.random.key(0), (2, 1)).round(4)
    array([[-0.2306],
           [-0.8024]])
    """
    return variance_scaling(1.0, "fan_avg", "uniform", in_axis, out_axis, batch_axis, dtype)


def glorot_normal(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: Any = None
) -> Initializer:
    """Glorot's (Xavier's) initializer with truncated normal numbers: variance 2 / (fan_in + fan_out).

    >>> import funcgrad as fg
    >>> fg.nn.initializers.glorot_normal()(fg.random.key(0), (2, 1)).round(4)
    array([[-0.1823],
           [-0.6883]])
    """
    return variance_scaling(
        1.0, "fan_avg", "truncated_normal", in_axis, out_axis, batch_axis, dtype
    )


def lecun_uniform(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: Any = None
) -> Initializer:
    """LeCun's initializer with uniform numbers: variance 1 / fan_in.

    >>> import funcgrad as fg
    >>> fg.nn.initializers.lecun_uniform()(fg.random.key(0), (2, 1)).round(4)
    array([[-0.1997],
           [-0.6949]])
    """
    return variance_scaling(1.0, "fan_in", "uniform", in_axis, out_axis, batch_axis, dtype)


def lecun_normal(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: Any = None
) -> Initializer:
    """LeCun's initializer with truncated normal numbers: variance 1 / fan_in.

    >>> import funcgrad as fg
    >>> fg.nn.initializers.lecun_normal()(fg.random.key(0), (2, 1)).round(4)
    array([[-0.1578],
           [-0.596 ]])
    """
    return variance_scaling(1.0, "fan_in", "truncated_normal", in_axis, out_axis, batch_axis, dtype)


def he_uniform(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: Any = None
) -> Initializer:
    """He's (Kaiming's) initializer with uniform numbers: variance 2 / fan_in.

    >>> import funcgrad as fg
    >>> fg.nn.initializers.he_uniform()(fg.random.key(0), (2, 1)).round(4)
    array([[-0.2825],
           [-0.9828]])
    """
    return variance_scaling(2.0, "fan_in", "uniform", in_axis, out_axis, batch_axis, dtype)


def he_normal(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: Any = None
) -> Initializer:
    """He's (Kaiming's) initializer with truncated normal numbers: variance 2 / fan_in.

    >>> import funcgrad as fg
    >>> fg.nn.initializers.he_normal()(fg.random.key(0), (2, 1)).round(4)
    array([[-0.2232],
           [-0.8429]])
    """
    return variance_scaling(2.0, "fan_in", "truncated_normal", in_axis, out_axis, batch_axis, dtype)


xavier_uniform = glorot_uniform
xavier_normal = glorot_normal
kaiming_uniform = he_uniform
kaiming_normal = he_normal


# Orthogonal matrices


def orthogonal(scale: Any = 1.0, column_axis: int = -1, dtype: Any = None) -> Initializer:
    """An initializer that gives uniformly distributed orthogonal matrices.

    Args:
        scale: their factor.
        column_axis: the axis of the weights that runs over the columns; all others run over the rows.
        dtype: a floating or complex dtype; float64 by default.

    >>> import numpy as np, funcgrad as fg
    >>> q = fg.nn.initializers.orthogonal()(fg.random.key(0), (3, 3))
    >>> np.allclose(q @ q.T, np.eye(3))
    True
    """

    def init(key: Any, shape: Sequence[int], dtype: Any = dtype) -> Any:
        dtype, sizes = _dtype(dtype), list(shape)
        if len(sizes) < 2:
            raise ArgumentError(
                f"orthogonal weights have two axes or more, not {tuple(shape)}{here()}"
            )
        if 0 in sizes:
            return np.zeros(shape, dtype)
        columns = sizes.pop(column_axis)
        q = random.orthogonal(key, math.prod(sizes), (), dtype, columns)
        q = np.moveaxis(np.reshape(q, (*sizes, columns)), -1, column_axis)
        return convert(operand(scale), dtype) * q

    return init


def delta_orthogonal(scale: Any = 1.0, column_axis: int = -1, dtype: Any = None) -> Initializer:
    """An initializer for kernels of convolutions: an orthogonal matrix at the centre, zeros around it.

    Args:
        scale: the factor of the matrix.
        column_axis: as for `orthogonal`.
        dtype: a floating or complex dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.nn.initializers.delta_orthogonal()(fg.random.key(0), (3, 1, 1))[:, 0, 0]
    array([ 0., -1.,  0.])
    """

    def init(key: Any, shape: Sequence[int], dtype: Any = dtype) -> Any:
        if len(shape) not in (3, 4, 5) or shape[-1] < shape[-2]:
            raise ArgumentError(
                "delta_orthogonal is for kernels (..., inputs, outputs) of 1 to 3 spatial axes with at least as "
                f"many outputs as inputs, not shape {tuple(shape)}{here()}"
            )
        matrix = orthogonal(scale, column_axis, dtype)(key, shape[-2:])
        before = [(n - 1) // 2 for n in shape[:-2]]
        widths = [(b, n - 1 - b) for b, n in zip(before, shape[:-2], strict=True)]
        matrix = np.expand_dims(matrix, tuple(range(len(widths))))
        return np.pad(matrix, [*widths, (0, 0), (0, 0)])

    return init


__all__ = [
    "Initializer",
    "constant",
    "delta_orthogonal",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "kaiming_normal",
    "kaiming_uniform",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "ones",
    "orthogonal",
    "truncated_normal",
    "uniform",
    "variance_scaling",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]
