"""Errors in the rules of users name the forward line; NaN and missing rules inside of bodies, too."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import lax
from funcgrad.control import sequential
from funcgrad.core.primitive import PRIMITIVES, Primitive
from funcgrad.errors import ArgumentError, NoBatchingError, NonFiniteError
from funcgrad.transforms import batch as batching

HERE = re.escape(__file__)


def failing(*_: Any) -> Any:
    raise ZeroDivisionError("in the rule")


def by_jvp() -> Any:
    f = fg.custom_jvp(lambda x: 2.0 * x)
    f.defjvp(failing)
    return f


def by_fwd() -> Any:
    f = fg.custom_vjp(lambda x: 2.0 * x)
    f.defvjp(failing, lambda _, ct: (ct,))
    return f


def by_bwd() -> Any:
    f = fg.custom_vjp(lambda x: 2.0 * x)
    f.defvjp(lambda x: (x, None), failing)
    return f


def by_primitive() -> Any:
    return fg.defprimitive(np.sin, name=f"failing_{len(PRIMITIVES)}", jvp=failing)


@pytest.mark.parametrize("make", [by_jvp, by_fwd, by_bwd, by_primitive])
@pytest.mark.parametrize("transform", [fg.grad, lambda f: fg.jit(fg.grad(f))])
def test_the_note_names_rule_and_call(make: Callable[[], Any], transform: Any) -> None:
    rule = make()

    def model(x: Any) -> Any:
        y = rule(x)
        return y + 1.0

    with pytest.raises(ZeroDivisionError) as caught:
        transform(model)(1.0)
    (note,) = caught.value.__notes__
    line = failing.__code__.co_firstlineno + 1
    call = model.__code__.co_firstlineno + 1
    assert re.fullmatch(
        rf"raised while a derivative rule was traced, at {HERE}:{line} in failing"
        rf"\n  for the call at {HERE}:{call} in .*model",
        note,
    )


def test_what_a_primitives_rule_returns_is_said_in_the_users_words() -> None:
    f = fg.defprimitive(np.sin, name="five_cotangents", vjp=lambda ct, ans, x: np.ones(5))
    message = (
        r"^the bwd rule given to defprimitive of five_cotangents returns cotangent 0 of type f64\[5\], "
        r"but the argument has type f64\[\]"
    )
    with pytest.raises(ArgumentError, match=message) as caught:
        fg.grad(lambda x: f(x) + 1.0)(1.0)
    assert "for the call at" in caught.value.__notes__[-1]


def test_errors_in_batching_rules() -> None:
    f = fg.custom_vmap(lambda x: x)
    f.def_vmap(failing)
    with pytest.raises(ZeroDivisionError) as caught:
        fg.vmap(lambda x: f(x) * 2.0)(np.ones(2))
    assert re.fullmatch(
        rf"(?s)raised by the vmap rule of .*\n  for the call at {HERE}:\d+ in .*",
        caught.value.__notes__[0],
    )


# NaN within bodies


def in_scan(x: Any) -> Any:
    return lax.scan(lambda c, _: (np.sqrt(c) - 1.0, None), x, length=4)[0]


def in_cond(x: Any) -> Any:
    return lax.cond(x > 3, np.cos, lambda x: np.log(x - 3.0), x)


def in_while(x: Any) -> Any:
    return lax.while_loop(lambda x: x < 5.0, lambda x: np.sqrt(x - 3.0), x)


def in_checkpoint(x: Any) -> Any:
    return fg.checkpoint(lambda x: np.log(x - 3.0))(x)


@pytest.mark.parametrize(
    ("f", "made"),
    [
        (in_scan, "sqrt made NaN"),
        (in_cond, "log made NaN"),
        (in_while, "sqrt made NaN"),
        (in_checkpoint, "log made NaN"),
    ],
)
def test_nan_in_bodies_is_named_at_its_line(f: Any, made: str) -> None:
    line = f.__code__.co_firstlineno + 1
    for g in (fg.jit(f), fg.value_and_grad(f), fg.jit(fg.value_and_grad(f))):
        g(2.0)  # compiled by now
        with (
            fg.debug_nans(),
            pytest.raises(NonFiniteError, match=rf"^{made}\n  at {HERE}:{line} in ") as caught,
        ):
            g(2.0)
        assert ("in step 2 of 4 of a scan" in str(caught.value)) == (f is in_scan)


def test_nan_of_the_way_back_through_bodies() -> None:
    def scanned(x: Any) -> Any:
        return lax.scan(lambda c, _: (np.sqrt(c), None), x, length=3)[0] * 0.0

    def loop(x: Any) -> Any:
        return (
            lax.while_loop(lambda c: c[1] < 2, lambda c: (np.sqrt(c[0]), c[1] + 1), (x, 0))[0] * 0.0
        )

    for f in (scanned, loop):
        with (
            fg.debug_nans(),
            pytest.raises(
                NonFiniteError,
                match=r"(mul|div) made NaN\n  in the backward pass, in the derivative of the line\n  at .*",
            ),
        ):
            fg.grad(f)(0.0)


# Primitives without a batching rule


@pytest.fixture
def bare() -> Iterator[Primitive]:
    primitive = Primitive(f"bare_{len(PRIMITIVES)}", impl=np.sin, abstract=lambda a: a)
    yield primitive
    del PRIMITIVES[primitive.name]  # every primitive that is registered must have a case


def test_the_warning_belongs_to_the_users_line(bare: Primitive) -> None:
    f = fg.vmap(lambda x: bare(x))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        np.testing.assert_array_equal(f(np.ones(3)), np.sin(np.ones(3)))
        np.testing.assert_array_equal(fg.jit(f)(np.ones(3)), np.sin(np.ones(3)))
    (warning,) = caught  # once
    assert warning.filename == __file__
    assert re.match(
        rf"vmap: {bare.name} has no batching rule, so it runs in a loop over the examples\n  at {HERE}:\d+ in .*\n"
        r"  give it one with defprimitive",
        str(warning.message),
    )
    assert bare.name in sequential._warned


def test_batching_alone_has_no_loop_to_fall_back_on(
    bare: Primitive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "WITHOUT_RULE", [])
    with pytest.raises(
        NoBatchingError,
        match=rf"{bare.name} has no batching rule\n  at .*\n  loop over the examples",
    ):
        fg.vmap(lambda x: bare(x))(np.ones(3))
