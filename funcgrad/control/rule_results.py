"""What the rules of `custom_jvp` and `custom_vjp` return: outputs, tangents and cotangents, checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from funcgrad.control.rule_call import Call, RuleName
from funcgrad.control.zeros import SymbolicZero
from funcgrad.core.errors import ArgumentError
from funcgrad.core.leaves import as_output, leaf_aval, shown
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.core.tree import (
    PyTreeDef,
    describe_mismatch,
    keystr,
    tree_flatten,
    tree_flatten_with_path,
)
from funcgrad.core.types import ShapedArray, float0, is_differentiable
from funcgrad.ops.basic import convert


def pair_of(pair: Any, names: RuleName, what: str) -> tuple[Any, Any]:
    """The two things that a rule must return."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise ArgumentError(f"{names} must return a pair {what}, not {shown(pair)}")
    return pair[0], pair[1]


def output_leaves(out: Any, call: Call, names: RuleName) -> list[Any]:
    """The leaves of the output that a rule returns, which must be of the function's types."""
    leaves, tree = tree_flatten(out)
    if tree != call.out_tree:
        raise ArgumentError(
            f"{names} returns another structure than the function\n"
            + describe_mismatch(call.out_tree, out, ("the function's result", "the rule's"))
        )
    for i, aval in enumerate(call.out_avals):
        path = keystr(tree_flatten_with_path(out)[0][i][0]) if leaf_aval(leaves[i]) is None else ""
        leaves[i] = as_output(leaves[i], names.rule, path, names.what)
        got = typeof(leaves[i])
        if got.shape != aval.shape or (got.dtype != aval.dtype and not got.weak_type):
            raise ArgumentError(
                f"{names} returns an output of type {got}{_place(out, i)}, but the function returns {aval}"
            )
        if got.dtype != aval.dtype:
            leaves[i] = convert(leaves[i], aval.dtype)
    return leaves


def _place(tree: Any, i: int) -> str:
    path = keystr(tree_flatten_with_path(tree)[0][i][0])
    return f" at {path}" if path else ""


def tangent_leaves(tangent: Any, call: Call, names: RuleName) -> list[Any]:
    """A tangent, or None for zero, for each leaf of the output."""
    leaves, tree = tree_flatten(tangent)
    if tree != call.out_tree:
        raise ArgumentError(
            f"{names} returns an output and a tangent of different structures\n"
            + describe_mismatch(call.out_tree, tangent, ("the output", "its tangent"))
        )
    return [
        _checked(leaf, aval, names, f"a tangent{_place(tangent, i)}", "the output")
        for i, (leaf, aval) in enumerate(zip(leaves, call.out_avals, strict=True))
    ]


def _checked(leaf: Any, aval: ShapedArray, names: RuleName, what: str, of: str) -> Any:
    """A tangent or cotangent that a rule returns: of the right type, None if it is a symbolic zero."""
    if (
        type(leaf) is Tracer
        and leaf.aval == aval
        and not aval.weak_type
        and aval.dtype.kind in "fc"
    ):
        return leaf
    if isinstance(leaf, SymbolicZero) or leaf is None or not is_differentiable(aval.dtype):
        return None
    if type(leaf) is not Tracer and leaf_aval(leaf) is None:
        if not hasattr(leaf, "__array__"):
            raise ArgumentError(f"{names} returns {shown(leaf)} as {what}")
        leaf = np.asarray(leaf)
        if leaf.dtype == float0:
            return None
    got = typeof(leaf)
    if got.shape != aval.shape or (got.dtype != aval.dtype and not got.weak_type):
        raise ArgumentError(f"{names} returns {what} of type {got}, but {of} has type {aval}")
    return convert(leaf, aval.dtype)


def argument_cotangents(found: Any, call: Call, names: RuleName) -> list[Any]:
    """A cotangent, or None for zero, for each leaf of the arguments."""
    n_args = len(call.tree.children())
    if isinstance(found, list):
        found = tuple(found)
    if not isinstance(found, tuple) or len(found) != n_args:
        got = f"a tuple of length {len(found)}" if isinstance(found, tuple) else shown(found)
        raise ArgumentError(
            f"{names} must return a tuple with a cotangent for each of the {n_args} differentiable "
            f"argument{'' if n_args == 1 else 's'}, not {got}"
        )
    leaves, tree = tree_flatten(found)
    if tree != call.tree:
        leaves = list(_flatten_with_none(call.tree, found, call, found, names))
    return [
        _checked(leaf, aval, names, f"cotangent {i}", "the argument")
        for i, (leaf, aval) in enumerate(zip(leaves, call.avals, strict=True))
    ]


def _flatten_with_none(
    tree: PyTreeDef, value: Any, call: Call, whole: Any, names: RuleName
) -> Iterator[Any]:
    """The leaves of cotangents, where None stands for a subtree of zeros."""
    if value is None or tree.kind is None:
        yield from [value] * tree.num_leaves
        return
    children, node = tree_flatten(value, lambda x: x is not value)
    same = node.kind is tree.kind and len(node.parts) == len(tree.parts) and node.data == tree.data
    if not same:
        raise ArgumentError(
            f"{names} returns cotangents of another structure than the arguments\n"
            + describe_mismatch(call.tree, whole, ("the arguments", "the cotangents"))
        )
    for part, child in zip(tree.parts, children, strict=True):
        yield from _flatten_with_none(part, child, call, whole, names)
