"""SciPy's interpolation on traced samples and at traced positions, in code that does not know funcgrad."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import interpolate

import funcgrad as fg
from funcgrad.errors import ArgumentError, UnsupportedError

RNG = np.random.default_rng(0)
X = np.cumsum(RNG.uniform(0.5, 1.5, 7))
Y = RNG.normal(size=7)
AT = np.array([1.3, 2.9, 4.45, 6.1])
TABLE = RNG.normal(size=(7, 3))
GRID = (X, np.arange(3.0))
POINTS = np.stack([AT, np.array([0.2, 1.1, 1.9, 0.7])], axis=-1)

# Functions of samples (7,) or (7, 3).
BUILT: dict[str, Callable[[Any], Any]] = {
    "CubicSpline": lambda y: interpolate.CubicSpline(X, y)(AT),
    "CubicSpline, natural": lambda y: interpolate.CubicSpline(X, y, bc_type="natural")(AT),
    "CubicSpline, clamped": lambda y: interpolate.CubicSpline(X, y, bc_type="clamped")(AT, 1),
    "CubicSpline, two conditions": lambda y: (
        interpolate.CubicSpline(X, y, bc_type=((2, 0.3), "clamped"))(AT, 2)
        if np.ndim(y) == 1
        else interpolate.CubicSpline(X, y, bc_type=("natural", "clamped"))(AT, 2)
    ),
    "CubicSpline, three samples": lambda y: interpolate.CubicSpline(X[:3], y[:3])(AT),
    "CubicSpline, two samples": lambda y: interpolate.CubicSpline(X[:2], y[:2])(AT),
    "CubicSpline, integral": lambda y: interpolate.CubicSpline(X, y).integrate(1.0, 4.0),
    "CubicSpline, derivative": lambda y: interpolate.CubicSpline(X, y).derivative()(AT),
    "CubicSpline, not beyond": lambda y: np.nan_to_num(
        interpolate.CubicSpline(X, y, extrapolate=False)(AT + 2.5)
    ),
    "CubicHermiteSpline": lambda y: interpolate.CubicHermiteSpline(X, y, 2.0 * y)(AT),
    "PchipInterpolator": lambda y: interpolate.PchipInterpolator(X, y)(AT),
    "PchipInterpolator, slope": lambda y: interpolate.PchipInterpolator(X, y)(AT, 1),
    "interp1d": lambda y: interpolate.interp1d(X, y, axis=0)(AT),
    "interp1d, cubic": lambda y: interpolate.interp1d(X, y, "cubic", axis=0)(AT),
    "interp1d, nearest": lambda y: interpolate.interp1d(X, y, "nearest", axis=0)(AT),
    "interp1d, previous": lambda y: interpolate.interp1d(X, y, "previous", axis=0)(AT),
    "interp1d, unsorted": lambda y: interpolate.interp1d(X[::-1], y, axis=0)(AT),
    "interp1d, filled": lambda y: interpolate.interp1d(
        X, y, axis=0, bounds_error=False, fill_value=(1.0, 2.0)
    )(AT * 3.0 - 3.0),
    "interp1d, beyond": lambda y: interpolate.interp1d(X, y, axis=0, fill_value="extrapolate")(
        AT * 3.0
    ),
}


@pytest.mark.parametrize("name", BUILT)
@pytest.mark.parametrize("samples", [Y, TABLE], ids=["one", "three"])
def test_interpolants_of_traced_samples(name: str, samples: Any) -> None:
    f = BUILT[name]
    np.testing.assert_allclose(fg.jit(f)(samples), f(samples), atol=1e-12)
    fg.check_grads(f, (samples,), order=1)
    two = np.stack([samples, 2.0 * samples])
    np.testing.assert_allclose(fg.vmap(f)(two)[0], f(samples), atol=1e-12)


@pytest.mark.parametrize("method", ["linear", "nearest"])
def test_tables_of_traced_samples(method: str) -> None:
    f = lambda v: interpolate.RegularGridInterpolator(GRID, v, method)(POINTS)
    np.testing.assert_allclose(fg.jit(f)(TABLE), f(TABLE))
    fg.check_grads(f, (TABLE,), order=1)


def test_splines_have_derivatives_by_the_positions_of_the_samples() -> None:
    fg.check_grads(lambda x: interpolate.CubicSpline(x, Y)(AT), (X,), order=1)
    fg.check_grads(lambda x: interpolate.PchipInterpolator(x, Y)(AT), (X,), order=1)


MADE: dict[str, Any] = {
    "CubicSpline": interpolate.CubicSpline(X, TABLE),
    "CubicSpline, axis 1": interpolate.CubicSpline(X, TABLE.T, axis=1),
    "PchipInterpolator": interpolate.PchipInterpolator(X, Y),
    "Akima1DInterpolator": interpolate.Akima1DInterpolator(X, Y),
    "PPoly, periodic": interpolate.PPoly(np.ones((3, 6)), X, extrapolate="periodic"),
    "BPoly": interpolate.BPoly(RNG.normal(size=(3, 6)), X),
    "BSpline": interpolate.make_interp_spline(X, TABLE, k=3),
    "interp1d": interpolate.interp1d(X, TABLE, axis=0, fill_value="extrapolate"),
    "interp1d, filled": interpolate.interp1d(X, Y, bounds_error=False, fill_value=0.5),
}


@pytest.mark.parametrize("name", MADE)
def test_interpolants_of_plain_samples_at_traced_positions(name: str) -> None:
    f = MADE[name]
    for at in (AT, AT.reshape(2, 2), AT + 4.0):
        np.testing.assert_allclose(fg.jit(lambda x: f(x))(at), f(at), rtol=1e-9, atol=1e-11)
    fg.check_grads(lambda x: f(x), (AT,), order=2)


def test_tables_at_traced_positions() -> None:
    table = interpolate.RegularGridInterpolator(GRID, TABLE)
    fg.check_grads(lambda p: table(p), (POINTS,), order=1)
    np.testing.assert_allclose(fg.jit(lambda p: table(p))(POINTS), table(POINTS))


def test_errors_say_what_to_use() -> None:
    with pytest.raises(UnsupportedError, match=r"kind 'quadratic' takes no traced values"):
        fg.jit(lambda y: interpolate.interp1d(X, y, "quadratic")(AT))(Y)
    with pytest.raises(ArgumentError, match="periodic"):
        fg.jit(lambda y: interpolate.CubicSpline(X, y, bc_type="periodic")(AT))(Y)
    with pytest.raises(ArgumentError, match="should be as many"):
        fg.jit(lambda y: fg.scipy.interpolate.CubicSpline(X, y)(AT))(Y[:-1])
