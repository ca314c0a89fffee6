"""The kinds of nodes: how each container type is taken apart and put together again.

Every operation on trees starts with `kind_of(type(x))`: the `Kind` of a container, None for a leaf.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from types import NoneType
from typing import Any

from funcgrad.core.errors import ArgumentError
from funcgrad.core.tree.keys import DictKey, FlattenedIndexKey, GetAttrKey, SequenceKey

Children = Sequence[Any]
Data = Any
Flatten = Callable[[Any], tuple[Children, Data]]
Unflatten = Callable[[Data, tuple[Any, ...]], Any]


class Kind:
    """What the tree functions know about one container type.

    `data` is all of a node that is not its children: the keys of a dict, the static fields of a
    dataclass. Treedefs compare and hash it.

    Attributes:
        type: the container type.
        flatten: `node -> (children, data)`.
        unflatten: `(data, children) -> node`.
        keys: `(data, number of children) -> key of each child`.
        keyed: `node -> (key, child) pairs`, of nodes whose keys only the user's code can tell.
        head: `data -> text` that a printed treedef has in front of the children.
    """

    __slots__ = ("flatten", "head", "keyed", "keys", "type", "unflatten")

    def __init__(
        self,
        type: type,
        flatten: Flatten,
        unflatten: Unflatten,
        keys: Callable[[Data, int], Sequence[Any]] | None = None,
        keyed: Callable[[Any], Sequence[tuple[Any, Any]]] | None = None,
        head: Callable[[Data], str] | None = None,
    ) -> None:
        self.type = type
        self.flatten = flatten
        self.unflatten = unflatten
        self.keys = keys or (lambda data, n: [FlattenedIndexKey(i) for i in range(n)])
        self.keyed = keyed
        self.head = head or (lambda data: f"{type.__name__}[{data}]")

    def __repr__(self) -> str:
        return f"Kind({self.type.__qualname__})"


def sorted_keys(tree: dict[Any, Any]) -> list[Any]:
    """The keys of a dict in the order of its children, which does not depend on insertion."""
    try:
        return sorted(tree)
    except TypeError as error:
        raise ArgumentError(
            f"the keys of a dict in a tree must be sortable, for they fix the order of its leaves, "
            f"and {list(tree)!r} are not ({error}); use keys of one type, or an OrderedDict, "
            f"which keeps the order of insertion"
        ) from None


def _flatten_dict(tree: dict[Any, Any]) -> tuple[Children, Data]:
    keys = sorted_keys(tree)
    return [tree[key] for key in keys], tuple(keys)


def _flatten_defaultdict(tree: defaultdict[Any, Any]) -> tuple[Children, Data]:
    children, keys = _flatten_dict(tree)
    return children, (tree.default_factory, keys)


def _sequence_keys(data: Data, n: int) -> Sequence[Any]:
    return [SequenceKey(i) for i in range(n)]


def _dict_keys(data: Data, n: int) -> Sequence[Any]:
    return [DictKey(key) for key in data]


TUPLE = Kind(tuple, lambda x: (x, None), lambda _, children: children, _sequence_keys)
LIST = Kind(list, lambda x: (x, None), lambda _, children: list(children), _sequence_keys)
DICT = Kind(
    dict, _flatten_dict, lambda keys, children: dict(zip(keys, children, strict=True)), _dict_keys
)
NONE = Kind(NoneType, lambda x: ((), None), lambda _, children: None)
# One kind for all named tuples, with the class as its data: no record of a class need be kept.
NAMEDTUPLE = Kind(
    tuple,
    lambda x: (x, type(x)),
    lambda cls, children: cls(*children),
    lambda cls, n: [GetAttrKey(name) for name in cls._fields],
    head=lambda cls: f"namedtuple[{cls.__name__}]",
)
ORDEREDDICT = Kind(
    OrderedDict,
    lambda x: (list(x.values()), tuple(x)),
    lambda keys, children: OrderedDict(zip(keys, children, strict=True)),
    _dict_keys,
)
DEFAULTDICT = Kind(
    defaultdict,
    _flatten_defaultdict,
    lambda data, children: defaultdict(data[0], zip(data[1], children, strict=True)),
    lambda data, n: _dict_keys(data[1], n),
)

_registered: dict[type, Kind] = {
    kind.type: kind for kind in (TUPLE, LIST, DICT, NONE, ORDEREDDICT, DEFAULTDICT)
}
# Types are kept alive by the table below. Programs that make classes on the fly must not leak.
_MAX_TYPES = 4096


class _Kinds(dict[type, "Kind | None"]):
    """The kind of each type that has been met; a look-up that misses asks `_registered`."""

    def __missing__(self, cls: type) -> Kind | None:
        if len(self) >= _MAX_TYPES:
            self.clear()
        kind = self[cls] = _classify(cls)
        # Looking again replaces a lock, which a fork could leave taken: when another thread
        # registers `cls` meanwhile, its write to this table or the one below is the last.
        if cls in _registered:
            kind = self[cls] = _registered[cls]
        return kind


def _classify(cls: type) -> Kind | None:
    kind = _registered.get(cls)
    if kind is None and issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return NAMEDTUPLE
    return kind


KINDS = _Kinds()
kind_of: Callable[[type], Kind | None] = KINDS.__getitem__


def register_kind(kind: Kind) -> None:
    """Make a type a node of trees, once and for all threads."""
    cls = kind.type
    if not isinstance(cls, type):
        raise ArgumentError(f"only a class can be registered as a tree node, not {cls!r}")
    if _registered.setdefault(cls, kind) is not kind:
        raise ArgumentError(
            f"{cls.__module__}.{cls.__qualname__} is already registered as a tree node, "
            f"and a type can be registered only once; remove the second registration"
        )
    KINDS[cls] = kind


def register_pytree_node(
    nodetype: type,
    flatten_func: Callable[[Any], tuple[Iterable[Any], Hashable]],
    unflatten_func: Callable[[Any, Any], Any],
    flatten_with_keys_func: Callable[[Any], tuple[Iterable[tuple[Any, Any]], Hashable]]
    | None = None,
) -> None:
    """Make a class a node of trees, so that its objects are seen through to their leaves.

    Args:
        nodetype: the class; objects of its subclasses are not affected.
        flatten_func: takes an object apart, into a pair `(children, aux_data)`. The children are
            trees; `aux_data` is everything else, and must have `==` and `hash`.
        unflatten_func: the inverse, `unflatten_func(aux_data, children)`. It must accept children
            of any type, as trees also hold tracers, axes or None.
        flatten_with_keys_func: like `flatten_func`, with `(key, child)` pairs for children.

    Raises:
        ArgumentError: (a ValueError) if the class is registered already.

    >>> from funcgrad import tree, tree_util
    >>> class Line:
    ...     def __init__(self, slope, offset):
    ...         self.slope, self.offset = slope, offset
    >>> tree_util.register_pytree_node(
    ...     Line,
    ...     lambda line: ((line.slope, line.offset), None),
    ...     lambda _, children: Line(*children),
    ... )
    >>> tree.leaves([Line(2.0, 1.0)])
    [2.0, 1.0]
    >>> tree.map(lambda x: 10 * x, Line(2.0, 1.0)).slope
    20.0
    """

    def checked(func: Callable[[Any], Any], tree: Any) -> tuple[Sequence[Any], Data]:
        result = func(tree)
        if type(result) is not tuple or len(result) != 2:
            raise ArgumentError(
                f"the function that flattens {nodetype.__qualname__} must return a pair "
                f"(children, aux_data), and it returned {type(result).__name__}: {result!r:.100}"
            )
        children, data = result
        return children if type(children) in (tuple, list) else tuple(children), data

    if not callable(flatten_func) or not callable(unflatten_func):
        raise ArgumentError(
            f"registering {nodetype!r} takes a function that flattens it and one that is the "
            f"inverse; got {flatten_func!r} and {unflatten_func!r}"
        )
    keyed = flatten_with_keys_func
    register_kind(
        Kind(
            nodetype,
            lambda tree: checked(flatten_func, tree),
            unflatten_func,
            keyed=None if keyed is None else lambda tree: checked(keyed, tree)[0],
        )
    )
