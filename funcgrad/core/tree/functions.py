"""What one does with trees: map over them, reduce them, turn them inside out."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

from funcgrad.core.errors import ArgumentError
from funcgrad.core.tree.compare import structure_text
from funcgrad.core.tree.kinds import TUPLE, kind_of
from funcgrad.core.tree.treedef import (
    LEAF,
    IsLeaf,
    PyTreeDef,
    flatten_up_to,
    make_treedef,
    tree_flatten,
)

_MISSING: Any = object()


def tree_unflatten(treedef: PyTreeDef, leaves: Iterable[Any]) -> Any:
    """Build a tree from its structure and its leaves: the inverse of `flatten`.

    Raises:
        ArgumentError: (a ValueError) if there are too many leaves or too few.

    >>> from funcgrad import tree
    >>> leaves, treedef = tree.flatten({"w": [1.0, 2.0], "b": 0.5})
    >>> tree.unflatten(treedef, [2 * x for x in leaves])
    {'b': 1.0, 'w': [2.0, 4.0]}
    """
    return treedef.unflatten(leaves)


def tree_leaves(tree: Any, is_leaf: IsLeaf = None) -> list[Any]:
    """The leaves of a tree, in order.

    >>> from funcgrad import tree
    >>> tree.leaves({"b": [1, (2, 3)], "a": None})
    [1, 2, 3]
    """
    return tree_flatten(tree, is_leaf)[0]


def tree_structure(tree: Any, is_leaf: IsLeaf = None) -> PyTreeDef:
    """The structure of a tree: a hashable object that says how its leaves hang together.

    >>> from funcgrad import tree
    >>> tree.structure({"w": [1.0, 2.0], "b": None})
    PyTreeDef({'b': None, 'w': [*, *]})
    """
    return tree_flatten(tree, is_leaf)[1]


def tree_map(f: Callable[..., Any], tree: Any, *rest: Any, is_leaf: IsLeaf = None) -> Any:
    """Apply a function to each leaf, and give the results the structure of the tree.

    Args:
        f: takes a leaf of `tree` and, for each tree in `rest`, what that has in the same place.
        tree: the tree that fixes the structure of the result.
        *rest: trees of the same structure, or of which it is a prefix: `f` then gets subtrees.
        is_leaf: asked of each node of `tree` whether to treat it as a leaf.

    Raises:
        ArgumentError: (a ValueError) if a tree in `rest` has another structure; it says where.

    >>> from funcgrad import tree
    >>> params, grads = {"w": 2.0, "b": [1.0]}, {"w": 0.5, "b": [4.0]}
    >>> tree.map(lambda p, g: p - 0.1 * g, params, grads)
    {'b': [0.6], 'w': 1.95}
    """
    leaves, treedef = tree_flatten(tree, is_leaf)
    # Lists by comprehension: `list(map(f, ...))` would end early, and silently, where `f` lets a
    # StopIteration escape.
    if not rest:
        return treedef.unflatten([f(leaf) for leaf in leaves])
    columns = [leaves, *map_columns(treedef, rest)]
    return treedef.unflatten([f(*row) for row in zip(*columns, strict=True)])


def map_columns(treedef: PyTreeDef, rest: tuple[Any, ...]) -> list[list[Any]]:
    """What each further tree of a map has at the leaves of the first."""
    return [
        flatten_up_to(treedef, tree, ("the first tree", f"tree {number} of the map"))
        for number, tree in enumerate(rest, 2)
    ]


def tree_reduce(
    function: Callable[[Any, Any], Any],
    tree: Any,
    initializer: Any = _MISSING,
    is_leaf: IsLeaf = None,
) -> Any:
    """Combine the leaves from left to right: `function(function(leaf0, leaf1), leaf2)`.

    Args:
        function: takes the value so far and the next leaf.
        tree: the tree.
        initializer: the value to start from; without it, the first leaf.
        is_leaf: asked of each node whether to treat it as a leaf.

    >>> from funcgrad import tree
    >>> tree.reduce(lambda total, x: total + x**2, {"w": [1.0, 2.0], "b": 3.0}, 0.0)
    14.0
    """
    leaves = tree_leaves(tree, is_leaf)
    if initializer is not _MISSING:
        return functools.reduce(function, leaves, initializer)
    if not leaves:
        raise _nothing_to_reduce("initializer")
    return functools.reduce(function, leaves)


def tree_reduce_associative(
    operation: Callable[[Any, Any], Any],
    tree: Any,
    *,
    identity: Any = _MISSING,
    is_leaf: IsLeaf = None,
) -> Any:
    """Combine the leaves in pairs, then the pairs, and so on: a computation of logarithmic depth.

    Args:
        operation: takes two values; must be associative.
        tree: the tree.
        identity: the result for a tree without leaves.
        is_leaf: asked of each node whether to treat it as a leaf.

    >>> from funcgrad import tree
    >>> tree.reduce_associative(lambda a, b: f"({a}{b})", ["a", ("b", "c"), "d"])
    '((ab)(cd))'
    """

    def combine(start: int, stop: int) -> Any:
        if stop - start == 1:
            return leaves[start]
        middle = (start + stop) // 2
        return operation(combine(start, middle), combine(middle, stop))

    leaves = tree_leaves(tree, is_leaf)
    if leaves:
        return combine(0, len(leaves))
    if identity is _MISSING:
        raise _nothing_to_reduce("identity")
    return identity


def _nothing_to_reduce(name: str) -> ArgumentError:
    return ArgumentError(f"the tree to reduce has no leaves; pass {name}=... as the result for it")


def tree_all(tree: Any, *, is_leaf: IsLeaf = None) -> bool:
    """Whether all leaves are true.

    >>> from funcgrad import tree
    >>> tree.all({"a": [True, 1], "b": "text"}), tree.all([True, (False,)])
    (True, False)
    """
    return all(tree_leaves(tree, is_leaf))


def all_leaves(iterable: Iterable[Any], is_leaf: IsLeaf = None) -> bool:
    """Whether every item is a leaf.

    >>> from funcgrad import tree_util
    >>> tree_util.all_leaves([1.0, "text"]), tree_util.all_leaves([1.0, (2.0,)])
    (True, False)
    """
    return all(tree_structure(item, is_leaf) is LEAF for item in iterable)


def tree_transpose(
    outer_treedef: PyTreeDef, inner_treedef: PyTreeDef | None, pytree_to_transpose: Any
) -> Any:
    """Turn a tree of trees inside out: a list of dicts, say, into a dict of lists.

    Args:
        outer_treedef: the structure of the outer tree, which becomes the inner one.
        inner_treedef: the structure of the trees at its leaves; taken from the first if None.
        pytree_to_transpose: the tree of trees.

    Raises:
        ArgumentError: (a TypeError) if the number of leaves is not that of the two structures.

    >>> from funcgrad import tree
    >>> points = [{"x": 1, "y": 2}, {"x": 3, "y": 4}, {"x": 5, "y": 6}]
    >>> tree.transpose(tree.structure([0, 0, 0]), None, points)
    {'x': [1, 3, 5], 'y': [2, 4, 6]}
    """
    leaves, treedef = tree_flatten(pytree_to_transpose)
    if inner_treedef is None:
        names = ("outer_treedef", "the tree to transpose")
        subtrees = flatten_up_to(outer_treedef, pytree_to_transpose, names)
        if not subtrees:
            raise ArgumentError("outer_treedef has no leaves, so inner_treedef cannot be inferred")
        inner_treedef = tree_structure(subtrees[0])
    inner, outer = inner_treedef.num_leaves, outer_treedef.num_leaves
    if len(leaves) != inner * outer:
        expected = outer_treedef.compose(inner_treedef)
        raise ArgumentError(
            f"the tree to transpose has {len(leaves)} leaves, and outer_treedef and inner_treedef "
            f"call for {outer} * {inner}\n"
            f"  expected: {structure_text(expected)}\n"
            f"  found:    {structure_text(treedef)}"
        )
    columns = [leaves[i::inner] for i in range(inner)]
    return inner_treedef.unflatten([outer_treedef.unflatten(column) for column in columns])


def flatten_one_level(tree: Any) -> tuple[list[Any], Any]:
    """The children of a node, and the data that it has beside them.

    Raises:
        ArgumentError: (a ValueError) if `tree` is a leaf.

    >>> from funcgrad import tree_util
    >>> tree_util.flatten_one_level({"a": [1.0], "b": 2.0})
    ([[1.0], 2.0], ('a', 'b'))
    """
    kind = kind_of(type(tree))
    if kind is None:
        raise ArgumentError(f"a {type(tree).__name__} is a leaf and has no children: {tree!r:.80}")
    children, data = kind.flatten(tree)
    return list(children), data


def treedef_is_leaf(treedef: PyTreeDef) -> bool:
    """Whether a structure has no children: a leaf, or an empty node.

    >>> from funcgrad import tree, tree_util
    >>> (
    ...     tree_util.treedef_is_leaf(tree.structure(1.0)),
    ...     tree_util.treedef_is_leaf(tree.structure([1.0])),
    ... )
    (True, False)
    """
    return treedef.num_nodes == 1


def treedef_children(treedef: PyTreeDef) -> list[PyTreeDef]:
    """The structures of the children of the root.

    >>> from funcgrad import tree, tree_util
    >>> tree_util.treedef_children(tree.structure((1.0, [2.0])))
    [PyTreeDef(*), PyTreeDef([*])]
    """
    return treedef.children()


def treedef_tuple(treedefs: Iterable[PyTreeDef]) -> PyTreeDef:
    """The structure of a tuple of trees with the given structures.

    >>> from funcgrad import tree, tree_util
    >>> tree_util.treedef_tuple([tree.structure(1.0), tree.structure({"a": 1.0})])
    PyTreeDef((*, {'a': *}))
    """
    return make_treedef(TUPLE, None, tuple(treedefs))
