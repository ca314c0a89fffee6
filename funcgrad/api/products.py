"""`jvp`, `vjp`, `linearize`, `linear_transpose`: products with Jacobians."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.api.call import execute, reraise_filtered
from funcgrad.api.jit import jit
from funcgrad.api.traced_call import TracedCall
from funcgrad.core.errors import ArgumentError
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.local_array import plain
from funcgrad.core.tracing import typeof
from funcgrad.core.tree import (
    PyTreeDef,
    keystr,
    register_pytree_node,
    tree_flatten,
    tree_flatten_with_path,
)
from funcgrad.core.types import (
    SCALAR_AVALS,
    ShapedArray,
    float0,
    is_differentiable,
    short_dtype,
)
from funcgrad.ops.basic import convert
from funcgrad.transforms import forward, transpose


def _tangents(
    tangents: Any,
    tree: PyTreeDef,
    avals: Sequence[ShapedArray],
    transform: str,
    what: str,
    of: str,
    is_wanted: Callable[[Any], bool] = is_differentiable,
) -> list[Any]:
    """Check tangents (or cotangents) against the avals that they belong to; those of the dtypes that are wanted."""
    leaves, given_tree = tree_flatten(tangents)
    if given_tree != tree:
        raise ArgumentError(
            f"{transform}: {what} must have the structure of {of}\n  {of}: {tree}\n  {what}: {given_tree}"
        )
    checked = []
    for i, (leaf, aval) in enumerate(zip(leaves, avals, strict=True)):
        leaf = plain(leaf)
        try:
            got = typeof(leaf)
        except AttributeError:
            leaf = np.asarray(leaf)
            got = typeof(leaf)
        if is_wanted(aval.dtype):
            fits = got.shape == aval.shape and (
                got.dtype == aval.dtype
                or (got.weak_type and not (got.dtype.kind == "c" and aval.dtype.kind == "f"))
                or (aval.weak_type and np.can_cast(got.dtype, aval.dtype))
            )
            if not fits:
                raise _tangent_error(tangents, i, got, aval, transform, what, of)
            if type(leaf) in SCALAR_AVALS:
                leaf = aval.dtype.type(leaf)  # programs take NumPy's scalars for strong types
            checked.append(convert(leaf, aval.dtype) if got.dtype != aval.dtype else leaf)
        elif got.shape != aval.shape or got.dtype != float0:
            raise _tangent_error(
                tangents, i, got, ShapedArray(aval.shape, float0), transform, what, of
            )
    return checked


def _tangent_error(
    tree: Any, i: int, got: ShapedArray, expected: ShapedArray, transform: str, what: str, of: str
) -> ArgumentError:
    path = keystr(tree_flatten_with_path(tree)[0][i][0])
    hint = (
        "; for an integer or boolean it is np.zeros(shape, fg.float0)"
        if expected.dtype == float0
        else ""
    )
    return ArgumentError(
        f"{transform}: {what}{path} has type {got}, but {of}{path} asks for "
        f"{short_dtype(expected.dtype)}[{','.join(map(str, expected.shape))}]{hint}"
    )


@reraise_filtered
def jvp(
    fun: Callable[..., Any], primals: Any, tangents: Any, has_aux: bool = False
) -> tuple[Any, ...]:
    """A function's value and its derivative along a direction: the Jacobian times a vector, in forward mode.

    Args:
        fun: a function of arrays or pytrees.
        primals: a tuple or list with its arguments: where to differentiate.
        tangents: a tuple or list of the same structure, shapes and dtypes: the direction. Integer and boolean
            arguments have tangents of dtype `float0`.
        has_aux: whether `fun` returns `(output, aux)`.

    Returns:
        `(output, output tangent)`, and `aux` as a third if `has_aux`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.jvp(np.sin, (0.0,), (2.0,))
    (np.float64(0.0), np.float64(2.0))
    """
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise ArgumentError(
            f"jvp: primals and tangents must be tuples or lists, one entry per argument, not "
            f"{type(primals).__name__} and {type(tangents).__name__}\n  for one argument write fg.jvp(f, (x,), (t,))"
        )
    if len(primals) != len(tangents):
        raise ArgumentError(f"jvp: there are {len(primals)} primals but {len(tangents)} tangents")
    call = TracedCall(fun, tuple(primals), "jvp", has_aux=has_aux)
    given = _tangents(tuple(tangents), call.in_tree, call.avals, "jvp", "tangents", "primals")
    program, _ = forward.jvp(call.jaxpr, call.nonzero(), instantiate=call.instantiate())
    program = _keep_tangents(program, len(call.jaxpr.outvars), call.out_avals)
    results = execute(program, [*call.consts, *call.leaves, *given])
    n = len(call.jaxpr.outvars)
    out = call.out_tree.unflatten(results[: call.n_outs])
    tangent = call.out_tree.unflatten(_with_zeros(results[n:], call.out_avals))
    return (out, tangent, call.fill_aux(results[call.n_outs : n])) if has_aux else (out, tangent)


def _keep_tangents(program: Jaxpr, n: int, out_avals: Sequence[ShapedArray]) -> Jaxpr:
    """Leave out the tangents of auxiliary data."""
    wanted = n + sum(is_differentiable(a.dtype) for a in out_avals)
    if len(program.outvars) == wanted:
        return program
    return program.memo(("keep", wanted), lambda: program.replace(outvars=program.outvars[:wanted]))


@reraise_filtered
def linearize(fun: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """A function's value, and its derivative at that point as a linear function.

    The work that depends on the point is done once; the linear function can be called many times.

    Args:
        fun: a function of arrays or pytrees.
        primals: its arguments.
        has_aux: whether `fun` returns `(output, aux)`.

    Returns:
        `(output, f_jvp)` where `f_jvp(*tangents)` gives the output's tangent; `aux` as a third if `has_aux`.

    >>> import numpy as np, funcgrad as fg
    >>> y, f_jvp = fg.linearize(np.sin, 0.0)
    >>> f_jvp(2.0)
    np.float64(2.0)
    """
    call = TracedCall(fun, primals, "linearize", has_aux=has_aux)
    split = forward.linearize(call.jaxpr, call.nonzero(), instantiate=call.instantiate())
    results = execute(split.known, [*call.consts, *call.leaves])
    n = len(call.jaxpr.outvars)
    linear = _keep_tangents(split.linear, 0, call.out_avals)
    pushforward = Pushforward(_Types(call), linear, results[n:])
    out = call.out_tree.unflatten(results[: call.n_outs])
    if has_aux:
        return out, pushforward, call.fill_aux(results[call.n_outs : n])
    return out, pushforward


class _Types:
    """The types of a function's arguments and results, which are those of their tangents."""

    def __init__(self, call: TracedCall) -> None:
        self.avals, self.in_tree = call.avals, call.in_tree
        self.out_avals, self.out_tree = call.out_avals, call.out_tree


class _LinearFunction:
    """A linear program, with the residuals of the point that it belongs to.

    It is a node of trees whose children are the residuals, so that it can be a result or an argument of a jitted
    function.
    """

    def __init__(self, types: _Types, program: Jaxpr, residuals: Sequence[Any]) -> None:
        self._types, self._program, self._residuals = types, program, list(residuals)

    def __init_subclass__(cls) -> None:
        register_pytree_node(
            cls,
            lambda self: (self._residuals, (self._types, self._program)),
            lambda static, residuals: cls(static[0], static[1], residuals),
        )


class Pushforward(_LinearFunction):
    """What `linearize` returns: maps tangents of the arguments to the output's tangent. Reusable."""

    def __call__(self, *tangents: Any) -> Any:
        types = self._types
        given = _tangents(
            tangents,
            types.in_tree,
            types.avals,
            "the linearized function",
            "tangents",
            "primals",
        )
        results = execute(self._program, [*self._residuals, *given])
        return types.out_tree.unflatten(_with_zeros(results, types.out_avals))


class Vjp(_LinearFunction):
    """The pullback of `vjp`: maps output cotangents to a tuple of cotangents of the arguments. Reusable."""

    def __call__(self, ct: Any) -> Any:
        types = self._types
        given = _tangents(
            ct, types.out_tree, types.out_avals, "the pullback", "the cotangent", "the output"
        )
        results = execute(self._program, [*self._residuals, *given])
        return types.in_tree.unflatten(_with_zeros(results, types.avals))


def _with_zeros(given: Sequence[Any], avals: Sequence[ShapedArray]) -> list[Any]:
    """Tangents for all of these avals, from those of the differentiable ones."""
    rest = iter(given)
    return [next(rest) if is_differentiable(a.dtype) else np.zeros(a.shape, float0) for a in avals]


@reraise_filtered
def vjp(fun: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """A function's value and its pullback: the vector-Jacobian product, in reverse mode.

    Args:
        fun: a function of arrays or pytrees.
        primals: its arguments: where to differentiate.
        has_aux: whether `fun` returns `(output, aux)`.

    Returns:
        `(output, pullback)` where `pullback(cotangent)` takes the structure, shapes and dtypes of the
        output and gives a tuple with one cotangent per argument; `aux` as a third if `has_aux`.

    >>> import numpy as np, funcgrad as fg
    >>> y, pullback = fg.vjp(np.multiply, 2.0, 3.0)
    >>> pullback(1.0)
    (np.float64(3.0), np.float64(2.0))
    """
    call = TracedCall(fun, primals, "vjp", has_aux=has_aux)
    split = forward.linearize(call.jaxpr, call.nonzero(), instantiate=call.instantiate())
    results = execute(split.known, [*call.consts, *call.leaves])
    n = len(call.jaxpr.outvars)
    linear = _keep_tangents(split.linear, 0, call.out_avals)
    n_wrt = sum(is_differentiable(a.dtype) for a in call.avals)
    program = transpose.transpose(
        linear, [False] * len(results[n:]) + [True] * n_wrt, [True] * len(linear.outvars)
    )
    pullback = Vjp(_Types(call), program, results[n:])
    out = call.out_tree.unflatten(results[: call.n_outs])
    return (out, pullback, call.fill_aux(results[call.n_outs : n])) if has_aux else (out, pullback)


def fwd_and_bwd(
    fun: Callable[..., Any],
    argnums: int | Sequence[int],
    has_aux: bool = False,
    jitted: bool = True,
) -> tuple[Callable[..., Any], Callable[[Any, Any], Any]]:
    """The two halves of reverse mode as functions: the forward pass, and the backward pass.

    Args:
        fun: a function of arrays or pytrees.
        argnums: the position (or positions) of the arguments to differentiate by.
        has_aux: whether `fun` returns `(output, aux)`.
        jitted: whether both are compiled by `jit`.

    Returns:
        `(fwd, bwd)`: `fwd(*args, **kwargs)` gives `(output, residuals)`, with `aux` as a third if `has_aux`; and
        `bwd(residuals, cotangent)` gives the cotangent of the argument, or a tuple of them if `argnums` is a sequence.

    >>> import numpy as np, funcgrad as fg
    >>> forward, backward = fg.fwd_and_bwd(np.multiply, argnums=0)
    >>> y, residuals = forward(2.0, 3.0)
    >>> backward(residuals, 1.0)
    np.float64(3.0)
    """
    positions = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    def fwd(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
        def of_chosen(*chosen: Any) -> Any:
            given = list(args)
            for position, value in zip(positions, chosen, strict=True):
                given[position] = value
            return fun(*given, **kwargs)

        return vjp(of_chosen, *[args[p] for p in positions], has_aux=has_aux)

    def bwd(residuals: Vjp, cotangent: Any) -> Any:
        cts = residuals(cotangent)
        return cts[0] if isinstance(argnums, int) else cts

    return (jit(fwd), jit(bwd)) if jitted else (fwd, bwd)


@reraise_filtered
def linear_transpose(fun: Callable[..., Any], *primals: Any) -> Callable[[Any], Any]:
    """The transpose of a function that is linear.

    Args:
        fun: a linear function of arrays or pytrees.
        primals: arguments, or `ShapeDtypeStruct`s: only shapes and dtypes are used.

    Returns:
        A function from the output's cotangent to a tuple with one cotangent per argument.

    Raises:
        NoDerivativeError: an operation of `fun` is not linear.

    >>> import numpy as np, funcgrad as fg
    >>> fg.linear_transpose(lambda x: 3.0 * x, 1.0)(2.0)
    (np.float64(6.0),)
    """
    call = TracedCall(fun, primals, "linear_transpose", values=False)
    linear = [False] * len(call.consts) + [True] * len(call.avals)
    # Functions of integers can be linear too, though they have no derivatives.
    program = transpose.transpose(call.jaxpr, linear, [True] * len(call.out_avals))

    def transposed(ct: Any) -> Any:
        given = _tangents(
            ct,
            call.out_tree,
            call.out_avals,
            "the transposed function",
            "the cotangent",
            "the output",
            lambda dtype: True,
        )
        return call.in_tree.unflatten(execute(program, [*call.consts, *given]))

    return transposed
