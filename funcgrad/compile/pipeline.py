"""The pipeline: what happens to a jaxpr before source is made of it, as data."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from funcgrad.compile.contract import contract
from funcgrad.compile.cse import cse
from funcgrad.compile.fuse import fuse
from funcgrad.compile.inline import inline_calls
from funcgrad.compile.share_runs import share_runs
from funcgrad.compile.simplify import simplify
from funcgrad.control.loop_split import split_loops
from funcgrad.core.check import checked
from funcgrad.core.jaxpr import Jaxpr, dce

Pass = Callable[[Jaxpr], Jaxpr]


def split(jaxpr: Jaxpr) -> Jaxpr:
    """Take out of loops what need not be done step by step."""
    return split_loops(jaxpr, simplified)


# Each is a pure function from jaxpr to jaxpr. `simplify` runs again after `cse`, which makes
# operands equal; constants are folded by a rule of `simplify`.
SIMPLE: tuple[Pass, ...] = (inline_calls, dce, simplify, cse, simplify, dce)
PIPELINE: tuple[Pass, ...] = (*SIMPLE, split, simplify, cse, dce, share_runs, fuse, contract)


def simplified(jaxpr: Jaxpr) -> Jaxpr:
    """The jaxpr after the first passes."""
    return jaxpr.memo("simplified", lambda: run_passes(jaxpr, SIMPLE))


def run_passes(jaxpr: Jaxpr, passes: Sequence[Pass]) -> Jaxpr:
    """Apply passes in order; the jaxpr is validated after each in debug runs."""
    for transform in passes:
        jaxpr = checked(transform(jaxpr), transform.__name__)
    return jaxpr


def optimize(jaxpr: Jaxpr) -> Jaxpr:
    """The optimised jaxpr."""
    return run_passes(jaxpr, PIPELINE)
