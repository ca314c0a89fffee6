"""Rules of simplification for indexing and contractions: to where they are free, into one buffer."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.compile.rewrite import Rewriter, Rules, rule
from funcgrad.core.jaxpr import Atom, Equation, Literal

INDEX_RULES: Rules = {}


def _takes_all(index: Any, shape: tuple[int, ...]) -> bool:
    """Whether a basic index takes every element in order, so that it only adds or drops axes of length 1."""
    axes = iter(shape)
    for entry in index:
        if entry is None:
            continue
        n = next(axes)
        if type(entry) is int:
            if n != 1:
                return False
        elif (entry.start, entry.step) != (0, 1) or entry.stop < n:
            return n == 1 and entry.length == 1
    return True


@rule(INDEX_RULES, "getitem")
def take_all(rw: Rewriter, eqn: Equation) -> Atom | None:
    """x[:, None] -> reshape x"""
    (x,) = eqn.invars
    if _takes_all(eqn.params["index"], x.aval.shape):
        return rw.bind("reshape", x, like=eqn, new_sizes=eqn.outvars[0].aval.shape)
    return None


@rule(INDEX_RULES, "embed")
def put_all(rw: Rewriter, eqn: Equation) -> Atom | None:
    """zeros with x everywhere -> reshape x"""
    if _takes_all(eqn.params["index"], eqn.params["shape"]):
        return rw.bind("reshape", eqn.invars[0], like=eqn, new_sizes=eqn.params["shape"])
    return None


@rule(INDEX_RULES, "getitem")
def take_repeated(rw: Rewriter, eqn: Equation) -> Atom | None:
    """(c, c, ...)[i] -> (c, ...)"""
    spread = rw.maker(eqn.invars[0], "broadcast_in_dim")
    if spread is None or spread.invars[0].aval.shape:
        return None
    params = {"shape": eqn.outvars[0].aval.shape, "broadcast_dimensions": ()}
    return rw.bind(spread.primitive, spread.invars[0], like=eqn, **params)


@rule(INDEX_RULES, "getitem")
def take_embedded(rw: Rewriter, eqn: Equation) -> Atom | None:
    """(zeros with x at i)[i] -> x"""
    inner = rw.maker(eqn.invars[0], "embed")
    return inner.invars[0] if inner and inner.params["index"] == eqn.params["index"] else None


@rule(INDEX_RULES, "add_any")
def sum_of_embedded(rw: Rewriter, eqn: Equation) -> Atom | None:
    """a + (zeros with b at i) -> a with b added at i: one buffer for a sum of cotangents"""
    x, y = eqn.invars
    right, left = rw.maker(y, "embed"), rw.maker(x, "embed")
    if right:
        return rw.bind("additem", x, right.invars[0], like=eqn, index=right.params["index"])
    if left:
        return rw.bind("additem", y, left.invars[0], like=eqn, index=left.params["index"])
    return None


@rule(INDEX_RULES, "dot_general")
def product_with_scalar(rw: Rewriter, eqn: Equation) -> Atom | None:
    """an outer product with a scalar -> multiplication"""
    x, y = eqn.invars
    if x.aval.shape and y.aval.shape:
        return None
    return rw.bind("mul", x, y, like=eqn)


@rule(INDEX_RULES, "mul")
def product_of_constants(rw: Rewriter, eqn: Equation) -> Atom | None:
    """c * (d * x) -> (c d) * x for constants of which one is a power of two, which is exact"""
    dtype = eqn.outvars[0].aval.dtype
    if dtype.kind != "f":
        return None
    for c, other in (eqn.invars, eqn.invars[::-1]):
        inner = rw.maker(other, "mul")
        if not _constant(c, dtype) or inner is None:
            continue
        for d, x in (inner.invars, inner.invars[::-1]):
            if _constant(d, dtype) and x.aval.dtype == dtype and (_power(c) or _power(d)):
                product = dtype.type(c.val) * dtype.type(d.val)  # type: ignore[union-attr]
                return rw.bind("mul", x, Literal(product), like=eqn)
    return None


def _constant(atom: Atom, dtype: Any) -> bool:
    return type(atom) is Literal and atom.aval.shape == () and atom.aval.dtype == dtype


def _power(atom: Any) -> bool:
    """Whether a constant is a power of two of moderate size."""
    mantissa, exponent = np.frexp(float(atom.val))
    return abs(mantissa) == 0.5 and abs(exponent) < 64
