"""What the samplers do with their arguments: keys, shapes, dtypes and parameters."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np

from funcgrad.core import dispatch
from funcgrad.core.errors import ArgumentError, ConcretizationError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.core.types import SCALAR_AVALS, ShapedArray
from funcgrad.ops.basic import broadcast_to, convert
from funcgrad.ops.random.primitives import KEY_SIZES
from funcgrad.ops.random.threefry import WORD

Shape = Sequence[int] | int
_SIZES = frozenset(KEY_SIZES.values())


def array_of(x: Any) -> Any:
    """A traced value, an array or a scalar; a list becomes an array."""
    if isinstance(x, (Tracer, np.ndarray, np.generic)) or type(x) in SCALAR_AVALS:
        return x
    return dispatch.as_array(x)


def check_key(name: str, key: Any) -> Any:
    """A single key."""
    if not isinstance(key, (Tracer, np.ndarray)):
        if type(key) in SCALAR_AVALS or not hasattr(key, "__array__"):
            raise ArgumentError(
                f"{name} takes a key, not {key!r:.60}{here()}\n  make one with fg.random.key(seed)"
            )
        key = np.asarray(key)
    aval = typeof(key)
    if aval.dtype != WORD or not aval.shape or aval.shape[-1] not in _SIZES:
        raise ArgumentError(
            f"{name} takes a key, an array of uint32 of shape (2,) (threefry2x32) or (4,) (philox), not "
            f"{aval}{here()}\n  make one with fg.random.key(seed)"
        )
    if aval.ndim > 1:
        raise ArgumentError(
            f"{name} takes a single key, not {aval.shape[:-1]} of them ({aval}){here()}\n  index one, or "
            "use fg.vmap over the keys"
        )
    return key


def check_shape(name: str, shape: Any, *parameters: Any) -> tuple[int, ...]:
    """A shape as a tuple, to which the shapes of the parameters must broadcast. None: what they broadcast to."""
    shapes = [typeof(x).shape for x in parameters]
    if shape is None:
        try:
            return np.broadcast_shapes(*shapes)
        except ValueError:
            listed = " and ".join(map(str, shapes))
            raise ArgumentError(
                f"{name}: parameters of shapes {listed} cannot be broadcast together{here()}"
            ) from None
    try:
        sizes = tuple([index(n) for n in shape]) if np.iterable(shape) else (index(shape),)
    except ConcretizationError:
        raise
    except TypeError:
        sizes = (-1,)
    if any(n < 0 for n in sizes):
        raise ArgumentError(
            f"{name}: a shape is a tuple of integers that are not negative, not {shape!r}{here()}"
        )
    for other in shapes:
        try:
            fits = np.broadcast_shapes(sizes, other) == sizes
        except ValueError:
            fits = False
        if not fits:
            raise ArgumentError(
                f"{name}: a parameter of shape {other} does not broadcast to the shape {sizes} of the result"
                f"{here()}\n  give a shape that ends with the parameter's axes, or leave it out"
            )
    return sizes


def check_dtype(name: str, dtype: Any, default: type, kinds: str = "f") -> np.dtype[Any]:
    """The dtype of the result, which must be of one of the kinds."""
    found = np.dtype(default if dtype is None else dtype)
    if found.kind not in kinds or found.itemsize > (16 if found.kind == "c" else 8):
        words = {
            "f": "floating",
            "fc": "floating or complex",
            "iu": "integer",
            "u": "unsigned integer",
        }
        raise ArgumentError(
            f"{name} gives numbers of {words.get(kinds, 'numeric')} dtypes, not {found}{here()}"
        )
    return found


def parameter(name: str, x: Any, dtype: np.dtype[Any], shape: tuple[int, ...] | None = None) -> Any:
    """A real parameter in the dtype of the result, broadcast to a shape if one is given."""
    x = array_of(x)
    if typeof(x).dtype.kind not in "biuf":
        raise ArgumentError(f"{name}: a parameter must be real, not {typeof(x)}{here()}")
    x = convert(x, dtype)
    return x if shape is None else broadcast_to(x, shape)


def inexact(*xs: Any) -> np.dtype[Any]:
    """The floating dtype that parameters have in common; float64 for integers and Python's numbers."""
    avals: list[ShapedArray] = [typeof(x) for x in xs]
    dtypes = [a.dtype for a in avals if not a.weak_type and a.dtype.kind == "f"]
    strong_integers = any(not a.weak_type and a.dtype.kind != "f" for a in avals)
    if dtypes and not strong_integers:
        return np.result_type(*dtypes)
    return np.result_type(np.float64, *dtypes) if strong_integers or not dtypes else dtypes[0]
