"""`custom_root`: roots of functions by any means, with derivatives by the implicit function theorem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from funcgrad.control.bodies import trace_body
from funcgrad.control.custom_function import custom_jvp
from funcgrad.control.linear_solve import custom_linear_solve
from funcgrad.core.errors import ArgumentError
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.leaves import flatten_arrays, shown
from funcgrad.core.source import describe_function, here
from funcgrad.core.tracing import Tracer, current_trace
from funcgrad.core.tree import describe_mismatch, tree_flatten, tree_map, tree_structure
from funcgrad.core.types import is_differentiable
from funcgrad.ops.stop import stop_gradient_p
from funcgrad.transforms import forward


def custom_root(
    f: Callable[[Any], Any],
    initial_guess: Any,
    solve: Callable[[Callable[[Any], Any], Any], Any],
    tangent_solve: Callable[[Callable[[Any], Any], Any], Any],
    has_aux: bool = False,
) -> Any:
    """Find a root of a function by any means, with derivatives that do not look into the solver.

    The root is differentiated with respect to what `f` closes over, by the implicit function theorem: it depends
    neither on the guess nor on how the solver got there.

    Args:
        f: a function whose root is sought; gives the structure, shapes and dtypes that it takes.
        initial_guess: where to start: an array or a pytree.
        solve: `solve(f, initial_guess) -> root`.
        tangent_solve: `tangent_solve(g, y) -> x` with `g(x) = y` for a linear function `g`.
        has_aux: whether `solve` returns `(root, aux)`; auxiliary data is not differentiated.

    Returns:
        The root, or `(root, aux)`.

    >>> import funcgrad as fg
    >>> def newton(f, x):
    ...     for _ in range(20):
    ...         x = x - f(x) / (2.0 * x)
    ...     return x
    >>> def sqrt(a):
    ...     return fg.lax.custom_root(lambda x: x * x - a, 1.0, newton, lambda g, y: y / g(1.0))
    >>> float(fg.grad(sqrt)(4.0))
    0.25
    """
    for fun, name in ((f, "f"), (solve, "solve"), (tangent_solve, "tangent_solve")):
        if not callable(fun):
            raise ArgumentError(f"custom_root takes a function for {name}, not {shown(fun)}")
    if current_trace() is None:
        return solve(f, initial_guess)
    guess = tree_map(_stopped, initial_guess)
    _, avals, tree = flatten_arrays(guess, "custom_root", "initial_guess")
    strong = [a.strip_weak_type() for a in avals]
    body = trace_body(f, tree_structure((guess,)), strong, what="custom_root", why_abstract="rule")
    if body.out_tree != tree or any(
        a.shape != b.shape or a.dtype != b.dtype
        for a, b in zip(body.out_avals, strong, strict=True)
    ):
        raise ArgumentError(
            f"custom_root: {describe_function(f)} must give the structure and types that it takes{here()}\n"
            + (
                describe_mismatch(tree, body.out_tree, ("the guess", "the result"))
                or f"  {body.out_avals}"
            )
        )
    moving = [
        i
        for i, (c, a) in enumerate(zip(body.consts, body.const_avals, strict=True))
        if type(c) is Tracer and is_differentiable(a.dtype)
    ]
    fixed = list(body.consts)

    def on(values: Any) -> Callable[[Any], Any]:
        """`f` with these values in the places of what it closes over."""
        consts = list(fixed)
        for place, value in zip(moving, values, strict=True):
            consts[place] = value
        return lambda x: tree.unflatten(eval_jaxpr(body.jaxpr, (), *consts, *tree_flatten(x)[0]))

    def find(*values: Any) -> Any:
        return solve(on(values), guess)

    root = custom_jvp(find)
    root.name = f"custom_root of {describe_function(f)}"
    root.checks_closure = False  # the solver may use what it likes

    def rule(values: Any, tangents: Any) -> Any:
        solution = root(*values)
        x = tree_flatten(solution[0] if has_aux else solution)[0]
        consts = list(fixed)
        given: list[Any] = [None] * len(fixed)
        for place, value, tangent in zip(moving, values, tangents, strict=True):
            consts[place], given[place] = value, tangent
        # f(x, c) = 0, so J dx = -(df/dc) dc.
        nonzero = [t is not None for t in given]
        double, out_nonzero = forward.jvp(
            body.jaxpr, [*nonzero, *[False] * len(x)], instantiate=True
        )
        moved = eval_jaxpr(double, (), *consts, *x, *[t for t in given if t is not None])
        rhs = [-t for t in moved[len(out_nonzero) :]]
        linear, _ = forward.jvp(
            body.jaxpr, [*[False] * len(consts), *[True] * len(x)], instantiate=True
        )

        def matvec(t: Any) -> Any:
            outs = eval_jaxpr(linear, (), *consts, *x, *tree_flatten(t)[0])
            return tree.unflatten(outs[len(x) :])

        dx = custom_linear_solve(matvec, tree.unflatten(rhs), tangent_solve, tangent_solve)
        if not has_aux:
            return solution, dx
        return solution, (dx, tree_map(_zero_like, solution[1]))

    root.defjvp(rule)
    return root(*[body.consts[i] for i in moving])


def _stopped(x: Any) -> Any:
    return stop_gradient_p(x) if type(x) is Tracer else x


def _zero_like(x: Any) -> Any:
    return x * 0
