"""The one cache: jaxprs by the structure of their trace.

Whatever is derived from a jaxpr (transforms of it, its compiled program) hangs on the jaxpr object, so
bounding this cache bounds them all. Keys hold shapes, dtypes and primitives, never arrays.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Callable, Hashable
from typing import NamedTuple

from funcgrad.core.jaxpr import Jaxpr


class CacheInfo(NamedTuple):
    """Statistics of the program cache.

    >>> CacheInfo(hits=3, misses=1, maxsize=4096, currsize=1)
    CacheInfo(hits=3, misses=1, maxsize=4096, currsize=1)
    """

    hits: int
    misses: int
    maxsize: int
    currsize: int


class _JaxprCache:
    """A bounded map that forgets what was not used for longest.

    A hit only stamps its entry, which needs no lock; eviction drops the older half at once, so that its
    cost per insertion is constant.
    """

    def __init__(self, maxsize: int) -> None:
        self.maxsize = maxsize
        self.entries: dict[Hashable, list[object]] = {}
        self.usual: dict[Hashable, list[object]] = {}  # the same entries
        self.lock = allocate_lock()
        self.clock = 0
        self.hits = 0
        self.misses = 0
        self.generation = 0

    def get(
        self, key: Hashable, make: Callable[[], Jaxpr], usual_key: Callable[[], Hashable]
    ) -> Jaxpr:
        """The jaxpr of a key; `usual_key` is one that several keys of the same program share."""
        entry = self.entries.get(key)
        self.clock += 1
        if entry is not None:
            self.hits += 1
            entry[1] = self.clock
            return entry[0]  # type: ignore[return-value]
        usual = usual_key()
        entry = self.usual.get(usual)
        if entry is not None:
            with self.lock:
                self.hits += 1
                self.entries[key] = entry
            return entry[0]  # type: ignore[return-value]
        jaxpr = make()
        with self.lock:
            entry = self.entries.setdefault(key, [jaxpr, self.clock])
            self.usual[usual] = entry
            self.misses += 1
            if len(self.entries) > self.maxsize:
                by_age = sorted(self.entries.items(), key=lambda item: item[1][1])  # type: ignore[arg-type, return-value]
                for old, _ in by_age[: self.maxsize // 2]:
                    del self.entries[old]
                self.usual.clear()
        return entry[0]  # type: ignore[return-value]

    def clear(self) -> None:
        with self.lock:
            self.entries.clear()
            self.usual.clear()
            self.hits = self.misses = 0
            self.generation += 1


_JAXPRS = _JaxprCache(maxsize=4096)


def intern_jaxpr(
    key: Hashable, make: Callable[[], Jaxpr], usual_key: Callable[[], Hashable]
) -> Jaxpr:
    """The jaxpr of a trace with this structure; the same object for the same structure.

    Args:
        key: the structure.
        make: makes the jaxpr of a structure that has not been met.
        usual_key: gives the key that traces of the same code usually have.
    """
    return _JAXPRS.get(key, make, usual_key)


def generation() -> int:
    """How often the cache was cleared: what is remembered elsewhere is then out of date, too."""
    return _JAXPRS.generation


def cache_info() -> CacheInfo:
    """How often a trace found its program, and how many programs there are.

    >>> cache_info().maxsize
    4096
    """
    return CacheInfo(_JAXPRS.hits, _JAXPRS.misses, _JAXPRS.maxsize, len(_JAXPRS.entries))


def clear_caches() -> None:
    """Forget all programs.

    >>> clear_caches()
    >>> cache_info().currsize
    0
    """
    _JAXPRS.clear()
