"""`funcgrad.experimental`: what may still change. `jet` computes Taylor series, `ode` solves differential equations."""

from __future__ import annotations

import importlib
from typing import Any

from funcgrad.control.callback import io_callback
from funcgrad.experimental import jet as jet


def __getattr__(name: str) -> Any:
    if name in ("checkify", "ode"):
        return importlib.import_module(f"funcgrad.experimental.{name}")
    raise AttributeError(f"module 'funcgrad.experimental' has no attribute {name!r}")


__all__ = ["io_callback", "jet"]
