"""The constructor of the primitives for SciPy's special functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.core import dispatch
from funcgrad.core.errors import NoDerivativeError
from funcgrad.core.source import here, locate
from funcgrad.core.tracing import current_trace, typeof
from funcgrad.core.types import WEAK_TYPES
from funcgrad.ops.basic import convert
from funcgrad.ops.define import Elementwise, elementwise, ufunc_dtypes
from funcgrad.ops.special import ufuncs as special

Rule = Callable[..., Any]


def special_ufunc(name: str, *rules: Rule | None, called: str | None = None) -> Elementwise:
    """The primitive of the ufunc `scipy.special.name`, printed as `called` (JAX's name for it)."""
    ufunc = getattr(special, name)
    return elementwise(called or name, ufunc, jvp=rules)


def outputs(name: str, *rules: Rule) -> Elementwise:
    """The primitive of a ufunc with several results: its param `k` says which. One rule per operand."""
    ufunc = getattr(special, name)

    def dtypes(asked: Sequence[Any]) -> tuple[Sequence[Any], Any]:
        loop = ufunc.resolve_dtypes((*asked, *(None,) * ufunc.nout))
        return loop[: ufunc.nin], loop[ufunc.nin]

    primitive = elementwise(name, lambda *xs, k: ufunc(*xs)[k], dtypes=dtypes, jvp=rules)
    dispatch.UFUNCS[ufunc] = lambda *xs: tuple([primitive(*xs, k=k) for k in range(ufunc.nout)])
    return primitive


def composite(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Trace the ufunc `scipy.special.name` as a function of other primitives, in the dtype of its loop."""
    ufunc = getattr(special, name)
    dispatch.UFUNCS[ufunc] = lambda *xs: function(*in_loop_dtypes(ufunc, xs))
    return function


def in_loop_dtypes(ufunc: np.ufunc, xs: Sequence[Any]) -> list[Any]:
    """Operands converted to what a ufunc computes with."""
    avals = [typeof(x) for x in xs]
    asked = [WEAK_TYPES[a.dtype] if a.weak_type else a.dtype for a in avals]
    if all(a.weak_type for a in avals):
        asked = [a.dtype for a in avals]
    loop, _ = ufunc_dtypes(ufunc)(asked)
    return [convert(x, dtype) for x, dtype in zip(xs, loop, strict=True)]


def no_derivative(name: str, operand: str) -> Rule:
    """The rule of an operand for which no derivative is known: an error when it is asked for."""

    def rule(t: Any, ans: Any, *operands: Any, **params: Any) -> Any:
        trace = current_trace()
        source = trace.source if trace is not None else None
        where = f"\n  at {locate(source)}" if source else here()
        raise NoDerivativeError(
            f"scipy.special.{name} has no derivative with respect to its {operand}{where}\n  "
            f"use fg.stop_gradient on the {operand} if no derivative should flow through it"
        )

    return rule


def without_derivatives(*names: str) -> None:
    """Trace ufuncs `scipy.special.name` for their values; derivatives are refused."""
    for name in names:
        ufunc = getattr(special, name)
        rules = [no_derivative(name, f"operand {i}") for i in range(ufunc.nin)]
        if ufunc.nout > 1:
            outputs(name, *rules)
        else:
            special_ufunc(name, *rules)
