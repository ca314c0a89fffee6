"""Python's operators on traced values give what they give on arrays and scalars."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.core.errors import LostDerivativeError, UnsupportedError

BINARY = [
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv),
    *(operator.mod, operator.pow, divmod),
    *(operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne),
]
BITS = [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift]
UNARY = [operator.neg, operator.pos, abs]
DTYPES = ["float64", "float32", "int64", "int8", "uint8", "bool", "complex64"]
SCALARS = [2, 2.0, True, 2j, np.float32(2), np.int64(2), [1, 2, 3]]


def agree(fun: Any, *args: Any) -> None:
    """The traced function gives the dtype, shape and value that it gives on arrays, or an error as well."""
    try:
        with np.errstate(all="ignore"):
            expected = fun(*args)
    except (TypeError, ValueError, OverflowError):
        with pytest.raises((TypeError, ValueError, OverflowError)):
            fg.jit(fun)(*args)
        return
    got = fg.jit(fun)(*args)
    many = isinstance(expected, tuple)
    for a, b in zip(got, expected, strict=True) if many else [(got, expected)]:
        assert np.asarray(a).dtype == np.asarray(b).dtype, fun
        np.testing.assert_allclose(a, b, rtol=1e-5, err_msg=str(fun))


@pytest.mark.parametrize("op", BINARY)
@pytest.mark.parametrize("dtype", DTYPES)
def test_binary_operators(op: Any, dtype: str) -> None:
    x = np.array([1, 3, 2], dtype)
    y = np.array([[2], [1]], dtype)
    agree(op, x, y)
    for scalar in SCALARS:
        agree(lambda x, s=scalar: op(x, s), x)
        agree(lambda x, s=scalar: op(s, x), x)


@pytest.mark.parametrize("op", BINARY)
@pytest.mark.parametrize("left", ["float32", "int8", "bool"])
@pytest.mark.parametrize("right", ["float64", "int64", "uint8", "complex64"])
def test_mixed_dtypes_and_plain_arrays(op: Any, left: str, right: str) -> None:
    x, y = np.array([1, 3, 2], left), np.array([2, 1, 1], right)
    agree(op, x, y)
    agree(lambda x: op(x, y), x)
    agree(lambda y: op(x, y), y)


@pytest.mark.parametrize("op", BITS)
@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool", "float64"])
def test_bit_operators(op: Any, dtype: str) -> None:
    x = np.array([1, 3, 2], dtype)
    agree(op, x, x[::-1])
    agree(lambda x: op(x, 1), x)
    agree(lambda x: op(2, x), x)


@pytest.mark.parametrize("op", [*UNARY, operator.invert])
@pytest.mark.parametrize("dtype", DTYPES)
def test_unary_operators(op: Any, dtype: str) -> None:
    agree(op, np.array([1, 3, 2], dtype))
    agree(op, np.array(1, dtype)[()])


def test_python_scalars_follow_pythons_rules() -> None:
    for fun, args in (
        (lambda x: x / 2, (3,)),
        (lambda x: x // 2, (-3,)),
        (lambda x: x % 2.5, (-3,)),
        (lambda x: x**-1, (2,)),
        (lambda x: 2**x, (3,)),
        (lambda x: x**0.5, (4,)),
        (lambda x, y: x * y, (2, 1.5)),
        (lambda x: x + 1j, (2,)),
    ):
        got, expected = fg.jit(fun)(*args), fun(*args)  # type: ignore[no-untyped-call]
        assert got == expected
        assert np.asarray(got).dtype == np.asarray(expected).dtype


def test_python_scalars_take_the_dtype_of_arrays() -> None:
    x = np.ones(3, "float32")
    assert fg.jit(lambda x, s: x * s)(x, 2.0).dtype == np.float32
    assert fg.jit(lambda x, s: x * (s + 1) ** 2)(x, 2.0).dtype == np.float32
    assert fg.jit(lambda x, s: x * np.sin(s))(x, 2.0).dtype == np.float64  # a NumPy scalar
    assert fg.jit(lambda x, s: x * s)(x, 2).dtype == np.float32
    assert fg.jit(lambda x, s: x * s)(np.ones(3, "int8"), 2).dtype == np.int8
    assert fg.jit(lambda x, s: x * s)(np.ones(3, "int8"), 2.0).dtype == np.float64


def test_integers_out_of_range() -> None:
    x = np.ones(3, "uint8")
    agree(lambda x: x < 300, x)
    agree(lambda x: x == -1, x)
    agree(lambda x: x + 300, x)


def test_matmul() -> None:
    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    agree(operator.matmul, a, b)
    agree(lambda a: a @ b, a)
    agree(lambda b: a @ b, b)
    agree(lambda a: a @ [1.0, 2.0, 3.0], a)
    agree(lambda a: a @ 2.0, a)


def test_equality_with_none_and_strings() -> None:
    for other in (None, "a"):
        agree(lambda x, o=other: x == o, np.ones(2))
        agree(lambda x, o=other: x != o, np.ones(2))


def test_power_modulo_is_refused() -> None:
    with pytest.raises(
        UnsupportedError, match=r"pow\(x, y, z\).*\n.*test_operators.py.*\n  write np.mod"
    ):
        fg.grad(lambda x: pow(x, 2, 3))(1.0)


def test_rounding_gives_integers_on_demand() -> None:
    def fun(x: Any) -> Any:
        return x * round(x) * math.floor(x) * math.ceil(x) * math.trunc(x)

    assert fg.grad(fun)(2.6) == 3 * 2 * 3 * 2
    assert fg.jit(lambda x: round(x, 1))(2.345) == 2.3
    with pytest.raises(TypeError, match=r"round\(\) of an array: use np.round"):
        fg.grad(lambda x: np.sum(round(x)))(np.ones(3))


def test_operands_that_refuse_ufuncs_get_the_operation() -> None:
    class Unit:
        __array_ufunc__ = None

        def __rmul__(self, other: Any) -> str:
            return "by unit"

        def __mul__(self, other: Any) -> str:
            return "unit by"

    seen = []
    fg.make_jaxpr(lambda x: seen.append((x * Unit(), Unit() * x)))(1.0)
    assert seen == [("by unit", "unit by")]


# In place

IN_PLACE = [
    *(operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ifloordiv),
    *(operator.imod, operator.ipow),
]


@pytest.mark.parametrize("op", IN_PLACE)
def test_in_place_operators_change_the_array(op: Any) -> None:
    def fun(x: Any, y: Any) -> Any:
        z = x.copy()
        alias = z
        assert op(z, y) is z
        return alias

    agree(fun, np.array([1.0, 2.0]), np.array([3.0, 0.5]))
    agree(fun, np.array([1.0, 2.0], "float32"), np.array([3.0, 0.5]))
    agree(fun, np.array([[1.0, 2.0]] * 2), np.array(3.0))
    agree(fun, np.array([1, 2]), np.array([3.0, 0.5]))  # an error: not of the same kind
    agree(fun, np.array([1.0, 2.0]), np.ones((2, 2)))  # an error: another shape


def test_in_place_matmul() -> None:
    def fun(x: Any, y: Any) -> Any:
        z = x.copy()
        z @= y
        return z

    agree(fun, np.eye(2), np.arange(4.0).reshape(2, 2))


def test_scalars_are_bound_anew() -> None:
    def fun(x: Any) -> Any:
        y = x
        y += 1.0
        return x * 10.0 + y

    agree(fun, 2.0)
    agree(fun, np.float32(2.0))
    agree(lambda x: fun(x[0]), np.array([2.0, 3.0]))


def test_an_argument_is_not_changed() -> None:
    def fun(x: Any) -> Any:
        x += 1.0
        return np.sum(x)

    with pytest.raises(
        ValueError, match=r"argument of .*\n.*test_operators.py.*\n.*x = x.copy\(\)"
    ):
        fg.grad(fun)(np.ones(3))


def test_the_message_of_a_refused_cast() -> None:
    def fun(x: Any) -> Any:
        y = x.astype(int)
        y += 0.5
        return y

    message = r"cannot write the result of `\+=`, of dtype float64, into an array of dtype int64"
    with pytest.raises(TypeError, match=message):
        fg.jit(fun)(np.ones(3))


# Plain accumulators


def test_plain_accumulators_become_traced() -> None:
    def fun(x: Any) -> Any:
        total = np.zeros(3)
        total += x
        total *= 2.0
        total[1] -= x[0]
        return total

    agree(fun, np.array([1.0, 2.0, 3.0]))
    fg.check_grads(fun, (np.array([1.0, 2.0, 3.0]),), order=2)


def test_plain_accumulators_in_attributes_and_containers() -> None:
    class Box:
        pass

    def fun(x: Any) -> Any:
        box: Any = Box()
        box.total = np.zeros(3)
        box.total += x
        parts = {"a": np.zeros(3)}
        parts["a"] -= x
        return box.total + 3.0 * parts["a"]

    agree(fun, np.ones(3))


def test_plain_accumulators_keep_their_dtype() -> None:
    def fun(x: Any) -> Any:
        total = np.zeros(3, "float32")
        total += x
        return total

    agree(fun, np.ones(3))


def _alias(x: Any, total: Any) -> Any:
    _other = total
    total += x
    return _other


def _view(x: Any, total: Any) -> Any:
    part = total[:2]
    part += x[:2]
    return total


def _callee(x: Any, total: Any) -> Any:
    def add_to(target: Any) -> None:
        target += x

    add_to(total)
    return total


@pytest.mark.parametrize("fun", [_alias, _view, _callee])
def test_updates_that_others_should_see(fun: Any) -> None:
    agree(lambda x: fun(x, np.zeros(3)), np.ones(3))
    plain = np.zeros(3)  # made outside, it cannot take traced values
    with pytest.raises(fg.errors.TracingError, match="other names, containers or views refer to"):
        fg.jit(lambda x: fun(x, plain))(np.ones(3))
    assert not plain.any()


def test_writing_elements_of_a_plain_array_is_refused() -> None:
    total = np.zeros(3)

    def fun(x: Any) -> Any:
        total[0] += x[0]
        return total

    with pytest.raises(LostDerivativeError, match=r"np.array\(z\)"):
        fg.jit(fun)(np.ones(3))


def test_rows_of_a_plain_array_given_as_out_are_refused() -> None:
    def fun(x: Any) -> Any:
        rows = -total  # plain, and not made by a function that while tracing gives arrays which take traced values
        np.add(1.0, x, out=rows[0])
        return rows

    total = np.ones((2, 3))
    with pytest.raises(fg.errors.TracingError, match="plain array given as out= cannot hold"):
        fg.jit(fun)(np.ones(3))
