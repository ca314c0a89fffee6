"""Whether a result shares memory with an argument is NumPy's answer, for every function of the table.

An array that the traced function made is given to each function; what it returns is overwritten. If
NumPy returns a view, the array changes, and else it stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.core.errors import ConcretizationError
from tests.cases import CASES, Case
from tests.flat import Call, copies, flatten, quiet


def overwrite(call: Call, leaves: Sequence[Any]) -> list[Any]:
    """The arguments after each writable array among the results was filled with 1."""
    outs = flatten(call.case(*call.arguments(leaves)))[0]
    for out in outs:
        if hasattr(out, "flags") and out.flags.writeable and out.size:
            out[...] = 1
    return [x for x in leaves if np.ndim(x)]  # traced 0-d arguments are scalars, hence immutable


# Primitives, which return views of plain arrays, and a function whose views it is deprecated to write to.
LEFT_OUT = ("rev", "basic.transpose", "dynamic_slice", "broadcast_arrays")
CHECKED = [case for case in CASES if case.name not in LEFT_OUT]


@pytest.mark.parametrize("case", CHECKED, ids=[case.id for case in CHECKED])
def test_results_share_memory_as_numpys(case: Case) -> None:
    dtype = None if case.args else "float64" if case.grad else case.dtypes[0]
    call = Call(case, case.arguments(dtype))
    with quiet():
        expected = overwrite(call, copies(call.active))

    def fun(*leaves: Any) -> Any:
        return overwrite(call, [x.copy() if x.ndim else x for x in leaves])

    try:
        got = fg.jit(fun)(*call.active)
    except ConcretizationError:
        closed = fg.make_jaxpr(fun)(*call.active)
        got = fg.eval_jaxpr(closed.jaxpr, closed.consts, *call.active)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_array_equal(a, b)
