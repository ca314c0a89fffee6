"""Calling Python from inside of traced code: `pure_callback`, `io_callback`. For debugging see debugging.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.control.call import CallPrimitive
from funcgrad.control.function_key import function_key
from funcgrad.control.sequential import SEQUENTIAL, batch_by_loop
from funcgrad.core.errors import ArgumentError, NoBatchingError, NoDerivativeError
from funcgrad.core.leaves import flatten_arrays
from funcgrad.core.primitive import BatchAxis
from funcgrad.core.source import describe_function, here
from funcgrad.core.tracing import Tracer, current_trace, there
from funcgrad.core.tree import PyTreeDef, describe_mismatch, keystr, tree_flatten
from funcgrad.core.types import NUMERIC_KINDS, ShapedArray
from funcgrad.transforms import batch as batching

VMAP_METHODS = ("sequential", "expand_dims", "broadcast_all", "legacy_vectorized")


class Callback:
    """A user's function with the structures of its arguments and of its result; compared by what it does."""

    __slots__ = ("_key", "function", "in_tree", "out_tree")

    def __init__(
        self, function: Callable[..., Any], in_tree: PyTreeDef, out_tree: PyTreeDef | None
    ) -> None:
        self.function = function
        self.in_tree = in_tree
        self.out_tree = out_tree
        self._key = (function_key(function)[0], in_tree, out_tree)

    def __eq__(self, other: object) -> bool:
        return type(other) is Callback and other._key == self._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return describe_function(self.function)

    def __call__(self, values: Sequence[Any]) -> list[Any]:
        """Call the function on plain arrays: the leaves of its result."""
        args, kwargs = self.in_tree.unflatten([_plain(v) for v in values])
        out = self.function(*args, **kwargs)
        if self.out_tree is None:
            return []
        leaves, tree = tree_flatten(out)
        if tree != self.out_tree:
            raise ArgumentError(
                f"the callback {self} returned another structure than it promised\n"
                + describe_mismatch(self.out_tree, out, ("result_shape_dtypes", "the result"))
            )
        return leaves


def _plain(value: Any) -> Any:
    """An argument of a callback: an array of its own, so that the callback may keep it and write to it."""
    array = np.array(value)
    return array if array.ndim else array[()]


def checked_results(
    callback: Any, leaves: Sequence[Any], avals: Sequence[ShapedArray]
) -> tuple[Any, ...]:
    """The results of a callback, which must be of the promised types."""
    results = []
    for i, (leaf, aval) in enumerate(zip(leaves, avals, strict=True)):
        array = np.asarray(leaf)
        if array.shape != aval.shape:
            raise ArgumentError(
                f"the callback {callback} returned result {i} of shape {array.shape}, but promised {aval}"
            )
        if array.dtype != aval.dtype:
            if not np.can_cast(array.dtype, aval.dtype, "same_kind"):
                raise ArgumentError(
                    f"the callback {callback} returned result {i} of dtype {array.dtype}, but promised {aval}"
                )
            array = array.astype(aval.dtype)
        results.append(array if array.ndim else array[()])
    return tuple(results)


def flatten_shapes(result_shape_dtypes: Any, what: str) -> tuple[list[ShapedArray], PyTreeDef]:
    """The types of results from shape-and-dtype structs or arrays."""
    leaves, tree = tree_flatten(result_shape_dtypes)
    avals = []
    for leaf in leaves:
        if not hasattr(leaf, "shape") or not hasattr(leaf, "dtype"):
            raise ArgumentError(
                f"{what}: results are described by fg.ShapeDtypeStruct(shape, dtype) or arrays, "
                f"not {leaf!r:.60}{here()}"
            )
        dtype = np.dtype(leaf.dtype)
        if dtype.kind not in NUMERIC_KINDS:
            raise ArgumentError(f"{what}: a result cannot have dtype {dtype}{here()}")
        avals.append(ShapedArray(tuple(leaf.shape), dtype))
    return avals, tree


# pure_callback


def _pure_impl(*args: Any, callback: Callback, result_avals: Any, vmap_method: Any) -> Any:
    return checked_results(callback, callback(args), result_avals)


def _pure_jvp(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> Any:
    raise NoDerivativeError(
        f"the callback {params['callback']} has no derivative{there()}"
        "\n  give it one with fg.custom_jvp or fg.custom_vjp, define it with fg.defprimitive, or use "
        "fg.stop_gradient on its arguments"
    )


def _batched_avals(avals: Sequence[ShapedArray], size: int) -> tuple[ShapedArray, ...]:
    return tuple([ShapedArray((size, *a.shape), a.dtype) for a in avals])


def _pure_batch(
    axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool], **params: Any
) -> Any:
    method = params["vmap_method"]
    if method == "sequential":
        return batch_by_loop(pure_callback_p, axis, operands, batched, params)
    if method is None:
        raise NoBatchingError(
            f"vmap: the callback {params['callback']} does not say how it is batched{there()}\n  pass "
            "vmap_method='sequential' to call it per example, or 'expand_dims' or 'broadcast_all' to call it "
            "once with the batch axis in front of all arguments"
        )
    if method == "legacy_vectorized":
        values = list(operands)
    elif method == "broadcast_all":
        values = [
            x if b else batching.to_batch(x, axis) for x, b in zip(operands, batched, strict=True)
        ]
    else:
        values = [
            x if b else batching.to_batch(x, BatchAxis(1))
            for x, b in zip(operands, batched, strict=True)
        ]
    avals = _batched_avals(params["result_avals"], axis.size)
    return pure_callback_p(*values, **params | {"result_avals": avals}), True


pure_callback_p = CallPrimitive(
    "pure_callback",
    impl=_pure_impl,
    abstract=lambda *avals, result_avals, **params: result_avals,
    jvp=_pure_jvp,
    batch=_pure_batch,
    multiple_results=True,
    properties=frozenset({SEQUENTIAL}),
)


def pure_callback(
    callback: Callable[..., Any],
    result_shape_dtypes: Any,
    *args: Any,
    vmap_method: str | None = None,
    **kwargs: Any,
) -> Any:
    """Call a Python function without side effects from traced code.

    Args:
        callback: takes plain arrays in the structure of the arguments; gives arrays of the promised types. It may be
            called any number of times, or not at all if its result is not needed.
        result_shape_dtypes: a pytree of `ShapeDtypeStruct`s or arrays that describes the result.
        args: arrays or pytrees.
        vmap_method: what `vmap` does. "sequential": call per example. "expand_dims": call once, with the batch axis in
            front, of length 1 for arguments that are not batched. "broadcast_all": likewise, of full length for all.
            None: an error.
        kwargs: further arguments.

    Raises:
        ArgumentError: the result is not of the promised structure or types.
        NoDerivativeError: it is differentiated. Use `custom_jvp`, `custom_vjp` or `defprimitive`.

    >>> import numpy as np, funcgrad as fg
    >>> @fg.jit
    ... def f(x):
    ...     shape = fg.ShapeDtypeStruct(x.shape, x.dtype)
    ...     return fg.pure_callback(lambda x: np.sort(x)[::-1], shape, x) + 1.0
    >>> f(np.array([1.0, 3.0, 2.0]))
    array([4., 3., 2.])
    """
    if vmap_method is not None and vmap_method not in VMAP_METHODS:
        raise ArgumentError(
            f"pure_callback: vmap_method is one of {', '.join(map(repr, VMAP_METHODS))} or None, not {vmap_method!r}"
        )
    leaves, bound, avals, tree = _prepare(
        "pure_callback", callback, result_shape_dtypes, args, kwargs
    )
    if any(type(x) is Tracer for x in leaves):
        outs = pure_callback_p(
            *leaves, callback=bound, result_avals=tuple(avals), vmap_method=vmap_method
        )
    else:
        outs = checked_results(bound, bound(leaves), avals)
    return tree.unflatten(outs)


def _prepare(
    what: str, callback: Any, result_shape_dtypes: Any, args: Any, kwargs: Any
) -> tuple[list[Any], Callback, list[ShapedArray], PyTreeDef]:
    if not callable(callback):
        raise ArgumentError(f"{what} takes a function first, not {callback!r:.60}{here()}")
    avals, out_tree = flatten_shapes(result_shape_dtypes, what)
    leaves, _, in_tree = flatten_arrays(
        (args, kwargs), what, lambda path: f"argument {keystr(path[1:])}"
    )
    return leaves, Callback(callback, in_tree, out_tree), avals, out_tree


# io_callback


def _io_batch(
    axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool], **params: Any
) -> Any:
    if params["ordered"]:
        raise NoBatchingError(
            f"vmap: the callback {params['callback']} is ordered, and examples have no order{there()}\n  "
            "pass ordered=False to call it once per example"
        )
    return batch_by_loop(io_callback_p, axis, operands, batched, params)


def _io_jvp(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> Any:
    raise NoDerivativeError(
        f"the callback {params['callback']} has side effects and no derivative{there()}\n  "
        "use fg.stop_gradient on its arguments"
    )


io_callback_p = CallPrimitive(
    "io_callback",
    impl=lambda *args, callback, result_avals, ordered: checked_results(
        callback, callback(args), result_avals
    ),
    abstract=lambda *avals, result_avals, **params: result_avals,
    jvp=_io_jvp,
    batch=_io_batch,
    multiple_results=True,
    effects=frozenset({"io"}),
)


def io_callback(
    callback: Callable[..., Any],
    result_shape_dtypes: Any,
    *args: Any,
    ordered: bool = False,
    **kwargs: Any,
) -> Any:
    """Call a Python function with side effects from traced code. Each call in the code is made exactly once.

    Args:
        callback: takes plain arrays in the structure of the arguments; gives arrays of the promised types.
        result_shape_dtypes: a pytree of `ShapeDtypeStruct`s or arrays that describes the result; None for nothing.
        args: arrays or pytrees.
        ordered: whether calls must keep their order. (They do; under `vmap` it is an error.)
        kwargs: further arguments.

    >>> import funcgrad as fg
    >>> log = []
    >>> f = fg.jit(lambda x: fg.io_callback(log.append, None, x))
    >>> f(1.0), f(2.0), log
    (None, None, [np.float64(1.0), np.float64(2.0)])
    """
    leaves, bound, avals, tree = _prepare(
        "io_callback", callback, result_shape_dtypes, args, kwargs
    )
    if not avals:
        bound = Callback(_Discarding(callback), bound.in_tree, tree)
    if current_trace() is not None:
        outs = io_callback_p(*leaves, callback=bound, result_avals=tuple(avals), ordered=ordered)
    else:
        outs = checked_results(bound, bound(leaves), avals)
    return tree.unflatten(outs)


class _Discarding:
    """A callback whose result is not wanted."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.func = function

    def _function_parts(self) -> tuple[Any, ...]:
        return (self.func,)

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        self.func(*args, **kwargs)
