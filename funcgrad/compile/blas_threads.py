"""Keeping OpenBLAS to the calling thread while a program runs.

OpenBLAS hands all but the smallest products to all of its threads, which wait for one another, and for more
work, in busy loops. On a machine that has anything else to do, among it our own threads, a factorisation of a
200x200 matrix then takes a hundred times as long as on one thread; on an idle one it is seldom faster. So a
program whose matrices are not huge runs with one thread of OpenBLAS, and large products are shared out among our
threads instead (`products`), which sleep when they wait. The number is restored when the last such program ends.
Other implementations of BLAS are left alone.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Collection
from typing import Any

import numpy as np

from funcgrad.compile.costs import work_of
from funcgrad.core.config import config
from funcgrad.core.jaxpr import Equation

# As OpenBLAS names the functions in NumPy's and SciPy's wheels, and in builds of other distributors.
_NAMES = (
    "scipy_openblas_{}_num_threads64_",
    "scipy_openblas_{}_num_threads",
    "openblas_{}_num_threads64_",
    "openblas_{}_num_threads",
)

# Multiplications from which on an operation counts as one that OpenBLAS would use threads for.
_THREADED = 1 << 17
# Side of a matrix from which on OpenBLAS's threads help its factorisations enough to be worth their dangers.
_HUGE_SIDE = 1000


def blas_use(eqn: Equation) -> str:
    """How an equation uses BLAS: "" (not worth a thought), "single" (one thread is best) or "threads"."""
    properties = eqn.primitive.properties
    if "contraction" in properties:
        return "single" if work_of(eqn) >= _THREADED else ""
    if "blas_threads" in properties:
        return "threads"
    if "blas" not in properties:
        return ""
    size = max([a.aval.size for a in eqn.invars])
    side = max([n for a in eqn.invars for n in a.aval.shape[-2:]], default=1)
    if side >= _HUGE_SIDE:
        return "threads"
    return "single" if size * side >= _THREADED else ""


def wants_one_thread(uses: Collection[str]) -> bool:
    """Whether a program whose equations use BLAS so (`blas_use`) should keep OpenBLAS to one thread."""
    return "single" in uses and "threads" not in uses


class _Library:
    """A loaded OpenBLAS: its two functions, and the number of threads outside of programs."""

    def __init__(self, get: Any, set_: Any) -> None:
        self.get = get
        self.set = set_
        self.outside = 0


def _libraries(package: Any) -> list[_Library]:
    """The copies of OpenBLAS that a package brought along, or that the system gave it."""
    import ctypes
    from glob import glob

    folder = os.path.dirname(package.__file__)
    paths = glob(f"{folder}.libs/*openblas*") + glob(f"{folder}/.dylibs/*openblas*")
    if not paths and os.path.exists("/proc/self/maps"):
        with open("/proc/self/maps") as maps:
            files = {line.split()[-1] for line in maps if "openblas" in line}
        paths = [path for path in sorted(files) if os.path.exists(path)]
    found = []
    for path in paths:
        try:
            library = ctypes.CDLL(path)
        except OSError:
            continue
        for name in _NAMES:
            get, set_ = (getattr(library, name.format(kind), None) for kind in ("get", "set"))
            if get is not None and set_ is not None:
                found.append(_Library(get, set_))
                break
    return found


class _Limit:
    """How many programs are running that keep OpenBLAS to one thread."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.running = 0
        self.libraries: dict[str, list[_Library]] = {}
        # Threads that a product may use: NumPy's OpenBLAS's number outside of programs; 0 if that is not managed.
        self.threads = 0

    def enter(self) -> None:
        with self.lock:
            self.running += 1
            if self.running == 1:
                self.reduce()

    def leave(self) -> None:
        with self.lock:
            self.running -= 1
            if self.running == 0:
                self.restore()

    def reduce(self) -> None:
        self.threads = 0
        if not config.manage_blas_threads:
            return
        known = self.libraries
        if "numpy" not in known:
            known["numpy"] = _libraries(np)
        if "scipy" not in known and "scipy.linalg" in sys.modules:
            known["scipy"] = _libraries(sys.modules["scipy"])
        for libraries in known.values():
            for library in libraries:
                library.outside = n = library.get()
                if n > 1:
                    library.set(1)
        for library in known["numpy"]:
            self.threads = library.outside

    def restore(self) -> None:
        for libraries in self.libraries.values():
            for library in libraries:
                if library.outside > 1:
                    library.set(library.outside)
                library.outside = 0


limit = _Limit()
limit_blas = limit.enter
release_blas = limit.leave


def _renew() -> None:
    """In a forked child none of the programs runs on."""
    limit.lock = threading.Lock()
    if limit.running:
        limit.running = 0
        limit.restore()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
