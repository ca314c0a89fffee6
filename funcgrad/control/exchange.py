"""Operations that move values between the examples of a named axis: ppermute, all_to_all, psum_scatter and their kin.

Each is a read from the gathered examples at a place that depends on `axis_index`, so that derivatives and further
batching come from those of `all_gather`.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from funcgrad.control.collectives import (
    all_gather,
    axis_index,
    axis_size,
    bind_named,
    psum_scatter_p,
    refuse_groups,
)
from funcgrad.core import dispatch
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tree import tree_map
from funcgrad.ops.basic import move_axis


def ppermute(x: Any, axis_name: Hashable, perm: Sequence[tuple[int, int]]) -> Any:
    """Send values from example to example.

    Args:
        x: an array or pytree.
        axis_name: a named axis of `vmap`.
        perm: pairs `(source, destination)` of positions. Examples that are no destination get zeros.

    Raises:
        ArgumentError: a position is out of range, or occurs twice as a source or as a destination.

    >>> import numpy as np, funcgrad as fg
    >>> shift = fg.vmap(lambda x: fg.lax.ppermute(x, "i", [(0, 1), (1, 2)]), axis_name="i")
    >>> shift(np.array([1.0, 2.0, 3.0]))
    array([0., 1., 2.])
    """
    n = axis_size(axis_name)
    sources = np.full(n, -1)
    for source, destination in perm:
        if not (0 <= source < n and 0 <= destination < n):
            raise ArgumentError(
                f"ppermute: {(source, destination)} is not a pair of positions of the axis {axis_name!r} of length "
                f"{n}{here()}"
            )
        if source in sources or sources[destination] >= 0:
            raise ArgumentError(
                f"ppermute: in {list(perm)!r:.80} a position is twice a source or a destination{here()}"
            )
        sources[destination] = source
    # Not np.take: NumPy does not ask the indices of a plain array.
    source = dispatch.find_function(np.take)(sources, axis_index(axis_name))

    def permute(leaf: Any) -> Any:
        received = np.take(all_gather(leaf, axis_name), source, axis=0, mode="wrap")
        return np.where(source >= 0, received, np.zeros((), received.dtype))

    return tree_map(permute, x)


def pshuffle(x: Any, axis_name: Hashable, perm: Sequence[int]) -> Any:
    """Reorder the examples: example `i` gets the value of example `perm[i]`.

    Args:
        x: an array or pytree.
        axis_name: a named axis of `vmap`.
        perm: a permutation of the positions.

    Raises:
        ArgumentError: `perm` is not a permutation.

    >>> import numpy as np, funcgrad as fg
    >>> fg.vmap(lambda x: fg.lax.pshuffle(x, "i", [2, 0, 1]), axis_name="i")(np.arange(3.0))
    array([2., 0., 1.])
    """
    if sorted(perm) != list(range(axis_size(axis_name))):
        raise ArgumentError(
            f"pshuffle: {list(perm)!r:.80} is not a permutation of the axis {axis_name!r}{here()}"
        )
    return ppermute(x, axis_name, [(source, i) for i, source in enumerate(perm)])


def all_to_all(
    x: Any,
    axis_name: Hashable,
    split_axis: int,
    concat_axis: int,
    *,
    axis_index_groups: None = None,
    tiled: bool = False,
) -> Any:
    """Exchange an axis of the array with the named axis: example `i` gets the i-th part of every example.

    Args:
        x: an array or pytree.
        axis_name: a named axis of `vmap`, of length n.
        split_axis: the axis that is handed out: of length n, or of a multiple of n if `tiled`.
        concat_axis: where the parts of all examples are put together.
        axis_index_groups: None: the examples are not divided into groups.
        tiled: whether `split_axis` is kept, n times shorter, and the parts are joined along `concat_axis`; if not,
            `split_axis` goes and a new axis of length n stands at `concat_axis`.

    Raises:
        ArgumentError: `split_axis` does not have the length that it needs.

    >>> import numpy as np, funcgrad as fg
    >>> fg.vmap(lambda x: fg.lax.all_to_all(x, "i", 0, 0), axis_name="i")(
    ...     np.array([[1, 2], [3, 4]])
    ... )
    array([[1, 3],
           [2, 4]])
    """
    refuse_groups("all_to_all", axis_index_groups)
    n, place = axis_size(axis_name), axis_index(axis_name)

    def exchange(leaf: Any) -> Any:
        parts = _split(leaf, split_axis % np.ndim(leaf), n, tiled, "all_to_all", axis_name)
        mine = np.take(all_gather(parts, axis_name, axis=0), place, axis=1)
        joined = move_axis(mine, 0, concat_axis % leaf.ndim)
        if not tiled:
            return joined
        shape, axis = list(joined.shape), concat_axis % leaf.ndim
        shape[axis : axis + 2] = [n * shape[axis + 1]]
        return joined.reshape(shape)

    return tree_map(exchange, x)


def pswapaxes(x: Any, axis_name: Hashable, axis: int) -> Any:
    """Exchange an axis of the array with the named axis, which is of the same length.

    Args:
        x: an array or pytree.
        axis_name: a named axis of `vmap`.
        axis: an axis of the arrays.

    >>> import numpy as np, funcgrad as fg
    >>> fg.vmap(lambda x: fg.lax.pswapaxes(x, "i", 0), axis_name="i")(np.array([[1, 2], [3, 4]]))
    array([[1, 3],
           [2, 4]])
    """
    return all_to_all(x, axis_name, axis, axis)


def psum_scatter(
    x: Any,
    axis_name: Hashable,
    *,
    scatter_dimension: int = 0,
    axis_index_groups: None = None,
    tiled: bool = False,
) -> Any:
    """The sum over the examples, of which example `i` gets the i-th part.

    Args:
        x: an array or pytree.
        axis_name: a named axis of `vmap`, of length n.
        scatter_dimension: the axis that is handed out: of length n, or of a multiple of n if `tiled`.
        axis_index_groups: None: the examples are not divided into groups.
        tiled: whether the axis is kept, n times shorter.

    Raises:
        ArgumentError: the axis does not have the length that it needs.

    >>> import numpy as np, funcgrad as fg
    >>> fg.vmap(lambda x: fg.lax.psum_scatter(x, "i"), axis_name="i")(np.array([[1, 2], [3, 4]]))
    array([4, 6])
    """
    refuse_groups("psum_scatter", axis_index_groups)
    n = axis_size(axis_name)

    def scatter(leaf: Any) -> Any:
        axis = scatter_dimension % np.ndim(leaf)
        parts = _split(leaf, axis, n, tiled, "psum_scatter", axis_name)
        return bind_named(psum_scatter_p, parts, axis_name=axis_name, size=n)

    return tree_map(scatter, x)


def _split(leaf: Any, axis: int, n: int, tiled: bool, what: str, axis_name: Hashable) -> Any:
    """The n parts along an axis, stacked in front."""
    shape = np.shape(leaf)
    if shape[axis] % n if tiled else shape[axis] != n:
        raise ArgumentError(
            f"{what}: axis {axis} of shape {shape} is handed out over the {n} examples of {axis_name!r}, and so must "
            f"have length {n}" + (" or a multiple" if tiled else "") + here()
        )
    if not tiled:
        return move_axis(leaf, axis, 0)
    pieces = np.reshape(leaf, (*shape[:axis], n, shape[axis] // n, *shape[axis + 1 :]))
    return move_axis(pieces, axis, 0)
