"""What a trace writes down."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.core.errors import TracingError
from funcgrad.core.tracing import Trace, Tracer, build_jaxpr, current_trace, is_traced, typeof
from funcgrad.core.types import ShapedArray

X = np.array([0.5, -1.5, 2.0])
F64 = ShapedArray((3,), np.dtype(float))


def primitives(fun: Callable[..., Any], *args: Any) -> list[str]:
    return [eqn.primitive.name for eqn in fg.make_jaxpr(fun)(*args).eqns]


def test_one_equation_per_operation() -> None:
    assert primitives(lambda x: np.sin(x) * 2.0 + x, X) == ["sin", "mul", "add"]
    assert primitives(lambda x: x, X) == []
    assert primitives(lambda x: -x / 2, X) == ["neg", "div"]


def test_what_is_not_returned_is_still_recorded_and_costs_nothing_later() -> None:
    def fun(x: Any) -> Any:
        np.exp(x)
        return np.sin(x)

    assert primitives(fun, X) == ["exp", "sin"]
    assert primitives(fg.grad(lambda x: np.sum(fun(x))), X)[-1] != "exp"


def test_a_tracer_looks_like_an_array() -> None:
    seen = []

    def fun(x: Any) -> Any:
        seen.append((x.shape, x.dtype, x.ndim, x.size, len(x), x.nbytes, x.itemsize))
        assert isinstance(x, Tracer)
        assert is_traced(x)
        assert is_traced(1.0, x)
        assert not is_traced(1.0)
        assert typeof(x) == F64
        return x

    fg.make_jaxpr(fun)(X)
    assert seen == [((3,), np.dtype(float), 1, 3, 3, 24, 8)]


def test_python_scalars_are_weak_and_numpy_scalars_are_not() -> None:
    x = np.ones(2, np.float32)
    results = {
        "float": lambda x: x * 2.0,
        "int": lambda x: x * 2,
        "float64": lambda x: x * np.float64(2.0),
        "0-d array": lambda x: x * np.array(2.0),
    }
    for name, fun in results.items():
        assert fg.make_jaxpr(fun)(x).out_avals[0].dtype == fun(x).dtype, name
    assert fg.make_jaxpr(lambda x, s: x * s)(x, 2.0).out_avals[0].dtype == np.float32
    assert fg.make_jaxpr(lambda x, s: x * np.sin(s))(x, 2.0).out_avals[0].dtype == np.float64


def test_arrays_on_either_side_of_an_operator() -> None:
    c = np.arange(3.0)
    for fun in (lambda x: c * x, lambda x: x * c, lambda x: np.multiply(c, x), lambda x: c @ x):
        np.testing.assert_allclose(fg.jit(fun)(X), fun(X))
        assert len(fg.make_jaxpr(fun)(X).eqns) == 1


def test_lists_of_numbers_are_arrays() -> None:
    np.testing.assert_array_equal(fg.jit(lambda x: x * [1, 2, 3])(X), X * [1, 2, 3])


# Captured arrays


def test_a_small_captured_array_is_taken_as_it_was_when_used() -> None:
    def fun(x: Any) -> Any:
        c = np.ones(3)
        y = x * c
        c[:] = 100.0
        return np.sum(y + x * c)

    np.testing.assert_array_equal(fg.grad(fun)(X), 101.0 * np.ones(3))


def test_arrays_that_come_to_lie_where_another_one_was_are_constants_of_their_own() -> None:
    """Else the structure of a trace would depend on addresses, and its program would be made anew at each call."""
    kept: list[Any] = []
    ones = np.ones(4).tobytes()

    def f(x: Any) -> Any:
        for k in range(30):
            kept.append(bytearray(k * 17 % 40 * 8))  # addresses differ from call to call
            x = x * np.frombuffer(ones)
        return x

    misses = fg.cache_info().misses
    for _ in range(4):
        closed = fg.make_jaxpr(f)(np.ones(4))
        assert len(closed.consts) == 30
        fg.grad(lambda x: np.sum(f(x)))(np.ones(4))
    assert fg.cache_info().misses <= misses + 2


def test_a_large_captured_array_that_is_changed_is_noticed() -> None:
    def fun(x: Any) -> Any:
        c = np.ones(100_000)
        y = x * c
        c[:] = 100.0
        return np.sum(y)

    line = fun.__code__.co_firstlineno + 2
    with pytest.raises(TracingError, match="an array of f64\\[100000\\]") as caught:
        fg.grad(fun)(np.ones(100_000))
    message = str(caught.value)
    assert "was then changed in place" in message
    assert f"{__file__}:{line} in " in message
    assert message.endswith("make a copy of it before it is changed")


def test_a_large_array_at_the_address_of_a_small_one_is_another() -> None:
    smalls = [np.arange(3.0)]
    data = np.full((20_000, 1), 2.0)
    with Trace([]) as trace:
        address = id(smalls[0])
        first, _ = trace.capture(smalls.pop())  # the trace keeps a copy: the address is free
        views = [data[:] for _ in range(50)]
        large = next((v for v in views if id(v) == address), None)
        if large is None:
            pytest.skip("no array came to lie there")
        index, aval = trace.capture(large)
        assert index != first
        assert trace.avals[index] == aval


def test_a_large_captured_array_is_captured_once() -> None:
    c = np.ones(100_000)
    assert len(fg.make_jaxpr(lambda x: x * c + c)(2.0).consts) == 1


def test_captured_arrays_are_read_anew_at_each_call() -> None:
    c = np.ones(3)
    gradient = fg.grad(lambda x: np.sum(x * c))
    np.testing.assert_array_equal(gradient(X), [1, 1, 1])
    c *= 5.0
    np.testing.assert_array_equal(gradient(X), [5, 5, 5])


def test_globals_that_are_rebound_are_read_anew() -> None:
    scale = 1.0

    def fun(x: Any) -> Any:
        return np.sum(x * scale)

    np.testing.assert_array_equal(fg.grad(fun)(X), [1, 1, 1])
    scale = 7.0
    np.testing.assert_array_equal(fg.grad(fun)(X), [7, 7, 7])


# Traces within traces


def test_an_outer_tracer_is_captured_once() -> None:
    inner = []

    def outer(x: Any) -> Any:
        closed = fg.make_jaxpr(lambda y: x * y + x)(1.0)
        inner.append(len(closed.consts))
        return x

    fg.make_jaxpr(outer)(2.0)
    assert inner == [1]


def test_operations_on_outer_tracers_are_recorded_in_the_innermost_trace() -> None:
    outer_equations = []

    def outer(x: Any) -> Any:
        trace = current_trace()
        assert trace is not None

        def inner(y: Any) -> Any:
            before = len(trace.records)
            z = np.sin(x)
            assert len(trace.records) == before
            return y * z

        slope = fg.grad(inner)(1.0)
        outer_equations.append(len(trace.records))
        return slope

    np.testing.assert_allclose(fg.grad(outer)(2.0), np.cos(2.0))
    assert outer_equations[0] > 0


def test_no_trace_is_open_afterwards() -> None:
    assert current_trace() is None
    fg.grad(lambda x: fg.grad(lambda y: x * y)(1.0))(2.0)
    assert current_trace() is None


def test_traces_of_threads_do_not_meet() -> None:
    barrier = threading.Barrier(2)
    results: dict[int, Any] = {}

    def work(k: int) -> None:
        def fun(x: Any) -> Any:
            barrier.wait()
            y = np.sin(x) * k
            barrier.wait()
            trace = current_trace()
            assert trace is not None
            assert len(trace.records) == 2
            return y

        results[k] = fg.grad(fun)(0.5)

    threads = [threading.Thread(target=work, args=(k,)) for k in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_allclose([results[1], results[2]], [np.cos(0.5), 2 * np.cos(0.5)])


def test_build_jaxpr_keeps_arrays_as_literals() -> None:
    jaxpr = build_jaxpr(lambda x: [x * np.arange(3.0)], [F64])
    assert not jaxpr.constvars
    np.testing.assert_array_equal(fg.eval_jaxpr(jaxpr, [], X)[0], X * np.arange(3.0))


def test_copies_of_tracers_are_values_of_their_own() -> None:
    def fun(x: Any) -> Any:
        y = copy.copy(x)
        y[0] = 10.0
        z = copy.deepcopy({"z": x})["z"]
        z *= 2.0
        return np.sum(y * z)

    np.testing.assert_allclose(fg.grad(fun)(X), [20.0, 4 * X[1], 4 * X[2]])


def test_sources_are_the_users_lines() -> None:
    def model(x: Any) -> Any:
        y = np.sum(
            np.sin(x),
        )
        return helper(y)

    def helper(y: Any) -> Any:
        return y * y

    from funcgrad.core.source import locate

    locations = [locate(eqn.source) for eqn in fg.make_jaxpr(model)(X).eqns]
    first = model.__code__.co_firstlineno
    assert all(location is not None and location.file == __file__ for location in locations)
    lines = [location.line for location in locations if location is not None]
    assert lines[0] == first + 2
    assert lines[1] == first + 1
    assert lines[-1] == helper.__code__.co_firstlineno + 1


def test_a_loop_that_python_speeds_up_is_the_same_program() -> None:
    """Python 3.11 moves the offset of an instruction that has run often enough to be specialised."""

    def f(x: Any) -> Any:
        total = 0.0
        for _ in range(20):
            total = total + x[0] * abs(x[1])
        return total

    gradient = fg.grad(f)
    misses = fg.cache_info().misses
    for _ in range(3):
        gradient(np.ones(2))
    assert fg.cache_info().misses == misses + 1


def test_sources_survive_transforms() -> None:
    from funcgrad.core.source import locate

    def model(x: Any) -> Any:
        return np.sum(np.sin(x) * x)

    line = model.__code__.co_firstlineno + 1
    for fun in (fg.grad(model), fg.vmap(model), fg.jit(fg.grad(model))):
        text = fg.make_jaxpr(fun)(X[None] if isinstance(fun, type(fg.vmap(model))) else X)
        for eqn in text.eqns:
            location = locate(eqn.source)
            assert location is not None
            if eqn.primitive.name != "jit":
                assert location.line == line, eqn


def test_a_trace_knows_what_it_traces() -> None:
    with Trace([F64], [X], "something") as trace:
        [x] = trace.inputs()
        y = np.sin(x)
        jaxpr, consts = trace.finish([y])
    assert (trace.name, trace.open, consts) == ("something", False, [])
    assert str(jaxpr) == "{ lambda ; a:f64[3]. let b:f64[3] = sin a in (b,) }"


def test_recording_costs_no_more_than_a_few_objects_per_operation() -> None:
    """No speed is asserted here (benchmarks/ measures it), but what would make tracing slow is."""
    with Trace([F64], [X]) as trace:
        [x] = trace.inputs()
        for _ in range(1000):
            x = x * 2.0
        assert len(trace.records) == len(trace.starts) == len(trace.sources) == 1000
        assert len(trace.avals) == 1001
        assert len({id(aval) for aval in trace.avals}) <= 2  # the shape rule ran once
        assert not trace.values  # nothing was evaluated


def test_isinstance_sees_what_the_value_is() -> None:
    """Code that asks for the type of a value takes the branch that it takes without a trace."""

    def of_array(x: Any) -> Any:
        assert isinstance(x, np.ndarray)
        assert isinstance(x[0], np.float64)
        assert isinstance(x[0], float)
        assert not isinstance(x[0], np.ndarray)
        assert not np.isscalar(x)
        return x.sum()

    def of_number(x: Any) -> Any:
        assert isinstance(x, float)
        assert np.isscalar(x)
        assert isinstance(np.sin(x), np.floating)
        assert isinstance(x > 0, (bool, np.bool_))
        return x * 2

    of_array(np.ones(3))
    assert fg.grad(of_array)(np.ones(3)).shape == (3,)
    assert fg.grad(of_number)(1.0) == 2.0
    assert fg.vmap(fg.grad(of_array))(np.ones((2, 3))).shape == (2, 3)
