"""Hypergeometric functions, the orthogonal polynomials, Lambert's W and Wright's omega."""

from __future__ import annotations

from typing import Any

from funcgrad.ops import elementwise as e
from funcgrad.ops.define import elementwise
from funcgrad.ops.special import ufuncs as special
from funcgrad.ops.special.define import no_derivative, special_ufunc


def _parameters(name: str, count: int) -> Any:
    return (no_derivative(name, "parameters"),) * count


hyp0f1 = special_ufunc(
    "hyp0f1", *_parameters("hyp0f1", 1), lambda t, ans, v, z: t * (hyp0f1(v + 1.0, z) / v)
)
hyp1f1 = special_ufunc(
    "hyp1f1",
    *_parameters("hyp1f1", 2),
    lambda t, ans, a, b, z: t * (a / b * hyp1f1(a + 1.0, b + 1.0, z)),
)
hyp2f1 = special_ufunc(
    "hyp2f1",
    *_parameters("hyp2f1", 3),
    lambda t, ans, a, b, c, z: t * (a * b / c * hyp2f1(a + 1.0, b + 1.0, c + 1.0, z)),
)
hyperu = special_ufunc(
    "hyperu",
    *_parameters("hyperu", 2),
    lambda t, ans, a, b, x: -t * (a * hyperu(a + 1.0, b + 1.0, x)),
)


# Orthogonal polynomials. The derivative is one of a lower degree; that of a constant is 0.


def _lower(degree: Any, polynomial: Any) -> Any:
    """`polynomial(degree - 1)`, 0 for degree 0."""
    constant = degree == 0
    return e.where(constant, 0.0, polynomial(e.where(constant, 1, degree) - 1))


def _polynomial(name: str, parameters: int, rule: Any) -> Any:
    fixed = (no_derivative(name, "degree"), *_parameters(name, parameters))
    return special_ufunc(name, *fixed, lambda t, ans, *xs: t * rule(*xs))


eval_gegenbauer = _polynomial(
    "eval_gegenbauer",
    1,
    lambda n, a, x: 2.0 * a * _lower(n, lambda m: eval_gegenbauer(m, a + 1.0, x)),
)
eval_jacobi = _polynomial(
    "eval_jacobi",
    2,
    lambda n, a, b, x: (
        0.5 * (n + a + b + 1.0) * _lower(n, lambda m: eval_jacobi(m, a + 1.0, b + 1.0, x))
    ),
)
eval_sh_jacobi = _polynomial(
    "eval_sh_jacobi",
    2,
    lambda n, p, q, x: n * _lower(n, lambda m: eval_sh_jacobi(m, p + 2.0, q + 1.0, x)),
)
eval_legendre = _polynomial(
    "eval_legendre", 0, lambda n, x: _lower(n, lambda m: eval_gegenbauer(m, 1.5, x))
)
eval_sh_legendre = _polynomial(
    "eval_sh_legendre",
    0,
    lambda n, x: 2.0 * _lower(n, lambda m: eval_gegenbauer(m, 1.5, 2.0 * x - 1.0)),
)
eval_chebyt = _polynomial("eval_chebyt", 0, lambda n, x: n * _lower(n, lambda m: eval_chebyu(m, x)))
eval_chebyu = _polynomial(
    "eval_chebyu", 0, lambda n, x: 2.0 * _lower(n, lambda m: eval_gegenbauer(m, 2.0, x))
)
# C_n(x) = 2 T_n(x / 2), S_n(x) = U_n(x / 2)
eval_chebyc = _polynomial(
    "eval_chebyc", 0, lambda n, x: n * _lower(n, lambda m: eval_chebyu(m, 0.5 * x))
)
eval_chebys = _polynomial(
    "eval_chebys", 0, lambda n, x: _lower(n, lambda m: eval_gegenbauer(m, 2.0, 0.5 * x))
)
eval_sh_chebyt = _polynomial(
    "eval_sh_chebyt", 0, lambda n, x: 2.0 * n * _lower(n, lambda m: eval_chebyu(m, 2.0 * x - 1.0))
)
eval_sh_chebyu = _polynomial(
    "eval_sh_chebyu",
    0,
    lambda n, x: 4.0 * _lower(n, lambda m: eval_gegenbauer(m, 2.0, 2.0 * x - 1.0)),
)
eval_genlaguerre = _polynomial(
    "eval_genlaguerre", 1, lambda n, a, x: -_lower(n, lambda m: eval_genlaguerre(m, a + 1.0, x))
)
eval_laguerre = _polynomial(
    "eval_laguerre", 0, lambda n, x: -_lower(n, lambda m: eval_genlaguerre(m, 1.0, x))
)
eval_hermite = _polynomial(
    "eval_hermite", 0, lambda n, x: 2.0 * n * _lower(n, lambda m: eval_hermite(m, x))
)
eval_hermitenorm = _polynomial(
    "eval_hermitenorm", 0, lambda n, x: n * _lower(n, lambda m: eval_hermitenorm(m, x))
)


# W e^W = z, hence W' = 1 / (e^W (1 + W)); w + log w = z, hence w' = w / (1 + w)

lambertw = elementwise(
    "lambertw",
    special._lambertw,
    jvp=(lambda t, ans, z, k, tol: t * (e.exp(-ans) / (1.0 + ans)), None, None),
)
wrightomega = special_ufunc("wrightomega", lambda t, ans, z: t * (ans / (1.0 + ans)))


# Wright's generalised Bessel function, the sum of x^k / (k! gamma(a k + b)) (https://dlmf.nist.gov/10.46), and its
# logarithm: the derivative is that with b + a.

wright_bessel = special_ufunc(
    "wright_bessel",
    *_parameters("wright_bessel", 2),
    lambda t, ans, a, b, x: t * wright_bessel(a, b + a, x),
)
log_wright_bessel = special_ufunc(
    "log_wright_bessel",
    *_parameters("log_wright_bessel", 2),
    lambda t, ans, a, b, x: t * e.exp(log_wright_bessel(a, b + a, x) - ans),
)
