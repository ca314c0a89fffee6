"""Permutations, choices among given things, and counts."""

from __future__ import annotations

import math
from operator import index
from typing import Any

import numpy as np

from funcgrad.control.loops import scan
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.lax.sorting import top_k
from funcgrad.ops.basic import broadcast_to, convert
from funcgrad.ops.gather import gather
from funcgrad.ops.random.counts import random_binomial, random_poisson
from funcgrad.ops.random.primitives import random_bits
from funcgrad.random.arguments import (
    Shape,
    array_of,
    check_dtype,
    check_key,
    check_shape,
    inexact,
    parameter,
)
from funcgrad.random.inverse import gumbel
from funcgrad.random.keys import split, split_in
from funcgrad.random.uniform import randint, uniform

_UINT32_MAX = 0xFFFFFFFF


def permutation(key: Any, x: Any, axis: int = 0, independent: bool = False) -> Any:
    """An array with its slices along an axis in random order, or the first integers in random order.

    Args:
        key: a single key.
        x: an array, or an integer that stands for `np.arange(x)`.
        axis: along which the slices are.
        independent: whether each vector along the axis gets an order of its own.

    >>> import funcgrad as fg
    >>> fg.random.permutation(fg.random.key(0), 5)
    array([0, 1, 4, 3, 2])
    """
    key = check_key("permutation", key)
    x = array_of(x)
    aval = typeof(x)
    if not aval.shape:
        if aval.dtype.kind not in "iu":
            raise ArgumentError(f"permutation takes an array or an integer, not {aval}{here()}")
        return _shuffle(key, np.arange(index(x)), 0)
    axis = _axis("permutation", axis, aval.ndim)
    if independent:
        return _shuffle(key, x, axis)
    return _take(x, _shuffle(key, np.arange(aval.shape[axis]), 0), axis)


def _axis(name: str, axis: int, ndim: int) -> int:
    if not -ndim <= axis < ndim:
        raise ArgumentError(f"{name}: an array of {ndim} axes has no axis {axis}{here()}")
    return axis % ndim


def _take(x: Any, places: Any, axis: int) -> Any:
    # np.take would turn traced places into plain ones where `x` is plain.
    return gather(x, places, axes=(axis,), position=axis)


def _shuffle(key: Any, x: Any, axis: int) -> Any:
    """Sorted by random numbers; several times if equal ones are likely among so many."""
    aval = typeof(x)
    rounds = math.ceil(3.0 * math.log(max(1, aval.size)) / math.log(_UINT32_MAX))
    for _ in range(rounds):
        key, sort_key = split_in(key, 2)
        order = np.argsort(
            random_bits(sort_key, shape=aval.shape, bit_width=32), axis=axis, kind="stable"
        )
        x = np.take_along_axis(x, order, axis=axis)
    return x


def choice(
    key: Any,
    a: Any,
    shape: Shape = (),
    replace: bool = True,
    p: Any = None,
    axis: int = 0,
    mode: str | None = None,
) -> Any:
    """Random elements (or slices along an axis) of an array.

    Args:
        key: a single key.
        a: an array, or an integer that stands for `np.arange(a)`.
        shape: of the selection; it takes the place of the axis.
        replace: whether an element may be chosen more than once.
        p: the probabilities of the elements; equal by default.
        axis: along which the slices are.
        mode: that of `gumbel`, for choices without replacement and with probabilities.

    >>> import numpy as np, funcgrad as fg
    >>> fg.random.choice(fg.random.key(0), np.array([10, 20, 30]), (4,))
    array([10, 30, 30, 30])
    """
    key = check_key("choice", key)
    sizes = check_shape("choice", shape)
    a = array_of(a)
    aval = typeof(a)
    if aval.shape:
        axis = _axis("choice", axis, aval.ndim)
    n_inputs = aval.shape[axis] if aval.shape else index(a)
    n_draws = math.prod(sizes)
    before, behind = aval.shape[:axis], aval.shape[axis + 1 :]
    if not n_draws:
        return np.zeros(before + sizes + behind, aval.dtype)
    if n_inputs <= 0:
        raise ArgumentError(f"choice: there is nothing to choose from{here()}")
    if not replace and n_draws > n_inputs:
        raise ArgumentError(
            f"choice: {n_draws} different ones of {n_inputs} were asked for{here()}\n  use replace=True"
        )
    if p is None:
        if replace:
            chosen = randint(key, sizes, 0, n_inputs)
        else:
            chosen = permutation(key, n_inputs)[:n_draws]
    else:
        chosen = _weighted(key, array_of(p), n_inputs, sizes, replace, mode)
    if aval.shape:
        chosen = _take(a, chosen, axis)
    return np.reshape(chosen, before + sizes + behind)[()]


def _weighted(
    key: Any, p: Any, n_inputs: int, sizes: tuple[int, ...], replace: bool, mode: str | None
) -> Any:
    if typeof(p).shape != (n_inputs,):
        raise ArgumentError(
            f"choice: {n_inputs} elements need {n_inputs} probabilities, not shape {typeof(p).shape}{here()}"
        )
    kind = inexact(p)
    p = convert(p, kind)
    if replace:
        total = np.cumsum(p)
        return np.searchsorted(total, total[-1] * (1.0 - uniform(key, sizes, kind)))
    return top_k(gumbel(key, (n_inputs,), kind, mode) + np.log(p), math.prod(sizes))[1]


def categorical(
    key: Any,
    logits: Any,
    axis: int = -1,
    shape: Shape | None = None,
    replace: bool = True,
    mode: str | None = None,
) -> Any:
    """Random integers from categorical distributions.

    Args:
        key: a single key.
        logits: logarithms of the probabilities, up to a constant.
        axis: along which they belong to one distribution.
        shape: of the result; that of `logits` without the axis by default, and otherwise one that ends with it.
        replace: whether a category may be drawn more than once along the leading axes of the shape.
        mode: that of `gumbel`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.random.categorical(fg.random.key(0), np.log([0.1, 0.2, 0.7]), shape=(5,))
    array([2, 2, 2, 1, 1])
    """
    key = check_key("categorical", key)
    logits = array_of(logits)
    if not typeof(logits).shape:
        raise ArgumentError(f"categorical takes an array of logits, not a scalar{here()}")
    logits = convert(logits, inexact(logits))
    own = typeof(logits).shape
    axis = _axis("categorical", axis, len(own))
    n, batch = own[axis], own[:axis] + own[axis + 1 :]
    sizes = batch if shape is None else check_shape("categorical", shape, np.empty(batch))
    extra = sizes[: len(sizes) - len(batch)]
    kind = typeof(logits).dtype
    if replace:
        inner = list(sizes[len(extra) :])
        inner.insert(axis, n)
        noise = gumbel(key, (*extra, *inner), kind, mode)
        return np.argmax(noise + logits, axis=len(extra) + axis)
    k = math.prod(extra)
    if k > n:
        raise ArgumentError(
            f"categorical: {k} different ones of {n} categories were asked for{here()}\n  use replace=True"
        )
    noisy = logits + gumbel(key, own, kind, mode)
    _, chosen = top_k(np.moveaxis(noisy, axis, -1), k)
    return np.reshape(np.moveaxis(chosen, -1, 0), sizes)


# Counts


def poisson(key: Any, lam: Any, shape: Shape | None = None, dtype: Any = None) -> Any:
    """Poisson-distributed counts.

    Args:
        key: a single key.
        lam: their means.
        shape: of the result; that of `lam` by default.
        dtype: an integer dtype; int64 by default.

    >>> import funcgrad as fg
    >>> fg.random.poisson(fg.random.key(0), 3.0, (5,))
    array([0, 0, 4, 4, 1])
    """
    key = check_key("poisson", key)
    kind = check_dtype("poisson", dtype, int, "iu")
    lam = array_of(lam)
    sizes = check_shape("poisson", shape, lam)
    return random_poisson(key, parameter("poisson", lam, np.dtype(float), sizes), dtype=kind)


def binomial(key: Any, n: Any, p: Any, shape: Shape | None = None, dtype: Any = None) -> Any:
    """Binomially distributed counts: of successes in `n` trials.

    Args:
        key: a single key.
        n: the number of trials.
        p: the probability of success in each.
        shape: of the result; what the parameters broadcast to by default.
        dtype: a floating dtype; float64 by default.

    >>> import funcgrad as fg
    >>> fg.random.binomial(fg.random.key(0), 10, 0.5, (5,))
    array([4., 7., 6., 6., 5.])
    """
    key = check_key("binomial", key)
    kind = check_dtype("binomial", dtype, float)
    given = [array_of(x) for x in (n, p)]
    sizes = check_shape("binomial", shape, *given)
    double = np.dtype(float)
    trials, chance = [parameter("binomial", x, double, sizes) for x in given]
    return convert(random_binomial(key, trials, chance), kind)


def multinomial(key: Any, n: Any, p: Any, *, shape: Shape | None = None, dtype: Any = None) -> Any:
    """Counts of the outcomes of `n` trials.

    Args:
        key: a single key.
        n: the number of trials, of a shape that broadcasts to the leading axes of the result.
        p: the probabilities of the outcomes (..., k).
        shape: the leading axes of the result; those of `p` by default.
        dtype: a floating dtype; float64 by default.

    >>> import numpy as np, funcgrad as fg
    >>> fg.random.multinomial(fg.random.key(0), 10, np.array([0.2, 0.3, 0.5]))
    array([1., 4., 5.])
    """
    key = check_key("multinomial", key)
    kind = check_dtype("multinomial", dtype, float)
    n, p = array_of(n), array_of(p)
    if not typeof(p).shape:
        raise ArgumentError(f"multinomial takes probabilities (..., k), not a scalar{here()}")
    own = typeof(p).shape
    given = own[:-1] if shape is None else shape
    sizes = check_shape("multinomial", given, n, np.empty(own[:-1]))
    double = np.dtype(float)
    left = broadcast_to(convert(n, double), sizes)
    p = np.moveaxis(broadcast_to(convert(p, double), (*sizes, own[-1])), -1, 0)
    # Each outcome takes its share of the trials that are left.
    remaining = np.flip(np.cumsum(np.flip(p, 0), axis=0), 0)
    shares = np.clip(p / np.where(remaining == 0.0, 1.0, remaining), 0.0, 1.0)

    def step(left: Any, share_and_key: tuple[Any, Any]) -> tuple[Any, Any]:
        share, own_key = share_and_key
        count = random_binomial(own_key, left, share)
        return left - count, count

    _, counts = scan(step, left, (shares, split(key, own[-1])))
    return convert(np.moveaxis(counts, 0, -1), kind)
