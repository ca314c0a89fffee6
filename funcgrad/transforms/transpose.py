"""Transposition: from a linear jaxpr to the jaxpr of its transpose. Reverse mode is linearize + this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from funcgrad.core.check import checked
from funcgrad.core.config import config
from funcgrad.core.errors import JaxprError, NoDerivativeError, UnsupportedError
from funcgrad.core.interpreter import eval_jaxpr, rebind
from funcgrad.core.jaxpr import Equation, Jaxpr, Literal, Var, dce
from funcgrad.core.primitive import Linear
from funcgrad.core.source import BackwardSource, Location, Source, locate
from funcgrad.core.tracing import build_jaxpr, current_trace, typeof
from funcgrad.core.types import ShapedArray, is_differentiable
from funcgrad.ops.basic import add_any, instantiate
from funcgrad.transforms.forward import Linearized, linearize


def transpose(
    jaxpr: Jaxpr, linear: Sequence[bool], ct_nonzero: Sequence[bool] | None = None
) -> Jaxpr:
    """The jaxpr of `(other inputs, nonzero output cotangents) -> cotangents of the linear inputs`.

    Args:
        jaxpr: without constants, linear in the inputs marked by `linear`.
        linear: which inputs are linear.
        ct_nonzero: which outputs have a cotangent; all of differentiable dtype by default.
    """
    linear = tuple(linear)
    if ct_nonzero is None:
        ct_nonzero = [is_differentiable(v.aval.dtype) for v in jaxpr.outvars]
    nonzero = tuple(ct_nonzero)

    def make() -> Jaxpr:
        others = [v.aval for v, lin in zip(jaxpr.invars, linear, strict=True) if not lin]
        ct_avals = [
            v.aval.strip_weak_type() for v, nz in zip(jaxpr.outvars, nonzero, strict=True) if nz
        ]

        def fun(*args: Any) -> list[Any]:
            values, given = iter(args[: len(others)]), iter(args[len(others) :])
            operands = [None if lin else next(values) for lin in linear]
            cts = [next(given) if nz else None for nz in nonzero]
            found = backward(jaxpr, linear, operands, cts)
            return [
                instantiate(ct, v.aval.strip_weak_type())
                for ct, v, lin in zip(found, jaxpr.invars, linear, strict=True)
                if lin
            ]

        return checked(dce(build_jaxpr(fun, [*others, *ct_avals], name="transpose")), "transpose")

    return jaxpr.memo(("transpose", linear, nonzero), make)


def backward(
    jaxpr: Jaxpr, linear: Sequence[bool], operands: Sequence[Any], cts: Sequence[Any]
) -> list[Any]:
    """Run a linear jaxpr backwards in the current trace: a cotangent, or None for zero, per input.

    `operands` holds the values of the inputs that are not linear; `cts` may hold None for zero.
    """
    trace = current_trace()
    assert trace is not None
    outer_source = trace.source
    env: dict[Var, Any] = {}
    linear_vars: set[Var] = set()
    for var, lin, value in zip(jaxpr.invars, linear, operands, strict=True):
        if lin:
            linear_vars.add(var)
        else:
            env[var] = value

    def operand(atom: Any) -> Any:
        if type(atom) is Literal:
            return atom.val
        return Linear(atom.aval) if atom in linear_vars else env[atom]

    linear_eqns = []
    for eqn in jaxpr.eqns:
        if linear_vars.isdisjoint([a for a in eqn.invars if type(a) is Var]):
            trace.source = outer_source or eqn.source
            out = rebind(trace, eqn, [operand(a) for a in eqn.invars])
            env.update(
                zip(eqn.outvars, out if eqn.primitive.multiple_results else (out,), strict=True)
            )
        else:
            linear_vars.update(eqn.outvars)
            linear_eqns.append(eqn)

    ct_env: dict[Var, Any] = {}

    def accumulate(atom: Any, ct: Any) -> None:
        if ct is not None and type(atom) is Var and atom in linear_vars:
            if config.check_jaxprs:
                _check_cotangent(atom, ct)
            before = ct_env.get(atom)
            ct_env[atom] = ct if before is None else add_any(before, ct)

    for atom, ct in zip(jaxpr.outvars, cts, strict=True):
        accumulate(atom, ct)
    for eqn in reversed(linear_eqns):
        out_cts = [ct_env.pop(v, None) for v in eqn.outvars]
        if all(ct is None for ct in out_cts):
            continue
        trace.source = outer_source or _backward(eqn.source)
        found = _transposed(eqn, out_cts, [operand(a) for a in eqn.invars])
        for atom, ct in zip(eqn.invars, found, strict=True):
            accumulate(atom, ct)
    trace.source = outer_source
    return [ct_env.get(v) if lin else None for v, lin in zip(jaxpr.invars, linear, strict=True)]


def _transposed(eqn: Equation, out_cts: list[Any], operands: list[Any]) -> Sequence[Any]:
    """The cotangents of an equation's operands, by the primitive's rule."""
    rule = eqn.primitive.transpose
    if rule is None:
        raise NoDerivativeError(
            f"{eqn.primitive.name} has no transposition rule\n  at {locate(eqn.source)}\n  "
            + (
                "it cannot be differentiated in reverse mode; use fg.jvp or fg.jacfwd"
                if eqn.primitive.jvp is None
                else "it is not linear: transpose linear functions only; fg.linearize makes a linear one"
            )
        )
    given = out_cts if eqn.primitive.multiple_results else out_cts[0]
    try:
        return rule(given, *operands, **eqn.params)
    except (UnsupportedError, AttributeError, TypeError, AssertionError) as error:
        if sum(type(x) is Linear for x in operands) < 2:
            raise
        # A rule that met a linear operand where it wanted a value.
        raise NoDerivativeError(
            f"{eqn.primitive.name} multiplies values that both depend on the inputs: it is not linear in them"
            f"\n  at {locate(eqn.source)}\n  transpose linear functions only; fg.linearize makes a linear one"
        ) from error


def _backward(source: Source | None) -> Source | None:
    if source is None or isinstance(source, Location):
        return source
    return BackwardSource(source)


def _check_cotangent(atom: Any, ct: Any) -> None:
    aval = typeof(ct)
    if aval.shape != atom.aval.shape or aval.dtype != atom.aval.dtype:
        raise JaxprError(f"a transposition rule gave a cotangent of type {aval} for a {atom.aval}")


def _pulled_back(
    split: Linearized, residuals: list[Any], cts: list[Any], wrt: list[ShapedArray]
) -> list[Any]:
    """The cotangents of the inputs of these types, from those of the outputs that depend on them."""
    found = backward(
        split.linear,
        [False] * split.n_residuals + [True] * len(wrt),
        [*residuals, *[None] * len(wrt)],
        cts,
    )
    return [instantiate(ct, aval) for ct, aval in zip(found[split.n_residuals :], wrt, strict=True)]


def vjp(jaxpr: Jaxpr, nonzero: Sequence[bool]) -> Jaxpr:
    """The jaxpr of `(inputs, output cotangents) -> (outputs, cotangents of the nonzero inputs)`.

    There is one cotangent per output of differentiable dtype.
    """
    nonzero = tuple(nonzero)

    def make() -> Jaxpr:
        split = linearize(jaxpr, nonzero)
        n = len(jaxpr.invars)
        wrt = [v.aval.strip_weak_type() for v, nz in zip(jaxpr.invars, nonzero, strict=True) if nz]
        with_ct = [is_differentiable(v.aval.dtype) for v in jaxpr.outvars]
        ct_avals = [
            v.aval.strip_weak_type() for v, has in zip(jaxpr.outvars, with_ct, strict=True) if has
        ]

        def fun(*args: Any) -> list[Any]:
            each = iter(args[n:])
            cts = [next(each) if has else None for has in with_ct]
            results = eval_jaxpr(split.known, (), *args[:n])
            outs, residuals = results[: len(jaxpr.outvars)], results[len(jaxpr.outvars) :]
            given = [ct for ct, nz in zip(cts, split.out_nonzero, strict=True) if nz]
            return [*outs, *_pulled_back(split, residuals, given, wrt)]

        return checked(dce(build_jaxpr(fun, [*jaxpr.in_avals, *ct_avals], name="vjp")), "vjp")

    return jaxpr.memo(("vjp", nonzero), make)


def value_and_grad(jaxpr: Jaxpr, nonzero: Sequence[bool], with_value: bool) -> Jaxpr:
    """The jaxpr of `inputs -> [first output], other outputs, gradients of the first output`.

    The first output is a scalar; the others are auxiliary. There is one gradient per nonzero input.
    """
    nonzero = tuple(nonzero)

    def make() -> Jaxpr:
        split = linearize(jaxpr, nonzero)
        n_outs = len(jaxpr.outvars)
        scalar = jaxpr.outvars[0].aval
        wrt = [v.aval.strip_weak_type() for v, nz in zip(jaxpr.invars, nonzero, strict=True) if nz]

        def fun(*args: Any) -> list[Any]:
            results = eval_jaxpr(split.known, (), *args)
            outs, residuals = results[:n_outs], results[n_outs:]
            trace = current_trace()
            assert trace is not None
            one = trace.literal(scalar.dtype.type(1))
            cts: list[Any] = [None] * sum(split.out_nonzero)
            if split.out_nonzero[0]:
                cts[0] = one
            grads = _pulled_back(split, residuals, cts, wrt)
            return [*(outs if with_value else outs[1:]), *grads]

        return checked(dce(build_jaxpr(fun, jaxpr.in_avals, name="grad")), "grad")

    return jaxpr.memo(("value_and_grad", nonzero, with_value), make)
