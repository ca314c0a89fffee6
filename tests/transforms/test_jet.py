"""Taylor mode against nested derivatives, and against JAX's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.core.errors import ArgumentError
from funcgrad.experimental.jet import jet
from funcgrad.transforms import jet as taylor

M = np.array([[2.0, 0.5], [0.3, 1.5]])
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sin": np.sin,
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
    "sqrt": np.sqrt,
    "arctan": np.arctan,
    "quotient": lambda x: np.cos(x) / (1 + x * x),
    "reciprocal": lambda x: 1 / x,
    "integer power": lambda x: x**3,
    "power": lambda x: x**2.5,
    "power of both": lambda x: x**x,
    "exponential": lambda x: 2.0**x,
    "product": lambda x: x * np.sin(x) * (2 * x + 1),
    "matmul": lambda x: (M * x) @ (M * x * x),
    "maximum": lambda x: np.maximum(x, 0.2) * x,
    "where": lambda x: np.where(x > 0, x * x, x),
    "constant": lambda x: 3.0,
    "floor": lambda x: np.floor(x) * x,
    "inverse": lambda x: np.linalg.inv(M * x + np.eye(2)),
    "gradient": fg.grad(lambda x: np.sin(x) * x),
    "jit": lambda x: fg.jit(lambda y: np.sin(y) * y)(x),
    "sorted": lambda x: np.sort(np.stack([x * 2, x * x, 1 - x])),
    "concatenation": lambda x: np.concatenate([x * M[0], M[1]])[1:3],
}
X, TERMS = 0.7, [1.0, 0.3, -0.2, 0.5]


@pytest.fixture(autouse=True)
def _checked() -> Iterator[None]:
    before = fg.config.check_jaxprs
    fg.config.check_jaxprs = True
    yield
    fg.config.check_jaxprs = before


@pytest.mark.parametrize("name", FUNCTIONS)
def test_as_nested_derivatives_along_the_curve(name: str) -> None:
    f = FUNCTIONS[name]
    a, b, c, d = TERMS

    def along(s: Any) -> Any:
        return f(X + a * s + b * s**2 / 2 + c * s**3 / 6 + d * s**4 / 24)

    value, terms = jet(f, (X,), (TERMS,))
    np.testing.assert_allclose(value, f(X))
    for term in terms:
        along = fg.jacfwd(along)
        np.testing.assert_allclose(term, along(0.0), rtol=1e-9, atol=1e-9)


def test_a_high_order() -> None:
    _, terms = jet(np.exp, (0.0,), ([1.0] + [0.0] * 19,))
    np.testing.assert_allclose(terms, np.ones(20))
    _, terms = jet(lambda x: 1 / (1 - x), (0.0,), ([1.0] + [0.0] * 19,), factorial_scaled=False)
    np.testing.assert_allclose(terms, np.ones(20))


@pytest.mark.parametrize("name", ["sin", "tanh", "power of both", "quotient", "matmul"])
def test_the_work_grows_as_a_polynomial(name: str) -> None:
    jaxpr = fg.make_jaxpr(FUNCTIONS[name])(X).jaxpr.open_consts()
    nonzero = [False] * (len(jaxpr.invars) - 1) + [True]
    short, long = (len(taylor.jet(jaxpr, nonzero, order).eqns) for order in (4, 8))
    assert long < 12 * short


def test_several_arguments_and_pytrees() -> None:
    def f(x: Any, y: Any) -> Any:
        return {"a": x["u"] * y, "b": (np.sum(x["u"] @ y), x["n"])}

    u, y, n = np.array([1.0, 2.0]), np.array([0.5, -1.0]), np.array(3)
    series = ([{"u": y, "n": 0}, {"u": u, "n": 0}], [u, y])
    value, terms = jet(f, ({"u": u, "n": n}, y), series)
    np.testing.assert_allclose(value["a"], u * y)
    # (u y)' = u' y + u y', (u y)'' = u'' y + 2 u' y' + u y''
    np.testing.assert_allclose(terms["a"], [y * y + u * u, u * y + 2 * y * u + u * y])
    np.testing.assert_allclose(terms["b"][0][0], np.sum(y * y + u * u))
    assert terms["b"][1][0] == 0.0


def test_under_other_transforms() -> None:
    def second(x: Any) -> Any:
        return jet(np.sin, (x,), ([1.0, 0.0],))[1][1]

    x = np.array([0.3, 0.7])
    np.testing.assert_allclose(fg.vmap(second)(x), -np.sin(x))
    np.testing.assert_allclose(fg.grad(second)(0.3), -np.cos(0.3))
    np.testing.assert_allclose(fg.jit(second)(0.3), -np.sin(0.3))


def test_captured_traced_values_are_constants() -> None:
    def f(a: Any) -> Any:
        return jet(lambda x: a * x * x, (1.0,), ([1.0, 0.0],))[1][1]

    np.testing.assert_allclose(fg.grad(f)(3.0), 2.0)


def test_float32_stays() -> None:
    value, terms = jet(np.tanh, (np.ones(2, np.float32),), ([np.ones(2, np.float32)] * 3,))
    assert [t.dtype for t in (value, *terms)] == [np.float32] * 4


@pytest.mark.parametrize("name", ["sin", "tanh", "log", "sqrt", "integer power", "quotient"])
def test_as_jax(name: str) -> None:
    jax = pytest.importorskip("jax")
    jax_jet = pytest.importorskip("jax.experimental.jet")
    functions = {
        "integer power": lambda x: x**3,
        "quotient": lambda x: jax.numpy.cos(x) / (1 + x * x),
    }
    theirs = functions.get(name) or getattr(jax.numpy, name)
    with jax.enable_x64(True):
        value, terms = jax_jet.jet(theirs, (X,), (TERMS,))
        value, terms = float(value), [float(t) for t in terms]
    ours, our_terms = jet(FUNCTIONS[name], (X,), (TERMS,))
    np.testing.assert_allclose(ours, value, rtol=1e-10)
    np.testing.assert_allclose(our_terms, terms, rtol=1e-9)


def test_mismatches_are_named() -> None:
    with pytest.raises(ArgumentError, match="2 primals need as many lists"):
        jet(np.add, (1.0, 2.0), ([1.0],))
    with pytest.raises(ArgumentError, match=r"order 2 of leaf 0 has the shape \(3,\)"):
        jet(np.sin, (1.0,), ([1.0, np.ones(3)],))
    with pytest.raises(ArgumentError, match="structure of the primals"):
        jet(lambda x: x["a"], ({"a": 1.0},), ([1.0],))
