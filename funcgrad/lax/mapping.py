"""`lax.map`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.api.vmap import vmap
from funcgrad.control.loops import leading_length, scan
from funcgrad.core.errors import ArgumentError
from funcgrad.core.leaves import flatten_arrays, shown
from funcgrad.core.source import here
from funcgrad.core.tree import tree_flatten


def map(f: Callable[[Any], Any], xs: Any, *, batch_size: int | None = None) -> Any:
    """Apply a function to each slice along the leading axis, one after the other: a loop, not a batch.

    Args:
        f: a function of slices (arrays or pytrees).
        xs: arrays of the same leading length.
        batch_size: how many slices to do at once with `vmap`, which takes more memory and less time.

    Returns:
        The results, stacked.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.map(lambda x: x**2, np.arange(3.0))
    array([0., 1., 4.])
    """
    leaves, avals, tree = flatten_arrays(xs, "map", "xs")
    n = leading_length("map", xs, avals, None)
    if batch_size is None or n == 0:
        return scan(lambda _, x: (None, f(x)), None, xs)[1]
    if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise ArgumentError(
            f"map: batch_size must be a positive integer, not {shown(batch_size)}{here()}"
        )
    batched = vmap(f)
    n_chunks, rest = divmod(n, batch_size)
    parts = []
    if n_chunks:
        chunks = [x[: n - rest].reshape((n_chunks, batch_size, *x.shape[1:])) for x in leaves]
        out = scan(lambda _, x: (None, batched(x)), None, tree.unflatten(chunks))[1]
        stacked, out_tree = tree_flatten(out)
        parts.append([y.reshape((n - rest, *y.shape[2:])) for y in stacked])
    if rest:
        last, out_tree = tree_flatten(batched(tree.unflatten([x[n - rest :] for x in leaves])))
        parts.append(last)
    return out_tree.unflatten([np.concatenate(column) for column in zip(*parts, strict=True)])
