"""`np.polyfit` and `np.vander` on traced values."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import operand
from funcgrad.numpy.matrices import inv, lstsq, matrices
from funcgrad.ops.basic import convert, reshape, sum_axes
from funcgrad.ops.contraction import matmul
from funcgrad.ops.linalg.leastsquares import lstsq_p
from funcgrad.ops.linalg.matrix import column, mT, uncolumn
from funcgrad.ops.power import power, sqrt
from funcgrad.ops.shape import stack

# Up to here the columns of a Vandermonde matrix are products, as NumPy computes them.
_LONGEST_CHAIN = 32


@implements(np.vander)
def vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    """`np.vander`."""
    x = operand(x)
    if len(typeof(x).shape) != 1:
        raise ArgumentError(f"vander takes a vector, got {typeof(x)}{here()}")
    n = typeof(x).shape[0]
    size = n if N is None else int(N)
    dtype = np.promote_types(typeof(x).dtype, int)
    x = convert(x, dtype)
    if size > _LONGEST_CHAIN:
        powers = np.arange(size) if increasing else np.arange(size)[::-1]
        return power(x[:, None], powers.astype(dtype))
    if size == 0:
        return np.zeros((n, 0), dtype)
    columns = [np.ones(n, dtype), x][:size]
    while len(columns) < size:
        columns.append(columns[-1] * x)
    return stack(*(columns if increasing else columns[::-1]), dimension=1)


@implements(np.polyfit)
def polyfit(
    x: Any,
    y: Any,
    deg: int,
    rcond: Any = None,
    full: bool = False,
    w: Any = None,
    cov: Any = False,
) -> Any:
    """`np.polyfit`, without its warning about the rank."""
    order = int(deg) + 1
    x, y = operand(x) + 0.0, operand(y) + 0.0
    check_fit(x, y, deg)
    if rcond is None:
        rcond = typeof(x).shape[0] * float(np.finfo(x.dtype).eps)
    lhs, rhs = vander(x, order), y
    flat = len(y.shape) == 1
    if w is not None:
        w = operand(w) + 0.0
        if typeof(w).shape != x.shape:
            raise ArgumentError(f"expected {x.shape[0]} weights, got {typeof(w)}{here()}")
        # NumPy weights in place, which keeps the dtypes.
        lhs = convert(lhs * column(w), lhs.dtype)
        rhs = convert(rhs * (w if flat else column(w)), rhs.dtype)
    scale = sqrt(sum_axes(lhs * lhs, (0,)))
    lhs = lhs / scale
    divisor = scale if flat else column(scale)
    if full:
        c, residuals, rank, s = lstsq(lhs, rhs, rcond)
        return c / divisor, residuals, rank, s, rcond
    a, b = matrices("polyfit", lhs, rhs if not flat else column(rhs))
    c = lstsq_p(a, b, rcond=float(rcond))
    fit = (uncolumn(c) if flat else c) / divisor
    if not cov:
        return fit
    covariance = inv(matmul(mT(lhs), lhs)) / (column(scale) * scale)
    if cov == "unscaled":
        factor: Any = 1.0
    else:
        if x.shape[0] <= order:
            raise ArgumentError(
                "the number of data points must exceed order to scale the covariance matrix: "
                f"{x.shape[0]} points, order {order}{here()}"
            )
        error = b - matmul(a, c)
        factor = sum_axes(error * error, (0,)) / (x.shape[0] - order)
    if flat:
        return fit, covariance * factor
    return fit, reshape(covariance, (order, order, 1)) * factor


def check_fit(x: Any, y: Any, deg: Any) -> None:
    """Refuse arguments to which no polynomial of degree `deg` can be fitted."""
    problem = ""
    if deg < 0:
        problem = "expected deg >= 0"
    elif len(x.shape) != 1:
        problem = "expected 1D vector for x"
    elif not x.shape[0]:
        problem = "expected non-empty vector for x"
    elif len(y.shape) not in (1, 2):
        problem = "expected 1D or 2D array for y"
    elif x.shape[0] != y.shape[0]:
        problem = "expected x and y to have same length"
    if problem:
        raise ArgumentError(
            f"polyfit: {problem}; x is {typeof(x)}, y is {typeof(y)}, deg is {deg}{here()}"
        )
