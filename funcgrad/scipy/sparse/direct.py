"""Direct solvers of sparse systems, by SciPy's factorisations, with the derivatives of the equation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.control.linear_solve import custom_linear_solve
from funcgrad.control.user_primitive import UserPrimitive
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.trace import current_trace
from funcgrad.core.tracing import typeof
from funcgrad.core.types import ShapedArray
from funcgrad.numpy.arguments import operand
from funcgrad.ops.basic import convert
from funcgrad.scipy.mirror import HoldsTraced, mirrors, scipy_module
from funcgrad.scipy.sparse.matrix import SparseMatrix, as_sparse, is_sparse


def _solve(data: Any, row: Any, col: Any, b: Any) -> tuple[Any]:
    """SciPy's solution, for one right-hand side or several (n, k)."""
    n = len(b)
    matrix = scipy_module("sparse").csc_matrix((data, (row, col)), shape=(n, n))
    return (scipy_module("sparse.linalg").splu(matrix).solve(np.asarray(b)),)


_solve_p = UserPrimitive(
    "sparse_solve",
    _solve,
    lambda data, row, col, b: (ShapedArray(b.shape, b.dtype),),
    "loop",
    False,
)


def _solution(name: str, matrix: SparseMatrix, b: Any, transposed: bool = False) -> Any:
    n = matrix.shape[0]
    shape = typeof(b).shape
    if matrix.shape != (n, n) or len(shape) not in (1, 2) or shape[0] != n:
        raise ArgumentError(
            f"{name}: a matrix of shape {matrix.shape} and a right-hand side of shape {shape} do not fit{here()}"
        )
    dtype = np.result_type(matrix.dtype, typeof(b).dtype, np.float32)
    matrix, b = matrix.astype(dtype), convert(b, dtype)
    matrix = matrix.transpose() if transposed else matrix

    def solve(matvec: Any, b: Any) -> Any:
        return _solve_p(matrix.data, matrix.row, matrix.col, b)[0]

    def solve_transposed(matvec: Any, b: Any) -> Any:
        return _solve_p(matrix.data, matrix.col, matrix.row, b)[0]

    return custom_linear_solve(lambda x: matrix @ x, b, solve, solve_transposed)


@mirrors("sparse.linalg")
def spsolve(A: Any, b: Any, permc_spec: Any = None, use_umfpack: bool = True) -> Any:
    """`scipy.sparse.linalg.spsolve`: `x` with `A x = b`; derivatives solve with the transposed matrix.

    Args:
        A: a sparse matrix (n, n), of SciPy's or with traced elements.
        b: (n,) or (n, k), dense or sparse; the solution is dense.
        permc_spec: without effect on traced values.
        use_umfpack: without effect on traced values.

    Raises:
        ArgumentError: the shapes do not fit.
        RuntimeError: the matrix is singular.

    >>> import numpy as np, funcgrad as fg, scipy.sparse
    >>> def f(d):
    ...     A = scipy.sparse.diags([d], [0], format="csc")
    ...     return scipy.sparse.linalg.spsolve(A, np.ones(2)).sum()
    >>> fg.grad(f)(np.array([1.0, 2.0]))
    array([-1.  , -0.25])
    """
    right = as_sparse(b).toarray() if is_sparse(b) else operand(b)
    column = (
        typeof(right).ndim == 2 and typeof(right).shape[1] == 1
    )  # SciPy's solution is flat then
    return _solution("spsolve", as_sparse(A), right.reshape(-1) if column else right)


class Factors(HoldsTraced):
    """What `splu` makes of a matrix while a function is traced: its right-hand sides may be traced."""

    def __init__(self, matrix: SparseMatrix) -> None:
        self.matrix = matrix
        self.shape = matrix.shape

    def solve(self, rhs: Any, trans: str = "N") -> Any:
        """The solution for a right-hand side; `trans` "T" and "H" for the transposed and the adjoint matrix."""
        if trans not in ("N", "T", "H"):
            raise ArgumentError(f"splu: trans is 'N', 'T' or 'H', not {trans!r}{here()}")
        matrix = self.matrix.conj() if trans == "H" else self.matrix
        return _solution("splu", matrix, operand(rhs), trans != "N")


def splu(A: Any, *options: Any, **named: Any) -> Any:
    """`scipy.sparse.linalg.splu`: an object whose `solve` gives solutions of `A x = b`.

    Under a trace, where the matrix and right-hand sides may be traced, each solution eliminates anew.

    >>> import numpy as np, funcgrad as fg, scipy.sparse
    >>> A = scipy.sparse.csc_matrix(np.diag([1.0, 2.0]))
    >>> fg.grad(lambda b: fg.scipy.sparse.linalg.splu(A).solve(b).sum())(np.ones(2))
    array([1. , 0.5])
    """
    if current_trace() is None:
        return scipy_module("sparse.linalg").splu(A, *options, **named)
    return Factors(as_sparse(A))


def factorized(A: Any) -> Callable[[Any], Any]:
    """`scipy.sparse.linalg.factorized`: the function `b -> x` with `A x = b`; see `splu`.

    >>> import numpy as np, funcgrad as fg, scipy.sparse
    >>> A = scipy.sparse.csc_matrix(np.diag([1.0, 2.0]))
    >>> fg.grad(lambda b: fg.scipy.sparse.linalg.factorized(A)(b).sum())(np.ones(2))
    array([1. , 0.5])
    """
    if current_trace() is None:
        return scipy_module("sparse.linalg").factorized(A)
    return Factors(as_sparse(A)).solve
