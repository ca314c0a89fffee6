"""`check`, `debug.print`, `debug.breakpoint`: what a program does while it runs, under every transform."""

from __future__ import annotations

import bdb
import io
import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import lax
from funcgrad.errors import ArgumentError, CheckError

TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "plain": lambda f: f,
    "jit": fg.jit,
    "grad": fg.grad,
    "jit of grad": lambda f: fg.jit(fg.grad(f)),
    "hessian": fg.hessian,
    "jvp": lambda f: lambda x: fg.jvp(f, (x,), (np.ones_like(x),)),
    "checkpoint": lambda f: fg.grad(fg.checkpoint(f)),
    "custom_jvp": lambda f: _with_rule(f),
}


def _with_rule(f: Any) -> Any:
    custom = fg.custom_jvp(f)
    custom.defjvps(lambda t, ans, x: np.sum(t))
    return fg.jit(fg.grad(custom))


def checked(x: Any) -> Any:
    fg.check(np.all(x > 0), "x must be positive, got {x}", x=x)
    return np.sum(np.log(x))


@pytest.mark.parametrize("name", TRANSFORMS)
def test_check_in_transforms(name: str) -> None:
    f = TRANSFORMS[name](checked)
    f(np.array([1.0, 2.0]))
    line = checked.__code__.co_firstlineno + 1
    want = rf"^x must be positive, got \[ 1. -2.\]\n  at {re.escape(__file__)}:{line} in checked\n"
    with pytest.raises(CheckError, match=want):
        f(np.array([1.0, -2.0]))


def test_check_is_an_assertion_error() -> None:
    with pytest.raises(AssertionError, match=r"^no, 3\n"):
        fg.check(False, "no, {}", 3)


def test_check_names_examples_elements_and_values() -> None:
    def f(x: Any, limit: Any) -> Any:
        fg.check(x < limit, "too large", x=x, limit=limit, name="speed")
        return np.sum(x)

    x = np.arange(6.0).reshape(3, 2)
    with pytest.raises(CheckError) as caught:
        fg.vmap(fg.grad(f), in_axes=(0, None))(x, 3.0)
    assert str(caught.value).splitlines()[2:] == [
        "  in 2 of 3 examples, the first is number 1",
        "  for 1 of 2 elements, the first is number 1",
        "  x = [2., 3.]",
        "  limit = 3.0",
        "  name = 'speed'",
    ]
    with pytest.raises(CheckError, match=r"in 1 of 6 examples, the first is at \(2, 1\)"):
        fg.jit(fg.vmap(fg.vmap(f, in_axes=(0, None)), in_axes=(0, None)))(x, 5.0)
    with pytest.raises(CheckError, match=r"(?s)in 2 of 3 examples.*x = from 0 to 99"):
        fg.vmap(f, in_axes=(None, 0))(np.arange(100.0), np.array([200.0, 50.0, 60.0]))


def branch(x: Any) -> Any:
    def positive(x: Any) -> Any:
        fg.check(x > 0, "branch not taken")
        fg.debug.print("positive {}", x)
        return np.log(x)

    return lax.cond(x > 0, positive, lambda x: x, x)


def test_effects_in_branches_are_those_of_the_branch_taken(capsys: Any) -> None:
    x = np.array([1.0, -1.0, 2.0])
    np.testing.assert_array_equal(fg.vmap(fg.grad(branch))(x), [1.0, 1.0, 0.5])
    assert capsys.readouterr().out == "positive 1.0\npositive 2.0\n"
    got = fg.jit(fg.vmap(fg.vmap(branch)))(x[None])
    np.testing.assert_allclose(got, [[0.0, -1.0, np.log(2.0)]])
    assert capsys.readouterr().out == "positive 1.0\npositive 2.0\n"


def doubled(x: Any) -> Any:
    def body(x: Any) -> Any:
        fg.check(x < 50, "went to {}", x)
        fg.debug.print("at {}", x)
        return 2.0 * x

    return lax.while_loop(lambda x: x < 20, body, x)


@pytest.mark.parametrize("name", [n for n in TRANSFORMS if n != "custom_jvp"])
def test_effects_in_while_happen_once(name: str, way: str, capsys: Any) -> None:
    TRANSFORMS[name](doubled)(6.0)
    assert capsys.readouterr().out == "at 6.0\nat 12.0\n"


def test_an_example_that_is_done_has_no_effects(way: str, capsys: Any) -> None:
    x = np.array([6.0, 60.0, 12.0])  # the second would fail the check if its body ran
    np.testing.assert_array_equal(fg.vmap(doubled)(x), [24.0, 60.0, 24.0])
    assert capsys.readouterr().out == "at 6.0\nat 12.0\nat 12.0\n"
    np.testing.assert_array_equal(fg.vmap(fg.grad(doubled))(x), [4.0, 1.0, 2.0])
    assert capsys.readouterr().out == "at 6.0\nat 12.0\nat 12.0\n"


def test_effects_in_scan(way: str, capsys: Any) -> None:
    def f(x: Any) -> Any:
        def body(c: Any, _: Any) -> Any:
            c = 2.0 * c
            fg.check(c < 50, "scan went to {c}", c=c)
            fg.debug.print("{c}", c=c)
            return c, None

        return lax.scan(body, x, length=3)[0]

    assert fg.grad(f)(3.0) == 8.0
    assert capsys.readouterr().out == "6.0\n12.0\n24.0\n"
    with pytest.raises(CheckError, match=r"scan went to 64.0\n.*\n  in 1 of 2 examples"):
        fg.vmap(fg.grad(f))(np.array([2.0, 16.0]))
    assert fg.grad(lambda x: fg.checkpointed_scan(lambda c, _: (f(c), None), x, length=1)[0])(3.0)


def test_a_check_of_constants() -> None:
    fg.jit(lambda x: (fg.check(True, "fine"), x)[1])(1.0)
    with pytest.raises(CheckError, match="never"):
        fg.jit(lambda x: (fg.check(np.bool_(False), "never"), x)[1])(1.0)

    def f(x: Any) -> Any:
        def impossible(x: Any) -> Any:
            fg.check(False, "not for {}", x)
            return x

        return lax.cond(x > 0, lambda x: x, impossible, x)

    assert fg.jit(f)(1.0) == 1.0
    with pytest.raises(CheckError, match="not for -1.0"):
        fg.jit(f)(-1.0)


def test_bad_checks() -> None:
    for call in (lambda f: f(2.0), lambda f: fg.jit(f)(2.0)):
        with pytest.raises(
            ArgumentError, match=r"check takes a boolean condition, not .*\n  at .*\n  compare: fg"
        ):
            call(lambda x: fg.check(x, "x"))
        with pytest.raises(
            ArgumentError, match="check takes a condition and a format string, not 3"
        ):
            call(lambda x: fg.check(x > 0, 3))  # type: ignore[arg-type]
        with pytest.raises(
            ArgumentError,
            match=r"check: the format string '\{y\}' does not fit its arguments: KeyError: 'y'\n  at ",
        ):
            call(lambda x: fg.check(x > 0, "{y}", x=x))


# debug.print


def test_print_in_transforms(capsys: Any) -> None:
    def f(x: Any, tree: Any) -> Any:
        fg.debug.print("{} {x:.2f} {tree} {name} {y!r}", x, x=x, tree=tree, name="n", y=1)
        return np.sin(x)

    for g in (f, fg.jit(f), fg.grad(f), fg.jit(fg.grad(f))):
        g(2.0, {"a": np.ones(2)})
        assert capsys.readouterr().out == "2.0 2.00 {'a': array([1., 1.])} n 1\n"


def test_print_shows_each_example_in_order(capsys: Any) -> None:
    f = fg.vmap(lambda x, y: fg.debug.print("{} {}", x, y), in_axes=(0, None))
    f(np.arange(3), 5)
    assert capsys.readouterr().out == "0 5\n1 5\n2 5\n"


def test_print_in_the_backward_pass(capsys: Any) -> None:
    @fg.custom_vjp
    def spy(x: Any) -> Any:
        return x

    def bwd(_: None, ct: Any) -> Any:
        fg.debug.print("cotangent {}", ct)
        return (ct,)

    spy.defvjp(lambda x: (x, None), bwd)

    def f(x: Any) -> Any:
        fg.debug.print("forward {}", x)
        return spy(x) * 3.0

    assert fg.jit(fg.grad(f))(1.0) == 3.0
    assert capsys.readouterr().out == "forward 1.0\ncotangent 3.0\n"
    fg.vmap(fg.grad(lambda x: f(x) ** 2))(np.ones(2))
    assert capsys.readouterr().out.count("cotangent 18.0") == 2


def test_equal_prints_find_the_same_program() -> None:
    f = lambda x: fg.debug.print("{} {name}", x, name="n")
    first, second = (fg.make_jaxpr(f)(1.0).jaxpr for _ in range(2))
    assert first is second
    assert "{} {name}" in str(first)


def test_bad_prints() -> None:
    with pytest.raises(
        ArgumentError, match=r"debug.print takes a format string, not 3\n  at .*\n  write debug"
    ):
        fg.debug.print(3)  # type: ignore[arg-type]
    for call in (lambda f: f(np.ones(2)), lambda f: fg.jit(f)(np.ones(2))):
        with pytest.raises(
            ArgumentError, match=r"does not fit its arguments: IndexError: .*\n  at .*test_runtime"
        ):
            call(lambda x: fg.debug.print("{} {}", x))
        with pytest.raises(
            ArgumentError, match="does not fit its arguments: TypeError: unsupported format string"
        ):
            call(lambda x: fg.debug.print("{:.2f}", x))
        with pytest.raises(
            ArgumentError,
            match=r"leaves out argument 'y', number 1\n  at .*\n  name each in braces",
        ):
            call(lambda x: fg.debug.print("{}", x, x, y=x))
        call(lambda x: fg.debug.print("{0} {1[0]} {x.shape} {y:{w}}", x, x, x=x, y=1, w=3))


# debug.breakpoint


def stopping(x: Any, commands: str, out: Any, **options: Any) -> Any:
    y = {"a": x * 2.0, "b": [x]}
    fg.debug.breakpoint(stdin=io.StringIO(commands), stdout=out, **options)
    return np.sum(y["a"])


def session(commands: str, transform: Any = fg.jit, x: Any = 3.0, **options: Any) -> str:
    out = io.StringIO()
    transform(lambda x: stopping(x, commands, out, **options))(x)
    return out.getvalue()


def test_breakpoint_shows_values() -> None:
    line = stopping.__code__.co_firstlineno + 2
    lines = session("y\nx + 1\npp y\nsum(v for v in [x, x])\n\nnope\nc\n").split("\n")
    assert (
        lines
        == [
            f"stopped at {__file__}:{line} in stopping",
            "-> fg.debug.breakpoint(stdin=io.StringIO(commands), stdout=out, **options)",
            "(fgdb) {'a': np.float64(6.0), 'b': [np.float64(3.0)]}",
            "(fgdb) 4.0",
            "(fgdb) {'a': np.float64(6.0), 'b': [np.float64(3.0)]}",
            "(fgdb) 6.0",
            "(fgdb) (fgdb) *** NameError: name 'nope' is not defined",
            "(fgdb) ",
        ]
        or lines[-1] == "(fgdb) "
    )


def test_breakpoint_moves_between_frames() -> None:
    text = session("where\nup\nlocals\ndown\ndown\nlist\nhelp\nc\n", num_frames=2)
    assert "> " + __file__ in text
    assert "in session.<locals>.<lambda>" in text
    assert "*** no frame below" in text
    assert re.search(r"->\s+\d+      fg\.debug\.breakpoint", text)
    assert "continue" in text
    assert "*** no frame above" in session("up\nc\n", num_frames=1)


def test_breakpoint_stops_where_the_program_gets() -> None:
    for transform in (lambda f: f, fg.grad, fg.jit, lambda f: fg.jit(fg.grad(f))):
        assert session("x\n", transform).count("(fgdb) 3.0") == 1
    text = session("x\n", lambda f: fg.vmap(fg.grad(f)), np.array([3.0, 4.0]))
    assert text.count("stopped at") == 2

    out = io.StringIO()

    def body(c: Any, _: Any) -> Any:
        fg.debug.breakpoint(stdin=io.StringIO("c\n" * 9), stdout=out)
        return c * 2.0, None

    fg.grad(lambda x: lax.scan(body, x, length=3)[0])(1.0)
    assert out.getvalue().count("stopped at") == 3


def test_quitting() -> None:
    with pytest.raises(bdb.BdbQuit):
        session("q\n")


def test_nobody_to_type(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def f(x: Any) -> Any:
        y = x * np.ones(100)
        name = "a name"
        fg.debug.breakpoint()
        return np.sum(y), name

    closed = io.StringIO()
    closed.close()
    for stdin in (io.StringIO(), None, closed):
        monkeypatch.setattr(sys, "stdin", stdin)
        assert fg.jit(lambda x: f(x)[0])(2.0) == 200.0
        out = capsys.readouterr().out
        assert "stopped at" in out
        assert "  x = 2.0\n" in out
        assert "  y = float64[100] from 2 to 2\n" in out
        assert "  name = 'a name'\n" in out
