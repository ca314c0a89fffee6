"""The steps of a path from the root of a tree to one of its leaves.

A path is a tuple of keys. `keystr` writes it as the Python that would reach the leaf from the root:
`[0]['w'].scale`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Key:
    """One step down a tree; equal to another step of the same class with the same content."""

    __slots__ = ()
    __match_args__: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and key_content(self) == key_content(other)

    def __hash__(self) -> int:
        return hash((type(self), key_content(self)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.__match_args__[0]}={key_content(self)!r})"


class SequenceKey(Key):
    """The step into a list or tuple.

    >>> print(SequenceKey(0))
    [0]
    """

    __slots__ = ("idx",)
    __match_args__ = ("idx",)

    def __init__(self, idx: int) -> None:
        self.idx = idx

    def __str__(self) -> str:
        return f"[{self.idx!r}]"


class DictKey(Key):
    """The step into a dict.

    >>> print(DictKey("w"))
    ['w']
    """

    __slots__ = ("key",)
    __match_args__ = ("key",)

    def __init__(self, key: Any) -> None:
        self.key = key

    def __str__(self) -> str:
        return f"[{self.key!r}]"


class GetAttrKey(Key):
    """The step to an attribute: a field of a named tuple or of a dataclass.

    >>> print(GetAttrKey("scale"))
    .scale
    """

    __slots__ = ("name",)
    __match_args__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return f".{self.name}"


class FlattenedIndexKey(Key):
    """The step to the n-th child of a custom node that was registered without keys.

    >>> print(FlattenedIndexKey(1))
    [<flat index 1>]
    """

    __slots__ = ("key",)
    __match_args__ = ("key",)

    def __init__(self, key: int) -> None:
        self.key = key

    def __str__(self) -> str:
        return f"[<flat index {self.key}>]"


# Custom nodes may use any object as a key, so a path is a tuple of anything.
KeyPath = tuple[Any, ...]


def key_content(key: Any) -> Any:
    """The index, dict key or name that a key holds; a key of the user's own stands for itself."""
    return getattr(key, key.__match_args__[0]) if isinstance(key, Key) else key


def keystr(keys: Iterable[Any], *, simple: bool = False, separator: str = "") -> str:
    """Write a path as text.

    Args:
        keys: the path, as the `_with_path` functions give it.
        simple: write the bare names and indices. Shorter, but `[0]` and `['0']` look the same.
        separator: the text between two keys.

    >>> path = (SequenceKey(0), DictKey("w"), GetAttrKey("scale"))
    >>> keystr(path)
    "[0]['w'].scale"
    >>> keystr(path, simple=True, separator="/")
    '0/w/scale'
    """
    return separator.join([str(key_content(key) if simple else key) for key in keys])
