"""What loops and branches promise besides their derivatives."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.compile.compiler import optimized

lax = fg.lax


def assert_equal_trees(got: Any, want: Any) -> None:
    assert fg.tree.structure(got) == fg.tree.structure(want)
    for a, b in zip(fg.tree.leaves(got), fg.tree.leaves(want), strict=True):
        assert type(a) is type(b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
        np.testing.assert_allclose(a, b, rtol=1e-14)


LOOPS = {
    "scan": lambda x: lax.scan(lambda c, a: (c + a, (c, a * 2)), x[0], x),
    "reverse": lambda x: lax.scan(lambda c, a: (c + a, c), x[0], x, reverse=True),
    "number as carry": lambda x: lax.scan(lambda c, a: (c + a, c), 0, x),
    "no carry": lambda x: lax.scan(lambda c, a: (c, a * 2), None, x),
    "no outputs": lambda x: lax.scan(lambda c, a: (c + a, None), 0.0, x),
    "constant outputs": lambda x: lax.scan(lambda c, a: (c, (1.5, np.ones(2), c)), x[0], x),
    "swap": lambda x: lax.scan(lambda c, a: ((c[1], c[0] + a), c), (x[0], x[1]), x),
    "booleans": lambda x: lax.scan(lambda c, a: (c | (a > 2), c), False, x),
    "integers": lambda x: lax.scan(lambda c, a: (c * 2 + 1, c), np.int32(1), x),
    "fori": lambda x: lax.fori_loop(2, 5, lambda i, c: c * i, x),
    "no steps": lambda x: lax.fori_loop(5, 2, lambda i, c: c * i, x),
    "while": lambda x: lax.while_loop(lambda c: c[0] < 4, lambda c: (c[0] + 1, c[1] * 2), (0, x)),
    "while, number": lambda x: lax.while_loop(lambda c: c < x[2], lambda c: c + x[0], 0),
    "cond": lambda x: lax.cond(x[0] > 0, np.sin, np.cos, x),
    "switch": lambda x: lax.switch(2, [np.sin, np.cos], x),
    "map": lambda x: lax.map(lambda a: {"b": a * 2}, x),
    "map in batches": lambda x: lax.map(lambda a: a * 2, x, batch_size=2),
    "associative": lambda x: lax.associative_scan(np.add, x),
    "associative, reverse": lambda x: lax.associative_scan(np.maximum, x, reverse=True),
}


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
@pytest.mark.parametrize("name", LOOPS)
def test_traced_as_on_plain_arrays(name: str, dtype: str, way: str) -> None:
    x = np.arange(1, 6).astype(dtype)
    with np.errstate(all="ignore"):
        plain = LOOPS[name](x)
    assert_equal_trees(fg.jit(LOOPS[name])(x), plain)
    assert_equal_trees(fg.jit(LOOPS[name])(x), plain)
    closed = fg.make_jaxpr(LOOPS[name])(x)
    outs = fg.eval_jaxpr(closed.jaxpr, closed.consts, x)
    for got, want in zip(outs, fg.tree.leaves(plain), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-14)


def test_no_steps_have_outputs(way: str) -> None:
    for transform in (lambda f: f, fg.jit):
        carry, ys = transform(lambda x: lax.scan(lambda c, a: (c + a[0], (c, a)), 1.0, x))(
            np.ones((0, 2))
        )
        assert carry == 1.0
        assert [y.shape for y in ys] == [(0,), (0, 2)]


def test_results_belong_to_the_caller(way: str) -> None:
    """Results are writable, share memory with nothing, and arguments stay as they are."""
    x = np.arange(6.0).reshape(3, 2)
    before = x.copy()

    def f(x: Any) -> Any:
        return lax.scan(lambda c, a: (c * 1.0, (c, a, x[0])), x[0], x)

    for call in (f, fg.jit(f), fg.jit(f)):
        carry, ys = call(x)
        arrays = [carry, *ys]
        for a in arrays:
            a[...] = -1.0
            assert not np.shares_memory(a, x)
        np.testing.assert_array_equal(x, before)
        for i, a in enumerate(arrays):
            assert not any(np.shares_memory(a, b) for b in arrays[i + 1 :])


def test_one_equation_however_many_steps() -> None:
    loop = lambda x: lax.scan(lambda c, _: (np.sin(c), None), x, length=10_000)[0]
    jaxpr = fg.make_jaxpr(loop)(np.float64(1.0))
    assert [e.primitive.name for e in jaxpr.eqns] == ["scan"]
    text = str(jaxpr)
    assert "length=10000" in text
    assert "num_carry=1" in text


def test_jaxprs_of_control_flow() -> None:
    expected = """
        { lambda ; a:f64[]. let
            b:bool[] = gt a 0.0:f64[]
            c:i64[] = convert_element_type[new_dtype=int64 weak_type=False] b
            d:f64[] = cond[
              branches=(
                { lambda ; a:f64[]. let b:f64[] = cos a in (b,) }
                { lambda ; a:f64[]. let b:f64[] = sin a in (b,) }
              )
            ] c a
          in (d,) }
    """
    jaxpr = fg.make_jaxpr(lambda x: lax.cond(x > 0.0, np.sin, np.cos, x))(1.0)
    assert str(jaxpr).split() == expected.split()
    names = [
        e.primitive.name
        for e in fg.make_jaxpr(lambda n, x: lax.fori_loop(0, n, lambda i, c: c + i, x))(3, 1.0).eqns
    ]
    assert "while" in names


def test_same_code_finds_its_program_again() -> None:
    def loss(x: float, scale: float) -> Any:
        weights = np.full(3, scale)
        return fg.grad(
            lambda x: np.sum(lax.scan(lambda c, a: (c * a + scale, None), x, weights)[0])
        )(x)

    loss(1.0, 2.0)
    misses = fg.cache_info().misses
    assert loss(1.0, 3.0) == 27.0
    assert fg.cache_info().misses == misses


def test_values_on_demand_in_branches() -> None:
    def f(x: Any) -> Any:
        return lax.cond(x > 1.0, lambda: x * (2.0 if x > 1.5 else 3.0), lambda: x)

    assert fg.grad(f)(2.0) == 2.0
    assert fg.grad(f)(1.2) == 3.0
    assert fg.grad(f)(0.5) == 1.0


def test_values_on_demand_of_results() -> None:
    def f(x: Any) -> Any:
        y = lax.fori_loop(0, 3, lambda i, c: c * x, 1.0)
        return y if y > 5.0 else -y

    assert fg.grad(f)(2.0) == 12.0
    assert fg.grad(f)(1.0) == -3.0


def test_only_the_chosen_branch_runs() -> None:
    calls = []

    def noisy(x: Any) -> Any:
        fg.debug.callback(calls.append, x)
        return x

    f = fg.jit(lambda x: lax.cond(x > 0.0, noisy, lambda x: -x, x))
    f(1.0)
    f(-1.0)
    f(2.0)
    assert calls == [1.0, 2.0]


def test_side_effects_of_loops_keep_their_order(way: str) -> None:
    seen: list[float] = []

    def body(c: Any, x: Any) -> Any:
        fg.debug.callback(lambda x: seen.append(float(x)), x)
        return c + x, None

    f = fg.jit(lambda xs: lax.scan(body, 0.0, xs)[0])
    f(np.arange(3.0))
    assert seen == [0.0, 1.0, 2.0]
    fg.grad(lambda xs: lax.scan(body, 0.0, xs)[0])(np.arange(3.0))
    assert seen == [0.0, 1.0, 2.0] * 2


def test_unused_results_are_not_computed() -> None:
    def f(x: Any) -> Any:
        carry, _ = lax.scan(
            lambda c, _: ((np.sin(c[0]), c[1] + 1.0), np.exp(c[0])), (x, x), length=3
        )
        return carry[0]

    jaxpr = optimized(fg.make_jaxpr(fg.jit(f))(1.0).jaxpr)
    (loop,) = jaxpr.eqns
    assert [e.primitive.name for e in loop.params["jaxpr"].eqns] == ["sin"]


def test_jaxprs_pickle() -> None:
    closed = fg.make_jaxpr(
        fg.grad(lambda x: lax.scan(lambda c, _: (np.sin(c), c), x, length=3)[0])
    )(1.0)
    again = pickle.loads(pickle.dumps(closed.jaxpr))
    assert str(again) == str(closed.jaxpr)
    np.testing.assert_allclose(fg.eval_jaxpr(again, (), 0.5), fg.eval_jaxpr(closed.jaxpr, (), 0.5))


def test_float32_stays_float32(way: str) -> None:
    x = np.arange(1.0, 4.0, dtype=np.float32)

    def f(x: Any) -> Any:
        c, ys = lax.scan(lambda c, a: (np.sin(c) * a, c * 0.5), np.float32(1.0), x)
        return c + np.sum(ys)

    assert f(x).dtype == np.float32
    assert fg.grad(f)(x).dtype == np.float32
    assert fg.jit(fg.grad(f))(x).dtype == np.float32


def test_complex_carries(way: str) -> None:
    def f(z: Any) -> Any:
        return lax.scan(lambda c, _: (c * z + 0.1j, None), z, length=3)[0]

    z = 0.4 + 0.3j
    step = 1e-6
    want = (f(z + step) - f(z - step)) / (2 * step)
    np.testing.assert_allclose(fg.grad(f, holomorphic=True)(z), want, rtol=1e-8)


def test_infinities_as_numpy_has_them(way: str) -> None:
    """Python's numbers raise where NumPy's do not: the loop starts again with NumPy's."""
    f = fg.jit(lambda x: lax.scan(lambda c, a: (c / a, np.log(c)), 1.0, x))
    carry, ys = f(np.array([1.0, 0.0, 2.0]))
    assert carry == np.inf
    np.testing.assert_array_equal(ys, [0.0, 0.0, np.inf])


def test_in_place_code_in_bodies(way: str) -> None:
    def body(c: Any, x: Any) -> Any:
        c = c.copy()
        c[0] = c[0] * x
        c[1:] += c[0]
        return c, c[1]

    def f(c: Any, xs: Any) -> Any:
        c, ys = lax.scan(body, c, xs)
        return np.sum(c) + np.sum(ys)

    c, xs = np.array([1.0, 2.0, 3.0]), np.array([0.5, 2.0])
    fg.check_grads(f, (c, xs), order=2)


def test_a_branch_has_the_same_constant_twice(way: str) -> None:
    shared = np.arange(5.0)

    def fun(x: Any) -> Any:
        wave = lax.cond(x[0] > 0, lambda x: 0.5 + 0.5 * np.sin(x) * 0.5, lambda x: 0.5 * x, x)
        return wave + lax.switch(1, [np.sin, lambda x: shared * x + shared, np.cos], x)

    x = np.linspace(0.5, 1.0, 5)
    np.testing.assert_allclose(fun(x), fg.jit(fun)(x), rtol=1e-15)
    slope = np.diag(0.25 * np.cos(x) + shared)
    np.testing.assert_allclose(fg.jacrev(fun)(x), slope, rtol=1e-14)


def test_numbers_of_branches_give_way_to_arrays() -> None:
    f = fg.jit(lambda x: lax.cond(x > 0, lambda: 1.0, lambda: x))
    assert f(np.float32(2.0)).dtype == np.float32
    assert f(np.float64(-2.0)) == -2.0
    assert fg.jit(lambda x: lax.cond(x > 0, lambda: 1, lambda: 2.5))(1.0) == 1.0


def test_the_counter_of_fori_loop_is_a_number() -> None:
    x = np.ones(2, np.float32)
    for bounds in ((0, 3), (0, np.int64(3))):
        f = lambda x, n: lax.fori_loop(bounds[0], n, lambda i, c: c * (i + 0.5), x)
        assert f(x, bounds[1]).dtype == np.float32
        assert fg.jit(f)(x, bounds[1]).dtype == np.float32


def test_opposites_of_booleans_in_carries() -> None:
    def search(n: int) -> Any:
        return fg.lax.while_loop(
            lambda carry: (carry[0] < 10) & ~carry[1],
            lambda carry: (carry[0] + 1, False if n < 0 else carry[0] == n),
            (0, False),
        )

    for n, expected in ((4, (5, True)), (-1, (10, False))):
        assert search(n) == expected
        assert fg.jit(lambda n=n: search(n))() == expected
    flips, _ = fg.lax.scan(lambda c, _: (~c, None), True, None, length=3)
    assert not flips
    assert fg.lax.fori_loop(0, 2, lambda i, c: ~c, True)


def test_cond_with_an_operand_for_each_branch() -> None:
    def f(x: Any, y: Any) -> Any:
        return fg.lax.cond(x > 1.0, (x, y), lambda pair: pair[0] * pair[1], x, np.sin)

    for run in (f, fg.jit(f), lambda x, y: fg.vmap(f, (None, 0))(x, np.full(1, y))[0]):
        assert run(2.0, 3.0) == 6.0
        assert run(0.5, 3.0) == np.sin(0.5)
        assert fg.grad(run, argnums=(0, 1))(2.0, 3.0) == (3.0, 2.0)
    with pytest.raises(fg.errors.ArgumentError, match="a function for"):
        fg.lax.cond(True, 1.0, 2.0, 3.0, np.sin)
