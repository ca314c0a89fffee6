"""Filters of images by the order of their values, and grey morphology: each result is one of the values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import normalize_axis, operand
from funcgrad.scipy.mirror import mirrors
from funcgrad.scipy.ndimage.edges import PADS, in_dtype, mode_name


def _windows(
    name: str, input: Any, size: Any, footprint: Any, mode: Any, cval: Any, origin: Any, axes: Any
) -> tuple[Any, Any]:
    """The values around each element along a last axis, and the places of the footprint that they are from."""
    x = operand(input)
    ndim = typeof(x).ndim
    axes = range(ndim) if axes is None else [axes] if isinstance(axes, int) else axes
    axes = [normalize_axis(axis, ndim) for axis in axes]
    if footprint is None:
        if size is None:
            raise ArgumentError(f"{name}: no footprint or filter size provided{here()}")
        footprint = np.ones(np.broadcast_to(size, (len(axes),)), bool)
    footprint = np.asarray(footprint, bool)
    if footprint.ndim != len(axes):
        raise ArgumentError(
            f"{name}: a footprint of {footprint.ndim} axes for {len(axes)} axes of the image{here()}"
        )
    sizes, widths = [1] * ndim, [(0, 0)] * ndim
    origins = np.broadcast_to(origin, (len(axes),)).tolist()
    for axis, n, shift in zip(axes, footprint.shape, origins, strict=True):
        sizes[axis], before = n, n // 2 + shift
        widths[axis] = (before, n - 1 - before)
    pad = PADS[mode_name(mode)]
    options = {"constant_values": cval} if pad == "constant" else {}
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(x, widths, mode=pad, **options), tuple(sizes)
    )
    spread = np.zeros(sizes, bool)
    spread[...] = np.transpose(footprint, np.argsort(axes)).reshape(sizes)
    places = np.flatnonzero(spread)
    return windows.reshape((*typeof(x).shape, -1))[..., places], places


def _of_windows(name: str, doc: str, choose: Callable[..., Any], *extra: str) -> Callable[..., Any]:
    """A filter that chooses one of the values of each window."""

    def function(input: Any, *args: Any, **named: Any) -> Any:
        names = (*extra, "size", "footprint", "output", "mode", "cval", "origin")
        given = dict(zip(names, args, strict=False)) | named
        options = {
            "mode": "reflect",
            "cval": 0.0,
            "origin": 0,
            "size": None,
            "footprint": None,
        } | given
        output, axes = options.get("output"), options.get("axes")
        kept = {k: options[k] for k in ("size", "footprint", "mode", "cval", "origin")}
        values, _ = _windows(name, input, axes=axes, **kept)
        found = choose(values, *[options[key] for key in extra])
        return in_dtype(found, output, typeof(values).dtype)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return mirrors("ndimage", name)(function)


def _ranked(values: Any, rank: int) -> Any:
    n = typeof(values).shape[-1]
    rank = rank + n if rank < 0 else rank
    if not 0 <= rank < n:
        raise ArgumentError(f"rank not within filter footprint size: {rank} of {n}{here()}")
    return np.sort(values, axis=-1)[..., rank]


def _percentile(values: Any, percentile: float) -> Any:
    n = typeof(values).shape[-1]
    percentile = percentile + 100.0 if percentile < 0.0 else percentile
    if not 0.0 <= percentile <= 100.0:
        raise ArgumentError(f"invalid percentile: {percentile}{here()}")
    return _ranked(values, n - 1 if percentile == 100.0 else int(n * percentile / 100.0))


median_filter = _of_windows(
    "median_filter",
    """`scipy.ndimage.median_filter`: the median around each element.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda x: fg.scipy.ndimage.median_filter(x, 3)[1])(np.array([1.0, 4.0, 2.0]))
    array([0., 0., 1.])
    """,
    lambda values: _ranked(values, typeof(values).shape[-1] // 2),
)
maximum_filter = _of_windows(
    "maximum_filter",
    """`scipy.ndimage.maximum_filter`: the largest value around each element.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda x: fg.scipy.ndimage.maximum_filter(x, 3).sum())(np.array([1.0, 4.0, 2.0]))
    array([0., 3., 0.])
    """,
    lambda values: np.max(values, axis=-1),
)
minimum_filter = _of_windows(
    "minimum_filter",
    """`scipy.ndimage.minimum_filter`: the smallest value around each element.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda x: fg.scipy.ndimage.minimum_filter(x, 3).sum())(np.array([1.0, 4.0, 2.0]))
    array([2., 0., 1.])
    """,
    lambda values: np.min(values, axis=-1),
)
rank_filter = _of_windows(
    "rank_filter",
    "`scipy.ndimage.rank_filter`: the value of a rank around each element.",
    _ranked,
    "rank",
)
percentile_filter = _of_windows(
    "percentile_filter",
    "`scipy.ndimage.percentile_filter`: the value of a percentile around each element.",
    _percentile,
    "percentile",
)


def _along_axis(name: str, filter_: Callable[..., Any]) -> Callable[..., Any]:
    @mirrors("ndimage", name)
    def function(
        input: Any, size: int, axis: int = -1, output: Any = None, mode: str = "reflect", cval: Any = 0.0,
        origin: int = 0,
    ) -> Any:  # fmt: skip
        options = {"output": output, "mode": mode, "cval": cval, "origin": origin, "axes": axis}
        return filter_(input, (size,), **options)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"`scipy.ndimage.{name}`: along one axis."
    return function


maximum_filter1d = _along_axis("maximum_filter1d", maximum_filter)
minimum_filter1d = _along_axis("minimum_filter1d", minimum_filter)


def _morphology(name: str, sign: float) -> Callable[..., Any]:
    """The largest sum with a structure, or the smallest difference."""

    @mirrors("ndimage", name)
    def function(
        input: Any, size: Any = None, footprint: Any = None, structure: Any = None, output: Any = None,
        mode: str = "reflect", cval: Any = 0.0, origin: Any = 0, *, axes: Any = None,
    ) -> Any:  # fmt: skip
        shape = np.shape(structure if structure is not None else footprint)
        if not shape and size is None:
            raise ArgumentError(f"size, footprint, or structure must be specified{here()}")
        if footprint is None:
            footprint = np.ones(
                shape or np.broadcast_to(size, (typeof(operand(input)).ndim,)), bool
            )
        heights: Any = 0.0
        if structure is not None:
            heights = np.asarray(structure)
        footprint = np.asarray(footprint, bool)
        if sign > 0:  # a dilation reflects its structure
            footprint = footprint[(slice(None, None, -1),) * footprint.ndim]
            if structure is not None:
                heights = heights[(slice(None, None, -1),) * heights.ndim]
            even = [1 - n % 2 for n in footprint.shape]
            origin = [
                -o - k for o, k in zip(np.broadcast_to(origin, footprint.ndim), even, strict=True)
            ]
        values, places = _windows(name, input, None, footprint, mode, cval, origin, axes)
        if structure is not None:
            values = values + sign * heights.ravel()[places]
        found = np.max(values, axis=-1) if sign > 0 else np.min(values, axis=-1)
        return in_dtype(found, output, typeof(operand(input)).dtype)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""`scipy.ndimage.{name}`, flat or with a structure.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda x: fg.scipy.ndimage.{name}(x, 3)[0]
    >>> fg.grad(f)(np.array([1.0, 1.0 {"+" if sign > 0 else "-"} 3.0, 0.0]))
    array([0., 1., 0.])
    """
    return function


grey_dilation, grey_erosion = _morphology("grey_dilation", 1.0), _morphology("grey_erosion", -1.0)


def _of_both(
    name: str, first: Callable[..., Any], second: Callable[..., Any]
) -> Callable[..., Any]:
    @mirrors("ndimage", name)
    def function(
        input: Any, size: Any = None, footprint: Any = None, structure: Any = None, output: Any = None,
        mode: str = "reflect", cval: Any = 0.0, origin: Any = 0, *, axes: Any = None,
    ) -> Any:  # fmt: skip
        options = (size, footprint, structure, None, mode, cval, origin)
        inner = first(input, *options, axes=axes)
        return in_dtype(second(inner, *options, axes=axes), output, typeof(inner).dtype)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"`scipy.ndimage.{name}`, flat or with a structure."
    return function


grey_opening = _of_both("grey_opening", grey_erosion, grey_dilation)
grey_closing = _of_both("grey_closing", grey_dilation, grey_erosion)
