"""`np.array` while a function is traced.

NumPy lets a tracer take part in almost everything through its protocols, but `np.array([t, 1.0])` builds a plain
array from the elements, and nothing can be returned in its place. Code that is full of it (right-hand sides of
differential equations, rotation matrices) must work unmodified all the same, so for as long as any trace is open the
name `array` in NumPy's namespace stands for a function that calls NumPy's and, only where that fails because
elements are traced, stacks them. It is the same function for all other arguments, in all threads.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

_lock = threading.Lock()
_open = 0
numpy_array = np.array
_traced_array: Callable[..., Any] = np.array


def register(function: Callable[..., Any]) -> None:
    """Set what `np.array` is while a trace is open."""
    global _traced_array
    _traced_array = function


def enter() -> None:
    """A trace opens (the outermost of its thread)."""
    global _open
    with _lock:
        _open += 1
        if _open == 1:
            np.array = _traced_array  # type: ignore[assignment]


def leave() -> None:
    """A trace closes."""
    global _open
    with _lock:
        _open -= 1
        if _open == 0:
            np.array = numpy_array


def _after_fork() -> None:
    """In a child process only the traces of the thread that forked are still open."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
