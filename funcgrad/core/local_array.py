"""Arrays that a traced function makes for itself: plain until a traced value is written into them.

`z = np.zeros(3); z[0] = t` cannot work on an ndarray, which has no place for a tracer. While a function is traced,
the functions of NumPy that make arrays (`numpy.local_arrays`) therefore return a `LocalArray`. It holds an ndarray and
passes every operation on to it, as fast as NumPy. When a traced value is written into it, or into any view of it,
the object and its views become tracers in place: their class changes, and with it what their operations do.
"""

from __future__ import annotations

import operator
import sys
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from funcgrad.core import dispatch
from funcgrad.core.errors import TracingError
from funcgrad.core.local_views import view_of
from funcgrad.core.source import here
from funcgrad.core.tracer import OWN, Storage, Tracer, View

if TYPE_CHECKING:
    from funcgrad.core.trace import Trace

_set_class = object.__dict__["__class__"].__set__
# Functions and methods that write into their first argument.
_WRITING = frozenset(
    {
        "copyto",
        "fill",
        "fill_diagonal",
        "partition",
        "place",
        "put",
        "put_along_axis",
        "putmask",
        "setfield",
        "sort",
    }
)


class LocalArray(Storage):
    """An array made by a traced function, which may become a tracer.

    What the slots hold here:

    Attributes:
        _index: the ndarray (`plain`).
        _trace: the trace of the function that made the array.
        _view: the local array that this one is a view of, None if it is no view.
        aval: of an array that is no view, weak references to its views.
    """

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]  # as ndarray
    __array_priority__ = 500.0
    _index: np.ndarray[Any, Any]
    _trace: Trace
    _view: LocalArray | None
    aval: list[weakref.ref[LocalArray]] | None

    def __init__(self, array: np.ndarray[Any, Any], trace: Trace, root: LocalArray | None) -> None:
        self._index = array
        self._trace = trace
        self._view = root
        self.aval = None if root is not None else []
        if root is not None:
            views = root.aval
            assert views is not None
            if len(views) % 64 == 63:
                views[:] = [view for view in views if view() is not None]
            views.append(weakref.ref(self))

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """What `isinstance` sees."""
        return np.ndarray

    # Becoming a tracer

    def _become_tracer(self) -> None:
        """Turn this array, the one it is a view of, and all other views of that one into tracers."""
        root: Any = self if self._view is None else self._view
        trace, array, views = root._trace, root._index, root.aval
        assert views is not None
        if not trace.open or trace.innermost() is not trace:
            raise TracingError(
                f"a traced value cannot be written into an array of shape {array.shape} that was made "
                f"{'inside' if trace.open else 'by an earlier call of'} {trace.name}{here()}\n  make the array in the "
                "function that writes to it"
            )
        value = trace.snapshot(array)
        layout = np.empty_like(array)
        same = View(None, lambda x: x, lambda parent, new: new, lambda a: layout)
        _become(root, value, OWN if array.flags.c_contiguous else same)
        for local in [reference() for reference in views]:
            if local is not None:
                view = view_of(root, array, local._index)
                _become(local, view.read(root), view)

    # Reading and writing

    def __getitem__(self, key: Any) -> Any:
        if is_traced_inside(key):
            self._become_tracer()
            return self[key]
        return as_local(self._index[plain_inside(key)], (self,), self._trace)

    def __setitem__(self, key: Any, value: Any) -> None:
        if is_traced_inside(value) or is_traced_inside(key):
            self._become_tracer()
            self[key] = value
        else:
            self._index[plain_inside(key)] = plain_inside(value)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self._index)))

    def __len__(self) -> int:
        return len(self._index)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        # NumPy 2.0 gives no `copy`; None and False are the memory itself.
        array = self._index if dtype is None else self._index.astype(dtype, copy=False)
        return array.copy() if copy else array

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        outs = kwargs.get("out", ())
        if is_traced_inside(inputs) or is_traced_inside(kwargs.get("where")):
            for written in (*outs, *(inputs[:1] if method == "at" else ())):
                if type(written) is LocalArray:
                    written._become_tracer()
        plain = {name: plain_inside(value) for name, value in kwargs.items()}
        result = getattr(ufunc, method)(*map(local_operand, inputs), **plain)
        if outs:
            return outs[0] if len(outs) == 1 else outs
        return as_local(result, inputs, self._trace)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return self._call(func, args, kwargs, func.__name__)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return sys.modules["funcgrad.numpy"]

    def _call(self, func: Any, args: Any, kwargs: Any, name: str) -> Any:
        """Call a function on the ndarrays; its result is a local array too."""
        out = kwargs.get("out")
        if is_traced_inside(args) or is_traced_inside(tuple(kwargs.values())):
            written = (args[0] if name in _WRITING else None, out)
            for array in written:
                if type(array) is LocalArray:
                    array._become_tracer()
            if name:
                # NumPy does not ask all arguments whether they are traced: not `where`, for example.
                func = dispatch.find_function(func)
        result = func(
            *plain_inside(args), **{name: plain_inside(value) for name, value in kwargs.items()}
        )
        return as_local(result, (*args, *kwargs.values()), self._trace) if out is None else out

    def __getattr__(self, name: str) -> Any:
        if name in ("__array_interface__", "__array_struct__"):
            raise AttributeError(name)  # NumPy takes `__array__` then
        if name == "at":  # of traced arrays only
            return self._trace.innermost().snapshot(self._index).at
        value = getattr(self._index, name)
        if not callable(value):
            return as_local(value, (self,), self._trace)

        def method(*args: Any, **kwargs: Any) -> Any:
            if is_traced_inside(args) or is_traced_inside(tuple(kwargs.values())):
                if name in _WRITING:
                    self._become_tracer()
                else:
                    traced = self._trace.innermost().snapshot(self._index)
                    return getattr(traced, name)(*args, **kwargs)
            this: Any = self
            if type(this) is Tracer:
                return getattr(this, name)(*args, **kwargs)
            if name == "view" and np.ndarray in args:
                return self._index
            return self._call(getattr(np.ndarray, name), (self, *args), kwargs, "")

        return method

    @property
    def real(self) -> Any:
        return as_local(self._index.real, (self,), self._trace)

    @real.setter
    def real(self, value: Any) -> None:
        self._set_part("real", value)

    @property
    def imag(self) -> Any:
        return as_local(self._index.imag, (self,), self._trace)

    @imag.setter
    def imag(self, value: Any) -> None:
        self._set_part("imag", value)

    @property
    def flat(self) -> Any:
        self._become_tracer()
        return self.flat

    @flat.setter
    def flat(self, value: Any) -> None:
        self._set_part("flat", value)

    def _set_part(self, name: str, value: Any) -> None:
        if is_traced_inside(value):
            self._become_tracer()
            setattr(self, name, value)
        else:
            setattr(self._index, name, plain_inside(value))

    # What an array is to Python

    @property
    def shape(self) -> tuple[int, ...]:
        return self._index.shape

    @shape.setter
    def shape(self, shape: Any) -> None:
        self._index.shape = shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._index.dtype

    @property
    def ndim(self) -> int:
        return self._index.ndim

    @property
    def size(self) -> int:
        return self._index.size

    def __bool__(self) -> bool:
        return bool(self._index)

    def __int__(self) -> int:
        return int(self._index)

    def __float__(self) -> float:
        return float(self._index)

    def __complex__(self) -> complex:
        return complex(self._index)

    def __index__(self) -> int:
        return operator.index(self._index)

    def __contains__(self, value: Any) -> bool:
        return bool((self == value).any())

    def __repr__(self) -> str:
        return repr(self._index)

    def __str__(self) -> str:
        return str(self._index)

    def __format__(self, spec: str) -> str:
        return format(self._index, spec)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self._index.__reduce_ex__(protocol)

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self.copy()


def _become(local: Any, tracer: Any, view: Any) -> None:
    """Give a local array the value and the class of a tracer."""
    local._trace, local._index, local.aval = tracer._trace, tracer._index, tracer.aval
    local._view = view
    _set_class(local, Tracer)


def plain(value: Any) -> Any:
    """The ndarray of a local array; anything else as it is."""
    return value._index if type(value) is LocalArray else value


def plain_inside(value: Any) -> Any:
    """A value, or the values in a tuple, list or dict, with the ndarrays of local arrays."""
    kind = type(value)
    if kind is LocalArray:
        return value._index
    if kind is tuple or kind is list:
        return kind([plain_inside(v) for v in value])
    if kind is dict:
        return {key: plain_inside(v) for key, v in value.items()}
    return value


def local_operand(value: Any) -> Any:
    """A value as a ufunc takes it: a list with traced values inside is a traced array."""
    if type(value) in (list, tuple) and is_traced_inside(value):
        return dispatch.as_array(value)
    return plain_inside(value)


def is_traced_inside(value: Any) -> bool:
    """Whether a value is traced, or one in a tuple, a list or a slice."""
    kind = type(value)
    if kind is tuple or kind is list:
        return any(map(is_traced_inside, value))
    return kind is Tracer or (
        kind is slice and is_traced_inside((value.start, value.stop, value.step))
    )


def as_local(result: Any, sources: tuple[Any, ...], trace: Trace) -> Any:
    """A result of NumPy's as a local array: a view of a source if it shares its memory.

    After the trace has ended, arrays are plain again.
    """
    kind = type(result)
    if kind is tuple or kind is list:
        return kind([as_local(r, sources, trace) for r in result])
    if kind is not np.ndarray or not trace.open:
        return result
    trace = trace.innermost()
    owner = _owner(result)
    for source in sources:
        if type(source) is LocalArray and _owner(source._index) is owner:
            if result is source._index:
                return source
            return LocalArray(result, trace, source if source._view is None else source._view)
    return LocalArray(result, trace, None)


def _owner(array: Any) -> Any:
    while type(array.base) is np.ndarray:
        array = array.base
    return array
