"""`funcgrad.debug`: looking into traced code."""

from __future__ import annotations

from funcgrad.control.callback import debug_callback as callback

__all__ = ["callback"]
