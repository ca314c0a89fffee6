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
    _check(f, tuple(args), order, tuple(modes), atol, rtol, eps, rng, "order 1")


def _check(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    order: int,
    modes: tuple[str, ...],
    atol: float | None,
    rtol: float | None,
    eps: float | None,
    rng: np.random.Generator,
    where: str,
) -> None:
    if order < 1:
        return
    dtypes = [np.result_type(leaf) for leaf in tree_flatten(args)[0]]
    coarse = max((d for d in dtypes if is_differentiable(d)), key=lambda d: _EPS.get(d.name, 1e-5))
    step = eps or _EPS.get(coarse.name, 1e-5)
    tolerance = _TOLERANCE.get(coarse.name, 1e-5)
    atol, rtol = atol or tolerance, rtol or tolerance
    tangents = tree_map(lambda x: random_like(rng, x), args)
    if "fwd" in modes:
        _, exact = jvp(f, args, tangents)
        plus = f(*tree_map(lambda x, t: _step(x, t, step), args, tangents))
        minus = f(*tree_map(lambda x, t: _step(x, t, -step), args, tangents))
        numeric = tree_map(lambda p, m: (np.asarray(p) - np.asarray(m)) / (2 * step), plus, minus)
        _compare(
            exact,
            numeric,
            atol,
            rtol,
            f"{where}: jvp of {describe_function(f)} and finite differences",
        )
        _check(
            lambda *xs: jvp(f, xs, tangents)[1],
            args,
            order - 1,
            modes,
            atol,
            rtol,
            eps,
            rng,
            f"{where}, fwd",
        )
    if "rev" in modes:
        out, pullback = vjp(f, *args)
        cotangent = tree_map(lambda y: random_like(rng, y), out)
        pulled = pullback(cotangent)
        _, pushed = jvp(f, args, tangents)
        _compare(
            inner(cotangent, pushed),
            inner(pulled, tangents),
            atol,
            rtol,
            f"{where}: <ct, J t> and <J^T ct, t> of {describe_function(f)}",
        )
        _check(
            lambda *xs: vjp(f, *xs)[1](cotangent),
            args,
            order - 1,
            modes,
            atol,
            rtol,
            eps,
            rng,
            f"{where}, rev",
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


def _compare(a: Any, b: Any, atol: float, rtol: float, what: str) -> None:
    for x, y in zip(tree_flatten(a)[0], tree_flatten(b)[0], strict=True):
        x, y = np.asarray(x), np.asarray(y)
        if not is_differentiable(x.dtype):
            continue
        if not np.allclose(x, y, atol=atol, rtol=rtol, equal_nan=True):
            error = np.max(np.abs(x - y)) if x.size else 0.0
            raise AssertionError(
                f"{what} differ by {error:.3g}\n  derivative: {x}\n  difference: {y}"
            )
