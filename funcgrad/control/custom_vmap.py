"""`custom_vmap`: functions with a batching rule of their own."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from funcgrad.control.bodies import avals_of, trace_body
from funcgrad.control.call import CallPrimitive, spread
from funcgrad.control.function_key import function_key
from funcgrad.control.jaxprs import select
from funcgrad.core.errors import ArgumentError, MissingRuleError
from funcgrad.core.interpreter import eval_jaxpr
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.leaves import flatten_arrays, flatten_result
from funcgrad.core.primitive import BatchAxis, Linear
from funcgrad.core.source import describe_function, here
from funcgrad.core.tracing import Tracer, build_jaxpr, current_trace, transformed_location
from funcgrad.core.tree import PyTreeDef, flatten_axes, keystr
from funcgrad.core.types import ShapedArray
from funcgrad.transforms import batch as batching
from funcgrad.transforms import forward
from funcgrad.transforms import transpose as transposition


class custom_vmap:  # JAX's name
    """A function with a batching rule of its own, given by `def_vmap`.

    Under `vmap` the rule is called in place of batching the function's operations. Derivatives of the function are
    those of its operations.

    Args:
        fun: a function of arrays or pytrees.

    >>> import numpy as np, funcgrad as fg
    >>> @fg.custom_vmap
    ... def solve(a, b):
    ...     return np.linalg.solve(a, b)
    >>> @solve.def_vmap
    ... def solve_many(axis_size, in_batched, a, b):
    ...     a_batched, b_batched = in_batched
    ...     if not a_batched and b_batched:  # one factorisation for all right-hand sides
    ...         return np.linalg.solve(a, b.T).T, True
    ...     return fg.vmap(np.linalg.solve, in_axes=[0 if b else None for b in in_batched])(
    ...         a, b
    ...     ), True
    >>> fg.vmap(solve, in_axes=(None, 0))(2.0 * np.eye(2), np.ones((3, 2)))
    array([[0.5, 0.5],
           [0.5, 0.5],
           [0.5, 0.5]])
    """

    def __init__(self, fun: Callable[..., Any]) -> None:
        if not callable(fun):
            raise ArgumentError(f"custom_vmap takes a function, not {fun!r:.80}")
        functools.update_wrapper(self, fun, updated=())
        self.fun = fun
        self.rule: Callable[..., Any] | None = None

    def _function_parts(self) -> tuple[Any, ...]:
        return (self.fun, self.rule)

    def def_vmap(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Give the rule: `rule(axis_size, in_batched, *args) -> (output, out_batched)`.

        `in_batched` has the structure of the arguments, with a bool per leaf; batched leaves have the batch axis in
        front. `out_batched` says the same of the output: a bool per leaf, or one for all.

        Returns:
            `rule`, so that this can be used as a decorator.
        """
        self.rule = rule
        return rule

    def __call__(self, *args: Any) -> Any:
        if self.rule is None:
            raise MissingRuleError(
                f"{describe_function(self.fun)} is a custom_vmap function without a rule{here()}\n  "
                "give it one with def_vmap"
            )
        if current_trace() is None:
            return self.fun(*args)
        leaves, avals, tree = flatten_arrays(
            args, "custom_vmap", lambda path: f"argument {path[0].idx}{keystr(path[1:])}"
        )
        body = trace_body(
            self.fun, tree, avals, what="custom_vmap", values=leaves, why_abstract="rule"
        )
        operands = [*body.consts, *leaves]
        if not any(type(x) is Tracer for x in operands):
            return body.out_tree.unflatten(eval_jaxpr(body.jaxpr, (), *operands))
        rule = VmapRule(self, tree, body.out_tree, tuple(avals_of(operands)), len(body.consts))
        outs = custom_vmap_call(
            *operands, jaxpr=body.jaxpr, rule=rule, name=describe_function(self.fun)
        )
        return body.out_tree.unflatten(outs)


class VmapRule:
    """The user's rule for a call."""

    def __init__(
        self,
        custom: custom_vmap,
        tree: PyTreeDef,
        out_tree: PyTreeDef,
        avals: tuple[ShapedArray, ...],
        n_consts: int,
    ) -> None:
        self.custom = custom
        self.tree = tree
        self.out_tree = out_tree
        self.n_consts = n_consts
        self.key: Hashable = (function_key(custom)[0], tree, out_tree, avals, n_consts)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return "..."

    def __call__(
        self, axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool]
    ) -> tuple[list[Any], list[bool]]:
        name = f"the vmap rule of {describe_function(self.custom.fun)}"
        if any(batched[: self.n_consts]):
            raise ArgumentError(
                f"{describe_function(self.custom.fun)} has a custom vmap rule and closes over a value that "
                "differs per example, of which the rule cannot know\n  pass the value as an argument"
            )
        args = self.tree.unflatten(operands[self.n_consts :])
        flags = list(self.tree.unflatten(batched[self.n_consts :]))
        assert self.custom.rule is not None
        try:
            pair = self.custom.rule(axis.size, flags, *args)
        except Exception as error:
            place = transformed_location()
            error.add_note(f"raised by {name}" + (f"\n  for the call at {place}" if place else ""))
            raise
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise ArgumentError(f"{name} must return a pair (output, out_batched)")
        out, out_flags = pair
        outs, out_tree = flatten_result(out, self.custom.rule, "custom_vmap")
        if out_tree != self.out_tree:
            raise ArgumentError(
                f"{name} returns another structure than the function\n  the function: {self.out_tree}\n"
                f"  the rule:     {out_tree}"
            )
        return outs, [bool(f) for f in flatten_axes("out_batched", out_tree, out_flags)]


class JvpOfVmapRule(VmapRule):
    """The rule of the derivative: the derivative of the rule."""

    def __init__(self, base: VmapRule, primal: Jaxpr, nonzero: tuple[bool, ...]) -> None:
        self.base = base
        self.nonzero = nonzero
        self.primal = primal
        self.key = (base, nonzero, primal)

    def __call__(
        self, axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool]
    ) -> tuple[list[Any], list[bool]]:
        n = len(self.nonzero)
        flags = [
            bool(p or t)
            for p, t in zip(batched[:n], spread(batched[n:], self.nonzero), strict=True)
        ]
        given = [
            batching.to_batch(x, axis) if flag and not b else x
            for x, b, flag in zip(
                operands, batched, [*flags, *select(flags, self.nonzero)], strict=True
            )
        ]
        rule = _rule_jaxpr(self.base, axis, flags, avals_of(given[:n]))
        wanted = [v.aval for v in self.primal.outvars]
        double, out_nonzero = forward.jvp(rule.jaxpr, self.nonzero, instantiate=True)
        outs = eval_jaxpr(double, (), *given)
        assert len(out_nonzero) == len(wanted)
        return outs, [*rule.out_batched, *select(rule.out_batched, out_nonzero)]


def _rule_jaxpr(
    rule: VmapRule, axis: BatchAxis, batched: Sequence[bool], avals: Sequence[ShapedArray]
) -> batching.Batched:
    flags: list[bool] = []

    def fun(*args: Any) -> list[Any]:
        outs, found = rule(axis, args, batched)
        flags.extend(found)
        return outs

    return batching.Batched(build_jaxpr(fun, avals, name="a vmap rule"), tuple(flags))


def _jvp(
    primals: Sequence[Any], tangents: Sequence[Any], *, jaxpr: Jaxpr, rule: VmapRule, name: str
) -> Any:
    nonzero = tuple([t is not None for t in tangents])
    double, out_nonzero = forward.jvp(jaxpr, nonzero, instantiate=True)
    given = [t for t in tangents if t is not None]
    outs = custom_vmap_call(
        *primals, *given, jaxpr=double, rule=JvpOfVmapRule(rule, jaxpr, nonzero), name=name
    )
    n = len(jaxpr.outvars)
    return outs[:n], spread(outs[n:], out_nonzero)


def _linearize(
    primals: Sequence[Any], tangents: Sequence[Any], *, jaxpr: Jaxpr, rule: VmapRule, name: str
) -> Any:
    # The rule says nothing of a linear part alone: reverse mode batches the function's operations.
    split = forward.linearize(jaxpr, [t is not None for t in tangents])
    results = eval_jaxpr(split.known, (), *primals)
    n = len(jaxpr.outvars)
    given = [t for t in tangents if t is not None]
    outs = custom_vmap_call(*primals, jaxpr=jaxpr, rule=rule, name=name)
    return outs, spread(eval_jaxpr(split.linear, (), *results[n:], *given), split.out_nonzero)


def _transpose(cts: Sequence[Any], *operands: Any, jaxpr: Jaxpr, **params: Any) -> list[Any]:
    linear = [type(x) is Linear for x in operands]
    backward = transposition.transpose(jaxpr, linear, [ct is not None for ct in cts])
    others = select(operands, linear, False)
    return spread(eval_jaxpr(backward, (), *others, *[c for c in cts if c is not None]), linear)


def _batch(
    axis: BatchAxis,
    operands: Sequence[Any],
    batched: Sequence[bool],
    *,
    jaxpr: Jaxpr,
    rule: VmapRule,
    name: str,
) -> Any:
    return rule(axis, operands, batched)


custom_vmap_call = CallPrimitive(
    "custom_vmap_call",
    impl=lambda *args, jaxpr, **params: tuple(eval_jaxpr(jaxpr, (), *args)),
    abstract=lambda *avals, jaxpr, **params: jaxpr.out_avals,
    jvp=_jvp,
    linearize=_linearize,
    transpose=_transpose,
    batch=_batch,
    multiple_results=True,
    effects=lambda jaxpr, **params: jaxpr.effects,
    properties=frozenset({"call"}),
)
