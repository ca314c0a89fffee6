"""Inlining: a call is replaced by the equations of what it calls."""

from __future__ import annotations

from typing import Any

from funcgrad.core.jaxpr import Atom, Equation, Jaxpr, Var


def inline_calls(jaxpr: Jaxpr) -> Jaxpr:
    """Replace equations whose primitive has the property "call" by the body in their param `jaxpr`."""
    if not any("call" in eqn.primitive.properties for eqn in jaxpr.eqns):
        return jaxpr
    names: dict[Var, Atom] = {}
    eqns: list[Equation] = []
    # A frame: the equations still to do, the names in it, and who waits for which results.
    stack: list[Any] = [(iter(jaxpr.eqns), names, (), (), {})]
    while stack:
        pending, env, inner_outs, outer_outs, outer_env = stack[-1]
        for eqn in pending:
            invars = tuple([env.get(a, a) if type(a) is Var else a for a in eqn.invars])
            if "call" in eqn.primitive.properties:
                body: Jaxpr = eqn.params["jaxpr"]
                inner = dict(zip(body.invars, invars, strict=True))
                stack.append((iter(body.eqns), inner, body.outvars, eqn.outvars, env))
                break
            if len(stack) == 1:
                eqns.append(eqn.replace(invars=invars))
                continue
            # A body may be called twice, so its variables are bound anew.
            fresh = tuple([Var(v.aval) for v in eqn.outvars])
            env.update(zip(eqn.outvars, fresh, strict=True))
            eqns.append(eqn.replace(invars=invars, outvars=fresh))
        else:
            stack.pop()
            for outer, atom in zip(outer_outs, inner_outs, strict=True):
                outer_env[outer] = env.get(atom, atom) if type(atom) is Var else atom
    outvars = [names.get(a, a) if type(a) is Var else a for a in jaxpr.outvars]
    return jaxpr.replace(eqns=eqns, outvars=outvars)
