"""What an index refers to: from `x[key]` to the basic and the integer-array part of it.

The rules are NumPy's: https://numpy.org/doc/stable/user/basics.indexing.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.source import here
from funcgrad.core.tracing import AbstractValue, Tracer, typeof
from funcgrad.core.types import ShapedArray
from funcgrad.numpy.index_entries import IndexingError, classify, value_of
from funcgrad.ops.gather import gathered_shape, natural_position
from funcgrad.ops.indexing import Index, Slice, indexed_shape, whole

_ADVANCED = frozenset(("int", "dynamic", "array", "mask", "bool"))
_MOST_CHECKED = 1 << 16  # index arrays up to this size are searched for repeated places
_CACHED = 4096
# Places of basic indices by index and shape. Places do not change, so threads may share them.
_basic_places: dict[Any, Place] = {}


class Place:
    """The part of an array that an index refers to.

    Attributes:
        basic: what is taken first, with the axes in `axes` whole; None if that is everything.
        axes: axes of the basic part that are indexed by integer arrays.
        position: where the indices' axes stand in the result (see `ops.gather`).
        indices: one integer array per axis in `axes`, plain or traced.
        shape: the shape of the result.
        is_scalar: whether reading gives a scalar rather than a 0-d array.
        is_view: whether reading gives a view rather than a copy.
        items: the parameters of `getitem` and `setitem`, as a trace records them.
        avals: the type of the result for each dtype, as far as it was asked for.
    """

    __slots__ = (
        "avals",
        "axes",
        "basic",
        "indices",
        "is_scalar",
        "is_view",
        "items",
        "position",
        "shape",
    )

    def __init__(
        self,
        basic: Index | None,
        axes: tuple[int, ...],
        position: int,
        indices: tuple[Any, ...],
        shape: tuple[int, ...],
        is_scalar: bool,
        is_view: bool,
    ) -> None:
        self.basic = basic
        self.axes = axes
        self.position = position
        self.indices = indices
        self.shape = shape
        self.is_scalar = is_scalar
        self.is_view = is_view
        self.items = (("index", basic),)
        self.avals: dict[Any, ShapedArray] = {}

    def aval(self, dtype: np.dtype[Any]) -> ShapedArray:
        """The type of the result of reading this place of an array of this dtype."""
        found = self.avals.get(dtype)
        if found is None:
            found = self.avals[dtype] = ShapedArray(self.shape, dtype)
        return found

    @property
    def gather_params(self) -> dict[str, Any]:
        return {"axes": self.axes, "position": self.position}

    def is_unique(self, shape: tuple[int, ...]) -> bool:
        """Whether no place of an array of this shape is surely referred to twice."""
        if all(typeof(i).size == 1 for i in self.indices):
            return True
        if any(type(i) is Tracer for i in self.indices):
            return False
        lengths = shape if self.basic is None else indexed_shape(self.basic)
        flat: Any = 0
        for axis, i in zip(self.axes, self.indices, strict=True):
            flat = flat * lengths[axis] + np.where(np.less(i, 0), i + lengths[axis], i)
        return bool(flat.size <= _MOST_CHECKED and len(np.unique(flat)) == flat.size)


class AbstractMask(Exception):
    """Raised inside: a mask has no value, so what it selects has no shape."""

    def __init__(self, mask: Tracer, entries: list[tuple[str, Any]]) -> None:
        super().__init__(mask)
        self.mask = mask
        self.entries = entries


def find_place(key: Any, shape: tuple[int, ...]) -> Place:
    """The place that `x[key]` refers to in an array of this shape.

    Raises:
        IndexError: as NumPy.
        AbstractMask: for a boolean mask that has no value.
    """
    cache_key = _hashable(key)
    if cache_key is not None:
        cache_key = (shape, cache_key)
        place = _basic_places.get(cache_key)
        if place is not None:
            return place
    place = resolve(classify(key, shape), shape)
    if cache_key is not None:
        if len(_basic_places) >= _CACHED:
            _basic_places.clear()
        _basic_places[cache_key] = place
    return place


def _hashable(key: Any) -> Any:
    """A hashable form of a basic index, None if it is another."""
    kind = type(key)
    if kind is int:
        return key
    if kind is slice:
        start, stop, step = key.start, key.stop, key.step
        if (
            (start is None or type(start) is int)
            and (stop is None or type(stop) is int)
            and (step is None or type(step) is int)
        ):
            return slice, start, stop, step
        return None
    if kind is tuple:
        if all(type(k) is int for k in key):
            return key
        found: list[Any] = []
        for k in key:
            if k is None or k is Ellipsis:
                found.append(k)
                continue
            entry = _hashable(k) if type(k) is not tuple else None
            if entry is None:
                return None
            found.append(entry)
        return tuple, *found
    return None


def resolve(entries: list[tuple[str, Any]], shape: tuple[int, ...], *, check: bool = True) -> Place:
    """The place that classified entries refer to; `check` that plain indices are in range."""
    fancy = any(kind in ("array", "mask", "bool") for kind, _ in entries)
    basic: list[Any] = []
    axes: list[int] = []
    indices: list[Any] = []
    groups: list[int] = []  # the numbers of the entries that count as advanced
    before = 0  # axes of the result in front of the first of them
    axis = n_out = 0
    for number, (kind, k) in enumerate(entries):
        if fancy and kind in _ADVANCED:
            if not groups:
                before = n_out - len(axes)
            groups.append(number)
        if kind == "int":
            basic.append(_checked_int(k, axis, shape[axis]))
            axis += 1
        elif kind == "slice":
            basic.append(normalise_slice(k, shape[axis]))
            axis += 1
            n_out += 1
        elif kind == "new":
            basic.append(None)
            n_out += 1
        elif kind == "ellipsis":
            basic += whole(shape[axis : axis + k])
            axis += k
            n_out += k
        else:
            for i in _index_arrays(kind, k, axis, shape, entries, check):
                if kind == "bool":
                    basic.append(None)
                else:
                    basic.append(Slice(0, shape[axis], 1))
                    axis += 1
                axes.append(n_out)
                indices.append(i)
                n_out += 1
    taken = Index(basic)
    out_shape = indexed_shape(taken)
    index = None if taken == whole(shape) else taken
    if not axes:
        all_ints = all(kind == "int" for kind, _ in entries)
        return Place(index, (), 0, (), out_shape, all_ints, True)
    if not fancy:
        position = natural_position(axes)
    elif groups[-1] - groups[0] == len(groups) - 1:
        position = before
    else:
        position = 0
    broadcast_indices(indices)  # raises where they do not fit
    out_shape = gathered_shape(out_shape, [typeof(i) for i in indices], axes, position)
    only_ints = not fancy and all(kind in ("int", "dynamic") for kind, _ in entries)
    return Place(index, tuple(axes), position, tuple(indices), out_shape, only_ints, not fancy)


def broadcast_indices(indices: Sequence[Any]) -> tuple[int, ...]:
    """The shape that index arrays have together."""
    shapes = [typeof(i).shape for i in indices]
    if len(shapes) == 1:
        return shapes[0]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise IndexingError(
            "shape mismatch: indexing arrays could not be broadcast together with shapes "
            f"{' '.join(map(str, shapes))}{here()}"
        ) from None


def _checked_int(k: int, axis: int, n: int) -> int:
    if not -n <= k < n:
        raise IndexingError(f"index {k} is out of bounds for axis {axis} with size {n}{here()}")
    return k + n if k < 0 else k


def normalise_slice(k: slice, n: int) -> Slice:
    """A slice of an axis of length n in its one form: start, stop and step in range."""
    if any(type(bound) is Tracer for bound in (k.start, k.stop, k.step)):
        instead = "use fg.lax.dynamic_slice(x, starts, sizes), whose sizes are plain integers"
        k = slice(
            *[
                int(b._concrete("integer value", instead)) if type(b) is Tracer else b
                for b in (k.start, k.stop, k.step)
            ]
        )
    start, stop, step = k.indices(n)
    length = len(range(start, stop, step))
    if length == 0:
        return Slice(0, 0, 1)
    if length == 1:
        return Slice(start, start + 1, 1)
    return Slice(start, start + length * step, step)


def _index_arrays(
    kind: str,
    k: Any,
    axis: int,
    shape: tuple[int, ...],
    entries: list[tuple[str, Any]],
    check: bool,
) -> list[Any]:
    """The integer arrays, one per axis, that an advanced entry stands for."""
    if kind == "dynamic":
        return [k]
    if kind == "bool":
        return [np.zeros(int(k), np.intp)]
    if kind == "array":
        if check and type(k) is not Tracer and k.size:
            for extreme in (int(k.min()), int(k.max())):
                _checked_int(extreme, axis, shape[axis])
        return [k]
    check_mask(k, axis, shape)
    return list(np.nonzero(mask_value(k, entries)))


def check_mask(mask: Any, axis: int, shape: tuple[int, ...]) -> None:
    for d, n in enumerate(typeof(mask).shape):
        if n != shape[axis + d]:
            raise IndexingError(
                f"boolean index did not match indexed array along axis {axis + d}; size of axis is "
                f"{shape[axis + d]} but size of corresponding boolean axis is {n}{here()}"
            )


def mask_value(mask: Any, entries: list[tuple[str, Any]]) -> Any:
    if type(mask) is not Tracer:
        return mask
    try:
        return value_of(mask)
    except AbstractValue:
        raise AbstractMask(mask, entries) from None
