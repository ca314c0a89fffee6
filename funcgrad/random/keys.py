"""Keys: making them, splitting them, and the bits that they stand for."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.ops.basic import convert
from funcgrad.ops.bitwise import shift_right
from funcgrad.ops.random.primitives import (
    KEY_SIZES,
    random_bits,
    random_fold_in,
    random_split,
    random_widen,
)
from funcgrad.ops.random.threefry import WORD
from funcgrad.random.arguments import Shape, array_of, check_dtype, check_key, check_shape

_MASK = 0xFFFFFFFF
_IMPLS = {**KEY_SIZES, "threefry": 2, "philox4x64": 4}


def key(seed: Any, *, impl: str | None = None) -> Any:
    """A key from an integer.

    Args:
        seed: an integer of up to 64 bits; it may be traced.
        impl: the generator: "threefry2x32" (the default), whose numbers are those of `jax.random`, or "philox",
            NumPy's own, which is several times as fast.

    Returns:
        An array of uint32, of shape (2,) for threefry2x32 and (4,) for philox. It is what
        `jax.random.key_data` gives for JAX's key.

    >>> import funcgrad as fg
    >>> fg.random.key(42)
    array([ 0, 42], dtype=uint32)
    >>> fg.random.uniform(fg.random.key(42), (2,))
    array([0.42672757, 0.01501007])
    """
    size = _key_size(impl)
    words = _seed_words(array_of(seed))
    return random_widen(words) if size == KEY_SIZES["philox"] else words


def PRNGKey(seed: Any, *, impl: str | None = None) -> Any:
    """JAX's older name of `key`.

    >>> import funcgrad as fg
    >>> fg.random.PRNGKey(42)
    array([ 0, 42], dtype=uint32)
    """
    return key(seed, impl=impl)


def _key_size(impl: str | None) -> int:
    name = "threefry2x32" if impl is None else impl
    if name not in _IMPLS:
        names = " or ".join(map(repr, KEY_SIZES))
        raise ArgumentError(f"a key's impl is {names}, not {impl!r}{here()}")
    return _IMPLS[name]


def _seed_words(seed: Any) -> Any:
    aval = typeof(seed)
    if aval.dtype.kind not in "iu" and type(seed) is not bool:
        raise ArgumentError(f"a key is made from an integer, not from {aval}{here()}")
    if aval.shape:
        raise ArgumentError(
            f"a key is made from one integer, not from an array of shape {aval.shape}{here()}\n  "
            "use fg.vmap(fg.random.key) for several keys"
        )
    if isinstance(seed, Tracer):
        low = convert(seed, WORD)
        if aval.dtype.itemsize < 8:
            return np.stack([WORD.type(0), low])
        high = shift_right(convert(seed, np.uint64), np.uint64(32))
        return np.stack([convert(high, WORD), low])
    narrow = isinstance(seed, (np.generic, np.ndarray)) and aval.dtype.itemsize < 8
    number = int(seed)
    if not -(1 << 63) <= number < 1 << 64:
        raise ArgumentError(f"a seed has at most 64 bits, {number} has more{here()}")
    return np.array([0 if narrow else number >> 32 & _MASK, number & _MASK], WORD)


def split(key: Any, num: int | tuple[int, ...] = 2) -> Any:
    """New keys from a key, which should then not be used any more.

    Args:
        key: a single key.
        num: how many, or an array of how many in each direction.

    Returns:
        An array of keys, with the axes of a key behind those of `num`.

    >>> import funcgrad as fg
    >>> fg.random.split(fg.random.key(42))
    array([[1832780943,  270669613],
           [  64467757, 2916123636]], dtype=uint32)
    """
    return random_split(check_key("split", key), shape=check_shape("split", num))


def fold_in(key: Any, data: Any) -> Any:
    """A new key from a key and an integer, such as the number of a step.

    Args:
        key: a single key.
        data: an integer of 32 bits; it may be traced.

    >>> import funcgrad as fg
    >>> fg.random.fold_in(fg.random.key(42), 1)
    array([  64467757, 2916123636], dtype=uint32)
    """
    key = check_key("fold_in", key)
    data = array_of(data)
    aval = typeof(data)
    if aval.dtype.kind not in "iu" or aval.shape:
        raise ArgumentError(f"fold_in takes an integer, not {aval}{here()}")
    if not isinstance(data, Tracer):
        number = int(data)
        if not -(1 << 31) <= number < 1 << 32:
            raise ArgumentError(
                f"fold_in takes an integer of 32 bits, {number} has more{here()}\n  fold its halves in, one "
                "after the other"
            )
        data = WORD.type(number & _MASK)
    return random_fold_in(key, convert(data, WORD))


def key_data(keys: Any) -> Any:
    """The words of keys. Here keys are nothing else, in JAX they are behind an own dtype.

    >>> import funcgrad as fg
    >>> fg.random.key_data(fg.random.key(42))
    array([ 0, 42], dtype=uint32)
    """
    return keys


def wrap_key_data(key_bits_array: Any, *, impl: str | None = None) -> Any:
    """Keys from their words, such as those of `jax.random.key_data`.

    Args:
        key_bits_array: an array of uint32 whose last axis has the length of a key.
        impl: the generator that they are for.

    >>> import numpy as np, funcgrad as fg
    >>> fg.random.wrap_key_data(np.array([0, 42], np.uint32))
    array([ 0, 42], dtype=uint32)
    """
    words = array_of(key_bits_array)
    aval = typeof(words)
    sizes = {_key_size(impl)} if impl else set(KEY_SIZES.values())
    if aval.dtype != WORD or not aval.shape or aval.shape[-1] not in sizes:
        listed = " or ".join(map(str, sorted(sizes)))
        raise ArgumentError(
            f"the words of keys are arrays of uint32 with a last axis of length {listed}, not {aval}{here()}"
        )
    return words


def key_impl(keys: Any) -> str:
    """The name of the generator that keys are for.

    >>> import funcgrad as fg
    >>> fg.random.key_impl(fg.random.key(42, impl="philox"))
    'philox'
    """
    size = typeof(wrap_key_data(keys)).shape[-1]
    return next(name for name, n in KEY_SIZES.items() if n == size)


def clone(key: Any) -> Any:
    """The same key, to say in code that it is used again on purpose.

    >>> import funcgrad as fg
    >>> fg.random.clone(fg.random.key(42))
    array([ 0, 42], dtype=uint32)
    """
    return key


def bits(key: Any, shape: Shape = (), dtype: Any = None) -> Any:
    """Random bits, as unsigned integers.

    Args:
        key: a single key.
        shape: of the result.
        dtype: uint8, uint16, uint32 or uint64 (the default).

    >>> import funcgrad as fg
    >>> fg.random.bits(fg.random.key(42), (3,), "uint8")
    array([162, 217, 249], dtype=uint8)
    """
    key = check_key("bits", key)
    kind = check_dtype("bits", dtype, np.uint64, "u")
    return random_bits(key, shape=check_shape("bits", shape), bit_width=8 * kind.itemsize)


def split_in(key: Any, num: int) -> list[Any]:
    """Several new keys, each by itself."""
    keys = random_split(key, shape=(index(num),))
    return [keys[i] for i in range(num)]
