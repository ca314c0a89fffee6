"""The generator philox4x64: NumPy's own, which is several times as fast as threefry where many numbers are drawn.

A key has four words of 32 bits, which NumPy's `Philox` takes as its key. New keys are made by threefry, which works on
whole arrays of keys. The bits of a key never change; what NumPy makes of them (normal, gamma, ...) may be
improved from one version of NumPy to the next (NEP 19).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.ops.random import threefry

# What is hashed for the second half of a new key: the largest number, which no draw reaches.
_LAST = np.uint32(0xFFFFFFFF)


def widened(keys: Any) -> Any:
    """Keys (..., 4) of philox from keys (..., 2) of threefry."""
    words = [np.full(keys.shape[:-1], _LAST).reshape(-1) for _ in range(2)]
    pairs = keys.reshape(-1, 2)
    threefry.hash_words(pairs[:, 0].copy(), pairs[:, 1].copy(), *words)
    second = np.stack(words, axis=-1).reshape(keys.shape)
    return np.concatenate([keys, second], axis=-1)


def split(keys: Any, size: int) -> Any:
    """`size` new keys from each of the keys (n, 4): shape (n, size, 4)."""
    halves = [threefry.split(keys[:, h : h + 2], size) for h in (0, 2)]
    return np.concatenate(halves, axis=-1)


def fold_in(keys: Any, data: Any) -> Any:
    """The keys (n, 4) with a word of data (n,) hashed into each."""
    halves = [threefry.fold_in(keys[:, h : h + 2], data) for h in (0, 2)]
    return np.concatenate(halves, axis=-1)


def generator(key: Any) -> Any:
    """NumPy's random generator for one key (4,)."""
    words = np.ascontiguousarray(key).astype(np.uint64)
    return np.random.Generator(np.random.Philox(key=words[::2] << 32 | words[1::2]))


def draw(keys: Any, size: int, dtype: Any, method: Callable[[Any, int], Any]) -> Any:
    """`method(generator, size)` for each of the keys (n, 4): shape (n, size)."""
    out = np.empty((len(keys), size), dtype)
    for row, key in zip(out, keys, strict=True):
        row[...] = method(generator(key), size)
    return out


def bits(keys: Any, size: int, bit_width: int) -> Any:
    """Unsigned integers of this width, `size` from each of the keys."""
    per_word = 64 // bit_width
    dtype = np.dtype(f"uint{bit_width}")

    def raw(gen: Any, n: int) -> Any:
        words = gen.bit_generator.random_raw(-(-n // per_word))
        return words.astype("<u8").view(dtype.newbyteorder("<"))[:n]

    return draw(keys, size, dtype, raw)
