"""Scans that keep the carry of a few steps only, and compute the others again: binomial checkpointing.

With s snapshots and at most r repetitions of a step, loops of (s + r)! / (s! r!) steps can be reversed, and no schedule
does better (A. Griewank and A. Walther, Algorithm 799: revolve, ACM Trans. Math. Softw. 26, 2000). A loop is cut in
two so that the first part has one repetition less to go, and the second one snapshot less.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.control.checkpoint import checkpoint_p
from funcgrad.control.jaxprs import split_list
from funcgrad.control.loops import leading_length, scan, trace_step
from funcgrad.control.scan import scan_p
from funcgrad.core.errors import ArgumentError
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.leaves import flatten_arrays, shown
from funcgrad.core.source import here
from funcgrad.core.tracing import build_jaxpr, current_trace


def checkpointed_scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    *,
    snapshots: int | None = None,
) -> tuple[Any, Any]:
    """`lax.scan` whose reverse mode keeps the carry of a given number of steps, and computes the others again.

    The order of the computation is optimal: no other takes fewer steps with as many snapshots. Memory grows with
    `snapshots` times the size of the carry and of one step's intermediate values, not with the number of steps. With
    snapshots for the square root of the steps, the default, each step is computed about twice; with fewer, more often.

    Args:
        f: as in `lax.scan`.
        init: see `f`.
        xs: see `f`.
        length: see `f`.
        reverse: see `f`.
        snapshots: how many carries to keep.

    Returns:
        `(final carry, ys)`.

    >>> import numpy as np, funcgrad as fg
    >>> def f(x):
    ...     return fg.checkpointed_scan(
    ...         lambda c, _: (np.sin(c), None), x, length=1000, snapshots=10
    ...     )[0]
    >>> g = lambda x: fg.lax.scan(lambda c, _: (np.sin(c), None), x, length=1000)[0]
    >>> bool(np.isclose(fg.grad(f)(1.0), fg.grad(g)(1.0)))
    True
    """
    if not callable(f):
        raise ArgumentError(f"checkpointed_scan takes a function first, not {shown(f)}")
    if current_trace() is None:
        return scan(f, init, xs, length, reverse)
    x_leaves, x_avals, x_tree = flatten_arrays(xs, "checkpointed_scan", "xs")
    n = leading_length("checkpointed_scan", xs, x_avals, length)
    snapshots = max(1, math.isqrt(max(n - 1, 0)) + 1) if snapshots is None else snapshots
    if snapshots < 1:
        raise ArgumentError(
            f"checkpointed_scan: snapshots must be at least 1, not {snapshots}{here()}"
        )
    flat_init = flatten_arrays(init, "checkpointed_scan", "init")
    body, init_leaves, ys_tree = trace_step(
        "checkpointed_scan", f, init, flat_init, x_avals, x_tree
    )
    plan = _Plan(body.jaxpr, len(body.consts), len(init_leaves), bool(reverse), snapshots)
    outs = eval_jaxpr(plan.steps(n, snapshots), (), *body.consts, *init_leaves, *x_leaves)
    n_carry = len(init_leaves)
    return flat_init[2].unflatten(outs[:n_carry]), ys_tree.unflatten(outs[n_carry:])


class _Plan:
    """The parts of a loop, made once for each length and number of snapshots."""

    def __init__(
        self, body: Jaxpr, num_consts: int, num_carry: int, reverse: bool, leaf: int
    ) -> None:
        self.body = body
        self.num_consts = num_consts
        self.num_carry = num_carry
        self.reverse = reverse
        self.leaf = leaf  # the steps of a part whose intermediate values are kept

    def steps(self, n: int, snapshots: int) -> Jaxpr:
        """The jaxpr of `n` steps, of which carries are kept in `snapshots` places."""
        key = ("binomial", n, snapshots, self.leaf, self.reverse, self.num_consts, self.num_carry)
        return self.body.memo(key, lambda: self._make(n, snapshots))

    def _make(self, n: int, snapshots: int) -> Jaxpr:
        avals = [
            v.aval
            if i < self.num_consts + self.num_carry
            else v.aval.update(shape=(n, *v.aval.shape))
            for i, v in enumerate(self.body.invars)
        ]
        segments = -(-n // self.leaf)
        if segments < 2 or snapshots == 0:
            return build_jaxpr(lambda *args: self._scan(args, n), avals, name="scan")
        m = first_part(segments, snapshots) * self.leaf
        return build_jaxpr(lambda *args: self._two(args, n, m, snapshots), avals, name="scan")

    def _scan(self, args: Sequence[Any], n: int) -> Sequence[Any]:
        return scan_p(
            *args,
            jaxpr=self.body,
            length=n,
            reverse=self.reverse,
            num_consts=self.num_consts,
            num_carry=self.num_carry,
        )

    def _two(self, args: Sequence[Any], n: int, m: int, snapshots: int) -> list[Any]:
        consts, carry, xs = split_list(args, self.num_consts, self.num_carry)
        cut = n - m if self.reverse else m
        low, high = [x[:cut] for x in xs], [x[cut:] for x in xs]
        first, second = (high, low) if self.reverse else (low, high)
        outs = checkpoint_p(*consts, *carry, *first, jaxpr=self.steps(m, snapshots), policy=None)
        carry, ys = split_list(outs, self.num_carry)
        outs = eval_jaxpr(self.steps(n - m, snapshots - 1), (), *consts, *carry, *second)
        carry, later = split_list(outs, self.num_carry)
        pairs = zip(later, ys, strict=True) if self.reverse else zip(ys, later, strict=True)
        return [*carry, *[np.concatenate(pair) for pair in pairs]]


def first_part(n: int, snapshots: int) -> int:
    """How many of `n` steps to put into the first part, from whose start they are computed again.

    >>> first_part(
    ...     10, 2
    ... )  # 3 kept carries, the start among them, and 2 repetitions reach over 10 steps
    4
    """
    kept = snapshots + 1

    def reach(kept: int, repetitions: int) -> int:
        return math.comb(kept + repetitions, kept) if repetitions >= 0 else 0

    repetitions = 1
    while reach(kept, repetitions) < n:
        repetitions += 1
    longest = min(reach(kept, repetitions - 1), n - reach(kept - 1, repetitions - 1))
    return max(1, longest, n - reach(kept - 1, repetitions))
