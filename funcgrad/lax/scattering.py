"""JAX's general scatters: slices of an array at traced places, replaced or updated.

Their arguments are XLA's (https://openxla.org/xla/operation_semantics#scatter). `x[i, j] = v` and `np.add.at` are the
simpler way to write them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.naming import named
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.lax.gathering import (
    GatherDimensionNumbers,
    Ints,
    flat_places,
    index_mode,
    window_axes,
)
from funcgrad.numpy.arguments import operand as array_operand
from funcgrad.ops import gather as gathers
from funcgrad.ops import scatter as scatters
from funcgrad.ops.basic import convert, reshape, transpose
from funcgrad.ops.shape import pad


class ScatterDimensionNumbers(NamedTuple):
    """What the axes of a scatter mean.

    Attributes:
        update_window_dims: the axes of the updates that run within a slice.
        inserted_window_dims: the axes of the operand along which slices have length 1 and which the updates lack.
        scatter_dims_to_operand_dims: for each component of an index, the axis of the operand that it belongs to.
        operand_batching_dims, scatter_indices_batching_dims: axes of operand and indices that run in parallel.

    >>> import funcgrad as fg
    >>> fg.lax.ScatterDimensionNumbers((1,), (0,), (0,)).update_window_dims
    (1,)
    """

    update_window_dims: Ints
    inserted_window_dims: Ints
    scatter_dims_to_operand_dims: Ints
    operand_batching_dims: Ints = ()
    scatter_indices_batching_dims: Ints = ()


def _scattered(
    name: str,
    write: Callable[..., Any],
    operand: Any,
    indices: Any,
    updates: Any,
    dimension_numbers: ScatterDimensionNumbers,
    mode: Any,
) -> Any:
    """The operand after `write(flat operand, updates, places, axes=, position=)`."""
    x, indices, updates = [array_operand(a) for a in (operand, indices, updates)]
    shape, dtype = typeof(x).shape, typeof(x).dtype
    numbers = ScatterDimensionNumbers(*dimension_numbers)
    as_gather = GatherDimensionNumbers(*numbers)
    window = window_axes(len(shape), as_gather)
    update_shape = typeof(updates).shape
    if len(window) != len(numbers.update_window_dims):
        raise ArgumentError(
            f"{name}: updates of shape {update_shape} have {len(numbers.update_window_dims)} axes within a slice, an "
            f"operand of shape {shape} has {len(window)}{here()}"
        )
    sizes = [1] * len(shape)
    for d, axis in zip(window, numbers.update_window_dims, strict=True):
        sizes[d] = update_shape[axis]
    kind = index_mode(mode, "fill")
    places, _ = flat_places(shape, indices, as_gather, tuple(sizes), kind)
    order = [d for d in range(len(update_shape)) if d not in numbers.update_window_dims]
    updates = convert(transpose(updates, (*order, *numbers.update_window_dims)), dtype)
    if typeof(updates).shape != typeof(places).shape:
        raise ArgumentError(
            f"{name}: updates of shape {update_shape} do not fit to indices of shape {typeof(indices).shape}{here()}"
        )
    flat = reshape(x, (math.prod(shape),))
    if kind == "fill":  # what does not fit goes behind the end, and is cut off
        flat = pad(flat, dtype.type(0), padding_config=((0, 1, 0),))
    out = write(flat, updates, places, axes=(0,), position=0)
    return reshape(out[: math.prod(shape)], shape)


def _replace(x: Any, updates: Any, places: Any, **where: Any) -> Any:
    return scatters.scatter(x, updates, places, unique=False, **where)


def _subtract(x: Any, updates: Any, places: Any, **where: Any) -> Any:
    return gathers.scatter_add(x, -updates, places, **where)


def scatter(
    operand: Any,
    scatter_indices: Any,
    updates: Any,
    dimension_numbers: ScatterDimensionNumbers,
    *,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: Any = None,
) -> Any:
    """The array with slices at many places replaced.

    Args:
        operand: the array.
        scatter_indices: where slices start; the components of an index run along the last axis.
        updates: what is written.
        dimension_numbers: what the axes mean.
        indices_are_sorted: accepted for JAX's sake; without effect.
        unique_indices: promises that no element is written twice.
        mode: "clip" moves slices that do not fit; "drop" (the default) leaves them out.

    >>> import numpy as np, funcgrad as fg
    >>> numbers = fg.lax.ScatterDimensionNumbers((), (0,), (0,))
    >>> fg.lax.scatter(np.zeros(3), np.array([[2], [0], [7]]), np.array([1.0, 2.0, 3.0]), numbers)
    array([2., 0., 1.])
    """
    return _scattered(
        "scatter", _replace, operand, scatter_indices, updates, dimension_numbers, mode
    )


class Update(Protocol):
    """The signature of the scatters that update what is there."""

    def __call__(
        self,
        operand: Any,
        scatter_indices: Any,
        updates: Any,
        dimension_numbers: ScatterDimensionNumbers,
        *,
        indices_are_sorted: bool = False,
        unique_indices: bool = False,
        mode: Any = None,
    ) -> Any: ...


def _updating(name: str, write: Callable[..., Any], doc: str) -> Update:
    """The scatter of this name, which writes like `scatter` but for what becomes of the elements that are there."""

    def update(
        operand: Any,
        scatter_indices: Any,
        updates: Any,
        dimension_numbers: ScatterDimensionNumbers,
        *,
        indices_are_sorted: bool = False,
        unique_indices: bool = False,
        mode: Any = None,
    ) -> Any:
        return _scattered(name, write, operand, scatter_indices, updates, dimension_numbers, mode)

    return named(update, name, doc)


scatter_add = _updating(
    "scatter_add",
    gathers.scatter_add,
    """The array with updates added to slices at many places; the arguments are those of `scatter`.

    >>> import numpy as np, funcgrad as fg
    >>> numbers = fg.lax.ScatterDimensionNumbers((), (0,), (0,))
    >>> fg.lax.scatter_add(np.zeros(3), np.array([[2], [2]]), np.array([1.0, 2.0]), numbers)
    array([0., 0., 3.])
    """,
)

scatter_sub = _updating(
    "scatter_sub",
    _subtract,
    """The array with updates subtracted from slices at many places; the arguments are those of `scatter`.

    >>> import numpy as np, funcgrad as fg
    >>> numbers = fg.lax.ScatterDimensionNumbers((), (0,), (0,))
    >>> fg.lax.scatter_sub(np.zeros(3), np.array([[2], [2]]), np.array([1.0, 2.0]), numbers)
    array([ 0.,  0., -3.])
    """,
)

scatter_mul = _updating(
    "scatter_mul",
    scatters.scatter_mul,
    """The array with slices at many places multiplied by updates; the arguments are those of `scatter`.

    >>> import numpy as np, funcgrad as fg
    >>> numbers = fg.lax.ScatterDimensionNumbers((), (0,), (0,))
    >>> fg.lax.scatter_mul(np.ones(3), np.array([[2], [2]]), np.array([2.0, 3.0]), numbers)
    array([1., 1., 6.])
    """,
)

scatter_min = _updating(
    "scatter_min",
    scatters.scatter_min,
    """The array with slices at many places lowered to updates; the arguments are those of `scatter`.

    >>> import numpy as np, funcgrad as fg
    >>> numbers = fg.lax.ScatterDimensionNumbers((), (0,), (0,))
    >>> fg.lax.scatter_min(np.ones(3), np.array([[2], [2]]), np.array([0.5, 3.0]), numbers)
    array([1. , 1. , 0.5])
    """,
)

scatter_max = _updating(
    "scatter_max",
    scatters.scatter_max,
    """The array with slices at many places raised to updates; the arguments are those of `scatter`.

    >>> import numpy as np, funcgrad as fg
    >>> numbers = fg.lax.ScatterDimensionNumbers((), (0,), (0,))
    >>> fg.lax.scatter_max(np.ones(3), np.array([[2], [2]]), np.array([0.5, 3.0]), numbers)
    array([1., 1., 3.])
    """,
)


def scatter_apply(
    operand: Any,
    scatter_indices: Any,
    func: Callable[[Any], Any],
    dimension_numbers: ScatterDimensionNumbers,
    *,
    update_shape: Sequence[int] = (),
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: Any = None,
) -> Any:
    """The array with an elementwise function applied to slices at many places, once to each element.

    The arguments are those of `scatter`, but for these two.

    Args:
        func: an elementwise function of an array.
        update_shape: the shape that updates would have.

    >>> import numpy as np, funcgrad as fg
    >>> numbers = fg.lax.ScatterDimensionNumbers((), (0,), (0,))
    >>> fg.lax.scatter_apply(
    ...     np.ones(3), np.array([[2], [2]]), np.negative, numbers, update_shape=(2,)
    ... )
    array([ 1.,  1., -1.])
    """
    x = array_operand(operand)
    ones = np.ones(tuple(update_shape), typeof(x).dtype)
    met = scatter_add(
        np.zeros(typeof(x).shape), scatter_indices, ones, dimension_numbers, mode=mode
    )
    return np.where(np.greater(met, 0), func(x), x)
