"""Helpers: a jaxpr's compiled program must do what the interpreter does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.compile.program import compile_jaxpr
from funcgrad.compile.results import interpret
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.tracing import build_jaxpr
from funcgrad.core.types import ShapedArray, aval_of


def aval(*shape: int, dtype: Any = float) -> ShapedArray:
    return ShapedArray(shape, np.dtype(dtype))


def jaxpr_of(fun: Callable[..., Any], *avals: ShapedArray) -> Jaxpr:
    """The jaxpr of a function that uses NumPy; it may return one value or several."""

    def flat(*args: Any) -> list[Any]:
        out = fun(*args)
        return list(out) if isinstance(out, tuple | list) else [out]

    return build_jaxpr(flat, avals, name="test")


def jaxpr_for(fun: Callable[..., Any], *args: Any) -> Jaxpr:
    return jaxpr_of(fun, *[aval_of(a) for a in args])


def assert_same(expected: Sequence[Any], got: Sequence[Any], rtol: float = 1e-11) -> None:
    """Equal types, dtypes, shapes and values; NaN, infinities and signs of zeros included."""
    assert len(got) == len(expected)
    for e, g in zip(expected, got, strict=True):
        assert type(g) is type(e), (type(g), type(e))
        assert g.dtype == e.dtype
        assert g.shape == e.shape
        if e.dtype.kind in "fc":
            tolerance = max(rtol, 200 * float(np.finfo(e.dtype).eps))
            np.testing.assert_allclose(g, e, rtol=tolerance, atol=tolerance, equal_nan=True)
        else:
            np.testing.assert_array_equal(g, e)


def assert_private(args: Sequence[Any], results: Sequence[Any]) -> None:
    """Results are writable and share memory with nothing."""
    arrays = [r for r in results if isinstance(r, np.ndarray)]
    others = [a for a in args if isinstance(a, np.ndarray)]
    for i, result in enumerate(arrays):
        assert result.flags.writeable
        for other in (*others, *arrays[:i]):
            assert not np.shares_memory(result, other)


def check(jaxpr: Jaxpr, args: Sequence[Any], rtol: float = 1e-11) -> list[Any]:
    """Run a jaxpr both ways and compare; the results of the compiled program."""
    before = [np.copy(a) for a in args]
    expected = interpret(jaxpr, args)
    program = compile_jaxpr(jaxpr)
    got = program(*args)
    assert_same(expected, got, rtol)
    assert_private(args, got)
    again = program(*args)
    for a, b in zip(got, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert_private([*args, *got], again)
    for a, b in zip(args, before, strict=True):
        np.testing.assert_array_equal(a, b)
    return got
