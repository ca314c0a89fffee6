"""`checkify`: run-time checks whose failure is a result instead of an exception, as `jax.experimental.checkify`.

JAX has to carry errors through its programs, because these cannot raise. Programs here raise, and `checkify` catches
what they raise. So it is for the outside: within a jitted or batched function a failing check ends the whole program.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.api.debugging import debug_infs, debug_nans
from funcgrad.api.inspection import eval_shape
from funcgrad.api.jit import jit
from funcgrad.control.runtime_check import check
from funcgrad.core.errors import ArgumentError, CheckError, NonFiniteError
from funcgrad.core.source import here
from funcgrad.core.tree import register_static, tree_map

ErrorCategory = str  # for annotations, as JAX has it
user_checks = frozenset({"user"})
nan_checks = frozenset({"nan"})
div_checks = frozenset({"infinity"})
index_checks = frozenset({"index"})
float_checks = nan_checks | div_checks
automatic_checks = float_checks | index_checks
all_checks = automatic_checks | user_checks


@register_static
class Error:
    """What a checked function returns first: the check that failed, or none.

    >>> from funcgrad.experimental import checkify
    >>> error, _ = checkify.checkify(lambda x: checkify.check(x > 0, "x is {}", x))(-1.0)
    >>> error.get().splitlines()[0]
    'x is -1.0'
    """

    def __init__(self, exception: Exception | None = None) -> None:
        self._exception = exception

    def get(self) -> str | None:
        """The message of the check that failed, or None."""
        return None if self._exception is None else str(self._exception)

    def get_exception(self) -> Exception | None:
        """The exception of the check that failed, or None."""
        return self._exception

    def throw(self) -> None:
        """Raise the exception, if a check failed."""
        if self._exception is not None:
            raise self._exception

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Error) and other._exception is self._exception

    def __hash__(self) -> int:
        return hash((Error, id(self._exception)))

    def __repr__(self) -> str:
        return f"Error({self.get() or ''})"


init_error = Error()


def check_error(error: Error) -> None:
    """Raise the exception of an error, if there is one.

    >>> from funcgrad.experimental import checkify
    >>> checkify.check_error(checkify.init_error)
    """
    error.throw()


def checkify(
    f: Callable[..., Any], errors: frozenset[str] = user_checks
) -> Callable[..., tuple[Error, Any]]:
    """A function that returns which of its checks failed, along with its result.

    Args:
        f: a function of arrays or pytrees.
        errors: which checks are made: `user_checks` (those of `check`), `nan_checks`, `div_checks` (for infinities, as
            from division by zero), `index_checks`, or unions of them. All but the first compile the function.

    Returns:
        A function that gives `(error, result)`. If a check fails, the result has NaN, or 0, everywhere.

    >>> import numpy as np
    >>> from funcgrad.experimental import checkify
    >>> checked = checkify.checkify(np.log, errors=checkify.float_checks)
    >>> error, value = checked(-1.0)
    >>> error.get().splitlines()[0], value
    ('log made NaN', np.float64(nan))
    """
    unknown = set(errors) - all_checks
    if unknown:
        raise ArgumentError(f"checkify: there are no checks {sorted(map(str, unknown))}{here()}")
    caught: list[type[Exception]] = []
    if errors & user_checks:
        caught.append(CheckError)
    if errors & float_checks:
        caught.append(NonFiniteError)
    if errors & index_checks:
        caught.append(IndexError)
    run = jit(f) if errors & float_checks else f

    @functools.wraps(f)
    def checked(*args: Any, **kwargs: Any) -> tuple[Error, Any]:
        try:
            with debug_nans(bool(errors & nan_checks)), debug_infs(bool(errors & div_checks)):
                return Error(), run(*args, **kwargs)
        except tuple(caught) as error:
            return Error(error), _without_value(f, args, kwargs)

    return checked


def _without_value(f: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """NaN or 0 in the place of each array of the result; None where its shape cannot be known."""
    try:
        shapes = eval_shape(f, *args, **kwargs)
    except Exception:
        return None
    return tree_map(
        lambda s: np.full(s.shape, np.nan if s.dtype.kind in "fc" else 0, s.dtype)[()], shapes
    )


__all__ = [
    "Error",
    "ErrorCategory",
    "all_checks",
    "automatic_checks",
    "check",
    "check_error",
    "checkify",
    "div_checks",
    "float_checks",
    "index_checks",
    "init_error",
    "nan_checks",
    "user_checks",
]
