"""NumPy's covariances and correlations."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.numpy.arguments import operand
from funcgrad.numpy.moments import average
from funcgrad.ops.basic import convert, reshape, transpose
from funcgrad.ops.complex import conj, imag, is_complex, real
from funcgrad.ops.contraction import matmul
from funcgrad.ops.elementwise import complex_, sqrt


@implements(np.cov)
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    x = operand(m)
    if typeof(x).ndim > 2:
        raise ArgumentError(f"np.cov of shape {typeof(x).shape}: more than 2 axes{here()}")
    others = [] if y is None else [operand(y)]
    if others and typeof(others[0]).ndim > 2:
        raise ArgumentError(
            f"np.cov: y of shape {typeof(others[0]).shape} has more than 2 axes{here()}"
        )
    if ddof is not None and ddof != int(ddof):
        raise ArgumentError(f"np.cov: ddof must be an integer, got {ddof}{here()}")
    if dtype is None:
        dtype = np.result_type(typeof(x).dtype, *[typeof(v).dtype for v in others], np.float64)
    dtype = np.dtype(dtype)
    x = _variables(x, dtype, turned=not rowvar and typeof(x).ndim != 1)
    if not typeof(x).shape[0]:
        return np.empty((0, 0))
    for other in others:
        rows = _variables(other, dtype, turned=False)
        if not rowvar and typeof(rows).shape[0] != 1:
            rows = transpose(rows, (1, 0))
        x = np.concatenate([x, rows], axis=0)
    if ddof is None:
        ddof = 0 if bias else 1
    weights = _weights(typeof(x).shape[1], fweights, aweights)
    mean, total = average(x, axis=1, weights=weights, returned=True)
    total = total[0]
    if weights is None:
        freedom = typeof(x).shape[1] - ddof
    elif ddof == 0:
        freedom = total
    elif aweights is None:
        freedom = total - ddof
    else:
        freedom = total - ddof * np.sum(weights * operand(aweights)) / total
    if isinstance(freedom, Tracer):
        factor = 1.0 / np.maximum(freedom, 0.0)
    else:
        factor = 1.0 / freedom if freedom > 0 else np.inf
    x = x - reshape(mean, (*typeof(mean).shape, 1))
    weighted = x if weights is None else x * weights
    second = transpose(conj(weighted) if is_complex(weighted) else weighted, (1, 0))
    product = matmul(x, second)
    return np.squeeze(convert(product * factor, typeof(product).dtype))


def _variables(x: Any, dtype: Any, *, turned: bool) -> Any:
    """One row per variable."""
    x = convert(x, dtype)
    if typeof(x).ndim < 2:
        return reshape(x, (1, typeof(x).size))
    return transpose(x, (1, 0)) if turned else x


def _weights(n: int, fweights: Any, aweights: Any) -> Any:
    weights = None
    for name, given in (("fweights", fweights), ("aweights", aweights)):
        if given is None:
            continue
        w = operand(given)
        if typeof(w).shape != (n,):
            raise ArgumentError(
                f"np.cov: {name} of shape {typeof(w).shape} for {n} observations{here()}"
            )
        w = convert(w, np.dtype(np.float64)) if name == "aweights" else w
        if not isinstance(w, Tracer) and np.any(w < 0):
            raise ArgumentError(f"np.cov: {name} must not be negative{here()}")
        if name == "fweights" and not isinstance(w, Tracer) and np.any(w != np.around(w)):
            raise ArgumentError(f"np.cov: fweights must be integers{here()}")
        weights = w if weights is None else weights * w
    return weights


@implements(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    c = cov(x, y, rowvar, dtype=dtype)
    if not typeof(c).ndim:
        return c / c
    variance = np.diagonal(c)
    deviation = sqrt(real(variance) if is_complex(c) else variance)
    n = typeof(deviation).size
    c = c / reshape(deviation, (n, 1)) / deviation
    if not is_complex(c):
        return np.clip(c, -1, 1)
    return complex_(np.clip(real(c), -1, 1), np.clip(imag(c), -1, 1))
