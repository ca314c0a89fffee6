"""Cases: `funcgrad.scipy.linalg`, compared with SciPy and with finite differences.

On plain arrays its functions are SciPy's own, so that a case compares the traced ones with those.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import funcgrad.scipy.linalg as linalg
from tests.cases.case import Case
from tests.cases.linalg import Args, adjoint, hermitian, positive, regular


def case(name: str, fun: Callable[..., Any], args: Args, **fields: Any) -> Case:
    return Case(fun, args=args, jax=None, name=f"scipy.linalg.{name}", **fields)


def vectors(*sizes: int, complex: bool = False) -> Args:
    """Vectors whose first element is the largest."""
    return lambda rng: tuple(
        [
            rng.normal(size=n) + (1j * rng.normal(size=n) if complex else 0.0) + 3.0 * np.eye(n)[0]
            for n in sizes
        ]
    )


def near_zero(*shapes: tuple[int, ...], complex: bool = False) -> Args:
    def args(rng: np.random.Generator) -> tuple[Any, ...]:
        parts = [rng.uniform(-0.5, 0.5, (2, *shape)) for shape in shapes]
        return tuple([x + 1j * y if complex else x for x, y in parts])

    return args


def banded(lower: int, upper: int, *shape: int, complex: bool = False) -> Args:
    """A banded matrix that is diagonally dominant, and right-hand sides."""

    def args(rng: np.random.Generator) -> tuple[Any, ...]:
        ab, b = rng.normal(size=(lower + upper + 1, shape[0])), rng.normal(size=shape)
        if complex:
            ab, b = ab + 1j * rng.normal(size=ab.shape), b + 1j * rng.normal(size=b.shape)
        ab[upper] += 12.0
        return ab, b

    return args


def weighted(w: Any, v: Any) -> Any:
    """Eigenvalues, and what eigenvectors say whatever their phases."""
    return w, (v * np.exp(0.1 * w)[..., None, :]) @ adjoint(v)


def double(x: Any) -> Any:
    """In double precision. For float32 SciPy computes some functions partly in single precision and
    returns float64; ours are computed in double precision throughout."""
    return x * np.float64(1.0)


SQUARE, TALL, WIDE = (3, 3), (4, 2), (2, 4)

SOLVES = [
    case("solve", linalg.solve, regular(SQUARE, (3,))),
    case("solve, complex", linalg.solve, regular(SQUARE, (3, 2), complex=True)),
    case("solve, transposed", lambda a, b: linalg.solve(a, b, transposed=True), regular(SQUARE, (3,))),
    *[
        case(
            f"solve, positive definite, lower={lower}",
            lambda a, b, lower: linalg.solve(positive(a), b, lower=lower, assume_a="pos"),
            regular(SQUARE, (3, 2), complex=True),
            params={"lower": lower},
        )
        for lower in (True, False)
    ],
    case(
        "solve, Hermitian",
        lambda a, b: linalg.solve(hermitian(a), b, assume_a="her", lower=True),
        regular(SQUARE, (3, 2), complex=True),
    ),
    case("solve, symmetric", lambda a, b: linalg.solve(a + a.T, b, assume_a="sym"), regular(SQUARE, (3,))),
    *[
        case(
            f"solve, {kind}",
            lambda a, b, kind: linalg.solve(np.tril(a) if kind[0] == "l" else np.triu(a), b, assume_a=kind),
            regular(SQUARE, (3, 2)),
            params={"kind": kind},
        )
        for kind in ("lower triangular", "upper triangular")
    ],
    case("solve, diagonal", lambda d, b: linalg.solve(np.diag(d), b, assume_a="diagonal"), vectors(1, 1)),
    *[
        case(
            f"solve_triangular, {trans}",
            lambda a, b, trans: linalg.solve_triangular(a, b, trans=trans, lower=trans != "T"),
            regular(SQUARE, (3, 2), complex=True),
            params={"trans": trans},
        )
        for trans in (0, "T", "C")
    ],
    case(
        "solve_triangular, unit diagonal",
        lambda a, b: linalg.solve_triangular(a, b, unit_diagonal=True),
        regular(SQUARE, (3,)),
    ),
    case("cho_factor", lambda a: np.triu(linalg.cho_factor(positive(a))[0]), regular(SQUARE)),
    case(
        "cho_solve",
        lambda a, b: linalg.cho_solve(linalg.cho_factor(positive(a), lower=True), b),
        regular(SQUARE, (3,), complex=True),
    ),
    case("lu_factor", lambda a: linalg.lu_factor(a)[0], regular(SQUARE)),
    *[
        case(
            f"lu_solve, {trans}",
            lambda a, b, trans: linalg.lu_solve(linalg.lu_factor(a), b, trans=trans),
            regular(SQUARE, (3, 2), complex=True),
            params={"trans": trans},
        )
        for trans in (0, 1, 2)
    ],
    case("inv", linalg.inv, regular(SQUARE)),
    case("lstsq", lambda a, b: linalg.lstsq(a, b)[0], regular(TALL, (4, 2))),
    case("solve_banded", lambda ab, b: linalg.solve_banded((1, 2), ab, b), banded(1, 2, 5)),
    case(
        "solve_banded, complex",
        lambda ab, b: linalg.solve_banded((2, 0), ab, b),
        banded(2, 0, 5, 2, complex=True),
    ),
    case("solveh_banded", linalg.solveh_banded, banded(0, 1, 5)),
    case("solveh_banded, lower", lambda ab, b: linalg.solveh_banded(ab, b, lower=True), banded(1, 0, 5, 2)),
    case("solve_toeplitz", lambda c, b: linalg.solve_toeplitz(double(c), double(b)), vectors(4, 4)),
    case(
        "solve_toeplitz, c and r",
        lambda c, r, b: linalg.solve_toeplitz((double(c), double(r)), double(b)),
        vectors(4, 4, 4),
    ),
    case("solve_circulant", linalg.solve_circulant, vectors(4, 4)),
    case("solve_sylvester", linalg.solve_sylvester, regular(SQUARE, (2, 2), (3, 2), complex=True)),
    case("solve_continuous_lyapunov", linalg.solve_continuous_lyapunov, regular(SQUARE, SQUARE)),
    case(
        "solve_discrete_lyapunov",
        lambda a, q: linalg.solve_discrete_lyapunov(double(a), double(q)),
        near_zero(SQUARE, SQUARE, complex=True),
    ),
]  # fmt: skip

FACTORS = [
    case("cholesky", lambda a: linalg.cholesky(positive(a)), regular(SQUARE)),
    case("cholesky, lower", lambda a: linalg.cholesky(positive(a), lower=True), regular(SQUARE, complex=True)),
    case("det", lambda a: linalg.det(double(a)), regular(SQUARE)),
    *[case(f"lu {shape}", linalg.lu, regular(shape)) for shape in (SQUARE, TALL, WIDE)],
    case("lu, permuted", lambda a: linalg.lu(a, permute_l=True), regular(SQUARE, complex=True)),
    case("lu, indices", lambda a: linalg.lu(a, p_indices=True), regular(SQUARE)),
    *[
        case(
            f"qr, {mode}",
            lambda a, mode: linalg.qr(a, mode=mode, pivoting=True),
            regular(TALL),
            params={"mode": mode},
        )
        for mode in ("full", "economic", "r")
    ],
    case("qr", linalg.qr, regular(SQUARE, complex=True)),
    case("svd", lambda a: linalg.svd(a, compute_uv=False), regular(TALL)),
    case("svdvals", linalg.svdvals, regular(WIDE, complex=True)),
    case("pinv", linalg.pinv, regular(TALL, complex=True)),
    case("pinv and rank", lambda a: linalg.pinv(a, atol=1e-3, rtol=1e-4, return_rank=True), regular(TALL)),
    case("pinvh", lambda a: linalg.pinvh(positive(a)), regular(SQUARE)),
    case("polar", linalg.polar, regular(TALL, complex=True)),
    case("polar, left", lambda a: linalg.polar(a, "left"), regular(WIDE)),
    case("polar of an orthogonal matrix", lambda x: linalg.polar(x + np.eye(3)), lambda rng: (np.zeros(SQUARE),)),
    case("norm", linalg.norm, regular(SQUARE)),
]  # fmt: skip

SPECTRA = [
    case("eigh", lambda a: weighted(*linalg.eigh(hermitian(a))), regular(SQUARE, complex=True)),
    case(
        "eigh, some",
        lambda a: linalg.eigh(hermitian(a), eigvals_only=True, subset_by_index=[1, 2]),
        regular(SQUARE),
    ),
    *[
        case(
            f"eigh of a pencil, type {kind}",
            lambda a, b, kind: weighted(*linalg.eigh(hermitian(a), positive(b), type=kind, lower=kind != 2)),
            regular(SQUARE, SQUARE),
            params={"kind": kind},
        )
        for kind in (1, 2, 3)
    ],
    case("eigvalsh", lambda a, b: linalg.eigvalsh(hermitian(a), positive(b)), regular(SQUARE, SQUARE)),
    case("eigh_tridiagonal", lambda d, e: linalg.eigh_tridiagonal(d, e, eigvals_only=True), vectors(4, 3)),
    case("eigvals", linalg.eigvals, regular(SQUARE, complex=True)),
    case("eigvals of a pencil", linalg.eigvals, regular(SQUARE, SQUARE)),
    case("eig of a pencil", lambda a, b: np.abs(linalg.eig(a, b)[1]), regular(SQUARE, SQUARE)),
    case("eig", linalg.eig, regular(SQUARE, complex=True)),
    case("orth", lambda a: np.abs(linalg.orth(a)), regular(TALL), vmap=False),
    case("null_space", lambda a: np.abs(linalg.null_space(a)), regular((2, 3)), vmap=False),
    case("subspace_angles", linalg.subspace_angles, regular(TALL, TALL)),
    case("orthogonal_procrustes", linalg.orthogonal_procrustes, regular((4, 3), (4, 3))),
]  # fmt: skip

FUNCTIONS = [
    case("expm", linalg.expm, near_zero((2, 3, 3), complex=True)),
    case("expm of zero", linalg.expm, lambda rng: (np.zeros(SQUARE),)),
    case("expm of a Jordan block", linalg.expm, lambda rng: (np.eye(3, k=1),)),
    case("expm_frechet", lambda a, e: linalg.expm_frechet(double(a), double(e)), near_zero(SQUARE, SQUARE), vmap=False),
    case("sqrtm", lambda a: linalg.sqrtm(a + 0j), regular(SQUARE)),
    case("sqrtm, complex", linalg.sqrtm, regular(SQUARE, complex=True)),
    case("logm", lambda a: linalg.logm(double(a) + 0j), regular(SQUARE)),
    case("logm near one", lambda a: linalg.logm(double(a) + np.eye(3) + 0j), lambda rng: (np.zeros(SQUARE),)),
    case(
        "fractional_matrix_power",
        lambda a: linalg.fractional_matrix_power(double(a) + 0j, 0.3),
        regular(SQUARE),
        vmap=False,
        rtol=1e-9,
    ),
    *[
        case(f"{f.__name__}{', complex' * c}", f, near_zero(SQUARE, complex=c), rtol=1e-10)
        for f in (linalg.cosm, linalg.sinm, linalg.tanm, linalg.coshm, linalg.sinhm, linalg.tanhm)
        for c in (False, True)
    ],
]  # fmt: skip

STRUCTURED = [
    case("toeplitz", linalg.toeplitz, vectors(4, 3)),
    case("toeplitz, complex", linalg.toeplitz, vectors(4, complex=True)),
    case("hankel", linalg.hankel, vectors(4, 3)),
    case("hankel, c only", linalg.hankel, vectors(4)),
    case("circulant", linalg.circulant, vectors(4)),
    case("companion", linalg.companion, vectors(4)),
    *[
        case(
            f"convolution_matrix, {mode}",
            lambda a, mode: linalg.convolution_matrix(a, 4, mode),
            vectors(3),
            params={"mode": mode},
        )
        for mode in ("full", "same", "valid")
    ],
    case("block_diag", linalg.block_diag, lambda rng: (rng.normal(size=(2, 2)), rng.normal(size=3), rng.normal())),
    case("khatri_rao", linalg.khatri_rao, near_zero((2, 3), (4, 3))),
]  # fmt: skip

RICCATI = [
    case(
        f"{f.__name__}{kind}",
        lambda a, b, c, f=f, further=further: double(f(a, b, positive(c), *further(a, b, c))),
        near_zero((3, 3), (3, 2), (3, 3), complex=kind == ", complex"),
        rtol=1e-7,
    )
    for f in (linalg.solve_continuous_are, linalg.solve_discrete_are)
    for kind, further in (
        ("", lambda a, b, c: (np.eye(2) + positive(c[:2, :2]),)),
        (", complex", lambda a, b, c: (np.eye(2) + positive(c[:2, :2]),)),
        (", generalised", lambda a, b, c: (np.eye(2), 2.0 * np.eye(3) + 0.1 * a, 0.1 * b, False)),
    )
]

CASES = [*RICCATI, *SOLVES, *FACTORS, *SPECTRA, *FUNCTIONS, *STRUCTURED]
