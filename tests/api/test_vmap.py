"""`vmap`: axes, trees, collectives, errors."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import funcgrad as fg

X = np.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize("in_axes", [0, 1, -1, -2])
@pytest.mark.parametrize("out_axes", [0, 1, -1])
def test_axes(in_axes, out_axes):
    ours = fg.vmap(lambda x: x * np.sum(x), in_axes, out_axes)(X)
    theirs = jax.vmap(lambda x: x * jnp.sum(x), in_axes, out_axes)(X)
    np.testing.assert_allclose(ours, theirs)


def test_trees_and_prefixes():
    tree = {"a": X, "b": (X.T, 2.0)}
    axes = ({"a": 0, "b": (1, None)}, None)
    ours = fg.vmap(
        lambda t, s: {"y": t["a"] + t["b"][0] * s, "z": t["b"][1]}, axes, {"y": 1, "z": None}
    )(tree, 3.0)
    theirs = jax.vmap(
        lambda t, s: {"y": t["a"] + t["b"][0] * s, "z": t["b"][1]}, axes, {"y": 1, "z": None}
    )(tree, 3.0)
    np.testing.assert_allclose(ours["y"], theirs["y"])
    assert ours["z"] == 2.0


def test_keyword_arguments_are_batched_in_front():
    np.testing.assert_array_equal(
        fg.vmap(lambda x, y: x + y)(np.ones(3), y=np.arange(3.0)), [1, 2, 3]
    )


def test_constant_result_is_repeated():
    np.testing.assert_array_equal(fg.vmap(lambda x: 3.0)(np.ones(2)), [3.0, 3.0])


def test_axis_size_without_batched_arguments():
    assert fg.vmap(lambda: np.float64(2.0), axis_size=3)().shape == (3,)


def test_empty_batch():
    assert fg.vmap(lambda x: np.sum(x**2))(np.zeros((0, 4))).shape == (0,)


def test_nested():
    ours = fg.vmap(fg.vmap(lambda x, y: x * y, (0, None)), (None, 0))(
        np.arange(3.0), np.arange(2.0)
    )
    np.testing.assert_array_equal(ours, np.outer(np.arange(2.0), np.arange(3.0)))


def test_per_example_gradients():
    def loss(w, x, y):
        return np.mean((x @ w - y) ** 2)

    w, xs, ys = np.ones(4), X, np.arange(3.0)
    ours = fg.vmap(fg.grad(loss), in_axes=(None, 0, 0))(w, xs, ys)
    np.testing.assert_allclose(
        ours, np.stack([fg.grad(loss)(w, x, y) for x, y in zip(xs, ys, strict=True)])
    )


@pytest.mark.parametrize("name", ["psum", "pmean", "pmax", "pmin"])
def test_collectives(name):
    ours = fg.vmap(lambda x: x - getattr(fg.lax, name)(x, "i"), axis_name="i")(X)
    theirs = jax.vmap(lambda x: x - getattr(jax.lax, name)(x, "i"), axis_name="i")(X)
    np.testing.assert_allclose(ours, theirs)


def test_collectives_nested_and_differentiated():
    def ours(x):
        y = fg.vmap(
            fg.vmap(lambda v: v * fg.lax.psum(v, "j") + fg.lax.pmean(v, "i") ** 2, axis_name="j"),
            axis_name="i",
        )(x)
        return np.sum(np.sin(y))

    def theirs(x):
        y = jax.vmap(
            jax.vmap(
                lambda v: v * jax.lax.psum(v, "j") + jax.lax.pmean(v, "i") ** 2, axis_name="j"
            ),
            axis_name="i",
        )(x)
        return jnp.sum(jnp.sin(y))

    np.testing.assert_allclose(fg.grad(ours)(X), jax.grad(theirs)(X))


def test_all_gather_and_axis_index():
    np.testing.assert_array_equal(
        fg.vmap(lambda x: fg.lax.all_gather(x, "i"), axis_name="i")(np.arange(3.0))[1], [0, 1, 2]
    )
    np.testing.assert_array_equal(
        fg.vmap(lambda x: x + fg.lax.axis_index("i"), axis_name="i")(np.zeros(3)), [0, 1, 2]
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: fg.vmap(np.add)(np.ones(3), np.ones(4)),
            r"different lengths\n  argument 0: f64\[3\].*3\n.*4",
        ),
        (lambda: fg.vmap(np.sin)(1.0), r"axis 0 of argument 0, which has type f64\[\]"),
        (lambda: fg.vmap(np.sin, in_axes=2)(X), r"axis 2 of argument 0"),
        (lambda: fg.vmap(np.add, in_axes=(0,))(X, X), "in_axes has 1 entries"),
        (lambda: fg.vmap(np.sin, in_axes=None)(X), "no argument .* has a batch axis"),
        (lambda: fg.vmap(np.sin, out_axes=None)(X), "out_axes is None for result"),
        (lambda: fg.vmap(np.sin, out_axes=5)(X), "out_axes asks for axis 5"),
        (lambda: fg.vmap(np.sin)("text"), "argument 0 is str 'text'"),
        (lambda: fg.vmap(lambda x: fg.lax.psum(x, "j"), axis_name="i")(X), "no axis is named 'j'"),
        (lambda: fg.vmap(np.sin, in_axes=({"a": 0},))(X), "in_axes"),
    ],
)
def test_errors(call, message):
    with pytest.raises(fg.errors.ArgumentError, match=message):
        call()


def test_python_control_flow_on_an_example():
    with pytest.raises(
        fg.errors.TracedBoolError, match=r"differs per example under vmap\n.*test_vmap.py:\d+"
    ):
        fg.vmap(lambda x: x if x > 0 else -x)(np.ones(3))


def test_python_control_flow_on_what_is_not_batched():
    np.testing.assert_array_equal(
        fg.vmap(lambda x, s: x if s > 0 else -x, (0, None))(np.ones(2), -1.0), [-1, -1]
    )


def test_in_axes_of_another_type_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="in_axes is an int, None, or a tuple"):
        fg.vmap(np.sin, in_axes={"x": 0})
