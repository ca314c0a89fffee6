"""Finding the first equation that makes a NaN or an infinity: what `config.debug_nans` runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.config import config
from funcgrad.core.errors import NonFiniteError
from funcgrad.core.jaxpr import Equation, Jaxpr, Literal
from funcgrad.core.source import BackwardSource, locate


def eval_checked(jaxpr: Jaxpr, args: Sequence[Any]) -> list[Any]:
    """Evaluate a jaxpr without constants, equation by equation.

    Raises:
        NonFiniteError: at the first equation whose result has a NaN (or infinity, if `config.debug_infs`).
    """
    env: dict[Any, Any] = dict(zip(jaxpr.invars, args, strict=True))

    def read(atom: Any) -> Any:
        return atom.val if type(atom) is Literal else env[atom]

    with np.errstate(all="ignore"):
        for eqn in jaxpr.eqns:
            values = [read(atom) for atom in eqn.invars]
            if "call" in eqn.primitive.properties:
                outs: Sequence[Any] = eval_checked(eqn.params["jaxpr"], values)
            else:
                out = eqn.primitive.impl(*values, **eqn.params)
                outs = out if eqn.primitive.multiple_results else (out,)
            for out in outs:
                fault = _fault(out)
                if fault:
                    raise NonFiniteError(_message(eqn, fault, values))
            env.update(zip(eqn.outvars, outs, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _fault(value: Any) -> str:
    array = np.asarray(value)
    if array.dtype.kind not in "fc":
        return ""
    for wanted, test, name in (
        (config.debug_nans, np.isnan, "NaN"),
        (config.debug_infs, np.isinf, "infinity"),
    ):
        if wanted:
            found = test(array)
            if found.any():
                if not array.shape:
                    return name
                first = tuple(int(i) for i in np.argwhere(found)[0])
                index = first[0] if len(first) == 1 else first
                return (
                    f"{name} in {int(found.sum())} of {array.size} elements, the first at {index}"
                )
    return ""


def _message(eqn: Equation, fault: str, values: Sequence[Any]) -> str:
    location = locate(eqn.source)
    where = f"\n  at {location}" if location else ""
    if isinstance(eqn.source, BackwardSource):
        where = f"\n  in the backward pass, in the derivative of the line{where}"
    operands = "".join(
        f"\n  operand {i}: {atom.aval} {_summary(v)}"
        for i, (atom, v) in enumerate(zip(eqn.invars, values, strict=True))
    )
    return f"{eqn.primitive.name} made {fault}{where}{operands}"


def _summary(value: Any) -> str:
    array = np.asarray(value)
    if array.size == 0:
        return "(empty)"
    if array.size <= 4:
        return str(array[()] if array.ndim == 0 else array.tolist())
    if array.dtype.kind not in "fiu":
        return ""
    zeros = int(np.sum(array == 0))
    return f"from {np.nanmin(array):.4g} to {np.nanmax(array):.4g}{f', {zeros} zeros' if zeros else ''}"
