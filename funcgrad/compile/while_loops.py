"""`while` loops, and their way back, as Python source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from funcgrad.compile.emit import Emitter
from funcgrad.compile.loops import Loop, LoopEmitter
from funcgrad.compile.pipeline import optimize
from funcgrad.compile.source import ProgramSource
from funcgrad.control.while_parts import Loop as Parts
from funcgrad.control.while_parts import way_back
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Equation, Jaxpr, Literal, vars_in
from funcgrad.core.tracing import build_jaxpr
from funcgrad.ops.basic import add_any


class WhileEmitter(LoopEmitter):
    """Writes a function that loops for as long as the first output of a body is true."""

    def stepping(self) -> list[Any]:
        """The statements of a step; it stops where the condition does not hold."""
        going = self.jaxpr.outvars[0]
        ahead, rest = _ahead_of(self.jaxpr.eqns, going)
        lines = self.statements(ahead)
        if type(going) is Literal:
            lines.append("break" if not going.val else "pass")
        else:
            lines += [f"if not {self.name(going)}:", "    break"]
        return lines + self.statements(rest, len(ahead))


def _ahead_of(eqns: Sequence[Equation], wanted: Any) -> tuple[list[Equation], list[Equation]]:
    """The equations that a value needs, and the others."""
    needed = set(vars_in([wanted]))
    ahead = []
    for eqn in reversed(eqns):
        if not needed.isdisjoint(eqn.outvars):
            ahead.append(eqn)
            needed.update(vars_in(eqn.invars))
    chosen = set(map(id, ahead))
    return ahead[::-1], [e for e in eqns if id(e) not in chosen]


def _in_order(jaxpr: Jaxpr) -> Jaxpr:
    """The jaxpr with what its first output needs first."""
    ahead, rest = _ahead_of(jaxpr.eqns, jaxpr.outvars[0])
    return jaxpr.replace(eqns=[*ahead, *rest])


def _joined(cond: Jaxpr, n_cond: int, step: Jaxpr, n_step: int) -> Jaxpr:
    """Constants of both, carry -> whether to go on, outputs of the step."""

    def make() -> Jaxpr:
        def fun(*args: Any) -> list[Any]:
            consts, own, carry = (
                args[:n_cond],
                args[n_cond : n_cond + n_step],
                args[n_cond + n_step :],
            )
            going = eval_jaxpr(cond, (), *consts, *carry)
            return [*going, *eval_jaxpr(step, (), *own, *carry)]

        avals = [*cond.in_avals[:n_cond], *step.in_avals]
        return _in_order(optimize(build_jaxpr(fun, avals, name="while")))

    return step.memo(("joined", cond, n_cond, n_step), make)


def while_source(
    body: Jaxpr, n_consts: int, *, python: bool = True, outer: Emitter | None = None
) -> ProgramSource:
    """The source of a loop whose body is joined with its condition; `outer` writes the program around it."""
    careful = None
    if python:

        def careful(*args: Any) -> Sequence[Any]:
            return body.memo(
                "careful_while", lambda: while_source(body, n_consts, python=False).function()
            )(*args)

    n_carry = len(body.outvars) - 1
    emitter = WhileEmitter(body, n_consts, n_carry, python=python, careful=careful)
    if outer is not None:
        emitter.nest(outer)
    consts, carry, _ = emitter.groups()
    emitter.enter_all(consts, carry)
    emitter.source.add("while True:")
    lines = [*emitter.stepping(), *emitter.rebound(carry, body.outvars[1:])]
    emitter.add_all(lines, indent=True)
    emitter.source.results = [emitter.leave(v) for v in carry]
    return emitter.source


def compile_while(loop: Parts) -> Loop:
    """A function of the operands of a `while` that runs it."""
    return while_source(*joined_body(loop)).function()


def joined_body(loop: Parts) -> tuple[Jaxpr, int]:
    """A loop's condition and body in one, and the number of its constants."""
    body = _joined(loop.cond_jaxpr, loop.cond_nconsts, loop.body_jaxpr, loop.body_nconsts)
    return body, loop.cond_nconsts + loop.body_nconsts


# The way back, in two halves: the list between them has a tuple for each step


def compile_record(loop: Parts, linear: tuple[bool, ...]) -> Loop:
    """A function of the condition's constants, what the steps need of constants, and the known carry.

    It gives the final carry, and the list of the residuals of each step.
    """
    return record_source(*forwards_body(loop, linear)).function()


def forwards_body(loop: Parts, linear: tuple[bool, ...]) -> tuple[Jaxpr, int, int]:
    """A step that also gives its residuals, joined with the condition; how many constants and carries it has."""
    plan = way_back(loop, linear)
    forwards = _joined(plan.cond, loop.cond_nconsts, plan.step, plan.n_ahead)
    return forwards, loop.cond_nconsts + plan.n_ahead, len(plan.carry) - sum(plan.carry)


def record_source(
    forwards: Jaxpr,
    n_consts: int,
    n_carry: int,
    *,
    python: bool = True,
    outer: Emitter | None = None,
) -> ProgramSource:
    """The source of a loop that keeps what its way back needs."""

    def careful(*args: Any) -> Sequence[Any]:
        make = lambda: record_source(forwards, n_consts, n_carry, python=False).function()
        return forwards.memo(("careful_record", n_consts), make)(*args)

    emitter = WhileEmitter(
        forwards, n_consts, n_carry, python=python, careful=careful if python else None
    )
    if outer is not None:
        emitter.nest(outer)
    consts, carry, _ = emitter.groups()
    emitter.enter_all(consts, carry)
    emitter.source.add("steps = []")
    emitter.source.add("add = steps.append")
    emitter.source.add("while True:")
    lines = emitter.stepping()
    residuals = [emitter.stored(r) for r in forwards.outvars[1 + n_carry :]]
    lines.append(f"add(({''.join(r + ', ' for r in residuals)}))")
    lines += emitter.rebound(carry, forwards.outvars[1 : 1 + n_carry])
    emitter.add_all(lines, indent=True)
    emitter.source.results = [*[emitter.leave(v) for v in carry], "steps"]
    return emitter.source


def compile_replay(loop: Parts, linear: tuple[bool, ...]) -> Loop:
    """A function of invariant residuals, sums and cotangents to start with, and the list of residuals.

    It gives the sums and the cotangents.
    """
    return replay_source(*back_body(loop, linear)).function()


def back_body(loop: Parts, linear: tuple[bool, ...]) -> tuple[Jaxpr, int]:
    """A step of the way back, and how many invariant residuals it takes."""
    plan = way_back(loop, linear)
    n_sums = sum(linear[: loop.body_nconsts])
    backwards = loop.body_jaxpr.memo(
        ("back_body", loop.cond_jaxpr, linear), lambda: _back_body(plan, n_sums)
    )
    return backwards, plan.n_invariant


def _back_body(plan: Any, n_sums: int) -> Jaxpr:
    """Invariant residuals, sums and cotangents, residuals of a step -> sums and cotangents."""
    routes = plan.routes
    n_invariant = plan.n_invariant
    n_stacked = len(routes) - n_invariant
    avals = plan.back.in_avals
    residual_avals, ct_avals = avals[: len(routes)], avals[len(routes) :]
    invariant = [a for a, (once, _) in zip(residual_avals, routes, strict=True) if once]
    stacked = [a for a, (once, _) in zip(residual_avals, routes, strict=True) if not once]
    sum_avals = plan.back.out_avals[:n_sums]

    def fun(*args: Any) -> list[Any]:
        once, rest = args[:n_invariant], args[n_invariant:]
        sums, cts = rest[:n_sums], rest[n_sums : len(rest) - n_stacked]
        each = rest[len(rest) - n_stacked :]
        residuals = [once[i] if is_once else each[i] for is_once, i in routes]
        outs = eval_jaxpr(plan.back, (), *residuals, *cts)
        return [
            *[add_any(s, t) for s, t in zip(sums, outs[:n_sums], strict=True)],
            *outs[n_sums:],
        ]

    return optimize(build_jaxpr(fun, [*invariant, *sum_avals, *ct_avals, *stacked], name="while"))


def replay_source(
    backwards: Jaxpr, n_invariant: int, *, python: bool = True, outer: Emitter | None = None
) -> ProgramSource:
    """The source of the way back through a loop."""

    def careful(*args: Any) -> Sequence[Any]:
        make = lambda: replay_source(backwards, n_invariant, python=False).function()
        return backwards.memo("careful_replay", make)(*args)

    emitter = WhileEmitter(
        backwards,
        n_invariant,
        len(backwards.outvars),
        python=python,
        careful=careful if python else None,
    )
    if outer is not None:
        emitter.nest(outer)
    once, cts, each = emitter.groups()
    emitter.enter_all(once, cts)
    emitter.source.params.append("steps")
    names = [emitter.name(v) for v in each]
    target = f"({''.join(name + ', ' for name in names)})" if names else "_"
    emitter.source.add(f"for {target} in reversed(steps):")
    lines: list[Any] = []
    for var, name in zip(each, names, strict=True):
        if not var.aval.shape:  # recorded as Python's or NumPy's number
            lines.append(f"{name} = {emitter.number_kind(var)}({name})")
    lines += emitter.statements(backwards.eqns)
    lines += emitter.rebound(cts, backwards.outvars)
    emitter.add_all(lines or ["pass"], indent=True)
    emitter.source.results = [emitter.leave(v) for v in cts]
    return emitter.source
