"""Integrals of Bessel's and Airy's functions, parabolic cylinder, spheroidal and Mathieu's functions, Legendre's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from funcgrad.core.tracing import typeof
from funcgrad.ops import elementwise as e
from funcgrad.ops.basic import convert
from funcgrad.ops.define import elementwise
from funcgrad.ops.special import ufuncs as special
from funcgrad.ops.special.bessel import airy, i0, j0, k0, modstruve, struve, y0
from funcgrad.ops.special.define import (
    no_derivative,
    outputs,
    special_ufunc,
    without_derivatives,
)


def _pair(name: str, first: Any, second: Any) -> Any:
    """A ufunc of one operand with two results, from their derivatives."""
    return outputs(name, lambda t, ans, x, k: t * (first, second)[k](x))


# Integrals from 0, or to infinity (https://dlmf.nist.gov/10.22, 10.43, 11.7)

_pair("itj0y0", j0, y0)
_pair("iti0k0", i0, k0)
_pair("it2j0y0", lambda x: (1.0 - j0(x)) / x, lambda x: -y0(x) / x)
_pair("it2i0k0", lambda x: (i0(x) - 1.0) / x, lambda x: -k0(x) / x)
special_ufunc("itstruve0", lambda t, ans, x: t * struve(0.0, x))
special_ufunc("itmodstruve0", lambda t, ans, x: t * modstruve(0.0, x))
special_ufunc("it2struve0", lambda t, ans, x: -t * (struve(0.0, x) / x))
outputs(
    "itairy",
    lambda t, ans, x, k: t * (airy(x, k=2 * k) if k < 2 else airy(-x, k=2 * (k - 2))),
)


# Kelvin's functions as complex ones: Be, Ke, Be', Ke', where w'' = i w - w' / x (https://dlmf.nist.gov/10.61)

kelvin = outputs(
    "kelvin",
    lambda t, ans, x, k: t * (kelvin(x, k=k + 2) if k < 2 else 1j * kelvin(x, k=k - 2) - ans / x),
)

# Integrals of x^a J_v(2 b x) over [0, 1], by b: that of x^(a+1) (J_(v-1) - J_(v+1)).
besselpoly = special_ufunc(
    "besselpoly",
    lambda t, ans, b, a, v: t * (besselpoly(b, a + 1.0, v - 1.0) - besselpoly(b, a + 1.0, v + 1.0)),
    no_derivative("besselpoly", "exponent"),
    no_derivative("besselpoly", "order"),
)


# Modified Fresnel integrals F(x), the integral of exp(+-i t^2) from x, and K(x) = exp(-+i (x^2 + pi/4)) F / sqrt(pi)


def _modified_fresnel(name: str, sign: float) -> None:
    def slope(t: Any, ans: Any, x: Any, k: int) -> Any:
        if k == 0:
            return -t * e.exp(sign * 1j * x * x)
        phase = e.exp(-1j * sign * math.pi / 4.0) / math.sqrt(math.pi)
        return t * (-2j * sign * x * ans - phase)

    outputs(name, slope)


_modified_fresnel("modfresnelp", 1.0)
_modified_fresnel("modfresnelm", -1.0)


# Parabolic cylinder functions and their derivatives: w'' = q(x) w (https://dlmf.nist.gov/12.2)


def _cylinder(name: str, factor: Any) -> None:
    def slope(t: Any, ans: Any, v: Any, x: Any, k: int) -> Any:
        return t * (primitive(v, x, k=1) if k == 0 else factor(v, x) * primitive(v, x, k=0))

    def by_order(t: Any, ans: Any, v: Any, x: Any, k: int) -> Any:
        return no_derivative(name, "order")(t, ans, v, x)

    primitive = outputs(name, by_order, slope)


_cylinder("pbdv", lambda v, x: 0.25 * x * x - v - 0.5)
_cylinder("pbvv", lambda v, x: 0.25 * x * x - v - 0.5)
_cylinder("pbwa", lambda a, x: a - 0.25 * x * x)


# Mathieu's functions and their derivatives (https://dlmf.nist.gov/28.2, 28.20); angles are in degrees.


def _mathieu(name: str, value: str, modified: bool) -> None:
    def refuse(operand: str) -> Any:
        return lambda t, ans, m, q, x, k: no_derivative(name, operand)(t, ans, m, q, x)

    def slope(t: Any, ans: Any, m: Any, q: Any, x: Any, k: int) -> Any:
        if k == 0:
            return t * (primitive(m, q, x, k=1) * scale)
        wave = e.cosh(2.0 * x) if modified else e.cos(2.0 * scale * x)
        sign = 1.0 if modified else -1.0
        return t * (
            sign * scale * (_MATHIEU[value](m, q) - 2.0 * q * wave) * primitive(m, q, x, k=0)
        )

    scale = 1.0 if modified else math.pi / 180.0
    primitive = outputs(name, refuse("order"), refuse("parameter q"), slope)


_MATHIEU = {
    letter: special_ufunc(
        f"mathieu_{letter}",
        no_derivative(f"mathieu_{letter}", "order"),
        no_derivative(f"mathieu_{letter}", "parameter q"),
    )
    for letter in ("a", "b")
}
for _letter, _value in (("c", "a"), ("s", "b")):
    _mathieu(f"mathieu_{_letter}em", _value, False)
    _mathieu(f"mathieu_mod{_letter}em1", _value, True)
    _mathieu(f"mathieu_mod{_letter}em2", _value, True)


# Spheroidal wave functions and their derivatives (https://dlmf.nist.gov/30.2, 30.11): with the characteristic value
# L and s = c^2, -c^2 of the prolate and the oblate ones, (1 - x^2) w'' = 2 x w' - (L - s x^2 - m^2 / (1 - x^2)) w; the
# radial oblate ones are those in i x.


def _spheroidal(kind: str, part: str, given: bool) -> None:
    name = f"{kind}_{part}_cv" if given else f"{kind}_{part}"
    imaginary = kind == "obl" and part != "ang1"

    def slope(t: Any, ans: Any, *xs: Any, k: int) -> Any:
        m, n, c = xs[:3]
        x = xs[-1]
        if k == 0:
            return t * primitive(*xs, k=1)
        value = xs[3] if given else _SPHEROIDAL[kind](m, n, c)
        w, dw = (primitive(*xs, k=i) for i in range(2))
        if imaginary:
            rest = 1.0 + x * x
            return t * (((value - c * c * x * x - m * m / rest) * w - 2.0 * x * dw) / rest)
        rest = 1.0 - x * x
        s = c * c if kind == "pro" else -c * c
        return t * ((2.0 * x * dw - (value - s * x * x - m * m / rest) * w) / rest)

    def refuse(operand: str) -> Any:
        return lambda t, ans, *xs, k: no_derivative(name, operand)(t, ans, *xs)

    operands = ["order", "degree", "parameter c", *(["characteristic value"] if given else [])]
    primitive = outputs(name, *map(refuse, operands), slope)


_SPHEROIDAL = {
    kind: special_ufunc(
        f"{kind}_cv", *(no_derivative(f"{kind}_cv", o) for o in ("order", "degree", "parameter c"))
    )
    for kind in ("pro", "obl")
}
for _kind in ("pro", "obl"):
    for _part in ("ang1", "rad1"):
        for _given in (False, True):
            _spheroidal(_kind, _part, _given)
# SciPy's values of the second kind are not accurate enough to fulfil the equation.
without_derivatives("pro_rad2", "pro_rad2_cv", "obl_rad2", "obl_rad2_cv")


# Legendre's functions (https://dlmf.nist.gov/14.10.E4) and spherical harmonics (14.30)

lpmv = special_ufunc(
    "lpmv",
    no_derivative("lpmv", "order"),
    no_derivative("lpmv", "degree"),
    lambda t, ans, m, v, x: t * ((v * x * ans - (v + m) * lpmv(m, v - 1.0, x)) / (x * x - 1.0)),
)


def _harmonic_slope(n: Any, m: Any, theta: Any, phi: Any) -> Any:
    """By the polar angle: (e^(-i phi) a Y_n^(m+1) - e^(i phi) b Y_n^(m-1)) / 2, which holds at the poles, too."""

    def neighbour(step: int) -> Any:
        """Where there is none, its factor is 0."""
        factor = convert((n - step * m) * (n + step * m + 1), typeof(theta).dtype)
        order = e.where(step * m < n, m + step, m)
        turn = e.exp(-1j * step * phi)
        return e.sqrt(factor) * sph_harm_y(n, order, theta, phi) * turn

    return 0.5 * (neighbour(1) - neighbour(-1))


sph_harm_y: Any = elementwise(
    "sph_harm_y",
    lambda n, m, theta, phi: special.sph_harm_y(n, m, theta, phi),
    dtypes=lambda asked: _harmonic_dtypes(asked),
    jvp=(
        no_derivative("sph_harm_y", "degree"),
        no_derivative("sph_harm_y", "order"),
        lambda t, ans, n, m, theta, phi: t * _harmonic_slope(n, m, theta, phi),
        lambda t, ans, n, m, theta, phi: t * (1j * convert(m, typeof(theta).dtype) * ans),
    ),
)


def _harmonic_dtypes(asked: Any) -> Any:
    angle = np.dtype(np.float64)  # SciPy's, whatever that of the angles is
    return (np.dtype(int), np.dtype(int), angle, angle), np.dtype(np.complex128)
