"""Cases: linear algebra.

Eigenvectors and singular vectors are compared in combinations that do not depend on their signs,
where JAX and NumPy may choose differently.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.cases.case import Case

DTYPES = ("float64", "float32", "int32", "complex128", "complex64")
REALS = ("float64", "float32", "int32")
Args = Callable[[np.random.Generator], tuple[Any, ...]]


def adjoint(x: Any) -> Any:
    return np.conj(np.swapaxes(x, -1, -2))


def positive(x: Any) -> Any:
    """A Hermitian positive definite matrix made of any matrix."""
    square = x @ adjoint(x)
    return 0.5 * (square + adjoint(square)) + 2.0 * np.eye(x.shape[-1])


def hermitian(x: Any) -> Any:
    return x + adjoint(x)


def regular(*shapes: tuple[int, ...], complex: bool = False) -> Args:
    """Matrices far from singular ones, then other arrays."""

    def args(rng: np.random.Generator) -> tuple[Any, ...]:
        found = []
        for shape in shapes:
            x = rng.uniform(-1.0, 1.0, shape)
            if complex:
                x = x + 1j * rng.uniform(-1.0, 1.0, shape)
            if len(shape) > 1:
                x = x + 2.0 * np.eye(*shape[-2:])
            found.append(x)
        return tuple(found)

    return args


def rank_deficient(rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.uniform(-1.0, 1.0, (4, 2)) @ rng.uniform(-1.0, 1.0, (2, 3)),)


def scaled(*singular_values: float) -> Args:
    """A square matrix with these singular values."""

    def args(rng: np.random.Generator) -> tuple[Any, ...]:
        n = len(singular_values)
        u, v = [np.linalg.qr(rng.normal(size=(n, n)))[0] for _ in range(2)]
        return ((u * np.array(singular_values)) @ v,)

    return args


def spectral_parts(w: Any, v: Any) -> Any:
    """What eigenvectors say, whatever their phases: the weighted sum of their projections."""
    return w, (v * np.exp(0.3 * w)[..., None, :]) @ adjoint(v)


def singular_parts(u: Any, s: Any, vh: Any) -> Any:
    k = s.shape[-1]
    return s, (u[..., :k] * np.sin(s)[..., None, :]) @ vh[..., :k, :]


def complements(u: Any, s: Any, vh: Any) -> Any:
    """The projections on what the singular vectors do not span, plus a function of the others."""
    u_rest, vh_rest = u[..., :, s.shape[-1] - 1 :], vh[..., s.shape[-1] - 1 :, :]
    return s, u_rest @ adjoint(u_rest), adjoint(vh_rest) @ vh_rest


SOLVES = [
    Case(np.linalg.solve, args=regular((3, 3), (3,)), dtypes=DTYPES[1:2]),
    Case(np.linalg.solve, args=regular((3, 3), (3, 2))),
    Case(np.linalg.solve, args=regular((3, 3), (3, 2), complex=True)),
    Case(np.linalg.solve, args=regular((2, 3, 3), (3, 2)), name="linalg.solve of a stack"),
    Case(np.linalg.solve, args=regular((3, 3), (2, 3, 2)), name="linalg.solve for a stack"),
    Case(
        np.linalg.solve, args=regular((2, 3, 3), (3,)), name="linalg.solve of a stack for a vector"
    ),
    Case(np.linalg.solve, args=regular((1, 1), (1,)), name="linalg.solve 1x1"),
    Case(np.linalg.inv, args=regular((3, 3)), dtypes=("float32",)),
    Case(np.linalg.inv, args=regular((2, 2, 2), complex=True), name="linalg.inv of a stack"),
    Case(np.linalg.tensorsolve, args=regular((2, 3, 6), (2, 3)), jax=None),
    Case(
        lambda a, b: np.linalg.tensorsolve(a, b, axes=(1,)),
        args=regular((2, 6, 3), (2, 3)),
        name="linalg.tensorsolve with axes",
    ),
    Case(np.linalg.tensorinv, args=lambda rng: (rng.normal(size=(2, 3, 3, 2)),)),
    Case(np.linalg.tensorinv, args=lambda rng: (rng.normal(size=(6, 2, 3)),), params={"ind": 1}),
    Case(np.linalg.pinv, shapes=((4, 3),), dtypes=DTYPES, complex=True),
    Case(np.linalg.pinv, shapes=((2, 2, 3),)),
    Case(
        lambda a, b: np.linalg.pinv(a @ b, rtol=1e-10),
        shapes=((4, 2), (2, 3)),
        name="linalg.pinv of rank 2",
    ),
    Case(
        lambda x: np.linalg.pinv(positive(x), hermitian=True),
        shapes=((3, 3),),
        complex=True,
        name="linalg.pinv of Hermitian matrices",
    ),
    Case(
        lambda x: np.linalg.pinv(x, rcond=np.array([0.01, 0.02])),
        args=regular((2, 3, 3)),
        name="linalg.pinv with a tolerance each",
    ),
    Case(
        lambda a, b: np.linalg.lstsq(a, b),
        args=regular((4, 2), (4,)),
        name="linalg.lstsq of a vector",
    ),
    Case(
        lambda a, b: np.linalg.lstsq(a, b), args=regular((4, 2), (4, 3)), name="linalg.lstsq, tall"
    ),
    Case(
        lambda a, b: np.linalg.lstsq(a, b)[::3],
        args=regular((4, 2), (4, 3), complex=True),
        name="linalg.lstsq of complex numbers",
        rtol=1e-9,
    ),
    Case(
        lambda a, b: np.linalg.lstsq(a, b)[0],
        args=regular((2, 4), (2, 3)),
        name="linalg.lstsq, wide",
    ),
    Case(
        lambda a, b: np.linalg.lstsq(a, b),
        args=regular((2, 4), (2,)),
        jax=None,
        name="linalg.lstsq, wide, all",
    ),
]

FACTORS = [
    Case(
        lambda x: np.linalg.cholesky(positive(x)),
        shapes=((3, 3),),
        complex=True,
        name="linalg.cholesky",
    ),
    Case(
        lambda x: np.linalg.cholesky(positive(x), upper=True),
        shapes=((2, 3, 3),),
        complex=True,
        name="linalg.cholesky, upper",
    ),
    Case(
        lambda x: np.linalg.cholesky(np.diag(x)),
        shapes=((3,),),
        low=1.0,
        high=2.0,
        name="linalg.cholesky of a diagonal matrix",
    ),
    Case(np.linalg.qr, args=regular((3, 3)), dtypes=("float32",)),
    Case(np.linalg.qr, args=regular((2, 4, 3)), name="linalg.qr of tall matrices"),
    Case(np.linalg.qr, args=regular((2, 4)), name="linalg.qr of a wide matrix"),
    Case(np.linalg.qr, args=regular((4, 3), complex=True), name="linalg.qr of complex numbers"),
    Case(
        np.linalg.qr, args=regular((4, 3)), params={"mode": "complete"}, name="linalg.qr, complete"
    ),
    Case(
        np.linalg.qr,
        args=regular((4, 2), complex=True),
        params={"mode": "complete"},
        jax=None,
        name="linalg.qr, complete, complex",
    ),
    Case(np.linalg.qr, args=regular((4, 3)), params={"mode": "r"}, name="linalg.qr, r only"),
]

SPECTRA = [
    Case(
        lambda x: np.linalg.eigvalsh(hermitian(x)),
        shapes=((3, 3),),
        complex=True,
        name="linalg.eigvalsh",
    ),
    Case(
        lambda x: np.linalg.eigvalsh(hermitian(x), "U"),
        shapes=((2, 3, 3),),
        name="linalg.eigvalsh, upper",
    ),
    Case(
        lambda x: spectral_parts(*np.linalg.eigh(hermitian(x))),
        shapes=((3, 3),),
        complex=True,
        name="linalg.eigh",
    ),
    Case(
        lambda x: spectral_parts(*np.linalg.eigh(hermitian(x), UPLO="U")),
        shapes=((2, 3, 3),),
        name="linalg.eigh, upper",
    ),
    Case(
        lambda x: np.linalg.eigh(hermitian(x)),
        shapes=((3, 3),),
        jax=None,
        name="linalg.eigh itself",
    ),
    # NumPy normalises eigenvectors, so that they have derivatives; JAX wants a flag for them.
    Case(
        lambda x: tuple(part * (1.0 + 0.0j) for part in np.linalg.eig(x)),
        args=scaled(3.0, 2.0, 1.0),
        jax=None,
        name="linalg.eig",
        rtol=1e-11,
    ),
    Case(
        np.linalg.eig,
        args=regular((2, 3, 3), complex=True),
        jax=None,
        name="linalg.eig of complex numbers",
    ),
    Case(
        lambda x: np.linalg.eigvals(x) * (1.0 + 0.0j),
        args=scaled(3.0, 2.0, 1.0),
        jax=None,
        name="linalg.eigvals",
        rtol=1e-11,
    ),
    Case(
        np.linalg.eigvals,
        args=regular((3, 3), complex=True),
        jax=None,
        name="linalg.eigvals of complex numbers",
    ),
    Case(np.linalg.svdvals, shapes=((4, 3),), dtypes=DTYPES, complex=True),
    Case(np.linalg.svd, shapes=((2, 2, 3),), params={"compute_uv": False}),
    Case(
        lambda x: np.linalg.svd(hermitian(x), compute_uv=False, hermitian=True),
        args=regular((3, 3)),
        name="linalg.svd of Hermitian matrices, values",
    ),
    Case(
        lambda x: singular_parts(*np.linalg.svd(hermitian(x), hermitian=True)),
        args=regular((3, 3)),
        name="linalg.svd of Hermitian matrices",
    ),
    Case(
        lambda x: singular_parts(*np.linalg.svd(x, full_matrices=False)),
        shapes=((4, 3),),
        complex=True,
        name="linalg.svd, tall",
    ),
    Case(
        lambda x: singular_parts(*np.linalg.svd(x, full_matrices=False)),
        shapes=((2, 2, 3),),
        name="linalg.svd, wide",
    ),
    Case(
        lambda x: complements(*np.linalg.svd(x)),
        shapes=((2, 4, 2),),
        jax=None,
        name="linalg.svd, full, tall",
    ),
    Case(
        lambda x: complements(*np.linalg.svd(x)),
        shapes=((2, 4),),
        jax=None,
        complex=True,
        name="linalg.svd, full, wide",
    ),
]

NUMBERS = [
    Case(np.linalg.det, args=regular((3, 3)), dtypes=REALS),
    Case(np.linalg.det, args=regular((2, 2, 2), complex=True), name="linalg.det of a stack"),
    Case(
        np.linalg.det,
        args=scaled(2.0, 1.0, 0.0),
        name="linalg.det, singular",
        jax=None,
        vmap=False,
        rtol=1e-11,
    ),
    Case(np.linalg.slogdet, args=regular((2, 3, 3)), dtypes=("float32",)),
    Case(
        np.linalg.slogdet,
        args=regular((3, 3), complex=True),
        name="linalg.slogdet of complex numbers",
    ),
    Case(np.linalg.matrix_rank, args=rank_deficient, grad=False),
    Case(
        np.linalg.matrix_rank,
        args=regular((2, 3, 3)),
        params={"tol": 0.5},
        grad=False,
        name="linalg.matrix_rank of a stack",
    ),
    *[
        Case(np.linalg.cond, args=regular((2, 3, 3)), params={"p": p}, name=f"linalg.cond, {p}")
        for p in (None, 2, -2, 1, -1, np.inf, -np.inf, "fro")
    ],
    Case(
        np.linalg.cond,
        args=regular((3, 3), complex=True),
        jax=None,
        name="linalg.cond of complex numbers",
    ),
]

NORMS = [
    Case(np.linalg.norm, shapes=((3, 4),), dtypes=(*DTYPES, "float16"), complex=True),
    Case(np.linalg.norm, shapes=((4,),), dtypes=DTYPES, complex=True),
    Case(np.linalg.norm, shapes=((2, 3, 2),), params={"keepdims": True}),
    *[
        Case(
            np.linalg.norm,
            shapes=((3, 4),),
            params={"ord": p, "axis": 1},
            order=2 if p else 1,
            grad=p != 0,
        )
        for p in (2, 1, 0, 3, 2.5, 0.5, -1, np.inf, -np.inf)
    ],
    Case(np.linalg.norm, shapes=((3, 4),), params={"axis": 0, "keepdims": True}, complex=True),
    *[
        Case(np.linalg.norm, shapes=((3, 4),), params={"ord": p})
        for p in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)
    ],
    Case(np.linalg.norm, shapes=((3, 2, 4),), params={"ord": "nuc", "axis": (2, 0)}, complex=True),
    Case(np.linalg.norm, shapes=((3, 2, 4),), params={"ord": 1, "axis": (2, 0), "keepdims": True}),
    Case(np.linalg.norm, shapes=((3, 2, 4),), params={"ord": -np.inf, "axis": (0, 1)}),
    Case(np.linalg.vector_norm, shapes=((3, 4),), dtypes=REALS, complex=True),
    Case(
        np.linalg.vector_norm,
        shapes=((3, 4, 2),),
        params={"axis": (0, 2), "ord": 3, "keepdims": True},
    ),
    Case(np.linalg.vector_norm, shapes=((3, 4),), params={"axis": -1, "ord": 1}),
    Case(np.linalg.matrix_norm, shapes=((2, 3, 4),), complex=True),
    Case(np.linalg.matrix_norm, shapes=((2, 3, 4),), params={"ord": "nuc", "keepdims": True}),
]

CASES = [*SOLVES, *FACTORS, *SPECTRA, *NUMBERS, *NORMS]
