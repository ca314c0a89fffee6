"""`funcgrad.debug`: looking into traced code while it runs."""

from __future__ import annotations

from funcgrad.control.breakpoint import debug_breakpoint as breakpoint
from funcgrad.control.debugging import debug_callback as callback
from funcgrad.control.debugging import debug_print as print

__all__ = ["breakpoint", "callback", "print"]
