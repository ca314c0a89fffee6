"""What in-place code and indices that cannot work say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.core.errors import (
    ConcretizationError,
    FuncgradError,
    LostDerivativeError,
    ReadOnlyArgumentError,
    TracingError,
    UnsupportedError,
)

X = np.random.default_rng(0).uniform(-1, 1, (3, 4))


def message_of(f: Callable[..., Any], *args: Any, kind: type[Exception] = TracingError) -> str:
    with pytest.raises(kind) as caught:
        fg.grad(f)(*args)
    return str(caught.value)


def test_arguments_are_read_only() -> None:
    def f(x: Any) -> Any:
        x[0] = 1.0
        return x.sum()

    message = message_of(f, np.ones(3), kind=ReadOnlyArgumentError)
    assert "in-place update of f64[3], which is an argument of" in message
    assert "test_inplace_errors.py" in message
    assert "x = x.copy()" in message

    def g(x: Any) -> Any:
        x[1:].T[...] *= 2.0
        return x.sum()

    assert "argument of" in message_of(g, np.ones(3), kind=ReadOnlyArgumentError)

    def h(x: Any) -> Any:
        x += 1.0
        return x.sum()

    assert "argument of" in message_of(h, np.ones(3), kind=ReadOnlyArgumentError)


def test_read_only_views() -> None:
    for read in (lambda x: x * 1.0, lambda x: x[0]):

        def f(x: Any, read: Any = read) -> Any:
            z = np.broadcast_to(read(x), (2, 3))
            z[0] = 1.0
            return z.sum()

        assert "read-only" in message_of(f, np.ones(3))


def test_arrays_made_outside_cannot_take_traced_values() -> None:
    z = np.zeros(3)

    def f(x: Any) -> Any:
        z[0] = x[0]
        return z.sum()

    message = message_of(f, np.ones(3))
    assert "test_inplace_errors.py" in message
    assert "z = np.array(z)" in message
    assert "fnp.zeros" in message

    def g(x: Any) -> Any:
        z[:2] = x[:2]
        return z.sum()

    assert "np.zeros_like(x)" in message_of(g, np.ones(3))

    def h(x: Any) -> Any:
        np.copyto(z, x)
        return z.sum()

    assert "np.copyto cannot write traced values into a plain array" in message_of(h, np.ones(3))
    assert not z.any()


def test_integers_do_not_take_floats() -> None:
    def f(x: Any) -> Any:
        z = np.zeros_like(x, dtype=int)
        z[0] = x[0]
        return x.sum()

    message = message_of(f, np.ones(3), kind=LostDerivativeError)
    assert "a traced f64[] was stored into an array of dtype int64" in message

    def g(x: Any) -> Any:
        z = np.zeros_like(x, dtype=int)
        z[0] = 2.7
        z[1] = (x[1] * 3.5).astype(int)
        return x.sum() * z[0] * z[1]

    np.testing.assert_array_equal(fg.grad(g)(np.ones(3)), np.full(3, 6.0))


def test_complex_into_real() -> None:
    def f(x: Any) -> Any:
        z = x * 1.0
        z[:] = x * 1j
        return z.sum()

    with pytest.warns(np.exceptions.ComplexWarning):
        fg.grad(f)(np.ones(3))

    def g(x: Any) -> Any:
        z = x * 1.0
        z[0] = x[0] * 1j
        return z.sum()

    message_of(g, np.ones(3), kind=TypeError)


def test_masks_that_differ_per_example() -> None:
    with pytest.raises(ConcretizationError) as caught:
        fg.vmap(lambda x: np.cumsum(x[x > 0.0]))(X)
    message = str(caught.value)
    assert "differs per example under vmap" in message
    assert "np.where(mask, x, other)" in message
    assert "test_inplace_errors.py" in message
    for use in (len, list, lambda m: m.shape, lambda m: m[0], np.sort, np.maximum.reduce):
        with pytest.raises(ConcretizationError):
            fg.jit(lambda x, use=use: use(x[x > 0.0]))(X)

    def other_mask(x: Any) -> Any:
        z = x * 1.0
        z[x > 0.5] = x[x > 0.0]
        return z

    with pytest.raises(ConcretizationError, match="where another mask selects"):
        fg.jit(other_mask)(X)


def test_shapes_and_dtypes_that_are_set_in_place() -> None:
    def column(x: Any) -> Any:
        z = x * 1.0
        z.shape = (3, 1)
        return z.sum()

    def single(x: Any) -> Any:
        z = x * 1.0
        z.dtype = np.float32
        return z.sum()

    assert "write x = x.reshape((3, 1))" in message_of(column, np.ones(3), kind=UnsupportedError)
    assert "write x = x.astype(...)" in message_of(single, np.ones(3), kind=UnsupportedError)


def test_masks_that_select_an_unknown_number() -> None:
    def one_for_each(x: Any) -> Any:
        z = x.copy()
        z[x > 0] = x[:2]
        return z

    for transformed in (fg.jit(one_for_each), fg.vmap(one_for_each)):
        with pytest.raises(ConcretizationError, match="elements selected by the mask"):
            transformed(np.ones((3, 3)))


def test_indices_that_do_not_exist() -> None:
    cases: dict[str, Callable[[Any], Any]] = {
        "index 3 is out of bounds for axis 0 with size 3": lambda x: x[3],
        "index -5 is out of bounds for axis 1 with size 4": lambda x: x[0, -5],
        "index 7 is out of bounds for axis 1 with size 4": lambda x: x[:, [0, 7]],
        "too many indices for array: array is 2-dimensional": lambda x: x[0, 0, 0],
        "an index can only have a single ellipsis": lambda x: x[..., ...],
        "must be of integer (or boolean) type": lambda x: x[np.array([0.5])],
        "are valid indices, not str": lambda x: x["a"],
        "boolean index did not match indexed array along axis 0": lambda x: x[np.ones(4, bool)],
        "could not be broadcast together with shapes (2,) (3,)": lambda x: x[[0, 1], [0, 1, 2]],
        "fg.lax.dynamic_slice": lambda x: x[: np.argmax(x)],
    }
    for text, f in cases.items():
        with pytest.raises((IndexError, FuncgradError)) as caught:
            fg.jit(f)(X)
        assert text in str(caught.value)
        assert "test_inplace_errors.py" in str(caught.value)


def test_scalars_do_not_take_items() -> None:
    def f(x: Any) -> Any:
        x[0][()] = 1.0
        return x.sum()

    assert "does not support item assignment" in message_of(f, np.ones(3), kind=TypeError)


def test_shapes_that_do_not_fit() -> None:
    def f(x: Any) -> Any:
        z = x * 1.0
        z[:2] = x
        return z.sum()

    message = message_of(f, np.ones(3), kind=ValueError)
    assert "could not broadcast input array from shape (3,) into shape (2,)" in message


def test_arrays_of_an_outer_function() -> None:
    def f(x: Any) -> Any:
        z = x * 1.0

        def inner(t: Any) -> Any:
            z[0] = t
            return t * t

        return fg.grad(inner)(2.0) * z.sum()

    assert "return the new values from the inner function" in message_of(f, np.ones(3))
