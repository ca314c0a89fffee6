"""`jacfwd`, `jacrev`, `hessian`, `hvp`: derivatives of functions with array results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.api.call import Transformed, execute
from funcgrad.api.grad import differentiated_positions, grad
from funcgrad.api.products import jvp
from funcgrad.api.traced_call import TracedCall
from funcgrad.core.errors import ArgumentError
from funcgrad.core.interpreter import inline_jaxpr
from funcgrad.core.jaxpr import Jaxpr, dce
from funcgrad.core.source import describe_function
from funcgrad.core.tracing import build_jaxpr
from funcgrad.core.types import ShapedArray, float0, is_differentiable
from funcgrad.transforms import forward, transpose
from funcgrad.transforms.matrix import matrix


def jacfwd(
    fun: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """The Jacobian by forward mode: one pass per input element, all of them at once.

    To be preferred over `jacrev` when there are at least as many outputs as inputs.

    Args:
        fun: a function of arrays or pytrees.
        argnums: which positional arguments to differentiate: an int or a sequence of ints.
        has_aux: whether `fun` returns `(output, aux)`; then the result is `(jacobian, aux)`.
        holomorphic: whether `fun` is a holomorphic function of complex inputs.

    Returns:
        A function that gives the output's structure with, at each leaf, the differentiated argument's
        structure of arrays of shape `output.shape + input.shape`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.jacfwd(lambda x: x[:2] * x[2])(np.array([1.0, 2.0, 3.0]))
    array([[3., 0., 1.],
           [0., 3., 2.]])
    """
    return Jacobian(
        fun,
        argnums=argnums,
        has_aux=has_aux,
        holomorphic=holomorphic,
        mode="jacfwd",
        allow_int=False,
    )


def jacrev(
    fun: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
) -> Callable[..., Any]:
    """The Jacobian by reverse mode: one pass per output element, all of them at once.

    To be preferred over `jacfwd` when there are fewer outputs than inputs. Arguments and results are those of
    `jacfwd`; `allow_int` accepts integer inputs, whose Jacobian has dtype `float0`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.jacrev(lambda x: x[:2] * x[2])(np.array([1.0, 2.0, 3.0]))
    array([[3., 0., 1.],
           [0., 3., 2.]])
    """
    return Jacobian(
        fun,
        argnums=argnums,
        has_aux=has_aux,
        holomorphic=holomorphic,
        mode="jacrev",
        allow_int=allow_int,
    )


jacobian = jacrev


def hessian(
    fun: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """The Hessian: `jacfwd` of `jacrev`.

    Arguments are those of `jacfwd`. At each leaf of the output, the result has the argument's structure
    twice, with arrays of shape `output.shape + input.shape + input.shape`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    return jacfwd(
        jacrev(fun, argnums, has_aux=has_aux, holomorphic=holomorphic),
        argnums,
        has_aux=has_aux,
        holomorphic=holomorphic,
    )


def hvp(fun: Callable[..., Any], primals: Any, tangents: Any) -> Any:
    """The product of a scalar function's Hessian with a vector, without forming the Hessian.

    Args:
        fun: a function with a real scalar result, differentiated in its first argument.
        primals: a tuple with its arguments.
        tangents: a tuple of the same structure: the vector.

    Returns:
        An array or pytree like the first argument.

    >>> import numpy as np, funcgrad as fg
    >>> fg.hvp(lambda x: np.sum(x**3), (np.array([1.0, 2.0]),), (np.array([1.0, 0.0]),))
    array([6., 0.])
    """
    return jvp(grad(fun), primals, tangents)[1]


class Jacobian(Transformed):
    """A function that returns a Jacobian."""

    argnums: Any
    has_aux: bool
    holomorphic: bool
    mode: str
    allow_int: bool

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        positions = differentiated_positions(self.argnums, len(args), self.fun, self.mode)
        single = isinstance(self.argnums, (int, np.integer))

        def of_dynamic(*dynamic: Any) -> Any:
            new_args = list(args)
            for position, value in zip(positions, dynamic, strict=True):
                new_args[position] = value
            return self.fun(*new_args, **kwargs)

        of_dynamic.__qualname__ = getattr(self.fun, "__qualname__", "fun")
        call = TracedCall(
            Named(of_dynamic, self.fun),
            tuple([args[p] for p in positions]),
            self.mode,
            has_aux=self.has_aux,
        )
        self._check(call)
        program = call.jaxpr.memo(
            ("jacobian", self.mode, call.n_outs, len(call.consts)), lambda: self._program(call)
        )
        results = execute(program, [*call.consts, *call.leaves])
        n_aux = len(call.jaxpr.outvars) - call.n_outs
        tree = _assemble(call, results[n_aux:], single)
        return (tree, call.fill_aux(results[:n_aux])) if self.has_aux else tree

    def _program(self, call: TracedCall) -> Jaxpr:
        """The jaxpr from the inputs to the auxiliary data and, output by output, the blocks of the Jacobian."""
        split = forward.linearize(call.jaxpr, call.nonzero(), instantiate=call.instantiate())
        n = len(call.jaxpr.outvars)
        n_residuals = len(split.known.outvars) - n
        wrt = [a for a in call.avals if is_differentiable(a.dtype)]
        outs = [a for a in call.out_avals if is_differentiable(a.dtype)]
        linear = split.linear.replace(outvars=split.linear.outvars[: len(outs)])
        first = [False] * n_residuals
        if self.mode == "jacfwd":
            whole, cut = matrix(linear, [*first, *[True] * len(wrt)]), _blocks_of_columns
        else:
            backward = transpose.transpose(linear, [*first, *[True] * len(wrt)], [True] * len(outs))
            whole, cut = matrix(backward, [*first, *[True] * len(outs)]), _blocks_of_rows

        def blocks(*inputs: Any) -> list[Any]:
            known = inline_jaxpr(split.known, inputs)
            return [*known[call.n_outs : n], *cut(inline_jaxpr(whole, known[n:]), outs, wrt)]

        return dce(build_jaxpr(blocks, call.jaxpr.in_avals, name=self.mode))

    def _check(self, call: TracedCall) -> None:
        name = describe_function(self.fun)
        allowed = "c" if self.holomorphic else "f" if self.mode == "jacfwd" else "fc"
        for aval in call.avals:
            kind = aval.dtype.kind
            if kind not in allowed and not (self.allow_int and kind in "biu"):
                raise ArgumentError(
                    f"{self.mode}{' with holomorphic=True' if self.holomorphic else ''} takes "
                    f"{'complex' if self.holomorphic else 'real'} inputs, but {name} was called with {aval}\n  "
                    "convert it with .astype(float), or choose another argument with argnums"
                )
        for aval in call.out_avals:
            kind = aval.dtype.kind
            if self.holomorphic and kind != "c":
                raise ArgumentError(
                    f"{self.mode} with holomorphic=True: {name} returned {aval}, not complex"
                )
            if not self.holomorphic and self.mode == "jacrev" and kind != "f":
                raise ArgumentError(
                    f"jacrev takes a function with real results, but {name} returned {aval}\n  "
                    "take its real part, or pass holomorphic=True for a holomorphic function"
                )


class Named:
    """A function under another function's name and place, for error messages."""

    def __init__(self, call: Callable[..., Any], like: Callable[..., Any]) -> None:
        self.call = call
        self.func = like

    def __call__(self, *args: Any) -> Any:
        return self.call(*args)


def _blocks_of_columns(
    products: Sequence[Any], outs: Sequence[ShapedArray], wrt: Sequence[ShapedArray]
) -> list[Any]:
    """For each output the block of each input, from the outputs' tangents for all unit vectors."""
    blocks = []
    for column, out in zip(products, outs, strict=True):
        start = 0
        for aval in wrt:
            part = np.moveaxis(column[start : start + aval.size], 0, -1)
            blocks.append(part.reshape(out.shape + aval.shape))
            start += aval.size
    return blocks


def _blocks_of_rows(
    products: Sequence[Any], outs: Sequence[ShapedArray], wrt: Sequence[ShapedArray]
) -> list[Any]:
    """For each output the block of each input, from the inputs' cotangents for all unit vectors."""
    blocks, start = [], 0
    for out in outs:
        stop = start + out.size
        blocks += [
            row[start:stop].reshape(out.shape + aval.shape)
            for row, aval in zip(products, wrt, strict=True)
        ]
        start = stop
    return blocks


def _assemble(call: TracedCall, blocks: Sequence[Any], single: bool) -> Any:
    given = iter(blocks)
    leaves = []
    for out in call.out_avals:
        differentiable = is_differentiable(out.dtype)
        row = [
            next(given)
            if differentiable and is_differentiable(aval.dtype)
            else np.zeros(out.shape + aval.shape, float0)
            for aval in call.avals
        ]
        tree = call.in_tree.unflatten(row)
        leaves.append(tree[0] if single else tree)
    return call.out_tree.unflatten(leaves)
