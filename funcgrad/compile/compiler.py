"""From a jaxpr to its program: the passes, then the emission of NumPy source."""

from __future__ import annotations

from typing import Any

import funcgrad.compile.scan_loops  # noqa: F401  # writes loops
from funcgrad.compile.emit import emit
from funcgrad.compile.pipeline import optimize
from funcgrad.compile.results import Program, interpret
from funcgrad.compile.source import ProgramSource
from funcgrad.core.jaxpr import Jaxpr, Var

# Python's compiler takes 15 microseconds and 4 kilobytes per equation, which a program of this length
# earns back only after dozens of calls. A longer one is optimised and stays in the interpreter.
MAX_EQUATIONS = 30_000
_NONE: frozenset[Var] = frozenset()


def optimized(jaxpr: Jaxpr) -> Jaxpr:
    """The jaxpr after the passes."""
    return jaxpr.memo("optimized", lambda: optimize(jaxpr))


def program_source(jaxpr: Jaxpr, donated: frozenset[Var] = _NONE) -> ProgramSource:
    """The source of a jaxpr's program."""
    simple = optimized(jaxpr)

    def careful(*args: Any) -> list[Any]:
        program: Program = jaxpr.memo("careful", lambda: emit(simple, python=False).function())
        return program(*args)

    # A program that has written over its arguments cannot start again.
    return emit(simple, python=not donated, careful=careful, donated=donated)


def compile_program(jaxpr: Jaxpr, donated: frozenset[Var]) -> Program:
    """The function that runs a jaxpr; it may write over the `donated` ones among its arguments."""
    if len(optimized(jaxpr).eqns) > MAX_EQUATIONS:
        simple = optimized(jaxpr)
        return lambda *args: interpret(simple, args)
    return program_source(jaxpr, donated).function()
