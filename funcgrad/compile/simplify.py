"""Simplification: a table of rules, each of which states its algebra.

Rules keep NaN, infinities, signed zeros and dtypes as they are: `x + 0` stays, because it turns -0.0
into 0.0, while `x - 0` is x. `add_any` sums cotangents, whose zeros carry no sign. Reassociation that
changes the last bit is left out, except where it saves a whole operation on arrays (`sum(broadcast x)`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.compile.fold import fold_equation
from funcgrad.compile.rewrite import Rewriter, Rules, is_splat, like, rewrite, rule, splat
from funcgrad.compile.simplify_index import INDEX_RULES
from funcgrad.compile.simplify_shape import SHAPE_RULES
from funcgrad.core.jaxpr import Atom, Equation, Jaxpr, Literal, Var

RULES: Rules = {}


def simplify(jaxpr: Jaxpr) -> Jaxpr:
    """Apply the rules, in one pass over the equations."""
    return rewrite(jaxpr, ALL_RULES)


def _floating(eqn: Equation) -> bool:
    return eqn.outvars[0].aval.dtype.kind in "fc"


@rule(RULES, "mul")
def unit_product(rw: Rewriter, eqn: Equation) -> Atom | None:
    """x * 1 -> x;  x * -1 -> neg x"""
    for x, y in (eqn.invars, eqn.invars[::-1]):
        if is_splat(rw, y, 1):
            return like(rw, x, eqn)
        if is_splat(rw, y, -1) and x.aval.dtype == eqn.outvars[0].aval.dtype and _signed(x):
            return like(rw, rw.bind("neg", x, like=eqn), eqn)
    return None


def _signed(atom: Atom) -> bool:
    return atom.aval.dtype.kind in "ifc"


@rule(RULES, "mul")
def signs_of_factors(rw: Rewriter, eqn: Equation) -> Atom | None:
    """(-a) * (-b) -> a * b;  (-a) * c -> a * (-c) for a constant c;  (-a) * b -> -(a * b)"""
    x, y = eqn.invars
    left, right = rw.maker(x, "neg"), rw.maker(y, "neg")
    if left and right:
        return rw.bind("mul", left.invars[0], right.invars[0], like=eqn)
    for negated, other, swap in ((left, y, False), (right, x, True)):
        if negated and type(other) is Literal and other.aval.shape == () and _signed(other):
            constant = Literal(-other.aval.dtype.type(other.val), other.aval)
            factors = (negated.invars[0], constant)
            return rw.bind("mul", *(factors[::-1] if swap else factors), like=eqn)
    pair = _without_sign(x, left, y, right)
    if pair and all(a.aval.dtype == eqn.outvars[0].aval.dtype for a in pair):
        return rw.bind("neg", rw.bind("mul", *pair, like=eqn), like=eqn)
    return None


def _without_sign(
    x: Atom, left: Equation | None, y: Atom, right: Equation | None
) -> tuple[Atom, Atom] | None:
    """The operands of which one is a negation, without it."""
    if left:
        return left.invars[0], y
    return (x, right.invars[0]) if right else None


@rule(RULES, "div")
def quotient_by_constant(rw: Rewriter, eqn: Equation) -> Atom | None:
    """x / 1 -> x;  x / -1 -> neg x;  x / 2**k -> x * 2**-k, which is exact"""
    x, y = eqn.invars
    if not _floating(eqn) or x.aval.dtype != eqn.outvars[0].aval.dtype:
        return None
    if is_splat(rw, y, 1):
        return like(rw, x, eqn)
    if is_splat(rw, y, -1):
        return like(rw, rw.bind("neg", x, like=eqn), eqn)
    c = splat(rw, y)
    if c is not None and c.dtype.kind == "f" and type(x) is Var and np.isfinite(c) and c != 0:
        with np.errstate(all="ignore"):
            inverse = c.dtype.type(1) / c
        tiny = np.finfo(c.dtype).tiny
        if abs(np.frexp(c)[0]) == 0.5 and tiny <= abs(inverse) < np.inf:
            product = rw.bind("mul", x, Literal(inverse, _scalar_aval(y)), like=eqn)
            return like(rw, product, eqn)
    return None


def _scalar_aval(atom: Atom) -> Any:
    return atom.aval.update(shape=())


@rule(RULES, "div")
def quotient_of_negatives(rw: Rewriter, eqn: Equation) -> Atom | None:
    """(-a) / (-b) -> a / b;  (-a) / b -> -(a / b)"""
    x, y = eqn.invars
    left, right = rw.maker(x, "neg"), rw.maker(y, "neg")
    if eqn.outvars[0].aval.dtype.kind != "f":
        return None
    if left and right:
        return rw.bind("div", left.invars[0], right.invars[0], like=eqn)
    pair = _without_sign(x, left, y, right)
    if pair and x.aval.dtype == y.aval.dtype:
        return rw.bind("neg", rw.bind("div", *pair, like=eqn), like=eqn)
    return None


@rule(RULES, "add")
def neutral_sum(rw: Rewriter, eqn: Equation) -> Atom | None:
    """x + (-0.0) -> x;  n + 0 -> n for integers"""
    for x, y in (eqn.invars, eqn.invars[::-1]):
        if is_splat(rw, y, -0.0 if _floating(eqn) else 0):
            return like(rw, x, eqn)
    return None


@rule(RULES, "add", "add_any")
def sum_with_negative(rw: Rewriter, eqn: Equation) -> Atom | None:
    """a + (-b) -> a - b;  (-a) + b -> b - a"""
    x, y = eqn.invars
    right, left = rw.maker(y, "neg"), rw.maker(x, "neg")
    if right:
        return rw.bind("sub", x, right.invars[0], like=eqn)
    if left:
        return rw.bind("sub", y, left.invars[0], like=eqn)
    return None


@rule(RULES, "sub")
def neutral_difference(rw: Rewriter, eqn: Equation) -> Atom | None:
    """x - 0 -> x;  a - (-b) -> a + b"""
    x, y = eqn.invars
    if is_splat(rw, y, 0):
        return like(rw, x, eqn)
    negated = rw.maker(y, "neg")
    return rw.bind("add", x, negated.invars[0], like=eqn) if negated else None


@rule(RULES, "add_any")
def sum_with_zero_cotangent(rw: Rewriter, eqn: Equation) -> Atom | None:
    """add_any x 0 -> x"""
    for x, y in (eqn.invars, eqn.invars[::-1]):
        if is_splat(rw, y, 0) or is_splat(rw, y, -0.0):
            return x
    return None


@rule(RULES, "add_any")
def twice(rw: Rewriter, eqn: Equation) -> Atom | None:
    """add_any x x -> x * 2"""
    x, y = eqn.invars
    if x is y and type(x) is Var:
        return rw.bind("mul", x, Literal(x.aval.dtype.type(2)), like=eqn)
    return None


@rule(RULES, "add_any")
def again(rw: Rewriter, eqn: Equation) -> Atom | None:
    """add_any (add_any a b) b -> add_any a (b * 2): the order of cotangents has no meaning"""
    for outer, b in (eqn.invars, eqn.invars[::-1]):
        inner = rw.maker(outer, "add_any")
        if inner is None or type(b) is not Var:
            continue
        for a, other in (inner.invars, inner.invars[::-1]):
            if other is b:
                double = rw.bind("mul", b, Literal(b.aval.dtype.type(2)), like=eqn)
                return rw.bind("add_any", a, double, like=eqn)
    return None


@rule(RULES, "div")
def squared_reciprocal(rw: Rewriter, eqn: Equation) -> Atom | None:
    """(1 / x) / x -> (1 / x) * (1 / x), which divides once"""
    r, x = eqn.invars
    inner = rw.maker(r, "div")
    if not inner or inner.invars[1] is not x or type(x) is not Var:
        return None
    if (
        is_splat(rw, inner.invars[0], 1)
        and _floating(eqn)
        and r.aval.dtype == eqn.outvars[0].aval.dtype
    ):
        return rw.bind("mul", r, r, like=eqn)
    return None


@rule(RULES, "neg")
def double_negation(rw: Rewriter, eqn: Equation) -> Atom | None:
    """-(-a) -> a;  -(a * c) -> a * (-c) for a constant c"""
    inner = rw.maker(eqn.invars[0], "neg")
    if inner:
        return inner.invars[0]
    product = rw.maker(eqn.invars[0], "mul")
    if product and _signed(eqn.outvars[0]):
        x, y = product.invars
        for c, other, swap in ((y, x, False), (x, y, True)):
            if type(c) is Literal and c.aval.shape == () and _signed(c):
                pair = (other, Literal(-c.aval.dtype.type(c.val), c.aval))
                return rw.bind("mul", *(pair[::-1] if swap else pair), like=eqn)
    return None


@rule(RULES, "not")
def double_complement(rw: Rewriter, eqn: Equation) -> Atom | None:
    """~~a -> a"""
    inner = rw.maker(eqn.invars[0], "not")
    return inner.invars[0] if inner else None


@rule(RULES, "cos", "cosh", "abs", "square")
def even_function(rw: Rewriter, eqn: Equation) -> Atom | None:
    """f(-a) -> f(a) for even f"""
    inner = rw.maker(eqn.invars[0], "neg")
    if inner:
        return rw.bind(eqn.primitive, inner.invars[0], like=eqn, **eqn.params)
    return None


@rule(RULES, "abs", "sign", "floor", "ceil", "round")
def idempotent(rw: Rewriter, eqn: Equation) -> Atom | None:
    """f(f(a)) -> f(a) for projections f"""
    inner = rw.maker(eqn.invars[0], eqn.primitive.name)
    return inner.outvars[0] if inner and inner.params == eqn.params else None


@rule(RULES, "integer_pow")
def small_integer_power(rw: Rewriter, eqn: Equation) -> Atom | None:
    """x**0 -> 1;  x**1 -> x;  x**2 -> x*x;  x**3 -> x*x*x;  x**4 -> (x*x)*(x*x);  x**-1 -> 1/x; ..."""
    return _power(rw, eqn, eqn.invars[0], eqn.params["y"])


@rule(RULES, "pow")
def constant_power(rw: Rewriter, eqn: Equation) -> Atom | None:
    """x ** c -> products, for a small integer c"""
    x, y = eqn.invars
    c = splat(rw, y)
    out = eqn.outvars[0].aval
    if c is None or c.dtype.kind not in "iuf" or c != int(c) if _finite(c) else True:
        return None
    if x.aval.dtype != out.dtype or out.dtype.kind not in "fiu":
        return None
    if out.dtype.kind in "iu" and c < 0:
        return None
    return _power(rw, eqn, x, int(c))


def _finite(c: Any) -> bool:
    return c is not None and bool(np.isfinite(c))


def _power(rw: Rewriter, eqn: Equation, x: Atom, n: int) -> Atom | None:
    out = eqn.outvars[0].aval
    if x.aval.dtype != out.dtype:
        return None
    if n == 0:
        return rw.bind(
            "broadcast_in_dim",
            Literal(out.dtype.type(1)),
            like=eqn,
            shape=out.shape,
            broadcast_dimensions=(),
        )
    # NumPy raises complex numbers to powers by other formulas, whose NaNs differ.
    if not 1 <= abs(n) <= _LARGEST_POWER or (out.dtype.kind == "c" and abs(n) > 2):
        return None
    factor, m = x, abs(n)
    factors = []
    while m:
        if m & 1:
            factors.append(factor)
        m >>= 1
        if m:
            factor = rw.bind("mul", factor, factor, like=eqn)
    power, *others = factors
    for other in others:
        power = rw.bind("mul", power, other, like=eqn)
    if n < 0:
        power = rw.bind("div", Literal(out.dtype.type(1)), power, like=eqn)
    return like(rw, power, eqn)


# 2 * log2(n) multiplications each round once; up to here the result is as good as `pow`.
_LARGEST_POWER = 8


@rule(RULES, "select_n")
def known_selection(rw: Rewriter, eqn: Equation) -> Atom | None:
    """select p a a -> a;  select with a literal predicate -> the chosen case"""
    predicate, *cases = eqn.invars
    first = cases[0]
    if all(case is first for case in cases):
        return like(rw, first, eqn)
    chosen = splat(rw, predicate)
    if chosen is None:
        return None
    return like(rw, cases[int(chosen)], eqn) if 0 <= int(chosen) < len(cases) else None


@rule(RULES, "convert_element_type")
def needless_conversion(rw: Rewriter, eqn: Equation) -> Atom | None:
    """convert x -> x if it has the dtype;  convert (convert x) -> convert x if the inner one loses nothing"""
    (x,) = eqn.invars
    new = eqn.params["new_dtype"]
    if x.aval.dtype == new and type(x) is Var:
        return x
    inner = rw.maker(x, "convert_element_type")
    if inner:
        source = inner.invars[0]
        if np.can_cast(source.aval.dtype, x.aval.dtype, "safe"):
            return rw.bind(eqn.primitive, source, like=eqn, **eqn.params)
    return None


@rule(RULES, "stop_gradient")
def identity(rw: Rewriter, eqn: Equation) -> Atom | None:
    """stop_gradient x -> x, once all derivatives have been taken"""
    (x,) = eqn.invars
    return x if x.aval.dtype == eqn.outvars[0].aval.dtype else None


def _merged(*tables: dict[str, list[Callable[..., Any]]]) -> Rules:
    merged: Rules = {}
    for table in tables:
        for name, rules in table.items():
            merged.setdefault(name, []).extend(rules)
    return merged


ALL_RULES: Rules = _merged({"*": [fold_equation]}, SHAPE_RULES, INDEX_RULES, RULES)
