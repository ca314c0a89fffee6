"""`debug_nans`, `debug_infs`, `why_zero`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import funcgrad as fg


def masked(x):
    y = np.log(x)  # -inf at 0
    return np.sum(np.where(x > 0, y * np.sqrt(x), 0.0))


def test_backward_nan_names_the_forward_line():
    line = masked.__code__.co_firstlineno + 2
    with (
        fg.debug_nans(),
        pytest.raises(
            fg.errors.NonFiniteError,
            match=rf"backward pass.*\n.*test_debugging.py:{line} in masked",
        ),
    ):
        fg.grad(lambda x: masked(x + 0.0))(np.array([4.0, 0.0]))


def test_forward_nan():
    line = test_forward_nan.__code__.co_firstlineno + 4

    def f(x):
        return np.sum(np.sqrt(x))

    with (
        fg.debug_nans(),
        pytest.raises(
            fg.errors.NonFiniteError,
            match=r"sqrt made NaN in 1 of 3 elements, the first at 1\n"
            rf".*:{line} in .*f\n  operand 0: f64\[3\] \[1.0, -1.0",
        ),
    ):
        fg.value_and_grad(f)(np.array([1.0, -1.0, 2.0]))


@pytest.mark.parametrize("wrap", [lambda f: f, fg.jit, lambda f: fg.jit(fg.jit(f)), fg.vmap])
def test_under_transforms(wrap):
    with fg.debug_infs(), pytest.raises(fg.errors.NonFiniteError, match="log made infinity"):
        wrap(fg.jit(np.log))(np.zeros(2))
    with fg.debug_nans():
        wrap(fg.jit(np.log))(np.zeros(2))


def test_nothing_is_raised_without_nans():
    with fg.debug_nans(), fg.debug_infs():
        np.testing.assert_allclose(fg.grad(lambda x: np.sum(x**2))(np.ones(2)), [2.0, 2.0])
    assert not fg.config.debug_nans
    assert np.isnan(fg.grad(np.sqrt)(-1.0))


def test_why_zero():
    def f(x, y, z, w):
        rounded = np.round(x)
        stopped = fg.stop_gradient(y) * 2
        positive = (y > 1).astype(float)
        return np.sum(rounded * stopped + positive + np.maximum(z, 0.0))

    report = fg.why_zero(f, np.ones(3), np.ones(3), -np.ones(3), 1.0)
    assert report
    line = f.__code__.co_firstlineno
    x, y, z, w = report.reasons.values()
    assert len(x) == 1
    assert f"test_debugging.py:{line + 1}" in x[0]
    assert "stop_gradient stops the derivative" in y[0]
    assert "bool[3], which has no derivative" in y[1]
    assert "zero at these values" in z[0]
    assert w == ["the result does not depend on it"]
    assert "argument 3 is zero" in str(report)


def test_why_not_zero():
    report = fg.why_zero(lambda p: np.sum(p["a"] * p["n"]), {"a": np.ones(2), "n": 3})
    assert report.reasons["argument 0['a']"] == []
    assert "has no derivative" in report.reasons["argument 0['n']"][0]
    assert "argument 0['a'] is not zero" in str(report)
    assert not fg.why_zero(np.sin, 1.0)


def test_why_zero_looks_into_bodies_and_calls() -> None:
    def loop(x: Any) -> Any:
        return fg.lax.scan(lambda c, _: (np.round(c), None), x, length=3)[0]

    def branch(x: Any) -> Any:
        return fg.lax.cond(x > 5.0, np.cos, lambda x: np.floor(x), x)

    def called(x: Any) -> Any:
        return fg.jit(lambda x: np.round(x))(x)

    for f, name in ((loop, "rint"), (branch, "floor"), (called, "rint"), (fg.jit(loop), "rint")):
        for transformed in (f, fg.vmap(f)):
            x = 1.3 if transformed is f else np.array([1.3])
            report = fg.why_zero(transformed, x)
            assert report
            assert f"{__file__}:" in str(report)
            assert f"{name} stops the derivative" in str(report)


def test_a_warning_of_zero_gradients_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    def loss(params: Any, x: Any) -> Any:
        return np.sum(np.round(params["a"] * x)) + params["b"]

    params = {"a": 2.0, "b": 1.0}
    assert fg.grad(loss)(params, 3.0) == {"a": 0.0, "b": 1.0}  # without a word
    monkeypatch.setattr(fg.config, "warn_zero_gradients", True)
    message = (
        r"the derivative of .*loss \(.*\) with respect to argument 0\['a'\] is zero:\n  "
        rf"{__file__}:\d+ in .*loss: rint stops the derivative"
    )
    with pytest.warns(UserWarning, match=message) as caught:
        assert fg.grad(loss)(params, 3.0) == {"a": 0.0, "b": 1.0}
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="with respect to argument x is zero"):
        fg.value_and_grad(loss, argnums=(), argnames="x")(params, x=3.0)
    fg.grad(lambda x: x**2)(0.5)  # nothing stops this one
