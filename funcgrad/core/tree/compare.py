"""What to say when two trees do not have the structure that they should."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Protocol

from funcgrad.core.errors import ArgumentError
from funcgrad.core.tree.keys import KeyPath, key_content, keystr
from funcgrad.core.tree.kinds import (
    DEFAULTDICT,
    DICT,
    LIST,
    NAMEDTUPLE,
    NONE,
    ORDEREDDICT,
    TUPLE,
    Kind,
)

_MAX_WIDTH = 300  # of a structure in a message; a model of a hundred layers is not read anyway
_MAX_DIFFERENCES = 5


class Node(Protocol):
    """What is read of a structure (a `PyTreeDef`) here."""

    kind: Kind | None
    data: Any
    num_leaves: int

    @property
    def parts(self) -> Sequence[Node]: ...


def same_data(a: Any, b: Any) -> bool:
    """Whether two nodes of one kind agree in what is not their children."""
    try:
        return a is b or bool(a == b)
    except Exception as error:
        raise ArgumentError(
            f"cannot compare the static data of two tree nodes, {a!r:.100} and {b!r:.100} "
            f"({type(error).__name__}: {error}); static data needs an `==` that gives a bool, so "
            f"arrays belong among the children (data_fields), not the aux_data (meta_fields)"
        ) from error


def keys_of(treedef: Node) -> Sequence[Any]:
    """The key of each child of a node."""
    kind, data, n = treedef.kind, treedef.data, len(treedef.parts)
    if kind is None:
        return ()
    if kind.keyed is not None:
        # Only an object of the class can name its children, and there is none here. One made of
        # placeholders will do, but the user's code may refuse those: then count the children.
        with suppress(Exception):
            stand_in = kind.unflatten(data, tuple([object() for _ in range(n)]))
            keys = [key for key, _ in kind.keyed(stand_in)]
            if len(keys) == n:
                return keys
    return kind.keys(data, n)


def leaf_paths(treedef: Node, path: KeyPath = ()) -> Iterator[KeyPath]:
    """The path of each leaf, in the order of the leaves."""
    if treedef.kind is None:
        yield path
    elif treedef.num_leaves:
        for key, part in zip(keys_of(treedef), treedef.parts, strict=True):
            yield from leaf_paths(part, (*path, key))


def differences(
    a: Node, b: Node, *, prefix: bool = False, path: KeyPath = (), leaf: int = 0
) -> Iterator[tuple[KeyPath, Node, Node, int]]:
    """Find the topmost nodes in which two trees differ.

    Args:
        a, b: the structures.
        prefix: whether a leaf of `a` may stand for any subtree of `b`.
        path, leaf: where in the whole of `b` the root of `b` is: its path and its first leaf.

    Yields:
        `(path, part of a, part of b, index in b of the part's first leaf)`.
    """
    if a.kind is None and (prefix or b.kind is None):
        return
    if a.kind is not b.kind or len(a.parts) != len(b.parts) or not same_data(a.data, b.data):
        yield path, a, b, leaf
        return
    for key, x, y in zip(keys_of(a), a.parts, b.parts, strict=True):
        yield from differences(x, y, prefix=prefix, path=(*path, key), leaf=leaf)
        leaf += y.num_leaves


def describe(node: Node, leaf: Any = None) -> str:
    """Say in words what a tree has at its root. `leaf` is its first leaf, if that is known."""
    kind, data, n = node.kind, node.data, len(node.parts)
    if kind is None:
        return "a leaf" if leaf is None else f"a leaf ({type(leaf).__name__})"
    if kind is NONE:
        return "None"
    if kind is TUPLE or kind is LIST:
        return f"a {kind.type.__name__} of length {n}"
    if kind is NAMEDTUPLE:
        return f"the named tuple {data.__name__}({', '.join(data._fields)})"
    if kind in (DICT, ORDEREDDICT, DEFAULTDICT):
        name = kind.type.__name__
        article = "an" if kind is ORDEREDDICT else "a"
        return f"{article} {name} with {_keys_in_words(keys_of(node))}"
    return f"the node {cut(kind.head(data))}"


def reason(a: Node, b: Node, names: tuple[str, str]) -> str:
    """Say why two nodes do not agree, where their descriptions alone do not show it."""
    if a.kind is b.kind and a.kind in (DICT, DEFAULTDICT):
        of_a, of_b = keys_of(a), keys_of(b)
        only = [
            f"{_keys_in_words(extra)} only in {name}"
            for name, extra in (
                (names[0], [key for key in of_a if key not in of_b]),
                (names[1], [key for key in of_b if key not in of_a]),
            )
            if extra
        ]
        if only:
            return "; ".join(only)
        return f"their factories are {a.data[0]!r} and {b.data[0]!r}"
    if a.kind is b.kind and a.kind is ORDEREDDICT and set(keys_of(a)) == set(keys_of(b)):
        return "their keys are in different order"
    if {a.kind, b.kind} == {LIST, TUPLE}:
        return "lists and tuples are different nodes"
    if describe(a) != describe(b):
        return ""
    if len(a.parts) != len(b.parts):
        return f"the first has {len(a.parts)} children, the second {len(b.parts)}"
    return "they print alike, but the classes or the static data are not equal"


def differences_in_words(
    a: Node,
    b: Node,
    names: tuple[str, str],
    *,
    prefix: bool = False,
    leaves_of_b: Sequence[Any] = (),
) -> Iterator[str]:
    """Say for each difference where it is, what the two trees have there, and why that matters."""
    for path, x, y, leaf in differences(a, b, prefix=prefix):
        found = leaves_of_b[leaf] if y.kind is None and leaves_of_b else None
        text = (
            f"at {keystr(path) or 'the root'}: "
            f"{describe(x)} in {names[0]}, {describe(y, found)} in {names[1]}"
        )
        why = reason(x, y, names)
        yield f"{text} ({why})" if why else text


def list_differences(
    a: Node, b: Node, names: tuple[str, str], leaves_of_b: Sequence[Any] = ()
) -> str:
    """One line for each difference, at most a handful, and "" when there is none."""
    lines = list(differences_in_words(a, b, names, leaves_of_b=leaves_of_b))
    if len(lines) > _MAX_DIFFERENCES:
        rest = len(lines) - _MAX_DIFFERENCES
        lines[_MAX_DIFFERENCES:] = [f"and {rest} more difference{'s' if rest > 1 else ''}"]
    return "\n".join(["  " + line for line in lines])


def prefix_error(
    a: Node,
    b: Node,
    names: tuple[str, str],
    *,
    text_of_a: str = "",
    leaves_of_b: Sequence[Any] = (),
    hint: str = "",
) -> ArgumentError:
    """The error for a tree `a` that is no prefix of `b`: where, why, and both structures."""
    what = next(differences_in_words(a, b, names, prefix=True, leaves_of_b=leaves_of_b))
    width = max(map(len, names)) + 1
    lines = [
        f"{names[0]} does not match {names[1]} {what}",
        f"  {names[0] + ':':{width}} {cut(text_of_a or structure_text(a))}",
        f"  {names[1] + ':':{width}} {cut(structure_text(b))}",
    ]
    return ArgumentError("\n".join([*lines, hint] if hint else lines))


def structure_text(treedef: Node) -> str:
    """A structure in JAX's notation: `*` is a leaf, custom nodes show their static data."""
    kind = treedef.kind
    if kind is None:
        return "*"
    if kind is NONE:
        return "None"
    parts = list(map(structure_text, treedef.parts))  # a comprehension would halve the depth
    if kind is DICT:
        pairs = zip(treedef.data, parts, strict=True)
        return "{" + ", ".join([f"{key!r}: {part}" for key, part in pairs]) + "}"
    inside = ", ".join(parts)
    if kind is TUPLE:
        return f"({inside},)" if len(parts) == 1 else f"({inside})"
    if kind is LIST:
        return f"[{inside}]"
    return f"CustomNode({kind.head(treedef.data)}, [{inside}])"


def cut(text: str) -> str:
    return text if len(text) <= _MAX_WIDTH else text[:_MAX_WIDTH] + " ..."


def _keys_in_words(keys: Sequence[Any]) -> str:
    if not keys:
        return "no keys"
    words = ", ".join([repr(key_content(key)) for key in keys])
    return cut(f"key {words}" if len(keys) == 1 else f"keys {words}")
