"""The seam between the transforms and the executor: run a jaxpr on values.

A jaxpr that is seen for the first time runs in the interpreter; when it comes again, or if its arrays
are so large that compiling takes no time beside them, it is compiled. The program hangs on the jaxpr,
so that the cache of jaxprs bounds the programs too.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from funcgrad.compile.results import Program, interpret
from funcgrad.control.run import COMPILERS
from funcgrad.core.jaxpr import Jaxpr, Var

_NONE: frozenset[Var] = frozenset()
# Elements of results, in all and per equation, from which on a first run is worth compiling for.
_LARGE_WORK = 1_000_000
_LARGE_EQUATION = 30_000


def run(jaxpr: Jaxpr, args: Sequence[Any]) -> list[Any]:
    """The results of a jaxpr without constants for plain arrays and scalars.

    Results are NumPy scalars where they are 0-d, otherwise writable arrays that share memory with
    nothing else.
    """
    try:
        program = jaxpr._memo["program"]
    except KeyError:
        if _is_large(jaxpr):
            return compile_jaxpr(jaxpr)(*args)
        jaxpr._memo["program"] = lambda *args: compile_jaxpr(jaxpr)(*args)
        return interpret(_running_loops_once(jaxpr), args)
    return program(*args)


def _running_loops_once(jaxpr: Jaxpr) -> Jaxpr:
    """The jaxpr with the one pass that a single run pays for: a loop may take any time."""
    if not _goes_back_through_loops(jaxpr):
        return jaxpr
    inline = importlib.import_module("funcgrad.compile.inline").inline_calls
    share = importlib.import_module("funcgrad.compile.share_runs").share_runs
    return share(inline(jaxpr))


def _goes_back_through_loops(jaxpr: Jaxpr) -> bool:
    return any(
        e.primitive.name == "while_transpose"
        or ("call" in e.primitive.properties and _goes_back_through_loops(e.params["jaxpr"]))
        for e in jaxpr.eqns
    )


def _is_large(jaxpr: Jaxpr) -> bool:
    size = sum([v.aval.size for eqn in jaxpr.eqns for v in eqn.outvars])
    return size > max(_LARGE_WORK, _LARGE_EQUATION * len(jaxpr.eqns))


def compile_jaxpr(jaxpr: Jaxpr, donated: frozenset[Var] = _NONE) -> Program:
    """The compiled program of a jaxpr without constants, called with its inputs one by one.

    It returns the list of results as `run` does. It may write over the `donated` ones among the inputs.
    """
    if donated:
        return jaxpr.memo(
            ("compiled", donated), lambda: _compiler().compile_program(jaxpr, donated)
        )
    program = jaxpr.memo("compiled", lambda: _compiler().compile_program(jaxpr, _NONE))
    jaxpr._memo["program"] = program
    return program


def _compiler() -> Any:
    """The compiler's modules, imported when something is compiled: a script that runs once never is."""
    return importlib.import_module("funcgrad.compile.compiler")


class _BodyCompiler:
    """What the primitives that hold jaxprs run them with."""

    def program(self, jaxpr: Jaxpr) -> Program:
        return lambda *args: run(jaxpr, args)

    def scan(self, *params: Any) -> Callable[..., Sequence[Any]]:
        return importlib.import_module("funcgrad.compile.scan_loops").compile_scan(*params)

    def while_loop(self, loop: Any) -> Callable[..., Sequence[Any]]:
        module = importlib.import_module("funcgrad.compile.while_loops")
        return module.compile_while(loop)

    def record(self, loop: Any, linear: tuple[bool, ...]) -> Callable[..., Sequence[Any]]:
        module = importlib.import_module("funcgrad.compile.while_loops")
        return module.compile_record(loop, linear)

    def replay(self, loop: Any, linear: tuple[bool, ...]) -> Callable[..., Sequence[Any]]:
        module = importlib.import_module("funcgrad.compile.while_loops")
        return module.compile_replay(loop, linear)

    def split_scan(self, params: dict[str, Any]) -> Jaxpr | None:
        return importlib.import_module("funcgrad.compile.scan_loops").split_scan(params)


COMPILERS.append(_BodyCompiler())
