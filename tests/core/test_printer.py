"""The printed form of jaxprs is JAX's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from tests.oracle import namespace

VECTOR = np.array([1.0, 2.0, 3.0])
CONSTANT = np.arange(3.0)
# Shared examples: a function of `np` (NumPy here, jax.numpy there) and the arguments.
EXAMPLES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "one equation": (lambda np, x: np.sin(x), (VECTOR,)),
    "several": (lambda np, x: np.sin(x) * 2.0 + x, (VECTOR,)),
    "two on one line": (lambda np, x: np.sin(x) - x, (VECTOR,)),
    "one too long for the line": (lambda np, x: -np.sin(x), (np.ones((300, 40, 50, 60)),)),
    "two inputs, two outputs": (lambda np, x, y: (x * y, x), (VECTOR, VECTOR)),
    "identity": (lambda np, x: x, (VECTOR,)),
    "a literal result": (lambda np, x: 3.0, (VECTOR,)),
    "a captured array": (lambda np, x: x * CONSTANT, (VECTOR,)),
    "comparison": (lambda np, x: x > 0.0, (VECTOR,)),
    "integers": (lambda np, x: x * 2, (np.arange(3),)),
    "a Python scalar": (lambda np, x: x + 1.0, (1.0,)),
    "float32": (lambda np, x: x * 2.0 - x, (VECTOR.astype("float32"),)),
    "a pytree": (lambda np, x: {"b": x["a"][0] * x["a"][1]}, ({"a": (VECTOR, VECTOR)},)),
    "transpose": (lambda np, x: np.transpose(x), (np.ones((3, 4)),)),
    "transpose of four axes": (
        lambda np, x: np.transpose(x, (3, 1, 0, 2)),
        (np.ones((3, 4, 2, 5)),),
    ),
    "conversion": (lambda np, x: x.astype("float32"), (VECTOR,)),
    "reshape": (lambda np, x: x + np.cos(x), (np.ones((3, 4, 5)),)),
    "complex": (lambda np, x: x * x, (VECTOR + 1j,)),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_prints_as_jax_does(name: str) -> None:
    jax = namespace("jax")
    fun, arguments = EXAMPLES[name]
    ours = fg.make_jaxpr(lambda *args: fun(np, *args))(*arguments)
    theirs = jax.make_jaxpr(lambda *args: fun(jax.numpy, *args))(*arguments)
    assert str(ours) == str(theirs)


def test_names_continue_after_z_as_in_jax() -> None:
    jax = namespace("jax")

    def chain(np: Any, x: Any) -> Any:
        for _ in range(800):
            x = np.sin(x)
        return x

    ours = str(fg.make_jaxpr(lambda x: chain(np, x))(VECTOR))
    assert ours == str(jax.make_jaxpr(lambda x: chain(jax.numpy, x))(VECTOR))


def test_nested_jaxprs_are_indented_as_in_jax() -> None:
    jax = namespace("jax")

    def double(x: Any) -> Any:
        return x * 2.0

    ours = fg.make_jaxpr(lambda x: np.sin(fg.jit(double)(x)))(VECTOR)
    theirs = jax.make_jaxpr(lambda x: jax.numpy.sin(jax.jit(double)(x)))(VECTOR)
    assert str(ours) == str(theirs)


def test_jaxprs_nest_deeply() -> None:
    def inner(x: Any) -> Any:
        return np.sin(x) * 2.0 - x

    def outer(x: Any) -> Any:
        return fg.jit(inner)(x) + x

    jaxpr = fg.make_jaxpr(lambda x: fg.jit(outer)(x))(VECTOR)
    expected = """\
{ lambda ; a:f64[3]. let
    b:f64[3] = jit[
      name=outer
      jaxpr={ lambda ; a:f64[3]. let
          b:f64[3] = jit[
            name=inner
            jaxpr={ lambda ; a:f64[3]. let
                b:f64[3] = sin a
                c:f64[3] = mul b 2.0:f64[]
                d:f64[3] = sub c a
              in (d,) }
          ] a
          c:f64[3] = add b a
        in (c,) }
    ] a
  in (b,) }"""
    assert str(jaxpr) == expected


def test_source_comments_name_the_users_lines() -> None:
    def model(x: Any) -> Any:
        y = np.sin(x)
        return y * 2.0

    first = model.__code__.co_firstlineno + 1
    text = fg.make_jaxpr(model)(VECTOR).pretty_print(source_info=True)
    name = "test_source_comments_name_the_users_lines.<locals>.model"
    assert f"b:f64[3] = sin a  # test_printer.py:{first} ({name})" in text
    assert f"c:f64[3] = mul b 2.0:f64[]  # test_printer.py:{first + 1} ({name})" in text


def test_large_literals_are_abbreviated() -> None:
    from funcgrad.core.tracing import build_jaxpr
    from funcgrad.core.types import ShapedArray

    aval = ShapedArray((50,), np.dtype(float))
    jaxpr = build_jaxpr(lambda x: [x * np.arange(50.0)], [aval])
    assert str(jaxpr) == "{ lambda ; a:f64[50]. let b:f64[50] = mul a [...]:f64[50] in (b,) }"


def test_what_does_not_fit_on_a_line_is_wrapped() -> None:
    wide = fg.make_jaxpr(lambda *xs: sum(xs))(*[1.0] * 40)
    shape = tuple(range(1, 12))
    long = fg.make_jaxpr(lambda x: np.transpose(x, tuple(reversed(range(11)))))(np.ones(shape))
    identity = fg.make_jaxpr(lambda *xs: xs + (xs[0] + 1.0,))(*[1.0] * 40)
    for text in map(str, (wide, long, identity)):
        assert max(map(len, text.splitlines())) <= 82
    assert "permutation=(10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)" in str(long)


def test_notebooks_show_escaped_html() -> None:
    page = fg.make_jaxpr(lambda x: fg.jit(lambda y: y + y)(x))(1.0)._repr_html_()
    assert page.startswith("<pre")
    assert "name=&lt;lambda&gt;" in page
    assert "<lambda>" not in page
