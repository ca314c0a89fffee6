"""`jit`: signatures, static arguments, nesting, errors."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import funcgrad as fg


def counted(fun):
    """The function, and a list that grows each time it is traced."""
    traces = []

    def wrapper(*args, **kwargs):
        traces.append(1)
        return fun(*args, **kwargs)

    return wrapper, traces


def test_traces_once_per_signature():
    f, traces = counted(lambda x: np.sin(x) * 2)
    jitted = fg.jit(f)
    x = np.arange(3.0)
    for _ in range(3):
        np.testing.assert_allclose(jitted(x), np.sin(x) * 2)
    assert len(traces) == 1
    jitted(np.arange(4.0))
    assert len(traces) == 2
    jitted(np.arange(4.0, dtype=np.float32))
    assert len(traces) == 3
    jitted(1.0)
    jitted(np.float64(1.0))
    assert len(traces) == 5


def test_python_scalars_stay_weak():
    assert fg.jit(lambda x, s: x * s)(np.ones(2, np.float32), 2.0).dtype == np.float32


def test_static_arguments():
    f, traces = counted(lambda x, n: x * n if n > 2 else x)
    jitted = fg.jit(f, static_argnums=1)
    assert jitted(2.0, 3) == 6.0
    assert jitted(2.0, 1) == 2.0
    assert jitted(2.0, 3) == 6.0
    assert len(traces) == 2

    @fg.jit(static_argnames="mode")
    def g(x, mode="sin"):
        return np.sin(x) if mode == "sin" else np.cos(x)

    assert g(1.0) == np.sin(1.0)
    assert g(1.0, mode="cos") == np.cos(1.0)
    assert g(1.0, "cos") == np.cos(1.0)


def test_equal_static_arguments_of_other_types_are_traced_anew():
    jitted = fg.jit(lambda x, n: x * n, static_argnums=1)
    assert jitted(2, 1).dtype == np.int64
    assert jitted(2, 1.0).dtype == np.float64


def test_captured_arrays_are_constants():
    data = np.ones(2)
    jitted = fg.jit(lambda x: x * data)
    jitted(np.ones(2))
    data *= 5
    np.testing.assert_array_equal(jitted(np.ones(2)), [1.0, 1.0])


def test_under_other_transforms():
    jitted = fg.jit(lambda x: np.sin(x) * x)
    plain = lambda x: np.sin(x) * x
    x = np.linspace(0.0, 1.0, 4)
    assert fg.grad(jitted)(0.3) == pytest.approx(fg.grad(plain)(0.3))
    np.testing.assert_allclose(fg.vmap(fg.grad(jitted))(x), fg.vmap(fg.grad(plain))(x))
    np.testing.assert_allclose(
        fg.jit(fg.vmap(fg.grad(fg.grad(jitted))))(x), fg.vmap(fg.grad(fg.grad(plain)))(x)
    )
    np.testing.assert_allclose(fg.jacfwd(jitted)(x), fg.jacrev(plain)(x), atol=1e-15)
    np.testing.assert_allclose(
        fg.hessian(lambda x: fg.jit(np.sum)(jitted(x)))(x),
        fg.hessian(lambda x: np.sum(plain(x)))(x),
    )


def test_closing_over_an_outer_tracer():
    def f(x):
        return fg.jit(lambda y: x * y)(2.0 * x)

    assert fg.grad(f)(3.0) == 12.0
    assert fg.grad(f)(4.0) == 16.0


def test_trees_in_and_out():
    out = fg.jit(lambda p: {"sum": p["a"] + p["b"][0], "same": p["a"]})(
        {"a": np.ones(2), "b": [1.0]}
    )
    np.testing.assert_array_equal(out["sum"], [2.0, 2.0])
    np.testing.assert_array_equal(out["same"], [1.0, 1.0])


def test_results_do_not_alias_arguments():
    x = np.ones(3)
    out = fg.jit(lambda x: (x, x.T, x[:2]))(x)
    for y in out:
        assert not np.shares_memory(x, y)
        y += 1.0
    np.testing.assert_array_equal(x, np.ones(3))
    assert not np.shares_memory(out[0], out[1])


def test_eval_shape_and_make_jaxpr_of_jit():
    f = fg.jit(lambda x: x * 2.0)
    assert fg.eval_shape(f, fg.ShapeDtypeStruct((3,), np.float32)).dtype == np.float32
    assert "jit[" in str(fg.make_jaxpr(f)(1.0))


def test_concurrent_first_calls():
    jitted = fg.jit(lambda x: np.sin(x) + np.cos(x) * x)
    x = np.linspace(0.0, 1.0, 100)
    expected = np.sin(x) + np.cos(x) * x
    failures = []

    def work():
        failures.extend([1 for _ in range(50) if not np.allclose(jitted(x), expected)])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: fg.jit(lambda x, n: x, static_argnums=1)(1.0, [3]),
            "static argument 1 .* not hashable: a list",
        ),
        (lambda: fg.jit(lambda x, n: x)(1.0, "text"), "argument 1 is str 'text'"),
        (lambda: fg.jit(lambda x: "text")(1.0), "returned str 'text' at result"),
        (lambda: fg.jit(lambda x: x, static_argnames="y"), "static_argnames has 'y'"),
        (lambda: fg.jit(lambda x: x, static_argnums=3), "static_argnums has 3"),
        (lambda: fg.jit(3.0), "takes a function"),
    ],
)
def test_errors(call, message):
    with pytest.raises(fg.errors.ArgumentError, match=message):
        call()


def test_python_control_flow_on_an_argument():
    with pytest.raises(fg.errors.TracedBoolError, match="has no value under jit"):
        fg.jit(lambda x: x if x > 0 else -x)(1.0)


def test_leak():
    kept = []
    fg.jit(lambda x: (kept.append(x), x * 2)[1])(1.0)
    with pytest.raises(fg.errors.LeakedTracerError, match=r"<lambda> \(.*test_jit.py:\d+\)"):
        kept[0] + 1.0


def test_static_arguments_cannot_be_donated() -> None:
    with pytest.raises(ValueError, match="jit: donate_argnums has 0, which is a static argument"):
        fg.jit(lambda n: n, static_argnums=0, donate_argnums=(0,))
    with pytest.raises(
        ValueError, match="jit: donate_argnames has 'n', which is a static argument"
    ):
        fg.jit(lambda n: n, static_argnames="n", donate_argnames="n")
