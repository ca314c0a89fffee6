"""Tracing the rules of `custom_jvp` and `custom_vjp`, and checking what they return."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from funcgrad.control.zeros import CustomVJPPrimal, SymbolicZero
from funcgrad.core.errors import ArgumentError, TracingError
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.leaves import as_output, leaf_aval, shown
from funcgrad.core.source import current_source, describe_function, is_hidden, locate
from funcgrad.core.tracing import Trace, Tracer, typeof
from funcgrad.core.tree import (
    PyTreeDef,
    describe_mismatch,
    keystr,
    tree_flatten,
    tree_flatten_with_path,
)
from funcgrad.core.types import ShapedArray, float0, is_differentiable
from funcgrad.ops.basic import convert, zeros


class Call(NamedTuple):
    """A call of a custom function: what its rules are traced on.

    Attributes:
        custom: the `CustomFunction`.
        nondiff: the values of its non-differentiable arguments.
        tree: the structure of the tuple of its other arguments.
        avals: the types of their leaves.
        out_tree, out_avals: the structure of the result and the types of its leaves.
    """

    custom: Any
    nondiff: tuple[Any, ...]
    tree: PyTreeDef
    avals: tuple[ShapedArray, ...]
    out_tree: PyTreeDef | None = None
    out_avals: tuple[ShapedArray, ...] = ()

    def run(self, *args: Any) -> Any:
        return self.custom.fun(*self.all_arguments(args))

    def all_arguments(self, args: Sequence[Any]) -> list[Any]:
        """The arguments with the non-differentiable ones in their places."""
        merged = list(args)
        for position, value in zip(self.custom.nondiff_argnums, self.nondiff, strict=True):
            merged.insert(position, value)
        return merged


class JvpTrace(NamedTuple):
    """`jaxpr`: constants, arguments, tangents that are taken -> outputs, nonzero tangents."""

    jaxpr: Jaxpr
    consts: list[Any]
    out_nonzero: tuple[bool, ...]


class VjpTrace(NamedTuple):
    """`fwd`: constants, arguments -> outputs, residuals. `bwd`: residuals, cotangents -> cotangents."""

    fwd: Jaxpr
    consts: list[Any]
    n_residuals: int
    bwd: Jaxpr
    arg_nonzero: tuple[bool, ...]


def trace_jvp(
    call: Call,
    takes: Sequence[bool],
    values: Sequence[Any] | None,
    *,
    late: bool = False,
    captured: Sequence[Tracer] = (),
) -> JvpTrace:
    """Trace the forward rule of a call.

    Args:
        call: the call.
        takes: which arguments' leaves have a tangent that is an array.
        values: the values of the arguments, if known.
        late: whether the code around the call is no longer being traced.
        captured: what the rule is known to close over; the jaxpr takes it before the arguments.
    """
    custom, n = call.custom, len(call.avals)
    names = _Names(custom, "jvp rule", custom.jvp)
    tangent_avals = [a.strip_weak_type() for a, t in zip(call.avals, takes, strict=True) if t]
    with _rule_trace([*call.avals, *tangent_avals], values, names, late, captured) as trace:
        inputs = trace.inputs()[len(captured) :]
        given = iter(inputs[n:])
        tangents = [
            next(given) if take else _no_tangent(aval, custom.symbolic_jvp)
            for aval, take in zip(call.avals, takes, strict=True)
        ]
        pair = custom.jvp(
            *call.nondiff, call.tree.unflatten(inputs[:n]), call.tree.unflatten(tangents)
        )
        out, out_tangent = _pair(pair, names, "(output, output tangent)")
        outs = _outputs(out, call, names)
        found = _tangents(out_tangent, call, names)
        jaxpr, consts = _finish(trace, [*outs, *[t for t in found if t is not None]], late, names)
    return JvpTrace(jaxpr, [*captured, *consts], tuple([t is not None for t in found]))


def trace_vjp(
    call: Call,
    perturbed: Sequence[bool],
    ct_takes: Sequence[bool],
    values: Sequence[Any] | None,
    *,
    late: bool = False,
    captured: Sequence[Tracer] = (),
) -> VjpTrace:
    """Trace both parts of the reverse rule of a call, one within the other.

    Args:
        call: the call.
        perturbed: which arguments' leaves are differentiated.
        ct_takes: which outputs' leaves have a cotangent that is an array.
        values: the values of the arguments, if known.
        late: whether the code around the call is no longer being traced.
        captured: what the rule is known to close over; `fwd` takes it before the arguments.
    """
    custom = call.custom
    names = _Names(custom, "fwd rule", custom.fwd)
    with _rule_trace(call.avals, values, names, late, captured) as trace:
        inputs: list[Any] = trace.inputs()[len(captured) :]
        if custom.symbolic_vjp:
            inputs = [CustomVJPPrimal(x, p) for x, p in zip(inputs, perturbed, strict=True)]
        pair = custom.fwd(*call.all_arguments(call.tree.unflatten(inputs)))
        out, residuals = _pair(pair, names, "(output, residuals)")
        outs = _outputs(out, call, names)
        leaves, tree = tree_flatten(residuals)
        # Leaves that are no arrays (a function, a name) are constants of the backward rule.
        arrays = [i for i, leaf in enumerate(leaves) if leaf_aval(leaf) is not None]
        bwd, bwd_consts, nonzero = _trace_bwd(
            call, leaves, tree, arrays, ct_takes, values is not None
        )
        saved = [*bwd_consts, *[leaves[i] for i in arrays]]
        fwd, consts = _finish(trace, [*outs, *saved], late, names)
    return VjpTrace(fwd, [*captured, *consts], len(saved), bwd, nonzero)


def _trace_bwd(
    call: Call,
    leaves: list[Any],
    tree: PyTreeDef,
    arrays: list[int],
    ct_takes: Sequence[bool],
    known: bool,
) -> tuple[Jaxpr, list[Any], tuple[bool, ...]]:
    custom = call.custom
    names = _Names(custom, "bwd rule", custom.bwd)
    residuals = [leaves[i] for i in arrays]
    ct_avals = [a.strip_weak_type() for a, t in zip(call.out_avals, ct_takes, strict=True) if t]
    avals = [*[typeof(r) for r in residuals], *ct_avals]
    with _rule_trace(avals, residuals if known else None, names, late=False) as trace:
        inputs = trace.inputs()
        full = list(leaves)
        for place, tracer in zip(arrays, inputs, strict=False):
            full[place] = tracer
        given = iter(inputs[len(arrays) :])
        cts = [
            next(given) if take else _no_tangent(aval, custom.symbolic_vjp)
            for aval, take in zip(call.out_avals, ct_takes, strict=True)
        ]
        assert call.out_tree is not None
        found = custom.bwd(*call.nondiff, tree.unflatten(full), call.out_tree.unflatten(cts))
        arg_cts = _argument_cotangents(found, call, names)
        jaxpr, consts = trace.finish([ct for ct in arg_cts if ct is not None], lift=True)
    return jaxpr.open_consts(), consts, tuple([ct is not None for ct in arg_cts])


class _Names(NamedTuple):
    custom: Any
    what: str
    rule: Any

    def __str__(self) -> str:
        return f"the {self.what} {describe_function(self.rule)} of {describe_function(self.custom.fun)}"


def _rule_trace(
    avals: Sequence[ShapedArray],
    values: Sequence[Any] | None,
    names: _Names,
    late: bool,
    captured: Sequence[Tracer] = (),
) -> Trace:
    avals = [*[c.aval for c in captured], *avals]
    known = None if values is None else [*values, *[None] * (len(avals) - len(values))]
    trace = Trace(list(avals), known, names.rule)
    trace.why_abstract = "rule"
    trace.inline_arrays = late
    if captured:
        trace.stand_ins = {
            (c._trace, c._index): t for c, t in zip(captured, trace.inputs(), strict=False)
        }
    if values is not None:
        for i in range(len(values), len(avals)):
            trace.forget(i)
    return trace


def _finish(
    trace: Trace, outs: Sequence[Any], late: bool, names: _Names
) -> tuple[Jaxpr, list[Any]]:
    jaxpr, consts = trace.finish(outs, lift=not late, intern=not late)
    if late and consts:
        raise TracingError(
            f"{names} closes over a traced value, and is needed where that value is out of reach (the rule "
            "calls its own function, or uses the value only for some symbolic zeros)"
            "\n  pass the value as an argument of the function"
        )
    return jaxpr.open_consts(), consts


def _no_tangent(aval: ShapedArray, symbolic: bool) -> Any:
    if not is_differentiable(aval.dtype):
        zero = ShapedArray(aval.shape, float0)
        return SymbolicZero(zero) if symbolic else np.zeros(aval.shape, float0)
    return SymbolicZero(aval.strip_weak_type()) if symbolic else zeros(aval.strip_weak_type())


def _pair(pair: Any, names: _Names, what: str) -> tuple[Any, Any]:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise ArgumentError(f"{names} must return a pair {what}, not {shown(pair)}")
    return pair[0], pair[1]


def _outputs(out: Any, call: Call, names: _Names) -> list[Any]:
    """The leaves of the output that a rule returns, which must be of the function's types."""
    leaves, tree = tree_flatten(out)
    if tree != call.out_tree:
        raise ArgumentError(
            f"{names} returns another structure than the function\n"
            + describe_mismatch(call.out_tree, out, ("the function's result", "the rule's"))
        )
    for i, aval in enumerate(call.out_avals):
        path = keystr(tree_flatten_with_path(out)[0][i][0]) if leaf_aval(leaves[i]) is None else ""
        leaves[i] = as_output(leaves[i], names.rule, path, names.what)
        got = typeof(leaves[i])
        if got.shape != aval.shape or (got.dtype != aval.dtype and not got.weak_type):
            raise ArgumentError(
                f"{names} returns an output of type {got}{_place(out, i)}, but the function returns {aval}"
            )
        if got.dtype != aval.dtype:
            leaves[i] = convert(leaves[i], aval.dtype)
    return leaves


def _place(tree: Any, i: int) -> str:
    path = keystr(tree_flatten_with_path(tree)[0][i][0])
    return f" at {path}" if path else ""


def _tangents(tangent: Any, call: Call, names: _Names) -> list[Any]:
    leaves, tree = tree_flatten(tangent)
    if tree != call.out_tree:
        raise ArgumentError(
            f"{names} returns an output and a tangent of different structures\n"
            + describe_mismatch(call.out_tree, tangent, ("the output", "its tangent"))
        )
    return [
        _checked(leaf, aval, names, f"a tangent{_place(tangent, i)}", "the output")
        for i, (leaf, aval) in enumerate(zip(leaves, call.out_avals, strict=True))
    ]


def _checked(leaf: Any, aval: ShapedArray, names: _Names, what: str, of: str) -> Any:
    """A tangent or cotangent that a rule returns: of the right type, None if it is a symbolic zero."""
    if (
        type(leaf) is Tracer
        and leaf.aval == aval
        and not aval.weak_type
        and aval.dtype.kind in "fc"
    ):
        return leaf
    if isinstance(leaf, SymbolicZero) or leaf is None or not is_differentiable(aval.dtype):
        return None
    if type(leaf) is not Tracer and leaf_aval(leaf) is None:
        if not hasattr(leaf, "__array__"):
            raise ArgumentError(f"{names} returns {shown(leaf)} as {what}")
        leaf = np.asarray(leaf)
        if leaf.dtype == float0:
            return None
    got = typeof(leaf)
    if got.shape != aval.shape or (got.dtype != aval.dtype and not got.weak_type):
        raise ArgumentError(f"{names} returns {what} of type {got}, but {of} has type {aval}")
    return convert(leaf, aval.dtype)


def _argument_cotangents(found: Any, call: Call, names: _Names) -> list[Any]:
    """A cotangent, or None for zero, for each leaf of the arguments."""
    n_args = len(call.tree.children())
    if isinstance(found, list):
        found = tuple(found)
    if not isinstance(found, tuple) or len(found) != n_args:
        got = f"a tuple of length {len(found)}" if isinstance(found, tuple) else shown(found)
        raise ArgumentError(
            f"{names} must return a tuple with a cotangent for each of the {n_args} differentiable "
            f"argument{'' if n_args == 1 else 's'}, not {got}"
        )
    leaves, tree = tree_flatten(found)
    if tree != call.tree:
        leaves = list(_flatten_with_none(call.tree, found, call, found, names))
    return [
        _checked(leaf, aval, names, f"cotangent {i}", "the argument")
        for i, (leaf, aval) in enumerate(zip(leaves, call.avals, strict=True))
    ]


def _flatten_with_none(
    tree: PyTreeDef, value: Any, call: Call, whole: Any, names: _Names
) -> Iterator[Any]:
    """The leaves of cotangents, where None stands for a subtree of zeros."""
    if value is None or tree.kind is None:
        yield from [value] * tree.num_leaves
        return
    children, node = tree_flatten(value, lambda x: x is not value)
    same = node.kind is tree.kind and len(node.parts) == len(tree.parts) and node.data == tree.data
    if not same:
        raise ArgumentError(
            f"{names} returns cotangents of another structure than the arguments\n"
            + describe_mismatch(call.tree, whole, ("the arguments", "the cotangents"))
        )
    for part, child in zip(tree.parts, children, strict=True):
        yield from _flatten_with_none(part, child, call, whole, names)


def attempt(make: Callable[[], Any]) -> Any:
    """What `make` returns, or the exception that it raises, with a note of where."""
    try:
        return make()
    except Exception as error:
        place = None
        traceback = error.__traceback__
        while traceback is not None:
            code = traceback.tb_frame.f_code
            if not is_hidden(code.co_filename):
                place = f"{code.co_filename}:{traceback.tb_lineno} in {code.co_qualname}"
            traceback = traceback.tb_next
        called = locate(current_source())
        note = "raised while a derivative rule was traced"
        note += f", at {place}" if place else ""
        note += f"\n  for the call at {called}" if called else ""
        error.add_note(note)
        return error
