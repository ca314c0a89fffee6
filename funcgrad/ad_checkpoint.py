"""`funcgrad.ad_checkpoint`: JAX's name for what belongs to `checkpoint`."""

from __future__ import annotations

from funcgrad import checkpoint_policies
from funcgrad.api.residuals import print_saved_residuals, saved_residuals
from funcgrad.control.checkpoint import checkpoint
from funcgrad.control.checkpoint_policies import checkpoint_name
from funcgrad.control.checkpointed_scan import checkpointed_scan

remat = checkpoint

__all__ = [
    "checkpoint",
    "checkpoint_name",
    "checkpoint_policies",
    "checkpointed_scan",
    "print_saved_residuals",
    "remat",
    "saved_residuals",
]
