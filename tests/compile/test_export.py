"""Exported modules: see test_table.py for every function of the table of cases."""

from __future__ import annotations

import ast
import collections
import json
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import lax
from funcgrad.compile.constants import array_text
from funcgrad.compile.definitions import as_def, definition
from funcgrad.core.primitive import PRIMITIVES
from funcgrad.errors import UnsupportedError
from tests.compile.exported import packages


def loss(params: Any, x: Any) -> Any:
    return np.sum(np.tanh(x @ params["w"] + params["b"]) ** 2)


def test_exported_source_needs_numpy_only(tmp_path: Path) -> None:
    params = {"w": np.ones((3, 2)), "b": np.zeros(2)}
    x = np.linspace(0.0, 1.0, 12).reshape(4, 3)
    source = fg.export_source(fg.value_and_grad(loss), params, x)
    (tmp_path / "exported.py").write_text(source)
    code = (
        "import sys, numpy as np, exported\n"
        "x = np.linspace(0.0, 1.0, 12).reshape(4, 3)\n"
        "value, grad = exported.loss({'w': np.ones((3, 2)), 'b': np.zeros(2)}, x)\n"
        "assert 'funcgrad' not in sys.modules\n"
        "print(repr(float(value)), grad['w'].tolist(), grad['b'].tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    value, grad = fg.value_and_grad(loss)(params, x)
    first, rest = done.stdout.split(" ", 1)
    assert float(first) == pytest.approx(float(value))
    w, b = json.loads("[" + rest.strip().replace("]] [", "]], [") + "]")
    np.testing.assert_allclose(w, grad["w"])
    np.testing.assert_allclose(b, grad["b"])
    assert "w'" in source.split('"""')[1]


def test_exported_clusters_run() -> None:
    x = np.linspace(0.0, 3.0, 50_000)
    gradient = fg.grad(lambda x: np.sum(np.sin(x) * x))
    module: dict[str, Any] = {}
    exec(fg.export_source(gradient, x), module)
    np.testing.assert_allclose(module["function"](x), gradient(x), rtol=1e-12)


def test_exported_constants_are_complete() -> None:
    def fun(x: Any) -> Any:
        return np.where(x > np.inf, np.float32("nan"), x * np.arange(40.0))

    x = np.linspace(0.0, 1.0, 40)
    module: dict[str, Any] = {}
    exec(fg.export_source(fun, x), module)
    np.testing.assert_array_equal(module["fun"](x), fg.jit(fun)(x))


def test_exported_source_builds_arrays_of_scalars() -> None:
    def fun(x: Any) -> Any:
        turned = np.array([[np.cos(x[0]), -np.sin(x[0])], [np.sin(x[0]), 0.5]])
        return np.sum(turned @ np.array([x[1], 2.0])) + np.sum(np.stack([x, x * x], axis=1))

    x = np.array([0.3, 1.5])
    module: dict[str, Any] = {}
    exec(fg.export_source(fg.grad(fun), x), module)
    np.testing.assert_allclose(module["fun"](x), fg.grad(fun)(x), rtol=1e-14)


X = np.linspace(0.1, 1.0, 6).reshape(2, 3)


def growth(x: Any) -> Any:
    """A loop whose number of steps depends on values."""

    def more(carry: Any) -> Any:
        return np.sum(carry[0]) < 10.0

    def step(carry: Any) -> Any:
        return carry[0] * 1.5 + np.sort(x), carry[1] + 1

    return np.sum(lax.while_loop(more, step, (x * x, 0))[0])


def scanned(x: Any) -> Any:
    def step(carry: Any, row: Any) -> Any:
        return np.tanh(carry * row + x[0]), np.cumsum(carry * row)

    return np.sum(lax.scan(step, x[0], x)[1])


def chosen(x: Any) -> Any:
    return lax.cond(x[0] > 0.3, lambda x: np.sum(np.sin(x)), lambda x: np.prod(np.cos(x)), x)


def cube_root(a: Any) -> Any:
    def solve(f: Any, z: Any) -> Any:
        return lax.fori_loop(0, 20, lambda i, z: z - f(z) / (3.0 * z * z), z)

    return lax.custom_root(lambda z: z**3 - a, 1.0, solve, lambda g, y: y / g(1.0))


@fg.custom_vjp
def doubled_slope(x: Any) -> Any:
    return np.sin(x)


doubled_slope.defvjp(lambda x: (np.sin(x), x), lambda x, ct: (2.0 * ct * np.cos(x),))

FUNCTIONS: dict[str, tuple[Callable[..., Any], Any]] = {
    "while": (growth, X[0]),
    "while, forward mode": (fg.jacfwd(growth), X[0]),
    "while, reverse mode": (fg.grad(growth), X[0]),
    "while, value and gradient": (fg.value_and_grad(growth), X[0]),
    "while, gradients of a batch": (fg.vmap(fg.grad(growth)), X),
    "scan": (scanned, X),
    "scan, reverse mode": (fg.grad(scanned), X),
    "scan, second order": (fg.hessian(scanned), X),
    "cond": (chosen, X[0]),
    "cond, reverse mode": (fg.grad(chosen), X[0]),
    "cond, gradients of a batch": (fg.vmap(fg.grad(chosen)), X),
    "custom_root": (fg.grad(cube_root), 2.0),
    "custom_vjp": (fg.grad(lambda x: np.sum(doubled_slope(x))), X),
    "checkpoint": (fg.grad(fg.checkpoint(lambda x: np.sum(np.sort(np.sin(x)) ** 2))), X),
    "jit": (fg.jit(fg.grad(lambda x: np.sum(np.sort(x) ** 2))), X),
    "jacobian": (fg.jacobian(lambda x: np.sort(np.sin(x)) * x), np.arange(60.0)),
    "hessian": (fg.hessian(lambda x: np.linalg.slogdet(np.outer(x, x) + np.eye(3))[1]), X[0]),
    "associative_scan": (lambda x: lax.associative_scan(np.multiply, x), X),
    "random": (lambda key: fg.random.normal(key, (3,)), fg.random.key(3)),
    "philox": (lambda key: fg.random.gamma(key, 2.0, (3,)), fg.random.key(3, impl="philox")),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_exported_modules_run_without_funcgrad(name: str) -> None:
    fun, argument = FUNCTIONS[name]
    source = fg.export_source(lambda x: fun(x), argument)
    assert packages(source) <= {"numpy", *sys.stdlib_module_names}
    module: dict[str, Any] = {}
    exec(source, module)
    got, expected = module["function"](argument), fun(argument)
    for a, b in zip(fg.tree.leaves(got), fg.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)


def test_exported_source_is_plain_numpy() -> None:
    def fun(x: Any) -> Any:
        return np.fft.rfft(np.sort(x)), np.linalg.inv(x @ x.T), np.argmax(x, axis=1)

    source = fg.export_source(fun, X)
    for call in ("np.sort(", "np.linalg.inv(", "np.argmax(", "rfft"):
        assert call in source


Point = collections.namedtuple("Point", "x y")  # as users write it
STRUCTURES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "named tuples": (lambda p: Point(p.y * 2.0, np.sort(p.x)), (Point(X[0], X[1]),)),
    "NumPy's named tuples": (lambda x: np.linalg.eigh(x @ x.T), (X,)),
    "nested": (lambda d: {"a": [d["b"], (d["b"] * 2.0,)], "c": None}, ({"b": X},)),
    "nothing": (lambda x: (), (X,)),
    "a constant": (lambda x: 3.0, (X,)),
    "the argument": (lambda x: x, (X,)),
    "integers and booleans": (lambda x: (x + 1, x > 1), (np.arange(3),)),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_structures_of_arguments_and_results(name: str) -> None:
    fun, args = STRUCTURES[name]
    module: dict[str, Any] = {}
    exec(fg.export_source(fun, *args), module)
    assert repr(module["function"](*args)) == repr(fg.jit(fun)(*args))


def test_definitions_are_those_of_the_functions() -> None:
    """Several lambdas may stand in a line: the one that is found must refer to the same names."""
    found = 0
    for primitive in PRIMITIVES.values():
        impl = primitive.impl
        if not isinstance(impl, types.FunctionType) or not impl.__module__.startswith("funcgrad."):
            continue
        module = ast.Module([as_def(definition(impl), "copy")], [])  # type: ignore[list-item]
        constants = compile(ast.fix_missing_locations(module), "copy", "exec").co_consts
        (code,) = [c for c in constants if isinstance(c, types.CodeType)]
        assert set(code.co_varnames) == set(impl.__code__.co_varnames)
        if not impl.__code__.co_freevars:  # which are looked up otherwise
            assert code.co_names == impl.__code__.co_names
        found += 1
    assert found > 100


def test_a_name_of_pythons_is_not_taken() -> None:
    def max(x: Any) -> Any:
        return np.sum(lax.scatter_add(x, np.array([[0]]), x[:1], DIMENSIONS))

    module: dict[str, Any] = {}
    exec(fg.export_source(max, X[0]), module)
    found = [module[name] for name in ("max", "function") if name in module]
    assert found[0](X[0]) == max(X[0])


DIMENSIONS = lax.ScatterDimensionNumbers((), (0,), (0,))


def test_special_functions_come_from_scipy() -> None:
    special = pytest.importorskip("scipy.special")
    source = fg.export_source(lambda x: special.gammainc(2.0, x) * special.erf(x), X)
    assert "Needs NumPy and SciPy only" in source
    assert "from scipy import special" in source
    module: dict[str, Any] = {}
    exec(source, module)
    expected = special.gammainc(2.0, X) * special.erf(X)
    np.testing.assert_allclose(module["function"](X), expected, rtol=1e-13)


def test_names_that_the_module_needs_are_left_to_it() -> None:
    def own(np_: Any, own: Any) -> Any:
        return own + np_

    own.__name__ = "np"
    module: dict[str, Any] = {}
    exec(fg.export_source(own, X, X), module)
    np.testing.assert_array_equal(module["function"](X, own_=X), X + X)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((40, 50)),
        np.ones(3, np.float32),
        np.full((300, 4), np.inf),
        np.eye(40, dtype=np.complex64),
        np.eye(60).reshape(60, 20, 3),
        np.arange(5, 4000, 3),
        np.array([-0.0, 1.5, np.nan, -np.inf]),
        np.array([[1 + 2j, -1j]]),
        np.full(20, -0.0),
        np.zeros((0, 3), bool),
    ],
    ids=str,
)
def test_constants_are_written_out(array: Any) -> None:
    text = array_text(array)
    assert text is not None
    assert len(text) < 150
    back = eval(text, {"np": np})
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)
    np.testing.assert_array_equal(np.signbit(back.real), np.signbit(array.real))


def test_export_names_what_it_cannot_write() -> None:
    table = np.sin(np.arange(5000.0))
    with pytest.raises(UnsupportedError, match="too large for source text"):
        fg.export_source(lambda x: x + table, np.ones(5000))

    def calls_back(x: Any) -> Any:
        return fg.pure_callback(np.sort, fg.ShapeDtypeStruct(x.shape, x.dtype), x)

    with pytest.raises(UnsupportedError, match="a class that the module would not have"):
        fg.export_source(lambda x: fg.tree_util.Partial(np.sin, x), X)
    with pytest.raises(UnsupportedError, match=r"(?s)calls_back: pure_callback.*test_export.py"):
        fg.export_source(calls_back, X)
