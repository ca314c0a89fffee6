"""SciPy's special functions as ufuncs.

With SCIPY_ARRAY_API=1 the public names of `scipy.special` are plain functions that choose an array library. The ufuncs
themselves dispatch in that mode as in any other.
"""

from __future__ import annotations

from typing import Any

from scipy import special
from scipy.special import _ufuncs

_CHOOSERS = "scipy.special._support_alternative_backends"


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    value = getattr(_ufuncs, name, None)
    if value is None:
        value = getattr(special, name)
        # What chooses the library would come back here. (Other functions are wrapped for other reasons.)
        if getattr(value, "__globals__", {}).get("__name__") == _CHOOSERS:
            value = value.__wrapped__
    globals()[name] = value
    return value
