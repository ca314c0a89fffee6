"""`funcgrad.scipy.ndimage`: interpolation and linear filters of images on traced values.

The names are SciPy's. On plain arrays its functions are SciPy's own; names that are not traced are passed
through, and refuse traced values.

>>> import numpy as np, funcgrad as fg
>>> f = lambda c: fg.scipy.ndimage.map_coordinates(
...     np.array([0.0, 1.0, 4.0, 9.0]), c[None], order=1
... )[0]
>>> fg.grad(f)(np.array([1.5]))
array([3.])
"""

from __future__ import annotations

from funcgrad.scipy.mirror import other_names
from funcgrad.scipy.ndimage.filters import (
    convolve,
    convolve1d,
    correlate,
    correlate1d,
    gaussian_filter,
    gaussian_filter1d,
    gaussian_gradient_magnitude,
    gaussian_laplace,
    laplace,
    prewitt,
    sobel,
    uniform_filter,
    uniform_filter1d,
)
from funcgrad.scipy.ndimage.interpolation import map_coordinates, spline_filter, spline_filter1d
from funcgrad.scipy.ndimage.measurements import (
    center_of_mass,
    maximum,
    mean,
    median,
    minimum,
    standard_deviation,
    sum,
    sum_labels,
    variance,
)
from funcgrad.scipy.ndimage.movement import affine_transform, rotate, shift, zoom
from funcgrad.scipy.ndimage.ranks import (
    grey_closing,
    grey_dilation,
    grey_erosion,
    grey_opening,
    maximum_filter,
    maximum_filter1d,
    median_filter,
    minimum_filter,
    minimum_filter1d,
    percentile_filter,
    rank_filter,
)

__getattr__ = other_names("ndimage")

__all__ = [
    "affine_transform", "center_of_mass", "convolve", "convolve1d", "correlate", "correlate1d", "gaussian_filter",
    "gaussian_filter1d", "gaussian_gradient_magnitude", "gaussian_laplace", "grey_closing", "grey_dilation",
    "grey_erosion", "grey_opening", "laplace", "map_coordinates", "maximum", "maximum_filter", "maximum_filter1d",
    "mean",
    "median", "median_filter", "minimum", "minimum_filter", "minimum_filter1d", "percentile_filter", "prewitt",
    "rank_filter", "rotate", "shift", "sobel", "spline_filter", "spline_filter1d", "standard_deviation", "sum",
    "sum_labels", "uniform_filter", "uniform_filter1d", "variance", "zoom",
]  # fmt: skip
