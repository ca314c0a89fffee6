"""JAX as the reference: the same function there, and its derivatives."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable, Sequence
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from tests.cases import AUTO, Case


@functools.cache
def namespace(name: str) -> ModuleType:
    """A module of JAX; imported when first asked for, since that takes a second."""
    return importlib.import_module(name)


def jax_function(case: Case) -> Callable[..., Any] | None:
    """The case's function in JAX, or None if there is none."""
    if case.jax is not AUTO:
        return case.jax
    fun = case.fun
    if isinstance(fun, FunctionType) and fun.__globals__.get("__name__", "").startswith("tests."):
        return _with_jax_numpy(fun)
    name = fun.__name__
    special = sys.modules.get("scipy.special")
    if getattr(np, name, None) is fun:
        return getattr(namespace("jax.numpy"), name, None)
    if getattr(np.linalg, name, None) is fun:
        return getattr(namespace("jax.numpy").linalg, name, None)
    if getattr(np.fft, name, None) is fun:
        return getattr(namespace("jax.numpy").fft, name, None)
    if getattr(special, name, None) is fun:
        return getattr(namespace("jax.scipy.special"), name, None)
    return None


_STANDINS = {
    "numpy": "jax.numpy",
    "numpy.linalg": "jax.numpy.linalg",
    "numpy.fft": "jax.numpy.fft",
    "scipy.special": "jax.scipy.special",
    "scipy.linalg": "jax.scipy.linalg",
}


def _with_jax_numpy(fun: FunctionType) -> Callable[..., Any]:
    """The function with `np` (and `special`, ...) standing for JAX's modules, helpers beside it too."""
    scope = _jax_scope(fun.__module__)
    return FunctionType(fun.__code__, scope, fun.__name__, fun.__defaults__, fun.__closure__)


@functools.cache
def _jax_scope(module: str) -> dict[str, Any]:
    scope = dict(vars(sys.modules[module]))
    for name, value in list(scope.items()):
        if isinstance(value, ModuleType) and value.__name__ in _STANDINS:
            scope[name] = namespace(_STANDINS[value.__name__])
        elif isinstance(value, FunctionType) and value.__module__ == module:
            scope[name] = FunctionType(
                value.__code__, scope, value.__name__, value.__defaults__, value.__closure__
            )
    return scope


def jax_derivatives(
    fun: Callable[..., tuple[Any, ...]],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    cotangents: Sequence[Any],
) -> tuple[list[Any], list[Any], list[Any]]:
    """Values, output tangents and input cotangents of `fun(*primals) -> tuple`, in one compiled program."""
    jax = namespace("jax")

    def program(primals: Any, tangents: Any, cotangents: Any) -> Any:
        outs, out_tangents = jax.jvp(fun, primals, tangents)
        _, pullback = jax.vjp(fun, *primals)
        cts = tuple([c.astype(o.dtype) for c, o in zip(cotangents, outs, strict=True)])
        return outs, out_tangents, pullback(cts)

    found = jax.jit(program)(tuple(primals), tuple(tangents), tuple(cotangents))
    outs, out_tangents, grads = jax.tree.map(np.asarray, found)
    return list(outs), list(out_tangents), list(grads)
