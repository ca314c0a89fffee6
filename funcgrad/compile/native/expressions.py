"""How elementwise primitives are written in C."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.jaxpr import Equation

# The C types of the dtypes that loops in C have.
C_TYPES: dict[Any, str] = {
    np.dtype(np.float64): "double",
    np.dtype(np.float32): "float",
    np.dtype(np.int64): "int64_t",
    np.dtype(np.int32): "int32_t",
    np.dtype(np.bool_): "uint8_t",
}
# Of floating-point operands; functions of <math.h> get an f for float.
_FLOATING: dict[Any, str] = {
    np.add: "{0} + {1}",
    np.subtract: "{0} - {1}",
    np.multiply: "{0} * {1}",
    np.true_divide: "{0} / {1}",
    np.negative: "-{0}",
    np.positive: "{0}",
    np.square: "{0} * {0}",
    np.reciprocal: "1 / {0}",
    np.absolute: "fabs({0})",
    np.fabs: "fabs({0})",
    np.sqrt: "sqrt({0})",
    np.cbrt: "cbrt({0})",
    np.exp: "exp({0})",
    np.exp2: "exp2({0})",
    np.expm1: "expm1({0})",
    np.log: "log({0})",
    np.log2: "log2({0})",
    np.log10: "log10({0})",
    np.log1p: "log1p({0})",
    np.sin: "sin({0})",
    np.cos: "cos({0})",
    np.tan: "tan({0})",
    np.arcsin: "asin({0})",
    np.arccos: "acos({0})",
    np.arctan: "atan({0})",
    np.arctan2: "atan2({0}, {1})",
    np.sinh: "sinh({0})",
    np.cosh: "cosh({0})",
    np.tanh: "tanh({0})",
    np.arcsinh: "asinh({0})",
    np.arccosh: "acosh({0})",
    np.arctanh: "atanh({0})",
    np.power: "pow({0}, {1})",
    np.hypot: "hypot({0}, {1})",
    np.copysign: "copysign({0}, {1})",
    np.floor: "floor({0})",
    np.ceil: "ceil({0})",
    np.trunc: "trunc({0})",
    # NumPy's extrema give NaN where an operand is NaN.
    np.maximum: "({0} >= {1} || {0} != {0} ? {0} : {1})",
    np.minimum: "({0} <= {1} || {0} != {0} ? {0} : {1})",
    np.sign: "({0} > 0 ? 1 : {0} < 0 ? -1 : {0} == 0 ? 0 : {0})",
    np.isnan: "{0} != {0}",
    np.isinf: "!!isinf({0})",
    np.isfinite: "!!isfinite({0})",
}
_COMPARISONS: dict[Any, str] = {
    np.greater: "{0} > {1}",
    np.greater_equal: "{0} >= {1}",
    np.less: "{0} < {1}",
    np.less_equal: "{0} <= {1}",
    np.equal: "{0} == {1}",
    np.not_equal: "{0} != {1}",
}
_INTEGERS: dict[Any, str] = {
    np.add: "{0} + {1}",
    np.subtract: "{0} - {1}",
    np.multiply: "{0} * {1}",
    np.negative: "-{0}",
    np.maximum: "({0} > {1} ? {0} : {1})",
    np.minimum: "({0} < {1} ? {0} : {1})",
}
_BOOLEANS: dict[Any, str] = {
    np.logical_and: "{0} && {1}",
    np.logical_or: "{0} || {1}",
    np.logical_not: "!{0}",
    np.bitwise_and: "{0} & {1}",
    np.bitwise_or: "{0} | {1}",
    np.invert: "!{0}",
    np.logical_xor: "{0} ^ {1}",
    np.bitwise_xor: "{0} ^ {1}",
}
_SAME = frozenset({"stop_gradient", "name", "copy"})


def expression(eqn: Equation) -> str | None:
    """The form `{0} + {1}` of an elementwise equation, None if there is none."""
    dtypes = [a.aval.dtype for a in eqn.invars]
    out = eqn.outvars[0].aval.dtype
    if any(d not in C_TYPES for d in (*dtypes, out)):
        return None
    name, ufunc = eqn.primitive.name, eqn.primitive.ufunc
    if name in _SAME:
        return "{0}"
    if name == "convert_element_type":
        return "({0} != 0)" if out.kind == "b" else f"({C_TYPES[out]})({{0}})"
    if name == "select_n" and len(dtypes) == 3 and dtypes[0].kind == "b":
        return "({0} ? {2} : {1})"
    if ufunc is None or eqn.params or ufunc.nout != 1:
        return None
    try:
        *loop, result = ufunc.resolve_dtypes((*dtypes, None))
    except TypeError:
        return None
    if result != out or len(set(loop)) != 1 or loop[0] not in C_TYPES:
        return None
    form = _form(ufunc, loop[0], out)
    if form is None or loop == dtypes:
        return form
    # Operands of other dtypes are converted first, as NumPy does.
    kind = C_TYPES[loop[0]]
    casts = [f"(({kind}){{{i}}})" if d != loop[0] else f"{{{i}}}" for i, d in enumerate(dtypes)]
    return form.format(*casts)


def _form(ufunc: Any, dtype: Any, out: Any) -> str | None:
    """The form for operands of one dtype."""
    if ufunc in _COMPARISONS:
        return _COMPARISONS[ufunc]
    if dtype.kind == "f" and (out.kind == "b" or out == dtype):
        form = _FLOATING.get(ufunc)
        return form if form is None or dtype.itemsize != 4 else _single(form)
    if dtype.kind == "i" and out == dtype:
        return _INTEGERS.get(ufunc)
    if dtype.kind == "b" and out.kind == "b":
        return _BOOLEANS.get(ufunc)
    return None


def _single(form: str) -> str:
    """The form for float: a call such as `expf`."""
    head, bracket, rest = form.partition("(")
    return f"{head}f({rest}" if bracket and head.isalnum() else form


def constant(value: Any, dtype: Any) -> str:
    """A number in C."""
    if dtype.kind == "b":
        return "1" if value else "0"
    if dtype.kind == "i":
        return f"INT64_C({int(value)})" if dtype.itemsize == 8 else str(int(value))
    number = float(value)
    if number != number:
        return "NAN"
    if number in (float("inf"), float("-inf")):
        return "INFINITY" if number > 0 else "(-INFINITY)"
    text = f"{number!r}f" if dtype.itemsize == 4 else repr(number)
    return f"({text})" if text.startswith("-") else text
