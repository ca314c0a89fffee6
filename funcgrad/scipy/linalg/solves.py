"""`scipy.linalg`: systems of equations."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.numpy.matrices import lstsq as np_lstsq
from funcgrad.numpy.matrices import matrices
from funcgrad.ops.linalg.factor import (
    lu_p,
    lu_pivots_to_permutation_p,
    permute_rows,
)
from funcgrad.ops.linalg.matrix import (
    column,
    diagonal_matrix,
    matrix_diagonal,
    mT,
    tril,
    triu,
)
from funcgrad.ops.linalg.solve import inv_p, solve_p, triangular_solve
from funcgrad.scipy.linalg.operands import (
    cholesky_factor,
    hermitian_from_triangle,
    on_columns,
)
from funcgrad.scipy.mirror import mirrors


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
