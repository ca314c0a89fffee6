"""The primitives of keys and of uniform and normal numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.primitive import BatchAxis, Primitive
from funcgrad.core.source import here
from funcgrad.core.types import ShapedArray
from funcgrad.ops.random import philox, threefry
from funcgrad.ops.random.quantile import normal_quantile
from funcgrad.ops.shape import to_front

Shape = tuple[int, ...]
# How many words a key has, for each generator.
KEY_SIZES = {"threefry2x32": 2, "philox": 4}
_NAMES = {size: name for name, size in KEY_SIZES.items()}


def is_philox(keys: Any) -> bool:
    return bool(keys.shape[-1] == KEY_SIZES["philox"])


def check_keys(name: str, keys: ShapedArray) -> None:
    """An error unless these are keys."""
    if keys.dtype != threefry.WORD or not keys.shape or keys.shape[-1] not in _NAMES:
        raise ArgumentError(
            f"{name} takes keys, arrays of uint32 whose last axis has length 2 (threefry2x32) or 4 "
            f"(philox), not {keys}{here()}\n  make one with fg.random.key(seed)"
        )


def drawing(
    name: str,
    impl: Callable[..., Any],
    dtype: Callable[..., np.dtype[Any]],
) -> Primitive:
    """A primitive that draws an array of some shape from each of its keys.

    Args:
        impl: `impl(keys, size, **params)` gives, for keys (n, words), an array (n, size, ...).
        dtype: the dtype of the result, from the params.
    """

    def run(keys: Any, shape: Shape, **params: Any) -> Any:
        batch = keys.shape[:-1]
        size = math.prod(shape)
        out = impl(keys.reshape(-1, keys.shape[-1]), size, **params)
        return out.reshape(batch + shape + out.shape[2:])[()]

    def abstract(keys: ShapedArray, shape: Shape, **params: Any) -> ShapedArray:
        check_keys(name, keys)
        tail = keys.shape[-1:] if name == "random_split" else ()
        return ShapedArray(keys.shape[:-1] + shape + tail, dtype(**params))

    def batch(
        axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool], **params: Any
    ) -> tuple[Any, bool]:
        return primitive(*operands, **params), True

    primitive = Primitive(
        name,
        impl=run,
        abstract=abstract,
        jvp=lambda primals, tangents, **params: (primitive(*primals, **params), None),
        batch=batch,
        properties=frozenset({"no_derivative"}),
    )
    return primitive


# Bits


def _bits(keys: Any, size: int, bit_width: int) -> Any:
    if is_philox(keys):
        return philox.bits(keys, size, bit_width)
    out = np.empty((len(keys), size), f"uint{bit_width}")
    for rows, columns, x_0, x_1 in threefry.hashed_counts(keys, size):
        if bit_width == 64:
            wide = x_0.astype(out.dtype)
            wide <<= 32
            wide |= x_1
            out[rows, columns] = wide
        else:
            out[rows, columns] = x_0 ^ x_1
    return out


random_bits = drawing("random_bits", _bits, lambda bit_width: np.dtype(f"uint{bit_width}"))


# Keys


random_split = drawing(
    "random_split",
    lambda keys, size: (philox.split if is_philox(keys) else threefry.split)(keys, size),
    lambda: threefry.WORD,
)


def _fold_in(keys: Any, data: Any) -> Any:
    batch = np.broadcast_shapes(keys.shape[:-1], np.shape(data))
    words = keys.shape[-1:]
    flat = np.broadcast_to(keys, batch + words).reshape(-1, *words)
    data = np.broadcast_to(data, batch).reshape(-1)
    fold_in = philox.fold_in if is_philox(keys) else threefry.fold_in
    out = fold_in(flat, data)
    return out.reshape(batch + words)


def _abstract_fold_in(keys: ShapedArray, data: ShapedArray) -> ShapedArray:
    check_keys("fold_in", keys)
    batch = np.broadcast_shapes(keys.shape[:-1], data.shape)
    return ShapedArray(batch + keys.shape[-1:], keys.dtype)


def _batch_fold_in(
    axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool]
) -> tuple[Any, bool]:
    keys, data = [
        x if b else to_front(x, axis.size) for x, b in zip(operands, batched, strict=True)
    ]
    return random_fold_in(keys, data), True


# Keys (..., words) and a word of data (...) for each.
random_fold_in = Primitive(
    "random_fold_in",
    impl=_fold_in,
    abstract=_abstract_fold_in,
    jvp=lambda primals, tangents: (random_fold_in(*primals), None),
    batch=_batch_fold_in,
    properties=frozenset({"no_derivative"}),
)


def _widen(keys: Any) -> Any:
    return philox.widened(keys)


# Keys of philox from those of threefry.
random_widen = Primitive(
    "random_widen",
    impl=_widen,
    abstract=lambda keys: ShapedArray((*keys.shape[:-1], KEY_SIZES["philox"]), keys.dtype),
    jvp=lambda primals, tangents: (random_widen(*primals), None),
    batch=lambda axis, operands, batched: (random_widen(*operands), True),
    properties=frozenset({"no_derivative"}),
)


# Uniform and normal numbers


def unit_block(x_0: Any, x_1: Any, dtype: np.dtype[Any]) -> Any:
    """Floating-point numbers in [0, 1): random mantissas with the exponent of 1, less 1."""
    if dtype.itemsize == 8:
        mantissa = x_0.astype(np.uint64)
        mantissa <<= 20
        x_1 >>= 12
    else:
        mantissa = x_0 ^ x_1 if dtype.itemsize == 4 else (x_0 ^ x_1).astype(np.uint16)
        mantissa >>= 9 if dtype.itemsize == 4 else 6
        x_1 = mantissa.dtype.type(0)
    mantissa |= x_1
    mantissa |= np.ones((), dtype).view(mantissa.dtype)
    out = mantissa.view(dtype)
    out -= 1
    return out


def unit(keys: Any, size: int, dtype: np.dtype[Any]) -> Any:
    """Uniform numbers in [0, 1), `size` from each of the keys (n, words)."""
    if is_philox(keys):
        exact = dtype if dtype.itemsize >= 4 else np.dtype(np.float32)
        out = philox.draw(keys, size, exact, lambda gen, n: gen.random(n, exact))
        # Rounding to float16 may give 1.
        return out if exact == dtype else np.minimum(out, 1 - 2.0**-11).astype(dtype)
    out = np.empty((len(keys), size), dtype)
    for rows, columns, x_0, x_1 in threefry.hashed_counts(keys, size):
        out[rows, columns] = unit_block(x_0, x_1, dtype)
    return out


# Uniform in [0, 1).
random_uniform = drawing("random_uniform", unit, lambda dtype: dtype)


def normal(keys: Any, size: int, dtype: np.dtype[Any]) -> Any:
    """Standard normal numbers, `size` from each of the keys (n, words)."""
    if is_philox(keys):
        exact = dtype if dtype.itemsize >= 4 else np.dtype(np.float32)
        out = philox.draw(keys, size, exact, lambda gen, n: gen.standard_normal(n, exact))
        return out.astype(dtype, copy=False)
    out = np.empty((len(keys), size), dtype)
    low = np.nextafter(dtype.type(-1), dtype.type(0))
    exact = np.float32 if dtype.itemsize < 4 else dtype
    for rows, columns, x_0, x_1 in threefry.hashed_counts(keys, size):
        u = unit_block(x_0, x_1, dtype)
        u *= dtype.type(1) - low
        u += low
        np.maximum(u, low, out=u)
        out[rows, columns] = normal_quantile(u.astype(exact, copy=False))
    return out


random_normal = drawing("random_normal", normal, lambda dtype: dtype)
