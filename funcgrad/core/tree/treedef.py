"""Flattening: a tree is a list of leaves and a `PyTreeDef` that says how they hang together.

Flatten and unflatten are part of every call of a transformed function, so they are made for speed.
Structures that can be told apart exactly by a cheap key are shared: flattening the same kind of
tree twice gives the same object, and comparing it or looking it up in a dict ends at `is`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from types import NoneType
from typing import Any, NoReturn

from funcgrad.core.errors import ArgumentError
from funcgrad.core.tree.compare import prefix_error, same_data, structure_text
from funcgrad.core.tree.kinds import (
    DICT,
    LIST,
    NAMEDTUPLE,
    NONE,
    TUPLE,
    Kind,
    kind_of,
    sorted_keys,
)

IsLeaf = Callable[[Any], bool] | None


class PyTreeDef:
    """The structure of a tree: everything but its leaves.

    Immutable, hashable and picklable. Printed as in JAX, with `*` for a leaf.

    Attributes:
        num_leaves: how many leaves a tree of this structure has.
        num_nodes: how many nodes, leaves and the root included.

    >>> from funcgrad import tree
    >>> treedef = tree.structure({"w": [1.0, 2.0], "b": None})
    >>> treedef
    PyTreeDef({'b': None, 'w': [*, *]})
    >>> treedef.num_leaves, treedef.num_nodes
    (2, 5)
    >>> treedef == tree.structure({"b": None, "w": ["any", "leaves"]})
    True
    """

    __slots__ = (
        "__weakref__",
        "_hash",
        "_rebuild",
        "data",
        "kind",
        "num_leaves",
        "num_nodes",
        "parts",
    )

    def __init__(self, kind: Kind | None, data: Any, parts: tuple[PyTreeDef, ...]) -> None:
        self.kind = kind
        self.data = data
        self.parts = parts
        self.num_leaves: int = 1 if kind is None else sum([part.num_leaves for part in parts])
        self.num_nodes: int = 1 + sum([part.num_nodes for part in parts])
        self._hash: int | None = None
        self._rebuild = _rebuilder(kind, data, parts)

    def unflatten(self, leaves: Iterable[Any]) -> Any:
        """Build the tree that has this structure and the given leaves.

        Raises:
            ArgumentError: (a ValueError) if there are too many leaves or too few.

        >>> from funcgrad import tree
        >>> tree.structure({"w": [1.0, 2.0], "b": 0.0}).unflatten([10, 20, 30])
        {'b': 10, 'w': [20, 30]}
        """
        if type(leaves) is not list:
            leaves = list(leaves)
        if len(leaves) != self.num_leaves:
            few_or_many = "few" if len(leaves) < self.num_leaves else "many"
            raise ArgumentError(
                f"too {few_or_many} leaves: {self!r:.300} has {self.num_leaves}, got {len(leaves)}"
            )
        try:
            return self._rebuild(iter(leaves))
        except RecursionError as error:
            raise_too_deep(error)

    def flatten_up_to(self, tree: Any) -> list[Any]:
        """Take a tree apart as far as this structure goes; what hangs below is left whole.

        Raises:
            ArgumentError: (a ValueError) if the structure is not a prefix of that of the tree.

        >>> from funcgrad import tree
        >>> tree.structure(("x", "y")).flatten_up_to(({"a": 1.0}, [2.0, 3.0]))
        [{'a': 1.0}, [2.0, 3.0]]
        """
        return flatten_up_to(self, tree, ("the structure", "the tree"))

    def compose(self, inner: PyTreeDef) -> PyTreeDef:
        """Hang a structure in the place of every leaf of this one.

        >>> from funcgrad import tree
        >>> tree.structure([0, 0]).compose(tree.structure({"a": 0}))
        PyTreeDef([{'a': *}, {'a': *}])
        """
        if self.kind is None:
            return inner
        return make_treedef(self.kind, self.data, [part.compose(inner) for part in self.parts])

    def children(self) -> list[PyTreeDef]:
        """The structures of the children of the root.

        >>> from funcgrad import tree
        >>> tree.structure((1.0, [2.0])).children()
        [PyTreeDef(*), PyTreeDef([*])]
        """
        return list(self.parts)

    def node_data(self) -> tuple[type, Any] | None:
        """The type of the root with its static data (a dict's keys, say); None for a leaf.

        >>> from funcgrad import tree
        >>> tree.structure({"b": 1.0, "a": 2.0}).node_data()
        (<class 'dict'>, ['a', 'b'])
        """
        if self.kind is None:
            return None
        if self.kind is NAMEDTUPLE:
            return self.data, None
        return self.kind.type, list(self.data) if self.kind is DICT else self.data

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, PyTreeDef):
            return NotImplemented
        return (
            self.kind is other.kind
            and self.num_leaves == other.num_leaves
            and len(self.parts) == len(other.parts)
            and same_data(self.data, other.data)
            and self.parts == other.parts
        )

    def __hash__(self) -> int:
        if self._hash is None:
            pending = [self]  # not by recursion, which would halve the depth that Python allows
            while pending:
                node = pending[-1]
                if parts := [part for part in node.parts if part._hash is None]:
                    pending += parts
                else:
                    pending.pop()
                    node._hash = _hash_node(node)
            assert self._hash is not None
        return self._hash

    def __repr__(self) -> str:
        return f"PyTreeDef({structure_text(self)})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Kinds hold functions, which do not pickle; the type finds its kind on the other side.
        return (_restore, (*(self.node_data() or (None, None)), self.parts))

    def __copy__(self) -> PyTreeDef:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> PyTreeDef:
        return self


def _hash_node(node: PyTreeDef) -> int:
    try:
        return hash((node.kind, node.data, node.parts))
    except TypeError as error:
        raise TypeError(
            f"a structure whose static data cannot be hashed cannot be a key: {error}; "
            f"static data (aux_data, meta_fields) needs `hash`, as a tuple has and a list "
            f"does not, in {node!r:.300}"
        ) from None


def _rebuilder(
    kind: Kind | None, data: Any, parts: tuple[PyTreeDef, ...]
) -> Callable[[Iterator[Any]], Any]:
    """Make, once for each structure, the function that builds its tree from an iterator."""
    if kind is None:
        return next
    n = len(parts)
    unflatten = kind.unflatten
    if all(part is LEAF for part in parts):
        if kind is TUPLE:
            return lambda leaves: tuple(islice(leaves, n))
        if kind is LIST:
            return lambda leaves: list(islice(leaves, n))
        if kind is DICT:  # zip takes a key before a leaf, so it stops without losing one
            return lambda leaves: dict(zip(data, leaves, strict=False))
        return lambda leaves: unflatten(data, tuple(islice(leaves, n)))
    rebuilders = [part._rebuild for part in parts]

    def rebuild(leaves: Iterator[Any]) -> Any:
        children = []  # by a loop, since a comprehension would halve the depth that Python allows
        for rebuild_child in rebuilders:
            children.append(rebuild_child(leaves))  # noqa: PERF401
        return unflatten(data, tuple(children))

    return rebuild


LEAF = PyTreeDef(None, None, ())


def _restore(cls: type | None, data: Any, parts: tuple[PyTreeDef, ...]) -> PyTreeDef:
    if cls is None:
        return LEAF
    kind = kind_of(cls)
    if kind is None:
        raise ArgumentError(
            f"cannot unpickle a structure that contains {cls.__module__}.{cls.__qualname__}, which "
            f"is not registered as a tree node here; import the module that registers it first"
        )
    if kind is NAMEDTUPLE:
        data = cls
    return make_treedef(kind, tuple(data) if kind is DICT else data, parts)


# Structures that are shared, by kind, static data, types in that data, and children. Children are
# given by id, which is safe because the entry holds them: no other object has their ids meanwhile.
_shared: dict[tuple[Any, ...], PyTreeDef] = {}
# For dicts with these keys in this order: the sorted keys, and the structure if no child is a node.
_str_dicts: dict[tuple[str, ...], tuple[tuple[str, ...], PyTreeDef]] = {}
_MAX_SHARED = 4096
# Types of which equal objects cannot be told apart. (1, 1.0 and True are equal, hence the types in
# the key; 0.0 and -0.0 are equal floats.) Data of other types makes a structure that is not shared.
_EXACT_TYPES = frozenset({NoneType, bool, bytes, int, str, type})
_STR = frozenset({str})


def _exact_types(data: Any) -> Any:
    """The types that, together with equality, identify the data; False if there are none such."""
    if type(data) is not tuple:
        return type(data) in _EXACT_TYPES and type(data)
    if _STR.issuperset(map(type, data)):
        return str
    types = tuple(map(type, data))
    return _EXACT_TYPES.issuperset(types) and types


def _share(
    kind: Kind, data: Any, types: Any, n: int, parts: Sequence[PyTreeDef] | None
) -> PyTreeDef:
    """The structure of a node with n children: `parts`, or only leaves if that is None."""
    if types is False:
        return PyTreeDef(kind, data, (LEAF,) * n if parts is None else tuple(parts))
    key = (kind, data, types, n if parts is None else tuple(map(id, parts)))
    treedef = _shared.get(key)
    if treedef is None:
        if len(_shared) >= _MAX_SHARED:
            _shared.clear()
            _str_dicts.clear()  # it holds structures of the other table, which must stay the same
        treedef = PyTreeDef(kind, data, (LEAF,) * n if parts is None else tuple(parts))
        treedef = _shared.setdefault(key, treedef)
    return treedef


def _new_str_dict(keys: tuple[str, ...]) -> tuple[tuple[str, ...], PyTreeDef]:
    if len(_str_dicts) >= _MAX_SHARED:
        _str_dicts.clear()
    data = tuple(sorted(keys))
    entry = _str_dicts[keys] = data, _share(DICT, data, str, len(data), None)
    return entry


def make_treedef(kind: Kind, data: Any, parts: Sequence[PyTreeDef]) -> PyTreeDef:
    """The structure of a node with the given children; shared where possible."""
    only_leaves = all(part is LEAF for part in parts)
    return _share(kind, data, _exact_types(data), len(parts), None if only_leaves else parts)


_NONE = make_treedef(NONE, None, ())


def tree_flatten(tree: Any, is_leaf: IsLeaf = None) -> tuple[list[Any], PyTreeDef]:
    """Take a tree apart into its leaves and its structure.

    Nodes are None (which has no children), tuples, lists, dicts (in the order of their sorted
    keys), OrderedDicts, defaultdicts, named tuples and registered classes. All else is a leaf.

    Args:
        tree: any tree.
        is_leaf: asked of each node whether to treat it as a leaf.

    >>> from funcgrad import tree
    >>> tree.flatten({"b": (1.0, 2.0), "a": None})
    ([1.0, 2.0], PyTreeDef({'a': None, 'b': (*, *)}))
    >>> tree.flatten([(1.0, 2.0), None], is_leaf=lambda x: x is None)
    ([1.0, 2.0, None], PyTreeDef([(*, *), *]))
    """
    kind = kind_of(type(tree))
    if kind is None or (is_leaf is not None and is_leaf(tree)):
        return [tree], LEAF
    leaves: list[Any] = []
    try:
        treedef = _walk(tree, kind, leaves, is_leaf)
    except RecursionError as error:
        raise_too_deep(error)
    return leaves, treedef


def _walk(tree: Any, kind: Kind, leaves: list[Any], is_leaf: IsLeaf) -> PyTreeDef:
    """Append the leaves of a node to `leaves`, and return its structure."""
    children: Sequence[Any]
    types: Any
    if_only_leaves: PyTreeDef | None = None
    if kind is TUPLE or kind is LIST:
        children, data, types = tree, None, NoneType
    elif kind is DICT:
        keys = tuple(tree)
        if _STR.issuperset(map(type, keys)):
            data, if_only_leaves = _str_dicts.get(keys) or _new_str_dict(keys)
            types = str
        else:
            data = tuple(sorted_keys(tree))
            types = _exact_types(data)
        children = [tree[key] for key in data]
    elif kind is NONE:
        return _NONE
    else:
        children, data = kind.flatten(tree)
        types = _exact_types(data)
    parts: list[PyTreeDef] | None = None
    for i, child in enumerate(children):
        child_kind = kind_of(type(child))
        if child_kind is None or (is_leaf is not None and is_leaf(child)):
            leaves.append(child)
        else:
            if parts is None:
                parts = [LEAF] * len(children)
            parts[i] = _walk(child, child_kind, leaves, is_leaf)
    if parts is None and if_only_leaves is not None:
        return if_only_leaves
    return _share(kind, data, types, len(children), parts)


def flatten_up_to(treedef: PyTreeDef, tree: Any, names: tuple[str, str]) -> list[Any]:
    """Like the method, with the names of the structure and of the tree for the error."""
    if treedef is LEAF:
        return [tree]
    found: list[Any] = []
    try:
        if not _cut_up_to(treedef, tree, found):
            leaves, structure = tree_flatten(tree)
            raise prefix_error(treedef, structure, names, leaves_of_b=leaves)
    except RecursionError as error:
        raise_too_deep(error)
    return found


def _cut_up_to(treedef: PyTreeDef, tree: Any, found: list[Any]) -> bool:
    """Append the subtrees at the leaves of the structure to `found`; False if it does not fit."""
    kind, parts = treedef.kind, treedef.parts
    if kind_of(type(tree)) is not kind:
        return False
    children: Sequence[Any]
    if kind is TUPLE or kind is LIST:
        children = tree
    elif kind is DICT:
        keys = treedef.data
        if len(keys) != len(tree):
            return False
        try:
            children = [tree[key] for key in keys]
        except KeyError:
            return False
    else:
        assert kind is not None
        children, data = kind.flatten(tree)
        if not same_data(treedef.data, data):
            return False
    if len(children) != len(parts):
        return False
    for part, child in zip(parts, children, strict=True):
        if part is LEAF:
            found.append(child)
        elif not _cut_up_to(part, child, found):
            return False
    return True


def raise_too_deep(error: RecursionError) -> NoReturn:
    raise RecursionError(
        f"a tree is nested more deeply than Python's recursion limit of {sys.getrecursionlimit()} "
        f"lets it be walked; if it does not contain itself, use fewer levels of containers, or "
        f"sys.setrecursionlimit"
    ) from error
