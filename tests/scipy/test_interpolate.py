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

PLACES = RNG.normal(size=(7, 2))
INNER = PLACES[:3] * 0.3 + PLACES[3:6] * 0.3 + PLACES[6] * 0.4

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
    "CubicSpline, periodic": lambda y: interpolate.CubicSpline(
        X, np.concatenate([y[:-1], y[:1]]), bc_type="periodic"
    )(AT + 4.0),
    "Akima1DInterpolator": lambda y: interpolate.Akima1DInterpolator(X, y)(AT),
    "Akima1DInterpolator, makima": lambda y: interpolate.Akima1DInterpolator(X, y, method="makima")(
        AT
    ),
    "make_interp_spline": lambda y: interpolate.make_interp_spline(X, y)(AT),
    "make_interp_spline, quintic": lambda y: interpolate.make_interp_spline(X, y, 5)(AT, 1),
    "make_interp_spline, natural": lambda y: interpolate.make_interp_spline(
        X, y, bc_type="natural"
    )(AT),
    "BSpline": lambda y: interpolate.BSpline(np.arange(11.0), y, 3)(AT + 3.0),
    "BSpline, integral": lambda y: interpolate.BSpline(np.arange(11.0), y, 3).integrate(3.5, 5.0),
    "PPoly": lambda y: interpolate.PPoly(y[:6].reshape(3, 2, -1), X[:3])(AT),
    "BarycentricInterpolator": lambda y: interpolate.BarycentricInterpolator(X, y)(AT),
    "KroghInterpolator": lambda y: interpolate.KroghInterpolator(X, y)(AT),
    "LinearNDInterpolator": lambda y: interpolate.LinearNDInterpolator(PLACES, y)(INNER),
    "griddata": lambda y: interpolate.griddata(PLACES, y, (INNER[:, 0], INNER[:, 1])),
    **{
        f"RBFInterpolator, {kernel}": lambda y, kernel=kernel: interpolate.RBFInterpolator(
            PLACES, y, kernel=kernel, epsilon=0.7, smoothing=0.1
        )(INNER)
        for kernel in (
            "linear",
            "thin_plate_spline",
            "cubic",
            "quintic",
            "multiquadric",
            "gaussian",
        )
    },
    "interp1d, quadratic": lambda y: interpolate.interp1d(X, y, "quadratic", axis=0)(AT),
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


LINES: dict[str, Callable[[Any], Any]] = {  # of samples (7,)
    "splrep": lambda y: interpolate.splev(AT, interpolate.splrep(X, y)),
    "splrep, derivative": lambda y: interpolate.splev(AT, interpolate.splrep(X, y, k=4), der=2),
    "splint": lambda y: interpolate.splint(X[0], 3.0, interpolate.splrep(X, y)),
    "UnivariateSpline": lambda y: interpolate.UnivariateSpline(X, y, s=0)(AT),
    "InterpolatedUnivariateSpline": lambda y: interpolate.InterpolatedUnivariateSpline(X, y, k=2)(
        AT
    ),
}


@pytest.mark.parametrize("name", LINES)
def test_splines_of_fitpack(name: str) -> None:
    f = LINES[name]
    np.testing.assert_allclose(fg.jit(f)(Y), f(Y), atol=1e-11)
    fg.check_grads(f, (Y,), order=1)


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
    "interp1d, cubic": interpolate.interp1d(X, Y, "cubic", fill_value="extrapolate"),
    "interp1d, quadratic": interpolate.interp1d(X, Y, "quadratic", fill_value="extrapolate"),
    "UnivariateSpline": interpolate.UnivariateSpline(X, Y, s=0.1),
    "InterpolatedUnivariateSpline": interpolate.InterpolatedUnivariateSpline(X, Y, ext=3),
    "BarycentricInterpolator": interpolate.BarycentricInterpolator(X, TABLE),
    "KroghInterpolator": interpolate.KroghInterpolator(X, TABLE),
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


@pytest.mark.parametrize("ext", [0, 1, 2, 3])
def test_splines_beyond_their_ends(ext: int) -> None:
    tck = interpolate.splrep(X, Y)
    at = AT if ext == 2 else AT * 3.0
    f = lambda x: interpolate.splev(x, tck, ext=ext)
    np.testing.assert_allclose(fg.jit(f)(at), f(at), rtol=1e-9)
    fg.check_grads(f, (at,), order=1)


def test_several_variables_at_traced_positions() -> None:
    x, y = np.arange(5.0), np.arange(6.0)
    table = RNG.normal(size=(5, 6))
    surface = interpolate.RectBivariateSpline(x, y, table)
    radial = interpolate.RBFInterpolator(PLACES, TABLE)
    triangles = lambda p: interpolate.LinearNDInterpolator(PLACES, TABLE)(p)
    for f, at in (
        (lambda p: surface.ev(p[:, 0], p[:, 1]), POINTS * 0.6),
        (lambda p: surface(p[:, 0], p[:, 1]), POINTS * [0.5, 1.0] + [0.0, 0.0]),
        (lambda p: radial(p), INNER),
        (triangles, INNER),
        (lambda p: interpolate.interpn((x, y), table, p), POINTS * 0.6),
        (lambda p: interpolate.interpn((x, y), table, p, "cubic"), POINTS * 0.6),
        (lambda p: interpolate.interpn((x, y), p[0, 0] * table, p, "cubic"), POINTS * 0.6),
    ):
        if "ev" not in f.__code__.co_names and "surface" in f.__code__.co_freevars:
            at = at[np.argsort(at[:, 0])]
            at[:, 1] = np.sort(at[:, 1])
        np.testing.assert_allclose(
            fg.jit(f)(at), f(at), atol=1e-5
        )  # as cubic tables solve in SciPy
        fg.check_grads(f, (at,), order=1, rtol=1e-3, atol=1e-4)


def test_errors_say_what_to_use() -> None:
    with pytest.raises(
        UnsupportedError, match="UnivariateSpline: smoothing chooses knots by values"
    ):
        fg.jit(lambda y: interpolate.UnivariateSpline(X, y)(AT))(Y)
    with pytest.raises(UnsupportedError, match=r"splrep: only interpolation \(s=0"):
        fg.jit(lambda y: interpolate.splrep(X, y, s=1.0))(Y)
    with pytest.raises(UnsupportedError, match="traced positions have no traced implementation"):
        fg.jit(lambda x: interpolate.make_interp_spline(x, Y)(AT))(X)
    with pytest.raises(ArgumentError, match="kernel 'gaussian' needs epsilon"):
        fg.jit(lambda y: fg.scipy.interpolate.RBFInterpolator(PLACES, y, kernel="gaussian"))(Y)
    with pytest.raises(UnsupportedError, match="only method='linear' has a traced"):
        fg.jit(lambda y: fg.scipy.interpolate.griddata(PLACES, y, INNER, "cubic"))(Y)
    with pytest.raises(
        UnsupportedError, match="RegularGridInterpolator by 'pchip' takes no traced"
    ):
        fg.jit(lambda v: interpolate.interpn(GRID, v, POINTS, "pchip"))(TABLE)
    with pytest.raises(ArgumentError, match="periodic"):
        fg.jit(lambda x: interpolate.CubicSpline(x, Y, bc_type="periodic")(AT))(X)
    with pytest.raises(ArgumentError, match="should be as many"):
        fg.jit(lambda y: fg.scipy.interpolate.CubicSpline(X, y)(AT))(Y[:-1])
