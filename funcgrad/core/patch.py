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
from typing import Any

import numpy as np

_lock = allocate_lock()
_open = 0
numpy_array = np.array
numpy_asarray = np.asarray
_namespace = vars(np)
_plain: dict[str, Any] = {}
_traced: dict[str, Any] = {}


def register(**names: Any) -> None:
    """Set what names of NumPy's stand for while a trace is open."""
    with _lock:
        _plain.update({name: getattr(np, name) for name in names if name not in _plain})
        _traced.update(names)


def enter() -> None:
    """A trace opens (the outermost of its thread)."""
    global _open
    with _lock:
        _open += 1
        if _open == 1:
            _namespace.update(_traced)


def leave() -> None:
    """A trace closes."""
    global _open
    with _lock:
        _open -= 1
        if _open == 0:
            _namespace.update(_plain)


def _after_fork() -> None:
    """In a child process only the traces of the thread that forked are still open."""
    global _lock
    _lock = allocate_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
