"""`jacfwd`, `jacrev`, `hessian`, `hvp`: derivatives of functions with array results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.api.call import Transformed, execute
from funcgrad.api.grad import _positions, grad
from funcgrad.api.products import TracedCall, jvp
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import describe_function
from funcgrad.core.types import float0, is_differentiable
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
        positions = _positions(self.argnums, len(args), self.fun, self.mode)
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
        self._check(call, positions)
        split = forward.linearize(call.jaxpr, call.nonzero(), instantiate=call.instantiate())
        results = execute(split.known, [*call.consts, *call.leaves])
        n = len(call.jaxpr.outvars)
        residuals = results[n:]
        linear = split.linear
        n_out_tangents = sum(is_differentiable(a.dtype) for a in call.out_avals)
        linear = linear.memo(
            ("keep", n_out_tangents),
            lambda: linear.replace(outvars=linear.outvars[:n_out_tangents]),
        )
        rows = self._forward_rows if self.mode == "jacfwd" else self._reverse_rows
        blocks = rows(call, linear, residuals)
        tree = _assemble(call, blocks, positions, single)
        return (tree, call.fill_aux(results[call.n_outs : n])) if self.has_aux else tree

    def _check(self, call: TracedCall, positions: Sequence[int]) -> None:
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

    def _forward_rows(self, call: TracedCall, linear: Any, residuals: list[Any]) -> Any:
        """For each output: for each differentiable input, the block of the Jacobian."""
        wrt = [a for a in call.avals if is_differentiable(a.dtype)]
        columns = execute(matrix(linear, _behind(residuals, wrt)), residuals)
        outs = [a for a in call.out_avals if is_differentiable(a.dtype)]
        blocks = []
        for column, out in zip(columns, outs, strict=True):
            row, start = [], 0
            for aval in wrt:
                part = column[start : start + aval.size]
                part = np.moveaxis(part, 0, -1)
                row.append(_owned(part.reshape(out.shape + aval.shape)))
                start += aval.size
            blocks.append(row)
        return blocks

    def _reverse_rows(self, call: TracedCall, linear: Any, residuals: list[Any]) -> Any:
        wrt = [a for a in call.avals if is_differentiable(a.dtype)]
        outs = [v.aval for v in linear.outvars]
        backward = transpose.transpose(linear, _behind(residuals, wrt), [True] * len(outs))
        rows = execute(matrix(backward, _behind(residuals, outs)), residuals)
        blocks, start = [], 0
        for out in outs:
            blocks.append(
                [
                    _owned(row[start : start + out.size].reshape(out.shape + aval.shape))
                    for row, aval in zip(rows, wrt, strict=True)
                ]
            )
            start += out.size
        return blocks


class Named:
    """A function under another function's name and place, for error messages."""

    def __init__(self, call: Callable[..., Any], like: Callable[..., Any]) -> None:
        self.call = call
        self.func = like

    def __call__(self, *args: Any) -> Any:
        return self.call(*args)


def _owned(array: Any) -> Any:
    """A block that shares memory with no other block."""
    if isinstance(array, np.ndarray):
        return array.copy()[()] if array.base is not None else array[()]
    return array


def _behind(residuals: Sequence[Any], linear: Sequence[Any]) -> list[bool]:
    """Which inputs of a jaxpr are linear, where residuals come first."""
    return [False] * len(residuals) + [True] * len(linear)


def _assemble(call: TracedCall, blocks: Any, positions: Sequence[int], single: bool) -> Any:
    rows = iter(blocks)
    leaves = []
    for out in call.out_avals:
        differentiable = is_differentiable(out.dtype)
        given = iter(next(rows)) if differentiable else iter(())
        row = []
        for aval in call.avals:
            shape = out.shape + aval.shape
            if not is_differentiable(aval.dtype):
                row.append(np.zeros(shape, float0))
            elif differentiable:
                row.append(next(given))
            else:
                row.append(np.zeros(shape, float0))
        tree = call.in_tree.unflatten(row)
        leaves.append(tree[0] if single else tree)
    return call.out_tree.unflatten(leaves)
