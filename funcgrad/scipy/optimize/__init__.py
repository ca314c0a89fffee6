"""`funcgrad.scipy.optimize`: SciPy's solvers with exact derivatives, over arrays and pytrees.

What they find has derivatives too: with respect to traced `args` by the implicit function theorem. Other names are
SciPy's own.
"""

from __future__ import annotations

from funcgrad.scipy.mirror import other_names
from funcgrad.scipy.optimize.fits import curve_fit, least_squares
from funcgrad.scipy.optimize.minimizers import minimize, minimize_scalar
from funcgrad.scipy.optimize.roots import (
    bisect,
    brenth,
    brentq,
    fixed_point,
    fsolve,
    newton,
    ridder,
    root,
    root_scalar,
    toms748,
)

__getattr__ = other_names("optimize")

__all__ = [
    "bisect", "brenth", "brentq", "curve_fit", "fixed_point", "fsolve", "least_squares", "minimize",
    "minimize_scalar", "newton", "ridder", "root", "root_scalar", "toms748",
]  # fmt: skip
