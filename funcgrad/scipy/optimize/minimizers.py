"""`scipy.optimize.minimize` over pytrees, with exact gradients and Hessian products."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.api.grad import grad, value_and_grad
from funcgrad.api.jacobians import hessian, hvp, jacrev
from funcgrad.control.implicit import implicit_root
from funcgrad.core.errors import UnsupportedError
from funcgrad.core.source import here
from funcgrad.core.tree import tree_flatten, tree_map
from funcgrad.scipy.closures import given, with_closure
from funcgrad.scipy.mirror import has_tracer, scipy_module
from funcgrad.scipy.optimize.trees import Variables, as_tuple, floating, like, vector, zeros_like

_WITHOUT_GRADIENT = {"nelder-mead", "powell", "cobyla", "cobyqa"}
_WITH_HESSIAN_PRODUCT = {"newton-cg", "trust-ncg", "trust-krylov", "trust-constr"}
_WITH_HESSIAN = {"dogleg", "trust-exact"}


def minimize(
    fun: Callable[..., Any],
    x0: Any,
    args: Any = (),
    method: str | None = None,
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    bounds: Any = None,
    constraints: Any = (),
    tol: float | None = None,
    callback: Callable[..., Any] | None = None,
    options: Any = None,
) -> Any:
    """`scipy.optimize.minimize` with exact derivatives, over arrays or pytrees.

    Gradients, and for the methods that use them Hessians or products with them, come from `fun` itself. They are those
    of SciPy's arguments `jac`, `hess` and `hessp` where these are given.

    Where `args` are traced, the result's `x` has the derivative of the minimum with respect to them, from the implicit
    function theorem; `fun` must get what it is to be differentiated by through `args`. Then the result holds `x`, `fun`
    and `jac` only.

    Args:
        fun: `fun(x, *args)`, a real scalar, of `x` in the structure of `x0`.
        x0: where to start: an array or a pytree of arrays.
        args: further arguments of `fun`.
        method: SciPy's; its choice by default.
        bounds: SciPy's `Bounds` or pairs `(low, high)` for an array; `Bounds` with pytrees for a pytree.
        constraints: SciPy's, with functions of `x` in the structure of `x0`; their Jacobians are exact too.
        tol: SciPy's.
        options: SciPy's.
        callback: SciPy's, called with `x` in the structure of `x0`.

    Returns:
        SciPy's `OptimizeResult`, with `x` and `jac` in the structure of `x0`.

    >>> import numpy as np, funcgrad as fg
    >>> loss = lambda p: (p["a"] - 1.0) ** 2 + np.sum((p["b"] - p["a"]) ** 2)
    >>> result = fg.scipy.optimize.minimize(loss, {"a": 0.0, "b": np.zeros(2)}, method="newton-cg")
    >>> result.x["b"].round(6)
    array([1., 1.])
    >>> best = lambda c: fg.scipy.optimize.minimize(lambda x, c: (x**2 - c) ** 2, 1.0, c).x
    >>> fg.grad(best)(4.0).round(6)  # the derivative of sqrt(c)
    np.float64(0.25)
    """
    x0 = floating("minimize", x0)
    own = as_tuple(args)
    fun, args = with_closure("minimize", fun, own, x0)
    jac, hess, hessp = (given(d, own, args) for d in (jac, hess, hessp))
    if has_tracer(*tree_flatten((x0, args))[0]):
        return _traced(fun, x0, args, locals())
    variables = Variables(x0)
    name = method.lower() if isinstance(method, str) else ""
    derivatives = _derivatives(fun, variables, args, name, jac, hess, hessp)
    result = scipy_module("optimize").minimize(
        derivatives.pop("fun"),
        np.asarray(variables.start, np.float64),
        method=method,
        bounds=_bounds(bounds, variables),
        constraints=_constraints(constraints, variables),
        tol=tol,
        callback=_callback(callback, variables),
        options=options,
        **derivatives,
    )
    return _as_trees(result, variables)


def _derivatives(
    fun: Callable[..., Any],
    variables: Variables,
    args: tuple[Any, ...],
    method: str,
    jac: Any,
    hess: Any,
    hessp: Any,
) -> dict[str, Any]:
    """The arguments `fun`, `jac`, `hess` and `hessp` of SciPy, on vectors."""
    tree = variables.tree
    found: dict[str, Any] = {}
    gradient = value_and_grad(fun)

    def both(flat: Any) -> tuple[Any, Any]:
        value, slope = gradient(tree(flat), *args)
        return float(value), vector(slope)

    if method in _WITHOUT_GRADIENT or isinstance(jac, str) or jac is False:
        found["fun"] = lambda flat: float(fun(tree(flat), *args))
        if isinstance(jac, str):
            found["jac"] = jac
    elif jac is None:
        found["fun"], found["jac"] = both, True
    elif jac is True:

        def given(flat: Any) -> tuple[Any, Any]:
            value, slope = fun(tree(flat), *args)
            return float(value), vector(slope)

        found["fun"], found["jac"] = given, True
    else:
        found["fun"] = lambda flat: float(fun(tree(flat), *args))
        found["jac"] = lambda flat: vector(jac(tree(flat), *args))
    if hessp is not None:
        found["hessp"] = lambda flat, p: vector(hessp(tree(flat), tree(p), *args))
    elif hess is not None:
        found["hess"] = (
            hess if not callable(hess) or isinstance(hess, type) else _hess(hess, tree, args)
        )
    elif method in _WITH_HESSIAN_PRODUCT:
        found["hessp"] = lambda flat, p: vector(
            hvp(lambda x: fun(x, *args), (tree(flat),), (tree(p),))
        )
    elif method in _WITH_HESSIAN:
        found["hess"] = hessian(variables.of_vector(fun, args))
    return found


def _hess(hess: Callable[..., Any], tree: Any, args: Any) -> Any:
    return lambda flat: hess(tree(flat), *args)


def _bounds(bounds: Any, variables: Variables) -> Any:
    types = scipy_module("optimize")
    if not isinstance(bounds, types.Bounds):
        return bounds
    low, high = [_spread(side, variables) for side in (bounds.lb, bounds.ub)]
    return types.Bounds(low, high, bounds.keep_feasible)


def _spread(side: Any, variables: Variables) -> Any:
    """A bound as a vector: a pytree like the variables, a vector, or one number for all."""
    if isinstance(side, np.ndarray) and side.dtype == object:
        side = side.item()  # SciPy puts a pytree into an array
    n = len(variables.start)
    if isinstance(side, np.ndarray) and side.shape in ((), (1,), (n,)):
        return np.broadcast_to(side, (n,))
    start = variables.tree(variables.start)
    return vector(tree_map(lambda b, x: np.broadcast_to(b, np.shape(x)), side, start))


def _constraints(constraints: Any, variables: Variables) -> Any:
    if isinstance(constraints, (list, tuple)):
        return [_constraint(c, variables) for c in constraints]
    return _constraint(constraints, variables)


def _constraint(constraint: Any, variables: Variables) -> Any:
    types = scipy_module("optimize")
    if isinstance(constraint, dict):
        found = dict(constraint)
        own = as_tuple(found.pop("args", ()))
        of_vector = variables.of_vector(found["fun"], own)
        found["fun"] = lambda flat: vector(of_vector(flat))
        given = found.get("jac")
        if callable(given):
            found["jac"] = lambda flat: given(variables.tree(flat), *own)
        else:
            found["jac"] = jacrev(lambda flat: vector(of_vector(flat)))
        return found
    if isinstance(constraint, types.NonlinearConstraint):
        of_vector = variables.of_vector(constraint.fun, ())

        def values(flat: Any) -> Any:
            return vector(of_vector(flat))

        return types.NonlinearConstraint(
            values,
            constraint.lb,
            constraint.ub,
            jac=jacrev(values),
            hess=lambda flat, v: hessian(lambda x: np.dot(values(x), v))(flat),
            keep_feasible=constraint.keep_feasible,
        )
    return constraint


def _callback(callback: Callable[..., Any] | None, variables: Variables) -> Any:
    if callback is None:
        return None
    if "intermediate_result" in inspect.signature(callback).parameters:

        def with_result(intermediate_result: Any) -> Any:
            intermediate_result.x = variables.tree(intermediate_result.x)
            return callback(intermediate_result=intermediate_result)

        return with_result
    return lambda flat, *rest: callback(variables.tree(flat), *rest)


def _as_trees(result: Any, variables: Variables) -> Any:
    """SciPy's result with the variables and the gradient in the structure of the start."""
    result.x = variables.tree(result.x)
    slope = result.get("jac")
    if slope is not None and np.shape(slope) == (len(variables.start),):
        result.jac = variables.tree(np.asarray(slope))
    return result


def _traced(fun: Callable[..., Any], x0: Any, args: tuple[Any, ...], given: dict[str, Any]) -> Any:
    """The minimum as an implicit function of the arguments."""
    if len(given["constraints"]):
        raise UnsupportedError(
            f"minimize: the minimum under constraints has no derivative rule{here()}\n  "
            "write the constraints as bounds, or add penalties to the function"
        )
    options = {k: given[k] for k in ("method", "jac", "hess", "hessp", "tol", "options", "bounds")}
    variables = Variables(zeros_like(x0))
    bounds = _bounds(options["bounds"], variables)
    if bounds is not None and not hasattr(bounds, "lb"):
        bounds = scipy_module("optimize").Bounds(
            *[[_number(pair[k], sign) for pair in bounds] for k, sign in ((0, -1), (1, 1))]
        )

    def solver(x0: Any, *args: Any) -> Any:
        return minimize(fun, x0, args, **options).x

    def residual(x: Any, x0: Any, *args: Any) -> Any:
        slope = grad(fun)(x, *args)
        if bounds is None:
            return slope
        # Zero where a step along the gradient leads nowhere within the bounds.
        low, high = variables.tree(bounds.lb), variables.tree(bounds.ub)
        return tree_map(lambda x, g, a, b: x - np.clip(x - g, a, b), x, slope, low, high)

    x = implicit_root(residual, solver, result_like=like(x0))(x0, *args)
    value, slope = value_and_grad(fun)(x, *args)
    return scipy_module("optimize").OptimizeResult(x=x, fun=value, jac=slope)


def _number(bound: Any, sign: int) -> float:
    return sign * np.inf if bound is None else float(bound)


def minimize_scalar(
    fun: Callable[..., Any],
    bracket: Any = None,
    bounds: Any = None,
    args: Any = (),
    method: Any = None,
    tol: Any = None,
    options: Any = None,
) -> Any:
    """`scipy.optimize.minimize_scalar`: `x` has derivatives by traced `args` and by what `fun` closes over.

    >>> import funcgrad as fg
    >>> best = lambda c: fg.scipy.optimize.minimize_scalar(lambda x, c: (x - c**2) ** 2, args=c).x
    >>> fg.grad(best)(3.0).round(6)
    np.float64(6.0)
    """
    fun, args = with_closure("minimize_scalar", fun, as_tuple(args), 0.0)
    options = {
        "bracket": bracket,
        "bounds": bounds,
        "method": method,
        "tol": tol,
        "options": options,
    }
    solve = scipy_module("optimize").minimize_scalar
    if not has_tracer(*tree_flatten(args)[0]):
        return solve(fun, args=args, **options)
    find = implicit_root(
        lambda x, *args: grad(fun)(x, *args),
        lambda *args: np.float64(solve(fun, args=args, **options).x),
        result_like=like(np.float64(0.0)),
    )
    x = find(*args)
    return scipy_module("optimize").OptimizeResult(x=x, fun=fun(x, *args))
