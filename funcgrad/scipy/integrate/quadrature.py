"""`scipy.integrate`: integrals of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.api.inspection import ShapeDtypeStruct, eval_shape
from funcgrad.api.jacobians import jacrev
from funcgrad.api.jit import jit
from funcgrad.control.callback import pure_callback
from funcgrad.control.custom_function import custom_jvp
from funcgrad.core.errors import ConcretizationError
from funcgrad.core.trace import current_trace
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.core.tree import tree_flatten
from funcgrad.flatten_util import ravel_pytree
from funcgrad.scipy.closures import with_closure
from funcgrad.scipy.mirror import has_tracer, scipy_module

# Up to which order integrals of functions have derivatives.
_ORDERS = 3


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
    if not has_tracer(a, b, *tree_flatten(args)[0]):
        return scipy_module("integrate").quad(func, a, b, args, **options)
    return _integral(func, a, b, args, ()), np.nan


def quad_vec(
    f: Callable[..., Any], a: Any, b: Any, *given: Any, args: Any = (), **options: Any
) -> Any:
    """`scipy.integrate.quad_vec`: the integral of a function with values of any shape; derivatives as for `quad`.

    >>> import numpy as np, funcgrad as fg
    >>> rates = np.array([1.0, 2.0])
    >>> total = lambda k: fg.scipy.integrate.quad_vec(lambda x: np.exp(-k * x), 0.0, np.inf)[
    ...     0
    ... ].sum()
    >>> fg.grad(total)(rates).round(6)  # of 1 / k
    array([-1.  , -0.25])
    """
    f, args = with_closure("quad_vec", f, args if isinstance(args, tuple) else (args,), 0.0)
    if not has_tracer(a, b, *tree_flatten(args)[0]):
        return scipy_module("integrate").quad_vec(f, a, b, *given, args=args, **options)
    shape = eval_shape(f, 0.0, *args).shape
    return _integral(f, a, b, args, shape), np.nan


def nquad(
    func: Callable[..., Any],
    ranges: Any,
    args: Any = None,
    opts: Any = None,
    full_output: bool = False,
) -> Any:
    """`scipy.integrate.nquad`: the integral over several variables; derivatives as for `quad`.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda x, y, k: k * x * y
    >>> fg.grad(lambda k: fg.scipy.integrate.nquad(f, [(0.0, 1.0), (0.0, 2.0)], (k,))[0])(
    ...     3.0
    ... ).round(6)
    np.float64(1.0)
    """
    args = () if args is None else args if isinstance(args, tuple) else (args,)

    def integral(level: int, outer: tuple[Any, ...]) -> Any:
        """The integral over the variables up to this one, where the others are given."""
        low, high = ranges[level](*outer, *args) if callable(ranges[level]) else ranges[level]
        if level:
            return quad(lambda x: integral(level - 1, (x, *outer)), low, high)[0]
        return quad(lambda x: func(x, *outer, *args), low, high)[0]

    if current_trace() is not None:
        found = integral(len(ranges) - 1, ())
        if isinstance(found, Tracer):
            return found, np.nan
    return scipy_module("integrate").nquad(func, ranges, args, opts, full_output)


def dblquad(
    func: Callable[..., Any], a: Any, b: Any, gfun: Any, hfun: Any, args: Any = (), epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
) -> Any:  # fmt: skip
    """`scipy.integrate.dblquad`: of `func(y, x)` over y from `gfun(x)` to `hfun(x)` and x from `a` to `b`.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda k: fg.scipy.integrate.dblquad(
    ...     lambda y, x: k * x * y, 0.0, 1.0, 0.0, lambda x: x
    ... )[0]
    >>> fg.grad(f)(1.0).round(6)
    np.float64(0.125)
    """
    inner = lambda x, *_: (_at(gfun, x), _at(hfun, x))
    return nquad(func, [inner, (a, b)], args, {"epsabs": epsabs, "epsrel": epsrel})


def tplquad(
    func: Callable[..., Any], a: Any, b: Any, gfun: Any, hfun: Any, qfun: Any, rfun: Any, args: Any = (),
    epsabs: float = 1.49e-8, epsrel: float = 1.49e-8,
) -> Any:  # fmt: skip
    """`scipy.integrate.tplquad`: of `func(z, y, x)` over z from `qfun(x, y)` to `rfun(x, y)`, y and x as in `dblquad`.

    >>> import funcgrad as fg
    >>> f = lambda k: fg.scipy.integrate.tplquad(lambda z, y, x: k * z, 0, 1, 0, 1, 0, 1)[0]
    >>> fg.grad(f)(1.0).round(6)
    np.float64(0.5)
    """
    inner = lambda y, x, *_: (_at(qfun, x, y), _at(rfun, x, y))
    middle = lambda x, *_: (_at(gfun, x), _at(hfun, x))
    return nquad(func, [inner, middle, (a, b)], args, {"epsabs": epsabs, "epsrel": epsrel})


def _at(limit: Any, *places: Any) -> Any:
    return limit(*places) if callable(limit) else limit


def _integral(func: Any, a: Any, b: Any, args: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """The integral of `func(x, *args)`, of which some of the limits and arguments are traced."""
    leaves, tree = tree_flatten((a, b, *args))
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
    return _Integral(integrand, lambda values: fill(values)[:2], limits, shape, _ORDERS)(*given)


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
