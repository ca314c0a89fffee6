"""The errors that funcgrad raises. `funcgrad.core.errors` draws the tree."""

from funcgrad.core.errors import (
    ArgumentError,
    AxisNameError,
    CheckError,
    ConcretizationError,
    FuncgradError,
    JaxprError,
    LeakedTracerError,
    LostDerivativeError,
    MissingRuleError,
    NoBatchingError,
    NoDerivativeError,
    NonFiniteError,
    ReadOnlyArgumentError,
    TracedBoolError,
    TracingError,
    UnsupportedError,
)

# JAX's names, so that code which catches its errors catches ours.
ConcretizationTypeError = ConcretizationError
JAXIndexError = ConcretizationError
JAXTypeError = TracingError
JaxprTypeError = JaxprError
JaxRuntimeError = FuncgradError
NonConcreteBooleanIndexError = ConcretizationError
TracerArrayConversionError = ConcretizationError
TracerBoolConversionError = TracedBoolError
TracerIntegerConversionError = ConcretizationError
UnexpectedTracerError = LeakedTracerError

__all__ = [
    "ArgumentError",
    "AxisNameError",
    "CheckError",
    "ConcretizationError",
    "ConcretizationTypeError",
    "FuncgradError",
    "JAXIndexError",
    "JAXTypeError",
    "JaxRuntimeError",
    "JaxprError",
    "JaxprTypeError",
    "LeakedTracerError",
    "LostDerivativeError",
    "MissingRuleError",
    "NoBatchingError",
    "NoDerivativeError",
    "NonConcreteBooleanIndexError",
    "NonFiniteError",
    "ReadOnlyArgumentError",
    "TracedBoolError",
    "TracerArrayConversionError",
    "TracerBoolConversionError",
    "TracerIntegerConversionError",
    "TracingError",
    "UnexpectedTracerError",
    "UnsupportedError",
]
