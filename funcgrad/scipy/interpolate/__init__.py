"""`funcgrad.scipy.interpolate`: splines and tables of traced samples, at traced positions.

The names are SciPy's. On plain arrays its classes are SciPy's own, and what they make takes traced positions, too;
names that are not traced are passed through, and refuse traced values.
"""

from __future__ import annotations

from funcgrad.scipy.interpolate.grids import RegularGridInterpolator, interp1d, interpn
from funcgrad.scipy.interpolate.piecewise import (
    Akima1DInterpolator,
    CubicHermiteSpline,
    CubicSpline,
    PchipInterpolator,
)
from funcgrad.scipy.interpolate.scattered import LinearNDInterpolator, RBFInterpolator, griddata
from funcgrad.scipy.interpolate.splines import (
    BarycentricInterpolator,
    BSpline,
    InterpolatedUnivariateSpline,
    KroghInterpolator,
    PPoly,
    UnivariateSpline,
    make_interp_spline,
    splev,
    splint,
    splrep,
)
from funcgrad.scipy.mirror import other_names

__getattr__ = other_names("interpolate")

__all__ = [
    "Akima1DInterpolator", "BSpline", "BarycentricInterpolator", "CubicHermiteSpline", "CubicSpline",
    "InterpolatedUnivariateSpline", "KroghInterpolator", "LinearNDInterpolator", "PPoly", "PchipInterpolator",
    "RBFInterpolator", "RegularGridInterpolator", "UnivariateSpline", "griddata", "interp1d", "interpn",
    "make_interp_spline", "splev", "splint", "splrep",
]  # fmt: skip
