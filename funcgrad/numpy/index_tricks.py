"""`np.r_`, `np.c_` and `np.ndenumerate` for traced values. NumPy's own cannot dispatch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.patch import numpy_c, numpy_r
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.core.types import SCALAR_AVALS
from funcgrad.numpy.arguments import operand
from funcgrad.numpy.conversion import cast_leaf, contains_tracer
from funcgrad.numpy.joining import concatenate
from funcgrad.numpy.shaping import reshape, swapaxes, transpose


class Joiner:
    """`np.r_` or `np.c_`: joins what stands in its brackets, arrays, numbers and slices.

    >>> import numpy as np, funcgrad as fg, funcgrad.numpy as fnp
    >>> fg.jacfwd(lambda x: fnp.r_[0.0, x, x[0] * 2])(np.array([1.0, 3.0]))
    array([[0., 0.],
           [1., 0.],
           [0., 1.],
           [2., 0.]])
    """

    def __init__(self, plain: Any, axis: int, ndmin: int, trans1d: int) -> None:
        self.plain = plain
        self.directive = (axis, ndmin, trans1d)

    def __getitem__(self, key: Any) -> Any:
        if not contains_tracer(list(key) if isinstance(key, tuple) else [key]):
            return self.plain[key]
        axis, ndmin, trans1d = self.directive
        entries = key if isinstance(key, tuple) else (key,)
        if isinstance(entries[0], str):
            axis, ndmin, trans1d = _read_directive(entries[0], self.directive)
            entries = entries[1:]
        arrays = [_as_array(entry, ndmin, trans1d) for entry in entries]
        # Numbers give way to the dtypes of arrays.
        dtype = np.result_type(
            *[
                entry if type(entry) in SCALAR_AVALS else typeof(array).dtype
                for entry, array in zip(entries, arrays, strict=True)
            ]
        )
        return concatenate([cast_leaf(array, dtype) for array in arrays], axis)


def _read_directive(text: str, default: tuple[int, int, int]) -> tuple[int, int, int]:
    try:
        numbers = [int(n) for n in text.split(",")]
    except ValueError:
        raise ArgumentError(
            f"the directive {text!r} of np.r_ has no traced form{here()}\n  use np.concatenate"
        ) from None
    axis, ndmin, trans1d = (*numbers, *default[len(numbers) :])
    return axis, ndmin, trans1d


def _as_array(entry: Any, ndmin: int, trans1d: int) -> Any:
    if isinstance(entry, slice):
        x = reshape(np.atleast_1d(_range(entry)), (1,) * (ndmin - 1) + (-1,))
        return swapaxes(x, -1, trans1d) if ndmin > 1 and trans1d != -1 else x
    x = operand(entry)
    ndim = typeof(x).ndim
    if ndim >= ndmin:
        return x
    missing = ndmin - ndim
    x = reshape(x, (1,) * missing + typeof(x).shape)
    if trans1d == -1 or type(entry) in SCALAR_AVALS:
        return x
    first = trans1d + missing + 1 if trans1d < 0 else trans1d
    axes = list(range(ndmin))
    return transpose(x, axes[:first] + axes[missing:] + axes[first:missing])


def _range(entry: slice) -> Any:
    start, stop, step = entry.start or 0, entry.stop, 1 if entry.step is None else entry.step
    if isinstance(step, complex):
        return np.linspace(start, stop, int(abs(step)))
    return np.arange(start, stop, step)


class ndenumerate:  # NumPy's name
    """NumPy's `ndenumerate`: pairs of index and element.

    >>> import numpy as np, funcgrad as fg, funcgrad.numpy as fnp
    >>> fg.grad(lambda x: sum(i * t for (i,), t in fnp.ndenumerate(x)))(np.ones(3))
    array([0., 1., 2.])
    """

    def __init__(self, arr: Any) -> None:
        x = operand(arr)
        indices = np.ndindex(typeof(x).shape)
        self._pairs: Iterator[Any] = iter(zip(indices, x.flat, strict=True))

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._pairs)


r_ = Joiner(numpy_r, 0, 1, -1)
c_ = Joiner(numpy_c, -1, 2, 0)
