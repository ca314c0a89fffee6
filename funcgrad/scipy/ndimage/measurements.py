"""Sums, means, extremes and centres of the labelled parts of an image. Labels are plain integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import operand
from funcgrad.ops.basic import convert
from funcgrad.scipy.mirror import has_tracer, mirrors


def _parts(name: str, input: Any, labels: Any, index: Any) -> tuple[list[Any], bool]:
    """The elements of each part, as the positions in the flat image, and whether one part was asked for."""
    if has_tracer(labels, index):
        raise ArgumentError(f"{name}: labels and index must be plain integers{here()}")
    shape = typeof(operand(input)).shape
    if labels is None:
        return [np.arange(int(np.prod(shape)))], True
    labels = np.broadcast_to(np.asarray(labels), shape).ravel()
    if index is None:
        return [np.flatnonzero(labels > 0)], True
    single = np.ndim(index) == 0
    return [np.flatnonzero(labels == i) for i in np.ravel(index)], single


def _measure(name: str, doc: str, of: Callable[[Any], Any], empty: float) -> Callable[..., Any]:
    @mirrors("ndimage", name)
    def function(input: Any, labels: Any = None, index: Any = None) -> Any:
        parts, single = _parts(name, input, labels, index)
        x = operand(input)
        flat = (x if typeof(x).dtype.kind in "fc" else convert(x, np.float64)).reshape(-1)
        found = [of(flat[part]) if len(part) else np.float64(empty) for part in parts]
        return found[0] if single else np.stack(found)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""`scipy.ndimage.{name}`: {doc} of the elements of each label in `index`.

    >>> import numpy as np, funcgrad as fg
    >>> labels = np.array([0, 1, 0])
    >>> fg.grad(lambda x: fg.scipy.ndimage.{name}(x, labels, 1))(np.ones(3)).shape
    (3,)
    """
    return function


sum_labels = _measure("sum_labels", "the sums", np.sum, 0.0)
mean = _measure("mean", "the means", np.mean, np.nan)
variance = _measure("variance", "the variances", np.var, np.nan)
standard_deviation = _measure("standard_deviation", "the standard deviations", np.std, np.nan)
maximum = _measure("maximum", "the largest", np.max, 0.0)
minimum = _measure("minimum", "the smallest", np.min, 0.0)
median = _measure("median", "the medians", np.median, np.nan)
sum = mirrors("ndimage", "sum")(sum_labels.__wrapped__)  # type: ignore[attr-defined]


@mirrors("ndimage")
def center_of_mass(input: Any, labels: Any = None, index: Any = None) -> Any:
    """`scipy.ndimage.center_of_mass`: a tuple of coordinates, or a list of them for a list of labels.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda x: fg.scipy.ndimage.center_of_mass(x)[0])(np.array([1.0, 1.0]))
    array([-0.25,  0.25])
    """
    x = operand(input)
    grids = np.indices(typeof(x).shape).astype(float)
    total = sum_labels(x, labels, index)
    centres = [sum_labels(x * g, labels, index) / total for g in grids]
    if typeof(total).ndim == 0:
        return tuple(centres)
    return [tuple(c[i] for c in centres) for i in range(typeof(total).shape[0])]
