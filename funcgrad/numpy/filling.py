"""`np.zeros_like` and its kin: new arrays that are traced, so that traced values fit into them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.tracing import Tracer, current_trace, typeof
from funcgrad.numpy.arguments import operand
from funcgrad.numpy.indexing import cast_value
from funcgrad.numpy.shaping import as_shape
from funcgrad.numpy.views import copy_layout, own
from funcgrad.ops.basic import broadcast_to


def filled(prototype: Any, value: Any, dtype: Any, order: str, shape: Any) -> Any:
    """A new traced array with the type of `prototype`, where not given otherwise."""
    x = operand(prototype)
    aval = typeof(x)
    to = aval.dtype if dtype is None else np.dtype(dtype)
    trace = x._trace.innermost() if isinstance(x, Tracer) else current_trace()
    value = cast_value(value, to)
    if not isinstance(value, Tracer) and trace is not None:
        value = trace.literal(value)
    new = broadcast_to(value, aval.shape if shape is None else as_shape(shape))
    if not isinstance(new, Tracer):
        return np.array(new)
    return own(new, copy_layout(x, order) if isinstance(x, Tracer) and shape is None else None)


def _filled_with(value: Any) -> Callable[..., Any]:
    def fill(
        a: Any,
        dtype: Any = None,
        order: str = "K",
        subok: bool = True,
        shape: Any = None,
        *,
        device: Any = None,
    ) -> Any:
        return filled(a, value, dtype, order, shape)

    return fill


implements(np.zeros_like, np.empty_like)(_filled_with(0))
implements(np.ones_like)(_filled_with(1))


@implements(np.full_like)
def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    return filled(a, fill_value, dtype, order, shape)
