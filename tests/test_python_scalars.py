"""Python's numbers as arguments: every function of NumPy's that takes one takes a traced one."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad.core import dispatch
from funcgrad.core.errors import FuncgradError

fnp._load_all()
FUNCTIONS = {dispatch.name_of(f): f for f in (*dispatch.FUNCTIONS, *dispatch.UFUNCS)}
NUMBERS = (0.7, 3, True, 0.3 + 0.2j)


def numpys(function: Any, number: Any) -> Any:
    """What NumPy returns, None if it does not take the number."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return fg.tree.leaves(function(number))
        except Exception:
            return None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_traced_numbers(name: str) -> None:
    function = FUNCTIONS[name]
    if name in ("np.empty_like", "np.trim_zeros"):
        pytest.skip("the result is not defined, or NumPy returns the argument as it is")
    for number in NUMBERS:
        expected = numpys(function, number)
        if expected is None or any(np.asarray(e).dtype.kind not in "biufc" for e in expected):
            continue
        try:
            with np.errstate(all="ignore"):
                closed = fg.make_jaxpr(function)(number)
                got = fg.eval_jaxpr(closed.jaxpr, closed.consts, number)
                if isinstance(number, float):
                    fg.vjp(function, number)
                    fg.jvp(function, (number,), (1.0,))
        except FuncgradError:
            continue  # it says why
        for a, b in zip(got, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)
            assert np.shape(a) == np.shape(b)
            # np.real(True) is the integer that Python's bool has as its real part.
            if number is not True or name not in ("np.real", "np.imag"):
                assert np.asarray(a).dtype == np.asarray(b).dtype


SINGLE = np.ones(3, np.float32)
# As in NumPy, operators keep a Python float, which gives way to float32; functions make a float64 of it.
PROMOTIONS = {
    "sin": lambda s: np.sin(s) * SINGLE,
    "multiply": lambda s: np.multiply(s, 2) * SINGLE,
    "operators": lambda s: (-s * 2 + s**2) * SINGLE,
    "abs": lambda s: (abs(s) * SINGLE, np.abs(s) * SINGLE),
    "where": lambda s: np.where(s > 0, s, 0) * SINGLE,
    "asarray": lambda s: np.asarray(s) * SINGLE,
    "copy": lambda s: np.copy(s) * SINGLE,
    "norm": lambda s: np.linalg.norm(s) * SINGLE,
    "sinc": lambda s: np.sinc(s) * SINGLE,
    "reduce": lambda s: np.add.reduce(s) * SINGLE,
    "modf": lambda s: np.modf(s)[0] * SINGLE,
    "divmod": lambda s: (divmod(s, 2)[1] * SINGLE, np.divmod(s, 2)[1] * SINGLE),
    "one value of both types": lambda s: (lambda a: (a * SINGLE, np.conj(a) * SINGLE))(s * 2),
}


def jvp(fun: Any) -> Any:
    return lambda s: fg.jvp(fun, (s,), (1.0,))[0]


TRANSFORMS = {
    "jit": fg.jit,
    "jvp": jvp,
    "vjp": lambda fun: lambda s: fg.vjp(fun, s)[0],
    "linearize": lambda fun: lambda s: fg.linearize(fun, s)[0],
    "jacfwd": fg.jacfwd,
    "jit(jvp)": lambda fun: fg.jit(jvp(fun)),
    "jvp(jit)": lambda fun: jvp(fg.jit(fun)),
    "jvp(checkpoint)": lambda fun: jvp(fg.checkpoint(fun)),
    "jvp(cond)": lambda fun: jvp(lambda s: fg.lax.cond(True, fun, fun, s)),
    "jvp(vjp)": lambda fun: jvp(lambda s: fg.vjp(fun, s)[0]),
    "jvp of a constant": lambda fun: lambda s: jvp(lambda t: jvp(fun)(s))(2.0),
    "vmap": lambda fun: (
        lambda s: fg.tree.map(lambda x: x[0], fg.vmap(lambda i: fun(s))(np.arange(2)))
    ),
}


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("name", PROMOTIONS)
def test_promotion_of_python_floats_under_transforms(name: str, transform: str) -> None:
    fun = PROMOTIONS[name]
    expected = [x.dtype for x in fg.tree.leaves(fun(0.5))]
    assert [x.dtype for x in fg.tree.leaves(TRANSFORMS[transform](fun)(0.5))] == expected


def test_integers_beyond_numpys() -> None:
    def scaled(x: Any) -> Any:
        return x * 2**70, 2**64 - x, x < 2**70, x / -(2**65)

    for got in (fg.jvp(scaled, (1.5,), (1.0,))[0], fg.jit(scaled)(1.5), fg.jit(scaled)(-0.5)):
        expected = scaled(-0.5 if got[0] < 0 else 1.5)
        np.testing.assert_array_equal(got, expected)
    for factor in (2, 2**62, 2**63, -(2**70)):
        assert fg.grad(lambda x, factor=factor: x * factor)(2.0) == factor

    def compared(x: Any) -> Any:
        return x < 2**70, x > -(2**70), x == 2**64, x != 2**63, x < 3

    for x in (np.arange(5), np.arange(5, dtype=np.uint8)):
        np.testing.assert_array_equal(fg.jit(compared)(x), compared(x))
