"""Derivatives where they are a choice, or where care is needed: one test per line of docs/guide/conventions.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg

INF, NAN = np.inf, np.nan


def derivative(fun: Callable[..., Any], *point: float, argnum: int = 0) -> float:
    """The derivative in reverse mode; forward mode gives the same."""
    reverse = fg.grad(fun, argnum)(*point)
    tangents = [float(i == argnum) for i in range(len(point))]
    _, forward = fg.jvp(fun, point, tuple(tangents))
    np.testing.assert_array_equal(forward, reverse)
    return float(reverse)


def second(fun: Callable[..., Any], *point: float, argnum: int = 0) -> float:
    return derivative(lambda *p: fg.grad(fun, argnum)(*p), *point, argnum=argnum)


@pytest.mark.parametrize("fun", [np.abs, np.fabs, lambda x: np.copysign(x, 2.0)])
def test_absolute_value_at_zero_goes_up(fun: Any) -> None:
    assert derivative(fun, 0.0) == 1.0
    assert derivative(fun, -0.0) == 1.0
    assert second(fun, 0.0) == 0.0


def test_absolute_value_of_complex_zero_is_flat() -> None:
    assert fg.grad(np.abs)(0j) == 0.0


def test_sign_of_zero_is_flat() -> None:
    assert derivative(np.sign, 0.0) == 0.0
    assert fg.grad(lambda z: np.real(np.sign(z)))(0j) == 0.0


@pytest.mark.parametrize("fun", [np.maximum, np.minimum, np.fmax, np.fmin])
@pytest.mark.parametrize("point", [0.0, 3.0, INF, -INF])
def test_equal_operands_of_an_extremum_share(fun: Any, point: float) -> None:
    assert derivative(fun, point, point, argnum=0) == 0.5
    assert derivative(fun, point, point, argnum=1) == 0.5


def test_clip_at_its_limit_halves() -> None:
    assert derivative(lambda x: np.clip(x, 0.0, 1.0), 0.0) == 0.5
    assert derivative(lambda x: np.clip(x, 0.0, 1.0), 1.0) == 0.5
    assert derivative(lambda x: np.clip(x, 0.0, 1.0), 2.0) == 0.0


def test_fmax_beside_nan_is_that_of_the_number() -> None:
    assert derivative(np.fmax, 2.0, NAN, argnum=0) == 1.0
    assert derivative(np.fmax, 2.0, NAN, argnum=1) == 0.0
    assert derivative(np.fmin, NAN, 2.0, argnum=1) == 1.0


@pytest.mark.parametrize("fun", [np.floor, np.ceil, np.trunc, np.rint, np.round])
def test_steps_are_flat(fun: Any) -> None:
    assert derivative(fun, 2.0) == 0.0


def test_heaviside_at_zero_is_its_second_argument() -> None:
    assert derivative(np.heaviside, 0.0, 0.3, argnum=0) == 0.0
    assert derivative(np.heaviside, 0.0, 0.3, argnum=1) == 1.0
    assert derivative(np.heaviside, 1.0, 0.3, argnum=1) == 0.0


def test_remainder_moves_with_its_first_argument() -> None:
    assert derivative(np.remainder, 6.0, 2.0, argnum=0) == 1.0
    assert derivative(np.remainder, -7.0, 2.0, argnum=1) == 4.0
    assert derivative(np.fmod, -7.0, 2.0, argnum=1) == 3.0
    assert derivative(np.fmod, 1.0, 0.1, argnum=1) == -9.0  # 1.0 / 0.1 rounds to 10
    assert derivative(np.floor_divide, 7.0, 2.0) == 0.0


def test_neighbours_move_along() -> None:
    assert derivative(np.nextafter, 1.0, 2.0) == 1.0
    assert derivative(np.spacing, 1.0) == 0.0


@pytest.mark.parametrize("fun", [np.sqrt, np.cbrt, lambda x: x**0.5])
def test_roots_rise_vertically_at_zero(fun: Any) -> None:
    assert derivative(fun, 0.0) == INF


def test_hypot_is_flat_at_the_origin() -> None:
    for argnum in (0, 1):
        assert derivative(np.hypot, 0.0, 0.0, argnum=argnum) == 0.0
        assert second(np.hypot, 0.0, 0.0, argnum=argnum) == 0.0


@pytest.mark.parametrize(("x", "y"), [(3.0, 3.0), (2.0, -2.0), (1e-200, 1e-200), (1e200, 1e200)])
def test_hypot_of_equal_lengths(x: float, y: float) -> None:
    assert derivative(np.hypot, x, y) == pytest.approx(np.sqrt(0.5), rel=1e-14)
    assert second(np.hypot, x, y) == pytest.approx(0.5 / np.hypot(x, y), rel=1e-14)


def test_arctan2_is_flat_at_the_origin() -> None:
    for argnum in (0, 1):
        assert derivative(np.arctan2, 0.0, 0.0, argnum=argnum) == 0.0
    assert fg.grad(np.angle)(0j) == 0.0
    assert derivative(np.arctan2, 1e-200, 1e-200) == pytest.approx(5e199)


def test_powers_at_zero() -> None:
    assert derivative(np.power, 0.0, 0.0, argnum=0) == 0.0
    assert derivative(np.power, 0.0, 0.0, argnum=1) == 0.0
    assert derivative(np.power, 0.0, 2.5, argnum=1) == 0.0
    assert derivative(np.power, 0.0, 1.0, argnum=0) == 1.0
    assert second(np.power, 0.0, 1.0, argnum=0) == 0.0
    assert second(np.power, 0.0, 2.0, argnum=0) == 2.0
    assert derivative(lambda x: x**0, 0.0) == 0.0
    assert derivative(lambda x: x**0.0, 0.0) == 0.0
    assert derivative(lambda x: x**2, 0.0) == 0.0
    assert second(lambda x: x**2, 0.0) == 2.0


def test_powers_of_one_and_the_constant_exponents_agree() -> None:
    for n in (-3, -1, 0, 1, 2, 3, 9):
        assert derivative(lambda x, n=n: x**n, 1.5) == pytest.approx(n * 1.5 ** (n - 1), rel=1e-14)
        assert derivative(np.power, 1.5, float(n)) == pytest.approx(n * 1.5 ** (n - 1), rel=1e-14)


@pytest.mark.parametrize("fun", [np.logaddexp, np.logaddexp2])
def test_logaddexp_at_infinity(fun: Any) -> None:
    for x in (INF, -INF):
        assert derivative(fun, x, x, argnum=0) == 0.5
        assert derivative(fun, x, x, argnum=1) == 0.5
    assert derivative(fun, INF, 1.0, argnum=0) == 1.0
    assert derivative(fun, INF, 1.0, argnum=1) == 0.0
    assert derivative(fun, -INF, 1.0, argnum=0) == 0.0
    assert derivative(fun, -INF, 1.0, argnum=1) == 1.0


def test_sinc_at_zero_to_any_order() -> None:
    # sinc(x) = sum over n of (-1)^n (pi x)^(2n) / (2n+1)!
    fun: Any = np.sinc
    for expected in (1.0, 0.0, -(np.pi**2) / 3, 0.0, np.pi**4 / 5):
        assert float(fun(0.0)) == pytest.approx(expected, rel=1e-14, abs=1e-14)
        fun = fg.grad(fun)


def test_where_keeps_nan_out_of_the_value_but_not_out_of_the_branch_not_taken() -> None:
    assert derivative(lambda x: np.where(x > 0, x, 0.0), -1.0) == 0.0
    # The cotangent 0 of the branch not taken is multiplied by the infinite slope of sqrt at 0.
    assert np.isnan(fg.grad(lambda x: np.where(x > 0, np.sqrt(x), 0.0))(0.0))
    # The usual way out: keep the argument of the branch within its domain.
    assert derivative(lambda x: np.where(x > 0, np.sqrt(np.where(x > 0, x, 1.0)), 0.0), 0.0) == 0.0


def test_where_argument_of_ufuncs_keeps_nan_out() -> None:
    def safe_log(x: Any) -> Any:
        return np.log(x, out=np.zeros_like(x), where=x > 0)

    gradient = fg.grad(lambda x: np.sum(safe_log(x)))(np.array([0.0, 2.0, -1.0]))
    np.testing.assert_array_equal(gradient, [0.0, 0.5, 0.0])


def test_piecewise_keeps_nan_out() -> None:
    def fun(x: Any) -> Any:
        return np.sum(np.piecewise(x, [x > 0], [np.sqrt, 0.0]))

    np.testing.assert_array_equal(fg.grad(fun)(np.array([0.0, 4.0, -1.0])), [0.0, 0.25, 0.0])


def test_nan_to_num_is_flat_where_it_replaces() -> None:
    gradient = fg.grad(lambda x: np.sum(np.nan_to_num(x) ** 2))(np.array([NAN, INF, 3.0]))
    np.testing.assert_array_equal(gradient, [0.0, 0.0, 6.0])


def test_tanh_keeps_its_precision_near_saturation() -> None:
    # 1 / cosh(x)^2, with an error of the last place of tanh(x)
    assert derivative(np.tanh, 15.0) == pytest.approx(1 / np.cosh(15.0) ** 2, rel=1e-3)


def test_conventions_hold_elementwise_and_in_float32() -> None:
    x = np.array([-1.0, 0.0, 2.0], "float32")
    for fun, expected in (
        (np.abs, [-1, 1, 1]),
        (lambda x: np.maximum(x, 0.0), [0, 0.5, 1]),
        (lambda x: x**0, [0, 0, 0]),
    ):
        gradient = fg.grad(lambda x, fun=fun: np.sum(fun(x)))(x)
        assert gradient.dtype == np.float32
        np.testing.assert_array_equal(gradient, expected)
