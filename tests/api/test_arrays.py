"""JAX's names for arrays, and `disable_jit`."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import funcgrad as fg
from funcgrad import test_util


def test_what_is_an_array() -> None:
    assert isinstance(np.ones(2), fg.Array)
    assert isinstance(np.float64(1.0), fg.Array)
    assert not isinstance([1.0], fg.Array)
    seen = []
    fg.jit(lambda x: seen.append((isinstance(x, fg.Array), isinstance(np.zeros(2), fg.Array))))(1.0)
    assert seen == [(True, True)]
    with pytest.raises(TypeError, match=r"fg.Array is a type to ask for; np.array makes arrays"):
        fg.Array([1.0])


def test_typeof() -> None:
    assert fg.typeof(np.ones((2, 3), np.float32)).shape == (2, 3)
    assert fg.typeof(1.0).weak_type
    assert fg.vmap(lambda x: x * fg.typeof(x).ndim)(np.ones((2, 3))).sum() == 6.0
    with pytest.raises(TypeError, match="typeof takes an array or a number, not"):
        fg.typeof("x")


def test_devices_have_nothing_to_do() -> None:
    x = np.ones(2)
    assert fg.block_until_ready({"x": x})["x"] is x
    copied = fg.device_put([x, 1.0])
    assert copied[0] is not x
    np.testing.assert_array_equal(copied[0], x)
    assert isinstance(fg.device_get((1.0, x))[0], np.ndarray)
    assert fg.grad(lambda x: fg.device_put(x) ** 2)(3.0) == 6.0


def test_disable_jit() -> None:
    f = fg.jit(lambda x: "positive" if x > 0 else "negative")
    with fg.disable_jit():
        assert f(1.0) == "positive"
        with fg.disable_jit(False), pytest.raises(fg.errors.TracedBoolError):
            f(1.0)
    compiled = fg.jit(lambda x: x * 2.0)
    compiled(1.0)
    with fg.disable_jit():
        assert type(compiled(1.0)) is float
    assert compiled(1.0) == 2.0


def test_functional_updates_of_an_array_made_while_tracing() -> None:
    f = fg.jit(lambda t: np.zeros(3).at[1].set(t).at[0].add(1.0))
    np.testing.assert_array_equal(f(5.0), [1.0, 5.0, 0.0])


def test_check_grads_stands_where_jax_has_it() -> None:
    test_util.check_grads(np.sin, (0.5,), order=2)
    assert fg.test_util is test_util


@pytest.mark.parametrize("mode", [None, "clip", "fill"])
def test_negative_indices_that_do_not_count_from_the_end(mode: str | None) -> None:
    places = np.array([-1, 0, 9])

    def read_and_add(x: Any) -> Any:
        options: Any = {"mode": mode, "wrap_negative_indices": False}
        return x.at[places].get(**options, fill_value=0.0), x.at[places].add(10.0, **options)

    x = np.arange(1.0, 5.0)
    expected = read_and_add(jnp.asarray(x))
    for a, b in zip(fg.jit(read_and_add)(x), expected, strict=True):
        np.testing.assert_array_equal(a, b)
