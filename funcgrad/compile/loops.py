"""What loops as Python source have in common: the body's statements stand in the loop, without calls between them.

0-d float64 values are Python numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from funcgrad.compile import scalars
from funcgrad.compile.emit import PYTHON, SCALAR, Emitter
from funcgrad.compile.emitters import dtype_name
from funcgrad.core.jaxpr import Atom, Equation, Jaxpr, Literal, Var

Loop = Callable[..., Sequence[Any]]


class LoopEmitter(Emitter):
    """Writes a function of constants, initial carry and inputs that runs a loop."""

    def __init__(
        self,
        body: Jaxpr,
        num_consts: int,
        num_carry: int,
        *,
        python: bool,
        careful: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(body, python, careful, "loop", frozenset())
        self.num_consts = num_consts
        self.num_carry = num_carry

    def groups(self) -> tuple[tuple[Var, ...], tuple[Var, ...], tuple[Var, ...]]:
        """Constants, carry and inputs."""
        invars, n = self.jaxpr.invars, self.num_consts + self.num_carry
        return invars[: self.num_consts], invars[self.num_consts : n], invars[n:]

    def add_all(self, lines: Sequence[Any], indent: bool = False) -> None:
        """Add lines, alone or with the line of the user's that they come from."""
        for line in lines:
            text, source = line if isinstance(line, tuple) else (line, None)
            self.source.add(("    " if indent else "") + text, source)

    def enter_all(self, consts: Sequence[Var], carry: Sequence[Var]) -> None:
        """Bind constants and the initial carry to names."""
        used = {a for eqn in self.jaxpr.eqns for a in eqn.invars}
        used.update(self.jaxpr.outvars)
        for var in (*consts, *carry):
            name = self.name(var)
            # The arguments stay as they are, for the careful version to start again with.
            self.source.params.append(f"{name}_in")
            kind = "" if var.aval.shape else self.number_kind(var)
            self.source.add(f"{name} = {kind}({name}_in)" if kind else f"{name} = {name}_in")

    def number_kind(self, var: Var) -> str:
        """The type that a 0-d value has in the loop, which is remembered: Python's or NumPy's."""
        if self.python and var.aval.dtype in (scalars.FLOAT, scalars.BOOL):
            self.kinds[var] = PYTHON
            return "float" if var.aval.dtype == scalars.FLOAT else "bool"
        self.kinds[var] = SCALAR
        return dtype_name(var.aval.dtype)

    def statements(self, eqns: Sequence[Equation], first: int = 0) -> list[Any]:
        """The statements of a run of the body's equations, the first of which has this number."""
        lines: list[Any] = []
        for i, eqn in enumerate(eqns, first):
            lines += [(line, eqn.source) for line in self.equation(i, eqn)]
            lines += self.deletion(i)
        return lines

    def stored(self, atom: Atom) -> str:
        """A value to be stored in an array or a list."""
        if type(atom) is Literal:
            return self.constant(atom.val, atom.aval) if atom.aval.shape else self.number(atom)
        return self.name(atom)

    def rebound(self, carry: Sequence[Var], outs: Sequence[Atom]) -> list[str]:
        """Rebind the carry to the next one."""
        pairs = [(v, o) for v, o in zip(carry, outs, strict=True) if v is not o]
        if not pairs:
            return []
        left = ", ".join(self.name(v) for v, _ in pairs)
        return [f"{left} = {', '.join(self._as_carry(v, o) for v, o in pairs)}"]

    def _as_carry(self, var: Var, out: Atom) -> str:
        if var.aval.shape:
            return self.stored(out)
        wanted = self.kinds[var]
        if wanted is PYTHON:
            if type(out) is Literal:
                return self.scalar(out)
            kind = "float" if var.aval.dtype == scalars.FLOAT else "bool"
            return self.name(out) if self.kinds.get(out) is PYTHON else f"{kind}({self.name(out)})"
        if type(out) is Literal:
            return self.number(out)
        is_python = self.kinds.get(out) is PYTHON
        return f"{dtype_name(out.aval.dtype)}({self.name(out)})" if is_python else self.name(out)

    def leave(self, var: Var) -> str:
        """A part of the carry as a result."""
        name = self.name(var)
        if self.kinds.get(var) is PYTHON:
            return f"{dtype_name(var.aval.dtype)}({name})"
        return name
