"""Elementwise primitives: powers and roots."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core import dispatch
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.ops.basic import convert, convert_element_type
from funcgrad.ops.complex import imag, is_complex, real
from funcgrad.ops.define import elementwise, ufunc_dtypes
from funcgrad.ops.selection import where

# Up to here a power is a chain of products: within 2 units in the last place, and many times faster
# than np.power.
_LARGEST_CHAIN = 8
_LARGEST_EXPONENT = 1 << 31

sqrt = elementwise("sqrt", np.sqrt, jvp=lambda t, ans, x: t * (0.5 / ans))
cbrt = elementwise("cbrt", np.cbrt, jvp=lambda t, ans, x: t * (1 / 3 * ans**-2))
square = elementwise("square", np.square, jvp=lambda t, ans, x: t * (2.0 * x))
reciprocal = elementwise("reciprocal", np.reciprocal, jvp=lambda t, ans, x: -t * (ans * ans))


# Powers with a constant integer exponent


def power_chain(x: Any, y: int) -> Any:
    """x ** y for a small integer y by squaring and multiplying, on arrays or tracers."""
    if y == 0:
        return np.ones_like(x)
    if y < 0:
        return np.reciprocal(power_chain(x, -y))
    if y == 1:
        return np.positive(x)
    half = np.square(x) if y in (2, 3) else power_chain(x, y // 2)
    if y > 3:
        half = np.square(half)
    return half * x if y % 2 else half


def _integer_pow(x: Any, y: int) -> Any:
    if not hasattr(x, "dtype"):
        x = np.asarray(x)[()]
    if abs(y) <= _LARGEST_CHAIN and x.dtype.kind != "b":
        return power_chain(x, y)
    return np.power(x, x.dtype.type(y) if x.dtype.kind in "fc" else y)


def _integer_pow_jvp(t: Any, ans: Any, x: Any, y: int) -> Any:
    if y == 0:
        return None
    if y == 1:
        return t
    if y == -1:
        return -t * (ans * ans)
    return t * (float(y) * (x if y == 2 else integer_pow(x, y=y - 1)))


integer_pow = elementwise(
    "integer_pow",
    _integer_pow,
    dtypes=lambda asked: ((np.dtype(asked[0]),), np.dtype(asked[0])),
    jvp=_integer_pow_jvp,
)


# Powers in general


def _pow_jvp_base(t: Any, ans: Any, x: Any, y: Any) -> Any:
    """y x^(y-1), which is 0 for y = 0 even at x = 0, where 0 times infinity would be NaN."""
    if type(y) is Tracer or np.any(y == 0):
        x = where((x == 0.0) & (y == 0.0), 1.0, x)
    return t * (y * power(x, y - 1.0))


def _pow_jvp_exponent(t: Any, ans: Any, x: Any, y: Any) -> Any:
    """x^y log x, which is 0 at x = 0, where the logarithm is not finite."""
    if type(x) is Tracer or np.any(x == 0):
        x = where(x == 0.0, 1.0, x)
    return t * (ans * np.log(x))


pow_ = elementwise(
    "pow",
    np.power,
    jvp=(_pow_jvp_base, _pow_jvp_exponent),
    emit=lambda operands: f"{operands[0]} ** {operands[1]}",
    dispatch_ufunc=False,
)
_pow_dtypes = ufunc_dtypes(np.power)


def power(x: Any, y: Any) -> Any:
    """`np.power(x, y)` and `x ** y`; a constant exponent becomes `integer_pow` or `sqrt`."""
    if type(x) is not Tracer or type(y) is Tracer:
        return pow_(x, y)
    exponent = y if type(y) is int or type(y) is float else _exponent(x, y)
    if exponent is None:
        return pow_(x, y)
    kind = x.aval.dtype.kind
    if kind in "fc":
        if exponent == 0.5:
            return sqrt.unary(x)
        if -_LARGEST_EXPONENT < exponent < _LARGEST_EXPONENT and exponent == int(exponent):
            return integer_pow.unary(x, (("y", int(exponent)),))
    elif type(exponent) is int:
        if kind == "b":
            # NumPy's shortcut for squares, whose dtype is int8.
            return square.unary(x) if exponent == 2 else pow_(x, y)
        if exponent >= 0:
            return integer_pow.unary(x, (("y", exponent),))
        if kind == "i":
            return _negative_power_of_integers(x, exponent)
    return pow_(x, y)


def _exponent(x: Tracer, y: Any) -> Any:
    """A NumPy scalar as a Python scalar, unless its dtype would change that of the result."""
    y_dtype = getattr(y, "dtype", None)
    if y_dtype is None or y_dtype.kind not in "iuf" or np.ndim(y):
        return None
    out = _pow_dtypes((x.aval.dtype, y_dtype))[1]
    return y.item() if out == x.aval.dtype and not x.aval.weak_type else None


def _negative_power_of_integers(x: Tracer, y: int) -> Any:
    if x.aval.weak_type:  # Python's 2 ** -1 is 0.5
        return integer_pow(convert_element_type(x, new_dtype=np.dtype(float), weak_type=True), y=y)
    raise ValueError(f"Integers to negative integer powers are not allowed.{here()}")


def float_power(x: Any, y: Any) -> Any:
    """`np.float_power`: powers in float64 or complex128."""
    kinds = [typeof(v).dtype for v in (x, y)]
    loop = np.float_power.resolve_dtypes((*kinds, None))
    return power(convert(x, loop[0]), convert(y, loop[1]))


dispatch.UFUNCS[np.power] = power
dispatch.UFUNCS[np.float_power] = float_power


# Lengths


def squared_magnitude(x: Any) -> Any:
    """|x|² of each element, real."""
    return square(real(x)) + square(imag(x)) if is_complex(x) else square(x)


def _safe_sqrt_jvp(t: Any, ans: Any, x: Any) -> Any:
    positive = ans != 0.0
    return t * where(positive, 0.5 / where(positive, ans, 1.0), 0.0)


# The root of a sum of squares or a variance: where it is 0, so is its derivative, which keeps the
# standard deviation of constant data and the norm of zero from giving NaN.
safe_sqrt = elementwise("safe_sqrt", np.sqrt, jvp=_safe_sqrt_jvp, dispatch_ufunc=False)


def _ratio(x: Any, radius: Any) -> Any:
    """x / radius, 0 with all its derivatives where the radius is 0."""
    at_origin = radius == 0.0
    return where(at_origin, 0.0, x / where(at_origin, 1.0, radius))


hypot = elementwise(
    "hypot",
    np.hypot,
    jvp=(lambda t, ans, x, y: t * _ratio(x, ans), lambda t, ans, x, y: t * _ratio(y, ans)),
)
