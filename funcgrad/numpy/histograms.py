"""NumPy's histograms and counts.

Counts are piecewise constant in the data, but linear in the weights; edges that are computed from
the data follow its extrema.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, is_traced, typeof
from funcgrad.core.types import ShapedArray
from funcgrad.numpy.arguments import operand
from funcgrad.numpy.taking import values_of
from funcgrad.ops.basic import convert, reshape, zeros
from funcgrad.ops.complex import is_complex
from funcgrad.ops.gather import scatter_add

_DOUBLE = np.dtype(np.float64)
_INT = np.dtype(np.intp)
_range = range  # NumPy's name for an argument


def _added(index: Any, weights: Any, n: int, dtype: np.dtype[Any]) -> Any:
    """For each of n places the sum of the weights that belong to it."""
    start = zeros(ShapedArray((n,), dtype))
    return scatter_add(start, weights, index, axes=(0,), position=0)


@implements(np.bincount)
def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    """As NumPy's: the length of the result depends on the values of `x`, which must be known."""
    x = operand(x)
    aval = typeof(x)
    if aval.ndim != 1 or aval.dtype.kind not in "iub":
        raise ArgumentError(f"np.bincount takes a vector of integers, got {aval}{here()}")
    known = values_of(x, "largest value")
    if weights is None:
        return np.bincount(known, minlength=minlength)
    w = operand(weights)
    if is_complex(w):
        raise TypeError(
            f"np.bincount: complex weights {typeof(w)} are not taken{here()}\n  "
            "count their real and imaginary parts"
        )
    if typeof(w).shape != aval.shape:
        raise ArgumentError(
            f"np.bincount: weights of shape {typeof(w).shape} for values of shape {aval.shape}{here()}"
        )
    length = len(np.bincount(known, minlength=minlength))
    return _added(known, convert(w, _DOUBLE), length, _DOUBLE)


# Edges


def _outer_edges(a: Any, range: Any, name: str) -> tuple[Any, Any]:
    if range is not None:
        first, last = range
        if not is_traced(first, last) and not (np.isfinite(first) and np.isfinite(last)):
            raise ArgumentError(f"{name}: the range {range} is not finite{here()}")
        if not is_traced(first, last) and first > last:
            raise ArgumentError(f"{name}: the range {range} is not in increasing order{here()}")
    elif not typeof(a).size:
        first, last = 0, 1
    else:
        first, last = np.min(a), np.max(a)
    same = np.equal(first, last)
    if isinstance(same, Tracer):
        return np.where(same, first - 0.5, first), np.where(same, last + 0.5, last)
    return (first - 0.5, last + 0.5) if same else (first, last)


def _edges(a: Any, bins: Any, range: Any, weights: Any, name: str) -> Any:
    if isinstance(bins, str):
        if weights is not None:
            raise ArgumentError(f"{name}: bins={bins!r} does not work with weights{here()}")
        limits = None if range is None else tuple([values_of(v, "value") for v in range])
        n = len(np.histogram_bin_edges(values_of(a, "values"), bins, limits)) - 1
    elif np.ndim(bins) == 0:
        n = operator.index(bins)
        if n < 1:
            raise ArgumentError(f"{name}: the number of bins must be positive, got {n}{here()}")
    else:
        edges = operand(bins)
        if typeof(edges).ndim != 1:
            raise ArgumentError(f"{name}: bins must be a number or a vector of edges{here()}")
        if not isinstance(edges, Tracer) and np.any(edges[:-1] > edges[1:]):
            raise ArgumentError(f"{name}: the edges of bins must increase{here()}")
        return edges
    first, last = _outer_edges(a, range, name)
    if (
        name == "np.histogramdd"
    ):  # which, other than np.histogram, does not look at the data's dtype
        return np.linspace(first, last, n + 1)
    dtype = np.result_type(*[_promoted(v) for v in (first, last)], typeof(a).dtype)
    if dtype.kind in "iub":
        dtype = np.result_type(dtype, float)
    return np.linspace(first, last, n + 1, dtype=dtype)


def _promoted(x: Any) -> Any:
    """What takes part in promotion: a Python scalar is weak."""
    return x if type(x) in (int, float) else typeof(x).dtype


@implements(np.histogram_bin_edges)
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    a = operand(a)
    return _edges(reshape(a, (typeof(a).size,)), bins, range, weights, "np.histogram_bin_edges")


# Counting


def _place(a: Any, edges: Any) -> Any:
    """The number of the bin of each element: 0 is before the first; the last one is closed."""
    place = np.searchsorted(edges, a, side="right")
    return place - convert(operand(np.equal(a, edges[-1])), _INT)


@implements(np.histogram)
def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Any, Any]:
    a = operand(a)
    if weights is not None:
        weights = operand(weights)
        if typeof(weights).shape != typeof(a).shape:
            raise ArgumentError(
                f"np.histogram: weights of shape {typeof(weights).shape} for data of shape "
                f"{typeof(a).shape}{here()}"
            )
        weights = reshape(weights, (typeof(weights).size,))
    a = reshape(a, (typeof(a).size,))
    edges = _edges(a, bins, range, weights, "np.histogram")
    n = typeof(edges).size - 1
    dtype = _INT if weights is None else typeof(weights).dtype
    weight = dtype.type(1) if weights is None else weights
    # The places before the first and behind the last bin are dropped.
    counts = _added(_place(a, edges), weight, n + 2, dtype)[1:-1]
    if density:
        return counts / convert(np.diff(edges), _DOUBLE) / np.sum(counts), edges
    return counts, edges


@implements(np.histogramdd)
def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Any, list[Any]]:
    columns = _columns(sample)
    if not columns:
        raise ArgumentError(f"np.histogramdd: a sample without dimensions{here()}")
    bins = _per_axis(bins, len(columns))
    ranges = [None] * len(columns) if range is None else list(range)
    if len(ranges) != len(columns):
        raise ArgumentError(f"np.histogramdd: range must have one entry per dimension{here()}")
    edges = [
        _edges(x, b, r, None, "np.histogramdd")
        for x, b, r in zip(columns, bins, ranges, strict=True)
    ]
    shape = [typeof(e).size + 1 for e in edges]
    index: Any = 0
    for x, e, n in zip(columns, edges, shape, strict=True):
        index = index * n + _place(x, e)
    weight = _DOUBLE.type(1) if weights is None else convert(operand(weights), _DOUBLE)
    size = 1
    for n in shape:
        size *= n
    counts = reshape(_added(index, weight, size, _DOUBLE), tuple(shape))
    counts = counts[(slice(1, -1),) * len(shape)]
    if density:
        total = np.sum(counts)
        for d, e in enumerate(edges):
            width = np.diff(e)
            counts = counts / reshape(width, (typeof(width).size, *(1,) * (len(shape) - 1 - d)))
        counts = counts / total
    return counts, edges


def _columns(sample: Any) -> list[Any]:
    """The coordinates of the sample, one vector per dimension."""
    if isinstance(sample, (list, tuple)) and not all(np.ndim(x) == 0 for x in sample):
        vectors = [operand(x) for x in sample]
        dtype = np.result_type(*[typeof(x).dtype for x in vectors])
        return [convert(x, dtype) for x in vectors]
    points = operand(sample)
    if typeof(points).ndim < 2:
        points = reshape(points, (typeof(points).size, 1))
    return [points[:, d] for d in _range(typeof(points).shape[1])]


def _per_axis(bins: Any, dimensions: int) -> Sequence[Any]:
    if not isinstance(bins, (list, tuple)) and np.ndim(bins) == 0:
        return [bins] * dimensions
    if len(bins) != dimensions:
        raise ArgumentError(
            f"np.histogramdd: {len(bins)} bins are given for {dimensions} dimensions{here()}"
        )
    return list(bins)


@implements(np.histogram2d)
def histogram2d(
    x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Any, Any, Any]:
    if len(x) != len(y):
        raise ArgumentError(f"np.histogram2d: x has {len(x)} elements, y has {len(y)}{here()}")
    if isinstance(bins, (list, tuple, np.ndarray, Tracer)) and len(bins) not in (1, 2):
        bins = [bins, bins]
    counts, (x_edges, y_edges) = histogramdd([x, y], bins, range, density, weights)
    return counts, x_edges, y_edges
