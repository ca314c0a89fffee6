"""`checkpoint`: compute values again in the backward pass instead of keeping them.

The primitive `checkpoint[jaxpr policy]` means its jaxpr. Its derivative keeps the operands, and what the policy says,
and computes the rest again. Compiled programs do not look inside, so nothing that is computed again is found to be
known already.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from funcgrad.control.bodies import trace_body
from funcgrad.control.call import CallPrimitive, call_dce, spread
from funcgrad.control.function_key import function_key
from funcgrad.control.jaxprs import inlined, quiet, select, split_list
from funcgrad.control.loops import bind_or_run
from funcgrad.control.partial import PartialEval, partial_eval
from funcgrad.control.run import program
from funcgrad.core.errors import ArgumentError
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Equation, Jaxpr, Var, dce, vars_in
from funcgrad.core.leaves import flatten_arrays, shown
from funcgrad.core.primitive import BatchAxis, Linear
from funcgrad.core.source import describe_function
from funcgrad.core.tracing import build_jaxpr, current_trace
from funcgrad.core.tree import keystr
from funcgrad.transforms import batch as batching
from funcgrad.transforms import forward
from funcgrad.transforms import transpose as transposition


class Policy:
    """Which values are kept: `policy(primitive, *avals, **params) -> bool`, compared by what it does."""

    __slots__ = ("function", "key")

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.key = function_key(function)[0]

    def __eq__(self, other: object) -> bool:
        return type(other) is Policy and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return describe_function(self.function).split(" (")[0]

    def keeps(self, eqn: Equation) -> bool:
        return bool(self.function(eqn.primitive, *[a.aval for a in eqn.invars], **eqn.params))


def _bind(jaxpr: Jaxpr, operands: Sequence[Any], policy: Policy | None) -> Sequence[Any]:
    return checkpoint_p(*operands, jaxpr=jaxpr, policy=policy)


def _jvp(
    primals: Sequence[Any], tangents: Sequence[Any], *, jaxpr: Jaxpr, policy: Policy | None
) -> Any:
    double, out_nonzero = forward.jvp(jaxpr, [t is not None for t in tangents])
    outs = _bind(double, [*primals, *[t for t in tangents if t is not None]], policy)
    n = len(jaxpr.outvars)
    return outs[:n], spread(outs[n:], out_nonzero)


def _linearize(
    primals: Sequence[Any], tangents: Sequence[Any], *, jaxpr: Jaxpr, policy: Policy | None
) -> Any:
    nonzero = tuple([t is not None for t in tangents])
    known, again, out_nonzero = jaxpr.memo(
        ("linearize_checkpoint", nonzero, policy), lambda: _split(jaxpr, nonzero, policy)
    )
    results = _bind(known, primals, policy)
    outs, kept = split_list(results, len(jaxpr.outvars))
    given = [t for t in tangents if t is not None]
    out_tangents = _bind(again, [*primals, *kept, *given], policy)
    return outs, spread(out_tangents, out_nonzero)


def _split(
    jaxpr: Jaxpr, nonzero: tuple[bool, ...], policy: Policy | None
) -> tuple[Jaxpr, Jaxpr, tuple[bool, ...]]:
    """(operands -> results, what is kept), (operands, kept, tangents -> tangents)."""
    split = forward.linearize(jaxpr, nonzero)
    n_outs = len(jaxpr.outvars)
    known = without_calls(split.known)
    residuals = known.outvars[n_outs:]
    kept = _kept(known, residuals, policy) if policy is not None else []
    first = dce(known.replace(outvars=[*known.outvars[:n_outs], *kept]))
    # The residuals from the operands and what is kept.
    made = set(kept)
    eqns = [e for e in known.eqns if not made.issuperset(e.outvars)]
    recompute = Jaxpr((), [*known.invars, *kept], residuals, _unbound(eqns, made))
    recompute = dce(quiet(recompute))
    n_known = len(recompute.invars)

    def fun(*args: Any) -> list[Any]:
        found = eval_jaxpr(recompute, (), *args[:n_known])
        return eval_jaxpr(split.linear, (), *found, *args[n_known:])

    tangent_avals = split.linear.in_avals[split.n_residuals :]
    again = build_jaxpr(fun, [*recompute.in_avals, *tangent_avals], name="checkpoint")
    return first, again, split.out_nonzero


def _kept(known: Jaxpr, residuals: Sequence[Any], policy: Policy) -> list[Var]:
    """The values to keep: those that the policy names and the residuals are computed from."""
    allowed = {v for e in known.eqns if policy.keeps(e) for v in e.outvars}
    makers = {v: e for e in known.eqns for v in e.outvars}
    kept: dict[Var, None] = {}
    stack = vars_in(residuals)
    seen: set[Var] = set()
    while stack:
        var = stack.pop()
        if var in seen:
            continue
        seen.add(var)
        if var in allowed:
            kept[var] = None
        elif var in makers:
            stack += vars_in(makers[var].invars)
    return [v for e in known.eqns for v in e.outvars if v in kept]


def _unbound(eqns: Sequence[Equation], given: set[Var]) -> list[Equation]:
    """Equations without binding what is an input now."""
    result = []
    for eqn in eqns:
        if not given.isdisjoint(eqn.outvars):
            outvars = tuple([Var(v.aval) if v in given else v for v in eqn.outvars])
            eqn = eqn.replace(outvars=outvars)
        result.append(eqn)
    return result


def without_calls(jaxpr: Jaxpr) -> Jaxpr:
    """The jaxpr with the bodies of calls in their place."""
    if not any("call" in e.primitive.properties for e in jaxpr.eqns):
        return jaxpr

    def make() -> Jaxpr:
        eqns: list[Equation] = []
        names: dict[Any, Any] = {}
        for eqn in jaxpr.eqns:
            invars = tuple([names.get(a, a) if type(a) is Var else a for a in eqn.invars])
            eqn = eqn.replace(invars=invars)
            if "call" not in eqn.primitive.properties:
                eqns.append(eqn)
                continue
            inner, outs = inlined(without_calls(eqn.params["jaxpr"]), eqn.invars)
            eqns += inner
            names.update(zip(eqn.outvars, outs, strict=True))
        outvars = [names.get(v, v) if type(v) is Var else v for v in jaxpr.outvars]
        return jaxpr.replace(eqns=eqns, outvars=outvars)

    return jaxpr.memo("without_calls", make)


def _transpose(
    cts: Sequence[Any], *operands: Any, jaxpr: Jaxpr, policy: Policy | None
) -> list[Any]:
    linear = [type(x) is Linear for x in operands]
    backward = transposition.transpose(jaxpr, linear, [ct is not None for ct in cts])
    others = select(operands, linear, False)
    found = _bind(backward, [*others, *[ct for ct in cts if ct is not None]], policy)
    return spread(found, linear)


def _batch(
    axis: BatchAxis,
    operands: Sequence[Any],
    batched: Sequence[bool],
    *,
    jaxpr: Jaxpr,
    policy: Policy | None,
) -> Any:
    batched_jaxpr, out_batched = batching.batch(jaxpr, axis, batched)
    return _bind(batched_jaxpr, operands, policy), out_batched


def _partial_eval(eqn: Equation, unknown: Sequence[bool]) -> PartialEval:
    """The rest computes again what it needs of the known part."""
    jaxpr, policy = eqn.params["jaxpr"], eqn.params["policy"]
    split = partial_eval(jaxpr, unknown)
    n_known = len(split.known.outvars) - split.n_residuals
    first = dce(split.known.replace(outvars=split.known.outvars[:n_known]))
    n_operands = len(split.known.invars)

    def run_known(*operands: Any) -> list[Any]:
        return [*_bind(first, operands, policy), *operands]

    def both(*args: Any) -> list[Any]:
        residuals = eval_jaxpr(quiet(split.known), (), *args[:n_operands])[n_known:]
        return eval_jaxpr(split.rest, (), *residuals, *args[n_operands:])

    known_avals = split.known.in_avals
    avals = [*known_avals, *split.rest.in_avals[split.n_residuals :]]
    again = dce(build_jaxpr(both, avals, name="checkpoint"))
    return PartialEval(
        build_jaxpr(run_known, known_avals, name="checkpoint"),
        build_jaxpr(lambda *args: _bind(again, args, policy), avals, name="checkpoint"),
        n_operands,
        split.out_unknown,
    )


checkpoint_p = CallPrimitive(
    "checkpoint",
    impl=lambda *args, jaxpr, policy: tuple(program(jaxpr)(*args)),
    abstract=lambda *avals, jaxpr, policy: jaxpr.out_avals,
    jvp=_jvp,
    linearize=_linearize,
    transpose=_transpose,
    batch=_batch,
    partial_eval=_partial_eval,
    dce=call_dce,
    multiple_results=True,
    effects=lambda jaxpr, policy: jaxpr.effects,
)


def checkpoint(
    fun: Callable[..., Any] | None = None,
    *,
    prevent_cse: bool = True,
    policy: Callable[..., bool] | None = None,
    static_argnums: int | Sequence[int] = (),
) -> Any:
    """A function whose intermediate values are not kept for the backward pass, but computed again in it.

    Reverse mode then takes the memory of the arguments instead of that of all intermediate values, and the time of a
    second evaluation. `remat` is another name for it.

    Args:
        fun: a function of arrays or pytrees. Left out, `checkpoint(...)` is a decorator.
        prevent_cse: accepted for JAX's sake; what is computed again is never merged with what was computed before.
        policy: which values to keep all the same: `policy(primitive, *avals, **params) -> bool`. See
            `checkpoint_policies`.
        static_argnums: positions of arguments that are Python values.

    Returns:
        A function with the arguments and results of `fun`.

    >>> import numpy as np, funcgrad as fg
    >>> f = fg.checkpoint(lambda x: np.sin(np.sin(x)))
    >>> fg.grad(f)(0.0)
    np.float64(1.0)
    """
    if fun is None:
        return functools.partial(
            checkpoint, prevent_cse=prevent_cse, policy=policy, static_argnums=static_argnums
        )
    if not callable(fun):
        raise ArgumentError(f"checkpoint takes a function, not {shown(fun)}")
    static = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)
    kept = None if policy is None else Policy(policy)

    @functools.wraps(fun)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if current_trace() is None:
            return fun(*args, **kwargs)
        positions = [p % len(args) for p in static]
        fixed = [(p, args[p]) for p in sorted(positions)]
        given = tuple([a for p, a in enumerate(args) if p not in positions])
        leaves, avals, tree = flatten_arrays(
            (given, kwargs), "checkpoint", lambda path: f"argument {keystr(path[1:])}"
        )

        def call(given: Any, kwargs: Any) -> Any:
            merged = list(given)
            for position, value in fixed:
                merged.insert(position, value)
            return fun(*merged, **kwargs)

        body = trace_body(
            call, tree, avals, what="checkpoint", values=leaves, why_abstract="abstract", title=fun
        )
        params = {"jaxpr": body.jaxpr, "policy": kept}
        return body.out_tree.unflatten(bind_or_run(checkpoint_p, [*body.consts, *leaves], params))

    return wrapped


remat = checkpoint
