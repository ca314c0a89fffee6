"""Taylor mode: from a jaxpr to the jaxpr of the Taylor coefficients of its outputs, to any order.

With x(s) = x0 + x1 s + x2 s^2 + ..., each equation y = p(x) becomes equations for y0, y1, ... (coefficients here
carry no factorials). All of it comes from the rules that primitives have for forward mode: y'(s) = J(x(s)) x'(s), so

    k y_k = coefficient k - 1 of the tangent rule, run on the series of x and of x' to one order less.

That is exact and costs a polynomial in the order, since a rule like `t * cos(x)` refers to one more function. What
is linear in its operands, or in each of two of them, shows in its linearization, and needs no recursion:
y_k = p(x_k) and y_k = sum of p(x_i, z_(k-i)). Only `div`, `exp` and `pow` have recurrences of their own.
See Griewank and Walther, Evaluating Derivatives, 2nd edition, chapter 13.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from funcgrad.core.check import checked
from funcgrad.core.errors import NoDerivativeError
from funcgrad.core.interpreter import eval_jaxpr, rebind
from funcgrad.core.jaxpr import Equation, Jaxpr, Literal, Var, dce
from funcgrad.core.source import locate
from funcgrad.core.tracing import build_jaxpr, current_trace
from funcgrad.core.types import is_differentiable
from funcgrad.ops.arithmetic import div
from funcgrad.ops.basic import add_any, instantiate
from funcgrad.ops.exponential import exp, log
from funcgrad.ops.power import pow_
from funcgrad.transforms import forward

Tail = list[Any] | None  # the coefficients from the first one on; None: a constant


class Value(NamedTuple):
    """A truncated Taylor series."""

    head: Any
    tail: Tail


def jet(jaxpr: Jaxpr, nonzero: Sequence[bool], order: int) -> Jaxpr:
    """The jaxpr of Taylor coefficients.

    Args:
        jaxpr: without constants.
        nonzero: which inputs have a series; the others are constants.
        order: the number of coefficients after the first, per input and output.

    Returns:
        A jaxpr of all inputs, then `order` coefficients of each input that has a series. It gives all outputs, then
        `order` coefficients of each output of differentiable dtype.
    """
    nonzero = tuple(nonzero)

    def make() -> Jaxpr:
        n = len(jaxpr.invars)
        terms = [
            v.aval.strip_weak_type()
            for v, has in zip(jaxpr.invars, nonzero, strict=True)
            for _ in range(order if has else 0)
        ]

        def fun(*inputs: Any) -> list[Any]:
            rest = iter(inputs[n:])
            tails = [[next(rest) for _ in range(order)] if has else None for has in nonzero]
            values = [Value(x, tail or None) for x, tail in zip(inputs[:n], tails, strict=True)]
            outs = _Runner().run(jaxpr, values, order)
            coefficients = [
                instantiate(None if out.tail is None else out.tail[k], v.aval)
                for out, v in zip(outs, jaxpr.outvars, strict=True)
                if is_differentiable(v.aval.dtype)
                for k in range(order)
            ]
            return [*[out.head for out in outs], *coefficients]

        return checked(dce(build_jaxpr(fun, [*jaxpr.in_avals, *terms], name="jet")), "jet")

    return jaxpr.memo(("jet", nonzero, order), make)


class _Rule(NamedTuple):
    """What the linearization of an equation says of it.

    Attributes:
        kind: "zero", "linear", "bilinear" or "general".
        split: the linearization.
        inputs: for each residual the operand that it is, None if it is constant (not for "general").
        slope: the jaxpr (operands, nonzero tangents) -> nonzero output tangents, for "general".
        second: for "bilinear" the linearization of the tangent map in the operands at which it stands.
    """

    kind: str
    split: forward.Linearized
    inputs: list[int | None]
    slope: Jaxpr
    second: forward.Linearized | None


class _Runner:
    """Runs jaxprs on series in the current trace."""

    def __init__(self) -> None:
        self.rules: dict[Any, _Rule] = {}

    def run(self, jaxpr: Jaxpr, inputs: Sequence[Value], order: int) -> list[Value]:
        trace = current_trace()
        assert trace is not None
        env: dict[Var, Value] = dict(zip(jaxpr.invars, inputs, strict=True))
        outer_source = trace.source

        def read(atom: Any) -> Value:
            return Value(atom.val, None) if type(atom) is Literal else env[atom]

        for eqn in jaxpr.eqns:
            trace.source = outer_source or eqn.source
            outs = self.equation(eqn, [read(atom) for atom in eqn.invars], order)
            env.update(zip(eqn.outvars, outs, strict=True))
        trace.source = outer_source
        return [read(atom) for atom in jaxpr.outvars]

    def equation(self, eqn: Equation, operands: list[Value], order: int) -> list[Value]:
        trace = current_trace()
        assert trace is not None
        primitive = eqn.primitive
        if order == 0 or all(x.tail is None for x in operands):
            out = rebind(trace, eqn, [x.head for x in operands])
            return [Value(y, None) for y in (out if primitive.multiple_results else (out,))]
        if "call" in primitive.properties:
            return self.run(eqn.params["jaxpr"], operands, order)
        if primitive is div and operands[1].tail is not None:
            return [_quotient(operands[0], operands[1], order)]
        if primitive is exp:
            return [_exponential(exp(operands[0].head), operands[0], order)]
        if primitive is pow_ and operands[1].tail is not None:
            exponent = build_jaxpr(
                lambda x, y: [y * log(x)], [v.aval for v in eqn.invars], name="jet"
            )
            [w] = self.run(exponent, operands, order)
            return [_exponential(pow_(*[x.head for x in operands]), w, order)]
        rule = self.rule(eqn, [x.tail is not None for x in operands])
        known = eval_jaxpr(rule.split.known, (), *[x.head for x in operands])
        n = len(eqn.outvars)
        heads, residuals = known[:n], known[n:]
        if rule.kind == "zero":
            return [Value(y, None) for y in heads]
        if rule.kind == "linear":
            columns = [
                eval_jaxpr(rule.split.linear, (), *residuals, *_coefficients(operands, k))
                for k in range(1, order + 1)
            ]
        elif rule.kind == "bilinear":
            columns = [_convolution(rule, operands, residuals, k) for k in range(1, order + 1)]
        else:
            columns = self.integrate(rule, operands, order)
        tails = iter(zip(*columns, strict=True))
        return [
            Value(y, list(next(tails)) if has else None)
            for y, has in zip(heads, rule.split.out_nonzero, strict=True)
        ]

    def integrate(self, rule: _Rule, operands: list[Value], order: int) -> list[list[Any]]:
        """Coefficients from the series of the derivative, which is known to one order less."""
        less = order - 1
        primals = [Value(x.head, x.tail[:less] or None if x.tail else None) for x in operands]
        tangents = []
        for x in operands:
            if x.tail is not None:
                slopes = [c if k == 1 else c * float(k) for k, c in enumerate(x.tail, 1)]
                tangents.append(Value(slopes[0], slopes[1:] or None))
        outs = self.run(rule.slope, [*primals, *tangents], less)
        return [
            [out.head if k == 1 else _over(out, k) for out in outs] for k in range(1, order + 1)
        ]

    def rule(self, eqn: Equation, nonzero: list[bool]) -> _Rule:
        avals = tuple([v.aval for v in eqn.invars])
        key = (eqn.primitive, avals, tuple(eqn.params.items()), tuple(nonzero))
        found = self.rules.get(key)
        if found is None:
            found = self.rules[key] = _classify(eqn, nonzero)
        return found


def _classify(eqn: Equation, nonzero: list[bool]) -> _Rule:
    if eqn.primitive.jvp is None:
        raise NoDerivativeError(
            f"{eqn.primitive.name} has no derivative rule\n  at {locate(eqn.source)}\n  "
            "use fg.stop_gradient on its operands if no derivative should flow through it"
        )
    invars = [Var(v.aval) for v in eqn.invars]
    single = Jaxpr((), invars, eqn.outvars, [eqn.replace(invars=tuple(invars))])
    split = forward.linearize(single, nonzero)
    double = forward.jvp(single, nonzero)
    slope = dce(double.jaxpr.replace(outvars=double.jaxpr.outvars[len(eqn.outvars) :]))
    varying = {v: i for i, v in enumerate(split.known.invars) if nonzero[i]}
    moving = _reached(split.known, set(varying))
    residuals = split.known.outvars[len(eqn.outvars) :]
    inputs = [varying.get(v) if type(v) is Var else None for v in residuals]
    kind = "general"
    second = None
    if not any(split.out_nonzero):
        kind = "zero"
    elif moving.isdisjoint([v for v in residuals if type(v) is Var]):
        kind = "linear"
    elif all(v not in moving or i is not None for v, i in zip(residuals, inputs, strict=True)):
        second = _bilinear_part(split, inputs)
        kind = "general" if second is None else "bilinear"
    return _Rule(kind, split, inputs, slope, second)


def _bilinear_part(
    split: forward.Linearized, inputs: list[int | None]
) -> forward.Linearized | None:
    """The tangent map linearized in the operands at which it stands; None if it is not affine in them."""
    jaxpr = split.linear
    flags = [i is not None for i in inputs]
    second = forward.linearize(jaxpr, flags + [False] * (len(jaxpr.invars) - len(flags)))
    standing = {v for v, moves in zip(second.known.invars, flags, strict=False) if moves}
    standing = _reached(second.known, standing)
    residuals = second.known.outvars[len(jaxpr.outvars) :]
    return second if standing.isdisjoint([v for v in residuals if type(v) is Var]) else None


def _reached(jaxpr: Jaxpr, variables: set[Any]) -> set[Any]:
    """The variables that depend on the given ones."""
    reached = set(variables)
    for eqn in jaxpr.eqns:
        if not reached.isdisjoint([v for v in eqn.invars if type(v) is Var]):
            reached.update(eqn.outvars)
    return reached


def _over(slope: Value, k: int) -> Any:
    return slope.head * 0.0 if slope.tail is None else slope.tail[k - 2] * (1.0 / k)


def _coefficients(operands: list[Value], k: int) -> list[Any]:
    return [x.tail[k - 1] for x in operands if x.tail is not None]


def _convolution(rule: _Rule, operands: list[Value], residuals: list[Any], k: int) -> list[Any]:
    """k y_k = L(x_0) k x_k + sum over i >= 1 of M(x_i) (k - i) x_(k-i).

    L(x) is the tangent map at x, and M the part of it that is linear in x.
    """
    second = rule.second
    assert second is not None
    total = eval_jaxpr(rule.split.linear, (), *residuals, *_coefficients(operands, k))
    n = len(total)
    for i in range(1, k):
        at = [operands[j].tail[i - 1] for j in rule.inputs if j is not None]  # type: ignore[index]
        tangents = _coefficients(operands, k - i)
        held = eval_jaxpr(second.known, (), *residuals, *tangents)[n:]
        terms = iter(eval_jaxpr(second.linear, (), *held, *at))
        total = [
            add_any(y, next(terms) * ((k - i) / k)) if moves else y
            for y, moves in zip(total, second.out_nonzero, strict=True)
        ]
    return total


def _exponential(head: Any, w: Value, order: int) -> Value:
    """k y_k = sum over j >= 1 of j w_j y_(k-j), for y = exp(w)."""
    assert w.tail is not None
    y = [head]
    for k in range(1, order + 1):
        total = None
        for j in range(1, k + 1):
            term = w.tail[j - 1] * y[k - j]
            term = term if j == k else term * (j / k)
            total = term if total is None else total + term
        y.append(total)
    return Value(head, y[1:])


def _quotient(x: Value, y: Value, order: int) -> Value:
    """z_k = (x_k - sum over j >= 1 of y_j z_(k-j)) / y_0."""
    assert y.tail is not None
    z = [div(x.head, y.head)]
    for k in range(1, order + 1):
        rest = None if x.tail is None else x.tail[k - 1]
        for j in range(1, k + 1):
            term = y.tail[j - 1] * z[k - j]
            rest = -term if rest is None else rest - term
        z.append(div(rest, y.head))
    return Value(z[0], z[1:])
