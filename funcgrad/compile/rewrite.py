"""The machinery of rewriting passes: go over the equations once, replace some, keep the rest.

Everything is iterative and linear in the number of equations, so that traces of a hundred thousand
equations pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core.jaxpr import Atom, Equation, Jaxpr, Literal, Var
from funcgrad.core.primitive import PRIMITIVES, Primitive
from funcgrad.core.types import ShapedArray

Rule = Callable[["Rewriter", Equation], Atom | None]
Rules = dict[str, list[Rule]]


class Rewriter:
    """The jaxpr that a pass builds.

    Attributes:
        eqns: what has been kept or made so far.
        makers: the equation that binds each variable.
        rules: by primitive; `"*"` holds those that are tried on all equations with one result. A rule gives
            the atom that replaces the equation's result, or None where it does not apply.
    """

    __slots__ = ("eqns", "makers", "replaced", "rules")

    def __init__(self, rules: Rules | None = None) -> None:
        self.eqns: list[Equation] = []
        self.makers: dict[Var, Equation] = {}
        self.replaced: dict[Var, Atom] = {}
        self.rules = rules or {}

    def atom(self, atom: Atom) -> Atom:
        """What stands for an atom of the old jaxpr in the new one."""
        return self.replaced.get(atom, atom) if type(atom) is Var else atom

    def maker(self, atom: Atom, name: str | None = None) -> Equation | None:
        """The equation that binds an atom (if it is of this primitive), None for inputs and literals."""
        eqn = self.makers.get(atom) if type(atom) is Var else None
        return eqn if eqn is None or name is None or eqn.primitive.name == name else None

    def visit(self, eqn: Equation) -> None:
        """Carry an equation of the old jaxpr over."""
        replaced = self.replaced
        if replaced:
            invars = tuple([replaced.get(a, a) if type(a) is Var else a for a in eqn.invars])
            if invars != eqn.invars:
                eqn = eqn.replace(invars=invars)
        if len(eqn.outvars) == 1 and not eqn.effects:
            new = self.apply_rules(eqn)
            if new is not None:
                self.replaced[eqn.outvars[0]] = new
                return
        self.keep(eqn)

    def apply_rules(self, eqn: Equation) -> Atom | None:
        """The replacement that the first fitting rule gives."""
        for rule in (*self.rules.get(eqn.primitive.name, ()), *self.rules.get("*", ())):
            new = rule(self, eqn)
            if new is not None:
                return new
        return None

    def keep(self, eqn: Equation) -> None:
        self.eqns.append(eqn)
        for var in eqn.outvars:
            self.makers[var] = eqn

    def bind(self, name: str | Primitive, *operands: Any, like: Equation, **params: Any) -> Atom:
        """A new equation with one result, itself simplified; scalars among the operands become literals."""
        primitive = PRIMITIVES[name] if isinstance(name, str) else name
        atoms = tuple([a if type(a) in (Var, Literal) else Literal(a) for a in operands])
        aval = primitive.abstract(*[a.aval for a in atoms], **params)
        eqn = Equation(primitive, atoms, (Var(aval),), params, like.source)
        new = self.apply_rules(eqn)
        if new is not None:
            return new
        self.keep(eqn)
        return eqn.outvars[0]

    def finish(self, jaxpr: Jaxpr) -> Jaxpr:
        """The new jaxpr; the old one if nothing has changed."""
        if not self.replaced and len(self.eqns) == len(jaxpr.eqns):
            same = all(map(_is, self.eqns, jaxpr.eqns))
            if same:
                return jaxpr
        return jaxpr.replace(eqns=self.eqns, outvars=[self.atom(a) for a in jaxpr.outvars])


def _is(a: Any, b: Any) -> bool:
    return a is b


def rewrite(jaxpr: Jaxpr, rules: Rules) -> Jaxpr:
    """Apply rules to all equations, in order."""
    rewriter = Rewriter(rules)
    for eqn in jaxpr.eqns:
        rewriter.visit(eqn)
    return rewriter.finish(jaxpr)


def rule(table: Rules, *names: str) -> Callable[[Rule], Rule]:
    """Enter a rule in a table under the primitives that it rewrites."""

    def register(function: Rule) -> Rule:
        for name in names:
            table.setdefault(name, []).append(function)
        return function

    return register


def same_type(a: ShapedArray, b: ShapedArray) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype


def splat(rewriter: Rewriter, atom: Atom) -> Any:
    """The scalar that an atom repeats (a scalar literal or a broadcast one), None if it is not known."""
    if type(atom) is Var:
        eqn = rewriter.makers.get(atom)
        if eqn is None or eqn.primitive.name != "broadcast_in_dim":
            return None
        atom = eqn.invars[0]
    if type(atom) is Literal and atom.aval.shape == ():
        return atom.aval.dtype.type(atom.val)
    return None


def is_splat(rewriter: Rewriter, atom: Atom, value: float) -> bool:
    """Whether an atom repeats this scalar; 0.0 and -0.0 differ, and an integer 0 is 0.0."""
    found = splat(rewriter, atom)
    if found is None or found != value:
        return False
    return value != 0 or bool(np.signbit(found.real.astype(float)) == np.signbit(value))


def like(rewriter: Rewriter, atom: Atom, eqn: Equation) -> Atom | None:
    """An atom as the result of an equation: broadcast to its shape; None if the dtypes differ."""
    out = eqn.outvars[0].aval
    if atom.aval.dtype != out.dtype:
        return None
    if atom.aval.shape == out.shape:
        return atom
    shift = len(out.shape) - len(atom.aval.shape)
    dims = tuple(range(shift, len(out.shape)))
    return rewriter.bind(
        "broadcast_in_dim", atom, like=eqn, shape=out.shape, broadcast_dimensions=dims
    )
