"""Rules of simplification for shapes: views of views, broadcasts in front of what broadcasts anyway."""

from __future__ import annotations

import math

import numpy as np

from funcgrad.compile.rewrite import Rewriter, Rules, rule, same_type
from funcgrad.core.errors import FuncgradError
from funcgrad.core.jaxpr import Atom, Equation, Literal, Var

SHAPE_RULES: Rules = {}


@rule(SHAPE_RULES, "transpose")
def transpose_of_transpose(rw: Rewriter, eqn: Equation) -> Atom | None:
    """transpose p (transpose q x) -> transpose (q[p]) x;  transpose id x -> x"""
    (x,) = eqn.invars
    permutation = eqn.params["permutation"]
    if permutation == tuple(range(len(permutation))) and type(x) is Var:
        return x
    inner = rw.maker(x, "transpose")
    if inner:
        q = inner.params["permutation"]
        both = tuple([q[p] for p in permutation])
        return rw.bind(eqn.primitive, inner.invars[0], like=eqn, permutation=both)
    spread = rw.maker(x, "broadcast_in_dim")
    if spread:
        where = {p: i for i, p in enumerate(permutation)}
        dims = tuple([where[d] for d in spread.params["broadcast_dimensions"]])
        if dims == tuple(sorted(dims)):
            return rw.bind(
                spread.primitive,
                spread.invars[0],
                like=eqn,
                shape=eqn.outvars[0].aval.shape,
                broadcast_dimensions=dims,
            )
    if _moves_only_ones(x.aval.shape, permutation):
        return rw.bind("reshape", x, like=eqn, new_sizes=eqn.outvars[0].aval.shape)
    return None


def _moves_only_ones(shape: tuple[int, ...], permutation: tuple[int, ...]) -> bool:
    kept = [p for p in permutation if shape[p] != 1]
    return kept == sorted(kept)


@rule(SHAPE_RULES, "reshape")
def reshape_of_reshape(rw: Rewriter, eqn: Equation) -> Atom | None:
    """reshape (reshape x) -> reshape x;  reshape to the same shape -> x;  reshape (broadcast scalar) -> broadcast"""
    (x,) = eqn.invars
    out = eqn.outvars[0].aval
    if x.aval.shape == out.shape and type(x) is Var:
        return x
    inner = rw.maker(x, "reshape")
    if inner:
        return rw.bind(eqn.primitive, inner.invars[0], like=eqn, new_sizes=out.shape)
    spread = rw.maker(x, "broadcast_in_dim")
    if spread:
        source, dims = spread.invars[0], spread.params["broadcast_dimensions"]
        dims = _dims_after_reshape(source.aval.shape, dims, x.aval.shape, out.shape)
        if dims is not None:
            return rw.bind(
                spread.primitive, source, like=eqn, shape=out.shape, broadcast_dimensions=dims
            )
    return None


def _dims_after_reshape(
    source: tuple[int, ...], dims: tuple[int, ...], old: tuple[int, ...], new: tuple[int, ...]
) -> tuple[int, ...] | None:
    """Where the axes of a broadcast array are after a reshape that only adds or drops axes of length 1."""
    if not source:
        return ()
    if [n for n in old if n != 1] != [n for n in new if n != 1]:
        return None
    old_places = [d for d, n in enumerate(old) if n != 1]
    new_places = [d for d, n in enumerate(new) if n != 1]
    moved = dict(zip(old_places, new_places, strict=True))
    if any(d not in moved for d in dims):
        return None
    return tuple([moved[d] for d in dims])


@rule(SHAPE_RULES, "broadcast_in_dim")
def broadcast_of_broadcast(rw: Rewriter, eqn: Equation) -> Atom | None:
    """broadcast (broadcast x) -> broadcast x;  broadcast to the same shape -> x"""
    (x,) = eqn.invars
    params = eqn.params
    if same_type(x.aval, eqn.outvars[0].aval) and type(x) is Var:
        return x
    inner = rw.maker(x, "broadcast_in_dim")
    if inner:
        outer = params["broadcast_dimensions"]
        dims = tuple([outer[d] for d in inner.params["broadcast_dimensions"]])
        return rw.bind(
            eqn.primitive,
            inner.invars[0],
            like=eqn,
            shape=params["shape"],
            broadcast_dimensions=dims,
        )
    return None


@rule(SHAPE_RULES, "reduce_sum")
def sum_of_broadcast(rw: Rewriter, eqn: Equation) -> Atom | None:
    """sum over a broadcast axis of length n -> n times the array"""
    (x,) = eqn.invars
    axes = eqn.params["axes"]
    spread = rw.maker(x, "broadcast_in_dim")
    if not spread or x.aval.dtype.kind not in "fciu":
        return None
    source, dims = spread.invars[0], spread.params["broadcast_dimensions"]
    shape = x.aval.shape
    own = {d: n for d, n in zip(dims, source.aval.shape, strict=True) if n == shape[d]}
    repeated = [d for d in axes if d not in own]
    if not repeated:
        return None
    count = math.prod([shape[d] for d in repeated])
    if count == 0:
        return None
    summed = tuple([i for i, d in enumerate(dims) if d in axes and d in own])
    if any(d in axes and d not in own for d in dims):
        return None
    total = rw.bind("reduce_sum", source, like=eqn, axes=summed) if summed else source
    out = eqn.outvars[0].aval
    product = rw.bind("mul", total, Literal(out.dtype.type(count)), like=eqn)
    left = [d for d in range(len(shape)) if d not in axes]
    kept = [d for d in dims if d not in axes]
    dims = tuple([left.index(d) for d in kept])
    if product.aval.shape == out.shape:
        return product
    return rw.bind(
        "broadcast_in_dim", product, like=eqn, shape=out.shape, broadcast_dimensions=dims
    )


@rule(SHAPE_RULES, "reduce_sum", "reduce_max", "reduce_min", "reduce_prod")
def trivial_reduction(rw: Rewriter, eqn: Equation) -> Atom | None:
    """a reduction over axes of length 1 -> reshape;  sum (sum x) -> sum x;  over no axes -> x"""
    (x,) = eqn.invars
    axes = eqn.params["axes"]
    out = eqn.outvars[0].aval
    if x.aval.dtype != out.dtype:
        return None
    if not axes:
        return x
    if all(x.aval.shape[d] == 1 for d in axes):
        return rw.bind("reshape", x, like=eqn, new_sizes=out.shape)
    inner = rw.maker(x, eqn.primitive.name)
    if inner and set(eqn.params) == {"axes"} == set(inner.params):
        first = inner.params["axes"]
        left = [d for d in range(len(inner.invars[0].aval.shape)) if d not in first]
        both = tuple(sorted([*first, *[left[d] for d in axes]]))
        return rw.bind(eqn.primitive, inner.invars[0], like=eqn, axes=both)
    reshaped = rw.maker(x, "reshape")
    if reshaped and len(axes) == len(x.aval.shape) and set(eqn.params) == {"axes"}:
        source = reshaped.invars[0]
        every = tuple(range(len(source.aval.shape)))
        return rw.bind(eqn.primitive, source, like=eqn, axes=every) if every else source
    return None


@rule(SHAPE_RULES, "*")
def broadcast_into_elementwise(rw: Rewriter, eqn: Equation) -> Atom | None:
    """f(broadcast x, y) -> f(x, y), because elementwise operations broadcast; f(broadcast x) -> broadcast f(x)"""
    primitive = eqn.primitive
    if not primitive.elementwise or primitive.multiple_results:
        return None
    out = eqn.outvars[0].aval
    new = list(eqn.invars)
    changed = False
    for i, atom in enumerate(new):
        spread = rw.maker(atom, "broadcast_in_dim")
        if spread is not None:
            new[i] = _narrow(rw, eqn, spread)
            changed = changed or new[i] is not atom
    if not changed:
        return None
    name = "add" if primitive.name == "add_any" else primitive
    shape = np.broadcast_shapes(*[a.aval.shape for a in new])
    try:
        result = rw.bind(name, *new, like=eqn, **eqn.params)
    except FuncgradError:
        return None
    if shape == out.shape:
        return result
    dims = tuple(range(len(out.shape) - len(shape), len(out.shape)))
    return rw.bind("broadcast_in_dim", result, like=eqn, shape=out.shape, broadcast_dimensions=dims)


def _narrow(rw: Rewriter, eqn: Equation, spread: Equation) -> Atom:
    """The operand of a broadcast, with axes of length 1 where NumPy's broadcasting needs them."""
    (source,) = spread.invars
    shape, dims = spread.params["shape"], spread.params["broadcast_dimensions"]
    expanded = [1] * len(shape)
    for n, d in zip(source.aval.shape, dims, strict=True):
        expanded[d] = n
    first = dims[0] if dims else len(shape)
    needed = tuple(expanded[first:])
    if needed == source.aval.shape:
        return source
    if math.prod(source.aval.shape) == math.prod(shape):
        return spread.outvars[0]
    return rw.bind("reshape", source, like=eqn, new_sizes=needed)
