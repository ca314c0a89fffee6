"""`funcgrad.test_util`: derivatives against finite differences, in JAX's place."""

from __future__ import annotations

from funcgrad.api.check_grads import check_grads

__all__ = ["check_grads"]
