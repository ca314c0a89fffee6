"""`funcgrad.stages`: the types of `jit(f)`, and of what its `trace`, `lower` and `compile` return."""

from __future__ import annotations

from funcgrad.api.jit import Jit as Wrapped
from funcgrad.compile.stages import Compiled, Lowered, Traced

__all__ = ["Compiled", "Lowered", "Traced", "Wrapped"]
