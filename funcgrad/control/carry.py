"""What a loop carries must keep its structure and types: tracing bodies until it does, and errors if it cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.control.bodies import Body, trace_body
from funcgrad.control.mismatch import side_by_side
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import describe_function, here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.core.tree import PyTreeDef, describe_mismatch, tree_flatten
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import convert


def carry_mismatch(
    transform: str,
    fun: Any,
    init: Any,
    init_avals: Sequence[ShapedArray],
    out: Any,
    out_avals: Sequence[ShapedArray],
) -> ArgumentError | None:
    """The error for a carry that changes its structure or its types; None if it does not."""
    _, in_tree = tree_flatten(init)
    _, out_tree = tree_flatten(out)
    where = f"{transform}: {describe_function(fun)} returns a carry"
    names = ("the carry that it takes", "the carry that it returns")
    table = side_by_side(in_tree, init_avals, out_tree, out_avals, ("takes", "returns"), "carry")
    if in_tree != out_tree:
        return ArgumentError(
            f"{where} of another structure than the one it takes{here()}\n"
            f"{describe_mismatch(in_tree, out, names)}\n{table}"
        )
    if all(same_type(a, b) for a, b in zip(init_avals, out_avals, strict=True)):
        return None
    return ArgumentError(
        f"{where} of other types than the one it takes{here()}\n"
        f"{table}\n"
        "  start with a carry of the type that the body returns, or convert in the body (x.astype(...), x.reshape(...))"
    )


def same_type(a: ShapedArray, b: ShapedArray) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype


def trace_carrying(
    fun: Callable[..., tuple[Any, Any]],
    *,
    transform: str,
    user_fun: Any,
    init: Any,
    init_leaves: Sequence[Any],
    init_avals: Sequence[ShapedArray],
    tree: PyTreeDef,
    others: Sequence[ShapedArray] = (),
) -> tuple[Body, list[Any], Any]:
    """Trace a body until its carry has the types that it takes: Python's numbers give way to arrays.

    Args:
        fun: the body, of the leaves' trees; gives the pair `(next carry, others)`.
        transform: the loop's name, for messages.
        user_fun: the user's function, for messages.
        init: the initial carry.
        init_leaves: its leaves.
        init_avals: their types.
        tree: the structure of `fun`'s arguments: the carry first.
        others: types of the leaves of further arguments.

    Returns:
        The body, whose outputs are the leaves of the carry and then of what else it gives; the initial leaves,
        converted; and the structure of what else it gives.
    """
    avals = list(init_avals)
    for _ in range(4):
        found: list[Any] = []

        def body(*args: Any, avals: Any = avals, found: Any = found) -> Any:
            carry, rest = fun(*args)
            leaves, _ = tree_flatten(carry)
            found[:] = [carry, tree_flatten(rest)[1]]
            return [_weak_converted(x, avals, i) for i, x in enumerate(leaves)], rest

        traced = trace_body(body, tree, [*avals, *others], what=transform, title=user_fun)
        carry, rest_tree = found
        n = len(tree_flatten(carry)[0])
        out_avals = list(traced.out_avals[:n])
        if tree_flatten(carry)[1] != tree_flatten(init)[1]:
            error = carry_mismatch(transform, user_fun, init, init_avals, carry, out_avals)
            assert error is not None
            raise error
        new = [_promoted(a, b) for a, b in zip(avals, out_avals, strict=True)]
        if new == avals:
            break
        avals = new
    error = carry_mismatch(transform, user_fun, init, avals, carry, out_avals)
    if error is not None:
        raise error
    leaves = [_as_type(x, a) for x, a in zip(init_leaves, avals, strict=True)]
    return traced, leaves, rest_tree


def _weak_converted(x: Any, avals: Sequence[ShapedArray], i: int) -> Any:
    """A Python number (or a traced one) in the place of an array of a higher dtype takes that dtype."""
    try:
        got = typeof(x)
    except AttributeError:
        return x
    if i >= len(avals) or not got.weak_type or got.shape != avals[i].shape:
        return x
    wanted = avals[i]
    if wanted.weak_type or got.dtype == wanted.dtype:
        return x
    return convert(x, wanted.dtype) if np.can_cast(got.dtype, wanted.dtype, "same_kind") else x


def _promoted(a: ShapedArray, b: ShapedArray) -> ShapedArray:
    """The type of a carry that starts as `a` and comes back as `b`."""
    if not a.weak_type or a.shape != b.shape or (a.dtype == b.dtype and b.weak_type):
        return a
    python = {"i": int, "f": float, "c": complex}.get(a.dtype.kind)
    promoted = b.dtype if python is None else np.result_type(python(0), b.dtype)
    return ShapedArray(b.shape, promoted, b.weak_type and promoted == b.dtype)


def _as_type(x: Any, aval: ShapedArray) -> Any:
    got = typeof(x)
    if got.dtype == aval.dtype and (aval.weak_type or not got.weak_type):
        return x
    if type(x) is Tracer:
        return convert(x, aval.dtype)
    return aval.dtype.type(x)
