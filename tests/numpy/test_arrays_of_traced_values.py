"""`np.array` of traced values works while a function is traced, and is NumPy's own otherwise."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
import funcgrad.numpy as fnp

NUMPYS = np.array


@pytest.mark.parametrize("array", [lambda *a, **k: np.array(*a, **k), fnp.array])
@pytest.mark.parametrize("wrap", [lambda f: f, fg.jit])
def test_nested_lists(array, wrap):
    def f(x):
        m = array([[np.cos(x[0]), -1], (x[1], [2.0, x[2]][1])])
        v = array([x[0], 1, x[1]], dtype=np.float32)
        return m.sum() + (m * m)[1].sum() + v.sum()

    x = np.array([0.1, 0.2, 0.3])
    assert wrap(f)(x) == pytest.approx(f(x), rel=1e-6)
    expected = [-np.sin(0.1) + 1.0, 1.0 + 0.4 + 1.0, 1.0 + 0.6]
    np.testing.assert_allclose(fg.grad(wrap(f))(x), expected, rtol=1e-6)


def test_a_copy_can_be_written_to():
    def f(x):
        x = np.array(x)
        x[0] = 5.0 * x[1]
        return x.sum()

    np.testing.assert_array_equal(fg.grad(f)(np.array([1.0, 3.0])), [0.0, 6.0])


def test_numpys_function_comes_back():
    def fails(x):
        raise KeyError

    assert np.array is NUMPYS
    fg.grad(lambda x: np.array([x]).sum())(1.0)
    assert np.array is NUMPYS
    with pytest.raises(KeyError):
        fg.grad(lambda x: fg.grad(fails)(x))(1.0)
    assert np.array is NUMPYS


def test_plain_arguments_are_numpys_affair():
    def f(x):
        np.testing.assert_array_equal(np.array([1, 2.5]), [1, 2.5])
        assert np.array([[1]], dtype=np.int8).dtype == np.int8
        with pytest.raises(ValueError, match="inhomogeneous"):
            np.array([[1, 2], [3]])
        return x

    assert fg.grad(f)(1.0) == 1.0


def test_threads():
    failures = []

    def work():
        gradient = fg.grad(lambda x: np.array([x, 2 * x]).sum())
        failures.extend([i for i in range(200) if gradient(float(i)) != 3.0])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert np.array is NUMPYS


@pytest.mark.parametrize("name", ["asarray", "asanyarray", "ascontiguousarray"])
@pytest.mark.parametrize("wrap", [lambda f: f, fg.jit])
def test_functions_that_convert_their_arguments(name, wrap):
    def f(x):
        convert = getattr(np, name)
        x = convert(x, dtype=np.float64)
        return np.sum(convert([x[0], x[1] ** 2, 3]) * convert([1, 2, 3])) + np.sum(convert(x) ** 2)

    x = np.array([1.0, 3.0], np.float32)
    before = getattr(np, name)
    gradient = wrap(fg.grad(f))(x)
    assert gradient.dtype == np.float32
    np.testing.assert_array_equal(gradient, [1 + 2, 12 + 6])
    np.testing.assert_array_equal(
        fg.vmap(wrap(fg.grad(f)))(np.stack([x, x])), [[3.0, 18.0], [3.0, 18.0]]
    )
    assert getattr(np, name) is before


def test_asarray_is_the_same_array():
    def f(x):
        x = x * 2.0
        np.asarray(x)[0] = 5.0 * x[1]
        return x.sum()

    np.testing.assert_array_equal(fg.grad(f)(np.array([1.0, 3.0])), [0.0, 12.0])


def test_asarray_of_an_array_that_no_derivative_flows_into_is_the_same_array():
    def f(x):
        z = np.where(x > 0, 1.0, 2.0)[1:]
        same = np.ascontiguousarray(z)
        z -= 3.0
        return np.sum(x[1:] * same)

    np.testing.assert_array_equal(fg.grad(f)(np.array([1.0, 3.0, -1.0])), [0.0, -2.0, -1.0])


def test_asarray_of_a_stopped_value_is_plain():
    def f(x):
        assert type(np.asarray(fg.stop_gradient(x))) is np.ndarray
        return x.sum()

    fg.grad(f)(np.array([1.0, 3.0]))


def test_scipy_functions_that_convert_and_go_on_with_numpy():
    special = pytest.importorskip("scipy.special")
    x = np.array([0.5, 0.5])
    np.testing.assert_allclose(fg.grad(lambda x: special.logsumexp(x))(x), [0.5, 0.5])
    np.testing.assert_allclose(fg.jit(fg.grad(lambda x: special.softmax(x)[0]))(x), [0.25, -0.25])


def test_scipy_functions_that_go_on_in_compiled_code_say_so():
    linalg = pytest.importorskip("scipy.linalg")
    with pytest.raises(fg.errors.FuncgradError, match=r"scipy\.linalg\.schur"):
        fg.grad(lambda x: np.sum(linalg.schur(x)[0]))(np.eye(2))
    # One with a counterpart in funcgrad.scipy goes on there: x[0] solves x y = x[0] for the identity.
    np.testing.assert_allclose(
        fg.grad(lambda x: np.sum(linalg.solve(x, x[0])))(np.eye(2)), [[0.0, 1.0], [-1.0, 0.0]]
    )


@pytest.mark.parametrize("transform", [fg.jit, lambda f: fg.vmap(f, in_axes=0)])
def test_plain_arrays_at_traced_indices(transform: Any) -> None:
    """Where the index has no value, arrays that the function makes or converts can be indexed, and np.take works."""
    table, index = np.arange(12.0).reshape(4, 3), np.array([[2, 0], [1, 3]])
    for f in (
        lambda i: np.take(table, i, axis=0),
        lambda i: np.take(table, indices=i, axis=0),
        lambda i: np.array(table)[i],
        lambda i: fnp.asarray(table)[i],
        lambda i: fnp.take(table, i, axis=0),
    ):
        np.testing.assert_array_equal(transform(f)(index), table[index])


def test_asarray_shares_no_memory_while_a_function_is_traced() -> None:
    table = np.zeros(3)

    def f(x: Any) -> Any:
        own = fnp.asarray(table)
        own[0] = x
        return np.sum(own) * 2.0

    assert fg.grad(f)(1.0) == 2.0
    np.testing.assert_array_equal(table, 0.0)
    assert fnp.asarray(table) is table


@pytest.mark.parametrize("name", ["array", "asarray", "asanyarray"])
@pytest.mark.parametrize("namespace", [np, fnp])
def test_an_explicit_dtype_is_a_conversion(name: str, namespace: Any) -> None:
    def make(*args: Any, **kwargs: Any) -> Any:
        return getattr(namespace, name)(*args, **kwargs)

    def f(x: Any) -> Any:
        steps = make(np.ceil(x * 2.0), dtype=int)
        assert steps.dtype == np.dtype(int)
        return x * steps + make([x[0], 1.5], dtype="int32")[0]

    x = np.array([1.3, 2.6])
    np.testing.assert_array_equal(fg.jit(f)(x), x * [3, 6] + 1)
    np.testing.assert_array_equal(fg.grad(lambda x: f(x).sum())(x), [3.0, 6.0])
    assert fg.vmap(lambda x: make(x, dtype=int))(x).tolist() == [1, 2]
