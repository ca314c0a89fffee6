"""What the functions of `scipy.ndimage` share: modes beyond the edges, and the dtype of the output."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer
from funcgrad.ops.basic import convert

MODES = ("constant", "grid-constant", "nearest", "reflect", "mirror", "wrap", "grid-wrap")
# NumPy's names for them.
PADS = {
    "reflect": "symmetric",
    "mirror": "reflect",
    "nearest": "edge",
    "wrap": "wrap",
    "grid-wrap": "wrap",
    "constant": "constant",
    "grid-constant": "constant",
}


def mode_name(mode: str) -> str:
    """A mode of the edges by its first name."""
    mode = "reflect" if mode == "grid-mirror" else mode
    if mode not in MODES:
        raise ArgumentError(f"boundary mode not supported: {mode!r}{here()}")
    return mode


def in_dtype(result: Any, output: Any, dtype: Any) -> Any:
    """A result in the dtype that is asked for, rounded if that is an integer one."""
    if isinstance(output, (np.ndarray, Tracer)):
        raise ArgumentError(f"give the dtype of the output, not an array{here()}")
    dtype = np.dtype(dtype if output is None else output)
    if dtype.kind in "iu":
        result = np.where(result > 0, np.floor(result + 0.5), np.ceil(result - 0.5))
    return convert(result, dtype)
