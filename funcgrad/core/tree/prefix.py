"""Prefixes: a tree whose leaves each stand for a whole subtree of another, as `in_axes` does."""

from __future__ import annotations

from typing import Any

from funcgrad.core.errors import ArgumentError
from funcgrad.core.tree.compare import list_differences, prefix_error, same_data
from funcgrad.core.tree.functions import tree_structure
from funcgrad.core.tree.kinds import TUPLE, kind_of
from funcgrad.core.tree.treedef import IsLeaf, PyTreeDef, make_treedef, tree_flatten


def tree_broadcast(prefix_tree: Any, full_tree: Any, is_leaf: IsLeaf = None) -> Any:
    """Spread a prefix over a tree: each of its leaves is repeated for the subtree it stands for.

    Args:
        prefix_tree: a tree that has the nodes of `full_tree` down to its own leaves.
        full_tree: the tree that fixes the structure of the result.
        is_leaf: asked of each node of `prefix_tree` whether to treat it as a leaf.

    Raises:
        ArgumentError: (a ValueError) if `prefix_tree` is no prefix of `full_tree`; it says where.

    >>> from funcgrad import tree
    >>> tree.broadcast((0.1, 0.2), ({"w": 1.0, "b": 2.0}, [3.0]))
    ({'b': 0.1, 'w': 0.1}, [0.2])
    """
    leaves, prefix = tree_flatten(prefix_tree, is_leaf)
    full_leaves, full = tree_flatten(full_tree)
    counts: list[int] = []
    if not _count(prefix, full, counts):
        raise prefix_error(prefix, full, ("the prefix", "the full tree"), leaves_of_b=full_leaves)
    return full.unflatten(_repeat(leaves, counts))


def flatten_axes(
    name: str, treedef: PyTreeDef, axis_tree: Any, target: str = "the value"
) -> list[Any]:
    """Spread a tree of axes over a structure, as a flat list with one axis for each leaf.

    None is an axis here ("not mapped"), and so may stand for a subtree like any other.

    Args:
        name: what the user knows the axes as, for the error: "vmap in_axes".
        treedef: the structure to spread them over.
        axis_tree: a prefix of a tree of that structure.
        target: what the user knows the structure as: "the arguments".

    Raises:
        ArgumentError: (a ValueError) if the axes are no prefix. It names the path, what is there
            on both sides, and both structures.

    >>> flatten_axes("vmap in_axes", tree_structure(({"w": 1.0, "b": 2.0}, 3.0)), (None, 0))
    [None, None, 0]
    """
    if axis_tree is None or kind_of(type(axis_tree)) is None:
        return [axis_tree] * treedef.num_leaves
    axes, prefix = tree_flatten(axis_tree, _is_none)
    counts: list[int] = []
    if _count(prefix, treedef, counts):
        return _repeat(axes, counts)
    raise _axes_error(name, treedef, axis_tree, prefix, target)


def _axes_error(
    name: str, treedef: PyTreeDef, axis_tree: Any, prefix: PyTreeDef, target: str
) -> ArgumentError:
    hint = (
        f"{name} must be nested in containers of the same types as {target}, down to any level; "
        f"a leaf (an int or None) stands for everything below its place"
    )
    wrapped = make_treedef(TUPLE, None, (prefix,))
    if treedef.kind is TUPLE and len(treedef.parts) == 1 and _count(wrapped, treedef, []):
        hint = f"there is one argument, so write it as a tuple of one: ({axis_tree!r},)"
    names = (name, target)
    return prefix_error(prefix, treedef, names, text_of_a=repr(axis_tree), hint=hint)


def _is_none(tree: Any) -> bool:
    return tree is None


def _repeat(leaves: list[Any], counts: list[int]) -> list[Any]:
    return [leaf for leaf, n in zip(leaves, counts, strict=True) for _ in range(n)]


def _count(prefix: PyTreeDef, full: PyTreeDef, counts: list[int]) -> bool:
    """Append how many leaves each leaf of the prefix stands for; False if it is no prefix."""
    if prefix.kind is None:
        counts.append(full.num_leaves)
        return True
    return (
        prefix.kind is full.kind
        and len(prefix.parts) == len(full.parts)
        and same_data(prefix.data, full.data)
        and all(_count(a, b, counts) for a, b in zip(prefix.parts, full.parts, strict=True))
    )


def describe_mismatch(
    a: Any, b: Any, names: tuple[str, str] = ("the first tree", "the second tree")
) -> str:
    """Say how the structures of two trees differ, a line for each place; "" if they do not.

    Args:
        a, b: trees or treedefs.
        names: what the user knows them as.

    >>> print(describe_mismatch({"h": (1.0, 2.0)}, {"h": 3.0}, ("init", "the result")))
      at ['h']: a tuple of length 2 in init, a leaf (float) in the result
    """
    leaves, of_b = ((), b) if isinstance(b, PyTreeDef) else tree_flatten(b)
    of_a = a if isinstance(a, PyTreeDef) else tree_structure(a)
    return list_differences(of_a, of_b, names, leaves)
