"""Poisson and binomial variables: random counts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.ops.random import philox, threefry
from funcgrad.ops.random.parametric import parametric
from funcgrad.ops.random.primitives import is_philox, unit_block

_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
# A mean up to which counting single events is faster.
_FEW_EVENTS = 10.0
# What stands in rejections for means and trials that need none: as in JAX, since it counts for the rounds.
_PROXY_RATE, _PROXY_TRIALS = 1e5, 1e4
# From here on counts are larger than an integer of 64 bits.
_LARGEST_RATE = 9.2e18
# log(k!) less Stirling's approximation to it, for small k.
_STIRLING = np.array(
    [math.lgamma(k + 1) - (k + 0.5) * math.log(k + 1) + k + 1 for k in range(10)]
) - 0.5 * math.log(2.0 * math.pi)


def _log_gamma(x: Any) -> Any:
    return np.array([math.lgamma(value) for value in x.tolist()])


def _uniform_at(key: Any, places: Any, dtype: np.dtype[Any]) -> Any:
    """The elements at these places of the uniform numbers that a key (2,) gives."""
    out = np.empty(len(places), dtype)
    for start in range(0, len(places), threefry.BLOCK):
        some = places[start : start + threefry.BLOCK].astype(np.uint64)
        x_0, x_1 = (some >> 32).astype(np.uint32), some.astype(np.uint32)
        threefry.hash_words(np.full(some.shape, key[0]), np.full(some.shape, key[1]), x_0, x_1)
        out[start : start + len(some)] = unit_block(x_0, x_1, dtype)
    return out


def _rejection(key: Any, wanted: Any, dtype: Any, propose: Callable[..., Any]) -> Any:
    """A number for each of the places that are wanted, proposed from two uniform numbers until it is accepted.

    `propose(u, v, places)` gives numbers and whether they are accepted. JAX draws anew for all places until each has
    had an accepted number, and keeps the last one. So the rounds are counted first, and looked through backwards.
    """

    def draw(keys: Any, places: Any) -> tuple[Any, Any]:
        u, v = [_uniform_at(k, places, dtype).astype(float) for k in keys]
        return propose(u - 0.5, v, places)

    rounds = []
    open_ = np.arange(len(wanted)) if wanted.any() else np.empty(0, int)
    while open_.size:
        key, first, second = threefry.split(key[None], 3)[0]
        rounds.append((first, second))
        open_ = open_[~draw(rounds[-1], open_)[1]]
    out = np.empty(len(wanted))
    open_ = np.flatnonzero(wanted)
    for keys in reversed(rounds):
        k, accepted = draw(keys, open_)
        out[open_[accepted]] = k[accepted]
        open_ = open_[~accepted]
    return out[wanted]


# Poisson


def _poisson(key: Any, rate: Any, dtype: np.dtype[Any]) -> Any:
    if is_philox(key):
        valid = (rate >= 0) & (rate < _LARGEST_RATE)
        out = philox.generator(key).poisson(np.where(valid, rate, 0.0))
        return np.where(valid, out, -1)
    many = rate >= _FEW_EVENTS
    out = np.empty(len(rate))
    out[~many] = _count_arrivals(key, np.flatnonzero(~many), rate[~many])
    out[many] = _poisson_by_rejection(key, many, np.where(many, rate, _PROXY_RATE))
    return out


def _count_arrivals(key: Any, places: Any, rate: Any) -> Any:
    """Knuth's method: how many exponential waiting times fit into the time `rate`."""
    count = np.full(len(rate), -1.0)
    log_product = np.zeros(len(rate))
    open_ = np.flatnonzero(log_product > -rate)
    while open_.size:
        key, drawn = threefry.split(key[None], 2)[0]
        count[open_] += 1.0
        log_product[open_] += np.log(_uniform_at(drawn, places[open_], _FLOAT32).astype(float))
        open_ = open_[log_product[open_] > -rate[open_]]
    return np.where(rate == 0.0, 0.0, count)


def _poisson_by_rejection(key: Any, wanted: Any, rate: Any) -> Any:
    """W. Hörmann: The transformed rejection method for generating Poisson random variables (1993), PTRS."""
    log_rate = np.log(rate)
    b = 0.931 + 2.53 * np.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    squeeze = 0.9277 - 3.6224 / (b - 2.0)

    def propose(u: Any, v: Any, i: Any) -> tuple[Any, Any]:
        us = 0.5 - np.abs(u)
        k = np.floor((2.0 * a[i] / us + b[i]) * u + rate[i] + 0.43)
        left = np.log(v * inverse_alpha[i] / (a[i] / (us * us) + b[i]))
        log_factorial = _log_gamma(np.maximum(k, 0.0) + 1.0)
        right = k * log_rate[i] - rate[i] - log_factorial
        out = (k < 0.0) | ((us < 0.013) & (v > us))
        return k, ((us >= 0.07) & (v <= squeeze[i])) | (~out & (left <= right))

    return _rejection(key, wanted, _FLOAT32, propose)


# Counts with the mean `rate`.
random_poisson = parametric("random_poisson", _poisson, dtype=lambda rate, dtype: dtype)


# Binomial


def _binomial(key: Any, count: Any, chance: Any) -> Any:
    n = np.floor(count)
    swap = chance >= 0.5
    q = np.where(swap, 1.0 - chance, chance)
    invalid = np.isnan(q) | (q < 0.0) | np.isnan(n) | (count < 0.0)
    endless = np.isinf(n) & ~invalid
    usual = ~invalid & ~endless
    n, q = np.where(usual, n, 0.0), np.where(usual, q, 0.01)
    if is_philox(key):
        out = philox.generator(key).binomial(n.astype(np.int64), q).astype(float)
    else:
        few = count * q <= _FEW_EVENTS
        few |= ~usual
        out = np.empty(len(n))
        out[few] = _count_successes(key, np.flatnonzero(few), n[few], q[few])
        trials, chances = np.where(few, _PROXY_TRIALS, n), np.where(few, 0.5, q)
        out[~few] = _binomial_by_rejection(key, ~few, trials, chances)
    out = np.where(swap, n - out, out)
    out[invalid] = np.nan
    out[endless] = np.inf
    return out


def _count_successes(key: Any, places: Any, n: Any, q: Any) -> Any:
    """How many successes fit into n trials, from the geometric numbers of trials between them."""
    log_failure = np.log1p(-q)
    successes = np.full(len(n), -1.0)
    trials = np.zeros(len(n))
    open_ = np.arange(len(n))
    while open_.size:
        drawn, key = threefry.split(key[None], 2)[0]
        successes[open_] += 1.0
        u = _uniform_at(drawn, places[open_], _FLOAT64)
        trials[open_] += np.ceil(np.log(u) / log_failure[open_])
        open_ = open_[trials[open_] <= n[open_]]
    return successes


def _stirling_tail(k: Any) -> Any:
    """log(k!) less Stirling's approximation to it."""
    square = (k + 1.0) ** 2
    large = (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / square) / square) / (k + 1.0)
    return np.where(k <= 9.0, _STIRLING[np.clip(k, 0.0, 9.0).astype(int)], large)


def _binomial_by_rejection(key: Any, wanted: Any, n: Any, q: Any) -> Any:
    """W. Hörmann: The generation of binomial random variates (1993), algorithm BTRS."""
    deviation = np.sqrt(n * q * (1.0 - q))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * q
    centre = n * q + 0.5
    squeeze = 0.92 - 4.2 / b
    odds = q / (1.0 - q)
    alpha = (2.83 + 5.1 / b) * deviation
    mode = np.floor((n + 1.0) * q)

    def propose(u: Any, v: Any, i: Any) -> tuple[Any, Any]:
        m, c, r = mode[i], n[i], odds[i]
        us = 0.5 - np.abs(u)
        k = np.floor((2.0 * a[i] / us + b[i]) * u + centre[i])
        left = np.log(v * alpha[i] / (a[i] / (us * us) + b[i]))
        right = (
            (m + 0.5) * np.log((m + 1.0) / (r * (c - m + 1.0)))
            + (c + 1.0) * np.log((c - m + 1.0) / (c - k + 1.0))
            + (k + 0.5) * np.log(r * (c - k + 1.0) / (k + 1.0))
            + _stirling_tail(m)
            + _stirling_tail(c - m)
            - _stirling_tail(k)
            - _stirling_tail(c - k)
        )
        inside = (k >= 0.0) & (k <= c)
        return k, ((us >= 0.07) & (v <= squeeze[i])) | (inside & (left <= right))

    return _rejection(key, wanted, _FLOAT64, propose)


# The number of successes in `count` trials that each have this chance, as floating-point numbers.
random_binomial = parametric("random_binomial", _binomial, dtype=lambda count, chance: chance.dtype)
