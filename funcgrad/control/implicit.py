"""Implicit differentiation: derivatives of what any solver finds, from the equation that it fulfils."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.control.bodies import trace_body
from funcgrad.control.callback import flatten_shapes
from funcgrad.control.custom_function import custom_jvp
from funcgrad.control.linear_solve import custom_linear_solve
from funcgrad.control.user_primitive import UserPrimitive
from funcgrad.core.errors import ArgumentError
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.leaves import flatten_arrays, shown
from funcgrad.core.primitive import BatchAxis
from funcgrad.core.source import describe_function, here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.core.tree import PyTreeDef, keystr, tree_flatten, tree_structure
from funcgrad.core.types import is_differentiable
from funcgrad.transforms import batch as batching
from funcgrad.transforms import forward


def implicit_root(
    residual: Callable[..., Any],
    solver: Callable[..., Any] | None = None,
    *,
    result_like: Any = None,
    linear_solve: Callable[..., Any] | None = None,
) -> Any:
    """Give what a solver finds the derivative that the implicit function theorem says it has.

    The solver may be anything: `scipy.optimize.root`, an iteration with Python's control flow, a library in Fortran. It
    is called on plain arrays and never traced; neither its steps nor its starting point play a part in derivatives.

    Args:
        residual: `residual(x, *args)`, which is zero where `x` is the solution; a function of arrays or pytrees, with
            as many equations as unknowns.
        solver: `solver(*args) -> x`. Left out, `implicit_root(residual)` is a decorator for it.
        result_like: shapes and dtypes of `x` (arrays or `ShapeDtypeStruct`s), or a function of the arguments that gives
            them; needed under `jit`, where the arguments have no values to call the solver with.
        linear_solve: `linear_solve(matvec, b) -> x` for the linear systems of the derivatives; by default the matrix is
            built and factorised, which suits up to a few thousand unknowns.

    Returns:
        A function of `args` that returns `x`, with derivatives in both modes and of any order.

    >>> import numpy as np, funcgrad as fg
    >>> @fg.implicit_root(lambda x, a: x**3 + x - a)
    ... def solve(a):
    ...     x = 1.0
    ...     while abs(x**3 + x - a) > 1e-12:
    ...         x = x - (x**3 + x - a) / (3.0 * x**2 + 1.0)
    ...     return x
    >>> round(float(fg.grad(solve)(10.0)), 6)  # 1 / (3 x^2 + 1) at x = 2
    0.076923
    """
    if solver is None:
        return functools.partial(
            implicit_root, residual, result_like=result_like, linear_solve=linear_solve
        )
    for fun, name in ((residual, "residual"), (solver, "solver")):
        if not callable(fun):
            raise ArgumentError(f"implicit_root takes a function for {name}, not {shown(fun)}")
    return ImplicitFunction(residual, solver, result_like, linear_solve or dense_solve)


def implicit_fixed_point(
    fun: Callable[..., Any],
    solver: Callable[..., Any] | None = None,
    *,
    result_like: Any = None,
    linear_solve: Callable[..., Any] | None = None,
) -> Any:
    """Give a fixed point `x = fun(x, *args)` that a solver finds its derivative, as `implicit_root` does for roots.

    Args:
        fun: `fun(x, *args)`, which gives `x` where `x` is the solution.
        solver: `solver(*args) -> x`. Left out, `implicit_fixed_point(fun)` is a decorator for it.
        result_like: see `implicit_root`.
        linear_solve: see `implicit_root`.

    >>> import numpy as np, funcgrad as fg
    >>> @fg.implicit_fixed_point(lambda x, a: np.cos(a * x))
    ... def solve(a):
    ...     x = 1.0
    ...     for _ in range(200):
    ...         x = np.cos(a * x)
    ...     return x
    >>> x = solve(1.0)
    >>> abs(fg.grad(solve)(1.0) + x * np.sin(x) / (1.0 + np.sin(x))) < 1e-12
    np.True_
    """
    if solver is None:
        return functools.partial(
            implicit_fixed_point, fun, result_like=result_like, linear_solve=linear_solve
        )
    if not callable(fun):
        raise ArgumentError(f"implicit_fixed_point takes a function, not {shown(fun)}")
    return implicit_root(_Distance(fun), solver, result_like=result_like, linear_solve=linear_solve)


class _Distance:
    """`fun(x) - x`."""

    def __init__(self, fun: Callable[..., Any]) -> None:
        self.func = fun

    def _function_parts(self) -> tuple[Any, ...]:
        return (self.func,)

    def __call__(self, x: Any, *args: Any) -> Any:
        ends, tree = tree_flatten(self.func(x, *args))
        starts, found = tree_flatten(x)
        if found != tree:
            raise ArgumentError(
                f"implicit_fixed_point: {describe_function(self.func)} returns another structure than it takes{here()}"
            )
        return tree.unflatten([a - b for a, b in zip(ends, starts, strict=True)])


class ImplicitFunction:
    """A solver with the derivative of what it finds."""

    def __init__(
        self,
        residual: Callable[..., Any],
        solver: Callable[..., Any],
        result_like: Any,
        linear_solve: Callable[..., Any],
    ) -> None:
        functools.update_wrapper(self, solver, updated=())
        self.residual = residual
        self.solver = solver
        self.linear_solve = linear_solve
        self.result_like = result_like
        self.trees: dict[PyTreeDef, PyTreeDef] = {}  # of results, by those of arguments
        name = f"solver_{getattr(solver, '__name__', 'function').strip('<>')}"
        shape = None if result_like is None else self._shape
        # Not registered, so that it goes with the function: solvers are often made at every call.
        self.primitive = UserPrimitive(name, self._solve, shape, "loop", False, register=False)

    def __repr__(self) -> str:
        return f"<implicit root by {describe_function(self.solver)}>"

    def __call__(self, *args: Any) -> Any:
        leaves, _, tree = flatten_arrays(
            args, "implicit_root", lambda path: f"argument {path[0].idx}{keystr(path[1:])}"
        )
        if not any(type(x) is Tracer for x in leaves):
            return self.solver(*args)
        self.primitive.learn(leaves, {"tree": tree})
        find = custom_jvp(_Find(self, tree))
        find.name = describe_function(self.solver)
        find.defjvp(_Rule(self, tree, find))
        outs = find(*leaves)
        return self.trees[tree].unflatten(outs)

    def _solve(self, *leaves: Any, tree: PyTreeDef) -> Any:
        found, out_tree = tree_flatten(self.solver(*tree.unflatten(leaves)))
        self.trees[tree] = out_tree
        return tuple(found)

    def _shape(self, *structs: Any, tree: PyTreeDef) -> Any:
        like = self.result_like
        if callable(like):
            like = like(*tree.unflatten(structs))
        _, self.trees[tree] = flatten_shapes(like, "implicit_root")
        return tuple(tree_flatten(like)[0])


class _Find:
    """The solver on leaves."""

    def __init__(self, implicit: ImplicitFunction, tree: PyTreeDef) -> None:
        self.implicit = implicit
        self.tree = tree

    def __call__(self, *leaves: Any) -> Any:
        return tuple(self.implicit.primitive(*leaves, tree=self.tree))


class _Rule:
    """The forward rule: `(dF/dx) dx = -(dF/da) da`."""

    def __init__(self, implicit: ImplicitFunction, tree: PyTreeDef, find: custom_jvp) -> None:
        self.implicit = implicit
        self.tree = tree
        self.find = find

    def __call__(self, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
        x = self.find(*primals)
        x_tree = self.implicit.trees[self.tree]
        n = len(x)
        in_tree = tree_structure(
            (x_tree.unflatten([0] * n), *self.tree.unflatten([0] * len(primals)))
        )
        avals = [typeof(v).strip_weak_type() for v in (*x, *primals)]
        body = trace_body(
            self.implicit.residual, in_tree, avals, what="implicit_root", values=[*x, *primals]
        )
        self._check(body.out_avals, x)
        wanted = [is_differentiable(typeof(p).dtype) for p in primals]
        none = [False] * len(body.consts)
        along, out_nonzero = forward.jvp(
            body.jaxpr, [*none, *[False] * n, *wanted], instantiate=True
        )
        given = [t for t, w in zip(tangents, wanted, strict=True) if w]
        moved = eval_jaxpr(along, (), *body.consts, *x, *primals, *given)
        rhs = [-t for t in moved[len(out_nonzero) :]]
        linear, _ = forward.jvp(
            body.jaxpr, [*none, *[True] * n, *[False] * len(primals)], instantiate=True
        )
        shapes = [typeof(v).shape for v in x]

        def matvec(t: Sequence[Any]) -> Any:
            outs = eval_jaxpr(linear, (), *body.consts, *x, *primals, *t)
            rows = outs[len(out_nonzero) :]
            return tuple([r.reshape(s) for r, s in zip(rows, shapes, strict=True)])

        b = tuple([r.reshape(s) for r, s in zip(rhs, shapes, strict=True)])
        dx = custom_linear_solve(matvec, b, self.implicit.linear_solve, self.implicit.linear_solve)
        return x, tuple(dx)

    def _check(self, avals: Sequence[Any], x: Sequence[Any]) -> None:
        if [a.size for a in avals] != [typeof(v).size for v in x]:
            listed = ", ".join(map(str, avals))
            unknowns = ", ".join([str(typeof(v)) for v in x])
            raise ArgumentError(
                f"implicit_root: {describe_function(self.implicit.residual)} must give as many equations as there are "
                f"unknowns\n  equations: {listed}\n  unknowns:  {unknowns}"
            )


def dense_solve(matvec: Callable[[Any], Any], b: Any) -> Any:
    """Solve a linear system by building its matrix, column by column at once."""
    leaves, tree = tree_flatten(b)
    avals = [typeof(v).strip_weak_type() for v in leaves]
    sizes = [a.size for a in avals]
    total = sum(sizes)
    body = trace_body(matvec, tree_structure((b,)), avals, what="dense_solve", why_abstract="rule")
    flags = [False] * len(body.consts) + [True] * len(leaves)
    columns, _ = batching.batch(body.jaxpr, BatchAxis(total), flags, out_batched=True)
    basis, start = [], 0
    for aval, size in zip(avals, sizes, strict=True):
        units = np.eye(total, size, -start, dtype=aval.dtype)
        basis.append(units.reshape((total, *aval.shape)))
        start += size
    outs = eval_jaxpr(columns, (), *body.consts, *basis)
    matrix = np.concatenate([o.reshape((total, -1)) for o in outs], axis=1).T
    flat = np.linalg.solve(matrix, np.concatenate([v.reshape(-1) for v in leaves]))
    parts, start = [], 0
    for aval, size in zip(avals, sizes, strict=True):
        parts.append(flat[start : start + size].reshape(aval.shape))
        start += size
    return tree.unflatten(parts)
