"""Scatters that add up go piece by piece where there are many writes: as NumPy's `ufunc.at` does at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from funcgrad.ops import gather

ALL = slice(None)
RNG = np.random.default_rng(0)
PLACES: list[tuple[tuple[int, ...], tuple[Any, ...]]] = [
    ((5, 3), (RNG.integers(0, 5, 40), ALL)),
    ((3, 5), (ALL, RNG.integers(0, 5, 40))),
    ((4, 5, 6), (RNG.integers(0, 4, (3, 9)), ALL, RNG.integers(0, 6, (3, 9)))),
    ((4, 5, 6), (ALL, RNG.integers(0, 5, (3, 1)), RNG.integers(0, 6, 9))),
    ((4, 5), (np.array(2), ALL)),
    ((1, 5), (np.array([], int), ALL)),
    ((4, 0), (np.array([1, 1]), ALL)),
    ((4, 5), (np.array([-1, -1, 0]), np.array([1, 1, -5]))),
]


@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.maximum])
@pytest.mark.parametrize(("shape", "index"), PLACES)
def test_pieces(ufunc: np.ufunc, shape: Any, index: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "_PIECE", 7)
    written = np.zeros(shape)[index].shape
    for value in (RNG.normal(size=written), 2.0, RNG.normal(size=written[-1:])):
        expected = RNG.normal(size=shape)
        got = expected.copy()
        gather.accumulate(ufunc)(got, index, value)
        ufunc.at(expected, index, value)
        np.testing.assert_array_equal(got, expected)


def test_places_out_of_range() -> None:
    with pytest.raises(IndexError, match="index 3 is out of bounds for axis 0 with size 3"):
        gather.accumulate(np.add)(np.zeros((3, 3)), (np.arange(10), ALL), 1.0)
