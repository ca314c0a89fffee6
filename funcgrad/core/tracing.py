"""Tracing: running a Python function on stand-ins that write down what it does.

There is one kind of trace, a builder that appends equations, and one kind of tracer, a handle on a
variable of a trace. A tracer of an outer trace that meets an inner one is captured as an input of
the inner one; so an inner derivative sees it as a constant, and perturbations cannot be confused.

A trace is kept as a structure of arrays (`records`, `avals`, `starts`, `sources`), because tracing is
done at every call: appending to four lists costs less than building objects, and `tuple(records)` is the
fingerprint that finds the finished `Jaxpr`, with everything derived from it, in the cache.
"""

from __future__ import annotations

import sys
import threading
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.core import dispatch, patch
from funcgrad.core.cache import intern_jaxpr
from funcgrad.core.errors import (
    ConcretizationError,
    LeakedTracerError,
    LostDerivativeError,
    ReadOnlyArgumentError,
    TracedBoolError,
    TracingError,
    UnsupportedError,
)
from funcgrad.core.jaxpr import Atom, Equation, Jaxpr, Literal, Var, scalar_key
from funcgrad.core.source import Source, describe_function, here, is_storing, locate, source_of
from funcgrad.core.types import (
    NUMERIC_KINDS,
    SCALAR_AVALS,
    WEAK_TYPES,
    ShapedArray,
    array_aval,
    aval_of,
)

Record = tuple[Any, tuple[int, ...], tuple[tuple[str, Any], ...]]

# A captured array of at most this many bytes is copied, so that later in-place changes by the user's
# code do not reach the trace; a larger one is watched by a checksum of a sample instead.
_COPY_BYTES = 1 << 16
_SAMPLE = 4096
_ABSTRACT = object()  # an input whose value is not known
_getframe = sys._getframe


class _State(threading.local):
    trace: Trace | None = None


_STATE = _State()


class Trace:
    """The jaxpr under construction.

    Variables are numbered in the order of their appearance: inputs first, then captured values and
    outputs of equations as they come. A literal is the negative number `-1 - position`.

    Attributes:
        title: the function that is traced, or words for it; `name` is how messages show it.
        in_values: the values of the inputs, None where only their types are known.
        why_abstract: how an input came to have no value ("vmap", "jit"), for messages.
        inner: the trace that was opened inside this one and is still open.
        known: the value of each captured variable; `_ABSTRACT` for an input that has none.
    """

    # A trace is made at every call. What most traces never touch is a class attribute or comes on demand.
    inline_arrays = False
    inner: Trace | None = None
    parent: Trace | None = None
    open = True
    source: Source | None = None
    why_abstract = "jit"
    _capture_ids: dict[Any, int] | None = None
    _watched: list[tuple[int, Any, Source | None]] | None = None

    def __init__(
        self,
        in_avals: list[ShapedArray],
        in_values: Sequence[Any] | None = None,
        title: Any = "",
    ) -> None:
        self.title = title
        self.in_values = in_values
        self.n_inputs = len(in_avals)
        self.avals = in_avals.copy()
        self.known: dict[int, Any] = {}
        self.captured: list[int] = []
        self.records: list[Record] = []
        self.starts: list[int] = []
        self.sources: list[Source | None] = []
        self.literals: list[Any] = []
        self.values: dict[int, Any] = {}

    @property
    def name(self) -> str:
        return self.title if isinstance(self.title, str) else describe_function(self.title)

    def __enter__(self) -> Trace:
        parent = _STATE.trace
        if parent is not None:
            self.parent = parent
            parent.inner = self
        else:
            patch.enter()
        _STATE.trace = self
        return self

    def __exit__(self, *exc: object) -> None:
        _STATE.trace = parent = self.parent
        if parent is not None:
            parent.inner = None
        else:
            patch.leave()
        self.open = False

    def inputs(self) -> list[Tracer]:
        return [Tracer(self, i, aval) for i, aval in enumerate(self.avals[: self.n_inputs])]

    def forget(self, index: int) -> None:
        """Mark an input as having no value (it differs per example)."""
        self.known[index] = _ABSTRACT

    def innermost(self) -> Trace:
        """The trace that records now: the innermost open one."""
        trace = self
        while trace.inner is not None:
            trace = trace.inner
        if not trace.open:
            raise leaked(trace)
        return trace

    # Recording

    def bind(self, primitive: Any, args: Sequence[Any], params: dict[str, Any]) -> Any:
        """Append the equation `primitive[params] args`; its outputs as tracers."""
        ins = []
        avals = []
        for arg in args:
            if type(arg) is Tracer:
                own = arg._trace is self and arg._view is None
                ins.append(arg._index if own else self.use(arg))
                avals.append(arg.aval)
            else:
                index, aval = self.capture(arg)
                ins.append(index)
                avals.append(aval)
        items = tuple(params.items())
        return self.record(
            primitive, tuple(ins), items, primitive.out_avals(tuple(avals), items, params)
        )

    def record(
        self,
        primitive: Any,
        ins: tuple[int, ...],
        items: tuple[tuple[str, Any], ...],
        out: ShapedArray | tuple[ShapedArray, ...],
    ) -> Any:
        avals = self.avals
        index = len(avals)
        self.records.append((primitive, ins, items))
        self.starts.append(index)
        source = self.source
        if source is None:
            source = source_of(_getframe(2))
        self.sources.append(source)
        if type(out) is tuple:
            avals.extend(out)
            return tuple([Tracer(self, index + i, aval) for i, aval in enumerate(out)])
        avals.append(out)  # type: ignore[arg-type]
        return Tracer(self, index, out)  # type: ignore[arg-type]

    def use(self, tracer: Tracer) -> int:
        """The variable of a tracer in this trace; an outer one is captured."""
        if tracer._view is not None:
            tracer._refresh()
        if tracer._trace is self:
            return tracer._index
        outer = tracer._trace
        if not outer.open:
            raise leaked(outer)
        key = (outer, tracer._index)
        ids = self._captures()
        index = ids.get(key)
        if index is None:
            ids[key] = index = self._new_capture(
                tracer.aval, Tracer(outer, tracer._index, tracer.aval)
            )
        return index

    def _captures(self) -> dict[Any, int]:
        if self._capture_ids is None:
            self._capture_ids = {}
        return self._capture_ids

    def _new_capture(self, aval: ShapedArray, value: Any) -> int:
        index = len(self.avals)
        self.avals.append(aval)
        self.captured.append(index)
        self.known[index] = value
        return index

    def capture(self, value: Any) -> tuple[int, ShapedArray]:
        """The variable or literal of a plain value, and its abstract value."""
        if type(value) is np.ndarray and value.dtype.kind in NUMERIC_KINDS:
            return self._capture_array(value)
        aval = SCALAR_AVALS.get(type(value))
        if aval is not None:
            self.literals.append(value)
            return -len(self.literals), aval
        if isinstance(value, np.generic):
            if value.dtype.kind not in NUMERIC_KINDS:
                raise unsupported_dtype(value)
            self.literals.append(value)
            return -len(self.literals), aval_of(value)
        if not isinstance(value, np.ndarray):
            value = dispatch.as_array(value)
            if type(value) is Tracer:
                return self.use(value), value.aval
            if not isinstance(value, np.ndarray):
                return self.capture(value)
        if type(value) is not np.ndarray:
            value = _plain(value)
        if value.dtype.kind not in NUMERIC_KINDS:
            value = dispatch.as_array(value) if value.dtype.kind == "O" else value
            if type(value) is Tracer:
                return self.use(value), value.aval
            raise unsupported_dtype(value)
        return self._capture_array(value)

    def _capture_array(self, value: np.ndarray[Any, Any]) -> tuple[int, ShapedArray]:
        aval = array_aval(value)
        if self.inline_arrays:
            self.literals.append(value)
            return -len(self.literals), aval
        if value.nbytes <= _COPY_BYTES:
            return self._new_capture(aval, value.copy()), aval
        ids = self._captures()
        index = ids.get(id(value))
        if index is None:
            index = ids[id(value)] = self._new_capture(aval, value)
            frame_source = self.source or source_of(_getframe(2))
            if self._watched is None:
                self._watched = []
            self._watched.append((index, _sample(value), frame_source))
        return index, aval

    def literal(self, value: Any) -> Tracer:
        """A scalar as a tracer, so that what is computed from it is recorded, not done now."""
        index, aval = self.capture(value)
        return Tracer(self, index, aval)

    # Values on demand

    def value(self, index: int) -> Any:
        """The concrete value of a variable: the needed slice is evaluated and remembered."""
        if index < 0:
            return self.literals[-1 - index]
        if index >= self.n_inputs and index not in self.values and index not in self.known:
            self._evaluate(index)
        return self._value(index)

    def _value(self, index: int) -> Any:
        if index < 0:
            return self.literals[-1 - index]
        if index in self.values:
            return self.values[index]
        if index in self.known:
            value = self.known[index]
        else:
            value = _ABSTRACT if self.in_values is None else self.in_values[index]
        if value is _ABSTRACT:
            raise AbstractValue(self)
        return value._trace.value(value._index) if type(value) is Tracer else value

    def _evaluate(self, index: int) -> None:
        needed: set[int] = set()
        stack = [index]
        while stack:
            i = stack.pop()
            if i < self.n_inputs or i in self.known or i in self.values:
                continue
            position = bisect_right(self.starts, i) - 1
            if position not in needed:
                needed.add(position)
                stack.extend(self.records[position][1])
        with np.errstate(all="ignore"):
            for position in sorted(needed):
                primitive, ins, items = self.records[position]
                out = primitive.impl(*[self._value(i) for i in ins], **dict(items))
                start = self.starts[position]
                if primitive.multiple_results:
                    self.values.update(enumerate(out, start))
                else:
                    self.values[start] = out

    def depends(self, index: int) -> bool:
        """Whether a derivative may flow into a variable: through floating-point variables, from an input."""
        seen = set()
        stack = [index]
        while stack:
            i = stack.pop()
            if i < 0 or i in seen or self.avals[i].dtype.kind not in "fc":
                continue
            seen.add(i)
            if i < self.n_inputs:
                return True
            if i in self.known:
                value = self.known[i]
                if value is _ABSTRACT or (
                    type(value) is Tracer and value._trace.depends(value._index)
                ):
                    return True
                continue
            primitive, ins, _ = self.records[bisect_right(self.starts, i) - 1]
            if "no_derivative" not in primitive.properties:
                stack.extend(ins)
        return False

    # Finishing

    def finish(
        self, outs: Sequence[Any], *, lift: bool = False, intern: bool = True
    ) -> tuple[Jaxpr, list[Any]]:
        """The jaxpr of what was recorded, and the values of its constants.

        The jaxpr comes from the cache when a trace of the same structure was seen before.

        Args:
            outs: tracers or plain values to return.
            lift: whether scalars that stand in the user's code become constants of the program too
                (so that another learning rate finds the same program) instead of literals in it.
            intern: whether to look for an equal jaxpr in the cache; not needed where the result is remembered
                otherwise.
        """
        for index, before, source in self._watched or ():
            if not np.array_equal(before, _sample(self.known[index]), equal_nan=True):
                raise TracingError(
                    f"an array of {self.avals[index]} that the traced function used was then changed in place"
                    f"\n  used at {locate(source)}\n  make a copy of it before it is changed"
                )
        out_indices = [
            self.use(out) if type(out) is Tracer else self.capture(out)[0] for out in outs
        ]
        if intern:
            jaxpr = intern_jaxpr(
                self._key(out_indices, lift), lambda: self._build(out_indices, lift)
            )
        else:
            jaxpr = self._build(out_indices, lift)
        consts = [self.known[i] for i in self.captured]
        if lift:
            consts += self.literals
        return jaxpr, consts

    def _key(self, out_indices: list[int], lift: bool) -> Any:
        """The structure of the trace, hashable: the same key means the same program."""
        literal_keys = (
            tuple([aval_of(v) for v in self.literals])
            if lift
            else tuple([scalar_key(v) for v in self.literals])
        )
        return (
            tuple(self.records),
            tuple(self.avals[: self.n_inputs]),
            tuple([(i, self.avals[i]) for i in self.captured]),
            literal_keys,
            tuple(out_indices),
            tuple([self.avals[i] if i >= 0 else None for i in out_indices]),
            tuple([(id(s[0]), s[1]) if s else None for s in self.sources]),
            lift,
        )

    def _build(self, out_indices: list[int], lift: bool) -> Jaxpr:
        variables = [Var(aval) for aval in self.avals]
        literals: list[Atom] = (
            [Var(aval_of(v)) for v in self.literals]
            if lift
            else [Literal(v) for v in self.literals]
        )

        def atom(i: int) -> Atom:
            return variables[i] if i >= 0 else literals[-1 - i]

        eqns = []
        for (primitive, ins, items), start, source in zip(
            self.records, self.starts, self.sources, strict=True
        ):
            params = dict(items)
            n_out = primitive.n_outputs(
                [self.avals[i] if i >= 0 else literals[-1 - i].aval for i in ins], params
            )
            eqns.append(
                Equation(
                    primitive,
                    tuple([atom(i) for i in ins]),
                    tuple(variables[start : start + n_out]),
                    params,
                    source,
                    primitive.eqn_effects(params),
                )
            )
        constvars: list[Any] = [variables[i] for i in self.captured]
        if lift:
            constvars += literals
        return Jaxpr(constvars, variables[: self.n_inputs], [atom(i) for i in out_indices], eqns)


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


_OWN = View(None, _identity, lambda parent, new: new, _identity)


class Tracer:
    """A traced array. It has the attributes, methods and operators of `numpy.ndarray`.

    In-place operations rebind it to the updated value; the jaxpr stays pure.
    """

    __slots__ = ("__weakref__", "_index", "_trace", "_view", "aval")
    __hash__ = None  # type: ignore[assignment]  # as ndarray
    __array_priority__ = 1000.0

    def __init__(self, trace: Trace, index: int, aval: ShapedArray) -> None:
        self._trace = trace
        self._index = index
        self.aval = aval
        self._view: View | None = None

    # What an array is

    @property  # type: ignore[misc]
    def __class__(self) -> type:  # type: ignore[override]
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

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.aval.dtype

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
            inner, active = trace.inner, _STATE.trace
            trace.inner, _STATE.trace = None, trace
            try:
                self._index = trace.use(view.read(parent))
            finally:
                trace.inner, _STATE.trace = inner, active
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
        out = Tracer(trace, trace.use(self), self.aval.strip_weak_type())
        if self.aval.shape or self._view is not None:
            out._view = _OWN
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
        return bool(
            self._concrete(
                "truth value",
                "use np.where(condition, a, b), or fg.lax.cond for a scalar condition",
            )
        )

    def __index__(self) -> int:
        return self._concrete(
            "integer value",
            "mark the argument static (jit's static_argnums), or index plain arrays by "
            "fnp.take(array, index, axis=0)",
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
                raise LostDerivativeError(
                    f"a traced {self.aval} cannot be written into a plain NumPy array, which would "
                    f"drop its derivative{here()}\n  make the array with np.zeros_like(x) of a traced x, "
                    "or with fnp.zeros(...), fnp.empty(...) (import funcgrad.numpy as fnp)"
                )
            raise LostDerivativeError(
                f"{conversion} of a traced {self.aval} would drop its derivative{here()}\n  {instead}"
            )
        return self._concrete("value", instead)

    def __float__(self) -> float:
        return float(self._plain_value("float()", _STAY_TRACED))

    def __complex__(self) -> complex:
        return complex(self._plain_value("complex()", _STAY_TRACED))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if not self._trace.depends(self._index):
            instead = (
                "index plain arrays by fnp.take(array, index, axis=0), or make them with fnp.array"
            )
            return np.array(self._concrete("value", instead), dtype)
        if dtype is not None and np.dtype(dtype).kind == "O":
            raise LostDerivativeError(
                f"NumPy tried to turn a traced {self.aval} into an array of objects, as functions that "
                f"np.vectorize made do{here()}\n  make the function with fnp.vectorize instead (import "
                "funcgrad.numpy as fnp), or within the traced function"
            )
        raise LostDerivativeError(
            f"NumPy tried to turn a traced {self.aval} into a plain array, which would drop its derivative"
            f"{here()}\n  build arrays of traced values with np.array([...]), np.stack or np.concatenate (as "
            "attributes of `np`, not imported from it); make the array that is written to with np.zeros_like(x) "
            "or fnp.zeros(...)"
        )

    # NumPy's protocols

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__" and not kwargs:
            implementation = dispatch.UFUNCS.get(ufunc)
            if implementation is not None:
                out = implementation(*inputs)
                # NumPy's functions return NumPy scalars, whose type is not weak.
                if type(out) is Tracer:
                    if out.aval.weak_type:
                        return out._strong()
                    return out
                if type(out) is tuple:
                    return tuple([o._strong() if type(o) is Tracer else o for o in out])
                return out
        return dispatch.call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        out = dispatch.find_function(func)(*args, **kwargs)
        if type(out) is Tracer and args and out is args[0] and "out" not in kwargs:
            return (
                out._copy()
            )  # NumPy's result would be a new array: updates of it do not reach the argument
        return out

    def _strong(self) -> Tracer:
        """The same value with a type that is not weak, as a NumPy scalar has."""
        if self.aval.weak_type:
            aval = ShapedArray(self.aval.shape, self.aval.dtype)
            index = self._index
            if index >= self._trace.n_inputs and index not in self._trace.known:
                self._trace.avals[index] = aval
            return Tracer(self._trace, index, aval)
        return self

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
        )

    def __copy__(self) -> Tracer:
        return self._copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Tracer:
        return self._copy()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(f"a traced {self.aval} has no attribute {name!r}")


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


def leaked(trace: Trace) -> LeakedTracerError:
    return LeakedTracerError(
        f"a traced value was used after {trace.name or 'the function'} that traced it had returned{here()}"
        "\n  return values from the function instead of storing them in globals, attributes or containers"
    )


def unsupported_dtype(value: Any) -> UnsupportedError:
    return UnsupportedError(
        f"an array of dtype {value.dtype} cannot take part in a traced computation{here()}"
        "\n  use a boolean, integer, floating or complex dtype"
    )


def _plain(value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if isinstance(value, np.ma.MaskedArray):
        raise UnsupportedError(
            f"a masked array cannot take part in a traced computation{here()}"
            "\n  use np.where(mask, value, fill) on plain arrays"
        )
    return value.view(np.ndarray)


def _sample(array: np.ndarray[Any, Any]) -> Any:
    """A strided sample of an array, to notice that it was changed."""
    step = max(1, array.size // _SAMPLE)
    return array.reshape(-1)[::step].copy() if array.flags.c_contiguous else array.flat[::step]


def current_trace() -> Trace | None:
    """The innermost open trace of this thread."""
    return _STATE.trace


def typeof(value: Any) -> ShapedArray:
    """The abstract value of a tracer, array or scalar."""
    return value.aval if type(value) is Tracer else aval_of(value)


def is_traced(*values: Any) -> bool:
    return any(type(v) is Tracer for v in values)


def build_jaxpr(
    fun: Callable[..., Sequence[Any]], in_avals: Sequence[ShapedArray], *, name: str = "a rule"
) -> Jaxpr:
    """Trace a rule on abstract inputs: a jaxpr without constants.

    `fun` takes one tracer per aval and returns a flat sequence. Arrays that it makes become literals;
    it must not capture tracers.
    """
    with Trace(list(in_avals), None, name) as trace:
        trace.why_abstract = "abstract"
        trace.inline_arrays = True
        outs = fun(*trace.inputs())
        jaxpr, consts = trace.finish(outs, intern=False)
    assert not consts, f"{name} captured traced values"
    return jaxpr
