"""SciPy's special functions as ufuncs.

With SCIPY_ARRAY_API=1 the public names of `scipy.special` are plain functions that choose an array library. The ufuncs
themselves dispatch in that mode as in any other.
"""

from __future__ import annotations

from typing import Any

from scipy import special
from scipy.special import _ufuncs


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    value = getattr(_ufuncs, name, None)
    if value is None:
        value = getattr(special, name)
        value = getattr(
            value, "__wrapped__", value
        )  # what chooses the library would come back here
    globals()[name] = value
    return value
