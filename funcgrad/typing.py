"""`funcgrad.typing`: JAX's names for annotations of arrays and dtypes, which are NumPy's."""

from __future__ import annotations

from numpy.typing import ArrayLike, DTypeLike

__all__ = ["ArrayLike", "DTypeLike"]
