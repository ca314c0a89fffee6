"""The primitives. `jax.ops`, which has no primitives, has its segment reductions here, too; they are `lax`'s."""

from __future__ import annotations

import importlib
from typing import Any

_SEGMENTS = ("segment_max", "segment_min", "segment_prod", "segment_sum")


def __getattr__(name: str) -> Any:
    if name not in _SEGMENTS:
        raise AttributeError(f"module 'funcgrad.ops' has no attribute {name!r}")
    return getattr(importlib.import_module("funcgrad.lax.segments"), name)
