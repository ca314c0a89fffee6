"""Writing values to places of an array that are known beforehand: as a slice, if they form one."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import add_any, reshape, zeros
from funcgrad.ops.gather import gather, scatter_add
from funcgrad.ops.indexing import Index, Slice, additem, embed, getitem


def place(
    base: Any,
    total: int,
    aval: ShapedArray,
    seeds: np.ndarray[Any, Any],
    targets: np.ndarray[Any, Any],
    values: Any,
) -> Any:
    """`base` (None for zeros), of shape `(total, *aval.shape)`, with values added at their places.

    Args:
        base: an array, or None.
        total: the number of unit vectors.
        aval: the type of a variable.
        seeds: for each value, the number of its unit vector, from 1; a value of seed 0 counts for nothing.
        targets: for each value, the position in the flattened variable.
        values: of the shape of `seeds` and `targets`.
    """
    n = total * aval.size
    flat = (seeds.reshape(-1) - 1) * aval.size + targets.reshape(-1)
    values = reshape(values, flat.shape)
    used = np.flatnonzero(seeds)
    if 0 < used.size < flat.size:
        values = _taken(values, used)
    flat = flat[used]
    out = _written(None if base is None else reshape(base, (n,)), n, aval, flat, values)
    return reshape(out, (total, *aval.shape))


def _taken(values: Any, positions: np.ndarray[Any, Any]) -> Any:
    steps = _as_slice(positions)
    if steps is not None:
        return getitem(values, index=Index([steps]))
    return gather(values, positions, axes=(0,), position=0)


def _written(
    base: Any, n: int, aval: ShapedArray, places: np.ndarray[Any, Any], values: Any
) -> Any:
    """Values added to the flat `base` of length `n`."""
    if not places.size:
        return zeros(ShapedArray((n,), aval.dtype)) if base is None else base
    if places.size == n and np.array_equal(places, np.arange(n)):
        return values if base is None else add_any(base, values)
    length = _run_length(places)
    # Runs of consecutive places are rows, if they lie on the grid of their length.
    if n % length or places.size % length or not _is_rows(places, length):
        length = 1
    rows = _as_slice(places[::length] // length)
    if rows is None:
        base = zeros(ShapedArray((n,), aval.dtype)) if base is None else base
        return scatter_add(base, values, places, axes=(0,), position=0)
    if length == 1:
        shape: tuple[int, ...] = (n,)
        index, block = Index([rows]), values
    else:
        shape, index = (n // length, length), Index([rows, Slice(0, length, 1)])
        block = reshape(values, (rows.length, length))
    if base is None:
        return reshape(embed(block, shape=shape, index=index), (n,))
    return reshape(additem(reshape(base, shape), block, index=index), (n,))


def _run_length(places: np.ndarray[Any, Any]) -> int:
    """The number of consecutive places at the start."""
    breaks = np.flatnonzero(np.diff(places) != 1)
    return int(breaks[0]) + 1 if breaks.size else places.size


def _is_rows(places: np.ndarray[Any, Any], length: int) -> bool:
    rows = places.reshape(-1, length)
    return not (rows[:, 0] % length).any() and bool((rows - rows[:, :1] == np.arange(length)).all())


def _as_slice(positions: np.ndarray[Any, Any]) -> Slice | None:
    """Positions that are equally far apart, as a slice."""
    start = int(positions[0])
    if positions.size == 1:
        return Slice(start, start + 1, 1)
    step = int(positions[1]) - start
    if step == 0 or (np.diff(positions) != step).any():
        return None
    return Slice(start, int(positions[-1]) + (1 if step > 0 else -1), step)
