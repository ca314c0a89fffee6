"""Sparsity patterns, sparse Jacobians and Hessians."""

from __future__ import annotations

import numpy as np
import pytest

import funcgrad as fg

X = np.linspace(0.5, 1.5, 6)


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def in_place(x):
    y = np.zeros_like(x)
    y[::2] = x[1::2] * 2
    y[1:] += np.sin(x[:-1])
    return y


FUNCTIONS = {
    "differences": lambda x: x[1:] * x[:-1] - np.exp(x[1:]),
    "gather": lambda x: x[np.array([0, 0, 3])] ** 2,
    "sum of rows": lambda x: np.sum(x.reshape(2, 3) ** 2, axis=1),
    "cumulative": np.cumsum,
    "matrix": lambda x: np.diag([1.0, 2.0, 3.0]) @ x[:3],
    "where": lambda x: np.where(x > 1.0, x**2, x[::-1]),
    "join": lambda x: np.concatenate([x[:1], 3.0 * x[2:4]]),
    "sort": np.sort,
    "constant": lambda x: np.ones(2),
    "in place": in_place,
    "jitted": fg.jit(lambda x: x[1:] - x[:-1]),
    "scalar": rosenbrock,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_pattern_misses_nothing(name):
    fun = FUNCTIONS[name]
    pattern = fg.jacobian_sparsity(fun, X).toarray()
    dense = fg.jacfwd(fun)(X).reshape(-1, X.size)
    assert pattern.shape == dense.shape
    assert np.all(pattern[dense != 0])


@pytest.mark.parametrize("name", ["differences", "gather", "sum of rows", "cumulative", "join"])
def test_pattern_has_nothing_more(name):
    fun = FUNCTIONS[name]
    np.testing.assert_array_equal(fg.jacobian_sparsity(fun, X).toarray(), fg.jacfwd(fun)(X) != 0)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_sparse_jacobian(name):
    fun = FUNCTIONS[name]
    for x in (X, 2 * X):
        np.testing.assert_allclose(
            fg.sparse_jacobian(fun)(x).toarray(), fg.jacfwd(fun)(x).reshape(-1, x.size)
        )


def test_other_indices_are_another_pattern():
    jacobian = fg.sparse_jacobian(lambda x, i: x[i] ** 2)
    for index in (np.array([0, 1]), np.array([3, 2])):
        np.testing.assert_allclose(
            jacobian(X, index).toarray(), fg.jacfwd(lambda x, i=index: x[i] ** 2)(X)
        )


def test_sparse_hessian():
    np.testing.assert_allclose(
        fg.sparse_hessian(rosenbrock)(X).toarray(), fg.hessian(rosenbrock)(X)
    )


def test_large_hessian_takes_few_products():
    x = np.linspace(-1.0, 1.0, 2_000)
    hessian = fg.sparse_hessian(rosenbrock)(x)
    assert hessian.nnz == 3 * 2_000 - 2
    v = np.sin(np.arange(2_000))
    np.testing.assert_allclose(hessian @ v, fg.hvp(rosenbrock, (x,), (v,)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fg.sparse_jacobian(np.sin)(), "at least one argument"),
        (lambda: fg.sparse_jacobian(lambda p: p["a"])({"a": X, "b": X}), "ravel_pytree"),
        (lambda: fg.sparse_jacobian(lambda x: (x, x))(X), "result of"),
        (lambda: fg.grad(lambda x: fg.sparse_jacobian(np.sin)(x).sum())(X), "inside of another"),
        (lambda: fg.jacobian_sparsity(np.sin, 3), r"i64\[\]"),
    ],
)
def test_errors(call, message):
    with pytest.raises(fg.errors.ArgumentError, match=message):
        call()
