"""Arrays in C: a pointer and the steps along each axis, known when the source is written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple


class Array(NamedTuple):
    """A view of memory.

    Attributes:
        pointer: a C expression.
        shape: as NumPy's.
        strides: in elements.
        dtype: of the elements.
        offset: of the first element.
    """

    pointer: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: Any
    offset: int = 0

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def is_contiguous(self) -> bool:
        return self.strides == row_major(self.shape)

    def at(self, indices: Sequence[str]) -> str:
        """The element at these C expressions, one per axis."""
        terms = [
            i if s == 1 else f"{i} * {s}"
            for i, s, n in zip(indices, self.strides, self.shape, strict=True)
            if s and n > 1
        ]
        if self.offset or not terms:
            terms.append(str(self.offset))
        return f"{self.pointer}[{' + '.join(terms)}]"

    def flat(self, index: str) -> str:
        """The element at a place of a contiguous array."""
        return f"{self.pointer}[{index}{f' + {self.offset}' if self.offset else ''}]"

    def broadcast(self, shape: Sequence[int], dims: Sequence[int]) -> Array:
        """With its axes at `dims` of a larger shape."""
        strides = [0] * len(shape)
        for n, s, d in zip(self.shape, self.strides, dims, strict=True):
            strides[d] = s if n == shape[d] and n > 1 else 0
        return self._replace(shape=tuple(shape), strides=tuple(strides))

    def transposed(self, permutation: Sequence[int]) -> Array:
        return self._replace(
            shape=tuple([self.shape[p] for p in permutation]),
            strides=tuple([self.strides[p] for p in permutation]),
        )

    def reversed(self, axes: Sequence[int]) -> Array:
        offset, strides = self.offset, list(self.strides)
        for d in axes:
            offset += (self.shape[d] - 1) * strides[d]
            strides[d] = -strides[d]
        return self._replace(strides=tuple(strides), offset=offset)

    def reshaped(self, shape: Sequence[int]) -> Array | None:
        """A view with another shape, None if that needs a copy."""
        if self.is_contiguous:
            return self._replace(shape=tuple(shape), strides=row_major(shape))
        if [n for n in self.shape if n > 1] == [n for n in shape if n > 1]:  # axes of length 1 only
            steps = iter([s for n, s in zip(self.shape, self.strides, strict=True) if n > 1])
            strides = tuple([next(steps) if n > 1 else 0 for n in shape])
            return self._replace(shape=tuple(shape), strides=strides)
        return None

    def indexed(self, index: Sequence[Any]) -> Array:
        """The view at a basic index: ints, slices `(start, stop, step)` and None for new axes."""
        offset, shape, strides = self.offset, [], []
        axes = iter(zip(self.shape, self.strides, strict=True))
        for entry in index:
            if entry is None:
                shape.append(1)
                strides.append(0)
                continue
            _, stride = next(axes)
            if type(entry) is int:
                offset += entry * stride
            else:
                offset += entry.start * stride
                shape.append(entry.length)
                strides.append(entry.step * stride)
        return self._replace(shape=tuple(shape), strides=tuple(strides), offset=offset)


def row_major(shape: Sequence[int]) -> tuple[int, ...]:
    strides = []
    step = 1
    for n in reversed(shape):
        strides.append(step)
        step *= n
    return tuple(reversed(strides))
