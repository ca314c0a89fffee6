"""`check_jaxpr` finds what is wrong and quotes the equations around it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.core.check import checked
from funcgrad.core.errors import JaxprError
from funcgrad.core.jaxpr import Equation, Jaxpr, Var
from funcgrad.core.types import ShapedArray


def chain(n: int = 7) -> Jaxpr:
    """`n` equations in a row: a -> sin a -> mul by 2 -> sin -> ..."""

    def fun(x: Any) -> Any:
        for i in range(n):
            x = x * 2.0 if i % 2 else np.sin(x)
        return x

    return fg.make_jaxpr(fun)(np.ones(3)).jaxpr


def with_equation(jaxpr: Jaxpr, position: int, **changes: Any) -> Jaxpr:
    eqns = list(jaxpr.eqns)
    eqns[position] = eqns[position].replace(**changes)
    return jaxpr.replace(eqns=eqns)


def fault(jaxpr: Jaxpr, **options: Any) -> str:
    with pytest.raises(JaxprError) as caught:
        fg.check_jaxpr(jaxpr, **options)
    return str(caught.value)


def test_a_good_jaxpr_is_returned() -> None:
    jaxpr = chain()
    assert fg.check_jaxpr(jaxpr) is jaxpr


def test_reading_before_binding_quotes_the_surrounding_equations() -> None:
    jaxpr = chain()
    unknown = Var(jaxpr.invars[0].aval)
    message = fault(with_equation(jaxpr, 3, invars=(unknown, jaxpr.eqns[3].invars[1])))
    assert message == (
        "a variable is read before it is bound\n"
        "    c:f64[3] = mul b 2.0:f64[]\n"
        "    d:f64[3] = sin c\n"
        ">>> f:f64[3] = mul e 2.0:f64[]\n"
        "    g:f64[3] = sin f\n"
        "    h:f64[3] = mul g 2.0:f64[]"
    )


def test_reading_a_later_variable_is_found() -> None:
    jaxpr = chain()
    message = fault(with_equation(jaxpr, 0, invars=jaxpr.eqns[1].outvars))
    assert message.startswith("a variable is read before it is bound\n>>> ")


def test_double_binding_is_found() -> None:
    jaxpr = chain()
    message = fault(with_equation(jaxpr, 2, outvars=jaxpr.eqns[0].outvars))
    assert message.startswith("a variable is bound twice\n")
    assert ">>> b:f64[3] = sin c" in message


def test_double_binding_of_inputs_is_found() -> None:
    jaxpr = chain()
    message = fault(jaxpr.replace(invars=jaxpr.invars * 2))
    assert message == "an input is bound twice"


def test_wrong_type_is_found() -> None:
    jaxpr = chain()
    wrong = Var(ShapedArray((3,), np.dtype("float32")))
    message = fault(with_equation(jaxpr, 6, outvars=(wrong,)))
    assert "a variable of type f32[3] is bound to a result of type f64[3]\n" in message
    assert ">>> h:f32[3] = sin g" in message


def test_wrong_shape_is_found() -> None:
    jaxpr = chain()
    wrong = Var(ShapedArray((4,), np.dtype(float)))
    message = fault(with_equation(jaxpr, 1, outvars=(wrong,)))
    assert "a variable of type f64[4] is bound to a result of type f64[3]\n" in message


def test_wrong_number_of_results_is_found() -> None:
    jaxpr = chain()
    aval = jaxpr.invars[0].aval
    message = fault(with_equation(jaxpr, 1, outvars=(Var(aval), Var(aval))))
    assert message.startswith("2 variables are bound to 1 results\n")


def test_operands_that_do_not_fit_are_found() -> None:
    jaxpr = fg.make_jaxpr(lambda x, y: x + y)(np.ones(3), np.ones(3)).jaxpr
    bad = Var(ShapedArray((4,), np.dtype(float)))
    message = fault(
        Jaxpr(
            (),
            (jaxpr.invars[0], bad),
            jaxpr.outvars,
            [jaxpr.eqns[0].replace(invars=(jaxpr.invars[0], bad))],
        )
    )
    assert message.startswith(
        "the operands do not fit: add: shapes (3,) and (4,) cannot be broadcast together"
    )
    assert ">>> c:f64[3] = add a b" in message


def test_an_operand_that_is_no_atom_is_found() -> None:
    message = fault(with_equation(chain(), 1, invars=(2.0, 3.0)))
    assert message.startswith("an operand is neither variable nor literal: 2.0")


def test_unbound_output_is_found() -> None:
    jaxpr = chain()
    message = fault(jaxpr.replace(outvars=(Var(jaxpr.invars[0].aval),)))
    assert message.startswith("an output is not bound\n{ lambda ;")


def test_faults_inside_of_nested_jaxprs_are_found() -> None:
    jaxpr = fg.make_jaxpr(lambda x: fg.jit(lambda y: np.sin(y) * y)(x))(np.ones(3)).jaxpr
    [call] = jaxpr.eqns
    inner = call.params["jaxpr"]
    bad = inner.replace(eqns=inner.eqns[1:])
    message = fault(with_equation(jaxpr, 0, params={**call.params, "jaxpr": bad}))
    assert message.startswith("a variable is read before it is bound\n>>> ")


def test_constants_inside_of_nested_jaxprs_are_found() -> None:
    jaxpr = fg.make_jaxpr(lambda x: fg.jit(lambda y: np.sin(y) * y)(x))(np.ones(3)).jaxpr
    [call] = jaxpr.eqns
    inner = call.params["jaxpr"]
    bad = inner.replace(constvars=inner.invars, invars=())
    message = fault(with_equation(jaxpr, 0, params={**call.params, "jaxpr": bad}, invars=()))
    assert "a jaxpr inside of an equation has constants" in message


def test_the_message_says_after_which_pass() -> None:
    jaxpr = chain()
    message = fault(jaxpr.replace(invars=jaxpr.invars * 2), after="fusion")
    assert message == "an input is bound twice after fusion"


def test_passes_are_checked_only_if_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    jaxpr = chain()
    bad = jaxpr.replace(invars=())
    with pytest.raises(JaxprError, match="after a pass"):
        checked(bad, "a pass")
    monkeypatch.setattr(fg.config, "check_jaxprs", False)
    assert checked(bad, "a pass") is bad


def test_equations_print_on_their_own() -> None:
    [eqn] = fg.make_jaxpr(np.sin)(np.ones(3)).eqns
    assert isinstance(eqn, Equation)
    assert repr(eqn) == "b:f64[3] = sin a"
