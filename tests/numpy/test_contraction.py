"""Contractions: one product of matrices where one is enough, no needless copies, what errors say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.core.errors import ArgumentError
from funcgrad.ops.blas import dot_plan, fold

A, B = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)


def equations(f: Any, *args: Any) -> list[str]:
    return [eqn.primitive.name for eqn in fg.make_jaxpr(f)(*args).eqns]


def test_everything_is_one_contraction() -> None:
    for f in (
        np.dot,
        np.matmul,
        lambda x, y: x @ y,
        lambda x, y: np.tensordot(x, y, 1),
        lambda x, y: np.einsum("ij,jk", x, y),
        lambda x, y: np.linalg.multi_dot([x, y]),
    ):
        assert equations(f, A, B) == ["dot_general"]


def test_gradient_of_a_product_is_products() -> None:
    def loss(w: Any, x: Any) -> Any:
        return np.sum((x @ w) ** 2)

    w, x = np.ones((3, 4)), np.ones((5, 3))
    assert equations(fg.grad(loss), w, x).count("transpose") == 0
    assert equations(fg.grad(loss, argnums=1), w, x).count("transpose") == 0


def test_batch_of_one_operand_is_one_larger_product() -> None:
    vectors = np.ones((7, 3))
    closed = fg.make_jaxpr(fg.vmap(lambda v: A @ v))(vectors)
    (eqn,) = closed.eqns
    assert eqn.params["dimension_numbers"] == (((1,), (1,)), ((), ()))
    assert eqn.outvars[0].aval.shape == (7, 2)
    matrices = np.ones((7, 2, 3))
    assert equations(fg.vmap(lambda m: m @ B), matrices) == ["dot_general"]


def test_leading_axes_of_one_operand_are_folded() -> None:
    closed = fg.make_jaxpr(np.matmul)(np.ones((7, 1, 2, 3)), B)
    assert [v.aval.shape for v in closed.eqns[1].invars] == [(7, 2, 3), (3, 4)]


@pytest.mark.parametrize(
    ("rows", "columns"),
    [((0, 1), (2,)), ((0,), (1, 2)), ((2,), (0, 1)), ((1, 2), (0,)), ((0, 1, 2), ())],
)
def test_operands_become_matrices_without_copies(rows: Any, columns: Any) -> None:
    x = np.arange(24.0).reshape(2, 3, 4)
    matrix = fold(rows, columns)(x)
    assert np.shares_memory(matrix, x)
    for i in np.ndindex(*[x.shape[d] for d in rows]):
        index = [slice(None)] * 3
        for d, k in zip(rows, i, strict=True):
            index[d] = k
        row = np.ravel_multi_index(i, [x.shape[d] for d in rows])
        np.testing.assert_array_equal(matrix[row], x[tuple(index)].ravel())


def test_plans_take_transposed_matrices_as_they_lie() -> None:
    plan = dot_plan((((0,), (1,)), ((), ())), 2, 2)
    np.testing.assert_array_equal(plan(A.T.copy(), B.T.copy()), A @ B)


def test_contraction_in_the_order_of_least_work() -> None:
    x, y, v = np.ones((40, 50)), np.ones((50, 60)), np.ones(60)
    for f in (
        lambda x, y, v: np.linalg.multi_dot([x, y, v]),
        lambda x, y, v: np.einsum("ij,jk,k->i", x, y, v),
    ):
        closed = fg.make_jaxpr(f)(x, y, v)
        assert max(eqn.outvars[0].aval.size for eqn in closed.eqns) == 50


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (
            lambda x: x @ x,
            "matmul of shapes (2, 3) and (2, 3): the last axis of the first has length 3, "
            "the second to last axis of the second 2",
        ),
        (lambda x: x @ np.ones(4), "the last axis of the second 4"),
        (lambda x: np.matmul(x, 2.0), "both operands need at least one axis"),
        (
            lambda x: np.matmul(np.ones((2, 5, 3)), np.ones((3, 3, 4)) * x[0, 0]),
            "the leading axes (2,) and (3,) cannot be broadcast together",
        ),
        (
            lambda x: np.dot(x, x),
            "np.dot of shapes (2, 3) and (2, 3): axis 1 of the first has length 3, axis 0 of the second 2",
        ),
        (lambda x: np.inner(x, x[:, :2]), "np.inner of shapes (2, 3) and (2, 2)"),
        (lambda x: np.vdot(x, x[0]), "they have 6 and 3 elements"),
        (lambda x: np.tensordot(x, x, axes=1), "np.tensordot of shapes (2, 3) and (2, 3)"),
        (lambda x: np.tensordot(x, x, axes=([0, 1], [0])), "2 axes of the first array and 1 of"),
        (lambda x: np.tensordot(x, x, axes=3), "np.tensordot over 3 axes of arrays with 2 and 2"),
        (lambda x: np.vecdot(x, np.ones(4)), "vecdot of shapes (2, 3) and (4,)"),
        (lambda x: np.linalg.outer(x, x), "np.linalg.outer takes vectors"),
        (lambda x: np.linalg.multi_dot([x]), "needs at least two arrays"),
        (lambda x: np.linalg.multi_dot([x, x[0], x]), "array 1 has shape (3,)"),
        (lambda x: np.linalg.matrix_power(x, 2), "matrix_power of shape (2, 3): not square"),
        (lambda x: np.cross(x, np.ones(4)), "np.cross takes vectors of three components"),
        (lambda x: np.einsum("ij,jk", x), "for 2 operands, but 1 are given"),
        (
            lambda x: np.einsum("ijk", x),
            "operand 0 has shape (2, 3), but its subscripts name 3 axes",
        ),
        (lambda x: np.einsum("i+", x), "invalid subscript '+'"),
        (lambda x: np.einsum("ij->ijk", x), "subscript 'k', which no operand has"),
        (lambda x: np.einsum("ij->ii", x), "subscript 'i' twice"),
        (lambda x: np.einsum("ii", x), "'i' stands for axes of lengths 2 and 3"),
        (lambda x: np.einsum("ij,jk", x, x), "'j' stands for axes of lengths 3 and 2"),
        (lambda x: np.einsum("...j->j", x), "so the result needs one"),
        (
            lambda x: np.einsum("ij", x, dtype="float32"),
            "cannot be cast to float32 by the rule 'safe'",
        ),
    ],
)
def test_messages(f: Any, words: str) -> None:
    with pytest.raises(ArgumentError) as info:
        fg.make_jaxpr(f)(A)
    assert words in str(info.value)
    assert "test_contraction.py:" in str(info.value)  # the user's line
