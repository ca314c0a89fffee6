"""Sparse matrices of traced elements: the places are plain integers, the elements are traced."""

from __future__ import annotations

from typing import Any

import numpy as np

import funcgrad.numpy as fnp
from funcgrad.core.errors import ArgumentError, UnsupportedError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.lax.segments import segment_sum
from funcgrad.numpy.arguments import operand
from funcgrad.ops.basic import convert
from funcgrad.scipy.mirror import HoldsTraced, scipy_module


class SparseMatrix(HoldsTraced):
    """What `scipy.sparse` makes of traced elements: with the operations, methods and attributes of its matrices.

    Elements at the same place are added up, as in SciPy's format "coo".

    Attributes:
        data: the elements (n,), traced.
        row: the row of each.
        col: the column of each.
        shape: the numbers of rows and columns.
        format: the name of SciPy's format: "csr", ...
        is_array: whether `*` and `**` work on elements, as for SciPy's arrays, or as for matrices.
    """

    ndim = 2
    # NumPy's arrays leave operations to us.
    __array_ufunc__ = None
    __array_priority__ = 11.0

    def __init__(
        self, data: Any, row: Any, col: Any, shape: Any, format: str = "coo", is_array: bool = True
    ) -> None:
        self.data = operand(data)
        self.row, self.col = np.asarray(row), np.asarray(col)
        self.shape = (int(shape[0]), int(shape[1]))
        self.format = format
        self.is_array = is_array

    def __repr__(self) -> str:
        kind = "array" if self.is_array else "matrix"
        return f"<traced sparse {kind} in format {self.format!r} of shape {self.shape}, {self.nnz} elements>"

    def _with(
        self, data: Any, *, kept: Any = None, shape: Any = None, places: Any = None
    ) -> SparseMatrix:
        """The same kind of matrix with other elements, at the same places, those that are kept, or others."""
        row, col = (self.row, self.col) if places is None else places
        if kept is not None:
            row, col = row[kept], col[kept]
        return SparseMatrix(data, row, col, shape or self.shape, self.format, self.is_array)

    # Attributes and conversions

    @property
    def dtype(self) -> Any:
        return typeof(self.data).dtype

    @property
    def nnz(self) -> int:
        return len(self.row)

    @property
    def T(self) -> SparseMatrix:
        return self.transpose()

    @property
    def indices(self) -> Any:
        """The columns of format "csr", the rows of "csc"."""
        return self.row if self.format == "csc" else self.col

    @property
    def indptr(self) -> Any:
        """Where the elements of each row of format "csr", or of each column of "csc", begin and end."""
        major, n = (self.col, self.shape[1]) if self.format == "csc" else (self.row, self.shape[0])
        return np.concatenate([[0], np.cumsum(np.bincount(major, minlength=n))])

    def getformat(self) -> str:
        return self.format

    def asformat(self, format: str | None, copy: bool = False) -> SparseMatrix:
        if format is None or format == self.format:
            return self
        matrix = self.summed(format == "csc") if format in ("csr", "csc") else self
        return SparseMatrix(matrix.data, matrix.row, matrix.col, self.shape, format, self.is_array)

    def tocsr(self, copy: bool = False) -> SparseMatrix:
        return self.asformat("csr")

    def tocsc(self, copy: bool = False) -> SparseMatrix:
        return self.asformat("csc")

    def tocoo(self, copy: bool = False) -> SparseMatrix:
        return self.asformat("coo")

    def copy(self) -> SparseMatrix:
        return self

    def summed(self, by_columns: bool = False) -> SparseMatrix:
        """With one element per place, in the order of rows or of columns."""
        major, minor = (self.col, self.row) if by_columns else (self.row, self.col)
        keys = major.astype(np.int64) * (self.shape[0] if by_columns else self.shape[1]) + minor
        if np.all(np.diff(keys) > 0):
            return self
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        data = segment_sum(self.data, inverse, len(first))
        return self._with(data, kept=first)

    def toarray(self, order: Any = None, out: Any = None) -> Any:
        rows, columns = self.shape
        flat = self.row.astype(np.int64) * columns + self.col
        return segment_sum(self.data, flat, rows * columns).reshape(self.shape)

    todense = toarray

    def astype(self, dtype: Any, casting: str = "unsafe", copy: bool = True) -> SparseMatrix:
        return self._with(convert(self.data, np.dtype(dtype)))

    def transpose(self, axes: Any = None, copy: bool = False) -> SparseMatrix:
        flipped = {"csr": "csc", "csc": "csr"}.get(self.format, self.format)
        return SparseMatrix(self.data, self.col, self.row, self.shape[::-1], flipped, self.is_array)

    def conj(self, copy: bool = True) -> SparseMatrix:
        return self._with(np.conj(self.data))

    conjugate = conj

    def getH(self) -> SparseMatrix:
        return self.transpose().conj()

    # Products

    def __matmul__(self, other: Any) -> Any:
        if is_sparse(other):
            return self._times_sparse(as_sparse(other, self))
        x = operand(other)
        shape = typeof(x).shape
        if not shape:
            raise ArgumentError(
                f"a sparse matrix @ a number of type {typeof(x)}: write matrix * x{here()}"
            )
        if len(shape) > 2 or shape[0] != self.shape[1]:
            raise ArgumentError(f"a sparse matrix of shape {self.shape} times {typeof(x)}{here()}")
        data = self.data if len(shape) == 1 else self.data[:, None]
        return segment_sum(data * fnp.take(x, self.col, axis=0), self.row, self.shape[0])

    def __rmatmul__(self, other: Any) -> Any:
        if is_sparse(other):
            return as_sparse(other, self) @ self
        return np.transpose(self.transpose() @ np.transpose(operand(other)))

    def dot(self, other: Any) -> Any:
        return self * other if np.ndim(other) == 0 and not is_sparse(other) else self @ other

    def _times_sparse(self, other: SparseMatrix) -> SparseMatrix:
        """Each element times the elements of the other matrix in the row of its column."""
        if self.shape[1] != other.shape[0]:
            raise ArgumentError(
                f"sparse matrices of shapes {self.shape} and {other.shape} have no product{here()}"
            )
        other = other.summed()
        starts = np.searchsorted(other.row, np.arange(other.shape[0] + 1))
        counts = np.diff(starts)[self.col]
        mine = np.repeat(np.arange(self.nnz), counts)
        within = np.arange(len(mine)) - np.repeat(np.cumsum(counts) - counts, counts)
        theirs = starts[self.col[mine]] + within
        data = fnp.take(self.data, mine) * fnp.take(other.data, theirs)
        places = (self.row[mine], other.col[theirs])
        found = self._with(data, places=places, shape=(self.shape[0], other.shape[1]))
        return found.summed(self.format == "csc")

    def __mul__(self, other: Any) -> Any:
        if self.is_array or _is_number(other):
            return self.multiply(other)
        return self @ other

    def __rmul__(self, other: Any) -> Any:
        if self.is_array or _is_number(other):
            return self.multiply(other)
        return self.__rmatmul__(other)

    def multiply(self, other: Any) -> SparseMatrix:
        """The products of elements; `other` is a number, broadcasts to the shape, or is sparse."""
        return self._with(self.data * self._at_places(other))

    def __truediv__(self, other: Any) -> Any:
        return self._with(self.data / self._at_places(other))

    def divide(self, other: Any) -> Any:
        return self / other

    def _at_places(self, other: Any) -> Any:
        """The elements of another matrix, or of what broadcasts to the shape, at the places of this one's."""
        if is_sparse(other):
            given = as_sparse(other, self).summed()
            if given.shape != self.shape:
                raise ArgumentError(
                    f"sparse matrices of shapes {self.shape} and {given.shape}: these differ{here()}"
                )
            if not given.nnz:
                return 0.0
            keys = given.row.astype(np.int64) * self.shape[1] + given.col
            wanted = self.row.astype(np.int64) * self.shape[1] + self.col
            found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            return np.where(keys[found] == wanted, fnp.take(given.data, found), 0.0)
        x = operand(other)
        if not typeof(x).shape:
            return x
        return fnp.array(np.broadcast_to(x, self.shape))[self.row, self.col]

    def __pow__(self, exponent: int) -> SparseMatrix:
        return self.power(exponent) if self.is_array else _matrix_power(self, exponent)

    def power(self, n: Any, dtype: Any = None) -> SparseMatrix:
        matrix = self.summed(self.format == "csc")
        return matrix._with(matrix.data**n)

    # Sums

    def __neg__(self) -> SparseMatrix:
        return self._with(-self.data)

    def __add__(self, other: Any) -> Any:
        if not is_sparse(other):
            if not isinstance(other, Tracer) and np.ndim(other) == 0 and not np.any(other):
                return self
            if np.ndim(other) == 0:
                raise UnsupportedError(
                    f"adding a nonzero scalar to a sparse matrix is not supported{here()}"
                )
            return self.toarray() + other
        given = as_sparse(other, self)
        if given.shape != self.shape:
            raise ArgumentError(
                f"sparse matrices of shapes {self.shape} and {given.shape} have no sum{here()}"
            )
        data = np.concatenate([self.data, given.data])
        places = [np.concatenate(pair) for pair in ((self.row, given.row), (self.col, given.col))]
        total = self._with(data, places=places)
        return total.summed(self.format == "csc") if self.format in ("csr", "csc") else total

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self + (-other)

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        if axis is None:
            return np.sum(self.data)
        along = axis % 2
        kept, n = (self.col, self.shape[1]) if along == 0 else (self.row, self.shape[0])
        sums = segment_sum(self.data, kept, n)
        if self.is_array:
            return sums
        return sums[None, :] if along == 0 else sums[:, None]

    def mean(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        n = self.shape[0] * self.shape[1] if axis is None else self.shape[axis % 2]
        return self.sum(axis) / n

    def diagonal(self, k: int = 0) -> Any:
        rows, columns = self.shape
        n = max(min(rows + min(k, 0), columns - max(k, 0)), 0)
        on = self.col - self.row == k
        return segment_sum(self.data[on], np.minimum(self.row, self.col)[on], n)

    def trace(self, offset: int = 0) -> Any:
        return np.sum(self.diagonal(offset))

    def __abs__(self) -> SparseMatrix:
        matrix = self.summed(self.format == "csc")
        return matrix._with(np.abs(matrix.data))

    # Elements and parts

    def __getitem__(self, index: Any) -> Any:
        index = index if isinstance(index, tuple) else (index, slice(None))
        numbers = [isinstance(i, (int, np.integer)) for i in index]
        lines = [np.atleast_1d(np.arange(n)[i]) for n, i in zip(self.shape, index, strict=True)]
        if self.is_array and any(numbers) and not all(numbers):
            raise UnsupportedError(
                f"a row or column of a traced sparse array would have one axis{here()}\n  "
                "take a matrix: A[[i]], A[:, [j]]"
            )
        kept = np.ones(self.nnz, bool)
        places = []
        for line, n, at in zip(lines, self.shape, (self.row, self.col), strict=True):
            if line.ndim > 1 or len(np.unique(line)) < len(line):
                raise UnsupportedError(
                    f"a traced sparse matrix takes each row and column once, as slices and lists do{here()}"
                )
            new = np.full(n, -1)
            new[line] = np.arange(len(line))
            kept &= new[at] >= 0
            places.append(new[at])
        data = self.data[kept]
        if all(numbers):
            return np.sum(data)
        return self._with(data, kept=kept, places=places, shape=(len(lines[0]), len(lines[1])))


def _is_number(x: Any) -> bool:
    return not is_sparse(x) and np.ndim(x) == 0


def _matrix_power(matrix: SparseMatrix, n: int) -> SparseMatrix:
    if not isinstance(n, int) or n < 1:
        raise ArgumentError(
            f"a sparse matrix to the power of {n}: it must be a positive integer{here()}"
        )
    out = matrix
    for _ in range(n - 1):
        out = out @ matrix
    return out


def is_sparse(x: Any) -> bool:
    """Whether this is a sparse matrix, of SciPy's or with traced elements."""
    if isinstance(x, SparseMatrix):
        return True
    return type(x) is not Tracer and bool(scipy_module("sparse").issparse(x))


def as_sparse(x: Any, like: SparseMatrix | None = None) -> SparseMatrix:
    """A sparse matrix, one of SciPy's, or a dense array."""
    if isinstance(x, SparseMatrix):
        return x
    if is_sparse(x):
        plain = x.tocoo()
        is_array = isinstance(x, scipy_module("sparse").sparray) if like is None else like.is_array
        format = x.format if like is None else like.format
        return SparseMatrix(plain.data, plain.row, plain.col, x.shape, format, is_array)
    x = operand(x)
    if typeof(x).ndim != 2:
        raise ArgumentError(f"a sparse matrix is made of a matrix, not of {typeof(x)}{here()}")
    row, col = (i.ravel() for i in np.indices(typeof(x).shape))
    return SparseMatrix(x.reshape(-1), row, col, typeof(x).shape)
