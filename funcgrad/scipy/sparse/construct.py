"""`scipy.sparse`: matrices from traced elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import funcgrad.numpy as fnp
from funcgrad.core.errors import ArgumentError
from funcgrad.core.naming import named
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import operand
from funcgrad.ops.basic import convert
from funcgrad.scipy.mirror import has_tracer, mirrors
from funcgrad.scipy.sparse.matrix import SparseMatrix, as_sparse, is_sparse


def _constructor(format: str, is_array: bool) -> Callable[..., Any]:
    kind = f"{format}_{'array' if is_array else 'matrix'}"

    @mirrors("sparse", kind)
    def make(
        arg1: Any, shape: Any = None, dtype: Any = None, copy: bool = False, **options: Any
    ) -> Any:
        matrix = _from(kind, format, arg1, shape)
        if dtype is not None:
            matrix = matrix.astype(dtype)
        order = matrix.asformat(format)
        return SparseMatrix(order.data, order.row, order.col, order.shape, format, is_array)

    return named(
        make,
        kind,
        f"""`scipy.sparse.{kind}` of traced elements: `(data, ...)` with plain places, or dense.

    >>> import numpy as np, funcgrad as fg, scipy.sparse
    >>> at = np.array([0, 1, 1])
    >>> f = lambda x: (scipy.sparse.{kind}(np.outer(x, x)) @ np.ones(2)).sum()
    >>> fg.grad(f)(np.array([1.0, 2.0]))
    array([6., 6.])
    """,
    )


def _from(kind: str, format: str, arg: Any, shape: Any) -> SparseMatrix:
    if not isinstance(arg, tuple):
        return as_sparse(arg)
    if len(arg) == 3 and format in ("csr", "csc"):
        data, indices, indptr = arg
        _plain_places(kind, indices, indptr)
        major = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
        minor = np.asarray(indices)
        others = int(minor.max(initial=-1)) + 1
        if format == "csc":
            return SparseMatrix(data, minor, major, shape or (others, len(indptr) - 1), format)
        return SparseMatrix(data, major, minor, shape or (len(indptr) - 1, others), format)
    if len(arg) == 2 and format == "dia":
        data, offsets = arg
        _plain_places(kind, offsets)
        if shape is None:
            raise ArgumentError(f"{kind}: needs the shape{here()}")
        data = operand(data)
        return _of_diagonals(data if typeof(data).ndim == 2 else data[None], offsets, shape)
    if len(arg) == 2 and isinstance(arg[1], (tuple, list, np.ndarray)) and len(arg[1]) == 2:
        data, (row, col) = arg
        _plain_places(kind, row, col)
        row, col = np.asarray(row), np.asarray(col)
        if shape is None:
            shape = (int(row.max(initial=-1)) + 1, int(col.max(initial=-1)) + 1)
        return SparseMatrix(data, row, col, shape)
    raise ArgumentError(
        f"{kind} takes (data, (row, col)), a matrix, or for csr and csc (data, indices, indptr){here()}"
    )


def _plain_places(kind: str, *places: Any) -> None:
    if has_tracer(*places):
        raise ArgumentError(
            f"{kind}: the places of the elements are traced, but the shapes of results depend on them{here()}\n  "
            "make them outside of the function, or of plain values"
        )


def _of_diagonals(data: Any, offsets: Any, shape: Any) -> SparseMatrix:
    """`data[i, j]` in column j of the diagonal `offsets[i]`."""
    offsets = np.atleast_1d(offsets)
    col = np.broadcast_to(np.arange(typeof(data).shape[1]), typeof(data).shape)
    row = col - offsets[:, None]
    inside = (row >= 0) & (row < shape[0]) & (col < shape[1])
    return SparseMatrix(data[inside], row[inside], col[inside], shape, "dia")


csr_matrix, csr_array = _constructor("csr", False), _constructor("csr", True)
csc_matrix, csc_array = _constructor("csc", False), _constructor("csc", True)
coo_matrix, coo_array = _constructor("coo", False), _constructor("coo", True)
dia_matrix, dia_array = _constructor("dia", False), _constructor("dia", True)


def _diagonals(name: str, is_array: bool) -> Callable[..., Any]:
    @mirrors("sparse", name)
    def make(
        diagonals: Any,
        /,
        offsets: Any = 0,
        shape: Any = None,
        format: Any = None,
        dtype: Any = None,
    ) -> Any:
        single = np.ndim(offsets) == 0
        given = diagonals
        if single and np.ndim(diagonals[0]) == 0:
            given = [fnp.asarray(diagonals)]
        places = np.atleast_1d(offsets)
        parts = [operand(fnp.asarray(d)).reshape(-1) for d in given]
        if len(parts) != len(places):
            raise ArgumentError(
                f"{name}: {len(parts)} diagonals, but {len(places)} offsets: these should be as many{here()}"
            )
        if shape is None:
            n = typeof(parts[0]).size + abs(int(places[0]))
            shape = (n, n)
        data, row, col = [], [], []
        for part, k in zip(parts, places.tolist(), strict=True):
            length = max(min(shape[0] + min(k, 0), shape[1] - max(k, 0)), 0)
            if typeof(part).size not in (1, length):
                raise ArgumentError(
                    f"{name}: the diagonal of offset {k} has {typeof(part).size} elements, "
                    f"but {length} places in {shape}{here()}"
                )
            data.append(np.broadcast_to(part, (length,)))
            row.append(np.arange(length) - min(k, 0))
            col.append(np.arange(length) + max(k, 0))
        elements = np.concatenate(data)
        elements = elements if dtype is None else convert(elements, np.dtype(dtype))
        matrix = SparseMatrix(
            elements, np.concatenate(row), np.concatenate(col), shape, "dia", is_array
        )
        return matrix.asformat(format)

    return named(
        make,
        name,
        f"""`scipy.sparse.{name}`: traced diagonals at `offsets`.

    >>> import numpy as np, funcgrad as fg, scipy.sparse
    >>> f = lambda d: (scipy.sparse.{name}([d, d[1:]], offsets=[0, 1]) @ np.array([1.0, 2.0])).sum()
    >>> fg.grad(f)(np.ones(2))
    array([1., 4.])
    """,
    )


diags, diags_array = _diagonals("diags", False), _diagonals("diags_array", True)


@mirrors("sparse")
def spdiags(data: Any, diags: Any, m: Any = None, n: Any = None, format: Any = None) -> Any:
    """`scipy.sparse.spdiags`: `data[i, j]` in column j of the diagonal `diags[i]` of an (m, n) matrix."""
    shape = m if n is None else (m, n)
    data = operand(data)
    data = data if typeof(data).ndim == 2 else data[None]
    shape = (typeof(data).shape[1],) * 2 if shape is None else shape
    matrix = _of_diagonals(data, diags, shape)
    matrix.is_array = False
    return matrix.asformat(format)


# Matrices of matrices


@mirrors("sparse")
def kron(A: Any, B: Any, format: Any = None) -> Any:
    """`scipy.sparse.kron`: the Kronecker product.

    >>> import numpy as np, funcgrad as fg, scipy.sparse
    >>> f = lambda x: scipy.sparse.kron(scipy.sparse.eye(2), scipy.sparse.diags([x])).sum()
    >>> fg.grad(f)(np.ones(2))
    array([2., 2.])
    """
    a, b = as_sparse(A), as_sparse(B)
    data = (a.data[:, None] * b.data[None, :]).reshape(-1)
    row = (a.row[:, None] * b.shape[0] + b.row).reshape(-1)
    col = (a.col[:, None] * b.shape[1] + b.col).reshape(-1)
    shape = (a.shape[0] * b.shape[0], a.shape[1] * b.shape[1])
    return SparseMatrix(data, row, col, shape, "coo", _is_array(A, B)).asformat(format)


def _is_array(*matrices: Any) -> bool:
    return any(is_sparse(m) and as_sparse(m).is_array for m in matrices)


def _joined(blocks: list[tuple[SparseMatrix, int, int]], shape: Any, like: Any, format: Any) -> Any:
    data = np.concatenate([m.data for m, _, _ in blocks])
    row = np.concatenate([m.row + i for m, i, _ in blocks])
    col = np.concatenate([m.col + j for m, _, j in blocks])
    return SparseMatrix(data, row, col, shape, "coo", _is_array(*like)).asformat(format)


def _blocks(name: str) -> Callable[..., Any]:
    @mirrors("sparse", name)
    def make(blocks: Any, format: Any = None, dtype: Any = None) -> Any:
        grid = [[None if b is None else as_sparse(b) for b in line] for line in blocks]
        heights = [_common(name, [b.shape[0] for b in line if b is not None]) for line in grid]
        widths = [
            _common(name, [b.shape[1] for b in column if b is not None])
            for column in zip(*grid, strict=True)
        ]
        tops, lefts = np.cumsum([0, *heights]), np.cumsum([0, *widths])
        found = [
            (b, tops[i], lefts[j])
            for i, line in enumerate(grid)
            for j, b in enumerate(line)
            if b is not None
        ]
        like = [b for line in blocks for b in line]
        return _joined(found, (tops[-1], lefts[-1]), like, format)

    return named(make, name, f"`scipy.sparse.{name}`: a matrix of blocks, None for zeros.")


def _common(name: str, sizes: list[int]) -> int:
    if len(set(sizes)) != 1:
        raise ArgumentError(f"{name}: blocks in one line have sizes {sizes}{here()}")
    return sizes[0]


bmat, block_array = _blocks("bmat"), _blocks("block_array")


@mirrors("sparse")
def hstack(blocks: Any, format: Any = None, dtype: Any = None) -> Any:
    """`scipy.sparse.hstack`: matrices side by side."""
    return bmat([list(blocks)], format)


@mirrors("sparse")
def vstack(blocks: Any, format: Any = None, dtype: Any = None) -> Any:
    """`scipy.sparse.vstack`: matrices above each other."""
    return bmat([[b] for b in blocks], format)


@mirrors("sparse")
def block_diag(mats: Any, format: Any = None, dtype: Any = None) -> Any:
    """`scipy.sparse.block_diag`: matrices along the diagonal."""
    found, i, j = [], 0, 0
    for m in map(as_sparse, mats):
        found.append((m, i, j))
        i, j = i + m.shape[0], j + m.shape[1]
    return _joined(found, (i, j), mats, format)


@mirrors("sparse")
def issparse(x: Any) -> bool:
    """`scipy.sparse.issparse`."""
    return is_sparse(x)
