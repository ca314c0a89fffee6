"""JAX's generators of random bits without keys of `random`: `rng_uniform`, `rng_bit_generator`."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad import random
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import operand
from funcgrad.ops.basic import convert


class RandomAlgorithm(enum.IntEnum):
    """The generators of `rng_bit_generator`.

    >>> import funcgrad as fg
    >>> fg.lax.RandomAlgorithm.RNG_PHILOX.name
    'RNG_PHILOX'
    """

    RNG_DEFAULT = 0
    RNG_THREE_FRY = 1
    RNG_PHILOX = 2


def rng_bit_generator(
    key: Any,
    shape: Sequence[int],
    dtype: Any = np.uint32,
    algorithm: RandomAlgorithm | int = RandomAlgorithm.RNG_DEFAULT,
) -> tuple[Any, Any]:
    """Random bits from a state, and the state that follows.

    The bits are those of `random.bits`, not those of JAX, which differ between its backends.

    Args:
        key: the state, an array of four uint32 or of two uint64.
        shape: that of the bits.
        dtype: that of the bits: an unsigned integer dtype.
        algorithm: threefry2x32 by default, or philox.

    Returns:
        `(new_key, bits)`.

    >>> import numpy as np, funcgrad as fg
    >>> key, bits = fg.lax.rng_bit_generator(np.arange(4, dtype=np.uint32), (3,), np.uint8)
    >>> key.shape, bits.shape
    ((4,), (3,))
    """
    state = operand(key)
    aval = typeof(state)
    if (aval.shape, aval.dtype.name) not in (((4,), "uint32"), ((2,), "uint64")):
        raise ArgumentError(
            f"rng_bit_generator takes a key of four uint32 or two uint64, not {aval}{here()}"
        )
    if np.dtype(dtype).kind != "u":
        raise ArgumentError(
            f"rng_bit_generator gives unsigned integers, not {np.dtype(dtype)}{here()}"
        )
    words = state
    if aval.dtype == np.uint64:
        high = convert(np.right_shift(state, np.uint64(32)), np.uint32)
        words = np.stack([high, convert(state, np.uint32)], -1).reshape(4)
    if RandomAlgorithm(algorithm) is RandomAlgorithm.RNG_PHILOX:
        following, current = random.split(words)
    else:  # the first half of the state is a key of threefry, the second is mixed into it
        mixed = random.fold_in(random.fold_in(words[:2], words[2]), words[3])
        first, second, current = random.split(mixed, 3)
        following = np.concatenate([first, second])
    if aval.dtype == np.uint64:
        pairs = convert(following, np.uint64).reshape(2, 2)
        following = np.left_shift(pairs[:, 0], np.uint64(32)) + pairs[:, 1]
    return following, random.bits(current, tuple(shape), dtype)


def rng_uniform(a: Any, b: Any, shape: Sequence[int]) -> Any:
    """Numbers between `a` and `b` from a generator without a seed. Prefer `random.uniform`, which can be repeated.

    >>> import funcgrad as fg
    >>> fg.lax.rng_uniform(2.0, 3.0, (4,)).shape
    (4,)
    """
    low, high = operand(a), operand(b)
    dtype = np.result_type(typeof(low).dtype, typeof(high).dtype)
    key = random.key(int.from_bytes(np.random.default_rng().bytes(8)))
    if dtype.kind in "iu":
        return random.randint(key, tuple(shape), low, high, dtype)
    return random.uniform(key, tuple(shape), dtype, low, high)
