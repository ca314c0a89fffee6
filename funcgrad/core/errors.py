"""The errors of funcgrad, in one tree.

FuncgradError
├── TracingError                     something Python or NumPy cannot do with a traced value
│   ├── ConcretizationError          a value was asked for that is not known while tracing
│   │   └── TracedBoolError          ... by `if`, `while`, `and`, `or`, `assert`
│   ├── LeakedTracerError            a traced value outlived the call that traced it
│   ├── LostDerivativeError          float(t), np.asarray(t): would drop the derivative
│   └── ReadOnlyArgumentError        in-place code would write to an argument of the function
├── UnsupportedError                 a NumPy or SciPy function without a rule
│   ├── NoDerivativeError            ... without a derivative rule
│   └── NoBatchingError              ... without a batching rule
├── NonFiniteError                   a NaN or an infinity, with `config.debug_nans` or `debug_infs`
├── ArgumentError                    an argument of a transform has the wrong type, shape or structure
└── JaxprError                       a jaxpr that is not well formed (a bug of funcgrad or of a custom rule)

Those that stand for a built-in kind of mistake also inherit from it (`TypeError`, `ValueError`), so
that code which catches the built-in keeps working. Every message says what happened, where in the
user's file, and what to write instead.
"""

from __future__ import annotations


class FuncgradError(Exception):
    """Base class of all errors that funcgrad raises."""


class TracingError(FuncgradError):
    """Something that Python or NumPy cannot do with a traced value."""


class ConcretizationError(TracingError, TypeError):
    """A value was asked for that is not known while tracing."""


class TracedBoolError(ConcretizationError):
    """The truth value of a traced array was asked for where it has none."""


class LeakedTracerError(TracingError):
    """A traced value was used after the call that traced it had returned."""


class LostDerivativeError(TracingError, TypeError):
    """A conversion to a plain Python or NumPy value would silently drop the derivative."""


class ReadOnlyArgumentError(TracingError, ValueError):
    """In-place code would write to an argument of the traced function."""


class UnsupportedError(FuncgradError, TypeError):
    """A function has no traced implementation."""


class NoDerivativeError(UnsupportedError):
    """An operation has no derivative rule."""


class NoBatchingError(UnsupportedError):
    """An operation has no batching rule."""


class NonFiniteError(FuncgradError, FloatingPointError):
    """An equation made a NaN or an infinity while `config.debug_nans` or `config.debug_infs` was set."""


class ArgumentError(FuncgradError, TypeError, ValueError):
    """An argument of a transform has the wrong type, shape or structure."""


class JaxprError(FuncgradError):
    """A jaxpr is not well formed."""
