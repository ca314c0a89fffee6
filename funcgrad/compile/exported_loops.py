"""`while` loops in exported source: functions next to the program, the way back through them included.

While funcgrad runs a program, it chooses how a loop is run when it has seen how long it is (see control/while_runs.py).
"""

from __future__ import annotations

from funcgrad.compile.compiler import optimized
from funcgrad.compile.constants import dtype_name
from funcgrad.compile.emit import Emitter
from funcgrad.compile.while_loops import (
    back_body,
    forwards_body,
    joined_body,
    record_source,
    replay_source,
    while_source,
)
from funcgrad.control.call import spread
from funcgrad.control.jaxprs import select, split_list
from funcgrad.control.while_parts import Loop, way_back
from funcgrad.core.jaxpr import Equation
from funcgrad.core.types import ShapedArray


def write_while(outer: Emitter, eqn: Equation) -> str:
    """Write a loop; the name of its function of the equation's operands."""
    body, n_consts = joined_body(Loop(**eqn.params))
    return while_source(body, n_consts, python=False, outer=outer).place("loop")


def write_record(outer: Emitter, eqn: Equation) -> str:
    """Write the loop that remembers what the way back needs of each step."""
    loop, linear, _ = _parts(eqn)
    return _recorder(outer, loop, linear)


def write_replay(outer: Emitter, eqn: Equation) -> str:
    """Write the way back."""
    return _replayer(outer, *_parts(eqn))


def write_transpose(outer: Emitter, eqn: Equation) -> str:
    """Write both halves, and the function that runs one after the other."""
    loop, linear, given = _parts(eqn)
    there, back = _recorder(outer, loop, linear), _replayer(outer, loop, linear, given)
    n_there = loop.cond_nconsts + len(linear) - sum(linear)
    return outer.source.write(
        "there_and_back",
        "*args",
        [f"held = {there}(*args[:{n_there}])[-1]", f"return {back}(held, *args[{n_there}:])"],
    )


WRITERS = {
    "while": write_while,
    "while_record": write_record,
    "while_replay": write_replay,
    "while_transpose": write_transpose,
}


def _parts(eqn: Equation) -> tuple[Loop, tuple[bool, ...], tuple[bool, ...]]:
    """The loop, which operands of it are linear, and which carries have a cotangent."""
    params = dict(eqn.params)
    linear, given = params.pop("linear"), params.pop("given", ())
    return Loop(**params), linear, given


def _recorder(outer: Emitter, loop: Loop, linear: tuple[bool, ...]) -> str:
    """A function of the condition's constants and of the operands that are not linear: the carry and the stack."""
    plan = way_back(loop, linear)
    body, n_consts, n_carry = forwards_body(loop, linear)
    steps = record_source(body, n_consts, n_carry, python=False, outer=outer).place("loop")
    early = outer.part(optimized(plan.ahead))
    n_invariant = len(plan.ahead.outvars) - plan.n_ahead
    l_consts, l_init = split_list(linear, loop.body_nconsts)
    n_known = loop.body_nconsts - sum(l_consts)
    names = [f"x_{i}" for i in range(loop.cond_nconsts + len(linear) - sum(linear))]
    cond, consts, init = split_list(names, loop.cond_nconsts, n_known)
    carry = select(spread(init, [not lin for lin in l_init]), plan.carry, False)
    return outer.source.write(
        "recorded",
        ", ".join(names),
        [
            f"early = {early}({', '.join(consts)})",
            f"*carry, steps = {steps}({', '.join([*cond, f'*early[{n_invariant}:]', *carry])})",
            "held = np.empty(1, object)",
            f"held[0] = early[:{n_invariant}], steps",
            "return (*carry, held)",
        ],
    )


def _replayer(outer: Emitter, loop: Loop, linear: tuple[bool, ...], given: tuple[bool, ...]) -> str:
    """A function of the stack and the cotangents that there are: the cotangents of the linear operands."""
    plan = way_back(loop, linear)
    body, n_invariant = back_body(loop, linear)
    back = replay_source(body, n_invariant, python=False, outer=outer).place("loop")
    l_consts, l_init = split_list(linear, loop.body_nconsts)
    consts, carry = split_list(loop.body_jaxpr.in_avals, loop.body_nconsts)
    names = [f"ct_{i}" for i in range(sum(given))]
    cts = [
        _zeros(aval) if name is None else name
        for name, aval in select(list(zip(spread(names, given), carry, strict=True)), plan.carry)
    ]
    sums = [_zeros(aval) for aval in select(consts, l_consts)]
    places = [len(sums) + i for i in range(sum(plan.carry))]
    kept = [*range(len(sums)), *select(spread(places, plan.carry), l_init)]
    return outer.source.write(
        "replayed",
        ", ".join(["held", *names]),
        [
            "invariant, steps = held[0]",
            f"outs = {back}({', '.join(['*invariant', *sums, *cts, 'steps'])})",
            f"return [{', '.join([f'outs[{i}]' for i in kept])}]",
        ],
    )


def _zeros(aval: ShapedArray) -> str:
    return f"np.zeros({aval.shape}, {dtype_name(aval.dtype)})[()]"
