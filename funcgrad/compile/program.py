"""The seam between the transforms and the executor: run a jaxpr on values.

A jaxpr that is seen for the first time runs in the interpreter; when it comes again, it is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from funcgrad.compile.results import finalize
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Jaxpr

Program = Callable[..., list[Any]]


def run(jaxpr: Jaxpr, args: Sequence[Any]) -> list[Any]:
    """The results of a jaxpr without constants for plain arrays and scalars.

    Results are NumPy scalars where they are 0-d, otherwise writable arrays that share memory with
    nothing else.
    """
    return finalize(jaxpr, args, eval_jaxpr(jaxpr, (), *args))


def compile_jaxpr(jaxpr: Jaxpr) -> Program:
    """The compiled program of a jaxpr without constants, called with its inputs one by one."""
    return lambda *args: run(jaxpr, args)
