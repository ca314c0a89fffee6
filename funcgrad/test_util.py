"""`funcgrad.test_util`: derivatives against finite differences, in JAX's place."""

from __future__ import annotations

from funcgrad.api.check_grads import check_grads, check_jvp, check_vjp

__all__ = ["check_grads", "check_jvp", "check_vjp"]
