"""Functions of matrices (exponential, logarithm, roots, powers), Sylvester's equation, the polar factor.

They need SciPy.

The derivative of an analytic function of a matrix is its Fréchet derivative, linear in the change E, and
to be read off the function of a matrix of twice the size (Najfeld and Havel 1995; Higham 2008, theorem 3.6):

    f([[A, E], [0, A]]) = [[f(A), L(A, E)], [0, f(A)]]

The derivative of L with respect to A is L of such matrices in turn. It is right for coinciding
eigenvalues and for matrices that cannot be diagonalised too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.primitive import Primitive
from funcgrad.core.source import here
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import add_any, broadcast_to, instantiate, unbroadcast, zeros
from funcgrad.ops.contraction import matmul
from funcgrad.ops.linalg.matrix import (
    MatrixError,
    above,
    adjoint,
    beside,
    check_matrix,
    check_square,
    cut,
    hermitian_part,
    mT,
    stack_batch,
)
from funcgrad.ops.linalg.solve import solve_p

# ("expm",), ("logm",), ("sqrtm",) or ("fractional_matrix_power", exponent)
Function = tuple[Any, ...]


@cache
def scipy_linalg() -> Any:
    """SciPy's module, imported when a function first needs it."""
    import scipy.linalg

    return scipy.linalg


def each_matrix(compute: Callable[..., Any], *stacks: Any) -> Any:
    """Apply a function of single matrices to each of the stacks, which broadcast."""
    if all(x.ndim == 2 for x in stacks):
        return compute(*stacks)
    stack = np.broadcast_shapes(*[x.shape[:-2] for x in stacks])
    stacks = tuple([np.broadcast_to(x, stack + x.shape[-2:]) for x in stacks])
    results = [compute(*[x[index] for x in stacks]) for index in np.ndindex(stack)]
    if not results:
        return np.zeros((*stack, *stacks[-1].shape[-2:]), stacks[-1].dtype)
    return np.reshape(np.stack(results), (*stack, *results[0].shape))


def _as_dtype(x: Any, dtype: np.dtype[Any]) -> Any:
    if x.dtype.kind == "c" and dtype.kind != "c":
        x = x.real
    return np.asarray(x, dtype)


def _function_impl(a: Any, function: Function) -> Any:
    name, *parameters = function
    compute = getattr(scipy_linalg(), name)
    if name == "expm":
        return _as_dtype(compute(a), a.dtype)
    return _as_dtype(each_matrix(lambda x: compute(x, *parameters), a), a.dtype)


def _function_jvp(
    primals: Sequence[Any], tangents: Sequence[Any], function: Function
) -> tuple[Any, Any]:
    (a,), (t,) = primals, tangents
    out = matrix_function_p(a, function=function)
    if function[0] == "sqrtm":
        return out, sylvester_p(out, out, t)
    return out, frechet_p(a, t, function=function)


def _function_abstract(a: ShapedArray, function: Function) -> ShapedArray:
    check_square(function[0], a)
    return a


# A function of each matrix, with the dtype of the matrix: a real one must have a real value.
matrix_function_p = Primitive(
    "matrix_function",
    impl=_function_impl,
    abstract=_function_abstract,
    jvp=_function_jvp,
    batch=stack_batch(lambda: matrix_function_p),
    properties=frozenset({"blas"}),
)


def _frechet_impl(a: Any, e: Any, function: Function) -> Any:
    if function == ("expm",) and a.ndim == e.ndim == 2 and a.dtype.char in "dD":
        return _as_dtype(scipy_linalg().expm_frechet(a, e, compute_expm=False), a.dtype)
    n = a.shape[-1]
    stack = np.broadcast_shapes(a.shape[:-2], e.shape[:-2])
    block = np.zeros((*stack, 2 * n, 2 * n), a.dtype)
    block[..., :n, :n] = block[..., n:, n:] = a
    block[..., :n, n:] = e
    return np.ascontiguousarray(_function_impl(block, function)[..., :n, n:])


def _frechet_abstract(a: ShapedArray, e: ShapedArray, function: Function) -> ShapedArray:
    check_square(function[0], a)
    if a.shape[-2:] != e.shape[-2:] or a.dtype != e.dtype:
        raise MatrixError(
            f"the matrix {a} and its change {e} must have one shape and dtype{here()}"
        )
    return ShapedArray(np.broadcast_shapes(a.shape, e.shape), a.dtype)


def _frechet_jvp(
    primals: Sequence[Any], tangents: Sequence[Any], function: Function
) -> tuple[Any, Any]:
    (a, e), (ta, te) = primals, tangents
    out = frechet_p(a, e, function=function)
    if ta is None:
        return out, frechet_p(a, te, function=function)
    shape = out.shape
    n = shape[-1]
    a, e, ta = [broadcast_to(x, shape) for x in (a, e, ta)]
    zero = zeros(ShapedArray(shape, out.dtype))
    te = instantiate(te, ShapedArray(shape, out.dtype))
    te = broadcast_to(te, shape)
    block = above(beside(a, e), beside(zero, a))
    change = above(beside(ta, te), beside(zero, ta))
    both = frechet_p(block, change, function=function)
    return out, cut(both, rows=(0, n), columns=(n, 2 * n))


# The Fréchet derivative of a function at `a` in the direction `e`.
frechet_p = Primitive(
    "frechet",
    impl=_frechet_impl,
    abstract=_frechet_abstract,
    jvp=_frechet_jvp,
    transpose=lambda ct, a, e, function: (
        None,
        unbroadcast(frechet_p(mT(a), ct, function=function), e.aval),
    ),
    batch=stack_batch(lambda: frechet_p),
    properties=frozenset({"blas"}),
)


def _sylvester_abstract(a: ShapedArray, b: ShapedArray, q: ShapedArray) -> ShapedArray:
    check_square("solve_sylvester", a)
    check_square("solve_sylvester", b)
    if (a.shape[-1], b.shape[-1]) != q.shape[-2:] or not a.dtype == b.dtype == q.dtype:
        raise ArgumentError(f"solve_sylvester: {a}, {b} and {q} do not fit{here()}")
    stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2], q.shape[:-2])
    return ShapedArray((*stack, *q.shape[-2:]), q.dtype)


def _sylvester_impl(a: Any, b: Any, q: Any) -> Any:
    return _as_dtype(each_matrix(scipy_linalg().solve_sylvester, a, b, q), q.dtype)


def _sylvester_jvp(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    (a, b, q), (ta, tb, tq) = primals, tangents
    x = sylvester_p(a, b, q)
    terms = []
    if ta is not None:
        terms.append(-matmul(ta, x))
    if tb is not None:
        terms.append(-matmul(x, tb))
    if tq is not None:
        terms.append(broadcast_to(tq, x.shape) if terms else tq)
    total = terms[0]
    for term in terms[1:]:
        total = add_any(broadcast_to(total, x.shape), broadcast_to(term, x.shape))
    return x, sylvester_p(a, b, total)


# x with a x + x b = q.
sylvester_p = Primitive(
    "solve_sylvester",
    impl=_sylvester_impl,
    abstract=_sylvester_abstract,
    jvp=_sylvester_jvp,
    transpose=lambda ct, a, b, q: (
        None,
        None,
        unbroadcast(sylvester_p(mT(a), mT(b), ct), q.aval),
    ),
    batch=stack_batch(lambda: sylvester_p),
    properties=frozenset({"blas"}),
)


def _polar_abstract(a: ShapedArray) -> ShapedArray:
    check_matrix("polar", a)
    if a.shape[-2] < a.shape[-1]:
        raise MatrixError(f"polar of {a}: fewer rows than columns{here()}")
    return a


def _polar_impl(a: Any) -> Any:
    w, _, vh = np.linalg.svd(a, full_matrices=False)
    return w @ vh


def _polar_jvp(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    # With P = Uᴴ A: dU = U X + (1 - U Uᴴ) dA P⁻¹, where P X + X P = Uᴴ dA - dAᴴ U.
    (a,), (t,) = primals, tangents
    u = polar_p(a)
    uh = adjoint(u)
    p = hermitian_part(matmul(uh, a))
    inner = matmul(uh, t)
    change = matmul(u, sylvester_p(p, p, inner - adjoint(inner)))
    if a.shape[-2] > a.shape[-1]:
        outside = t - matmul(u, inner)
        change = change + adjoint(solve_p(p, adjoint(outside)))
    return u, change


# The unitary factor U of each matrix U P with at least as many rows as columns. Unlike U and V of the
# singular value decomposition it has derivatives of all orders where singular values coincide.
polar_p = Primitive(
    "polar",
    impl=_polar_impl,
    abstract=_polar_abstract,
    jvp=_polar_jvp,
    batch=stack_batch(lambda: polar_p),
    properties=frozenset({"blas"}),
)
