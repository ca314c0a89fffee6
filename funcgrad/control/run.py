"""How the jaxprs inside of equations are run: by the interpreter, until the compiler registers itself.

`compile` stands above `control`; what it puts into `COMPILERS` is used for bodies that run again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Jaxpr

Program = Callable[..., Sequence[Any]]
COMPILERS: list[Callable[[Jaxpr], Program]] = []


def program(jaxpr: Jaxpr) -> Program:
    """A function of the inputs of a jaxpr that gives its outputs; they may share memory with the inputs."""
    return jaxpr.memo("body_program", lambda: _make(jaxpr))


def _make(jaxpr: Jaxpr) -> Program:
    for make in COMPILERS:
        return make(jaxpr)
    return lambda *args: eval_jaxpr(jaxpr, (), *args)
