"""`funcgrad.scipy.integrate`: integrals of samples and of functions, on traced values.

The names are SciPy's. On plain arrays its functions are SciPy's own; names that are not traced are passed
through, and refuse traced values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.api.inspection import ShapeDtypeStruct
from funcgrad.api.jacobians import jacrev
from funcgrad.api.jit import jit
from funcgrad.control.callback import pure_callback
from funcgrad.control.custom_function import custom_jvp
from funcgrad.core.errors import ArgumentError, ConcretizationError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.core.tree import tree_flatten
from funcgrad.flatten_util import ravel_pytree
from funcgrad.numpy.arguments import normalize_axis, operand
from funcgrad.ops.basic import convert, move_axis
from funcgrad.scipy.closures import with_closure
from funcgrad.scipy.mirror import has_tracer, mirrors, other_names, scipy_module

__getattr__ = other_names("integrate")

__all__ = ["cumulative_trapezoid", "fixed_quad", "quad", "romb", "simpson", "trapezoid"]


# Up to which order integrals of functions have derivatives.
_ORDERS = 3


def _samples(name: str, y: Any, x: Any, axis: int) -> tuple[Any, Any, int]:
    """Samples and their positions (or None) with the axis of integration last, and where that was."""
    y = operand(y)
    ndim = len(typeof(y).shape)
    d = normalize_axis(axis, ndim)
    y = move_axis(y, d, ndim - 1)
    if x is not None:
        x = operand(x)
        n = typeof(y).shape[-1]
        if len(typeof(x).shape) > 1:
            x = move_axis(x, d, ndim - 1)
        if typeof(x).shape[-1] != n:
            raise ArgumentError(
                f"{name}: x has {typeof(x).shape[-1]} points along the axis, y has {n}{here()}"
            )
    return y, x, d


@mirrors("integrate")
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """`scipy.integrate.trapezoid`: the integral of samples by the trapezoidal rule.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(fg.scipy.integrate.trapezoid)(np.zeros(4))
    array([0.5, 1. , 1. , 0.5])
    """
    y, x, _ = _samples("trapezoid", y, x, axis)
    widths = dx if x is None else x[..., 1:] - x[..., :-1]
    return np.sum(widths * (y[..., 1:] + y[..., :-1]), axis=-1) / 2.0


@mirrors("integrate")
def cumulative_trapezoid(
    y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None
) -> Any:
    """`scipy.integrate.cumulative_trapezoid`: the integrals up to each sample.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda y: fg.scipy.integrate.cumulative_trapezoid(y)[-1])(np.zeros(4))
    array([0.5, 1. , 1. , 0.5])
    """
    y, x, d = _samples("cumulative_trapezoid", y, x, axis)
    if initial not in (None, 0):
        raise ArgumentError(f"`initial` must be `None` or `0`, not {initial}{here()}")
    widths = dx if x is None else x[..., 1:] - x[..., :-1]
    parts = np.cumsum(widths * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)
    last = len(typeof(parts).shape) - 1
    if initial is not None:
        parts = np.pad(parts, [(0, 0)] * last + [(1, 0)])
    return move_axis(parts, last, d)


def _simpson_pairs(y: Any, x: Any, dx: Any, stop: int) -> Any:
    """Simpson's rule on the samples before `stop`, an odd number of them."""
    first, middle, last = y[..., 0 : stop - 2 : 2], y[..., 1 : stop - 1 : 2], y[..., 2:stop:2]
    if x is None:
        return np.sum(first + 4.0 * middle + last, axis=-1) * (dx / 3.0)
    h0 = x[..., 1 : stop - 1 : 2] - x[..., 0 : stop - 2 : 2]
    h1 = x[..., 2:stop:2] - x[..., 1 : stop - 1 : 2]
    total = h0 + h1
    terms = first * (2.0 - h1 / h0) + middle * (total * total / (h0 * h1)) + last * (2.0 - h0 / h1)
    return np.sum(total / 6.0 * terms, axis=-1)


def _simpson_last(y: Any, x: Any, dx: Any) -> Any:
    """The last interval of an even number of samples, from the parabola through the last three (Cartwright)."""
    if x is None:
        return dx * (5.0 / 12.0 * y[..., -1] + 2.0 / 3.0 * y[..., -2] - 1.0 / 12.0 * y[..., -3])
    h0, h1 = x[..., -2] - x[..., -3], x[..., -1] - x[..., -2]
    alpha = (2.0 * h1 * h1 + 3.0 * h0 * h1) / (6.0 * (h1 + h0))
    beta = (h1 * h1 + 3.0 * h0 * h1) / (6.0 * h0)
    eta = h1**3 / (6.0 * h0 * (h0 + h1))
    return alpha * y[..., -1] + beta * y[..., -2] - eta * y[..., -3]


@mirrors("integrate")
def simpson(y: Any, x: Any = None, *, dx: Any = 1.0, axis: int = -1) -> Any:
    """`scipy.integrate.simpson`: the integral of samples by Simpson's rule.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(fg.scipy.integrate.simpson)(np.zeros(3))
    array([0.33333333, 1.33333333, 0.33333333])
    """
    y, x, _ = _samples("simpson", y, x, axis)
    if typeof(y).dtype.kind not in "fc":
        y = convert(y, np.float64)
    x = None if x is None else convert(x, np.float64)  # as SciPy does
    n = typeof(y).shape[-1]
    if n % 2:
        return _simpson_pairs(y, x, dx, n)
    if n == 2:
        width = dx if x is None else x[..., -1] - x[..., -2]
        return 0.5 * width * (y[..., -1] + y[..., -2])
    return _simpson_pairs(y, x, dx, n - 1) + _simpson_last(y, x, dx)


@mirrors("integrate")
def romb(y: Any, dx: Any = 1.0, axis: int = -1, show: bool = False) -> Any:
    """`scipy.integrate.romb`: Romberg integration of 2**k + 1 equally spaced samples.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(fg.scipy.integrate.romb)(np.zeros(3))
    array([0.33333333, 1.33333333, 0.33333333])
    """
    y, _, _ = _samples("romb", y, None, axis)
    intervals = typeof(y).shape[-1] - 1
    k = intervals.bit_length() - 1
    if intervals < 1 or 1 << k != intervals:
        raise ArgumentError(
            f"Number of samples must be one plus a non-negative power of 2, not {intervals + 1}{here()}"
        )
    # Each row of the tableau is linear in the samples: so is the result, with weights that are constant.
    row = [np.zeros(intervals + 1)]
    row[0][[0, -1]] = intervals / 2.0
    for level in range(1, k + 1):
        step = intervals >> level
        weights = row[0] / 2.0
        weights[step :: 2 * step] += step
        new = [weights]
        for j in range(level):
            new.append(new[j] + (new[j] - row[j]) / (4.0 ** (j + 1) - 1.0))
        row = new
    return np.sum(y * row[-1], axis=-1) * dx


def fixed_quad(
    func: Callable[..., Any], a: Any, b: Any, args: Any = (), n: int = 5
) -> tuple[Any, None]:
    """`scipy.integrate.fixed_quad`: Gaussian quadrature of order `n` of a vectorised function.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda b: fg.scipy.integrate.fixed_quad(np.cos, 0.0, b)[0])(1.0).round(6)
    np.float64(0.540302)
    """
    nodes, weights = np.polynomial.legendre.leggauss(n)
    points = (b - a) * (nodes + 1.0) / 2.0 + a
    return (b - a) / 2.0 * np.sum(weights * func(points, *args), axis=-1), None


def quad(
    func: Callable[..., Any], a: Any, b: Any, args: Any = (), **options: Any
) -> tuple[Any, Any]:
    """`scipy.integrate.quad`: the integral of `func(x, *args)` from `a` to `b`, and an estimate of the error.

    With respect to traced limits, `args` and what `func` closes over it has derivatives up to the third
    order, which are integrals themselves. If `func` looks at values, give it traced ones by `args`.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda k: fg.scipy.integrate.quad(lambda x, k: np.exp(-k * x), 0.0, np.inf, (k,))[0]
    >>> fg.grad(f)(2.0).round(6)  # of 1 / k
    np.float64(-0.25)
    >>> fg.grad(lambda b: fg.scipy.integrate.quad(np.cos, 0.0, b)[0])(1.0).round(6)
    np.float64(0.540302)
    """
    args = args if isinstance(args, tuple) else (args,)
    func, args = with_closure("quad", func, args, 0.0)
    leaves, tree = tree_flatten((a, b, *args))
    if not has_tracer(*leaves):
        return scipy_module("integrate").quad(func, a, b, args, **options)
    traced = [i for i, x in enumerate(leaves) if isinstance(x, Tracer)]
    given = [leaves[i] for i in traced]

    def fill(values: Any) -> Any:
        filled = list(leaves)
        for i, value in zip(traced, values, strict=True):
            filled[i] = value
        return tree.unflatten(filled)

    def integrand(x: Any, *values: Any) -> Any:
        _, _, *rest = fill(values)
        return func(x, *rest)

    limits: list[Any] = [None, None]
    for position, i in enumerate(traced):
        if i < 2:
            limits[i] = position
    found = _Integral(integrand, lambda values: fill(values)[:2], limits, (), _ORDERS)(*given)
    return found, np.nan


class _Integral:
    """The integral of a function with values of some shape, with respect to `values`: limits and parameters.

    Its derivatives are integrals of their own, up to the given order.
    """

    def __init__(
        self,
        integrand: Callable[..., Any],
        limits: Callable[[Any], Any],
        traced_limits: list[Any],
        shape: tuple[int, ...],
        order: int,
    ) -> None:
        self.integrand = integrand
        self.limits = limits
        self.traced_limits = traced_limits
        self.shape = shape
        self.order = order
        self.find: Callable[..., Any] = self._compute
        if order:
            differentiable = custom_jvp(self._compute)
            differentiable.defjvp(self._rule)
            self.find = differentiable

    def __call__(self, *values: Any) -> Any:
        return self.find(*values)

    def _compute(self, *values: Any) -> Any:
        shape = ShapeDtypeStruct(self.shape, np.dtype(np.float64))
        return pure_callback(self._value, shape, *values, vmap_method="sequential")

    def _value(self, *values: Any) -> Any:
        a, b = [float(end) for end in self.limits(values)]
        if not self.shape:
            return np.float64(scipy_module("integrate").quad(self.integrand, a, b, values)[0])
        integrand = jit(lambda x, *values: np.ravel(self.integrand(x, *values)))
        try:
            integrand((a if np.isfinite(a) else 0.0), *values)
        except ConcretizationError:  # it looks at values
            integrand = integrand.fun
        flat, _ = scipy_module("integrate").quad_vec(lambda x: integrand(x, *values), a, b)
        return np.reshape(flat, self.shape)

    def _rule(self, primals: Any, tangents: Any) -> tuple[Any, Any]:
        out = self(*primals)
        slopes: Any = 0.0
        for sign, end, position in zip(
            (-1.0, 1.0), self.limits(primals), self.traced_limits, strict=True
        ):
            if position is not None:
                slopes = slopes + sign * self.integrand(end, *primals) * tangents[position]
        inner = [i for i in range(len(primals)) if i not in self.traced_limits]
        if not inner:
            return out, slopes
        flat, unravel = ravel_pytree([primals[i] for i in inner])
        change, _ = ravel_pytree([tangents[i] for i in inner])

        def slope(x: Any, *values: Any) -> Any:
            def of_vector(v: Any) -> Any:
                moved = list(values)
                for i, part in zip(inner, unravel(v), strict=True):
                    moved[i] = part
                return self.integrand(x, *moved)

            return jacrev(of_vector)(ravel_pytree([values[i] for i in inner])[0])

        shape = (*self.shape, typeof(flat).size)
        jacobian = _Integral(slope, self.limits, self.traced_limits, shape, self.order - 1)(
            *primals
        )
        return out, slopes + jacobian @ change
