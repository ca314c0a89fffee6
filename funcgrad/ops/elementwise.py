"""All elementwise primitives by name, from the files that define them by subject."""

# ruff: noqa: F401  # names for others to import from here

from __future__ import annotations

from funcgrad.ops.arithmetic import (
    abs_,
    add,
    copysign,
    div,
    divmod_,
    fabs,
    floor_divide,
    fmax,
    fmin,
    heaviside,
    max_,
    min_,
    mod,
    mul,
    neg,
    positive,
    rem,
    sign,
    sub,
)
from funcgrad.ops.bitwise import (
    and_,
    gcd,
    lcm,
    not_,
    or_,
    population_count,
    shift_left,
    shift_right,
    xor,
)
from funcgrad.ops.comparison import (
    eq,
    ge,
    gt,
    is_finite,
    is_nan,
    le,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    lt,
    ne,
    signbit,
)
from funcgrad.ops.complex import complex_, conj, imag, is_complex, real, real_dtype
from funcgrad.ops.exponential import (
    exp,
    exp2,
    expm1,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    logaddexp2,
    logistic,
)
from funcgrad.ops.power import (
    cbrt,
    float_power,
    hypot,
    integer_pow,
    pow_,
    power,
    reciprocal,
    sqrt,
    square,
)
from funcgrad.ops.rounding import (
    ceil,
    floor,
    fractional_part,
    frexp,
    frexp_exponent,
    frexp_mantissa,
    ldexp,
    modf,
    nextafter,
    rint,
    round_,
    spacing,
    trunc,
)
from funcgrad.ops.selection import select_n, where
from funcgrad.ops.trigonometric import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cos,
    cosh,
    deg2rad,
    degrees,
    rad2deg,
    radians,
    sin,
    sinh,
    spherical_sinc,
    tan,
    tanh,
)
