"""Convolutions of any number of spatial axes: JAX's `conv_general_dilated`.

The primitive takes its operands as (batch, features, *spatial) and (outputs, inputs, *spatial) and gives
(batch, outputs, *spatial); other layouts are transposed, which moves no memory. It is closed under
differentiation: its transposes and its batched forms are convolutions again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from funcgrad.core.errors import ArgumentError
from funcgrad.core.primitive import BatchAxis, Linear, Primitive
from funcgrad.core.source import here
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import add_any, move_axis, reshape, transpose
from funcgrad.ops.im2col import convolve
from funcgrad.ops.shape import rev
from funcgrad.ops.window import Window, windows


def _windows(kernel: Sequence[int], params: dict[str, Any]) -> list[Window]:
    names = ("window_strides", "padding", "lhs_dilation", "rhs_dilation")
    return windows(kernel, *[params[name] for name in names])


def _abstract(
    lhs: ShapedArray,
    rhs: ShapedArray,
    feature_group_count: int,
    batch_group_count: int,
    **params: Any,
) -> ShapedArray:
    _check(lhs, rhs, feature_group_count, batch_group_count, params)
    spatial = _windows(rhs.shape[2:], params)
    positions = [w.positions(n) for w, n in zip(spatial, lhs.shape[2:], strict=True)]
    return ShapedArray((lhs.shape[0] // batch_group_count, rhs.shape[0], *positions), lhs.dtype)


def _check(
    lhs: ShapedArray, rhs: ShapedArray, features: int, batches: int, params: dict[str, Any]
) -> None:
    what = f"conv_general_dilated of {lhs} (batch, features, *spatial) and {rhs} (outputs, inputs, *spatial)"
    if lhs.dtype != rhs.dtype:
        raise ArgumentError(f"{what}: the dtypes differ{here()}")
    if lhs.ndim != rhs.ndim or lhs.ndim < 2:
        raise ArgumentError(f"{what}: both need the same number of axes, two or more{here()}")
    for name, values in params.items():
        least = None if name == "padding" else 1
        if len(values) != lhs.ndim - 2 or (least and any(v < least for v in values)):
            raise ArgumentError(
                f"{what}: {name} {values} must have a{' positive' if least else ''} entry for each of the "
                f"{lhs.ndim - 2} spatial axes{here()}"
            )
    if features < 1 or batches < 1 or (features > 1 and batches > 1):
        raise ArgumentError(
            f"{what}: feature_group_count {features} and batch_group_count {batches} must be positive, and one "
            f"of them 1{here()}"
        )
    if lhs.shape[1] != features * rhs.shape[1]:
        times = f"{features} groups of " if features > 1 else ""
        raise ArgumentError(
            f"{what}: the first has {lhs.shape[1]} features, the second takes {times}{rhs.shape[1]}{here()}"
        )
    if rhs.shape[0] % (features * batches) or lhs.shape[0] % batches:
        raise ArgumentError(
            f"{what}: {max(features, batches)} groups must divide the outputs, and the batch if "
            f"they are batch_group_count{here()}"
        )


# Groups: an axis may be a sequence of groups of equal length


def _split(x: Any, axis: int, groups: int) -> Any:
    """An axis as two, the first of which counts groups."""
    shape = x.shape
    return reshape(x, (*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :]))


def _merge(x: Any, axis: int, count: int = 2) -> Any:
    """Consecutive axes, from `axis` on, as one."""
    shape = x.shape
    stop = axis + count
    return reshape(x, (*shape[:axis], math.prod(shape[axis:stop]), *shape[stop:]))


def _batch_to_features(x: Any, groups: int) -> Any:
    """(g n, c, ...) as (n, g c, ...)."""
    return x if groups == 1 else _merge(move_axis(_split(x, 0, groups), 0, 1), 1)


def _features_to_batch(x: Any, groups: int) -> Any:
    """(n, g c, ...) as (g n, c, ...)."""
    return x if groups == 1 else _merge(move_axis(_split(x, 1, groups), 1, 0), 0)


def _exchange(kernel: Any, groups: int) -> Any:
    """A kernel with inputs and outputs exchanged within each group: (g o, i, ...) as (g i, o, ...)."""
    return _merge(move_axis(_split(kernel, 0, groups), 2, 1), 0)


def _into_groups(x: Any, groups: int) -> Any:
    """The batch axis of `vmap` put into the groups of the next axis: (b, g n, ...) as (g b n, ...)."""
    return _merge(move_axis(_split(x, 1, groups), 0, 1), 0, 3)


# Rules


def _impl(
    lhs: Any, rhs: Any, feature_group_count: int, batch_group_count: int, **params: Any
) -> Any:
    groups = max(feature_group_count, batch_group_count)
    lhs = _batch_to_features(lhs, batch_group_count)
    return convolve(lhs, rhs, _windows(rhs.shape[2:], params), groups)


def _jvp(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> tuple[Any, Any]:
    (lhs, rhs), (t_lhs, t_rhs) = primals, tangents
    parts = [conv_general_dilated(t_lhs, rhs, **params)] if t_lhs is not None else []
    if t_rhs is not None:
        parts.append(conv_general_dilated(lhs, t_rhs, **params))
    out = conv_general_dilated(lhs, rhs, **params)
    return out, parts[0] if len(parts) == 1 else add_any(*parts)


def _bind(lhs: Any, rhs: Any, spatial: Sequence[Window], features: int, batches: int) -> Any:
    return conv_general_dilated(
        lhs,
        rhs,
        window_strides=tuple([w.stride for w in spatial]),
        padding=tuple([(w.low, w.high) for w in spatial]),
        lhs_dilation=tuple([w.base for w in spatial]),
        rhs_dilation=tuple([w.dilation for w in spatial]),
        feature_group_count=features,
        batch_group_count=batches,
    )


def _transpose(
    ct: Any, lhs: Any, rhs: Any, feature_group_count: int, batch_group_count: int, **params: Any
) -> tuple[Any, Any]:
    axes = list(zip(_windows(rhs.shape[2:], params), lhs.shape[2:], strict=True))
    if type(lhs) is Linear:
        groups = max(feature_group_count, batch_group_count)
        kernel = rev(rhs, dimensions=tuple(range(2, len(rhs.shape)))) if axes else rhs
        kernel = _exchange(kernel, groups)
        out = _bind(ct, kernel, [w.back(n) for w, n in axes], groups, 1)
        return _features_to_batch(out, batch_group_count), None
    # The features are the batch now, the batch the features, and the cotangent is the kernel.
    swap = (1, 0, *range(2, len(lhs.shape)))
    lhs, ct = transpose(lhs, swap), transpose(ct, swap)
    across = [w.across(n) for w, n in axes]
    return None, transpose(_bind(lhs, ct, across, batch_group_count, feature_group_count), swap)


def _batch(
    axis: BatchAxis,
    operands: Sequence[Any],
    batched: Sequence[bool],
    feature_group_count: int,
    batch_group_count: int,
    **params: Any,
) -> tuple[Any, bool]:
    lhs, rhs = operands
    if all(batched):  # examples are groups
        if batch_group_count > 1:
            lhs, batches, features = _merge(lhs, 0), axis.size * batch_group_count, 1
        else:
            lhs, batches = _merge(move_axis(lhs, 0, 1), 1), 1
            features = axis.size * feature_group_count
        out = conv_general_dilated(
            lhs,
            _merge(rhs, 0),
            **params,
            feature_group_count=features,
            batch_group_count=batches,
        )
        return move_axis(_split(out, 1, axis.size), 1, 0), True
    counts = {"feature_group_count": feature_group_count, "batch_group_count": batch_group_count}
    if batched[0]:
        lhs = _into_groups(lhs, batch_group_count)
        return _split(conv_general_dilated(lhs, rhs, **params, **counts), 0, axis.size), True
    groups = max(feature_group_count, batch_group_count)
    out = conv_general_dilated(lhs, _into_groups(rhs, groups), **params, **counts)
    out = move_axis(_split(_split(out, 1, groups), 2, axis.size), 2, 0)
    return _merge(out, 2), True


conv_general_dilated = Primitive(
    "conv_general_dilated",
    impl=_impl,
    abstract=_abstract,
    jvp=_jvp,
    transpose=_transpose,
    batch=_batch,
    properties=frozenset({"blas_threads"}),
)
