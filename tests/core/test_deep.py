"""Programs of 50,000 equations: no recursion, and time that grows linearly."""

from __future__ import annotations

import gc
import pickle
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg

DEEP = 50_000
SHORT = DEEP // 10


def chain(n: int) -> Callable[[Any], Any]:
    """`n` equations, each of which reads the one before it."""

    def fun(x: Any) -> Any:
        for _ in range(n // 2):
            x = np.sin(x) * 1.01
        return x

    return fun


def by_hand(n: int, x: float) -> tuple[float, float]:
    """The value and the derivative of the chain."""
    slope = 1.0
    for _ in range(n // 2):
        slope *= np.cos(x) * 1.01
        x = np.sin(x) * 1.01
    return x, slope


RUNS: dict[str, Callable[[Callable[[Any], Any]], Any]] = {
    "make_jaxpr": lambda f: fg.make_jaxpr(f)(0.5),
    "jit": lambda f: fg.jit(f)(0.5),
    "grad": lambda f: fg.grad(f)(0.5),
    "jvp": lambda f: fg.jvp(f, (0.5,), (1.0,)),
    "vmap": lambda f: fg.vmap(f)(np.array([0.5, 0.25])),
    "jit of grad": lambda f: fg.jit(fg.grad(f))(0.5),
}


@pytest.fixture(autouse=True)
def _without_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fg.config, "check_jaxprs", False)


@pytest.mark.parametrize("run", RUNS)
def test_time_grows_linearly(run: str) -> None:
    def duration(n: int) -> float:
        fg.clear_caches()
        gc.collect()
        start = time.process_time()
        RUNS[run](chain(n))
        return time.process_time() - start

    duration(10)
    # Linear is 10, quadratic is 100. Other processes may disturb a run, hence a second chance.
    assert any(duration(DEEP) / duration(SHORT) < 35.0 for _ in range(2))


def test_values_are_right() -> None:
    value, slope = by_hand(DEEP, 0.5)
    f = chain(DEEP)
    np.testing.assert_allclose(fg.value_and_grad(f)(0.5), (value, slope), rtol=1e-9)
    np.testing.assert_allclose(fg.jit(f)(0.5), value, rtol=1e-9)


def test_values_on_demand_do_not_recurse() -> None:
    def fun(x: Any) -> Any:
        y = chain(DEEP)(x)
        return y if y > -10.0 else x

    np.testing.assert_allclose(fg.grad(fun)(0.5), by_hand(DEEP, 0.5)[1], rtol=1e-9)


def test_a_value_at_every_step_costs_no_more_than_the_step() -> None:
    def fun(x: Any) -> Any:
        n = 0
        while x > 1e-9 and n < SHORT:
            x = np.sin(x)
            n += 1
        return x

    start = time.process_time()
    fg.grad(fun)(0.5)
    assert time.process_time() - start < 20.0  # it takes one; were it quadratic, minutes


def test_printing_checking_and_pickling_do_not_recurse() -> None:
    closed = fg.make_jaxpr(chain(DEEP))(0.5)
    assert len(closed.eqns) == DEEP
    assert str(closed).count("\n") == DEEP + 1
    fg.check_jaxpr(closed.jaxpr)
    again = pickle.loads(pickle.dumps(closed.jaxpr))
    assert len(again.eqns) == DEEP


def test_the_stack_of_a_small_thread_is_enough() -> None:
    found = []

    def work() -> None:
        f = chain(DEEP)
        found.append(fg.grad(f)(0.5))
        found.append(fg.jit(f)(0.5))

    before = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    value, slope = by_hand(DEEP, 0.5)
    np.testing.assert_allclose(found, (slope, value), rtol=1e-9)


def test_nested_calls_use_little_of_the_stack() -> None:
    def nest(f: Callable[[Any], Any], depth: int) -> Callable[[Any], Any]:
        for _ in range(depth):
            f = fg.jit(lambda x, f=f: f(x) * 1.0)
        return f

    assert sys.getrecursionlimit() <= 1000
    np.testing.assert_allclose(fg.grad(nest(np.sin, 30))(0.5), np.cos(0.5))
    np.testing.assert_allclose(fg.vmap(nest(np.sin, 30))(np.ones(2)), np.sin(np.ones(2)))
