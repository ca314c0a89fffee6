"""`numpy.polynomial` on traced values: NumPy's own code, traced."""

import numpy as np
import pytest
from numpy import polynomial

import funcgrad as fg
from funcgrad.core import patch

BASES = {
    "poly": (polynomial.Polynomial, polynomial.polynomial),
    "cheb": (polynomial.Chebyshev, polynomial.chebyshev),
    "leg": (polynomial.Legendre, polynomial.legendre),
    "herm": (polynomial.Hermite, polynomial.hermite),
    "herme": (polynomial.HermiteE, polynomial.hermite_e),
    "lag": (polynomial.Laguerre, polynomial.laguerre),
}
X = np.array([-0.8, -0.3, 0.1, 0.4, 0.9])
Y = np.array([0.3, -0.2, 0.7, 0.1, -0.5])
W = np.array([1.0, 2.0, 1.5, 1.2, 0.7])
C = np.array([0.5, -1.0, 0.25, 0.75])
D = np.array([1.0, 0.5, -0.3])
GRID = np.linspace(-1, 1, 12).reshape(3, 4)

FUNCTIONS = {
    "val": lambda m, p: (getattr(m, f"{p}val"), (X, C)),
    "val2d": lambda m, p: (getattr(m, f"{p}val2d"), (X, Y, GRID)),
    "grid2d": lambda m, p: (getattr(m, f"{p}grid2d"), (X, Y, GRID)),
    "vander": lambda m, p: (lambda x: getattr(m, f"{p}vander")(x, 3), (X,)),
    "vander2d": lambda m, p: (lambda x, y: getattr(m, f"{p}vander2d")(x, y, [1, 2]), (X, Y)),
    "fit": lambda m, p: (lambda x, y: getattr(m, f"{p}fit")(x, y, 2), (X, Y)),
    "weighted fit": lambda m, p: (
        lambda y, w: getattr(m, f"{p}fit")(X, y, [0, 2], w=w),
        (np.stack([Y, X], 1), W),
    ),
    "add": lambda m, p: (getattr(m, f"{p}add"), (C, D)),
    "sub": lambda m, p: (getattr(m, f"{p}sub"), (D, C)),
    "mul": lambda m, p: (getattr(m, f"{p}mul"), (C, D)),
    "pow": lambda m, p: (lambda c: getattr(m, f"{p}pow")(c, 2), (D,)),
    "der": lambda m, p: (getattr(m, f"{p}der"), (C,)),
    "int": lambda m, p: (lambda c, k: getattr(m, f"{p}int")(c, k=k), (C, Y[0])),
    "fromroots": lambda m, p: (getattr(m, f"{p}fromroots"), (D,)),
}


def total(fun):
    return lambda *args: np.sum(fun(*args) ** 2)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("prefix", BASES)
def test_functions(prefix, name):
    fun, args = FUNCTIONS[name](BASES[prefix][1], prefix)
    expected = fun(*args)
    found = fg.jit(fun)(*args)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    assert found.dtype == expected.dtype
    fg.check_grads(total(fun), args, order=1, rtol=1e-4)
    batch = [np.stack([a, 1.1 * a]) for a in args]
    rows = [fun(*[b[i] for b in batch]) for i in range(2)]
    np.testing.assert_allclose(fg.vmap(fun)(*batch), rows, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("prefix", BASES)
def test_classes(prefix):
    kind = BASES[prefix][0]

    def arithmetic(c, d, x):
        p, q = kind(c), kind(d)
        return ((p * q + p - 2 * q**2).deriv().integ(k=1) - x[0])(x)

    np.testing.assert_allclose(fg.jit(arithmetic)(C, D, X), arithmetic(C, D, X), rtol=1e-9)
    fg.check_grads(total(arithmetic), (C, D, X), order=2, rtol=1e-4)
    fg.check_grads(lambda y: kind.fit(X, y, 2)(0.3), (Y,), order=2)
    fg.check_grads(lambda c: np.sum(kind(c, domain=[0, 2]).linspace(5)[1] ** 2), (C,), order=2)
    fg.check_grads(lambda c: kind(c).convert(kind=polynomial.Polynomial)(0.3), (C,), order=2)
    fg.check_grads(lambda c: np.sum(np.abs(kind(c).roots()) ** 2), (C,), order=1, modes=["rev"])
    quotient = fg.grad(lambda c: (kind(c) // kind(D))(0.3))
    assert np.isfinite(quotient(C)).all()


def test_zeros_that_have_derivatives_are_kept():
    add = polynomial.polynomial.polyadd
    gradient = fg.grad(lambda c: polynomial.Polynomial(add(c, D))(2.0))
    np.testing.assert_allclose(gradient(np.array([1.0, 2.0, 0.3])), [1.0, 2.0, 4.0])
    gradient = fg.grad(lambda p: np.polyval(np.polymul(p, [1.0, 3.0]), 2.0))
    np.testing.assert_allclose(gradient(np.array([0.0, 1.0])), [10.0, 5.0])


def test_zeros_that_are_constants_are_dropped():
    def first(c):
        constant = 0 * fg.stop_gradient(c)
        assert polynomial.polynomial.polyadd(constant, [1.0]).shape == (1,)
        return c[0]

    fg.grad(first)(C)


def test_numpys_functions_are_its_own_after_tracing():
    fg.grad(lambda c: polynomial.Polynomial(c)(0.3))(C)
    assert polynomial.polyutils.trimseq.__module__ == "numpy.polynomial.polyutils"
    assert np.array is patch.numpy_array


def test_fits_warn_of_a_low_rank():
    with pytest.warns(np.exceptions.RankWarning):
        fg.grad(lambda y: polynomial.Polynomial.fit(np.ones(3), y, 2)(0.3))(Y[:3])
