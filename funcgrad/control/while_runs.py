"""Running a `while` that is to be gone through backwards: what the way back needs of each step goes onto a stack.

How many steps there are shows when the loop runs, so the stack grows. `while_transpose` does both halves. A program
that also wants the loop's value has the halves as two equations, so that the loop runs once (compile/share_runs.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from funcgrad.control.call import CallPrimitive, spread
from funcgrad.control.jaxprs import select, split_list
from funcgrad.control.run import WhileRunner, program
from funcgrad.control.while_parts import Loop, way_back
from funcgrad.core.types import ShapedArray

# A stack, as a value of a program: an array of one object.
STACK = ShapedArray((1,), np.dtype(object))


class Stack(NamedTuple):
    """`invariant`: residuals that are the same at each step; `steps`: those of each step, in order."""

    invariant: Sequence[Any]
    steps: list[Sequence[Any]]


def record(
    loop: Loop, linear: tuple[bool, ...], cond_consts: Sequence[Any], known: Sequence[Any]
) -> tuple[list[Any], Stack]:
    """Run the loop: the final carry, as far as it depends on no linear operand, and the stack.

    `linear` marks constants of the body and initial carries; `known` are the others.
    """
    plan = way_back(loop, linear)
    consts, init = split_list(spread(known, [not lin for lin in linear]), loop.body_nconsts)
    early = program(plan.ahead)(*select(consts, linear[: loop.body_nconsts], False))
    n_invariant = len(early) - plan.n_ahead
    invariant, own = early[:n_invariant], early[n_invariant:]
    carry = select(init, plan.carry, False)
    n_carry = len(carry)
    runner = _runner(loop, "record", linear)
    limit = runner.first_steps()
    steps: list[Sequence[Any]] = []
    if limit:
        cond, step = program(plan.cond), program(plan.step)
        while len(steps) < limit and cond(*cond_consts, *carry)[0]:
            outs = step(*own, *carry)
            carry = list(outs[:n_carry])
            steps.append(outs[n_carry:])
        if len(steps) < limit:
            return carry, Stack(invariant, steps)
    run = runner.program(lambda compiler: compiler.record(loop, linear))
    *carry, others = run(*cond_consts, *own, *carry)
    return carry, Stack(invariant, [*steps, *others] if steps else others)


def replay(
    loop: Loop, linear: tuple[bool, ...], given: tuple[bool, ...], stack: Stack, cts: Sequence[Any]
) -> tuple[Any, ...]:
    """Go back through the steps: cotangents of the linear operands. `given` says which carries have one."""
    plan = way_back(loop, linear)
    l_consts, l_init = split_list(linear, loop.body_nconsts)
    carry_avals = [v.aval.strip_weak_type() for v in loop.body_jaxpr.invars[loop.body_nconsts :]]
    current = [
        np.zeros(a.shape, a.dtype)[()] if ct is None else ct
        for ct, a in zip(
            select(spread(cts, given), plan.carry), select(carry_avals, plan.carry), strict=True
        )
    ]
    sums = [
        np.zeros(v.aval.shape, v.aval.dtype)[()]
        for v in select(loop.body_jaxpr.invars[: loop.body_nconsts], l_consts)
    ]
    n_sums = len(sums)
    runner = _runner(loop, "replay", linear)
    if len(stack.steps) < runner.first_steps():
        back = program(plan.back)
        for each in reversed(stack.steps):
            residuals = [stack.invariant[i] if once else each[i] for once, i in plan.routes]
            outs = back(*residuals, *current)
            sums = [a + b for a, b in zip(sums, outs[:n_sums], strict=True)]
            current = list(outs[n_sums:])
    else:
        run = runner.program(lambda compiler: compiler.replay(loop, linear))
        outs = run(*stack.invariant, *sums, *current, stack.steps)
        sums, current = list(outs[:n_sums]), list(outs[n_sums:])
    return (*sums, *select(spread(current, plan.carry), l_init))


def _runner(loop: Loop, half: str, linear: tuple[bool, ...]) -> WhileRunner:
    n_eqns = len(loop.cond_jaxpr.eqns) + len(loop.body_jaxpr.eqns)
    return loop.memo((half, linear), lambda: WhileRunner(n_eqns))


# The halves as equations. They stand in optimised programs only, which are not transformed further.


def _record_impl(*args: Any, linear: tuple[bool, ...], **params: Any) -> tuple[Any, ...]:
    loop = Loop(**params)
    cond_consts, known = split_list(args, loop.cond_nconsts)
    carry, stack = record(loop, linear, cond_consts, known)
    held = np.empty(1, object)
    held[0] = stack
    return (*carry, held)


def _record_abstract(
    *avals: ShapedArray, linear: tuple[bool, ...], **params: Any
) -> tuple[ShapedArray, ...]:
    loop = Loop(**params)
    carry = loop.body_jaxpr.invars[loop.body_nconsts :]
    return (*[v.aval for v in select(carry, way_back(loop, linear).carry, False)], STACK)


def _replay_impl(
    held: Any, *cts: Any, linear: tuple[bool, ...], given: tuple[bool, ...], **params: Any
) -> tuple[Any, ...]:
    return replay(Loop(**params), linear, given, held[0], cts)


def transposed_avals(linear: Sequence[bool], body: Any) -> tuple[ShapedArray, ...]:
    """The types of the cotangents of the linear operands."""
    return tuple([v.aval.strip_weak_type() for v in select(body.invars, linear)])


while_record_p = CallPrimitive(
    "while_record",
    impl=_record_impl,
    abstract=_record_abstract,
    multiple_results=True,
    properties=frozenset({"loop"}),
)
while_replay_p = CallPrimitive(
    "while_replay",
    impl=_replay_impl,
    abstract=lambda *avals, linear, body_jaxpr, **params: transposed_avals(linear, body_jaxpr),
    multiple_results=True,
    properties=frozenset({"loop"}),
)
