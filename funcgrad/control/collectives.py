"""Operations over a named axis of `vmap`: psum, pmean, pmax, pmin, all_gather, axis_index.

Inside the function they are equations that name the axis; `batch` resolves them when it adds the axis.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

import numpy as np

from funcgrad.core import dispatch
from funcgrad.core.errors import AxisNameError, UnsupportedError
from funcgrad.core.primitive import BatchAxis, Primitive
from funcgrad.core.source import here
from funcgrad.core.tracing import AbstractValue, current_trace
from funcgrad.core.tree import tree_map
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import move_axis, sum_axes
from funcgrad.transforms.batch import to_batch


class _Axes(threading.local):
    sizes: dict[Hashable, int] = {}  # noqa: RUF012  # replaced, never changed


_AXES = _Axes()


@contextlib.contextmanager
def named_axis(name: Hashable | None, size: int) -> Iterator[None]:
    """Make an axis name known while a function is traced."""
    if name is None:
        yield
        return
    before = _AXES.sizes
    _AXES.sizes = {**before, name: size}
    try:
        yield
    finally:
        _AXES.sizes = before


def axis_size(axis_name: Hashable) -> int:
    """The length of a named axis.

    >>> import numpy as np, funcgrad as fg
    >>> fg.vmap(lambda x: x / fg.lax.axis_size("i"), axis_name="i")(np.ones(4))
    array([0.25, 0.25, 0.25, 0.25])
    """
    try:
        return _AXES.sizes[axis_name]
    except KeyError:
        raise AxisNameError(
            f"no axis is named {axis_name!r}{here()}\n  call it inside of fg.vmap(..., axis_name={axis_name!r})"
        ) from None


def _effects(axis_name: Hashable, **params: Any) -> frozenset[str]:
    return frozenset({f"axis:{axis_name}"})


def _per_example(*operands: Any, **params: Any) -> Any:
    """The implementation of what has no value of its own while tracing: it differs per example."""
    trace = current_trace()
    assert trace is not None
    raise AbstractValue(trace)


def _collective(
    name: str,
    reduce: Callable[[Any, BatchAxis], Any],
    alone: Callable[[Any, BatchAxis], Any],
    *,
    linear: bool,
) -> Primitive:
    """A primitive that combines the examples: the same result for all of them."""

    def jvp(primals: Sequence[Any], tangents: Sequence[Any], *, axis_name: Any) -> Any:
        (x,), (t,) = primals, tangents
        return primitive(x, axis_name=axis_name), None if t is None else primitive(
            t, axis_name=axis_name
        )

    def batch(
        axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool], *, axis_name: Any
    ) -> Any:
        (x,) = operands
        if axis.name != axis_name:
            return primitive(x, axis_name=axis_name), True
        return (reduce(x, axis) if batched[0] else alone(x, axis)), False

    primitive = Primitive(
        name,
        # Values are asked for only of what is the same for all examples.
        impl=lambda x, axis_name: alone(x, BatchAxis(axis_size(axis_name), axis_name)),
        abstract=lambda x, axis_name: ShapedArray(x.shape, x.dtype),
        jvp=jvp if linear else None,
        # The cotangent of a sum over examples is the sum of the examples' cotangents.
        transpose=(lambda ct, x, axis_name: (primitive(ct, axis_name=axis_name),))
        if linear
        else None,
        batch=batch,
        effects=_effects,
    )
    return primitive


psum_p = _collective(
    "psum", lambda x, axis: sum_axes(x, (0,)), lambda x, axis: x * axis.size, linear=True
)
pmax_p = _collective(
    "pmax",
    lambda x, axis: dispatch.find_function(np.max)(x, axis=0),
    lambda x, axis: x,
    linear=False,
)
pmin_p = _collective(
    "pmin",
    lambda x, axis: dispatch.find_function(np.min)(x, axis=0),
    lambda x, axis: x,
    linear=False,
)


def _gather_batch(
    axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool], *, axis_name: Any, size: int
) -> Any:
    (x,) = operands
    if axis.name != axis_name:
        return move_axis(all_gather_p(x, axis_name=axis_name, size=size), 0, 1), True
    return (x, False) if batched[0] else (to_batch(x, axis), False)


def _scatter_batch(
    axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool], *, axis_name: Any, size: int
) -> Any:
    (x,) = operands
    if axis.name != axis_name:
        return psum_scatter_p(move_axis(x, 1, 0), axis_name=axis_name, size=size), True
    return (sum_axes(x, (0,)), True) if batched[0] else (x * axis.size, True)


all_gather_p = Primitive(
    "all_gather",
    impl=lambda x, axis_name, size: np.stack([x] * size),
    abstract=lambda x, axis_name, size: ShapedArray((size, *x.shape), x.dtype),
    jvp=lambda primals, tangents, **p: (
        all_gather_p(*primals, **p),
        None if tangents[0] is None else all_gather_p(*tangents, **p),
    ),
    transpose=lambda ct, x, **p: (psum_scatter_p(ct, **p),),
    batch=_gather_batch,
    effects=_effects,
)
psum_scatter_p = Primitive(
    "psum_scatter",
    impl=_per_example,
    abstract=lambda x, axis_name, size: ShapedArray(x.shape[1:], x.dtype),
    jvp=lambda primals, tangents, **p: (
        psum_scatter_p(*primals, **p),
        None if tangents[0] is None else psum_scatter_p(*tangents, **p),
    ),
    transpose=lambda ct, x, **p: (all_gather_p(ct, **p),),
    batch=_scatter_batch,
    effects=_effects,
)
axis_index_p = Primitive(
    "axis_index",
    impl=_per_example,
    abstract=lambda axis_name: ShapedArray((), np.dtype(int)),
    batch=lambda axis, operands, batched, *, axis_name: (np.arange(axis.size), True),
    effects=_effects,
)


def bind_named(primitive: Primitive, x: Any, **params: Any) -> Any:
    """Record a primitive of a named axis, even if its operand is not traced."""
    trace = current_trace()
    axis_size(params["axis_name"])
    assert trace is not None
    return trace.bind(primitive, (x,), params)


def _over_axes(primitive: Primitive, x: Any, axis_name: Any) -> Any:
    names = axis_name if isinstance(axis_name, (tuple, list)) else (axis_name,)
    for name in names:
        x = tree_map(lambda leaf, name=name: bind_named(primitive, leaf, axis_name=name), x)
    return x


def refuse_groups(name: str, groups: Any) -> None:
    """Refuse JAX's groups of examples, which `vmap` has not, there or here; None stands for one group."""
    if groups is not None:
        raise UnsupportedError(
            f"{name}: axis_index_groups has no implementation under vmap{here()}\n  "
            "use two nested vmaps with a named axis each"
        )


def psum(x: Any, axis_name: Any, *, axis_index_groups: None = None) -> Any:
    """The sum over a named axis (or several) of `vmap`; of all examples, so without `axis_index_groups`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.vmap(lambda x: x / fg.lax.psum(x, "i"), axis_name="i")(np.array([1.0, 3.0]))
    array([0.25, 0.75])
    """
    refuse_groups("psum", axis_index_groups)
    return _over_axes(psum_p, x, axis_name)


def pmean(x: Any, axis_name: Any, *, axis_index_groups: None = None) -> Any:
    """The mean over a named axis (or several) of `vmap`; of all examples, so without `axis_index_groups`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.vmap(lambda x: x - fg.lax.pmean(x, "i"), axis_name="i")(np.array([1.0, 3.0]))
    array([-1.,  1.])
    """
    refuse_groups("pmean", axis_index_groups)
    names = axis_name if isinstance(axis_name, (tuple, list)) else (axis_name,)
    count = 1
    for name in names:
        count *= axis_size(name)
    return tree_map(lambda leaf: psum(leaf, axis_name) / count, x)


def pmax(x: Any, axis_name: Any, *, axis_index_groups: None = None) -> Any:
    """The maximum over a named axis (or several) of `vmap`; of all examples, so without `axis_index_groups`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.vmap(lambda x: x - fg.lax.pmax(x, "i"), axis_name="i")(np.array([1.0, 3.0]))
    array([-2.,  0.])
    """
    refuse_groups("pmax", axis_index_groups)
    return _over_axes(pmax_p, x, axis_name)


def pmin(x: Any, axis_name: Any, *, axis_index_groups: None = None) -> Any:
    """The minimum over a named axis (or several) of `vmap`; of all examples, so without `axis_index_groups`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.vmap(lambda x: x - fg.lax.pmin(x, "i"), axis_name="i")(np.array([1.0, 3.0]))
    array([0., 2.])
    """
    refuse_groups("pmin", axis_index_groups)
    return _over_axes(pmin_p, x, axis_name)


def all_gather(
    x: Any,
    axis_name: Hashable,
    *,
    axis_index_groups: None = None,
    axis: int = 0,
    tiled: bool = False,
) -> Any:
    """The values of all examples along a named axis, stacked on a new axis (or joined along one if `tiled`).

    >>> import numpy as np, funcgrad as fg
    >>> fg.vmap(lambda x: fg.lax.all_gather(x, "i").sum(), axis_name="i")(np.array([1.0, 3.0]))
    array([4., 4.])
    """

    refuse_groups("all_gather", axis_index_groups)

    def gather(leaf: Any) -> Any:
        out = bind_named(all_gather_p, leaf, axis_name=axis_name, size=axis_size(axis_name))
        out = move_axis(out, 0, axis % out.ndim)
        if tiled:
            shape = list(out.shape)
            shape[axis : axis + 2] = [shape[axis] * shape[axis + 1]]
            out = out.reshape(shape)
        return out

    return tree_map(gather, x)


def axis_index(axis_name: Hashable) -> Any:
    """The position of the example along a named axis, an integer.

    >>> import numpy as np, funcgrad as fg
    >>> fg.vmap(lambda x: x * fg.lax.axis_index("i"), axis_name="i")(np.ones(3))
    array([0., 1., 2.])
    """
    axis_size(axis_name)
    trace = current_trace()
    assert trace is not None
    return trace.bind(axis_index_p, (), {"axis_name": axis_name})
