"""NumPy's arguments: what traced calls return and raise is what NumPy returns and raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg

X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
N = np.array([[3, -1, 2], [0, 2, 1]])
B = np.array([[True, False, True], [False, True, True]])
MASK = np.array([[True, True, False], [False, True, True]])


def _views(a: Any) -> Any:
    """Shows whether `a` lies in C order: only then a flat view of it is no copy."""
    flat = a.reshape(-1)
    flat[1] = 7.0
    return a


CALLS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "subtract.reduce from": (lambda x: np.subtract.reduce(x, axis=1, initial=2.0), X),
    "subtract.reduce where": (lambda x: np.subtract.reduce(x, where=MASK, initial=1.0), X),
    "divide.reduce": (lambda x: np.divide.reduce(x, axis=1, initial=2, keepdims=True), X),
    "subtract.reduce of nothing": (lambda x: np.subtract.reduce(x[:0], initial=2.0), X),
    "left_shift.reduce": (lambda x: np.left_shift.reduce(abs(x), initial=2), N),
    "digitize, falling": (lambda x: np.digitize(x, [2, 1, 0], right=True), N),
    "digitize, falling, left": (lambda x: np.digitize(x, [2, 1, 0]), N),
    "digitize, falling traced bins": (lambda x: np.digitize(N, x[0, [0, 2]], right=True), N),
    "std as int": (lambda x: np.std(x, dtype=int), N),
    "var as complex": (lambda x: np.var(x, axis=0, dtype=complex), X),
    "std as complex": (lambda x: np.std(x, dtype=complex), X),
    "nanargmax keepdims": (lambda x: np.nanargmax(x, axis=0, keepdims=True), N),
    "choose by bools": (lambda x: np.choose(x, [x[0], ~x[1]]), B),
    "x.choose": (lambda x: x.choose([N, 2 * N]), B),
    "x.conj of bools": (lambda x: x.conj(), B),
    "x.clip from": (lambda x: x.clip(0), X),
    "x.clip to": (lambda x: x.clip(max=1), X),
    "asfortranarray": (lambda x: np.asfortranarray(x), X),
    "require": (lambda x: np.require(x, requirements="C"), X),
    "asfortranarray copies": (lambda x: _views(np.asfortranarray(x * 1)), X),
    "require F": (lambda x: _views(np.require(x * 1, requirements=["F"])), X),
    "asarray in F order": (lambda x: _views(np.asarray(x * 1, order="F")), X),
    "array in F order": (lambda x: _views(np.array(x, order="F")), X),
    "array as it lies": (lambda x: _views(np.array((x * 1).T)), X),
    "array in C order": (lambda x: _views(np.array((x * 1).T, order="C")), X),
    "ascontiguousarray of a scalar": (lambda x: np.ascontiguousarray(x[0, 0]), X),
    "median over a list": (lambda x: np.median(x, axis=[0, 1]), X),
    "quantile over a list": (lambda x: np.quantile(x, 0.3, axis=[1], keepdims=True), X),
    "average over a list": (lambda x: np.average(x, axis=[0]), X),
    "casting": (lambda x: np.add(x, x, casting="no"), X),
}

REFUSED: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "sin of ints, no casting": (lambda x: np.sin(x, casting="no"), N),
    "exp of bools, equiv": (lambda x: np.exp(x, casting="equiv"), B),
    "interp of complex": (lambda x: np.interp(x, [0, 1.0], [0, 1.0]), X + 1j),
    "digitize of complex": (lambda x: np.digitize(x, [0, 1.0]), X + 1j),
    "complex weights": (lambda x: np.bincount([0, 1, 1], x[0]), X + 1j),
    "an unknown sort": (lambda x: np.sort(x, kind="nope"), X),
    "two kinds of sort": (lambda x: np.sort(x, kind="heapsort", stable=True), X),
    "power of a matrix that is not square": (lambda x: np.linalg.matrix_power(x, 2), X),
    "multi_dot of stacks": (lambda x: np.linalg.multi_dot([x[None], x.T, x]), X),
    "fft of a scalar": (lambda x: np.fft.fft(x[0, 0], 4), X),
    "median of a scalar over axis 0": (lambda x: np.median(x[0, 0], axis=0), X),
    "sum over a list": (lambda x: np.sum(x, axis=[0]), X),
    "reduce without identity": (lambda x: np.subtract.reduce(x, where=MASK), X),
    "negative of bools": (lambda x: np.piecewise(x, [x], [lambda t: -t, False]), B),
}


@pytest.mark.parametrize("name", CALLS)
def test_traced_calls_give_numpys_results(name: str) -> None:
    fun, x = CALLS[name]
    expected = np.asarray(fun(x))
    for found in (fg.jit(fun)(x), fg.vjp(fun, x)[0]):
        assert found.dtype == expected.dtype
        assert found.shape == expected.shape
        tolerance = 1e-6 if expected.dtype == np.float32 else 1e-12
        np.testing.assert_allclose(found, expected, rtol=tolerance)


@pytest.mark.parametrize("name", REFUSED)
def test_traced_calls_raise_numpys_errors(name: str) -> None:
    fun, x = REFUSED[name]
    with pytest.raises(Exception) as numpys:  # whatever NumPy raises
        fun(x)
    kind: Any = next(k for k in numpys.type.__mro__ if not k.__name__.startswith(("UFunc", "_")))
    with pytest.raises(kind):
        fg.jit(fun)(x)


def test_gradients_through_ordered_reductions() -> None:
    fg.check_grads(lambda x: np.divide.reduce(x, axis=1, initial=2.0), (X,), order=2)
    fg.check_grads(lambda x: np.subtract.reduce(x, where=MASK, initial=x[0, 0]), (X,), order=1)


ADVICE: dict[str, tuple[Callable[[Any], Any], str]] = {
    "nditer": (lambda x: sum(v * v for v in np.nditer(x)), r"np\.nditer .*\n.*\n.*np\.ndindex"),
    "nditer of several": (lambda x: list(np.nditer([x, 2.0])), r"np\.nditer has no traced"),
    "broadcast": (lambda x: np.broadcast(x, 2.0).shape[0] * x, r"np\.broadcast_shapes"),
}


@pytest.mark.parametrize("name", ADVICE)
def test_classes_that_hold_arrays_say_what_to_use(name: str) -> None:
    fun, text = ADVICE[name]
    with pytest.raises(fg.errors.UnsupportedError, match=text):
        fg.grad(fun)(X[0])


def test_classes_that_hold_plain_arrays_work() -> None:
    def weighted(x: Any) -> Any:
        shape = np.broadcast(np.ones((2, 1)), np.ones(3)).shape
        return np.sum(x * np.ones(shape)) + sum(float(v) for v in np.nditer(np.ones(2)))

    assert fg.grad(weighted)(1.0) == 6.0
