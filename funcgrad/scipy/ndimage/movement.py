"""Images shifted, zoomed, rotated and transformed: splines at coordinates that follow from the output's."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.numpy.arguments import operand
from funcgrad.scipy.mirror import mirrors
from funcgrad.scipy.ndimage.interpolation import map_coordinates


def _grid(shape: tuple[int, ...]) -> Any:
    return np.indices(shape, dtype=np.float64)


@mirrors("ndimage")
def affine_transform(input: Any, matrix: Any, offset: Any = 0.0, output_shape: Any = None,
                     output: Any = None, order: int = 3, mode: str = "constant", cval: Any = 0.0,
                     prefilter: bool = True) -> Any:  # fmt: skip
    """`scipy.ndimage.affine_transform`: the image at `matrix @ i + offset` for each index `i` of the output.

    The matrix (also its diagonal, or a homogeneous one) and the offset may be traced.
    """
    x, matrix = operand(input), operand(matrix)
    ndim, shape = typeof(x).ndim, typeof(matrix).shape
    if shape in ((ndim + 1, ndim + 1), (ndim, ndim + 1)):
        matrix, offset = matrix[:ndim, :ndim], matrix[:ndim, ndim]
        shape = (ndim, ndim)
    if shape not in ((ndim,), (ndim, ndim)):
        raise ArgumentError(
            f"affine_transform: a matrix for {ndim} axes is needed, got {typeof(matrix)}{here()}"
        )
    offset = np.broadcast_to(operand(offset), (ndim,))
    out_shape = typeof(x).shape if output_shape is None else tuple(output_shape)
    grid = _grid(out_shape)
    spread = (ndim, *(1,) * len(out_shape))
    if len(shape) == 1:
        coordinates = matrix.reshape(spread) * grid
    else:
        coordinates = np.tensordot(matrix, grid, 1)
    return map_coordinates(
        x, coordinates + offset.reshape(spread), output, order, mode, cval, prefilter
    )


@mirrors("ndimage")
def shift(input: Any, shift: Any, output: Any = None, order: int = 3, mode: str = "constant",
          cval: Any = 0.0, prefilter: bool = True) -> Any:  # fmt: skip
    """`scipy.ndimage.shift`; the shift may be traced.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda s: fg.scipy.ndimage.shift(np.array([0.0, 1.0, 4.0, 9.0]), s, order=1)[2]
    >>> fg.grad(f)(0.5)
    np.float64(-3.0)
    """
    x = operand(input)
    ndim = typeof(x).ndim
    steps = np.broadcast_to(operand(shift), (ndim,)).reshape((ndim, *(1,) * ndim))
    return map_coordinates(x, _grid(typeof(x).shape) - steps, output, order, mode, cval, prefilter)


@mirrors("ndimage")
def zoom(input: Any, zoom: Any, output: Any = None, order: int = 3, mode: str = "constant",
         cval: Any = 0.0, prefilter: bool = True, *, grid_mode: bool = False) -> Any:  # fmt: skip
    """`scipy.ndimage.zoom`; the factors are plain, since the shape of the result follows from them."""
    x = operand(input)
    shape = typeof(x).shape
    if isinstance(zoom, Tracer):
        zoom = zoom._concrete(
            "factor of zoom", "give plain factors, or use affine_transform with output_shape"
        )
    factors = np.broadcast_to(np.asarray(zoom, float), len(shape))
    out_shape = tuple(round(n * factor) for n, factor in zip(shape, factors.tolist(), strict=True))
    grid = _grid(out_shape)
    rows = []
    for axis, (n, m) in enumerate(zip(shape, out_shape, strict=True)):
        if grid_mode:
            rows.append((grid[axis] + 0.5) * (n / m) - 0.5)
        else:
            rows.append(grid[axis] * ((n - 1) / (m - 1) if m > 1 else 1.0))
    return map_coordinates(x, np.stack(rows), output, order, mode, cval, prefilter)


@mirrors("ndimage")
def rotate(input: Any, angle: Any, axes: tuple[int, int] = (1, 0), reshape: bool = True,
           output: Any = None, order: int = 3, mode: str = "constant", cval: Any = 0.0,
           prefilter: bool = True) -> Any:  # fmt: skip
    """`scipy.ndimage.rotate`, by degrees; with `reshape=False` the angle may be traced under `jit`, too."""
    x = operand(input)
    shape = list(typeof(x).shape)
    plane = sorted(axis % len(shape) for axis in axes)
    if len(set(plane)) != 2:
        raise ArgumentError(f"rotate: axes must be two different ones, not {axes}{here()}")
    radians = operand(angle) * (np.pi / 180.0)
    c, s = np.cos(radians), np.sin(radians)
    turn = np.stack([np.stack([c, s]), np.stack([-s, c])])
    size = np.array([shape[axis] for axis in plane])
    new = size
    if reshape:
        known = turn._concrete("angle", "give reshape=False") if isinstance(turn, Tracer) else turn
        corners = known @ np.array([[0, 0, size[0], size[0]], [0, size[1], 0, size[1]]])
        new = (np.ptp(corners, axis=1) + 0.5).astype(int)
        shape[plane[0]], shape[plane[1]] = new.tolist()
    offset = (size - 1) / 2.0 - turn @ ((new - 1) / 2.0)
    grid = _grid(tuple(shape))
    coordinates = list(grid)
    for row, axis in enumerate(plane):
        coordinates[axis] = (
            turn[row, 0] * grid[plane[0]] + turn[row, 1] * grid[plane[1]] + offset[row]
        )
    return map_coordinates(x, np.stack(coordinates), output, order, mode, cval, prefilter)
