"""`linear_call`: a linear function with a transpose of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from funcgrad.control.bodies import Body, share_consts, trace_body
from funcgrad.control.call import CallPrimitive
from funcgrad.control.jaxprs import split_list
from funcgrad.control.mismatch import side_by_side
from funcgrad.core.errors import ArgumentError, NoDerivativeError
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.leaves import flatten_arrays, shown
from funcgrad.core.primitive import BatchAxis
from funcgrad.core.source import describe_function, here
from funcgrad.core.tracing import current_trace
from funcgrad.core.tree import PyTreeDef, describe_mismatch, keystr, tree_structure
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import instantiate
from funcgrad.transforms import batch as batching


def _jvp(
    primals: Sequence[Any],
    tangents: Sequence[Any],
    *,
    forwards: Jaxpr,
    backwards: Jaxpr,
    n_residuals: int,
) -> Any:
    residuals, x = split_list(primals, n_residuals)
    t_residuals, t_x = split_list(tangents, n_residuals)
    if any(t is not None for t in t_residuals):
        raise NoDerivativeError(
            f"linear_call has no derivative by its residuals, which depend on what is differentiated{here()}\n  "
            "use fg.stop_gradient on them, or fg.custom_jvp"
        )
    params = {"forwards": forwards, "backwards": backwards, "n_residuals": n_residuals}
    t_x = [instantiate(t, v.aval) for t, v in zip(t_x, forwards.invars[n_residuals:], strict=True)]
    return linear_call_p(*residuals, *x, **params), linear_call_p(*residuals, *t_x, **params)


def _transpose(
    cts: Sequence[Any], *operands: Any, forwards: Jaxpr, backwards: Jaxpr, n_residuals: int
) -> list[Any]:
    residuals = operands[:n_residuals]
    given = [instantiate(ct, a) for ct, a in zip(cts, forwards.out_avals, strict=True)]
    found = linear_call_p(
        *residuals, *given, forwards=backwards, backwards=forwards, n_residuals=n_residuals
    )
    return [*[None] * n_residuals, *found]


def _batch(
    axis: BatchAxis,
    operands: Sequence[Any],
    batched: Sequence[bool],
    *,
    forwards: Jaxpr,
    backwards: Jaxpr,
    n_residuals: int,
) -> Any:
    residuals, x = split_list(operands, n_residuals)
    x = [
        v if b else batching.to_batch(v, axis)
        for v, b in zip(x, batched[n_residuals:], strict=True)
    ]

    def on_batch(jaxpr: Jaxpr) -> Jaxpr:
        flags = [*batched[:n_residuals], *[True] * (len(jaxpr.invars) - n_residuals)]
        return batching.batch(jaxpr, axis, flags, out_batched=True).jaxpr

    outs = linear_call_p(
        *residuals,
        *x,
        forwards=on_batch(forwards),
        backwards=on_batch(backwards),
        n_residuals=n_residuals,
    )
    return outs, True


linear_call_p = CallPrimitive(
    "linear_call",
    impl=lambda *args, forwards, **params: tuple(eval_jaxpr(forwards, (), *args)),
    abstract=lambda *avals, forwards, **params: forwards.out_avals,
    jvp=_jvp,
    transpose=_transpose,
    batch=_batch,
    multiple_results=True,
)


def linear_call(
    fun: Callable[[Any, Any], Any],
    fun_transpose: Callable[[Any, Any], Any],
    residual_args: Any,
    linear_args: Any,
) -> Any:
    """Call a function that is linear in an argument, with a transpose of its own.

    Reverse mode calls `fun_transpose` where it would transpose the operations of `fun`.

    Args:
        fun: `fun(residual_args, linear_args)`, linear in the second argument.
        fun_transpose: `fun_transpose(residual_args, cotangent)`, linear in the second argument; its result has the
            structure, shapes and dtypes of `linear_args`.
        residual_args: what the function depends on otherwise. There is no derivative by it.
        linear_args: an array or a pytree.

    Returns:
        The result of `fun`.

    Raises:
        ArgumentError: the result of `fun_transpose` is not of the types of `linear_args`.

    >>> import funcgrad as fg
    >>> def third(x):
    ...     return fg.custom_derivatives.linear_call(
    ...         lambda r, x: x / r, lambda r, ct: ct / r, 3.0, x
    ...     )
    >>> third(6.0), fg.linear_transpose(third, 6.0)(1.5)
    (2.0, (np.float64(0.5),))
    """
    for given, name in ((fun, "fun"), (fun_transpose, "fun_transpose")):
        if not callable(given):
            raise ArgumentError(
                f"linear_call takes a function for {name}, not {shown(given)}{here()}"
            )
    if current_trace() is None:
        return fun(residual_args, linear_args)

    def what(path: Any) -> str:
        return ("residual_args", "linear_args")[path[0].idx] + keystr(path[1:])

    args = (residual_args, linear_args)
    leaves, avals, in_tree = flatten_arrays(args, "linear_call", what)
    residual_tree, linear_tree = in_tree.children()
    n = residual_tree.num_leaves
    linear_avals = [a.strip_weak_type() for a in avals[n:]]
    forwards = trace_body(fun, in_tree, [*avals[:n], *linear_avals], what="linear_call")
    backwards = trace_body(
        fun_transpose,
        tree_structure(
            (
                residual_tree.unflatten([0] * n),
                forwards.out_tree.unflatten([0] * len(forwards.out_avals)),
            )
        ),
        [*avals[:n], *[a.strip_weak_type() for a in forwards.out_avals]],
        what="linear_call",
    )
    _check(backwards, linear_tree, linear_avals, fun_transpose)
    consts, jaxprs = share_consts([forwards, backwards])
    outs = linear_call_p(
        *consts,
        *leaves,
        forwards=jaxprs[0],
        backwards=jaxprs[1],
        n_residuals=len(consts) + n,
    )
    return forwards.out_tree.unflatten(outs)


def _check(body: Body, tree: PyTreeDef, avals: Sequence[ShapedArray], fun: Any) -> None:
    found = body.out_avals
    same = body.out_tree == tree and all(
        a.shape == b.shape and a.dtype == b.dtype for a, b in zip(found, avals, strict=True)
    )
    if same:
        return
    text = (
        f"linear_call: {describe_function(fun)} must give a result of the structure and types of linear_args"
        f"{here()}"
    )
    if body.out_tree != tree:
        text += "\n" + describe_mismatch(tree, body.out_tree, ("linear_args", "the result"))
    if len(found) == len(avals):
        names = ("linear_args", "result")
        text += "\n" + side_by_side(tree, avals, body.out_tree, found, names, "linear_args")
    raise ArgumentError(text)
