"""`scipy.optimize`: roots of functions, with exact Jacobians and derivatives of the roots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.api.grad import grad
from funcgrad.api.jacobians import jacfwd
from funcgrad.control.implicit import implicit_fixed_point, implicit_root
from funcgrad.core.naming import named
from funcgrad.core.tree import tree_flatten
from funcgrad.scipy.closures import given, with_closure
from funcgrad.scipy.mirror import has_tracer, scipy_module
from funcgrad.scipy.optimize.trees import Variables, as_tuple, floating, like, vector, zeros_like

_WITH_JACOBIAN = {"hybr", "lm"}


def root(
    fun: Callable[..., Any],
    x0: Any,
    args: Any = (),
    method: str = "hybr",
    jac: Any = None,
    tol: float | None = None,
    callback: Callable[..., Any] | None = None,
    options: Any = None,
) -> Any:
    """`scipy.optimize.root` with exact Jacobians, over arrays or pytrees.

    Where `args` are traced, the result's `x` has the derivative of the root with respect to them, from the implicit
    function theorem; then the result holds `x` and `fun` only.

    Args:
        fun: `fun(x, *args)`, with as many values as there are variables.
        x0: where to start: an array or a pytree of arrays.
        args: further arguments of `fun`.
        method: SciPy's.
        tol: SciPy's.
        callback: SciPy's.
        options: SciPy's.
        jac: the Jacobian `jac(x, *args)` as a matrix; that of `fun` by default.

    Returns:
        SciPy's `OptimizeResult`, with `x` in the structure of `x0`.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda x, c: np.stack([x[0] + x[1] - c, x[0] * x[1] - 2.0])
    >>> fg.scipy.optimize.root(f, np.array([0.0, 4.0]), 3.0).x
    array([1., 2.])
    >>> fg.jacfwd(lambda c: fg.scipy.optimize.root(f, np.array([0.0, 4.0]), c).x)(3.0).round(6)
    array([-1.,  2.])
    """
    x0 = floating("root", x0)
    own = as_tuple(args)
    fun, args = with_closure("root", fun, own, x0)
    jac = given(jac, own, args)
    solve = scipy_module("optimize").root
    if has_tracer(*tree_flatten((x0, args))[0]):
        unravel = Variables(zeros_like(x0)).tree
        find = implicit_root(
            lambda x, x0, *args: unravel(vector(fun(x, *args))),
            lambda x0, *args: root(fun, x0, args, method, jac, tol, None, options).x,
            result_like=like(x0),
        )
        x = find(x0, *args)
        return scipy_module("optimize").OptimizeResult(x=x, fun=fun(x, *args))
    variables = Variables(x0)

    def values(flat: Any) -> Any:
        return vector(fun(variables.tree(flat), *args))

    if callable(jac):
        slope: Any = lambda flat: jac(variables.tree(flat), *args)
    else:
        slope = jacfwd(values) if jac is None and method in _WITH_JACOBIAN else jac
    wrapped = None if callback is None else lambda x, f: callback(variables.tree(x), f)
    start = np.asarray(variables.start, np.float64)
    result = solve(values, start, (), method, slope, tol, wrapped, options)
    result.x = variables.tree(result.x)
    return result


def fsolve(
    func: Callable[..., Any],
    x0: Any,
    args: Any = (),
    fprime: Any = None,
    full_output: bool = False,
    **options: Any,
) -> Any:
    """`scipy.optimize.fsolve`: the root of `func(x, *args)` near `x0`, by `root`.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda c: fg.scipy.optimize.fsolve(lambda x: x**2 - c, [1.0])[0]
    >>> fg.grad(f)(4.0).round(6)
    np.float64(0.25)
    """
    x0 = floating("fsolve", x0)
    own = as_tuple(args)
    func, args = with_closure("fsolve", func, own, x0)
    fprime = given(fprime, own, args)
    if full_output or not has_tracer(*tree_flatten((x0, args))[0]):
        solve = scipy_module("optimize").fsolve
        return solve(func, x0, args, fprime, full_output, **options)
    options = {name: value for name, value in options.items() if name != "col_deriv"}
    return root(func, np.atleast_1d(x0), args, jac=fprime, options=options).x


def root_scalar(
    f: Callable[..., Any],
    args: Any = (),
    method: str | None = None,
    bracket: Any = None,
    fprime: Any = None,
    fprime2: Any = None,
    x0: float | None = None,
    x1: float | None = None,
    xtol: float | None = None,
    rtol: float | None = None,
    maxiter: int | None = None,
    options: Any = None,
) -> Any:
    """`scipy.optimize.root_scalar` with exact derivatives for the methods "newton" and "halley".

    Where `args` are traced, the result's `root` has the derivative of the root with respect to them.

    >>> import funcgrad as fg
    >>> f = lambda x, c: x**3 - c
    >>> round(float(fg.scipy.optimize.root_scalar(f, 8.0, x0=1.0, method="newton").root), 9)
    2.0
    >>> find = lambda c: fg.scipy.optimize.root_scalar(f, c, bracket=(0.0, 9.0)).root
    >>> fg.grad(find)(8.0).round(6)
    np.float64(0.083333)
    """
    own = as_tuple(args)
    f, args = with_closure("root_scalar", f, own, 0.0)
    fprime, fprime2 = (given(d, own, args) for d in (fprime, fprime2))
    how = {"method": method, "bracket": bracket, "x0": x0, "x1": x1, "xtol": xtol, "rtol": rtol}
    how |= {"maxiter": maxiter, "options": options}
    if method in ("newton", "halley") or (method is None and bracket is None and x1 is None):
        how["fprime"] = grad(f) if fprime is None else fprime
    if method == "halley":
        how["fprime2"] = grad(grad(f)) if fprime2 is None else fprime2
    solve = scipy_module("optimize").root_scalar
    if not has_tracer(*tree_flatten(args)[0]):
        return solve(f, args=args, **how)
    x = _implicit(f, lambda *args: solve(f, args=args, **how).root)(*args)
    return scipy_module("optimize").RootResults(x, 0, 0, 0, method or "")


def newton(
    func: Callable[..., Any],
    x0: Any,
    fprime: Any = None,
    args: Any = (),
    tol: float = 1.48e-8,
    maxiter: int = 50,
    fprime2: Any = None,
    x1: Any = None,
    rtol: float = 0.0,
    full_output: bool = False,
    disp: bool = True,
) -> Any:
    """`scipy.optimize.newton`, whose root has derivatives by traced `args` and by what `func` closes over.

    >>> import funcgrad as fg
    >>> fg.grad(lambda c: fg.scipy.optimize.newton(lambda x: x**3 - c, 1.5))(8.0).round(6)
    np.float64(0.083333)
    """
    own = as_tuple(args)
    func, args = with_closure("newton", func, own, x0)
    fprime, fprime2 = (given(d, own, args) for d in (fprime, fprime2))
    solve = scipy_module("optimize").newton
    rest = (tol, maxiter, fprime2, x1, rtol)
    if full_output or not has_tracer(x0, *tree_flatten(args)[0]):
        return solve(func, x0, fprime, args, *rest, full_output, disp)
    x0 = floating("newton", x0)
    find = implicit_root(
        lambda x, x0, *args: func(x, *args),
        lambda x0, *args: np.asarray(solve(func, x0, fprime, args, *rest))[()],
        result_like=like(x0),
    )
    return find(x0, *args)


def fixed_point(
    func: Callable[..., Any],
    x0: Any,
    args: Any = (),
    xtol: float = 1e-8,
    maxiter: int = 500,
    method: str = "del2",
) -> Any:
    """`scipy.optimize.fixed_point`, which has derivatives by traced `args` and by what `func` closes over.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda c: fg.scipy.optimize.fixed_point(lambda x: 0.5 * x + c, 1.0))(2.0).round(6)
    np.float64(2.0)
    """
    x0 = floating("fixed_point", x0)
    func, args = with_closure("fixed_point", func, as_tuple(args), x0)
    solve = scipy_module("optimize").fixed_point
    if not has_tracer(x0, *tree_flatten(args)[0]):
        return solve(func, x0, args, xtol, maxiter, method)
    find = implicit_fixed_point(
        lambda x, x0, *args: func(x, *args),
        lambda x0, *args: np.asarray(solve(func, x0, args, xtol, maxiter, method))[()],
        result_like=like(x0),
    )
    return find(x0, *args)


def _implicit(f: Callable[..., Any], solver: Callable[..., Any]) -> Any:
    return implicit_root(
        lambda x, *args: f(x, *args),
        lambda *args: np.float64(solver(*args)),
        result_like=like(np.float64(0.0)),
    )


def _bracketing(name: str) -> Callable[..., Any]:
    def find(f: Callable[..., Any], a: float, b: float, args: Any = (), **options: Any) -> Any:
        f, args = with_closure(name, f, as_tuple(args), 0.0)
        solve = getattr(scipy_module("optimize"), name)
        if not has_tracer(*tree_flatten(args)[0]):
            return solve(f, a, b, args, **options)
        return _implicit(f, lambda *args: solve(f, a, b, args, **options))(*args)

    return named(
        find,
        name,
        f"""`scipy.optimize.{name}`, whose root has a derivative with respect to traced `args`.

    >>> import funcgrad as fg
    >>> find = lambda c: fg.scipy.optimize.{name}(lambda x, c: x**3 - c, 0.0, 9.0, c)
    >>> fg.grad(find)(8.0).round(6)
    np.float64(0.083333)
    """,
    )


brentq = _bracketing("brentq")
brenth = _bracketing("brenth")
ridder = _bracketing("ridder")
bisect = _bracketing("bisect")
toms748 = _bracketing("toms748")
