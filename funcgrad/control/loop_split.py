"""Doing at once what need not be done step by step: a pass over the loops of a jaxpr.

The input projections of a recurrent network become one product of matrices ahead of the loop, the gradients of its
weights one contraction after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from funcgrad.control.jaxprs import inlined, renamed
from funcgrad.control.loop_parts import CARRIED, FIXED, INPUT, Parts, find_parts, frontier
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Atom, Equation, Jaxpr, Literal, Var, dce, vars_in
from funcgrad.core.primitive import PRIMITIVES, BatchAxis
from funcgrad.core.tracing import build_jaxpr
from funcgrad.ops.basic import add_any, sum_axes
from funcgrad.ops.contraction import dot_general_p
from funcgrad.transforms import batch as batching

Prepare = Callable[[Jaxpr], Jaxpr]
_DONE = "split"  # marks the bodies of loops that were made here


def split_loops(jaxpr: Jaxpr, prepare: Prepare) -> Jaxpr:
    """Replace each `scan` by what goes ahead of it, the loop, and what comes after it.

    `prepare` simplifies bodies.
    """
    if not any(eqn.primitive.name == "scan" for eqn in jaxpr.eqns):
        return jaxpr
    names: dict[Var, Atom] = {}
    eqns: list[Equation] = []
    for old in jaxpr.eqns:
        eqn = renamed(old, names)
        whole = split_loop(eqn.params, prepare) if eqn.primitive.name == "scan" else None
        if whole is None:
            eqns.append(eqn)
            continue
        inner, outs = inlined(whole, eqn.invars)
        eqns += inner
        names.update(zip(eqn.outvars, outs, strict=True))
    outvars = [names.get(v, v) if type(v) is Var else v for v in jaxpr.outvars]
    return dce(jaxpr.replace(eqns=eqns, outvars=outvars))


def split_loop(params: dict[str, Any], prepare: Prepare) -> Jaxpr | None:
    """The jaxpr of a `scan` with these params, as parts; None if it is best left as it is."""
    body: Jaxpr = params["jaxpr"]
    key = ("split_loop", *[params[k] for k in ("length", "reverse", "num_consts", "num_carry")])
    return body.memo(key, lambda: _split(params, prepare))


def _split(params: dict[str, Any], prepare: Prepare) -> Jaxpr | None:
    if params["length"] < 2 or params["jaxpr"]._memo.get(_DONE):
        return None
    body = prepare(params["jaxpr"])
    n_consts, n_carry, length = params["num_consts"], params["num_carry"], params["length"]
    parts = find_parts(body, n_consts, n_carry, length)
    if parts is None:
        if body is params["jaxpr"]:
            return None
        parts = Parts([], [], list(body.eqns), [], [None] * n_carry, {})
        parts.kinds.update(dict.fromkeys(vars_in(body.outvars), CARRIED))
        for i, var in enumerate(body.invars):
            kind = FIXED if i < n_consts else CARRIED if i < n_consts + n_carry else INPUT
            parts.kinds[var] = kind
        parts.kinds.update({v: CARRIED for e in body.eqns for v in e.outvars})
    axis = BatchAxis(length)
    writer = _Writer(body, parts, params, axis)
    original: Jaxpr = params["jaxpr"]
    avals = [
        v.aval
        if i < n_consts + n_carry
        else v.aval.update(shape=(length, *v.aval.shape), weak_type=False)
        for i, v in enumerate(original.invars)
    ]
    return dce(build_jaxpr(writer.run, avals, name="scan"))


class _Writer:
    """Writes the parts of a loop into the current trace."""

    def __init__(self, body: Jaxpr, parts: Parts, params: dict[str, Any], axis: BatchAxis) -> None:
        self.body = body
        self.parts = parts
        self.params = params
        self.axis = axis
        self.fixed: dict[Atom, Any] = {}  # values that are the same at all steps
        self.stacked: dict[Atom, Any] = {}  # values at all steps

    def run(self, *operands: Any) -> list[Any]:
        n_consts, n_carry = self.params["num_consts"], self.params["num_carry"]
        body, parts = self.body, self.parts
        self.fixed.update(zip(body.invars[:n_consts], operands, strict=False))
        self.stacked.update(
            zip(body.invars[n_consts + n_carry :], operands[n_consts + n_carry :], strict=True)
        )
        self.once(parts.fixed)
        self.at_once(parts.before)
        init = operands[n_consts : n_consts + n_carry]
        final = iter(self.loop(init))
        self.at_once(parts.after)
        carry = [
            next(final) if term is None else add_any(start, self.total(term))
            for start, term in zip(init, parts.sums, strict=True)
        ]
        return [*carry, *[self.all_steps(v) for v in body.outvars[n_carry:]]]

    def once(self, eqns: Sequence[Equation]) -> None:
        jaxpr, inputs = _as_jaxpr(eqns)
        outs = eval_jaxpr(jaxpr, (), *[self.fixed[v] for v in inputs])
        self.fixed.update(zip(jaxpr.outvars, outs, strict=True))

    def at_once(self, eqns: Sequence[Equation]) -> None:
        jaxpr, inputs = _as_jaxpr(eqns)
        batched = [v in self.stacked for v in inputs]
        values = [
            self.stacked[v] if b else self.fixed[v] for v, b in zip(inputs, batched, strict=True)
        ]
        outs, flags = batching.forward_batched(jaxpr, self.axis, values, batched)
        for var, out, flag in zip(jaxpr.outvars, outs, flags, strict=True):
            (self.stacked if flag else self.fixed)[var] = out

    def loop(self, init: Sequence[Any]) -> Sequence[Any]:
        """Run the steps: the final carry without sums; what is wanted of all steps is remembered."""
        body, parts = self.body, self.parts
        n_consts, n_carry = self.params["num_consts"], self.params["num_carry"]
        stays = [term is None for term in parts.sums]
        carry_in = [v for v, s in zip(body.invars[n_consts:], stays, strict=False) if s]
        carry_out = [v for v, s in zip(body.outvars, stays, strict=False) if s]
        stacks = frontier(body, parts, n_carry)
        made = {v for e in parts.steps for v in e.outvars}
        read = dict.fromkeys([v for e in parts.steps for v in vars_in(e.invars)])
        read.update(dict.fromkeys(vars_in(carry_out)))
        free = [v for v in read if v not in made and v not in carry_in]
        consts = [v for v in free if v in self.fixed]
        xs = [v for v in free if v not in self.fixed]
        start = [x for x, s in zip(init, stays, strict=True) if s]
        if not (carry_in or stacks or parts.steps):
            return []
        jaxpr = Jaxpr((), [*consts, *carry_in, *xs], [*carry_out, *stacks], parts.steps)
        jaxpr.memo(_DONE, lambda: True)
        outs = PRIMITIVES["scan"](
            *[self.fixed[v] for v in consts],
            *start,
            *[self.stacked[v] for v in xs],
            jaxpr=jaxpr,
            length=self.params["length"],
            reverse=self.params["reverse"],
            num_consts=len(consts),
            num_carry=len(carry_in),
        )
        self.stacked.update(zip(stacks, outs[len(carry_in) :], strict=True))
        return outs[: len(carry_in)]

    def all_steps(self, atom: Atom) -> Any:
        """The stacked values of an output."""
        if type(atom) is Literal:
            return batching.to_batch(atom.val, self.axis)
        if atom in self.stacked:
            return self.stacked[atom]
        return batching.to_batch(self.fixed[atom], self.axis)

    def total(self, atom: Atom) -> Any:
        """The sum of a value over all steps."""
        makers = {v: e for e in (*self.parts.before, *self.parts.after) for v in e.outvars}
        return self._total(atom, makers)

    def _total(self, atom: Atom, makers: dict[Var, Equation]) -> Any:
        if type(atom) is Literal or atom in self.fixed:
            value = atom.val if type(atom) is Literal else self.fixed[atom]
            return value * atom.aval.dtype.type(self.axis.size)
        eqn = makers.get(atom)
        if eqn is not None and eqn.primitive.name == "add_any":
            return add_any(*[self._total(a, makers) for a in eqn.invars])
        if eqn is not None and eqn.primitive.name == "dot_general":
            return self._summed_product(eqn, makers)
        if eqn is not None and eqn.primitive.name == "reduce_sum" and eqn.invars[0] in self.stacked:
            axes = (0, *[a + 1 for a in eqn.params["axes"]])
            return sum_axes(self.stacked[eqn.invars[0]], axes)
        if eqn is not None and eqn.primitive.name in ("transpose", "reshape", "neg"):
            return eqn.primitive(self._total(eqn.invars[0], makers), **eqn.params)
        return sum_axes(self.stacked[atom], (0,))

    def _summed_product(self, eqn: Equation, makers: dict[Var, Equation]) -> Any:
        x, y = eqn.invars
        varies = [type(a) is Var and a in self.stacked for a in (x, y)]
        if not all(varies):
            operands = [
                self._total(a, makers) if v else a.val if type(a) is Literal else self.fixed[a]
                for a, v in zip((x, y), varies, strict=True)
            ]
            return dot_general_p(*operands, **eqn.params)
        (lc, rc), (lb, rb) = eqn.params["dimension_numbers"]
        up = lambda axes: tuple([a + 1 for a in axes])
        numbers = (((0, *up(lc)), (0, *up(rc))), (up(lb), up(rb)))
        return dot_general_p(self.stacked[x], self.stacked[y], dimension_numbers=numbers)


def _as_jaxpr(eqns: Sequence[Equation]) -> tuple[Jaxpr, list[Var]]:
    """Equations as a jaxpr that gives everything that they bind, and its inputs."""
    made = {v for e in eqns for v in e.outvars}
    inputs = list(dict.fromkeys([v for e in eqns for v in vars_in(e.invars) if v not in made]))
    return Jaxpr((), inputs, [v for e in eqns for v in e.outvars], eqns), inputs
