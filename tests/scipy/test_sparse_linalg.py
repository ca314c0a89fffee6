"""cg, bicgstab and gmres against direct solutions: values, derivatives, under vmap and jit, on pytrees."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.scipy.sparse import linalg

RNG = np.random.default_rng(0)
G = RNG.normal(size=(5, 5))
SPD = G @ G.T + 5.0 * np.eye(5)
GENERAL = G + 6.0 * np.eye(5)
B = RNG.normal(size=5)
SOLVERS = {
    "cg": (linalg.cg, SPD),
    "bicgstab": (linalg.bicgstab, GENERAL),
    "gmres": (linalg.gmres, GENERAL),
    "gmres, restarted": (lambda *args, **kw: linalg.gmres(*args, restart=3, **kw), GENERAL),
}


@pytest.mark.parametrize("name", SOLVERS)
def test_solutions_and_derivatives(name: str) -> None:
    solver, matrix = SOLVERS[name]

    def solve(matrix: Any, b: Any) -> Any:
        return solver(lambda x: matrix @ x, b, tol=1e-12)[0]

    def direct(matrix: Any, b: Any) -> Any:
        return np.linalg.solve(matrix, b)

    expected = direct(matrix, B)
    np.testing.assert_allclose(solve(matrix, B), expected, rtol=1e-8)
    np.testing.assert_allclose(fg.jit(solve)(matrix, B), expected, rtol=1e-8)
    np.testing.assert_allclose(solver(matrix, B, tol=1e-12)[0], expected, rtol=1e-8)
    np.testing.assert_allclose(solver(matrix, B, x0=B, tol=1e-12)[0], expected, rtol=1e-8)
    preconditioned = solver(matrix, B, M=np.diag(1.0 / np.diag(matrix)), tol=1e-12)[0]
    np.testing.assert_allclose(preconditioned, expected, rtol=1e-8)
    two = np.stack([B, -2.0 * B])
    np.testing.assert_allclose(
        fg.vmap(solve, in_axes=(None, 0))(matrix, two),
        np.stack([expected, -2.0 * expected]),
        rtol=1e-8,
    )
    for jacobian in (fg.jacfwd, fg.jacrev):
        np.testing.assert_allclose(jacobian(solve, 1)(matrix, B), np.linalg.inv(matrix), rtol=1e-6)
    if name != "cg":  # whose derivative with respect to A is that of a symmetric one
        for ours, theirs in zip(
            fg.jacrev(solve, (0, 1))(matrix, B), fg.jacrev(direct, (0, 1))(matrix, B), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", SOLVERS)
def test_complex_systems(name: str) -> None:
    solver, matrix = SOLVERS[name]
    skew = RNG.normal(size=(5, 5))
    matrix = matrix + 1j * (skew - skew.T)  # Hermitian for cg
    b = B + 1j * B[::-1]
    np.testing.assert_allclose(
        solver(matrix, b, tol=1e-12)[0], np.linalg.solve(matrix, b), rtol=1e-8
    )
    ours = fg.jacrev(lambda b: solver(matrix, b, tol=1e-12)[0], holomorphic=True)(b)
    np.testing.assert_allclose(ours, np.linalg.inv(matrix), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", SOLVERS)
def test_pytrees(name: str) -> None:
    solver, _ = SOLVERS[name]
    b = {"x": np.array([2.0, 4.0]), "y": np.array(9.0)}
    out = solver(lambda t: {"x": 2.0 * t["x"], "y": 3.0 * t["y"]}, b)[0]
    np.testing.assert_allclose(out["x"], [1.0, 2.0], rtol=1e-5)
    np.testing.assert_allclose(out["y"], 3.0, rtol=1e-5)


def test_nothing_to_do() -> None:
    for solver, matrix in SOLVERS.values():
        np.testing.assert_array_equal(solver(matrix, np.zeros(5))[0], np.zeros(5))
        assert np.isfinite(solver(matrix, B, maxiter=1)[0]).all()


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"cg: A is a function or a matrix of shape \(5, 5\)"):
        linalg.cg(np.eye(3), B)
    with pytest.raises(ValueError, match="gmres: x0 has 3 numbers, but b has 5"):
        linalg.gmres(SPD, B, np.zeros(3))
    with pytest.raises(ValueError, match="gmres: solve_method is 'batched' or 'incremental'"):
        linalg.gmres(SPD, B, solve_method="fast")
