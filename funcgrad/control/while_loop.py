"""The primitives `while`, a loop that runs for as long as a condition on its carry holds, and its transpose.

`while[cond_jaxpr cond_nconsts body_jaxpr body_nconsts] cond_consts body_consts init -> carry`. How many steps
there are is known when it runs. `while_transpose` runs the loop, keeps what the way back needs of each step on a
growing stack, and goes back through the stack (while_runs.py). It stands for the transpose of the loop as a
linear function of some operands, so its derivatives are loops and transposes of loops again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from funcgrad.control.call import CallPrimitive, spread
from funcgrad.control.jaxprs import (
    equation,
    fixpoint,
    permuted,
    pruned,
    select,
    split_list,
)
from funcgrad.control.partial import PartialEval, dependent
from funcgrad.control.run import WhileRunner, program
from funcgrad.control.sequential import batch_by_loop
from funcgrad.control.while_parts import Loop, batched_loop, way_back, with_tangents
from funcgrad.control.while_runs import record, replay, transposed_avals
from funcgrad.core.jaxpr import Equation, Jaxpr, dce, runs_side_effects
from funcgrad.core.primitive import BatchAxis, Linear
from funcgrad.core.tracing import build_jaxpr
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import instantiate
from funcgrad.transforms import batch as batching


def _impl(*args: Any, **params: Any) -> tuple[Any, ...]:
    loop = Loop(**params)
    cond_consts, consts, carry, _ = loop.split(args)
    runner = loop.memo("runner", lambda: WhileRunner(_n_eqns(loop)))
    steps = runner.first_steps()
    if steps:
        cond, body = program(loop.cond_jaxpr), program(loop.body_jaxpr)
        while steps and cond(*cond_consts, *carry)[0]:
            carry = list(body(*consts, *carry))
            steps -= 1
        if steps:
            return tuple(carry)
    run = runner.program(lambda compiler: compiler.while_loop(loop))
    return tuple(run(*cond_consts, *consts, *carry))


def _n_eqns(loop: Loop) -> int:
    return len(loop.cond_jaxpr.eqns) + len(loop.body_jaxpr.eqns)


def _carry_avals(loop: Loop) -> list[ShapedArray]:
    return [v.aval for v in loop.body_jaxpr.invars[loop.body_nconsts :]]


def _tangent_avals(loop: Loop) -> list[ShapedArray]:
    return [a.strip_weak_type() for a in _carry_avals(loop)]


def _bind(loop: Loop, *operands: Any) -> Sequence[Any]:
    return while_p(*operands, **loop._asdict())


def _present(values: Sequence[Any]) -> list[Any]:
    return [v for v in values if v is not None]


def _tangents(primals: Sequence[Any], tangents: Sequence[Any], loop: Loop) -> Any:
    """Values and tangents, by one loop."""
    cond_consts, consts, init, _ = loop.split(primals)
    _, t_consts, t_init, _ = loop.split(tangents)
    double, nonzero = with_tangents(
        loop, [t is not None for t in t_consts], [t is not None for t in t_init]
    )
    t_init = [
        instantiate(t, a) if nz else None
        for t, a, nz in zip(t_init, _tangent_avals(loop), nonzero, strict=True)
    ]
    outs = _bind(double, *cond_consts, *consts, *_present(t_consts), *init, *_present(t_init))
    return outs[: loop.n_carry], spread(outs[loop.n_carry :], nonzero)


def _jvp(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> Any:
    loop = Loop(**params)
    n = loop.cond_nconsts
    if all(t is None for t in tangents[n:]):
        return _bind(loop, *primals), [None] * loop.n_carry
    return _tangents(primals, tangents, loop)


def _linearize(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> Any:
    loop = Loop(**params)
    outs = _bind(loop, *primals)
    if all(t is None for t in tangents[loop.cond_nconsts :]):
        return outs, [None] * loop.n_carry
    return outs, _tangents(primals, tangents, loop.quiet())[1]


def _partial_eval(eqn: Equation, unknown: Sequence[bool]) -> PartialEval | None:
    loop = Loop(**eqn.params)
    u_cond, u_consts, u_init, _ = loop.split(unknown)
    n = loop.n_carry
    carry = fixpoint(lambda c: (None, dependent(loop.body_jaxpr, [*u_consts, *c])[:n]), u_init)[1]
    if all(carry) or dependent(loop.cond_jaxpr, [*u_cond, *carry])[0]:
        return None
    known_carry = [not c for c in carry]
    avals = [a.aval for a in eqn.invars]
    smaller, kept = _without(loop, known_carry)
    again = loop.quiet([*u_consts, *carry])

    def run_known(*operands: Any) -> list[Any]:
        values = spread(operands, [not u for u in unknown])
        return [*_bind(smaller, *select(values, kept)), *operands]

    def run_rest(*operands: Any) -> list[Any]:
        known, others = iter(operands), iter(operands[len(unknown) - sum(unknown) :])
        outs = _bind(again, *[next(others if u else known) for u in unknown])
        return select(outs, carry)

    known_avals = select(avals, unknown, False)
    return PartialEval(
        build_jaxpr(run_known, known_avals, name="while"),
        dce(build_jaxpr(run_rest, [*known_avals, *select(avals, unknown)], name="while")),
        len(known_avals),
        carry,
    )


def _without(loop: Loop, used: Sequence[bool]) -> tuple[Loop, list[bool]]:
    """The loop with these carries only, and those that they and the condition need; which operands are left."""
    n_cond, n_consts = loop.cond_nconsts, loop.body_nconsts
    _, in_cond = pruned(loop.cond_jaxpr, [True])

    def step(carry: tuple[bool, ...]) -> tuple[Any, Sequence[bool]]:
        found = pruned(loop.body_jaxpr, carry, [*[False] * n_consts, *carry])
        return found, found[1][n_consts:]

    start = [u or c for u, c in zip(used, in_cond[n_cond:], strict=True)]
    (body, kept), carry = fixpoint(step, start)
    keep_cond = [*[True] * n_cond, *carry]
    cond = permuted(loop.cond_jaxpr, [i for i, k in enumerate(keep_cond) if k])
    left = [*[True] * n_cond, *kept[:n_consts], *carry]
    return Loop(cond, n_cond, body, sum(kept[:n_consts])), left


def _dce(eqn: Equation, used: Sequence[bool]) -> Equation:
    loop = Loop(**eqn.params)
    smaller, left = _without(loop, used)
    if all(left):
        return eqn
    carry = left[len(left) - loop.n_carry :]
    return equation(
        while_p, select(eqn.invars, left), select(eqn.outvars, carry), smaller._asdict(), eqn
    )


def _batch(axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool], **params: Any) -> Any:
    loop = Loop(**params)
    b_cond, b_consts, b_init, _ = loop.split(batched)
    new, carry, masked = batched_loop(loop, axis, b_cond, b_consts, b_init)
    if masked and runs_side_effects(loop.cond_jaxpr, loop.body_jaxpr):
        # An example that is done has no more effects, but in a loop for all its body would still run.
        return batch_by_loop(while_p, axis, operands, batched, params)
    cond_consts, consts, init, _ = loop.split(operands)
    init = [
        batching.to_batch(x, axis) if after and not before else x
        for x, before, after in zip(init, b_init, carry, strict=True)
    ]
    own = [*cond_consts, *consts] if masked else consts
    return _bind(new, *cond_consts, *own, *init), list(carry)


# The transpose


def _transpose(cts: Sequence[Any], *operands: Any, **params: Any) -> list[Any]:
    loop = Loop(**params)
    cond_consts, consts, init, _ = loop.split(operands)
    linear = [type(x) is Linear for x in (*consts, *init)]
    found = _bind_transpose(loop, linear, cond_consts, [*consts, *init], cts)
    return [*[None] * len(cond_consts), *spread(found, linear)]


def _bind_transpose(
    loop: Loop,
    linear: Sequence[bool],
    cond_consts: Sequence[Any],
    operands: Sequence[Any],
    cts: Sequence[Any],
) -> Sequence[Any]:
    """Cotangents of the linear ones among the body's constants and the initial carry.

    `operands` may hold anything in the places of the linear ones; `cts` has None for zeros.
    """
    carry = way_back(loop, tuple(linear)).carry
    # Cotangents of what does not depend on linear operands go nowhere.
    given = [ct is not None and c for ct, c in zip(cts, carry, strict=True)]
    return while_transpose_p(
        *cond_consts,
        *select(operands, linear, False),
        *select(cts, given),
        **loop._asdict(),
        linear=tuple(linear),
        given=tuple(given),
    )


class _Parts:
    """The operands of `while_transpose` in the places that they have in the loop."""

    def __init__(self, values: Sequence[Any], params: dict[str, Any]) -> None:
        params = dict(params)
        self.linear: tuple[bool, ...] = params.pop("linear")
        self.given: tuple[bool, ...] = params.pop("given")
        self.loop = loop = Loop(**params)
        n_operands = len(self.linear) - sum(self.linear)
        self.cond_consts, known, cts = split_list(values, loop.cond_nconsts, n_operands)
        self.operands = spread(known, [not lin for lin in self.linear])
        self.cts = spread(cts, self.given)


def _t_impl(*args: Any, **params: Any) -> tuple[Any, ...]:
    p = _Parts(args, params)
    known = select(p.operands, p.linear, False)
    _, stack = record(p.loop, p.linear, p.cond_consts, known)
    return replay(p.loop, p.linear, p.given, stack, _present(p.cts))


def _t_abstract(*avals: ShapedArray, **params: Any) -> tuple[ShapedArray, ...]:
    return transposed_avals(params["linear"], params["body_jaxpr"])


def _t_jvp(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> Any:
    outs = while_transpose_p(*primals, **params)
    p, t = _Parts(primals, params), _Parts(tangents, params)
    loop = p.loop
    if all(x is None for x in t.operands):
        return outs, list(_bind_transpose(loop, p.linear, p.cond_consts, p.operands, t.cts))
    consts, init = split_list(p.operands, loop.body_nconsts)
    t_consts, t_init = split_list(t.operands, loop.body_nconsts)
    l_consts, l_init = split_list(p.linear, loop.body_nconsts)
    double, nonzero = with_tangents(
        loop, [x is not None for x in t_consts], [x is not None for x in t_init]
    )
    t_init = [
        instantiate(x, a) if nz else None
        for x, a, nz in zip(t_init, _tangent_avals(loop), nonzero, strict=True)
    ]
    own_t_consts, own_t_init = _present(t_consts), _present(t_init)
    # The transpose of (values, tangents) as functions of the linear operands: the tangent of a product.
    linear = [*l_consts, *[False] * len(own_t_consts), *l_init, *[False] * len(own_t_init)]
    operands = [*consts, *own_t_consts, *init, *own_t_init]
    cts = [*t.cts, *select(p.cts, nonzero)]
    return outs, list(_bind_transpose(double, linear, p.cond_consts, operands, cts))


def _t_transpose(cts: Sequence[Any], *operands: Any, **params: Any) -> list[Any]:
    p = _Parts(operands, params)
    loop = p.loop
    avals = [v.aval.strip_weak_type() for v in loop.body_jaxpr.invars]
    # `s` is the cotangent of the cotangents: it takes the places of the linear operands.
    s = [
        instantiate(ct, a) if lin else None
        for ct, a, lin in zip(spread(cts, p.linear), avals, p.linear, strict=True)
    ]
    values = [a if lin else b for a, b, lin in zip(s, p.operands, p.linear, strict=True)]
    is_linear = [type(x) is Linear for x in values]
    ct_of_cts: list[Any] = [None] * loop.n_carry
    if any(type(ct) is Linear for ct in p.cts):
        plain = [instantiate(None, x.aval) if type(x) is Linear else x for x in values]
        ct_of_cts = list(_bind(loop, *p.cond_consts, *plain))
    ct_of_values: list[Any] = [None] * len(values)
    if any(is_linear):
        known_cts = [None if type(ct) is Linear else ct for ct in p.cts]
        found = _bind_transpose(loop, is_linear, p.cond_consts, values, known_cts)
        ct_of_values = spread(found, is_linear)
    return [
        *[None] * len(p.cond_consts),
        *select(ct_of_values, p.linear, False),
        *[
            ct if type(x) is Linear else None
            for x, ct, given in zip(p.cts, ct_of_cts, p.given, strict=True)
            if given
        ],
    ]


def _t_batch(
    axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool], **params: Any
) -> Any:
    p, b = _Parts(operands, params), _Parts(batched, params)
    loop = p.loop
    # Every example has its own cotangents of the linear operands.
    flags = [lin or bool(f) for f, lin in zip(b.operands, p.linear, strict=True)]
    b_consts, b_init = split_list(flags, loop.body_nconsts)
    new, carry, masked = batched_loop(loop, axis, b.cond_consts, b_consts, b_init)
    l_consts, l_init = split_list(p.linear, loop.body_nconsts)
    consts, init = split_list(p.operands, loop.body_nconsts)
    init = [
        batching.to_batch(x, axis) if after and not (before or lin) else x
        for x, before, after, lin in zip(init, b_init, carry, l_init, strict=True)
    ]
    cts = [
        batching.to_batch(ct, axis) if ct is not None and not f else ct
        for ct, f in zip(p.cts, b.cts, strict=True)
    ]
    extra = p.cond_consts if masked else []
    linear = [*[False] * len(extra), *l_consts, *l_init]
    outs = _bind_transpose(new, linear, p.cond_consts, [*extra, *consts, *init], cts)
    return outs, True


def _effects(cond_jaxpr: Jaxpr, body_jaxpr: Jaxpr, **params: Any) -> frozenset[str]:
    return cond_jaxpr.effects | body_jaxpr.effects


while_p = CallPrimitive(
    "while",
    impl=_impl,
    abstract=lambda *avals, **params: tuple(_carry_avals(Loop(**params))),
    jvp=_jvp,
    linearize=_linearize,
    transpose=_transpose,
    batch=_batch,
    partial_eval=_partial_eval,
    dce=_dce,
    multiple_results=True,
    effects=_effects,
    properties=frozenset({"loop"}),
)
while_transpose_p = CallPrimitive(
    "while_transpose",
    impl=_t_impl,
    abstract=_t_abstract,
    jvp=_t_jvp,
    transpose=_t_transpose,
    batch=_t_batch,
    multiple_results=True,
    effects=_effects,
    properties=frozenset({"loop"}),
)
