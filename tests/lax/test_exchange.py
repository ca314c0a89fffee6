"""Values moved between the examples of a named axis, against JAX: values, pullbacks, under jit and a second vmap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.errors import UnsupportedError

jax = pytest.importorskip("jax")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 2, 6, 3))
CALLS: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    "all_to_all, last to first": ("all_to_all", (2, 0), {}),
    "all_to_all, in place": ("all_to_all", (2, 2), {}),
    "all_to_all, tiled": ("all_to_all", (1, 0), {"tiled": True}),
    "all_to_all, tiled the other way": ("all_to_all", (1, 2), {"tiled": True}),
    "ppermute": ("ppermute", ([(0, 1), (1, 2), (2, 0)],), {}),
    "pshuffle": ("pshuffle", ([2, 0, 1],), {}),
    "pswapaxes": ("pswapaxes", (2,), {}),
    "psum_scatter": ("psum_scatter", (), {"scatter_dimension": 2}),
    "psum_scatter, tiled": ("psum_scatter", (), {"scatter_dimension": 1, "tiled": True}),
}


@pytest.mark.parametrize("name", CALLS)
def test_as_jax(name: str) -> None:
    function, args, kwargs = CALLS[name]
    ours = fg.vmap(lambda x: getattr(fg.lax, function)(x, "i", *args, **kwargs), axis_name="i")
    theirs = jax.vmap(lambda x: getattr(jax.lax, function)(x, "i", *args, **kwargs), axis_name="i")
    expected = np.asarray(theirs(X))
    np.testing.assert_array_equal(ours(X), expected)
    np.testing.assert_array_equal(fg.jit(ours)(X), expected)
    ct = RNG.normal(size=expected.shape)
    np.testing.assert_allclose(fg.vjp(ours, X)[1](ct)[0], jax.vjp(theirs, X)[1](ct)[0])
    two = np.stack([X, 2.0 * X])
    np.testing.assert_array_equal(fg.vmap(ours)(two), np.stack([ours(X), ours(2.0 * X)]))


def test_examples_that_receive_nothing_get_zeros() -> None:
    shift = fg.vmap(lambda x: fg.lax.ppermute({"x": x}, "i", [(0, 2)]), axis_name="i")
    np.testing.assert_array_equal(shift(np.array([5, 6, 7]))["x"], [0, 0, 5])


def test_values_are_known_only_of_what_is_the_same_for_all_examples() -> None:
    def scaled(x: Any) -> Any:
        return x * int(fg.lax.psum(2, "i")) + int(fg.lax.pmax(1, "i"))

    np.testing.assert_array_equal(fg.vmap(scaled, axis_name="i")(np.ones(3)), [7.0, 7.0, 7.0])
    with pytest.raises(fg.errors.ConcretizationError, match="differs per example under vmap"):
        fg.vmap(lambda x: x * int(fg.lax.axis_index("i")), axis_name="i")(np.ones(3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: fg.lax.ppermute(x, "i", [(0, 3)]), r"\(0, 3\) is not a pair of positions"),
        (lambda x: fg.lax.ppermute(x, "i", [(0, 1), (0, 2)]), "twice a source or a destination"),
        (lambda x: fg.lax.pshuffle(x, "i", [0, 0, 1]), "is not a permutation of the axis 'i'"),
        (
            lambda x: fg.lax.pswapaxes(x, "i", 1),
            r"axis 1 of shape \(2, 6, 3\).* must have length 3",
        ),
        (lambda x: fg.lax.psum_scatter(x, "i", tiled=True), "must have length 3 or a multiple"),
    ],
)
def test_errors(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fg.vmap(call, axis_name="i")(X)


def test_an_axis_without_a_vmap_is_a_name_error() -> None:
    with pytest.raises(NameError, match="no axis is named 'i'"):
        fg.lax.psum(1.0, "i")


@pytest.mark.parametrize("name", ["psum", "pmean", "pmax", "pmin", "all_gather", "psum_scatter"])
def test_there_is_one_group_of_examples(name: str) -> None:
    collective = getattr(fg.lax, name)
    alone = fg.vmap(lambda x: collective(x, "i", axis_index_groups=None), axis_name="i")
    np.testing.assert_array_equal(
        alone(np.eye(2)), fg.vmap(lambda x: collective(x, "i"), axis_name="i")(np.eye(2))
    )
    groups = fg.vmap(lambda x: collective(x, "i", axis_index_groups=[[0], [1]]), axis_name="i")
    with pytest.raises(UnsupportedError, match=f"{name}: axis_index_groups has no implementation"):
        groups(np.eye(2))
