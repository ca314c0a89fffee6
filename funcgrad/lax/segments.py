"""Reductions over segments: elements of one number are reduced together. JAX has them in `jax.ops`."""

from __future__ import annotations

from collections.abc import Callable
from operator import index
from typing import Any, Protocol

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.naming import named
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import operand
from funcgrad.numpy.known import known_value
from funcgrad.numpy.updates import at
from funcgrad.ops.reduction import highest, lowest


def _reduced(
    how: str,
    start: Callable[[np.dtype[Any]], Any],
    data: Any,
    ids: Any,
    count: int | None,
    mode: Any,
) -> Any:
    """The segments of an array, combined by a method of `x.at[...]` with its neutral element for the dtype."""
    x, ids = operand(data), operand(ids)
    aval, shape = typeof(x), typeof(ids).shape
    if aval.shape[: len(shape)] != shape or not shape:
        raise ArgumentError(
            f"segment numbers of shape {shape} do not fit to data of shape {aval.shape}{here()}"
        )
    if count is None:
        values = known_value(ids)
        if values is None:
            raise ArgumentError(
                f"num_segments is needed where the segment numbers are not known{here()}\n  give the number of segments"
            )
        count = int(values.max(initial=-1)) + 1
    if index(count) < 0:
        raise ArgumentError(f"num_segments must not be negative, not {count}{here()}")
    out = np.full((index(count), *aval.shape[len(shape) :]), start(aval.dtype), aval.dtype)
    mode = "drop" if mode is None else mode
    # Negative numbers are out of range too, they do not count from the end.
    ids = np.where(ids < 0, index(count) if mode == "drop" else 0, ids)
    return getattr(at(out)[ids], how)(x, mode=mode)


def segment_sum(
    data: Any,
    segment_ids: Any,
    num_segments: int | None = None,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    bucket_size: int | None = None,
    mode: Any = None,
) -> Any:
    """The sums of the elements with the same segment number.

    Args:
        data: an array, reduced along its first axis.
        segment_ids: the segment of each element along that axis: integers. Those out of range are left out.
        num_segments: the number of segments; if None, one more than the largest number, which must be known then.
        indices_are_sorted: a hint, without effect.
        unique_indices: a hint, without effect.
        bucket_size: accepted for JAX's sake; without effect.
        mode: what is done with numbers out of range: "drop" or "clip".

    Returns:
        (num_segments, *data.shape[1:]); segments without elements have the sum 0, the product 1, or the extreme value
        of the dtype.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.segment_sum(np.array([1.0, 2.0, 4.0]), np.array([0, 2, 0]), 3)
    array([5., 0., 2.])
    """
    return _reduced("add", lambda dtype: 0, data, segment_ids, num_segments, mode)


class SegmentReduction(Protocol):
    """The signature that all of them share."""

    def __call__(
        self,
        data: Any,
        segment_ids: Any,
        num_segments: int | None = None,
        indices_are_sorted: bool = False,
        unique_indices: bool = False,
        bucket_size: int | None = None,
        mode: Any = None,
    ) -> Any: ...


def _reduction(
    name: str, how: str, start: Callable[[np.dtype[Any]], Any], doc: str
) -> SegmentReduction:
    """The reduction of this name; `how` and `start` are those of `_reduced`."""

    def reduction(
        data: Any,
        segment_ids: Any,
        num_segments: int | None = None,
        indices_are_sorted: bool = False,
        unique_indices: bool = False,
        bucket_size: int | None = None,
        mode: Any = None,
    ) -> Any:
        return _reduced(how, start, data, segment_ids, num_segments, mode)

    return named(reduction, name, doc)


segment_prod = _reduction(
    "segment_prod",
    "multiply",
    lambda dtype: 1,
    """The products of the elements with the same segment number; the arguments are those of `segment_sum`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.segment_prod(np.array([1.0, 2.0, 4.0]), np.array([0, 2, 0]), 3)
    array([4., 1., 2.])
    """,
)

segment_max = _reduction(
    "segment_max",
    "max",
    lowest,
    """The largest of the elements with the same segment number; the arguments are those of `segment_sum`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.segment_max(np.array([1.0, 2.0, 4.0]), np.array([0, 2, 0]), 3)
    array([  4., -inf,   2.])
    """,
)

segment_min = _reduction(
    "segment_min",
    "min",
    highest,
    """The smallest of the elements with the same segment number; the arguments are those of `segment_sum`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.segment_min(np.array([1.0, 2.0, 4.0]), np.array([0, 2, 0]), 3)
    array([ 1., inf,  2.])
    """,
)
