"""`funcgrad.numpy`: NumPy under one namespace in which every function takes traced values.

NumPy's own functions dispatch on traced values, so almost every name here is NumPy's own object.
Only functions that make arrays are replaced: NumPy cannot dispatch those.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import numpy as np

import funcgrad.numpy.attributes
import funcgrad.numpy.methods  # gives tracers the methods and attributes of ndarray
import funcgrad.numpy.stand_ins
import funcgrad.ops.gufuncs  # noqa: F401  # gives tracers the operator @
from funcgrad.core import dispatch
from funcgrad.numpy.creation import (
    arange as arange,
)
from funcgrad.numpy.creation import (
    array as array,
)
from funcgrad.numpy.creation import (
    asarray as asarray,
)
from funcgrad.numpy.creation import (
    empty as empty,
)
from funcgrad.numpy.creation import (
    eye as eye,
)
from funcgrad.numpy.creation import (
    fromfunction as fromfunction,
)
from funcgrad.numpy.creation import (
    full as full,
)
from funcgrad.numpy.creation import (
    identity as identity,
)
from funcgrad.numpy.creation import (
    linspace as linspace,
)
from funcgrad.numpy.creation import (
    ones as ones,
)
from funcgrad.numpy.creation import (
    zeros as zeros,
)

# Families of functions, imported when one of their functions is first called on traced
# values: one after the other until it is found, so those that most programs use come first.
_LAZY: dict[str, tuple[str, ...]] = {
    "numpy.linalg": ("matrices", "contraction", "products"),
    "numpy.fft": ("fourier",),
    "numpy.polynomial": ("polynomial_classes",),
    "numpy.lib": ("arranging",),
    "numpy": (
        "reductions",
        "shaping",
        "joining",
        "selection",
        "moments",
        "contraction",
        "filling",
        "ranges",
        "elementwise",
        "taking",
        "mutation",
        "arranging",
        "diagonals",
        "padding",
        "sorting",
        "functional",
        "packing",
        "products",
        "cumulative",
        "nan_reductions",
        "statistics",
        "quantiles",
        "histograms",
        "differences",
        "interpolation",
        "polynomials",
        "signal",
        "sets",
        "einsums",
    ),
}


def _load(func: Any) -> None:
    """Import families of the function's module until one has it."""
    module = getattr(func, "__module__", None) or "numpy"
    for prefix, families in _LAZY.items():
        if module == prefix or (prefix != "numpy" and module.startswith(prefix)):
            for family in families:
                importlib.import_module(f"funcgrad.numpy.{family}")
                if func in dispatch.FUNCTIONS:
                    return


def _load_all() -> None:
    """Import every family, for tables of what is there."""
    for families in _LAZY.values():
        for family in families:
            importlib.import_module(f"funcgrad.numpy.{family}")


def _load_ufuncs(*call: Any) -> Any:
    """Stands in for `ufuncs.call_ufunc`, which takes its place, until a ufunc is called in full."""
    importlib.import_module("funcgrad.numpy.ufuncs")
    return dispatch.call_ufunc(*call)


def _advice(func: Any) -> str | None:
    return importlib.import_module("funcgrad.numpy.refused").advice(func)


dispatch._LOADERS.append(_load)
dispatch._ADVISERS.append(_advice)
dispatch._UFUNC_METHODS.append(_load_ufuncs)

# Functions of ours, imported when first asked for: those with `size=`, and those that take a function.
_OURS = {
    "argwhere": "sized",
    "at": "updates",
    "c_": "index_tricks",
    "compress": "sized",
    "extract": "sized",
    "flatnonzero": "sized",
    "intersect1d": "sized",
    "ndenumerate": "index_tricks",
    "nonzero": "sized",
    "r_": "index_tricks",
    "repeat": "sized",
    "setdiff1d": "sized",
    "setxor1d": "sized",
    "union1d": "sized",
    "unique": "sized",
    "unique_all": "sized",
    "unique_counts": "sized",
    "unique_inverse": "sized",
    "unique_values": "sized",
    "vectorize": "functional",
    "where": "sized",
}
# Those that take the arguments which only JAX's have: `where=None`, `precision`, `descending`, `inplace`, ...
_WITH_JAX_ARGUMENTS = frozenset(
    [
        "all",
        "amax",
        "amin",
        "any",
        "argsort",
        "astype",
        "bincount",
        "clip",
        "convolve",
        "correlate",
        "delete",
        "diff",
        "digitize",
        "dot",
        "einsum",
        "fill_diagonal",
        "inner",
        "isin",
        "matmul",
        "matvec",
        "max",
        "mean",
        "min",
        "nanmax",
        "nanmean",
        "nanmin",
        "nanprod",
        "nanstd",
        "nansum",
        "nanvar",
        "outer",
        "place",
        "polyval",
        "prod",
        "put",
        "put_along_axis",
        "polymul",
        "roots",
        "searchsorted",
        "sort",
        "std",
        "sum",
        "take",
        "take_along_axis",
        "tensordot",
        "var",
        "vdot",
        "vecdot",
        "vecmat",
    ]
)
_REPLACED = (
    *_OURS,
    *(name for name in _WITH_JAX_ARGUMENTS if name in np.__all__),
    "arange",
    "array",
    "asarray",
    "empty",
    "eye",
    "fromfunction",
    "full",
    "identity",
    "linspace",
    "ones",
    "zeros",
)


def __getattr__(name: str) -> Any:
    family = "jax_arguments" if name in _WITH_JAX_ARGUMENTS else _OURS.get(name)
    if family is not None:
        ours = getattr(importlib.import_module(f"funcgrad.numpy.{family}"), name)
        globals()[name] = ours
        return ours
    if name == "special" and "scipy.special" in sys.modules:
        # Where SciPy looks for the special functions of an array library (SCIPY_ARRAY_API=1).
        return importlib.import_module("funcgrad.ops.special.ufuncs")
    try:
        return getattr(np, name)
    except AttributeError:
        raise AttributeError(f"neither NumPy nor funcgrad.numpy has {name!r}") from None


def __dir__() -> list[str]:
    return sorted({*np.__all__, *_REPLACED})


__all__ = sorted({*np.__all__, *_REPLACED})  # NumPy's names, whatever its version
