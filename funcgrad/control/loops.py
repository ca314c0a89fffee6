"""`lax.scan`: loops of known length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.control.bodies import Body
from funcgrad.control.carry import carry_mismatch, trace_carrying
from funcgrad.control.scan import scan_p
from funcgrad.core.errors import ArgumentError
from funcgrad.core.leaves import flatten_arrays, leaf_aval, shown
from funcgrad.core.source import describe_function, here
from funcgrad.core.tracing import Trace, Tracer, current_trace, typeof
from funcgrad.core.tree import (
    PyTreeDef,
    keystr,
    tree_flatten,
    tree_flatten_with_path,
    tree_structure,
)
from funcgrad.core.types import SCALAR_AVALS, ShapedArray


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Any, Any]:
    """Loop over the leading axis of arrays, carrying a value along and stacking outputs.

    As the Python code

        carry, ys = init, []
        for x in xs:
            carry, y = f(carry, x)
            ys.append(y)
        return carry, np.stack(ys)

    but one equation under a trace, however many steps there are.

    Args:
        f: `(carry, slice of xs) -> (carry, slice of ys)`; carry, xs and ys may be pytrees. The carry keeps its
            structure, shapes and dtypes.
        init: the initial carry.
        xs: arrays of the same leading length, or None.
        length: the number of steps; needed if `xs` has no arrays.
        reverse: whether to go from the last slice to the first; `ys` has the order of `xs`.
        unroll: how many steps the body of the loop may do, for JAX's sake: a positive integer or a bool. Steps are
            never unrolled here, since loops have no costs of their own that this could save.

    Returns:
        `(final carry, ys)`, where `ys` has a new leading axis.

    Raises:
        ArgumentError: the carry changes its structure or types (the message shows both), or lengths differ.

    >>> import numpy as np, funcgrad as fg
    >>> total, sums = fg.lax.scan(lambda c, x: (c + x, c + x), 0.0, np.arange(4.0))
    >>> float(total), sums
    (6.0, array([0., 1., 3., 6.]))
    """
    if not callable(f):
        raise ArgumentError(f"scan takes a function first, not {shown(f)}")
    check_unroll("scan", unroll)
    x_leaves, x_avals, x_tree = flatten_arrays(xs, "scan", "xs")
    n = leading_length("scan", xs, x_avals, length)
    flat_init = init_leaves, init_avals, init_tree = flatten_arrays(init, "scan", "init")
    if current_trace() is None:
        if n:
            return _python_scan(f, init, init_avals, x_leaves, x_tree, n, reverse)
        with Trace([], None, "scan"):  # the types of no outputs are known from the body alone
            return scan(f, init, xs, length, reverse)
    body, init_leaves, ys_tree = trace_step("scan", f, init, flat_init, x_avals, x_tree)
    params = {
        "jaxpr": body.jaxpr,
        "length": n,
        "reverse": bool(reverse),
        "num_consts": len(body.consts),
        "num_carry": len(init_leaves),
    }
    outs = bind_or_run(scan_p, [*body.consts, *init_leaves, *x_leaves], params)
    n_carry = len(init_leaves)
    return init_tree.unflatten(outs[:n_carry]), ys_tree.unflatten(outs[n_carry:])


def bind_or_run(primitive: Any, operands: Sequence[Any], params: dict[str, Any]) -> Sequence[Any]:
    """Record an equation if an operand is traced or it has effects; compute otherwise."""
    if any(type(x) is Tracer for x in operands) or primitive.eqn_effects(params):
        return primitive(*operands, **params)
    with np.errstate(all="ignore"):
        return primitive.impl(*operands, **params)


def check_unroll(transform: str, unroll: Any) -> None:
    if not isinstance(unroll, (bool, int, np.integer, np.bool_)) or (
        unroll < 1 and not isinstance(unroll, (bool, np.bool_))
    ):
        raise ArgumentError(
            f"{transform}: unroll must be a positive integer or a bool, not {shown(unroll)}{here()}"
        )


def trace_step(
    transform: str,
    f: Any,
    init: Any,
    flat_init: tuple[list[Any], list[ShapedArray], PyTreeDef],
    x_avals: Sequence[ShapedArray],
    x_tree: PyTreeDef,
) -> tuple[Body, list[Any], Any]:
    """Trace the body of a scan, as `trace_carrying` does, on a slice of arrays of these types."""
    leaves, avals, tree = flat_init
    return trace_carrying(
        lambda carry, x: _pair_of(transform, f, f(carry, x)),
        transform=transform,
        user_fun=f,
        init=init,
        init_leaves=leaves,
        init_avals=avals,
        tree=_pair_tree(tree, x_tree),
        others=[ShapedArray(a.shape[1:], a.dtype) for a in x_avals],
    )


def _pair_of(transform: str, f: Any, out: Any) -> tuple[Any, Any]:
    """The two things that the body of a scan returns."""
    if not isinstance(out, (tuple, list)) or len(out) != 2:
        raise ArgumentError(
            f"{transform}: {describe_function(f)} must return a pair (carry, y), not {shown(out)}{here()}\n  "
            "return None for y if there is nothing to stack"
        )
    return out[0], out[1]


def _pair_tree(a: Any, b: Any) -> Any:
    """The structure of a pair of trees."""
    return tree_structure((a.unflatten([0] * a.num_leaves), b.unflatten([0] * b.num_leaves)))


def leading_length(transform: str, xs: Any, avals: Sequence[ShapedArray], length: Any) -> int:
    """The number of steps of a loop over these arrays; an error if they do not agree."""
    sizes = []
    for i, aval in enumerate(avals):
        if not aval.shape:
            path = keystr(tree_flatten_with_path(xs)[0][i][0])
            raise ArgumentError(
                f"{transform}: xs{path} is a scalar, of type {aval}, and cannot be sliced{here()}\n  "
                "close over values that are the same for all steps"
            )
        sizes.append(aval.shape[0])
    if length is not None:
        try:
            length = int(length.__index__())
        except (AttributeError, TypeError):
            raise ArgumentError(
                f"{transform}: length must be an integer, not {shown(length)}{here()}"
            ) from None
        if length < 0:
            raise ArgumentError(f"{transform}: length must not be negative, not {length}{here()}")
    if len(set(sizes)) > 1 or (length is not None and sizes and sizes[0] != length):
        lines = [
            f"    xs{keystr(path)}: {aval}"
            for (path, _), aval in zip(tree_flatten_with_path(xs)[0], avals, strict=True)
        ]
        if length is not None:
            lines.append(f"    length: {length}")
        raise ArgumentError(
            f"{transform}: the leading axes of xs have different lengths{here()}\n"
            + "\n".join(lines)
        )
    if sizes:
        return sizes[0]
    if length is None:
        raise ArgumentError(
            f"{transform}: xs has no arrays, so the length is not known{here()}\n  pass length=..."
        )
    return length


def _python_scan(
    f: Any, init: Any, init_avals: Any, x_leaves: Any, x_tree: Any, length: int, reverse: bool
) -> tuple[Any, Any]:
    """The loop on plain arrays, as Python runs it."""
    carry = read_only(init)
    stacks: list[Any] = []
    y_tree: Any = None
    carry_tree = tree_structure(init)
    expected: list[ShapedArray] = list(init_avals)
    for t in range(length - 1, -1, -1) if reverse else range(length):
        out, y = _pair_of("scan", f, f(carry, x_tree.unflatten([x[t] for x in x_leaves])))
        expected = check_carry("scan", f, carry, carry_tree, expected, out)
        leaves, tree = tree_flatten(y)
        if y_tree is None:
            y_tree = tree
            stacks = [_Stack(length, leaf) for leaf in leaves]
        elif tree != y_tree:
            raise ArgumentError(f"scan: y has the structure {tree} after it had {y_tree}{here()}")
        for stack, leaf in zip(stacks, leaves, strict=True):
            stack.put(t, leaf)
        carry = read_only(out)
    return owned(carry), y_tree.unflatten([stack.array for stack in stacks])


class _Stack:
    """The stacked values of one leaf of y. Python's numbers, at its start, give way to arrays."""

    def __init__(self, length: int, first: Any) -> None:
        value = np.asarray(first)
        self.array = np.empty((length, *value.shape), value.dtype)
        self.weak = type(first) in SCALAR_AVALS

    def put(self, t: int, leaf: Any) -> None:
        aval = typeof(
            leaf if hasattr(leaf, "dtype") or type(leaf) in SCALAR_AVALS else np.asarray(leaf)
        )
        old = self.array
        if aval.shape != old.shape[1:]:
            raise ArgumentError(
                f"scan: y has shape {aval.shape} after it had {old.shape[1:]}{here()}"
            )
        if aval.dtype != old.dtype:
            kinds: dict[str, Any] = {"b": False, "i": 0, "f": 0.0, "c": 0j}
            asked = [
                kinds[dtype.kind] if weak and dtype.kind in kinds else dtype
                for dtype, weak in ((old.dtype, self.weak), (aval.dtype, aval.weak_type))
            ]
            self.array = old.astype(np.result_type(*asked))
        self.weak = self.weak and aval.weak_type
        self.array[t] = leaf


def check_carry(
    transform: str, f: Any, carry: Any, tree: Any, expected: list[ShapedArray], out: Any
) -> list[ShapedArray]:
    """The types of the next carry; an error if they are not those of the last one."""
    leaves, out_tree = tree_flatten(out)
    avals = [leaf_aval(x) or typeof(np.asarray(x)) for x in leaves]
    if out_tree == tree:
        for a, b in zip(expected, avals, strict=True):
            # Python's numbers give way to arrays.
            if a.shape != b.shape or (a.dtype != b.dtype and not _gives_way(a, b)):
                break
        else:
            return avals
    error = carry_mismatch(transform, f, carry, expected, out, avals)
    assert error is not None
    raise error


def _gives_way(a: ShapedArray, b: ShapedArray) -> bool:
    """Whether one of two types is a Python number's, of a kind that the other holds: 1.0 is no boolean."""
    if a.weak_type and b.weak_type:
        return True
    if not (a.weak_type or b.weak_type):
        return False
    weak, strong = (a, b) if a.weak_type else (b, a)
    order = "biufc"  # others, found last, hold no number
    return order.find(weak.dtype.kind) <= order.find(strong.dtype.kind) or (
        weak.dtype.kind == "i" and strong.dtype.kind == "u"
    )


def read_only(tree: Any) -> Any:
    """A carry as a body sees it that is traced: it cannot be written to, and `~` of a boolean is its opposite."""
    leaves, treedef = tree_flatten(tree)
    for i, leaf in enumerate(leaves):
        if type(leaf) is np.ndarray:
            leaves[i] = leaf = leaf.view()
            leaf.flags.writeable = False
        elif type(leaf) is bool:
            leaves[i] = np.bool_(leaf)
    return treedef.unflatten(leaves)


def owned(tree: Any) -> Any:
    """A result of its own: writable arrays, and NumPy's scalars for Python's."""
    leaves, treedef = tree_flatten(tree)
    return treedef.unflatten(
        [np.array(x) if isinstance(x, np.ndarray) else np.asarray(x)[()] for x in leaves]
    )
