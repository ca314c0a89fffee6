"""Elementwise primitives: arithmetic, remainders, absolute value and sign, extrema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core import dispatch
from funcgrad.core.tracing import typeof
from funcgrad.ops.complex import conj, is_complex, real
from funcgrad.ops.define import ZERO, elementwise
from funcgrad.ops.selection import where


def infix(symbol: str) -> Callable[..., str]:
    """How compiled source writes an operator of Python."""
    return lambda operands: f"{operands[0]} {symbol} {operands[1]}"


neg = elementwise(
    "neg",
    np.negative,
    jvp=lambda t, ans, x: -t,
    transpose=lambda ct, x: -ct,
    emit=lambda operands: f"-{operands[0]}",
)
positive = elementwise("positive", np.positive, jvp=lambda t, ans, x: t, transpose=lambda ct, x: ct)
add = elementwise(
    "add",
    np.add,
    jvp=(lambda t, ans, x, y: t, lambda t, ans, x, y: t),
    transpose=(lambda ct, x, y: ct, lambda ct, x, y: ct),
    emit=infix("+"),
)
sub = elementwise(
    "sub",
    np.subtract,
    jvp=(lambda t, ans, x, y: t, lambda t, ans, x, y: -t),
    transpose=(lambda ct, x, y: ct, lambda ct, x, y: -ct),
    emit=infix("-"),
)
mul = elementwise(
    "mul",
    np.multiply,
    jvp=(lambda t, ans, x, y: t * y, lambda t, ans, x, y: x * t),
    transpose=(lambda ct, x, y: ct * y, lambda ct, x, y: x * ct),
    emit=infix("*"),
)
div = elementwise(
    "div",
    np.true_divide,
    jvp=(lambda t, ans, x, y: t / y, lambda t, ans, x, y: -t * (ans / y)),
    transpose=(lambda ct, x, y: ct / y, None),
    emit=infix("/"),
)

# Division with remainder: x = y * floor_divide(x, y) + mod(x, y). `rem` is that of C, which
# rounds the quotient towards zero.

floor_divide = elementwise("floor_divide", np.floor_divide, jvp=ZERO)
mod = elementwise(
    "mod", np.remainder, jvp=(lambda t, ans, x, y: t, lambda t, ans, x, y: -t * floor_divide(x, y))
)
rem = elementwise(
    "rem",
    np.fmod,
    # The quotient is an integer up to rounding, which trunc(x / y) would take to the wrong side.
    jvp=(lambda t, ans, x, y: t, lambda t, ans, x, y: -t * np.rint((x - ans) / y)),
)


def divmod_(x: Any, y: Any) -> tuple[Any, Any]:
    """`np.divmod`: quotient and remainder."""
    return floor_divide(x, y), mod(x, y)


dispatch.UFUNCS[np.divmod] = divmod_


# Absolute value and sign


def _slope(x: Any) -> Any:
    """The derivative of |x|, which is 1 at 0 (JAX's convention)."""
    one = typeof(x).dtype.type(1)
    return where(x >= 0.0, one, -one)


def _abs_jvp(t: Any, ans: Any, x: Any) -> Any:
    if is_complex(x):
        return real(t * (conj(x) / where(ans == 0.0, 1.0, ans)))
    return t * _slope(x)


def _sign_jvp(t: Any, ans: Any, x: Any) -> Any:
    """z / |z| turns with z and does not grow; JAX takes its derivative for zero."""
    if not is_complex(x):
        return None
    radius = abs_(x)
    return (t - ans * real(conj(ans) * t)) / where(radius == 0.0, np.inf, radius)


abs_ = elementwise("abs", np.absolute, jvp=_abs_jvp, emit=lambda operands: f"abs({operands[0]})")
fabs = elementwise("fabs", np.fabs, jvp=lambda t, ans, x: t * _slope(x))
sign = elementwise("sign", np.sign, jvp=_sign_jvp)
copysign = elementwise(
    "copysign", np.copysign, jvp=(lambda t, ans, x, y: t * (_slope(x) * copysign(1.0, y)), None)
)
heaviside = elementwise(
    "heaviside", np.heaviside, jvp=(None, lambda t, ans, x, y: where(x == 0.0, t, 0.0))
)


# Extrema: equal operands share the derivative


def _share(ans: Any, above: Any, not_below: Any) -> Any:
    """1 where an operand is the extremum, 1/2 where both are, else 0, in the dtype of `ans`."""
    half = typeof(ans).dtype.type(0.5)
    return half * above + half * not_below


def _share_of_number(ans: Any, above: Any, not_below: Any, x: Any, y: Any) -> Any:
    """The same for fmax and fmin, which pass over y where it is NaN and x is not."""
    alone = np.isnan(y) & ~np.isnan(x)
    return _share(ans, above | alone, not_below | alone)


max_ = elementwise(
    "max",
    np.maximum,
    jvp=(
        lambda t, ans, x, y: t * _share(ans, x > y, x >= y),
        lambda t, ans, x, y: t * _share(ans, y > x, y >= x),
    ),
)
min_ = elementwise(
    "min",
    np.minimum,
    jvp=(
        lambda t, ans, x, y: t * _share(ans, x < y, x <= y),
        lambda t, ans, x, y: t * _share(ans, y < x, y <= x),
    ),
)
fmax = elementwise(
    "fmax",
    np.fmax,
    jvp=(
        lambda t, ans, x, y: t * _share_of_number(ans, x > y, x >= y, x, y),
        lambda t, ans, x, y: t * _share_of_number(ans, y > x, y >= x, y, x),
    ),
)
fmin = elementwise(
    "fmin",
    np.fmin,
    jvp=(
        lambda t, ans, x, y: t * _share_of_number(ans, x < y, x <= y, x, y),
        lambda t, ans, x, y: t * _share_of_number(ans, y < x, y <= x, y, x),
    ),
)
