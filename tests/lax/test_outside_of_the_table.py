"""Functions of `lax` whose arguments the common table cannot hold, against JAX: values and pullbacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg

jax = pytest.importorskip("jax")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 3, 6, 5))
LAST = np.transpose(X, (0, 2, 3, 1))
KERNELS = RNG.normal(size=(4, 18, 5, 3))
NHWC = ("NHWC", "HWIO", "NHWC")
ROWS, MATRICES = RNG.normal(size=(6, 5)), RNG.normal(size=(3, 5, 2))
POINTS = np.array([[1], [0], [1]])
CALLS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "patches": (
        lambda lax, x: lax.conv_general_dilated_patches(
            x, (2, 3), (1, 2), "SAME", rhs_dilation=(2, 1)
        ),
        (X,),
    ),
    "patches, channels last": (
        lambda lax, x: lax.conv_general_dilated_patches(
            x, (2, 3), (1, 2), [(0, 1), (1, 0)], dimension_numbers=NHWC
        ),
        (LAST,),
    ),
    "local": (
        lambda lax, x, k: lax.conv_general_dilated_local(x, k, (1, 1), "VALID", (2, 3)),
        (X, KERNELS),
    ),
    "local, channels last": (
        lambda lax, x, k: lax.conv_general_dilated_local(
            x, k, (1, 1), "VALID", (2, 3), dimension_numbers=NHWC
        ),
        (LAST, np.transpose(KERNELS, (2, 3, 1, 0))),
    ),
    "ragged_dot": (
        lambda lax, rows, matrices: lax.ragged_dot(rows, matrices, np.array([1, 0, 3])),
        (ROWS, MATRICES),
    ),
    "fft": (lambda lax, x: lax.fft(x, "rfft", (6, 5)), (X,)),
    "reduce_precision": (lambda lax, x: lax.reduce_precision(x, 5, 3) * 1.1, (X,)),
    "dot with dimension numbers": (
        lambda lax, x, y: lax.dot(
            x, y, dimension_numbers=(((0,), (0,)), ((), ())), precision="highest"
        ),
        (ROWS, ROWS),
    ),
    "reduce of two": (
        lambda lax, x: lax.reduce(
            (x, 2.0 * x), (0.0, 1.0), lambda a, b: (a[0] + b[0], a[1] * b[1]), (1, 2)
        )[1],
        (X,),
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_value_and_pullback(name: str) -> None:
    call, args = CALLS[name]
    expected, pullback = jax.vjp(lambda *a: call(jax.lax, *a), *args)
    value, ours = fg.vjp(lambda *a: call(fg.lax, *a), *args)
    np.testing.assert_allclose(value, expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(fg.jit(call, static_argnums=0)(fg.lax, *args), expected, atol=1e-12)
    ct = RNG.normal(size=expected.shape)
    ct = ct + 1j * RNG.normal(size=ct.shape) if np.iscomplexobj(expected) else ct
    for a, b in zip(ours(ct), pullback(ct), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("bits", [(5, 10), (8, 7), (4, 3), (8, 23), (11, 52), (3, 1), (2, 0)])
def test_reduced_precision_is_jaxs_bit_for_bit(dtype: Any, bits: tuple[int, int]) -> None:
    scale = 10.0 ** RNG.integers(-4, 4, 200)
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.5, 2.5, 65504.0, 1e-7]
    x = np.concatenate([RNG.normal(size=200) * scale, special]).astype(dtype)
    ours, theirs = fg.lax.reduce_precision(x, *bits), np.asarray(jax.lax.reduce_precision(x, *bits))
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(np.signbit(ours), np.signbit(theirs))
    assert ours.dtype == dtype


@pytest.mark.parametrize("name", ["segment_sum", "segment_prod", "segment_max", "segment_min"])
@pytest.mark.parametrize("dtype", [np.float64, np.int32])
def test_segments(name: str, dtype: Any) -> None:
    data, ids = (10 * RNG.normal(size=(6, 2))).astype(dtype), np.array([2, 0, 2, 9, 0, -1])
    ours, theirs = getattr(fg.lax, name), getattr(jax.ops, name)
    np.testing.assert_allclose(ours(data, ids, 5), theirs(data, ids, 5))
    np.testing.assert_allclose(ours(data, ids), theirs(data, ids))
    np.testing.assert_allclose(
        fg.jit(lambda i: ours(data, i, num_segments=5))(ids), theirs(data, ids, 5)
    )
    if dtype == np.float64 and name != "segment_prod":  # JAX has no derivative of that
        gradient = fg.grad(
            lambda x: np.sum(np.where(np.isfinite(y := ours(x, ids, 5)), y, 0.0) ** 2)
        )
        expected = jax.grad(
            lambda x: jax.numpy.sum(
                jax.numpy.where(jax.numpy.isfinite(y := theirs(x, ids, 5)), y, 0.0) ** 2
            )
        )
        np.testing.assert_allclose(gradient(data), expected(data))


def test_shapes_and_settings() -> None:
    lax = fg.lax
    assert lax.conv_shape_tuple((2, 3, 9), (4, 3, 3), (2,), "SAME") == (2, 4, 5)
    assert lax.conv_general_shape_tuple((2, 9, 9, 3), (3, 3, 3, 4), (1, 1), "VALID", NHWC) == (
        2,
        7,
        7,
        4,
    )
    assert lax.reduce_window_shape_tuple((8,), (3,), (2,), ((1, 1),)) == (4,)
    assert lax.round(2.5, lax.RoundingMethod.TO_NEAREST_EVEN) == 2.0
    numbers = lax.GatherDimensionNumbers((), (0,), (0,))
    filled = lax.gather(
        np.ones(2), np.array([[5]]), numbers, (1,), mode=lax.GatherScatterMode.FILL_OR_DROP
    )
    assert np.isnan(filled).all()
    assert lax.platform_dependent(1.0, default=lambda x: x + 1.0) == 2.0
    assert lax.composite(lambda x: x + 1.0, name="my.increment")(1.0) == 2.0
    assert lax.switch(1, [np.sin, np.negative], operand=2.0) == -2.0
    assert lax.fft(np.ones(4), lax.FftType.IRFFT, 6).shape == (6,)


def test_scatter_apply() -> None:
    def cubed(lax: Any, x: Any) -> Any:
        numbers = lax.ScatterDimensionNumbers((1,), (0,), (0,))
        return lax.scatter_apply(x, POINTS, lambda x: x**3, numbers, update_shape=(3, 5))

    np.testing.assert_allclose(cubed(fg.lax, ROWS[:3]), [*ROWS[:2] ** 3, ROWS[2]])
    # JAX applies the function as often as a place is named, and has no derivative of it.
    once = np.array([[1], [0]])
    numbers = jax.lax.ScatterDimensionNumbers((1,), (0,), (0,))
    expected = jax.lax.scatter_apply(ROWS, once, jax.numpy.sin, numbers, update_shape=(2, 5))
    ours = fg.lax.scatter_apply(ROWS, once, np.sin, numbers, update_shape=(2, 5))
    np.testing.assert_allclose(ours, expected)
    fg.check_grads(lambda x: cubed(fg.lax, x), (ROWS[:3],), order=1)


ERRORS: dict[str, tuple[Callable[[], Any], str]] = {
    "slice": (lambda: fg.lax.slice(np.ones(3), (2,), (1,)), "0 <= start <= limit <= length"),
    "slice beyond": (lambda: fg.lax.slice(np.ones(3), (0,), (5,)), "0 <= start <= limit <= length"),
    "dynamic_slice": (lambda: fg.lax.dynamic_slice(np.ones(3), (0,), (4,)), "0 <= size <= length"),
    "dynamic_slice at a float": (
        lambda: fg.lax.dynamic_slice(np.ones(3), (0.0,), (1,)),
        "starts at an integer for each axis",
    ),
    "pad": (lambda: fg.lax.pad(np.ones(3), 0.0, [(0, 0, -1)]), "interior >= 0"),
    "sort": (lambda: fg.lax.sort((np.ones(3), np.ones(4))), "if they have one shape"),
    "transpose": (lambda: fg.lax.transpose(np.ones((2, 3)), (0, 0)), "transpose: repeated axis"),
    "reshape": (lambda: fg.lax.reshape(np.ones(3), (4,)), "reshape: cannot reshape"),
    "concatenate": (lambda: fg.lax.concatenate([X, ROWS], 0), "concatenate: all the input"),
    "dot": (lambda: fg.lax.dot(ROWS, ROWS), "dot: shapes"),
    "reduce": (lambda: fg.lax.reduce((X, ROWS), (0.0, 0.0), max, (0,)), "arrays of one shape"),
    "fft": (lambda: fg.lax.fft(X, "dft", 5), "fft_type is one of 'fft', 'ifft'"),
    "fft of another length": (lambda: fg.lax.fft(X, "fft", 4), "do not fit to the last axes"),
    "rfft": (lambda: fg.lax.fft(X + 0j, "rfft", 5), "'rfft' takes real numbers"),
    "reduce_precision": (lambda: fg.lax.reduce_precision(3, 5, 2), "takes real floating numbers"),
    "reduce_precision of no bits": (
        lambda: fg.lax.reduce_precision(3.0, 0, 2),
        "exponent_bits is at least 1",
    ),
    "segments": (lambda: fg.lax.segment_sum(X, np.zeros(5, int)), r"of shape \(5,\) do not fit"),
    "unknown segments": (
        lambda: fg.jit(lambda i: fg.lax.segment_sum(np.ones(2), i))(np.array([0, 1])),
        "num_segments is needed",
    ),
    "ragged_dot": (lambda: fg.lax.ragged_dot(ROWS, MATRICES, np.ones(2, int)), "ragged_dot takes"),
    "local": (
        lambda: fg.lax.conv_general_dilated_local(X, KERNELS, (1, 1), "SAME", (2, 3)),
        "do not fit to patches",
    ),
    "two kinds of operands": (
        lambda: fg.lax.switch(0, [np.sin], 1.0, operand=1.0),
        "switch takes operands by position or as operand=",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_of_jaxs_class(name: str) -> None:
    call, message = ERRORS[name]
    with pytest.raises(TypeError, match=message):
        call()
