"""The primitive `scan`: a loop of known length that carries values and stacks others.

`scan[jaxpr length reverse num_consts num_carry] consts init xs -> carry ys`. The body's inputs are
constants, the carry, and slices of `xs`; its outputs the next carry, and slices of `ys`.
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
from funcgrad.control.run import ScanRunner
from funcgrad.control.scan_split import (
    LoopSplit,
    Part,
    linearized_loop,
    partial_loop,
    stacked_avals,
)
from funcgrad.core.errors import ArgumentError
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Equation, Jaxpr
from funcgrad.core.primitive import BatchAxis, Linear
from funcgrad.core.tracing import build_jaxpr
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import add_any, instantiate, move_axis, zeros
from funcgrad.transforms import batch as batching
from funcgrad.transforms import forward
from funcgrad.transforms import transpose as transposition


def _impl(*args: Any, **params: Any) -> tuple[Any, ...]:
    runner = params["jaxpr"].memo(("run", *_key(params)), lambda: ScanRunner(params))
    return tuple(runner(*args))


def _abstract(
    *avals: ShapedArray, jaxpr: Jaxpr, length: int, reverse: bool, num_consts: int, num_carry: int
) -> tuple[ShapedArray, ...]:
    for aval, var in zip(avals[: num_consts + num_carry], jaxpr.invars, strict=False):
        _check_type(aval, var.aval)
    for aval, var in zip(
        avals[num_consts + num_carry :], jaxpr.invars[num_consts + num_carry :], strict=True
    ):
        _check_type(aval, ShapedArray((length, *var.aval.shape), var.aval.dtype))
    carry = [v.aval for v in jaxpr.invars[num_consts : num_consts + num_carry]]
    for aval, out in zip(carry, jaxpr.outvars, strict=False):
        _check_type(out.aval, aval)
    return (*carry, *stacked_avals(jaxpr.out_avals[num_carry:], length))


def _check_type(got: ShapedArray, expected: ShapedArray) -> None:
    if got.shape != expected.shape or got.dtype != expected.dtype:
        raise ArgumentError(
            f"scan: an operand of type {got} stands for an input of type {expected}"
        )


def _bind(params: dict[str, Any]) -> Any:
    """A function that records a scan like another, with another body."""

    def bind(
        jaxpr: Jaxpr, consts: Sequence[Any], init: Sequence[Any], xs: Sequence[Any]
    ) -> Sequence[Any]:
        return scan_p(
            *consts,
            *init,
            *xs,
            jaxpr=jaxpr,
            length=params["length"],
            reverse=params["reverse"],
            num_consts=len(consts),
            num_carry=len(init),
        )

    return bind


def _part(params: dict[str, Any]) -> Part:
    return Part(params["jaxpr"], params["num_consts"], params["num_carry"])


def _key(params: dict[str, Any]) -> tuple[Any, ...]:
    return (params["length"], params["reverse"], params["num_consts"], params["num_carry"])


# Forward mode


def _jvp(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> Any:
    jaxpr, n_consts, n_carry = _part(params)
    t_consts, t_init, t_xs = split_list(tangents, n_consts, n_carry)
    body, carry_nonzero, ys_nonzero = _jvp_body(params, [t is not None for t in tangents])
    t_init = _instantiated(t_init, jaxpr, carry_nonzero)
    consts, init, xs = split_list(primals, n_consts, n_carry)
    outs = _bind(params)(
        body,
        [*consts, *_present(t_consts)],
        [*init, *_present(t_init)],
        [*xs, *_present(t_xs)],
    )
    carry, t_carry, ys, t_ys = split_list(
        outs, n_carry, sum(carry_nonzero), len(jaxpr.outvars) - n_carry
    )
    return [*carry, *ys], [*spread(t_carry, carry_nonzero), *spread(t_ys, ys_nonzero)]


def _present(values: Sequence[Any]) -> list[Any]:
    return [v for v in values if v is not None]


def _instantiated(t_init: Sequence[Any], jaxpr: Jaxpr, nonzero: Sequence[bool]) -> list[Any]:
    """The tangents of the initial carry: zeros for those that do not stay zero."""
    return [
        instantiate(t, v.aval.strip_weak_type()) if nz else None
        for t, v, nz in zip(t_init, jaxpr.outvars, nonzero, strict=False)
    ]


def _jvp_body(
    params: dict[str, Any], nonzero: Sequence[bool]
) -> tuple[Jaxpr, tuple[bool, ...], tuple[bool, ...]]:
    """The body with tangents behind each group, and which carries and outputs have them."""
    jaxpr, n_consts, n_carry = _part(params)
    consts, init, xs = split_list(nonzero, n_consts, n_carry)
    n_ys = len(jaxpr.outvars) - n_carry

    def step(carry: tuple[bool, ...]) -> tuple[forward.Jvp, Sequence[bool]]:
        wanted = [*carry, *[False] * n_ys]
        found = forward.jvp(jaxpr, [*consts, *carry, *xs], instantiate=wanted)
        return found, found.out_nonzero[:n_carry]

    (double, out_nonzero), carry = fixpoint(step, init)
    sizes = [n_consts, n_carry, len(xs), sum(consts), sum(carry)]
    i_consts, i_carry, i_xs, t_consts, t_carry, t_xs = split_list(range(len(double.invars)), *sizes)
    o_carry, o_ys, ot_carry, ot_ys = split_list(
        range(len(double.outvars)), n_carry, n_ys, sum(carry)
    )
    body = permuted(
        double,
        [*i_consts, *t_consts, *i_carry, *t_carry, *i_xs, *t_xs],
        [*o_carry, *ot_carry, *o_ys, *ot_ys],
    )
    return body, carry, tuple(out_nonzero[n_carry:])


def _linearize(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> Any:
    jaxpr, n_consts, n_carry = _part(params)
    nonzero = tuple([t is not None for t in tangents])
    found: LoopSplit = jaxpr.memo(
        ("linearize_scan", nonzero, _key(params)),
        lambda: linearized_loop(_part(params), nonzero, params["length"], _bind(params)),
    )
    results = eval_jaxpr(found.known, (), *primals)
    outs, residuals = split_list(results, len(jaxpr.outvars))
    t_consts, t_init, t_xs = split_list(tangents, n_consts, n_carry)
    t_init = _instantiated(t_init, jaxpr, found.carry_unknown)
    given = [*_present(t_consts), *_present(t_init), *_present(t_xs)]
    return outs, spread(eval_jaxpr(found.rest, (), *residuals, *given), found.out_unknown)


def _partial_eval(eqn: Equation, unknown: Sequence[bool]) -> PartialEval | None:
    params = eqn.params
    flags = tuple(unknown)
    return params["jaxpr"].memo(
        ("partial_scan", flags, _key(params)),
        lambda: partial_loop(eqn, _part(params), flags, params["length"], _bind(params)),
    )


# Transposition


def _transpose(cts: Sequence[Any], *operands: Any, **params: Any) -> list[Any]:
    jaxpr, n_consts, n_carry = _part(params)
    linear = [type(x) is Linear for x in operands]
    l_consts, l_init, l_xs = split_list(linear, n_consts, n_carry)
    if not all(linear_carry(jaxpr, l_consts, l_init, l_xs)):
        return _transpose_mixed(cts, operands, linear, params)
    consts, _, xs = split_list(operands, n_consts, n_carry)
    ct_carry, ct_ys = split_list(cts, n_carry)
    given = tuple([ct is not None for ct in ct_ys])
    body = jaxpr.memo(
        ("transpose_scan", tuple(linear), given, n_consts),
        lambda: _transposed_body(jaxpr, l_consts, n_carry, l_xs, given),
    )
    sums = [zeros(x.aval.strip_weak_type()) for x in select(consts, l_consts)]
    init = [
        instantiate(ct, v.aval.strip_weak_type())
        for ct, v in zip(ct_carry, jaxpr.outvars, strict=False)
    ]
    outs = _bind(params | {"reverse": not params["reverse"]})(
        body,
        select(consts, l_consts, False),
        [*sums, *init],
        [*select(xs, l_xs, False), *_present(ct_ys)],
    )
    ct_consts, ct_init, ct_xs = split_list(outs, len(sums), n_carry)
    # A carry may start as zero, and be no operand that is linear.
    ct_init = [ct if lin else None for ct, lin in zip(ct_init, l_init, strict=True)]
    return [*spread(ct_consts, l_consts), *ct_init, *spread(ct_xs, l_xs)]


def linear_carry(
    jaxpr: Jaxpr, consts: Sequence[bool], init: Sequence[bool], xs: Sequence[bool] = ()
) -> tuple[bool, ...]:
    """Which carries depend on operands that are linear."""
    n = len(init)
    return fixpoint(lambda c: (None, dependent(jaxpr, [*consts, *c, *xs])[:n]), init)[1]


def _transposed_body(
    jaxpr: Jaxpr,
    l_consts: Sequence[bool],
    n_carry: int,
    l_xs: Sequence[bool],
    given: Sequence[bool],
) -> Jaxpr:
    """One step backwards; cotangents of constants are summed in the carry."""
    linear = [*l_consts, *[True] * n_carry, *l_xs]
    backward = transposition.transpose(jaxpr, linear, [*[True] * n_carry, *given])
    n_sums, n_consts = sum(l_consts), len(l_consts) - sum(l_consts)
    n_xs = len(l_xs) - sum(l_xs)
    sum_avals = [v.aval.strip_weak_type() for v in select(jaxpr.invars, linear)[:n_sums]]
    avals = list(backward.in_avals)

    def fun(*args: Any) -> list[Any]:
        consts, sums, ct_carry, xs, ct_ys = split_list(args, n_consts, n_sums, n_carry, n_xs)
        found = eval_jaxpr(backward, (), *consts, *xs, *ct_carry, *ct_ys)
        terms, others = split_list(found, n_sums)
        return [*[add_any(s, t) for s, t in zip(sums, terms, strict=True)], *others]

    c_avals, x_avals, ct_avals, ct_y_avals = split_list(avals, n_consts, n_xs, n_carry)
    return build_jaxpr(
        fun, [*c_avals, *sum_avals, *ct_avals, *x_avals, *ct_y_avals], name="transpose"
    )


def _transpose_mixed(
    cts: Sequence[Any], operands: Sequence[Any], linear: Sequence[bool], params: dict[str, Any]
) -> list[Any]:
    """A loop that also carries what is not linear (a counter): that is run first, then the rest transposed."""
    eqn = _equation(operands, params)
    split = _partial_eval(eqn, linear)
    assert split is not None
    results = eval_jaxpr(split.known, (), *select(operands, linear, False))
    n = len(results) - split.n_residuals
    unknown_cts = select(cts, split.out_unknown)
    backward = transposition.backward(
        split.rest,
        [*[False] * split.n_residuals, *[True] * sum(linear)],
        [*results[n:], *[None] * sum(linear)],
        unknown_cts,
    )
    return spread(backward[split.n_residuals :], linear)


def _equation(operands: Sequence[Any], params: dict[str, Any]) -> Equation:
    """An equation for operands of these types; its variables mean nothing."""
    jaxpr, n_consts, n_carry = _part(params)
    consts, init, xs = split_list(jaxpr.invars, n_consts, n_carry)
    inputs = [
        type(v)(a)
        for v, a in zip(xs, stacked_avals([v.aval for v in xs], params["length"]), strict=True)
    ]
    return Equation(scan_p, (*consts, *init, *inputs), (), params)


# Batching


def _batch(axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool], **params: Any) -> Any:
    jaxpr, n_consts, n_carry = _part(params)
    b_consts, b_init, b_xs = split_list(batched, n_consts, n_carry)
    n_ys = len(jaxpr.outvars) - n_carry

    def step(carry: tuple[bool, ...]) -> tuple[batching.Batched, Sequence[bool]]:
        wanted = [*carry, *[False] * n_ys]
        found = batching.batch(jaxpr, axis, [*b_consts, *carry, *b_xs], out_batched=wanted)
        return found, found.out_batched[:n_carry]

    (body, out_batched), b_carry = fixpoint(step, b_init)
    consts, init, xs = split_list(operands, n_consts, n_carry)
    init = [
        batching.to_batch(x, axis) if new and not old else x
        for x, old, new in zip(init, b_init, b_carry, strict=True)
    ]
    # The steps are the first axis of what a scan slices, the examples the second.
    xs = [move_axis(x, 0, 1) if b else x for x, b in zip(xs, b_xs, strict=True)]
    outs = _bind(params)(body, consts, init, xs)
    carry, ys = split_list(outs, n_carry)
    ys = [move_axis(y, 1, 0) if b else y for y, b in zip(ys, out_batched[n_carry:], strict=True)]
    return [*carry, *ys], list(out_batched)


def _dce(eqn: Equation, used: Sequence[bool]) -> Equation:
    jaxpr, n_consts, n_carry = _part(eqn.params)
    used_carry, used_ys = split_list(used, n_carry)

    def step(carry: tuple[bool, ...]) -> tuple[Any, Sequence[bool]]:
        keep = [*[False] * n_consts, *carry, *[False] * (len(jaxpr.invars) - n_consts - n_carry)]
        found = pruned(jaxpr, [*carry, *used_ys], keep)
        return found, found[1][n_consts : n_consts + n_carry]

    (body, kept), carry = fixpoint(step, used_carry)
    if all(kept) and all(carry) and all(used_ys):
        return eqn
    consts_kept, _, _ = split_list(kept, n_consts, n_carry)
    params = eqn.params | {
        "jaxpr": body,
        "num_consts": sum(consts_kept),
        "num_carry": sum(carry),
    }
    return equation(
        scan_p,
        select(eqn.invars, kept),
        select(eqn.outvars, [*carry, *used_ys]),
        params,
        eqn,
    )


scan_p = CallPrimitive(
    "scan",
    impl=_impl,
    abstract=_abstract,
    jvp=_jvp,
    linearize=_linearize,
    transpose=_transpose,
    batch=_batch,
    partial_eval=_partial_eval,
    dce=_dce,
    multiple_results=True,
    effects=lambda jaxpr, **params: jaxpr.effects,
    properties=frozenset({"loop"}),
)
