"""`odeint`: solutions of differential equations of pytrees, as `jax.experimental.ode`. It needs SciPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.api.vmap import vmap
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import describe_function, here
from funcgrad.core.tracing import typeof
from funcgrad.core.tree import describe_mismatch, tree_flatten, tree_map, tree_structure
from funcgrad.flatten_util import ravel_pytree
from funcgrad.numpy.arguments import inexact
from funcgrad.ops.basic import convert
from funcgrad.scipy.integrate import odeint as solve

_MOST_STEPS = 2**31 - 1  # of SciPy's integer


def odeint(
    func: Callable[..., Any],
    y0: Any,
    t: Any,
    *args: Any,
    rtol: float = 1.4e-8,
    atol: float = 1.4e-8,
    mxstep: float = math.inf,
    hmax: float = math.inf,
) -> Any:
    """The solution of `dy/dt = func(y, t, *args)` at the times `t`, by `funcgrad.scipy.integrate.odeint`.

    It has derivatives of any order with respect to `y0`, `t`, `args` and what `func` closes over.

    Args:
        func: gives the slope, a pytree like `y0`.
        y0: the state at the first time: arrays and numbers in containers.
        t: (times,), ascending or descending.
        args: arrays or pytrees.
        rtol: the relative tolerance of a step.
        atol: the absolute tolerance of a step.
        mxstep: the number of steps between two times.
        hmax: the longest step.

    Returns:
        The states, a pytree like `y0` whose arrays have an axis of times in front.

    Raises:
        ArgumentError: `t` is not a vector, or `func` gives another structure than that of `y0`.

    >>> import numpy as np, funcgrad as fg
    >>> from funcgrad.experimental.ode import odeint
    >>> t = np.array([0.0, 1.0])
    >>> decay = lambda k: odeint(lambda y, t: {"mass": -k * y["mass"]}, {"mass": 2.0}, t)
    >>> fg.grad(lambda k: decay(k)["mass"][-1])(1.0).round(6)  # of 2 exp(-k)
    np.float64(-0.735759)
    """
    t = inexact(t)
    if typeof(t).ndim != 1:
        raise ArgumentError(f"odeint: the times are a vector, not {typeof(t)}{here()}")
    leaves, tree = tree_flatten(y0)
    for leaf in leaves:
        if typeof(leaf).dtype.kind not in "fc":
            raise ArgumentError(
                f"odeint: y0 consists of real and complex numbers, not {typeof(leaf)}{here()}"
            )
    vector, unravel = ravel_pytree(y0)
    is_complex = typeof(vector).dtype.kind == "c"

    def state(y: Any) -> Any:
        """The pytree of a vector of real numbers."""
        if is_complex:
            y = y[: y.shape[0] // 2] + 1j * y[y.shape[0] // 2 :]
        return unravel(convert(y, typeof(vector).dtype))

    def real(vector: Any) -> Any:
        return np.concatenate([vector.real, vector.imag]) if is_complex else vector

    def slope(y: Any, t: Any, *args: Any) -> Any:
        out = func(state(y), t, *args)
        if tree_structure(out) != tree:
            mismatch = describe_mismatch(tree, tree_structure(out), ("y0", "the slope"))
            raise ArgumentError(
                f"odeint: {describe_function(func)} must give the structure of y0{here()}\n{mismatch}"
            )
        # The leaves get the dtypes of y0: a slope of 0.0 may be a Python number.
        return real(ravel_pytree(tree_map(lambda s, y: s + 0.0 * y, out, state(y)))[0])

    ys = solve(
        slope,
        convert(real(vector), np.float64),
        t,
        args,
        rtol=rtol,
        atol=atol,
        mxstep=int(min(mxstep, _MOST_STEPS)),
        hmax=0.0 if hmax == math.inf else hmax,
    )
    return vmap(state)(ys)


__all__ = ["odeint"]
