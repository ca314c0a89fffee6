"""`grad` and `value_and_grad`: arguments, trees, auxiliary data, errors."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.core.config import config
from funcgrad.core.errors import ArgumentError


def product(x, y):
    return x * y


@pytest.mark.parametrize(
    ("argnums", "expected"),
    [
        (0, 3.0),
        (1, 2.0),
        (-1, 2.0),
        (-2, 3.0),
        ((0, 1), (3.0, 2.0)),
        ([1], (2.0,)),
        ((1, 0), (2.0, 3.0)),
    ],
)
def test_argnums(argnums, expected):
    assert fg.grad(product, argnums)(2.0, 3.0) == expected


def test_argnames():
    def f(x, *, y):
        return x * y

    assert fg.grad(f, argnames="y")(2.0, y=3.0) == {"y": 2.0}
    assert fg.grad(f, argnums=0, argnames=("y",))(2.0, y=3.0) == (3.0, {"y": 2.0})
    assert fg.grad(f, argnums=(0,), argnames="y")(2.0, y=3.0) == ((3.0,), {"y": 2.0})


def test_undifferentiated_arguments_can_be_anything():
    def f(x, power, *, mode):
        assert mode == "cube"
        return x ** power["p"]

    assert fg.grad(f)(2.0, {"p": 3}, mode="cube") == 12.0


def test_trees():
    params = {"a": 2.0, "b": [3.0, (np.array([1.0, 2.0]), None)]}
    gradient = fg.grad(lambda p: p["a"] * p["b"][0] + np.sum(p["b"][1][0] ** 2))(params)
    assert gradient["a"] == 3.0
    assert gradient["b"][0] == 2.0
    np.testing.assert_array_equal(gradient["b"][1][0], [2.0, 4.0])
    assert gradient["b"][1][1] is None


def test_has_aux():
    def f(x):
        return x * x, {"y": x * 3, "name": "text"}

    assert fg.grad(f, has_aux=True)(2.0) == (4.0, {"y": 6.0, "name": "text"})
    assert fg.value_and_grad(f, has_aux=True)(2.0) == ((4.0, {"y": 6.0, "name": "text"}), 4.0)


def test_aux_is_not_differentiated_through_a_nan():
    def f(x):
        return x * x, np.sqrt(x - 5.0)

    assert fg.grad(f, has_aux=True)(2.0)[0] == 4.0


def test_types_of_results():
    gradient = fg.grad(np.tanh)(1.0)
    assert type(gradient) is np.float64
    gradient = fg.grad(np.tanh)(np.float32(1.0))
    assert type(gradient) is np.float32
    gradient = fg.grad(lambda x: x.sum())(np.ones(3, np.float32))
    assert gradient.dtype == np.float32
    assert gradient.flags.writeable
    assert gradient.flags.owndata


def test_results_alias_nothing():
    x = np.arange(3.0)
    (value, aux), gradient = fg.value_and_grad(lambda x: (x.sum(), x), has_aux=True)(x)
    assert value == 3.0
    assert not np.shares_memory(aux, x)
    assert not np.shares_memory(aux, gradient)
    a, b = fg.grad(lambda x, y: (x + y).sum(), (0, 1))(x, x)
    assert not np.shares_memory(a, b)


def test_holomorphic_and_complex():
    assert fg.grad(lambda z: z * z, holomorphic=True)(1 + 2j) == 2 + 4j
    # JAX's convention: the gradient of |z|^2 is 2 conj(z).
    assert fg.grad(lambda z: (z * z.conj()).real)(1 + 2j) == 2 - 4j


def test_integers():
    with pytest.raises(fg.errors.ArgumentError, match=r"argument 0 has type i64\[\].*\n.*argnums"):
        fg.grad(lambda x: x * 2.0)(3)
    zero = fg.grad(lambda x: x * 2.0, allow_int=True)(3)
    assert zero.dtype == fg.float0
    assert zero.shape == ()


def test_value_and_grad_agree_with_separate_calls():
    x = np.linspace(0.1, 1.0, 5)

    def f(x):
        return np.sum(np.sin(x) * np.exp(x))

    value, gradient = fg.value_and_grad(f)(x)
    np.testing.assert_allclose(value, f(x))
    np.testing.assert_array_equal(gradient, fg.grad(f)(x))


def test_closed_over_arrays_are_read_at_each_call():
    data = np.array([1.0, 2.0])
    gradient = fg.grad(lambda x: np.sum(x * data))
    x = np.ones(2)
    for _ in range(3):
        np.testing.assert_array_equal(gradient(x), data)
        data *= 2


def test_array_changed_during_the_trace():
    def f(x):
        scratch = np.ones(2)
        y = x * scratch
        scratch *= 10
        return np.sum(y + x * scratch)

    np.testing.assert_array_equal(fg.grad(f)(np.ones(2)), [11.0, 11.0])


def test_large_array_changed_during_the_trace_is_noticed():
    def f(x):
        scratch = np.ones(100_000)
        y = x * scratch
        scratch *= 10
        return np.sum(y)

    with pytest.raises(
        fg.errors.TracingError, match=r"changed in place\n.*test_grad.py:\d+ in .*f"
    ):
        fg.grad(f)(np.ones(100_000))


def test_pickle_copy_method():
    class Model:
        scale = 3.0

        @fg.jit
        def scaled(self, x):
            return x * 2.0

        def loss(self, x):
            return self.scale * x * x

    for transformed in (
        fg.grad(np.tanh),
        fg.value_and_grad(np.tanh),
        fg.jit(np.tanh),
        fg.vmap(np.tanh),
    ):
        argument = np.ones(2) if isinstance(transformed, type(fg.vmap(np.tanh))) else 1.0
        expected = transformed(argument)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(transformed))(argument), expected)
        np.testing.assert_array_equal(copy.deepcopy(transformed)(argument), expected)
    assert fg.grad(Model().loss)(2.0) == 12.0


def test_name_and_doc_are_kept():
    def loss(x):
        """How wrong."""
        return x

    gradient = fg.grad(loss)
    assert gradient.__name__ == "loss"
    assert gradient.__doc__ == "How wrong."
    assert gradient.__wrapped__ is loss
    assert "loss" in repr(gradient)


@pytest.mark.parametrize(
    ("fun", "args", "options", "message"),
    [
        (
            lambda x: x,
            (np.ones(3),),
            {},
            r"scalar result, but .*<lambda> .* returned f64\[3\]\n.*jacrev",
        ),
        (lambda x: None, (1.0,), {}, "returned None"),
        (lambda x: (x, x), (1.0,), {}, "has_aux=True"),
        (lambda x: x, (1.0,), {"has_aux": True}, "must return a pair"),
        (lambda x: x > 0, (1.0,), {}, r"returned bool\[\]"),
        (lambda x: x * 1j, (1.0,), {}, r"returned c128\[\]\n.*holomorphic"),
        (lambda x: x, ("text",), {}, "argument 0 is str 'text'"),
        (lambda x: x, ({"w": ["text"]},), {}, r"argument 0\['w'\]\[0\] is str 'text'"),
        (lambda x: x, (1.0,), {"argnums": 1}, r"argnums has 1, but .* 1 positional argument\n"),
        (lambda x: x, (1.0,), {"argnums": "x"}, "argnums takes ints"),
        (lambda x: x, (1.0,), {"argnames": "y"}, "no such keyword"),
        (
            lambda x: x,
            (1.0,),
            {"holomorphic": True},
            r"takes complex inputs, but argument 0 has type f64",
        ),
        (lambda x: x.real, (1j,), {"holomorphic": True}, r"complex result, but .* returned f64"),
        (lambda x: x, (np.array(["a"]),), {}, "argument 0 is"),
        (lambda x: x, (np.ma.masked_array([1.0]),), {}, "argument 0 is"),
    ],
)
def test_errors(fun, args, options, message):
    with pytest.raises(fg.errors.ArgumentError, match=message):
        fg.grad(fun, **options)(*args)


def test_not_a_function():
    with pytest.raises(fg.errors.ArgumentError, match="takes a function, not float 3.0"):
        fg.grad(3.0)


def test_traceback_shows_only_the_user():
    def f(x):
        raise KeyError("mine")

    with pytest.raises(KeyError) as caught:
        fg.grad(f)(1.0)
    inner = [entry.path.name for entry in caught.traceback][-1]
    assert inner == "test_grad.py"
    assert not any("transforms" in str(entry.path) for entry in caught.traceback)


@pytest.mark.parametrize(
    "call",
    [
        lambda f: fg.grad(f)(1.0),
        lambda f: fg.jit(fg.grad(f))(1.0),
        lambda f: fg.jit(f).lower(1.0),
        lambda f: fg.vmap(fg.jit(fg.grad(f)))(np.ones(2)),
        lambda f: fg.vjp(f, 1.0),
        lambda f: fg.hessian(f)(1.0),
    ],
)
def test_the_frame_that_is_left_is_marked_as_hidden(call: Any) -> None:
    """Python shows the frame that raises; pytest and IPython leave out what has `__tracebackhide__`."""

    def f(x: Any) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError) as caught:
        call(f)
    ours = [
        e for e in caught.traceback if "/funcgrad/" in str(e.path) and "test" not in e.path.name
    ]
    assert len(ours) <= 1
    assert all(entry.frame.f_locals.get("__tracebackhide__") for entry in ours)
    assert str(caught.traceback[-1].path) == __file__


@pytest.mark.parametrize("transform", [fg.grad, fg.value_and_grad, fg.jacrev, fg.jacfwd])
@pytest.mark.parametrize("argnums", [(0, 0), (0, -2)])
def test_argument_named_twice_is_refused(transform: Any, argnums: tuple[int, int]) -> None:
    with pytest.raises(ArgumentError, match="names argument 0 of .* twice"):
        transform(lambda x, y: np.sum(x * y), argnums)(np.ones(3), np.ones(3))


def test_ufuncs_are_traced_once() -> None:
    slope = fg.grad(np.tanh)
    for x in (0.3, np.float32(0.3), np.array(0.7)):
        for _ in range(3):  # traced, compiled, looked up
            got = slope(x)
            np.testing.assert_allclose(got, 1 - np.tanh(x) ** 2, rtol=1e-6)
            assert got.dtype == np.asarray(x).dtype
    bend = fg.grad(slope)
    for _ in range(3):
        np.testing.assert_allclose(bend(0.3), -2 * np.tanh(0.3) * (1 - np.tanh(0.3) ** 2))
        np.testing.assert_allclose(fg.vmap(slope)(np.array([0.3, 0.7]))[1], 1 - np.tanh(0.7) ** 2)
    both = fg.value_and_grad(np.exp)
    assert [both(1.0), both(1.0)] == [(np.exp(1.0), np.exp(1.0))] * 2
    assert pickle.loads(pickle.dumps(slope))(0.0) == 1.0
    for _ in range(2):
        with pytest.raises(ArgumentError, match="returned f64"):
            slope(np.ones(2))


def test_ufuncs_are_debugged_at_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    slope = fg.grad(np.sqrt)
    assert slope(1.0) == slope(1.0) == 0.5
    monkeypatch.setattr(config, "debug_infs", True)
    with pytest.raises(fg.errors.NonFiniteError):
        slope(0.0)
