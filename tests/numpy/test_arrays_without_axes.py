"""Arrays without axes, where NumPy takes them for arrays of length 1 or for numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "take": lambda x, axis: np.take(x, 0, axis=axis),
    "take of a list": lambda x, axis: np.take(x, [0, 0], axis=axis),
    "repeat": lambda x, axis: np.repeat(x, 2, axis=axis),
    "compress": lambda x, axis: np.compress([True], x, axis=axis),
    "squeeze": np.squeeze,
    "cumsum": np.cumsum,
    "argsort": lambda x, axis: x * np.argsort(x, axis=axis),
    "argpartition": lambda x, axis: x * np.argpartition(x, 0, axis=axis),
    "count_nonzero": lambda x, axis: x * np.count_nonzero(x, axis=axis),
    "nanmean": np.nanmean,
    "nanvar": np.nanvar,
    "nanstd": np.nanstd,
    "sort": np.sort,
    "partition": lambda x, axis: np.partition(x, 0, axis=axis),
    "insert": lambda x, axis: np.insert(x, 0, 1.0, axis=axis),
    "delete": lambda x, axis: np.delete(x, 0, axis=axis),
}
if hasattr(np, "cumulative_sum"):
    FUNCTIONS["cumulative_sum"] = lambda x, axis: np.cumulative_sum(
        x, axis=axis, include_initial=True
    )


@pytest.mark.parametrize("axis", [0, -1, 1])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_axis_of_an_array_without_axes(name: str, axis: int) -> None:
    fun = FUNCTIONS[name]
    for x in (1.5, np.array(1.5)):
        try:
            expected = fun(x, axis=axis)
        except np.exceptions.AxisError:
            with pytest.raises(np.exceptions.AxisError):
                fg.jit(fun, static_argnames="axis")(x, axis=axis)
            continue
        got = fg.jit(fun, static_argnames="axis")(x, axis=axis)
        np.testing.assert_array_equal(got, expected)
        assert np.shape(got) == np.shape(expected)


def test_ranges_between_lists() -> None:
    for fun in (np.linspace, np.logspace, np.geomspace):
        got = fg.jit(lambda x, fun=fun: fun(x, [2.0, 4.0], 3))(1.0)
        np.testing.assert_allclose(got, fun(1.0, [2.0, 4.0], 3), rtol=1e-15)


def test_transpose_takes_one_axis_as_a_number() -> None:
    np.testing.assert_array_equal(
        fg.grad(lambda x: np.transpose(x, 0) @ np.arange(3.0))(np.ones(3)), [0, 1, 2]
    )
