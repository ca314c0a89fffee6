"""Helper: a jaxpr's exported module must do what its program does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from funcgrad.compile.export import module_source
from funcgrad.compile.stages import Lowered
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.tree import tree_flatten
from funcgrad.errors import UnsupportedError
from tests.compile.compare import assert_same


def packages(source: str) -> set[str]:
    """What a module imports, anywhere in it."""
    return set(re.findall(r"^ *(?:import|from) (\w+)", source, re.MULTILINE))


def run_exported(jaxpr: Jaxpr, args: Sequence[Any]) -> list[Any]:
    """The results of a jaxpr's exported module, executed in an empty namespace."""
    names = [f"arg_{i}" for i in range(len(args))]
    in_tree, out_tree = (tree_flatten([0] * n)[1] for n in (len(args), len(jaxpr.outvars)))
    lowered = Lowered(jaxpr, [], in_tree, out_tree, name="exported")
    source = module_source(lowered, names, tuple(args), "0")
    assert "funcgrad" not in packages(source)
    module: dict[str, Any] = {"__name__": "exported"}
    exec(compile(source, "exported.py", "exec"), module)
    return list(module["exported"](*args))


# What kinds of equations modules have been made of by now: the table has most of them many times.
_SEEN: set[Any] = set()


def is_new(jaxpr: Jaxpr) -> bool:
    """Whether a jaxpr has an equation of a kind that no earlier one had."""
    kinds = set()
    for eqn in jaxpr.eqns:
        ranks = tuple([a.aval.ndim for a in eqn.invars])
        kinds.add((eqn.primitive.name, ranks, str(eqn.params)))
    new = kinds - _SEEN
    _SEEN.update(new)
    return bool(new)


def check_exported(jaxpr: Jaxpr, args: Sequence[Any], expected: Sequence[Any], rtol: float) -> None:
    """The exported module gives the results that are expected, with their dtypes."""
    if not is_new(jaxpr):
        return
    try:
        got = run_exported(jaxpr, args)
    except UnsupportedError as error:
        if "Python code that was not traced" not in str(error):
            raise
        return  # a solver of SciPy's, called as it is
    assert_same(expected, got, rtol)
