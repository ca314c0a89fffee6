"""`funcgrad.custom_derivatives`: JAX's names for what custom derivative rules are made of."""

from __future__ import annotations

from funcgrad.control.custom_function import custom_jvp, custom_vjp
from funcgrad.control.custom_gradient import closure_convert, custom_gradient
from funcgrad.control.zeros import CustomVJPPrimal, SymbolicZero

__all__ = [
    "CustomVJPPrimal",
    "SymbolicZero",
    "closure_convert",
    "custom_gradient",
    "custom_jvp",
    "custom_vjp",
]
