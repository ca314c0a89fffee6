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
