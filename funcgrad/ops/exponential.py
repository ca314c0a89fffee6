"""Elementwise primitives: exponentials and logarithms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.ops.define import elementwise
from funcgrad.ops.selection import where

_LN2 = math.log(2.0)
_LN10 = math.log(10.0)

exp = elementwise("exp", np.exp, jvp=lambda t, ans, x: t * ans)
exp2 = elementwise("exp2", np.exp2, jvp=lambda t, ans, x: t * (_LN2 * ans))
expm1 = elementwise("expm1", np.expm1, jvp=lambda t, ans, x: t * (ans + 1.0))
log = elementwise("log", np.log, jvp=lambda t, ans, x: t / x)
log2 = elementwise("log2", np.log2, jvp=lambda t, ans, x: t / (_LN2 * x))
log10 = elementwise("log10", np.log10, jvp=lambda t, ans, x: t / (_LN10 * x))
log1p = elementwise("log1p", np.log1p, jvp=lambda t, ans, x: t / (x + 1.0))


def _logistic(x: Any) -> Any:
    if np.iscomplexobj(x):
        return np.reciprocal(1 + np.exp(-x))
    small = np.exp(-np.abs(x))  # at most 1: neither overflow nor cancellation
    return np.where(np.signbit(x), small, np.ones_like(small)) / (1 + small)


def _float_dtypes(asked: Sequence[Any]) -> tuple[Sequence[Any], Any]:
    dtype = np.dtype(asked[0])
    if dtype.kind not in "fc":
        raise TypeError
    return (dtype,), dtype


# 1 / (1 + exp(-x)) of floating or complex numbers.
logistic = elementwise(
    "logistic", _logistic, dtypes=_float_dtypes, jvp=lambda t, ans, x: t * (ans * (1.0 - ans))
)


def _excess(x: Any, y: Any) -> Any:
    """x - y, and 0 where both are the same infinity."""
    alike = np.isinf(x) & (x == y)
    return where(alike, 0.0, x) - where(alike, 0.0, y)


logaddexp = elementwise(
    "logaddexp",
    np.logaddexp,
    jvp=(
        lambda t, ans, x, y: t * logistic(_excess(x, y)),
        lambda t, ans, x, y: t * logistic(_excess(y, x)),
    ),
)
logaddexp2 = elementwise(
    "logaddexp2",
    np.logaddexp2,
    jvp=(
        lambda t, ans, x, y: t * logistic(_LN2 * _excess(x, y)),
        lambda t, ans, x, y: t * logistic(_LN2 * _excess(y, x)),
    ),
)
