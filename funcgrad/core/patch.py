"""Names of NumPy's while a function is traced: `np.array`, `np.r_`, `np.vectorize`, ...

NumPy lets a tracer take part in almost everything through its protocols, but `np.array([t, 1.0])` builds a plain
array from the elements, and nothing can be returned in its place. Code that is full of it (right-hand sides of
differential equations, rotation matrices) must work unmodified all the same, so for as long as any trace is open the
name `array` in NumPy's namespace stands for a function that calls NumPy's and, only where that fails because
elements are traced, stacks them; so it is with the few other names that do not dispatch. They are the same
functions for all other arguments, in all threads.
"""

from __future__ import annotations

import os
from _thread import allocate_lock
from types import ModuleType
from typing import Any

import numpy as np

_lock = allocate_lock()
_open = 0
# NumPy's own, for modules that are imported while these names stand for something else.
numpy_array = np.array
numpy_asarray = np.asarray
numpy_r, numpy_c = np.r_, np.c_
numpy_ndenumerate = np.ndenumerate
numpy_vectorize = np.vectorize


class _Names:
    """Names of a module or class: what they are, and what they stand for while a trace is open."""

    __slots__ = ("library", "owner", "plain", "traced")

    def __init__(self, owner: ModuleType | type) -> None:
        self.owner = owner
        self.plain: dict[str, Any] = {}
        self.traced: dict[str, Any] = {}
        # The namespace, if it is NumPy's or SciPy's.
        of_library = isinstance(owner, ModuleType) and owner.__name__.startswith(("numpy", "scipy"))
        self.library: dict[str, Any] | None = vars(owner) if of_library else None

    def set(self, names: dict[str, Any], others: dict[str, Any]) -> None:
        """Let names stand for these values instead of others."""
        if self.library is not None:
            self.library.update(names)
        elif isinstance(self.owner, type):
            for name, value in names.items():
                setattr(self.owner, name, value)
        else:  # the user's own, who may have given the name to something else
            known = vars(self.owner)
            known.update({k: v for k, v in names.items() if known.get(k) is others[k]})


# All that is registered, by its owner; `_lock` guards it.
_names: dict[ModuleType | type, _Names] = {}


def register(owner: ModuleType | type = np, /, **names: Any) -> None:
    """Set what names of a module of NumPy's, or of another module or class, stand for while a trace is open."""
    with _lock:
        known = _names.setdefault(owner, _Names(owner))
        for name, value in names.items():
            now = getattr(owner, name)
            if name not in known.plain or now is not known.traced[name]:
                known.plain[name] = now
            known.traced[name] = value
        if _open:
            known.set(names, known.plain)


def is_registered(owner: ModuleType | type, name: str, value: Any) -> bool:
    """Whether a name stands for this value while a trace is open."""
    known = _names.get(owner)
    return known is not None and known.traced.get(name) is value


def plain(owner: ModuleType | type, name: str) -> Any:
    """What a name of a module or class is when no trace is open; None if it has no such name."""
    known = _names.get(owner)
    if known is not None and name in known.plain:
        return known.plain[name]
    return getattr(owner, name, None)


def enter() -> None:
    """A trace opens (the outermost of its thread)."""
    global _open
    with _lock:
        _open += 1
        if _open == 1:
            for names in _names.values():
                names.set(names.traced, names.plain)


def leave() -> None:
    """A trace closes."""
    global _open
    with _lock:
        _open -= 1
        if _open == 0:
            for names in _names.values():
                names.set(names.plain, names.traced)


def _after_fork() -> None:
    """In a child process only the traces of the thread that forked are still open."""
    global _lock
    _lock = allocate_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
