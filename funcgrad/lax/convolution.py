"""Convolutions under JAX's names."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any, NamedTuple

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import operand
from funcgrad.ops import convolution as ops
from funcgrad.ops.basic import convert, inverse_permutation, transpose
from funcgrad.ops.window import dilated, named_padding

Ints = Sequence[int]
Padding = str | Sequence[tuple[int, int]]


class ConvDimensionNumbers(NamedTuple):
    """Which axes of the operands and of the result of a convolution mean what.

    Attributes:
        lhs_spec: the axes of the batch, of the features, and the spatial ones, of the array.
        rhs_spec: the axes of the outputs, of the inputs, and the spatial ones, of the kernel.
        out_spec: as `lhs_spec`, of the result.

    >>> import funcgrad as fg
    >>> fg.lax.ConvDimensionNumbers((0, 1, 2), (0, 1, 2), (0, 1, 2)).out_spec
    (0, 1, 2)
    """

    lhs_spec: Ints
    rhs_spec: Ints
    out_spec: Ints


def conv_dimension_numbers(
    lhs_shape: Ints, rhs_shape: Ints, dimension_numbers: Any
) -> ConvDimensionNumbers:
    """The meaning of the axes, from strings such as `("NHWC", "HWIO", "NHWC")`.

    Args:
        lhs_shape: the shapes of array and kernel.
        rhs_shape: as `lhs_shape`.
        dimension_numbers: three strings, in which N stands for the batch, C for the features, O and I for the
            outputs and inputs of the kernel, and any other letters for the spatial axes, in the order of the
            kernel's; or None for `("NC...", "OI...", "NC...")`; or the result of this function.

    >>> import funcgrad as fg
    >>> fg.lax.conv_dimension_numbers((1, 8, 3), (3, 3, 4), ("NWC", "WIO", "NWC"))
    ConvDimensionNumbers(lhs_spec=(0, 2, 1), rhs_spec=(2, 1, 0), out_spec=(0, 2, 1))
    """
    if isinstance(dimension_numbers, ConvDimensionNumbers):
        return dimension_numbers
    if len(lhs_shape) != len(rhs_shape):
        raise ArgumentError(
            f"a convolution of shapes {tuple(lhs_shape)} and {tuple(rhs_shape)}: both need the same number of axes"
            f"{here()}"
        )
    ndim = len(lhs_shape)
    if dimension_numbers is None:
        return ConvDimensionNumbers(*(tuple(range(ndim)),) * 3)
    specs = tuple(dimension_numbers)
    leading = ("NC", "OI", "NC")
    alike = (
        len(specs) == 3
        and all(isinstance(s, str) and len(set(s)) == len(s) == ndim for s in specs)
        and all(set(pair) <= set(s) for s, pair in zip(specs, leading, strict=True))
    )
    spatial = [set(s) - set(pair) for s, pair in zip(specs, leading, strict=True)] if alike else []
    if not alike or spatial[0] != spatial[1] or spatial[0] != spatial[2]:
        raise ArgumentError(
            f"dimension_numbers are three strings such as ('NCHW', 'OIHW', 'NCHW') with a letter for each of {ndim} "
            f"axes and the same spatial letters, not {dimension_numbers!r}{here()}"
        )
    order = [c for c in specs[1] if c not in "OI"]
    axes = [
        tuple([s.index(c) for c in (*pair, *order)]) for s, pair in zip(specs, leading, strict=True)
    ]
    return ConvDimensionNumbers(*axes)


def padtype_to_pads(
    in_shape: Ints, window_shape: Ints, window_strides: Ints, padding: str
) -> list[tuple[int, int]]:
    """The numbers of zeros before and behind each axis that "VALID", "SAME" or "SAME_LOWER" mean.

    >>> import funcgrad as fg
    >>> fg.lax.padtype_to_pads((8,), (4,), (1,), "SAME")
    [(1, 2)]
    """
    found = named_padding(padding, in_shape, window_shape, window_strides)
    if found is None:
        raise ArgumentError(
            f"padding is 'VALID', 'SAME' or 'SAME_LOWER', or a pair per axis, not {padding!r}{here()}"
        )
    return list(found)


def conv_general_dilated(
    lhs: Any,
    rhs: Any,
    window_strides: Ints,
    padding: Padding,
    lhs_dilation: Ints | None = None,
    rhs_dilation: Ints | None = None,
    dimension_numbers: Any = None,
    feature_group_count: int = 1,
    batch_group_count: int = 1,
    precision: Any = None,
    preferred_element_type: Any = None,
) -> Any:
    """The convolution of an array with a kernel (which is not reversed), over any number of spatial axes.

    Args:
        lhs: the array, (batch, features, *spatial) unless `dimension_numbers` says otherwise.
        rhs: the kernel, (outputs, inputs, *spatial).
        window_strides: how far the kernel moves from one position to the next, for each spatial axis.
        padding: the numbers of zeros before and behind each spatial axis (negative ones cut off), or "VALID" for
            none, or "SAME" or "SAME_LOWER" for as many that the result has the length of the array divided by the
            stride, rounded up.
        lhs_dilation: how far the elements of the array are moved apart, with zeros between them.
        rhs_dilation: the same for the kernel.
        dimension_numbers: what the axes mean, see `conv_dimension_numbers`.
        feature_group_count: into how many groups features and outputs are divided; each group of outputs sees its
            group of features.
        batch_group_count: into how many groups batch and outputs are divided, likewise.
        precision: accepted for JAX's sake; without effect.
        preferred_element_type: the dtype to compute in.

    Returns:
        (batch, outputs, *positions), or what `dimension_numbers` says.

    >>> import numpy as np, funcgrad as fg
    >>> x = np.arange(5.0).reshape(1, 1, 5)
    >>> kernel = np.array([-1.0, 0.0, 1.0]).reshape(1, 1, 3)
    >>> fg.lax.conv_general_dilated(x, kernel, (1,), "SAME")
    array([[[ 1.,  2.,  2.,  2., -3.]]])
    """
    lhs, rhs = operand(lhs), operand(rhs)
    numbers = conv_dimension_numbers(typeof(lhs).shape, typeof(rhs).shape, dimension_numbers)
    dtype = preferred_element_type or np.result_type(typeof(lhs).dtype, typeof(rhs).dtype)
    lhs = transpose(convert(lhs, dtype), numbers.lhs_spec)
    rhs = transpose(convert(rhs, dtype), numbers.rhs_spec)
    n, k = typeof(lhs).shape[2:], typeof(rhs).shape[2:]
    ones = (1,) * len(n)
    strides, base, dilation = [
        ones if given is None else tuple(map(index, given))
        for given in (window_strides, lhs_dilation, rhs_dilation)
    ]
    if isinstance(padding, str):
        if any(step != 1 for step in base):
            raise ArgumentError(
                f"padding {padding!r} has no meaning with an lhs_dilation of {base}{here()}\n  give numbers, or use "
                "fg.lax.conv_transpose"
            )
        extents = [dilated(size, step) for size, step in zip(k, dilation, strict=False)]
        padding = padtype_to_pads(n, extents, strides, padding)
    params = {
        "window_strides": strides,
        "padding": tuple([(index(low), index(high)) for low, high in padding]),
        "lhs_dilation": base,
        "rhs_dilation": dilation,
        "feature_group_count": int(feature_group_count),
        "batch_group_count": int(batch_group_count),
    }
    ops.conv_general_dilated.abstract(typeof(lhs), typeof(rhs), **params)  # checks plain arrays too
    out = ops.conv_general_dilated(lhs, rhs, **params)
    return transpose(out, inverse_permutation(numbers.out_spec))


def conv(
    lhs: Any,
    rhs: Any,
    window_strides: Ints,
    padding: Padding,
    precision: Any = None,
    preferred_element_type: Any = None,
) -> Any:
    """`conv_general_dilated` without dilation and groups.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.conv(np.ones((1, 1, 5)), np.ones((1, 1, 3)), (2,), "VALID")
    array([[[3., 3.]]])
    """
    return conv_general_dilated(
        lhs, rhs, window_strides, padding, preferred_element_type=preferred_element_type
    )


def conv_with_general_padding(
    lhs: Any,
    rhs: Any,
    window_strides: Ints,
    padding: Padding,
    lhs_dilation: Ints | None,
    rhs_dilation: Ints | None,
    precision: Any = None,
    preferred_element_type: Any = None,
) -> Any:
    """`conv_general_dilated` without groups.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.conv_with_general_padding(
    ...     np.ones((1, 1, 3)), np.ones((1, 1, 2)), (1,), [(1, 0)], None, None
    ... )
    array([[[1., 2., 2.]]])
    """
    return conv_general_dilated(
        lhs,
        rhs,
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
        preferred_element_type=preferred_element_type,
    )


_CHANNELS_LAST = {2: "", 3: "H", 4: "HW", 5: "HWD"}


def conv_transpose(
    lhs: Any,
    rhs: Any,
    strides: Ints,
    padding: Padding,
    rhs_dilation: Ints | None = None,
    dimension_numbers: Any = None,
    transpose_kernel: bool = False,
    precision: Any = None,
    preferred_element_type: Any = None,
    use_consistent_padding: bool = False,
) -> Any:
    """A convolution that undoes the change of shape of another: its strides move the elements of the array apart.

    Args:
        lhs: the array, (batch, *spatial, features) unless `dimension_numbers` says otherwise.
        rhs: the kernel, (*spatial, inputs, outputs).
        strides: those of the convolution to be undone, for each spatial axis.
        padding: "SAME" or "VALID", that of the convolution to be undone; or numbers of zeros before and behind each
            axis of this one (with `use_consistent_padding`, of the one to be undone).
        rhs_dilation: how far the elements of the kernel are moved apart.
        dimension_numbers: what the axes mean, see `conv_dimension_numbers`.
        transpose_kernel: whether to reverse the kernel and exchange its inputs and outputs, which makes this the
            transpose of the convolution with the same kernel.
        precision: accepted for JAX's sake; without effect.
        preferred_element_type: the dtype to compute in.
        use_consistent_padding: see `padding`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.conv_transpose(np.ones((1, 2, 1)), np.ones((2, 1, 1)), (2,), "VALID")[0, :, 0]
    array([1., 1., 1., 1.])
    """
    lhs, rhs = operand(lhs), operand(rhs)
    ndim = typeof(lhs).ndim
    if dimension_numbers is None:
        letters = _CHANNELS_LAST.get(ndim)
        if letters is None:
            raise ArgumentError(
                f"conv_transpose of an array with {ndim} axes needs dimension_numbers={here()}"
            )
        dimension_numbers = (f"N{letters}C", f"{letters}IO", f"N{letters}C")
    numbers = conv_dimension_numbers(typeof(lhs).shape, typeof(rhs).shape, dimension_numbers)
    dilation = (1,) * (ndim - 2) if rhs_dilation is None else tuple(rhs_dilation)
    sizes = [typeof(rhs).shape[d] for d in numbers.rhs_spec[2:]]
    extents = [dilated(k, step) for k, step in zip(sizes, dilation, strict=True)]
    if isinstance(padding, str) or use_consistent_padding:
        given = [padding] * (ndim - 2) if isinstance(padding, str) else list(padding)
        rows = zip(extents, strides, given, strict=True)
        padding = [_undoing(extent, stride, pad) for extent, stride, pad in rows]
    if transpose_kernel:
        out_axis, in_axis, *spatial = numbers.rhs_spec
        rhs = np.swapaxes(np.flip(rhs, tuple(spatial)) if spatial else rhs, out_axis, in_axis)
    return conv_general_dilated(
        lhs,
        rhs,
        (1,) * (ndim - 2),
        padding,
        strides,
        dilation,
        numbers,
        preferred_element_type=preferred_element_type,
    )


def _undoing(extent: int, stride: int, padding: Any) -> tuple[int, int]:
    """The padding along an axis that undoes a convolution with this padding."""
    if not isinstance(padding, str):
        low, high = padding
        return extent - 1 - low, extent - 1 - high
    if padding.upper() == "VALID":
        return extent - 1, stride - 1 + max(extent - stride, 0)
    if padding.upper() != "SAME":
        raise ArgumentError(
            f"conv_transpose's padding is 'SAME', 'VALID' or a pair per axis, not {padding!r}{here()}"
        )
    total = extent + stride - 2
    low = extent - 1 if stride > extent - 1 else -(-total // 2)
    return low, total - low
