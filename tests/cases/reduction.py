"""Cases: reductions and cumulative operations."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.ops import cumulative as c
from funcgrad.ops import reduction as r
from tests.cases.case import Case

NUMBERS = ("float64", "float32", "float16", "int32", "int8", "uint8", "bool", "complex128")
REALS = ("float64", "float32", "float16", "int32", "uint8", "bool")
MASK = np.array([[True, False, True, True], [False, True, True, False], [True, True, False, True]])
ROW = np.array([True, False, True, True])
COLUMN = np.array([[True], [False], [True]])


def separate(*shape: int) -> Any:
    """Arguments whose elements differ by much more than a finite difference."""
    return lambda rng: (
        rng.permutation(np.linspace(-2.0, 2.0, int(np.prod(shape)))).reshape(shape),
    )


def with_nan(rng: np.random.Generator) -> tuple[Any, ...]:
    """No NaN at all in row 0, some in row 1, nothing else in row 2 (or column 1)."""
    (x,) = separate(3, 4)(rng)
    x[1, 2] = x[2, :] = np.nan
    return (x,)


def some_nan(rng: np.random.Generator) -> tuple[Any, ...]:
    (x,) = separate(3, 4)(rng)
    x[1, 2] = x[2, 0] = np.nan
    return (x,)


def with_zeros(rng: np.random.Generator) -> tuple[Any, ...]:
    """No zero in row 0, one in row 1, two in row 2."""
    (x,) = separate(3, 4)(rng)
    x[1, 2] = x[2, 0] = x[2, 1] = 0.0
    return (x,)


AXES: list[dict[str, Any]] = [
    {},
    {"axis": 0},
    {"axis": -1, "keepdims": True},
    {"axis": (0, 1)},
    {"axis": (1,), "keepdims": True},
    {"axis": ()},
    {"axis": None, "keepdims": True},
]
MASKS: list[dict[str, Any]] = [
    {"where": MASK},
    {"axis": 1, "where": ROW},
    {"axis": 0, "where": COLUMN, "keepdims": True},
]
STARTS: list[dict[str, Any]] = [
    {"initial": 3.0},
    {"axis": 1, "initial": 2.0, "where": MASK},
]


def each(fun: Any, variants: list[dict[str, Any]], **fields: Any) -> list[Case]:
    return [Case(fun, params=params, **fields) for params in variants]


SUMS = [
    *each(np.sum, AXES, dtypes=NUMBERS, complex=True),
    *each(np.sum, [*MASKS, *STARTS]),
    *each(
        np.sum,
        [{"dtype": "float32"}, {"dtype": "int64"}],
        grad=False,
        jax=None,
        dtypes=("int32", "float16"),
    ),
    Case(np.sum, shapes=((2, 3, 4),), params={"axis": (0, -1)}),
    Case(np.sum, shapes=((),)),
    Case(np.sum, shapes=((),), params={"axis": 0}, jax=None),
    Case(np.sum, shapes=((0, 3),), params={"axis": 0}),
    Case(np.sum, shapes=((5,),)),
    Case(lambda x, y: np.sum(x, where=y > 0.0), shapes=((3, 4), (3, 4)), name="sum where traced"),
    Case(
        lambda x, y: np.sum(x, axis=0, initial=y),
        shapes=((3, 4), ()),
        name="sum initial traced",
        jax=None,
    ),
    Case(lambda x: np.sum(x, axis=0, out=np.zeros_like(x[0]) + 1.0), name="sum out", jax=None),
    *each(np.prod, AXES, dtypes=NUMBERS, complex=True),
    *each(np.prod, [*MASKS, *STARTS]),
    Case(np.prod, params={"dtype": "float32"}, grad=False, jax=None, dtypes=("int32",)),
    Case(np.prod, args=with_zeros, params={"axis": 1}),
    Case(lambda x: np.prod(x[1:2] * 1.0), args=with_zeros, name="prod with a zero"),
    Case(np.prod, shapes=((0, 3),), params={"axis": 0}),
    Case(np.prod, shapes=((1, 3),), params={"axis": 0}),
    Case(np.prod, shapes=((2, 3, 4),), params={"axis": (0, -1)}),
    Case(lambda x: r.reduce_prod(x, axes=(0,)), name="reduce_prod", jax=None),
]
EXTREMA = [
    case
    for fun in (np.max, np.min, np.amax, np.amin)
    for case in (
        *each(fun, AXES, args=separate(3, 4), dtypes=("float32", "float16")),
        *each(fun, [{}, {"axis": 1}], dtypes=("int32", "uint8", "bool"), grad=False),
        *each(
            fun, [{"initial": 0.3}, {"axis": 1, "initial": 0.3, "where": MASK}], args=separate(3, 4)
        ),
        Case(fun, shapes=((0, 3),), params={"axis": 1}, grad=False, jax=None),
        Case(fun, shapes=((0, 3),), params={"axis": 0, "initial": 1.0}, grad=False),
        Case(fun, shapes=((),)),
    )
]
EXTREMA += [
    # Equal elements share the derivative, as in JAX.
    Case(lambda x: np.max(np.round(x), axis=0) + np.sum(x), name="max of ties"),
    *each(np.ptp, [{}, {"axis": 0}, {"axis": (0, 1), "keepdims": True}], args=separate(3, 4)),
    Case(np.ptp, dtypes=("int32", "uint8"), grad=False),
]
TRUTH = [
    case
    for fun in (np.any, np.all)
    for case in (
        *each(fun, AXES, dtypes=("bool", "int32", "complex128"), grad=False),
        *each(fun, MASKS, dtypes=("bool",), grad=False),
        Case(fun, shapes=((0, 3),), params={"axis": 0}, grad=False),
    )
]
POSITIONS = [
    case
    for fun in (np.argmax, np.argmin)
    for case in (
        *each(
            fun,
            [{}, {"axis": 0}, {"axis": -1, "keepdims": True}, {"keepdims": True}],
            dtypes=("int8", "bool", "float32"),
            grad=False,
        ),
        Case(fun, shapes=((),), grad=False),
    )
]
COUNTS = each(
    np.count_nonzero,
    [{}, {"axis": 0}, {"axis": (0, 1), "keepdims": True}],
    dtypes=("int8", "bool", "complex128"),
    grad=False,
)
MOMENTS = [
    *each(np.mean, AXES, dtypes=NUMBERS, complex=True),
    *each(np.mean, MASKS),
    *each(
        np.mean, [{"dtype": "float32"}, {"dtype": "int64"}], grad=False, jax=None, dtypes=("int32",)
    ),
    *[
        case
        for fun in (np.var, np.std)
        for case in (
            *each(fun, AXES[:5], dtypes=NUMBERS, complex=True),
            *each(fun, MASKS),
            *each(fun, [{"axis": 1, "ddof": 1}, {"correction": 1.5}, {"ddof": 0.5}]),
            Case(fun, params={"dtype": "float32"}, grad=False, jax=None, dtypes=("int32",)),
            Case(
                lambda x, fun=fun: fun(x, axis=1, mean=np.mean(x, axis=1, keepdims=True)),
                name=f"{fun.__name__} with mean",
                jax=None,
            ),
        )
    ],
    # The deviation of constant data: JAX's gradient is NaN.
    Case(lambda x: np.std(0.0 * x) + np.sum(x), name="std of constant data", jax=None),
    Case(np.average),
    Case(np.average, params={"axis": 0}, dtypes=NUMBERS),
    Case(np.average, params={"axis": (0, 1), "keepdims": True}),
    Case(
        lambda x, w: np.average(x, weights=w),
        shapes=((3, 4), (3, 4)),
        low=(-2.0, 0.5),
        dtypes=(("int32", "float32"), ("float32", "float64")),
        name="average weights",
    ),
    Case(
        lambda x, w: np.average(x, axis=1, weights=w, returned=True),
        shapes=((3, 4), (4,)),
        low=(-2.0, 0.5),
        name="average weights returned",
    ),
    Case(
        lambda x, w: np.average(x, axis=(2, 0), weights=w, keepdims=True),
        shapes=((2, 3, 4), (4, 2)),
        low=(-2.0, 0.5),
        name="average weights of two axes",
        jax=None,
    ),
    Case(lambda x: np.average(x, axis=1, returned=True), name="average returned"),
]
CUMULATIVE = [
    case
    for fun in (np.cumsum, np.cumprod)
    for case in (
        *each(fun, [{}, {"axis": 0}, {"axis": -1}], dtypes=NUMBERS, complex=True),
        Case(fun, params={"axis": 1, "dtype": "float32"}, grad=False, jax=None, dtypes=("int32",)),
        Case(fun, shapes=((0, 3),), params={"axis": 0}),
        Case(fun, shapes=((),), jax=None),
    )
]
CUMULATIVE += [
    Case(np.cumprod, args=with_zeros, params={"axis": 1}),
    Case(np.cumprod, args=with_zeros, params={"axis": 0}),
    Case(np.cumprod, shapes=((3, 20),), params={"axis": 0}),
    *[
        case
        for fun in (np.cumulative_sum, np.cumulative_prod)
        for case in (
            *each(fun, [{"axis": 0}, {"axis": 1, "include_initial": True}], dtypes=NUMBERS),
            Case(fun, shapes=((4,),)),
        )
    ],
    *[
        Case(
            lambda x, p=p, reverse=reverse: p(x, axis=1, reverse=reverse),
            args=separate(3, 4),
            name=f"{p.name}{' reverse' if reverse else ''}",
            jax=None,
        )
        for p in (c.cumsum, c.cumprod, c.cummax, c.cummin, c.cumlogsumexp)
        for reverse in (False, True)
    ],
    Case(
        lambda a, b: c.linear_recurrence(a, b, axis=0, reverse=False),
        shapes=((4, 2), (4, 2)),
        name="linear_recurrence",
        jax=None,
    ),
    Case(
        lambda a, b: c.linear_recurrence(a, b, axis=1, reverse=True),
        shapes=((3, 4), (3, 4)),
        name="linear_recurrence reverse",
        jax=None,
    ),
]
NAN = [
    *[
        case
        for fun in (np.nansum, np.nanprod)
        for case in (
            *each(fun, AXES, args=with_nan),
            *each(fun, [*MASKS, *STARTS], args=with_nan),
            Case(fun, params={"axis": 0}, dtypes=NUMBERS),
        )
    ],
    *[
        case
        for fun in (np.nanmax, np.nanmin)
        for case in (
            *each(fun, AXES[:5], args=some_nan),
            Case(fun, args=separate(3, 4), params={"axis": ()}),
            *each(fun, [{"axis": 1, "initial": 0.3, "where": MASK}], args=some_nan),
            Case(fun, params={"axis": 0}, dtypes=REALS),
        )
    ],
    *[
        case
        for fun in (np.nanargmax, np.nanargmin)
        for case in (
            *each(fun, [{}, {"axis": 0}, {"axis": 1, "keepdims": True}], args=some_nan, grad=False),
            Case(fun, params={"axis": 0}, dtypes=REALS, grad=False),
        )
    ],
    *each(np.nanmean, AXES[:5], args=some_nan),
    *each(np.nanmean, MASKS[:1], args=some_nan),
    Case(np.nanmean, params={"axis": 0}, dtypes=NUMBERS, complex=True),
    *[
        case
        for fun in (np.nanvar, np.nanstd)
        for case in (
            *each(fun, AXES[:5], args=some_nan),
            *each(fun, MASKS[:1], args=some_nan),
            *each(fun, [{"axis": 1, "ddof": 1}], args=some_nan),
            Case(fun, params={"axis": 0, "correction": 1}, args=some_nan, jax=None),
            Case(fun, params={"axis": 0}, dtypes=NUMBERS, complex=True),
        )
    ],
    *[
        case
        for fun in (np.nancumsum, np.nancumprod)
        for case in (
            *each(fun, [{}, {"axis": 0}], args=some_nan),
            Case(fun, params={"axis": 1}, dtypes=NUMBERS),
        )
    ],
]
CASES: list[Case] = [
    *SUMS,
    *EXTREMA,
    *TRUTH,
    *POSITIONS,
    *COUNTS,
    *MOMENTS,
    *CUMULATIVE,
    *NAN,
]
