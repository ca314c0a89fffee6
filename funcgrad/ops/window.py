"""The geometry of windows that slide over the axes of an array, for convolutions and windowed reductions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

Pair = tuple[int, int]


class Window(NamedTuple):
    """A window along one axis.

    Attributes:
        size: how many elements it takes.
        stride: how far it moves from one position to the next.
        low, high: how many zeros are put before and behind the axis; negative ones cut elements off.
        base: the distance that the elements of the axis are moved apart to, with zeros between them.
        dilation: the distance between the elements that the window takes.
    """

    size: int
    stride: int
    low: int
    high: int
    base: int
    dilation: int

    @property
    def extent(self) -> int:
        """The length that the window covers."""
        return dilated(self.size, self.dilation)

    def positions(self, n: int) -> int:
        """How many positions it has on an axis of length `n`."""
        room = dilated(n, self.base) + self.low + self.high - self.extent
        return room // self.stride + 1 if room >= 0 else 0

    def back(self, n: int) -> Window:
        """The window that takes, for each of the `n` elements, the positions of this window that see it.

        It slides over the positions, from its last element to its first: a kernel must be reversed.
        """
        low = self.extent - 1 - self.low
        have = dilated(self.positions(n), self.stride) + low
        need = dilated(n, self.base) + self.extent - 1
        return Window(self.size, self.base, low, need - have, self.stride, self.dilation)

    def across(self, n: int) -> Window:
        """The window that takes, for each of its own elements, the `n` elements that meet it.

        Its elements are the positions of this window, its positions the elements of this window.
        """
        positions = self.positions(n)
        need = dilated(positions, self.stride) + self.extent - 1
        high = need - self.low - dilated(n, self.base)
        return Window(positions, self.dilation, self.low, high, self.base, self.stride)


def dilated(n: int, step: int) -> int:
    """The length of `n` elements that are `step` apart."""
    return (n - 1) * step + 1 if n else 0


def windows(
    sizes: Sequence[int],
    strides: Sequence[int],
    padding: Sequence[Pair],
    base: Sequence[int],
    dilation: Sequence[int],
) -> list[Window]:
    """A window per axis."""
    rows = zip(sizes, strides, padding, base, dilation, strict=True)
    return [Window(k, s, low, high, b, d) for k, s, (low, high), b, d in rows]


def named_padding(
    kind: str, shape: Sequence[int], extents: Sequence[int], strides: Sequence[int]
) -> tuple[Pair, ...] | None:
    """The padding that "VALID", "SAME" or "SAME_LOWER" mean; None for other words.

    "SAME": as many positions as the axis has elements, divided by the stride and rounded up.
    """
    kind = kind.upper()
    if kind == "VALID":
        return ((0, 0),) * len(shape)
    if kind not in ("SAME", "SAME_LOWER"):
        return None
    pairs = []
    for n, extent, stride in zip(shape, extents, strides, strict=True):
        total = max((-(-n // stride) - 1) * stride + extent - n, 0)
        less, more = total // 2, total - total // 2
        pairs.append((less, more) if kind == "SAME" else (more, less))
    return tuple(pairs)
