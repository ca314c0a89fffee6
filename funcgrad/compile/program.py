"""The seam between the transforms and the executor: run a jaxpr on values.

A jaxpr that is seen for the first time runs in the interpreter; when it comes again, it is
compiled. The program hangs on the jaxpr, so that the cache of jaxprs bounds the programs too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from funcgrad.compile.emit import emit
from funcgrad.compile.pipeline import optimize
from funcgrad.compile.results import finalize
from funcgrad.compile.source import ProgramSource
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Jaxpr, Var

Program = Callable[..., list[Any]]

# Python's compiler takes 15 microseconds and 4 kilobytes per equation, which a program of this length
# earns back only after dozens of calls. A longer one is optimised and stays in the interpreter.
MAX_EQUATIONS = 30_000
_NONE: frozenset[Var] = frozenset()


def run(jaxpr: Jaxpr, args: Sequence[Any]) -> list[Any]:
    """The results of a jaxpr without constants for plain arrays and scalars.

    Results are NumPy scalars where they are 0-d, otherwise writable arrays that share memory with
    nothing else.
    """
    try:
        program = jaxpr._memo["program"]
    except KeyError:
        jaxpr._memo["program"] = lambda *args: compile_jaxpr(jaxpr)(*args)
        return interpret(jaxpr, args)
    return program(*args)  # type: ignore[no-any-return]


def interpret(jaxpr: Jaxpr, args: Sequence[Any]) -> list[Any]:
    """What `run` returns, by the definition of the jaxpr."""
    return finalize(jaxpr, args, eval_jaxpr(jaxpr, (), *args))


def compile_jaxpr(jaxpr: Jaxpr, donated: frozenset[Var] = _NONE) -> Program:
    """The compiled program of a jaxpr without constants, called with its inputs one by one.

    It returns the list of results as `run` does. It may write over the `donated` ones among the inputs.
    """
    if donated:
        return jaxpr.memo(("compiled", donated), lambda: _compile(jaxpr, donated))
    program = jaxpr.memo("compiled", lambda: _compile(jaxpr, _NONE))
    jaxpr._memo["program"] = program
    return program


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


def _compile(jaxpr: Jaxpr, donated: frozenset[Var]) -> Program:
    if len(optimized(jaxpr).eqns) > MAX_EQUATIONS:
        simple = optimized(jaxpr)
        return lambda *args: interpret(simple, args)
    return program_source(jaxpr, donated).function()  # type: ignore[no-any-return]
