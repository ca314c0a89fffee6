"""Libraries that compute with whatever arrays they are given run on traced ones: einops, opt_einsum, SciPy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import funcgrad as fg

ROOT = Path(__file__).resolve().parent.parent
X = np.random.default_rng(0).normal(size=(4, 6))
C = np.random.default_rng(1).normal(size=(4, 6))


def check(f: Callable[[Any], Any]) -> None:
    """The derivatives in both modes, a batch and the jitted value of a function of a (4, 6) array."""
    fg.check_grads(f, (X,), order=2)
    two = np.stack([X, C])
    np.testing.assert_allclose(fg.vmap(f)(two), [f(X), f(C)])
    np.testing.assert_allclose(fg.jit(f)(X), f(X))


EINOPS: dict[str, Callable[[Any, Any], Any]] = {
    "rearrange": lambda einops, x: einops.rearrange(x, "(a b) c -> c (b a)", a=2),
    "rearrange a list": lambda einops, x: einops.rearrange([x, x**2], "k a b -> a (k b)"),
    "reduce by mean": lambda einops, x: einops.reduce(x, "a (b c) -> a b", "mean", c=3),
    "reduce by max": lambda einops, x: einops.reduce(x, "a (b c) -> b", "max", c=3),
    "reduce by prod": lambda einops, x: einops.reduce(x, "a b -> 1 b", "prod"),
    "repeat": lambda einops, x: einops.repeat(np.sin(x), "a b -> (a c) b", c=3),
    "einsum": lambda einops, x: einops.einsum(x, x, "a b, c b -> a c"),
    "pack": lambda einops, x: einops.pack([x, x**2], "a *")[0],
    "unpack": lambda einops, x: einops.unpack(np.sin(x), [(2,), (2, 2)], "a *")[1],
    "parse_shape": lambda einops, x: x * einops.parse_shape(x, "a b")["b"],
}


@pytest.mark.parametrize("name", EINOPS)
def test_einops(name: str) -> None:
    einops = pytest.importorskip("einops")
    check(lambda x: EINOPS[name](einops, x))


OPT_EINSUM: dict[str, Callable[[Any, Any], Any]] = {
    "contract": lambda oe, x: oe.contract("ab,cb,cd->ad", x, x, x),
    "contract, plain first": lambda oe, x: oe.contract("ab,cb,cd->ad", C, x, x),
    "contract to a number": lambda oe, x: oe.contract("ab,ab->", x, np.exp(x)),
    "contract, optimal": lambda oe, x: oe.contract(
        "ab,cb,cd,ed->ae", x, C, x, C, optimize="optimal"
    ),
    "expression": lambda oe, x: oe.contract_expression("ab,cb->ac", x.shape, C.shape)(x, C),
    "expression of constants": lambda oe, x: oe.contract_expression(
        "ab,cb,cd->ad", x.shape, C, C, constants=[1, 2]
    )(x),
}


@pytest.mark.parametrize("name", OPT_EINSUM)
def test_opt_einsum(name: str) -> None:
    opt_einsum = pytest.importorskip("opt_einsum")
    check(lambda x: OPT_EINSUM[name](opt_einsum, x))


# What tests/scipy_array_api.py finds of SciPy's array-agnostic functions. Those of
# 1.17 that want values, so that they cannot be jitted:
ASK_FOR_VALUES = {
    "differentiate.derivative",
    "integrate.tanhsinh",
    "stats.chatterjeexi",
    "stats.chisquare",
    "stats.hmean",
    "stats.iqr",
    "stats.levene",
    "stats.median_abs_deviation",
    "stats.pmean",
    "stats.quantile",
    "stats.rankdata",
}
# And these convert their arguments to plain arrays, or write into one: an error says so, nothing is dropped silently.
REFUSE = {
    "fft.dct",
    "linalg.expm",
    "linalg.norm",
    "signal.convolve",
    "signal.detrend",
}


def test_scipy_functions_that_follow_the_array_api_run_on_traced_arrays() -> None:
    scipy = pytest.importorskip("scipy")
    if tuple(map(int, scipy.__version__.split(".")[:2])) < (1, 17):
        pytest.skip("what runs depends on SciPy's version; this table is of 1.17 and later")
    ended = subprocess.run(
        [sys.executable, "-m", "tests.scipy_array_api"],
        cwd=ROOT,
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    outcomes = json.loads(ended.stdout)
    assert len(outcomes) > 60
    assert "wrong" not in outcomes.values()
    works = {name for name, outcome in outcomes.items() if outcome in ("jit", "derivatives")}
    asks = {name for name, outcome in outcomes.items() if outcome == "derivatives"}
    # A later SciPy may do more, so this list bounds what does not work.
    assert set(outcomes) - works <= REFUSE
    # Which functions look at values differs: 1.18 does so in all statistics that warn of small samples.
    if scipy.__version__.startswith("1.17."):
        assert asks == ASK_FOR_VALUES
