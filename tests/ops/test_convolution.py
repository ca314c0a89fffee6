"""Convolutions and windows against loops over positions, however they are cut into pieces; their errors."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

import funcgrad as fg
from funcgrad.errors import ArgumentError
from funcgrad.ops import im2col
from funcgrad.ops.convolution import conv_general_dilated
from funcgrad.ops.window import Window

lax = fg.lax


def random_call(rng: np.random.Generator) -> tuple[Any, Any, dict[str, Any]]:
    """Operands in a random memory layout, and params."""
    d = int(rng.integers(0, 4))
    features, batches = [(1, 1), (1, 1), (2, 1), (3, 1), (1, 2)][rng.integers(5)]
    strides, base, dilation = [tuple(rng.integers(1, 3, d).tolist()) for _ in range(3)]
    sizes, kernel = rng.integers(2, 7, d), rng.integers(1, 4, d)
    n, f = int(rng.integers(1, 3)) * batches, int(rng.integers(1, 4))
    lhs = rng.normal(size=(n, f * features, *sizes))
    rhs = rng.normal(size=(int(rng.integers(1, 3)) * max(features, batches), f, *kernel))
    if rng.random() < 0.3:
        lhs = np.moveaxis(np.ascontiguousarray(np.moveaxis(lhs, 1, -1)), -1, 1)
    return (
        lhs,
        rhs,
        {
            "window_strides": strides,
            "padding": tuple([(int(a), int(b)) for a, b in rng.integers(-1, 3, (d, 2))]),
            "lhs_dilation": base,
            "rhs_dilation": dilation,
            "feature_group_count": features,
            "batch_group_count": batches,
        },
    )


def by_loops(lhs: Any, rhs: Any, params: dict[str, Any]) -> Any:
    """The definition."""
    features, batches = params["feature_group_count"], params["batch_group_count"]
    groups, d = max(features, batches), lhs.ndim - 2
    places = [
        low + base * np.arange(n)
        for (low, _), base, n in zip(
            params["padding"], params["lhs_dilation"], lhs.shape[2:], strict=True
        )
    ]
    windows = [
        Window(k, s, low, high, b, r)
        for k, s, (low, high), b, r in zip(
            rhs.shape[2:],
            params["window_strides"],
            params["padding"],
            params["lhs_dilation"],
            params["rhs_dilation"],
            strict=True,
        )
    ]
    positions = [w.positions(n) for w, n in zip(windows, lhs.shape[2:], strict=True)]
    n, o, f = lhs.shape[0] // batches, rhs.shape[0], rhs.shape[1]
    out = np.zeros((n, o, *positions))
    for p in itertools.product(*map(range, positions)):
        for k in itertools.product(*map(range, rhs.shape[2:])):
            seen = []
            for i in range(d):
                at = p[i] * windows[i].stride + k[i] * windows[i].dilation
                seen.append(np.flatnonzero(places[i] == at))
            if any(len(s) == 0 for s in seen):
                continue
            index = tuple([int(s[0]) for s in seen])
            for g in range(groups):
                outs = slice(g * o // groups, (g + 1) * o // groups)
                rows = slice(g * n, (g + 1) * n) if batches > 1 else slice(None)
                columns = slice(g * f, (g + 1) * f) if features > 1 else slice(None)
                seen_values = lhs[(rows, columns, *index)]
                out[(slice(None), outs, *p)] += seen_values @ rhs[(outs, slice(None), *k)].T
    return out


@pytest.mark.parametrize("spread", [False, True])
@pytest.mark.parametrize("piece", [1 << 21, 200, 1])
def test_values(piece: int, spread: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(im2col, "_PIECE_BYTES", piece)
    monkeypatch.setattr(im2col, "_ADD_COST", 0 if spread else 1000)
    rng = np.random.default_rng(piece)
    for _ in range(60):
        lhs, rhs, params = random_call(rng)
        expected = by_loops(lhs, rhs, params)
        got = conv_general_dilated(lhs, rhs, **params)
        np.testing.assert_allclose(got, expected, atol=1e-12, err_msg=str(params))


def test_derivatives_and_batches() -> None:
    rng = np.random.default_rng(1)
    for _ in range(25):
        lhs, rhs, params = random_call(rng)

        def f(lhs: Any, rhs: Any) -> Any:
            return conv_general_dilated(lhs, rhs, **params)

        out = f(lhs, rhs)
        ct, t_lhs, t_rhs = [rng.normal(size=x.shape) for x in (out, lhs, rhs)]
        cts = fg.vjp(f, lhs, rhs)[1](ct)
        tangent = f(t_lhs, rhs) + f(lhs, t_rhs)
        paired = np.sum(cts[0] * t_lhs) + np.sum(cts[1] * t_rhs)
        np.testing.assert_allclose(paired, np.sum(ct * tangent), atol=1e-9, err_msg=str(params))
        lhs_3, rhs_3 = [np.stack([x, 2 * x, x + 1]) for x in (lhs, rhs)]
        for axes in ((0, None), (None, 0), (0, 0)):
            xs = [
                (x3 if a == 0 else x)
                for a, x, x3 in zip(axes, (lhs, rhs), (lhs_3, rhs_3), strict=True)
            ]
            expected = np.stack(
                [
                    f(*[x[i] if a == 0 else x for a, x in zip(axes, xs, strict=True)])
                    for i in range(3)
                ]
            )
            np.testing.assert_allclose(
                fg.vmap(f, axes)(*xs), expected, atol=1e-12, err_msg=str(params)
            )


def test_half_precision_is_summed_in_single() -> None:
    x = np.full((1, 1000, 4), 0.01, np.float16)
    out = lax.conv(x, np.ones((1, 1000, 1), np.float16), (1,), "VALID")
    assert out.dtype == np.float16
    np.testing.assert_allclose(out, 10.0, rtol=2e-3)


WRONG: list[tuple[Callable[[Any, Any], Any], str]] = [
    (
        lambda x, k: lax.conv(x, k[:, :1], (1, 1), "VALID"),
        "the first has 2 features, the second takes 1",
    ),
    (
        lambda x, k: lax.conv(x, k, (1,), "VALID"),
        "window_strides|entry for each of the 2 spatial axes",
    ),
    (
        lambda x, k: lax.conv(x, k, (1, 0), "VALID"),
        r"window_strides \(1, 0\) must have a positive entry",
    ),
    (
        lambda x, k: lax.conv(x, k, (1, 1), "FULL"),
        "'VALID', 'SAME' or 'SAME_LOWER', or a pair per axis, not 'FULL'",
    ),
    (lambda x, k: lax.conv(x[0], k, (1, 1), "VALID"), "both need the same number of axes"),
    (
        lambda x, k: lax.conv_general_dilated(x, k, (1, 1), "VALID", feature_group_count=2),
        "the first has 2 features, the second takes 2 groups of 2",
    ),
    (
        lambda x, k: lax.conv_general_dilated(x, k, (1, 1), "VALID", batch_group_count=3),
        "3 groups must divide the outputs",
    ),
    (
        lambda x, k: lax.conv_general_dilated(x, k, (1, 1), "SAME", lhs_dilation=(2, 1)),
        r"padding 'SAME' has no meaning with an lhs_dilation of \(2, 1\)",
    ),
    (
        lambda x, k: lax.conv_general_dilated(
            x, k, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHC")
        ),
        "three strings such as",
    ),
    (
        lambda x, k: lax.conv_general_dilated(
            x, k, (1, 1), "SAME", dimension_numbers=("NHWC", "HDIO", "NHWC")
        ),
        "the same spatial letters",
    ),
    (
        lambda x, k: lax.conv_transpose(x, k, (1, 1), "FULL"),
        "'SAME', 'VALID' or a pair per axis, not 'FULL'",
    ),
    (lambda x, k: lax.reduce_window(x, 0.0, lax.add, (2, 2)), r"window_dimensions \(2, 2\)"),
    (
        lambda x, k: lax.reduce_window(x, np.zeros(2), lax.add, (1, 1, 2, 2)),
        "init_value is a number",
    ),
    (lambda x, k: fg.nn.max_pool(x[0, 0], (2, 2)), r"takes an array \(..., \*spatial, features\)"),
]


@pytest.mark.parametrize(("call", "message"), WRONG, ids=[m for _, m in WRONG])
def test_errors(call: Callable[[Any, Any], Any], message: str) -> None:
    x, kernel = np.ones((2, 2, 5, 5)), np.ones((4, 2, 3, 3))
    for run in (call, fg.jit(call)):
        with pytest.raises(ArgumentError, match=message) as caught:
            run(x, kernel)
        assert "test_convolution.py" in str(caught.value)


def test_operands_of_different_dtypes_are_promoted() -> None:
    x, kernel = np.ones((1, 1, 4), np.float32), np.ones((1, 1, 2))
    assert lax.conv(x, kernel, (1,), "VALID").dtype == np.float64
    assert lax.conv(x, kernel, (1,), "VALID", preferred_element_type=np.float32).dtype == np.float32


# Windows


def test_of_equal_extrema_the_first_has_the_derivative() -> None:
    jax = pytest.importorskip("jax")
    x = np.array([[1.0, 3.0, 3.0, 0.0], [3.0, 3.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    for kind, start in (("max", -np.inf), ("min", np.inf)):
        for padding in ("VALID", "SAME"):

            def loss(lib: Any, xp: Any) -> Any:
                def f(x: Any) -> Any:
                    y = lib.reduce_window(x, start, getattr(lib, kind), (2, 2), (1, 1), padding)
                    return xp.sum(y * np.arange(1.0, 1.0 + y.size).reshape(y.shape))

                return f

            expected = jax.grad(loss(jax.lax, jax.numpy))(x)
            np.testing.assert_array_equal(fg.grad(loss(lax, np))(x), expected)


def test_infinite_extrema_and_padding() -> None:
    x = np.array([-np.inf, -np.inf, 1.0])
    slope = fg.grad(lambda x: np.sum(fg.nn.max_pool(x[:, None], (2,), padding="SAME")[1:]))(x)
    np.testing.assert_array_equal(slope, [0.0, 0.0, 2.0])
    # A window that sees padding only is the start, without derivative.
    y, slope = fg.value_and_grad(
        lambda x: lax.reduce_window(x, -np.inf, lax.max, (1,), padding=[(1, 0)])[0]
    )(x)
    assert (y, slope.tolist()) == (-np.inf, [0.0, 0.0, 0.0])


def test_nan_is_an_extremum() -> None:
    x = np.array([1.0, np.nan, 3.0, 2.0])
    for kind, start in (("max", -np.inf), ("min", np.inf)):
        y = lax.reduce_window(x, start, getattr(lax, kind), (2,))
        np.testing.assert_array_equal(np.isnan(y), [True, True, False])


def test_average_pooling_of_a_constant_is_the_constant() -> None:
    x = np.full((2, 5, 4, 3), 7.0)
    out = fg.nn.avg_pool(x, (3, 2), (2, 1), "SAME", count_include_pad=False)
    np.testing.assert_allclose(out, np.full((2, 3, 4, 3), 7.0))


def test_a_network_learns() -> None:
    rng = np.random.default_rng(0)
    init = fg.nn.initializers.he_normal(in_axis=-2, out_axis=-1)
    keys = fg.random.split(fg.random.key(0))
    weights = [init(keys[0], (3, 3, 1, 4)), init(keys[1], (16, 2))]
    x = rng.normal(size=(16, 8, 8, 1))
    labels = (x[:, 2:6, 2:6].mean((1, 2, 3)) > 0).astype(int)

    def loss(weights: Any) -> Any:
        h = lax.conv_general_dilated(
            x, weights[0], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        h = fg.nn.max_pool(fg.nn.relu(h), (4, 4), (4, 4)).reshape(16, -1)
        logits = fg.nn.log_softmax(h @ weights[1])
        return -np.mean(np.sum(logits * fg.nn.one_hot(labels, 2), axis=1))

    step = fg.jit(fg.value_and_grad(loss))
    first, _ = step(weights)
    for _ in range(60):
        last, slopes = step(weights)
        weights = [w - 0.1 * s for w, s in zip(weights, slopes, strict=True)]
    assert last < 0.5 * first


@pytest.mark.parametrize("multiplier", [1, 2])
@pytest.mark.parametrize("layout", [None, ("NHWC", "HWIO", "NHWC")])
def test_gradients_of_depthwise_convolutions(layout: Any, multiplier: int) -> None:
    rng = np.random.default_rng(0)
    x, k = rng.normal(size=(2, 3, 9, 8)), rng.normal(size=(3 * multiplier, 1, 3, 2))
    if layout is not None:
        x, k = x.transpose(0, 2, 3, 1), k.transpose(2, 3, 1, 0)

    def loss(library: Any) -> Any:
        def f(x: Any, k: Any) -> Any:
            out = library.lax.conv_general_dilated(
                x, k, (2, 1), "SAME", None, (1, 2), layout, feature_group_count=3
            )
            return (out**3).sum()

        return library.grad(f, (0, 1))

    for ours, theirs in zip(loss(fg)(x, k), loss(jax)(x, k), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10)
