"""Jacobians without dense unit vectors: against one product per unit vector, and what the programs look like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.core.config import config

RNG = np.random.default_rng(3)
W = RNG.normal(size=(4, 5))
CUBE = RNG.normal(size=(3, 4, 5))
PLACES = np.array([2, 0, 0, 4])


def written(x: Any) -> Any:
    y = np.zeros_like(x)
    y[1:3] = x[2:4] * x[0]
    y[::2] += x[::2]
    return y


FUNCTIONS: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {
    "identity": (lambda x: x, (5,)),
    "elementwise": (lambda x: np.sin(x) * x, (5,)),
    "scalar": (lambda x: x * x, ()),
    "to scalar": (lambda x: np.sum(x * x), (5,)),
    "from scalar": (lambda x: x * np.arange(3.0), ()),
    "constant": (lambda x: np.ones(3), (5,)),
    "partly constant": (lambda x: np.stack([x[0], 1.0, x[1]]), (5,)),
    "layer": (lambda x: np.tanh(W @ x), (5,)),
    "two layers": (lambda x: W @ np.tanh(W.T @ np.sin(W @ x)), (5,)),
    "residual": (lambda x: x + np.tanh(W.T @ (W @ x)), (5,)),
    "slices": (lambda x: x[1:] - x[:-1] ** 2, (5,)),
    "strides": (lambda x: x[::-2] * x[::2], (5,)),
    "reversed": (lambda x: np.flip(x) * x, (5,)),
    "transposed": (lambda x: x.T * 2.0 + x.T[::-1], (3, 4)),
    "reshaped": (lambda x: x.reshape(2, 6) * x.reshape(2, 6), (3, 4)),
    "broadcast": (lambda x: x[:, None] * x[None, :], (5,)),
    "repeated": (lambda x: np.broadcast_to(x, (3, 5)) * CUBE[:, 0], (5,)),
    "joined": (lambda x: np.concatenate([x, x**2, x[:2]]), (5,)),
    "stacked": (lambda x: np.stack([x[0] * x[1], x[1], x[2] ** 2]), (5,)),
    "padded": (lambda x: np.pad(x, 2) * np.arange(9.0), (5,)),
    "written": (written, (5,)),
    "diagonal": (lambda x: np.diag(x) @ x, (4, 4)),
    "triangle": (lambda x: np.tril(x) * x, (4, 4)),
    "picked": (lambda x: x[PLACES] * x[1], (5,)),
    "masked": (lambda x: np.where(x > 0, x**2, 0.5 * x), (5,)),
    "row sums": (lambda x: np.sum(x * x, axis=1), (3, 4)),
    "row means": (lambda x: x - np.mean(x, axis=0), (3, 4)),
    "cumulative": (lambda x: np.cumsum(x) * x, (5,)),
    "matrix product": (lambda x: W @ x, (5, 3)),
    "product of itself": (lambda x: x @ x.T, (3, 4)),
    "batch of products": (lambda x: np.matmul(CUBE, x), (3, 5, 2)),
    "einsum": (lambda x: np.einsum("ij,kij->kj", x, CUBE), (4, 5)),
    "trace": (lambda x: np.einsum("ii->i", x) * np.trace(x), (4, 4)),
    "solved": (lambda x: np.linalg.solve(W @ W.T + 5 * np.eye(4), x**2), (4,)),
    "many terms": (lambda x: sum(np.roll(x, k) * x for k in range(11)), (12,)),
    "jitted": (fg.jit(lambda x: np.sin(x[1:]) * x[:-1]), (5,)),
    "softmax": (lambda x: np.exp(x - np.max(x)) / np.sum(np.exp(x - np.max(x))), (5,)),
}


def expected(fun: Callable[..., Any], x: Any) -> Any:
    """One product with each unit vector."""
    columns = [fg.jvp(fun, (x,), (unit.reshape(x.shape),))[1] for unit in np.eye(x.size)]
    return np.moveaxis(np.stack(columns), 0, -1).reshape(np.shape(columns[0]) + x.shape)


@pytest.fixture(autouse=True)
def _checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "check_jaxprs", True)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("mode", [fg.jacfwd, fg.jacrev])
def test_matrix_has_a_product_per_unit_vector(name: str, mode: Any) -> None:
    fun, shape = FUNCTIONS[name]
    x = np.asarray(RNG.uniform(0.5, 1.5, shape))
    wanted = expected(fun, x)
    found = mode(fun)(x)
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-13)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(fg.jit(mode(fun))(x), wanted, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    "name", ["slices", "layer", "written", "softmax", "product of itself", "jitted"]
)
def test_hessian_is_the_jacobian_of_the_gradient(name: str) -> None:
    fun, shape = FUNCTIONS[name]
    x = RNG.uniform(0.5, 1.5, shape)
    total = lambda x: np.sum(np.sin(fun(x)))
    wanted = expected(fg.grad(total), x)
    np.testing.assert_allclose(fg.hessian(total)(x), wanted, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(fg.jit(fg.hessian(total))(x), wanted, rtol=1e-10, atol=1e-12)
    batch = fg.vmap(fg.hessian(total))(np.stack([x, x]))
    np.testing.assert_allclose(batch[1], wanted, rtol=1e-10, atol=1e-12)


def test_arguments_share_the_unit_vectors() -> None:
    def fun(p: dict[str, Any], y: Any) -> dict[str, Any]:
        return {"u": p["a"] * y, "v": np.sum(p["b"]) * y[:2] + p["a"][:2]}

    p = {"a": np.arange(1.0, 4.0), "b": np.ones((2, 2))}
    y = np.array([1.0, 2.0, 3.0])
    for mode in (fg.jacfwd, fg.jacrev):
        of_p, of_y = mode(fun, argnums=(0, 1))(p, y)["v"]
        np.testing.assert_array_equal(of_p["a"], np.eye(2, 3))
        np.testing.assert_array_equal(of_p["b"], y[:2, None, None] * np.ones((2, 2, 2)))
        np.testing.assert_array_equal(of_y, 4.0 * np.eye(2, 3))


def test_dtypes_and_complex_numbers() -> None:
    assert fg.jacrev(lambda x: x[1:] * 2.0)(np.ones(3, np.float32)).dtype == np.float32
    z = np.array([1 + 2j, 3 - 1j])
    found = fg.jacfwd(lambda z: z * z, holomorphic=True)(z)
    np.testing.assert_array_equal(found, np.diag(2 * z))
    mixed = fg.jacrev(lambda x: np.abs(np.fft.fft(x)) ** 2)(np.arange(4.0))
    np.testing.assert_allclose(
        mixed, expected(lambda x: np.abs(np.fft.fft(x)) ** 2, np.arange(4.0)), atol=1e-12
    )


def test_empty_arrays() -> None:
    assert fg.jacfwd(lambda x: x * 2)(np.zeros(0)).shape == (0, 0)
    assert fg.jacrev(lambda x: x[:0])(np.ones(3)).shape == (0, 3)


def test_zeros_by_structure_stay_zero() -> None:
    # Pushed through, the zeros of unit vectors times the infinite slope would be NaN.
    found = fg.jacfwd(np.sqrt)(np.array([0.0, 4.0]))
    np.testing.assert_array_equal(found, [[np.inf, 0.0], [0.0, 0.25]])


def test_diagonal_jacobian_costs_no_dense_products() -> None:
    program = fg.jit(fg.jacfwd(lambda x: np.sin(x) * x)).lower(np.ones(50)).compile()
    dense = [line for line in program.as_text().splitlines() if "(50, 50)" in line]
    assert len(dense) == 1  # the shape of the result


def test_rules_that_join_their_cotangent_with_other_values() -> None:
    @fg.custom_vjp
    def f(x: Any) -> Any:
        return x * x

    def bwd(x: Any, ct: Any) -> Any:
        both = np.concatenate([x, ct]) + np.concatenate([x, x])  # affine, and linear in the end
        return (2.0 * x * (both[x.shape[0] :] - x) + 0.0 * np.sin(both[: x.shape[0]]),)

    f.defvjp(lambda x: (f(x), x), bwd)
    x = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(fg.jacrev(f)(x), np.diag(2.0 * x))
