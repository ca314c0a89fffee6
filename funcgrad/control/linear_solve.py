"""`custom_linear_solve`: solving `A x = b` by any means, with the derivative of the solution.

The primitive holds four jaxprs: `A x`, the solver, and the same for the transpose of `A`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from funcgrad.control.bodies import trace_body
from funcgrad.control.call import CallPrimitive
from funcgrad.control.custom_call import split_jvp
from funcgrad.control.jaxprs import padded, split_list
from funcgrad.control.mismatch import side_by_side
from funcgrad.core.errors import ArgumentError, NoDerivativeError
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.leaves import flatten_arrays, shown
from funcgrad.core.primitive import BatchAxis, Linear
from funcgrad.core.source import describe_function, here
from funcgrad.core.tracing import current_trace, typeof
from funcgrad.core.tree import describe_mismatch, tree_flatten, tree_structure
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import add_any, instantiate
from funcgrad.transforms import batch as batching
from funcgrad.transforms import forward
from funcgrad.transforms import transpose as transposition


class Solver(NamedTuple):
    """`matvec`: constants, x -> A x. `solve`: constants, b -> x, and auxiliary results."""

    matvec: Jaxpr
    solve: Jaxpr


def _aux(x: Sequence[Any], solve: Jaxpr, n: int) -> list[Any]:
    return [None] * (len(solve.outvars) - n)


def _jvp(
    primals: Sequence[Any],
    tangents: Sequence[Any],
    *,
    forwards: Solver,
    backwards: Solver | None,
    n_consts: int,
) -> Any:
    """`A dx = db - dA x`: derivative of the equation that the solution fulfils."""
    outs = linear_solve_p(*primals, forwards=forwards, backwards=backwards, n_consts=n_consts)
    n = len(primals) - n_consts
    x = list(outs[:n])
    t_consts, t_b = split_list(tangents, n_consts)
    rhs: list[Any] = list(t_b)
    nonzero = [t is not None for t in t_consts] + [False] * n
    if any(nonzero):
        double, out_nonzero = forward.jvp(forwards.matvec, nonzero)
        given = [t for t in t_consts if t is not None]
        operands = [*primals[:n_consts], *x]
        _, moved = split_jvp(double, out_nonzero, operands, given, "the matvec of a linear solve")
        dots = iter(moved)
        for i, nz in enumerate(out_nonzero):
            if nz:
                negative = -next(dots)
                rhs[i] = negative if rhs[i] is None else add_any(rhs[i], negative)
    if all(t is None for t in rhs):
        return outs, [None] * len(outs)
    avals = [v.aval.strip_weak_type() for v in forwards.matvec.outvars]
    rhs = [instantiate(t, a) for t, a in zip(rhs, avals, strict=True)]
    dx = linear_solve_p(
        *primals[:n_consts], *rhs, forwards=forwards, backwards=backwards, n_consts=n_consts
    )[:n]
    return outs, [*dx, *_aux(outs, forwards.solve, n)]


def _transpose(
    cts: Sequence[Any],
    *operands: Any,
    forwards: Solver,
    backwards: Solver | None,
    n_consts: int,
) -> list[Any]:
    if backwards is None:
        raise NoDerivativeError(
            "custom_linear_solve has no solver of the transposed system, which reverse mode needs\n  "
            "pass transpose_solve, or symmetric=True"
        )
    consts, b = split_list(operands, n_consts)
    if any(type(c) is Linear for c in consts):
        raise NoDerivativeError("custom_linear_solve is not linear in the matrix")
    n = len(b)
    given = [instantiate(ct, x.aval.strip_weak_type()) for ct, x in zip(cts[:n], b, strict=True)]
    outs = linear_solve_p(
        *consts, *given, forwards=backwards, backwards=forwards, n_consts=n_consts
    )
    return [*[None] * n_consts, *outs[:n]]


def _batch(
    axis: BatchAxis,
    operands: Sequence[Any],
    batched: Sequence[bool],
    *,
    forwards: Solver,
    backwards: Solver | None,
    n_consts: int,
) -> Any:
    consts, b = split_list(operands, n_consts)
    b_consts, b_b = split_list(batched, n_consts)
    flags = [*b_consts, *[True] * len(b)]

    def on_batch(solver: Solver | None) -> Solver | None:
        if solver is None:
            return None
        return Solver(*[batching.batch(j, axis, flags, out_batched=True).jaxpr for j in solver])

    b = [x if f else batching.to_batch(x, axis) for x, f in zip(b, b_b, strict=True)]
    outs = linear_solve_p(
        *consts,
        *b,
        forwards=on_batch(forwards),
        backwards=on_batch(backwards),
        n_consts=n_consts,
    )
    return outs, True


linear_solve_p = CallPrimitive(
    "custom_linear_solve",
    impl=lambda *args, forwards, **params: tuple(eval_jaxpr(forwards.solve, (), *args)),
    abstract=lambda *avals, forwards, **params: forwards.solve.out_avals,
    jvp=_jvp,
    transpose=_transpose,
    batch=_batch,
    multiple_results=True,
)


def custom_linear_solve(
    matvec: Callable[[Any], Any],
    b: Any,
    solve: Callable[[Callable[[Any], Any], Any], Any],
    transpose_solve: Callable[[Callable[[Any], Any], Any], Any] | None = None,
    symmetric: bool = False,
    has_aux: bool = False,
) -> Any:
    """Solve the linear system `matvec(x) = b` by any means, with derivatives that do not look into the solver.

    The derivative of the solution follows from the equation, so the solver may iterate, call LAPACK, or be a callback.
    The functions may close over traced values, with respect to which the solution is differentiated.

    Args:
        matvec: a linear function: takes `x`, of the structure, shapes and dtypes of `b`, and gives `A x`.
        b: the right-hand side: an array or a pytree.
        solve: `solve(matvec, b) -> x`.
        transpose_solve: `transpose_solve(vecmat, b) -> x` for the transposed system. Reverse mode needs it, unless
            `symmetric`.
        symmetric: whether `A` equals its transpose, so that `solve` serves both ways.
        has_aux: whether solvers return `(x, aux)`; auxiliary data is not differentiated.

    Returns:
        The solution, or `(x, aux)`.

    >>> import numpy as np, funcgrad as fg
    >>> def solution(a):
    ...     matvec = lambda x: a * x
    ...     return fg.lax.custom_linear_solve(matvec, 6.0, lambda matvec, b: b / a, symmetric=True)
    >>> solution(2.0), fg.grad(solution)(2.0)
    (3.0, np.float64(-1.5))
    """
    for fun, name in ((matvec, "matvec"), (solve, "solve")):
        if not callable(fun):
            raise ArgumentError(
                f"custom_linear_solve takes a function for {name}, not {shown(fun)}"
            )
    if transpose_solve is None and symmetric:
        transpose_solve = solve
    if current_trace() is None:
        out = solve(matvec, b)
        check_solution("custom_linear_solve", solve, out, b, "b", has_aux)
        return out
    leaves, avals, tree = flatten_arrays(b, "custom_linear_solve", "b")
    strong = [a.strip_weak_type() for a in avals]
    in_tree = tree_structure((tree.unflatten([0] * len(leaves)),))
    product = trace_body(matvec, in_tree, strong, what="custom_linear_solve", why_abstract="rule")
    _check(product.out_tree, product.out_avals, tree, strong, matvec, "matvec")
    solution = trace_body(
        _Solve(solve, matvec),
        in_tree,
        strong,
        what="custom_linear_solve",
        values=leaves,
        title=solve,
    )
    aux_tree = _solution_tree(solution, tree, strong, solve, has_aux)
    bodies = [product, solution]
    if transpose_solve is not None:
        vecmat = matvec if symmetric else _Transposed(product, strong, tree)
        backwards = trace_body(
            _Solve(transpose_solve, vecmat),
            in_tree,
            strong,
            what="custom_linear_solve",
            title=transpose_solve,
            why_abstract="rule",
        )
        _solution_tree(backwards, tree, strong, transpose_solve, has_aux)
        bodies.append(backwards)
    consts = [c for body in bodies for c in body.consts]
    const_avals = [a for body in bodies for a in body.const_avals]
    all_avals = [*const_avals, *strong]
    jaxprs, first = [], 0
    for body in bodies:
        n = len(body.consts)
        order = [*range(first, first + n), *range(len(consts), len(all_avals))]
        jaxprs.append(padded(body.jaxpr, all_avals, order))
        first += n
    forwards = Solver(jaxprs[0], jaxprs[1])
    backwards_solver = None
    if transpose_solve is not None:
        back = jaxprs[0] if symmetric else _transposed_product(jaxprs[0], len(consts))
        backwards_solver = Solver(back, jaxprs[2])
    outs = linear_solve_p(
        *consts, *leaves, forwards=forwards, backwards=backwards_solver, n_consts=len(consts)
    )
    x = tree.unflatten(outs[: len(leaves)])
    return (x, aux_tree.unflatten(outs[len(leaves) :])) if has_aux else x


class _Solve:
    """A solver with its matrix."""

    def __init__(self, solve: Callable[..., Any], matvec: Callable[[Any], Any]) -> None:
        self.solve = solve
        self.matvec = matvec

    def __call__(self, b: Any) -> Any:
        return self.solve(self.matvec, b)


class _Transposed:
    """The product with the transposed matrix, as a function."""

    def __init__(self, product: Any, avals: Sequence[ShapedArray], tree: Any) -> None:
        self.consts = product.consts
        self.jaxpr = _transposed_product(product.jaxpr, len(product.consts))
        self.tree = tree

    def __call__(self, x: Any) -> Any:
        leaves = tree_flatten(x)[0]
        return self.tree.unflatten(eval_jaxpr(self.jaxpr, (), *self.consts, *leaves))


def _transposed_product(matvec: Jaxpr, n_consts: int) -> Jaxpr:
    """Constants, y -> A^T y."""
    linear = [i >= n_consts for i in range(len(matvec.invars))]
    return transposition.transpose(matvec, linear)


def check_solution(
    transform: str, solve: Any, out: Any, like: Any, name: str, has_aux: bool
) -> None:
    """Refuse the result of a solver that ran outside of a trace, if it has not the structure and shapes of `like`."""
    if has_aux:
        if not isinstance(out, (tuple, list)) or len(out) != 2:
            raise ArgumentError(
                f"{transform}: {describe_function(solve)} must return (x, aux){here()}"
            )
        out = out[0]
    leaves, tree = tree_flatten(like)
    found, found_tree = tree_flatten(out)
    if tree == found_tree and [np.shape(x) for x in leaves] == [np.shape(x) for x in found]:
        return
    text = (
        f"{transform}: solve {describe_function(solve)} must give a result of the structure and types of {name}"
        f"{here()}"
    )
    if tree != found_tree:
        raise ArgumentError(f"{text}\n{describe_mismatch(tree, found_tree, (name, 'the result'))}")
    avals = [[typeof(np.asarray(x)) for x in xs] for xs in (leaves, found)]
    raise ArgumentError(
        f"{text}\n{side_by_side(tree, avals[0], tree, avals[1], (name, 'result'), name)}"
    )


def _solution_tree(
    body: Any, tree: Any, avals: Sequence[ShapedArray], solve: Any, has_aux: bool
) -> Any:
    """Check a solver's result; the structure of its auxiliary data."""
    out_tree, aux_tree = body.out_tree, None
    n = len(avals)
    if has_aux:
        children = out_tree.children()
        if len(children) != 2:
            raise ArgumentError(
                f"custom_linear_solve: {describe_function(solve)} must return (x, aux){here()}"
            )
        out_tree, aux_tree = children
    _check(out_tree, body.out_avals[:n], tree, avals, solve, "solve")
    return aux_tree


def _check(
    out_tree: Any,
    out_avals: Sequence[ShapedArray],
    tree: Any,
    avals: Sequence[ShapedArray],
    fun: Any,
    name: str,
) -> None:
    same = out_tree == tree and all(
        a.shape == b.shape and a.dtype == b.dtype for a, b in zip(out_avals, avals, strict=True)
    )
    if same:
        return
    text = (
        f"custom_linear_solve: {name} {describe_function(fun)} must give a result of the structure and types of b"
        f"{here()}"
    )
    if out_tree != tree:
        text += "\n" + describe_mismatch(tree, out_tree, ("b", "the result"))
    if len(out_avals) == out_tree.num_leaves:
        text += "\n" + side_by_side(tree, avals, out_tree, out_avals, ("b", "result"), "b")
    raise ArgumentError(text)
