"""The tracer: what stands in for an array while a function is traced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from funcgrad.core import dispatch
from funcgrad.core.errors import (
    ConcretizationError,
    LeakedTracerError,
    LostDerivativeError,
    ReadOnlyArgumentError,
    TracedBoolError,
    TracingError,
    UnsupportedError,
)
from funcgrad.core.lost import INDEX_A_COPY, lost_in_array, stored
from funcgrad.core.source import called_function, current_call, here, is_storing
from funcgrad.core.types import (
    WEAK_TYPES,
    ShapedArray,
    aval_of,
    interned,
)

if TYPE_CHECKING:
    from funcgrad.core.trace import Trace


class AbstractValue(Exception):
    """Raised inside when a value is not known; turned into an error that says what was asked."""

    def __init__(self, trace: Trace) -> None:
        super().__init__(trace)
        self.trace = trace


class View:
    """How a tracer is a NumPy view of another: reading it, and writing through it.

    Attributes:
        parent: the viewed array. None: the tracer is an array of its own, though it holds the value of an
            argument (a copy of it), or is 0-d (an array, not a scalar, hence mutable).
        read: the value of the view, from the parent.
        write: the updated parent, from the parent and the view's new value. None: the view is read-only, as
            NumPy's broadcast views are.
        layout: the same view of an ndarray, which tells how the view lies in memory: whether NumPy's
            `reshape` of it is a view or a copy depends on that.
        seen: the parent's variable when the view was last read.
    """

    __slots__ = ("layout", "parent", "read", "seen", "write")

    def __init__(
        self,
        parent: Tracer | None,
        read: Callable[[Tracer], Tracer],
        write: Callable[[Tracer, Tracer], Tracer] | None,
        layout: Callable[[Any], Any],
    ) -> None:
        self.parent = parent
        self.read = read
        self.write = write
        self.layout = layout
        self.seen = -1 if parent is None else parent._index


def _identity(x: Any) -> Any:
    return x


OWN = View(None, _identity, lambda parent, new: new, _identity)


class Storage:
    """The slots of tracers, which local arrays (core.local_array) have too: their class can change then."""

    __slots__ = ("__weakref__", "_index", "_trace", "_view", "aval")


class Tracer(Storage):
    """A traced array. It has the attributes, methods and operators of `numpy.ndarray`.

    In-place operations rebind it to the updated value; the jaxpr stays pure.
    """

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]  # as ndarray
    __array_priority__ = 1000.0
    _trace: Trace
    _index: int
    _view: View | None
    aval: ShapedArray

    def __init__(self, trace: Trace, index: int, aval: ShapedArray) -> None:
        self._trace = trace
        self._index = index
        self.aval = aval
        self._view = None

    if TYPE_CHECKING:  # given to the class by the floors above

        def __getitem__(self, key: Any) -> Any: ...
        def __setitem__(self, key: Any, value: Any) -> None: ...
        def __iter__(self) -> Iterator[Any]: ...
        def __add__(self, other: Any) -> Any: ...
        def __lt__(self, other: Any) -> Any: ...
        def __gt__(self, other: Any) -> Any: ...

    # What an array is

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """What `isinstance` sees: what the value is when the function runs on plain values.

        Code that asks `isinstance(x, np.ndarray)` or `isinstance(x, float)` takes the same branch as it would
        without a trace. `type(x)` is Tracer.
        """
        aval = self.aval
        if aval.shape:
            return np.ndarray
        return WEAK_TYPES[aval.dtype] if aval.weak_type else aval.dtype.type

    @property
    def shape(self) -> tuple[int, ...]:
        return self.aval.shape

    @shape.setter
    def shape(self, shape: Any) -> None:
        raise _set_in_place("shape", f"reshape({shape})")

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.aval.dtype

    @dtype.setter
    def dtype(self, dtype: Any) -> None:
        raise _set_in_place("dtype", "astype(...)")

    @property
    def ndim(self) -> int:
        return len(self.aval.shape)

    @property
    def size(self) -> int:
        return self.aval.size

    def __len__(self) -> int:
        if not self.aval.shape:
            raise TypeError("len() of unsized object")
        return self.aval.shape[0]

    # In-place updates

    def _refresh(self) -> None:
        """Read a view again if the array that it shows was updated since."""
        view = self._view
        assert view is not None
        parent = view.parent
        if parent is None:
            return
        if parent._view is not None:
            parent._refresh()
        if parent._index != view.seen:
            # The update happened before any trace that was opened inside since: read it in its own trace.
            trace = self._trace
            self._index = trace.within(lambda: trace.use(view.read(parent)))
            view.seen = parent._index

    def _assign(self, new: Tracer) -> None:
        """Rebind this tracer, and every array that it is a view of, to an updated value."""
        self._check_writable()
        self._rebind(new)

    def _check_writable(self) -> None:
        tracer = self
        while tracer._view is not None and tracer._view.parent is not None:
            if tracer._view.write is None:
                raise ReadOnlyArgumentError("assignment destination is a read-only view" + here())
            tracer = tracer._view.parent
        trace = tracer._trace
        if trace.innermost() is not trace:
            raise TracingError(
                f"in-place update of {self.aval} inside a function that is traced within {trace.name}, "
                f"which made the array{here()}\n  return the new values from the inner function instead"
            )
        if tracer._view is None and tracer._index < trace.n_inputs:
            raise ReadOnlyArgumentError(
                f"in-place update of {self.aval}, which is an argument of {trace.name} or a view of one"
                f"{here()}\n  it would change the caller's array: work on a copy, `x = x.copy()`"
            )

    def _rebind(self, new: Tracer) -> None:
        view = self._view
        if view is not None and view.parent is not None:
            assert view.write is not None
            parent = view.parent
            if parent._view is not None:
                parent._refresh()
            parent._rebind(view.write(parent, new))
            view.seen = parent._index
        self._index = self._trace.use(new)

    def _copy(self) -> Tracer:
        """A new array with this value, which may be written to. Values never change: no equation is needed."""
        trace = self._trace.innermost()
        strong = self._strong(self)
        out = Tracer(trace, trace.use(strong), strong.aval)
        if self.aval.shape or self._view is not None:
            out._view = OWN
        return out

    # Values on demand

    def _concrete(self, what: str, instead: str) -> Any:
        if self._view is not None:
            self._refresh()
        if not self._trace.open:
            raise leaked(self._trace)
        try:
            return self._trace.value(self._index)
        except AbstractValue as error:
            why = error.trace.why_abstract
            kind = TracedBoolError if what.startswith("truth") else ConcretizationError
            raise kind(
                f"the {what} of {self.aval} was asked for, but it depends on an input of {error.trace.name}, "
                f"which {_ABSTRACT_REASONS.get(why, 'has no value while it is traced')}{here()}\n  {instead}"
            ) from None

    def __bool__(self) -> bool:
        instead = "use np.where(condition, a, b), or fg.lax.cond for a scalar condition"
        try:
            return bool(self._concrete("truth value", instead))
        except ConcretizationError:
            if (better := _COMPARING.get(current_call() or "")) is None:
                raise
        return bool(self._concrete("truth value", better))

    def __index__(self) -> int:
        return self._concrete(
            "integer value",
            f"mark the argument static (jit's static_argnums), or {INDEX_A_COPY}",
        ).__index__()

    def __int__(self) -> int:
        return int(
            self._concrete(
                "integer value",
                "mark the argument static (jit's static_argnums), or use .astype(int)",
            )
        )

    def _plain_value(self, conversion: str, instead: str) -> Any:
        if self.aval.dtype.kind in "fc" and self._trace.depends(self._index):
            if is_storing():
                raise stored(self.aval)
            # Without values it has a reason beside the derivative.
            why = self._trace.in_values is None and _ABSTRACT_REASONS.get(self._trace.why_abstract)
            raise LostDerivativeError(
                f"{conversion} of a traced {self.aval}{f', which {why},' if why else ''} would drop its derivative"
                f"{here()}\n  {instead}"
            )
        return self._concrete("value", instead)

    def __float__(self) -> float:
        return float(self._plain_value("float()", _STAY_TRACED))

    def __complex__(self) -> complex:
        return complex(self._plain_value("complex()", _STAY_TRACED))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        # np.int64(t) says, as t.astype(int) does, that no derivative is wanted.
        if not self._trace.depends(self._index) or _is_integer_type(current_call()):
            try:
                return np.array(self._concrete("value", INDEX_A_COPY), dtype)
            except ConcretizationError as error:
                error.function = called_function()
                raise
        raise lost_in_array(self.aval, dtype)

    # NumPy's protocols

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__" and not kwargs:
            implementation = dispatch.UFUNCS.get(ufunc)
            if implementation is not None:
                out = implementation(*inputs)
                # NumPy's functions return NumPy scalars, whose type is not weak.
                if type(out) is Tracer:
                    if out.aval.weak_type:
                        return out._strong(*inputs)
                    return out
                if type(out) is tuple:
                    return tuple([o._strong(*inputs) if type(o) is Tracer else o for o in out])
                return out
        return dispatch.call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        out = dispatch.find_function(func)(*args, **kwargs)
        if type(out) is Tracer:
            if args and out is args[0] and "out" not in kwargs:
                # NumPy's result would be a new array: updates of it do not reach the argument.
                return out._copy()
            if out.aval.weak_type:
                return out._strong(*args)
        return out

    def _strong(self, *operands: Any) -> Tracer:
        """The same value with a type that is not weak, as a NumPy scalar has.

        `operands` are what it was computed from: a value that is one of them stays weak for who else has it.
        """
        if not self.aval.weak_type:
            return self
        trace, index = self._trace, self._index
        if (
            index < trace.n_inputs
            or index in trace.known
            or any(type(x) is Tracer and x._index == index for x in operands)
        ):
            return self._converted(self.aval.dtype)
        aval = trace.avals[index] = interned(self.aval.shape, self.aval.dtype)
        return Tracer(trace, index, aval)

    def __repr__(self) -> str:
        try:
            if self._view is not None:
                self._refresh()
            value = repr(self._trace.value(self._index)) if self._trace.open else "leaked"
        except AbstractValue as error:
            return f"Tracer<{self.aval}>({error.trace.why_abstract})"
        return f"Tracer<{self.aval}>({value})"

    def __format__(self, spec: str) -> str:
        return format(self._concrete("value", "use fg.debug.print"), spec) if spec else repr(self)

    def __reduce__(self) -> Any:
        raise TracingError(
            f"a traced {self.aval} cannot be pickled or copied outside of its trace{here()}"
            "\n  return it from the function, and pickle the result"
        )

    def __copy__(self) -> Tracer:
        return self._copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Tracer:
        return self._copy()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(f"a traced {self.aval} has no attribute {name!r}")


# Methods of arrays that are given others. Those of a plain array are compiled code, which no protocol reaches.
# Python's functions that compare, and what to use instead.
_COMPARING = {
    "min": "use np.minimum(a, b), or np.min(np.array([a, b, c])) of several values",
    "max": "use np.maximum(a, b), or np.max(np.array([a, b, c])) of several values",
    "sorted": "use np.sort(np.array([a, b, c]))",
}
_STAY_TRACED = (
    "keep the traced value (np.sin(t), t.sum(), t ** 2 instead of the functions of `math`); "
    "where no derivative is wanted, take the value of fg.stop_gradient(t)"
)
_ABSTRACT_REASONS = {
    "vmap": "differs per example under vmap",
    "jit": "has no value under jit",
    "abstract": "has no value: only its shape and dtype are known",
    "branch": "is not known in a branch",
    "loop": "changes from step to step of the loop",
    "rule": "has no value while its rule is traced",
}


def _is_integer_type(name: str | None) -> bool:
    kind = getattr(np, name, None) if name is not None else None
    return isinstance(kind, type) and issubclass(kind, (np.integer, np.bool_))


def _set_in_place(name: str, instead: str) -> UnsupportedError:
    return UnsupportedError(
        f"the {name} of a traced array cannot be set in place{here()}\n  write x = x.{instead}"
    )


def leaked(trace: Trace) -> LeakedTracerError:
    return LeakedTracerError(
        f"a traced value was used after {trace.name or 'the function'} that traced it had returned{here()}"
        "\n  return values from the function instead of storing them in globals, attributes or containers"
    )


def typeof(value: Any) -> ShapedArray:
    """The abstract value of a tracer, array or scalar."""
    return value.aval if type(value) is Tracer else aval_of(value)


def is_traced(*values: Any) -> bool:
    return any(type(v) is Tracer for v in values)
