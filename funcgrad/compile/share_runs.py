"""Running a `while` once where a program wants both its value and its way back.

A gradient has the loop for its value and `while_transpose` for the way back, which runs the loop again. Where both
are the same loop of the same operands, they become `while_record`, which gives the value and a stack of what the
way back needs, and `while_replay` (control/while_runs.py).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from funcgrad.control.jaxprs import select, split_list
from funcgrad.control.while_parts import Loop, way_back
from funcgrad.control.while_runs import STACK, while_record_p, while_replay_p
from funcgrad.core.jaxpr import (
    Atom,
    Equation,
    Jaxpr,
    Literal,
    Var,
    runs_side_effects,
    scalar_key,
    vars_in,
)


def share_runs(jaxpr: Jaxpr) -> Jaxpr:
    """Let each `while_transpose` use the run of an earlier `while`."""
    eqns = list(jaxpr.eqns)
    if not any(e.primitive.name == "while_transpose" for e in eqns):
        return jaxpr
    for i, eqn in enumerate(eqns):
        if eqn.primitive.name != "while_transpose":
            continue
        back = _Back(eqn)
        for j, other in enumerate(eqns[:i]):
            if other.primitive.name == "while" and _are_defined(back.operands, jaxpr, eqns[:j]):
                kept = back.carries_of(other)
                if kept is not None:
                    eqns[j], eqns[i] = back.halves(other, kept)
                    break
    return jaxpr.replace(eqns=eqns)


def _are_defined(atoms: Sequence[Atom], jaxpr: Jaxpr, eqns: Sequence[Equation]) -> bool:
    """Whether equations have bound these atoms."""
    missing = set(vars_in(atoms)).difference(jaxpr.invars, jaxpr.constvars)
    return missing.issubset([v for e in eqns for v in e.outvars])


class _Back:
    """A `while_transpose` and the loop that it runs."""

    def __init__(self, eqn: Equation) -> None:
        params = dict(eqn.params)
        self.eqn = eqn
        self.linear: tuple[bool, ...] = params.pop("linear")
        self.given: tuple[bool, ...] = params.pop("given")
        self.loop = loop = Loop(**params)
        self.plan = way_back(loop, self.linear)
        n_operands = loop.cond_nconsts + len(self.linear) - sum(self.linear)
        self.operands, self.cts = split_list(eqn.invars, n_operands)
        self.cond_consts, known = split_list(self.operands, loop.cond_nconsts)
        places = iter(known)
        full = [None if lin else next(places) for lin in self.linear]
        l_consts = self.linear[: loop.body_nconsts]
        self.consts = select(full[: loop.body_nconsts], l_consts, False)
        self.init = select(full[loop.body_nconsts :], self.plan.carry, False)

    def carries_of(self, eqn: Equation) -> list[int] | None:
        """Which of the carries here a `while` has; None if it is not the same loop."""
        loop = Loop(**eqn.params)
        if runs_side_effects(loop.cond_jaxpr, loop.body_jaxpr):
            return None
        cond_consts, consts, init, _ = loop.split(eqn.invars)
        kept = _places(init, self.init)
        if kept is None:
            return None
        plan, numbers = self.plan, _Numbers()
        carry: list[Hashable] = [("carry", k) for k in range(len(self.init))]
        own = [carry[k] for k in kept]
        of = lambda atoms: [numbers.atom(a, {}) for a in atoms]
        (going,) = numbers.outputs(plan.cond, [*of(self.cond_consts), *carry])
        if numbers.outputs(loop.cond_jaxpr, [*of(cond_consts), *own]) != [going]:
            return None
        early = numbers.outputs(plan.ahead, of(self.consts))
        stepped = numbers.outputs(plan.step, [*early[len(early) - plan.n_ahead :], *carry])
        same = numbers.outputs(loop.body_jaxpr, [*of(consts), *own])
        return kept if same == [stepped[k] for k in kept] else None

    def halves(self, eqn: Equation, kept: Sequence[int]) -> tuple[Equation, Equation]:
        """The run, in place of a `while` that has these of the carries, and the way back."""
        names = dict(zip(kept, eqn.outvars, strict=True))
        carry = [names.get(k) or Var(a.aval) for k, a in enumerate(self.init)]
        stack = Var(STACK)
        params = {**self.loop._asdict(), "linear": self.linear}
        run = Equation(while_record_p, tuple(self.operands), (*carry, stack), params, eqn.source)
        back = Equation(
            while_replay_p,
            (stack, *self.cts),
            self.eqn.outvars,
            {**params, "given": self.given},
            self.eqn.source,
        )
        return run, back


def _places(few: Sequence[Atom], many: Sequence[Atom]) -> list[int] | None:
    """Where some atoms stand among others, in order."""
    numbers, places, k = _Numbers(), [], 0
    for atom in few:
        while k < len(many) and numbers.atom(many[k], {}) != numbers.atom(atom, {}):
            k += 1
        if k == len(many):
            return None
        places.append(k)
        k += 1
    return places


class _Numbers:
    """Value numbering: values that are computed alike from the same inputs have the same number."""

    def __init__(self) -> None:
        self.known: dict[Hashable, int] = {}

    def number(self, key: Hashable) -> int:
        return self.known.setdefault(key, len(self.known))

    def atom(self, atom: Atom, env: dict[Var, Hashable]) -> Hashable:
        if type(atom) is Literal:
            return self.number((scalar_key(atom.val), atom.aval))
        return env.get(atom, atom)

    def outputs(self, jaxpr: Jaxpr, inputs: Sequence[Hashable]) -> list[Hashable]:
        env: dict[Var, Any] = dict(zip(jaxpr.invars, inputs, strict=True))
        for eqn in jaxpr.eqns:
            operands = tuple([self.atom(a, env) for a in eqn.invars])
            number = self.number((eqn.primitive, operands, tuple(eqn.params.items())))
            env.update({v: (number, i) for i, v in enumerate(eqn.outvars)})
        return [self.atom(a, env) for a in jaxpr.outvars]
