"""Functions of JAX's `lax` and `lax.linalg` that few programs use, against JAX."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad.errors import ArgumentError, NoDerivativeError

RNG = np.random.default_rng(0)
SQUARE = RNG.normal(size=(4, 4))
SPD = SQUARE @ SQUARE.T + 4.0 * np.eye(4)
LOW, DIAGONAL, HIGH = [RNG.normal(size=4) for _ in range(3)]
DIAGONAL = DIAGONAL + 6.0
NARROW = np.full((2, 4), 100, np.int8)
WINDOW = ((2, 2), (1, 1), "VALID")


def both(library: Any, xp: Any) -> dict[str, Any]:
    """The calls, of either library; signs and phases that are a choice are taken out."""
    lax, linalg = library.lax, library.lax.linalg
    return {
        "cholesky_update": lambda: linalg.cholesky_update(np.linalg.cholesky(SPD).T, LOW),
        "hessenberg": lambda: linalg.hessenberg(SQUARE),
        "hessenberg of a stack": lambda: linalg.hessenberg(np.stack([SQUARE, SPD])),
        "householder_product": lambda: linalg.householder_product(*linalg.hessenberg(SQUARE)),
        "householder_product of complex": lambda: linalg.householder_product(
            SQUARE + 1j * SPD, LOW[:3] * 1j
        ),
        "lu_pivots": lambda: linalg.lu_pivots_to_permutation(np.array([2, 2, 2], np.int32), 4),
        "qdwh": lambda: linalg.qdwh(SQUARE)[:2],
        "schur": lambda: linalg.schur(SQUARE),
        "schur of complex": lambda: np.abs(linalg.schur(SQUARE + 1j * SPD)[0]),
        "schur without vectors": lambda: linalg.schur(SQUARE, compute_schur_vectors=False),
        "symmetric_product": lambda: linalg.symmetric_product(
            SQUARE, SPD, alpha=2.0, beta=0.5, symmetrize_output=True
        ),
        "tridiagonal": lambda: linalg.tridiagonal(SPD)[1:3],
        "tridiagonal_solve": lambda: linalg.tridiagonal_solve(LOW, DIAGONAL, HIGH, SQUARE),
        "tridiagonal_solve of a stack": lambda: library.vmap(
            linalg.tridiagonal_solve, in_axes=(0, None, None, None)
        )(SQUARE, DIAGONAL, HIGH, SPD),
        "its gradient": lambda: library.grad(
            lambda d: xp.sum(linalg.tridiagonal_solve(LOW, d, HIGH, SQUARE) ** 2)
        )(DIAGONAL),
        "eigh of a part": lambda: linalg.eigh(SPD, subset_by_index=(0, 4))[1],
        "qr with pivots": lambda: [np.abs(x) for x in linalg.qr(SQUARE, pivoting=True)],
        "mulhi of int32": lambda: lax.mulhi(np.array([2**30, -5], np.int32), np.int32(9)),
        "mulhi of int8": lambda: lax.mulhi(np.array([-100, 7], np.int8), np.int8(100)),
        "mulhi of uint64": lambda: lax.mulhi(
            np.array([2**63, 2**64 - 1], np.uint64), np.array([6, 2**64 - 1], np.uint64)
        ),
        "mulhi of int64": lambda: lax.mulhi(
            np.array([-(2**62), 2**63 - 1, -7]), np.array([12, -(2**63), 2**40])
        ),
        "products in a wider dtype": lambda: (
            lax.dot(NARROW, NARROW.T, preferred_element_type=np.int32),
            lax.dot_general(
                NARROW, NARROW, (((1,), (1,)), ((), ())), preferred_element_type=np.int32
            ),
            lax.ragged_dot(NARROW, NARROW.T[None], np.array([2]), preferred_element_type=np.int32),
            xp.matmul(NARROW, NARROW.T, preferred_element_type=np.int32),
            xp.einsum("ij,kj->ik", NARROW, NARROW, preferred_element_type=np.int32),
        ),
        "products of several dtypes": lambda: [
            f(lambda a, b: lax.dot_general(a, b, (((1,), (0,)), ((), ()))))(
                SQUARE.astype(np.float32), SQUARE
            )
            for f in (lambda f: f, library.jit)
        ],
        "broadcast_like": lambda: lax.broadcast_like(np.arange(3.0), np.ones((2, 3))),
        "with_sharding_constraint": lambda: jnp.asarray(SQUARE),
        "reduce_window of two": lambda: lax.reduce_window(
            (SQUARE, SPD),
            (0.0, -np.inf),
            lambda a, b: (a[0] + b[0], xp.maximum(a[1], b[1])),
            *WINDOW,
        ),
        "sums of int8": lambda: (
            lax.reduce_sum(np.full((2, 3), 100, np.int8), (0,)),
            lax.reduce_prod(np.full((2, 3), 100, np.uint8), (1,)),
        ),
        "half precision": lambda: (
            lax.lgamma(np.float16([0.5, 2.5])),
            lax.bessel_i0e(np.float16([0.5, 2.5])),
            lax.igamma(np.float16([0.5, 2.5]), np.float16(1.0)),
        ),
        "bits of booleans": lambda: lax.bitcast_convert_type(np.array([True, False]), np.bool_),
        "conv_transpose_shape_tuple": lambda: lax.conv_transpose_shape_tuple(
            (1, 4, 4, 2), (3, 3, 2, 5), (2, 2), "SAME", ("NHWC", "HWIO", "NHWC")
        ),
    }


@pytest.mark.parametrize("name", both(fg, fnp))
def test_against_jax(name: str) -> None:
    ours, theirs = [fg.tree.leaves(both(lib, xp)[name]()) for lib, xp in ((fg, fnp), (jax, jnp))]
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        b = np.asarray(b)
        np.testing.assert_allclose(a, b, rtol=2e-3 if b.dtype == np.float16 else 1e-9, atol=1e-12)
        assert np.asarray(a).dtype == b.dtype or b.dtype == np.int64


@pytest.mark.parametrize("start", [-3, 8, 2])
def test_starts_that_do_not_count_from_the_end(start: int) -> None:
    x, update = np.arange(10.0), np.ones(4)
    for f in (
        lambda i: fg.lax.dynamic_slice(x, (i,), (4,), allow_negative_indices=False),
        lambda i: fg.lax.dynamic_slice_in_dim(x, i, 4, allow_negative_indices=False),
    ):
        np.testing.assert_array_equal(f(start), x[max(0, min(start, 6)) :][:4])
        np.testing.assert_array_equal(fg.jit(f)(start), f(start))
    put = lambda i: fg.lax.dynamic_update_slice(x, update, (i,), allow_negative_indices=[False])
    at = max(0, min(start, 6))
    np.testing.assert_array_equal(fg.jit(put)(start)[at : at + 4], update)
    one = fg.lax.dynamic_index_in_dim(x, start, keepdims=False, allow_negative_indices=False)
    assert one == x[max(0, start)]
    changed = fg.lax.dynamic_update_index_in_dim(x, 7.0, start, 0, allow_negative_indices=False)
    assert changed[max(0, start)] == 7.0


@pytest.mark.parametrize("dtype", [np.uint8, np.uint32, np.uint64])
@pytest.mark.parametrize("state", [np.arange(4, dtype=np.uint32), np.arange(2, dtype=np.uint64)])
@pytest.mark.parametrize("algorithm", list(fg.lax.RandomAlgorithm))
def test_rng_bit_generator(dtype: Any, state: Any, algorithm: Any) -> None:
    new, bits = fg.lax.rng_bit_generator(state, (3, 2), dtype, algorithm)
    assert (new.shape, new.dtype, bits.shape, bits.dtype) == (
        state.shape,
        state.dtype,
        (3, 2),
        dtype,
    )
    assert not np.array_equal(new, state)
    again, _ = fg.lax.rng_bit_generator(new, (3, 2), dtype, algorithm)
    assert not np.array_equal(new, again)
    jitted = fg.jit(lambda key: fg.lax.rng_bit_generator(key, (3, 2), dtype, algorithm))(state)
    np.testing.assert_array_equal(jitted[1], bits)


def test_rng_uniform() -> None:
    x = fg.lax.rng_uniform(2.0, 3.0, (100,))
    assert np.all((x >= 2.0) & (x < 3.0))
    assert not np.array_equal(x, fg.lax.rng_uniform(2.0, 3.0, (100,)))
    n = fg.lax.rng_uniform(np.int32(2), np.int32(5), (100,))
    assert n.dtype == np.int32
    assert set(n.tolist()) <= {2, 3, 4}


ERRORS = {
    "keys": (lambda: fg.lax.rng_bit_generator(np.zeros(2), (2,)), "takes a key of four uint32"),
    "bits": (
        lambda: fg.lax.rng_bit_generator(np.zeros(4, np.uint32), (2,), np.int32),
        "gives unsigned integers, not int32",
    ),
    "mulhi": (lambda: fg.lax.mulhi(1.0, 2.0), "mulhi takes integers"),
    "square": (lambda: fg.lax.linalg.schur(np.ones((2, 3))), "schur takes square matrices"),
    "sorted": (lambda: fg.lax.linalg.schur(SPD, sort_eig_vals=True), "cannot sort eigenvalues"),
    "wide": (
        lambda: fg.lax.linalg.householder_product(np.ones((2, 3)), np.ones(2)),
        "at least as many rows as columns",
    ),
    "subset": (
        lambda: fg.lax.linalg.svd(SPD, subset_by_index=(0, 1)),
        "subset_by_index has no meaning with full_matrices",
    ),
    "starts": (
        lambda: fg.lax.reduce_window((SPD, SPD), (0.0,), lambda a, b: a, *WINDOW),
        "2 arrays have 1 init_values",
    ),
    "shapes": (
        lambda: fg.lax.reduce_window((SPD, LOW), (0.0, 0.0), lambda a, b: a, *WINDOW),
        "the shapes of the arrays differ",
    ),
    "solution": (
        lambda: fg.lax.custom_linear_solve(
            lambda x: 2 * x, 4.0, lambda mv, b: (b,), symmetric=True
        ),
        "solve .* must give a result of the structure and types of b",
    ),
    "shape of the solution": (
        lambda: fg.lax.custom_linear_solve(lambda x: 2 * x, LOW, lambda mv, b: b[:2]),
        "solve .* must give a result of the structure and types of b",
    ),
    "auxiliary": (
        lambda: fg.lax.custom_linear_solve(abs, 4.0, lambda mv, b: b, has_aux=True),
        r"must return \(x, aux\)",
    ),
    "root": (
        lambda: fg.lax.custom_root(lambda x: x, 1.0, lambda f, x: [x], lambda g, y: y),
        "solve .* must give a result of the structure and types of the guess",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    call, message = ERRORS[name]
    with pytest.raises(ArgumentError, match=message):
        call()


@pytest.mark.parametrize("matrix", [SQUARE, SQUARE + 1j * SPD, np.stack([SQUARE, SPD])])
def test_left_and_right_eigenvectors(matrix: Any) -> None:
    w, left, right = fg.lax.linalg.eig(matrix)
    np.testing.assert_allclose(matrix @ right, right * w[..., None, :], atol=1e-10)
    adjoint = np.conj(np.swapaxes(left, -1, -2))
    np.testing.assert_allclose(adjoint @ matrix, w[..., :, None] * adjoint, atol=1e-10)
    np.testing.assert_allclose(np.linalg.norm(left, axis=-2), 1.0)
    assert all(x.dtype == np.complex128 for x in (w, left, right))
    (alone,) = fg.lax.linalg.eig(
        matrix, compute_left_eigenvectors=False, compute_right_eigenvectors=False
    )
    np.testing.assert_allclose(alone, w)


def test_forms_of_matrices_have_no_derivative() -> None:
    with pytest.raises(NoDerivativeError):
        fg.grad(lambda a: np.sum(fg.lax.linalg.schur(a)[0]))(SQUARE)
