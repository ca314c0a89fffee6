"""Where a quantile lies among sorted samples, by the thirteen methods that NumPy knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core.tracing import Tracer
from funcgrad.ops.basic import convert

_INT = np.dtype(np.intp)
Position = Callable[[Any, Any], Any]

# Where the quantile q of n sorted samples lies, counted from 0 (Hyndman and Fan, "Sample quantiles in
# statistical packages", 1996). Those of DISCRETE are integers: no interpolation.


def _general(alpha: float, beta: float) -> Position:
    return lambda n, q: n * q + (alpha + q * (1 - alpha - beta)) - 1


def _up_or_down(x: Any, down: Any) -> Any:
    """The integer below a position where the condition holds, the next one elsewhere."""
    below = np.floor(x)
    return as_index(np.maximum(np.where(down, below, below + 1), 0))


def _inverted_cdf(n: Any, q: Any) -> Any:
    x = n * q - 1
    return _up_or_down(x, x == np.floor(x))


def _closest_observation(n: Any, q: Any) -> Any:
    x = n * q - 1.5
    below = np.floor(x)
    return _up_or_down(x, (x == below) & (below % 2 == 1))


def as_index(x: Any) -> Any:
    return convert(x, _INT) if isinstance(x, Tracer) else np.asarray(x).astype(np.intp)


DISCRETE: dict[str, Position] = {
    "inverted_cdf": _inverted_cdf,
    "closest_observation": _closest_observation,
    "lower": lambda n, q: as_index(np.floor((n - 1) * q)),
    "higher": lambda n, q: as_index(np.ceil((n - 1) * q)),
    "nearest": lambda n, q: as_index(np.rint((n - 1) * q)),
}
CONTINUOUS: dict[str, Position] = {
    "averaged_inverted_cdf": lambda n, q: n * q - 1,
    "interpolated_inverted_cdf": _general(0, 1),
    "hazen": _general(0.5, 0.5),
    "weibull": _general(0, 0),
    "linear": lambda n, q: (n - 1) * q,
    "median_unbiased": _general(1 / 3, 1 / 3),
    "normal_unbiased": _general(3 / 8, 3 / 8),
    "midpoint": lambda n, q: 0.5 * (np.floor((n - 1) * q) + np.ceil((n - 1) * q)),
}


def weight_of_next(method: str, position: Any, below: Any) -> Any:
    """How much the sample behind the position counts."""
    weight = position - below
    if method == "averaged_inverted_cdf":
        return np.where(weight == 0, 0.5, 1.0)
    if method == "midpoint":
        return np.where(weight == 0, 0.0, 0.5)
    return weight
