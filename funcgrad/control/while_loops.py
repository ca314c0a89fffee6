"""`lax.while_loop`, `lax.fori_loop`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.control.bodies import Body, trace_body
from funcgrad.control.carry import trace_carrying
from funcgrad.control.loops import bind_or_run, check_carry, check_unroll, owned, read_only, scan
from funcgrad.control.while_loop import while_p
from funcgrad.core.errors import ArgumentError
from funcgrad.core.leaves import flatten_arrays, leaf_aval, shown
from funcgrad.core.source import describe_function, here
from funcgrad.core.tracing import Tracer, current_trace, typeof
from funcgrad.core.tree import PyTreeDef, tree_structure
from funcgrad.ops.basic import convert_element_type


def while_loop(
    cond_fun: Callable[[Any], Any], body_fun: Callable[[Any], Any], init_val: Any
) -> Any:
    """Loop for as long as a condition on the carry holds.

    As the Python code

        value = init_val
        while cond_fun(value):
            value = body_fun(value)
        return value

    but one equation under a trace. It has derivatives in forward and in reverse mode; reverse mode keeps
    what it needs of each step. Under `vmap` it runs until the last example is done.

    Args:
        cond_fun: takes the carry; gives a boolean scalar.
        body_fun: takes the carry; gives the next one, of the same structure, shapes and dtypes.
        init_val: the initial carry: an array or a pytree.

    Returns:
        The carry for which the condition does not hold.

    Raises:
        ArgumentError: the carry changes its structure or types (the message shows both), or the condition is no boolean
            scalar.

    >>> import numpy as np, funcgrad as fg
    >>> def sqrt(a):  # Newton's method
    ...     return fg.lax.while_loop(
    ...         lambda x: abs(x * x - a) > 1e-12, lambda x: 0.5 * (x + a / x), a
    ...     )
    >>> round(float(fg.grad(sqrt)(4.0)), 9)
    0.25
    """
    for fun, name in ((cond_fun, "cond_fun"), (body_fun, "body_fun")):
        if not callable(fun):
            raise ArgumentError(f"while_loop takes a function for {name}, not {shown(fun)}")
    leaves, avals, tree = flatten_arrays(init_val, "while_loop", "init_val")
    if current_trace() is None:
        return _python_while(cond_fun, body_fun, init_val, avals)
    in_tree = _one_argument(tree)
    body, init, _ = trace_carrying(
        lambda carry: (body_fun(carry), ()),
        transform="while_loop",
        user_fun=body_fun,
        init=init_val,
        init_leaves=leaves,
        init_avals=avals,
        tree=in_tree,
    )
    carry_avals = [v.aval for v in body.jaxpr.invars[len(body.consts) :]]
    cond = trace_body(cond_fun, in_tree, carry_avals, what="while_loop")
    _check_condition(cond, cond_fun)
    operands = [*cond.consts, *body.consts, *init]
    params = {
        "cond_jaxpr": cond.jaxpr,
        "cond_nconsts": len(cond.consts),
        "body_jaxpr": body.jaxpr,
        "body_nconsts": len(body.consts),
    }
    return tree.unflatten(bind_or_run(while_p, operands, params))


def _one_argument(tree: PyTreeDef) -> PyTreeDef:
    return tree_structure((tree.unflatten([0] * tree.num_leaves),))


def _check_condition(cond: Body, cond_fun: Any) -> None:
    outs = cond.out_avals
    if len(outs) != 1 or cond.out_tree != tree_structure(0):
        raise ArgumentError(
            f"while_loop: {describe_function(cond_fun)} must return a boolean scalar, not {cond.out_tree}{here()}"
        )
    if outs[0].shape or outs[0].dtype != np.dtype(bool):
        raise ArgumentError(
            f"while_loop: {describe_function(cond_fun)} must return a boolean scalar, not {outs[0]}{here()}\n  "
            "compare (x > 0), and reduce with np.any or np.all"
        )


def _python_while(cond_fun: Any, body_fun: Any, init_val: Any, avals: Any) -> Any:
    """The loop on plain arrays, as Python runs it."""
    tree = tree_structure(init_val)
    carry = read_only(init_val)
    expected = list(avals)
    while _truth(cond_fun(carry), cond_fun):
        out = body_fun(carry)
        expected = check_carry("while_loop", body_fun, carry, tree, expected, out)
        carry = read_only(out)
    return owned(carry)


def _truth(value: Any, cond_fun: Any) -> bool:
    if value is True or value is False or type(value) is np.bool_:
        return bool(value)
    aval = leaf_aval(value)
    if aval is None or aval.shape or aval.dtype != np.dtype(bool):
        raise ArgumentError(
            f"while_loop: {describe_function(cond_fun)} must return a boolean scalar, not "
            f"{shown(value) if aval is None else aval}{here()}\n  "
            "compare (x > 0), and reduce with np.any or np.all"
        )
    return bool(value)


def fori_loop(
    lower: Any,
    upper: Any,
    body_fun: Callable[[Any, Any], Any],
    init_val: Any,
    *,
    unroll: int | bool | None = None,
) -> Any:
    """Loop over the integers from `lower` to `upper - 1`.

    As the Python code

        value = init_val
        for i in range(lower, upper):
            value = body_fun(i, value)
        return value

    but one equation under a trace: a `scan` if the bounds are numbers, a `while_loop` if they are traced. Both have
    derivatives in forward and in reverse mode.

    Args:
        lower: the first integer.
        upper: the integer behind the last.
        body_fun: takes the integer and the carry; gives the next carry.
        init_val: the initial carry: an array or a pytree.
        unroll: as in `scan`; None stands for 1.

    Returns:
        The final carry.

    >>> import funcgrad as fg
    >>> fg.grad(lambda x: fg.lax.fori_loop(0, 3, lambda i, y: y * x + i, 1.0))(2.0)
    np.float64(13.0)
    """
    check_unroll("fori_loop", 1 if unroll is None else unroll)
    bounds = [_bound(lower, "lower"), _bound(upper, "upper")]
    if not any(type(b) is Tracer for b in bounds):
        first, last = int(bounds[0]), int(bounds[1])
        if current_trace() is None:
            return _python_fori(first, last, body_fun, init_val)
        steps = np.arange(first, max(first, last))
        return scan(_Step(body_fun), init_val, steps)[0]
    final = while_loop(
        _below(bounds[1]), _Counted(body_fun), (_start(bounds[0], bounds[1]), init_val)
    )
    return final[1]


def _bound(value: Any, name: str) -> Any:
    aval = leaf_aval(value)
    if aval is None or aval.shape or aval.dtype.kind not in "iu":
        raise ArgumentError(
            f"fori_loop: {name} must be an integer, not {shown(value) if aval is None else aval}{here()}"
        )
    return value


def _start(lower: Any, upper: Any) -> Any:
    """The counter, of the bounds' common type: a number of Python, which is weak, if `lower` is one."""
    if type(lower) is int:
        return lower
    dtype = np.result_type(
        typeof(lower).dtype, int if typeof(upper).weak_type else typeof(upper).dtype
    )
    return lower.astype(dtype) if type(lower) is Tracer else dtype.type(lower)


def _below(upper: Any) -> Callable[[Any], Any]:
    return lambda carry: carry[0] < upper


class _Step:
    """The body of a `scan` for the user's body."""

    def __init__(self, body_fun: Callable[[Any, Any], Any]) -> None:
        self.func = body_fun  # the name under which messages look for the user's function

    def __call__(self, carry: Any, i: Any) -> Any:
        # As Python's integers, it gives way to the dtype of arrays.
        return self.func(convert_element_type(i, new_dtype=i.dtype, weak_type=True), carry), None


class _Counted:
    """The body of a `while_loop` for the user's body."""

    def __init__(self, body_fun: Callable[[Any, Any], Any]) -> None:
        self.func = body_fun

    def __call__(self, carry: Any) -> Any:
        i, value = carry
        return i + 1, self.func(i, value)


def _python_fori(first: int, last: int, body_fun: Any, init_val: Any) -> Any:
    _, avals, tree = flatten_arrays(init_val, "fori_loop", "init_val")
    carry = read_only(init_val)
    expected = list(avals)
    for i in range(first, last):
        out = body_fun(i, carry)
        expected = check_carry("fori_loop", body_fun, carry, tree, expected, out)
        carry = read_only(out)
    return owned(carry)
