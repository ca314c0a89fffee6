"""The errors that funcgrad raises. `funcgrad.core.errors` draws the tree."""

from funcgrad.core.errors import (
    ArgumentError,
    ConcretizationError,
    FuncgradError,
    JaxprError,
    LeakedTracerError,
    LostDerivativeError,
    NoBatchingError,
    NoDerivativeError,
    NonFiniteError,
    ReadOnlyArgumentError,
    TracedBoolError,
    TracingError,
    UnsupportedError,
)

__all__ = [
    "ArgumentError",
    "ConcretizationError",
    "FuncgradError",
    "JaxprError",
    "LeakedTracerError",
    "LostDerivativeError",
    "NoBatchingError",
    "NoDerivativeError",
    "NonFiniteError",
    "ReadOnlyArgumentError",
    "TracedBoolError",
    "TracingError",
    "UnsupportedError",
]
