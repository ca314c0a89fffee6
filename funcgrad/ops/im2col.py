"""How convolutions run: windows are gathered into the rows or columns of a matrix and multiplied by BLAS.

That goes by pieces that fit into the cache. The axes of the array of windows are g (groups), n (batch), p
(positions, one axis per spatial one), f (features of a group), k (elements of the window). They are gathered in the
order in which memory has long runs, and cut along the positions or, where the sum is longer than the result (as in
derivatives with respect to the kernel), along what is summed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from funcgrad.ops.shape import pad_array as pad
from funcgrad.ops.window import Window

_PIECE_BYTES = 1 << 21
# What adding a product to its place costs, against copying an element into the matrix of windows.
_ADD_COST = 3


def convolve(lhs: Any, rhs: Any, spatial: Sequence[Window], groups: int) -> Any:
    """(n, g f, *spatial) and (g o, f, *k) to (n, g o, *p)."""
    dtype = lhs.dtype
    if dtype == np.float16:  # NumPy has no fast product of these
        out = convolve(lhs.astype(np.float32), rhs.astype(np.float32), spatial, groups)
        return out.astype(np.float16)
    positions = [w.positions(n) for w, n in zip(spatial, lhs.shape[2:], strict=True)]
    shape = (lhs.shape[0], rhs.shape[0], *positions)
    if 0 in shape or 0 in rhs.shape or not lhs.size:
        return np.zeros(shape, dtype)
    if all(w.stride == 1 for w in spatial):
        seen = math.prod(rhs.shape[:1] + lhs.shape[2:]) // groups
        if _ADD_COST * seen < math.prod(rhs.shape[1:2] + shape[2:]):
            return _spread(lhs, rhs, spatial, positions, groups)
    return _Plan(lhs, rhs, spatial, positions, groups).run()


def _spread(
    lhs: Any, rhs: Any, spatial: Sequence[Window], positions: list[int], groups: int
) -> Any:
    """A convolution without strides, from the products of each element with the whole kernel.

    They are added where the windows see the element: at position base * i + low - dilation * k for element k of the
    window. So nothing is computed for the zeros between elements that are moved apart.
    """
    n, f, o = lhs.shape[0], lhs.shape[1] // groups, rhs.shape[0] // groups
    size, kernel = lhs.shape[2:], rhs.shape[2:]
    out = np.zeros((n, groups, o, *positions), lhs.dtype)
    matrix = np.moveaxis(rhs.reshape(groups, o, f, *kernel), 2, -1).reshape(groups, -1, f)
    flat = lhs.reshape(n, groups, f, math.prod(size))
    step = max(1, _PIECE_BYTES // (matrix[..., 0].size * math.prod(size) * lhs.dtype.itemsize))
    for start in range(0, n, step):
        some = flat[start : start + step]
        products = np.matmul(matrix, some).reshape(len(some), groups, o, *kernel, *size)
        for k in np.ndindex(kernel):
            source, target = [slice(None)] * 3, [slice(None)] * 3
            for j, w, have, room in zip(k, spatial, size, positions, strict=True):
                at = w.low - j * w.dilation
                first = max(0, -(at // w.base))
                last = min(have, -((at - room) // w.base))
                source.append(slice(first, max(first, last)))
                stop = at + max(first, last) * w.base
                target.append(
                    slice(at + first * w.base, stop, w.base) if last > first else slice(0, 0)
                )
            piece = products[(slice(None),) * 3 + k]
            out[start : start + step][tuple(target)] += piece[tuple(source)]
    return out.reshape(n, groups * o, *positions)


class _Plan:
    """One convolution: how its windows lie in memory, and how they are gathered.

    The matrix of windows has rows (n, p) and columns (f, k) in "rows", or (k, f) in "rows, features last"; in
    "columns" it is the transpose of the first.
    """

    def __init__(
        self, lhs: Any, rhs: Any, spatial: Sequence[Window], positions: list[int], groups: int
    ) -> None:
        self.groups, self.positions = groups, positions
        self.n, self.f = lhs.shape[0], lhs.shape[1] // groups
        self.o = rhs.shape[0] // groups
        self.k = rhs.shape[2:]
        self.d = len(positions)
        self.dtype = lhs.dtype
        elements = self.f * math.prod(self.k)
        self.sums = self.o == 1 and elements > self.n * math.prod(positions)
        self.order = "columns" if self.sums else self._order(spatial)
        self.view = self._windows(lhs, spatial)
        if any(s < 0 for s in rhs.strides):
            rhs = rhs.copy()  # BLAS has no products with what was reversed in place
        self.kernel = rhs.reshape(groups, self.o, self.f, *self.k)

    def _order(self, spatial: Sequence[Window]) -> str:
        if not self.d:
            return "rows, features last"
        last = spatial[-1]
        runs = {  # the lengths of what is copied at once; half for every other element
            "columns": self.positions[-1] * (1.0 if last.stride == 1 else 0.5),
            "rows": self.k[-1] * (1.0 if last.dilation == 1 else 0.5),
            "rows, features last": self.f * (self.k[-1] if last.dilation == 1 else 1),
        }
        return max(runs, key=lambda name: runs[name])

    def _windows(self, lhs: Any, spatial: Sequence[Window]) -> Any:
        """All windows, as a view (g, n, *p, f, *k) of the padded array."""
        widths = [(w.low, w.high, w.base - 1) for w in spatial]
        none = (0, 0, 0)
        if self.order == "rows, features last":
            lhs = np.moveaxis(lhs, 1, -1)
            if any(w != none for w in widths) or not lhs.flags.c_contiguous:
                lhs = pad(lhs, 0, (none, *widths, none))
            lhs = np.moveaxis(lhs, -1, 1)
        elif any(w != none for w in widths):
            lhs = pad(lhs, 0, (none, none, *widths))
        s_n, s_f, *steps = lhs.strides
        shape = (self.groups, self.n, *self.positions, self.f, *self.k)
        strides = (
            s_f * self.f,
            s_n,
            *[s * w.stride for s, w in zip(steps, spatial, strict=True)],
            s_f,
            *[s * w.dilation for s, w in zip(steps, spatial, strict=True)],
        )
        return np.lib.stride_tricks.as_strided(lhs, shape, strides, writeable=False)

    def run(self) -> Any:
        """The result (n, g o, *p)."""
        g, n, o, p = self.groups, self.n, self.o, self.positions
        rows, columns = n * math.prod(p), self.f * math.prod(self.k)
        upright = self.order != "columns"
        if self.sums:
            return self._sums()
        if columns > rows:
            parts = self._pieces(2 + self.d, rows * g * self.dtype.itemsize)
            return self._arranged(sum(self._product(part) for part in parts), upright)
        out = np.empty((n, *p, g, o) if upright else (n, g, o, *p), self.dtype)
        for part in self._pieces(1, columns * g * self.dtype.itemsize):
            place = (part[1], part[2]) if p else (part[1],)
            product = self._product(part)
            if upright:
                piece = out[place]
                piece[...] = np.moveaxis(product, 0, -2).reshape(piece.shape)
            else:
                piece = out[place[0], :, :, *place[1:]]
                block = product.reshape(g, o, piece.shape[0], *piece.shape[3:])
                piece[...] = np.moveaxis(block, 2, 0)
        return self._flat(out, upright)

    def _sums(self) -> Any:
        """The result by long sums over windows where they lie: for a matrix times a vector, copying is most work."""
        out = np.empty((self.n, self.groups, *self.positions), self.dtype)
        axes = list(range(self.view.ndim - self.d))  # g, n, f, *k
        for p in np.ndindex(*self.positions):
            place = (slice(None), slice(None), *p)
            out[place] = np.einsum(
                self.view[place], axes, self.kernel[:, 0], [0, *axes[2:]], [1, 0]
            )
        return out

    def _arranged(self, product: Any, upright: bool) -> Any:
        """A product of all windows, (g, n p, o) or (g, o, n p), as the result."""
        g, n, o, p = self.groups, self.n, self.o, self.positions
        if upright:
            return self._flat(np.moveaxis(product.reshape(g, n, *p, o), 0, -2), upright)
        return self._flat(np.moveaxis(product.reshape(g, o, n, *p), 2, 0), upright)

    def _flat(self, out: Any, upright: bool) -> Any:
        n, p = self.n, self.positions
        if upright:
            return np.moveaxis(out.reshape(n, *p, self.groups * self.o), -1, 1)
        return out.reshape(n, self.groups * self.o, *p)

    def _pieces(self, first: int, unit: int) -> Iterator[tuple[slice, ...]]:
        """Cuts of the array of windows along axes `first` and `first + 1`.

        `unit`: the bytes of the matrix for one index of all the axes that are cut.
        """
        whole = [slice(None)] * self.view.ndim
        n = self.view.shape[first]
        inner = self.view.shape[first + 1 : first + 1 + self.d]
        per_index = unit * math.prod(inner)
        step = max(1, _PIECE_BYTES // per_index)
        n_inner = inner[0] if inner else 1
        inner_step = n_inner if step > 1 else max(1, _PIECE_BYTES // (per_index // n_inner))
        for i in range(0, n, step):
            for j in range(0, n_inner, inner_step):
                whole[first] = slice(i, i + step)
                if inner:
                    whole[first + 1] = slice(j, j + inner_step)
                yield tuple(whole)

    def _product(self, part: tuple[slice, ...]) -> Any:
        """The product of a piece of the windows and the kernel: (g, n p, o), or (g, o, n p) in columns."""
        view = self.view[part]
        split = 2 + self.d
        kernel = self.kernel[(slice(None), slice(None), *part[split:])]
        g, rows = self.groups, math.prod(view.shape[1:split])
        columns = math.prod(view.shape[split:])
        if self.order == "columns":
            matrix = np.moveaxis(view, range(1, split), range(-split + 1, 0))
            return np.matmul(kernel.reshape(g, self.o, columns), matrix.reshape(g, columns, rows))
        if self.order == "rows, features last":
            view, kernel = np.moveaxis(view, split, -1), np.moveaxis(kernel, 2, -1)
        kernel = kernel.reshape(g, self.o, columns)
        return np.matmul(view.reshape(g, rows, columns), kernel.swapaxes(1, 2))
