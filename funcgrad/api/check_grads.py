"""`check_grads`: derivatives against finite differences, in both modes, to any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.api.products import jvp, vjp
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import describe_function
from funcgrad.core.tree import tree_flatten, tree_map
from funcgrad.core.types import is_differentiable

_EPS = {"float16": 1e-2, "float32": 2e-3, "float64": 1e-5, "complex64": 2e-3, "complex128": 1e-5}
_TOLERANCE = {
    "float16": 5e-2,
    "float32": 1e-2,
    "float64": 1e-5,
    "complex64": 1e-2,
    "complex128": 1e-5,
}


def check_grads(
    f: Callable[..., Any],
    args: Sequence[Any],
    order: int,
    modes: Sequence[str] = ("fwd", "rev"),
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
) -> None:
    """Check a function's derivatives against central finite differences, along random directions.

    Args:
        f: a function of arrays or pytrees, with real or complex (then holomorphic or not) results.
        args: its arguments.
        order: up to which order of derivatives.
        modes: "fwd" checks `jvp`, "rev" checks `vjp` against it; at each order both are composed.
        atol: absolute tolerance; by default it depends on the dtype.
        rtol: relative tolerance, likewise.
        eps: step of the finite differences, likewise.

    Raises:
        AssertionError: derivative and difference disagree; the message gives both.

    >>> import numpy as np, funcgrad as fg
    >>> fg.check_grads(lambda x: np.sin(x) * x, (np.array([0.5, 2.0]),), order=2)
    """
    for mode in modes:
        if mode not in ("fwd", "rev"):
            raise ArgumentError(f"check_grads: modes has {mode!r}; it takes 'fwd' and 'rev'")
    rng = np.random.default_rng(0)
    settings = _Settings(args, atol, rtol, eps)
    _check(f, tuple(args), order, tuple(modes), settings, rng, "order 1")


class _Settings:
    """The step of finite differences, and the tolerances, that suit the dtypes of the arguments."""

    def __init__(
        self,
        args: Sequence[Any],
        atol: float | None,
        rtol: float | None,
        eps: float | None,
    ) -> None:
        dtypes = [np.result_type(leaf) for leaf in tree_flatten(args)[0]]
        names = [d.name for d in dtypes if is_differentiable(d)]
        coarse = max(names, key=lambda name: _EPS.get(name, 1e-5), default="float64")
        self.step = eps or _EPS.get(coarse, 1e-5)
        tolerance = _TOLERANCE.get(coarse, 1e-5)
        self.atol, self.rtol = atol or tolerance, rtol or tolerance

    def difference(self, f: Callable[..., Any], args: Sequence[Any], tangents: Any) -> Any:
        """The central difference of `f` along a direction."""
        plus = f(*tree_map(lambda x, t: _step(x, t, self.step), tuple(args), tangents))
        minus = f(*tree_map(lambda x, t: _step(x, t, -self.step), tuple(args), tangents))
        return tree_map(lambda p, m: (np.asarray(p) - np.asarray(m)) / (2 * self.step), plus, minus)

    def compare(self, a: Any, b: Any, what: str) -> None:
        for x, y in zip(tree_flatten(a)[0], tree_flatten(b)[0], strict=True):
            x, y = np.asarray(x), np.asarray(y)
            if not is_differentiable(x.dtype):
                continue
            if not np.allclose(x, y, atol=self.atol, rtol=self.rtol, equal_nan=True):
                error = np.max(np.abs(x - y)) if x.size else 0.0
                raise AssertionError(
                    f"{what.removeprefix(': ')} differ by {error:.3g}\n  derivative: {x}\n  difference: {y}"
                )


def _check(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    order: int,
    modes: tuple[str, ...],
    settings: _Settings,
    rng: np.random.Generator,
    where: str,
) -> None:
    if order < 1:
        return
    name = describe_function(f)
    tangents = tree_map(lambda x: random_like(rng, x), args)
    if "fwd" in modes:
        _, exact = jvp(f, args, tangents)
        numeric = settings.difference(f, args, tangents)
        settings.compare(exact, numeric, f"{where}: jvp of {name} and finite differences")
        derivative = lambda *xs: jvp(f, xs, tangents)[1]
        _check(derivative, args, order - 1, modes, settings, rng, f"{where}, fwd")
    if "rev" in modes:
        out, pullback = vjp(f, *args)
        cotangent = tree_map(lambda y: random_like(rng, y), out)
        pulled = pullback(cotangent)
        _, pushed = jvp(f, args, tangents)
        what = f"{where}: <ct, J t> and <J^T ct, t> of {name}"
        settings.compare(inner(cotangent, pushed), inner(pulled, tangents), what)
        derivative = lambda *xs: vjp(f, *xs)[1](cotangent)
        _check(derivative, args, order - 1, modes, settings, rng, f"{where}, rev")


def check_jvp(
    f: Callable[..., Any],
    f_jvp: Callable[..., Any],
    args: Sequence[Any],
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
    err_msg: str = "",
) -> None:
    """Check a function that claims to be the `jvp` of another, against finite differences.

    Args:
        f: a function of arrays or pytrees.
        f_jvp: `f_jvp(primals, tangents) -> (output, output tangent)`, such as `functools.partial(fg.jvp, f)`.
        args: the arguments of `f`.
        atol: absolute tolerance; by default it depends on the dtype.
        rtol: relative tolerance, likewise.
        eps: step of the finite differences, likewise.
        err_msg: what messages begin with.

    Raises:
        AssertionError: value or derivative disagree; the message gives both.

    >>> import functools, numpy as np, funcgrad as fg
    >>> fg.test_util.check_jvp(np.sin, functools.partial(fg.jvp, np.sin), (0.5,))
    """
    settings = _Settings(args, atol, rtol, eps)
    tangents = tree_map(lambda x: random_like(np.random.default_rng(0), x), tuple(args))
    out, exact = f_jvp(tuple(args), tangents)
    settings.compare(out, f(*args), f"{err_msg}: values of f_jvp and {describe_function(f)}")
    numeric = settings.difference(f, args, tangents)
    settings.compare(exact, numeric, f"{err_msg}: f_jvp and differences of {describe_function(f)}")


def check_vjp(
    f: Callable[..., Any],
    f_vjp: Callable[..., Any],
    args: Sequence[Any],
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
    err_msg: str = "",
) -> None:
    """Check a function that claims to be the `vjp` of another, against finite differences.

    Args:
        f: a function of arrays or pytrees.
        f_vjp: `f_vjp(*primals) -> (output, pullback)`, such as `functools.partial(fg.vjp, f)`.
        args: the arguments of `f`.
        atol: absolute tolerance; by default it depends on the dtype.
        rtol: relative tolerance, likewise.
        eps: step of the finite differences, likewise.
        err_msg: what messages begin with.

    Raises:
        AssertionError: value or derivative disagree; the message gives both.

    >>> import functools, numpy as np, funcgrad as fg
    >>> fg.test_util.check_vjp(np.sin, functools.partial(fg.vjp, np.sin), (0.5,))
    """
    settings = _Settings(args, atol, rtol, eps)
    rng = np.random.default_rng(0)
    tangents = tree_map(lambda x: random_like(rng, x), tuple(args))
    out, pullback = f_vjp(*args)
    settings.compare(out, f(*args), f"{err_msg}: values of f_vjp and {describe_function(f)}")
    cotangent = tree_map(lambda y: random_like(rng, y), out)
    pushed = settings.difference(f, args, tangents)
    settings.compare(
        inner(pullback(cotangent), tangents),
        inner(cotangent, pushed),
        f"{err_msg}: the pullback and differences of {describe_function(f)}",
    )


def random_like(rng: np.random.Generator, x: Any) -> Any:
    """A random tangent of the type of `x`."""
    array = np.asarray(x)
    if not is_differentiable(array.dtype):
        return np.zeros(array.shape, [("float0", np.void, 0)])
    value = rng.standard_normal(array.shape)
    if array.dtype.kind == "c":
        value = value + 1j * rng.standard_normal(array.shape)
    return np.asarray(value, array.dtype)[()]


def _step(x: Any, t: Any, step: float) -> Any:
    array = np.asarray(x)
    if not is_differentiable(array.dtype):
        return x
    return np.asarray(array + step * np.asarray(t), array.dtype)[()]


def inner(a: Any, b: Any) -> Any:
    """The sum of products of corresponding elements (without conjugation), of differentiable leaves."""
    total = 0.0
    for x, y in zip(tree_flatten(a)[0], tree_flatten(b)[0], strict=True):
        if is_differentiable(np.asarray(x).dtype):
            total = total + np.sum(np.asarray(x) * np.asarray(y))
    return total
