"""The pipeline: what happens to a jaxpr before source is made of it, as data."""

from __future__ import annotations

from collections.abc import Callable

from funcgrad.compile.contract import contract
from funcgrad.compile.cse import cse
from funcgrad.compile.fuse import fuse
from funcgrad.compile.inline import inline_calls
from funcgrad.compile.simplify import simplify
from funcgrad.core.check import checked
from funcgrad.core.jaxpr import Jaxpr, dce

Pass = Callable[[Jaxpr], Jaxpr]

# Each is a pure function from jaxpr to jaxpr. `simplify` runs again after `cse`, which makes
# operands equal; constants are folded by a rule of `simplify`.
PIPELINE: tuple[Pass, ...] = (inline_calls, dce, simplify, cse, simplify, dce, fuse, contract)


def optimize(jaxpr: Jaxpr) -> Jaxpr:
    """The optimised jaxpr, validated after each pass in debug runs."""
    for transform in PIPELINE:
        jaxpr = checked(transform(jaxpr), transform.__name__)
    return jaxpr
