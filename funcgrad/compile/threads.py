"""Running the blocks of a cluster, in threads if that pays.

NumPy's ufuncs release the interpreter's lock, so blocks run side by side. The partition into blocks does
not depend on the number of threads, and so neither do results. Workers are daemon threads that start at
first use and wait for work; a forked child starts its own.
"""

from __future__ import annotations

import math
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any

import numpy as np

from funcgrad.compile.runtime import ignore_errors
from funcgrad.core.config import config

# A thread should get at least this much work (in nanoseconds) to be worth waking.
_WORTHWHILE = 60_000
# Shape of a row, dtype, and whether the last axis comes first in memory.
Slot = tuple[tuple[int, ...], np.dtype[Any], bool]


def _view(memory: Any, rows: int, slot: Slot) -> Any:
    shape, dtype, planar = slot
    if planar:
        return np.moveaxis(memory.view(dtype).reshape((shape[-1], rows, *shape[:-1])), 0, -1)
    return memory.view(dtype).reshape((rows, *shape))


class _Scratch(threading.local):
    """This thread's memory for intermediate blocks, and the views of it that kernels use."""

    def __init__(self) -> None:
        self.memory = np.empty(0, np.uint8)
        self.views: dict[Any, tuple[Any, ...]] = {}

    def get(self, slots: tuple[Slot, ...], rows: int) -> tuple[Any, ...]:
        """One array of `(rows, *shape)` per slot."""
        key = (slots, rows)
        views = self.views.get(key)
        if views is None:
            sizes = [rows * math.prod(shape) * dtype.itemsize for shape, dtype, _ in slots]
            starts = [0]
            for size in sizes:
                starts.append(starts[-1] + (size + 63) // 64 * 64)
            if starts[-1] > self.memory.size or len(self.views) > 256:
                self.views = {}
                if starts[-1] > self.memory.size:
                    self.memory = np.empty(starts[-1] + 63, np.uint8)
                    self.memory = self.memory[-self.memory.ctypes.data % 64 :]
            views = tuple(
                [
                    _view(self.memory[start : start + size], rows, slot)
                    for start, size, slot in zip(starts, sizes, slots, strict=False)
                ]
            )
            self.views[key] = views
        return views


_scratch = _Scratch()


class Task:
    """A loop over blocks that several threads work on."""

    __slots__ = ("active", "args", "blocks", "closed", "error", "kernel", "lock", "rest", "slots")

    def __init__(self, kernel: Callable[..., None], slots: Any, args: Any, blocks: Any) -> None:
        self.kernel = kernel
        self.slots = slots
        self.args = args
        self.blocks = blocks
        self.lock = threading.Lock()
        self.active = 0
        self.closed = False
        self.error: BaseException | None = None
        self.rest = threading.Lock()  # held while workers are busy and the caller has to wait

    def work(self) -> None:
        """Run blocks until there are none left."""
        pop, kernel, slots, args = self.blocks.popleft, self.kernel, self.slots, self.args
        while True:
            try:
                k, i, j = pop()
            except IndexError:
                return
            kernel(k, i, j, _scratch.get(slots, j - i), *args)

    def join_in(self) -> None:
        """Work as a helper, unless the loop has ended already."""
        with self.lock:
            if self.closed:
                return
            self.active += 1
        try:
            self.work()
        except BaseException as error:
            self.error = error
            self.blocks.clear()
        with self.lock:
            self.active -= 1
            if self.closed and not self.active:
                self.rest.release()

    def finish(self) -> None:
        """Wait for the helpers that are still at work."""
        with self.lock:
            self.closed = True
            busy = self.active > 0
            if busy:
                self.rest.acquire()
        if busy:
            self.rest.acquire()
        if self.error is not None:
            raise self.error


class _Pool:
    """Threads that wait for tasks."""

    def __init__(self) -> None:
        self.tasks: SimpleQueue[Task] = SimpleQueue()
        self.lock = threading.Lock()
        self.size = 0

    def start(self, n: int) -> None:
        with self.lock:
            while self.size < n:
                self.size += 1
                name = f"funcgrad-{self.size}"
                threading.Thread(target=self._run, name=name, daemon=True).start()

    def _run(self) -> None:
        ignore_errors()  # floating-point errors give infinities and NaNs in silence
        while True:
            self.tasks.get().join_in()


_pool = _Pool()


def _renew() -> None:
    global _pool, _scratch
    _pool = _Pool()
    _scratch = _Scratch()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


def for_blocks(
    kernel: Callable[..., None],
    bounds: Sequence[tuple[int, int, int]],
    slots: tuple[Slot, ...],
    args: tuple[Any, ...],
    cost: float,
) -> None:
    """Call `kernel(k, i, j, scratch, *args)` for all blocks `(k, i, j)`: number k, rows i to j.

    Args:
        slots: shapes (of one row) and dtypes of the scratch arrays.
        cost: estimated nanoseconds of the whole loop on one thread.
    """
    n_threads = min(config.num_threads, len(bounds), int(cost / _WORTHWHILE))
    if n_threads < 2:
        get = _scratch.get
        for k, i, j in bounds:
            kernel(k, i, j, get(slots, j - i), *args)
        return
    pool = _pool
    if pool.size < n_threads - 1:
        pool.start(n_threads - 1)
    task = Task(kernel, slots, args, deque(bounds))
    for _ in range(n_threads - 1):
        pool.tasks.put(task)
    try:
        task.work()
    except BaseException:
        task.blocks.clear()
        task.finish()
        raise
    task.finish()
