"""The matrix of a linear jaxpr: its outputs for all unit vectors at once, for `jacfwd` and `jacrev`.

A unit vector has one element that is not zero. As long as an element of a variable depends on one or few elements of
the inputs, the variable is not stored for each unit vector, but as a sum of terms: arrays of the variable's own
shape, with for each element its value and the input element ("seed") that it belongs to. A diagonal Jacobian then
costs as much as a gradient. What sums over elements makes the terms dense: the unit vectors become an axis in front,
as in `batch`. Zeros by structure stay zero whatever they are multiplied by, as symbolic zeros do in `jvp`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from funcgrad.core.check import checked
from funcgrad.core.interpreter import inline_jaxpr, rebind
from funcgrad.core.jaxpr import Equation, Jaxpr, Literal, dce
from funcgrad.core.primitive import BatchAxis
from funcgrad.core.tracing import Tracer, build_jaxpr, current_trace, typeof
from funcgrad.core.types import ShapedArray, is_differentiable
from funcgrad.ops.basic import add_any, broadcast_in_dim, broadcast_to, expand_dims, zeros
from funcgrad.ops.basic import transpose as permute
from funcgrad.ops.contraction import labels_of
from funcgrad.transforms.batch import apply_rule, to_batch
from funcgrad.transforms.placing import place

# With more terms than this a variable is as well kept dense.
_MAX_TERMS = 8


class Term(NamedTuple):
    """Part of a variable: `seeds` has the number of the input element that each of `values` belongs to, 0 for none."""

    seeds: np.ndarray[Any, Any]
    values: Any


class Spread(NamedTuple):
    """A variable for all unit vectors: the sum of a dense part (None for zero) and of terms."""

    dense: Any
    terms: tuple[Term, ...]


def matrix(jaxpr: Jaxpr, linear: Sequence[bool]) -> Jaxpr:
    """The jaxpr from the other inputs to the outputs for all unit vectors of the linear inputs.

    Args:
        jaxpr: without constants.
        linear: which inputs the unit vectors are of, all of them together, in order. The axis in front of each
            output counts the unit vectors.
    """
    linear = tuple(linear)
    return jaxpr.memo(("matrix", linear), lambda: _matrix(jaxpr, linear))


def _matrix(jaxpr: Jaxpr, linear: tuple[bool, ...]) -> Jaxpr:
    total = sum(v.aval.size for v, flag in zip(jaxpr.invars, linear, strict=True) if flag)
    axis = BatchAxis(total)

    def fun(*given: Any) -> list[Any]:
        rest = iter(given)
        start = 1
        inputs = []
        for var, flag in zip(jaxpr.invars, linear, strict=True):
            if flag:
                inputs.append(_unit_vectors(var.aval, start))
                start += var.aval.size
            else:
                inputs.append(next(rest))
        if total == 1:  # nothing to keep apart
            values = [x.terms[0].values if type(x) is Spread else x for x in inputs]
            return [expand_dims(out, (0,)) for out in inline_jaxpr(jaxpr, values)]
        outs = _run(jaxpr, inputs, axis)
        return [
            _dense(x, var.aval, axis) if type(x) is Spread else to_batch(x, axis)
            for x, var in zip(outs, jaxpr.outvars, strict=True)
        ]

    avals = [v.aval for v, flag in zip(jaxpr.invars, linear, strict=True) if not flag]
    return checked(dce(build_jaxpr(fun, avals, name="jacobian")), "matrix")


def _unit_vectors(aval: ShapedArray, start: int) -> Spread:
    trace = current_trace()
    assert trace is not None
    one = trace.literal(aval.dtype.type(1))
    seeds = np.arange(start, start + aval.size).reshape(aval.shape)
    values = broadcast_in_dim(one, shape=aval.shape, broadcast_dimensions=()) if aval.shape else one
    return Spread(None, (Term(seeds, values),))


def _run(jaxpr: Jaxpr, inputs: Sequence[Any], axis: BatchAxis) -> list[Any]:
    trace = current_trace()
    assert trace is not None
    outer_source = trace.source
    env: dict[Any, Any] = dict(zip(jaxpr.invars, inputs, strict=True))

    empty: set[Any] = set()  # variables that are zero

    def read(atom: Any) -> Any:
        return atom.val if type(atom) is Literal else env[atom]

    def is_zero(atom: Any) -> bool:
        return not np.any(atom.val) if type(atom) is Literal else atom in empty

    for eqn in jaxpr.eqns:
        trace.source = outer_source or eqn.source
        operands = [read(atom) for atom in eqn.invars]
        outs: Any
        if not any(type(x) is Spread for x in operands):
            outs = rebind(trace, eqn, operands)
            outs = outs if eqn.primitive.multiple_results else (outs,)
            if "moves" in eqn.primitive.properties and all(map(is_zero, eqn.invars)):
                empty.update(eqn.outvars)
        elif "call" in eqn.primitive.properties:
            outs = _run(eqn.params["jaxpr"], operands, axis)
        else:
            outs = _apply(eqn, operands, axis, is_zero)
        env.update(zip(eqn.outvars, outs, strict=True))
    trace.source = outer_source
    return [read(atom) for atom in jaxpr.outvars]


def _apply(
    eqn: Equation, operands: list[Any], axis: BatchAxis, is_zero: Callable[[Any], bool]
) -> list[Any]:
    rule = _term_rule(eqn, operands) if _vanishes(eqn, operands, is_zero) else None
    if rule is None:
        return _by_batch(
            eqn, [_made_dense(x, a, axis) for x, a in zip(operands, eqn.invars, strict=True)], axis
        )
    # The equation is linear: what it makes of a sum is the sum of what it makes of the parts.
    dense = None
    if any(type(x) is Spread and x.dense is not None for x in operands):
        (whole,) = _by_batch(
            eqn, [_without_terms(x, a) for x, a in zip(operands, eqn.invars, strict=True)], axis
        )
        dense = whole.dense
    out = Spread(dense, ())
    for position, x in enumerate(operands):
        for term in x.terms if type(x) is Spread else ():
            out = _sum(out, rule(eqn, operands, position, term, axis))
    if len(out.terms) > _MAX_TERMS:
        out = Spread(_dense(out, eqn.outvars[0].aval, axis), ())
    return [out]


def _by_batch(eqn: Equation, operands: list[Any], axis: BatchAxis) -> list[Any]:
    """The dense results of an equation, by its batching rule."""
    flags = [type(x) is Spread for x in operands]
    values = [x.dense if type(x) is Spread else x for x in operands]
    outs, batched = apply_rule(eqn, axis, values, flags)
    return [Spread(x, ()) if b else x for x, b in zip(outs, batched, strict=True)]


def _without_terms(x: Any, atom: Any) -> Any:
    if type(x) is not Spread:
        return x
    return zeros(_strong(atom.aval)) if x.dense is None else Spread(x.dense, ())


def _made_dense(x: Any, atom: Any, axis: BatchAxis) -> Any:
    return Spread(_dense(x, atom.aval, axis), ()) if type(x) is Spread else x


def _dense(x: Spread, aval: ShapedArray, axis: BatchAxis) -> Any:
    """A variable with the axis of unit vectors in front."""
    dense = x.dense
    everywhere = np.arange(aval.size).reshape(aval.shape)
    for term in x.terms:
        dense = place(dense, axis.size, aval, term.seeds, everywhere, term.values)
    return to_batch(zeros(_strong(aval)), axis) if dense is None else dense


def _strong(aval: ShapedArray) -> ShapedArray:
    return aval.strip_weak_type()


def _sum(x: Spread, y: Spread) -> Spread:
    dense = (
        x.dense if y.dense is None else y.dense if x.dense is None else add_any(x.dense, y.dense)
    )
    terms = list(x.terms)
    for new in y.terms:
        for k, old in enumerate(terms):
            if np.array_equal(old.seeds, new.seeds):
                terms[k] = Term(old.seeds, add_any(old.values, new.values))
                break
        else:
            terms.append(new)
    return Spread(dense, tuple(terms))


# What equations make of a term

TermRule = Callable[[Equation, list[Any], int, Term, BatchAxis], Spread]


def _term_rule(eqn: Equation, operands: list[Any]) -> TermRule | None:
    """How the equation acts on one term of one operand; None where the terms must be made dense."""
    primitive = eqn.primitive
    if primitive.name == "add_any":
        return _pass_on
    if primitive.elementwise:
        return _elementwise
    if "moves" in primitive.properties and _places_known(eqn, operands):
        return _move
    if primitive.name == "reduce_sum":
        return _reduce
    if "contraction" in primitive.properties:
        return _contract
    return None


def _vanishes(eqn: Equation, operands: list[Any], is_zero: Callable[[Any], bool]) -> bool:
    """Whether the result is zero where the unit vectors are.

    It is not if a rule of a user's joins what depends on its cotangent with what does not, to compute something that
    is linear in the end.
    """
    others = [
        a
        for x, a in zip(operands, eqn.invars, strict=True)
        if type(x) is not Spread and is_differentiable(a.aval.dtype)
    ]
    if all(map(is_zero, others)):
        return True
    primitive = eqn.primitive
    if not primitive.elementwise:
        return primitive.name != "add_any" and "moves" not in primitive.properties
    for choice in (0, 1):  # of what is not differentiable: the condition of a choice
        values = [
            a.aval.dtype.type(
                0 if type(x) is Spread else 1 if is_differentiable(a.aval.dtype) else choice
            )
            for x, a in zip(operands, eqn.invars, strict=True)
        ]
        if primitive.impl(*values, **eqn.params) != 0:
            return False
    return True


def _pass_on(
    eqn: Equation, operands: list[Any], position: int, term: Term, axis: BatchAxis
) -> Spread:
    return Spread(None, (term,))


def _elementwise(
    eqn: Equation, operands: list[Any], position: int, term: Term, axis: BatchAxis
) -> Spread:
    """Each element of the result depends on one of the operand: on its seed."""
    (out,) = eqn.outvars
    others = [
        a.aval.dtype.type(0) if type(x) is Spread else x
        for x, a in zip(operands, eqn.invars, strict=True)
    ]
    others[position] = term.values
    values = broadcast_to(eqn.primitive(*others, **eqn.params), out.aval.shape)
    return Spread(None, (Term(np.broadcast_to(term.seeds, out.aval.shape), values),))


def _places_known(eqn: Equation, operands: list[Any]) -> bool:
    """Whether all indices among the operands have values."""
    return not any(
        type(x) is Tracer and not is_differentiable(a.aval.dtype)
        for x, a in zip(operands, eqn.invars, strict=True)
    )


def _move(eqn: Equation, operands: list[Any], position: int, term: Term, axis: BatchAxis) -> Spread:
    """The equation moves the seeds as it moves the values."""
    seeds, values = [], []
    for k, (x, atom) in enumerate(zip(operands, eqn.invars, strict=True)):
        if k == position:
            seeds.append(term.seeds)
            values.append(term.values)
        elif is_differentiable(atom.aval.dtype):
            seeds.append(np.zeros(atom.aval.shape, int))
            values.append(zeros(_strong(atom.aval)))
        else:
            seeds.append(x)
            values.append(x)
    moved = np.asarray(eqn.primitive.impl(*seeds, **eqn.params))
    return Spread(None, (Term(moved, eqn.primitive(*values, **eqn.params)),))


def _reduce(
    eqn: Equation, operands: list[Any], position: int, term: Term, axis: BatchAxis
) -> Spread:
    (out,) = eqn.outvars
    targets = np.arange(out.aval.size).reshape(out.aval.shape)
    targets = np.broadcast_to(np.expand_dims(targets, eqn.params["axes"]), term.seeds.shape)
    return Spread(place(None, axis.size, out.aval, term.seeds, targets, term.values), ())


def _contract(
    eqn: Equation, operands: list[Any], position: int, term: Term, axis: BatchAxis
) -> Spread:
    """The products, each of which belongs to one seed and one element of the result, before they are summed."""
    (out,) = eqn.outvars
    *labels, out_labels = labels_of(
        eqn.params["dimension_numbers"], *[a.aval.ndim for a in eqn.invars]
    )
    other = operands[1 - position]
    mine, theirs = labels[position], labels[1 - position]
    free = [label for label in theirs if label not in mine]
    order = [*[label for label in mine if label in theirs], *free]
    aligned = permute(other, [theirs.index(label) for label in order])
    aligned = expand_dims(aligned, [k for k, label in enumerate(mine) if label not in theirs])
    product = expand_dims(term.values, range(len(mine), len(mine) + len(free))) * aligned
    shape = typeof(product).shape
    seeds = np.broadcast_to(np.expand_dims(term.seeds, tuple(range(len(mine), len(shape)))), shape)
    targets = np.arange(out.aval.size).reshape(out.aval.shape)
    every = [*mine, *free]
    targets = targets.transpose([out_labels.index(label) for label in every if label in out_labels])
    targets = np.expand_dims(
        targets, tuple([k for k, label in enumerate(every) if label not in out_labels])
    )
    targets = np.broadcast_to(targets, shape)
    return Spread(place(None, axis.size, out.aval, seeds, targets, product), ())
