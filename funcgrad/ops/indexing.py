"""Basic indexing: primitives whose index is known when the equation is recorded.

An index is a tuple with one entry per axis of the indexed array, plus `None` for each new axis: an
int (non-negative, the axis disappears) or a `Slice`. `getitem` and `embed` are transposes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from funcgrad.core.primitive import BatchAxis, Linear, Primitive
from funcgrad.core.tracing import typeof
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import broadcast_in_dim, instantiate, linear_jvp, reshape, unbroadcast


class Slice(NamedTuple):
    """A normalised slice: its elements are `range(start, stop, step)`."""

    start: int
    stop: int
    step: int

    def __repr__(self) -> str:
        return f"{self.start}:{self.stop}" + (f":{self.step}" if self.step != 1 else "")

    @property
    def length(self) -> int:
        return max(0, -((self.start - self.stop) // self.step))


class Index(tuple):
    """An index that prints as Python writes it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"[{', '.join(map(repr, self))}]"


def whole(shape: Sequence[int]) -> Index:
    """The index that takes everything."""
    return Index([Slice(0, n, 1) for n in shape])


@lru_cache(maxsize=4096)
def numpy_index(index: Index) -> tuple[Any, ...]:
    """The index as NumPy takes it."""
    return tuple(
        [
            slice(i.start, i.stop if i.stop >= 0 else None, i.step) if type(i) is Slice else i
            for i in index
        ]
    )


def indexed_shape(index: Index) -> tuple[int, ...]:
    """The shape of what an index takes."""
    return tuple([1 if i is None else i.length for i in index if type(i) is not int])


def _on_examples(axis: BatchAxis, index: Index) -> Index:
    return Index((Slice(0, axis.size, 1), *index))


getitem = Primitive(
    "getitem",
    impl=lambda x, index: x[numpy_index(index)],
    abstract=lambda x, index: ShapedArray(indexed_shape(index), x.dtype),
    jvp=linear_jvp(lambda: getitem),
    transpose=lambda ct, x, index: (embed(ct, shape=x.shape, index=index),),
    batch=lambda axis, operands, batched, index: (
        getitem(operands[0], index=_on_examples(axis, index)),
        True,
    ),
    view=True,
    properties=frozenset({"moves"}),
)


def _embed_impl(x: Any, shape: tuple[int, ...], index: Index) -> Any:
    out = np.zeros(shape, x.dtype)
    out[numpy_index(index)] = x
    return out


# `x` at `index` of an array of zeros.
embed = Primitive(
    "embed",
    impl=_embed_impl,
    abstract=lambda x, shape, index: ShapedArray(shape, x.dtype),
    jvp=linear_jvp(lambda: embed),
    transpose=lambda ct, x, shape, index: (getitem(ct, index=index),),
    batch=lambda axis, operands, batched, shape, index: (
        embed(operands[0], shape=(axis.size, *shape), index=_on_examples(axis, index)),
        True,
    ),
    properties=frozenset({"moves"}),
)


# Updates


def _setitem_impl(x: Any, value: Any, index: Index) -> Any:
    out = np.array(x, order="C")
    out[numpy_index(index)] = value
    return out


def _setitem_jvp(primals: Any, tangents: Any, index: Index) -> tuple[Any, Any]:
    (x, value), (tx, tv) = primals, tangents
    out = setitem(x, value, index=index)
    if tx is None and typeof(value).shape == indexed_shape(index):
        return out, embed(tv, shape=out.shape, index=index)
    tx = instantiate(tx, typeof(out).strip_weak_type())
    return out, setitem(tx, _zero(out.dtype) if tv is None else tv, index=index)


def _zero(dtype: Any) -> Any:
    return dtype.type(0)


def _setitem_transpose(ct: Any, x: Any, value: Any, index: Index) -> tuple[Any, Any]:
    ct_x = setitem(ct, _zero(ct.dtype), index=index) if type(x) is Linear else None
    ct_value = None
    if type(value) is Linear:
        ct_value = unbroadcast(getitem(ct, index=index), value.aval)
    return ct_x, ct_value


def align_value(value: Any, batched: bool, ndim: int) -> Any:
    """A batched value with axes of length 1, so that it broadcasts to an example of `ndim` axes."""
    shape = typeof(value).shape
    if batched and len(shape) - 1 < ndim:
        return reshape(value, (shape[0], *(1,) * (ndim + 1 - len(shape)), *shape[1:]))
    return value


def batched_target(axis: BatchAxis, x: Any, batched: bool) -> Any:
    """The array to be updated, with the batch axis."""
    if batched:
        return x
    shape = typeof(x).shape
    dims = tuple(range(1, len(shape) + 1))
    return broadcast_in_dim(x, shape=(axis.size, *shape), broadcast_dimensions=dims)


def _update_batch(primitive_of: Any) -> Any:
    def batch(axis: BatchAxis, operands: Any, batched: Any, index: Index) -> tuple[Any, bool]:
        x = batched_target(axis, operands[0], batched[0])
        value = align_value(operands[1], batched[1], len(indexed_shape(index)))
        return primitive_of()(x, value, index=_on_examples(axis, index)), True

    return batch


# `x` with `x[index] = value`; the value broadcasts.
setitem = Primitive(
    "setitem",
    impl=_setitem_impl,
    abstract=lambda x, value, index: ShapedArray(x.shape, x.dtype),
    jvp=_setitem_jvp,
    transpose=_setitem_transpose,
    batch=_update_batch(lambda: setitem),
    properties=frozenset({"moves"}),
)


def _additem_impl(x: Any, value: Any, index: Index) -> Any:
    out = np.array(x, order="C")
    out[numpy_index(index)] += value
    return out


def _additem_jvp(primals: Any, tangents: Any, index: Index) -> tuple[Any, Any]:
    (x, value), (tx, tv) = primals, tangents
    out = additem(x, value, index=index)
    if tv is None:
        return out, tx
    return out, additem(instantiate(tx, typeof(out).strip_weak_type()), tv, index=index)


# `x` with `x[index] += value`; the value broadcasts.
additem = Primitive(
    "additem",
    impl=_additem_impl,
    abstract=lambda x, value, index: ShapedArray(x.shape, x.dtype),
    jvp=_additem_jvp,
    transpose=lambda ct, x, value, index: (
        ct if type(x) is Linear else None,
        unbroadcast(getitem(ct, index=index), value.aval) if type(value) is Linear else None,
    ),
    batch=_update_batch(lambda: additem),
    properties=frozenset({"moves"}),
)
