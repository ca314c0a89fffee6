"""`while` loops, and their way back, as Python source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from funcgrad.compile.emit import SCALAR
from funcgrad.compile.loops import Loop, LoopEmitter
from funcgrad.compile.pipeline import optimize
from funcgrad.compile.source import ProgramSource
from funcgrad.control.while_parts import Loop as Parts
from funcgrad.control.while_parts import way_back
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Equation, Jaxpr, Literal, Var, vars_in
from funcgrad.core.tracing import build_jaxpr
from funcgrad.ops.basic import add_any


class WhileEmitter(LoopEmitter):
    """Writes a function that loops for as long as the first output of a body is true."""

    prefix = ""

    def name(self, var: Var) -> str:
        name = self.names.get(var)
        if name is None:
            name = self.names[var] = self.prefix + super().name(var)
        return name

    def stepping(self, carry: Sequence[Var]) -> list[Any]:
        """The statements of a step; it stops where the condition does not hold."""
        going = self.jaxpr.outvars[0]
        ahead, rest = _ahead_of(self.jaxpr.eqns, going)
        lines = self.statements(ahead, 0)
        if type(going) is Literal:
            lines.append("break" if not going.val else "pass")
        else:
            lines += [f"if not {self.name(going)}:", "    break"]
        return lines + self.statements(rest, len(ahead))

    def statements(self, eqns: Sequence[Equation], first: int) -> list[Any]:
        lines: list[Any] = []
        for i, eqn in enumerate(eqns, first):
            lines += [(line, eqn.source) for line in self.equation(i, eqn)]
            dead = self.plan.dead.get(i)
            if dead:
                lines.append("del " + ", ".join(dict.fromkeys(self.name(v) for v in dead)))
        return lines

    def rebound(self, carry: Sequence[Var], outs: Sequence[Any]) -> list[str]:
        """Rebind the carry to the next one."""
        pairs = [(v, o) for v, o in zip(carry, outs, strict=True) if v is not o]
        if not pairs:
            return []
        left = ", ".join(self.name(v) for v, _ in pairs)
        return [f"{left} = {', '.join(self._as_carry(v, o) for v, o in pairs)}"]


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


def while_source(body: Jaxpr, n_consts: int, *, python: bool = True) -> ProgramSource:
    """The source of a loop whose body is joined with its condition."""
    careful = None
    if python:

        def careful(*args: Any) -> Sequence[Any]:
            return body.memo(
                "careful_while", lambda: while_source(body, n_consts, python=False).function()
            )(*args)

    n_carry = len(body.outvars) - 1
    emitter = WhileEmitter(body, n_consts, n_carry, python=python, careful=careful)
    consts, carry, _ = emitter._groups()
    emitter._enter_all(consts, carry)
    emitter.source.add("while True:")
    lines = [*emitter.stepping(carry), *emitter.rebound(carry, body.outvars[1:])]
    emitter._add_all(lines, indent=True)
    emitter.source.results = [emitter._leave(v) for v in carry]
    return emitter.source


def compile_while(loop: Parts) -> Loop:
    """A function of the operands of a `while` that runs it."""
    body = _joined(loop.cond_jaxpr, loop.cond_nconsts, loop.body_jaxpr, loop.body_nconsts)
    return while_source(body, loop.cond_nconsts + loop.body_nconsts).function()


# The way back


def compile_way_back(loop: Parts, linear: tuple[bool, ...]) -> Loop:
    """A function that goes through a loop and back.

    It takes the condition's constants, what the steps need of constants, the known carry, invariant residuals, sums and
    cotangents to start with; it gives the sums and the cotangents.
    """
    plan = way_back(loop, linear)
    n_carry = len(plan.carry) - sum(plan.carry)
    forwards = _joined(plan.cond, loop.cond_nconsts, plan.step, plan.n_ahead)
    n_sums = sum(linear[: loop.body_nconsts])
    backwards = loop.body_jaxpr.memo(
        ("back_body", loop.cond_jaxpr, linear), lambda: _back_body(plan, n_sums)
    )
    n_consts = loop.cond_nconsts + plan.n_ahead
    return way_back_source(forwards, n_consts, n_carry, backwards, plan.n_invariant).function()


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


def way_back_source(
    forwards: Jaxpr,
    n_consts: int,
    n_carry: int,
    backwards: Jaxpr,
    n_invariant: int,
    *,
    python: bool = True,
) -> ProgramSource:
    """The source of a loop and its way back."""
    careful: Callable[..., Any] | None = None
    if python:

        def careful(*args: Any) -> Sequence[Any]:
            key = ("careful_back", backwards)
            sizes = (n_consts, n_carry, backwards, n_invariant)
            return forwards.memo(
                key, lambda: way_back_source(forwards, *sizes, python=False).function()
            )(*args)

    first = WhileEmitter(forwards, n_consts, n_carry, python=python, careful=careful)
    consts, carry, _ = first._groups()
    first._enter_all(consts, carry)
    n_back = len(backwards.outvars)
    second = WhileEmitter(backwards, n_invariant, n_back, python=python, careful=careful)
    second.prefix = "back_"
    second.nest(first)
    second.source = source = first.source
    once, cts, each = second._groups()
    second._enter_all(once, cts)
    residuals = forwards.outvars[1 + n_carry :]
    for j in range(len(residuals)):
        source.add(f"r{j} = []")
        source.add(f"add{j} = r{j}.append")
    source.add("steps = 0")
    source.add("while True:")
    lines = first.stepping(carry)
    lines += [f"add{j}({first.stored(r)})" for j, r in enumerate(residuals)]
    lines += ["steps += 1", *first.rebound(carry, forwards.outvars[1 : 1 + n_carry])]
    first._add_all(lines, indent=True)
    second.n_clusters = first.n_clusters
    for var, residual in zip(each, residuals, strict=True):
        if not var.aval.shape:
            second.kinds[var] = first.kinds.get(residual, SCALAR)  # type: ignore[arg-type]
    names = [second.name(v) for v in each]
    stacks = [f"reversed(r{j})" for j in range(len(names))]
    if not names:
        source.add("for _ in range(steps):")
    elif len(names) == 1:
        source.add(f"for {names[0]} in {stacks[0]}:")
    else:
        source.add(f"for {', '.join(names)} in zip({', '.join(stacks)}):")
    lines = [*second.statements(backwards.eqns, 0), *second.rebound(cts, backwards.outvars)]
    second._add_all(lines or ["pass"], indent=True)
    source.quiet = source.quiet or second.source.quiet
    source.results = [second._leave(v) for v in cts]
    return source
