"""Contractions: sums of products, all of them as one primitive.

`dot_general` is JAX's: it multiplies two arrays of the same dtype, sums over the contracted axes
and keeps the batch axes of both aligned. Its result has the batch axes first, then the free axes
of the left operand, then those of the right one. `np.dot`, `np.matmul`, `np.tensordot`,
`np.einsum` and `@` all become it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core import dispatch
from funcgrad.core.errors import ArgumentError
from funcgrad.core.primitive import BatchAxis, Linear, Primitive
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import (
    add_any,
    convert,
    remaining,
    reshape,
    shift,
    transpose,
)
from funcgrad.ops.blas import Axes, DimensionNumbers, dot_plan


def _abstract(
    lhs: ShapedArray, rhs: ShapedArray, dimension_numbers: DimensionNumbers
) -> ShapedArray:
    (lhs_contract, rhs_contract), (lhs_batch, rhs_batch) = dimension_numbers
    if lhs.dtype != rhs.dtype:
        raise ArgumentError(f"dot_general takes operands of one dtype, got {lhs} and {rhs}{here()}")
    for what, left, right in (
        ("contracted", lhs_contract, rhs_contract),
        ("batch", lhs_batch, rhs_batch),
    ):
        if [lhs.shape[d] for d in left] != [rhs.shape[d] for d in right]:
            raise ArgumentError(
                f"dot_general: the {what} axes {left} of shape {lhs.shape} and {right} "
                f"of shape {rhs.shape} differ in length{here()}"
            )
    shape = [lhs.shape[d] for d in lhs_batch]
    shape += [lhs.shape[d] for d in remaining(lhs.ndim, lhs_contract + lhs_batch)]
    shape += [rhs.shape[d] for d in remaining(rhs.ndim, rhs_contract + rhs_batch)]
    return ShapedArray(tuple(shape), lhs.dtype)


def _jvp(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> tuple[Any, Any]:
    lhs, rhs = primals
    t_lhs, t_rhs = tangents
    out = dot_general_p(lhs, rhs, **params)
    terms = []
    if t_lhs is not None:
        terms.append(dot_general_p(t_lhs, rhs, **params))
    if t_rhs is not None:
        terms.append(dot_general_p(lhs, t_rhs, **params))
    return out, terms[0] if len(terms) == 1 else add_any(*terms)


def labels_of(
    numbers: DimensionNumbers, lhs_ndim: int, rhs_ndim: int
) -> tuple[list[Any], list[Any], list[Any]]:
    """A label per axis of lhs, rhs and result; axes that belong together share theirs."""
    (lhs_sum, rhs_sum), (lhs_batch, rhs_batch) = numbers
    shared = dict(zip(rhs_sum + rhs_batch, lhs_sum + lhs_batch, strict=True))
    in_rhs = [shared.get(d, lhs_ndim + d) for d in range(rhs_ndim)]
    free = remaining(lhs_ndim, lhs_sum + lhs_batch)
    in_out = [*lhs_batch, *free, *[label for label in in_rhs if label >= lhs_ndim]]
    return list(range(lhs_ndim)), in_rhs, in_out


def _transpose(ct: Any, lhs: Any, rhs: Any, dimension_numbers: DimensionNumbers) -> tuple[Any, Any]:
    in_lhs, in_rhs, in_ct = labels_of(dimension_numbers, _type(lhs).ndim, _type(rhs).ndim)
    if isinstance(lhs, Linear):
        return contract(ct, in_ct, rhs, in_rhs, in_lhs), None
    return None, contract(ct, in_ct, lhs, in_lhs, in_rhs)


def _type(x: Any) -> ShapedArray:
    return x.aval if isinstance(x, Linear) else typeof(x)


def _batch(
    axis: BatchAxis,
    operands: Sequence[Any],
    batched: Sequence[bool],
    dimension_numbers: DimensionNumbers,
) -> tuple[Any, bool]:
    lhs, rhs = operands
    if all(batched):
        (lhs_sum, rhs_sum), (lhs_batch, rhs_batch) = dimension_numbers
        both = (0, *shift(lhs_batch)), (0, *shift(rhs_batch))
        return dot_general(lhs, rhs, (shift(lhs_sum), shift(rhs_sum)), both), True
    # An axis that only one operand has is one more free axis: a single, larger product.
    ndims = [typeof(x).ndim - b for x, b in zip(operands, batched, strict=True)]
    in_lhs, in_rhs, in_out = labels_of(dimension_numbers, *ndims)
    (in_lhs if batched[0] else in_rhs).insert(0, "example")
    return contract(lhs, in_lhs, rhs, in_rhs, ["example", *in_out]), True


def _impl(lhs: Any, rhs: Any, dimension_numbers: DimensionNumbers) -> Any:
    return dot_plan(dimension_numbers, lhs.ndim, rhs.ndim)(lhs, rhs)


dot_general_p = Primitive(
    "dot_general",
    impl=_impl,
    abstract=_abstract,
    jvp=_jvp,
    transpose=_transpose,
    batch=_batch,
    properties=frozenset({"contraction"}),
)


def dot_general(
    lhs: Any, rhs: Any, summed: tuple[Axes, Axes], batch: tuple[Axes, Axes] = ((), ())
) -> Any:
    """The contraction of two arrays, after NumPy's promotion of their dtypes.

    The result has the batch axes, then the free axes of `lhs`, then those of `rhs`.
    """
    left, right = typeof(lhs), typeof(rhs)
    if left.dtype != right.dtype or left.weak_type or right.weak_type:
        dtype = np.result_type(left.dtype, right.dtype)
        lhs, rhs = convert(lhs, dtype), convert(rhs, dtype)
    return dot_general_p(lhs, rhs, dimension_numbers=(summed, batch))


def contract(
    x: Any, x_labels: Sequence[Any], y: Any, y_labels: Sequence[Any], out_labels: Sequence[Any]
) -> Any:
    """The contraction of arrays whose axes have labels: `contract(x, "ij", y, "jk", "ik")`.

    Sums over the labels that both have and the result has not; it must have all others.
    """
    both = [label for label in out_labels if label in x_labels and label in y_labels]
    summed = [label for label in x_labels if label in y_labels and label not in both]
    x_free = [label for label in x_labels if label not in y_labels]
    y_free = [label for label in y_labels if label not in x_labels]
    order = [*both, *x_free, *y_free]
    if order != list(out_labels) == [*both, *y_free, *x_free]:
        return contract(y, y_labels, x, x_labels, out_labels)
    out = dot_general(
        x,
        y,
        (tuple(map(x_labels.index, summed)), tuple(map(y_labels.index, summed))),
        (tuple(map(x_labels.index, both)), tuple(map(y_labels.index, both))),
    )
    return transpose(out, [order.index(label) for label in out_labels])


def broadcast_contract(
    name: str,
    x: Any,
    x_core: Sequence[str],
    y: Any,
    y_core: Sequence[str],
    out_core: Sequence[str],
) -> Any:
    """A contraction in the last axes, which have labels; the axes before them are broadcast."""
    xs, ys = typeof(x).shape, typeof(y).shape
    x_rank, y_rank = len(xs) - len(x_core), len(ys) - len(y_core)
    sizes = dict(zip(x_core, xs[x_rank:], strict=True)) | dict(
        zip(y_core, ys[y_rank:], strict=True)
    )
    try:
        batch = np.broadcast_shapes(xs[:x_rank], ys[:y_rank])
    except ValueError:
        raise ArgumentError(
            f"{name} of shapes {xs} and {ys}: the leading axes {xs[:x_rank]} and {ys[:y_rank]} "
            f"cannot be broadcast together{here()}"
        ) from None
    # A leading axis of length 1 is left out, so that it needs no copies of the other operand.
    x_labels = [d for d in range(x_rank) if xs[d] != 1]
    y_labels = [d for d in range(y_rank) if ys[d] != 1]
    x = reshape(x, (*[xs[d] for d in x_labels], *xs[x_rank:]))
    y = reshape(y, (*[ys[d] for d in y_labels], *ys[y_rank:]))
    x_lead: list[Any] = [d - x_rank for d in x_labels]
    y_lead: list[Any] = [d - y_rank for d in y_labels]
    out_labels = [*sorted({*x_lead, *y_lead}), *out_core]
    out = contract(x, [*x_lead, *x_core], y, [*y_lead, *y_core], out_labels)
    return reshape(out, (*batch, *[sizes[label] for label in out_core]))


def matmul(x: Any, y: Any) -> Any:
    """NumPy's `matmul`: matrix products in the last two axes, the axes before them broadcast."""
    x, y = array_operand(x), array_operand(y)
    xs, ys = typeof(x).shape, typeof(y).shape
    if not xs or not ys:
        raise ArgumentError(
            f"matmul of shapes {xs} and {ys}: both operands need at least one axis{here()}\n"
            "  use * to multiply by a scalar"
        )
    y_row = max(len(ys) - 2, 0)
    if xs[-1] != ys[y_row]:
        which = "last" if len(ys) == 1 else "second to last"
        raise ArgumentError(
            f"matmul of shapes {xs} and {ys}: the last axis of the first has length {xs[-1]}, "
            f"the {which} axis of the second {ys[y_row]}{here()}\n  they must be equal"
        )
    if len(xs) <= 2 and len(ys) <= 2:
        return dot_general(x, y, ((len(xs) - 1,), (y_row,)))
    rows, columns = ["rows"] * (len(xs) > 1), ["columns"] * (len(ys) > 1)
    x_core, y_core = [*rows, "sum"], ["sum", *columns]
    return broadcast_contract("matmul", x, x_core, y, y_core, [*rows, *columns])


def array_operand(x: Any) -> Any:
    """An operand that must be an array: a list becomes one."""
    if isinstance(x, Tracer) or (isinstance(x, (np.ndarray, np.generic)) and x.dtype != object):
        return x
    return dispatch.as_array(x)
