"""Bessel functions of all kinds, Airy's, Kelvin's and Struve's, with respect to their argument.

Z_v' = (Z_(v-1) - Z_(v+1)) / 2 for J, Y and Hankel's functions, I_v' = (I_(v-1) + I_(v+1)) / 2 and
K_v' = -(K_(v-1) + K_(v+1)) / 2 (https://dlmf.nist.gov/10.6.E1, 10.29.E1), which hold at 0, too.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from funcgrad.ops import elementwise as e
from funcgrad.ops.define import elementwise
from funcgrad.ops.special import ufuncs as special
from funcgrad.ops.special.define import no_derivative, outputs, special_ufunc
from funcgrad.ops.special.gamma import rgamma

_ROOT_PI = math.sqrt(math.pi)


def _of_order(name: str, before: float, after: float, scaling: Any = None) -> Any:
    """A function of an order and an argument, whose slope is before Z_(v-1) + after Z_(v+1) + scaling Z_v."""

    def slope(t: Any, ans: Any, v: Any, z: Any) -> Any:
        value = before * primitive(v - 1, z) + after * primitive(v + 1, z)
        return t * (value if scaling is None else value + scaling(z) * ans)

    primitive: Any = special_ufunc(name, no_derivative(name, "order"), slope)
    return primitive


jv = _of_order("jv", 0.5, -0.5)
yv = _of_order("yv", 0.5, -0.5)
iv = _of_order("iv", 0.5, 0.5)
kv = _of_order("kv", -0.5, -0.5)
yn = _of_order("yn", 0.5, -0.5)
kn = _of_order("kn", -0.5, -0.5)
hankel1 = _of_order("hankel1", 0.5, -0.5)
hankel2 = _of_order("hankel2", 0.5, -0.5)
# Scaled by exp(-|Re z|), exp(z), exp(-iz) and exp(iz).
ive = _of_order("ive", 0.5, 0.5, lambda z: -e.sign(z))
kve = _of_order("kve", -0.5, -0.5, lambda z: 1.0)
hankel1e = _of_order("hankel1e", 0.5, -0.5, lambda z: -1j)
hankel2e = _of_order("hankel2e", 0.5, -0.5, lambda z: 1j)
# Scaled by exp(-|Im z|), which is 1 for real z.
jve = _of_order("jve", 0.5, -0.5)
yve = _of_order("yve", 0.5, -0.5)

# Orders 0 and 1
j0 = special_ufunc("j0", lambda t, ans, x: -t * j1(x))
j1 = special_ufunc("j1", lambda t, ans, x: t * (0.5 * (j0(x) - jv(2, x))))
y0 = special_ufunc("y0", lambda t, ans, x: -t * y1(x))
y1 = special_ufunc("y1", lambda t, ans, x: t * (0.5 * (y0(x) - yv(2, x))))
i0 = special_ufunc("i0", lambda t, ans, x: t * i1(x))
i1 = special_ufunc("i1", lambda t, ans, x: t * (0.5 * (i0(x) + iv(2, x))))
k0 = special_ufunc("k0", lambda t, ans, x: -t * k1(x))
k1 = special_ufunc("k1", lambda t, ans, x: -t * (0.5 * (k0(x) + kv(2, x))))
i0e = special_ufunc("i0e", lambda t, ans, x: t * (i1e(x) - e.sign(x) * ans), called="bessel_i0e")
i1e = special_ufunc(
    "i1e",
    lambda t, ans, x: t * (0.5 * (i0e(x) + ive(2, x)) - e.sign(x) * ans),
    called="bessel_i1e",
)
k0e = special_ufunc("k0e", lambda t, ans, x: t * (ans - k1e(x)))
k1e = special_ufunc("k1e", lambda t, ans, x: t * (ans - 0.5 * (k0e(x) + kve(2, x))))


# Spherical functions: (2n + 1) f_n' = n f_(n-1) - (n + 1) f_(n+1), with other signs for the modified ones
# (https://dlmf.nist.gov/10.51). SciPy's are functions in Python.

_SIGNS = {"j": (1.0, -1.0), "y": (1.0, -1.0), "i": (1.0, 1.0), "k": (-1.0, -1.0)}


def spherical_slope(primitive: Any, n: Any, z: Any) -> Any:
    """The derivative of a spherical function by its argument."""
    before, after = _SIGNS[primitive.name[-2]]
    lower, higher = primitive(np.maximum(n - 1, 0), z), primitive(n + 1, z)
    return (before * n * lower + after * (n + 1) * higher) / (2 * n + 1)


def _spherical(letter: str) -> Any:
    name = f"spherical_{letter}n"
    function = getattr(special, name)
    primitive: Any = elementwise(
        name,
        function,
        dtypes=lambda asked: _spherical_dtypes(letter, asked),
        jvp=(
            no_derivative(name, "order"),
            lambda t, ans, n, z: t * spherical_slope(primitive, n, z),
        ),
    )
    return primitive


def _spherical_dtypes(letter: str, asked: Any) -> Any:
    n, z = np.dtype(asked[0]), np.dtype(asked[1])
    return (n, z), np.asarray(getattr(special, f"spherical_{letter}n")(0, np.ones(1, z))).dtype


spherical_jn = _spherical("j")
spherical_yn = _spherical("y")
spherical_in = _spherical("i")
spherical_kn = _spherical("k")

# Airy's functions: results Ai, Ai', Bi, Bi' with Ai'' = z Ai; airye scales the first two by exp(2/3 z^(3/2)) and
# the last two by exp(-|Re(2/3 z^(3/2))|).
airy = outputs(
    "airy", lambda t, ans, z, k: t * (airy(z, k=k + 1) if k % 2 == 0 else z * airy(z, k=k - 1))
)


def _airye_slope(t: Any, ans: Any, z: Any, k: int) -> Any:
    slope = airye(z, k=k + 1) if k % 2 == 0 else z * airye(z, k=k - 1)
    root = e.sqrt(z)  # the derivative of 2/3 z^(3/2)
    return t * (slope + (root if k < 2 else -root) * ans)


airye = outputs("airye", _airye_slope)


# Kelvin's functions: ber'' = -bei - ber' / x, and so on

ber = special_ufunc("ber", lambda t, ans, x: t * berp(x))
bei = special_ufunc("bei", lambda t, ans, x: t * beip(x))
ker = special_ufunc("ker", lambda t, ans, x: t * kerp(x))
kei = special_ufunc("kei", lambda t, ans, x: t * keip(x))
berp = special_ufunc("berp", lambda t, ans, x: -t * (bei(x) + ans / x))
beip = special_ufunc("beip", lambda t, ans, x: t * (ber(x) - ans / x))
kerp = special_ufunc("kerp", lambda t, ans, x: -t * (kei(x) + ans / x))
keip = special_ufunc("keip", lambda t, ans, x: t * (ker(x) - ans / x))


# Struve's functions (https://dlmf.nist.gov/11.4.E27)


def _struve_term(v: Any, x: Any) -> Any:
    return e.power(0.5 * x, v) * rgamma(v + 1.5) / _ROOT_PI


struve = special_ufunc(
    "struve",
    no_derivative("struve", "order"),
    lambda t, ans, v, x: t * (0.5 * (struve(v - 1.0, x) - struve(v + 1.0, x) + _struve_term(v, x))),
)
modstruve = special_ufunc(
    "modstruve",
    no_derivative("modstruve", "order"),
    lambda t, ans, v, x: (
        t * (0.5 * (modstruve(v - 1.0, x) + modstruve(v + 1.0, x) + _struve_term(v, x)))
    ),
)
