"""The peers: how each library makes the derivative of a workload's function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.workload import Workload

Call = Callable[[], Any]
ITERATIONS = 20  # of minimisations: so few that rounding does not tell the peers apart


def prepare(peer: str, workload: Workload) -> Call:
    """A function without arguments that computes the workload's result once."""
    args = workload.args(np.random.default_rng(0))
    return PEERS[peer](workload, args)


def _numpy(workload: Workload, args: Any) -> Call:
    hand = workload.hand
    if hand is None:
        raise NotImplementedError("no version by hand")
    return _called(workload, hand, args)


def _called(workload: Workload, derivative: Any, args: Any) -> Call:
    """A call of the derivative, or the minimisation that makes use of it."""
    if workload.transform != "minimize":
        return lambda: derivative(*args)
    start, *data = args

    def minimize() -> Any:
        from scipy.optimize import minimize

        def value_and_gradient(w: Any) -> Any:
            value, gradient = derivative(w, *data)
            return float(value), np.asarray(gradient)

        options = {"maxiter": ITERATIONS}
        return minimize(value_and_gradient, start, jac=True, method="L-BFGS-B", options=options).x

    return minimize


def _derivative(workload: Workload, fun: Any, lib: Any) -> Any:
    n = len(workload.args(np.random.default_rng(0)))
    kind = workload.transform
    if kind == "grad":
        return lib.grad(fun)
    if kind == "minimize":
        return lib.value_and_grad(fun)
    if kind == "grad_all":
        return lib.grad(fun, tuple(range(n)))
    if kind == "hessian":
        return lib.hessian(fun)
    if kind == "jacobian":
        return lib.jacobian(fun)
    return lib.vmap(lib.grad(fun), (None, 0, 0))


def _funcgrad(workload: Workload, args: Any) -> Call:
    import funcgrad as fg

    return _called(workload, _derivative(workload, workload.fun(np), fg), args)


def _funcgrad_jit(workload: Workload, args: Any) -> Call:
    import funcgrad as fg

    return _called(workload, fg.jit(_derivative(workload, workload.fun(np), fg)), args)


def _autograd(workload: Workload, args: Any) -> Call:
    import autograd
    import autograd.numpy as anp

    class Library:
        grad = staticmethod(autograd.grad)
        value_and_grad = staticmethod(autograd.value_and_grad)
        hessian = staticmethod(autograd.hessian)
        jacobian = staticmethod(autograd.jacobian)

        @staticmethod
        def vmap(gradient: Any, in_axes: Any) -> Any:
            def loop(w: Any, *rows: Any) -> Any:
                return np.stack([gradient(w, *row) for row in zip(*rows, strict=True)])

            return loop

    return _called(workload, _derivative(workload, workload.fun(anp), Library), args)


def _jax(workload: Workload, args: Any) -> Call:
    return _with_jax(workload, args, compiled=False)


def _jax_jit(workload: Workload, args: Any) -> Call:
    return _with_jax(workload, args, compiled=True)


def _with_jax(workload: Workload, args: Any, compiled: bool) -> Call:
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    derivative = _derivative(workload, workload.fun(jnp), jax)
    if compiled:
        derivative = jax.jit(derivative)
    on_device = jax.tree.map(lambda a: jnp.asarray(a) if isinstance(a, np.ndarray) else a, args)
    if workload.transform == "minimize":
        return _called(workload, derivative, [args[0], *on_device[1:]])
    return lambda: jax.block_until_ready(derivative(*on_device))


def _torch(workload: Workload, args: Any) -> Call:
    import torch

    torch.set_default_dtype(torch.float64)
    if workload.transform != "grad" and workload.transform != "grad_all":
        raise NotImplementedError("gradients only")
    fun = workload.torch(torch) if workload.torch else workload.fun(_TorchAsNumPy(torch))

    def convert(a: Any) -> Any:
        if isinstance(a, list | tuple):
            return type(a)(convert(x) for x in a)
        return torch.tensor(a, dtype=torch.float64)

    tensors = convert(args)
    wanted = tensors if workload.transform == "grad_all" else tensors[:1]
    leaves = [t.requires_grad_() for t in _leaves(wanted)]
    return lambda: torch.autograd.grad(fun(*tensors), leaves)


def _leaves(tree: Any) -> list[Any]:
    if isinstance(tree, list | tuple):
        return [leaf for item in tree for leaf in _leaves(item)]
    return [tree]


class _TorchAsNumPy:
    """The few functions that PyTorch spells differently."""

    def __init__(self, torch: Any) -> None:
        self._torch = torch
        self.linalg = torch.linalg

    def __getattr__(self, name: str) -> Any:
        return getattr(self._torch, name)

    def sum(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return self._torch.sum(x) if axis is None else self._torch.sum(x, axis, keepdim=keepdims)

    def max(self, x: Any, axis: Any, keepdims: bool = False) -> Any:
        return self._torch.amax(x, axis, keepdim=keepdims)

    def maximum(self, x: Any, y: Any) -> Any:
        return self._torch.clamp(x, min=y)

    def dot(self, x: Any, y: Any) -> Any:
        return self._torch.matmul(x, y)


PEERS: dict[str, Callable[[Workload, Any], Call]] = {
    "numpy": _numpy,
    "funcgrad": _funcgrad,
    "funcgrad.jit": _funcgrad_jit,
    "autograd": _autograd,
    "jax": _jax,
    "jax.jit": _jax_jit,
    "torch": _torch,
}
