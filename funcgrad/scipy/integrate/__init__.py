"""`funcgrad.scipy.integrate`: integrals of samples and of functions, and differential equations, on traced values.

The names are SciPy's. On plain arrays its functions are SciPy's own; names that are not traced are passed
through, and refuse traced values.
"""

from __future__ import annotations

from funcgrad.scipy.integrate.equations import odeint, solve_ivp
from funcgrad.scipy.integrate.quadrature import dblquad, fixed_quad, nquad, quad, quad_vec, tplquad
from funcgrad.scipy.integrate.samples import (
    cumulative_simpson,
    cumulative_trapezoid,
    romb,
    simpson,
    trapezoid,
)
from funcgrad.scipy.mirror import other_names

__getattr__ = other_names("integrate")

__all__ = [
    "cumulative_simpson", "cumulative_trapezoid", "dblquad", "fixed_quad", "nquad", "odeint", "quad",
    "quad_vec", "romb", "simpson", "solve_ivp", "tplquad", "trapezoid",
]  # fmt: skip
