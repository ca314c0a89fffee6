"""Products of arrays under JAX's names."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.lax.checking import checked
from funcgrad.numpy.arguments import operand
from funcgrad.ops.basic import convert
from funcgrad.ops.contraction import dot_general_p


def _widened(lhs: Any, rhs: Any, preferred: Any) -> tuple[Any, Any]:
    """Operands of the dtype that their products are summed in, so that narrow integers do not overflow."""
    lhs, rhs = operand(lhs), operand(rhs)
    dtypes = [np.result_type(lhs, rhs)] + ([] if preferred is None else [np.dtype(preferred)])
    dtype = np.result_type(*dtypes)
    return convert(lhs, dtype), convert(rhs, dtype)


@checked
def dot(
    lhs: Any,
    rhs: Any,
    *,
    dimension_numbers: Any = None,
    precision: Any = None,
    preferred_element_type: Any = None,
) -> Any:
    """The product of vectors or matrices, or `dot_general` if there are dimension numbers.

    Args:
        lhs: the arrays.
        rhs: as `lhs`.
        dimension_numbers: as in `dot_general`.
        precision: accepted for JAX's sake; without effect.
        preferred_element_type: the dtype of the sums and of the result.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.dot(np.ones(3), np.ones(3))
    np.float64(3.0)
    """
    if dimension_numbers is not None:
        return dot_general(lhs, rhs, dimension_numbers, precision, preferred_element_type)
    out = np.dot(*_widened(lhs, rhs, preferred_element_type))
    return out if preferred_element_type is None else out.astype(preferred_element_type)


@checked
def dot_general(
    lhs: Any,
    rhs: Any,
    dimension_numbers: Any,
    precision: Any = None,
    preferred_element_type: Any = None,
) -> Any:
    """The sum of products over given axes of both arrays, for each index of their batch axes.

    Args:
        lhs: the arrays.
        rhs: as `lhs`.
        dimension_numbers: `((lhs contracting, rhs contracting), (lhs batch, rhs batch))` axes.
        precision: accepted for JAX's sake; without effect.
        preferred_element_type: the dtype of the sums and of the result.

    Returns:
        An array with the batch axes, then the other axes of `lhs`, then those of `rhs`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.dot_general(np.ones((2, 3)), np.ones((2, 3)), (((1,), (1,)), ((0,), (0,))))
    array([3., 3.])
    """
    (lc, rc), (lb, rb) = dimension_numbers
    numbers = ((tuple(lc), tuple(rc)), (tuple(lb), tuple(rb)))
    out = dot_general_p(*_widened(lhs, rhs, preferred_element_type), dimension_numbers=numbers)
    return out if preferred_element_type is None else out.astype(preferred_element_type)


def batch_matmul(lhs: Any, rhs: Any, precision: Any = None) -> Any:
    """The products of matrices (..., n, k) and (..., k, m) with the same leading axes.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.batch_matmul(np.ones((2, 1, 3)), np.ones((2, 3, 1))).tolist()
    [[[3.0]], [[3.0]]]
    """
    ndim = len(typeof(lhs).shape)
    if ndim < 3 or len(typeof(rhs).shape) != ndim:
        raise ArgumentError(
            f"batch_matmul takes arrays (..., n, k) and (..., k, m), not {typeof(lhs)} and {typeof(rhs)}{here()}"
        )
    batch = tuple(range(ndim - 2))
    return dot_general(lhs, rhs, (((ndim - 1,), (ndim - 2,)), (batch, batch)))


def ragged_dot(
    lhs: Any,
    rhs: Any,
    group_sizes: Any,
    precision: Any = None,
    preferred_element_type: Any = None,
    group_offset: Any = None,
) -> Any:
    """The product of each row with the matrix of its group: groups are consecutive rows.

    Args:
        lhs: the rows, (m, k).
        rhs: a matrix per group, (groups, k, n).
        group_sizes: the number of rows of each group, integers, which may be traced. Rows that are left over give 0.
        precision: accepted for JAX's sake; without effect.
        preferred_element_type: the dtype of the sums and of the result.
        group_offset: not supported, as in JAX.

    Returns:
        (m, n).

    >>> import numpy as np, funcgrad as fg
    >>> matrices = np.array([[[1.0]], [[10.0]]])
    >>> fg.lax.ragged_dot(np.ones((3, 1)), matrices, np.array([1, 2])).tolist()
    [[1.0], [10.0], [10.0]]
    """
    if group_offset is not None:
        raise NotImplementedError("ragged_dot: group_offset is not supported")
    lhs, rhs = _widened(lhs, rhs, preferred_element_type)
    (m, k), (groups, inner, n) = typeof(lhs).shape, typeof(rhs).shape
    if inner != k or typeof(group_sizes).shape != (groups,):
        raise ArgumentError(
            f"ragged_dot takes (m, k), (groups, k, n) and (groups,), not {typeof(lhs).shape}, {typeof(rhs).shape} and "
            f"{typeof(group_sizes).shape}{here()}"
        )
    ends = np.cumsum(group_sizes)
    rows = np.arange(m)[:, None]
    member = np.logical_and(np.less(rows, ends), np.greater_equal(rows, ends - group_sizes))
    # One product: a row stands in the block of its group, between zeros.
    blocks = np.reshape(np.where(member[:, :, None], lhs[:, None, :], 0), (m, groups * k))
    out = blocks @ np.reshape(rhs, (groups * k, n))
    return out if preferred_element_type is None else out.astype(preferred_element_type)
