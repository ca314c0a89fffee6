"""Sparse matrices of traced elements, against SciPy's own on plain arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.sparse.linalg as spl

import funcgrad as fg
from funcgrad.errors import ArgumentError, UnsupportedError

ROW, COL = np.array([0, 2, 2, 1, 0, 2]), np.array([1, 0, 0, 3, 2, 3])  # one place twice
X = np.array([0.4, -0.9, 1.3, 0.2, 0.7, -1.1])
V = np.array([1.0, -2.0, 0.5, 3.0])
PLAIN = sp.csr_array(np.where(np.arange(12).reshape(3, 4) % 3 == 0, 2.0, 0.0))


def made(x: Any, kind: str = "csr_array") -> Any:
    return getattr(sp, kind)((x, (ROW, COL)), shape=(3, 4))


def dense(a: Any) -> Any:
    return a.toarray() if hasattr(a, "toarray") else a


KINDS = [f"{f}_{t}" for f in ("csr", "csc", "coo") for t in ("array", "matrix")]
OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "vector": lambda x: made(x) @ V,
    "vector from the left": lambda x: V[:3] @ made(x),
    "traced vector from the left": lambda x: x[:3] @ made(x),
    "traced vector from the left of a plain matrix": lambda x: x[:3] @ PLAIN,
    "columns": lambda x: made(x) @ np.stack([V, 2 * V], axis=1),
    "dot": lambda x: made(x).dot(x[:4]),
    "transposed": lambda x: made(x).T @ x[:3],
    "numbers": lambda x: (2.0 * made(x) * x[0] / x[1]).toarray(),
    "a traced number times a plain matrix": lambda x: (x[0] * PLAIN).toarray(),
    "elements": lambda x: dense(made(x) * np.outer(x[:3], V)),
    "elements of a row": lambda x: dense(made(x).multiply(V)),
    "elements of a plain matrix": lambda x: dense(PLAIN.multiply(x[:4])),
    "elements of two": lambda x: dense(made(x) * PLAIN),
    "elements of two, the other way": lambda x: dense(PLAIN * made(x)),
    "product of two": lambda x: dense(made(x) @ made(x).T),
    "product with a plain one": lambda x: dense(PLAIN.T @ made(x)),
    "matrices with *": lambda x: dense(made(x, "csr_matrix") * made(x, "csr_matrix").T),
    "power of a matrix": lambda x: dense((made(x, "csc_matrix") * made(x, "csc_matrix").T) ** 2),
    "power of elements": lambda x: dense(made(x) ** 2),
    "sum of two": lambda x: dense(made(x) + 2.0 * made(x) - PLAIN),
    "sum with a plain one": lambda x: dense(PLAIN - made(x)),
    "sum with a dense one": lambda x: np.asarray(made(x) + np.ones((3, 4))),
    "negative": lambda x: dense(-made(x)),
    "absolute": lambda x: dense(abs(made(x))),
    "sums": lambda x: np.stack([made(x).sum(), made(x).mean(), made(x).trace()]),
    "sums of columns": lambda x: made(x).sum(axis=0),
    "sums of rows of a matrix": lambda x: made(x, "csr_matrix").sum(axis=1),
    "diagonal": lambda x: made(x).diagonal(1),
    "an element": lambda x: made(x)[2, 0],
    "a part": lambda x: dense(made(x)[1:, [3, 0]]),
    "conversions": lambda x: made(x).tocsc().tocoo().tocsr().toarray(),
    "stored elements": lambda x: made(x, "csr_matrix").data,
    "indptr": lambda x: dense(sp.csr_matrix((x, COL, np.array([0, 2, 5, 6])), shape=(3, 4))),
    "indptr of columns": lambda x: dense(sp.csc_matrix((x, COL[::-1], [0, 2, 5, 6]))),
    "dense": lambda x: dense(sp.csr_matrix(np.outer(x, x))),
    "dia": lambda x: dense(sp.dia_array((np.stack([x, 2 * x]), [0, 2]), shape=(5, 6))),
    "diags": lambda x: dense(sp.diags([x, 2.0, x[2:]], [0, -1, 2], shape=(6, 6), format="csr")),
    "diags of one": lambda x: dense(sp.diags(x)),
    "diags_array": lambda x: dense(sp.diags_array([x], offsets=[1])),
    "spdiags": lambda x: dense(sp.spdiags(np.stack([x, x]), [0, 1], 6, 6)),
    "kron": lambda x: dense(sp.kron(sp.eye(2), sp.diags(x[:3]))),
    "hstack": lambda x: dense(sp.hstack([made(x), PLAIN])),
    "vstack": lambda x: dense(sp.vstack([PLAIN, made(x)])),
    "bmat": lambda x: dense(sp.bmat([[made(x), None], [None, sp.diags(x)]])),
    "block_diag": lambda x: dense(sp.block_diag([made(x), PLAIN, made(x)])),
    "identity plus": lambda x: dense(sp.eye_array(6) + sp.diags_array([x], offsets=[0])),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_are_scipys(name: str) -> None:
    f = OPERATIONS[name]
    np.testing.assert_allclose(fg.jit(f)(X), f(X), rtol=1e-12)
    fg.check_grads(lambda x: np.sin(f(x)), (X,), order=2)
    np.testing.assert_allclose(fg.vmap(f)(np.stack([X, X + 1])), [f(X), f(X + 1)], rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_every_format(kind: str) -> None:
    def f(x: Any) -> Any:
        a = made(x, kind)
        assert a.shape == (3, 4)
        assert a.format == kind[:3]
        assert sp.issparse(a)
        assert a.dtype == x.dtype
        return a @ V

    np.testing.assert_allclose(fg.jit(f)(X), f(X))
    fg.check_grads(f, (X,), order=2)


def stiffness(x: Any) -> Any:
    return sp.diags([-x[1:], x + 3.0, -x[1:]], [-1, 0, 1], format="csc")


SOLVES: dict[str, Callable[[Any], Any]] = {
    "spsolve": lambda x: spl.spsolve(stiffness(x), x),
    "spsolve of columns": lambda x: spl.spsolve(stiffness(x), np.stack([x, 2 * x], axis=1)),
    "spsolve of one column": lambda x: spl.spsolve(stiffness(x), x[:, None]),
    "spsolve by a plain matrix": lambda x: spl.spsolve(stiffness(X), x),
    "splu": lambda x: spl.splu(stiffness(x)).solve(x, trans="T"),
    "splu of a plain matrix": lambda x: spl.splu(stiffness(X)).solve(x),
    "factorized": lambda x: spl.factorized(stiffness(X))(x),
    "cg": lambda x: spl.cg(stiffness(x), x, rtol=1e-12)[0],
    "gmres": lambda x: spl.gmres(stiffness(X), x, rtol=1e-12)[0],
    "bicgstab": lambda x: spl.bicgstab(stiffness(x), x, rtol=1e-12)[0],
}


@pytest.mark.parametrize("name", SOLVES)
def test_solves(name: str) -> None:
    f = SOLVES[name]
    np.testing.assert_allclose(fg.jit(f)(X), f(X), rtol=1e-9, atol=1e-12)
    fg.check_grads(f, (X,), order=2)
    two = np.stack([X, X + 0.1])
    np.testing.assert_allclose(fg.vmap(f)(two), [f(x) for x in two], rtol=1e-8, atol=1e-12)


def test_complex_systems() -> None:
    def f(x: Any) -> Any:
        a = sp.diags([x + 3.0j, 1j * x[1:]], [0, 1], format="csc")
        return np.abs(spl.spsolve(a, x) + spl.splu(a).solve(x, trans="H")) ** 2

    np.testing.assert_allclose(fg.jit(f)(X), f(X))
    fg.check_grads(f, (X,), order=2)


def test_errors() -> None:
    with pytest.raises(ArgumentError, match="the places of the elements are traced"):
        fg.jit(lambda i: sp.csr_array((X, (i, COL)), shape=(3, 4)).toarray())(ROW)
    with pytest.raises(ArgumentError, match=r"of shape \(3, 4\) times f64\[3\]"):
        fg.jit(lambda x: made(x) @ x[:3])(X)
    with pytest.raises(ArgumentError, match=r"shapes \(3, 4\) and \(3, 4\) have no product"):
        fg.jit(lambda x: (made(x) @ made(x)).toarray())(X)
    with pytest.raises(ArgumentError, match=r"shapes \(3, 4\) and \(4, 3\) have no sum"):
        fg.jit(lambda x: (made(x) + made(x).T).toarray())(X)
    with pytest.raises(UnsupportedError, match="adding a nonzero scalar to a sparse matrix"):
        fg.jit(lambda x: (made(x) + 1.0).toarray())(X)
    with pytest.raises(UnsupportedError, match="would have one axis"):
        fg.jit(lambda x: made(x)[0])(X)
    with pytest.raises(
        ArgumentError, match="of shape .3, 4. and a right-hand side of shape .3,. do"
    ):
        fg.jit(lambda x: spl.spsolve(made(x), x[:3]))(X)
    with pytest.raises(ArgumentError, match=r"diags: 2 diagonals, but 1 offsets"):
        fg.jit(lambda x: sp.diags([x, x], [0]).toarray())(X)
    with pytest.raises(RuntimeError, match="singular"):
        fg.jit(lambda x: spl.spsolve(sp.diags([0.0 * x], [0], format="csc"), x))(X)


def test_functions_without_a_counterpart_are_named() -> None:
    with pytest.raises(TypeError) as caught:
        fg.jit(lambda x: spl.eigsh(stiffness(x), k=2)[0])(X)
    assert "scipy.sparse.linalg.eigsh was given traced values" in caught.value.__notes__[-1]
    factors = spl.splu(stiffness(X))
    with pytest.raises(TypeError) as caught:
        fg.jit(lambda x: factors.solve(x))(X)
    assert "make them within the function" in caught.value.__notes__[-1]
