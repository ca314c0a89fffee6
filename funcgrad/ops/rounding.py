"""Elementwise primitives: rounding, and taking floating-point numbers apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core import dispatch
from funcgrad.core.tracing import typeof
from funcgrad.ops.basic import convert
from funcgrad.ops.define import ZERO, elementwise

floor = elementwise("floor", np.floor, jvp=ZERO)
ceil = elementwise("ceil", np.ceil, jvp=ZERO)
trunc = elementwise("trunc", np.trunc, jvp=ZERO)
# To the nearest integer, halves to the even one.
rint = elementwise("rint", np.rint, jvp=ZERO)


def _round_dtypes(asked: Sequence[Any]) -> tuple[Sequence[Any], Any]:
    dtype = np.dtype(asked[0])
    return (dtype,), dtype


round_ = elementwise(
    "round", lambda x, decimals: np.round(x, decimals), dtypes=_round_dtypes, jvp=ZERO
)

# The neighbour of x moves as x does; JAX takes its derivative for zero.
nextafter = elementwise("nextafter", np.nextafter, jvp=(lambda t, ans, x, y: t, None))
spacing = elementwise("spacing", np.spacing, jvp=ZERO)

# x * 2^n
ldexp = elementwise(
    "ldexp",
    np.ldexp,
    jvp=(lambda t, ans, x, n: ldexp(t, n), None),
    transpose=(lambda ct, x, n: ldexp(ct, n), None),
)


def _exponent_dtypes(asked: Sequence[Any]) -> tuple[Sequence[Any], Any]:
    loop = np.frexp.resolve_dtypes((*asked, None, None))
    return loop[:1], loop[2]


def _mantissa_dtypes(asked: Sequence[Any]) -> tuple[Sequence[Any], Any]:
    loop = np.frexp.resolve_dtypes((*asked, None, None))
    return loop[:1], loop[1]


frexp_exponent = elementwise(
    "frexp_exponent", lambda x: np.frexp(x)[1], dtypes=_exponent_dtypes, jvp=ZERO
)
frexp_mantissa = elementwise(
    "frexp_mantissa",
    lambda x: np.frexp(x)[0],
    dtypes=_mantissa_dtypes,
    jvp=lambda t, ans, x: ldexp(t, -frexp_exponent(x)),
)


def frexp(x: Any) -> tuple[Any, Any]:
    """`np.frexp`: mantissa and exponent, x = mantissa * 2^exponent."""
    return frexp_mantissa(x), frexp_exponent(x)


def _fraction_dtypes(asked: Sequence[Any]) -> tuple[Sequence[Any], Any]:
    loop = np.modf.resolve_dtypes((*asked, None, None))
    return loop[:1], loop[1]


fractional_part = elementwise(
    "fractional_part",
    lambda x: np.modf(x)[0],
    dtypes=_fraction_dtypes,
    jvp=lambda t, ans, x: t,
)


def modf(x: Any) -> tuple[Any, Any]:
    """`np.modf`: fractional and integral part, both with the sign of x."""
    fraction = fractional_part(x)
    return fraction, trunc(convert(x, typeof(fraction).dtype))


dispatch.UFUNCS[np.frexp] = frexp
dispatch.UFUNCS[np.modf] = modf
