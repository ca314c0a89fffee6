"""`np.convolve` and `np.correlate` on traced values."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import operand
from funcgrad.ops.basic import convert, reshape
from funcgrad.ops.complex import conj, is_complex
from funcgrad.ops.shape import rev
from funcgrad.ops.signal import convolve as convolve_window


def vectors(name: str, a: Any, v: Any) -> tuple[Any, Any]:
    """Two vectors in their common dtype; scalars count as vectors of one element."""
    a, v = operand(a), operand(v)
    dtype = np.result_type(typeof(a).dtype, typeof(v).dtype)
    a, v = [
        reshape(x, (1,)) if not typeof(x).shape else x
        for x in (convert(a, dtype), convert(v, dtype))
    ]
    for which, x in (("first", a), ("second", v)):
        if len(typeof(x).shape) > 1:
            raise ArgumentError(
                f"{name} takes vectors; its {which} argument is {typeof(x)}{here()}\n  "
                "use fg.vmap for one convolution per row"
            )
        if not typeof(x).size:
            raise ArgumentError(f"{name}: its {which} argument cannot be empty{here()}")
    return a, v


def _range(n: int, m: int, mode: Any) -> tuple[int, int]:
    """Where in the full convolution the result starts, and its length."""
    short, long = sorted((n, m))
    if mode in ("full", 2):
        return 0, n + m - 1
    if mode in ("same", 1):
        return (short - 1) // 2, long
    if mode in ("valid", 0):
        return short - 1, long - short + 1
    raise ArgumentError(f"mode must be one of 'full', 'same', 'valid', not {mode!r}{here()}")


@implements(np.convolve)
def convolve(a: Any, v: Any, mode: Any = "full") -> Any:
    """`np.convolve`."""
    a, v = vectors("np.convolve", a, v)
    start, size = _range(typeof(a).size, typeof(v).size, mode)
    return convolve_window(a, v, start, size)


@implements(np.correlate)
def correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    """`np.correlate`."""
    a, v = vectors("np.correlate", a, v)
    n, m = typeof(a).size, typeof(v).size
    start, size = _range(n, m, mode)
    if m > n and mode in ("same", 1):
        # NumPy exchanges the two and reverses the result, hence the other middle.
        start = n + m - 1 - start - size
    v = rev(conj(v) if is_complex(v) else v, dimensions=(0,))
    return convolve_window(a, v, start, size)
