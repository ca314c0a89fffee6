"""What convolutions are made of, under JAX's names: patches, kernels that differ per place, shapes of results."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np

from funcgrad.api.inspection import ShapeDtypeStruct, eval_shape
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.lax.convolution import (
    Padding,
    conv_dimension_numbers,
    conv_general_dilated,
    conv_transpose,
    padtype_to_pads,
)
from funcgrad.numpy.arguments import operand
from funcgrad.ops.basic import inverse_permutation, transpose

Ints = Sequence[int]


def conv_general_dilated_patches(
    lhs: Any,
    filter_shape: Ints,
    window_strides: Ints,
    padding: Padding,
    lhs_dilation: Ints | None = None,
    rhs_dilation: Ints | None = None,
    dimension_numbers: Any = None,
    precision: Any = None,
    preferred_element_type: Any = None,
) -> Any:
    """What a kernel of this shape sees at each position: its elements along the axis of features.

    Args:
        lhs: the array.
        filter_shape: the spatial shape of the window.
        window_strides: as in `conv_general_dilated`.
        padding: as in `conv_general_dilated`.
        lhs_dilation: as in `conv_general_dilated`.
        rhs_dilation: as in `conv_general_dilated`.
        dimension_numbers: as in `conv_general_dilated`.
        precision: accepted for JAX's sake; without effect.
        preferred_element_type: the dtype to compute in.

    Returns:
        (batch, features * prod(filter_shape), *positions), or what `dimension_numbers` says.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.conv_general_dilated_patches(np.arange(4.0).reshape(1, 1, 4), (2,), (1,), "VALID")
    array([[[0., 1., 2.],
            [1., 2., 3.]]])
    """
    lhs = operand(lhs)
    sizes = tuple(map(index, filter_shape))
    shape = typeof(lhs).shape
    numbers = conv_dimension_numbers(shape, (1, 1, *sizes), dimension_numbers)
    features, count = shape[numbers.lhs_spec[1]], math.prod(sizes)
    # A kernel per element of the window, with a one at that element: the same kernels for each feature.
    kernel = np.eye(count, dtype=typeof(lhs).dtype).reshape(count, 1, *sizes)
    kernel = np.tile(kernel, (features, *[1] * (1 + len(sizes))))
    return conv_general_dilated(
        lhs,
        np.transpose(kernel, inverse_permutation(numbers.rhs_spec)),
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
        dimension_numbers,
        feature_group_count=features,
        preferred_element_type=preferred_element_type,
    )


def conv_general_dilated_local(
    lhs: Any,
    rhs: Any,
    window_strides: Ints,
    padding: Padding,
    filter_shape: Ints,
    lhs_dilation: Ints | None = None,
    rhs_dilation: Ints | None = None,
    dimension_numbers: Any = None,
    precision: Any = None,
) -> Any:
    """A convolution whose kernel differs from position to position.

    Args:
        lhs: the array.
        rhs: the kernels, (outputs, features * prod(filter_shape), *positions).
        window_strides: as in `conv_general_dilated`.
        padding: as in `conv_general_dilated`.
        filter_shape: the spatial shape of the kernels.
        lhs_dilation: as in `conv_general_dilated`.
        rhs_dilation: as in `conv_general_dilated`.
        dimension_numbers: as in `conv_general_dilated`.
        precision: accepted for JAX's sake; without effect.

    Returns:
        (batch, outputs, *positions), or what `dimension_numbers` says.

    >>> import numpy as np, funcgrad as fg
    >>> x = np.arange(4.0).reshape(1, 1, 4)
    >>> fg.lax.conv_general_dilated_local(x, np.ones((1, 2, 3)), (1,), "VALID", (2,))
    array([[[1., 3., 5.]]])
    """
    lhs, rhs = operand(lhs), operand(rhs)
    numbers = conv_dimension_numbers(typeof(lhs).shape, typeof(rhs).shape, dimension_numbers)
    patches = conv_general_dilated_patches(
        transpose(lhs, numbers.lhs_spec),
        filter_shape,
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
    )
    kernels = transpose(rhs, numbers.rhs_spec)
    if typeof(kernels).shape[1:] != typeof(patches).shape[1:]:
        raise ArgumentError(
            f"conv_general_dilated_local: kernels (outputs, features * window, *positions) = {typeof(kernels).shape} "
            f"do not fit to patches (batch, features * window, *positions) = {typeof(patches).shape}{here()}"
        )
    out = np.einsum("nk...,ok...->no...", patches, kernels)
    return transpose(out, inverse_permutation(numbers.out_spec))


def conv_general_shape_tuple(
    lhs_shape: Ints, rhs_shape: Ints, window_strides: Ints, padding: Padding, dimension_numbers: Any
) -> tuple[int, ...]:
    """The shape of the result of `conv_general_dilated` without dilation.

    >>> import funcgrad as fg
    >>> numbers = ("NWC", "WIO", "NWC")
    >>> fg.lax.conv_general_shape_tuple((1, 8, 2), (3, 2, 5), (2,), "VALID", numbers)
    (1, 3, 5)
    """
    numbers = conv_dimension_numbers(lhs_shape, rhs_shape, dimension_numbers)
    lhs = [lhs_shape[d] for d in numbers.lhs_spec]
    rhs = [rhs_shape[d] for d in numbers.rhs_spec]
    out = (lhs[0], rhs[0], *_positions(lhs[2:], rhs[2:], window_strides, padding))
    return tuple([out[d] for d in inverse_permutation(numbers.out_spec)])


def conv_shape_tuple(
    lhs_shape: Ints, rhs_shape: Ints, strides: Ints, pads: Padding, batch_group_count: int = 1
) -> tuple[int, ...]:
    """The shape of the result of `conv`.

    >>> import funcgrad as fg
    >>> fg.lax.conv_shape_tuple((1, 2, 8), (5, 2, 3), (2,), "VALID")
    (1, 5, 3)
    """
    positions = _positions(lhs_shape[2:], rhs_shape[2:], strides, pads)
    return (lhs_shape[0] // batch_group_count, rhs_shape[0], *positions)


def reduce_window_shape_tuple(
    operand_shape: Ints,
    window_dimensions: Ints,
    window_strides: Ints,
    padding: Padding,
) -> tuple[int, ...]:
    """The shape of the result of `reduce_window` without dilation.

    >>> import funcgrad as fg
    >>> fg.lax.reduce_window_shape_tuple((8,), (3,), (2,), ((0, 0),))
    (3,)
    """
    return _positions(operand_shape, window_dimensions, window_strides, padding)


def _positions(shape: Ints, window: Ints, strides: Ints, padding: Padding) -> tuple[int, ...]:
    pads = (
        padtype_to_pads(tuple(shape), tuple(window), tuple(strides), padding)
        if isinstance(padding, str)
        else padding
    )
    return tuple(
        [
            max(0, (n + low + high - k) // step + 1)
            for n, k, step, (low, high) in zip(shape, window, strides, pads, strict=True)
        ]
    )


def conv_transpose_shape_tuple(
    lhs_shape: Ints, rhs_shape: Ints, window_strides: Ints, padding: Padding, dimension_numbers: Any
) -> tuple[int, ...]:
    """The shape of the result of `conv_transpose`.

    >>> import funcgrad as fg
    >>> fg.lax.conv_transpose_shape_tuple((1, 8, 2), (3, 2, 5), (2,), "SAME", ("NHC", "HIO", "NHC"))
    (1, 16, 5)
    """
    lhs, rhs = ShapeDtypeStruct(lhs_shape, np.float64), ShapeDtypeStruct(rhs_shape, np.float64)
    return eval_shape(
        lambda x, k: conv_transpose(
            x, k, window_strides, padding, dimension_numbers=dimension_numbers
        ),
        lhs,
        rhs,
    ).shape
