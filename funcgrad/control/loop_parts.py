"""Which equations of a loop's body have to run step by step.

What depends on no carry can be done for all steps at once ahead of the loop (`before`), what no carry depends on
after it (`after`); a carry that is only added to is a sum over the steps, which is done after the loop too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from funcgrad.core.jaxpr import Atom, Equation, Jaxpr, Var, has_side_effects, vars_in

# What the steps of all intermediate results may take together, in bytes, when they are done at once.
_LARGEST = 1 << 27
# Control flow on what differs from step to step would run all branches, or all steps of the longest loop.
_STAYS = frozenset({"cond", "while", "while_transpose", "checkpoint"})
# Values of equations: the same at all steps; a function of the step's inputs; a function of the carry.
FIXED, INPUT, CARRIED = range(3)


class Parts(NamedTuple):
    """The equations of a body by when they run, in order.

    Attributes:
        fixed: once, ahead of the loop.
        before: for all steps at once, ahead of the loop.
        steps: step by step.
        after: for all steps at once, after the loop.
        sums: for each carry that is only added to, the atom that is added; None for others.
        kinds: of each variable: FIXED, INPUT or CARRIED.
    """

    fixed: list[Equation]
    before: list[Equation]
    steps: list[Equation]
    after: list[Equation]
    sums: list[Atom | None]
    kinds: dict[Var, int]


def find_parts(jaxpr: Jaxpr, num_consts: int, num_carry: int, length: int) -> Parts | None:
    """The parts of a loop's body; None if all of it runs step by step."""
    kinds = _kinds(jaxpr, num_consts, num_carry)
    sums = _sums(jaxpr, num_consts, num_carry)
    parts = _partition(jaxpr, kinds, sums)
    if _too_large(parts.before, length):
        kinds = {
            v: CARRIED if k == INPUT and v not in jaxpr.invars else k for v, k in kinds.items()
        }
        parts = _partition(jaxpr, kinds, sums)
    if _too_large(parts.after, length) or _stacks_too_much(jaxpr, parts, num_carry, length):
        return None if not (parts.fixed or parts.before) else _keep_after(jaxpr, num_carry, kinds)
    if not (parts.fixed or parts.before or parts.after or any(s is not None for s in sums)):
        return None
    return parts


def _kinds(jaxpr: Jaxpr, num_consts: int, num_carry: int) -> dict[Var, int]:
    kinds: dict[Var, int] = {}
    for i, var in enumerate(jaxpr.invars):
        kinds[var] = FIXED if i < num_consts else CARRIED if i < num_consts + num_carry else INPUT
    for eqn in jaxpr.eqns:
        kind = max([kinds[v] for v in vars_in(eqn.invars)], default=FIXED)
        if kind != CARRIED and not (may_move(eqn) if kind == INPUT else may_run_once(eqn)):
            kind = CARRIED
        kinds.update(dict.fromkeys(eqn.outvars, kind))
    return kinds


def may_run_once(eqn: Equation) -> bool:
    return not has_side_effects(eqn) and "random" not in eqn.primitive.properties


def may_move(eqn: Equation) -> bool:
    """Whether an equation may be done for all steps at once."""
    return (
        may_run_once(eqn)
        and eqn.primitive.batch is not None
        and eqn.primitive.name not in _STAYS
        and not eqn.effects
    )


def _sums(jaxpr: Jaxpr, num_consts: int, num_carry: int) -> list[Atom | None]:
    """What is added to each carry at each step, where that is all that happens to it."""
    uses: dict[Any, int] = {}
    for eqn in jaxpr.eqns:
        for var in vars_in(eqn.invars):
            uses[var] = uses.get(var, 0) + 1
    for var in vars_in(jaxpr.outvars):
        uses[var] = uses.get(var, 0) + 1
    makers: dict[Atom, Equation] = {v: eqn for eqn in jaxpr.eqns for v in eqn.outvars}
    sums: list[Atom | None] = []
    carry = jaxpr.invars[num_consts : num_consts + num_carry]
    for var, out in zip(carry, jaxpr.outvars, strict=False):
        maker = makers.get(out)
        term = None
        if (
            maker is not None
            and maker.primitive.name in ("add", "add_any")
            and uses.get(var) == 1
            and uses[out] == 1
            and var in maker.invars
            and var.aval.dtype.kind in "fc"
        ):
            other = maker.invars[1] if maker.invars[0] is var else maker.invars[0]
            if other.aval.shape == var.aval.shape and other.aval.dtype == var.aval.dtype:
                term = other
        sums.append(term)
    return sums


def _partition(jaxpr: Jaxpr, kinds: dict[Var, int], sums: Sequence[Atom | None]) -> Parts:
    carry_outs = [v for v, s in zip(jaxpr.outvars, sums, strict=False) if s is None]
    needed = set(vars_in(carry_outs))
    adders = {out for out, s in zip(jaxpr.outvars, sums, strict=False) if s is not None}
    steps: list[Equation] = []
    after: list[Equation] = []
    fixed = [e for e in jaxpr.eqns if _kind(e, kinds) == FIXED]
    before = [e for e in jaxpr.eqns if _kind(e, kinds) == INPUT]
    carried = [e for e in jaxpr.eqns if _kind(e, kinds) == CARRIED]
    for eqn in reversed(carried):
        if not adders.isdisjoint(eqn.outvars):
            continue
        if not needed.isdisjoint(eqn.outvars) or not may_move(eqn):
            needed.update(vars_in(eqn.invars))
            steps.append(eqn)
        else:
            after.append(eqn)
    return Parts(fixed, before, steps[::-1], after[::-1], list(sums), kinds)


def _kind(eqn: Equation, kinds: dict[Var, int]) -> int:
    return kinds[eqn.outvars[0]] if eqn.outvars else CARRIED


def _keep_after(jaxpr: Jaxpr, num_carry: int, kinds: dict[Var, int]) -> Parts:
    """The parts with everything that depends on the carry in the steps."""
    fixed = [e for e in jaxpr.eqns if _kind(e, kinds) == FIXED]
    before = [e for e in jaxpr.eqns if _kind(e, kinds) == INPUT]
    steps = [e for e in jaxpr.eqns if _kind(e, kinds) == CARRIED]
    return Parts(fixed, before, steps, [], [None] * num_carry, kinds)


def _nbytes(variables: Any) -> int:
    return sum(v.aval.nbytes for v in variables)


def _too_large(eqns: Sequence[Equation], length: int) -> bool:
    return length * _nbytes([v for e in eqns for v in e.outvars]) > _LARGEST


def frontier(jaxpr: Jaxpr, parts: Parts, num_carry: int) -> list[Var]:
    """The variables of the steps whose values at all steps are wanted after the loop."""
    wanted: dict[Var, None] = {}
    made = {v for e in parts.after for v in e.outvars}
    for eqn in parts.after:
        wanted.update(dict.fromkeys(vars_in(eqn.invars)))
    wanted.update(dict.fromkeys(vars_in(jaxpr.outvars[num_carry:])))
    wanted.update(dict.fromkeys(vars_in([s for s in parts.sums if s is not None])))
    return [v for v in wanted if v not in made and parts.kinds[v] == CARRIED]


def _stacks_too_much(jaxpr: Jaxpr, parts: Parts, num_carry: int, length: int) -> bool:
    """Whether keeping what `after` needs of all steps takes much more memory than the loop's own results."""
    needed = _nbytes(frontier(jaxpr, parts, num_carry))
    own = _nbytes(vars_in(jaxpr.outvars[num_carry:]))
    summed = _nbytes([s for s in parts.sums if s is not None])
    return needed > 2 * own + 4 * summed and length * needed > _LARGEST // 4
