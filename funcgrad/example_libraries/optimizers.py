"""Optimisers by first derivatives, as `jax.example_libraries.optimizers`.

An optimiser is a triple of functions: `init(params) -> state`, `update(step, gradients, state) -> state` and
`get_params(state) -> params`, all on pytrees. Its rule is written for one array; `optimizer` extends it to trees.

>>> import numpy as np, funcgrad as fg
>>> from funcgrad.example_libraries import optimizers
>>> init, update, get_params = optimizers.momentum(0.1, mass=0.9)
>>> state = init({"x": 5.0})
>>> for step in range(200):
...     slope = fg.grad(lambda p: (p["x"] - 2.0) ** 2)(get_params(state))
...     state = update(step, slope, state)
>>> get_params(state)["x"].round(2)
np.float64(2.0)
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tree import (
    PyTreeDef,
    describe_mismatch,
    register_pytree_node,
    tree_flatten,
    tree_map,
)

Schedule = Callable[[Any], Any]


class Optimizer(NamedTuple):
    """The three functions of an optimiser."""

    init_fn: Callable[[Any], Any]
    update_fn: Callable[[Any, Any, Any], Any]
    params_fn: Callable[[Any], Any]


class OptimizerState:
    """The states of all arrays, and the tree that they belong to. It is a pytree."""

    def __init__(self, states: Sequence[Any], tree: PyTreeDef) -> None:
        self.states, self.tree = list(states), tree


register_pytree_node(
    OptimizerState,
    lambda state: (state.states, state.tree),
    lambda tree, states: OptimizerState(states, tree),
)


def optimizer(opt_maker: Callable[..., Any]) -> Callable[..., Optimizer]:
    """Extend rules for one array to pytrees: a decorator of functions that return three functions of arrays.

    Args:
        opt_maker: returns `(init, update, get_params)` with `init(x) -> state`, `update(step, gradient, state) ->
            state` and `get_params(state) -> x` for an array `x`.

    Returns:
        A function with the same arguments that returns an `Optimizer`.

    Raises:
        ArgumentError: (when it is used) the gradients have not the structure of the parameters.
    """

    @functools.wraps(opt_maker)
    def make(*args: Any, **kwargs: Any) -> Optimizer:
        init, update, get_params = opt_maker(*args, **kwargs)

        def init_tree(params: Any) -> OptimizerState:
            leaves, tree = tree_flatten(params)
            return OptimizerState([init(x) for x in leaves], tree)

        def update_tree(step: Any, gradients: Any, state: OptimizerState) -> OptimizerState:
            leaves, tree = tree_flatten(gradients)
            if tree != state.tree:
                mismatch = describe_mismatch(state.tree, tree, ("the parameters", "the gradients"))
                raise ArgumentError(
                    f"an optimiser takes gradients of the structure of the parameters{here()}\n{mismatch}"
                )
            pairs = zip(leaves, state.states, strict=True)
            return OptimizerState([update(step, g, s) for g, s in pairs], tree)

        def params_of(state: OptimizerState) -> Any:
            return state.tree.unflatten([get_params(s) for s in state.states])

        return Optimizer(init_tree, update_tree, params_of)

    return make


def _rule(n_slots: int, move: Callable[..., tuple[Any, ...]]) -> Any:
    """The functions of a rule whose state is an array and some others of its shape, which start as zeros."""

    def init(x: Any) -> tuple[Any, ...]:
        return (x, *[np.zeros_like(x) for _ in range(n_slots)])

    return init, lambda step, g, state: move(step, g, *state), lambda state: state[0]


@optimizer
def sgd(step_size: float | Schedule) -> Any:
    """Gradient descent: `x - step_size * g`."""
    rate = make_schedule(step_size)
    return _rule(0, lambda i, g, x: (x - rate(i) * g,))


@optimizer
def momentum(step_size: float | Schedule, mass: float) -> Any:
    """Gradient descent with a velocity that keeps the fraction `mass` of itself. B. T. Polyak (1964)."""
    rate = make_schedule(step_size)

    def move(i: Any, g: Any, x: Any, velocity: Any) -> tuple[Any, Any]:
        velocity = mass * velocity + g
        return x - rate(i) * velocity, velocity

    return _rule(1, move)


@optimizer
def nesterov(step_size: float | Schedule, mass: float) -> Any:
    """`momentum` that looks one step ahead. Y. Nesterov (1983)."""
    rate = make_schedule(step_size)

    def move(i: Any, g: Any, x: Any, velocity: Any) -> tuple[Any, Any]:
        velocity = mass * velocity + g
        return x - rate(i) * (mass * velocity + g), velocity

    return _rule(1, move)


def _over_root(g: Any, square: Any) -> Any:
    """g / sqrt(square), and 0 where nothing has been seen."""
    seen = square > 0
    return np.where(seen, g / np.sqrt(np.where(seen, square, 1.0)), 0.0)


@optimizer
def adagrad(step_size: float | Schedule, momentum: float = 0.9) -> Any:
    """Steps over the root of the sum of all squares. J. Duchi, E. Hazan, Y. Singer (JMLR 12, 2011)."""
    rate = make_schedule(step_size)

    def move(i: Any, g: Any, x: Any, total: Any, mean: Any) -> tuple[Any, ...]:
        total = total + g * g
        mean = momentum * mean + (1.0 - momentum) * _over_root(g, total)
        return x - rate(i) * mean, total, mean

    return _rule(2, move)


@optimizer
def rmsprop(step_size: float | Schedule, gamma: float = 0.9, eps: float = 1e-8) -> Any:
    """Steps over the root of a moving mean of squares. G. Hinton, lecture 6e of his course of 2012."""
    rate = make_schedule(step_size)

    def move(i: Any, g: Any, x: Any, square: Any) -> tuple[Any, Any]:
        square = gamma * square + (1.0 - gamma) * g * g
        return x - rate(i) * g / np.sqrt(square + eps), square

    return _rule(1, move)


@optimizer
def rmsprop_momentum(
    step_size: float | Schedule, gamma: float = 0.9, eps: float = 1e-8, momentum: float = 0.9
) -> Any:
    """`rmsprop` with a velocity."""
    rate = make_schedule(step_size)

    def move(i: Any, g: Any, x: Any, square: Any, velocity: Any) -> tuple[Any, ...]:
        square = gamma * square + (1.0 - gamma) * g * g
        velocity = momentum * velocity + rate(i) * g / np.sqrt(square + eps)
        return x - velocity, square, velocity

    return _rule(2, move)


@optimizer
def adam(step_size: float | Schedule, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> Any:
    """Moving means of slopes and of squares, without bias. D. Kingma, J. Ba (ICLR 2015), algorithm 1."""
    rate = make_schedule(step_size)

    def move(i: Any, g: Any, x: Any, mean: Any, square: Any) -> tuple[Any, ...]:
        mean = b1 * mean + (1.0 - b1) * g
        square = b2 * square + (1.0 - b2) * g * g
        slope, size = mean / (1.0 - b1 ** (i + 1)), square / (1.0 - b2 ** (i + 1))
        return x - rate(i) * slope / (np.sqrt(size) + eps), mean, square

    return _rule(2, move)


@optimizer
def adamax(
    step_size: float | Schedule, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8
) -> Any:
    """`adam` with the largest slope instead of the mean square. D. Kingma, J. Ba (ICLR 2015), algorithm 2."""
    rate = make_schedule(step_size)

    def move(i: Any, g: Any, x: Any, mean: Any, largest: Any) -> tuple[Any, ...]:
        mean = b1 * mean + (1.0 - b1) * g
        largest = np.maximum(b2 * largest, np.abs(g))
        slope = mean / (1.0 - b1 ** (i + 1))
        return x - rate(i) * slope / (largest + eps), mean, largest

    return _rule(2, move)


@optimizer
def sm3(step_size: float | Schedule, momentum: float = 0.9) -> Any:
    """Squares that are kept per row and column only. R. Anil et al. (NeurIPS 2019), SM3-II."""
    rate = make_schedule(step_size)

    def init(x: Any) -> Any:
        return x, np.zeros_like(x), [np.zeros(n, np.result_type(x)) for n in np.shape(x) or (1,)]

    def update(i: Any, g: Any, state: Any) -> Any:
        x, mean, bounds = state
        shape = np.shape(x) or (1,)
        g = np.reshape(g, shape)
        along = [
            np.reshape(bound, [-1 if d == axis else 1 for d in range(len(shape))])
            for axis, bound in enumerate(bounds)
        ]
        total = functools.reduce(np.minimum, along) + g * g
        step = np.reshape(_over_root(g, total), np.shape(x))
        mean = momentum * mean + (1.0 - momentum) * step
        others = [tuple([d for d in range(len(shape)) if d != axis]) for axis in range(len(shape))]
        return x - rate(i) * mean, mean, [np.max(total, axis=axes) for axes in others]

    return init, update, lambda state: state[0]


# Step sizes that depend on the number of the step


def constant(step_size: float) -> Schedule:
    """The same step size always."""
    return lambda i: step_size


def exponential_decay(step_size: float, decay_steps: float, decay_rate: float) -> Schedule:
    """A factor `decay_rate` for each `decay_steps`."""
    return lambda i: step_size * decay_rate ** (i / decay_steps)


def inverse_time_decay(
    step_size: float, decay_steps: float, decay_rate: float, staircase: bool = False
) -> Schedule:
    """`step_size / (1 + decay_rate t)`, where `t` is the number of times that `decay_steps` have passed."""
    passed = (lambda i: np.floor(i / decay_steps)) if staircase else (lambda i: i / decay_steps)
    return lambda i: step_size / (1.0 + decay_rate * passed(i))


def polynomial_decay(
    step_size: float, decay_steps: float, final_step_size: float, power: float = 1.0
) -> Schedule:
    """From one step size to another in `decay_steps`, by a power of the part that is left."""

    def schedule(i: Any) -> Any:
        left = 1.0 - np.minimum(i, decay_steps) / decay_steps
        return final_step_size + (step_size - final_step_size) * left**power

    return schedule


def piecewise_constant(boundaries: Any, values: Any) -> Schedule:
    """`values[k]` after `k` of the boundaries have been passed.

    Raises:
        ArgumentError: there is not one value more than there are boundaries.
    """
    boundaries, values = np.asarray(boundaries), np.asarray(values)
    if values.shape != (boundaries.size + 1,) or boundaries.ndim != 1:
        raise ArgumentError(
            f"piecewise_constant takes one value more than boundaries, not {values.shape} and {boundaries.shape}"
            f"{here()}"
        )
    return lambda i: np.sum(
        np.where(np.arange(values.size) == np.sum(i > boundaries), values, np.zeros_like(values))
    )


def make_schedule(scalar_or_schedule: float | Schedule) -> Schedule:
    """A schedule as it is, a number as a schedule.

    Raises:
        ArgumentError: it is neither.
    """
    if callable(scalar_or_schedule):
        return scalar_or_schedule
    if np.ndim(scalar_or_schedule):
        raise ArgumentError(
            f"a step size is a number or a function of the step, not an array of shape "
            f"{np.shape(scalar_or_schedule)}{here()}"
        )
    return constant(scalar_or_schedule)


# Norms


def l2_norm(tree: Any) -> Any:
    """The root of the sum of the squares of all elements of a pytree."""
    return np.sqrt(sum([np.sum(np.square(x)) for x in tree_flatten(tree)[0]]))


def clip_grads(grad_tree: Any, max_norm: float) -> Any:
    """A pytree, scaled to the norm `max_norm` if its own is larger."""
    norm = l2_norm(grad_tree)
    factor = np.where(norm < max_norm, 1.0, max_norm / np.where(norm > 0, norm, 1.0))
    return tree_map(lambda g: g * factor, grad_tree)


# Storing


class JoinPoint:
    """Holds the state of an array in the place of the array."""

    def __init__(self, subtree: Any) -> None:
        self.subtree = subtree


def unpack_optimizer_state(opt_state: OptimizerState) -> Any:
    """A state as a tree like that of the parameters, with a `JoinPoint` for each array."""
    return opt_state.tree.unflatten([JoinPoint(state) for state in opt_state.states])


def pack_optimizer_state(marked_pytree: Any) -> OptimizerState:
    """The state that `unpack_optimizer_state` made a tree of."""
    points, tree = tree_flatten(marked_pytree)
    return OptimizerState([point.subtree for point in points], tree)


__all__ = [
    "JoinPoint",
    "Optimizer",
    "OptimizerState",
    "adagrad",
    "adam",
    "adamax",
    "clip_grads",
    "constant",
    "exponential_decay",
    "inverse_time_decay",
    "l2_norm",
    "make_schedule",
    "momentum",
    "nesterov",
    "optimizer",
    "pack_optimizer_state",
    "piecewise_constant",
    "polynomial_decay",
    "rmsprop",
    "rmsprop_momentum",
    "sgd",
    "sm3",
    "unpack_optimizer_state",
]
