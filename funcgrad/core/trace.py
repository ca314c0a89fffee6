"""The trace: the jaxpr under construction."""

from __future__ import annotations

import sys
from _thread import _local
from _weakref import ref
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.core import dispatch, patch
from funcgrad.core.assemble import assemble, structure, usual_structure
from funcgrad.core.cache import intern_jaxpr
from funcgrad.core.captured import plain_array, sample, unsupported_dtype
from funcgrad.core.donation import GIVEN, refuse_given
from funcgrad.core.errors import TracingError
from funcgrad.core.jaxpr import Jaxpr
from funcgrad.core.local_array import LocalArray, plain
from funcgrad.core.source import (
    Source,
    describe_function,
    locate,
    scoped,
    source_of,
)
from funcgrad.core.tracer import AbstractValue, Tracer, leaked
from funcgrad.core.types import NUMERIC_KINDS, SCALAR_AVALS, ShapedArray, array_aval, aval_of

Record = tuple[Any, tuple[int, ...], tuple[tuple[str, Any], ...]]

# A captured array of at most this many bytes is copied, so that later in-place changes by the user's
# code do not reach the trace; a larger one is watched by a checksum of a sample instead.
_COPY_BYTES = 1 << 16
_ABSTRACT = object()  # an input whose value is not known
_getframe = sys._getframe


class _State(_local):  # threading.local; `threading` takes long to import
    trace: Trace | None = None
    scopes: tuple[tuple[str, Trace | None, int], ...] = ()  # see core/scopes.py
    values_asked = 0
    outermost = 0  # how many outermost traces were opened so far


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
        stand_ins: for `(trace, index)` of values of other traces, which may be over, the tracers here to use for them.
        known: the value of each captured variable; `_ABSTRACT` for an input that has none.
    """

    # A trace is made at every call. What most traces never touch is a class attribute or comes on demand.
    inline_arrays = False
    inner: Trace | None = None
    parent: Trace | None = None
    open = True
    source: Source | None = None
    why_abstract = "jit"
    stand_ins: dict[Any, Tracer] | None = None
    _capture_ids: dict[Any, int] | None = None
    _copied: dict[int, ref[Any]]  # from captures to the arrays whose copies they are
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
            _STATE.outermost += 1
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
            if not self.reachable():
                raise leaked(trace)
            assert _STATE.trace is not None
            return _STATE.trace
        return trace

    def reachable(self) -> bool:
        """Whether values of this trace may be used now: it is open, or an open one has stand-ins for them."""
        trace = None if self.open else _STATE.trace
        while trace is not None and not any(t is self for t, _ in trace.stand_ins or ()):
            trace = trace.parent
        return self.open or trace is not None

    def within(self, compute: Callable[[], Any]) -> Any:
        """Do something that records here, not in the traces that were opened inside since."""
        inner, active = self.inner, _STATE.trace
        self.inner, _STATE.trace = None, self
        try:
            return compute()
        finally:
            self.inner, _STATE.trace = inner, active

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
        key = tuple(avals), items
        out = primitive._avals.get(key) or primitive.out_avals(*key, params)
        return self.record(primitive, tuple(ins), items, out)

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
        key = (outer, tracer._index)
        if self.stand_ins is not None and key in self.stand_ins:
            return self.stand_ins[key]._index
        if not outer.open:
            return self.use(self._stand_in(key))
        ids = self._captures()
        index = ids.get(key)
        if index is None:
            ids[key] = index = self._new_capture(
                tracer.aval, Tracer(outer, tracer._index, tracer.aval)
            )
        return index

    def _stand_in(self, key: tuple[Trace, int]) -> Tracer:
        """The stand-in that a trace around this one has for a value of a trace that is over."""
        trace = self.parent
        while trace is not None:
            if trace.stand_ins is not None and key in trace.stand_ins:
                return trace.stand_ins[key]
            trace = trace.parent
        raise leaked(key[0])

    def _captures(self) -> dict[Any, int]:
        if self._capture_ids is None:
            self._capture_ids, self._copied = {}, {}
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
        if type(value) is LocalArray:
            value = plain(value)
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
            value = plain_array(value)
        if value.dtype.kind not in NUMERIC_KINDS:
            value = dispatch.as_array(value) if value.dtype.kind == "O" else value
            if type(value) is Tracer:
                return self.use(value), value.aval
            raise unsupported_dtype(value)
        return self._capture_array(value)

    def _capture_array(self, value: np.ndarray[Any, Any]) -> tuple[int, ShapedArray]:
        aval = array_aval(value)
        if GIVEN:
            refuse_given(value)
        if self.inline_arrays:
            self.literals.append(value)
            return -len(self.literals), aval
        ids = self._captures()
        index = ids.get(id(value))
        if value.nbytes <= _COPY_BYTES:
            # The same array is one constant, unless it was written to since. Another one may have come to lie at its
            # address: with that, the structure of the trace would depend on chance.
            if (
                index is None
                or self.avals[index] != aval
                or self._copied[index]() is not value
                or self.known[index].tobytes() != value.tobytes()  # type: ignore[union-attr]
            ):
                index = ids[id(value)] = self._new_capture(aval, value.copy())
                self._copied[index] = ref(value)
            return index, aval
        if index is None or self.known[index] is not value:
            index = ids[id(value)] = self._new_capture(aval, value)
            frame_source = self.source or source_of(_getframe(2))
            if self._watched is None:
                self._watched = []
            self._watched.append((index, sample(value), frame_source))
        return index, aval

    def snapshot(self, array: np.ndarray[Any, Any]) -> Tracer:
        """The present value of an array that this trace's function made; zeros are an equation."""
        if np.ascontiguousarray(array).view(np.uint8).any():
            index, aval = self.capture(array.copy())
            return Tracer(self, index, aval)
        zero = self.literal(array.dtype.type(0))
        return np.broadcast_to(zero, array.shape) if array.shape else zero

    def literal(self, value: Any) -> Tracer:
        """A scalar as a tracer, so that what is computed from it is recorded, not done now."""
        index, aval = self.capture(value)
        return Tracer(self, index, aval)

    # Values on demand

    def value(self, index: int) -> Any:
        """The concrete value of a variable: the needed slice is evaluated and remembered."""
        _STATE.values_asked += 1
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

    def depends(self, index: int, limit: int | None = None) -> bool:
        """Whether a derivative may flow into a variable: through floating-point variables, from an input.

        After `limit` variables without an answer it is assumed to.
        """
        seen = set()
        stack = [index]
        while stack:
            i = stack.pop()
            if i < 0 or i in seen or self.avals[i].dtype.kind not in "fc":
                continue
            seen.add(i)
            if i < self.n_inputs or len(seen) == limit:
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
            if not np.array_equal(before, sample(self.known[index]), equal_nan=True):
                raise TracingError(
                    f"an array of {self.avals[index]} that the traced function used was then changed in place"
                    f"\n  used at {locate(source)}\n  make a copy of it before it is changed"
                )
        for name, trace, _ in reversed(_STATE.scopes):
            if trace is not self:  # it was opened around this trace
                self.sources = [scoped(source, name) for source in self.sources]
        out_indices = [
            self.use(out) if type(out) is Tracer else self.capture(out)[0] for out in outs
        ]
        if intern:
            jaxpr = intern_jaxpr(
                structure(self, out_indices, lift),
                lambda: assemble(self, out_indices, lift),
                lambda: usual_structure(self, out_indices, lift),
            )
        else:
            jaxpr = assemble(self, out_indices, lift)
        consts = [self.known[i] for i in self.captured]
        if lift:
            consts += self.literals
        return jaxpr, consts


def current_trace() -> Trace | None:
    """The innermost open trace of this thread."""
    return _STATE.trace


def outermost_traces() -> int:
    """How many outermost traces were opened in this thread so far: which transformed call this is."""
    return _STATE.outermost


def values_asked() -> int:
    """How often Python code of this thread asked for the value of a traced variable, so far."""
    return _STATE.values_asked
