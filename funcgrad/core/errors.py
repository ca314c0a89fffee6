"""The errors of funcgrad, in one tree.

FuncgradError
├── TracingError                     something Python or NumPy cannot do with a traced value
│   ├── ConcretizationError          a value was asked for that a traced value cannot give
│   │   ├── TracedBoolError          ... by `if`, `while`, `and`, `or`, `assert`
│   │   └── LostDerivativeError      ... by float(t), np.asarray(t): it would drop the derivative
│   ├── LeakedTracerError            a traced value outlived the call that traced it
│   └── ReadOnlyArgumentError        in-place code would write to an argument of the function
├── UnsupportedError                 a NumPy or SciPy function without a rule
│   ├── NoDerivativeError            ... without a derivative rule
│   └── NoBatchingError              ... without a batching rule
├── CheckError                       a condition of `fg.check` does not hold
├── NonFiniteError                   a NaN or an infinity, with `config.debug_nans` or `debug_infs`
├── ArgumentError                    an argument of a transform has the wrong type, shape or structure
│   ├── AxisNameError                ... no `vmap` has an axis of that name
│   └── MissingRuleError             ... a custom_jvp, custom_vjp or custom_vmap function has no rule
└── JaxprError                       a jaxpr that is not well formed (a bug of funcgrad or of a custom rule)

Those that stand for a built-in kind of mistake also inherit from it (`TypeError`, `ValueError`), so
that code which catches the built-in keeps working. Every message says what happened, where in the
user's file, and what to write instead. A note below it names the section of the catalogue of errors.
"""

from __future__ import annotations

from typing import Any

# Where the catalogue is: a cause and a cure for each class. A path within the repository, so that it needs no network.
CATALOGUE = "docs/reference/errors.md"


class FuncgradError(Exception):
    """Base class of all errors that funcgrad raises.

    Tracebacks show below the message where the catalogue of errors explains it.

    >>> import funcgrad as fg
    >>> try:
    ...     fg.grad(3.0)
    ... except fg.errors.FuncgradError as error:
    ...     print(str(error).splitlines()[0])
    grad takes a function, not float 3.0
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.add_note(f"  causes and cures: {CATALOGUE}#{type(self).__name__.lower()}")


class TracingError(FuncgradError):
    """Something that Python or NumPy cannot do with a traced value.

    >>> import numpy as np, funcgrad as fg
    >>> try:
    ...     fg.grad(lambda x: __import__("pickle").dumps(x))(1.0)
    ... except fg.errors.TracingError as error:
    ...     print(str(error).splitlines()[0])
    a traced f64[] cannot be pickled or copied outside of its trace
    """


class ConcretizationError(TracingError, TypeError):
    """A value was asked for that is not known while tracing.

    >>> import numpy as np, funcgrad as fg
    >>> try:
    ...     fg.jit(lambda n: range(int(n)))(3)
    ... except fg.errors.ConcretizationError as error:
    ...     print(str(error).split(", but")[0])
    the integer value of i64[] was asked for
    """

    # The function of NumPy's that asked for it, if it was one.
    function: str | None = None


class TracedBoolError(ConcretizationError):
    """The truth value of a traced array was asked for where it has none.

    >>> import numpy as np, funcgrad as fg
    >>> try:
    ...     fg.vmap(lambda x: x if x > 0 else -x)(np.ones(3))
    ... except fg.errors.TracedBoolError as error:
    ...     print(str(error).split(", but")[0])
    the truth value of bool[] was asked for
    """


class LeakedTracerError(TracingError, TypeError):
    """A traced value was used after the call that traced it had returned.

    >>> import numpy as np, funcgrad as fg
    >>> try:
    ...     (kept := [], fg.grad(lambda x: (kept.append(x), x)[1])(1.0), kept[0] + 1.0)
    ... except fg.errors.LeakedTracerError as error:
    ...     print(str(error).split(" after")[0])
    a traced value was used
    """


class LostDerivativeError(ConcretizationError):
    """A conversion to a plain Python or NumPy value would silently drop the derivative.

    >>> import math, funcgrad as fg
    >>> try:
    ...     fg.grad(lambda x: math.sin(x))(1.0)
    ... except fg.errors.LostDerivativeError as error:
    ...     print(str(error).splitlines()[0])
    float() of a traced f64[] would drop its derivative
    """


class ReadOnlyArgumentError(TracingError, TypeError, ValueError):
    """In-place code would write to an argument of the traced function.

    NumPy raises `ValueError` for an array that may not be written to, autograd and JAX `TypeError`.

    >>> import numpy as np, funcgrad as fg
    >>> try:
    ...     fg.grad(lambda x: (x.fill(0.0), x.sum())[1])(np.ones(3))
    ... except fg.errors.ReadOnlyArgumentError as error:
    ...     print(str(error).split(", which")[0])
    in-place update of f64[3]
    """


class UnsupportedError(FuncgradError, TypeError, NotImplementedError):
    """A function has no traced implementation.

    NumPy raises `TypeError` where a protocol finds none, autograd and JAX `NotImplementedError`.

    >>> import numpy as np, funcgrad as fg
    >>> try:
    ...     fg.grad(lambda x: np.frompyfunc(abs, 1, 1)(x))(1.0)
    ... except fg.errors.UnsupportedError as error:
    ...     print(str(error).splitlines()[0])
    the ufunc 'abs (vectorized)' has no traced implementation
    """


class NoDerivativeError(UnsupportedError):
    """An operation has no derivative rule.

    >>> import numpy as np, funcgrad as fg
    >>> try:
    ...     fg.linear_transpose(np.sin, 1.0)
    ... except fg.errors.NoDerivativeError as error:
    ...     print(str(error).splitlines()[0])
    sin has no transposition rule
    """


class NoBatchingError(UnsupportedError):
    """An operation has no batching rule.

    It is an `UnsupportedError`:

    >>> import funcgrad as fg
    >>> issubclass(fg.errors.NoBatchingError, fg.errors.UnsupportedError)
    True
    """


class CheckError(FuncgradError, AssertionError):
    """A condition that `fg.check` states did not hold when the program ran.

    >>> import funcgrad as fg
    >>> try:
    ...     fg.jit(lambda x: fg.check(x > 0, "x is {}", x))(-1.0)
    ... except fg.errors.CheckError as error:
    ...     print(str(error).splitlines()[0])
    x is -1.0
    """


class NonFiniteError(FuncgradError, FloatingPointError):
    """An equation made a NaN or an infinity while `config.debug_nans` or `config.debug_infs` was set.

    >>> import numpy as np, funcgrad as fg
    >>> try:
    ...     with fg.debug_nans():
    ...         fg.jit(np.sqrt)(-1.0)
    ... except fg.errors.NonFiniteError as error:
    ...     print(str(error).splitlines()[0])
    sqrt made NaN
    """


class ArgumentError(FuncgradError, TypeError, ValueError):
    """An argument of a transform has the wrong type, shape or structure.

    >>> import numpy as np, funcgrad as fg
    >>> try:
    ...     fg.grad(lambda x: x * 2.0)(3)
    ... except fg.errors.ArgumentError as error:
    ...     print(str(error).splitlines()[0])
    grad takes real or complex inputs, but argument 0 has type i64[]
    """


class MissingRuleError(ArgumentError, AttributeError):
    """A function with a custom rule was called before the rule was given.

    >>> import funcgrad as fg
    >>> try:
    ...     fg.custom_jvp(abs)(1.0)
    ... except fg.errors.MissingRuleError as error:
    ...     print(str(error).splitlines()[0])
    abs is a custom_jvp function without a rule
    """


class AxisNameError(ArgumentError, NameError):
    """A named axis was used where no `vmap` has one of that name.

    >>> import funcgrad as fg
    >>> try:
    ...     fg.lax.psum(1.0, "batch")
    ... except fg.errors.AxisNameError as error:
    ...     print(str(error).splitlines()[0])
    no axis is named 'batch'
    """


class JaxprError(FuncgradError):
    """A jaxpr is not well formed.

    >>> import numpy as np, funcgrad as fg
    >>> jaxpr = fg.make_jaxpr(np.sin)(1.0).jaxpr
    >>> try:
    ...     fg.check_jaxpr(fg.Jaxpr((), (), jaxpr.outvars, jaxpr.eqns))
    ... except fg.errors.JaxprError as error:
    ...     print(str(error).splitlines()[0])
    a variable is read before it is bound
    """
