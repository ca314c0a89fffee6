"""0-d values in compiled programs: Python's floats and operators instead of NumPy calls.

A NumPy call on one number costs ten times as much as a Python operator. The entries give the same
values as the ufuncs, to the last bit or, for transcendental functions, to a unit in the last place. Where
Python raises (1/0, exp(1000), log(-1), sin(inf)), the program starts again with NumPy's functions,
which give infinities and NaNs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# How Python writes these ufuncs for float64 and bool scalars.
PYTHON: dict[Any, str] = {
    np.add: "{} + {}",
    np.subtract: "{} - {}",
    np.multiply: "{} * {}",
    np.true_divide: "{} / {}",
    np.negative: "-{}",
    np.positive: "{}",
    np.square: "{0} * {0}",
    np.reciprocal: "1.0 / {}",
    np.absolute: "abs({})",
    np.fabs: "abs({})",
    np.sqrt: "math.sqrt({})",
    np.exp: "math.exp({})",
    np.expm1: "math.expm1({})",
    np.log: "math.log({})",
    np.log2: "math.log2({})",
    np.log10: "math.log10({})",
    np.log1p: "math.log1p({})",
    np.sin: "math.sin({})",
    np.cos: "math.cos({})",
    np.tan: "math.tan({})",
    np.arcsin: "math.asin({})",
    np.arccos: "math.acos({})",
    np.arctan: "math.atan({})",
    np.arctan2: "math.atan2({}, {})",
    np.sinh: "math.sinh({})",
    np.cosh: "math.cosh({})",
    np.tanh: "math.tanh({})",
    np.arcsinh: "math.asinh({})",
    np.arccosh: "math.acosh({})",
    np.arctanh: "math.atanh({})",
    np.power: "math.pow({}, {})",
    np.copysign: "math.copysign({}, {})",
    np.maximum: "({0} if {0} >= {1} or {0} != {0} else {1})",
    np.minimum: "({0} if {0} <= {1} or {0} != {0} else {1})",
    np.greater: "{} > {}",
    np.greater_equal: "{} >= {}",
    np.less: "{} < {}",
    np.less_equal: "{} <= {}",
    np.equal: "{} == {}",
    np.not_equal: "{} != {}",
    np.isnan: "math.isnan({})",
    np.isinf: "math.isinf({})",
    np.isfinite: "math.isfinite({})",
}
# Of booleans, only these: True + True is 2 in Python and True in NumPy.
BOOLEAN: dict[Any, str] = {
    np.logical_and: "({} and {})",
    np.logical_or: "({} or {})",
    np.logical_not: "not {}",
    np.bitwise_and: "({} and {})",
    np.bitwise_or: "({} or {})",
    np.invert: "not {}",
    np.bitwise_not: "not {}",
    np.not_equal: "{} != {}",
    np.equal: "{} == {}",
    np.logical_xor: "{} != {}",
    np.bitwise_xor: "{} != {}",
}
# NumPy scalars of one dtype have operators that agree with the ufuncs in all dtypes.
OPERATORS: dict[Any, str] = {
    np.add: "{} + {}",
    np.subtract: "{} - {}",
    np.multiply: "{} * {}",
    np.negative: "-{}",
    np.greater: "{} > {}",
    np.greater_equal: "{} >= {}",
    np.less: "{} < {}",
    np.less_equal: "{} <= {}",
    np.equal: "{} == {}",
    np.not_equal: "{} != {}",
}
# Primitives that are no ufuncs.
PYTHON_BY_NAME: dict[str, str] = {"select_n": "{2} if {0} else {1}"}
FLOAT = np.dtype(float)
BOOL = np.dtype(bool)
# NumPy converts the integers to floats first.
MIXED = frozenset({FLOAT, np.dtype(np.int64)})
