"""Elementwise primitives of neural networks."""

from __future__ import annotations

import numpy as np

from funcgrad.ops.define import elementwise
from funcgrad.ops.selection import where

# `relu x 0` is the larger of both, with the derivative 0 at x = 0, where that of `max` is 1/2.
relu = elementwise(
    "relu",
    np.maximum,
    jvp=(lambda t, ans, x, zero: where(x > 0.0, t, 0.0), None),
    dispatch_ufunc=False,
)
