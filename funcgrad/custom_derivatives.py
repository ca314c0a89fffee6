"""`funcgrad.custom_derivatives`: JAX's names for what custom derivative rules are made of."""

from __future__ import annotations

from funcgrad.control.custom_function import custom_jvp, custom_vjp
from funcgrad.control.custom_gradient import closure_convert, custom_gradient
from funcgrad.control.linear_call import linear_call
from funcgrad.control.zeros import (
    CustomVJPPrimal,
    SymbolicZero,
    custom_vjp_primal_tree_values,
    zero_from_primal,
)

__all__ = [
    "CustomVJPPrimal",
    "SymbolicZero",
    "closure_convert",
    "custom_gradient",
    "custom_jvp",
    "custom_vjp",
    "custom_vjp_primal_tree_values",
    "linear_call",
    "zero_from_primal",
]
