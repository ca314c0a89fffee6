"""Uniform numbers, uniform integers, and coins."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.ops.basic import broadcast_to, convert
from funcgrad.ops.random.primitives import random_bits, random_uniform
from funcgrad.random.arguments import (
    Shape,
    array_of,
    check_dtype,
    check_key,
    check_shape,
    parameter,
)
from funcgrad.random.keys import split_in


def uniform(
    key: Any, shape: Shape = (), dtype: Any = None, minval: Any = 0.0, maxval: Any = 1.0
) -> Any:
    """Numbers that are uniformly distributed in [minval, maxval).

    Args:
        key: a single key.
        shape: of the result.
        dtype: a floating dtype; float64 by default.
        minval: bounds, which broadcast to the shape. The numbers are differentiable with respect to
            them.
        maxval: as `minval`.

    >>> import funcgrad as fg
    >>> fg.random.uniform(fg.random.key(0), (3,))
    array([0.41845711, 0.21629545, 0.96532146])
    """
    key = check_key("uniform", key)
    kind = check_dtype("uniform", dtype, float)
    bounds = [array_of(minval), array_of(maxval)]
    sizes = check_shape("uniform", shape, *bounds)
    out = random_uniform(key, shape=sizes, dtype=kind)
    if minval == 0.0 and maxval == 1.0 if all(type(b) is float for b in bounds) else False:
        return out
    low, high = [parameter("uniform", b, kind) for b in bounds]
    return np.maximum(low, out * (high - low) + low)


def randint(key: Any, shape: Shape, minval: Any, maxval: Any, dtype: Any = None) -> Any:
    """Integers that are uniformly distributed in [minval, maxval).

    Args:
        key: a single key.
        shape: of the result.
        minval: integers, which broadcast to the shape. Where maxval is not larger, the result is minval.
        maxval: see `minval`.
        dtype: an integer dtype; int64 by default.

    As in JAX, the integers are remainders of random bits, twice as many as an integer has, by the length of
    the range. Small ones are therefore more likely than large ones by a factor of at most 1 + length / 2^64.

    >>> import funcgrad as fg
    >>> fg.random.randint(fg.random.key(0), (5,), 0, 10)
    array([5, 1, 5, 7, 3])
    """
    key = check_key("randint", key)
    kind = check_dtype("randint", dtype, int, "iu")
    low, high = [_integers(array_of(b)) for b in (minval, maxval)]
    sizes = check_shape("randint", shape, low, high)
    sampled = kind
    if kind.itemsize < 4:  # in 32 bits, for an even distribution
        info, sampled = np.iinfo(kind), np.dtype(np.int32)
        low = np.clip(low, info.min, info.max)
        high = np.clip(high, info.min, info.max + 1)
    with np.errstate(all="ignore"):  # sums wrap
        return convert(_randint(key, low, high, sizes, sampled), kind)


def _integers(x: Any) -> Any:
    if type(x) is int:
        fits = -(1 << 63) <= x < 1 << 63
        return (
            np.int64(x)
            if fits
            else np.uint64(min(x, (1 << 64) - 1))
            if x > 0
            else np.int64(-(1 << 63))
        )
    return x if typeof(x).dtype.kind in "iu" and not typeof(x).weak_type else convert(x, np.int64)


def _clipped(x: Any, kind: np.dtype[Any]) -> Any:
    own, info = np.iinfo(typeof(x).dtype), np.iinfo(kind)
    bounds = max(own.min, info.min), min(own.max, info.max)
    if bounds != (own.min, own.max):
        x = np.clip(x, *bounds)
    return convert(x, kind)


def _randint(key: Any, low: Any, high: Any, sizes: tuple[int, ...], kind: np.dtype[Any]) -> Any:
    width = 8 * kind.itemsize
    unsigned = np.dtype(f"uint{width}")
    largest = np.iinfo(kind).max
    beyond = high > largest if np.iinfo(typeof(high).dtype).max > largest else False
    low, high = _clipped(low, kind), _clipped(high, kind)
    span = convert(high, unsigned) - convert(low, unsigned)
    one = unsigned.type(1)
    span = np.where(high <= low, one, span)
    if beyond is not False:
        span = np.where(np.logical_and(beyond, high > low), span + one, span)
    # The length of a range of all integers wraps to 0; then the bits are taken as they are.
    divisor = np.where(span == 0, one, span)[()]
    half = np.remainder(unsigned.type(1 << width // 2), divisor)
    factor = np.remainder(half * half, divisor)
    upper_key, lower_key = split_in(key, 2)
    lower = random_bits(lower_key, shape=sizes, bit_width=width)
    offset = np.remainder(lower, divisor)
    if isinstance(factor, Tracer) or np.any(factor):
        upper = random_bits(upper_key, shape=sizes, bit_width=width)
        offset = np.remainder(np.remainder(upper, divisor) * factor + offset, divisor)
    if isinstance(span, Tracer) or not np.all(span):
        offset = np.where(span == 0, lower, offset)
    return broadcast_to(low + convert(offset, kind), sizes)


def bernoulli(key: Any, p: Any = 0.5, shape: Shape | None = None, mode: str = "low") -> Any:
    """Booleans that are true with probability `p`.

    Args:
        key: a single key.
        p: floating-point numbers.
        shape: of the result; that of `p` by default.
        mode: "high" for twice as many random bits, which matter for probabilities near the rounding error.

    >>> import funcgrad as fg
    >>> fg.random.bernoulli(fg.random.key(0), 0.5, (4,))
    array([ True,  True, False, False])
    """
    key = check_key("bernoulli", key)
    p = array_of(p)
    kind = typeof(p).dtype
    if kind.kind != "f":
        raise ArgumentError(f"bernoulli takes probabilities, not {typeof(p)}{here()}")
    if mode not in ("low", "high"):
        raise ArgumentError(f"bernoulli's mode is 'low' or 'high', not {mode!r}{here()}")
    sizes = check_shape("bernoulli", shape, p)
    p = convert(p, kind)
    if mode == "low":
        return random_uniform(key, shape=sizes, dtype=kind) < p
    coarse, fine = random_uniform(key, shape=(2, *sizes), dtype=kind)
    return fine * 2.0 ** -np.finfo(kind).nmant < p - coarse


def rademacher(key: Any, shape: Shape = (), dtype: Any = None) -> Any:
    """1 or -1, with equal probability.

    Args:
        key: a single key.
        shape: of the result.
        dtype: int64 by default.

    >>> import funcgrad as fg
    >>> fg.random.rademacher(fg.random.key(0), (4,))
    array([ 1,  1, -1, -1])
    """
    kind = check_dtype("rademacher", dtype, int, "iufc")
    heads = convert(bernoulli(check_key("rademacher", key), 0.5, shape), kind)
    return kind.type(2) * heads - kind.type(1)
