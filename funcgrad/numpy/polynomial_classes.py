"""`numpy.polynomial`, whose Python code runs on traced values as it is, but for what is said here.

Its functions drop trailing zeros of coefficients: those that have derivatives are kept. Its fits warn of a rank that
is too low, where it is known while tracing (not under `jit` and `vmap`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.polynomial import polynomial, polyutils

from funcgrad.core import patch
from funcgrad.core.dispatch import implements
from funcgrad.core.tracing import is_traced
from funcgrad.numpy.arguments import operand
from funcgrad.numpy.known import constant_value, known_value
from funcgrad.numpy.polynomial_fit import check_fit
from funcgrad.ops.linalg.matrix import column

_trimseq = polyutils.trimseq
_fit = polyutils._fit


def _run(numpys: Callable[..., Any]) -> None:
    """Run the code of a function that NumPy dispatches."""
    implements(numpys)(numpys._implementation)  # type: ignore[attr-defined]


for _name in ("polyval2d", "polygrid2d", "polyvalnd"):  # the last one since NumPy 2.5
    if hasattr(getattr(polynomial, _name, None), "_implementation"):
        _run(getattr(polynomial, _name))


def trimseq(seq: Any) -> Any:
    """A sequence without trailing zeros, as far as they are constants."""
    value = constant_value(seq) if is_traced(seq) else seq
    return seq if value is None else seq[: len(_trimseq(value))]


def fit(
    vander: Callable[..., Any],
    x: Any,
    y: Any,
    deg: Any,
    rcond: Any = None,
    full: bool = False,
    w: Any = None,
) -> Any:
    """A least squares fit; without NumPy's warning about the rank where that is not known."""
    if all(known_value(value) is not None for value in (x, y, w)):
        return _fit(vander, x, y, deg, rcond, full, w)
    x, y = operand(x) + 0.0, operand(y) + 0.0
    check_fit(x, y, np.max(deg))
    degrees = np.arange(deg + 1) if np.ndim(deg) == 0 else np.sort(deg)
    lhs, rhs = vander(x, degrees[-1])[:, degrees], y.T
    if w is not None:
        lhs, rhs = lhs * column(w + 0.0), rhs * (w + 0.0)
    scale = np.linalg.norm(lhs, axis=0)
    scale = np.where(scale == 0, 1, scale)
    if rcond is None:
        rcond = x.shape[0] * float(np.finfo(x.dtype).eps)
    found, residuals, rank, s = np.linalg.lstsq(lhs / scale, rhs.T, rcond)
    found = (found.T / scale).T
    coefficients = np.zeros_like(found, shape=(degrees[-1] + 1, *found.shape[1:]))
    coefficients[degrees] = found
    return (coefficients, [residuals, rank, s, rcond]) if full else coefficients


patch.register(polyutils, trimseq=trimseq, _fit=fit)
