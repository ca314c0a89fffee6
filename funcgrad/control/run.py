"""How the jaxprs inside of equations are run: by the interpreter, until the compiler registers itself.

`compile` stands above `control`; what it puts into `COMPILERS` is used for bodies that run again and again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from funcgrad.core.config import config
from funcgrad.core.errors import NonFiniteError
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.nonfinite import eval_checked

Program = Callable[..., Sequence[Any]]
# A loop of as many equations as this, counted at each step, is worth compiling for one run.
_WORTH_COMPILING = 2_000


class Compiler(Protocol):
    """What `compile` offers."""

    def program(self, jaxpr: Jaxpr) -> Program:
        """A function of the inputs of a jaxpr that gives its outputs."""

    def scan(
        self, jaxpr: Jaxpr, length: int, reverse: bool, num_consts: int, num_carry: int
    ) -> Program:
        """A function of the operands of a `scan` that gives its results."""

    def while_loop(self, loop: Any) -> Program:
        """A function of the operands of a `while` that gives its results."""

    def record(self, loop: Any, linear: tuple[bool, ...]) -> Program:
        """A function that runs a `while` and gives a list of what the way back needs of each step."""

    def replay(self, loop: Any, linear: tuple[bool, ...]) -> Program:
        """A function that goes back through such a list (see compile/while_loops.py)."""

    def split_scan(self, params: dict[str, Any]) -> Jaxpr | None:
        """The jaxpr of a `scan` with what need not be done step by step taken out; None if there is nothing."""


COMPILERS: list[Compiler] = []


def is_checking() -> bool:
    """Whether bodies run equation by equation, to find the one that makes a NaN (see core/nonfinite.py)."""
    return config.debug_nans or config.debug_infs


def program(jaxpr: Jaxpr) -> Program:
    """A function of the inputs of a jaxpr that gives its outputs; they may share memory with the inputs."""
    if is_checking():
        return lambda *args: eval_checked(jaxpr, args)
    return jaxpr.memo("body_program", lambda: _make(jaxpr))


def _make(jaxpr: Jaxpr) -> Program:
    for compiler in COMPILERS:
        return compiler.program(jaxpr)
    return _interpreter(jaxpr)


def _interpreter(jaxpr: Jaxpr) -> Program:
    return lambda *args: eval_jaxpr(jaxpr, (), *args)


class ScanRunner:
    """Runs a loop: short ones step by step in the interpreter at first, then compiled."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params
        self.compiled: Program | None = None
        self.worth = params["length"] * max(1, len(params["jaxpr"].eqns)) >= _WORTH_COMPILING

    def __call__(self, *args: Any) -> Sequence[Any]:
        if is_checking():
            return interpret_scan(*args, **self.params)
        if self.compiled is None:
            if not (self.worth and COMPILERS):
                self.worth = True
                return interpret_scan(*args, **self.params)
            self.compiled = self._compile()
        return self.compiled(*args)

    def _compile(self) -> Program:
        compiler = COMPILERS[0]
        whole = compiler.split_scan(self.params)
        if whole is not None:
            return lambda *args: eval_jaxpr(whole, (), *args)
        p = self.params
        return compiler.scan(p["jaxpr"], p["length"], p["reverse"], p["num_consts"], p["num_carry"])


def interpret_scan(
    *args: Any, jaxpr: Jaxpr, length: int, reverse: bool, num_consts: int, num_carry: int
) -> Sequence[Any]:
    """The definition of `scan`."""
    consts = args[:num_consts]
    carry: Sequence[Any] = args[num_consts : num_consts + num_carry]
    xs = args[num_consts + num_carry :]
    step = program(jaxpr) if is_checking() else _interpreter(jaxpr)
    ys = [np.empty((length, *v.aval.shape), v.aval.dtype) for v in jaxpr.outvars[num_carry:]]
    for t in range(length - 1, -1, -1) if reverse else range(length):
        try:
            outs = step(*consts, *carry, *[x[t] for x in xs])
        except NonFiniteError as error:
            error.args = (f"{error.args[0]}\n  in step {t} of {length} of a scan",)
            raise
        carry = outs[:num_carry]
        for y, value in zip(ys, outs[num_carry:], strict=True):
            y[t] = value
    return (*carry, *ys)


class WhileRunner:
    """Says when a `while` is compiled: at its second run, or when the first turns out long."""

    def __init__(self, n_eqns: int) -> None:
        self.limit = _WORTH_COMPILING // max(1, n_eqns)
        self.compiled: Program | None = None

    def first_steps(self) -> float:
        """How many steps the interpreter may do."""
        if not COMPILERS or is_checking():
            return math.inf
        limit, self.limit = self.limit, 0
        return limit

    def program(self, make: Callable[[Compiler], Program]) -> Program:
        if self.compiled is None:
            self.compiled = make(COMPILERS[0])
        return self.compiled
