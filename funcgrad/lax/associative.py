"""`associative_scan`, and the cumulative operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.control.mismatch import side_by_side
from funcgrad.core.errors import ArgumentError
from funcgrad.core.leaves import flatten_arrays, shown
from funcgrad.core.source import describe_function, here
from funcgrad.core.tracing import typeof
from funcgrad.core.tree import keystr, tree_flatten_with_path
from funcgrad.ops import cumulative


def associative_scan(
    fn: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0
) -> Any:
    """All prefix combinations by an associative function, with a logarithmic number of calls on whole arrays.

    Element i of the result is `fn(... fn(fn(elem[0], elem[1]), elem[2]) ..., elem[i])`.

    Args:
        fn: an associative function of two pytrees of the structure of `elems`; it works on stacks of elements.
        elems: arrays of the same length along `axis`, or a pytree of them.
        reverse: whether to combine from the end.
        axis: the axis to go along.

    Returns:
        Arrays of the shapes of `elems`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.associative_scan(np.multiply, np.arange(1.0, 6.0))
    array([  1.,   2.,   6.,  24., 120.])
    """
    if not callable(fn):
        raise ArgumentError(f"associative_scan takes a function first, not {shown(fn)}{here()}")
    leaves, avals, tree = flatten_arrays(elems, "associative_scan", "elems")
    if not leaves:
        return elems
    if not isinstance(axis, (int, np.integer)):
        raise ArgumentError(f"associative_scan: axis is an integer, not {shown(axis)}{here()}")
    sizes = []
    for i, aval in enumerate(avals):
        if not -aval.ndim <= axis < aval.ndim:
            path = keystr(tree_flatten_with_path(elems)[0][i][0])
            raise ArgumentError(
                f"associative_scan: elems{path} of type {aval} has no axis {axis}{here()}"
            )
        sizes.append(aval.shape[axis])
    if len(set(sizes)) > 1:
        listed = ", ".join(map(str, avals))
        raise ArgumentError(
            f"associative_scan: the arrays have different lengths along axis {axis}: {listed}{here()}"
        )
    axes = [axis % a.ndim for a in avals]
    if reverse:
        leaves = [np.flip(x, d) for x, d in zip(leaves, axes, strict=True)]

    def combine(a: list[Any], b: list[Any]) -> list[Any]:
        result = fn(tree.unflatten(a), tree.unflatten(b))
        out, got, out_tree = flatten_arrays(result, "associative_scan", "the result")
        if out_tree != tree:
            raise ArgumentError(
                f"associative_scan: {describe_function(fn)} returns another structure than it takes{here()}\n"
                f"    takes:   {tree}\n    returns: {out_tree}"
            )
        given = [typeof(x) for x in a]
        if any(x.shape != y.shape for x, y in zip(given, got, strict=True)):
            raise ArgumentError(
                f"associative_scan: {describe_function(fn)} returns other shapes than it takes{here()}\n"
                + side_by_side(tree, given, tree, got, ("takes", "returns"), "elems")
                + "\n  it takes many elements at once: write it as a function of each element of the arrays"
            )
        return out

    found = _prefixes(combine, leaves, axes, sizes[0])
    if reverse:
        found = [np.flip(x, d) for x, d in zip(found, axes, strict=True)]
    return tree.unflatten(found)


def _prefixes(combine: Any, elems: list[Any], axes: list[int], n: int) -> list[Any]:
    """Combine neighbours, find the prefixes of these, which are every second one, and fill in the others.

    G. Blelloch, Prefix sums and their applications (1990), section 1.2.
    """
    if n < 2:
        return [x.copy() for x in elems]  # not the caller's memory

    def take(start: int, stop: int | None, step: int, arrays: list[Any]) -> list[Any]:
        return [
            x[(*[slice(None)] * d, slice(start, stop, step))]
            for x, d in zip(arrays, axes, strict=True)
        ]

    pairs = combine(take(0, n - 1, 2, elems), take(1, None, 2, elems))
    odd = _prefixes(combine, pairs, axes, n // 2)
    if n % 2 == 0:
        even = combine(take(0, n // 2 - 1, 1, odd), take(2, None, 2, elems)) if n > 2 else None
    else:
        even = combine(odd, take(2, None, 2, elems))
    first = take(0, 1, 1, elems)
    joined = []
    for i, d in enumerate(axes):
        evens = first[i] if even is None else np.concatenate([first[i], even[i]], axis=d)
        joined.append(_interleave(evens, odd[i], d, n))
    return joined


def _interleave(even: Any, odd: Any, axis: int, n: int) -> Any:
    half = n // 2
    head = (*[slice(None)] * axis, slice(0, half))
    both = np.stack([even[head], odd], axis=axis + 1)
    shape = typeof(both).shape
    both = both.reshape((*shape[:axis], 2 * half, *shape[axis + 2 :]))
    if n % 2:
        last = even[(*[slice(None)] * axis, slice(half, None))]
        both = np.concatenate([both, last], axis=axis)
    return both


def _cumulative(primitive: Any, operand: Any, axis: int, reverse: bool) -> Any:
    aval = typeof(operand)
    if not -aval.ndim <= axis < aval.ndim:
        raise ArgumentError(f"{primitive.name}: an array of type {aval} has no axis {axis}{here()}")
    return primitive(operand, axis=axis % aval.ndim, reverse=bool(reverse))


def cumsum(operand: Any, axis: int = 0, reverse: bool = False) -> Any:
    """Sums of the elements up to each one (from each one on, if `reverse`), in the dtype of the array.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.cumsum(np.arange(4.0), reverse=True)
    array([6., 6., 5., 3.])
    """
    return _cumulative(cumulative.cumsum, operand, axis, reverse)


def cumprod(operand: Any, axis: int = 0, reverse: bool = False) -> Any:
    """Products of the elements up to each one (from each one on, if `reverse`).

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.cumprod(np.arange(1.0, 5.0))
    array([ 1.,  2.,  6., 24.])
    """
    return _cumulative(cumulative.cumprod, operand, axis, reverse)


def cummax(operand: Any, axis: int = 0, reverse: bool = False) -> Any:
    """Maxima of the elements up to each one (from each one on, if `reverse`).

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.cummax(np.array([1.0, 3.0, 2.0]))
    array([1., 3., 3.])
    """
    return _cumulative(cumulative.cummax, operand, axis, reverse)


def cummin(operand: Any, axis: int = 0, reverse: bool = False) -> Any:
    """Minima of the elements up to each one (from each one on, if `reverse`).

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.cummin(np.array([2.0, 1.0, 3.0]))
    array([2., 1., 1.])
    """
    return _cumulative(cumulative.cummin, operand, axis, reverse)


def cumlogsumexp(operand: Any, axis: int = 0, reverse: bool = False) -> Any:
    """`log(cumsum(exp(x)))` without overflow.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.cumlogsumexp(np.zeros(2)).round(3)
    array([0.   , 0.693])
    """
    return _cumulative(cumulative.cumlogsumexp, operand, axis, reverse)
