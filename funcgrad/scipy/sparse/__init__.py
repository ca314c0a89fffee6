"""`funcgrad.scipy.sparse`: iterative solvers, in `linalg`."""

from __future__ import annotations

from funcgrad.scipy.sparse import linalg

__all__ = ["linalg"]
