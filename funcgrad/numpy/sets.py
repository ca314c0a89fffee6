"""NumPy's functions of sets. Their lengths depend on the values, unless `size=` fixes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import operand
from funcgrad.numpy.joining import concatenate
from funcgrad.numpy.shaping import ravel
from funcgrad.numpy.taking import first_true, take, values_of
from funcgrad.ops.basic import convert
from funcgrad.ops.elementwise import where

# The named tuples that NumPy returns, which it does not export.
AllResult, CountsResult, InverseResult = [
    type(function(np.zeros(1))) for function in (np.unique_all, np.unique_counts, np.unique_inverse)
]


@implements(np.unique)
def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """NumPy's `unique`. With `size`, as many elements, the rest `fill_value` (the first by default).

    >>> import numpy as np
    >>> unique(np.array([3, 1, 3]), size=4, fill_value=0)
    array([1, 3, 0, 0])
    """
    x = operand(ar)
    if size is not None:
        if axis is not None and typeof(x).ndim > 1:
            raise ArgumentError(f"unique: size= is for axis=None or 1-d arrays{here()}")
        found = _unique_of_size(ravel(x), size, fill_value, equal_nan, typeof(x).shape)
    else:
        values = values_of(x, "unique elements")
        options: dict[str, Any] = {"axis": axis, "equal_nan": equal_nan}
        _, index, inverse, counts = np.unique(values, True, True, True, **options)
        flat = ravel(x) if axis is None else x
        found = (take(flat, index, 0 if axis is None else axis), index, inverse, counts)
    wanted = (True, return_index, return_inverse, return_counts)
    picked = tuple([part for part, want in zip(found, wanted, strict=True) if want])
    return picked if len(picked) > 1 else picked[0]


def _unique_of_size(
    x: Any, size: int, fill_value: Any, equal_nan: bool, shape: tuple[int, ...]
) -> tuple[Any, Any, Any, Any]:
    """Values, indices, inverse and counts, from the sorted array: an element is new if it differs from
    the one before."""
    dtype = typeof(x).dtype
    n = typeof(x).shape[0]
    if not n:
        fill = np.full(size, 0 if fill_value is None else fill_value, dtype)
        none = np.zeros(size, np.intp)
        return fill, none, np.zeros(shape, np.intp), none
    order = np.argsort(x, kind="stable")
    ordered = take(x, order)
    differs = np.not_equal(ordered[1:], ordered[:-1])
    if equal_nan and dtype.kind in "fc":
        both = np.logical_and(np.isnan(ordered[1:]), np.isnan(ordered[:-1]))
        differs = np.logical_and(differs, np.logical_not(both))
    is_new = concatenate((np.ones(1, bool), differs))
    first, exists = first_true(is_new, size + 1)
    first = where(exists, first, n)
    exists, start = exists[:size], first[:size]
    values = take(ordered, start, mode="clip")
    fill = ordered[0] if fill_value is None else fill_value
    values = where(exists, values, convert(operand(fill), dtype))
    index = where(exists, take(order, start, mode="clip"), order[0])
    counts = first[1:] - start
    ranks = np.cumsum(is_new) - 1
    inverse = np.reshape(take(ranks, np.argsort(order)), shape)
    return values, index, inverse, counts


@implements(np.unique_all)
def unique_all(x: Any) -> Any:
    return AllResult(*unique(x, True, True, True, equal_nan=False))


@implements(np.unique_counts)
def unique_counts(x: Any) -> Any:
    return CountsResult(*unique(x, return_counts=True, equal_nan=False))


@implements(np.unique_inverse)
def unique_inverse(x: Any) -> Any:
    return InverseResult(*unique(x, return_inverse=True, equal_nan=False))


@implements(np.unique_values)
def unique_values(x: Any) -> Any:
    return unique(x, equal_nan=False)


@implements(np.union1d)
def union1d(ar1: Any, ar2: Any, *, size: int | None = None, fill_value: Any = None) -> Any:
    """NumPy's `union1d`, of a fixed length if `size` is given."""
    return unique(concatenate((ar1, ar2), None), size=size, fill_value=fill_value)


@implements(np.isin)
def isin(
    element: Any,
    test_elements: Any,
    assume_unique: bool = False,
    invert: bool = False,
    *,
    kind: Any = None,
) -> Any:
    x, tests = operand(element), ravel(test_elements)
    n = typeof(tests).shape[0]
    if n:
        tests = np.sort(tests)
        nearest = take(tests, np.searchsorted(tests, x), mode="clip")
        found: Any = np.equal(nearest, x)
    else:
        found = np.zeros(typeof(x).shape, bool)
    return np.logical_not(found) if invert else found


if hasattr(np, "in1d"):  # removed in NumPy 2.4

    @implements(getattr(np, "in1d"))  # noqa: B009
    def in1d(
        ar1: Any, ar2: Any, assume_unique: bool = False, invert: bool = False, *, kind: Any = None
    ) -> Any:
        return isin(ravel(ar1), ar2, assume_unique, invert, kind=kind)


def _where_true(x: Any, mask: Any, size: int | None, fill_value: Any) -> Any:
    """The elements of a sorted set for which a mask holds."""
    if size is None:
        (places,) = np.nonzero(values_of(mask, "elements of the set"))
        return take(x, places)
    places, exists = first_true(mask, size)
    fill = x[0] if fill_value is None else convert(operand(fill_value), typeof(x).dtype)
    return where(exists, take(x, places, mode="clip"), fill)


@implements(np.intersect1d)
def intersect1d(
    ar1: Any,
    ar2: Any,
    assume_unique: bool = False,
    return_indices: bool = False,
    *,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """NumPy's `intersect1d`, of a fixed length if `size` is given."""
    a, b = ravel(ar1), ravel(ar2)
    if size is None:
        values = values_of(a, "elements of the set"), values_of(b, "elements of the set")
        _, i, j = np.intersect1d(*values, assume_unique=assume_unique, return_indices=True)
        common = take(a, i)
        dtype = np.result_type(typeof(a).dtype, typeof(b).dtype)
        return (convert(common, dtype), i, j) if return_indices else convert(common, dtype)
    if return_indices:
        raise ArgumentError(f"intersect1d: size= does not go with return_indices=True{here()}")
    # In the first set, the first of each value that the second one has.
    a = np.sort(a)
    in_both = isin(a, b)
    if typeof(a).shape[0]:
        first = concatenate((np.ones(1, bool), np.not_equal(a[1:], a[:-1])))
        in_both = np.logical_and(in_both, first)
    return _where_true(a, in_both, size, fill_value)


@implements(np.setdiff1d)
def setdiff1d(
    ar1: Any,
    ar2: Any,
    assume_unique: bool = False,
    *,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """NumPy's `setdiff1d`, of a fixed length if `size` is given."""
    a = ravel(ar1) if assume_unique else unique(ar1) if size is None else np.sort(ravel(ar1))
    missing = _first_not_in(a, ar2, size is None)
    return _where_true(a, missing, size, fill_value)


@implements(np.setxor1d)
def setxor1d(
    ar1: Any,
    ar2: Any,
    assume_unique: bool = False,
    *,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """NumPy's `setxor1d`, of a fixed length if `size` is given."""
    a, b = np.sort(ravel(ar1)), np.sort(ravel(ar2))
    joined = concatenate((a, b))
    if not typeof(joined).size:
        return joined
    only_one = concatenate((_first_not_in(a, b, assume_unique), _first_not_in(b, a, assume_unique)))
    order = np.argsort(joined, kind="stable")
    return _where_true(take(joined, order), take(only_one, order), size, fill_value)


def _first_not_in(x: Any, others: Any, assume_unique: bool) -> Any:
    """Which elements of a sorted array are missing in another one; the first of equal elements."""
    missing = isin(x, others, invert=True)
    if assume_unique or not typeof(x).size:
        return missing
    first = concatenate((np.ones(1, bool), np.not_equal(x[1:], x[:-1])))
    return np.logical_and(missing, first)
