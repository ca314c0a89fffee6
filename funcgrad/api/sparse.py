"""Sparse Jacobians and Hessians: the pattern from the jaxpr, then a few products instead of one per column.

Columns that share no row get one colour and are computed by one product (Curtis, Powell and Reid, "On the
estimation of sparse Jacobian matrices", 1974).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from funcgrad.api.call import Transformed, execute
from funcgrad.api.grad import grad
from funcgrad.api.jacobians import Named
from funcgrad.api.traced_call import TracedCall
from funcgrad.core.errors import ArgumentError
from funcgrad.core.primitive import BatchAxis
from funcgrad.core.source import describe_function
from funcgrad.core.tracing import is_traced
from funcgrad.transforms import batch as batching
from funcgrad.transforms import forward
from funcgrad.transforms.sparsity import input_deps, output_deps

if TYPE_CHECKING:
    import scipy.sparse


def jacobian_sparsity(fun: Callable[..., Any], *args: Any) -> scipy.sparse.csr_array:
    """Which elements of `fun`'s result depend on which elements of its first argument.

    Args:
        fun: a function of an array (the first argument) with an array result.
        args: its arguments. Their values matter only where the function branches on them.

    Returns:
        A boolean sparse array of shape `(result size, argument size)`, of elements in C order. An entry may be
        there although the derivative is zero; none is missing.

    >>> import numpy as np, funcgrad as fg
    >>> fg.jacobian_sparsity(lambda x: x[1:] - x[:-1] ** 2, np.ones(4)).toarray().astype(int)
    array([[1, 1, 0, 0],
           [0, 1, 1, 0],
           [0, 0, 1, 1]])
    """
    call = _trace(fun, args, "jacobian_sparsity")
    return _pattern(call)


def sparse_jacobian(fun: Callable[..., Any]) -> Callable[..., Any]:
    """The Jacobian with respect to the first argument as a sparse matrix.

    Args:
        fun: a function of a real array (the first argument) with a real array result.

    Returns:
        A function with the arguments of `fun` that gives a `scipy.sparse.csr_array` of shape
        `(result size, argument size)`, of elements in C order.

    >>> import numpy as np, funcgrad as fg
    >>> fg.sparse_jacobian(lambda x: x[1:] - x[:-1] ** 2)(np.arange(1.0, 5.0)).toarray()
    array([[-2.,  1.,  0.,  0.],
           [ 0., -4.,  1.,  0.],
           [ 0.,  0., -6.,  1.]])
    """
    return SparseJacobian(fun)


def sparse_hessian(fun: Callable[..., Any]) -> Callable[..., Any]:
    """The Hessian of a scalar function with respect to its first argument as a sparse matrix.

    Args:
        fun: a function of a real array (the first argument) with a real scalar result.

    Returns:
        A function with the arguments of `fun` that gives a symmetric `scipy.sparse.csr_array`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.sparse_hessian(lambda x: np.sum(x[1:] * x[:-1] ** 2))(np.arange(1.0, 4.0)).toarray()
    array([[4., 2., 0.],
           [2., 6., 4.],
           [0., 4., 0.]])
    """
    return SparseJacobian(grad(fun))


class SparseJacobian(Transformed):
    """A function that returns a sparse Jacobian."""

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        call = _trace(self.fun, args, "sparse_jacobian", kwargs)
        pattern, colors = call.jaxpr.memo(
            ("sparsity", _indices(call)), lambda: _colored(_pattern(call))
        )
        n_colors = int(colors.max(initial=-1)) + 1
        n = call.avals[0].size
        seeds = np.zeros((n_colors, n), call.avals[0].dtype)
        seeds[colors, np.arange(n)] = 1.0
        split = forward.linearize(call.jaxpr, call.nonzero(), instantiate=True)
        results = execute(split.known, [*call.consts, *call.leaves])
        residuals = results[1:]
        batched, _ = batching.batch(
            split.linear, BatchAxis(n_colors), [False] * len(residuals) + [True], out_batched=True
        )
        (products,) = execute(batched, [*residuals, seeds.reshape(n_colors, *call.avals[0].shape)])
        rows, columns = pattern.nonzero()
        values = products.reshape(n_colors, -1)[colors[columns], rows]
        sparse = _scipy_sparse()
        return sparse.csr_array((values, (rows, columns)), shape=pattern.shape)


def _trace(fun: Any, args: tuple[Any, ...], transform: str, kwargs: Any = None) -> TracedCall:
    if not args:
        raise ArgumentError(
            f"{transform}: call {describe_function(fun)} with at least one argument"
        )
    if is_traced(*args):
        raise ArgumentError(
            f"{transform} gives a SciPy matrix, so it cannot be called inside of another transform"
            "\n  use fg.jacfwd or fg.jacrev there"
        )
    rest, named = args[1:], kwargs or {}

    call = TracedCall(Named(lambda x: fun(x, *rest, **named), fun), (args[0],), transform)
    for what, avals in (("argument", call.avals), ("result", call.out_avals)):
        if len(avals) != 1 or avals[0].dtype.kind != "f":
            raise ArgumentError(
                f"{transform} takes a function of one real array with one real array as its result, but the "
                f"{what} of {describe_function(fun)} is {', '.join(map(str, avals)) or 'empty'}\n  "
                "join several arrays with fg.flatten_util.ravel_pytree"
            )
    return call


def _pattern(call: TracedCall) -> Any:
    deps = output_deps(call.jaxpr, [*call.consts, input_deps(call.avals[0].shape)])[0]
    rows, columns = [], []
    if isinstance(deps, np.ndarray) and deps.dtype == object:
        for row, found in enumerate(deps.reshape(-1)):
            rows += [row] * len(found)
            columns += sorted(found)
    shape = (call.out_avals[0].size, call.avals[0].size)
    sparse = _scipy_sparse()
    return sparse.csr_array((np.ones(len(rows), bool), (rows, columns)), shape=shape)


def _indices(call: TracedCall) -> tuple[bytes, ...]:
    """The captured integers and booleans: they may be indices, on which the pattern depends."""
    arrays = [np.asarray(c) for c in call.consts]
    return tuple([a.tobytes() for a in arrays if a.dtype.kind in "biu"])


def _colored(pattern: Any) -> tuple[Any, Any]:
    """The pattern, and a colour for each column such that columns of one colour share no row (greedy)."""
    by_column = pattern.tocsc()
    taken: list[set[int]] = [set() for _ in range(pattern.shape[0])]
    colors = np.zeros(pattern.shape[1], int)
    for column in range(pattern.shape[1]):
        rows = by_column.indices[by_column.indptr[column] : by_column.indptr[column + 1]]
        used = set().union(*[taken[row] for row in rows])
        color = next(c for c in range(len(used) + 1) if c not in used)
        colors[column] = color
        for row in rows:
            taken[row].add(color)
    return pattern, colors


def _scipy_sparse() -> Any:
    try:
        import scipy.sparse
    except ImportError as error:
        raise ImportError(
            "sparse Jacobians are SciPy matrices: install scipy, or funcgrad[scipy]"
        ) from error
    return scipy.sparse
