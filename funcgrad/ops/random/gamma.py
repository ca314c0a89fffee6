"""Gamma variables, with derivatives with respect to their parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import NoDerivativeError
from funcgrad.core.source import here, locate
from funcgrad.core.tracing import current_trace
from funcgrad.ops.define import elementwise
from funcgrad.ops.elementwise import log
from funcgrad.ops.random import philox, threefry
from funcgrad.ops.random.gamma_slope import log_sample_slope
from funcgrad.ops.random.parametric import parametric
from funcgrad.ops.random.primitives import is_philox, normal, unit
from funcgrad.ops.selection import where

_BLOCK = 4096
_SQUEEZE = 0.0331


def _draw(key: Any, a: Any, log_space: bool) -> Any:
    if is_philox(key):
        return _by_numpy(philox.generator(key), a, log_space)
    keys = threefry.split(key[None], len(a))[0]
    out = np.empty_like(a)
    for start in range(0, len(a), _BLOCK):
        some = slice(start, start + _BLOCK)
        out[some] = _by_rejection(keys[some], a[some], log_space)
    return out


def _by_numpy(generator: Any, a: Any, log_space: bool) -> Any:
    positive = np.where(a > 0, a, 1).astype(np.float64)
    small = positive < 1
    # A variable with a small parameter is one with a + 1 times a power of a uniform number.
    out = generator.standard_gamma(np.where(small, positive + 1, positive))
    power = np.where(small, np.log1p(-generator.random(len(a))) / positive, 0.0)
    out = np.log(out) + power if log_space else out * np.exp(power)
    zero = -np.inf if log_space else 0.0
    return np.where(a > 0, out, np.where(a == 0, zero, np.nan))


def _by_rejection(keys: Any, a: Any, log_space: bool) -> Any:
    """G. Marsaglia, W. W. Tsang: A simple method for generating gamma variables (2000).

    Each variable has its own key (n, 2), and takes from it what JAX does.
    """
    dtype = a.dtype.type
    third = dtype(1.0 / 3.0)
    large = a >= 1
    d = np.where(large, a, a + dtype(1)) - third
    c = third / np.sqrt(d)
    keys, last = np.moveaxis(threefry.split(keys, 2), 1, 0)
    v = np.ones_like(d)
    open_ = np.arange(len(d))
    while open_.size:
        keys, normal_keys, uniform_keys = np.moveaxis(threefry.split(keys, 3), 1, 0)
        x, root = _positive_root(normal_keys, c[open_])
        square, cube = x * x, root * root * root
        u = unit(uniform_keys, 1, a.dtype)[:, 0]
        v[open_] = cube
        again = (u >= 1 - dtype(_SQUEEZE) * (square * square)) & (
            np.log(u) >= square * dtype(0.5) + d[open_] * ((1 - cube) + np.log(cube))
        )
        open_, keys = open_[again], keys[again]
    u = unit(last, 1, a.dtype)[:, 0]
    if not log_space:
        return d * v * np.where(large, dtype(1), (1 - u) ** (1 / a))
    log_u = np.log1p(-u)
    power = np.where(large | (log_u == 0), dtype(0), log_u * (1 / a))
    return np.log(d) + np.log(v) + power


def _positive_root(keys: Any, c: Any) -> tuple[Any, Any]:
    """A normal number x for each key, drawn until 1 + c x is positive, and that."""
    x, root = np.zeros_like(c), np.empty_like(c)
    open_ = np.arange(len(c))
    while open_.size:
        keys, drawn = np.moveaxis(threefry.split(keys, 2), 1, 0)
        x[open_] = normal(drawn, 1, c.dtype)[:, 0]
        root[open_] = 1 + x[open_] * c[open_]
        again = root[open_] <= 0
        open_, keys = open_[again], keys[again]
    return x, root


# Derivatives


def _slope_dtypes(asked: Sequence[Any]) -> tuple[Sequence[Any], Any]:
    dtype = np.result_type(*asked)
    if dtype.kind != "f":
        raise TypeError
    return (dtype, dtype), dtype


def _again(a: Any, s: Any, by: str, next_by: str) -> Any:
    if not by:
        return random_gamma_grad(a, s, by=next_by)
    trace = current_trace()
    source = trace.source if trace is not None else None
    raise NoDerivativeError(
        "gamma variables have first and second derivatives with respect to their parameter, no third ones"
        + (f"\n  at {locate(source)}" if source else here())
        + "\n  use fg.stop_gradient on the parameter where none should flow"
    )


# ds/da of log-samples s of gamma variables with parameters a; with `by`, the derivative of that.
random_gamma_grad = elementwise(
    "random_gamma_grad",
    log_sample_slope,
    dtypes=_slope_dtypes,
    jvp=(
        lambda t, ans, a, s, by: t * _again(a, s, by, "a"),
        lambda t, ans, a, s, by: t * _again(a, s, by, "s"),
    ),
)


def _jvp(primals: Sequence[Any], tangents: Sequence[Any], log_space: bool) -> tuple[Any, Any]:
    (_, a), (_, t) = primals, tangents
    out = random_gamma(*primals, log_space=log_space)
    if t is None:
        return out, None
    if log_space:
        return out, t * random_gamma_grad(a, out, by="")
    positive = out > 0.0
    slope = random_gamma_grad(a, log(where(positive, out, 1.0)), by="")
    return out, t * where(positive, out * slope, 0.0)


# Standard gamma variables, or their logarithms.
random_gamma = parametric("random_gamma", _draw, dtype=lambda a, log_space: a.dtype, jvp=_jvp)
