"""`scipy.linalg`: systems of equations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import operand
from funcgrad.numpy.matrices import lstsq as np_lstsq
from funcgrad.numpy.matrices import matrices
from funcgrad.ops.basic import broadcast_to, convert
from funcgrad.ops.complex import conj, is_complex, real
from funcgrad.ops.contraction import matmul
from funcgrad.ops.linalg.banded import solve_banded_p
from funcgrad.ops.linalg.factor import (
    cholesky_p,
    lu_p,
    lu_pivots_to_permutation_p,
    permute_rows,
)
from funcgrad.ops.linalg.functions import sylvester_p
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
from funcgrad.ops.linalg.solve import inv_p, solve_p, triangular_solve
from funcgrad.scipy.linalg.structured import circulant, toeplitz
from funcgrad.scipy.mirror import mirrors


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


@mirrors("linalg")
def solve(
    a: Any,
    b: Any,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: str | None = None,
    transposed: bool = False,
) -> Any:
    """`scipy.linalg.solve`: `x` with `a x = b`, for `a` (..., n, n) and `b` (n,) or (..., n, k).

    `assume_a` names the structure: "general", "symmetric", "hermitian", "positive definite",
    "diagonal", "upper triangular", "lower triangular", or SciPy's short forms of these.

    >>> import numpy as np, funcgrad as fg
    >>> a = np.array([[2.0, 0.0], [0.0, 4.0]])
    >>> fg.grad(lambda b: fg.scipy.linalg.solve(a, b, assume_a="pos").sum())(np.ones(2))
    array([0.5 , 0.25])
    """
    a, b = matrices("solve", a, b)
    kind = assume_a or "general"
    if kind in ("pos", "positive definite"):
        factor = cholesky_factor(a, lower)
        return on_columns(lambda columns: _cho_solve(factor, lower, columns), b)
    if kind in ("lower triangular", "upper triangular"):
        return solve_triangular(a, b, trans=int(transposed), lower=kind == "lower triangular")
    if kind == "diagonal":
        return on_columns(lambda columns: columns / column(matrix_diagonal(a)), b)
    if kind in ("sym", "symmetric", "her", "hermitian"):
        a = hermitian_from_triangle(a, lower, kind.startswith("sym"))
    elif kind not in ("gen", "general", "banded", "tridiagonal"):
        raise ArgumentError(f"solve: assume_a={kind!r} is not known{here()}")
    if transposed:
        a = mT(a)
    return on_columns(lambda columns: solve_p(a, columns), b)


@mirrors("linalg")
def solve_triangular(
    a: Any,
    b: Any,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """`scipy.linalg.solve_triangular`: reads one triangle of `a`; `trans` is 0, "T" or "C".

    >>> import numpy as np, funcgrad as fg
    >>> a = np.array([[2.0, 0.0], [1.0, 4.0]])
    >>> fg.grad(lambda b: fg.scipy.linalg.solve_triangular(a, b, lower=True).sum())(np.ones(2))
    array([0.375, 0.25 ])
    """
    a, b = matrices("solve_triangular", a, b)
    code = {"N": 0, "T": 1, "C": 2}.get(trans, trans)
    return on_columns(
        lambda columns: triangular_solve(
            a,
            columns,
            lower=bool(lower),
            transpose_a=code in (1, 2),
            conjugate_a=code == 2,
            unit_diagonal=bool(unit_diagonal),
        ),
        b,
    )


@mirrors("linalg")
def cho_factor(
    a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> tuple[Any, bool]:
    """`scipy.linalg.cho_factor`, with zeros in the triangle that is not used.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: np.diagonal(fg.scipy.linalg.cho_factor(a)[0]).sum())(4.0 * np.eye(2))
    array([[0.25, 0.  ],
           [0.  , 0.25]])
    """
    return cholesky_factor(matrices("cho_factor", a), lower), lower


def _cho_solve(c: Any, lower: bool, b: Any) -> Any:
    first = triangular_solve(c, b, lower=lower, transpose_a=not lower, conjugate_a=not lower)
    return triangular_solve(c, first, lower=lower, transpose_a=lower, conjugate_a=lower)


@mirrors("linalg")
def cho_solve(
    c_and_lower: Any, b: Any, overwrite_b: bool = False, check_finite: bool = True
) -> Any:
    """`scipy.linalg.cho_solve`: solve with a factor from `cho_factor`.

    >>> import numpy as np, funcgrad as fg
    >>> factor = fg.scipy.linalg.cho_factor(4.0 * np.eye(2))
    >>> fg.grad(lambda b: fg.scipy.linalg.cho_solve(factor, b).sum())(np.ones(2))
    array([0.25, 0.25])
    """
    c, lower = c_and_lower
    c, b = matrices("cho_solve", c, b)
    return on_columns(lambda columns: _cho_solve(c, bool(lower), columns), b)


@mirrors("linalg")
def lu_factor(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> tuple[Any, Any]:
    """`scipy.linalg.lu_factor`: L and U in one matrix, and LAPACK's pivots.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: np.diagonal(fg.scipy.linalg.lu_factor(a)[0]).sum())(np.eye(2))
    array([[1., 0.],
           [0., 1.]])
    """
    lu, pivots, _ = lu_p(matrices("lu_factor", a))
    return lu, pivots


@mirrors("linalg")
def lu_solve(
    lu_and_piv: Any, b: Any, trans: int = 0, overwrite_b: bool = False, check_finite: bool = True
) -> Any:
    """`scipy.linalg.lu_solve`: solve with factors from `lu_factor`; `trans` 1 and 2 mean aᵀ and aᴴ.

    >>> import numpy as np, funcgrad as fg
    >>> factors = fg.scipy.linalg.lu_factor(4.0 * np.eye(2))
    >>> fg.grad(lambda b: fg.scipy.linalg.lu_solve(factors, b).sum())(np.ones(2))
    array([0.25, 0.25])
    """
    lu, pivots = lu_and_piv
    lu, b = matrices("lu_solve", lu, b)
    order = lu_pivots_to_permutation_p(pivots, permutation_size=lu.shape[-1])

    def one(columns: Any) -> Any:
        if not trans:
            x = permute_rows(columns, order)
            x = triangular_solve(lu, x, lower=True, unit_diagonal=True)
            return triangular_solve(lu, x)
        options = {"transpose_a": True, "conjugate_a": trans == 2}
        x = triangular_solve(lu, columns, **options)
        x = triangular_solve(lu, x, lower=True, unit_diagonal=True, **options)
        return permute_rows(x, order, inverse=True)

    return on_columns(one, b)


@mirrors("linalg")
def inv(
    a: Any,
    overwrite_a: bool = False,
    check_finite: bool = True,
    *,
    assume_a: str | None = None,
    lower: bool = False,
) -> Any:
    """`scipy.linalg.inv`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.linalg.inv(a).sum())(2.0 * np.eye(2))
    array([[-0.25, -0.25],
           [-0.25, -0.25]])
    """
    a = matrices("inv", a)
    kind = assume_a or "general"
    if kind in ("pos", "positive definite", "sym", "symmetric", "her", "hermitian"):
        a = hermitian_from_triangle(a, lower, kind.startswith("sym"))
    elif kind == "lower triangular":
        a = tril(a)
    elif kind == "upper triangular":
        a = triu(a)
    elif kind == "diagonal":
        a = diagonal_matrix(matrix_diagonal(a))
    return inv_p(a)


@mirrors("linalg")
def lstsq(
    a: Any,
    b: Any,
    cond: Any = None,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    lapack_driver: Any = None,
) -> tuple[Any, Any, Any, Any]:
    """`scipy.linalg.lstsq`: solution, sums of squared residuals, rank, singular values.

    >>> import numpy as np, funcgrad as fg
    >>> a = np.array([[1.0], [1.0]])
    >>> fg.grad(lambda b: fg.scipy.linalg.lstsq(a, b)[0].sum())(np.array([1.0, 3.0]))
    array([0.5, 0.5])
    """
    a, b = matrices("lstsq", a, b)
    cond = float(np.finfo(a.dtype).eps) if cond is None else float(cond)
    return np_lstsq(a, b, cond)


@mirrors("linalg")
def solve_banded(
    l_and_u: tuple[int, int],
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """`scipy.linalg.solve_banded`: `ab[u + i - j, j]` holds `a[i, j]`.

    >>> import numpy as np, funcgrad as fg
    >>> ab = np.array([[0.0, 1.0], [2.0, 4.0]])
    >>> fg.grad(lambda b: fg.scipy.linalg.solve_banded((0, 1), ab, b).sum())(np.ones(2))
    array([0.5  , 0.125])
    """
    lower, upper = l_and_u
    ab, b = matrices("solve_banded", ab, b)
    return on_columns(lambda x: solve_banded_p(ab, x, lower=int(lower), upper=int(upper)), b)


@mirrors("linalg")
def solveh_banded(
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    lower: bool = False,
    check_finite: bool = True,
) -> Any:
    """`scipy.linalg.solveh_banded`: a Hermitian banded matrix, of which one half is stored.

    >>> import numpy as np, funcgrad as fg
    >>> ab = np.array([[2.0, 4.0]])
    >>> fg.grad(lambda b: fg.scipy.linalg.solveh_banded(ab, b).sum())(np.ones(2))
    array([0.5 , 0.25])
    """
    ab, b = matrices("solveh_banded", ab, b)
    width, n = ab.shape[-2] - 1, ab.shape[-1]
    zeros = np.zeros(ab.shape[:-2] + (1,), ab.dtype)
    rows: list[Any] = []
    for d in range(width, -width - 1, -1):  # the diagonal above the main one by d
        k = abs(d)
        row = ab[..., k, : n - k] if lower else ab[..., width - k, k:]
        if is_complex(row) and d == 0:
            row = convert(real(row), row.dtype)
        elif is_complex(row) and (d > 0) == lower:
            row = conj(row)
        padding = broadcast_to(zeros, (*ab.shape[:-2], k))
        rows.append(np.concatenate([padding, row] if d > 0 else [row, padding], axis=-1))
    full = np.stack(rows, axis=-2)
    return on_columns(lambda x: solve_banded_p(full, x, lower=width, upper=width), b)


@mirrors("linalg")
def solve_toeplitz(c_or_cr: Any, b: Any, check_finite: bool = True) -> Any:
    """`scipy.linalg.solve_toeplitz`, by a dense solution.

    >>> import numpy as np, funcgrad as fg
    >>> b = np.ones(2)
    >>> fg.grad(lambda c: fg.scipy.linalg.solve_toeplitz(c, b).sum())(np.array([2.0, 0.0]))
    array([-0.5, -0.5])
    """
    c, r = c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, None)
    a, b = in_double("solve_toeplitz", toeplitz(c, r), b)
    return on_columns(lambda x: solve_p(a, x), b)


@mirrors("linalg")
def solve_circulant(c: Any, b: Any) -> Any:
    """`scipy.linalg.solve_circulant` for a vector `c`, by Fourier transforms.

    >>> import numpy as np, funcgrad as fg
    >>> b = np.ones(2)
    >>> fg.grad(lambda c: fg.scipy.linalg.solve_circulant(c, b).sum())(np.array([2.0, 0.0]))
    array([-0.5, -0.5])
    """
    if len(typeof(c).shape) != 1:
        raise ArgumentError(f"solve_circulant takes a vector c, got {typeof(c)}{here()}")
    a, b = matrices("solve_circulant", circulant(c), b)
    return on_columns(lambda x: solve_p(a, x), b)


@mirrors("linalg")
def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """`scipy.linalg.solve_sylvester`: `x` with `a x + x b = q`.

    >>> import numpy as np, funcgrad as fg
    >>> a = np.eye(2)
    >>> fg.grad(lambda q: fg.scipy.linalg.solve_sylvester(a, a, q).sum())(np.ones((2, 2)))
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """
    return sylvester_p(*matrices("solve_sylvester", a, b, q))


@mirrors("linalg")
def solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    """`scipy.linalg.solve_continuous_lyapunov`: `x` with `a x + x aᴴ = q`.

    >>> import numpy as np, funcgrad as fg
    >>> a = -np.eye(2)
    >>> fg.grad(lambda q: fg.scipy.linalg.solve_continuous_lyapunov(a, q).sum())(np.eye(2))
    array([[-0.5, -0.5],
           [-0.5, -0.5]])
    """
    a, q = matrices("solve_continuous_lyapunov", a, q)
    return sylvester_p(a, adjoint(a), q)


@mirrors("linalg")
def solve_discrete_lyapunov(a: Any, q: Any, method: str | None = None) -> Any:
    """`scipy.linalg.solve_discrete_lyapunov`: `x` with `a x aᴴ - x + q = 0`.

    >>> import numpy as np, funcgrad as fg
    >>> a = 0.5 * np.eye(2)
    >>> fg.grad(lambda q: fg.scipy.linalg.solve_discrete_lyapunov(a, q)[0, 0])(np.eye(2)).round(4)
    array([[1.3333, 0.    ],
           [0.    , 0.    ]])
    """
    # The bilinear transformation b = (aᴴ - 1)(aᴴ + 1)⁻¹ makes it a continuous equation.
    a, q = in_double("solve_discrete_lyapunov", a, q)
    ah, eye = adjoint(a), np.eye(a.shape[-1], dtype=a.dtype)
    right = inv_p(ah + eye)
    b = matmul(ah - eye, right)
    c = matmul(matmul(inv_p(a + eye), q), right) * 2.0
    return sylvester_p(adjoint(b), b, -c)
