"""What functions of `scipy.linalg` do with their operands: precision, columns, triangles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import operand
from funcgrad.numpy.matrices import matrices
from funcgrad.ops.basic import convert
from funcgrad.ops.complex import is_complex, real
from funcgrad.ops.linalg.factor import (
    cholesky_p,
)
from funcgrad.ops.linalg.matrix import (
    adjoint,
    column,
    diagonal_matrix,
    matrix_diagonal,
    mT,
    tril,
    triu,
    uncolumn,
)


def on_columns(solver: Callable[[Any], Any], b: Any) -> Any:
    """Solve for `b` as columns; a vector counts as one."""
    return uncolumn(solver(column(b))) if len(b.shape) == 1 else solver(b)


def in_double(name: str, *values: Any) -> Any:
    """Operands in double precision, for functions of SciPy that always compute in it."""
    wide = (
        np.complex128 if any(typeof(operand(x)).dtype.kind == "c" for x in values) else np.float64
    )
    converted = [convert(operand(x), wide) for x in values]
    return matrices(name, *converted)


def hermitian_from_triangle(a: Any, lower: bool, symmetric: bool = False) -> Any:
    """The matrix of which one triangle is given."""
    half = tril(a, -1) if lower else triu(a, 1)
    other = mT(half) if symmetric else adjoint(half)
    diagonal = matrix_diagonal(a)
    if is_complex(a) and not symmetric:
        diagonal = convert(real(diagonal), a.dtype)
    return half + other + diagonal_matrix(diagonal)


def cholesky_factor(a: Any, lower: bool) -> Any:
    """The lower factor, from the lower triangle, or the upper one from the upper triangle."""
    return cholesky_p(a) if lower else adjoint(cholesky_p(adjoint(a)))
