"""`custom_gradient` and `closure_convert`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from funcgrad.control.bodies import trace_body
from funcgrad.control.custom_function import custom_vjp
from funcgrad.core.errors import ArgumentError
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.leaves import flatten_arrays
from funcgrad.core.source import describe_function
from funcgrad.core.tracing import Tracer
from funcgrad.core.tree import describe_mismatch, keystr, tree_flatten
from funcgrad.core.types import is_differentiable


def custom_gradient(fun: Callable[..., Any]) -> Callable[..., Any]:
    """A function that returns its value and its pullback: a custom reverse rule in one piece.

    Args:
        fun: returns `(output, pullback)`, where `pullback(cotangent)` gives the argument's cotangent, or a tuple with
            one per argument.

    Returns:
        A function that returns the output.

    >>> import funcgrad as fg
    >>> @fg.custom_gradient
    ... def cube(x):
    ...     return x**3, lambda ct: ct * 3 * x**2
    >>> cube(2.0), fg.grad(cube)(2.0)
    (8.0, np.float64(12.0))
    """

    @functools.wraps(fun)
    def value(*args: Any) -> Any:
        return _pair(fun, args)[0]

    def fwd(*args: Any) -> Any:
        out, pullback = _pair(fun, args)
        return out, (pullback, len(args))

    def bwd(residuals: Any, ct: Any) -> Any:
        pullback, n = residuals
        cts = pullback(ct)
        return (cts,) if n == 1 and not (isinstance(cts, tuple) and len(cts) == 1) else cts

    wrapped = custom_vjp(value)
    wrapped.defvjp(fwd, bwd)
    return wrapped


def _pair(fun: Callable[..., Any], args: Any) -> Any:
    pair = fun(*args)
    if not isinstance(pair, tuple) or len(pair) != 2 or not callable(pair[1]):
        raise ArgumentError(
            f"custom_gradient: {describe_function(fun)} must return (output, pullback), where "
            "pullback is a function of the output's cotangent"
        )
    return pair


def closure_convert(
    fun: Callable[..., Any], *example_args: Any
) -> tuple[Callable[..., Any], list[Any]]:
    """Turn the traced values that a function closes over into arguments.

    Custom rules differentiate with respect to arguments only; this is how a function that takes functions
    (a solver, say) passes derivatives to what these close over.

    Args:
        fun: a function of arrays or pytrees.
        example_args: arguments of the types that it will be called with.

    Returns:
        `(converted, consts)`, with `converted(*args, *consts) == fun(*args)`; `consts` are the floating-point traced
        values that it closes over.

    >>> import funcgrad as fg
    >>> def loss(w):
    ...     converted, consts = fg.closure_convert(lambda x: w * x, 1.0)
    ...     return converted(2.0, *consts)
    >>> fg.grad(loss)(3.0)
    np.float64(2.0)
    """
    leaves, avals, tree = flatten_arrays(
        example_args, "closure_convert", lambda path: f"argument {path[0].idx}{keystr(path[1:])}"
    )
    body = trace_body(fun, tree, avals, what="closure_convert", values=leaves)
    hoisted = [
        i
        for i, (const, aval) in enumerate(zip(body.consts, body.const_avals, strict=True))
        if type(const) is Tracer and is_differentiable(aval.dtype)
    ]
    n = len(example_args)

    def converted(*args: Any) -> Any:
        given, found = tree_flatten(args[:n])
        if found != tree:
            raise ArgumentError(
                f"closure_convert: {describe_function(fun)} is called with other structures than the example\n"
                + describe_mismatch(tree, args[:n], ("the example", "the arguments"))
            )
        consts = list(body.consts)
        for place, value in zip(hoisted, args[n:], strict=True):
            consts[place] = value
        return body.out_tree.unflatten(eval_jaxpr(body.jaxpr, (), *consts, *given))

    return converted, [body.consts[i] for i in hoisted]
