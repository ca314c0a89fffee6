"""Arrays of `np.zeros`, `np.array`, ... in a traced function: plain until traced values are written into them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad.core.errors import LostDerivativeError, TracingError, UnsupportedError
from funcgrad.core.local_array import LocalArray
from funcgrad.core.tracing import Tracer

X = np.array([1.5, -0.5, 2.0])
H = 1e-6


def check(f: Callable[[Any], Any], x: Any = X) -> None:
    """`f` on traced values gives the plain result, and the slope of it, under every transform."""
    expected = f(x)
    value, tangent = fg.jvp(f, (x,), (np.ones_like(x),))
    np.testing.assert_allclose(value, expected, rtol=1e-14)
    assert np.shape(value) == np.shape(expected)
    numeric = (f(x + H) - f(x - H)) / (2 * H)
    np.testing.assert_allclose(tangent, numeric, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(fg.jit(f)(x), expected, rtol=1e-14)
    np.testing.assert_allclose(fg.vmap(f)(np.stack([x, 2 * x]))[1], f(2 * x), rtol=1e-14)
    total = fg.grad(lambda x: np.sum(f(x) * np.arange(1.0, np.size(expected) + 1)))(x)
    assert type(total) is np.ndarray


def elements(x: Any) -> Any:
    z = np.zeros(3)
    z[0] = x[1]
    z[1:] += x[:-1] ** 2
    return z


def rotation(x: Any) -> Any:
    r = np.eye(2)
    r[0, 0] = r[1, 1] = np.cos(x[0])
    r[0, 1] = -np.sin(x[0])
    r[1, 0] = -r[0, 1]
    return r @ x[1:]


def rows(x: Any) -> Any:
    z = np.empty((2, 3))
    for i, row in enumerate(z):
        row[:] = x * (i + 1)
    return z.ravel()


def views_taken_before(x: Any) -> Any:
    z = np.zeros((3, 3))
    row, column, corner = z[1], z[:, 0], z.T[::-1, ::-1]
    row[0] = x[0]
    column[2] = x[1]
    corner[0, 0] = x[2]
    return np.concatenate([z.ravel(), row, column, corner.ravel()])


def in_place_operators(x: Any) -> Any:
    z = np.full(3, 2.0)
    z += x
    z *= x
    z /= np.array([1.0, 2.0, 3.0])
    z **= 2
    return z


def functions_that_write(x: Any) -> Any:
    a, b, c, d = np.zeros(3), np.ones(3), np.zeros(3), np.zeros((3, 3))
    np.copyto(a, x)
    np.multiply(a, x, out=b)
    np.sin(b, out=c)
    np.fill_diagonal(d, x)
    np.add.at(c, [0, 0], x[1])
    np.put(a, [1], x[:1])
    return np.concatenate([a, b, c, d.ravel()])


def methods_that_write(x: Any) -> Any:
    a, b = np.zeros(3), np.zeros(3)
    a.fill(x[0])
    b.put([0, 2], x[:2])
    b.flat[1] = x[2]
    return np.concatenate([a, b])


def arithmetic_of_local_arrays(x: Any) -> Any:
    a = -2.0 * np.eye(3) + np.ones((3, 3))
    a[0, 1] = x[0]
    b = np.sin(np.ones((3, 1))) @ np.ones((1, 3))
    b[b > 0.5] *= x[1]
    return (a @ b).ravel()


def reshaped(x: Any) -> Any:
    z = np.zeros(4)
    square = z.reshape(2, 2)
    square[1] = x[:2]
    first, second = z[:2], z[2:]
    first[:] = second[::-1]
    return z


def masks_and_lists(x: Any) -> Any:
    z = np.zeros(3)
    z[[0, 2]] = x[:2]
    chosen = np.zeros(3, bool)
    chosen[1] = True
    z[chosen] = x[0] * x[2]
    return z


def complex_parts(x: Any) -> Any:
    c = np.zeros(3, complex)
    c[0] = x[0] * 1j
    c.real[1] = x[1]
    c.imag = c.imag + x
    return np.abs(c)


def views_of_complex_parts(x: Any) -> Any:
    c = np.zeros((2, 3), complex).T
    real, imag = c.real, c.imag[::2]
    c[:, 0] = x
    imag[:, 1] = 2 * x[:2]
    real *= x[0]
    number = np.zeros((), complex)
    part = number.imag
    number.real[...] = x[0]
    part[...] = x[1]
    constants = np.array([1 + 2j, 3 - 1j, 2j]).imag
    return np.abs(c).sum() + real.sum() + imag.sum() + np.abs(number) + constants[np.argmax(x)] * x


def zero_dimensional(x: Any) -> Any:
    z = np.zeros(())
    z[()] = x[0]
    z += x[1]
    return z * 1.0


def constant(x: Any) -> Any:
    a = np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 0.5]])
    a[0] /= a[0].sum()
    return a @ x + float(a[0, 1]) + len(a) + a.max()


def of_traced_values(x: Any) -> Any:
    z = np.full((2, 3), x[0])
    z[0] = x
    return z.ravel()


def fortran_order(x: Any) -> Any:
    z = np.zeros((2, 3), order="F")
    part = z[:, 1:]
    z[1] = x
    part *= 2.0
    return z.ravel("K")


def columns_in_a_list(x: Any) -> Any:
    columns = [np.zeros(3) for _ in range(2)]
    for i, column in enumerate(columns):
        column[i] = x[i]
    return np.stack(columns, axis=1).ravel() + np.array(columns).ravel()


def copies(x: Any) -> Any:
    a = np.array([1.0, 2.0, 3.0])
    b, c, d = a.copy(), np.array(a), np.copy(a)
    same, converted = np.asarray(a), np.asarray(a, np.float32)
    a[0] = x[0]
    b[0] = x[1]
    return np.concatenate([a, b, c, d, same, converted])


def given_to_methods_and_options(x: Any) -> Any:
    ones = np.ones(3)
    return np.array(
        [
            np.ones(3).dot(x),
            np.ones(3).sum(initial=x[0]),
            np.sum(ones, where=x > 0) * x[0],
            np.pad(ones, 1, constant_values=x[1]).sum(),
            np.array([0, 1, 0]).choose([x, 2 * x]).sum(),
            np.full_like(np.ones((2, 2)), x[2]).sum(),
            np.interp(x[0], np.arange(3.0), np.array([1.0, 3.0, 2.0])),
        ]
    )


PROGRAMS = [
    given_to_methods_and_options,
    elements,
    rotation,
    rows,
    views_taken_before,
    in_place_operators,
    functions_that_write,
    methods_that_write,
    arithmetic_of_local_arrays,
    reshaped,
    masks_and_lists,
    complex_parts,
    views_of_complex_parts,
    zero_dimensional,
    constant,
    of_traced_values,
    fortran_order,
    columns_in_a_list,
    copies,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_programs(program: Callable[[Any], Any]) -> None:
    check(program)


def test_they_are_plain_until_a_traced_value_is_written_into_them() -> None:
    def f(x: Any) -> Any:
        z = np.zeros(3)
        before = type(z)
        assert isinstance(z, np.ndarray)
        assert type(z + np.ones(3)) is LocalArray
        assert repr(z) == "array([0., 0., 0.])"
        view = z[1:]
        z[2] = x
        assert (before, type(z), type(view)) == (LocalArray, Tracer, Tracer)
        return view.sum()

    assert fg.grad(f)(2.0) == 1.0


def test_results_are_plain_arrays() -> None:
    def f(x: Any) -> Any:
        return x.sum(), {"zeros": np.zeros(2), "view": np.ones((2, 2))[0]}

    _, aux = fg.grad(f, has_aux=True)(X)
    assert all(type(leaf) is np.ndarray for leaf in aux.values())
    for transform in (fg.jit, fg.vmap):
        assert type(transform(lambda x: np.zeros(3))(X)) is np.ndarray
    assert type(fg.jacfwd(lambda x: fnp.ones(3))(X)) is np.ndarray


def test_no_trace_no_local_array() -> None:
    kept = []
    fg.grad(lambda x: kept.append(np.zeros(2)) or x)(1.0)
    (array,) = kept
    assert type(np.zeros(2)) is np.ndarray
    assert type(array + 1.0) is np.ndarray
    assert type(array[:1]) is np.ndarray
    with pytest.raises(
        TracingError, match=r"made by an earlier call of .*\n.*test_local_arrays.py"
    ):
        fg.grad(lambda x: array.__setitem__(0, x) or x)(1.0)


def test_an_inner_function_cannot_write_to_the_outer_ones() -> None:
    def f(x: Any) -> Any:
        z = np.zeros(2)

        def inner(y: Any) -> Any:
            z[0] = y
            return y * y

        return fg.grad(inner)(x)

    with pytest.raises(TracingError, match="make the array in the\n?.*function that writes to it"):
        fg.grad(f)(1.0)


def test_an_inner_function_sees_outer_arrays_as_constants() -> None:
    def f(x: Any) -> Any:
        weights = np.ones(3)
        gradient = fg.grad(lambda y: np.sum(weights * y**2))(x)
        weights[0] = x[1]
        return np.sum(weights * gradient)

    # sum(w * 2 x) with w = (x1, 1, 1)
    np.testing.assert_allclose(fg.grad(f)(X), [2 * X[1], 2 * X[0] + 2.0, 2.0])


def test_compiled_code_gets_plain_arrays() -> None:
    def f(x: Any) -> Any:
        noise = np.random.default_rng(0).normal(np.zeros(3), np.ones(3))
        # NumPy's compiled random module makes arrays by np.zeros, np.empty, ... itself.
        order = np.random.RandomState(0).permutation(3)
        return np.sum(x * noise * order)

    noise = np.random.default_rng(0).normal(np.zeros(3), np.ones(3))
    np.testing.assert_array_equal(fg.grad(f)(X), noise * np.random.RandomState(0).permutation(3))


def test_modules_that_are_imported_meanwhile_work() -> None:
    code = (
        "import sys, numpy as np, funcgrad as fg\n"
        "def f(x):\n"
        "    import numpy.ma, numpy.polynomial, numpy.random\n"
        "    return x * numpy.ma.zeros(2).sum() + x * numpy.random.default_rng(0).normal()\n"
        "print(fg.grad(f)(2.0) == np.random.default_rng(0).normal(), type(np.ma.zeros(2)).__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "True MaskedArray\n", done.stderr


def test_scipys_ode_solver_is_differentiated_unmodified() -> None:
    integrate = pytest.importorskip("scipy.integrate")

    def f(k: Any) -> Any:
        def oscillator(t: Any, y: Any) -> Any:
            dydt = np.zeros(2)
            dydt[0] = y[1]
            dydt[1] = -k * y[0]
            return dydt

        return integrate.solve_ivp(oscillator, (0, 1), [1.0, 0.0], rtol=1e-8, atol=1e-8).y[0, -1]

    # cos(sqrt(k)), whose slope is -sin(sqrt(k)) / (2 sqrt(k))
    root = np.sqrt(2.0)
    np.testing.assert_allclose(fg.grad(f)(2.0), -np.sin(root) / (2 * root), rtol=1e-6)


def test_methods_of_outer_arrays_cannot_take_traced_values() -> None:
    weights = np.ones(3)
    message = r"the method \.dot of a plain array was given a traced f64\[3\].*\n.*\n  write np\.dot\(a, \.\.\.\)"
    with pytest.raises(LostDerivativeError, match=message):
        fg.grad(lambda x: weights.dot(x))(X)


def test_other_names_for_the_functions() -> None:
    from numpy import zeros  # bound before the trace: NumPy's own

    def f(x: Any) -> Any:
        z = zeros(2)
        z[0] = x
        return z.sum()

    with pytest.raises(LostDerivativeError, match="attributes of `np`, not imported from it"):
        fg.grad(f)(1.0)


def test_views_of_another_dtype_cannot_follow() -> None:
    def f(x: Any) -> Any:
        z = np.zeros(2, complex)
        halves = z.view(float)
        z[0] = x
        return halves.sum()

    with pytest.raises(UnsupportedError, match="has a view as float64"):
        fg.grad(f)(1.0)


def test_integer_arrays_do_not_take_traced_floats() -> None:
    def f(x: Any) -> Any:
        z = np.zeros(2, int)
        z[0] = x
        return z.sum()

    with pytest.raises(LostDerivativeError, match="stored into an array of dtype int64"):
        fg.grad(f)(1.0)
