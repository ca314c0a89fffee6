"""How contractions run: the NumPy call that hands each kind to BLAS where its operands lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.ops.basic import remaining

Axes = tuple[int, ...]
# ((contracted axes of lhs, of rhs), (batch axes of lhs, of rhs))
DimensionNumbers = tuple[tuple[Axes, Axes], tuple[Axes, Axes]]
Contraction = Callable[[Any, Any], Any]

# How to run a contraction, by its dimension numbers and the ranks of its operands.
_PLANS: dict[Any, Contraction] = {}
_MAX_PLANS = 1024


def dot_plan(
    numbers: DimensionNumbers, lhs_ndim: int, rhs_ndim: int, product: Contraction | None = None
) -> Contraction:
    """The function of two arrays that does this contraction, with as few copies as BLAS needs.

    `product` multiplies vectors, matrices or stacks of them instead of NumPy.
    """
    key = (numbers, lhs_ndim, rhs_ndim, product)
    plan = _PLANS.get(key)
    if plan is None:
        if len(_PLANS) >= _MAX_PLANS:
            _PLANS.clear()
        plan = _PLANS[key] = _make_plan(numbers, lhs_ndim, rhs_ndim, product)
    return plan


def _make_plan(
    numbers: DimensionNumbers, lhs_ndim: int, rhs_ndim: int, product: Contraction | None
) -> Contraction:
    (lhs_contract, rhs_contract), (lhs_batch, rhs_batch) = numbers
    lhs_free = remaining(lhs_ndim, lhs_contract + lhs_batch)
    rhs_free = remaining(rhs_ndim, rhs_contract + rhs_batch)
    if not lhs_contract:
        return _outer_plan(lhs_batch, lhs_free, rhs_batch, rhs_free)
    if not lhs_batch and lhs_ndim <= 2 and rhs_ndim <= 2 and len(lhs_contract) == 1:
        return _matrix_plan(
            lhs_ndim == 2 and lhs_contract == (0,), rhs_ndim == 2 and rhs_contract == (1,), product
        )
    lhs_contract, rhs_contract = _contraction_order(lhs_contract, lhs_free, rhs_contract, rhs_free)
    if not lhs_batch:
        return _folded_plan(lhs_free, lhs_contract, rhs_contract, rhs_free, product)
    return _batched_plan(
        lhs_batch, lhs_free, lhs_contract, rhs_batch, rhs_contract, rhs_free, product or np.matmul
    )


def _matrix_plan(turn_lhs: bool, turn_rhs: bool, product: Contraction | None) -> Contraction:
    # BLAS reads a transposed view where it lies.
    if product is not None:
        return lambda x, y: product(x.T if turn_lhs else x, y.T if turn_rhs else y)
    if turn_lhs and turn_rhs:
        return lambda x, y: x.T.dot(y.T)
    if turn_lhs:
        return lambda x, y: x.T.dot(y)
    if turn_rhs:
        return lambda x, y: x.dot(y.T)
    return lambda x, y: x.dot(y)


def _outer_plan(lhs_batch: Axes, lhs_free: Axes, rhs_batch: Axes, rhs_free: Axes) -> Contraction:
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
    lhs_free: Axes,
    lhs_contract: Axes,
    rhs_contract: Axes,
    rhs_free: Axes,
    product: Contraction | None,
) -> Contraction:
    """Fold the axes of each operand into a matrix or vector: one product of matrices."""
    fold_lhs = fold(lhs_free, lhs_contract)
    fold_rhs = fold(rhs_contract, rhs_free)

    def folded(x: Any, y: Any) -> Any:
        shape = tuple([x.shape[d] for d in lhs_free] + [y.shape[d] for d in rhs_free])
        left, right = fold_lhs(x), fold_rhs(y)
        out = left.dot(right) if product is None else product(left, right)
        return out.reshape(shape) if shape else out

    return folded


def fold(rows: Axes, columns: Axes) -> Callable[[Any], Any]:
    """An array as the matrix whose rows and columns run over these axes, without a copy if it can.

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
    product: Contraction,
) -> Contraction:
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
        out = product(x, y)
        return out if lhs_simple and rhs_simple else out.reshape(batch + left + right)

    return batched
