"""Pooling of images and sequences whose features are the last axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.lax.convolution import Padding
from funcgrad.lax.windows import reduce_window
from funcgrad.numpy.arguments import inexact, operand
from funcgrad.ops.reduction import highest, lowest


def _pool(
    inputs: Any,
    start: Any,
    combine: Callable[[Any, Any], Any],
    window_shape: Sequence[int],
    strides: Sequence[int] | None,
    padding: Padding,
) -> Any:
    ndim = typeof(inputs).ndim
    steps = (1,) * len(window_shape) if strides is None else tuple(strides)
    if ndim < len(window_shape) + 1 or len(steps) != len(window_shape):
        raise ArgumentError(
            f"pooling with a window {tuple(window_shape)} and strides {steps} takes an array "
            f"(..., *spatial, features), not shape {typeof(inputs).shape}{here()}"
        )
    batch = ndim - len(window_shape) - 1
    if not isinstance(padding, str):
        padding = [(0, 0)] * batch + list(padding) + [(0, 0)]
    window, steps = [(1,) * batch + tuple(n) + (1,) for n in (window_shape, steps)]
    return reduce_window(inputs, start, combine, window, steps, padding)


def max_pool(
    inputs: Any,
    window_shape: Sequence[int],
    strides: Sequence[int] | None = None,
    padding: Padding = "VALID",
) -> Any:
    """The largest elements that a sliding window sees, for each feature.

    Args:
        inputs: (..., *spatial, features).
        window_shape: its size along the spatial axes.
        strides: how far it moves; 1 by default.
        padding: "VALID", "SAME", or the numbers of elements before and behind each spatial axis.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.max_pool(np.arange(4.0).reshape(1, 4, 1), (2,), (2,))[0, :, 0]
    array([1., 3.])
    """
    x = operand(inputs)
    return _pool(x, lowest(typeof(x).dtype), np.maximum, window_shape, strides, padding)


def min_pool(
    inputs: Any,
    window_shape: Sequence[int],
    strides: Sequence[int] | None = None,
    padding: Padding = "VALID",
) -> Any:
    """The smallest elements that a sliding window sees, for each feature; the arguments are those of `max_pool`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.min_pool(np.arange(4.0).reshape(1, 4, 1), (2,), (2,))[0, :, 0]
    array([0., 2.])
    """
    x = operand(inputs)
    return _pool(x, highest(typeof(x).dtype), np.minimum, window_shape, strides, padding)


def avg_pool(
    inputs: Any,
    window_shape: Sequence[int],
    strides: Sequence[int] | None = None,
    padding: Padding = "VALID",
    count_include_pad: bool = True,
) -> Any:
    """The mean of the elements that a sliding window sees, for each feature.

    Args:
        inputs: as for `max_pool`.
        window_shape: see `inputs`.
        strides: see `inputs`.
        padding: see `inputs`.
        count_include_pad: whether padding counts as zeros, or not at all.

    >>> import numpy as np, funcgrad as fg
    >>> fg.nn.avg_pool(np.arange(4.0).reshape(1, 4, 1), (2,), (2,))[0, :, 0]
    array([0.5, 2.5])
    """
    x = inexact(inputs)
    total = _pool(x, 0, np.add, window_shape, strides, padding)
    if count_include_pad:
        return total / math.prod(window_shape)
    shape = typeof(x).shape
    one = np.ones((*shape[len(shape) - len(window_shape) - 1 : -1], 1), typeof(x).dtype)
    return total / _pool(one, 0, np.add, window_shape, strides, padding)
