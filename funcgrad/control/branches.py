"""`lax.cond`, `lax.switch`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.control.bodies import Body, share_consts, trace_body
from funcgrad.control.cond import cond_p
from funcgrad.control.loops import bind_or_run
from funcgrad.control.mismatch import side_by_side
from funcgrad.core.errors import ArgumentError
from funcgrad.core.leaves import flatten_arrays, leaf_aval, shown
from funcgrad.core.source import describe_function, here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.core.tree import describe_mismatch, keystr, tree_flatten
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import convert

_NOTHING: Any = object()


def cond(
    pred: Any,
    true_fun: Callable[..., Any],
    false_fun: Callable[..., Any],
    *operands: Any,
    operand: Any = _NOTHING,
) -> Any:
    """One of two functions, chosen by a condition; only that one runs.

    As the Python code `true_fun(*operands) if pred else false_fun(*operands)`, which does where the condition has a
    value; here it may be traced. JAX's older form `cond(pred, true_operand, true_fun, false_operand, false_fun)` is
    understood, too. Under `vmap` with a condition that differs per example both run, and results are
    chosen.

    Args:
        pred: a scalar: a boolean, or a number that counts as true if it is not zero.
        true_fun: a function of the operands.
        false_fun: another, with results of the same structure, shapes and dtypes.
        operands: arrays or pytrees.
        operand: a single operand, in JAX's older style.

    Raises:
        ArgumentError: the condition is no scalar, or the results of the functions differ in structure or type (the
            message shows both).

    >>> import numpy as np, funcgrad as fg
    >>> f = fg.jit(lambda x: fg.lax.cond(x > 0.0, np.sin, lambda x: x**2, x))
    >>> fg.grad(f)(0.0), fg.grad(f)(-3.0)
    (np.float64(0.0), np.float64(-6.0))
    """
    older = not callable(true_fun) and callable(false_fun) and len(operands) == 2
    if older and callable(
        operands[1]
    ):  # cond(pred, true_operand, true_fun, false_operand, false_fun)
        on_true, on_false = _OfOne(false_fun, 0), _OfOne(operands[1], 1)
        return cond(pred, on_true, on_false, true_fun, operands[0])
    for fun, name in ((true_fun, "true_fun"), (false_fun, "false_fun")):
        if not callable(fun):
            raise ArgumentError(f"cond takes a function for {name}, not {shown(fun)}{here()}")
    operands = _operands("cond", operands, operand)
    aval = leaf_aval(pred)
    if aval is None or aval.shape:
        raise ArgumentError(
            f"cond: the condition must be a scalar, not {shown(pred) if aval is None else aval}{here()}\n  "
            "use np.where(condition, a, b) to choose between elements"
        )
    if type(pred) is not Tracer:
        return (true_fun if pred else false_fun)(*operands)
    index = convert(
        pred if aval.dtype == np.dtype(bool) else np.not_equal(pred, 0), np.dtype(np.intp)
    )
    return _branch("cond", index, (false_fun, true_fun), operands, ("false_fun", "true_fun"))


class _OfOne:
    """A function of one of several operands."""

    def __init__(self, fun: Callable[..., Any], place: int) -> None:
        self.func = fun  # the name under which messages look for the user's function
        self.place = place

    def __call__(self, *operands: Any) -> Any:
        return self.func(operands[self.place])


def switch(
    index: Any, branches: Sequence[Callable[..., Any]], *operands: Any, operand: Any = _NOTHING
) -> Any:
    """One of several functions, chosen by an integer; only that one runs.

    Args:
        index: an integer scalar; it is clamped to the range of `branches`.
        branches: functions of the operands, with results of the same structure, shapes and dtypes.
        operands: arrays or pytrees.
        operand: a single operand, in JAX's older style.

    Raises:
        ArgumentError: the index is no integer scalar, there are no branches, or their results differ in structure or
            type (the message shows both).

    >>> import numpy as np, funcgrad as fg
    >>> fg.vmap(lambda i, x: fg.lax.switch(i, [np.sin, np.cos, np.tanh], x))(
    ...     np.arange(3), np.zeros(3)
    ... )
    array([0., 1., 0.])
    """
    operands = _operands("switch", operands, operand)
    branches = tuple(branches)
    if not branches:
        raise ArgumentError(f"switch takes at least one branch{here()}")
    for i, branch in enumerate(branches):
        if not callable(branch):
            raise ArgumentError(
                f"switch takes functions, but branch {i} is {shown(branch)}{here()}"
            )
    aval = leaf_aval(index)
    if aval is None or aval.shape or aval.dtype.kind not in "iu":
        raise ArgumentError(
            f"switch: the index must be an integer scalar, not {shown(index) if aval is None else aval}{here()}"
        )
    if type(index) is not Tracer or len(branches) == 1:
        number = 0 if len(branches) == 1 else min(max(int(index), 0), len(branches) - 1)
        return branches[number](*operands)
    names = [f"branch {i}" for i in range(len(branches))]
    return _branch("switch", convert(index, np.dtype(np.intp)), branches, operands, names)


def _operands(transform: str, operands: tuple[Any, ...], operand: Any) -> tuple[Any, ...]:
    if operand is _NOTHING:
        return operands
    if operands:
        raise ArgumentError(
            f"{transform} takes operands by position or as operand=..., not both{here()}"
        )
    return (operand,)


def _branch(
    transform: str,
    index: Any,
    functions: Sequence[Callable[..., Any]],
    operands: tuple[Any, ...],
    names: Sequence[str],
) -> Any:
    leaves, avals, tree = flatten_arrays(
        operands, transform, lambda path: f"operand {path[0].idx}{keystr(path[1:])}"
    )
    bodies = [
        trace_body(f, tree, avals, what=transform, values=leaves, why_abstract="branch")
        for f in functions
    ]
    first = bodies[0]
    for body, function, name in zip(bodies[1:], functions[1:], names[1:], strict=True):
        if body.out_tree != first.out_tree:
            raise _mismatch(transform, first, body, functions[0], function, names[0], name)
    common = [_common(types) for types in zip(*[b.out_avals for b in bodies], strict=True)]
    if None in common:
        i = common.index(None)
        k = next(
            k for k, b in enumerate(bodies) if _common((first.out_avals[i], b.out_avals[i])) is None
        )
        raise _mismatch(transform, first, bodies[k], functions[0], functions[k], names[0], names[k])
    for k, (body, function) in enumerate(zip(bodies, functions, strict=True)):
        if any(c and a.dtype != c.dtype for a, c in zip(body.out_avals, common, strict=True)):
            bodies[k] = trace_body(
                _Converted(function, [c for c in common if c is not None]),
                tree,
                avals,
                what=transform,
                values=leaves,
                why_abstract="branch",
                title=function,
            )
    consts, jaxprs = share_consts(bodies)
    outs = bind_or_run(cond_p, [index, *consts, *leaves], {"branches": tuple(jaxprs)})
    return first.out_tree.unflatten(outs)


def _common(types: Sequence[ShapedArray]) -> ShapedArray | None:
    """The type of a result that the branches give with these types: Python's numbers give way to arrays."""
    if any(t.shape != types[0].shape for t in types):
        return None
    strong = [t for t in types if not t.weak_type]
    if not strong:
        dtype = np.result_type(*[t.dtype for t in types])
        return ShapedArray(types[0].shape, dtype, weak_type=True)
    if any(t.dtype != strong[0].dtype for t in strong):
        return None
    if any(not np.can_cast(t.dtype, strong[0].dtype, "same_kind") for t in types):
        return None
    return strong[0]


class _Converted:
    """A branch whose results are converted to the types that it has in common with the others."""

    def __init__(self, function: Callable[..., Any], common: Sequence[Any]) -> None:
        self.function = function
        self.common = common

    def __call__(self, *operands: Any) -> Any:
        leaves, tree = tree_flatten(self.function(*operands))
        return tree.unflatten(
            [
                x if typeof(x).dtype == c.dtype else convert(x, c.dtype)
                for x, c in zip(leaves, self.common, strict=True)
            ]
        )


def _mismatch(
    transform: str, a: Body, b: Body, fun_a: Any, fun_b: Any, name_a: str, name_b: str
) -> ArgumentError:
    what = "structures" if a.out_tree != b.out_tree else "types"
    text = (
        f"{transform}: the results of {describe_function(fun_a)} and {describe_function(fun_b)} "
        f"have different {what}{here()}"
    )
    if what == "structures":
        text += "\n" + describe_mismatch(a.out_tree, b.out_tree, (name_a, name_b))
    table = side_by_side(
        a.out_tree, a.out_avals, b.out_tree, b.out_avals, (name_a, name_b), "result"
    )
    return ArgumentError(f"{text}\n{table}")
