"""Each pass on small jaxprs, printed before and after."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.compile import clusters
from funcgrad.compile.contract import contract
from funcgrad.compile.cse import cse
from funcgrad.compile.emitters import EMITTERS, PORTABLE, STATEMENTS, WRITERS
from funcgrad.compile.fold import fold
from funcgrad.compile.fuse import fuse
from funcgrad.compile.inline import inline_calls
from funcgrad.compile.pipeline import PIPELINE, optimize
from funcgrad.compile.simplify import ALL_RULES, simplify
from funcgrad.core.check import check_jaxpr
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.primitive import PRIMITIVES
from funcgrad.ops.basic import add_any, broadcast_in_dim, broadcast_to, convert, reshape, sum_axes
from funcgrad.ops.basic import transpose as transpose_axes
from tests.compile.compare import aval, jaxpr_of

Pass = Callable[[Jaxpr], Jaxpr]


def _words(text: str) -> str:
    """A printed jaxpr without its line breaks."""
    return re.sub(r"[\s;]+", " ", text).strip()


def becomes(transform: Pass, fun: Any, avals: Any, expected: str) -> None:
    jaxpr = jaxpr_of(fun, *avals)
    after = check_jaxpr(transform(jaxpr), after=transform.__name__)
    assert _words(str(after)) == _words(expected)


V = aval(3)
S = aval()

RULES = {
    "x * 1": (lambda x: x * 1.0, [V], "{ lambda ; a:f64[3]. let in (a,) }"),
    "x * -1": (lambda x: x * -1.0, [V], "{ lambda ; a:f64[3]. let b:f64[3] = neg a in (b,) }"),
    "x / 4": (
        lambda x: x / 4.0,
        [V],
        "{ lambda ; a:f64[3]. let b:f64[3] = mul a 0.25:f64[] in (b,) }",
    ),
    "x / 3 stays": (
        lambda x: x / 3.0,
        [V],
        "{ lambda ; a:f64[3]. let b:f64[3] = div a 3.0:f64[] in (b,) }",
    ),
    "x - 0": (lambda x: x - 0.0, [V], "{ lambda ; a:f64[3]. let in (a,) }"),
    "x + 0 stays": (
        lambda x: x + 0.0,
        [V],
        "{ lambda ; a:f64[3]. let b:f64[3] = add a 0.0:f64[] in (b,) }",
    ),
    "x + an integer 0 stays": (
        lambda x: x + 0,
        [S.update(weak_type=True)],
        "{ lambda ; a:f64[]. let b:f64[] = add a 0:i64[] in (b,) }",
    ),
    "x + -0": (lambda x: x + -0.0, [V], "{ lambda ; a:f64[3]. let in (a,) }"),
    "x * 0 stays": (
        lambda x: x * 0.0,
        [V],
        "{ lambda ; a:f64[3]. let b:f64[3] = mul a 0.0:f64[] in (b,) }",
    ),
    "-(-x)": (
        lambda x: np.negative(-x),
        [V],
        "{ lambda ; a:f64[3]. let b:f64[3] = neg a in (a,) }",
    ),
    "x + (-y)": (
        lambda x, y: x + (-y),
        [V, V],
        """
        { lambda ; a:f64[3] b:f64[3]. let
            c:f64[3] = neg b
            d:f64[3] = sub a c
          in (d,) }
        """.replace("d:f64[3] = sub a c", "d:f64[3] = sub a b"),
    ),
    "cos(-x)": (
        lambda x: np.cos(-x),
        [V],
        """
        { lambda ; a:f64[3]. let
            b:f64[3] = neg a
            c:f64[3] = cos a
          in (c,) }
        """,
    ),
    "x**3": (
        lambda x: x**3,
        [V],
        """
        { lambda ; a:f64[3]. let
            b:f64[3] = mul a a
            c:f64[3] = mul a b
          in (c,) }
        """,
    ),
    "add_any x 0": (
        lambda x: add_any(x, broadcast_in_dim_zero(x)),
        [V],
        """
        { lambda ; a:f64[3]. let
            b:f64[3] = broadcast_in_dim[broadcast_dimensions=() shape=(3,)] 0.0:f64[]
          in (a,) }
        """,
    ),
    "add_any x x": (
        lambda x: add_any(x, x),
        [V],
        "{ lambda ; a:f64[3]. let b:f64[3] = mul a 2.0:f64[] in (b,) }",
    ),
    "x + broadcast s": (
        lambda x, s: x + broadcast_to(s, (3,)),
        [V, S],
        """
        { lambda ; a:f64[3] b:f64[]. let
            c:f64[3] = broadcast_in_dim[broadcast_dimensions=() shape=(3,)] b
            d:f64[3] = add a b
          in (d,) }
        """,
    ),
    "sum of broadcast": (
        lambda s: sum_axes(broadcast_to(s, (3,)), (0,)),
        [S],
        """
        { lambda ; a:f64[]. let
            b:f64[3] = broadcast_in_dim[broadcast_dimensions=() shape=(3,)] a
            c:f64[] = mul a 3.0:f64[]
          in (c,) }
        """,
    ),
    "transposes": (
        lambda x: transpose_axes(transpose_axes(x, (1, 0, 2)), (1, 0, 2)),
        [aval(2, 3, 4)],
        """
        { lambda ; a:f64[2,3,4]. let
            b:f64[3,2,4] = transpose[permutation=(1, 0, 2)] a
          in (a,) }
        """,
    ),
    "reshapes": (
        lambda x: reshape(reshape(x, (6,)), (3, 2)),
        [aval(2, 3)],
        """
        { lambda ; a:f64[2,3]. let
            b:f64[6] = reshape[new_sizes=(6,)] a
            c:f64[3,2] = reshape[new_sizes=(3, 2)] a
          in (c,) }
        """,
    ),
    "widening conversions": (
        lambda x: convert(convert(x, "float64"), "float32"),
        [aval(3, dtype="float32")],
        """
        { lambda ; a:f32[3]. let
            b:f64[3] = convert_element_type[new_dtype=float64 weak_type=False] a
          in (a,) }
        """,
    ),
    "narrowing conversions stay": (
        lambda x: convert(convert(x, "float32"), "float64"),
        [V],
        """
        { lambda ; a:f64[3]. let
            b:f32[3] = convert_element_type[new_dtype=float32 weak_type=False] a
            c:f64[3] = convert_element_type[new_dtype=float64 weak_type=False] b
          in (c,) }
        """,
    ),
}


def broadcast_in_dim_zero(x: Any) -> Any:
    return x._trace.bind(
        broadcast_in_dim, (np.float64(0),), {"shape": (3,), "broadcast_dimensions": ()}
    )


def test_rules_are_for_primitives_that_exist() -> None:
    fg.numpy._load_all()
    for table in (ALL_RULES, EMITTERS, STATEMENTS, WRITERS, PORTABLE):
        assert table.keys() - {"*"} <= PRIMITIVES.keys()


@pytest.mark.parametrize("name", RULES)
def test_simplify(name: str) -> None:
    fun, avals, expected = RULES[name]
    becomes(simplify, fun, avals, expected)


def test_every_rule_states_its_algebra() -> None:
    for rules in ALL_RULES.values():
        for rule in rules:
            assert "->" in (rule.__doc__ or ""), rule


def test_fold() -> None:

    becomes(
        fold,
        lambda x: x + sum_axes(broadcast_to(np.float64(1), (3,)), (0,)),
        [V],
        "{ lambda ; a:f64[3]. let b:f64[3] = add a 3.0:f64[] in (b,) }",
    )


def test_cse() -> None:
    becomes(
        cse,
        lambda x, y: np.sin(x * y) + np.cos(y * x),
        [V, V],
        """
        { lambda ; a:f64[3] b:f64[3]. let
            c:f64[3] = mul a b
            d:f64[3] = sin c
            e:f64[3] = cos c
            f:f64[3] = add d e
          in (f,) }
        """,
    )


def test_inline_calls() -> None:
    inner = fg.jit(lambda x: np.sin(x) * 2.0)
    becomes(
        inline_calls,
        lambda x: inner(inner(x)),
        [V],
        """
        { lambda ; a:f64[3]. let
            b:f64[3] = sin a
            c:f64[3] = mul b 2.0:f64[]
            d:f64[3] = sin c
            e:f64[3] = mul d 2.0:f64[]
          in (e,) }
        """,
    )


def test_contract() -> None:
    becomes(
        contract,
        lambda x, y: np.sum(x * y),
        [V, V],
        """
        { lambda ; a:f64[3] b:f64[3]. let
            c:f64[] = dot_general[dimension_numbers=(((0,), (0,)), ((), ()))] a b
          in (c,) }
        """,
    )


def test_a_sum_of_indexed_cotangents_is_one_buffer() -> None:
    gradient = fg.grad(lambda x: np.sum(x[1:] * 2.0) + np.sum(x[:-1] * 3.0))
    text = str(optimize(fg.make_jaxpr(gradient)(np.ones(4)).jaxpr))
    assert text.count("embed") == 1
    assert text.count("additem") == 1
    assert "add_any" not in text


def test_fuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "MIN_SIZE", 4)
    becomes(
        fuse,
        lambda x: (np.sin(x) * 2.0, sum_axes(np.sin(x) * 2.0, (0,))),
        [aval(8)],
        """
        { lambda ; a:f64[8]. let
            b:f64[8] c:f64[] = fused[
              jaxpr={ lambda ; a:f64[8]. let
                  b:f64[8] = sin a
                  c:f64[8] = mul b 2.0:f64[]
                  d:f64[] = reduce_sum[axes=(0,)] c
                in (c, d) }
              rows=(8,)
            ] a
          in (b, c) }
        """,
    )


def test_clusters_end_where_a_sum_over_all_rows_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "MIN_SIZE", 4)
    jaxpr = jaxpr_of(lambda x: np.exp(x) / sum_axes(np.exp(x), (0,)) * 2.0, aval(8))
    text = str(optimize(jaxpr))
    assert text.count("fused[") == 2


def test_passes_are_linear_and_iterative() -> None:
    def fun(x: Any) -> Any:
        for _ in range(5000):
            x = -(np.sin(x) * 1.0)
        return x

    jaxpr = jaxpr_of(fun, V)
    for transform in PIPELINE:
        jaxpr = transform(jaxpr)
    assert 5000 <= len(jaxpr.eqns) <= 15000
