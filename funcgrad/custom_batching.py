"""`funcgrad.custom_batching`: JAX's name for custom batching rules."""

from __future__ import annotations

from funcgrad.control.custom_vmap import custom_vmap
from funcgrad.control.sequential_vmap import sequential_vmap

__all__ = ["custom_vmap", "sequential_vmap"]
