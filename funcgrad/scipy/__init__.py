"""`funcgrad.scipy`: the parts of SciPy whose functions NumPy's protocols do not reach.

Its modules carry SciPy's names. On traced values the functions are traced; on plain arrays they are
SciPy's own. SciPy is an optional requirement, imported when a function first needs it.

>>> import funcgrad as fg, numpy as np
>>> fg.grad(lambda a: fg.scipy.linalg.expm(a)[0, 1])(np.zeros((2, 2)))
array([[0., 1.],
       [0., 0.]])
"""

from __future__ import annotations

import importlib
from typing import Any

MODULES = (
    "fft",
    "integrate",
    "interpolate",
    "linalg",
    "ndimage",
    "optimize",
    "signal",
    "sparse",
    "sparse.linalg",
    "spatial",
    "spatial.distance",
    "spatial.transform",
    "special",
    "stats",
)

__all__ = [name for name in MODULES if "." not in name]


def __getattr__(name: str) -> Any:
    if name in MODULES:
        return importlib.import_module(f"funcgrad.scipy.{name}")
    raise AttributeError(f"module 'funcgrad.scipy' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
