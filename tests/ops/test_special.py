"""What the table of cases cannot say of the special functions: limits, errors, lazy imports, accuracy."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import jax
import numpy as np
import pytest
from scipy import special

import funcgrad as fg
from funcgrad.core.errors import NoDerivativeError

INF = np.inf


def derivative(fun: Any, *point: float, argnum: int = 0) -> float:
    return float(fg.grad(fun, argnum)(*point))


def test_scipy_is_imported_by_its_user_only() -> None:
    program = (
        "import sys, funcgrad as fg, numpy as np\n"
        "fg.grad(lambda x: np.sum(np.i0(np.sinc(x))))(np.ones(3))\n"
        "assert 'scipy' not in sys.modules\n"
        "from scipy import special\n"
        "assert 'funcgrad.ops.special' not in sys.modules\n"
        "fg.grad(special.erf)(0.5)\n"
        "assert 'funcgrad.ops.special' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    ("fun", "message"),
    [
        (
            lambda v: special.jv(v, 2.0),
            "scipy.special.jv has no derivative with respect to its order",
        ),
        (lambda a: special.hyp1f1(a, 1.0, 2.0), "special.hyp1f1 has no derivative .* parameters"),
        (
            lambda a: fg.grad(special.gammainc)(a, 2.0),
            "special.gammainc has no derivative .* first argument, more than once",
        ),
    ],
)
def test_derivatives_that_are_not_known_are_errors(fun: Any, message: str) -> None:
    with pytest.raises(
        NoDerivativeError, match=message + r"\n  at .*test_special.py.*\n  use fg.stop"
    ):
        fg.grad(fun)(1.5)


def test_an_order_that_needs_no_derivative_may_be_traced() -> None:
    gradient = fg.grad(lambda x, v: special.jv(v, x))(2.0, 1.5)
    assert gradient == pytest.approx((special.jv(0.5, 2.0) - special.jv(2.5, 2.0)) / 2)
    batch = fg.vmap(fg.grad(lambda x, v: special.jv(v, x)), (None, 0))(2.0, np.array([0.0, 1.0]))
    assert batch == pytest.approx([-special.j1(2.0), (special.j0(2.0) - special.jv(2, 2.0)) / 2])


def test_ufuncs_without_rules_are_named() -> None:
    with pytest.raises(
        NoDerivativeError, match="mathieu_a has no derivative with respect to its parameter q"
    ):
        fg.grad(lambda q: special.mathieu_a(1.0, q))(0.5)


def test_the_namespace_is_scipys() -> None:
    assert fg.scipy.special.erf is special.erf
    assert fg.scipy.special.zeta is special.zeta
    np.testing.assert_array_equal(fg.scipy.special.roots_legendre(3), special.roots_legendre(3))
    assert fg.scipy.special.logsumexp([0.0, 0.0]) == special.logsumexp([0.0, 0.0])


# Limits


def test_x_log_y_at_zero() -> None:
    assert derivative(special.xlogy, 0.0, 0.0, argnum=1) == 0.0
    assert derivative(special.xlog1py, 0.0, -1.0, argnum=1) == 0.0
    assert derivative(special.rel_entr, 0.0, 0.0, argnum=1) == 0.0
    assert derivative(special.kl_div, 0.0, 0.0, argnum=1) == 1.0
    assert derivative(special.entr, 0.0) == INF


def test_incomplete_functions_at_zero() -> None:
    assert derivative(special.gammainc, 1.0, 0.0, argnum=1) == 1.0
    assert derivative(special.gammainc, 2.0, 0.0, argnum=0) == 0.0
    assert derivative(special.betainc, 1.0, 2.0, 0.0, argnum=2) == pytest.approx(2.0)
    for argnum in (0, 1):
        assert derivative(special.betainc, 2.0, 2.0, 0.0, argnum=argnum) == 0.0
        assert derivative(special.betainc, 2.0, 2.0, 1.0, argnum=argnum) == 0.0
    assert derivative(special.stdtr, 3.0, 0.0, argnum=0) == 0.0
    assert derivative(special.stdtr, 1.0, 0.0, argnum=1) == pytest.approx(1 / np.pi)


def test_bessel_functions_at_zero() -> None:
    assert derivative(special.j1, 0.0) == 0.5
    assert derivative(special.i1, 0.0) == 0.5
    assert derivative(lambda x: special.jv(0, x), 0.0) == 0.0
    assert derivative(lambda x: fg.scipy.special.spherical_jn(1, x), 0.0) == pytest.approx(1 / 3)


def test_elliptic_integrals_at_zero() -> None:
    assert derivative(special.ellipk, 0.0) == pytest.approx(np.pi / 8)
    assert derivative(special.ellipe, 0.0) == pytest.approx(-np.pi / 8)
    assert fg.grad(fg.grad(special.ellipk))(0.0) == pytest.approx(9 * np.pi / 64)
    assert derivative(special.ellipkinc, 0.7, 0.0, argnum=1) == pytest.approx(
        (0.7 - np.sin(1.4) / 2) / 4
    )


def test_log_ndtr_and_log_expit_far_out() -> None:
    # Mills' ratio: for very negative x the derivative of log Phi is -x - 1/x + 2/x^3 - ...
    assert derivative(special.log_ndtr, -1e3) == pytest.approx(1e3 + 1e-3 - 2e-9, rel=1e-15)
    assert derivative(special.log_ndtr, 50.0) == pytest.approx(0.0, abs=1e-300)
    assert derivative(special.log_expit, -800.0) == 1.0
    assert derivative(special.expit, 800.0) == 0.0


@pytest.mark.parametrize("name", ["logsumexp", "softmax", "log_softmax"])
def test_the_softmax_family_stays_finite(name: str) -> None:
    fun = getattr(fg.scipy.special, name)
    for x in ([1e4, -1e4, 1e4], [-INF, 0.0, 1.0]):
        values = np.array(x)
        np.testing.assert_allclose(fg.jit(fun)(values), fun(values))
        jacobian = fg.jacrev(fun)(values)
        assert np.all(np.isfinite(jacobian))
        np.testing.assert_allclose(jacobian, fg.jacfwd(fun)(values), atol=1e-15)


def test_logsumexp_of_some_elements() -> None:
    a, mask = np.array([[1.0, np.inf, 3.0], [0.5, 0.0, -1.0]]), np.array([True, False, True])
    for kwargs in ({"axis": 1}, {"b": np.array([1.0, 2.0, 3.0])}, {"axis": 0, "return_sign": True}):
        ours = fg.scipy.special.logsumexp(a, where=mask, **kwargs)
        theirs = jax.scipy.special.logsumexp(a, where=mask, **kwargs)
        for x, y in zip(fg.tree.leaves(ours), fg.tree.leaves(theirs), strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-6)
    gradient = fg.grad(lambda a: np.sum(fg.scipy.special.logsumexp(a, 1, where=mask)))(a)
    assert np.all(gradient[:, 1] == 0.0)
    np.testing.assert_allclose(np.sum(gradient, axis=1), 1.0)


def test_logsumexp_of_infinities() -> None:
    fun = fg.scipy.special.logsumexp
    for x, value in (([-INF, -INF], -INF), ([INF, 0.0], INF)):
        assert fg.jit(fun)(np.array(x)) == value
        assert np.all(np.isfinite(fg.grad(fun)(np.array(x))))


# Accuracy of what is computed here rather than by SciPy; references by mpmath with 40 digits


@pytest.mark.parametrize(
    ("a", "x", "expected"),
    [
        (0.5, 0.1, -0.8229360969795989),
        (100.0, 130.0, -0.0008101300285622899),
        (10.0, 80.0, -1.609969252947475e-23),
        (0.01, 3.0, -0.013547187572805145),
    ],
)
def test_incomplete_gamma_by_its_parameter(a: float, x: float, expected: float) -> None:
    assert derivative(special.gammainc, a, x) == pytest.approx(expected, rel=1e-13)
    assert derivative(special.gammaincc, a, x) == pytest.approx(-expected, rel=1e-13)


@pytest.mark.parametrize(
    ("a", "b", "x", "expected"),
    [(0.5, 0.5, 0.1, -0.5926200221433794), (100.0, 150.0, 0.6, -3.938288005248104e-11)],
)
def test_incomplete_beta_by_its_parameter(a: float, b: float, x: float, expected: float) -> None:
    assert derivative(special.betainc, a, b, x) == pytest.approx(expected, rel=1e-12)


def test_zeta_by_its_first_argument() -> None:
    # zeta'(2) = pi^2 / 6 (gamma + log(2 pi) - 12 log A), with Glaisher's constant A
    assert derivative(special.zeta, 2.0) == pytest.approx(-0.9375482543158437, rel=1e-14)


def test_polygamma_of_complex_numbers() -> None:
    second = fg.grad(fg.grad(special.loggamma, holomorphic=True), holomorphic=True)(1.0 + 2.0j)
    step = 1e-5
    numeric = (special.psi(1.0 + step + 2.0j) - special.psi(1.0 - step + 2.0j)) / (2 * step)
    assert second == pytest.approx(numeric, rel=1e-9)


def test_polygamma_of_half_precision() -> None:
    x = np.full(2, 1.5, np.float16)
    value, slope = fg.jvp(special.psi, (x,), (np.ones_like(x),))
    assert slope.dtype == value.dtype == special.psi(x).dtype
