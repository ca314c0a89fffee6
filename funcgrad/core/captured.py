"""Arrays that a traced function uses and that are no arguments of it: what can be captured, and did it change."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import UnsupportedError
from funcgrad.core.source import here
from funcgrad.core.types import is_masked

_SAMPLE = 4096


def unsupported_dtype(value: Any) -> UnsupportedError:
    return UnsupportedError(
        f"an array of dtype {value.dtype} cannot take part in a traced computation{here()}"
        "\n  use a boolean, integer, floating or complex dtype"
    )


def plain_array(value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if is_masked(value):
        raise UnsupportedError(
            f"a masked array cannot take part in a traced computation{here()}"
            "\n  use np.where(mask, value, fill) on plain arrays"
        )
    return value.view(np.ndarray)


def sample(array: np.ndarray[Any, Any]) -> Any:
    """A strided sample of an array, to notice that it was changed."""
    step = max(1, array.size // _SAMPLE)
    return array.reshape(-1)[::step].copy() if array.flags.c_contiguous else array.flat[::step]
