"""Registering classes as nodes of trees, and `Partial`, a node that is a function."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Iterable, Sequence
from operator import attrgetter
from typing import Any, TypeVar

from funcgrad.core.errors import ArgumentError
from funcgrad.core.tree.keys import GetAttrKey
from funcgrad.core.tree.kinds import Kind, register_kind, register_pytree_node

Cls = TypeVar("Cls", bound=type)


def register_pytree_node_class(cls: Cls) -> Cls:
    """Make a class with `tree_flatten` and `tree_unflatten` methods a node. A class decorator.

    >>> from funcgrad import tree, tree_util
    >>> @tree_util.register_pytree_node_class
    ... class Ball:
    ...     def __init__(self, position, color):
    ...         self.position, self.color = position, color
    ...
    ...     def tree_flatten(self):
    ...         return (self.position,), self.color
    ...
    ...     @classmethod
    ...     def tree_unflatten(cls, color, children):
    ...         return cls(*children, color)
    >>> tree.flatten(Ball(1.5, "red"))
    ([1.5], PyTreeDef(CustomNode(Ball[red], [*])))
    """
    register_pytree_node(cls, cls.tree_flatten, cls.tree_unflatten)  # type: ignore[attr-defined]
    return cls


def register_pytree_with_keys(
    nodetype: type,
    flatten_with_keys: Callable[[Any], tuple[Iterable[tuple[Any, Any]], Hashable]],
    unflatten_func: Callable[[Any, Any], Any],
    flatten_func: Callable[[Any], tuple[Iterable[Any], Hashable]] | None = None,
) -> None:
    """Make a class a node whose children have names, which paths and messages then show.

    Args:
        nodetype: the class; objects of its subclasses are not affected.
        flatten_with_keys: takes an object apart, into `(pairs (key, child), aux_data)`.
        unflatten_func: the inverse, `unflatten_func(aux_data, children)`.
        flatten_func: like `flatten_with_keys` without the keys, for speed.

    >>> from funcgrad import tree, tree_util
    >>> class Wave:
    ...     def __init__(self, height):
    ...         self.height = height
    >>> tree_util.register_pytree_with_keys(
    ...     Wave,
    ...     lambda wave: (((tree_util.GetAttrKey("height"), wave.height),), None),
    ...     lambda _, children: Wave(*children),
    ... )
    >>> tree.leaves_with_path(Wave(2.0))
    [((GetAttrKey(name='height'),), 2.0)]
    """

    def without_keys(tree: Any) -> tuple[list[Any], Hashable]:
        pairs, data = flatten_with_keys(tree)
        return [child for _, child in pairs], data

    register_pytree_node(nodetype, flatten_func or without_keys, unflatten_func, flatten_with_keys)


def register_pytree_with_keys_class(cls: Cls) -> Cls:
    """Make a class with `tree_flatten_with_keys` and `tree_unflatten` methods a node.

    A class decorator. A method `tree_flatten` is used, too, where keys are not needed.

    >>> from funcgrad import tree, tree_util
    >>> @tree_util.register_pytree_with_keys_class
    ... class Tide:
    ...     def __init__(self, level):
    ...         self.level = level
    ...
    ...     def tree_flatten_with_keys(self):
    ...         return ((tree_util.GetAttrKey("level"), self.level),), None
    ...
    ...     @classmethod
    ...     def tree_unflatten(cls, _, children):
    ...         return cls(*children)
    >>> [tree_util.keystr(path) for path, _ in tree.leaves_with_path([Tide(2.0)])]
    ['[0].level']
    """
    register_pytree_with_keys(
        cls,
        cls.tree_flatten_with_keys,  # type: ignore[attr-defined]
        cls.tree_unflatten,  # type: ignore[attr-defined]
        getattr(cls, "tree_flatten", None),
    )
    return cls


def register_dataclass(
    nodetype: Cls,
    data_fields: Sequence[str] | None = None,
    meta_fields: Sequence[str] | None = None,
    drop_fields: Sequence[str] = (),
) -> Cls:
    """Make a dataclass a node: its data fields are children, its meta fields are static.

    May be used as a decorator. Fields are data, save those that were declared with
    `tree.static()`, or with `dataclasses.field(metadata={"static": True})`.

    Args:
        nodetype: a dataclass, or a class whose constructor takes its fields by keyword; then both
            `data_fields` and `meta_fields` are needed.
        data_fields: names of the fields that hold trees.
        meta_fields: names of the fields that are static: hashable, and no arrays.
        drop_fields: names of the fields that are ignored, and get their defaults.

    Raises:
        ArgumentError: (a ValueError and TypeError) if the fields are not those of the class.

    >>> from dataclasses import dataclass
    >>> from funcgrad import tree, tree_util
    >>> @tree_util.register_dataclass
    ... @dataclass
    ... class Layer:
    ...     weight: float
    ...     bias: float
    ...     activation: str = tree.static(default="tanh")
    >>> tree.flatten(Layer(2.0, 0.5))
    ([2.0, 0.5], PyTreeDef(CustomNode(Layer[('tanh',)], [*, *])))
    >>> tree.map(lambda x: -x, Layer(2.0, 0.5, "relu"))
    Layer(weight=-2.0, bias=-0.5, activation='relu')
    """
    # Slow to import, and not needed by those who register nothing.
    import dataclasses

    name = getattr(nodetype, "__qualname__", repr(nodetype))
    fields = dataclasses.fields(nodetype) if dataclasses.is_dataclass(nodetype) else None
    if data_fields is None or meta_fields is None:
        if data_fields is not None or meta_fields is not None:
            raise ArgumentError(
                f"register_dataclass({name}): pass both data_fields and meta_fields, or neither; "
                f"got {data_fields=} and {meta_fields=}"
            )
        if fields is None:
            raise ArgumentError(
                f"register_dataclass({name}): {name} is not a dataclass, so its fields are not "
                f"known; pass data_fields and meta_fields, or decorate it with @dataclass first"
            )
        is_static = {
            field.name: bool(field.metadata.get("static"))
            for field in fields
            if field.name not in drop_fields
        }
        meta_fields = [field for field in is_static if is_static[field]]
        data_fields = [field for field in is_static if not is_static[field]]
    if fields is not None:
        expected = {field.name for field in fields if field.init} - set(drop_fields)
        _check_fields(name, {*data_fields, *meta_fields}, expected)
    if both := set(data_fields) & set(meta_fields):
        raise ArgumentError(
            f"register_dataclass({name}): {sorted(both)} are in data_fields and in meta_fields; "
            f"a field is either data (trees) or static"
        )
    data_names, meta_names = tuple(data_fields), tuple(meta_fields)
    names = data_names + meta_names
    get_data, get_meta = _getter(data_names), _getter(meta_names)
    register_kind(
        Kind(
            nodetype,
            lambda tree: (get_data(tree), get_meta(tree)),
            lambda meta, data: nodetype(**dict(zip(names, (*data, *meta), strict=True))),
            lambda meta, n: [GetAttrKey(name) for name in data_names],
        )
    )
    return nodetype


def _check_fields(name: str, given: set[str], expected: set[str]) -> None:
    problems = []
    if missing := sorted(expected - given):
        problems.append(f"{missing} are in neither; add them there, or to drop_fields")
    if extra := sorted(given - expected):
        problems.append(
            f"{extra} are not arguments of the constructor; if it makes them anew (init=False), "
            f"name them in drop_fields"
        )
    if problems:
        raise ArgumentError(
            f"register_dataclass({name}): data_fields and meta_fields together must be the fields "
            f"of the constructor: {'; '.join(problems)}"
        )


def _getter(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """A function that gives the attributes of an object as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda tree: tuple([getattr(tree, name) for name in names])


def static(**kwargs: Any) -> Any:
    """Declare a field of a dataclass as static: part of the structure, not a leaf.

    Args:
        **kwargs: what `dataclasses.field` takes.

    >>> from dataclasses import dataclass
    >>> from funcgrad import tree, tree_util
    >>> @tree_util.register_dataclass
    ... @dataclass
    ... class Power:
    ...     base: float
    ...     exponent: int = tree.static(default=2)
    >>> tree.leaves(Power(3.0))
    [3.0]
    """
    import dataclasses  # as above

    metadata = {**(kwargs.pop("metadata", None) or {}), "static": True}
    return dataclasses.field(metadata=metadata, **kwargs)


def register_static(cls: Cls) -> Cls:
    """Make a class a node without children: its objects are static, and compared with `==`.

    A class decorator. Objects must have `==` and `hash`.

    >>> from funcgrad import tree, tree_util
    >>> @tree_util.register_static
    ... class Mode(str):
    ...     pass
    >>> tree.leaves([Mode("train"), 1.0])
    [1.0]
    >>> tree.map(lambda x: x + 1, [Mode("train"), 1.0])
    ['train', 2.0]
    """
    register_kind(Kind(cls, lambda tree: ((), tree), lambda data, _: data))
    return cls


class _Boxed:
    """Hides that a function is a partial, for `functools.partial` merges partials of partials."""

    __slots__ = ("function",)

    def __init__(self, function: Any) -> None:
        self.function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Boxed) and bool(self.function == other.function)

    def __hash__(self) -> int:
        return hash(self.function)

    def __repr__(self) -> str:
        return repr(self.function)


class Partial(functools.partial):
    """A `functools.partial` that is a node of trees: its arguments are children.

    So a function that holds arrays can be an argument or a result of a transformed function.

    >>> import operator
    >>> from funcgrad import tree, tree_util
    >>> double = tree_util.Partial(operator.mul, 2.0)
    >>> double(21.0), tree.leaves(double)
    (42.0, [2.0])
    """

    def __new__(cls, func: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Partial:
        # Which arguments are children must not depend on how partials were nested.
        boxed = _Boxed(func) if isinstance(func, functools.partial) else func
        return super().__new__(cls, boxed, *args, **kwargs)


register_pytree_node(
    Partial,
    lambda partial: ((partial.args, partial.keywords), partial.func),
    lambda func, children: Partial(func, *children[0], **children[1]),
)
