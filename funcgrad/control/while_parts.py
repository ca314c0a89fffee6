"""What the rules of `while` and of its transpose make of the loop's condition and body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from funcgrad.control.jaxprs import (
    fixpoint,
    padded,
    permuted,
    pruned,
    quiet,
    split_list,
)
from funcgrad.control.partial import dependent, partial_eval
from funcgrad.core.errors import NoDerivativeError
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.primitive import BatchAxis
from funcgrad.core.tracing import build_jaxpr, typeof
from funcgrad.ops.basic import reshape
from funcgrad.ops.reduction import reduce_or
from funcgrad.ops.selection import where
from funcgrad.transforms import batch as batching
from funcgrad.transforms import forward
from funcgrad.transforms import transpose as transposition


class Loop(NamedTuple):
    """Condition and body, and how many constants each takes before the carry."""

    cond_jaxpr: Jaxpr
    cond_nconsts: int
    body_jaxpr: Jaxpr
    body_nconsts: int

    @property
    def n_carry(self) -> int:
        return len(self.body_jaxpr.outvars)

    def split(self, values: Sequence[Any]) -> list[list[Any]]:
        """Constants of the condition, constants of the body, carry; and what is behind."""
        return split_list(values, self.cond_nconsts, self.body_nconsts, self.n_carry)

    def quiet(self, unknown: Sequence[bool] = ()) -> Loop:
        """The loop for a second run; `unknown` as for `jaxprs.quiet` of the body."""
        return self._replace(
            cond_jaxpr=quiet(self.cond_jaxpr), body_jaxpr=quiet(self.body_jaxpr, unknown)
        )

    def memo(self, key: Any, make: Any) -> Any:
        """Remember on the body, which is rarer than conditions."""
        return self.body_jaxpr.memo(
            (key, self.cond_jaxpr, self.cond_nconsts, self.body_nconsts), make
        )


def with_tangents(
    loop: Loop, consts: Sequence[bool], init: Sequence[bool]
) -> tuple[Loop, tuple[bool, ...]]:
    """The loop that carries tangents behind the values, and which carries have one."""
    n = loop.n_carry

    def make() -> tuple[Loop, tuple[bool, ...]]:
        def step(carry: tuple[bool, ...]) -> tuple[forward.Jvp, Sequence[bool]]:
            found = forward.jvp(loop.body_jaxpr, [*consts, *carry], instantiate=carry)
            return found, found.out_nonzero

        (double, _), carry = fixpoint(step, init)
        i_consts, i_carry, t_consts, t_carry = split_list(
            range(len(double.invars)), loop.body_nconsts, n, sum(consts)
        )
        body = permuted(double, [*i_consts, *t_consts, *i_carry, *t_carry])
        carry_avals = body.in_avals[loop.body_nconsts + sum(consts) :]
        cond_avals = [*loop.cond_jaxpr.in_avals[: loop.cond_nconsts], *carry_avals]
        cond = padded(loop.cond_jaxpr, cond_avals, range(loop.cond_nconsts + n))
        return Loop(cond, loop.cond_nconsts, body, loop.body_nconsts + sum(consts)), carry

    return loop.memo(("tangents", tuple(consts), tuple(init)), make)


class BatchedLoop(NamedTuple):
    """`masked`: the condition differs per example; the body then takes the condition's constants before its own."""

    loop: Loop
    carry: tuple[bool, ...]
    masked: bool


def batched_loop(
    loop: Loop, axis: BatchAxis, cond: Sequence[bool], consts: Sequence[bool], init: Sequence[bool]
) -> BatchedLoop:
    """The loop on a batch. It runs until the condition holds for no example; those that are done keep their carry."""

    def make() -> BatchedLoop:
        def step(carry: tuple[bool, ...]) -> tuple[Any, Sequence[bool]]:
            test = batching.batch(loop.cond_jaxpr, axis, [*cond, *carry])
            if test.out_batched[0]:
                carry = (True,) * len(carry)
            body = batching.batch(loop.body_jaxpr, axis, [*consts, *carry], out_batched=carry)
            grown = [a or b for a, b in zip(carry, body.out_batched, strict=True)]
            return (test, body), grown

        (test, body), carry = fixpoint(step, init)
        if not test.out_batched[0]:
            return BatchedLoop(
                loop._replace(cond_jaxpr=test.jaxpr, body_jaxpr=body.jaxpr), carry, False
            )
        return BatchedLoop(_masked(loop, test.jaxpr, body.jaxpr), carry, True)

    return loop.memo(("batched", axis, tuple(cond), tuple(consts), tuple(init)), make)


def _masked(loop: Loop, test: Jaxpr, body: Jaxpr) -> Loop:
    n_cond, n_body = loop.cond_nconsts, loop.body_nconsts

    def any_left(*args: Any) -> list[Any]:
        return [reduce_or(*eval_jaxpr(test, (), *args), axes=(0,))]

    def masked(*args: Any) -> list[Any]:
        cond_consts, consts, carry = split_list(args, n_cond, n_body)
        (going,) = eval_jaxpr(test, (), *cond_consts, *carry)
        new = eval_jaxpr(body, (), *consts, *carry)
        return [where(_spread(going, a), b, a) for a, b in zip(carry, new, strict=True)]

    test_avals, body_avals = test.in_avals, body.in_avals
    return Loop(
        build_jaxpr(any_left, test_avals, name="vmap of while"),
        n_cond,
        build_jaxpr(masked, [*test_avals[:n_cond], *body_avals], name="vmap of while"),
        n_cond + n_body,
    )


def _spread(going: Any, like: Any) -> Any:
    """The flag of each example, with axes of length 1 for the example's own."""
    shape = typeof(like).shape
    return reshape(going, (shape[0], *(1,) * (len(shape) - 1)))


class WayBack(NamedTuple):
    """The loop forwards and backwards, for the operands that are linear.

    Attributes:
        carry: which carries depend on linear operands.
        ahead: known constants of the body -> what of them each step needs, and invariant residuals.
        n_ahead: how many of these are inputs of `step`.
        cond: condition's constants, known carry -> whether to go on.
        step: results of `ahead`, known carry -> known carry, residuals of the step.
        back: residuals, cotangents of linear carries -> of linear constants, and of linear carries.
        routes: for each residual whether it is invariant, and its place among those.
    """

    carry: tuple[bool, ...]
    ahead: Jaxpr
    n_ahead: int
    cond: Jaxpr
    step: Jaxpr
    back: Jaxpr
    routes: tuple[tuple[bool, int], ...]

    @property
    def n_invariant(self) -> int:
        return sum(once for once, _ in self.routes)


def way_back(loop: Loop, linear: tuple[bool, ...]) -> WayBack:
    """`linear` marks constants of the body and initial carries."""

    def make() -> WayBack:
        l_consts, l_init = split_list(linear, loop.body_nconsts)
        n = loop.n_carry
        carry = fixpoint(lambda c: (None, dependent(loop.body_jaxpr, [*l_consts, *c])[:n]), l_init)[
            1
        ]
        split = partial_eval(loop.body_jaxpr, [*l_consts, *carry], force=carry)
        n_known, n_consts = n - sum(carry), len(l_consts) - sum(l_consts)
        varying = [False] * n_consts + [True] * n_known
        force = [True] * n_known + [False] * split.n_residuals
        ahead = partial_eval(split.known, varying, force=force)
        routes = []
        n_invariant = n_stacked = 0
        for unknown in ahead.out_unknown[n_known:]:
            routes.append((not unknown, n_stacked if unknown else n_invariant))
            n_stacked, n_invariant = n_stacked + unknown, n_invariant + (not unknown)
        back = transposition.transpose(
            split.rest, [False] * split.n_residuals + [True] * (sum(l_consts) + sum(carry))
        )
        known_carry = [not c for c in carry]
        keep = [*[True] * loop.cond_nconsts, *known_carry]
        cond, kept = pruned(loop.cond_jaxpr, [True], keep)
        if list(kept) != keep:
            raise NoDerivativeError(
                "while: the condition depends on a value in which the loop is to be transposed, "
                "so the loop is not linear"
            )
        return WayBack(carry, ahead.known, ahead.n_residuals, cond, ahead.rest, back, tuple(routes))

    return loop.memo(("way_back", linear), make)
