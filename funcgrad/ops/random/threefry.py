"""The counter-based generator threefry2x32, on whole arrays of keys and counts.

J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw: Parallel random numbers: as easy as 1, 2, 3 (SC 2011). Element i
of a draw hashes the 64-bit number i, and key i of a split consists of the hash of i. Both are what JAX does by
default ("partitionable" mode), so equal keys give equal bits there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

WORD = np.dtype(np.uint32)
_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = np.uint32(0x1BD11BDA)
# Elements that are hashed at once: three arrays of them stay in the first-level cache or near it.
BLOCK = 8192
# Up to this many pairs of words are hashed faster as numbers of Python.
_FEW = 6
_MASK = 0xFFFFFFFF


def hash_pair(key_0: int, key_1: int, x_0: int, x_1: int) -> tuple[int, int]:
    """The hash of one pair of words."""
    schedule = (key_0, key_1, key_0 ^ key_1 ^ int(_PARITY))
    x_0 = (x_0 + key_0) & _MASK
    x_1 = (x_1 + key_1) & _MASK
    for i in range(5):
        for rotation in _ROTATIONS[i % 2]:
            x_0 = (x_0 + x_1) & _MASK
            x_1 = ((x_1 << rotation) & _MASK | x_1 >> (32 - rotation)) ^ x_0
        x_0 = (x_0 + schedule[(i + 1) % 3]) & _MASK
        x_1 = (x_1 + schedule[(i + 2) % 3] + i + 1) & _MASK
    return x_0, x_1


def hash_words(key_0: Any, key_1: Any, x_0: Any, x_1: Any) -> None:
    """The hash of the pairs of words (x_0, x_1) under the keys, in place; of one shape, or keys of size 1."""
    if x_0.size <= _FEW:
        keys = [np.broadcast_to(k, x_0.shape).reshape(-1).tolist() for k in (key_0, key_1)]
        words = [x.reshape(-1).tolist() for x in (x_0, x_1)]
        for i, quadruple in enumerate(zip(*keys, *words, strict=True)):
            x_0.flat[i], x_1.flat[i] = hash_pair(*quadruple)
        return
    schedule = (key_0, key_1, key_0 ^ key_1 ^ _PARITY)
    spare = np.empty_like(x_1)
    x_0 += key_0
    x_1 += key_1
    for i in range(5):
        for rotation in _ROTATIONS[i % 2]:
            x_0 += x_1
            np.left_shift(x_1, rotation, out=spare)
            x_1 >>= 32 - rotation
            x_1 |= spare
            x_1 ^= x_0
        x_0 += schedule[(i + 1) % 3]
        x_1 += schedule[(i + 2) % 3]
        x_1 += i + 1


def hashed_counts(keys: Any, size: int) -> Iterator[tuple[slice, slice, Any, Any]]:
    """The hashes of 0, 1, ..., size - 1 under each of the keys (n, 2), a block at a time.

    Yields which keys and which numbers a block has, and its words: two arrays (keys, numbers) that the
    receiver may write to.
    """
    n_keys = max(1, BLOCK // max(size, 1))
    for i in range(0, len(keys), n_keys):
        some = keys[i : i + n_keys]
        for start in range(0, size, BLOCK):
            stop = min(size, start + BLOCK)
            numbers = np.arange(start, stop, dtype=np.uint64)
            x_0 = np.empty((len(some), stop - start), WORD)
            x_1 = np.empty_like(x_0)
            x_0[...] = numbers >> 32
            x_1[...] = numbers & _MASK
            key_0, key_1 = some[:, :1], some[:, 1:2]
            if len(some) > 1:  # whole arrays, since NumPy's loops along short rows are slow
                key_0, key_1 = np.broadcast_to(key_0, x_0.shape), np.broadcast_to(key_1, x_0.shape)
                key_0, key_1 = np.ascontiguousarray(key_0), np.ascontiguousarray(key_1)
            hash_words(key_0, key_1, x_0, x_1)
            yield slice(i, i + n_keys), slice(start, stop), x_0, x_1


def split(keys: Any, size: int) -> Any:
    """`size` new keys from each of the keys (n, 2): shape (n, size, 2)."""
    out = np.empty((len(keys), size, 2), WORD)
    for rows, columns, x_0, x_1 in hashed_counts(keys, size):
        out[rows, columns, 0] = x_0
        out[rows, columns, 1] = x_1
    return out


def fold_in(keys: Any, data: Any) -> Any:
    """The keys (n, 2) with a word of data (n,) hashed into each."""
    out = np.empty((2, len(keys)), WORD)
    out[0] = 0
    out[1] = data
    hash_words(keys[:, 0].copy(), keys[:, 1].copy(), out[0], out[1])
    return out.T.copy()
