"""Trees with the path to each leaf."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from funcgrad.core.tree.compare import leaf_paths
from funcgrad.core.tree.functions import map_columns, tree_structure
from funcgrad.core.tree.keys import KeyPath, keystr
from funcgrad.core.tree.kinds import kind_of
from funcgrad.core.tree.treedef import LEAF, PyTreeDef, make_treedef, raise_too_deep

# `is_leaf(node)`, or `is_leaf(path, node)` where the caller passes `is_leaf_takes_path=True`.
IsLeafAt = Callable[..., bool] | None


def tree_flatten_with_path(
    tree: Any, is_leaf: IsLeafAt = None, is_leaf_takes_path: bool = False
) -> tuple[list[tuple[KeyPath, Any]], PyTreeDef]:
    """Like `flatten`, with `(path, leaf)` pairs for leaves.

    Args:
        tree: any tree.
        is_leaf: asked of each node whether to treat it as a leaf.
        is_leaf_takes_path: whether to call `is_leaf(path, node)`, not `is_leaf(node)`.

    >>> from funcgrad import tree
    >>> tree.flatten_with_path({"w": [1.0]})
    ([((DictKey(key='w'), SequenceKey(idx=0)), 1.0)], PyTreeDef({'w': [*]}))
    """
    found: list[tuple[KeyPath, Any]] = []
    try:
        treedef = _walk(tree, (), found, is_leaf, is_leaf_takes_path)
    except RecursionError as error:
        raise_too_deep(error)
    return found, treedef


def _walk(
    tree: Any,
    path: KeyPath,
    found: list[tuple[KeyPath, Any]],
    is_leaf: IsLeafAt,
    takes_path: bool,
) -> PyTreeDef:
    """Append the `(path, leaf)` pairs of a tree to `found`, and return its structure."""
    kind = kind_of(type(tree))
    if kind is None or (is_leaf and (is_leaf(path, tree) if takes_path else is_leaf(tree))):
        found.append((path, tree))
        return LEAF
    children, data = kind.flatten(tree)
    keyed: Iterable[tuple[Any, Any]] = zip(kind.keys(data, len(children)), children, strict=True)
    if kind.keyed is not None:
        keyed = kind.keyed(tree)
    parts = [_walk(child, (*path, key), found, is_leaf, takes_path) for key, child in keyed]
    return make_treedef(kind, data, parts)


def tree_leaves_with_path(
    tree: Any, is_leaf: IsLeafAt = None, is_leaf_takes_path: bool = False
) -> list[tuple[KeyPath, Any]]:
    """Like `leaves`, with `(path, leaf)` pairs.

    >>> from funcgrad import tree, tree_util
    >>> for path, leaf in tree.leaves_with_path({"w": [1.0, 2.0], "b": 0.5}):
    ...     print(tree_util.keystr(path), leaf)
    ['b'] 0.5
    ['w'][0] 1.0
    ['w'][1] 2.0
    """
    return tree_flatten_with_path(tree, is_leaf, is_leaf_takes_path)[0]


def tree_map_with_path(
    f: Callable[..., Any],
    tree: Any,
    *rest: Any,
    is_leaf: IsLeafAt = None,
    is_leaf_takes_path: bool = False,
) -> Any:
    """Like `map`, with the path of the leaf as first argument of the function.

    >>> from funcgrad import tree
    >>> tree.map_with_path(lambda path, x: 0.0 if path[0].key == "b" else x, {"w": 2.0, "b": 1.0})
    {'b': 0.0, 'w': 2.0}
    """
    pairs, treedef = tree_flatten_with_path(tree, is_leaf, is_leaf_takes_path)
    columns = map_columns(treedef, rest)
    rows = zip(pairs, *columns, strict=True)
    return treedef.unflatten([f(path, leaf, *more) for (path, leaf), *more in rows])


def tree_paths(tree: Any) -> list[str]:
    """The path of each leaf as text, for messages.

    Args:
        tree: a tree or a treedef.

    >>> tree_paths({"w": [1.0, 2.0], "b": 0.5})
    ["['b']", "['w'][0]", "['w'][1]"]
    """
    treedef = tree if isinstance(tree, PyTreeDef) else tree_structure(tree)
    return [keystr(path) for path in leaf_paths(treedef)]
