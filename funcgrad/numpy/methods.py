"""The methods of `numpy.ndarray` on traced arrays. Most are functions of NumPy with `self` in front."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core.errors import TracingError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.numpy import conversion
from funcgrad.numpy.indexing import cast_value, install, put
from funcgrad.numpy.views import copy_layout, own, reshape_view, transpose_view, whole_view
from funcgrad.ops.basic import broadcast_to, convert, convert_element_type, reshape
from funcgrad.ops.elementwise import conj

# Methods that are the function of the same name.
_FUNCTIONS = (
    "all",
    "any",
    "argmax",
    "argmin",
    "argpartition",
    "argsort",
    "choose",
    "cumprod",
    "cumsum",
    "diagonal",
    "dot",
    "max",
    "mean",
    "min",
    "nonzero",
    "prod",
    "ptp",
    "put",
    "ravel",
    "repeat",
    "round",
    "searchsorted",
    "squeeze",
    "std",
    "sum",
    "swapaxes",
    "take",
    "trace",
    "var",
)
# Methods that hand the memory itself to somebody.
_REFUSED = {
    "tobytes": "the bytes",
    "tofile": "a file",
    "dump": "a pickle",
    "dumps": "a pickle",
    "byteswap": "swapped bytes",
    "getfield": "a field",
    "setfield": "a field",
    "resize": "a change of the length in place",
}


def _delegate(name: str) -> Callable[..., Any]:
    function = getattr(np, name, None)

    def method(self: Tracer, *args: Any, **kwargs: Any) -> Any:
        return self.__array_function__(function, (), (self, *args), kwargs)

    method.__name__ = name
    return method


def _refuse(name: str, what: str) -> Callable[..., Any]:
    def method(self: Tracer, *args: Any, **kwargs: Any) -> Any:
        raise TracingError(
            f"{what} of a traced {self.aval} (.{name}) would drop its derivative{here()}\n  "
            "return the array from the traced function and convert the result"
        )

    method.__name__ = name
    return method


def reshape_method(self: Any, *shape: Any, order: Any = "C", copy: bool | None = None) -> Any:
    new = shape[0] if len(shape) == 1 else shape
    return (
        np.reshape(self, new, order=order, copy=copy)
        if copy is not None
        else _reshaped(self, new, order)
    )


def _reshaped(self: Tracer, shape: Any, order: str) -> Tracer:
    return reshape_view(self, shape if isinstance(shape, (tuple, list)) else (shape,), order)


def transpose_method(self: Tracer, *axes: Any) -> Any:
    if not axes or axes == (None,):
        return transpose_view(self, range(self.ndim)[::-1])
    given = axes[0] if len(axes) == 1 and not isinstance(axes[0], (int, np.integer)) else axes
    return np.transpose(self, given)


def astype(
    self: Tracer,
    dtype: Any,
    order: str = "K",
    casting: Any = "unsafe",
    subok: bool = True,
    copy: bool = True,
) -> Any:
    """A copy with another dtype. Integers and booleans have no derivative."""
    dtype = np.dtype(dtype)
    if not np.can_cast(self.dtype, dtype, casting):
        raise TypeError(
            f"Cannot cast array data from {self.dtype!r} to {dtype!r} according to the rule "
            f"{casting!r}{here()}"
        )
    if dtype == self.dtype and not self.aval.weak_type:
        return own(self._copy(), copy_layout(self, order)) if copy and self.shape else self
    if self.dtype.kind == "c" and dtype.kind not in "cb":
        message = "Casting complex values to real discards the imaginary part"
        warnings.warn(message, np.exceptions.ComplexWarning, stacklevel=2)
    out = convert(self, dtype)
    if out.shape or self._view is not None:
        return own(out, copy_layout(self, order))
    return out


def copy(self: Tracer, order: str = "C") -> Tracer:
    """A new array with the same values, which may be written to."""
    layout = copy_layout(self, order)
    return self._copy() if layout is None else own(self._copy(), layout)


def flatten(self: Any, order: Any = "C") -> Tracer:
    return np.ravel(self, order=order)._copy()


def item(self: Any, *args: Any) -> Any:
    """An element as a traced Python scalar: it has its derivative and a weak type."""
    if not args:
        if self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        out = reshape(self, ())
    else:
        key = args[0] if len(args) == 1 else args
        out = self[key] if isinstance(key, tuple) else np.ravel(self)[key]
    kind = out.dtype.kind
    if kind == "b":
        return out
    dtype = np.dtype({"i": int, "u": int, "f": float, "c": complex}[kind])
    return convert_element_type(out, new_dtype=dtype, weak_type=True)


def tolist(self: Any) -> Any:
    """Nested lists of traced Python scalars."""
    return [x.tolist() for x in self] if self.ndim else item(self)


def fill(self: Tracer, value: Any) -> None:
    """Set all elements to a scalar."""
    if typeof(conversion.as_array(value)).ndim:
        raise ValueError(f"fill takes a scalar, not {value!r}{here()}")
    if not self.shape:
        put(self, (), value)
        return
    self._check_writable()
    trace = self._trace.innermost()
    value = cast_value(value, self.dtype)
    value = value if type(value) is Tracer else trace.literal(value)
    self._rebind(broadcast_to(value, self.shape))


def sort(
    self: Any, axis: int = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> None:
    """Sort in place."""
    self._assign(np.sort(self, axis, kind, order, stable=stable))


def partition(self: Any, kth: Any, axis: int = -1, kind: Any = "introselect") -> None:
    """Partition in place."""
    self._assign(np.partition(self, kth, axis, kind))


def compress(self: Tracer, condition: Any, axis: Any = None, out: Any = None) -> Any:
    return np.compress(condition, self, axis, out)


def view_method(self: Tracer, dtype: Any = None, type: Any = None) -> Tracer:
    """The same memory under another name; with another dtype it is refused."""
    if dtype is not None and dtype is not np.ndarray and np.dtype(dtype) != self.dtype:
        raise TracingError(
            f"a view of a traced {self.aval} as {np.dtype(dtype)} would reinterpret its bytes"
            f"{here()}\n  convert the numbers with .astype, or use .real and .imag"
        )
    return whole_view(self)


def setflags(self: Tracer, write: Any = None, align: Any = None, uic: Any = None) -> None:
    """Does nothing: traced arrays that may be written to stay so."""


def _conjugate(self: Tracer) -> Tracer:
    """Real arrays are their own conjugates, whereas `np.conj` copies them."""
    return conj(self) if self.dtype.kind == "c" else self


def clip(self: Tracer, min: Any = None, max: Any = None, out: Any = None, **kwargs: Any) -> Any:
    return np.clip(self, min, max, out, **kwargs)


def array_namespace(self: Any, *, api_version: str | None = None) -> Any:
    """`funcgrad.numpy`; an error for versions of the array standard that NumPy does not have."""
    if api_version is not None:
        np.empty(0).__array_namespace__(api_version=api_version)
    return sys.modules["funcgrad.numpy"]


def to_device(self: Tracer, device: str, /, *, stream: Any = None) -> Tracer:
    if device != "cpu":
        raise ValueError(f"unsupported device {device!r}: arrays live on the CPU")
    return self


def dlpack(self: Tracer, **options: Any) -> Any:
    """What `from_dlpack` of another library takes: the value, which has to be known and to need no derivative."""
    return np.array(self.__array__()).__dlpack__(**options)


def dlpack_device(self: Tracer) -> tuple[int, int]:
    return np.empty(0).__dlpack_device__()


install({name: _delegate(name) for name in _FUNCTIONS})
install({name: _refuse(name, what) for name, what in _REFUSED.items()})
install(
    {
        "__array_namespace__": array_namespace,
        "__dlpack__": dlpack,
        "__dlpack_device__": dlpack_device,
        "astype": astype,
        "clip": clip,
        "compress": compress,
        "conj": _conjugate,
        "conjugate": _conjugate,
        "copy": copy,
        "fill": fill,
        "flatten": flatten,
        "item": item,
        "partition": partition,
        "reshape": reshape_method,
        "setflags": setflags,
        "sort": sort,
        "to_device": to_device,
        "tolist": tolist,
        "transpose": transpose_method,
        "view": view_method,
    }
)
