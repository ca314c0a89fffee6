"""Matrices in the last two axes: what the rules of linear algebra are written with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.primitive import BatchAxis, Primitive
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import expand_dims, linear_jvp, reshape, transpose
from funcgrad.ops.complex import conj, imag, is_complex, real
from funcgrad.ops.indexing import Slice, getitem
from funcgrad.ops.shape import concatenate

LINALG_DTYPES = frozenset(map(np.dtype, ("float32", "float64", "complex64", "complex128")))


class MatrixError(ArgumentError, np.linalg.LinAlgError):
    """Operands of linear algebra whose shapes or dtypes do not fit."""


def check_matrix(name: str, a: ShapedArray) -> None:
    """`a` must be a stack of matrices of a dtype that LAPACK knows."""
    if a.ndim < 2:
        raise MatrixError(
            f"{name} of {a}: at least 2 axes are needed{here()}\n  the last two hold the matrix"
        )
    if a.dtype not in LINALG_DTYPES:
        raise MatrixError(
            f"{name} of {a}: linear algebra has no routines for {a.dtype}{here()}\n  "
            "use .astype(np.float32) or .astype(np.float64)"
        )


def check_square(name: str, a: ShapedArray) -> None:
    check_matrix(name, a)
    if a.shape[-1] != a.shape[-2]:
        raise MatrixError(f"{name} of {a}: the matrices (last two axes) must be square{here()}")


def complex_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The complex dtype of the same precision."""
    return dtype if dtype.kind == "c" else np.result_type(dtype, np.complex64)


def mT(x: Any) -> Any:
    """The transpose of each matrix."""
    ndim = len(x.shape)
    return transpose(x, (*range(ndim - 2), ndim - 1, ndim - 2))


def adjoint(x: Any) -> Any:
    """The conjugate transpose of each matrix."""
    return mT(conj(x)) if is_complex(x) else mT(x)


def re(x: Any) -> Any:
    return real(x) if is_complex(x) else x


def im(x: Any) -> Any:
    """The imaginary part of a complex array."""
    return imag(x)


def hermitian_part(x: Any) -> Any:
    """(x + xᴴ) / 2, the derivative of reading a Hermitian matrix."""
    return (x + adjoint(x)) * 0.5


def column(x: Any) -> Any:
    """Vectors as matrices of one column."""
    return expand_dims(x, (len(x.shape),))


def row(x: Any) -> Any:
    """Vectors as matrices of one row."""
    return expand_dims(x, (len(x.shape) - 1,))


def uncolumn(x: Any) -> Any:
    return reshape(x, x.shape[:-1])


def cut(x: Any, rows: tuple[int, int] | None = None, columns: tuple[int, int] | None = None) -> Any:
    """The rows and columns of each matrix in these half-open ranges; all by default."""
    *stack, m, n = x.shape
    ranges = [*[(0, k) for k in stack], rows or (0, m), columns or (0, n)]
    return getitem(x, index=tuple([Slice(a, b, 1) if a < b else Slice(0, 0, 1) for a, b in ranges]))


def beside(*parts: Any) -> Any:
    """Matrices joined from left to right."""
    return concatenate(*parts, dimension=len(parts[0].shape) - 1)


def above(*parts: Any) -> Any:
    """Matrices joined from top to bottom."""
    return concatenate(*parts, dimension=len(parts[0].shape) - 2)


def align_stacks(operands: Sequence[Any], batched: Sequence[bool]) -> list[Any]:
    """Operands with axes of length 1 behind the batch axis, so that NumPy pairs their stacks."""
    ranks = [len(typeof(x).shape) - b for x, b in zip(operands, batched, strict=True)]
    rank = max(ranks)
    return [
        expand_dims(x, range(1, rank - r + 1)) if b and r < rank else x
        for x, b, r in zip(operands, batched, ranks, strict=True)
    ]


def stack_batch(primitive_of: Any) -> Any:
    """The batching rule of a primitive that works on stacks of matrices and broadcasts them."""

    def batch(
        axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool], **params: Any
    ) -> tuple[Any, bool]:
        return primitive_of()(*align_stacks(operands, batched), **params), True

    return batch


def same_type(*avals: ShapedArray) -> ShapedArray:
    return avals[0].strip_weak_type()


def _triangle_impl(x: Any, lower: bool, k: int) -> Any:
    return np.tril(x, k) if lower else np.triu(x, k)


# The entries on one side of a diagonal; zeros elsewhere.
triangle_p = Primitive(
    "triangle",
    impl=_triangle_impl,
    abstract=lambda x, lower, k: x.strip_weak_type(),
    jvp=linear_jvp(lambda: triangle_p),
    transpose=lambda ct, x, lower, k: (triangle_p(ct, lower=lower, k=k),),
    batch=stack_batch(lambda: triangle_p),
    properties=frozenset({"moves"}),
)


def tril(x: Any, k: int = 0) -> Any:
    """The entries on and below diagonal `k` of each matrix; zeros above."""
    return triangle_p(x, lower=True, k=k)


def triu(x: Any, k: int = 0) -> Any:
    """The entries on and above diagonal `k` of each matrix; zeros below."""
    return triangle_p(x, lower=False, k=k)


def _matrix_diagonal_impl(x: Any) -> Any:
    return np.diagonal(x, axis1=-2, axis2=-1)


def _matrix_diagonal_abstract(x: ShapedArray) -> ShapedArray:
    return ShapedArray((*x.shape[:-2], min(x.shape[-2:])), x.dtype)


matrix_diagonal_p = Primitive(
    "matrix_diagonal",
    impl=_matrix_diagonal_impl,
    abstract=_matrix_diagonal_abstract,
    jvp=linear_jvp(lambda: matrix_diagonal_p),
    transpose=lambda ct, x: (diagonal_matrix(ct, x.shape[-2:]),),
    batch=stack_batch(lambda: matrix_diagonal_p),
    view=True,
    properties=frozenset({"moves"}),
)


def _diagonal_matrix_impl(x: Any, shape: tuple[int, int]) -> Any:
    out = np.zeros((*x.shape[:-1], *shape), x.dtype)
    index = np.arange(x.shape[-1])
    out[..., index, index] = x
    return out


diagonal_matrix_p = Primitive(
    "diagonal_matrix",
    impl=_diagonal_matrix_impl,
    abstract=lambda x, shape: ShapedArray((*x.shape[:-1], *shape), x.dtype),
    jvp=linear_jvp(lambda: diagonal_matrix_p),
    transpose=lambda ct, x, shape: (matrix_diagonal(ct),),
    batch=stack_batch(lambda: diagonal_matrix_p),
    properties=frozenset({"moves"}),
)


def matrix_diagonal(x: Any) -> Any:
    """The main diagonal of each matrix."""
    return matrix_diagonal_p(x)


def diagonal_matrix(x: Any, shape: tuple[int, int] | None = None) -> Any:
    """Each vector as the main diagonal of a matrix of zeros, of `shape` (square by default)."""
    n = x.shape[-1]
    return diagonal_matrix_p(x, shape=(n, n) if shape is None else tuple(shape))
