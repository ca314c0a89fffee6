"""The constructor of primitives that draw from distributions with parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.primitive import BatchAxis, Primitive
from funcgrad.core.source import here
from funcgrad.core.types import ShapedArray
from funcgrad.ops.random.primitives import check_keys
from funcgrad.ops.shape import to_front


def parametric(
    name: str,
    draw: Callable[..., Any],
    *,
    dtype: Callable[..., np.dtype[Any]],
    jvp: Callable[..., Any] | None = None,
) -> Primitive:
    """A primitive `name keys x y ...` with keys (..., words) and parameters (..., *shape).

    Args:
        draw: `draw(key, x, y, ..., **params)` gives one number for each element of the vectors of parameters.
        dtype: the dtype of the result, from the types of the parameters and the params.
        jvp: its forward rule; without one it has no derivative.
    """

    def impl(keys: Any, *parameters: Any, **params: Any) -> Any:
        shape = np.shape(parameters[0])
        size = math.prod(shape[keys.ndim - 1 :])
        out = np.empty(shape, dtype(*parameters, **params)).reshape(-1, max(size, 1))
        if not math.prod(shape):
            return out.reshape(shape)
        rows = [np.asarray(x).reshape(-1, size) for x in parameters]
        with np.errstate(all="ignore"):
            for row, key, *xs in zip(out, keys.reshape(-1, keys.shape[-1]), *rows, strict=True):
                row[...] = draw(key, *xs, **params)
        return out.reshape(shape)[()]

    def abstract(keys: ShapedArray, *parameters: ShapedArray, **params: Any) -> ShapedArray:
        check_keys(name, keys)
        shape = parameters[0].shape
        if shape[: keys.ndim - 1] != keys.shape[:-1] or any(x.shape != shape for x in parameters):
            raise ArgumentError(
                f"{name}: the shapes of {', '.join(map(str, (keys, *parameters)))} do not match{here()}"
            )
        return ShapedArray(shape, dtype(*parameters, **params))

    def batch(
        axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool], **params: Any
    ) -> tuple[Any, bool]:
        both = [x if b else to_front(x, axis.size) for x, b in zip(operands, batched, strict=True)]
        return primitive(*both, **params), True

    primitive = Primitive(
        name,
        impl=impl,
        abstract=abstract,
        jvp=jvp or (lambda primals, tangents, **params: (primitive(*primals, **params), None)),
        batch=batch,
        properties=frozenset() if jvp else frozenset({"no_derivative"}),
    )
    return primitive
