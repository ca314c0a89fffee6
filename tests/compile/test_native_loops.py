"""Loops in C give what NumPy's loops give, and step aside where they cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.compile.native import library, scan
from funcgrad.core.config import config
from tests.control.programs import PROGRAMS

pytestmark = pytest.mark.skipif(library.compiler() is None, reason="there is no C compiler")
lax = fg.lax
RNG = np.random.default_rng(0)
M = RNG.normal(size=(3, 3)) + 3.0 * np.eye(3)
V = RNG.normal(size=3)
XS = RNG.normal(size=(5, 3))


@pytest.fixture(autouse=True)
def _always_native(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Compile loops of any length, into the repository's cache."""
    monkeypatch.setenv("FUNCGRAD_CACHE_DIR", str(Path(__file__).parents[2] / ".cache" / "loops"))
    monkeypatch.setattr(scan, "_WORTH_COMPILING", 0)
    monkeypatch.setattr(config, "native_loops", True)
    fg.clear_caches()
    yield
    fg.clear_caches()


def both(fun: Callable[..., Any], *args: Any) -> tuple[Any, Any, bool]:
    """Results in C and in NumPy, and whether there was a loop in C."""
    jitted = fg.jit(fun)
    native = fg.tree.leaves(jitted(*args))
    in_c = ", in C" in jitted.lower(*args).as_text("numpy")
    fg.clear_caches()
    config.native_loops = False
    numpy = fg.tree.leaves(fg.jit(fun)(*args))
    config.native_loops = True
    return native, numpy, in_c


def assert_same(fun: Callable[..., Any], *args: Any) -> None:
    native, numpy, in_c = both(fun, *args)
    assert in_c
    for a, b in zip(native, numpy, strict=True):
        assert type(a) is type(b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
        np.testing.assert_allclose(
            a, b, rtol=1e-5 if np.asarray(a).dtype == np.float32 else 1e-12, atol=1e-13
        )


def step_with(body: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """A loop in which the body's result depends on the carry, so that it stays in the loop."""

    def fun(c: Any, xs: Any) -> Any:
        def step(c: Any, x: Any) -> Any:
            y = body(c, x)
            return c * 0.9 + 0.01 * np.sum(y) + 0.1 * np.sum(x), y

        return lax.scan(step, c, xs)

    return fun


BODIES: dict[str, Callable[[Any, Any], Any]] = {
    "arithmetic": lambda c, x: (c + x) * (c - x) / (1.0 + c * c) - (-x),
    "functions": lambda c, x: np.sin(c) + np.exp(-c * c) * np.tanh(x) + np.sqrt(np.abs(c)),
    "more functions": lambda c, x: np.arctan2(c, x) + np.hypot(c, x) + np.log1p(c * c) + np.cosh(c),
    "powers": lambda c, x: (c * c + 1.0) ** 1.5 + c**3 + 2.0**c,
    "roundings": lambda c, x: np.floor(c) + np.ceil(x + c) - np.trunc(c) + np.sign(c),
    "extrema": lambda c, x: np.maximum(c, x) - np.minimum(c, 0.1) + np.copysign(c, x),
    "choices": lambda c, x: np.where((c > x) & ~(c < 0.0), c, -x * c),
    "conversions": lambda c, x: (c > 0).astype(float) * c + (c * 3).astype(int) * x,
    "integers": lambda c, x: np.maximum((c * 5).astype(int) * 2 - 1, 0) + x,
    "broadcasting": lambda c, x: c[:, None] * x + c,
    "sums": lambda c, x: np.sum(c[:, None] * x, axis=0) + np.sum(c),
    "products and extrema of axes": lambda c, x: np.prod(c + 2.0) + np.max(c[:, None] + x, axis=1),
    "matrix times vector": lambda c, x: M @ c + x @ M,
    "transposed matrix": lambda c, x: M.T @ c + M[::-1] @ c,
    "matrix products": lambda c, x: M @ (np.outer(c, x) + M).T,
    "batched products": lambda c, x: np.einsum("ij,ij->i", np.outer(c, x), M),
    "slices": lambda c, x: c[::-1] * c[1:2] + np.concatenate([c[1:], x[:1]]),
    "stacks": lambda c, x: np.stack([c, x * c], axis=1) + np.array([c[0], 1.0]),
    "updates": lambda c, x: _updated(c, x),
    "solve": lambda c, x: np.linalg.solve(M + np.outer(c, c), x * c),
    "solve for a matrix": lambda c, x: np.linalg.solve(M + np.outer(c, x), M),
    "reshape": lambda c, x: (np.outer(c, x).T).reshape(9)[2:5] + np.outer(c, x).reshape(9)[::2][:3],
    "constants": lambda c, x: c * np.array([1.0, np.inf, -2.0]) + np.arange(3) * c,
}


def _updated(c: Any, x: Any) -> Any:
    y = c * 1.0
    y[1:] += x[:2]
    y[0] = c[2]
    return y


@pytest.mark.parametrize("name", BODIES)
def test_statements(name: str) -> None:
    fun = step_with(BODIES[name])
    assert_same(fun, V, XS)
    assert_same(
        lambda c, xs: lax.scan(
            lambda c, x: (BODIES[name](c, x).sum() * 0.1 + c, c), c, xs, reverse=True
        ),
        V,
        XS,
    )


@pytest.mark.parametrize("name", ["arithmetic", "functions", "matrix products", "sums", "solve"])
def test_float32(name: str) -> None:
    def fun(c: Any, xs: Any) -> Any:
        body = lambda c, x: BODIES[name](c, x).astype(np.float32)
        return step_with(body)(c, xs)

    native, numpy, _ = both(fun, V.astype(np.float32), XS.astype(np.float32))
    for a, b in zip(native, numpy, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=2e-4)


def test_scalars_integers_and_booleans_as_carries() -> None:
    def fun(x: Any, n: Any) -> Any:
        def step(carry: Any, a: Any) -> Any:
            value, count, flag, last = carry
            flag = flag | (value > 1.0)
            return (value * 1.1 + a * count, count + 2, flag, value), (count, flag, last)

        start = (x, n, np.bool_(False), x)
        return lax.scan(step, start, np.linspace(0.0, 1.0, 6))

    assert_same(fun, 0.5, np.int64(3))
    assert_same(fun, 0.5, np.int32(3))


def test_carries_that_swap() -> None:
    def fun(a: Any, b: Any) -> Any:
        def step(carry: Any, _: Any) -> Any:
            x, y, z, s, t = carry
            return (y, x, x[::-1] * 1.0, t, s + 1.0), (x, z, s)

        return lax.scan(step, (a, b, a, 1.0, 2.0), None, length=5)

    assert_same(fun, V, 2.0 * V)


@pytest.mark.parametrize("program", PROGRAMS, ids=[p.name for p in PROGRAMS])
def test_gradients_of_programs(program: Any) -> None:
    argnums = tuple(range(len(program.args)))
    gradient = fg.grad(program.make(np, fg.lax), argnums)
    native, numpy, _ = both(gradient, *program.args)
    for a, b in zip(native, numpy, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_singular_matrices_raise_as_in_numpy() -> None:
    fun = fg.jit(
        lambda c: lax.scan(lambda c, _: (np.linalg.solve(np.outer(c, c), c), None), c, length=4)
    )
    with pytest.raises(np.linalg.LinAlgError):
        fun(np.zeros(2))


def test_what_is_not_written_in_c() -> None:
    for body in (
        lambda c: np.fft.fft(c).real,
        lambda c: np.sort(c) * 0.5,
        lambda c: np.linalg.eigvalsh(np.outer(c, c) + np.eye(3)),
        lambda c: (c * (1.0 + 1.0j)).real,
    ):
        fun = lambda c, body=body: lax.scan(lambda c, _: (body(c), None), c, length=4)[0]
        native, numpy, in_c = both(fun, V)
        assert not in_c
        np.testing.assert_array_equal(native, numpy)


def test_large_products_are_left_to_blas() -> None:
    w = 0.01 * np.ones((100, 100))
    fun = fg.jit(lambda c: lax.scan(lambda c, _: (np.tanh(c @ w), None), c, length=4)[0])
    assert ", in C" not in fun.lower(np.ones((50, 100))).as_text("numpy")
    assert ", in C" in fun.lower(np.ones(100)).as_text("numpy")


def test_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    fun = lambda c: lax.scan(lambda c, _: (np.sin(c), None), c, length=4)[0]
    monkeypatch.setattr(library, "compiler", lambda: None)
    monkeypatch.setattr(scan, "compiler", lambda: None)
    assert both(fun, V)[2] is False


def test_a_compiler_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "compiler", lambda: "/bin/false")
    library.load.cache_clear()
    fun = lambda c: lax.scan(lambda c, _: (np.sin(c) + 0.125, None), c, length=4)[0]
    native, numpy, in_c = both(fun, V)
    assert not in_c
    np.testing.assert_array_equal(native, numpy)
    library.load.cache_clear()


def test_short_loops_are_not_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "_WORTH_COMPILING", 2_000)
    fun = fg.jit(lambda c: lax.scan(lambda c, _: (np.sin(c), None), c, length=4)[0])
    assert ", in C" not in fun.lower(V).as_text("numpy")


def test_arguments_of_any_layout() -> None:
    xs = np.asfortranarray(RNG.normal(size=(6, 4, 3)))[::2, ::-1]
    fun = lambda c, xs: lax.scan(lambda c, x: (c * 0.5 + x[0] * c, c @ x.T), c, xs)
    assert_same(fun, V[::-1], xs)
