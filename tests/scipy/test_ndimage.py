"""`funcgrad.scipy.ndimage` against SciPy and finite differences.

SciPy starts the recursions of its spline filters approximately, up to 1e-5 from the exact coefficients; ours are exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.ndimage

import funcgrad as fg
import funcgrad.scipy.ndimage as ndimage
from funcgrad.errors import ArgumentError, UnsupportedError

MODES = ("constant", "grid-constant", "nearest", "reflect", "mirror", "wrap", "grid-wrap")
RNG = np.random.default_rng(0)
IMAGE = RNG.normal(size=(5, 6))
KERNEL = RNG.normal(size=(3, 2))
INSIDE = RNG.uniform(0.3, 3.7, (2, 4))
BEYOND = RNG.uniform(-9.0, 15.0, (2, 9))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("order", range(6))
def test_map_coordinates_gives_scipys_values(mode: str, order: int) -> None:
    image = RNG.normal(size=(24, 21))
    for points in (INSIDE, BEYOND):
        want = scipy.ndimage.map_coordinates(image, points, order=order, mode=mode, cval=0.7)
        got = fg.jit(lambda x, c: ndimage.map_coordinates(x, c, order=order, mode=mode, cval=0.7))(
            image, points
        )
        np.testing.assert_allclose(got, want, atol=1e-7)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_map_coordinates_has_derivatives_by_the_image_and_the_coordinates(
    mode: str, order: int
) -> None:
    fg.check_grads(
        lambda x, c: ndimage.map_coordinates(x, c, order=order, mode=mode),
        (IMAGE, INSIDE),
        order=2 if order > 2 else 1,
    )


TURN = np.array([[0.8, 0.3], [-0.2, 1.1]])
FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "gaussian_filter": lambda nd, x: nd.gaussian_filter(x, 1.2),
    "gaussian_filter, per axis": lambda nd, x: nd.gaussian_filter(
        x, (0.7, 1.1), order=(1, 0), mode=("wrap", "nearest")
    ),
    "gaussian_filter, one axis": lambda nd, x: nd.gaussian_filter(x, 1.0, axes=1, mode="constant"),
    "gaussian_filter1d": lambda nd, x: nd.gaussian_filter1d(x, 0.8, 0, 2, mode="mirror"),
    "uniform_filter": lambda nd, x: nd.uniform_filter(x, (2, 3), mode="grid-wrap"),
    "uniform_filter1d": lambda nd, x: nd.uniform_filter1d(x, 4, 0, origin=1),
    "correlate": lambda nd, x: nd.correlate(x, KERNEL, mode="wrap", origin=(1, 0)),
    "convolve": lambda nd, x: nd.convolve(x, KERNEL, mode="constant", cval=0.5),
    "convolve, one axis": lambda nd, x: nd.convolve(x, [1.0, 2.0], axes=0),
    "correlate1d": lambda nd, x: nd.correlate1d(x, [1.0, 2.0, -0.5, 3.0], 0, mode="mirror"),
    "convolve1d": lambda nd, x: nd.convolve1d(x, [1.0, 2.0, -0.5, 3.0], 1),
    "sobel": lambda nd, x: nd.sobel(x, 0),
    "prewitt": lambda nd, x: nd.prewitt(x, mode="nearest"),
    "laplace": lambda nd, x: nd.laplace(x),
    "shift": lambda nd, x: nd.shift(x, (0.4, -1.3), order=1, mode="nearest"),
    "zoom": lambda nd, x: nd.zoom(x, (1.6, 2.0), order=1, mode="reflect"),
    "zoom, grid_mode": lambda nd, x: nd.zoom(x, 1.5, order=1, mode="grid-wrap", grid_mode=True),
    "rotate": lambda nd, x: nd.rotate(x, 20.0, order=1),
    "rotate, same shape": lambda nd, x: nd.rotate(x, -35.0, reshape=False, mode="mirror"),
    "rotate, three axes": lambda nd, x: nd.rotate(
        x[:, :, None] * np.ones(3), 25.0, axes=(0, 2), order=1, reshape=False
    ),
    "affine_transform": lambda nd, x: nd.affine_transform(x, TURN, 0.3, order=2, mode="mirror"),
    "affine_transform, diagonal": lambda nd, x: nd.affine_transform(
        x, np.array([0.7, 1.1]), (0.2, 0.1), (4, 3), order=1
    ),
    "spline_filter": lambda nd, x: nd.spline_filter(x, 3),
    "spline_filter1d": lambda nd, x: nd.spline_filter1d(x, 4, 1, mode="grid-wrap"),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_linear_functions_of_an_image(name: str) -> None:
    f = FUNCTIONS[name]
    want = f(scipy.ndimage, IMAGE)
    np.testing.assert_allclose(fg.jit(lambda x: f(ndimage, x))(IMAGE), want, atol=1e-6)
    fg.check_grads(lambda x: f(ndimage, x), (IMAGE,), order=1)
    two = np.stack([IMAGE, 2.0 * IMAGE])
    np.testing.assert_allclose(fg.vmap(lambda x: f(ndimage, x))(two)[0], want, atol=1e-6)
    assert (
        fg.jit(lambda x: f(ndimage, x))(IMAGE.astype("f4")).dtype
        == f(scipy.ndimage, IMAGE.astype("f4")).dtype
    )


def test_parameters_have_derivatives() -> None:
    fg.check_grads(lambda s: ndimage.gaussian_filter(IMAGE, s, radius=3), (1.1,), order=2)
    fg.check_grads(
        lambda s: ndimage.shift(IMAGE, s, mode="mirror"), (np.array([0.3, 0.6]),), order=1
    )
    fg.check_grads(
        lambda a: ndimage.rotate(IMAGE, a, reshape=False, mode="mirror"), (17.0,), order=1
    )
    fg.check_grads(lambda m: ndimage.affine_transform(IMAGE, m, mode="mirror"), (TURN,), order=1)
    fg.check_grads(lambda w: ndimage.correlate(IMAGE, w), (KERNEL,), order=1)


def test_unmodified_code_is_traced() -> None:
    fg.check_grads(lambda x: scipy.ndimage.gaussian_filter(x, 1.0), (IMAGE,), order=1)


def test_errors_say_what_is_wrong() -> None:
    with pytest.raises(ArgumentError, match="spline order not supported: 6"):
        fg.jit(lambda x: ndimage.map_coordinates(x, INSIDE, order=6))(IMAGE)
    with pytest.raises(ArgumentError, match="mode not supported: 'tile'"):
        fg.jit(lambda x: ndimage.gaussian_filter(x, 1.0, mode="tile"))(IMAGE)
    with pytest.raises(ArgumentError, match="2 coordinates are needed"):
        fg.jit(lambda x: ndimage.map_coordinates(x, INSIDE[:1]))(IMAGE)
    with pytest.raises(UnsupportedError, match=r"scipy.ndimage.generic_filter has no traced"):
        fg.jit(lambda x: ndimage.generic_filter(x, np.ptp, 3))(IMAGE)


RANKS: dict[str, Callable[[Any], Any]] = {
    "median": lambda x: ndimage.median_filter(x, 3),
    "median, even": lambda x: ndimage.median_filter(x, (2, 4), mode="mirror"),
    "median, cross": lambda x: ndimage.median_filter(x, footprint=CROSS, mode="wrap"),
    "median, moved": lambda x: ndimage.median_filter(x, 3, origin=(1, -1), mode="nearest"),
    "maximum": lambda x: ndimage.maximum_filter(x, (2, 3), mode="constant", cval=0.3),
    "maximum, one axis": lambda x: ndimage.maximum_filter(x, 3, axes=0),
    "maximum1d": lambda x: ndimage.maximum_filter1d(x, 4, axis=0, origin=1),
    "minimum": lambda x: ndimage.minimum_filter(x, footprint=CROSS),
    "minimum1d": lambda x: ndimage.minimum_filter1d(x, 3),
    "rank": lambda x: ndimage.rank_filter(x, -2, 3),
    "percentile": lambda x: ndimage.percentile_filter(x, 30, (3, 2)),
    "percentile, cross": lambda x: ndimage.percentile_filter(x, -20, footprint=CROSS),
    "dilation": lambda x: ndimage.grey_dilation(x, (2, 3)),
    "dilation, structure": lambda x: ndimage.grey_dilation(x, structure=HEIGHTS),
    "erosion": lambda x: ndimage.grey_erosion(x, footprint=CROSS, mode="mirror"),
    "erosion, structure": lambda x: ndimage.grey_erosion(x, structure=HEIGHTS, origin=(0, 1)),
    "opening": lambda x: ndimage.grey_opening(x, 3),
    "closing": lambda x: ndimage.grey_closing(x, (2, 2)),
    "gaussian_laplace": lambda x: ndimage.gaussian_laplace(x, (0.8, 1.2)),
    "gaussian_gradient_magnitude": lambda x: ndimage.gaussian_gradient_magnitude(x, 1.0),
}
CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 1]], bool)
HEIGHTS = np.array([[0.1, 0.0, 0.3], [0.2, 0.5, 0.0]])
LABELS = np.array([[0, 1, 1, 2, 2], [1, 1, 0, 2, 3], [1, 0, 0, 2, 2], [3, 3, 0, 1, 1]])


@pytest.mark.parametrize("name", RANKS)
def test_filters_by_rank_and_of_derivatives(name: str) -> None:
    f, x = RANKS[name], np.random.default_rng(4).normal(size=(4, 5))
    np.testing.assert_allclose(fg.jit(f)(x), f(x), rtol=1e-12, atol=1e-14)
    fg.check_grads(f, (x,), order=1)
    two = np.stack([x, -x])
    np.testing.assert_allclose(fg.vmap(f)(two), [f(x), f(-x)], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "name",
    ["sum", "sum_labels", "mean", "variance", "standard_deviation", "maximum", "minimum", "median"],
)
def test_measurements_of_labelled_parts(name: str) -> None:
    x = np.random.default_rng(5).normal(size=(4, 5))
    for args in ((), (LABELS,), (LABELS, 2), (LABELS, [1, 3, 2])):
        f = lambda x, args=args: getattr(ndimage, name)(x, *args)
        np.testing.assert_allclose(fg.jit(f)(x), f(x), rtol=1e-12)
        fg.check_grads(f, (x,), order=1)


def test_centres_of_mass() -> None:
    x = np.random.default_rng(6).uniform(0.5, 1.0, size=(4, 5))
    for args in ((), (LABELS, 2), (LABELS, [1, 3])):
        f = lambda x, args=args: np.array(ndimage.center_of_mass(x, *args))
        np.testing.assert_allclose(fg.jit(f)(x), f(x), rtol=1e-12)
        fg.check_grads(f, (x,), order=1)


def test_refusals_of_ranks_and_measurements() -> None:
    x = np.ones((4, 5))
    with pytest.raises(ArgumentError, match="no footprint or filter size provided"):
        fg.jit(lambda x: fg.scipy.ndimage.median_filter(x))(x)
    with pytest.raises(ArgumentError, match="rank not within filter footprint size: 9 of 9"):
        fg.jit(lambda x: fg.scipy.ndimage.rank_filter(x, 9, 3))(x)
    with pytest.raises(ArgumentError, match="invalid percentile: 120"):
        fg.jit(lambda x: fg.scipy.ndimage.percentile_filter(x, 120, 3))(x)
    with pytest.raises(ArgumentError, match="size, footprint, or structure must be specified"):
        fg.jit(lambda x: fg.scipy.ndimage.grey_dilation(x))(x)
    with pytest.raises(ArgumentError, match="mean: labels and index must be plain integers"):
        fg.jit(lambda x, i: fg.scipy.ndimage.mean(x, i, 1))(x, LABELS)
