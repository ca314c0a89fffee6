"""`x[key]`, `x[key] = value` and iteration on traced arrays, as NumPy's."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from funcgrad.core import dispatch
from funcgrad.core.errors import LostDerivativeError
from funcgrad.core.source import here, source_of
from funcgrad.core.tracing import OWN, Tracer, View, typeof
from funcgrad.numpy.local_arrays import follows_standard
from funcgrad.numpy.masked import Masked, has_mask, masked_read, masked_update, refuse_mask
from funcgrad.numpy.places import AbstractMask, Place, find_place
from funcgrad.numpy.views import is_scalar, own
from funcgrad.ops import elementwise as e
from funcgrad.ops.basic import convert, reshape
from funcgrad.ops.gather import gather, scatter_add
from funcgrad.ops.indexing import additem, getitem, numpy_index, setitem, whole
from funcgrad.ops.scatter import scatter, scatter_max, scatter_min, scatter_mul

# What `update` does where a value meets an element: (for one write per place, for repeated places).
_COMBINE: dict[str, tuple[Any, Any]] = {
    "add": (e.add, scatter_add),
    "mul": (e.mul, scatter_mul),
    "min": (e.min_, scatter_min),
    "max": (e.max_, scatter_max),
}


def read(x: Any, place: Place) -> Any:
    """The value at a place of an array."""
    if place.basic is not None:
        x = getitem(x, index=place.basic)
    return gather(x, *place.indices, **place.gather_params) if place.axes else x


def update(x: Any, place: Place, value: Any, mode: str = "set", unique: bool = False) -> Any:
    """An array with the value set, added, multiplied, ... at a place; the value has its dtype."""
    if not place.axes:
        index = whole(typeof(x).shape) if place.basic is None else place.basic
        if mode == "set":
            return setitem(x, value, index=index)
        if mode == "add":
            return additem(x, value, index=index)
        combine, _ = _COMBINE[mode]
        return setitem(x, combine(getitem(x, index=index), value), index=index)
    part = x if place.basic is None else getitem(x, index=place.basic)
    if mode == "set":
        unique = unique or place.is_unique(typeof(x).shape)
        part = scatter(part, value, *place.indices, **place.gather_params, unique=unique)
    else:
        part = _COMBINE[mode][1](part, value, *place.indices, **place.gather_params)
    return part if place.basic is None else setitem(x, part, index=place.basic)


def cast_value(value: Any, dtype: np.dtype[Any]) -> Any:
    """A value as it is stored into an array of this dtype.

    Raises:
        LostDerivativeError: a traced float would be stored as an integer.
    """
    if type(value) is not Tracer:
        if isinstance(value, (list, tuple)) or getattr(value, "dtype", np.dtype(float)).kind == "O":
            value = dispatch.as_array(value)
        if type(value) is not Tracer:
            if not hasattr(value, "shape") and not isinstance(value, (list, tuple)):
                return dtype.type(value)
            out = np.empty(np.shape(value), dtype)
            out[...] = value
            return out
    if value._view is not None:
        value._refresh()
    old = value.aval
    if old.dtype == dtype and not old.weak_type:
        return value
    drops = dtype.kind in "biu" and old.dtype.kind in "fc"
    if drops and value._trace.depends(value._index):
        raise LostDerivativeError(
            f"a traced {old} was stored into an array of dtype {dtype}, which would drop its "
            f"derivative{here()}\n  make the array of floating-point numbers, for example with "
            "np.zeros_like(x, dtype=float); or store value.astype(int) on purpose"
        )
    if old.dtype.kind == "c" and dtype.kind not in "cb":
        if not old.shape:
            raise TypeError(f"a complex number cannot be stored into an array of {dtype}{here()}")
        message = "Casting complex values to real discards the imaginary part"
        warnings.warn(message, np.exceptions.ComplexWarning, stacklevel=3)
    return convert(value, dtype)


def fit_value(value: Any, shape: tuple[int, ...], is_scalar: bool = False) -> Any:
    """A value that broadcasts to a place of this shape; leading axes of length 1 are dropped.

    `is_scalar`: the place is that of one number, which takes a number only.
    """
    old = typeof(value).shape
    if not old or old == shape:
        return value
    extra = len(old) - len(shape)
    new = old[extra:] if extra > 0 and all(n == 1 for n in old[:extra]) else old
    if (
        is_scalar
        or len(new) > len(shape)
        or any(m not in (1, n) for m, n in zip(reversed(new), reversed(shape), strict=False))
    ):
        if not shape:
            raise ValueError(
                f"setting an array element with a sequence: an array of shape {old} was stored "
                f"where one number belongs{here()}"
            )
        raise ValueError(
            f"could not broadcast input array from shape {old} into shape {shape}{here()}"
        )
    return reshape(value, new) if new != old else value


class KeyView(View):
    """The view `x[key]`; it remembers the key, so that `x[key] += v` writes but once."""

    __slots__ = ("key", "place")

    def __init__(self, parent: Tracer, key: Any, place: Place) -> None:
        self.parent = parent
        self.seen = parent._index
        self.key = key
        self.place = place

    def read(self, x: Any) -> Any:
        return read(x, self.place)

    def write(self, x: Any, value: Any) -> Any:
        if self.place.basic is None and not self.place.axes:
            return value
        return update(x, self.place, value, unique=True)

    def layout(self, array: Any) -> Any:
        if self.place.basic is not None:
            array = array[numpy_index(self.place.basic)]
        if not self.place.axes:
            return array
        # A row at a traced index lies like the first one.
        index: list[Any] = [slice(None)] * array.ndim
        for axis in self.place.axes:
            index[axis] = 0
        return np.empty(self.place.shape) if 0 in array.shape else array[tuple(index)]


def get(x: Tracer, key: Any) -> Any:
    """`x[key]`."""
    try:
        place = find_place(key, x.aval.shape)
    except AbstractMask as abstract:
        return masked_read(x, abstract.mask, abstract.entries)
    if place.axes:
        out = read(x, place)
    else:
        # As `read`, without asking the shape rule again.
        trace = x._trace
        if trace.inner is not None or not trace.open:
            trace = trace.innermost()
        index = x._index if x._view is None and x._trace is trace else trace.use(x)
        aval = place.aval(x.aval.dtype)
        if place.basic is None:
            out = Tracer(trace, index, aval)
        else:
            out = trace.record(getitem, (index,), place.items, aval)
    if place.is_scalar:
        return out
    if place.is_view:
        out._view = OWN if is_scalar(x) else KeyView(x, key, place)
        return out
    return out if out.aval.shape else own(out)


def put(x: Tracer, key: Any, value: Any) -> None:
    """`x[key] = value`."""
    if is_scalar(x) and not _is_array_there():
        raise TypeError(
            f"a traced {x.aval} is a scalar and does not support item assignment{here()}\n  "
            "write x = value, or make it an array with np.full_like(x, x)"
        )
    x._check_writable()
    if type(value) is Tracer and _is_written(x, key, value):
        return
    if type(value) is not Masked:
        value = cast_value(value, x.aval.dtype)
    new = masked_update(x, key, value)
    if new is None:
        try:
            place = find_place(key, x.aval.shape)
        except AbstractMask as abstract:
            refuse_mask(abstract.mask)
            raise
        value = fit_value(value, place.shape, place.is_scalar)
        if place.axes or place.basic is None:
            new = update(x, place, value)
        else:
            # As `update`, without asking the shape rule.
            trace = x._trace
            ins = (
                trace.use(x),
                trace.use(value) if type(value) is Tracer else trace.capture(value)[0],
            )
            new = trace.record(setitem, ins, place.items, x.aval.strip_weak_type())
    x._rebind(new)


def _is_array_there() -> bool:
    """Whether the code that writes to a traced scalar follows the array standard, which has 0-d arrays instead."""
    source: Any = source_of(sys._getframe(2))
    return source is not None and follows_standard(source[0].co_filename)


def _is_written(x: Tracer, key: Any, value: Tracer) -> bool:
    """Whether the value is the view `x[key]` itself, so that nothing is left to be written.

    `x[key] += v` is `y = x[key]; y += v; x[key] = y`: the second step wrote to `x` already.
    """
    shown = value._view
    if type(shown) is not KeyView or shown.parent is not x:
        return False
    if x._view is not None:
        x._refresh()
    if shown.seen != x._index:
        return False
    if shown.key is key:
        return True
    place = shown.place
    if place.axes or has_mask(key):
        return False
    other = find_place(key, x.aval.shape)
    return not other.axes and other.basic == place.basic


def iterate(x: Tracer) -> Iterator[Any]:
    """The rows of an array, one after the other."""
    if not x.aval.shape:
        raise TypeError("iteration over a 0-d array")
    return (get(x, i) for i in range(x.aval.shape[0]))


def contains(x: Tracer, value: Any) -> bool:
    """`value in x`, which needs the values."""
    return bool(np.any(x == value))


def delete(x: Tracer, key: Any) -> None:
    raise ValueError("cannot delete array elements")


def install(methods: dict[str, Callable[..., Any]]) -> None:
    for name, method in methods.items():
        setattr(Tracer, name, method)


install(
    {
        "__getitem__": get,
        "__setitem__": put,
        "__delitem__": delete,
        "__iter__": iterate,
        "__contains__": contains,
    }
)
