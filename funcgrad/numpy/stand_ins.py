"""What names of NumPy's that do not dispatch stand for while a function is traced (core.patch).

These are stubs, so that the functions behind them are imported when they are first called.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from funcgrad.core import patch

# NumPy's own, for modules that are imported while these names stand for something else.
numpy_r, numpy_c = np.r_, np.c_
numpy_ndenumerate = np.ndenumerate
numpy_vectorize = np.vectorize


class _Brackets:
    """`np.r_` and `np.c_`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getitem__(self, key: Any) -> Any:
        return getattr(importlib.import_module("funcgrad.numpy.index_tricks"), self._name)[key]


def _vectorize(*args: Any, **kwargs: Any) -> Any:
    return importlib.import_module("funcgrad.numpy.functional").vectorize(*args, **kwargs)


def _ndenumerate(arr: Any) -> Any:
    if type(arr) is np.ndarray:
        return numpy_ndenumerate(arr)
    return importlib.import_module("funcgrad.numpy.index_tricks").ndenumerate(arr)


patch.register(
    r_=_Brackets("r_"), c_=_Brackets("c_"), vectorize=_vectorize, ndenumerate=_ndenumerate
)
