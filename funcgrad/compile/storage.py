"""What the statement of an equation does with memory."""

from __future__ import annotations

from funcgrad.compile.buffers import FRESH, UNKNOWN, Storage
from funcgrad.compile.emitters import EMITTERS, STATEMENTS, UPDATES
from funcgrad.compile.rows import cut, reduces_rows
from funcgrad.core.jaxpr import Equation, Var


def is_plain_ufunc(eqn: Equation) -> bool:
    return eqn.primitive.ufunc is not None and not eqn.params and eqn.primitive.ufunc.nout == 1


def storage_of(eqn: Equation) -> Storage:
    """Whether results are fresh arrays or views, and where they can be written."""
    primitive = eqn.primitive
    if is_plain_ufunc(eqn):
        return Storage(FRESH, True, tuple([(0, a) for a in eqn.invars if type(a) is Var]))
    if primitive.name == "fused":
        # With several axes of rows, memory would have to be contiguous to be cut into rows.
        simple = len(eqn.params["rows"]) == 1
        return Storage(FRESH, simple, _pairs(eqn) if simple else ())
    if primitive.name in STATEMENTS:
        first = eqn.invars[0]
        if primitive.name in UPDATES and type(first) is Var:
            return Storage(FRESH, over=((0, first),))
        return Storage(FRESH)
    if "contraction" in primitive.properties and primitive.emit is None:
        return Storage(FRESH)
    if primitive.elementwise and primitive.emit is not None:
        return Storage(FRESH)
    entry = EMITTERS.get(primitive.name)
    if entry is not None and primitive.emit is None:
        kind, write = entry
        if write(eqn, ["x"] * len(eqn.invars)) is not None:
            return Storage(kind)
    return Storage(UNKNOWN)


def _pairs(eqn: Equation) -> tuple[tuple[int, Var], ...]:
    """The operands of a cluster over whose rows a result's may be written: those that were read by then."""
    body, rows = eqn.params["jaxpr"], eqn.params["rows"]
    written = {v: i for i, e in enumerate(body.eqns) for v in e.outvars}
    read: dict[Var, int] = {}
    whole: set[Var] = set()
    for i, inner in enumerate(body.eqns):
        for atom in inner.invars:
            if type(atom) is Var:
                read[atom] = i
                if not cut(atom, inner, rows):
                    whole.add(atom)
                if inner.primitive.name == "reshape":  # a view, read later
                    whole.add(atom)
    pairs: list[tuple[int, Var]] = []
    for k, out in enumerate(body.outvars):
        maker = body.eqns[written[out]]
        if reduces_rows(maker) or not is_plain_ufunc(maker):
            continue
        for outer, inner in zip(eqn.invars, body.invars, strict=True):
            if type(outer) is Var and inner not in whole and read.get(inner, -1) <= written[out]:
                pairs.append((k, outer))
    return tuple(pairs)
