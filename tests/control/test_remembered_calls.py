"""Rules are traced once for many calls, unless something that they depend on changes or must happen each time."""

from __future__ import annotations

import copy
import functools
import math
import pickle
import threading
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.control import custom_bind
from funcgrad.control.surroundings import surroundings

SCALE = 2.0
WEIGHTS = np.ones(3)
SETTINGS = {"scale": 2.0}
CALLS: list[int] = []
SETTINGS_MODULE = types.ModuleType("settings_of_a_test")


class Factor:
    power = 1

    def __init__(self) -> None:
        self.value = 2.0

    def __call__(self) -> float:
        return self.value**self.power


FACTOR = Factor()


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The rules that are traced from now on."""
    found: list[str] = []
    for name in ("trace_jvp", "trace_vjp"):
        original = getattr(custom_bind, name)

        def noted(call: Any, *args: Any, original: Any = original, **kwargs: Any) -> Any:
            found.append(call.custom.name)
            return original(call, *args, **kwargs)

        monkeypatch.setattr(custom_bind, name, noted)
    return found


def linear(factor: Callable[[], Any], kind: str = "vjp") -> Any:
    """A function whose derivative is what `factor` gives when the rule is traced."""
    if kind == "vjp":
        f = fg.custom_vjp(lambda x: x)
        f.defvjp(lambda x: (x, None), lambda _, ct: (ct * factor(),))
        return f
    g = fg.custom_jvp(lambda x: x)
    g.defjvp(lambda primals, tangents: (primals[0], tangents[0] * factor()))
    return g


def test_rules_are_traced_once(traced: list[str]) -> None:
    f = linear(lambda: 2.0)
    assert fg.grad(lambda x: sum([f(f(x)) for _ in range(50)]))(1.0) == 200.0
    assert (
        len(traced) < 10
    )  # a function that is defined anew at each call is not worth a look at it
    traced.clear()
    for x in (1.0, 2.0, 3.0, 4.0):
        assert fg.grad(f)(x) == 2.0
    assert not traced
    assert fg.grad(lambda x: f(x).sum())(np.ones(3)).tolist() == [2.0, 2.0, 2.0]
    assert fg.grad(lambda x: f(x).sum())(np.ones(3, np.float32)).dtype == np.float32
    assert len(traced) == 2


@pytest.mark.parametrize("kind", ["jvp", "vjp"])
@pytest.mark.parametrize(
    ("factor", "change"),
    [
        (lambda: SCALE, lambda: globals().update(SCALE=3.0)),
        (lambda: helper(), lambda: globals().update(SCALE=3.0)),
        (lambda: WEIGHTS[0] + 1.0, lambda: WEIGHTS.fill(2.0)),
        (lambda: SETTINGS["scale"], lambda: SETTINGS.update(scale=3.0)),
        (lambda: FACTOR(), lambda: setattr(FACTOR, "value", 3.0)),
        (lambda: FACTOR() + 0.0, lambda: setattr(Factor, "power", math.log2(3.0))),
        (lambda: 2.0 + len(CALLS), lambda: CALLS.append(1)),
        (
            lambda: SETTINGS_MODULE.scale,  # type: ignore[attr-defined]
            lambda: setattr(SETTINGS_MODULE, "scale", 3.0),
        ),
    ],
)
def test_changes_are_seen(
    kind: str, factor: Any, change: Any, monkeypatch: pytest.MonkeyPatch, traced: list[str]
) -> None:
    monkeypatch.setitem(globals(), "SCALE", 2.0)
    monkeypatch.setitem(SETTINGS, "scale", 2.0)
    monkeypatch.setattr(FACTOR, "value", 2.0)
    monkeypatch.setattr(Factor, "power", 1)
    monkeypatch.setattr(SETTINGS_MODULE, "scale", 2.0, raising=False)
    WEIGHTS.fill(1.0)
    CALLS.clear()
    f = linear(factor, kind)
    gradient = fg.grad(lambda x: f(x) + f(x))
    for _ in range(3):
        assert gradient(1.0) == 4.0
    assert len(traced) == 3  # both calls of the first gradient, and one of the second
    change()
    for _ in range(3):
        assert gradient(1.0) == pytest.approx(6.0)


def helper() -> float:
    return SCALE


def test_changes_within_one_gradient_are_seen() -> None:
    scale = 1.0
    f = linear(lambda: scale)

    def total(x: Any) -> Any:
        nonlocal scale
        y = x * 0.0
        for scale in (1.0, 2.0, 3.0, 4.0):  # noqa: B007
            y = y + f(x)
        return y

    assert [fg.grad(total)(1.0) for _ in range(3)] == [10.0, 10.0, 10.0]


def test_side_effects_happen_at_each_call(capsys: pytest.CaptureFixture[str]) -> None:
    f = linear(lambda: print("traced") or 2.0)  # type: ignore[func-returns-value]
    for _ in range(3):
        fg.grad(lambda x: f(x) + f(x))(1.0)
    assert capsys.readouterr().out.count("traced") == 6

    calls: list[int] = []
    f = linear(lambda: float(calls.append(1) is None))
    for _ in range(6):
        fg.grad(f)(1.0)
    assert len(calls) == 6

    count = 0

    def counted() -> float:
        nonlocal count
        count += 1
        return 1.0

    f = linear(counted)
    for _ in range(6):
        fg.grad(f)(1.0)
    assert count == 6


def test_changes_while_a_rule_is_traced_are_seen() -> None:
    scale = 1.0
    f = fg.custom_vjp(lambda x: x * 1.0)

    def bwd(factor: Any, ct: Any) -> Any:
        nonlocal scale
        before, scale = scale, 3.0 - scale  # 1, 2, 1, 2, ...
        f(ct)  # which looks at what the rule depends on
        return (ct * before,)

    f.defvjp(lambda x: (x * 1.0, None), bwd)
    for _ in range(6):
        expected = scale
        found = fg.grad(lambda x: f(x))(1.0)
        assert found == expected
        scale = 3.0 - expected


def test_random_numbers_are_drawn_at_each_call() -> None:
    rng = np.random.default_rng(0)
    for draw in (rng.normal, lambda: rng.normal(), lambda: np.random.normal()):  # noqa: NPY002
        f = linear(draw)
        assert len({float(fg.grad(f)(1.0)) for _ in range(4)}) == 4


def test_rules_that_ask_for_values_are_traced_for_each(traced: list[str]) -> None:
    f = fg.custom_vjp(lambda x: x)
    f.defvjp(lambda x: (x, x > 0.0), lambda positive, ct: (ct if positive else -ct,))
    gradients = [fg.grad(lambda x: f(x))(x) for x in (1.0, -1.0, 1.0, -1.0)]
    assert gradients == [1.0, -1.0, 1.0, -1.0]
    assert len(traced) == 4


def test_rules_can_be_replaced() -> None:
    f = linear(lambda: 2.0)
    for _ in range(3):
        assert fg.grad(f)(1.0) == 2.0
    f.defvjp(lambda x: (x, None), lambda _, ct: (ct * 5.0,))
    assert fg.grad(f)(1.0) == 5.0

    def outer_factor() -> Any:
        return fg.grad(f)(1.0)

    g = linear(outer_factor)
    for _ in range(3):
        assert fg.grad(g)(1.0) == 5.0
    f.defvjp(lambda x: (x, None), lambda _, ct: (ct * 7.0,))
    assert fg.grad(g)(1.0) == 7.0


def test_nondifferentiable_arguments_tell_calls_apart() -> None:
    @functools.partial(fg.custom_vjp, nondiff_argnums=(1,))
    def f(x: Any, mode: Any) -> Any:
        return x

    f.defvjp(lambda x, mode: (x, None), lambda mode, _, ct: (ct * math.copysign(2.0, mode),))
    for _ in range(3):
        assert [fg.grad(f)(1.0, m) for m in (0.0, -0.0, 0, 1)] == [2.0, -2.0, 2.0, 2.0]

    g = fg.custom_vjp(lambda x, fun: x, nondiff_argnums=(1,))
    g.defvjp(lambda x, fun: (x, None), lambda fun, _, ct: (ct * fun(),))
    for k in (1.0, 2.0, 3.0):
        assert fg.grad(lambda x: g(x, lambda: k))(1.0) == k


def test_weak_types_and_structures_tell_calls_apart(traced: list[str]) -> None:
    f = fg.custom_jvp(lambda x: x["a"] * 2.0)
    f.defjvp(lambda p, t: (p[0]["a"] * 2.0, t[0]["a"] * float(len(p[0]))))
    for _ in range(3):
        assert fg.grad(f)({"a": 1.0}) == {"a": 1.0}
        assert fg.grad(f)({"a": 1.0, "b": 1.0})["a"] == 2.0


def test_rules_that_call_others_many_times_are_traced_once_each(traced: list[str]) -> None:
    class Wrapped:
        """A function in an object, as libraries have them."""

        def __init__(self, fun: Any) -> None:
            self.fun = fun

        def __call__(self, *args: Any) -> Any:
            return self.fun(*args)

    levels = [Wrapped(np.sin)]
    for _ in range(4):
        custom = fg.custom_vjp(levels[-1])
        wrapped = Wrapped(custom)
        below = levels[-1]
        custom.defvjp(
            lambda x, f=wrapped: (f(x), x),
            lambda x, ct, f=below: (ct * (f(x + 1e-4) - f(x - 1e-4)) / 2e-4 + 0.0 * f(x),),
        )
        levels.append(wrapped)
    for _ in range(3):
        assert fg.grad(levels[-1])(0.5) == pytest.approx(math.cos(0.5))
    assert len(traced) < 40


def test_late_rules_see_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "SCALE", 2.0)
    for calls in (1, 3):  # a function is remembered from its second call on
        f = fg.custom_jvp(np.sin)
        f.defjvp(lambda p, t, f=f: (f(p[0]), t[0] * SCALE * f(p[0])))
        g = fg.custom_jvp(np.sin)
        g.defjvp(lambda p, t, g=g: (g(p[0]), t[0] * SCALE), symbolic_zeros=True)
        for scale in (2.0, 3.0, 4.0):
            globals()["SCALE"] = scale
            for _ in range(calls):
                assert fg.grad(fg.grad(f))(1.0) == pytest.approx(scale**2 * math.sin(1.0))
                assert fg.grad(g)(1.0) == scale


def test_remembered_calls_under_other_transforms() -> None:
    f = linear(lambda: 2.0)
    for _ in range(3):
        assert fg.grad(f)(1.0) == 2.0
    xs = np.arange(3.0)
    assert fg.vmap(fg.grad(f))(xs).tolist() == [2.0, 2.0, 2.0]
    assert fg.jit(fg.grad(f))(1.0) == 2.0
    assert fg.jit(f)(1.0) == 1.0
    assert fg.grad(fg.checkpoint(f))(1.0) == 2.0
    assert (
        fg.grad(lambda x: fg.lax.scan(lambda c, _: (f(c), None), x, None, length=3)[0])(1.0) == 8.0
    )


def test_named_scopes_are_in_the_rules_of_each_call() -> None:
    f = fg.custom_vjp(lambda x: x)
    f.defvjp(lambda x: (x, x), lambda x, ct: (ct * np.cos(x),))
    for _ in range(3):
        fg.grad(f)(1.0)

    def named(x: Any) -> Any:
        with fg.named_scope("outer"):
            return f(x)

    jaxpr = fg.make_jaxpr(fg.grad(lambda x: np.sin(named(x))))(1.0).jaxpr
    assert "outer" in jaxpr.pretty_print(source_info=True)


def test_functions_are_copied_and_pickled_without_their_calls() -> None:
    for _ in range(3):
        fg.grad(MODULE_LEVEL)(1.0)
    assert MODULE_LEVEL._memory.calls
    copied = copy.deepcopy(MODULE_LEVEL)
    assert not copied._memory.calls
    assert fg.grad(copied)(1.0) == 2.0
    assert fg.grad(pickle.loads(pickle.dumps(MODULE_LEVEL)))(1.0) == 2.0


def _value(x: Any) -> Any:
    return x


def _fwd(x: Any) -> Any:
    return x, None


def _bwd(_: Any, ct: Any) -> Any:
    return (ct * 2.0,)


MODULE_LEVEL = fg.custom_vjp(_value)
MODULE_LEVEL.defvjp(_fwd, _bwd)
MODULE_LEVEL.__qualname__ = "MODULE_LEVEL"


def test_clearing_the_caches_forgets_calls(traced: list[str]) -> None:
    f = linear(lambda: 2.0)
    for _ in range(3):
        fg.grad(f)(1.0)
    before = len(traced)
    fg.clear_caches()
    assert fg.grad(f)(1.0) == 2.0
    assert len(traced) == before + 1


def test_threads_share_what_is_remembered() -> None:
    f = linear(lambda: 2.0)
    wrong = []

    def work() -> None:
        wrong.extend([g for g in (fg.grad(f)(float(i)) for i in range(50)) if g != 2.0])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


class Pair(NamedTuple):
    first: float
    second: float


@functools.wraps(np.sin)
def disguised(x: Any) -> Any:
    print(x)
    return x


ITERATOR = iter([1.0, 2.0])
MADE_BY_NUMPY = np.vectorize(disguised)
GRADIENT = fg.grad(helper)


def _writes_globals(x: Any) -> Any:
    global SCALE
    SCALE = x
    return x


def _imports(x: Any) -> Any:
    import time

    return x + time.time()


def _uses_module(x: Any) -> Any:
    module = np
    return module.random.normal() + x


@pytest.mark.parametrize(
    "fun",
    [
        lambda x: np.sin(x) * SCALE + math.pi,
        lambda x: np.linalg.norm(x) + fg.nn.relu(x),
        lambda x: Pair(x, x).first,
        lambda x: [np.sum(y) for y in (x, WEIGHTS)],
        lambda x: fg.vmap(helper)(x) + GRADIENT(x),
        lambda x: fg.lax.cond(x > 0.0, lambda y: y, np.sin, x),
        lambda x: FACTOR() * x,
        functools.partial(math.pow, 2.0),
        FACTOR,
        np.sin,
    ],
)
def test_functions_whose_surroundings_are_known(fun: Any) -> None:
    found = surroundings(fun)
    assert found is not None
    assert found.unchanged()


@pytest.mark.parametrize(
    "fun",
    [
        lambda x: print(x),
        lambda x: np.random.normal(),  # noqa: NPY002
        lambda x: next(ITERATOR),
        lambda x: MADE_BY_NUMPY(x),
        lambda x: np.load(x),
        lambda x: threading.current_thread(),
        lambda x: fg.custom_gradient(disguised)(x),
        disguised,
        fg.custom_gradient(disguised),
        fg.grad(disguised),
        _writes_globals,
        _imports,
        _uses_module,
        np.random.default_rng(0).normal,
        open,
    ],
)
def test_functions_that_are_open(fun: Any) -> None:
    assert surroundings(fun) is None
