"""`example_libraries.optimizers` against JAX's."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
from jax.example_libraries import optimizers as theirs

import funcgrad as fg
from funcgrad.errors import ArgumentError
from funcgrad.example_libraries import optimizers as ours

PARAMS = {"w": np.array([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0]]), "b": (np.array(2.0), np.ones(2))}
OPTIMIZERS: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    "sgd": ("sgd", (0.1,), {}),
    "sgd with a schedule": ("sgd", (lambda i: 0.1 / (i + 1),), {}),
    "momentum": ("momentum", (0.1, 0.9), {}),
    "nesterov": ("nesterov", (0.1,), {"mass": 0.8}),
    "adagrad": ("adagrad", (0.1,), {}),
    "rmsprop": ("rmsprop", (0.1,), {"gamma": 0.8}),
    "rmsprop_momentum": ("rmsprop_momentum", (0.1,), {}),
    "adam": ("adam", (0.1,), {"b1": 0.8}),
    "adamax": ("adamax", (0.1,), {}),
    "sm3": ("sm3", (0.1,), {}),
}
SCHEDULES: dict[str, tuple[Any, ...]] = {
    "constant": (0.1,),
    "exponential_decay": (0.1, 3, 0.5),
    "inverse_time_decay": (0.1, 3, 0.5, True),
    "polynomial_decay": (0.1, 5, 0.01, 2.0),
    "piecewise_constant": ([2, 4], [1.0, 0.5, 0.1]),
    "make_schedule": (0.3,),
}


def slopes(library: Any, params: Any) -> Any:
    return library.tree.map(lambda x: 2.0 * x + x**3 - 1.0, params)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps(name: str) -> None:
    kind, args, kwargs = OPTIMIZERS[name]
    found = []
    for library, module in ((fg, ours), (jax, theirs)):
        init, update, get_params = getattr(module, kind)(*args, **kwargs)
        state = init(library.tree.map(lambda x: x, PARAMS))
        step = lambda i, s, u=update, g=get_params, lib=library: u(i, slopes(lib, g(s)), s)
        if library is fg or name != "sm3":  # whose states JAX cannot trace
            step = library.jit(step)
        for i in range(6):
            state = step(i, state)
        found.append(library.tree.leaves(get_params(state)))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9)


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name: str) -> None:
    a, b = [getattr(module, name)(*SCHEDULES[name]) for module in (ours, theirs)]
    for i in range(8):
        np.testing.assert_allclose(a(i), b(i), rtol=1e-6)
        np.testing.assert_allclose(fg.jit(a)(i), b(i), rtol=1e-6)


def test_norms() -> None:
    np.testing.assert_allclose(ours.l2_norm(PARAMS), theirs.l2_norm(PARAMS))
    for norm in (1.0, 100.0):
        a, b = [module.clip_grads(PARAMS, norm) for module in (ours, theirs)]
        for x, y in zip(fg.tree.leaves(a), jax.tree.leaves(b), strict=True):
            np.testing.assert_allclose(x, y)


def test_states_can_be_stored() -> None:
    init, update, get_params = ours.adam(0.1)
    state = update(0, slopes(fg, PARAMS), init(PARAMS))
    marked = ours.unpack_optimizer_state(state)
    assert isinstance(marked["w"], ours.JoinPoint)
    again = ours.pack_optimizer_state(marked)
    for a, b in zip(
        fg.tree.leaves(get_params(again)), fg.tree.leaves(get_params(state)), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_errors() -> None:
    init, update, _ = ours.sgd(0.1)
    with pytest.raises(ArgumentError, match="gradients of the structure of the parameters"):
        update(0, [1.0], init({"x": 1.0}))
    with pytest.raises(ArgumentError, match=r"not an array of shape \(2,\)"):
        ours.sgd(np.ones(2))
    with pytest.raises(ArgumentError, match="one value more than boundaries"):
        ours.piecewise_constant([1, 2], [0.1, 0.2])
