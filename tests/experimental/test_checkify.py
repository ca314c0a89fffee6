"""`experimental.checkify`: checks whose failure is a result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.errors import ArgumentError, CheckError
from funcgrad.experimental import checkify


def log(x: Any) -> Any:
    checkify.check(x > 0, "x is {x}", x=x)
    return {"log": np.log(x), "count": 3}


@pytest.mark.parametrize("transform", [lambda f: f, fg.jit], ids=["plain", "jit"])
def test_user_checks(transform: Any) -> None:
    checked = checkify.checkify(transform(log))
    error, out = checked(np.e)
    assert error.get() is None
    assert error.get_exception() is None
    error.throw()
    assert out["log"] == pytest.approx(1.0)
    error, out = checked(-1.0)
    assert error.get().startswith("x is -1.0")
    assert np.isnan(out["log"])
    assert out["count"] == 0
    with pytest.raises(CheckError, match=r"x is -1\.0"):
        checkify.check_error(error)


def test_checks_within_derivatives_and_batches() -> None:
    slope = checkify.checkify(fg.grad(lambda x: log(x)["log"]))
    assert slope(2.0)[1] == pytest.approx(0.5)
    assert slope(-2.0)[0].get().startswith("x is -2.0")
    error, out = checkify.checkify(fg.vmap(log))(np.array([1.0, -3.0]))
    assert "x is -3.0" in error.get()
    assert out["log"].shape == (2,)


@pytest.mark.parametrize(
    ("f", "args", "checks", "message"),
    [
        (np.log, (-1.0,), checkify.nan_checks, "log made NaN"),
        (lambda x: 1.0 / x, (0.0,), checkify.div_checks, "div made infinity"),
        (lambda x: 1.0 / x, (0.0,), checkify.float_checks, "div made infinity"),
        (lambda x: 1.0 / x, (0.0,), checkify.nan_checks, None),
        (lambda x, i: x[i], (np.ones(3), 5), checkify.index_checks, "index 5 is out of bounds"),
        (np.log, (-1.0,), checkify.all_checks, "log made NaN"),
    ],
)
def test_automatic_checks(f: Any, args: Any, checks: Any, message: Any) -> None:
    error, _ = checkify.checkify(f, errors=checks)(*args)
    assert error.get() is None if message is None else error.get().startswith(message)


def test_what_is_not_checked_is_raised() -> None:
    with pytest.raises(IndexError):
        checkify.checkify(lambda x: x[5])(np.ones(3))
    with pytest.raises(ArgumentError, match="no checks"):
        checkify.checkify(np.log, errors=frozenset({"overflow"}))


def test_errors_pass_through_jit() -> None:
    error, out = fg.jit(checkify.checkify(log))(np.e)
    assert isinstance(error, checkify.Error)
    assert error.get() is None
    assert out["log"] == pytest.approx(1.0)
