"""Format strings with values that are known only when the program runs: what `debug.print` and `check` show."""

from __future__ import annotations

import string
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from funcgrad.control.function_key import function_key
from funcgrad.core.errors import ArgumentError
from funcgrad.core.leaves import leaf_aval
from funcgrad.core.local_array import plain
from funcgrad.core.source import here
from funcgrad.core.tree import PyTreeDef, tree_flatten

_PYTHON = (bool, int, float, complex, str)


class Message:
    """A format string and the structure of its arguments; leaves that are no arrays are part of it.

    Attributes:
        format: as for `str.format`.
        names: the keyword arguments, in the user's order.
        static: for each leaf whether it is part of the message, with its value.
    """

    __slots__ = ("_key", "format", "names", "static", "tree")

    def __init__(
        self,
        text: str,
        tree: PyTreeDef,
        static: Sequence[tuple[bool, Any]],
        names: Sequence[str],
    ) -> None:
        self.format = text
        self.tree = tree
        self.names = tuple(names)
        self.static = tuple(static)
        keys = [function_key(value)[0] if fixed else None for fixed, value in static]
        self._key: Hashable = (text, tree, tuple(keys), self.names)

    def __eq__(self, other: object) -> bool:
        return type(other) is Message and other._key == self._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return repr(self.format)

    def arguments(self, values: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Positional and keyword arguments with these arrays as leaves."""
        arrays = iter(values)
        return self.tree.unflatten([v if fixed else next(arrays) for fixed, v in self.static])

    def text(self, values: Sequence[Any]) -> str:
        args, kwargs = self.arguments(values)
        return self.format.format(*args, **kwargs)

    def unused(self) -> list[str]:
        """The keyword arguments that the format string leaves out."""
        used = _fields(self.format)
        return [name for name in self.names if name not in used]


def make_message(
    what: str, text: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *, all_used: bool
) -> tuple[Message, list[Any]]:
    """The message, and those of its leaves that are arrays.

    Raises:
        ArgumentError: the format string does not fit the arguments, or, with `all_used`, leaves some out.
    """
    if not isinstance(text, str):
        raise ArgumentError(
            f"{what} takes a format string, not {text!r:.60}{here()}"
            f"\n  write {what}('x is {{}}', x)"
            if what == "debug.print"
            else f"{what} takes a condition and a format string, not {text!r:.60}{here()}"
        )
    leaves, tree = tree_flatten((args, kwargs))
    leaves = [plain(leaf) for leaf in leaves]
    # Python's numbers stay what they are: they print as 1, not as np.int64(1).
    avals = [None if type(leaf) in _PYTHON else leaf_aval(leaf) for leaf in leaves]
    static = [
        (aval is None, leaf if aval is None else None)
        for leaf, aval in zip(leaves, avals, strict=True)
    ]
    message = Message(text, tree, static, tuple(kwargs))
    # Tried on zeros of the same types, so that a mistake shows at the user's line and not when the program runs.
    zeros = [np.broadcast_to(np.zeros((), a.dtype), a.shape)[()] for a in avals if a is not None]
    try:
        message.text(zeros)
    except Exception as error:
        raise ArgumentError(
            f"{what}: the format string {text!r} does not fit its arguments: "
            f"{type(error).__name__}: {error}{here()}"
        ) from None
    if all_used:
        _check_used(what, text, args, kwargs)
    return message, [leaf for leaf, aval in zip(leaves, avals, strict=True) if aval is not None]


def _check_used(what: str, text: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    used = _fields(text)
    numbered = {int(name) for name in used if name.isdigit()}
    automatic = sum(
        name == "" for _, name, _, _ in string.Formatter().parse(text) if name is not None
    )
    unused = [repr(name) for name in kwargs if name not in used]
    unused += [f"number {i}" for i in range(automatic, len(args)) if i not in numbered]
    if unused:
        raise ArgumentError(
            f"{what}: the format string {text!r} leaves out argument {', '.join(unused)}{here()}"
            "\n  name each in braces: '{}' or '{name}'"
        )


def _fields(text: str) -> set[str]:
    """The names in braces, without attributes and indices; fields within format specifications too."""
    names = set()
    for _, name, spec, _ in string.Formatter().parse(text):
        if name is not None:
            head = name.replace("[", ".").split(".")[0]
            names |= {head, *(_fields(spec) if spec else ())}
    return names


def shown_value(value: Any) -> str:
    """A value of a failed check or in a debugger: in full if it is small, its range otherwise."""
    array = np.asarray(value)
    if not array.shape:
        return str(array[()])
    if array.size <= 12 or array.dtype.kind not in "fiub":
        text = np.array2string(array, threshold=12, separator=", ")
        return " ".join(text.split()) if len(text) > 60 else text
    finite = array[np.isfinite(array)]
    text = f"from {finite.min():.4g} to {finite.max():.4g}" if finite.size else "nothing finite"
    return f"{text}, {array.size - finite.size} not finite" if finite.size < array.size else text
