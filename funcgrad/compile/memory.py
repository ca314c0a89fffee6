"""Memory of large arrays, recycled.

The first write to fresh memory costs a page fault per 4 KiB, which for large arrays takes longer than the
arithmetic. Large results are views of buffers that this module keeps; a buffer serves again once no array
refers to it any more.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

import numpy as np

LARGE_BYTES = 1 << 18
_LARGEST_TOTAL = 1 << 28
# What `sys.getrefcount` says of an object that only a list refers to.
_IDLE = (lambda kept: sys.getrefcount(kept[0]))([object()])
_gil = getattr(sys, "_is_gil_enabled", lambda: True)()


class _Buffers:
    """Buffers by size; the number of references tells which of them nobody uses."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.by_size: dict[int, list[Any]] = {}
        self.total = 0

    def get(self, nbytes: int) -> Any:
        with self.lock:
            kept = self.by_size.setdefault(nbytes, [])
            for i in range(len(kept)):
                if sys.getrefcount(kept[i]) == _IDLE:
                    return kept[i]
            buffer = np.empty(nbytes, np.uint8)
            if self.total + nbytes > _LARGEST_TOTAL:
                self._drop_unused()
            if self.total + nbytes <= _LARGEST_TOTAL:
                kept.append(buffer)
                self.total += nbytes
            return buffer

    def _drop_unused(self) -> None:
        for size, kept in list(self.by_size.items()):
            used = [kept[i] for i in range(len(kept)) if sys.getrefcount(kept[i]) > _IDLE]
            self.total -= size * (len(kept) - len(used))
            if used:
                self.by_size[size] = used
            else:
                del self.by_size[size]


_buffers = _Buffers()


def _renew() -> None:
    global _buffers
    _buffers = _Buffers()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


def empty(shape: tuple[int, ...], dtype: Any) -> Any:
    """`np.empty`, in recycled memory if it is large."""
    nbytes = dtype.itemsize
    for n in shape:
        nbytes *= n
    if nbytes < LARGE_BYTES or not _gil:
        return np.empty(shape, dtype)
    return np.ndarray(shape, dtype, _buffers.get(nbytes))


def release_memory() -> None:
    """Give the memory of buffers that nobody uses back to the operating system."""
    with _buffers.lock:
        _buffers._drop_unused()
