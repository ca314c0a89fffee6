"""`checkpoint`, its policies, and what reverse mode keeps."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.compile.memory import release_memory
from funcgrad.control.checkpointed_scan import first_part
from funcgrad.errors import ArgumentError

W = np.random.default_rng(0).normal(size=(3, 3))
X = np.array([1.0, 2.0, 3.0])
policies = fg.checkpoint_policies


def network(x: Any, w: Any) -> Any:
    h = fg.checkpoint_name(np.tanh(x @ w), "hidden")
    return np.sum(np.sin(h @ w) ** 2)


@pytest.mark.parametrize(
    "policy",
    [
        None,
        policies.everything_saveable,
        policies.nothing_saveable,
        policies.dots_saveable,
        policies.dots_with_no_batch_dims_saveable,
        policies.save_only_these_names("hidden"),
        policies.save_any_names_but_these("hidden"),
        policies.save_anything_except_these_names("hidden"),
        policies.save_from_both_policies(policies.dots_saveable, policies.nothing_saveable),
        policies.save_smaller_than(50),
    ],
)
def test_derivatives_are_the_same(policy: Any) -> None:
    f = fg.checkpoint(network, policy=policy)
    for transform in (
        lambda f: fg.grad(f, (0, 1)),
        lambda f: fg.jit(fg.grad(f, (0, 1))),
        fg.hessian,
        lambda f: fg.jacrev(fg.grad(f)),
        lambda f: lambda x, w: fg.jvp(f, (x, w), (x, w)),
        lambda f: lambda x, w: fg.vmap(fg.grad(f), (0, None))(np.stack([x, 2 * x]), w),
        lambda f: lambda x, w: fg.vjp(f, x, w)[1](1.0),
    ):
        got, want = transform(f)(X, W), transform(network)(X, W)
        for a, b in zip(fg.tree.leaves(got), fg.tree.leaves(want), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def kept(f: Callable[..., Any]) -> list[str]:
    return sorted(r.origin for r in fg.saved_residuals(f, X, W))


def test_policies_say_what_is_kept() -> None:
    assert kept(fg.checkpoint(network)) == ["argument 0", "argument 1"]
    dots = kept(fg.checkpoint(network, policy=policies.dots_saveable))
    assert dots.count("output of checkpoint") == 2
    names = kept(fg.checkpoint(network, policy=policies.save_only_these_names("hidden")))
    assert names.count("output of checkpoint") == 1
    assert "output of mul" in kept(network)


def test_the_work_is_done_again() -> None:
    calls: list[float] = []

    def f(x: Any) -> Any:
        y = fg.pure_callback(lambda x: calls.append(1.0) or np.sin(x), x, fg.stop_gradient(x))
        return np.sum(np.cos(y * x))

    fg.grad(f)(X)
    assert len(calls) == 1
    calls.clear()
    fg.value_and_grad(fg.checkpoint(f))(X)
    assert len(calls) == 2
    calls.clear()
    fg.jit(fg.value_and_grad(fg.checkpoint(f)))(X)
    assert len(calls) == 2


def test_inside_of_loops() -> None:
    def loss(x: Any, wrap: Any) -> Any:
        body = wrap(lambda c: np.tanh(np.sin(c @ W)))
        c, ys = fg.lax.scan(lambda c, _: (body(c), np.sum(c)), x, length=4)
        d = fg.lax.while_loop(lambda d: d[0] < 3, lambda d: (d[0] + 1, body(d[1])), (0, x))[1]
        return np.sum(c) + np.sum(ys**2) + np.sum(d)

    plain, remat = (lambda x: loss(x, lambda f: f)), (lambda x: loss(x, fg.remat))
    for transform in (fg.grad, fg.hessian, lambda f: fg.jacrev(fg.grad(f))):
        np.testing.assert_allclose(transform(remat)(X), transform(plain)(X), rtol=1e-10)


def test_arguments() -> None:
    f = fg.checkpoint(lambda x, n, scale=1.0: np.sum(x**n) * scale, static_argnums=1)
    np.testing.assert_allclose(fg.grad(f)(X, 3), 3 * X**2)
    np.testing.assert_allclose(fg.grad(lambda x: f(x, 3, scale=2.0))(X), 6 * X**2)
    assert fg.checkpoint(policy=policies.dots_saveable)(network)(X, W) == network(X, W)
    with pytest.raises(ArgumentError, match="takes a function"):
        fg.checkpoint(1)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("n", [1, 2, 7, 20, 33])
def test_checkpointed_scan(n: int, reverse: bool) -> None:
    xs = np.random.default_rng(1).normal(size=(n, 3))

    def loss(scan: Any, **options: Any) -> Callable[..., Any]:
        def fun(x: Any, w: Any) -> Any:
            step = lambda c, a: (np.tanh(c @ w + a), c * a)
            c, ys = scan(step, x, xs, reverse=reverse, **options)
            return np.sum(c) + np.sum(ys**2)

        return fun

    plain = loss(fg.lax.scan)
    want = fg.grad(plain, (0, 1))(X, W)
    for snapshots in (1, 2, 3, None):
        ours = loss(fg.checkpointed_scan, snapshots=snapshots)
        np.testing.assert_allclose(ours(X, W), plain(X, W))
        np.testing.assert_allclose(fg.jit(ours)(X, W), plain(X, W))
        for a, b in zip(fg.grad(ours, (0, 1))(X, W), want, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    if n == 7:
        np.testing.assert_allclose(fg.hessian(ours)(X, W), fg.hessian(plain)(X, W), atol=1e-12)


def test_checkpointed_scan_errors() -> None:
    with pytest.raises(ArgumentError, match="snapshots must be at least 1"):
        fg.grad(
            lambda x: fg.checkpointed_scan(lambda c, _: (c, None), x, length=3, snapshots=0)[0]
        )(1.0)
    with pytest.raises(ArgumentError, match="pair"):
        fg.grad(lambda x: fg.checkpointed_scan(lambda c, _: c, x, length=3)[0])(1.0)
    with pytest.raises(ArgumentError, match="takes a function"):
        fg.checkpointed_scan(1, 1.0, length=3)


def steps_done(n: int, snapshots: int) -> int:
    """The steps of a backward sweep over `n` steps that keeps `snapshots` of them, by the schedule."""
    if n == 1:
        return 0
    if snapshots == 0:
        return n * (n - 1) // 2
    m = first_part(n, snapshots)
    return m + steps_done(n - m, snapshots - 1) + steps_done(m, snapshots)


def optimal(n: int, snapshots: int, known: dict[Any, int]) -> int:
    """The fewest steps that any schedule takes."""
    if n == 1:
        return 0
    if snapshots == 0:
        return n * (n - 1) // 2
    if (n, snapshots) not in known:
        known[n, snapshots] = min(
            m + optimal(n - m, snapshots - 1, known) + optimal(m, snapshots, known)
            for m in range(1, n)
        )
    return known[n, snapshots]


def test_the_schedule_is_optimal() -> None:
    known: dict[Any, int] = {}
    for snapshots in (1, 2, 3, 5):
        for n in range(1, 41):
            assert steps_done(n, snapshots) == optimal(n, snapshots, known)


def peak_bytes(scan: Any, n: int) -> float:
    x = np.linspace(0.0, 1.0, 2_000)

    def loss(x: Any) -> Any:
        c, _ = scan(lambda c, _: (np.sin(c) * np.cos(0.5 * c) + 0.1 * c, None), x, length=n)
        return np.sum(c * c)

    gradient = fg.jit(fg.grad(loss))
    gradient(x)
    release_memory()
    tracemalloc.start()
    gradient(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_grows_with_the_square_root_of_the_steps() -> None:
    small, large = peak_bytes(fg.checkpointed_scan, 100), peak_bytes(fg.checkpointed_scan, 900)
    assert large < 3.8 * small
    assert large < 0.3 * peak_bytes(fg.lax.scan, 900)


def test_print_saved_residuals(capsys: pytest.CaptureFixture[str]) -> None:
    fg.print_saved_residuals(lambda x, w: np.sum(np.tanh(x @ w)), X, W)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["72", "B", "f64[3,3]", "argument", "1"]
    assert any("output of" in line and "test_checkpoint.py" in line for line in lines)
    assert lines[-1] == f"{72 + 24 * (len(lines) - 2)} B  in {len(lines) - 1} values".rjust(
        len(lines[-1])
    )
    fg.print_saved_residuals(lambda p: p["a"] * p["b"], {"a": 2.0, "b": 3.0})
    assert "argument 0['a']" in capsys.readouterr().out
