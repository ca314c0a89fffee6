"""Splitting a loop in two: one for what is known, whose residuals the other takes.

What does not change from step to step is taken out of the first loop, and reaches the second as a constant
instead of being stacked; so do slices of the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from funcgrad.control.jaxprs import fixpoint, forwarded, permuted, select, split_list
from funcgrad.control.partial import PartialEval, partial_eval
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Equation, Jaxpr, Literal, dce
from funcgrad.core.tracing import build_jaxpr
from funcgrad.core.types import ShapedArray
from funcgrad.transforms import forward

# Binds a scan: (body, constants, initial carry, inputs) -> carry and stacked outputs.
Bind = Callable[[Jaxpr, Sequence[Any], Sequence[Any], Sequence[Any]], Sequence[Any]]


class Part(NamedTuple):
    """A loop body and the numbers of its constants and carries."""

    jaxpr: Jaxpr
    num_consts: int
    num_carry: int

    @property
    def groups(self) -> list[list[ShapedArray]]:
        """The types of constants, carry and slices."""
        return split_list(self.jaxpr.in_avals, self.num_consts, self.num_carry)


class LoopSplit(NamedTuple):
    """`known`: its constants, carry, inputs -> carry, stacked outputs, residuals; `rest`: residuals and its own."""

    known: Jaxpr
    rest: Jaxpr
    n_residuals: int
    carry_unknown: tuple[bool, ...]
    out_unknown: tuple[bool, ...]


def split_loop(known: Part, rest: Part, n_residuals: int, length: int, bind: Bind) -> LoopSplit:
    """Make the two loops.

    Args:
        known: its body gives carry, outputs and residuals.
        rest: its body takes residuals (which `num_consts` does not count) before its constants, carry and slices.
        n_residuals: of a step.
        length: the number of steps.
        bind: records a scan.
    """
    n_outs = len(known.jaxpr.outvars) - n_residuals
    consts, carry, xs = known.groups
    varying = [False] * len(consts) + [True] * (len(carry) + len(xs))
    # What the constants alone determine is computed once, ahead of the loop.
    ahead = partial_eval(
        known.jaxpr, varying, force=[i < n_outs for i in range(len(known.jaxpr.outvars))]
    )
    routes, stacked = _routes(ahead, n_outs, len(carry))
    body = permuted(ahead.rest, None, [*range(n_outs), *stacked])

    def run_known(*operands: Any) -> list[Any]:
        given_consts, init, inputs = split_list(operands, len(consts), len(carry))
        early = eval_jaxpr(ahead.known, (), *given_consts)
        invariant, body_consts = split_list(early, len(early) - ahead.n_residuals)
        outs = bind(body, body_consts, init, inputs)
        stacks = outs[n_outs:]
        sources = {"invariant": invariant, "input": inputs, "stack": stacks}
        return [
            *outs[:n_outs],
            *[place if kind == "literal" else sources[kind][place] for kind, place in routes],
        ]

    once = [kind == "invariant" or kind == "literal" for kind, _ in routes]
    first = [i for i, is_once in enumerate(once) if is_once]
    each = [i for i, is_once in enumerate(once) if not is_once]
    _, r_consts, r_carry, r_xs = split_list(
        range(len(rest.jaxpr.invars)), n_residuals, rest.num_consts, rest.num_carry
    )
    rest_body = permuted(rest.jaxpr, [*first, *r_consts, *r_carry, *each, *r_xs])

    def run_rest(*operands: Any) -> Sequence[Any]:
        residuals, own_consts, init, inputs = split_list(
            operands, n_residuals, rest.num_consts, rest.num_carry
        )
        return bind(
            rest_body,
            [*[residuals[i] for i in first], *own_consts],
            init,
            [*[residuals[i] for i in each], *inputs],
        )

    known_jaxpr = dce(
        build_jaxpr(run_known, [*consts, *carry, *stacked_avals(xs, length)], name="scan")
    )
    residuals = known_jaxpr.out_avals[n_outs:]
    o_consts, o_carry, o_xs = split_list(
        [v.aval for v in rest.jaxpr.invars[n_residuals:]], rest.num_consts, rest.num_carry
    )
    rest_avals = [*residuals, *o_consts, *o_carry, *stacked_avals(o_xs, length)]
    rest_jaxpr = build_jaxpr(run_rest, rest_avals, name="scan")
    return LoopSplit(known_jaxpr, rest_jaxpr, n_residuals, (), ())


def _routes(
    ahead: PartialEval, n_outs: int, n_carry: int
) -> tuple[list[tuple[str, Any]], list[int]]:
    """How each residual comes out of the known loop, and the outputs of its body to be stacked for that."""
    routes: list[tuple[str, Any]] = []
    stacked: list[int] = []
    places = forwarded(ahead.rest)
    n_invariant = 0
    i = n_outs - 1
    seen: dict[Any, int] = {}
    for unknown in ahead.out_unknown[n_outs:]:
        if not unknown:
            routes.append(("invariant", n_invariant))
            n_invariant += 1
            continue
        i += 1
        var, place = ahead.rest.outvars[i], places[i]
        if type(var) is Literal:
            routes.append(("literal", var.val))
        elif place is not None and place >= ahead.n_residuals + n_carry:
            routes.append(("input", place - ahead.n_residuals - n_carry))
        else:
            if var not in seen:
                seen[var] = len(stacked)
                stacked.append(i)
            routes.append(("stack", seen[var]))
    return routes, stacked


def stacked_avals(avals: Sequence[ShapedArray], length: int) -> list[ShapedArray]:
    return [ShapedArray((length, *a.shape), a.dtype) for a in avals]


def linearized_loop(loop: Part, nonzero: Sequence[bool], length: int, bind: Bind) -> LoopSplit:
    """The loops of values and of tangents; `nonzero` says of each operand whether it has a tangent."""
    jaxpr, n_carry = loop.jaxpr, loop.num_carry
    n_ys = len(jaxpr.outvars) - n_carry
    consts, init, xs = split_list(nonzero, loop.num_consts, n_carry)

    def step(carry: tuple[bool, ...]) -> tuple[forward.Linearized, Sequence[bool]]:
        wanted = [*carry, *[False] * n_ys]
        found = forward.linearize(jaxpr, [*consts, *carry, *xs], instantiate=wanted)
        return found, found.out_nonzero[:n_carry]

    split, carry = fixpoint(step, init)
    known = Part(split.known, loop.num_consts, n_carry)
    rest = Part(split.linear, sum(consts), sum(carry))
    found = split_loop(known, rest, split.n_residuals, length, bind)
    return found._replace(carry_unknown=carry, out_unknown=split.out_nonzero)


def partial_loop(
    eqn: Equation, loop: Part, unknown: Sequence[bool], length: int, bind: Bind
) -> PartialEval | None:
    """The loops of what is known and of the rest."""
    jaxpr, n_carry = loop.jaxpr, loop.num_carry
    n_ys = len(jaxpr.outvars) - n_carry
    consts, init, xs = split_list(unknown, loop.num_consts, n_carry)

    def step(carry: tuple[bool, ...]) -> tuple[PartialEval, Sequence[bool]]:
        found = partial_eval(jaxpr, [*consts, *carry, *xs], force=[*carry, *[False] * n_ys])
        return found, found.out_unknown[:n_carry]

    split, carry = fixpoint(step, init)
    if not split.known.eqns and all(split.out_unknown):
        return None
    known = Part(split.known, len(consts) - sum(consts), n_carry - sum(carry))
    rest = Part(split.rest, sum(consts), sum(carry))
    found = split_loop(known, rest, split.n_residuals, length, bind)
    # Carries that start known and become unknown: the rest takes their start as further residuals.
    n_known_init = n_carry - sum(init)
    late = [c for c, i in zip(carry, init, strict=True) if not i]
    given = [i for c, i in zip(carry, init, strict=True) if c]

    def run_known(*operands: Any) -> list[Any]:
        k_consts, k_init, k_xs = split_list(operands, known.num_consts, n_known_init)
        outs = eval_jaxpr(found.known, (), *k_consts, *select(k_init, late, False), *k_xs)
        return [*outs, *select(k_init, late)]

    def run_rest(*operands: Any) -> list[Any]:
        residuals, starts, u_consts, u_init, u_xs = split_list(
            operands, found.n_residuals, sum(late), sum(consts), sum(init)
        )
        from_start, from_unknown = iter(starts), iter(u_init)
        inits = [next(from_unknown if g else from_start) for g in given]
        return eval_jaxpr(found.rest, (), *residuals, *u_consts, *inits, *u_xs)

    avals = [a.aval for a in eqn.invars]
    known_jaxpr = build_jaxpr(run_known, select(avals, unknown, False), name="scan")
    n_residuals = found.n_residuals + sum(late)
    residual_avals = known_jaxpr.out_avals[len(known_jaxpr.outvars) - n_residuals :]
    rest_jaxpr = build_jaxpr(run_rest, [*residual_avals, *select(avals, unknown)], name="scan")
    return PartialEval(known_jaxpr, rest_jaxpr, n_residuals, split.out_unknown)
