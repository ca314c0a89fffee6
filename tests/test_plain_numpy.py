"""Scripts of plain NumPy and SciPy, as scientists write them, are differentiated and batched."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import funcgrad as fg

SCRIPTS = sorted((Path(__file__).parent.parent / "examples" / "plain_numpy").glob("*.py"))


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=SCRIPTS, ids=[p.stem for p in SCRIPTS], scope="module")
def script(request):
    assert "funcgrad" not in request.param.read_text()
    return load(request.param)


def differences(fun, x, step=1e-6):
    return np.array([(fun(x + step * e) - fun(x - step * e)) / (2 * step) for e in np.eye(x.size)])


def test_there_are_ten():
    assert len(SCRIPTS) >= 10


def test_gradient(script):
    x = script.example(np.random.default_rng(0))
    before = x.copy()
    value, gradient = fg.value_and_grad(script.objective)(x)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_allclose(value, script.objective(x), rtol=1e-12)
    np.testing.assert_allclose(gradient, differences(script.objective, x), rtol=2e-5, atol=1e-6)
    np.testing.assert_allclose(
        fg.jit(fg.grad(script.objective))(x), gradient, rtol=1e-9, atol=1e-12
    )


def test_batch(script):
    xs = np.stack([script.example(np.random.default_rng(seed)) for seed in range(3)])
    expected = np.stack([fg.grad(script.objective)(x) for x in xs])
    np.testing.assert_allclose(
        fg.vmap(fg.grad(script.objective))(xs), expected, rtol=1e-8, atol=1e-10
    )


def test_hessian(script):
    x = script.example(np.random.default_rng(1))
    v = np.random.default_rng(2).normal(size=x.shape)
    product = fg.hvp(script.objective, (x,), (v,))
    gradient = fg.grad(script.objective)
    step = 1e-6
    expected = (gradient(x + step * v) - gradient(x - step * v)) / (2 * step)
    np.testing.assert_allclose(product, expected, rtol=1e-4, atol=1e-5)
