"""Jaxprs as data: immutable, memoising, picklable."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.core.jaxpr import Literal, Var, dce, subjaxprs
from funcgrad.core.types import ShapedArray, aval_of, short_dtype


def example() -> fg.ClosedJaxpr:
    return fg.make_jaxpr(lambda x, y: np.sin(x) * 2.0 + y)(np.ones(3), 1.0)


def test_avals_of_inputs_and_outputs() -> None:
    closed = example()
    assert [str(a) for a in closed.in_avals] == ["f64[3]", "f64[]"]
    assert [str(a) for a in closed.out_avals] == ["f64[3]"]
    assert [a.weak_type for a in closed.in_avals] == [False, True]


def test_literals_and_variables() -> None:
    eqns = example().eqns
    sin, mul, add = eqns
    assert [e.primitive.name for e in eqns] == ["sin", "mul", "add"]
    assert mul.invars[0] is sin.outvars[0]
    assert isinstance(mul.invars[1], Literal)
    assert mul.invars[1].val == 2.0
    assert isinstance(add.invars[1], Var)


def test_captured_arrays_are_constants() -> None:
    c = np.arange(3.0)
    closed = fg.make_jaxpr(lambda x: x * c)(np.ones(3))
    assert len(closed.jaxpr.constvars) == 1
    np.testing.assert_array_equal(closed.consts[0], c)
    opened = closed.jaxpr.open_consts()
    assert len(opened.constvars) == 0
    assert len(opened.invars) == 2
    assert closed.jaxpr.open_consts() is opened


def test_evaluation_is_the_definition() -> None:
    closed = example()
    x = np.array([0.1, 0.2, 0.3])
    [y] = fg.eval_jaxpr(closed.jaxpr, closed.consts, x, 5.0)
    np.testing.assert_array_equal(y, np.sin(x) * 2.0 + 5.0)
    [y] = fg.eval_jaxpr(closed, closed.consts, x, 5.0)
    np.testing.assert_array_equal(y, np.sin(x) * 2.0 + 5.0)


def test_evaluation_under_a_trace_inlines() -> None:
    closed = example()
    x = np.array([0.1, 0.2, 0.3])
    again = fg.make_jaxpr(lambda x, y: fg.eval_jaxpr(closed.jaxpr, closed.consts, x, y))(x, 1.0)
    assert str(again) == str(closed)
    gradient = fg.grad(lambda x: np.sum(fg.eval_jaxpr(closed.jaxpr, closed.consts, x, 1.0)[0]))
    np.testing.assert_allclose(gradient(x), 2.0 * np.cos(x))


def test_evaluation_wants_the_right_number_of_arguments() -> None:
    closed = example()
    with pytest.raises(ValueError, match="argument"):
        fg.eval_jaxpr(closed.jaxpr, closed.consts, 1.0)


def test_equal_traces_share_one_jaxpr() -> None:
    def fun(x: Any) -> Any:
        return np.sin(x) * 2.0

    first = fg.make_jaxpr(fun)(np.ones(3)).jaxpr
    assert fg.make_jaxpr(fun)(np.zeros(3)).jaxpr is first
    assert fg.make_jaxpr(fun)(np.zeros(4)).jaxpr is not first


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, True, np.float32(1), np.int64(1), 1j])
def test_different_literals_are_different_programs(value: Any) -> None:
    literals: list[Any] = [0.0, -0.0, 1.0, True, np.float32(1), np.int64(1), 1j]
    for other in literals:
        same = type(value) is type(other) and str(value) == str(other)
        jaxprs = [fg.make_jaxpr(lambda x: x * v)(np.ones(3)).jaxpr for v in (value, other)]
        assert (jaxprs[0] is jaxprs[1]) == same


def test_an_int_that_meets_floats_is_a_float() -> None:
    jaxprs = [fg.make_jaxpr(lambda x: x * v)(np.ones(3)).jaxpr for v in (2, 2.0)]
    assert jaxprs[0] is jaxprs[1]


def test_nan_literals_share_one_jaxpr() -> None:
    def fun(x: Any) -> Any:
        return x * float("nan")

    assert fg.make_jaxpr(fun)(1.0).jaxpr is fg.make_jaxpr(fun)(1.0).jaxpr


def test_replace_copies() -> None:
    jaxpr = example().jaxpr
    shorter = jaxpr.replace(outvars=jaxpr.eqns[0].outvars)
    assert shorter is not jaxpr
    assert shorter.eqns == jaxpr.eqns
    assert shorter.outvars != jaxpr.outvars


def test_dce_drops_what_nobody_reads() -> None:
    jaxpr = example().jaxpr
    shorter = dce(jaxpr.replace(outvars=jaxpr.eqns[0].outvars))
    assert [e.primitive.name for e in shorter.eqns] == ["sin"]
    assert dce(jaxpr) is jaxpr


def test_subjaxprs_are_found() -> None:
    [call] = fg.make_jaxpr(lambda x: fg.jit(np.sin)(x))(1.0).eqns
    assert [name for name, _ in subjaxprs(call.params)] == ["jaxpr"]


def test_copies_are_the_same_object_and_pickles_equal_programs() -> None:
    closed = example()
    assert copy.deepcopy(closed.jaxpr) is closed.jaxpr
    again = pickle.loads(pickle.dumps(closed.jaxpr))
    assert str(again) == str(closed.jaxpr)
    assert again.pretty_print(source_info=True) == closed.jaxpr.pretty_print(source_info=True)
    fg.check_jaxpr(again)
    x = np.array([0.1, 0.2, 0.3])
    np.testing.assert_array_equal(
        fg.eval_jaxpr(again, [], x, 1.0)[0], fg.eval_jaxpr(closed.jaxpr, [], x, 1.0)[0]
    )


def test_memo_is_made_once() -> None:
    jaxpr = fg.make_jaxpr(lambda x: x + 0.125)(1.0).jaxpr
    made = []

    def make() -> object:
        made.append(1)
        return object()

    assert jaxpr.memo("test", make) is jaxpr.memo("test", make)
    assert len(made) == 1


def test_programs_keep_no_arrays_alive() -> None:
    class Array(np.ndarray):
        pass

    data = np.arange(100_000.0).view(Array)
    alive = weakref.ref(data)
    plain = np.asarray(data)
    fg.grad(lambda x, plain=plain: np.sum(x * plain))(np.ones(100_000))
    del data, plain
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize(
    ("dtype", "short"),
    [
        ("float64", "f64"),
        ("float16", "f16"),
        ("int8", "i8"),
        ("uint32", "u32"),
        ("complex64", "c64"),
        ("bool", "bool"),
    ],
)
def test_short_dtypes(dtype: str, short: str) -> None:
    assert short_dtype(np.dtype(dtype)) == short


def test_shaped_arrays_are_values() -> None:
    a = ShapedArray((3, 4), np.dtype(float))
    b = ShapedArray((3, 4), np.dtype(float))
    assert a == b
    assert hash(a) == hash(b)
    assert a != a.update(weak_type=True)
    assert a != a.update(shape=(4, 3))
    assert a != a.update(dtype=np.dtype("float32"))
    assert a.update(weak_type=True).strip_weak_type() == a
    assert (a.ndim, a.size, a.nbytes) == (2, 12, 96)
    assert pickle.loads(pickle.dumps(a)) == a
    assert repr(a) == "f64[3,4]"


def test_avals_of_python_scalars_are_weak() -> None:
    assert [aval_of(v).weak_type for v in (1, 1.0, 1j, True)] == [True, True, True, False]
    assert [aval_of(v).weak_type for v in (np.float64(1), np.ones(3))] == [False, False]
