"""NumPy's functions that call a function of the user: apply_along_axis, apply_over_axes, vectorize."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.patch import numpy_vectorize
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, is_traced, typeof
from funcgrad.numpy.arguments import normalize_axis, operand
from funcgrad.numpy.conversion import as_array


@implements(np.apply_along_axis)
def apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    x = operand(arr)
    axis = normalize_axis(axis, typeof(x).ndim)
    rows = np.moveaxis(x, axis, -1)
    outer = typeof(rows).shape[:-1]
    if 0 in outer:
        raise ArgumentError(f"Cannot apply_along_axis when any iteration dimensions are 0{here()}")
    results = [as_array(func1d(rows[index], *args, **kwargs)) for index in np.ndindex(outer)]
    inner = typeof(results[0]).shape
    out = np.reshape(np.stack(results), outer + inner)
    n = len(inner)
    return np.moveaxis(out, range(len(outer), len(outer) + n), range(axis, axis + n))


@implements(np.apply_over_axes)
def apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    x = operand(a)
    ndim = typeof(x).ndim
    for axis in axes if np.ndim(axes) else (axes,):
        axis = axis + ndim if axis < 0 else axis
        result = func(x, axis)
        if typeof(result).ndim == ndim - 1:
            result = np.expand_dims(result, axis)
        if typeof(result).ndim != ndim:
            raise ArgumentError(
                f"function is not returning an array of the correct shape: {typeof(result)}{here()}"
            )
        x = result
    return x


class vectorize(numpy_vectorize):  # NumPy's name
    """NumPy's `vectorize`, whose functions may be called on traced arrays too.

    The function is called once per element, with traced scalars. NumPy's own class turns its arguments into
    arrays of objects, which traced arrays refuse.

    >>> import numpy as np, funcgrad as fg
    >>> relu = vectorize(lambda t: t if t > 0 else 0.0)
    >>> fg.grad(lambda x: relu(x).sum())(np.array([-1.0, 2.0]))
    array([0., 1.])
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        arguments = [as_array(a) if isinstance(a, (list, tuple)) else a for a in args]
        if not is_traced(*arguments, *kwargs.values()):
            return super().__call__(*args, **kwargs)
        names = list(kwargs)
        values = [*arguments, *kwargs.values()]
        excluded = {*self.excluded}
        vary = [
            n
            for n in range(len(values))
            if (n if n < len(args) else names[n - len(args)]) not in excluded
        ]
        inner_in, inner_out = _core_ranks(self.signature, len(vary))
        arrays = {n: operand(values[n]) for n in vary}
        loops = [
            typeof(arrays[n]).shape[: typeof(arrays[n]).ndim - rank]
            for n, rank in zip(vary, inner_in, strict=True)
        ]
        outer = np.broadcast_shapes(*loops)
        spread = {
            n: np.broadcast_to(arrays[n], outer + typeof(arrays[n]).shape[len(loop) :])
            for n, loop in zip(vary, loops, strict=True)
        }
        results = []
        for index in np.ndindex(outer):
            given = [spread[n][index] if n in spread else value for n, value in enumerate(values)]
            call = dict(zip(names, given[len(args) :], strict=True))
            results.append(self.pyfunc(*given[: len(args)], **call))
        if not results:
            raise ArgumentError(f"cannot call `vectorize` on inputs of size 0{here()}")
        several = isinstance(results[0], tuple) or (inner_out is not None and inner_out > 1)
        columns = zip(*results, strict=True) if several else [results]
        outs = tuple([self._gathered(list(column), outer, k) for k, column in enumerate(columns)])
        return outs if several else outs[0]

    def _gathered(self, results: list[Any], outer: tuple[int, ...], k: int) -> Any:
        out = np.stack([as_array(r) for r in results])
        out = np.reshape(out, outer + typeof(out).shape[1:])
        if self.otypes:
            dtype = np.dtype(self.otypes[k])
            out = out.astype(dtype) if isinstance(out, Tracer) else np.asarray(out, dtype)
        return out


def _core_ranks(signature: str | None, n: int) -> tuple[list[int], int | None]:
    """The number of core dimensions of each argument, and the number of results."""
    if signature is None:
        return [0] * n, None
    inputs, outputs = signature.replace(" ", "").split("->")
    groups = inputs[1:-1].split("),(")
    return [len(g.split(",")) if g else 0 for g in groups], len(outputs[1:-1].split("),("))
