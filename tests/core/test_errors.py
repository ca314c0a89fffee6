"""Every class of error: its text says what happened, where, and what to write instead."""

from __future__ import annotations

import dataclasses
import math
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.control.callback import pure_callback
from funcgrad.core import errors
from funcgrad.core.errors import (
    ArgumentError,
    AxisNameError,
    CheckError,
    ConcretizationError,
    FuncgradError,
    JaxprError,
    LeakedTracerError,
    LostDerivativeError,
    MissingRuleError,
    NoBatchingError,
    NoDerivativeError,
    NonFiniteError,
    ReadOnlyArgumentError,
    TracedBoolError,
    TracingError,
    UnsupportedError,
)
from funcgrad.core.primitive import Primitive
from funcgrad.core.types import ShapedArray

X = np.array([0.5, -1.5, 2.0])
PLAIN = np.zeros(3)
bare = Primitive(
    "bare",
    impl=lambda x: x + 0.0,
    abstract=lambda x: ShapedArray(x.shape, x.dtype),
    register=False,
)


def write_to_argument(x: Any) -> Any:
    x[0] = 1.0
    return np.sum(x)


def add_to_argument(x: Any) -> Any:
    x += 1.0
    return np.sum(x)


def write_to_plain(x: Any) -> Any:
    PLAIN[0] = x[0]
    return np.sum(x)


STAY = (
    r"keep the traced value \(np.sin\(t\), t.sum\(\), t \*\* 2 instead of the functions of `math`\)"
)
# What fails, with which class, and the message (a regular expression; `HERE` is the user's line).
HERE = rf"\n  at {re.escape(__file__)}:\d+ in .*\n  "
IMPORTED_ARRAY = np.array  # as `from numpy import array` binds it, before any trace opens
IMPORTED_ASARRAY = np.asarray


def with_debug_nans(fun: Any, *args: Any) -> Any:
    with fg.debug_nans():
        return fun(*args)


FAILURES: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    # A value was asked for
    "if under vmap": (
        lambda: fg.vmap(lambda x: x if x > 0 else -x)(X),
        TracedBoolError,
        r"the truth value of bool\[\] was asked for, but it depends on an input of .*lambda.*, which "
        rf"differs per example under vmap{HERE}use np.where\(condition, a, b\), or fg.lax.cond",
    ),
    "int under jit": (
        lambda: fg.jit(lambda x: int(x) * x)(2),
        ConcretizationError,
        r"the integer value of i64\[\] was asked for, but it depends on an input of .*, which has no "
        rf"value under jit{HERE}mark the argument static \(jit's static_argnums\), or use .astype\(int\)",
    ),
    "range under jit": (
        lambda: fg.jit(lambda n: sum(range(n)))(2),
        ConcretizationError,
        rf"the integer value of i64\[\] was asked for.*{HERE}mark the argument static",
    ),
    "format under jit": (
        lambda: fg.jit(lambda x: f"{x:.3f}")(2.0),
        ConcretizationError,
        rf"the value of f64\[\] was asked for.*{HERE}use fg.debug.print",
    ),
    "mask under jit": (
        lambda: fg.jit(lambda x: x[x > 0])(X),
        ConcretizationError,
        rf"has no value under jit{HERE}",
    ),
    "nonzero under vmap": (
        lambda: fg.vmap(lambda x: np.nonzero(x)[0])(np.stack([X, X])),
        ConcretizationError,
        rf"differs per example under vmap{HERE}",
    ),
    # A derivative would be lost
    "float": (
        lambda: fg.grad(lambda x: float(x) ** 2)(2.0),
        LostDerivativeError,
        rf"float\(\) of a traced f64\[\] would drop its derivative{HERE}{STAY}",
    ),
    "float under jit": (
        lambda: fg.jit(lambda x: math.sqrt(x))(2.0),
        LostDerivativeError,
        rf"float\(\) of a traced f64\[\], which has no value under jit, would drop its derivative{HERE}{STAY}",
    ),
    "math.sin": (
        lambda: fg.grad(lambda x: math.sin(x))(2.0),
        LostDerivativeError,
        rf"float\(\) of a traced f64\[\] would drop its derivative{HERE}{STAY}",
    ),
    "complex": (
        lambda: fg.grad(lambda x: abs(complex(x)))(2.0),
        LostDerivativeError,
        rf"complex\(\) of a traced f64\[\] would drop its derivative{HERE}{STAY}",
    ),
    "an imported np.asarray": (
        lambda: fg.grad(lambda x: np.sum(IMPORTED_ASARRAY(x)))(X),
        LostDerivativeError,
        r"traced f64\[3\] where it makes a plain array, which would drop its derivative"
        rf"{HERE}make an array of a list first, np\.sum\(np\.array",
    ),
    "an operator of a plain array and a list": (
        lambda: fg.grad(lambda x: np.sum(X * [x[0], x[1], x[2]]))(X),
        LostDerivativeError,
        rf"traced f64\[\] where it makes a plain array.*{HERE}make an array of the list beside the plain one first",
    ),
    "a comparison of a plain array and a list": (
        lambda: fg.grad(lambda x: np.sum(x * ([x[0], x[1], x[2]] > X)))(X),
        LostDerivativeError,
        rf"{HERE}make an array of the list beside the plain one first",
    ),
    "a method of a plain array": (
        lambda: fg.grad(lambda x: X.dot(x))(X),
        LostDerivativeError,
        rf"the method .dot of a plain array was given a traced f64\[3\], which would drop its derivative{HERE}"
        r"write np.dot\(a, ...\) instead of a.dot\(...\)",
    ),
    "a random number of traced parameters": (
        lambda: fg.grad(lambda x: np.random.default_rng(0).normal(x, 1.0))(2.0),
        LostDerivativeError,
        rf"NumPy's random.normal was given a traced f64\[\] as a plain number.*{HERE}scale and shift what is drawn",
    ),
    "a plain array at a traced index": (
        lambda: fg.jit(lambda i: X[i])(np.array([0, 2])),
        ConcretizationError,
        rf"the value of i64\[2\] was asked for.*has no value under jit{HERE}"
        r"index a copy that is made in the function, np.array\(a\)\[index\]",
    ),
    "an imported np.array of a list": (
        lambda: fg.grad(lambda x: np.sum(IMPORTED_ARRAY([x, x])))(2.0),
        LostDerivativeError,
        r"(a traced f64\[\] where it makes a plain array|float\(\) of a traced f64\[\])",
    ),
    "write into a plain array": (
        lambda: fg.grad(write_to_plain)(X),
        LostDerivativeError,
        rf"would drop its derivative{HERE}",
    ),
    # The caller's data
    "write to an argument": (
        lambda: fg.grad(write_to_argument)(X),
        ReadOnlyArgumentError,
        r"in-place update of f64\[3\], which is an argument of write_to_argument \(.*\) or a view of one"
        rf"{HERE}it would change the caller's array: work on a copy, `x = x.copy\(\)`",
    ),
    "augmented assignment to an argument": (
        lambda: fg.grad(add_to_argument)(X),
        ReadOnlyArgumentError,
        rf"in-place update of f64\[3\], which is an argument of add_to_argument .*{HERE}it would change",
    ),
    # Without a rule
    "unknown function": (
        lambda: fg.grad(lambda x: np.sum(np.array_repr(x)))(X),
        UnsupportedError,
        rf"np\.array_repr has no traced implementation{HERE}it needs the values: return the array",
    ),
    "no derivative rule": (
        lambda: fg.grad(lambda x: np.sum(bare(x)))(X),
        NoDerivativeError,
        rf"bare has no derivative rule{HERE}use fg.stop_gradient on its operands",
    ),
    "no batching of a callback": (
        lambda: fg.vmap(lambda x: pure_callback(np.sin, fg.ShapeDtypeStruct((), np.float64), x))(X),
        NoBatchingError,
        rf"vmap: the callback .* does not say how it is batched{HERE}pass vmap_method='sequential'",
    ),
    "no transposition rule": (
        lambda: fg.linear_transpose(lambda x: np.sin(x), X),
        NoDerivativeError,
        rf"sin has no transposition rule{HERE}it is not linear: transpose linear functions only",
    ),
    "object array": (
        lambda: fg.grad(lambda x: np.sum(x * np.array([1, "a", None], dtype=object)))(X),
        UnsupportedError,
        rf"object.*cannot take part in a traced computation{HERE}use a boolean, integer",
    ),
    "strings": (
        lambda: fg.grad(lambda x: np.sum(x * np.array(["a", "b", "c"])))(X),
        UnsupportedError,
        rf"an array of dtype <U1 cannot take part in a traced computation{HERE}use a boolean, integer",
    ),
    "dates": (
        lambda: fg.grad(lambda x: np.sum(x * np.array(["2024-01-01"], "datetime64[D]")))(X),
        UnsupportedError,
        rf"an array of dtype datetime64\[D\] cannot take part in a traced computation{HERE}",
    ),
    "argument of dates": (
        lambda: fg.jit(lambda x: x)(np.datetime64("2024-01-01")),
        ArgumentError,
        "jit: argument 0 is datetime64 .*, not an array or a number",
    ),
    "argument of strings": (
        lambda: fg.make_jaxpr(lambda x: x)(np.array(["a"])),
        ArgumentError,
        "make_jaxpr: argument .* is ndarray .*, not an array or a number",
    ),
    "masked argument": (
        lambda: fg.jit(lambda x: x)(np.ma.masked_array([1.0], mask=[True])),
        ArgumentError,
        "jit: argument 0 is .*, not an array or a number",
    ),
    "argnums without a number": (
        lambda: fg.jacfwd(lambda x: x, argnums=None)(1.0),
        ArgumentError,
        "jacfwd: argnums is an int or a tuple of ints, not NoneType None",
    ),
    "masked array": (
        lambda: fg.grad(lambda x: np.sum(x * np.ma.masked_array([1.0, 2.0, 3.0])))(X),
        UnsupportedError,
        rf"a masked array cannot take part in a traced computation{HERE}use np.where\(mask, value, fill\)",
    ),
    "wrong operand types": (
        lambda: fg.jit(lambda x: np.bitwise_and(x, x))(X),
        UnsupportedError,
        r"does not take operands of types f64\[3\], f64\[3\]",
    ),
    # Arguments
    "broadcasting": (
        lambda: fg.grad(lambda x: np.sum(x + np.ones(4)))(X),
        ArgumentError,
        r"add: shapes \(3,\) and \(4,\) cannot be broadcast together",
    ),
    "reshape": (
        lambda: fg.grad(lambda x: np.sum(x.reshape(2, 2)))(X),
        ArgumentError,
        r"cannot reshape an array of shape \(3,\) into shape \(2, 2\)\n  at ",
    ),
    "not a function": (lambda: fg.grad(3.0), ArgumentError, "grad takes a function, not float 3.0"),
    "no such axis": (
        lambda: fg.vmap(lambda x: fg.lax.pmean(x, "j"), axis_name="i")(X),
        AxisNameError,
        r"no axis is named 'j'\n  at .*\n  call it inside of fg.vmap\(..., axis_name='j'\)",
    ),
    "no rule yet": (
        lambda: fg.custom_vjp(lambda x: x)(1.0),
        MissingRuleError,
        rf"is a custom_vjp function without a rule{HERE}give it one with defjvp or defvjp",
    ),
    "a condition does not hold": (
        lambda: fg.jit(lambda x: fg.check(x > 0, "x is {}", x))(-1.0),
        CheckError,
        rf"x is -1.0\n  at {re.escape(__file__)}:\d+ in ",
    ),
    # Jaxprs
    "bad jaxpr": (
        lambda: fg.check_jaxpr(fg.make_jaxpr(np.sin)(X).jaxpr.replace(invars=())),
        JaxprError,
        r"a variable is read before it is bound\n>>> ",
    ),
    # Leaving the trace
    "nan": (
        lambda: with_debug_nans(fg.jit(np.sqrt), -1.0),
        NonFiniteError,
        r"sqrt made NaN\n.*\n?  operand 0: f64\[\] -1.0",
    ),
    "pickle": (
        lambda: fg.grad(lambda x: __import__("pickle").dumps(x))(2.0),
        TracingError,
        r"a traced f64\[\] cannot be pickled or copied outside of its trace",
    ),
    "attribute": (
        lambda: fg.grad(lambda x: x.no_such_thing)(2.0),
        AttributeError,
        r"a traced f64\[\] has no attribute 'no_such_thing'",
    ),
    "len of a scalar": (
        lambda: fg.grad(lambda x: len(x))(2.0),
        TypeError,
        "len\\(\\) of unsized object",
    ),
    "hash": (lambda: fg.grad(lambda x: {x: 1})(2.0), TypeError, "unhashable type"),
    "iterate over a scalar": (
        lambda: fg.grad(lambda x: sum(x))(2.0),
        TypeError,
        "iteration over a 0-d array",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_message(name: str) -> None:
    run, kind, message = FAILURES[name]
    with pytest.raises(kind, match=message) as caught:
        run()
    assert type(caught.value) is kind or kind in (TypeError, ArgumentError)


def test_every_class_is_tested_and_drawn() -> None:
    classes = {
        c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, FuncgradError)
    }
    tested = {kind for _, kind, _ in FAILURES.values()} | {LeakedTracerError}  # below
    assert classes - tested - {FuncgradError} == set()
    drawn = re.findall(r"^[│ ├└─]*(\w+Error)\b", errors.__doc__ or "", flags=re.MULTILINE)
    assert sorted(drawn) == sorted(c.__name__ for c in classes)
    assert all(c.__doc__ for c in classes)


def test_the_catalogue_has_a_section_for_every_class() -> None:
    """What the note below a message names is there, with a cause, a cure and a message."""
    classes = {
        c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, FuncgradError)
    }
    page = (Path(__file__).parents[2] / errors.CATALOGUE).read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\w+Error)\n(.*?)(?=^## )", page, flags=re.M | re.S))
    assert sections.keys() == {c.__name__ for c in classes}
    for name, text in sections.items():
        assert "**Cause**: " in text, name
        assert "**Cure**: " in text, name
        assert "caught(" in text or name == "FuncgradError", name
    for kind in classes:
        assert kind("message").__notes__ == [
            f"  causes and cures: docs/reference/errors.md#{kind.__name__.lower()}"
        ]
        assert str(kind("message")) == "message"
        again = pickle.loads(pickle.dumps(kind("message")))
        assert (type(again), again.args, len(again.__notes__)) == (kind, ("message",), 1)


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (ConcretizationError, TypeError),
        (LostDerivativeError, TypeError),
        (ReadOnlyArgumentError, ValueError),
        (UnsupportedError, TypeError),
        (ArgumentError, TypeError),
        (ArgumentError, ValueError),
    ],
)
def test_code_that_catches_builtin_errors_keeps_working(kind: Any, builtin: Any) -> None:
    assert issubclass(kind, builtin)


def test_classes_have_the_names_that_jax_gives_them() -> None:
    for run, name in (
        (lambda: fg.jit(lambda x: 1 if x > 0 else 0)(1.0), "TracerBoolConversionError"),
        (lambda: fg.jit(lambda i: [1, 2][i])(1), "TracerIntegerConversionError"),
        (lambda: fg.jit(lambda x: np.nonzero(x))(X), "ConcretizationTypeError"),
        (lambda: fg.jit(lambda x: float(x))(1.0), "ConcretizationTypeError"),
        (lambda: fg.jit(lambda x: IMPORTED_ASARRAY(x))(1.0), "TracerArrayConversionError"),
        (lambda: fg.jit(lambda x: x[x > 0])(X), "NonConcreteBooleanIndexError"),
    ):
        with pytest.raises(getattr(fg.errors, name)):
            run()
    with pytest.raises(AttributeError):  # JAX's class for it
        fg.custom_jvp(lambda x: x)(1.0)


def test_objects_that_are_no_pytrees_say_how_to_register_them() -> None:
    @dataclasses.dataclass
    class Point:
        x: Any
        y: Any

    class Plain:
        def __init__(self) -> None:
            self.x = 1.0

    for transform in (fg.grad, fg.jit, fg.vmap):
        with pytest.raises(ArgumentError, match=r"fg\.tree_util\.register_dataclass\(Point\)"):
            transform(lambda p: p.x)(Point(np.ones(2), 1.0))
        with pytest.raises(ArgumentError, match=r"register_pytree_node\(Plain, flatten"):
            transform(lambda p: p.x)(Plain())
    with pytest.raises(ArgumentError, match=r"at result, .*\n.*register_dataclass\(Point\)"):
        fg.jit(lambda x: Point(x, x))(1.0)
    with pytest.raises(ArgumentError, match="scalar result, but .* returned a Plain"):
        fg.grad(lambda x: Plain())(1.0)


@pytest.mark.parametrize(
    ("compare", "instead"), [(min, r"np\.minimum"), (max, r"np\.maximum"), (sorted, r"np\.sort")]
)
def test_pythons_comparing_functions_name_numpys(compare: Any, instead: str) -> None:
    calls = {
        min: lambda x: min(x[0], x[1]),
        max: lambda x: max(x[0], x[1]),
        sorted: lambda x: sorted(x)[0],
    }
    with pytest.raises(fg.errors.TracedBoolError, match=instead):
        fg.jit(calls[compare])(np.array([1.0, 2.0]))
    assert fg.grad(calls[compare])(np.array([1.0, 2.0])).sum() == 1.0
