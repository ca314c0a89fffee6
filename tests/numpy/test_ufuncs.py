"""Ufuncs with keyword arguments, and their methods, on traced values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.core.errors import TracingError, UnsupportedError

X = np.array([[1.5, -2.0, 0.5], [3.0, 0.25, -1.0]])
INTS = np.array([[1, 6, 3], [5, 2, 4]])


def agree(fun: Any, *args: Any, order: int = 2) -> None:
    """Value, dtype and shape are NumPy's, and derivatives are right."""
    with np.errstate(all="ignore"):
        expected = fun(*[np.array(a) for a in args])
    got = fg.jit(fun)(*args)
    many = isinstance(expected, tuple)
    for a, b in zip(got, expected, strict=True) if many else [(got, expected)]:
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-12 if a.dtype.itemsize > 4 else 1e-5)
    if order and all(np.asarray(a).dtype.kind == "f" for a in args):
        fg.check_grads(fun, args, order=order)


# Calls


def test_out_is_updated() -> None:
    def fun(x: Any) -> Any:
        out = np.zeros_like(x)
        alias = out[0]
        assert np.sin(x, out=out) is out
        np.add(out, x, out)
        return alias * 2.0

    agree(fun, X)


def test_out_of_another_dtype_and_shape() -> None:
    def fun(x: Any) -> Any:
        out = np.zeros_like(x, dtype="float32")
        np.multiply(x[0], 2.0, out=out)
        return out

    agree(fun, X, order=0)
    for dtype, shape in ((int, (2, 3)), (float, (3,))):
        with pytest.raises((TypeError, ValueError), match=r"cannot write the result of np.add"):
            fg.jit(lambda x, d=dtype, s=shape: np.add(x, 1.0, out=np.zeros_like(x, d, shape=s)))(X)


def test_out_of_two_results() -> None:
    def fun(x: Any) -> Any:
        quotient = np.zeros_like(x)
        _, remainder = np.divmod(x, 0.7, out=(quotient, None))
        return quotient, remainder

    agree(fun, X, order=0)


def test_plain_out_is_refused() -> None:
    out = np.zeros((2, 3))  # made inside, it would take traced values

    def fun(x: Any) -> Any:
        np.sin(x, out=out)
        return out

    message = (
        r"np.sin: the plain array given as out= cannot hold a traced f64\[2,3\]\n.*\n  drop out="
    )
    with pytest.raises(TracingError, match=message):
        fg.jit(fun)(X)


def test_an_explicit_call_with_a_kept_out_is_no_augmented_assignment() -> None:
    out = np.zeros((2, 3))

    def fun(x: Any) -> Any:
        np.add(out, x, out=out)
        return out

    with pytest.raises(TracingError, match=r"plain array given as out="):
        fg.jit(fun)(X)


def test_where() -> None:
    agree(lambda x: np.log(x, out=np.zeros_like(x), where=x > 0), X)
    agree(lambda x: np.divide(1.0, x, out=np.full_like(x, 7.0), where=[True, False, True]), X)
    # An array that nobody else holds may be replaced.
    agree(lambda x: np.sqrt(x, out=np.zeros((2, 3)), where=x > 0), X)
    gradient = fg.grad(lambda x: np.sum(np.sqrt(x, out=np.zeros_like(x), where=x > 1)))(
        np.array([0.0, -1.0, 4.0])
    )
    np.testing.assert_array_equal(gradient, [0.0, 0.0, 0.25])


def test_where_without_out_gives_zero() -> None:
    got = fg.jit(lambda x: np.log(x, where=x > 0))(X)
    np.testing.assert_allclose(got, np.log(X, out=np.zeros_like(X), where=X > 0))


def test_dtype_signature_and_casting() -> None:
    agree(lambda x: np.add(x, 1, dtype=np.float32), X, order=0)
    agree(lambda x: np.sin(x, dtype="float64"), INTS)
    agree(lambda x: np.add(x, x, signature="dd->d"), INTS)
    agree(lambda x: np.add(x, x, sig=("d", "d", "d")), INTS)
    agree(lambda x: np.multiply(x, 2.5, dtype=int, casting="unsafe"), X, order=0)
    with pytest.raises(TypeError):
        fg.jit(lambda x: np.add(x, 1.0, dtype=int))(X)


def test_a_ufunc_without_rules_is_named() -> None:
    square = np.frompyfunc(lambda x: x * x, 1, 1)
    with pytest.raises(UnsupportedError, match=r"the ufunc '.*' has no traced implementation"):
        fg.grad(lambda x: square(x))(1.0)


# Methods

REDUCED = [
    *(np.add, np.multiply, np.maximum, np.minimum, np.fmax, np.fmin),
    *(np.logaddexp, np.logaddexp2, np.hypot, np.subtract, np.divide),
]


@pytest.mark.parametrize("ufunc", REDUCED)
def test_reduce(ufunc: Any) -> None:
    agree(lambda x: ufunc.reduce(x), X)
    agree(lambda x: ufunc.reduce(x, axis=-1, keepdims=True), X)
    agree(lambda x: ufunc.reduce(x[0][:1]), X)
    agree(lambda x: ufunc.reduce(x, axis=0, dtype="float32"), X, order=0)
    if ufunc not in (np.subtract, np.divide):
        agree(lambda x: ufunc.reduce(x, axis=None), X)
        agree(lambda x: ufunc.reduce(x, axis=(1, 0)), X)
        agree(lambda x: ufunc.reduce(x, axis=1, initial=0.75), X)
        agree(lambda x: ufunc.reduce(x, axis=1, initial=0.75, where=[True, False, True]), X)


@pytest.mark.parametrize(
    "ufunc",
    [
        *(np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.gcd, np.lcm),
        *(np.logical_and, np.logical_or, np.logical_xor, np.add, np.multiply, np.maximum),
    ],
)
def test_reduce_integers(ufunc: Any) -> None:
    for x in (INTS, INTS.astype("int8")):
        agree(lambda x: ufunc.reduce(x, axis=1), x)
        agree(lambda x: ufunc.accumulate(x, axis=1), x)


def test_reduce_from_left_to_right() -> None:
    # NumPy 2.4's vectorized loops of power and arctan2 do not: np.power.reduce([2.0, 3.0, 2.0]) is 4.
    assert fg.jit(lambda x: np.power.reduce(x))(np.array([2.0, 3.0, 2.0])) == 64.0


def test_reduce_of_nothing() -> None:
    empty = np.zeros((0, 3))
    agree(lambda x: np.logaddexp.reduce(x), empty, order=0)
    agree(lambda x: np.hypot.reduce(x), empty, order=0)
    with pytest.raises(ValueError, match="fmax which has no identity"):
        fg.jit(lambda x: np.fmax.reduce(x))(empty)


def test_reduce_refuses_what_numpy_refuses() -> None:
    with pytest.raises(ValueError, match="not reorderable"):
        fg.jit(lambda x: np.subtract.reduce(x, axis=None))(X)
    with pytest.raises(ValueError, match="does not have an identity"):
        fg.jit(lambda x: np.fmax.reduce(x, where=x > 0))(X)


@pytest.mark.parametrize("ufunc", [*REDUCED, np.arctan2])
def test_accumulate(ufunc: Any) -> None:
    x = np.abs(X)
    agree(lambda x: ufunc.accumulate(x), x)
    agree(lambda x: ufunc.accumulate(x, axis=1), x)
    agree(lambda x: ufunc.accumulate(x, axis=1, dtype="float32"), x.astype("float32"), order=0)


def test_accumulate_long_arrays_with_few_equations() -> None:
    x = np.linspace(0.0, 1.0, 1000)
    agree(lambda x: np.logaddexp.accumulate(x), x, order=0)
    assert len(fg.make_jaxpr(np.logaddexp.accumulate)(x).jaxpr.eqns) < 60


@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.maximum, np.hypot])
def test_reduceat(ufunc: Any) -> None:
    x = np.linspace(0.5, 2.0, 6)
    agree(lambda x: ufunc.reduceat(x, [0, 3, 1, 5]), x)
    agree(lambda x: ufunc.reduceat(x.reshape(2, 3), [0, 2], axis=1), x)
    with pytest.raises(IndexError, match="out-of-bounds"):
        fg.jit(lambda x: ufunc.reduceat(x, [6]))(x)


@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.arctan2, np.less])
def test_outer(ufunc: Any) -> None:
    order = 0 if ufunc is np.less else 2
    agree(lambda x: ufunc.outer(x, x[0]), X, order=order)
    agree(lambda x: ufunc.outer(x, [1.0, 2.0]), X, order=order)
    agree(lambda x: ufunc.outer(2.0, x), X, order=order)


@pytest.mark.parametrize(
    "ufunc",
    [np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.hypot, np.power],
)
@pytest.mark.parametrize("index", [[0, 2, 0, 1], ([1, 1, 0, 1],), [3, 2, 1, 0]])
def test_at(ufunc: Any, index: Any) -> None:
    def fun(x: Any, v: Any) -> Any:
        y = x.copy()
        ufunc.at(y, index, v)
        return y

    agree(fun, np.array([1.5, 2.0, 0.5, 3.0]), np.array([2.0, 1.25, 0.75, 2.5]))


def test_at_of_one_operand() -> None:
    def fun(x: Any) -> Any:
        y = x.copy()
        np.sin.at(y, ([0, 1, 0], [1, 2, 1]))
        np.negative.at(y, 0)
        return y

    agree(fun, X)


PLAIN = np.zeros(3)


def test_at_refuses_plain_arrays_and_other_kinds() -> None:
    with pytest.raises(
        TracingError, match=r"np.add.at cannot write traced values into a plain array"
    ):
        fg.jit(lambda x: np.add.at(PLAIN, [0], x))(1.0)
    with pytest.raises(TypeError, match="of dtype float64, into an array of dtype int64"):
        fg.jit(lambda x: np.add.at(x.astype(int), [0], x))(np.ones(3))
