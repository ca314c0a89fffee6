"""Why a derivative is NaN, and why it is zero."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from funcgrad.api.traced_call import TracedCall
from funcgrad.control.checkpoint import without_calls
from funcgrad.core.config import config
from funcgrad.core.jaxpr import Equation, Jaxpr, Literal, subjaxprs
from funcgrad.core.source import current_source, describe_function, locate
from funcgrad.core.tracing import is_traced
from funcgrad.core.tree import keystr, tree_flatten_with_path
from funcgrad.core.types import is_differentiable
from funcgrad.transforms import forward


@contextlib.contextmanager
def debug_nans(enable: bool = True) -> Iterator[None]:
    """Within the block, raise at the first equation that makes a NaN, forward or backward.

    The error names the user's line; in a backward pass, the line whose derivative it is. For the whole
    process, set `fg.config.debug_nans` or the environment variable `FUNCGRAD_DEBUG_NANS`.

    >>> import numpy as np, funcgrad as fg
    >>> try:
    ...     with fg.debug_nans():
    ...         fg.grad(lambda x: np.where(x > 0, np.sqrt(x), 0.0))(0.0)
    ... except fg.errors.NonFiniteError as error:
    ...     print(str(error).splitlines()[1])
      in the backward pass, in the derivative of the line
    """
    before = config.debug_nans
    config.debug_nans = enable
    try:
        yield
    finally:
        config.debug_nans = before


@contextlib.contextmanager
def debug_infs(enable: bool = True) -> Iterator[None]:
    """Within the block, raise at the first equation that makes an infinity, forward or backward.

    >>> import numpy as np, funcgrad as fg
    >>> try:
    ...     with fg.debug_infs():
    ...         fg.jit(np.log)(0.0)
    ... except fg.errors.NonFiniteError as error:
    ...     print(str(error).splitlines()[0])
    log made infinity
    """
    before = config.debug_infs
    config.debug_infs = enable
    try:
        yield
    finally:
        config.debug_infs = before


@contextlib.contextmanager
def disable_jit(disable: bool = True) -> Iterator[None]:
    """Within the block, functions made by `jit` run as plain Python, so that a debugger sees values.

    For the whole process, set `fg.config.disable_jit` or the environment variable `FUNCGRAD_DISABLE_JIT`.

    >>> import funcgrad as fg
    >>> with fg.disable_jit():
    ...     fg.jit(lambda x: "positive" if x > 0 else "negative")(1.0)
    'positive'
    """
    before = config.disable_jit
    config.disable_jit = disable
    try:
        yield
    finally:
        config.disable_jit = before


class ZeroReport:
    """What `why_zero` found: for each differentiable argument the reasons, in words."""

    def __init__(self, reasons: dict[str, list[str]]) -> None:
        self.reasons = reasons

    def __bool__(self) -> bool:
        return any(self.reasons.values())

    def __str__(self) -> str:
        lines = []
        for argument, reasons in self.reasons.items():
            if reasons:
                lines.append(f"the derivative with respect to {argument} is zero:")
                lines += [f"  {reason}" for reason in reasons]
            else:
                lines.append(f"the derivative with respect to {argument} is not zero")
        return "\n".join(lines)

    __repr__ = __str__


def why_zero(fun: Callable[..., Any], *args: Any) -> ZeroReport:
    """Why the derivative of a function is zero: the operations that stop it, by the user's line.

    Args:
        fun: a function of arrays or pytrees.
        args: its arguments. A tuple as the only argument after `fun` is taken for the arguments.

    Returns:
        A report to print. It is true if any argument's derivative is zero everywhere.

    >>> import numpy as np, funcgrad as fg
    >>> report = fg.why_zero(lambda x: np.sum(np.round(x) * 2.0), np.ones(3))
    >>> "rint stops the derivative" in str(report)
    True
    """
    if len(args) == 1 and isinstance(args[0], tuple):
        args = args[0]
    call = TracedCall(fun, args, "why_zero")
    paths = [path for path, _ in tree_flatten_with_path(args)[0]]
    jaxpr = without_calls(call.jaxpr)
    values = _values(jaxpr, [*call.consts, *call.leaves])
    n_consts = len(call.consts)
    reasons = {}
    for i, (aval, path) in enumerate(zip(call.avals, paths, strict=True)):
        name = f"argument {path[0].idx}{keystr(path[1:])}"
        if is_differentiable(aval.dtype):
            reasons[name] = _reasons(jaxpr, jaxpr.invars[n_consts + i], values)
        else:
            reasons[name] = [f"it has type {aval}, which has no derivative"]
    return ZeroReport(reasons)


def warn_of_zeros(
    fun: Callable[..., Any], jaxpr: Jaxpr, operands: list[Any], names: list[str]
) -> None:
    """What `grad` does with `config.warn_zero_gradients`; operands are constants and the named arguments."""
    if is_traced(*operands):
        return  # the outermost derivative has the values
    jaxpr = without_calls(jaxpr.open_consts())
    jaxpr = jaxpr.replace(outvars=jaxpr.outvars[:1])  # without auxiliary results
    values = _values(jaxpr, operands)
    for name, var in zip(names, jaxpr.invars[len(operands) - len(names) :], strict=True):
        reasons = _reasons(jaxpr, var, values) if is_differentiable(var.aval.dtype) else []
        if reasons:
            message = "\n  ".join(
                [
                    f"the derivative of {describe_function(fun)} with respect to {name} is zero:",
                    *reasons,
                ]
            )
            place = locate(current_source())
            file, line = (place.file, place.line) if place else ("funcgrad", 0)
            warnings.warn_explicit(message, UserWarning, file, line)


def _values(jaxpr: Jaxpr, args: list[Any]) -> dict[Any, Any]:
    """The value of every variable."""
    env: dict[Any, Any] = dict(zip(jaxpr.invars, args, strict=True))
    with np.errstate(all="ignore"):
        for eqn in jaxpr.eqns:
            operands = [a.val if type(a) is Literal else env[a] for a in eqn.invars]
            out = eqn.primitive.impl(*operands, **eqn.params)
            env.update(
                zip(eqn.outvars, out if eqn.primitive.multiple_results else (out,), strict=True)
            )
    return env


def _reasons(jaxpr: Jaxpr, var: Any, values: dict[Any, Any]) -> list[str]:
    """Follow a variable's tangent through the jaxpr; where it ends, there is a reason."""
    rng = np.random.default_rng(0)
    depends = {var}  # whose value depends on the variable
    tangents = {var: np.asarray(rng.standard_normal(var.aval.shape), var.aval.dtype)[()]}
    stops: list[str] = []
    vanishing: list[str] = []
    for eqn in jaxpr.eqns:
        if depends.isdisjoint([a for a in eqn.invars if type(a) is not Literal]):
            continue
        depends.update(eqn.outvars)
        nonzero = [type(a) is not Literal and a in tangents for a in eqn.invars]
        if not any(nonzero):
            continue
        single = Jaxpr((), _distinct(eqn), eqn.outvars, (eqn,))
        inputs = single.invars
        flags = [v in tangents for v in inputs]
        program, out_nonzero = forward.jvp(single, flags)
        if not any(out_nonzero):
            stops += _within(eqn) or [_stop(eqn)]
            continue
        operands = [values[v] for v in inputs]
        given = [tangents[v] for v in inputs if v in tangents]
        with np.errstate(all="ignore"):
            results = _run(program, [*operands, *given])
        found = iter(results[len(eqn.outvars) :])
        for out, has in zip(eqn.outvars, out_nonzero, strict=True):
            if has:
                tangent = next(found)
                if np.any(np.asarray(tangent) != 0):
                    tangents[out] = tangent
                else:
                    vanishing += _within(eqn) or [_vanish(eqn)]
    outputs = [a for a in jaxpr.outvars if type(a) is not Literal]
    if any(v in tangents for v in outputs):
        return []
    if depends.isdisjoint(outputs):
        return ["the result does not depend on it"]
    return list(dict.fromkeys(stops + vanishing))


def _run(jaxpr: Jaxpr, args: list[Any]) -> list[Any]:
    env = dict(zip(jaxpr.invars, args, strict=True))
    for eqn in jaxpr.eqns:
        operands = [a.val if type(a) is Literal else env[a] for a in eqn.invars]
        out = eqn.primitive.impl(*operands, **eqn.params)
        env.update(zip(eqn.outvars, out if eqn.primitive.multiple_results else (out,), strict=True))
    return [a.val if type(a) is Literal else env[a] for a in jaxpr.outvars]


def _distinct(eqn: Equation) -> list[Any]:
    return list(dict.fromkeys(a for a in eqn.invars if type(a) is not Literal))


def _place(eqn: Equation) -> str:
    location = locate(eqn.source)
    return f"{location}: " if location else ""


def _stop(eqn: Equation) -> str:
    outs = ", ".join(str(v.aval) for v in eqn.outvars)
    if not any(is_differentiable(v.aval.dtype) for v in eqn.outvars):
        return f"{_place(eqn)}{eqn.primitive.name} gives {outs}, which has no derivative"
    return f"{_place(eqn)}{eqn.primitive.name} stops the derivative"


def _within(eqn: Equation) -> list[str]:
    """What stops derivatives in the body of a loop or in the branches of a condition."""
    found = []
    for _, body in subjaxprs(eqn.params):
        for inner in without_calls(body).eqns:
            inputs = _distinct(inner)
            flags = [is_differentiable(v.aval.dtype) for v in inputs]
            if subjaxprs(inner.params):
                found += _within(inner)
            elif any(flags) and not any(
                forward.jvp(Jaxpr((), inputs, inner.outvars, (inner,)), flags).out_nonzero
            ):
                found.append(_stop(inner))
    return found


def _vanish(eqn: Equation) -> str:
    return f"{_place(eqn)}the derivative of {eqn.primitive.name} is zero at these values"
