"""Contractions: sums of products, all of them as one primitive.

`dot_general` is JAX's: it multiplies two arrays of the same dtype, sums over the contracted axes and
keeps the batch axes of both aligned. Its result has the batch axes first, then the free axes of the
left operand, then those of the right one. `np.dot`, `np.matmul`, `np.tensordot`, `np.einsum` and `@` all become it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    inverse_permutation,
    move_axis,
    remaining,
    reshape,
    shift,
    transpose,
)

Axes = tuple[int, ...]
# ((contracted axes of lhs, of rhs), (batch axes of lhs, of rhs))
DimensionNumbers = tuple[tuple[Axes, Axes], tuple[Axes, Axes]]

# How to run a contraction, by its dimension numbers and the ranks of its operands.
_PLANS: dict[Any, Callable[[Any, Any], Any]] = {}
_MAX_PLANS = 1024


def dot_plan(numbers: DimensionNumbers, lhs_ndim: int, rhs_ndim: int) -> Callable[[Any, Any], Any]:
    """The NumPy function of two arrays that does this contraction, with as few copies as BLAS needs."""
    key = (numbers, lhs_ndim, rhs_ndim)
    plan = _PLANS.get(key)
    if plan is None:
        if len(_PLANS) >= _MAX_PLANS:
            _PLANS.clear()
        plan = _PLANS[key] = _make_plan(numbers, lhs_ndim, rhs_ndim)
    return plan


def _make_plan(
    numbers: DimensionNumbers, lhs_ndim: int, rhs_ndim: int
) -> Callable[[Any, Any], Any]:
    (lhs_contract, rhs_contract), (lhs_batch, rhs_batch) = numbers
    lhs_free = remaining(lhs_ndim, lhs_contract + lhs_batch)
    rhs_free = remaining(rhs_ndim, rhs_contract + rhs_batch)
    if not lhs_contract:
        return _outer_plan(lhs_batch, lhs_free, rhs_batch, rhs_free)
    if not lhs_batch and lhs_ndim <= 2 and rhs_ndim <= 2 and len(lhs_contract) == 1:
        return _matrix_plan(
            lhs_ndim == 2 and lhs_contract == (0,), rhs_ndim == 2 and rhs_contract == (1,)
        )
    lhs_contract, rhs_contract = _contraction_order(lhs_contract, lhs_free, rhs_contract, rhs_free)
    if not lhs_batch:
        return _folded_plan(lhs_free, lhs_contract, rhs_contract, rhs_free)
    return _batched_plan(lhs_batch, lhs_free, lhs_contract, rhs_batch, rhs_contract, rhs_free)


def _matrix_plan(turn_lhs: bool, turn_rhs: bool) -> Callable[[Any, Any], Any]:
    # BLAS reads a transposed view where it lies.
    if turn_lhs and turn_rhs:
        return lambda x, y: np.dot(x.T, y.T)
    if turn_lhs:
        return lambda x, y: np.dot(x.T, y)
    if turn_rhs:
        return lambda x, y: np.dot(x, y.T)
    return np.dot


def _outer_plan(
    lhs_batch: Axes, lhs_free: Axes, rhs_batch: Axes, rhs_free: Axes
) -> Callable[[Any, Any], Any]:
    n, lhs_order, rhs_order = len(lhs_batch), lhs_batch + lhs_free, rhs_batch + rhs_free
    to_left, to_right = len(rhs_free), len(lhs_free)
    in_order = _is_identity(lhs_order) and _is_identity(rhs_order)
    if in_order and not to_left and (not to_right or not n):
        return np.multiply
    if in_order and not n:
        return np.multiply.outer

    def outer(x: Any, y: Any) -> Any:
        x, y = x.transpose(lhs_order), y.transpose(rhs_order)
        x = x.reshape(x.shape + (1,) * to_left)
        y = y.reshape(y.shape[:n] + (1,) * to_right + y.shape[n:])
        return np.multiply(x, y)

    return outer


def _contraction_order(
    lhs_contract: Axes, lhs_free: Axes, rhs_contract: Axes, rhs_free: Axes
) -> tuple[Axes, Axes]:
    """The order of the contracted axes that lets an operand become a matrix without a copy."""
    if len(lhs_contract) < 2:
        return lhs_contract, rhs_contract
    pairs = list(zip(lhs_contract, rhs_contract, strict=True))
    by_lhs = sorted(pairs)
    by_rhs = sorted(pairs, key=lambda pair: pair[1])
    chosen = (
        by_lhs
        if _is_block([p[0] for p in by_lhs]) or not _is_block([p[1] for p in by_rhs])
        else by_rhs
    )
    return tuple([p[0] for p in chosen]), tuple([p[1] for p in chosen])


def _is_block(axes: Sequence[int]) -> bool:
    return list(axes) == list(range(axes[0], axes[0] + len(axes)))


def _is_identity(order: Axes) -> bool:
    return order == tuple(range(len(order)))


def _folded_plan(
    lhs_free: Axes, lhs_contract: Axes, rhs_contract: Axes, rhs_free: Axes
) -> Callable[[Any, Any], Any]:
    """Fold the axes of each operand into a matrix or vector: one product of matrices."""
    fold_lhs = _fold(lhs_free, lhs_contract)
    fold_rhs = _fold(rhs_contract, rhs_free)

    def folded(x: Any, y: Any) -> Any:
        shape = tuple([x.shape[d] for d in lhs_free] + [y.shape[d] for d in rhs_free])
        out = np.dot(fold_lhs(x), fold_rhs(y))
        return out.reshape(shape) if shape else out

    return folded


def _fold(rows: Axes, columns: Axes) -> Callable[[Any], Any]:
    """An array as the matrix whose rows and columns run over these axes; without a copy if it can be.

    A vector if there are no rows or no columns.
    """
    order, split, swapped = rows + columns, len(rows), columns + rows
    if not rows or not columns:
        return lambda x: x.transpose(order).reshape(-1)
    if _is_identity(swapped):
        split = len(columns)
        return lambda x: x.reshape(_size(x.shape[:split]), _size(x.shape[split:])).T

    def fold(x: Any) -> Any:
        x = x.transpose(order)
        return x.reshape(_size(x.shape[:split]), _size(x.shape[split:]))

    return fold


def _size(shape: Sequence[int]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size


def _batched_plan(
    lhs_batch: Axes,
    lhs_free: Axes,
    lhs_contract: Axes,
    rhs_batch: Axes,
    rhs_contract: Axes,
    rhs_free: Axes,
) -> Callable[[Any, Any], Any]:
    n = len(lhs_batch)
    lhs_order, rhs_order = lhs_batch + lhs_free + lhs_contract, rhs_batch + rhs_contract + rhs_free
    lhs_simple = len(lhs_free) == len(lhs_contract) == 1
    rhs_simple = len(rhs_free) == len(rhs_contract) == 1
    n_lhs, n_contract = n + len(lhs_free), n + len(rhs_contract)

    def batched(x: Any, y: Any) -> Any:
        x, y = x.transpose(lhs_order), y.transpose(rhs_order)
        batch, left, right = x.shape[:n], x.shape[n:n_lhs], y.shape[n_contract:]
        if not lhs_simple:
            x = x.reshape((*batch, _size(left), _size(x.shape[n_lhs:])))
        if not rhs_simple:
            y = y.reshape((*batch, _size(y.shape[n:n_contract]), _size(right)))
        out = np.matmul(_for_blas(x), _for_blas(y))
        return out if lhs_simple and rhs_simple else out.reshape(batch + left + right)

    return batched


def _for_blas(x: Any) -> Any:
    """Matrices that BLAS can read where they lie: one of their two axes must be contiguous."""
    itemsize = x.itemsize
    if x.strides[-1] == itemsize or x.strides[-2] == itemsize or x.dtype.kind not in "fc":
        return x
    return np.ascontiguousarray(x)


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
                f"dot_general: the {what} axes {left} of shape {lhs.shape} and {right} of shape {rhs.shape} "
                f"differ in length{here()}"
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


def _transpose(ct: Any, lhs: Any, rhs: Any, dimension_numbers: DimensionNumbers) -> tuple[Any, Any]:
    (lhs_contract, rhs_contract), (lhs_batch, rhs_batch) = dimension_numbers
    n_batch = len(lhs_batch)
    lhs_free = remaining(len(typeof_linear(lhs).shape), lhs_contract + lhs_batch)
    rhs_free = remaining(len(typeof_linear(rhs).shape), rhs_contract + rhs_batch)
    in_lhs = tuple(
        range(n_batch, n_batch + len(lhs_free))
    )  # where the axes of each are in the result
    in_rhs = tuple(range(n_batch + len(lhs_free), n_batch + len(lhs_free) + len(rhs_free)))
    if isinstance(lhs, Linear):
        return _cotangent(
            ct,
            in_rhs,
            in_lhs,
            rhs,
            rhs_free,
            rhs_contract,
            rhs_batch,
            lhs_free,
            lhs_contract,
            lhs_batch,
        ), None
    return None, _cotangent(
        ct,
        in_lhs,
        in_rhs,
        lhs,
        lhs_free,
        lhs_contract,
        lhs_batch,
        rhs_free,
        rhs_contract,
        rhs_batch,
    )


def typeof_linear(x: Any) -> ShapedArray:
    return x.aval if isinstance(x, Linear) else typeof(x)


def _cotangent(
    ct: Any,
    ct_contract: Axes,
    ct_free: Axes,
    other: Any,
    other_free: Axes,
    other_contract: Axes,
    other_batch: Axes,
    free: Axes,
    contract: Axes,
    batch: Axes,
) -> Any:
    """The cotangent of one operand: `ct` times the other operand, summed over the other's free axes."""
    ct_batch = tuple(range(len(batch)))
    # The other's contracted axes come out in the order in which they stand in it.
    by_other = tuple(
        [contract[i] for i in sorted(range(len(contract)), key=other_contract.__getitem__)]
    )
    ct_first = batch + free + by_other
    other_first = batch + by_other + free
    if other_first == tuple(sorted(other_first)) and ct_first != other_first:
        out = dot_general(other, ct, (other_free, ct_contract), (other_batch, ct_batch))
        return transpose(out, inverse_permutation(other_first))
    out = dot_general(ct, other, (ct_contract, other_free), (ct_batch, other_batch))
    return transpose(out, inverse_permutation(ct_first))


def _batch(
    axis: BatchAxis,
    operands: Sequence[Any],
    batched: Sequence[bool],
    dimension_numbers: DimensionNumbers,
) -> tuple[Any, bool]:
    (lhs_contract, rhs_contract), (lhs_batch, rhs_batch) = dimension_numbers
    lhs, rhs = operands
    if all(batched):
        contract = (shift(lhs_contract), shift(rhs_contract))
        return dot_general(
            lhs, rhs, contract, ((0, *shift(lhs_batch)), (0, *shift(rhs_batch)))
        ), True
    # An axis that only one operand has is one more free axis: a single, larger product.
    if batched[0]:
        out = dot_general(
            lhs, rhs, (shift(lhs_contract), rhs_contract), (shift(lhs_batch), rhs_batch)
        )
        return move_axis(out, len(lhs_batch), 0), True
    lhs_free = len(lhs.shape) - len(lhs_contract) - len(lhs_batch)
    contract, batch = (lhs_contract, shift(rhs_contract)), (lhs_batch, shift(rhs_batch))
    if not lhs_free:
        out = dot_general(rhs, lhs, contract[::-1], batch[::-1])
        return move_axis(out, len(lhs_batch), 0), True
    return move_axis(dot_general(lhs, rhs, contract, batch), len(lhs_batch) + lhs_free, 0), True


dot_general_p = Primitive(
    "dot_general",
    impl=lambda lhs, rhs, dimension_numbers: dot_plan(dimension_numbers, lhs.ndim, rhs.ndim)(
        lhs, rhs
    ),
    abstract=_abstract,
    jvp=_jvp,
    transpose=_transpose,
    batch=_batch,
    properties=frozenset({"contraction"}),
)


def dot_general(
    lhs: Any, rhs: Any, contract: tuple[Axes, Axes], batch: tuple[Axes, Axes] = ((), ())
) -> Any:
    """The contraction of two arrays, after NumPy's promotion of their dtypes.

    The result has the batch axes, then the free axes of `lhs`, then those of `rhs`.
    """
    left, right = typeof(lhs), typeof(rhs)
    if left.dtype != right.dtype or left.weak_type or right.weak_type:
        dtype = np.result_type(left.dtype, right.dtype)
        lhs, rhs = convert(lhs, dtype), convert(rhs, dtype)
    return dot_general_p(lhs, rhs, dimension_numbers=(contract, batch))


def matmul(x: Any, y: Any) -> Any:
    """NumPy's `matmul`: products of matrices in the last two axes, the axes before them broadcast."""
    x, y = _array(x), _array(y)
    xs, ys = typeof(x).shape, typeof(y).shape
    if not xs or not ys:
        raise ArgumentError(
            f"matmul of shapes {xs} and {ys}: both operands need at least one axis{here()}\n"
            "  use * to multiply by a scalar"
        )
    y_row = max(len(ys) - 2, 0)
    if xs[-1] != ys[y_row]:
        raise ArgumentError(
            f"matmul of shapes {xs} and {ys}: the last axis of the first has length {xs[-1]}, "
            f"{'the last axis' if len(ys) == 1 else 'the second to last axis'} of the second {ys[y_row]}{here()}\n"
            "  they must be equal"
        )
    x_batch, y_batch = xs[:-2], ys[:-2]
    if not x_batch and not y_batch:
        return dot_general(x, y, ((len(xs) - 1,), (y_row,)))
    return _batched_matmul(x, y, xs, ys)


def _batched_matmul(x: Any, y: Any, xs: tuple[int, ...], ys: tuple[int, ...]) -> Any:
    try:
        batch = np.broadcast_shapes(xs[:-2], ys[:-2])
    except ValueError:
        raise ArgumentError(
            f"matmul of shapes {xs} and {ys}: the leading axes {xs[:-2]} and {ys[:-2]} "
            f"cannot be broadcast together{here()}"
        ) from None
    # Leading axes that both have are batch axes; those that one has are free axes of it.
    x_at, y_at, both, only_x, only_y = {}, {}, [], [], []
    squeezed: list[list[int]] = [[], []]
    for d in range(len(batch)):
        i, j = d - len(batch) + len(xs[:-2]), d - len(batch) + len(ys[:-2])
        in_x, in_y = i >= 0 and (xs[i] != 1), j >= 0 and (ys[j] != 1)
        if i >= 0 and not in_x:
            squeezed[0].append(i)
        if j >= 0 and not in_y:
            squeezed[1].append(j)
        if in_x:
            x_at[d] = i - len(squeezed[0])
        if in_y:
            y_at[d] = j - len(squeezed[1])
        if in_x or in_y:
            (both if in_x and in_y else only_x if in_x else only_y).append(d)
    x = reshape(x, tuple([n for i, n in enumerate(xs) if i not in squeezed[0]]))
    y = reshape(y, tuple([n for j, n in enumerate(ys) if j not in squeezed[1]]))
    x_ndim, y_ndim = len(xs) - len(squeezed[0]), len(ys) - len(squeezed[1])
    out = dot_general(
        x,
        y,
        ((x_ndim - 1,), (max(y_ndim - 2, 0),)),
        (tuple([x_at[d] for d in both]), tuple([y_at[d] for d in both])),
    )
    # The result's axes: both, only x, rows, only y, columns. Put them into the order of the leading axes.
    order = [*both, *only_x, *["rows"] * (len(xs) > 1), *only_y, *["columns"] * (len(ys) > 1)]
    kept = sorted(both + only_x + only_y)
    wanted = [*kept, *["rows"] * (len(xs) > 1), *["columns"] * (len(ys) > 1)]
    out = transpose(out, [order.index(d) for d in wanted])
    return reshape(out, (*batch, *xs[-2:-1], *ys[-1:] * (len(ys) > 1)))


def _array(x: Any) -> Any:
    return (
        x
        if isinstance(x, (Tracer, np.ndarray, np.generic)) and x.dtype != object
        else dispatch.as_array(x)
    )


dispatch.UFUNCS[np.matmul] = matmul
Tracer.__matmul__ = lambda self, other: matmul(self, other)  # type: ignore[attr-defined]
Tracer.__rmatmul__ = lambda self, other: matmul(other, self)  # type: ignore[attr-defined]
