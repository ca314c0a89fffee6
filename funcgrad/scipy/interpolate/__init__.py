"""`funcgrad.scipy.interpolate`: splines and tables of traced samples, at traced positions.

The names are SciPy's. On plain arrays its classes are SciPy's own, and what they make takes traced positions, too;
names that are not traced are passed through, and refuse traced values.
"""

from __future__ import annotations

from funcgrad.scipy.interpolate.grids import RegularGridInterpolator, interp1d
from funcgrad.scipy.interpolate.piecewise import (
    CubicHermiteSpline,
    CubicSpline,
    PchipInterpolator,
)
from funcgrad.scipy.mirror import other_names

__getattr__ = other_names("interpolate")

__all__ = [
    "CubicHermiteSpline", "CubicSpline", "PchipInterpolator", "RegularGridInterpolator", "interp1d",
]  # fmt: skip
