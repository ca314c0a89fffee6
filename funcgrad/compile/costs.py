"""What operations cost, roughly: enough to decide whether threads pay, and for `cost_analysis`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from funcgrad.core.jaxpr import Equation

# Nanoseconds per float64 element in the cache, on a machine of 2023.
_CHEAP = 0.25
_DEFAULT = 2.0
_COSTS: dict[Any, float] = {
    np.add: _CHEAP,
    np.subtract: _CHEAP,
    np.multiply: _CHEAP,
    np.negative: _CHEAP,
    np.absolute: _CHEAP,
    np.square: _CHEAP,
    np.maximum: _CHEAP,
    np.minimum: _CHEAP,
    np.greater: _CHEAP,
    np.less: _CHEAP,
    np.greater_equal: _CHEAP,
    np.less_equal: _CHEAP,
    np.equal: _CHEAP,
    np.not_equal: _CHEAP,
    np.true_divide: 0.5,
    np.reciprocal: 0.5,
    np.sqrt: 0.7,
    np.sin: 8.0,
    np.cos: 8.0,
    np.tan: 8.0,
    np.power: 6.0,
}


def cost_of(eqn: Equation) -> float:
    """Estimated nanoseconds of an elementwise equation or reduction on one thread."""
    size = max([math.prod(v.aval.shape) for v in (*eqn.invars, *eqn.outvars)], default=1)
    return size * _COSTS.get(
        eqn.primitive.ufunc, _CHEAP if not eqn.primitive.elementwise else _DEFAULT
    )


def work_of(eqn: Equation) -> int:
    """Multiplications of a contraction."""
    (left, _), _ = eqn.params["dimension_numbers"]
    return eqn.outvars[0].aval.size * math.prod([eqn.invars[0].aval.shape[d] for d in left])


def flops_of(eqn: Equation) -> int:
    """Floating-point operations of an equation, as JAX's cost analysis counts: one per element and function."""
    outs = sum(v.aval.size for v in eqn.outvars)
    if "contraction" in eqn.primitive.properties:
        return 2 * work_of(eqn)
    if eqn.primitive.elementwise:
        return outs
    if "reduction" in eqn.primitive.properties or eqn.primitive.name.startswith("reduce_"):
        return sum(a.aval.size for a in eqn.invars)
    return 0


_TRANSCENDENTAL = frozenset(
    [np.exp, np.expm1, np.exp2, np.log, np.log1p, np.log2, np.log10, np.sin, np.cos, np.tan]
    + [np.sinh, np.cosh, np.tanh, np.arcsin, np.arccos, np.arctan, np.arctan2, np.arcsinh]
    + [np.arccosh, np.arctanh, np.power, np.cbrt, np.hypot]
)


def is_transcendental(eqn: Equation) -> bool:
    return eqn.primitive.ufunc in _TRANSCENDENTAL
