"""`funcgrad.experimental`: what may still change. `jet` computes Taylor series of functions."""

from __future__ import annotations

from funcgrad.experimental import jet as jet

__all__ = ["jet"]
