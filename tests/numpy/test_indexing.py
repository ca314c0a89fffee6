"""Mixed indices, drawn at random, against NumPy: reading, writing, accumulating, and batches of each."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad.core.errors import ConcretizationError, TracingError

SHAPE = (3, 2, 4, 3)
X = np.random.default_rng(0).uniform(-1, 1, SHAPE)
seeds = st.integers(0, 1 << 20)
thorough = settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))


def random_entry(rng: random.Random, axis: int, block: tuple[int, ...]) -> tuple[Any, int]:
    """An entry of an index, and how many axes it is for."""
    n = SHAPE[axis]
    kind = rng.randrange(8)
    if kind == 0:
        return rng.randrange(-n, n), 1
    if kind == 1:
        return slice(*[rng.choice([None, *range(-n, n + 1)]) for _ in range(2)]), 1
    if kind == 2:
        return slice(None, None, rng.choice([-2, -1, 2])), 1
    if kind == 3:
        return None, 0
    if kind == 4:
        return rng.choice([True, False, np.True_]), 0
    if kind == 5 and axis + 1 < len(SHAPE) and not block:
        size = n * SHAPE[axis + 1]
        mask = np.array([rng.random() < 0.6 for _ in range(size)])
        return mask.reshape(n, SHAPE[axis + 1]), 2
    part = block[rng.randrange(len(block) + 1) :]
    part = tuple([rng.choice([1, m]) for m in part])
    places = np.array([rng.randrange(-n, n) for _ in range(int(np.prod(part)))], int)
    places = places.reshape(part)
    return places.tolist() if places.ndim and rng.random() < 0.2 else places, 1


def random_key(seed: int) -> Any:
    rng = random.Random(seed)
    block: tuple[int, ...] = rng.choice([(), (2,), (2, 3), (3, 1, 2)])
    entries = []
    axis = 0
    while axis < len(SHAPE) and rng.random() < 0.85:
        entry, n = random_entry(rng, axis, block)
        entries.append(entry)
        axis += n
    if rng.random() < 0.3:
        entries.insert(rng.randrange(len(entries) + 1), ...)
    return tuple(entries)


def numpy_result(key: Any) -> Any:
    try:
        return X[key]
    except IndexError as error:
        return error


@thorough
@given(seeds)
def test_reading(seed: int) -> None:
    key = random_key(seed)
    expected = numpy_result(key)
    if isinstance(expected, IndexError):
        with pytest.raises(IndexError):
            fg.jit(lambda x: x[key])(X)
        return
    np.testing.assert_array_equal(fg.jit(lambda x: x[key])(X), expected)
    batch = np.stack([X, -X])
    got = fg.vmap(lambda x: x[key])(batch)
    np.testing.assert_array_equal(got, np.stack([expected, -expected]))
    ct = np.random.default_rng(1).uniform(size=expected.shape)
    wanted = np.zeros_like(X)
    np.add.at(wanted, key, ct)
    np.testing.assert_allclose(fg.vjp(lambda x: x[key], X)[1](ct)[0], wanted)


@thorough
@given(seeds)
def test_writing(seed: int) -> None:
    key = random_key(seed)
    expected = numpy_result(key)
    if isinstance(expected, IndexError):
        return
    rng = random.Random(seed)
    shape = expected.shape[rng.randrange(expected.ndim + 1) :]
    shape = tuple([rng.choice([1, n]) for n in shape])
    value = np.random.default_rng(1).uniform(size=shape)

    def store(x: Any, v: Any) -> Any:
        z = x * 1.0
        z[key] = v
        return z

    def accumulate(x: Any, v: Any) -> Any:
        z = x * 1.0
        np.add.at(z, key, v)
        return z

    for f in (store, accumulate):
        np.testing.assert_allclose(fg.jit(f)(X, value), f(X, value), rtol=1e-14)
        values = np.stack([value, 2 * value])
        got = fg.vmap(f, in_axes=(None, 0))(X, values)
        np.testing.assert_allclose(got, np.stack([f(X, v) for v in values]), rtol=1e-14)
        # Both are linear: their derivatives are themselves, and one is the other's transpose.
        x, v = np.cos(X), np.cos(value)
        _, tangent = fg.jvp(f, (X, value), (x, v))
        np.testing.assert_allclose(tangent, f(x, v), rtol=1e-14)
        ct = np.sin(7 * X)
        ct_x, ct_v = fg.vjp(f, X, value)[1](ct)
        np.testing.assert_allclose(
            np.sum(ct_x * x) + np.sum(ct_v * v), np.sum(ct * tangent), rtol=1e-12, atol=1e-12
        )


def traced_indices(key: Any) -> tuple[Any, list[Any]]:
    """A key with its integer arrays as arguments of a function."""
    arrays = [k for k in key if isinstance(k, np.ndarray) and k.dtype.kind == "i"]

    def rebuilt(given: Any) -> Any:
        rest = iter(given)
        return tuple(
            [next(rest) if isinstance(k, np.ndarray) and k.dtype.kind == "i" else k for k in key]
        )

    return rebuilt, arrays


@thorough
@given(seeds)
def test_traced_indices(seed: int) -> None:
    key = random_key(seed)
    expected = numpy_result(key)
    rebuilt, arrays = traced_indices(key)
    if isinstance(expected, IndexError) or not arrays:
        return
    read = lambda x, *i: x[rebuilt(i)]

    def store(x: Any, v: Any, *i: Any) -> Any:
        return fnp.at(x)[rebuilt(i)].add(v)

    value = np.cos(np.arange(expected.size)).reshape(expected.shape)
    total = X.copy()
    np.add.at(total, key, value)
    np.testing.assert_array_equal(fg.jit(read)(X, *arrays), expected)
    np.testing.assert_allclose(fg.jit(store)(X, value, *arrays), total)
    # Another index for each example; the array and the value the same, or others, too.
    pairs = [np.stack([a, np.flip(a)]) for a in arrays]
    rows = [[a, np.flip(a)] for a in arrays]
    zeros = [0] * len(arrays)
    for x_axis, xs in ((None, [X, X]), (0, [X, 2 * X])):
        x = X if x_axis is None else np.stack(xs)
        got = fg.vmap(read, in_axes=(x_axis, *zeros))(x, *pairs)
        wanted = [read(xs[n], *[r[n] for r in rows]) for n in range(2)]
        np.testing.assert_array_equal(got, np.stack(wanted))
        for v_axis, vs in ((None, [value, value]), (0, [value, -value])):
            v = value if v_axis is None else np.stack(vs)
            got = fg.vmap(store, in_axes=(x_axis, v_axis, *zeros))(x, v, *pairs)
            wanted = [store(xs[n], vs[n], *[r[n] for r in rows]) for n in range(2)]
            np.testing.assert_allclose(got, np.stack(wanted))


def test_out_of_range_when_run() -> None:
    f = fg.jit(lambda x, i: x[i])
    assert f(np.arange(3.0), -3) == 0.0
    with pytest.raises(IndexError, match="out of bounds"):
        f(np.arange(3.0), 3)
    with pytest.raises(IndexError, match="out of bounds"):
        fg.vmap(f, in_axes=(None, 0))(np.arange(3.0), np.array([0, 4]))


def test_iterating_and_asking() -> None:
    def f(x: Any) -> Any:
        assert len(x) == 3
        assert 1.0 in x
        assert 7.0 not in x
        a, b, c = x
        first, *rest = x.tolist()
        return a * b + c * first + sum(rest)

    np.testing.assert_array_equal(fg.grad(f)(np.array([1.0, 2.0, 3.0])), [5.0, 2.0, 2.0])
    with pytest.raises(TypeError, match="0-d"):
        fg.grad(lambda x: sum(x))(1.0)


def test_attributes_are_those_of_arrays() -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        seen.extend(
            (y.strides, y.flags.c_contiguous, y.flags.f_contiguous, y.nbytes, y.itemsize)
            for y in (x, x.T, x[1:, ::2], x.reshape(-1), x[::-1].T, x.ravel("F"))
        )
        return x.sum()

    x = np.zeros((3, 4))
    f(x)
    fg.grad(f)(x)
    half = len(seen) // 2
    assert seen[:half] == seen[half:]


def test_refused_methods_say_why() -> None:
    for name in ("tobytes", "dumps", "byteswap"):
        with pytest.raises(
            fg.errors.TracingError if hasattr(fg, "errors") else Exception
        ) as caught:
            fg.grad(lambda x, name=name: getattr(x, name)())(np.ones(2))
        assert f"(.{name}) would drop its derivative" in str(caught.value)
    with pytest.raises(TracingError, match="reinterpret its bytes"):
        fg.grad(lambda x: x.view(np.int64).sum())(np.ones(2))


THRESHOLDS = np.array([0.0, 1.0, 0.0])


def twice(x: Any) -> Any:
    out = np.zeros_like(x)
    out[x > 0] = np.log(x[x > 0])
    out[~(x > 0)] = -x[~(x > 0)]
    return out


def in_ranges(x: Any) -> Any:
    y = x * 2
    y[y > 1] *= 3
    y[(y > 1) & (y < 9)] = y[(y > 1) & (y < 9)] ** 2
    return y


def from_statistics(x: Any) -> Any:
    y = x.copy()
    y[x > THRESHOLDS] = np.sqrt(x[x > THRESHOLDS])
    y[np.abs(x - x.mean()) > 0.5] = x[np.abs(x - x.mean()) > 0.5] - x.mean()
    return y


@pytest.mark.parametrize("f", [twice, in_ranges, from_statistics])
def test_masks_that_are_computed_twice_are_the_same(f: Any) -> None:
    for x in (np.array([1.0, -2.0, 3.0]), np.array([-1.0, 0.4, 0.2])):
        np.testing.assert_allclose(fg.jit(f)(x), f(x))
        np.testing.assert_allclose(fg.vmap(f)(np.stack([2 * x, x]))[1], f(x))
        slopes = fg.grad(lambda x: np.sum(f(x)))
        np.testing.assert_allclose(fg.jit(slopes)(x), slopes(x))


def test_masks_that_differ_are_told_apart() -> None:
    def other(x: Any) -> Any:
        y = x * 1.0
        y[x > 0] = x[x >= 0]
        return y

    def changed(x: Any) -> Any:
        y = x * 1.0
        found = y[y > 0]
        y[:] = -y
        y[y > 0] = found
        return y

    for f in (other, changed):
        with pytest.raises(ConcretizationError, match="selected by one mask"):
            fg.jit(f)(np.array([1.0, -1.0]))


OF_SELECTED: dict[str, Any] = {
    "matmul": lambda x: x[x > 0] @ np.sin(x)[x > 0],
    "dot": lambda x: np.dot(x[x > 0], np.sin(x)[x > 0]),
    "vdot": lambda x: np.vdot((x + 1j)[x > 0], (x * 1j)[x > 0]).real,
    "vecdot": lambda x: np.vecdot(x[x > 0], x[x > 0]),
    "norm": lambda x: np.linalg.norm(x[x > 0]),
    "reduce": lambda x: np.add.reduce(x[x > 0]),
    "size": lambda x: x[x > 0].sum() / x[x > 0].size,
    "count_nonzero": lambda x: np.count_nonzero(x[x > 0] > 2) * x[0],
    "average": lambda x: np.average(x[x > 0]),
    "nansum": lambda x: np.nansum(x[x > 0]),
    "max": lambda x: np.max(x[x > 0], initial=0.0),
    "rows": lambda x: np.sum(np.stack([x, x], 1)[x > 0] ** 2),
}


@pytest.mark.parametrize("name", OF_SELECTED)
def test_numbers_made_of_what_a_mask_selects(name: str) -> None:
    f = OF_SELECTED[name]
    x = np.array([1.0, -2.0, 3.0])
    np.testing.assert_allclose(fg.jit(f)(x), f(x), rtol=1e-14)
    np.testing.assert_allclose(fg.vmap(f)(np.stack([x[::-1] * 2, x]))[1], f(x), rtol=1e-14)
    np.testing.assert_allclose(fg.jit(fg.grad(f))(x), fg.grad(f)(x), rtol=1e-14)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x[x > 0].max(),  # an error if there are none
        lambda x: np.sort(x[x > 0]),
        lambda x: np.outer(x[x > 0], x[x > 0]),
        lambda x: np.stack([x, x], 1)[x > 0] @ np.ones(2),
        lambda x: x[x > 0] @ x[x < 0],
        lambda x: np.add.reduce(np.stack([x, x], 1)[x > 0]),
    ],
)
def test_what_needs_the_number_of_selected_elements_is_refused(f: Any) -> None:
    with pytest.raises(ConcretizationError, match="elements selected by the mask"):
        fg.jit(f)(np.array([1.0, -2.0, 3.0]))
