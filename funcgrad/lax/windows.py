"""Reductions over windows under JAX's names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import index
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.primitive import Primitive
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.core.tree import tree_flatten
from funcgrad.lax.arrays import pad
from funcgrad.lax.convolution import Padding, padtype_to_pads
from funcgrad.numpy.arguments import operand as array_operand
from funcgrad.ops import pooling
from funcgrad.ops.reduction import highest, lowest
from funcgrad.ops.window import dilated, windows

Ints = Sequence[int]
# What has a primitive, and the start that leaves the result as it is.
_KNOWN: dict[Any, tuple[Primitive, Callable[[np.dtype[Any]], Any]]] = {
    np.add: (pooling.reduce_window_sum, lambda dtype: 0),
    np.maximum: (pooling.reduce_window_max, lowest),
    np.minimum: (pooling.reduce_window_min, highest),
}


def reduce_window(
    operand: Any,
    init_value: Any,
    computation: Callable[[Any, Any], Any],
    window_dimensions: Ints,
    window_strides: Ints | None = None,
    padding: Padding = "VALID",
    base_dilation: Ints | None = None,
    window_dilation: Ints | None = None,
) -> Any:
    """What a window that slides over an array sees, reduced to a number at each position.

    Args:
        operand: the array, or a pytree of arrays of one shape.
        init_value: a number that `computation` starts with and that stands in the padding; one for each array.
        computation: an associative and commutative function of two arrays, such as `lax.add`, `lax.max` or `lax.min`;
            or of two such pytrees.
        window_dimensions: the size of the window, for each axis.
        window_strides: how far it moves from one position to the next; 1 by default.
        padding: the numbers of elements before and behind each axis, or "VALID", "SAME" or "SAME_LOWER".
        base_dilation: how far the elements of the array are moved apart.
        window_dilation: how far those of the window are.

    Of equal extrema in a window the first has the derivative, as in JAX.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.reduce_window(np.arange(5.0), -np.inf, fg.lax.max, (2,), (2,))
    array([1., 3.])
    """
    leaves, tree = tree_flatten(operand)
    xs, starts = [array_operand(leaf) for leaf in leaves], tree_flatten(init_value)[0]
    _check(xs, starts)
    aval = typeof(xs[0])
    ones = (1,) * aval.ndim
    sizes, strides, base, dilation = [
        ones if given is None else tuple(map(index, given))
        for given in (window_dimensions, window_strides, base_dilation, window_dilation)
    ]
    if isinstance(padding, str):
        extents = [dilated(k, step) for k, step in zip(sizes, dilation, strict=False)]
        apart = [dilated(n, step) for n, step in zip(aval.shape, base, strict=False)]
        padding = padtype_to_pads(apart, extents, strides, padding)
    pads = tuple([(index(low), index(high)) for low, high in padding])
    params = {
        "window_dimensions": sizes,
        "window_strides": strides,
        "padding": pads,
        "base_dilation": base,
        "window_dilation": dilation,
    }
    shape = pooling.abstract_windows(aval, **params).shape
    known = _KNOWN.get(computation)
    if known is not None and len(xs) == 1 and _is(starts[0], known[1](aval.dtype)):
        return tree.unflatten([known[0](xs[0], **params)])
    dtypes = [typeof(x).dtype for x in xs]
    if 0 in shape:
        return tree.unflatten([np.zeros(shape, dtype) for dtype in dtypes])
    starts = [
        start if isinstance(start, Tracer) else np.asarray(start, dtype)[()]
        for start, dtype in zip(starts, dtypes, strict=True)
    ]
    spatial = windows(sizes, strides, pads, base, dilation)
    config = [(w.low, w.high, w.base - 1) for w in spatial]
    padded = [pad(x, start, config) for x, start in zip(xs, starts, strict=True)]

    def combine(a: Sequence[Any], b: Sequence[Any]) -> list[Any]:
        return tree_flatten(computation(tree.unflatten(a), tree.unflatten(b)))[0]

    return tree.unflatten(pooling.fold(padded, shape, spatial, combine, starts))


def _check(xs: Sequence[Any], starts: Sequence[Any]) -> None:
    if not xs or len(xs) != len(starts):
        raise ArgumentError(
            f"reduce_window: {len(xs)} arrays have {len(starts)} init_values; each needs one{here()}"
        )
    for start in starts:
        if typeof(start).shape:
            raise ArgumentError(
                f"reduce_window: init_value is a number, not {typeof(start)}{here()}"
            )
    if any(typeof(x).shape != typeof(xs[0]).shape for x in xs):
        raise ArgumentError(
            f"reduce_window: the shapes of the arrays differ: {[typeof(x).shape for x in xs]}{here()}"
        )


def _is(value: Any, identity: Any) -> bool:
    return not isinstance(value, Tracer) and bool(value == identity)
