"""`custom_root`: roots of functions by any means, with derivatives by the implicit function theorem."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from funcgrad.control.bodies import Body, trace_body
from funcgrad.control.custom_function import custom_jvp
from funcgrad.control.linear_solve import check_solution, custom_linear_solve
from funcgrad.core.errors import ArgumentError
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.leaves import flatten_arrays, shown
from funcgrad.core.source import describe_function, here
from funcgrad.core.tracing import Tracer, current_trace
from funcgrad.core.tree import PyTreeDef, describe_mismatch, tree_flatten, tree_map, tree_structure
from funcgrad.core.types import ShapedArray, is_differentiable
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
        out = solve(f, initial_guess)
        check_solution("custom_root", solve, out, initial_guess, "the guess", has_aux)
        return out
    guess = tree_map(_stopped, initial_guess)
    _, avals, tree = flatten_arrays(guess, "custom_root", "initial_guess")
    strong = [a.strip_weak_type() for a in avals]
    body = trace_body(f, tree_structure((guess,)), strong, what="custom_root", why_abstract="rule")
    _check_types(f, body, tree, strong)
    moving = [
        i
        for i, (c, a) in enumerate(zip(body.consts, body.const_avals, strict=True))
        if type(c) is Tracer and is_differentiable(a.dtype)
    ]

    def find(*values: Any) -> Any:
        consts = _replaced(body.consts, moving, values)
        on_tree = lambda x: tree.unflatten(eval_jaxpr(body.jaxpr, (), *consts, *tree_flatten(x)[0]))
        return solve(on_tree, guess)

    root = custom_jvp(find)
    root.name = f"custom_root of {describe_function(f)}"
    root.checks_closure = False  # the solver may use what it likes

    def rule(values: Any, tangents: Any) -> Any:
        solution = root(*values)
        x = tree_flatten(solution[0] if has_aux else solution)[0]
        consts = _replaced(body.consts, moving, values)
        given = _replaced([None] * len(consts), moving, tangents)
        # f(x, c) = 0, so J dx = -(df/dc) dc.
        matvec = _derivative(body.jaxpr, consts, x, tree)
        rhs = tree.unflatten([-t for t in _moved(body.jaxpr, consts, given, x)])
        dx = custom_linear_solve(matvec, rhs, tangent_solve, tangent_solve)
        if not has_aux:
            return solution, dx
        return solution, (dx, tree_map(_zero_like, solution[1]))

    root.defjvp(rule)
    return root(*[body.consts[i] for i in moving])


def _check_types(f: Any, body: Body, tree: PyTreeDef, avals: list[ShapedArray]) -> None:
    """Refuse a function that gives other types than it takes."""
    same = all(
        a.shape == b.shape and a.dtype == b.dtype
        for a, b in zip(body.out_avals, avals, strict=False)
    )
    if body.out_tree != tree or not same:
        mismatch = describe_mismatch(tree, body.out_tree, ("the guess", "the result"))
        raise ArgumentError(
            f"custom_root: {describe_function(f)} must give the structure and types that it takes{here()}\n"
            + (mismatch or f"  {body.out_avals}")
        )


def _replaced(values: Sequence[Any], places: list[int], new: Sequence[Any]) -> list[Any]:
    replaced = list(values)
    for place, value in zip(places, new, strict=True):
        replaced[place] = value
    return replaced


def _moved(jaxpr: Jaxpr, consts: list[Any], tangents: list[Any], x: list[Any]) -> list[Any]:
    """How the values at `x` move with the constants, whose tangents may be None for zero."""
    nonzero = [t is not None for t in tangents]
    double, out_nonzero = forward.jvp(jaxpr, [*nonzero, *[False] * len(x)], instantiate=True)
    outs = eval_jaxpr(double, (), *consts, *x, *[t for t in tangents if t is not None])
    return list(outs[len(out_nonzero) :])


def _derivative(
    jaxpr: Jaxpr, consts: list[Any], x: list[Any], tree: PyTreeDef
) -> Callable[[Any], Any]:
    """The linear function that the derivative of the values at `x` is."""
    linear, _ = forward.jvp(jaxpr, [*[False] * len(consts), *[True] * len(x)], instantiate=True)

    def matvec(t: Any) -> Any:
        outs = eval_jaxpr(linear, (), *consts, *x, *tree_flatten(t)[0])
        return tree.unflatten(outs[len(x) :])

    return matvec


def _stopped(x: Any) -> Any:
    return stop_gradient_p(x) if type(x) is Tracer else x


def _zero_like(x: Any) -> Any:
    return x * 0
