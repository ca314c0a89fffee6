"""Operations on bits under JAX's names."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import operand
from funcgrad.ops import bitcast
from funcgrad.ops.basic import convert


def _integer(name: str, x: Any) -> Any:
    x = operand(x)
    if typeof(x).dtype.kind not in "iu":
        raise ArgumentError(f"{name} takes integers, not {typeof(x)}{here()}")
    return x


def _unsigned(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(f"uint{8 * dtype.itemsize}")


def bitcast_convert_type(operand: Any, new_dtype: Any) -> Any:
    """The bits of an array, read as another dtype. No derivative flows through it.

    Args:
        operand: the array.
        new_dtype: of the same width; or narrower, which adds an axis behind the others; or wider, which takes it.

    >>> import numpy as np, funcgrad as fg
    >>> hex(fg.lax.bitcast_convert_type(np.float32(1.0), np.uint32))
    '0x3f800000'
    """
    dtype = np.dtype(new_dtype)
    aval = typeof(operand)
    bitcast.bitcast_convert_type.abstract(aval, dtype)
    # The primitive reads an array's own memory as another dtype; writing to that would be a surprise.
    operand = operand.copy() if type(operand) is np.ndarray else convert(operand, aval.dtype)
    return bitcast.bitcast_convert_type(operand, new_dtype=dtype)


def shift_right_logical(x: Any, y: Any) -> Any:
    """`x` shifted to the right by `y` bits, with zeros from the left, for signed integers too.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.shift_right_logical(np.int8(-1), np.int8(4))
    np.int8(15)
    """
    x, y = _integer("shift_right_logical", x), _integer("shift_right_logical", y)
    dtype = np.result_type(typeof(x).dtype, typeof(y).dtype)
    unsigned = _unsigned(dtype)
    shifted = np.right_shift(convert(convert(x, dtype), unsigned), convert(y, unsigned))
    return convert(shifted, dtype)


def population_count(x: Any) -> Any:
    """How many bits of each integer are set.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.population_count(np.array([0, 7, -1], np.int16))
    array([ 0,  3, 16], dtype=int16)
    """
    x = _integer("population_count", x)
    dtype = typeof(x).dtype
    return convert(np.bitwise_count(convert(x, _unsigned(dtype))), dtype)


def clz(x: Any) -> Any:
    """How many of the highest bits of each integer are zero.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.clz(np.array([0, 1, -1], np.int16))
    array([16, 15,  0], dtype=int16)
    """
    x = _integer("clz", x)
    dtype = typeof(x).dtype
    width = 8 * dtype.itemsize
    filled = convert(x, _unsigned(dtype))
    step = 1
    while step < width:  # sets all bits below the highest one that is set
        filled = np.bitwise_or(filled, np.right_shift(filled, _unsigned(dtype).type(step)))
        step *= 2
    return convert(width - np.bitwise_count(filled).astype(np.int16), dtype)


def mulhi(x: Any, y: Any) -> Any:
    """The upper half of the bits of the product of integers, which has twice as many as they have.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.mulhi(np.int32(2**30), np.int32(8))
    np.int32(2)
    """
    x, y = _integer("mulhi", x), _integer("mulhi", y)
    dtype = np.result_type(typeof(x).dtype, typeof(y).dtype)
    x, y = convert(x, dtype), convert(y, dtype)
    width = 8 * dtype.itemsize
    if width < 64:
        wide = np.dtype(f"{'int' if dtype.kind == 'i' else 'uint'}64")
        return convert(np.right_shift(convert(x, wide) * convert(y, wide), wide.type(width)), dtype)
    return _mulhi_of_64_bits(x, y, dtype)


def _mulhi_of_64_bits(x: Any, y: Any, dtype: np.dtype[Any]) -> Any:
    """By the products of halves of the words: of x and y modulo 2**64 first, whatever their signs."""
    word, half, mask = np.uint64, np.uint64(32), np.uint64(0xFFFFFFFF)
    a, b = convert(x, word), convert(y, word)
    a_low, a_high = np.bitwise_and(a, mask), np.right_shift(a, half)
    b_low, b_high = np.bitwise_and(b, mask), np.right_shift(b, half)
    low = np.right_shift(a_low * b_low, half)
    middle = a_high * b_low + low
    carried = np.bitwise_and(middle, mask) + a_low * b_high
    high = a_high * b_high + np.right_shift(middle, half) + np.right_shift(carried, half)
    if dtype.kind == "u":
        return high
    # A negative number is 2**64 less than its word.
    zero = word(0)
    return convert(high - np.where(x < 0, b, zero) - np.where(y < 0, a, zero), dtype)
