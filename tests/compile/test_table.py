"""Every function of the table, and its gradient: clusters, threads and exported modules against the interpreter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from funcgrad.core.tracing import build_jaxpr
from funcgrad.core.tree import tree_flatten
from funcgrad.core.types import ShapedArray, aval_of
from funcgrad.errors import FuncgradError
from funcgrad.transforms.transpose import vjp
from tests.cases import CASES, Case
from tests.compile.compare import check
from tests.compile.exported import check_exported


def _jaxpr(case: Case, args: Any) -> Any:
    leaves, tree = tree_flatten(args)
    avals = [aval_of(leaf).strip_weak_type() for leaf in leaves]

    def flat(*traced: Any) -> list[Any]:
        return tree_flatten(case(*tree.unflatten(traced)))[0]

    return build_jaxpr(flat, avals, name=case.id), leaves


def _cotangent(aval: ShapedArray, rng: Any) -> Any:
    value = rng.uniform(0.5, 1.5, aval.shape)
    if aval.dtype.kind == "c":
        value = value + 1j * rng.uniform(0.5, 1.5, aval.shape)
    return np.asarray(value, aval.dtype)[()]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_compiled_is_interpreted(case: Case) -> None:
    for dtype in dict.fromkeys(case.dtypes):
        try:
            jaxpr, leaves = _jaxpr(case, case.arguments(dtype))
        except FuncgradError:
            pytest.skip("needs values while it is traced")
        if jaxpr.effects:
            pytest.skip("has effects")
        got = check(jaxpr, leaves, rtol=1e-8)
        check_exported(jaxpr, leaves, got, rtol=1e-8)
        if not case.order or dtype not in ("float64", "complex128"):
            continue
        rng = case.rng("cotangents")
        nonzero = [v.aval.dtype.kind in "fc" for v in jaxpr.invars]
        cts = [_cotangent(v.aval, rng) for v in jaxpr.outvars if v.aval.dtype.kind in "fc"]
        gradient, args = vjp(jaxpr, nonzero), [*leaves, *cts]
        check_exported(gradient, args, check(gradient, args, rtol=1e-6), rtol=1e-6)
