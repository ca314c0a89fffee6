"""For the documentation: the calculus of the playground, exported from the package by the build.

The page's engine (docs/assets/engine.js) parses an expression, records it, and has the three loops of
reverse mode: forward, split, backward. What it knows of derivatives are the programs made here: for each
function its jaxpr, for each primitive the jaxprs of its jvp and of its transpose, as funcgrad's own
transformations make them. So the page prints the jaxprs that funcgrad prints, which
tests/site/test_playground.py checks.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad.core.jaxpr import Equation, Jaxpr, Literal
from funcgrad.transforms.forward import forward
from funcgrad.transforms.transpose import transpose

UNARY = (
    "absolute", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "cbrt", "ceil", "cos",
    "cosh", "exp", "exp2", "expm1", "fabs", "floor", "log", "log10", "log1p", "log2", "reciprocal",
    "rint", "sign", "sin", "sinh", "sqrt", "square", "tan", "tanh",
)  # fmt: skip
BINARY = ("arctan2", "fmax", "fmin", "hypot", "logaddexp", "maximum", "minimum")
OPERATORS = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.true_divide, "//": np.floor_divide,
    "%": np.remainder, "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
    "==": np.equal, "!=": np.not_equal,
}  # fmt: skip
LOGICAL = {"&": np.bitwise_and, "|": np.bitwise_or}
# Exponents that may be typed are fewer, so that derivatives of them are here, too.
EXPONENTS = range(-12, 13)
X, Y, TRUE = np.float64(0.5), np.float64(0.25), np.bool_(True)


def script() -> str:
    """The exported programs, as a script that a page from disk can load."""
    return f"globalThis.funcgradCalculus = {json.dumps(calculus(), separators=(',', ':'))};\n"


def calculus() -> dict[str, Any]:
    """Programs for `functions` and `operators`, and the rules of all primitives that they lead to."""
    functions = {name: fg.make_jaxpr(getattr(np, name))(X).jaxpr for name in UNARY}
    functions |= {name: fg.make_jaxpr(getattr(np, name))(X, Y).jaxpr for name in BINARY}
    functions["where"] = fg.make_jaxpr(np.where)(TRUE, X, Y).jaxpr
    operators = {symbol: fg.make_jaxpr(ufunc)(X, Y).jaxpr for symbol, ufunc in OPERATORS.items()}
    operators |= {
        symbol: fg.make_jaxpr(ufunc)(TRUE, TRUE).jaxpr for symbol, ufunc in LOGICAL.items()
    }
    operators["neg"] = fg.make_jaxpr(np.negative)(X).jaxpr
    operators["~"] = fg.make_jaxpr(np.invert)(TRUE).jaxpr
    powers = [fg.make_jaxpr(lambda x, n=n: x**n)(X).jaxpr for n in EXPONENTS]
    powers.append(fg.make_jaxpr(lambda x, y: x**y)(X, Y).jaxpr)
    start = [*functions.values(), *operators.values(), *powers]
    return {
        "functions": {name: program(jaxpr) for name, jaxpr in functions.items()},
        "operators": {symbol: program(jaxpr) for symbol, jaxpr in operators.items()},
        "rules": rules([eqn for jaxpr in start for eqn in jaxpr.eqns]),
    }


def rules(pending: list[Equation]) -> dict[str, Any]:
    """The rules of the primitives in these equations, and of those that the rules use in turn."""
    found: dict[str, Any] = {}
    while pending:
        eqn = pending.pop()
        name = key(eqn)
        if name in found:
            continue
        kind = eqn.outvars[0].aval.dtype.kind
        found[name] = rule = {"bool": kind == "b", "jvp": {}, "transpose": {}}
        if kind == "b":
            continue
        one = single(eqn)
        for pattern in patterns(one):
            marks = "".join(map(str, map(int, pattern)))
            pushed = push(one, pattern)
            rule["jvp"][marks] = program(pushed)
            if abs(eqn.params.get("y", 0)) < max(EXPONENTS):
                pending += pushed.eqns
            if eqn.primitive.transpose is not None and is_linear(one, pattern):
                pulled = transpose(one, pattern)
                rule["transpose"][marks] = program(pulled)
                pending += pulled.eqns
    return found


def single(eqn: Equation) -> Jaxpr:
    """The program of this equation alone, all of whose operands are inputs."""
    avals = [
        getattr(atom.val, "dtype", None) if isinstance(atom, Literal) else atom.aval.dtype
        for atom in eqn.invars
    ]
    operands = [TRUE if dtype == np.dtype(bool) else X for dtype in avals]
    return fg.make_jaxpr(lambda *args: eqn.primitive(*args, **eqn.params))(*operands).jaxpr


def patterns(jaxpr: Jaxpr) -> Iterator[tuple[bool, ...]]:
    """Which inputs may have a derivative: each choice but none at all."""
    choices = [(False,) if v.aval.dtype.kind == "b" else (False, True) for v in jaxpr.invars]
    return (pattern for pattern in itertools.product(*choices) if any(pattern))


def push(jaxpr: Jaxpr, pattern: tuple[bool, ...]) -> Jaxpr:
    """The jaxpr of (operands, tangents) -> value, tangent; 0.0 where the tangent is zero by nature."""

    def pair(*inputs: Any) -> Any:
        tangents = iter(inputs[len(pattern) :])
        pairs = [
            (x, next(tangents) if marked else None)
            for x, marked in zip(inputs, pattern, strict=False)
        ]
        [value], [tangent] = forward(jaxpr, pairs, split=True)
        return (value,) if tangent is None else (value, tangent)

    operands = [TRUE if v.aval.dtype.kind == "b" else X for v in jaxpr.invars]
    return fg.make_jaxpr(pair)(*operands, *[X] * sum(pattern)).jaxpr


def is_linear(jaxpr: Jaxpr, pattern: tuple[bool, ...]) -> bool:
    """Whether the primitive can be transposed with these operands linear."""
    try:
        transpose(jaxpr, pattern)
    except (fg.errors.FuncgradError, TypeError, AttributeError, AssertionError):
        return False
    return True


def key(eqn: Equation) -> str:
    """The primitive's name, with the exponent of an integer power."""
    shown = ",".join(f"{name}={value}" for name, value in sorted(eqn.params.items()))
    return f"{eqn.primitive.name}[{shown}]" if shown else eqn.primitive.name


def program(jaxpr: Jaxpr) -> dict[str, Any]:
    """A jaxpr as JSON: values are numbered, inputs first; a literal is {"v": its value}."""
    number = {var: k for k, var in enumerate(jaxpr.invars)}

    def atom(a: Any) -> Any:
        if not isinstance(a, Literal):
            return number[a]
        value = np.asarray(a.val).item()
        return {"v": value if np.isfinite(value) else str(value)}

    equations = []
    for eqn in jaxpr.eqns:
        equations.append([key(eqn), [atom(a) for a in eqn.invars]])
        number[eqn.outvars[0]] = len(number)
    return {"n": len(jaxpr.invars), "eqns": equations, "out": [atom(a) for a in jaxpr.outvars]}
