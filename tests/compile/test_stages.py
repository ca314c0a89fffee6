"""Ahead-of-time stages, donation and profile."""

from __future__ import annotations

import copy
import gc
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.core.donation import GIVEN
from funcgrad.errors import ArgumentError


def loss(params: Any, x: Any) -> Any:
    return np.sum(np.tanh(x @ params["w"] + params["b"]) ** 2)


PARAMS = {"w": np.ones((3, 2)), "b": np.zeros(2)}
X = np.linspace(0.0, 1.0, 12).reshape(4, 3)
CONSTANT = np.arange(3.0)


def test_stages_have_text_and_run() -> None:
    lowered = fg.jit(fg.grad(loss)).lower(PARAMS, X)
    compiled = lowered.compile()
    assert "lambda" in lowered.as_text()
    assert "dot_general" in lowered.as_text("optimized")
    text = compiled.as_text()
    assert "np.tanh(" in text
    assert "test_stages.py" in text
    expected = fg.grad(loss)(PARAMS, X)
    for program in (compiled, pickle.loads(pickle.dumps(compiled)), copy.deepcopy(compiled)):
        got = program(PARAMS, X)
        np.testing.assert_allclose(got["w"], expected["w"])
        np.testing.assert_allclose(got["b"], expected["b"])


def test_lower_takes_shapes_instead_of_arrays() -> None:
    lowered = fg.jit(loss).lower(
        {"w": fg.ShapeDtypeStruct((3, 2), np.float64), "b": fg.ShapeDtypeStruct((2,), np.float64)},
        fg.ShapeDtypeStruct((4, 3), np.float64),
    )
    assert float(lowered.compile()(PARAMS, X)) == pytest.approx(float(loss(PARAMS, X)))


def test_trace_is_the_stage_before_lower() -> None:
    jitted = fg.jit(lambda x, n: {"loss": np.sum(x * CONSTANT) * n}, static_argnums=1)
    traced = jitted.trace(X, 3)
    assert isinstance(traced, fg.stages.Traced)
    assert isinstance(jitted, fg.stages.Wrapped)
    assert str(traced.out_info) == "{'loss': f64[]}"
    assert str(traced.args_info) == "((f64[4,3],), {})"
    ((value),) = fg.eval_jaxpr(traced.jaxpr.jaxpr, traced.jaxpr.consts, X)
    lowered = traced.lower()
    assert isinstance(lowered, fg.stages.Lowered)
    assert isinstance(lowered.compile(), fg.stages.Compiled)
    assert (
        lowered.compile()(X)["loss"] == pytest.approx(value) == pytest.approx(jitted(X, 3)["loss"])
    )
    assert lowered.out_info == traced.out_info == lowered.compile().out_info


def test_compiled_programs_check_their_arguments() -> None:
    compiled = fg.jit(loss).lower(PARAMS, X).compile()
    with pytest.raises(ArgumentError, match=r"compiled for f64\[4,3\]"):
        compiled(PARAMS, X[:2])
    with pytest.raises(ArgumentError, match="structure"):
        compiled(PARAMS["w"], X)
    with pytest.raises(ArgumentError, match="stage"):
        compiled.as_text("hlo")


def test_static_and_keyword_arguments() -> None:
    jitted = fg.jit(lambda x, n, scale=1.0: x**n * scale, static_argnums=1)
    compiled = jitted.lower(X, 2, scale=3.0).compile()
    np.testing.assert_allclose(compiled(X, scale=3.0), X**2 * 3.0)


def test_analyses() -> None:
    compiled = fg.jit(lambda a, b: np.sin(a @ b)).lower(np.ones((4, 5)), np.ones((5, 6))).compile()
    costs = compiled.cost_analysis()
    assert costs["flops"] == 2 * 4 * 5 * 6
    assert costs["transcendentals"] == 24
    memory = compiled.memory_analysis()
    assert memory.argument_size_in_bytes == 8 * 50
    assert memory.output_size_in_bytes == 8 * 24
    assert memory.peak_memory_in_bytes == 8 * (50 + 24)


def test_donated_memory_takes_the_result() -> None:
    n = 100_000
    step = fg.jit(lambda x, g: x - 0.1 * g * np.abs(x), donate_argnums=0)
    x, g = np.ones(n), np.ones(n)
    address = x.ctypes.data
    result = step(x, g)
    assert result.ctypes.data == address
    np.testing.assert_allclose(result, np.full(n, 0.9))
    np.testing.assert_array_equal(g, np.ones(n))


def test_memory_that_others_see_is_not_taken() -> None:
    step = fg.jit(lambda x, g: x - 0.1 * g * np.abs(x), donate_argnums=0)
    g = np.ones(100_000)
    step(g, g)
    view = g[::2]
    step(view, np.ones(50_000))
    np.testing.assert_array_equal(g, np.ones(100_000))


def test_profile(tmp_path: Path) -> None:
    profile = fg.profile(fg.grad(loss), PARAMS, X, repeat=1)
    assert profile.seconds > 0
    assert "test_stages.py" in str(profile)
    profile.save_trace(tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert len(events) == len(profile.timings)


def test_donated_memory_is_passed_on() -> None:
    step = fg.jit(lambda x: 1.0 - 0.5 * np.sin(x), donate_argnums=0)
    x = np.ones(100_000)
    address, expected = x.ctypes.data, np.ones(100_000)
    for _ in range(3):
        x = step(x)
        expected = 1.0 - 0.5 * np.sin(expected)
        assert x.ctypes.data == address
    np.testing.assert_allclose(x, expected)


def test_a_donated_array_cannot_be_used_again() -> None:
    step = fg.jit(lambda x: 1.0 - 0.5 * np.sin(x), donate_argnums=0)
    total = fg.jit(np.sum)
    x = np.ones(5)
    total(x)
    y = step(x)
    message = r"shape \(5,\) is used after it was donated .* at .*test_stages\.py:\d+"
    uses: list[Callable[[], Any]] = [
        lambda: step(x),
        lambda: total(x),
        lambda: fg.jit(lambda tree: tree["x"])({"x": x}),
        lambda: fg.grad(np.sum)(x),
        lambda: fg.vmap(np.sin)(x),
        lambda: fg.grad(lambda t: np.sum(t * x))(np.ones(5)),
    ]
    for use in uses:
        with pytest.raises(ArgumentError, match=message):
            use()
    z = step(y)
    assert z.shape == (5,)
    with pytest.raises(ArgumentError, match=message):
        step(y)


def test_donated_arrays_are_forgotten_when_they_go() -> None:
    gc.collect()
    before = len(GIVEN)
    x = fg.jit(np.sin, donate_argnums=0)(np.ones(5))
    assert len(GIVEN) == before + 1  # the result lies in its memory
    del x
    assert len(GIVEN) == before
