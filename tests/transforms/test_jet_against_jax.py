"""`jet` against JAX's, for each primitive that JAX has a rule for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.experimental.jet import jet

jax = pytest.importorskip("jax")
jax_jet = pytest.importorskip("jax.experimental.jet")
jnp = jax.numpy

RNG = np.random.default_rng(0)
X = RNG.uniform(0.2, 0.8, size=(2, 4))
SERIES = [RNG.normal(size=(2, 4)) for _ in range(4)]
M = RNG.normal(size=(4, 3))
SIGNAL = (1, 2, 4)

# Functions of (x, lax, numpy), by the name of JAX's rule.
RULES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "abs": lambda x, lax, np: lax.abs(x - 0.5),
    "acosh": lambda x, lax, np: lax.acosh(x + 1.5),
    "add": lambda x, lax, np: x + x[:, ::-1],
    "and": lambda x, lax, np: np.where((x > 0.3) & (x < 0.6), x * x, x),
    "asinh": lambda x, lax, np: lax.asinh(x),
    "atan2": lambda x, lax, np: lax.atan2(x, x[:, ::-1] + 1.0),
    "atanh": lambda x, lax, np: lax.atanh(x),
    "broadcast_in_dim": lambda x, lax, np: lax.broadcast_in_dim(x * x, (3, 2, 4), (1, 2)),
    "ceil": lambda x, lax, np: lax.ceil(x * 4) * x,
    "clamp": lambda x, lax, np: lax.clamp(np.full_like(x, 0.3), x * x, np.full_like(x, 0.6)),
    "complex": lambda x, lax, np: np.imag(lax.complex(x, x * x) ** 2),
    "concatenate": lambda x, lax, np: np.concatenate([x, x * x]),
    "conj": lambda x, lax, np: np.real(np.conj(lax.complex(x, x * x)) * (1 + 2j)),
    "conv_general_dilated": lambda x, lax, np: lax.conv_general_dilated(
        np.reshape(x, SIGNAL), np.reshape(x * x, SIGNAL), (1,), "SAME"
    ),
    "convert_element_type": lambda x, lax, np: (x * x).astype("complex128").real,
    "cos": lambda x, lax, np: np.cos(x),
    "cosh": lambda x, lax, np: np.cosh(x),
    "cummax": lambda x, lax, np: lax.cummax(x, axis=1),
    "cummin": lambda x, lax, np: lax.cummin(x, axis=1),
    "cumprod": lambda x, lax, np: lax.cumprod(x, axis=1),
    "cumsum": lambda x, lax, np: lax.cumsum(x * x, axis=1),
    "div": lambda x, lax, np: x / (1.0 + x * x),
    "dot_general": lambda x, lax, np: (x @ M) @ (np.sin(x) @ M).T,
    "dynamic_slice": lambda x, lax, np: lax.dynamic_slice(x * x, (0, 1), (2, 2)),
    "dynamic_update_slice": lambda x, lax, np: lax.dynamic_update_slice(
        x * x, np.sin(x[:, :2]), (0, 1)
    ),
    "erf": lambda x, lax, np: lax.erf(x),
    "erf_inv": lambda x, lax, np: lax.erf_inv(x),
    "erfc": lambda x, lax, np: lax.erfc(x),
    "exp": lambda x, lax, np: np.exp(x),
    "expm1": lambda x, lax, np: np.expm1(x),
    "fft": lambda x, lax, np: np.real(np.fft.fft(x * x)) + np.fft.irfft(np.fft.rfft(x) ** 2),
    "floor": lambda x, lax, np: np.floor(x * 4) * x,
    "gather": lambda x, lax, np: (x * x)[:, M[:, 0] > 0] + np.take(x, np.array([2, 0]), 1).sum(),
    "imag": lambda x, lax, np: np.imag(lax.complex(x, x * x)),
    "integer_pow": lambda x, lax, np: lax.integer_pow(x, 3) + lax.integer_pow(x, -2),
    "jit": lambda x, lax, np: (fg.jit if lax is fg.lax else jax.jit)(lambda x: np.sin(x) * x)(x),
    "log": lambda x, lax, np: np.log(x),
    "log1p": lambda x, lax, np: np.log1p(x),
    "logistic": lambda x, lax, np: lax.logistic(x),
    "max": lambda x, lax, np: np.maximum(x, 0.5) * x,
    "min": lambda x, lax, np: np.minimum(x, x[:, ::-1] * 0.9),
    "mul": lambda x, lax, np: x * x * x[::-1],
    "neg": lambda x, lax, np: -(x * x),
    "pad": lambda x, lax, np: lax.pad(x * x, 0.0, ((0, 1, 0), (1, 0, 1))),
    "pow": lambda x, lax, np: x**2.5 + lax.pow(x, x),
    "real": lambda x, lax, np: np.real(lax.complex(x, 2.0 * x) ** 2),
    "reduce_max": lambda x, lax, np: np.max(x * x, axis=1),
    "reduce_min": lambda x, lax, np: np.min(x * x, axis=0),
    "reduce_sum": lambda x, lax, np: np.sum(x * x, axis=1),
    "rem": lambda x, lax, np: lax.rem(x, 0.3),
    "reshape": lambda x, lax, np: np.reshape(x * x, (4, 2)),
    "rev": lambda x, lax, np: lax.rev(x * x, (1,)),
    "round": lambda x, lax, np: np.round(x) * x,
    "rsqrt": lambda x, lax, np: lax.rsqrt(x),
    "select_n": lambda x, lax, np: np.where(x > 0.5, x * x, np.sin(x)),
    "sign": lambda x, lax, np: np.sign(x - 0.5) * x,
    "sin": lambda x, lax, np: np.sin(x),
    "sinh": lambda x, lax, np: np.sinh(x),
    "slice": lambda x, lax, np: (x * x)[:, 1:3],
    "split": lambda x, lax, np: lax.split(x * x, (1, 3), axis=1)[1],
    "sqrt": lambda x, lax, np: np.sqrt(x),
    "square": lambda x, lax, np: lax.square(x),
    "squeeze": lambda x, lax, np: np.squeeze((x * x)[:, :1], 1),
    "stop_gradient": lambda x, lax, np: lax.stop_gradient(x) * x,
    "sub": lambda x, lax, np: x - x * x,
    "tanh": lambda x, lax, np: np.tanh(x),
    "transpose": lambda x, lax, np: np.transpose(x * x),
}


@pytest.mark.parametrize("name", RULES)
def test_series_are_jaxs(name: str) -> None:
    f = RULES[name]
    with jax.enable_x64(True):
        value, terms = jax_jet.jet(
            lambda x: f(x, jax.lax, jnp), (jnp.asarray(X),), ([jnp.asarray(t) for t in SERIES],)
        )
    got, got_terms = jet(lambda x: f(x, fg.lax, np), (X,), (SERIES,))
    np.testing.assert_allclose(got, value, rtol=1e-10)
    for k, (a, b) in enumerate(zip(got_terms, terms, strict=True), 1):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8, err_msg=f"term {k}")


# Integers and booleans have no series; the others have other names here, or mean nothing on one machine.
NO_SERIES = """
    bitcast_convert_type eq ge gt is_finite le lt ne not or shift_left shift_right_arithmetic shift_right_logical xor
    add_any copy device_put reduce_window_sum reshard scatter-add stack unstack
"""


def test_every_rule_of_jax_is_here() -> None:
    known = {p.name for p in jax_jet.jet_rules}
    assert known - set(RULES) - set(NO_SERIES.split()) == set()
