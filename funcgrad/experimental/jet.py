"""`jet`: Taylor-mode differentiation, higher derivatives along a curve at a polynomial cost, as JAX's `jet`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.api.call import execute
from funcgrad.api.traced_call import TracedCall
from funcgrad.core.errors import ArgumentError
from funcgrad.core.tracing import typeof
from funcgrad.core.tree import tree_flatten
from funcgrad.core.types import is_differentiable
from funcgrad.ops.basic import convert
from funcgrad.transforms import jet as taylor


def jet(
    fun: Callable[..., Any],
    primals: Sequence[Any],
    series: Sequence[Sequence[Any]],
    factorial_scaled: bool = True,
) -> tuple[Any, Any]:
    """The Taylor series of a function along a curve, to any order.

    The curve is h(s) = primals + series[0] s + series[1] s^2 / 2! + ...; the result is the series of fun(h(s)), whose
    k-th term is the k-th derivative at s = 0. It costs a polynomial in the order, where nested `jvp` doubles the
    work with each.

    Args:
        fun: a function of arrays or pytrees; all of it is differentiated.
        primals: a tuple or list of its arguments, where the curve stands at s = 0.
        series: for each argument a list of the curve's derivatives there, first, second, ..., each with the
            argument's structure, shapes and dtypes. All lists have the same length, the order.
        factorial_scaled: whether terms are derivatives; otherwise they are Taylor coefficients, without factorials.

    Returns:
        The value of the function, and its structure with a list of terms for each leaf.

    Raises:
        ArgumentError: if primals and series do not match.

    >>> import numpy as np, funcgrad as fg
    >>> from funcgrad.experimental.jet import jet
    >>> value, terms = jet(np.exp, (0.0,), ([1.0, 0.0, 0.0],))
    >>> [float(t) for t in terms]
    [1.0, 1.0, 1.0]
    >>> _, (first, second) = jet(lambda x: x**3, (2.0,), ([1.0, 0.0],))
    >>> float(first), float(second)
    (12.0, 12.0)
    """
    primals, series = tuple(primals), [list(terms) for terms in series]
    orders = {len(terms) for terms in series}
    if len(series) != len(primals) or len(orders) > 1:
        raise ArgumentError(
            f"jet: {len(primals)} primals need as many lists in series, all of one length, "
            f"not lists of the lengths {[len(terms) for terms in series]}"
        )
    order = orders.pop() if orders else 0
    call = TracedCall(fun, primals, "jet")
    columns: list[list[Any]] = [[] for _ in call.leaves]  # for each leaf its terms
    for k in range(order):
        leaves, tree = tree_flatten(tuple([terms[k] for terms in series]))
        if tree != call.in_tree:
            raise ArgumentError(
                f"jet: the terms of order {k + 1} must have the structure of the primals\n"
                f"  primals: {call.in_tree}\n  terms: {tree}"
            )
        scale = 1.0 / math.factorial(k + 1) if factorial_scaled else 1.0
        for i, (column, leaf, aval) in enumerate(zip(columns, leaves, call.avals, strict=True)):
            column.append(_term(leaf, aval, scale, f"order {k + 1} of leaf {i}"))
    nonzero = call.nonzero() if order else [False] * (len(call.consts) + len(call.avals))
    terms_in = [
        term
        for column, aval in zip(columns, call.avals, strict=True)
        if is_differentiable(aval.dtype)
        for term in column
    ]
    results = execute(
        taylor.jet(call.jaxpr, nonzero, order), [*call.consts, *call.leaves, *terms_in]
    )
    n = call.n_outs
    rest = iter(results[n:])
    terms_out: list[Any] = []
    for aval in call.out_avals:
        smooth = is_differentiable(aval.dtype)
        found = [next(rest) if smooth else np.zeros(aval.shape) for _ in range(order)]
        if factorial_scaled:
            found = [t if k < 2 else t * float(math.factorial(k)) for k, t in enumerate(found, 1)]
        terms_out.append(found)
    return call.out_tree.unflatten(results[:n]), call.out_tree.unflatten(terms_out)


def _term(leaf: Any, aval: Any, scale: float, where: str) -> Any:
    if typeof(leaf).shape != aval.shape:
        raise ArgumentError(
            f"jet: the term of {where} has the shape {typeof(leaf).shape}, its primal {aval.shape}"
        )
    if not is_differentiable(aval.dtype):
        return leaf
    term = convert(leaf, aval.dtype) if typeof(leaf).dtype != aval.dtype else leaf
    return term if scale == 1.0 else term * scale


__all__ = ["jet"]
