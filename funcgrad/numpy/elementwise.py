"""NumPy's elementwise functions that are not ufuncs, and tests of floating-point values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import UnsupportedError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.numpy.arguments import NOT_GIVEN, deliver, operand
from funcgrad.ops import elementwise as e
from funcgrad.ops.basic import broadcast_to, convert
from funcgrad.ops.bessel import bessel_i

# Complex numbers


@implements(np.real)
def real(val: Any) -> Any:
    """The real part, a view; real numbers are their own."""
    x = operand(val)
    if type(x) is Tracer:
        return x.real
    return e.real(x) if e.is_complex(x) else x


@implements(np.imag)
def imag(val: Any) -> Any:
    """The imaginary part, a view; zeros for real numbers."""
    x = operand(val)
    if type(x) is Tracer:
        return x.imag
    if e.is_complex(x):
        return e.imag(x)
    aval = typeof(x)
    return np.zeros(aval.shape, aval.dtype)


@implements(np.angle)
def angle(z: Any, deg: bool = False) -> Any:
    """The angle of complex numbers, in radians or degrees."""
    z = operand(z)
    out = np.arctan2(imag(z) if e.is_complex(z) else 0, real(z))
    return out * (180.0 / math.pi) if deg else out


@implements(np.isreal)
def isreal(x: Any) -> Any:
    """Whether the imaginary part is zero."""
    return np.equal(imag(x), 0)


@implements(np.iscomplex)
def iscomplex(x: Any) -> Any:
    """Whether the imaginary part is not zero."""
    return np.not_equal(imag(x), 0)


@implements(np.isrealobj)
def isrealobj(x: Any) -> bool:
    """Whether the dtype is not complex."""
    return not e.is_complex(operand(x))


@implements(np.iscomplexobj)
def iscomplexobj(x: Any) -> bool:
    """Whether the dtype is complex."""
    return e.is_complex(operand(x))


@implements(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Any:
    """The real part if all imaginary parts are within `tol`; that depends on their values."""
    a = operand(a)
    if not e.is_complex(a):
        return real(a)
    if tol > 1:
        tol = np.finfo(typeof(a).dtype).eps * tol
    return e.real(a) if np.all(np.absolute(e.imag(a)) < tol) else a


# Rounding


@implements(np.round, np.around)
def round_(a: Any, decimals: int = 0, out: Any = None) -> Any:
    """Round to a number of decimals, halves to even."""
    a = operand(a)
    dtype = typeof(a).dtype
    if dtype.kind == "b" and decimals:
        raise TypeError(f"np.round of booleans to {decimals} decimals{here()}")
    if dtype.kind in "iu" and decimals >= 0:
        result = np.positive(a)
    elif decimals == 0:
        result = np.rint(a)
    else:
        result = e.round_(a, decimals=int(decimals))
    return deliver(result, out, "np.round")


@implements(np.fix)
def fix(x: Any, out: Any = None) -> Any:
    """Round towards zero."""
    return deliver(np.trunc(x), out, "np.fix")


@implements(np.clip)
def clip(
    a: Any,
    a_min: Any = NOT_GIVEN,
    a_max: Any = NOT_GIVEN,
    out: Any = None,
    *,
    min: Any = NOT_GIVEN,
    max: Any = NOT_GIVEN,
    **kwargs: Any,
) -> Any:
    """Limit values to an interval, of which either end may be None."""
    if a_min is NOT_GIVEN and a_max is NOT_GIVEN:
        a_min = None if min is NOT_GIVEN else min
        a_max = None if max is NOT_GIVEN else max
    elif a_min is NOT_GIVEN or a_max is NOT_GIVEN:
        missing = "a_min" if a_min is NOT_GIVEN else "a_max"
        raise TypeError(f"clip() missing 1 required positional argument: '{missing}'")
    elif min is not NOT_GIVEN or max is not NOT_GIVEN:
        raise ValueError(
            "Passing `min` or `max` keyword argument when `a_min` and `a_max` are provided is forbidden."
        )
    a = operand(a)
    dtype = typeof(a).dtype
    if dtype.kind in "iu":  # a Python integer beyond the range of the dtype is no limit
        if type(a_min) is int and a_min <= np.iinfo(dtype).min:
            a_min = None
        if type(a_max) is int and a_max >= np.iinfo(dtype).max:
            a_max = None
    if out is not None:
        kwargs["out"] = out
    if a_min is None and a_max is None:
        return np.positive(a, **kwargs)
    if a_max is None:
        return np.maximum(a, a_min, **kwargs)
    if a_min is not None:
        a = np.maximum(a, a_min)
    return np.minimum(a, a_max, **kwargs)


# Functions


@implements(np.sinc)
def sinc(x: Any) -> Any:
    """sin(pi x) / (pi x), with derivatives that are accurate at and near 0."""
    return e.spherical_sinc(math.pi * operand(x), n=0)


@implements(np.i0)
def i0(x: Any) -> Any:
    """The modified Bessel function of the first kind of order 0."""
    x = operand(x)
    kind = typeof(x).dtype.kind
    if kind == "c":
        raise TypeError(f"i0 not supported for complex values{here()}")
    return bessel_i(x if kind == "f" else convert(x, float), n=0)


@implements(np.nan_to_num)
def nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    """Replace NaN and infinities by finite numbers, to which no derivative flows."""
    original = x
    x = operand(x)
    dtype = typeof(x).dtype
    if dtype.kind not in "fc":
        result = np.positive(x) if dtype.kind != "b" else x
    elif dtype.kind == "c":
        parts = [nan_to_num(part, True, nan, posinf, neginf) for part in (e.real(x), e.imag(x))]
        result = e.complex_(*parts)
    else:
        limits = np.finfo(dtype)
        high = limits.max if posinf is None else posinf
        low = limits.min if neginf is None else neginf
        result = x
        for found, value in ((np.isnan(x), nan), (x == math.inf, high), (x == -math.inf, low)):
            result = e.where(found, convert(value, dtype), result)
    if copy or type(original) is not Tracer:
        return result
    original._assign(result)
    return original


# Comparisons of floating-point numbers


@implements(np.isposinf)
def isposinf(x: Any, out: Any = None) -> Any:
    """Whether elements are +infinity."""
    return deliver(_is_infinity(x, math.inf, "isposinf"), out, "np.isposinf")


@implements(np.isneginf)
def isneginf(x: Any, out: Any = None) -> Any:
    """Whether elements are -infinity."""
    return deliver(_is_infinity(x, -math.inf, "isneginf"), out, "np.isneginf")


def _is_infinity(x: Any, infinity: float, name: str) -> Any:
    x = operand(x)
    if e.is_complex(x):
        raise UnsupportedError(
            f"np.{name} does not take complex numbers, whose infinities have no sign{here()}"
        )
    return np.equal(x, infinity)


@implements(np.isclose)
def isclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> Any:
    """|a - b| <= atol + rtol |b| for finite b, or equal."""
    a, b = operand(a), operand(b)
    if typeof(b).dtype.kind not in "fc":
        b = convert(b, np.result_type(typeof(b).dtype, 1.0))
    near = (abs(a - b) <= atol + rtol * abs(b)) & np.isfinite(b) | (a == b)
    if equal_nan:
        near = near | (np.isnan(a) & np.isnan(b))
    return near


@implements(np.allclose)
def allclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> Any:
    """Whether all elements are close."""
    return np.all(isclose(a, b, rtol, atol, equal_nan))


@implements(np.array_equal)
def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    """Whether shapes and all elements agree."""
    a, b = operand(a1), operand(a2)
    if typeof(a).shape != typeof(b).shape:
        return np.False_
    same = np.equal(a, b)
    if equal_nan:
        same = same | (np.isnan(a) & np.isnan(b))
    return np.all(same)


@implements(np.array_equiv)
def array_equiv(a1: Any, a2: Any) -> Any:
    """Whether one array, broadcast to the shape of the other, equals it."""
    a, b = operand(a1), operand(a2)
    try:
        shape = np.broadcast_shapes(typeof(a).shape, typeof(b).shape)
    except ValueError:
        return np.False_
    return np.all(np.equal(broadcast_to(a, shape), b))
