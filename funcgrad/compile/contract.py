"""Contractions: a sum of products becomes one call instead of two."""

from __future__ import annotations

from collections import Counter

import numpy as np

from funcgrad.core.jaxpr import Atom, Equation, Jaxpr, Literal, Var
from funcgrad.core.primitive import PRIMITIVES

# Longer sums are left to NumPy, which adds pairwise and so more accurately than BLAS.
LONGEST = 1024
# In clusters, arrays with a last axis as short as this are laid out in planes.
_SHORT = 8


def contract(jaxpr: Jaxpr) -> Jaxpr:
    """Replace `sum(x * y)` over the last axis by `dot_general`, here and in clusters."""
    eqns = _contract(jaxpr, 1, 0)
    for i, eqn in enumerate(eqns):
        if eqn.primitive.name == "fused":
            body = eqn.params["jaxpr"]
            inner = _contract(body, _SHORT, len(eqn.params["rows"]))
            if len(inner) != len(body.eqns):
                params = {**eqn.params, "jaxpr": body.replace(eqns=inner)}
                eqns[i] = eqn.replace(params=params)
    return jaxpr.replace(eqns=eqns)


def _contract(jaxpr: Jaxpr, shortest: int, n_rows: int) -> list[Equation]:
    uses = Counter(a for eqn in jaxpr.eqns for a in eqn.invars if type(a) is Var)
    uses.update(a for a in jaxpr.outvars if type(a) is Var)
    makers: dict[Atom, Equation] = {v: eqn for eqn in jaxpr.eqns for v in eqn.outvars}
    dropped: set[Equation] = set()
    eqns = []
    for eqn in jaxpr.eqns:
        product = makers.get(eqn.invars[0]) if eqn.primitive.name == "reduce_sum" else None
        if (
            product is None
            or uses[product.outvars[0]] != 1
            or not _fits(product, eqn, shortest, n_rows)
        ):
            eqns.append(eqn)
            continue
        dropped.add(product)
        last = len(product.outvars[0].aval.shape) - 1
        batch = tuple(range(last))
        numbers = (((last,), (last,)), (batch, batch))
        eqns.append(
            Equation(
                PRIMITIVES["dot_general"],
                product.invars,
                eqn.outvars,
                {"dimension_numbers": numbers},
                eqn.source,
            )
        )
    return [eqn for eqn in eqns if eqn not in dropped]


def _fits(product: Equation, total: Equation, shortest: int, n_rows: int) -> bool:
    if product.primitive.ufunc is not np.multiply or product.params:
        return False
    aval = product.outvars[0].aval
    last = len(aval.shape) - 1
    return (
        total.params["axes"] == (last,)
        and last >= n_rows
        and aval.dtype.kind == "f"
        and aval.dtype.itemsize >= 4
        and shortest < aval.shape[last] <= LONGEST
        and all(
            type(a) is not Literal and a.aval.shape == aval.shape and a.aval.dtype == aval.dtype
            for a in product.invars
        )
    )
