"""The errors that funcgrad raises. `funcgrad.core.errors` draws the tree."""

from funcgrad.core.errors import (
    ArgumentError,
    ConcretizationError,
    FuncgradError,
    JaxprError,
    LeakedTracerError,
    LostDerivativeError,
    NoBatchingError,
    MissingRuleError,
    NoDerivativeError,
    NonFiniteError,
    ReadOnlyArgumentError,
    TracedBoolError,
    TracingError,
    UnsupportedError,
)

__all__ = [
# JAX's names, so that code which catches its errors catches ours.
ConcretizationTypeError = ConcretizationError
NonConcreteBooleanIndexError = ConcretizationError
TracerArrayConversionError = ConcretizationError
TracerBoolConversionError = TracedBoolError
TracerIntegerConversionError = ConcretizationError
UnexpectedTracerError = LeakedTracerError

    "ArgumentError",
    "ConcretizationError",
    "FuncgradError",
    "JaxprError",
    "ConcretizationTypeError",
    "LeakedTracerError",
    "LostDerivativeError",
    "NoBatchingError",
    "NoDerivativeError",
    "MissingRuleError",
    "NonFiniteError",
    "ReadOnlyArgumentError",
    "NonConcreteBooleanIndexError",
    "TracedBoolError",
    "TracingError",
    "UnsupportedError",
    "TracerArrayConversionError",
    "TracerBoolConversionError",
    "TracerIntegerConversionError",
]
    "UnexpectedTracerError",
