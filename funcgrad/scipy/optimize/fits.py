"""`scipy.optimize`: least squares with exact Jacobians."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.api.grad import grad
from funcgrad.api.jacobians import jacfwd, jacrev
from funcgrad.control.implicit import implicit_root
from funcgrad.core.errors import ArgumentError, UnsupportedError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.core.tree import tree_flatten, tree_map
from funcgrad.numpy.arguments import operand
from funcgrad.scipy.closures import given, with_closure
from funcgrad.scipy.mirror import has_tracer, scipy_module
from funcgrad.scipy.optimize.trees import Variables, as_tuple, floating, like, vector


def _jacobian(values: Callable[[Any], Any], n: int) -> Callable[[Any], Any]:
    """The Jacobian in the mode that needs fewer passes."""

    def jacobian(flat: Any) -> Any:
        m = len(values(flat))
        return (jacfwd if m >= n else jacrev)(values)(flat)

    return jacobian


def least_squares(
    fun: Callable[..., Any],
    x0: Any,
    jac: Any = None,
    bounds: Any = (-np.inf, np.inf),
    method: str = "trf",
    args: Any = (),
    kwargs: Any = None,
    **options: Any,
) -> Any:
    """`scipy.optimize.least_squares` with exact Jacobians, over arrays or pytrees.

    Where `args` are traced (and the loss is linear, and there are no bounds), the result's `x` has the derivative of
    the minimum with respect to them; then the result holds `x`, `cost` and `fun` only.

    Args:
        fun: `fun(x, *args, **kwargs)`, the residuals: an array or a pytree of arrays.
        x0: where to start: an array or a pytree of arrays.
        jac: the Jacobian as a matrix, `jac(x, *args, **kwargs)`; that of `fun` by default.
        bounds: SciPy's; bounds are for the vector of all variables.
        method: SciPy's.
        args: further arguments of `fun`.
        kwargs: further keyword arguments of `fun`.
        options: SciPy's further arguments.

    Returns:
        SciPy's `OptimizeResult`, with `x` in the structure of `x0`.

    >>> import numpy as np, funcgrad as fg
    >>> t = np.array([0.0, 1.0, 2.0])
    >>> f = lambda p, y: p["a"] * np.exp(p["b"] * t) - y
    >>> start = {"a": 1.0, "b": 0.0}
    >>> fit = fg.scipy.optimize.least_squares(f, start, args=(2.0 * np.exp(0.5 * t),))
    >>> round(float(fit.x["b"]), 6)
    0.5
    """
    args, kwargs = as_tuple(args), kwargs or {}
    x0 = floating("least_squares", x0)
    if not kwargs:
        own = args
        fun, args = with_closure("least_squares", fun, own, x0)
        jac = given(jac, own, args)
    options |= {"bounds": bounds, "method": method}
    if has_tracer(*tree_flatten((x0, args, kwargs))[0]):
        return _traced(fun, x0, jac, args, kwargs, options)
    variables = Variables(x0)

    def values(flat: Any) -> Any:
        return vector(fun(variables.tree(flat), *args, **kwargs))

    if callable(jac):
        slope: Any = lambda flat: jac(variables.tree(flat), *args, **kwargs)
    else:
        slope = _jacobian(values, len(variables.start)) if jac is None else jac
    start = np.asarray(variables.start, np.float64)
    result = scipy_module("optimize").least_squares(values, start, jac=slope, **options)
    result.x = variables.tree(result.x)
    return result


def _traced(fun: Any, x0: Any, jac: Any, args: Any, kwargs: Any, options: Any) -> Any:
    if options.get("loss", "linear") != "linear" or np.any(
        np.isfinite(np.hstack(options["bounds"]))
    ):
        raise UnsupportedError(
            f"least_squares: the minimum with bounds or another loss has no derivative rule{here()}\n  "
            "use fg.scipy.optimize.minimize on the sum of the losses"
        )

    def cost(x: Any, args: Any, kwargs: Any) -> Any:
        residuals = vector(fun(x, *args, **kwargs))
        return 0.5 * np.dot(residuals, residuals)

    find = implicit_root(
        lambda x, x0, args, kwargs: grad(cost)(x, args, kwargs),
        lambda x0, args, kwargs: least_squares(fun, x0, jac, args=args, kwargs=kwargs, **options).x,
        result_like=like(x0),
    )
    x = find(x0, args, kwargs)
    return scipy_module("optimize").OptimizeResult(
        x=x, cost=cost(x, args, kwargs), fun=fun(x, *args, **kwargs)
    )


def curve_fit(
    f: Callable[..., Any],
    xdata: Any,
    ydata: Any,
    p0: Any = None,
    sigma: Any = None,
    absolute_sigma: bool = False,
    check_finite: Any = None,
    bounds: Any = (-np.inf, np.inf),
    method: Any = None,
    jac: Any = None,
    **options: Any,
) -> tuple[Any, Any]:
    """`scipy.optimize.curve_fit` with exact Jacobians; parameters and covariance have derivatives by the data.

    Args:
        f: the model, `f(xdata, *parameters)`, an array like `ydata`.
        xdata: where it was measured.
        ydata: what was measured there.
        p0: where to start; ones by default.
        sigma: standard deviations, or the covariance matrix, of `ydata`.
        absolute_sigma: whether `sigma` is taken as it is, or as relative weights.
        check_finite: SciPy's.
        bounds: SciPy's.
        method: SciPy's.
        jac: the Jacobian `jac(xdata, *parameters)`; that of `f` by default.
        options: SciPy's further arguments.

    Returns:
        `(popt, pcov)`: the best parameters and their covariance.

    >>> import numpy as np, funcgrad as fg
    >>> x, y = np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0])
    >>> line = lambda x, a, b: a * x + b
    >>> fg.scipy.optimize.curve_fit(line, x, y)[0].round(6)
    array([2., 1.])
    >>> fg.jacrev(lambda y: fg.scipy.optimize.curve_fit(line, x, y)[0])(y).round(6) + 0.0
    array([[-0.5     ,  0.      ,  0.5     ],
           [ 0.833333,  0.333333, -0.166667]])
    """
    if p0 is None:
        p0 = np.ones(_count_parameters(f))
    start = np.atleast_1d(np.asarray(p0, np.float64))
    n = len(start)
    if not has_tracer(xdata, ydata, sigma):
        solve = scipy_module("optimize").curve_fit
        if jac is None:
            jac = lambda x, *p: jacfwd(lambda p: np.ravel(f(x, *[p[i] for i in range(n)])))(
                np.stack(p)
            )
        keep = {
            "check_finite": check_finite,
            "bounds": bounds,
            "method": method,
            "jac": jac,
        } | options
        return solve(f, xdata, ydata, start, sigma, absolute_sigma, **keep)

    def residuals(p: Any, xdata: Any, ydata: Any, sigma: Any) -> Any:
        difference = np.ravel(f(xdata, *[p[i] for i in range(n)]) - ydata)
        if sigma is None:
            return difference
        if len(typeof(sigma).shape) == 1:
            return difference / sigma
        lower = np.linalg.cholesky(sigma)
        return np.linalg.solve(lower, difference)

    data = tree_map(operand, (xdata, ydata, sigma))
    fit = least_squares(residuals, start, None, bounds, "trf", data)
    popt = fit.x
    jacobian = jacfwd(lambda p: residuals(p, *data))(popt)
    pcov = np.linalg.inv(jacobian.T @ jacobian)
    m = typeof(fit.fun).size
    if not absolute_sigma or sigma is None:
        if m <= n:
            raise ArgumentError(
                f"curve_fit: the covariance of {n} parameters needs more than {m} data points{here()}"
            )
        pcov = pcov * (2.0 * fit.cost / (m - n))
    return popt, pcov


def _count_parameters(f: Callable[..., Any]) -> int:
    parameters = list(inspect.signature(f).parameters.values())
    if len(parameters) < 2 or any(p.kind == p.VAR_POSITIONAL for p in parameters):
        raise ArgumentError(
            f"curve_fit: unable to determine the number of fit parameters of {f}{here()}\n  give p0"
        )
    return len(parameters) - 1
