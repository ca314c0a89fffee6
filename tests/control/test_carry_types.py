"""Carries of loops: Python's numbers give way to arrays of a kind that holds them, and to no other."""

from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import lax
from funcgrad.core.errors import ArgumentError

wrappers = pytest.mark.parametrize("wrap", [lambda f: f, fg.jit], ids=["eager", "jit"])


@wrappers
@pytest.mark.parametrize(
    ("init", "body"),
    [(0.0, lambda c: c > 1), (False, lambda c: c + 1), (np.ones(3), lambda c: c > 1)],
    ids=["float to bool", "bool to int", "array to bools"],
)
def test_carry_of_another_kind_is_refused(wrap: Any, init: Any, body: Any) -> None:
    with pytest.raises(ArgumentError, match="returns a carry of other types"):
        wrap(lambda: lax.scan(lambda c, _: (body(c), c), init, None, length=2))()


@wrappers
def test_python_number_gives_way_to_an_array(wrap: Any) -> None:
    last, seen = wrap(lambda: lax.scan(lambda c, _: (c + np.float32(1), c), 0, None, length=2))()
    assert last == 2
    assert last.dtype == np.float32
    np.testing.assert_array_equal(seen, [0, 1])
