"""What `np.zeros`, `np.eye`, ... stand for while a function is traced: arrays that take traced values.

The user's code gets `LocalArray`s from them, which are ndarrays until a traced value is written into them. Ours,
NumPy's and that of libraries with compiled parts gets plain ones.
"""

from __future__ import annotations

import functools
import importlib
import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import funcgrad.core.local_operators  # noqa: F401  # gives local arrays their operators
from funcgrad.core import patch
from funcgrad.core.local_array import as_local
from funcgrad.core.naming import named
from funcgrad.core.source import called_name, is_hidden
from funcgrad.core.tracing import current_trace
from funcgrad.numpy.views import own

# Patterns of file names. These libraries go on in compiled code, where a traced array would only fail later, and
# less clearly,
_COMPILED = (
    r"-packages[\\/](scipy|pandas|sklearn|skimage|statsmodels|numba|matplotlib|PIL|torch|jax)[\\/]"
)
# except for these packages, which go on with NumPy's functions.
_AGNOSTIC = (
    r"[\\/](scipy[\\/](special|integrate|_external|_lib[\\/](_array_api|array_api))|"
    r"numpy[\\/]polynomial[\\/])"
)
# What the code of a package needs besides, imported when it first makes an array.
_ADAPTED = {r"[\\/]numpy[\\/]polynomial[\\/]": "funcgrad.numpy.polynomial_classes"}
# Those that follow the array standard compare the namespaces of arrays: plain ones and ours would not go together.
_STANDARD = r"[\\/]scipy[\\/](special|_external|_lib)[\\/]"
_AGNOSTIC_LIBRARY = r"-packages[\\/](scipy|array_api_(extra|compat))[\\/]"
# Answers for file names; threads that race for one find the same.
_wanting: dict[str, bool] = {}


def takes_traced(caller: Any, name: str) -> bool:
    """Whether the caller of NumPy's function `name`, a frame, is Python code that can go on with local arrays."""
    filename = caller.f_code.co_filename
    return (
        not wants_plain(filename)
        and called_name((caller.f_code, caller.f_lasti)) == name
        and re.search(_STANDARD, filename) is None
    )


def wants_plain(filename: str) -> bool:
    """Whether the code of a file is to get plain arrays: ours, NumPy's, and what has compiled parts.

    When a file is first asked about, what its package needs besides is imported.
    """
    plain = _wanting.get(filename)
    if plain is None:
        plain = (is_hidden(filename) or re.search(_COMPILED, filename) is not None) and re.search(
            _AGNOSTIC, filename
        ) is None
        if len(_wanting) < 10_000:
            _wanting[filename] = plain
        for package, adaption in _ADAPTED.items():
            if re.search(package, filename):
                importlib.import_module(adaption)
    return plain


@functools.lru_cache(1024)
def follows_standard(filename: str) -> bool:
    """Whether a file is of a library that follows the array standard: 0-d arrays, and all of one namespace."""
    return re.search(_AGNOSTIC_LIBRARY, filename) is not None


def made(array: Any) -> Any:
    """What our function that made an array gives its caller, two frames above: a traced constant for such libraries."""
    trace = current_trace()
    if trace is None or not follows_standard(sys._getframe(2).f_code.co_filename):
        return local(array)
    return own(trace.literal(array))


def local(array: Any, source: Any = None) -> Any:
    """A new array as one that takes traced values, if a function is being traced.

    `source`: what the array was made of; if that is a local array, the new one may be a view of it.
    """
    trace = current_trace()
    if trace is None or type(array) is not np.ndarray or array.dtype.kind not in "biufc":
        return array
    return as_local(array, (source,), trace)


def _maker(name: str) -> Callable[..., Any]:
    numpys = getattr(np, name)

    def make(*args: Any, **kwargs: Any) -> Any:
        array = numpys(*args, **kwargs)
        if type(array) is not np.ndarray or not takes_traced(sys._getframe(1), name):
            return array
        if name in ("empty", "empty_like"):
            # What is in the memory would be constants of the program where nothing is written over it.
            array.fill(0)
        return local(array)

    make.numpys = numpys  # type: ignore[attr-defined]
    # With NumPy's docstring, which its lazy modules edit where they find the function.
    return named(make, name, numpys.__doc__)


_NAMES = "arange copy diag empty empty_like eye identity linspace ones ones_like zeros zeros_like"
patch.register(**{name: _maker(name) for name in _NAMES.split()})
