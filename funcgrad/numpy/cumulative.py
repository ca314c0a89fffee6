"""NumPy's cumulative sums and products."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import along, deliver, operand
from funcgrad.numpy.reductions import accumulator
from funcgrad.ops.basic import convert
from funcgrad.ops.cumulative import cumprod, cumsum
from funcgrad.ops.shape import pad


def accumulate(primitive: Any, a: Any, axis: Any, dtype: Any) -> Any:
    """A cumulative operation along one axis, or over all elements in C order if it is None."""
    a = operand(a)
    aval = typeof(a)
    dtype = accumulator(aval.dtype) if dtype is None else np.dtype(dtype)
    a, axis = along(a, axis)
    return primitive(convert(a, dtype), axis=axis, reverse=False)


@implements(np.cumsum)
def cumsum_(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    return deliver(accumulate(cumsum, a, axis, dtype), out, "np.cumsum")


@implements(np.cumprod)
def cumprod_(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    return deliver(accumulate(cumprod, a, axis, dtype), out, "np.cumprod")


def _cumulative(
    name: str, primitive: Any, start: int, x: Any, axis: Any, dtype: Any, out: Any, initial: bool
) -> Any:
    x = operand(x)
    ndim = typeof(x).ndim
    if axis is None and ndim > 1:
        raise ArgumentError(f"{name}: axis= is required for an array of {ndim} axes{here()}")
    x, axis = along(x, axis)
    result = accumulate(primitive, x, axis, dtype)
    if initial:
        config = tuple([(1 if d == axis else 0, 0, 0) for d in range(typeof(x).ndim)])
        result = pad(result, typeof(result).dtype.type(start), padding_config=config)
    return deliver(result, out, name)


# New in NumPy 2.1.
if hasattr(np, "cumulative_sum"):

    @implements(np.cumulative_sum)
    def cumulative_sum(
        x: Any,
        /,
        *,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        include_initial: bool = False,
    ) -> Any:
        return _cumulative("np.cumulative_sum", cumsum, 0, x, axis, dtype, out, include_initial)

    @implements(np.cumulative_prod)
    def cumulative_prod(
        x: Any,
        /,
        *,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        include_initial: bool = False,
    ) -> Any:
        return _cumulative("np.cumulative_prod", cumprod, 1, x, axis, dtype, out, include_initial)
