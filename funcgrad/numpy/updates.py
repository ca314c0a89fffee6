"""`x.at[index].set(value)` and its kin: updates that return a new array, as JAX's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.numpy.index_entries import IndexingError, classify
from funcgrad.numpy.indexing import cast_value, fit_value, read, update
from funcgrad.numpy.masked import masked_read, masked_update
from funcgrad.numpy.places import AbstractMask, Place, find_place, resolve
from funcgrad.ops.elementwise import where
from funcgrad.ops.indexing import getitem, indexed_shape, setitem, whole
from funcgrad.ops.shape import pad

_MODES = (None, "promise_in_bounds", "clip", "wrap", "fill", "drop")
_UFUNCS = {"add": np.add, "mul": np.multiply, "min": np.minimum, "max": np.maximum}


class At:
    """`x.at`: index it, then call `set`, `add`, `multiply`, ... on the result, or `get`."""

    __slots__ = ("array",)

    def __init__(self, array: Any) -> None:
        self.array = array

    def __getitem__(self, key: Any) -> AtIndex:
        return AtIndex(self.array, key)


def at(array: Any) -> At:
    """Functional updates of a plain or traced array: what `x.at` is on traced ones.

    >>> import numpy as np
    >>> at(np.zeros(3))[1].set(5.0)
    array([0., 5., 0.])
    >>> at(np.zeros(3))[np.array([0, 0, 2])].add(1.0)
    array([2., 0., 1.])
    """
    return At(array if type(array) is Tracer else np.asarray(array))


class AtIndex:
    """`x.at[index]`. Each method returns a new array; `x` stays as it is.

    Repeated indices add up in `add`, multiply in `multiply`, and so on; `set` keeps the last value. An
    index out of range is an IndexError, unless `mode` is "clip" (the nearest valid index is meant),
    "wrap" (the indices go around), or "drop" (no update) or "fill" (`get` gives `fill_value`).
    """

    __slots__ = ("array", "key")

    def __init__(self, array: Any, key: Any) -> None:
        self.array = array
        self.key = key

    def set(self, values: Any, **options: Any) -> Any:
        """`x` after `x[index] = values`."""
        return self._update(values, "set", **options)

    def add(self, values: Any, **options: Any) -> Any:
        """`x` after `np.add.at(x, index, values)`."""
        return self._update(values, "add", **options)

    def subtract(self, values: Any, **options: Any) -> Any:
        """`x` after `np.subtract.at(x, index, values)`."""
        return self._update(np.negative(values), "add", **options)

    def multiply(self, values: Any, **options: Any) -> Any:
        """`x` after `np.multiply.at(x, index, values)`."""
        return self._update(values, "mul", **options)

    mul = multiply

    def divide(self, values: Any, **options: Any) -> Any:
        """`x` after `np.divide.at(x, index, values)`."""
        return np.divide(self.array, self._factors(values, options))

    def power(self, values: Any, **options: Any) -> Any:
        """`x` after `np.power.at(x, index, values)`."""
        return np.power(self.array, self._factors(values, options))

    def min(self, values: Any, **options: Any) -> Any:
        """`x` after `np.minimum.at(x, index, values)`."""
        return self._update(values, "min", **options)

    def max(self, values: Any, **options: Any) -> Any:
        """`x` after `np.maximum.at(x, index, values)`."""
        return self._update(values, "max", **options)

    def apply(self, func: Callable[[Any], Any], **options: Any) -> Any:
        """`x` after `x[index] = func(x[index])`: once per place, also where an index is repeated."""
        return self.set(func(self.get(**options)), **options)

    def get(self, *, fill_value: Any = None, **options: Any) -> Any:
        """`x[index]`, a copy."""
        x, (mode, wraps) = self.array, _mode("clip", **options)
        try:
            place = self._place(mode)
        except AbstractMask as abstract:
            return masked_read(x, abstract.mask, abstract.entries)
        if mode in (None, "promise_in_bounds") or not place.axes:
            return read(x, place)
        if mode in ("clip", "wrap"):
            return read(x, _moved_into_range(place, typeof(x).shape, mode, wraps))
        if fill_value is None:
            fill_value = default_fill(typeof(x).dtype)
        part, place, _ = _with_spare(x, place, cast_value(fill_value, typeof(x).dtype), wraps)
        return read(part, place)

    def _update(self, value: Any, how: str, **options: Any) -> Any:
        x, (mode, wraps) = self.array, _mode("drop", **options)
        value = cast_value(value, typeof(x).dtype)
        if how == "set" and mode is None:
            new = masked_update(x, self.key, value)
            if new is not None:
                return new
        try:
            place = self._place(mode)
        except AbstractMask as abstract:
            combined = _UFUNCS[how](masked_read(x, abstract.mask, abstract.entries), value)
            return masked_update(x, self.key, combined)
        value = fit_value(value, place.shape)
        unique = options.get("unique_indices", False)
        if mode in (None, "promise_in_bounds") or not place.axes:
            return update(x, place, value, how, unique)
        if mode in ("clip", "wrap"):
            return update(x, _moved_into_range(place, typeof(x).shape, mode, wraps), value, how)
        part, inside, without_spare = _with_spare(x, place, typeof(x).dtype.type(0), wraps)
        part = getitem(update(part, inside, value, how), index=without_spare)
        return part if place.basic is None else setitem(x, part, index=place.basic)

    def _place(self, mode: str | None) -> Place:
        shape = typeof(self.array).shape
        if mode is None:
            return find_place(self.key, shape)
        entries = classify(self.key, shape)
        entries = [("dynamic", np.intp(k)) if kind == "int" else (kind, k) for kind, k in entries]
        return resolve(entries, shape, check=False)

    def _factors(self, values: Any, options: dict[str, Any]) -> Any:
        """Ones, multiplied by the values at the index."""
        ones = np.ones(typeof(self.array).shape, np.result_type(typeof(values).dtype, np.int8))
        return AtIndex(ones, self.key)._update(values, "mul", **options)


def _mode(
    unwrapped: str,
    mode: Any = None,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    wrap_negative_indices: bool = True,
) -> tuple[Any, bool]:
    """What is done with indices out of range, and whether negative ones count from the end.

    `unwrapped` is JAX's default where they do not; NumPy has no such indices.
    """
    if mode not in _MODES:
        raise ArgumentError(f"mode must be one of {_MODES}, not {mode!r}{here()}")
    if mode is None and not wrap_negative_indices:
        mode = unwrapped
    return mode, wrap_negative_indices


def _lengths(place: Place, shape: tuple[int, ...]) -> list[int]:
    if place.basic is not None:
        shape = indexed_shape(place.basic)
    return [shape[axis] for axis in place.axes]


def _with_indices(place: Place, indices: list[Any], basic: Any) -> Place:
    return Place(basic, place.axes, place.position, tuple(indices), place.shape, False, False)


def _moved_into_range(place: Place, shape: tuple[int, ...], mode: str, wraps: bool) -> Place:
    indices = []
    for i, n in zip(place.indices, _lengths(place, shape), strict=True):
        if not n:
            raise IndexingError(f"no index is valid for an axis without elements{here()}")
        if mode == "wrap":
            indices.append(np.mod(i, n))
        else:
            indices.append(np.clip(where(np.less(i, 0), i + n, i) if wraps else i, 0, n - 1))
    return _with_indices(place, indices, place.basic)


def _with_spare(x: Any, place: Place, fill: Any, wraps: bool) -> tuple[Any, Place, Any]:
    """The basic part with one more row, to which all indices out of range lead; the way back."""
    part = x if place.basic is None else getitem(x, index=place.basic)
    shape = typeof(part).shape
    lengths = _lengths(place, typeof(x).shape)
    indices, valid = [], True
    for i, n in zip(place.indices, lengths, strict=True):
        valid = np.logical_and(
            valid, np.logical_and(np.less_equal(-n if wraps else 0, i), np.less(i, n))
        )
        indices.append(where(np.less(i, 0), i + n, i))
    spare = [lengths[0], *[0] * (len(indices) - 1)]
    indices = [where(valid, i, s) for i, s in zip(indices, spare, strict=True)]
    config = tuple([(0, int(d == place.axes[0]), 0) for d in range(len(shape))])
    padded = pad(part, fill, padding_config=config)
    return padded, _with_indices(place, indices, None), whole(shape)


def default_fill(dtype: np.dtype[Any]) -> Any:
    """JAX's: NaN, the smallest signed, the largest unsigned integer, True."""
    if dtype.kind in "fc":
        return np.nan
    if dtype.kind == "b":
        return True
    return np.iinfo(dtype).min if dtype.kind == "i" else np.iinfo(dtype).max
