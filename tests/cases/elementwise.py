"""Cases for NumPy's ufuncs and the other elementwise functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.cases.case import Case

NUMPY = np.lib.NumpyVersion(np.__version__)
FLOATS = ("float32", "float16")
INTEGERS = ("int64", "int32", "uint8")
NUMBERS = (*FLOATS, *INTEGERS, "bool")
COMPLEX = ("complex64", "complex128")
PAIR = ((2, 3), (3,))
MIXED = (("float32", "int8"), ("int32", "float32"), ("float32", "float64"), ("int8", "uint8"))


def unary(fun: Any, low: float = -2.0, high: float = 2.0, **fields: Any) -> Case:
    dtypes = (*fields.pop("dtypes", NUMBERS), *(COMPLEX if fields.get("complex") else ()))
    return Case(fun, shapes=((2, 3),), low=low, high=high, dtypes=dtypes, **fields)


def binary(fun: Any, low: Any = -2.0, high: Any = 2.0, **fields: Any) -> Case:
    dtypes = (
        *fields.pop("dtypes", (*NUMBERS, *MIXED)),
        *(COMPLEX if fields.get("complex") else ()),
    )
    return Case(fun, shapes=fields.pop("shapes", PAIR), low=low, high=high, dtypes=dtypes, **fields)


NOT_BOOL = (*FLOATS, *INTEGERS)
ARITHMETIC = [
    unary(np.negative, dtypes=NOT_BOOL, complex=True),
    unary(np.positive, dtypes=NOT_BOOL, complex=True),
    binary(np.add, complex=True),
    binary(np.subtract, dtypes=(*NOT_BOOL, *MIXED), complex=True),
    binary(np.multiply, complex=True),
    binary(np.divide, low=(-2.0, 1.0), complex=True),
    binary(np.floor_divide, low=(-9.0, 1.0), high=(9.0, 4.0), grad=False),
    binary(np.remainder, low=(-9.0, 1.0), high=(9.0, 4.0)),
    binary(np.fmod, low=(-9.0, 1.0), high=(9.0, 4.0)),
    binary(np.divmod, low=(-9.0, 1.0), high=(9.0, 4.0)),
    unary(np.absolute, complex=True),
    unary(np.fabs),
    unary(np.sign, grad=False, dtypes=(*NOT_BOOL, "complex128")),
    # JAX takes the derivative of a complex number's sign for zero.
    binary(lambda x, y: np.sign(x + 1j * y), name="sign of complex numbers", dtypes=(), jax=None),
    binary(np.copysign),
    binary(np.heaviside),
    binary(np.maximum),
    binary(np.minimum),
    binary(np.fmax),
    binary(np.fmin),
]

POWERS = [
    binary(np.power, low=(0.3, -2.0), dtypes=(*FLOATS, *MIXED[:3]), complex=True),
    binary(
        np.power, low=0, high=4, dtypes=("int64", "uint8", "bool", ("int8", "uint8")), grad=False
    ),
    binary(np.float_power, low=(0.3, -2.0), complex=True, shapes=((3,), (2, 3))),
    *[
        unary(lambda x, n: x**n, name="x**n", params={"n": n}, low=0.5, complex=True, dtypes=dtypes)
        for n, dtypes in [(n, NOT_BOOL) for n in (0, 1, 2, 3, 7, 12)]
        + [(n, FLOATS) for n in (-1, -3, 0.5, 2.0, 2.5, -1.5, np.float64(3.0), np.int64(3))]
    ],
    unary(lambda x: 2.0**x, name="2.0**x", complex=True),
    unary(lambda x: 2**x, name="2**x", dtypes=FLOATS),
    unary(np.sqrt, low=0.1, complex=True),
    unary(np.cbrt, low=0.1),
    unary(np.square, complex=True),
    unary(np.reciprocal, low=1.0, complex=True),
    binary(np.hypot),
]

EXPONENTIALS = [
    unary(np.exp, complex=True),
    unary(np.exp2, complex=True),
    unary(np.expm1, complex=True),
    unary(np.log, low=0.1, complex=True),
    unary(np.log2, low=0.1, complex=True),
    unary(np.log10, low=0.1, complex=True),
    unary(np.log1p, low=-0.9, complex=True),
    binary(np.logaddexp),
    binary(np.logaddexp2),
    Case(
        lambda x: np.logaddexp(x, 1.0),
        name="logaddexp far out",
        args=lambda rng: (np.array([-1e3, -800.0, 40.0, 1e3]),),
    ),
]

TRIGONOMETRY = [
    unary(np.sin, complex=True),
    unary(np.cos, complex=True),
    unary(np.tan, -1.0, 1.0, complex=True),
    unary(np.arcsin, -0.9, 0.9, complex=True),
    unary(np.arccos, -0.9, 0.9, complex=True),
    unary(np.arctan, complex=True),
    binary(np.arctan2),
    unary(np.sinh, complex=True),
    unary(np.cosh, complex=True),
    unary(np.tanh, complex=True),
    unary(np.arcsinh, complex=True),
    unary(np.arccosh, low=1.1, high=3.0, complex=True),
    unary(np.arctanh, -0.9, 0.9, complex=True),
    unary(np.deg2rad),
    unary(np.rad2deg),
    unary(np.degrees),
    unary(np.radians),
]

TRUTH = [
    *[
        binary(fun, low=-1, high=1, dtypes=(*NUMBERS, *MIXED, *COMPLEX), grad=False)
        for fun in (
            *(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal),
            *(np.logical_and, np.logical_or, np.logical_xor),
        )
    ],
    unary(np.logical_not, -1, 1, dtypes=(*NUMBERS, *COMPLEX), grad=False),
    *[
        Case(
            fun,
            args=lambda rng: (np.array([np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, 2.0]),),
            dtypes=dtypes,
            grad=False,
        )
        for fun, dtypes in (
            (np.isnan, ("float32", "complex128")),
            (np.isinf, ("float32", "complex128")),
            (np.isfinite, ("float32", "complex128")),
            (np.signbit, ("float32",)),
        )
    ],
]

BITS = [
    *[
        binary(fun, low=0, high=7, dtypes=dtypes, grad=False)
        for fun, dtypes in (
            (np.bitwise_and, (*INTEGERS, "bool", ("int8", "uint8"))),
            (np.bitwise_or, (*INTEGERS, "bool", ("int8", "uint8"))),
            (np.bitwise_xor, (*INTEGERS, "bool", ("int8", "uint8"))),
            (np.left_shift, (*INTEGERS, ("int8", "uint8"))),
            (np.right_shift, (*INTEGERS, ("int8", "uint8"))),
            (np.gcd, INTEGERS),
            (np.lcm, INTEGERS),
        )
    ],
    unary(np.invert, -9, 9, dtypes=(*INTEGERS, "bool"), grad=False),
    unary(np.bitwise_count, -9, 9, dtypes=INTEGERS, grad=False),
]

ROUNDING = [
    *[unary(fun, -9.0, 9.0, grad=False) for fun in (np.floor, np.ceil, np.trunc)],
    unary(np.rint, -9.0, 9.0, grad=False, dtypes=(*NUMBERS, *COMPLEX)),
    binary(np.nextafter, jax=None),  # JAX takes the derivative for zero
    unary(np.spacing, grad=False),
    unary(np.frexp),
    unary(np.modf, -9.0, 9.0),
    binary(
        np.ldexp,
        dtypes=(("float64", "int64"), ("float32", "int32"), ("float32", "int8")),
        args=lambda rng: (rng.normal(size=(2, 3)), rng.integers(-3, 4, 3)),
    ),
]

PARTS = [
    unary(np.real, complex=True),
    unary(np.imag, complex=True),
    unary(np.conjugate, complex=True),
    unary(np.angle, low=0.5, complex=True),
    unary(np.angle, low=0.5, params={"deg": True}, dtypes=("complex64",)),
    unary(np.isreal, grad=False, dtypes=(*NUMBERS, *COMPLEX)),
    unary(np.iscomplex, grad=False, dtypes=(*NUMBERS, *COMPLEX)),
    *[
        unary(fun, grad=False, dtypes=("int32", "complex64"), name=name)
        for name, fun in (
            ("isrealobj", lambda x: np.bool(np.isrealobj(x))),
            ("iscomplexobj", lambda x: np.bool(np.iscomplexobj(x))),
        )
    ],
    # Whether the result is complex depends on values.
    unary(np.real_if_close, dtypes=FLOATS, jax=None),
    Case(
        lambda x: np.real_if_close(x * (1 + 1e-20j)),
        name="real_if_close of complex numbers",
        shapes=((3,),),
        jax=None,
        vmap=False,
    ),
    Case(
        lambda x, y: np.abs(np.conj(x + 1j * y) * (2 - 1j)) + np.imag((x - 2j * y) ** 3),
        name="real function of complex numbers",
        shapes=PAIR,
    ),
]

LIMITS = [
    *[
        unary(np.round, -9.0, 9.0, params=params, grad=False, dtypes=dtypes)
        for params, dtypes in (
            ({}, (*NUMBERS, *COMPLEX)),
            ({"decimals": 1}, (*NOT_BOOL, *COMPLEX)),
            ({"decimals": -1}, ("float32", "int64", "int32")),
        )
    ],
    # NumPy 2.5 deprecates it.
    *([unary(np.fix, -9.0, 9.0, grad=False)] if NUMPY < "2.5.0" else []),
    unary(np.around, -9.0, 9.0, grad=False),
    Case(
        lambda low: PLAIN.clip(low, 1.0),
        name="clip of a plain array",
        jax=None,  # a method of NumPy's array
        low=-1.0,
        high=1.0,
        shapes=((3,),),
    ),
    *[
        unary(lambda x, low, high: np.clip(x, low, high), name="clip", params=params, dtypes=FLOATS)
        for params in (
            {"low": -1, "high": 1},
            {"low": None, "high": 0.5},
            {"low": -0.5, "high": None},
            {"low": None, "high": None},
        )
    ],
    *[
        unary(np.clip, params=params, dtypes=("int32", "uint8"))
        for params in ({"min": -1, "max": 300}, {"max": 1}, {})
    ],
    Case(np.clip, shapes=((2, 3), (3,), (2, 1)), low=(-3, -1, 0), high=(3, 0, 1), dtypes=FLOATS),
]

OTHERS = [
    unary(np.sinc),
    Case(
        np.sinc,
        name="sinc near 0",
        args=lambda rng: (np.array([0.0, 1e-9, -1e-5, 1e-3, 0.3, 40.5]),),
        jax=None,  # whose derivatives near 0 cancel
        rtol=1e-6,
    ),
    unary(np.i0, -12.0, 12.0),
    Case(np.i0, name="i0 far out", shapes=((3,),), low=19.0, high=40.0, rtol=1e-10),
    unary(np.isposinf, grad=False),
    unary(np.isneginf, grad=False),
    Case(
        np.nan_to_num,
        args=lambda rng: (np.array([1.5, np.nan, -2.0]),),
        dtypes=("float32", "float64"),
        name="nan_to_num of NaN",
    ),
    unary(np.nan_to_num, complex=True),
    unary(np.nan_to_num, params={"nan": 1.0, "posinf": 2.0, "neginf": -3.0}),
    *[
        binary(fun, low=0, high=1, grad=False, shapes=shapes, params=params)
        for fun in (np.isclose, np.allclose, np.array_equal, np.array_equiv)
        for shapes in (PAIR, ((3,), (3,)))
        for params in ({}, {"rtol": 0.5} if fun in (np.isclose, np.allclose) else {})
    ],
]

SELECTION = [
    Case(
        lambda x, y: np.where(x > y, x * y, y),
        name="where",
        shapes=PAIR,
        dtypes=(*FLOATS, "int32", ("float32", "int32"), ("int8", "float32")),
        complex=True,
    ),
    Case(lambda x: np.where(x > 0, x, 1.0), name="where with a scalar", dtypes=FLOATS),
    Case(lambda x: np.where(x, 2.0, 1), name="where of truth values", dtypes=FLOATS, grad=False),
    Case(
        lambda c, x, y: np.where(c, x, y),
        name="where with an array of conditions",
        args=lambda rng: (rng.normal(size=(2, 3)) > 0, rng.normal(size=3), rng.normal(size=(2, 1))),
    ),
    Case(
        lambda x: np.select([x > 1, x > 0, x < -1], [x**2, np.sin(x), 3.0], default=x),
        name="select",
        dtypes=("float32",),
    ),
    Case(
        lambda x: np.piecewise(x, [x < -1, x > 0.5], [-1.0, np.sqrt, lambda x: x**3]),
        name="piecewise",
        dtypes=("float32",),
        jax=None,  # which calls NumPy's sqrt
    ),
]

PLAIN = np.linspace(-2.0, 2.0, 3)  # made in a traced function, it would be a local array

CASES = [
    *PARTS,
    *LIMITS,
    *OTHERS,
    *SELECTION,
    *ARITHMETIC,
    *POWERS,
    *EXPONENTIALS,
    *TRIGONOMETRY,
    *TRUTH,
    *BITS,
    *ROUNDING,
]
