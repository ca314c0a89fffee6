"""JAX's names for settings: precision, rounding, modes of gathers, kinds of Fourier transforms."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

PrecisionLike = Any


class Precision(enum.Enum):
    """How exact a contraction is on an accelerator. Here all are computed in the dtype of their operands.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.dot(np.ones(2), np.ones(2), precision=fg.lax.Precision.HIGHEST)
    np.float64(2.0)
    """

    DEFAULT = 0
    HIGH = 1
    HIGHEST = 2


class RoundingMethod(enum.IntEnum):
    """Where `lax.round` takes halves.

    >>> import funcgrad as fg
    >>> fg.lax.round(2.5, fg.lax.RoundingMethod.TO_NEAREST_EVEN)
    np.float64(2.0)
    """

    AWAY_FROM_ZERO = 0
    TO_NEAREST_EVEN = 1


class GatherScatterMode(enum.Enum):
    """What gathers and scatters do with indices out of range.

    >>> import funcgrad as fg
    >>> fg.lax.GatherScatterMode.CLIP.name
    'CLIP'
    """

    CLIP = 0
    FILL_OR_DROP = 1
    PROMISE_IN_BOUNDS = 2


class FftType(enum.Enum):
    """The kinds of Fourier transforms of `lax.fft`.

    >>> import funcgrad as fg
    >>> fg.lax.FftType.RFFT.name
    'RFFT'
    """

    FFT = "fft"
    IFFT = "ifft"
    RFFT = "rfft"
    IRFFT = "irfft"


def platform_dependent(
    *args: Any, default: Callable[..., Any] | None = None, **per_platform: Callable[..., Any]
) -> Any:
    """The function for this platform, which is "cpu", called on the arguments.

    Args:
        args: arrays or pytrees.
        default: what is called if there is no function for "cpu".
        per_platform: functions by the names of platforms.

    >>> import funcgrad as fg
    >>> fg.lax.platform_dependent(2.0, cpu=lambda x: x, tpu=lambda x: -x)
    2.0
    """
    chosen = per_platform.get("cpu", default)
    if chosen is None:
        raise NotImplementedError(
            "platform_dependent: there is no function for 'cpu' and no default"
        )
    return chosen(*args)


def composite(decomposition: Callable[..., Any], name: str, version: int = 0) -> Callable[..., Any]:
    """The function; in JAX a hint for compilers that know an operation of this name.

    Args:
        decomposition: what is computed.
        name: without effect.
        version: without effect.

    >>> import funcgrad as fg
    >>> fg.lax.composite(lambda x: 2 * x, "my.double")(3.0)
    6.0
    """
    return decomposition


def with_sharding_constraint(x: Any, shardings: Any) -> Any:
    """The arrays as they are: there is one device, so that nothing can be divided.

    >>> import funcgrad as fg
    >>> fg.lax.with_sharding_constraint(2.0, None)
    2.0
    """
    return x
