"""Conditions that may be known to hold."""

from __future__ import annotations

from typing import Any


def both(x: Any, y: Any) -> Any:
    """x & y, where each may be Python's True."""
    return y if x is True else x if y is True else x & y
