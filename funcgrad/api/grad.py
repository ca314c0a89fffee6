"""`grad` and `value_and_grad`."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.api.call import Aux, Transformed, execute, result_aval, split_aux
from funcgrad.core.config import config
from funcgrad.core.errors import ArgumentError
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.leaves import flatten_arrays, leaf_aval, shown
from funcgrad.core.local_array import plain
from funcgrad.core.source import describe_function
from funcgrad.core.tracing import Trace, Tracer
from funcgrad.core.tree import keystr, tree_flatten, tree_flatten_with_path
from funcgrad.core.types import ShapedArray, float0, is_differentiable
from funcgrad.transforms.transpose import value_and_grad as value_and_grad_jaxpr


def grad(
    fun: Callable[..., Any],
    argnums: int | Sequence[int] | None = None,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
    argnames: str | Sequence[str] | None = None,
) -> Callable[..., Any]:
    """The gradient of a function with a scalar result.

    Args:
        fun: a function of arrays (or pytrees of arrays) that returns a real scalar: shape `()`.
        argnums: which positional arguments to differentiate, as an int or a sequence of ints, negative
            ones counted from the end. The first one, unless `argnames` is given.
        has_aux: whether `fun` returns `(scalar, aux)`; the gradient function then returns `(gradient, aux)`.
        holomorphic: whether `fun` is a holomorphic function of complex inputs.
        allow_int: whether integer inputs are accepted; their gradient is an array of dtype `float0`.
        argnames: which keyword arguments to differentiate; the result is then a dict, or a pair
            `(positional, dict)` if `argnums` is given too.

    Returns:
        A function with the arguments of `fun` that returns the gradient: the structure, shapes and dtypes of
        the differentiated argument, or a tuple of them if `argnums` is a sequence.

    Raises:
        ArgumentError: an argument has the wrong type, or the result is no real scalar.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda x: x**2 + 3 * x + 1)(2.0)
    np.float64(7.0)
    >>> fg.grad(lambda x, y: np.sum(x * y), argnums=(0, 1))(np.array([1.0, 2.0]), 3.0)
    (array([3., 3.]), np.float64(3.0))
    """
    return Grad(
        fun,
        argnums=argnums,
        has_aux=has_aux,
        holomorphic=holomorphic,
        allow_int=allow_int,
        argnames=argnames,
        with_value=False,
        transform="grad",
    )


def value_and_grad(
    fun: Callable[..., Any],
    argnums: int | Sequence[int] | None = None,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
    argnames: str | Sequence[str] | None = None,
) -> Callable[..., Any]:
    """The value and the gradient of a function with a scalar result, computed together.

    Arguments and errors are those of `grad`. Returns a function that gives `(value, gradient)`, or
    `((value, aux), gradient)` if `has_aux`.

    >>> import funcgrad as fg
    >>> fg.value_and_grad(lambda x: x**2 + 3 * x + 1)(2.0)
    (np.float64(11.0), np.float64(7.0))
    """
    return Grad(
        fun,
        argnums=argnums,
        has_aux=has_aux,
        holomorphic=holomorphic,
        allow_int=allow_int,
        argnames=argnames,
        with_value=True,
        transform="value_and_grad",
    )


class Grad(Transformed):
    """A function that returns a gradient, and the value if `with_value`."""

    argnums: Any
    argnames: Any
    has_aux: bool
    holomorphic: bool
    allow_int: bool
    with_value: bool
    transform: str

    def __init__(self, fun: Callable[..., Any], **options: Any) -> None:
        super().__init__(fun, **options)
        names = self.argnames
        self.names = (names,) if isinstance(names, str) else None if names is None else tuple(names)
        if self.argnums is None:
            self.argnums = 0 if self.names is None else ()
        self._key = ("gradient", self.with_value)
        # What a ufunc does never changes: its programs are kept by the type of the argument, and it is traced once.
        fixed = type(fun) is np.ufunc or (type(fun) is Grad and fun._programs is not None)
        self._programs: dict[ShapedArray, Jaxpr] | None = {} if fixed and not self.has_aux else None
        self.single = self.names is None and isinstance(self.argnums, (int, np.integer))

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self.single and not self.holomorphic:
            return self._single(args, kwargs)
        positions = differentiated_positions(self.argnums, len(args), self.fun, self.transform)
        names = self.names or ()
        for name in names:
            if name not in kwargs:
                raise ArgumentError(
                    f"{self.transform}: argnames has {name!r}, but the call has no such keyword argument\n  "
                    f"call it with {name}=..."
                )
        wrt = (tuple([args[i] for i in positions]), {name: kwargs[name] for name in names})

        def call(traced: Any) -> Any:
            new_args = list(args)
            for position, value in zip(positions, traced[0], strict=True):
                new_args[position] = value
            return self.fun(*new_args, **(kwargs | traced[1]))

        def what(path: Any) -> str:
            if path[0].idx == 0:
                return f"argument {positions[path[1].idx]}{keystr(path[2:])}"
            return f"argument {path[1].key}{keystr(path[2:])}"

        out = self._differentiate(call, wrt, what)
        if self.names is None:
            return self._select(out, lambda g: g[0][0] if self.single else g[0])
        if not positions:
            return self._select(out, lambda g: g[1])
        positional_single = isinstance(self.argnums, (int, np.integer))
        return self._select(out, lambda g: (g[0][0] if positional_single else g[0], g[1]))

    def _select(self, out: Any, choose: Callable[[Any], Any]) -> Any:
        value, aux, gradient = out
        return self._package(value, aux, choose(gradient))

    def _package(self, value: Any, aux: Any, gradient: Any) -> Any:
        if self.with_value:
            return ((value, aux), gradient) if self.has_aux else (value, gradient)
        return (gradient, aux) if self.has_aux else gradient

    def _single(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The common case, without the detours: one positional argument."""
        position = self.argnums
        n = len(args)
        if not -n <= position < n:
            differentiated_positions(position, n, self.fun, self.transform)
        position %= n
        fun = call = self.fun
        if self._programs and n == 1 and not kwargs:
            program = self._programs.get(leaf_aval(args[0]))  # type: ignore[arg-type]
            if program is not None and not _is_debugging():
                results = execute(program, args)
                return tuple(results) if self.with_value else results[0]
        if n > 1 or kwargs:
            before, after = args[:position], args[position + 1 :]

            def call(traced: Any) -> Any:
                return fun(*before, traced, *after, **kwargs)

        value, aux, gradient = self._differentiate(
            call, args[position], lambda path: f"argument {position}{keystr(path)}"
        )
        return self._package(value, aux, gradient)

    def _differentiate(
        self, call: Callable[[Any], Any], wrt: Any, what: Callable[[Any], str]
    ) -> Any:
        wrt = plain(wrt)
        aval = leaf_aval(wrt)
        if aval is not None:
            leaves, avals, treedef = [wrt], [aval], None
        else:
            leaves, avals, treedef = flatten_arrays(wrt, self.transform, what)
        for i, aval in enumerate(avals):
            if aval.dtype.kind != "f" or self.holomorphic:
                self._check_input(aval, wrt, i, what)
        aux = None
        with Trace(avals, leaves, self.fun) as trace:
            inputs = trace.inputs()
            out = call(inputs[0] if treedef is None else treedef.unflatten(inputs))
            if self.has_aux:
                out, aux_tree = split_aux(out, self.fun, self.transform)
                aux = Aux(aux_tree)
            if (
                type(out) is not Tracer
                or out.aval.shape
                or out.aval.dtype.kind != "f"
                or self.holomorphic
            ):
                out = self._check_output(out)
            outs = [out] if aux is None else [out, *aux.tracers()]
            jaxpr, consts = trace.finish(outs, lift=True)
        if config.warn_zero_gradients:
            names = [what(path) for path, _ in tree_flatten_with_path(wrt)[0]]
            debugging = importlib.import_module("funcgrad.api.debugging")  # when it is asked for
            debugging.warn_of_zeros(self.fun, jaxpr, [*consts, *leaves], names)
        program = jaxpr._memo.get(self._key) or gradient_jaxpr(jaxpr, self.with_value)
        if self._programs is not None and treedef is None and not consts:
            self._programs[avals[0]] = program
        results = execute(program, [*consts, *leaves])
        n_values = 1 if self.with_value else 0
        n_outs = len(outs) - 1 + n_values
        grads = results[n_outs:] if n_outs else results
        if len(grads) != len(leaves):  # integers have no gradient
            given = iter(grads)
            grads = [
                next(given) if is_differentiable(a.dtype) else np.zeros(a.shape, float0)
                for a in avals
            ]
        gradient = grads[0] if treedef is None else treedef.unflatten(grads)
        aux_value = aux.fill(results[n_values:n_outs]) if aux is not None else None
        return results[0] if self.with_value else None, aux_value, gradient

    def _check_input(
        self, aval: ShapedArray, tree: Any, i: int, what: Callable[[Any], str]
    ) -> None:
        kind = aval.dtype.kind
        if kind == "c" or (kind in "biu" and self.allow_int):
            return
        name = what(_path_of(tree, i))
        if self.holomorphic:
            raise ArgumentError(
                f"{self.transform} with holomorphic=True takes complex inputs, but {name} has type {aval}\n  "
                "convert it with .astype(complex), or leave holomorphic out"
            )
        raise ArgumentError(
            f"{self.transform} takes real or complex inputs, but {name} has type {aval}\n  "
            "convert it with float(...) or .astype(float), choose another argument with argnums, "
            "or pass allow_int=True for a zero gradient"
        )

    def _check_output(self, out: Any) -> Any:
        if type(out) is not Tracer and leaf_aval(out) is None:
            out = self._single_output(out)
        aval = result_aval(out)
        if aval.shape:
            raise ArgumentError(
                f"{self.transform} takes a function with a scalar result, but {describe_function(self.fun)} "
                f"returned {aval}\n  reduce it (np.sum, np.mean), or use fg.jacrev, fg.jacfwd or fg.vjp"
            )
        if self.holomorphic:
            if aval.dtype.kind != "c":
                raise ArgumentError(
                    f"{self.transform} with holomorphic=True takes a function with a complex result, but "
                    f"{describe_function(self.fun)} returned {aval}"
                )
        elif aval.dtype.kind != "f":
            hint = (
                "take np.real or np.abs of it, or pass holomorphic=True"
                if aval.dtype.kind == "c"
                else "an integer or boolean result has no derivative; make it a float"
            )
            raise ArgumentError(
                f"{self.transform} takes a function with a real result, but {describe_function(self.fun)} "
                f"returned {aval}\n  {hint}"
            )
        return out

    def _single_output(self, out: Any) -> Any:
        leaves, treedef = tree_flatten(out)
        if hasattr(out, "__array__"):
            return np.asarray(out)
        hint = "return one scalar"
        if isinstance(out, tuple) and len(out) == 2:
            hint += ", or pass has_aux=True if the second is auxiliary data"
        returned = (
            treedef if leaves and leaves[0] is not out else shown(out) if leaves else repr(out)
        )
        raise ArgumentError(
            f"{self.transform} takes a function with a scalar result, but {describe_function(self.fun)} "
            f"returned {returned}\n  {hint}"
        )


def _is_debugging() -> bool:
    """Whether something is to be told at each call, with the line of the call."""
    return config.debug_nans or config.debug_infs or config.warn_zero_gradients


def gradient_jaxpr(jaxpr: Jaxpr, with_value: bool) -> Jaxpr:
    """The program of a gradient: constants, inputs -> [value], aux..., gradients of the inputs."""

    def make() -> Jaxpr:
        n_consts = len(jaxpr.constvars)
        nonzero = [False] * n_consts + [is_differentiable(v.aval.dtype) for v in jaxpr.invars]
        return value_and_grad_jaxpr(jaxpr.open_consts(), nonzero, with_value)

    return jaxpr.memo(("gradient", with_value), make)


def differentiated_positions(argnums: Any, n: int, fun: Any, transform: str) -> list[int]:
    """Which of n positional arguments `argnums` means."""
    positions = []
    if not isinstance(argnums, (int, np.integer)) and not hasattr(argnums, "__iter__"):
        raise ArgumentError(
            f"{transform}: argnums is an int or a tuple of ints, not {shown(argnums)}"
        )
    for position in (argnums,) if isinstance(argnums, (int, np.integer)) else argnums:
        if not isinstance(position, (int, np.integer)):
            raise ArgumentError(f"{transform}: argnums takes ints, not {position!r}")
        if not -n <= position < n:
            raise ArgumentError(
                f"{transform}: argnums has {position}, but {describe_function(fun)} was called with "
                f"{n} positional argument{'' if n == 1 else 's'}\n  pass the argument by position, or use argnames"
            )
        if int(position) % n in positions:
            raise ArgumentError(
                f"{transform}: argnums={argnums!r} names argument {int(position) % n} of "
                f"{describe_function(fun)} twice\n  name each argument once, and use its gradient twice"
            )
        positions.append(int(position) % n)
    return positions


def _path_of(tree: Any, i: int) -> Any:
    return tree_flatten_with_path(tree)[0][i][0]
