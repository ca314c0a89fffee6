"""Elementwise operations under JAX's names."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.lax.checking import checked
from funcgrad.ops.basic import convert

abs = np.abs
acos = np.arccos
acosh = np.arccosh
add = np.add
asin = np.arcsin
asinh = np.arcsinh
atan = np.arctan
atan2 = np.arctan2
atanh = np.arctanh
bitwise_and = np.bitwise_and
bitwise_not = np.bitwise_not
bitwise_or = np.bitwise_or
bitwise_xor = np.bitwise_xor
cbrt = np.cbrt
ceil = np.ceil
conj = np.conj
cos = np.cos
cosh = np.cosh
eq = np.equal
exp = np.exp
exp2 = np.exp2
expm1 = np.expm1
floor = np.floor
ge = np.greater_equal
gt = np.greater
imag = np.imag
is_finite = np.isfinite
le = np.less_equal
log = np.log
log1p = np.log1p
lt = np.less
max = np.maximum
min = np.minimum
mul = np.multiply
ne = np.not_equal
neg = np.negative
nextafter = np.nextafter
pow = np.power
real = np.real
rem = np.fmod
shift_left = np.left_shift
shift_right_arithmetic = np.right_shift
sign = np.sign
sin = np.sin
sinh = np.sinh
sqrt = np.sqrt
square = np.square
sub = np.subtract
tan = np.tan
tanh = np.tanh

__all__ = [
    "abs",
    "acos",
    "acosh",
    "add",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bitwise_and",
    "bitwise_not",
    "bitwise_or",
    "bitwise_xor",
    "cbrt",
    "ceil",
    "clamp",
    "complex",
    "conj",
    "convert_element_type",
    "cos",
    "cosh",
    "div",
    "eq",
    "exp",
    "exp2",
    "expm1",
    "floor",
    "ge",
    "gt",
    "imag",
    "integer_pow",
    "is_finite",
    "le",
    "log",
    "log1p",
    "lt",
    "max",
    "min",
    "mul",
    "ne",
    "neg",
    "nextafter",
    "pow",
    "real",
    "reciprocal",
    "rem",
    "round",
    "rsqrt",
    "select",
    "select_n",
    "shift_left",
    "shift_right_arithmetic",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "sub",
    "tan",
    "tanh",
]


@checked
def clamp(min: Any, x: Any, max: Any) -> Any:
    """`x` limited to the range from `min` to `max`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.clamp(0.0, np.array([-1.0, 0.5, 2.0]), 1.0)
    array([0. , 0.5, 1. ])
    """
    return np.clip(x, min, max)


def complex(x: Any, y: Any) -> Any:
    """The complex numbers `x + 1j y`.

    >>> import funcgrad as fg
    >>> fg.lax.complex(1.0, 2.0)
    (1+2j)
    """
    return x + 1j * y


def convert_element_type(operand: Any, new_dtype: Any) -> Any:
    """The array with another dtype.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.convert_element_type(np.array([1, 2]), "float32")
    array([1., 2.], dtype=float32)
    """
    if type(operand) is Tracer:
        return convert(operand, np.dtype(new_dtype))
    return np.asarray(operand).astype(new_dtype)[()]


def div(x: Any, y: Any) -> Any:
    """The quotient; of integers rounded towards zero, as in C.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.div(np.array([-7, 7]), 2)
    array([-3,  3])
    """
    if typeof(x).dtype.kind in "iu" and typeof(y).dtype.kind in "iu":
        return (x - np.fmod(x, y)) // y
    return np.true_divide(x, y)


def integer_pow(x: Any, y: int) -> Any:
    """`x` to the power of an integer.

    >>> import funcgrad as fg
    >>> fg.grad(fg.lax.integer_pow)(2.0, 3)
    np.float64(12.0)
    """
    return x**y


def reciprocal(x: Any) -> Any:
    """`1 / x`.

    >>> import funcgrad as fg
    >>> fg.lax.reciprocal(4.0)
    0.25
    """
    return 1.0 / x


def round(x: Any, rounding_method: int = 0) -> Any:
    """The nearest integer; halves away from zero, or to even with `rounding_method=1`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.round(np.array([0.5, 1.5, -0.5])), fg.lax.round(np.array([0.5, 1.5]), 1)
    (array([ 1.,  2., -1.]), array([0., 2.]))
    """
    if int(rounding_method) == 1:
        return np.round(x)
    whole = np.trunc(x)
    return whole + np.sign(x) * (np.abs(x - whole) >= 0.5)


def rsqrt(x: Any) -> Any:
    """`1 / sqrt(x)`.

    >>> import funcgrad as fg
    >>> float(fg.lax.rsqrt(4.0))
    0.5
    """
    return 1.0 / np.sqrt(x)


def select(pred: Any, on_true: Any, on_false: Any) -> Any:
    """Elements of two arrays of one shape, chosen by a boolean array of that shape, or by a scalar.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.select(np.array([True, False]), np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    array([1., 4.])
    """
    a, b, p = typeof(on_true), typeof(on_false), typeof(pred)
    if a.shape != b.shape or (p.shape and p.shape != a.shape):
        raise ArgumentError(
            f"select takes arrays of one shape, not {p}, {a} and {b}{here()}\n  use np.where, which broadcasts"
        )
    return np.where(pred, on_true, on_false)


def select_n(which: Any, *cases: Any) -> Any:
    """Elements of several arrays, chosen by an array of integers (or booleans, for two).

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.select_n(np.array([2, 0]), np.zeros(2), np.ones(2), 2 * np.ones(2))
    array([2., 0.])
    """
    if not cases:
        raise ArgumentError(f"select_n takes at least one case{here()}")
    chosen = cases[0]
    for i, case in enumerate(cases[1:], 1):
        chosen = np.where(
            which if typeof(which).dtype == np.dtype(bool) else which == i, case, chosen
        )
    return chosen
