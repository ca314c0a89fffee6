"""Rounding to fewer bits under JAX's name."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from funcgrad.control.custom_function import custom_jvp
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.lax.bits import bitcast_convert_type
from funcgrad.numpy.arguments import operand as array_operand

_BITS = {
    np.dtype(np.float16): np.uint16,
    np.dtype(np.float32): np.uint32,
    np.dtype(np.float64): np.uint64,
}


def reduce_precision(operand: Any, exponent_bits: int, mantissa_bits: int) -> Any:
    """The numbers as a floating format with fewer bits would hold them, to nearest, halves to even.

    What is too large becomes infinite, what is below the smallest normal number 0. Tangents and cotangents are
    rounded likewise.

    Args:
        operand: an array of real floating numbers.
        exponent_bits: the number of bits of the exponent, 1 or more.
        mantissa_bits: the number of bits of the mantissa, without the leading one that is not stored.

    Raises:
        ArgumentError: the numbers are not real and floating, or a number of bits is negative.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.reduce_precision(np.array([1.2345678, 7e4]), exponent_bits=5, mantissa_bits=10)
    array([1.234375,      inf])
    """
    x = array_operand(operand)
    dtype = typeof(x).dtype
    if dtype not in _BITS:
        raise ArgumentError(
            f"reduce_precision takes real floating numbers, not {typeof(x)}{here()}"
        )
    if exponent_bits < 1 or mantissa_bits < 0:
        raise ArgumentError(
            f"reduce_precision: exponent_bits is at least 1 and mantissa_bits at least 0, not {exponent_bits} and "
            f"{mantissa_bits}{here()}"
        )
    return _rounding(int(exponent_bits), int(mantissa_bits))(x)


@functools.lru_cache(64)
def _rounding(exponent_bits: int, mantissa_bits: int) -> Any:
    @custom_jvp
    def reduced(x: Any) -> Any:
        return _reduced(x, exponent_bits, mantissa_bits)

    # Treated as linear, although rounding is not: each mode needs its own rule.
    reduced.defjvp(lambda primals, tangents: (reduced(*primals), reduced(*tangents)))
    reduced.defvjp(lambda x: (reduced(x), None), lambda _, ct: (reduced(ct),))
    return reduced


def _reduced(x: Any, exponent_bits: int, mantissa_bits: int) -> Any:
    dtype = typeof(x).dtype
    info, unsigned = np.finfo(dtype), _BITS[dtype]
    out, dropped = x, info.nmant - mantissa_bits
    if dropped > 0:
        # Adding just below half of the last bit that is kept, or half where that bit is odd, carries into the
        # bits above exactly where the number is to be rounded up.
        bits = bitcast_convert_type(x, unsigned)
        odd = np.bitwise_and(np.right_shift(bits, unsigned(dropped)), unsigned(1))
        bits = bits + (odd + unsigned((1 << (dropped - 1)) - 1))
        bits = np.bitwise_and(
            bits, unsigned(~((1 << dropped) - 1) & (2 ** (8 * dtype.itemsize) - 1))
        )
        out = np.where(np.isfinite(x), bitcast_convert_type(bits, dtype), x)
    top = 2 ** (exponent_bits - 1) - 1
    if top < info.maxexp - 1:
        largest = dtype.type((2.0 - 2.0 ** -min(mantissa_bits, info.nmant)) * 2.0**top)
        smallest = dtype.type(2.0 ** (1 - top))
        out = np.where(np.greater(np.abs(out), largest), np.copysign(dtype.type(np.inf), x), out)
        out = np.where(np.less(np.abs(out), smallest), np.copysign(dtype.type(0), x), out)
        out = np.where(np.isnan(x), x, out)
    return out
