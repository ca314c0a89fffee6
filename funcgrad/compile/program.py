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
from funcgrad.core.jaxpr import Jaxpr

Program = Callable[..., list[Any]]

# Beyond this many equations the interpreter starts sooner than Python's compiler ends.
_MAX_EQUATIONS = 20_000


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


def compile_jaxpr(jaxpr: Jaxpr) -> Program:
    """The compiled program of a jaxpr without constants, called with its inputs one by one.

    It returns the list of results as `run` does.
    """
    program = jaxpr.memo("compiled", lambda: _compile(jaxpr))
    jaxpr._memo["program"] = program
    return program


def _compile(jaxpr: Jaxpr) -> Program:
    if len(jaxpr.eqns) > _MAX_EQUATIONS:
        return lambda *args: interpret(jaxpr, args)
    return program_source(jaxpr).function()  # type: ignore[no-any-return]


def program_source(jaxpr: Jaxpr) -> ProgramSource:
    """The source of a jaxpr's program."""
    optimized = jaxpr.memo("optimized", lambda: optimize(jaxpr))

    def careful(*args: Any) -> list[Any]:
        program: Program = jaxpr.memo("careful", lambda: emit(optimized, python=False).function())
        return program(*args)

    return emit(optimized, careful=careful)
