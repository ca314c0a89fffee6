"""Values on which NumPy's result types and shapes depend, if they are known while tracing."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ConcretizationError
from funcgrad.core.tracing import Tracer


def known_value(x: Any) -> Any:
    """The value of a tracer or array; None if it is not known (under `jit`, or batched by `vmap`)."""
    if not isinstance(x, Tracer):
        return np.asarray(x)
    try:
        return np.asarray(x._concrete("value", ""))
    except ConcretizationError:
        return None


def constant_value(x: Any) -> Any:
    """The value of a tracer or array that no derivative flows into; None of any other.

    What depends on it may change shapes: a coefficient that is zero here, and has a derivative, is not nothing.
    """
    return None if isinstance(x, Tracer) and x._trace.depends(x._index) else known_value(x)


def known_int(x: Any, otherwise: int) -> int:
    """An integer, if it is known while tracing."""
    value = known_value(x)
    return otherwise if value is None else int(value)
