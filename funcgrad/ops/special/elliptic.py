"""Elliptic integrals and Jacobi's elliptic functions.

Derivatives are in terms of hypergeometric functions and of Carlson's integrals, which have no cancellation
at m = 0 (https://dlmf.nist.gov/19.18, 19.25).
"""

from __future__ import annotations

import math
from typing import Any

from funcgrad.ops import elementwise as e
from funcgrad.ops.special.define import outputs, special_ufunc
from funcgrad.ops.special.hypergeometric import hyp2f1

_PI_8 = math.pi / 8.0


def _k_slope(m: Any) -> Any:
    # pi/8 2F1(3/2, 3/2; 2; m), whose pole at m = 1 is taken out
    return _PI_8 * hyp2f1(0.5, 0.5, 2.0, m) / (1.0 - m)


ellipk = special_ufunc("ellipk", lambda t, ans, m: t * _k_slope(m))
ellipkm1 = special_ufunc(
    "ellipkm1", lambda t, ans, p: -t * (_PI_8 * hyp2f1(0.5, 0.5, 2.0, 1.0 - p) / p)
)
ellipe = special_ufunc("ellipe", lambda t, ans, m: -t * (_PI_8 * hyp2f1(0.5, 1.5, 2.0, m)))


# Carlson's integrals

# R_F = 1/2 integral of ((t+x)(t+y)(t+z))^(-1/2)
elliprf = special_ufunc(
    "elliprf",
    lambda t, ans, x, y, z: -t * (elliprd(y, z, x) / 6.0),
    lambda t, ans, x, y, z: -t * (elliprd(z, x, y) / 6.0),
    lambda t, ans, x, y, z: -t * (elliprd(x, y, z) / 6.0),
)


def _rd_slope_x(ans: Any, x: Any, y: Any, z: Any) -> Any:
    return (ans - elliprd(y, z, x)) / (2.0 * (z - x))


def _rd_slope_z(ans: Any, x: Any, y: Any, z: Any) -> Any:
    # R_D is homogeneous of degree -3/2.
    sides = x * _rd_slope_x(ans, x, y, z) + y * _rd_slope_x(ans, y, x, z)
    return -(1.5 * ans + sides) / z


# R_D = 3/2 integral of ((t+x)(t+y))^(-1/2) (t+z)^(-3/2)
elliprd = special_ufunc(
    "elliprd",
    lambda t, ans, x, y, z: t * _rd_slope_x(ans, x, y, z),
    lambda t, ans, x, y, z: t * _rd_slope_x(ans, y, x, z),
    lambda t, ans, x, y, z: t * _rd_slope_z(ans, x, y, z),
)
# R_C(x, y) = R_F(x, y, y)
elliprc = special_ufunc(
    "elliprc",
    lambda t, ans, x, y: -t * (elliprd(y, y, x) / 6.0),
    lambda t, ans, x, y: -t * (elliprd(x, y, y) / 3.0),
)


# R_G = 1/4 integral of t ((t+x)(t+y)(t+z))^(-1/2) (x / (t+x) + y / (t+y) + z / (t+z))
def _rg_slope(x: Any, y: Any, z: Any) -> Any:
    """By x: R_(-1/2)(3/2, 1/2, 1/2; x, y, z) / 6 (https://dlmf.nist.gov/19.18.E4)."""
    return 0.25 * (elliprf(x, y, z) - x * elliprd(y, z, x) / 3.0)


special_ufunc(
    "elliprg",
    lambda t, ans, x, y, z: t * _rg_slope(x, y, z),
    lambda t, ans, x, y, z: t * _rg_slope(y, z, x),
    lambda t, ans, x, y, z: t * _rg_slope(z, x, y),
)


def _rj_slope(ans: Any, x: Any, y: Any, z: Any, p: Any) -> Any:
    """By x, from partial fractions of 1 / ((t + x) (t + p))."""
    return (ans - elliprd(y, z, x)) / (2.0 * (p - x))


def _rj_slope_p(ans: Any, x: Any, y: Any, z: Any, p: Any) -> Any:
    # R_J is homogeneous of degree -3/2.
    sides = x * _rj_slope(ans, x, y, z, p) + y * _rj_slope(ans, y, z, x, p)
    return -(1.5 * ans + sides + z * _rj_slope(ans, z, x, y, p)) / p


# R_J = 3/2 integral of ((t+x)(t+y)(t+z))^(-1/2) / (t+p)
special_ufunc(
    "elliprj",
    lambda t, ans, x, y, z, p: t * _rj_slope(ans, x, y, z, p),
    lambda t, ans, x, y, z, p: t * _rj_slope(ans, y, z, x, p),
    lambda t, ans, x, y, z, p: t * _rj_slope(ans, z, x, y, p),
    lambda t, ans, x, y, z, p: t * _rj_slope_p(ans, x, y, z, p),
)


# The arithmetic-geometric mean of a and b is pi / 4 (a + b) / K(((a - b) / (a + b))^2)
# (https://dlmf.nist.gov/19.8.E5), homogeneous of degree 1.


def _agm_slope(ans: Any, a: Any, b: Any) -> Any:
    total, ratio = a + b, (a - b) / (a + b)
    m = ratio * ratio
    change = 4.0 * ratio * b / (total * total)
    return ans / total - ans * _k_slope(m) / ellipk(m) * change


special_ufunc(
    "agm",
    lambda t, ans, a, b: t * _agm_slope(ans, a, b),
    lambda t, ans, a, b: t * _agm_slope(ans, b, a),
)


# Legendre's incomplete integrals: phi is taken to [-pi/2, pi/2], where Carlson's formulas hold


def _reduced(phi: Any) -> tuple[Any, Any]:
    """The number of half turns, and sin and cos^2 of what remains."""
    turns = e.rint(phi / math.pi)
    rest = phi - math.pi * turns
    return turns, (e.sin(rest), e.square(e.cos(rest)))


def _f_slope(phi: Any, m: Any) -> Any:
    turns, (s, c2) = _reduced(phi)
    part = s * s * s * elliprd(c2, 1.0, 1.0 - m * s * s) / 6.0
    return part + 2.0 * turns * _k_slope(m)


def _e_slope(phi: Any, m: Any) -> Any:
    turns, (s, c2) = _reduced(phi)
    part = s * s * s * elliprd(c2, 1.0 - m * s * s, 1.0) / 6.0
    return -part - 2.0 * turns * (_PI_8 * hyp2f1(0.5, 1.5, 2.0, m))


ellipkinc = special_ufunc(
    "ellipkinc",
    lambda t, ans, phi, m: t / e.sqrt(1.0 - m * e.square(e.sin(phi))),
    lambda t, ans, phi, m: t * _f_slope(phi, m),
)
ellipeinc = special_ufunc(
    "ellipeinc",
    lambda t, ans, phi, m: t * e.sqrt(1.0 - m * e.square(e.sin(phi))),
    lambda t, ans, phi, m: t * _e_slope(phi, m),
)


# Jacobi's functions: results sn, cn, dn and the amplitude phi, where F(phi, m) = u


def _jacobi_by_u(t: Any, ans: Any, u: Any, m: Any, k: int) -> Any:
    sn, cn, dn = [ellipj(u, m, k=i) for i in range(3)]
    return t * (cn * dn, -sn * dn, -m * sn * cn, dn)[k]


def _jacobi_by_m(t: Any, ans: Any, u: Any, m: Any, k: int) -> Any:
    sn, cn, dn, phi = [ellipj(u, m, k=i) for i in range(4)]
    turn = -dn * _f_slope(phi, m)
    return (
        t
        * (
            cn * turn,
            -sn * turn,
            -(sn * sn + 2.0 * m * sn * cn * turn) / (2.0 * dn),
            turn,
        )[k]
    )


ellipj = outputs("ellipj", _jacobi_by_u, _jacobi_by_m)
