"""The structural linear primitives that the rules of all others lean on.

Broadcasting, its dual (summing), reshaping, transposing, converting, adding cotangents.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.primitive import BatchAxis, Primitive
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, current_trace, typeof
from funcgrad.core.types import ShapedArray, is_differentiable


def linear_jvp(primitive_of: Any) -> Any:
    """The forward rule of a primitive that is linear in its only operand: apply it to the tangent."""

    def jvp(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> tuple[Any, Any]:
        primitive = primitive_of()
        out = primitive(*primals, **params)
        (t,) = tangents
        return out, None if t is None else primitive(t, **params)

    return jvp


def _abstract_add_any(x: ShapedArray, y: ShapedArray) -> ShapedArray:
    if x.shape != y.shape or x.dtype != y.dtype:
        raise ArgumentError(f"add_any: types {x} and {y} differ")
    return x.strip_weak_type()


def _add_any_jvp(primals: Any, tangents: Any) -> tuple[Any, Any]:
    out = add_any(*primals)
    tx, ty = tangents
    return out, tx if ty is None else ty if tx is None else add_any(tx, ty)


def _add_any_batch(
    axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool]
) -> tuple[Any, bool]:
    shape = next(x.shape for x, b in zip(operands, batched, strict=True) if b)
    return add_any(*[broadcast_to(x, shape) for x in operands]), True


# Adds tangents or cotangents: operands of the same type. Elementwise, but never broadcasts.
add_any = Primitive(
    "add_any",
    impl=np.add,
    abstract=_abstract_add_any,
    jvp=_add_any_jvp,
    transpose=lambda ct, x, y: (ct, ct),
    batch=_add_any_batch,
    elementwise=True,
    ufunc=np.add,
)


def _convert_impl(x: Any, new_dtype: np.dtype[Any], weak_type: bool) -> Any:
    if np.iscomplexobj(x) and new_dtype.kind != "c":
        x = np.real(x) if new_dtype.kind != "b" else x != 0
    return x.astype(new_dtype) if hasattr(x, "astype") else new_dtype.type(x)


def _convert_jvp(
    primals: Any, tangents: Any, *, new_dtype: Any, weak_type: bool
) -> tuple[Any, Any]:
    (x,), (t,) = primals, tangents
    out = convert_element_type(x, new_dtype=new_dtype, weak_type=weak_type)
    if t is None or not is_differentiable(new_dtype):
        return out, None
    return out, convert(t, new_dtype)


convert_element_type = Primitive(
    "convert_element_type",
    impl=_convert_impl,
    abstract=lambda x, new_dtype, weak_type: ShapedArray(x.shape, new_dtype, weak_type),
    jvp=_convert_jvp,
    transpose=lambda ct, x, new_dtype, weak_type: (convert(ct, x.dtype),),
    batch=lambda axis, operands, batched, **params: (
        convert_element_type(*operands, **params),
        True,
    ),
    elementwise=True,
)


def convert(x: Any, dtype: Any) -> Any:
    """`x` with this dtype; complex numbers lose their imaginary part when converted to real ones."""
    dtype = np.dtype(dtype)
    aval = typeof(x)
    if aval.dtype == dtype and not aval.weak_type:
        return x
    return convert_element_type(x, new_dtype=dtype, weak_type=False)


# For the core, which stands below the primitives.
setattr(Tracer, "_converted", convert)  # noqa: B010


def _broadcast_impl(x: Any, shape: tuple[int, ...], broadcast_dimensions: tuple[int, ...]) -> Any:
    x = np.asarray(x)
    if len(broadcast_dimensions) != len(shape):
        expanded = [1] * len(shape)
        for size, dim in zip(x.shape, broadcast_dimensions, strict=True):
            expanded[dim] = size
        x = x.reshape(expanded)
    return np.broadcast_to(x, shape)


def _broadcast_transpose(ct: Any, x: Any, shape: Any, broadcast_dimensions: Any) -> tuple[Any]:
    new = [d for d in range(len(shape)) if d not in broadcast_dimensions]
    stretched = [
        d for s, d in zip(x.shape, broadcast_dimensions, strict=True) if s == 1 != shape[d]
    ]
    return (reshape(sum_axes(ct, (*new, *stretched)), x.shape),)


def _broadcast_batch(
    axis: BatchAxis, operands: Any, batched: Any, shape: Any, broadcast_dimensions: Any
) -> tuple[Any, bool]:
    (x,) = operands
    dims = (0, *[d + 1 for d in broadcast_dimensions])
    return broadcast_in_dim(x, shape=(axis.size, *shape), broadcast_dimensions=dims), True


broadcast_in_dim = Primitive(
    "broadcast_in_dim",
    impl=_broadcast_impl,
    abstract=lambda x, shape, broadcast_dimensions: ShapedArray(shape, x.dtype),
    jvp=linear_jvp(lambda: broadcast_in_dim),
    transpose=_broadcast_transpose,
    batch=_broadcast_batch,
    view=True,
    properties=frozenset({"moves"}),
)


def broadcast_to(x: Any, shape: tuple[int, ...]) -> Any:
    """NumPy's `broadcast_to`, as an equation."""
    old = typeof(x).shape
    if old == shape and not typeof(x).weak_type:
        return x
    try:
        fits = np.broadcast_shapes(old, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ArgumentError(f"an array of shape {old} cannot be broadcast to shape {shape}{here()}")
    dims = tuple(range(len(shape) - len(old), len(shape)))
    return broadcast_in_dim(x, shape=shape, broadcast_dimensions=dims)


def _abstract_reshape(x: ShapedArray, new_sizes: tuple[int, ...]) -> ShapedArray:
    if math.prod(new_sizes) != x.size:
        raise ArgumentError(
            f"cannot reshape an array of shape {x.shape} into shape {new_sizes}{here()}"
        )
    return ShapedArray(new_sizes, x.dtype)


reshape_p = Primitive(
    "reshape",
    impl=lambda x, new_sizes: np.reshape(x, new_sizes),
    abstract=_abstract_reshape,
    jvp=linear_jvp(lambda: reshape_p),
    transpose=lambda ct, x, new_sizes: (reshape(ct, x.shape),),
    batch=lambda axis, operands, batched, new_sizes: (
        reshape(operands[0], (axis.size, *new_sizes)),
        True,
    ),
    view=True,
    properties=frozenset({"moves"}),
)


def reshape(x: Any, shape: tuple[int, ...]) -> Any:
    """`x` with this shape (without -1), in C order."""
    if typeof(x).shape == shape and not typeof(x).weak_type:
        return x
    return reshape_p(x, new_sizes=shape)


def expand_dims(x: Any, axes: Sequence[int]) -> Any:
    """`x` with axes of length 1 at these positions of the result."""
    old = iter(typeof(x).shape)
    ndim = len(typeof(x).shape) + len(axes)
    return reshape(x, tuple([1 if d in axes else next(old) for d in range(ndim)]))


transpose_p = Primitive(
    "transpose",
    impl=lambda x, permutation: np.transpose(x, permutation),
    abstract=lambda x, permutation: ShapedArray(tuple([x.shape[p] for p in permutation]), x.dtype),
    jvp=linear_jvp(lambda: transpose_p),
    transpose=lambda ct, x, permutation: (transpose(ct, inverse_permutation(permutation)),),
    batch=lambda axis, operands, batched, permutation: (
        transpose(operands[0], (0, *[p + 1 for p in permutation])),
        True,
    ),
    view=True,
    properties=frozenset({"moves"}),
)


def transpose(x: Any, permutation: Sequence[int]) -> Any:
    """`x` with its axes permuted: axis i of the result is axis `permutation[i]` of `x`."""
    permutation = tuple(permutation)
    if permutation == tuple(range(len(permutation))):
        return x
    return transpose_p(x, permutation=permutation)


def inverse_permutation(permutation: Sequence[int]) -> tuple[int, ...]:
    inverse = [0] * len(permutation)
    for i, p in enumerate(permutation):
        inverse[p] = i
    return tuple(inverse)


def move_axis(x: Any, source: int, destination: int) -> Any:
    """`x` with one axis moved; the others keep their order. Both positions are non-negative."""
    if source == destination:
        return x
    order = [d for d in range(len(typeof(x).shape)) if d != source]
    order.insert(destination, source)
    return transpose(x, order)


reduce_sum = Primitive(
    "reduce_sum",
    impl=lambda x, axes: np.add.reduce(x, axis=axes, dtype=typeof(x).dtype),
    abstract=lambda x, axes: ShapedArray(without(x.shape, axes), x.dtype),
    jvp=linear_jvp(lambda: reduce_sum),
    transpose=lambda ct, x, axes: (
        broadcast_in_dim(ct, shape=x.shape, broadcast_dimensions=remaining(x.ndim, axes)),
    ),
    batch=lambda axis, operands, batched, axes: (sum_axes(operands[0], shift(axes)), True),
)


def sum_axes(x: Any, axes: Sequence[int]) -> Any:
    """The sum over these axes (non-negative), in the dtype of `x`."""
    return reduce_sum(x, axes=tuple(sorted(axes))) if len(axes) else x


def without(shape: Sequence[int], axes: Sequence[int]) -> tuple[int, ...]:
    """A shape without these axes."""
    return tuple([n for d, n in enumerate(shape) if d not in axes])


def remaining(ndim: int, axes: Sequence[int]) -> tuple[int, ...]:
    """The axes that are not among these."""
    return tuple([d for d in range(ndim) if d not in axes])


def shift(axes: Sequence[int]) -> tuple[int, ...]:
    """Axes of an example as axes of the batch, whose first axis counts the examples."""
    return tuple([d + 1 for d in axes])


def unbroadcast(ct: Any, aval: ShapedArray) -> Any:
    """Undo NumPy's broadcasting and promotion in a cotangent: sum and convert it to an operand's type."""
    shape = typeof(ct).shape
    if shape != aval.shape:
        extra = len(shape) - len(aval.shape)
        stretched = [d + extra for d, n in enumerate(aval.shape) if n == 1 != shape[d + extra]]
        ct = reshape(sum_axes(ct, (*range(extra), *stretched)), aval.shape)
    return convert(ct, aval.dtype)


def zeros(aval: ShapedArray) -> Any:
    """A zero of this type: an equation under a trace, so that no array is kept in the jaxpr."""
    trace = current_trace()
    if trace is None:
        return np.zeros(aval.shape, aval.dtype)[()]
    zero = trace.literal(aval.dtype.type(0))
    return broadcast_in_dim(zero, shape=aval.shape, broadcast_dimensions=()) if aval.shape else zero


def instantiate(tangent: Any, aval: ShapedArray) -> Any:
    """A tangent or cotangent, or zeros for a symbolic zero (None)."""
    return zeros(aval) if tangent is None else tangent
