"""Derivatives where eigenvalues coincide, ranks drop and norms vanish: finite, and right where they exist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg

RNG = np.random.default_rng(0)
N = 4


def orthogonal(n: int = N) -> Any:
    return np.linalg.qr(RNG.normal(size=(n, n)))[0]


def symmetric(*eigenvalues: float) -> Any:
    """A symmetric matrix with these eigenvalues, up to rounding."""
    q = orthogonal(len(eigenvalues))
    a = (q * np.array(eigenvalues)) @ q.T
    return (a + a.T) / 2


def numeric_gradient(f: Callable[[Any], Any], a: Any, step: float = 1e-6) -> Any:
    grad = np.zeros_like(a)
    for index in np.ndindex(a.shape):
        e = np.zeros_like(a)
        e[index] = step
        grad[index] = (f(a + e) - f(a - e)) / (2 * step)
    return grad


DEGENERATE = {
    "identity": np.eye(N),
    "zero": np.zeros((N, N)),
    "a pair": symmetric(1.0, 1.0, 2.0, 3.0),
    "a triple": symmetric(2.0, 2.0, 2.0, 3.0),
    "opposite signs": symmetric(-1.0, 1.0, 1.0, -1.0),
}


@pytest.mark.parametrize("name", DEGENERATE)
@pytest.mark.parametrize("function", [np.linalg.eigvalsh, lambda a: np.linalg.eigh(a)[0]])
def test_sum_of_a_function_of_eigenvalues(name: str, function: Callable[[Any], Any]) -> None:
    a = DEGENERATE[name]
    w, v = np.linalg.eigh(a)
    grad = fg.grad(lambda x: np.sum(np.sin(function(x))))(a)
    np.testing.assert_allclose(grad, (v * np.cos(w)) @ v.T, atol=1e-12)


@pytest.mark.parametrize("name", DEGENERATE)
def test_sum_of_general_eigenvalues(name: str) -> None:
    a = DEGENERATE[name]
    grad = fg.grad(lambda x: np.real(np.sum(np.linalg.eigvals(x))))(a)
    np.testing.assert_allclose(grad, np.eye(N), atol=1e-12)


def test_projection_on_a_degenerate_space() -> None:
    """The projection on the first two eigenvectors is smooth if the third eigenvalue is another."""
    a, c = symmetric(1.0, 1.0, 2.0, 3.0), RNG.normal(size=(N, N))

    def f(x: Any) -> Any:
        _, v = np.linalg.eigh(x + x.T)
        return np.sum(c * (v[:, :2] @ v[:, :2].T))

    np.testing.assert_allclose(fg.grad(f)(a), numeric_gradient(f, a), atol=1e-7)


def test_second_derivative_of_the_sum_of_eigenvalues() -> None:
    for a in DEGENERATE.values():
        hessian = fg.hessian(lambda x: np.sum(np.linalg.eigvalsh(x)))(a)
        np.testing.assert_allclose(hessian, 0.0, atol=1e-12)


def of_matrix(phi: Callable[[Any], Any], decompose: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of a matrix by its eigenvalues or singular values, weighted and summed."""
    weights = np.random.default_rng(1).normal(size=(N, N))

    def f(a: Any) -> Any:
        left, values, right = decompose(a)
        return np.real(np.sum(weights * ((left * phi(values)) @ right)))

    return f


def by_eigh(a: Any) -> Any:
    w, v = np.linalg.eigh((a + a.T) / 2)
    return v, w, v.T


def by_eig(a: Any) -> Any:
    w, v = np.linalg.eig(a)
    return v, w, np.linalg.inv(v)


def polar_parts(a: Any) -> Any:
    _, s, vh = np.linalg.svd(a)
    return vh.T, s, vh


def two_vectors(a: Any) -> Any:
    v = np.linalg.eigh((a + a.T) / 2)[1][:, :2]
    return v, 1.0, v.T


# Functions that are smooth where eigenvalues or singular values coincide, the error that is allowed for in
# gradients, and whether a triple may be among the values.
SMOOTH: dict[str, tuple[Callable[[Any], Any], float, bool]] = {
    "log det": (lambda a: np.sum(np.log(np.linalg.eigvalsh((a + a.T) / 2))), 1e-12, True),
    "log det by eigh": (lambda a: np.sum(np.log(np.linalg.eigh((a + a.T) / 2)[0])), 1e-12, True),
    "sum of squares": (lambda a: np.real(np.sum(np.linalg.eigvals(a) ** 2)), 1e-12, True),
    "nuclear norm": (lambda a: np.linalg.norm(a, "nuc"), 1e-12, True),
    "polar factor": (of_matrix(np.ones_like, np.linalg.svd), 1e-12, True),
    "square root": (of_matrix(np.sqrt, by_eigh), 1e-7, True),
    "logarithm": (of_matrix(np.log, by_eig), 1e-7, True),
    "stretch": (of_matrix(np.sin, polar_parts), 1e-7, True),
    "values of svd": (of_matrix(np.log, np.linalg.svd), 1e-7, True),
    "projection": (of_matrix(np.ones_like, two_vectors), 1e-12, False),
}
POSITIVE = {
    "identity": 2.0 * np.eye(N),
    "a triple": symmetric(2.0, 2.0, 2.0, 3.0),
    "a pair": symmetric(1.0, 1.0, 2.0, 3.0),
    "two pairs": symmetric(1.0, 1.0, 3.0, 3.0),
}


@pytest.mark.parametrize("function", SMOOTH)
@pytest.mark.parametrize("name", POSITIVE)
def test_derivatives_at_coinciding_values(name: str, function: str) -> None:
    """The reference are the derivatives beside, where no values coincide."""
    f, error, triple = SMOOTH[function]
    if not triple and "pair" not in name:
        return
    a, rng = POSITIVE[name], np.random.default_rng(2)
    apart = rng.normal(size=(N, N))
    h = 2e-4 * (apart + apart.T)
    beside = (fg.grad(f)(a + h) + fg.grad(f)(a - h)) / 2
    gradient = fg.grad(f)(a)
    np.testing.assert_allclose(gradient, beside, rtol=2e-5, atol=2e-5)
    t = rng.normal(size=(N, N))
    value, slope = fg.jvp(f, (a,), (t,))
    np.testing.assert_allclose(value, f(a), rtol=max(error, 1e-12), atol=error)
    np.testing.assert_allclose(slope, np.sum(gradient * t), rtol=error, atol=error)
    step = 2e-4 * t
    numeric = (fg.grad(f)(a + step) - fg.grad(f)(a - step)) / 4e-4
    np.testing.assert_allclose(fg.hvp(f, (a,), (t,)), numeric, rtol=2e-4, atol=2e-4)
    hessian = fg.jit(fg.hessian(f))(a)
    np.testing.assert_allclose(np.tensordot(hessian, t), numeric, rtol=2e-4, atol=2e-4)


def test_thresholds_of_rank_are_not_crossed() -> None:
    """Zero eigenvalues stay zero, so that programs leave out their inverses."""
    a, b = symmetric(0.0, 0.0, 1.0, 1.0), RNG.normal(size=N)

    def f(a: Any) -> Any:
        w, v = np.linalg.eigh((a + a.T) / 2)
        inverse = np.where(w > 1e-12, 1 / np.where(w > 1e-12, w, 1.0), 0.0)
        return b @ (v * inverse) @ v.T @ b

    def pinv(a: Any) -> Any:
        return b @ np.linalg.pinv((a + a.T) / 2, rcond=1e-12) @ b

    np.testing.assert_allclose(fg.grad(f)(a), fg.grad(pinv)(a), atol=1e-6)


def test_exponential_of_zero() -> None:
    f = of_matrix(np.exp, by_eigh)
    weights = np.random.default_rng(1).normal(size=(N, N))
    np.testing.assert_allclose(fg.grad(f)(np.zeros((N, N))), (weights + weights.T) / 2, rtol=1e-6)


@pytest.mark.parametrize("name", DEGENERATE)
def test_eigenvectors_have_finite_derivatives(name: str) -> None:
    for f in (
        lambda x: np.sum(np.linalg.eigh(x)[1] ** 3),
        lambda x: np.sum(np.abs(np.linalg.eig(x)[1]) ** 3),
        lambda x: np.sum(np.linalg.svd(x)[0] ** 3) + np.sum(np.linalg.svd(x)[2] ** 3),
    ):
        assert np.all(np.isfinite(fg.grad(f)(DEGENERATE[name])))
        assert np.all(np.isfinite(fg.hessian(f)(DEGENERATE[name])))


@pytest.mark.parametrize("complex_", [False, True])
def test_polar_factor_of_an_orthogonal_matrix(complex_: bool) -> None:
    """All singular values are 1; the polar factor U Vᴴ is smooth there."""
    a = orthogonal() * (np.exp(0.3j) if complex_ else 1.0)
    t = RNG.normal(size=(N, N)) * (1.0 + 0.5j if complex_ else 1.0)

    def polar(x: Any) -> Any:
        u, _, vh = np.linalg.svd(x)
        return u @ vh

    # With a unitary, the factor follows the skew-Hermitian part of the change.
    inner = a.conj().T @ t
    expected = a @ (inner - inner.conj().T) / 2
    np.testing.assert_allclose(fg.jvp(polar, (a,), (t,))[1], expected, atol=1e-12)


@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (3, 3)])
def test_low_rank_approximation_of_a_low_rank_matrix(shape: tuple[int, int]) -> None:
    """The best approximation of rank 2 of a matrix of rank 2: zero singular values coincide."""
    m, n = shape
    a, c = RNG.normal(size=(m, 2)) @ RNG.normal(size=(2, n)), RNG.normal(size=shape)

    def f(x: Any) -> Any:
        u, s, vh = np.linalg.svd(x, full_matrices=False)
        return np.sum(c * ((u[:, :2] * s[:2]) @ vh[:2]))

    np.testing.assert_allclose(fg.grad(f)(a), numeric_gradient(f, a), atol=1e-7)


@pytest.mark.parametrize("ord", ["nuc", 2, "fro", 1, np.inf])
def test_norms_of_zero_have_finite_gradients(ord: Any) -> None:
    grad = fg.grad(lambda x: np.linalg.norm(x, ord))(np.zeros((3, 2)))
    assert np.all(np.isfinite(grad))


@pytest.mark.parametrize("ord", [None, 2, 1, 3, 1.5, np.inf, -np.inf])
@pytest.mark.parametrize("x", [np.zeros(3), np.zeros(3) + 0j, np.array([0.0, 3.0, -4.0])])
def test_gradients_of_vector_norms_at_zero(ord: Any, x: Any) -> None:
    grad = fg.grad(lambda x: np.linalg.norm(x, ord))(x)
    assert np.all(np.isfinite(grad))
    if not np.any(x) and ord in (None, 2, 3, 1.5):
        np.testing.assert_array_equal(grad, 0.0)


def test_hessian_of_the_norm_at_zero_is_finite() -> None:
    np.testing.assert_array_equal(fg.hessian(np.linalg.norm)(np.zeros(2)), np.zeros((2, 2)))


@pytest.mark.parametrize(
    "a",
    [
        np.array([[1.0, 2.0], [2.0, 4.0]]),
        np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]),
        np.outer([1.0, 2.0, 3.0], [1.0, -1.0, 2.0]),
        np.diag([1.0, 2.0, 0.0, 0.0]),
        np.zeros((2, 2)),
        np.eye(3),
        np.ones((1, 1)) * 0.0,
    ],
    ids=lambda a: f"{a.shape[0]}x{a.shape[0]} of rank {np.linalg.matrix_rank(a)}",
)
@pytest.mark.parametrize("phase", [1.0, np.exp(0.7j)])
def test_determinants_of_singular_matrices(a: Any, phase: Any) -> None:
    """The gradient holds the cofactors, and the second derivative is that of a polynomial."""
    a = a * phase
    n = len(a)

    def cofactor(i: int, j: int) -> Any:
        minor = np.delete(np.delete(a, i, 0), j, 1)
        return (-1.0) ** (i + j) * np.linalg.det(minor)

    holomorphic = bool(np.iscomplexobj(a))
    gradient = fg.grad(np.linalg.det, holomorphic=holomorphic)
    expected = np.array([[cofactor(i, j) for j in range(n)] for i in range(n)])
    np.testing.assert_allclose(gradient(a), expected, atol=1e-12)
    t = RNG.normal(size=a.shape) + (0j if holomorphic else 0.0)
    found = fg.jvp(gradient, (a,), (t,))[1]
    h = 1e-3
    numeric = (gradient(a + h * t) - gradient(a - h * t)) / (2 * h)
    np.testing.assert_allclose(found, numeric, atol=1e-4)


def test_a_stack_with_singular_and_regular_matrices() -> None:
    a = np.stack([np.eye(3), np.zeros((3, 3)), np.diag([1.0, 2.0, 0.0])])
    grad = fg.grad(lambda x: np.sum(np.linalg.det(x)))(a)
    one_by_one = np.stack([fg.grad(np.linalg.det)(x) for x in a])
    np.testing.assert_allclose(grad, one_by_one, atol=1e-12)


def test_least_squares_of_rank_deficient_systems() -> None:
    """Along changes that keep the rank the solution of least norm is smooth."""
    left, right = RNG.normal(size=(5, 2)), RNG.normal(size=(2, 3))
    b = RNG.normal(size=5)

    def f(left: Any, right: Any) -> Any:
        return np.linalg.lstsq(left @ right, b, rcond=1e-10)[0][0]

    grads = fg.grad(f, argnums=(0, 1))(left, right)
    np.testing.assert_allclose(grads[0], numeric_gradient(lambda x: f(x, right), left), atol=1e-6)
    np.testing.assert_allclose(grads[1], numeric_gradient(lambda x: f(left, x), right), atol=1e-6)


def test_least_squares_returns_no_residuals_for_deficient_systems() -> None:
    a = np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    b = np.array([1.0, 2.0, 4.0])
    shapes = []

    def f(a: Any) -> Any:
        x, residuals, rank, s = np.linalg.lstsq(a, b)
        shapes.append((x.shape, residuals.shape, rank.shape, s.shape))
        return np.sum(x)

    fg.grad(f)(a)
    assert shapes == [((2,), (0,), (), (2,))]


def test_eig_is_real_where_numpy_says_so() -> None:
    symmetric_, rotation = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([[0.0, 1.0], [-1.0, 0.0]])
    dtypes = []

    def f(a: Any) -> Any:
        w, v = np.linalg.eig(a)
        dtypes.append((w.dtype, v.dtype))
        return np.real(np.sum(w))

    fg.grad(f)(symmetric_)
    fg.grad(f)(rotation)
    expected = [tuple(x.dtype for x in np.linalg.eig(a)) for a in (symmetric_, rotation)]
    assert dtypes == expected


def test_condition_number_of_a_singular_matrix() -> None:
    a = np.array([[1.0, 2.0], [2.0, 4.0]])
    for p in (None, 1, np.inf, "fro"):
        assert fg.jit(lambda x: np.linalg.cond(x, p))(np.zeros((2, 2))) == np.inf
        if p is not None:
            assert fg.jit(lambda x: np.linalg.cond(x, p))(a) == np.linalg.cond(a, p)
