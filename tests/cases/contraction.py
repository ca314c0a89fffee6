"""Cases: products of vectors, matrices and tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.ops.contraction import dot_general
from tests.cases.case import Case

DTYPES: tuple[Any, ...] = (
    "float64",
    "float32",
    "float16",
    "int32",
    "int8",
    "bool",
    "complex64",
    ("int32", "float32"),
    ("float32", "complex128"),
    ("bool", "int8"),
)
DOT_SHAPES: list[Any] = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 4)),
    ((4, 2, 3), (3,)),
    ((3,), (4, 3, 2)),
    ((4, 2, 3), (3, 5)),
    ((2, 3), (4, 3, 2)),
    ((4, 2, 3), (5, 3, 2)),
    ((), (2, 3)),
    ((2, 3), ()),
    ((), ()),
    ((1, 3), (3, 1)),
]
MATMUL_SHAPES: list[Any] = [
    *DOT_SHAPES[:8],
    ((4, 2, 3), (4, 3, 5)),
    ((4, 1, 2, 3), (5, 3, 2)),
    ((1, 2, 3), (4, 3, 2)),
    ((1, 2, 3), (1, 3, 2)),
    ((2, 5, 2, 3), (5, 3, 2)),
    ((5, 2, 3), (1, 3, 2)),
]


def each(fun: Any, shapes: list[Any], **fields: Any) -> list[Case]:
    """A case per pair of shapes; the first one with all dtypes."""
    first = Case(fun, shapes=shapes[0], dtypes=DTYPES, complex=True, **fields)
    return [first, *[Case(fun, shapes=pair, **fields) for pair in shapes[1:]]]


def einsum(subscripts: str, *shapes: tuple[int, ...], **fields: Any) -> Case:
    return Case(
        lambda *operands: np.einsum(subscripts, *operands),
        shapes=shapes,
        name=f"einsum {subscripts}",
        **fields,
    )


DOTS = [
    *each(np.dot, DOT_SHAPES),
    Case(np.dot, shapes=((2, 3), (3, 4)), complex=True, dtypes=DTYPES),
    *each(np.inner, [((3,), (3,)), ((2, 3), (4, 3)), ((2, 4, 3), (3,)), ((), (3,)), ((2, 3), ())]),
    *each(np.outer, [((3,), (4,)), ((2, 3), (4,)), ((), (3,))]),
    *each(np.vdot, [((3,), (3,)), ((2, 3), (2, 3)), ((2, 3), (6,)), ((), ())]),
    *each(np.matmul, MATMUL_SHAPES),
    Case(np.matmul, shapes=((4, 2, 3), (4, 3, 5)), complex=True, dtypes=DTYPES),
    Case(lambda x, y: x @ y, shapes=((2, 3), (3, 4)), name="operator @"),
    Case(lambda x: x @ x.T, shapes=((3, 4),), name="x @ x.T"),
    Case(lambda x: x.T @ x @ x.T, shapes=((3, 4),), name="x.T @ x @ x.T"),
    Case(
        lambda x, y: np.matmul(x, y, axes=[(0, 1), (-1, 0), (1, 0)]),
        shapes=((2, 3, 4), (5, 3)),
        name="matmul axes",
        jax=None,
    ),
    *each(np.vecdot, [((3,), (3,)), ((2, 3), (2, 3)), ((4, 1, 3), (2, 3)), ((3,), (2, 3))]),
    Case(np.vecdot, shapes=((3, 2), (3, 1)), params={"axis": 0}, complex=True, jax=None),
    Case(np.vecdot, shapes=((3, 2), (3, 2)), params={"axis": 0, "keepdims": True}, jax=None),
    *each(np.matvec, [((2, 3), (3,)), ((4, 2, 3), (3,)), ((2, 3), (4, 3)), ((4, 2, 3), (4, 3))]),
    *each(np.vecmat, [((3,), (3, 2)), ((4, 3), (3, 2)), ((3,), (4, 3, 2)), ((4, 3), (4, 3, 2))]),
    Case(np.linalg.outer, shapes=((3,), (4,)), complex=True, dtypes=DTYPES),
    Case(np.linalg.vecdot, shapes=((3, 2), (3, 2)), params={"axis": 0}, complex=True),
    Case(np.linalg.matmul, shapes=((4, 2, 3), (3, 2)), complex=True),
    Case(np.linalg.tensordot, shapes=((2, 3, 4), (4, 3)), params={"axes": 1}),
]
TENSORDOTS = [
    *[
        Case(np.tensordot, shapes=shapes, params={"axes": axes}, complex=True)
        for shapes, axes in (
            (((2, 3, 4), (3, 4, 5)), 2),
            (((2, 3), (4, 5)), 0),
            (((2, 3, 4), (4, 2)), ([0, 2], [1, 0])),
            (((2, 3, 4), (3, 5)), (1, 0)),
            (((2, 3, 4), (2, 5, 4)), ([-1, 0], [2, 0])),
            (((2, 3), (2, 3)), 2),
        )
    ],
    Case(np.tensordot, shapes=((3, 4), (4, 3)), params={"axes": 1}, dtypes=DTYPES),
]
KRONECKER = [
    *each(np.kron, [((2, 3), (3, 2)), ((3,), (2, 2)), ((2, 2), (3,)), ((2,), (3,)), ((), (2, 2))]),
    Case(np.kron, shapes=((2, 1, 3), (2, 2))),
]
CHAINS = [
    Case(
        lambda *arrays: np.linalg.multi_dot(arrays),
        shapes=shapes,
        name="multi_dot",
        complex=True,
    )
    for shapes in (
        ((2, 3), (3, 4)),
        ((2, 3), (3, 4), (4, 5)),
        ((5, 2), (2, 6), (6, 1), (1, 3)),
        ((3,), (3, 4), (4,)),
        ((3,), (3, 4), (4, 2), (2, 3)),
    )
]
CHAINS += [
    *[
        Case(np.linalg.matrix_power, shapes=((3, 3),), params={"n": n}, complex=True)
        for n in (2, 3, 5, 8)
    ],
    Case(np.linalg.matrix_power, shapes=((2, 3, 3),), params={"n": 3}, dtypes=("int32", "float32")),
    Case(
        np.linalg.matrix_power,
        args=lambda rng: (np.eye(3) * 3.0 + rng.uniform(-0.5, 0.5, (3, 3)),),
        params={"n": -2},
    ),
]
EINSUMS = [
    einsum("ij,jk->ik", (2, 3), (3, 4), complex=True, dtypes=DTYPES),
    einsum("ij,jk", (2, 3), (3, 4)),
    einsum("ij,kj->ki", (2, 3), (4, 3)),
    einsum("ba", (2, 3)),
    einsum("ij->", (2, 3), dtypes=("int32", "bool", "float16")),
    einsum("ij->j", (2, 3), complex=True),
    einsum("ii->", (3, 3), complex=True),
    einsum("ii->i", (3, 3)),
    einsum("iij->ji", (3, 3, 2)),
    einsum("ijji->", (2, 3, 3, 2)),
    einsum("iii->i", (3, 3, 3)),
    einsum("i,j->ij", (2,), (3,)),
    einsum("i,i->i", (3,), (3,), dtypes=DTYPES),
    einsum("i,i->", (3,), (3,), dtypes=DTYPES),
    einsum("ij,ij->i", (2, 3), (2, 3)),
    einsum("ij,kl->", (2, 3), (2, 3)),
    einsum("ij,kl->ilk", (2, 3), (2, 3)),
    einsum(",ij->ji", (), (2, 3)),
    einsum("bij,bjk->bik", (2, 3, 4), (2, 4, 2), complex=True),
    einsum("ibj,jkb->kib", (3, 2, 4), (4, 2, 2)),
    einsum("...ij,...jk->...ik", (2, 2, 3), (2, 3, 2)),
    einsum("...ij,...jk", (5, 1, 2, 3), (2, 3, 2)),
    einsum("i...,i...->...", (3, 2), (3, 1)),
    einsum("...i->i...", (2, 4, 3)),
    einsum("ij,jk->ik", (2, 1), (3, 4), jax=None),
    einsum("ij,jk,kl->il", (2, 3), (3, 4), (4, 2), complex=True),
    einsum("i,i,i->", (3,), (3,), (3,)),
    einsum("i,ij,j", (3,), (3, 4), (4,)),
    einsum("ij,jk,kl,lm->im", (2, 3), (3, 4), (4, 2), (2, 3)),
    einsum("ij,ik,il->jkl", (2, 3), (2, 2), (2, 4)),
    einsum("abc,bd,cd,a->d", (2, 3, 2), (3, 2), (2, 2), (2,)),
    Case(
        lambda x, y: np.einsum(x, [0, 1], y, [1, 2], [2, 0]),
        shapes=((2, 3), (3, 4)),
        name="einsum of sublists",
    ),
    Case(
        lambda x, y: np.einsum(x, [..., 0, 1], y, [1, 2]),
        shapes=((2, 2, 3), (3, 4)),
        name="einsum of sublists, implied result",
    ),
    *[
        Case(
            lambda x, y, z, optimize=optimize: np.einsum(
                "ij,jk,kl->il", x, y, z, optimize=optimize
            ),
            shapes=((2, 3), (3, 4), (4, 2)),
            name=f"einsum optimize={optimize}",
            jax=None,
        )
        for optimize in (
            True,
            "optimal",
            ["einsum_path", (0, 1), (0, 1)],
            ["einsum_path", (0, 1, 2)],
        )
    ],
    Case(
        lambda x: np.einsum("ij->i", x, dtype="float64"),
        shapes=((2, 3),),
        dtypes=("int32", "float32"),
        name="einsum dtype",
        jax=None,
    ),
    Case(
        lambda x, y: x * len(np.einsum_path("ij,jk->ik", x, y)[0]),
        shapes=((2, 3), (3, 4)),
        name="einsum_path",
        jax=None,
    ),
]
CROSSES = [
    *each(np.cross, [((3,), (3,)), ((2, 3), (3,)), ((2, 3), (2, 3)), ((1, 3), (2, 3))]),
    Case(np.cross, shapes=((3, 2), (2, 3)), params={"axisa": 0, "axisc": 0}),
    Case(np.cross, shapes=((3, 2), (3, 2)), params={"axis": 0}),
    Case(np.linalg.cross, shapes=((3, 2), (3, 2)), params={"axis": 0}, complex=True),
    Case(np.linalg.cross, shapes=((2, 3), (2, 3)), dtypes=("int32",)),
]
# NumPy cannot subtract booleans.
CROSSES[0].dtypes = tuple([d for d in DTYPES if "bool" not in d])
TRACES = [
    Case(np.trace, shapes=((3, 4),), dtypes=("int8", "bool", "float16", "complex64"), complex=True),
    Case(np.trace, shapes=((2, 3, 4),), params={"offset": 1, "axis1": 2, "axis2": 0}),
    Case(np.trace, shapes=((3, 4),), params={"dtype": "float32"}, dtypes=("int32",), grad=False),
    Case(np.linalg.trace, shapes=((2, 3, 4),), params={"offset": -1}, complex=True),
    Case(np.linalg.diagonal, shapes=((2, 3, 4),), params={"offset": 1}),
    Case(np.linalg.matrix_transpose, shapes=((2, 3, 4),), complex=True),
]
PRIMITIVE = [
    Case(
        lambda x, y, numbers=numbers: dot_general(x, y, *numbers),
        shapes=shapes,
        name=f"dot_general {numbers}",
        jax=None,
        complex=True,
    )
    for shapes, numbers in (
        (((2, 3, 4), (4, 3, 5)), (((1, 2), (1, 0)),)),
        (((2, 3, 4), (3, 5, 2)), (((1,), (0,)), ((0,), (2,)))),
        (((2, 3), (3, 2)), (((), ()), ((1,), (0,)))),
        (((4, 2, 3), (3, 2, 4)), (((0, 1, 2), (2, 1, 0)),)),
        (((4, 2, 3), (4, 3)), (((2,), (1,)), ((0,), (0,)))),
        (((4, 3), (4, 2, 3)), (((1,), (2,)), ((0,), (0,)))),
    )
]
CASES: list[Case] = [
    *DOTS,
    *TENSORDOTS,
    *KRONECKER,
    *CHAINS,
    *EINSUMS,
    *CROSSES,
    *TRACES,
    *PRIMITIVE,
]
