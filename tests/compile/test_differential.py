"""Compiled programs against the interpreter: hand-written programs and random ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from funcgrad.ops import elementwise as e
from funcgrad.ops.basic import broadcast_to, convert, reshape, sum_axes, transpose
from funcgrad.ops.contraction import matmul
from funcgrad.ops.reduction import reduce_max, reduce_min
from funcgrad.transforms.transpose import vjp
from tests.compile.compare import aval, check, jaxpr_for, jaxpr_of

RNG = np.random.default_rng(0)

SCALARS = [
    lambda x: np.tanh(x),
    lambda x: np.exp(x) / x,
    lambda x: np.log(x) + np.sqrt(x),
    lambda x: np.sin(x) * np.maximum(x, 0.0) - np.minimum(x, 1.0),
    lambda x: x**3 + x**-2 + 2.0 / (x - 1.0),
    lambda x: np.abs(x) ** 0.5 + np.arctan2(x, 2.0),
    lambda x: e.select_n(x > 0.0, x, -x) * 1e300 * 1e300,
    lambda x: (x > 0.5, x == x, np.isnan(x)),
    lambda x: np.maximum(x, 2) / np.add(1, x * x) + np.power(np.int64(3), x),
]


@pytest.mark.parametrize("fun", SCALARS)
@pytest.mark.parametrize("value", [0.5, 0.0, -0.0, -2.0, 1.0, 1e308, np.inf, -np.inf, np.nan])
def test_scalar_programs_give_ieee_results(fun: Any, value: float) -> None:
    jaxpr = jaxpr_of(fun, aval())
    for argument in (value, np.float64(value), np.array(value)):
        check(jaxpr, [argument])


@pytest.mark.parametrize(
    "dtype", ["float32", "int32", "int64", "bool", "complex128", "complex64", "uint8"]
)
def test_scalars_of_other_dtypes(dtype: str) -> None:
    x = np.dtype(dtype).type(3)

    def fun(x: Any, y: Any) -> Any:
        return x * y + x, x == y, convert(x, "float64"), convert(x, "float32"), y

    check(jaxpr_for(fun, x, x), [x, np.dtype(dtype).type(1)])


def test_integers_wrap_around() -> None:
    x = np.int64(2**62)
    check(jaxpr_for(lambda x: x * 4 + x, x), [x])


def test_strong_and_weak_scalars_promote_as_numpy_does() -> None:
    x = np.arange(3, dtype=np.float32)
    (out,) = check(
        jaxpr_of(lambda x, s: x * s, aval(3, dtype="float32"), aval()), [x, np.float64(2)]
    )
    assert out.dtype == np.float64
    check(jaxpr_for(lambda x: x * 2.0, x), [x])


def test_results_are_never_inputs_or_each_other() -> None:
    x = RNG.normal(size=(3, 4))

    def fun(x: Any) -> Any:
        y = np.sin(x)
        return x, x, y, y, reshape(y, (4, 3)), transpose(x, (1, 0)), broadcast_to(y, (2, 3, 4))

    check(jaxpr_for(fun, x), [x])


def test_literal_results() -> None:
    table = np.arange(4.0)
    results = check(jaxpr_for(lambda x: (1.0, x, table, np.float32(2)), table), [table])
    results[2][:] = 7.0
    check(jaxpr_for(lambda x: (1.0, x, table, np.float32(2)), table), [table])


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 3), (1,), (1, 1), (2, 1, 3)])
def test_empty_and_tiny_arrays(shape: tuple[int, ...]) -> None:
    x = RNG.normal(size=shape)

    def fun(x: Any) -> Any:
        y = np.exp(x) * x + 1.0
        return y, sum_axes(y, (0,)), sum_axes(y, tuple(range(len(shape))))

    check(jaxpr_for(fun, x), [x])


LARGE = {
    "elementwise": (lambda x: np.sin(x) * np.exp(-x * x) + x, [(50,)]),
    "sum": (lambda x: sum_axes(np.sin(x) * x, (0,)), [(50,)]),
    "two results": (lambda x: (sum_axes(x * x, (0,)), 2.0 * x + x), [(50,)]),
    "rows": (lambda x: (sum_axes(x * x, (1,)), sum_axes(x * x, (0,))), [(40, 3)]),
    "row and column": (lambda x, y, z: (x * y + z * y, x + z), [(20, 1), (5,), (20, 5)]),
    "softmax": (
        lambda x: (
            np.exp(x - reshape(reduce_max(x, axes=(1,)), (20, 1)))
            / reshape(
                sum_axes(np.exp(x - reshape(reduce_max(x, axes=(1,)), (20, 1))), (1,)), (20, 1)
            )
        ),
        [(20, 7)],
    ),
    "normalised": (lambda x: x / np.sqrt(sum_axes(x * x, (0,))) * 2.0, [(60,)]),
    "square": (lambda x: (np.sin(x) * reshape(np.sin(x), (20, 1)) + x) * 2.0, [(20,)]),
    "three axes": (
        lambda x: (
            sum_axes(x * x, (0, 1)),
            sum_axes(x * 2.0, (2,)),
            reduce_min(x * x, axes=(0, 1, 2)),
        ),
        [(3, 20, 4)],
    ),
    "pairs": (
        lambda x: sum_axes(
            1.0 / np.sqrt(sum_axes((reshape(x, (9, 1, 3)) - x) ** 2, (2,)) + 1.0), (1,)
        ),
        [(9, 3)],
    ),
    "types": (
        lambda x: (
            convert(x > 0.0, "float64") * x,
            convert(x, "float32") * 2,
            e.select_n(x > 0.0, x, 0.0),
        ),
        [(50,)],
    ),
    "scalar operand": (lambda x, s: (x * s + np.sin(s)) * s, [(50,), ()]),
    "two row axes": (
        lambda x, y: (x * y + np.sin(y), sum_axes(x * y, (2,)), sum_axes(x * x, (0, 1))),
        [(3, 30, 20), (1, 1, 20)],
    ),
    "rows and all": (lambda x: (x * 2.0 + x) * reshape(x, (6, 10, 1, 1)) + x, [(6, 10)]),
    "products": (lambda x, w: np.tanh(matmul(np.tanh(x), w)) * 2.0 + 1.0, [(20, 4), (4, 5)]),
}


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("name", LARGE)
def test_clusters(name: str) -> None:
    fun, shapes = LARGE[name]
    args = [RNG.uniform(-2, 2, shape) for shape in shapes]
    jaxpr = jaxpr_for(fun, *args)
    check(jaxpr, args)
    strided = [np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a for a in args]
    check(jaxpr, strided)
    check(jaxpr, [a[::-1] if a.ndim else a for a in args])
    check(jaxpr, [np.asfortranarray(a) if a.ndim else a for a in args])
    gradient = vjp(jaxpr, [True] * len(args))
    cts = [
        RNG.normal(size=v.aval.shape).astype(v.aval.dtype)
        for v in jaxpr.outvars
        if v.aval.dtype.kind == "f"
    ]
    check(gradient, [*args, *cts], rtol=1e-9)


def test_indexing_and_updates() -> None:
    def fun(x: Any) -> Any:
        y = x * 2.0
        z = y[1:] - y[:-1] ** 2
        w = np.sum(z[::-1] * x[None, 1:, 0:1], axis=0)
        return np.sum(z) + np.sum(w) + x[2, 1] + np.sum(x[:, -1] * y[0])

    x = RNG.normal(size=(4, 4))
    jaxpr = jaxpr_for(fun, x)
    check(jaxpr, [x])
    check(vjp(jaxpr, [True]), [x, np.float64(1.5)])


def test_updated_arrays_stay_apart() -> None:
    def fun(x: Any) -> Any:
        y = x * 2.0
        z = y.copy()
        z[1:3] = 7.0
        z[0] += y[3]
        return y, z, x

    x = RNG.normal(size=5)
    check(jaxpr_for(fun, x), [x])


UNARY = [
    np.sin,
    np.exp,
    np.tanh,
    np.negative,
    np.square,
    lambda x: x * 0.5,
    lambda x: 2.0 - x,
    lambda x: x**3,
]
BINARY = [np.add, np.subtract, np.multiply, np.maximum, lambda x, y: x / (y * y + 1.0)]


@st.composite
def programs(draw: Any) -> Any:
    """A random function of two arrays of broadcastable shapes, as a list of steps."""
    ndim = draw(st.integers(0, 3))
    shape = tuple(draw(st.lists(st.integers(1, 5), min_size=ndim, max_size=ndim)))
    other = tuple(n if draw(st.booleans()) else 1 for n in shape)
    if draw(st.booleans()):
        other = other[draw(st.integers(0, ndim)) :]
    steps = draw(
        st.lists(
            st.tuples(st.integers(0, 6), st.integers(0, 99), st.integers(0, 99)),
            min_size=1,
            max_size=14,
        )
    )
    return shape, other, steps


def build(steps: Any) -> Any:
    def fun(x: Any, y: Any) -> Any:
        values = [x, y]
        for kind, a, b in steps:
            v, w = values[a % len(values)], values[b % len(values)]
            if kind <= 1:
                values.append(UNARY[b % len(UNARY)](v))
            elif kind <= 3:
                try:
                    np.broadcast_shapes(v.shape, w.shape)
                except ValueError:
                    continue
                values.append(BINARY[(a + b) % len(BINARY)](v, w))
            elif kind == 4 and v.ndim:
                axes = (b % v.ndim,)
                total = sum_axes(v, axes) if a % 2 else reduce_max(v, axes=axes)
                values.append(total)
                kept = tuple(1 if d in axes else n for d, n in enumerate(v.shape))
                values.append(reshape(total, kept))
            elif kind == 5 and v.ndim:
                values.append(transpose(v, tuple(range(v.ndim))[::-1]))
            elif kind == 6:
                choice = [reshape(v, (v.size,)), e.select_n(v > 0.5, v, 0.25)]
                if v.ndim:
                    choice += [v[a % v.shape[0] :], v[None, ::-1], v[..., 0]]
                values.append(choice[(a + b) % len(choice)])
        return values[2:][-4:] or [x * 1.0]

    return fun


@pytest.mark.usefixtures("small_blocks")
@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(programs(), st.integers(0, 2**31))
def test_random_programs(program: Any, seed: int) -> None:
    shape, other, steps = program
    rng = np.random.default_rng(seed)
    args = [rng.uniform(-1, 1, shape)[()], rng.uniform(-1, 1, other)[()]]
    jaxpr = jaxpr_for(build(steps), *args)
    check(jaxpr, args, rtol=1e-9)
    gradient = vjp(jaxpr, [True, True])
    cts = [rng.normal(size=v.aval.shape)[()] for v in jaxpr.outvars]
    check(gradient, [*args, *cts], rtol=1e-7)
