"""`funcgrad.custom_batching`: JAX's name for custom batching rules."""

from __future__ import annotations

from funcgrad.control.custom_vmap import custom_vmap

__all__ = ["custom_vmap"]
