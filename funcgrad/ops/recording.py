"""Recording elementwise equations: NumPy's broadcasting and promotion, at the cost of a dict lookup."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.core import dispatch
from funcgrad.core.errors import ArgumentError, UnsupportedError
from funcgrad.core.primitive import Primitive
from funcgrad.core.source import here, source_of
from funcgrad.core.tracing import Tracer
from funcgrad.core.types import SCALAR_AVALS, WEAK_TYPES, ShapedArray
from funcgrad.ops.basic import convert

# From operand dtypes (Python's scalar types for weak operands) to those of the loop and of the result.
Dtypes = Callable[[Sequence[Any]], tuple[Sequence[Any], Any]]
_FAST_CACHE = 4096
_ARRAYS = (np.ndarray, np.generic, *SCALAR_AVALS)
_getframe = sys._getframe


class Elementwise(Primitive):
    """A primitive that works element by element, with NumPy's broadcasting and promotion.

    Weak operands (Python scalars) are converted when the equation is recorded, so that an equation
    can be run by plain NumPy on strong values.

    Attributes:
        unary: `unary(x, items)` records the equation of a traced operand; `items` are its params.
        binary: `binary(x, y)` records it for a traced operand and anything; fit to be an operator
            of Python.
        reflected: the same for `y op x`.
    """

    __slots__ = ("_fast", "binary", "dtypes", "reflected", "unary")

    def __init__(self, name: str, *, dtypes: Dtypes, **fields: Any) -> None:
        super().__init__(name, abstract=self._abstract, elementwise=True, **fields)
        self.dtypes = dtypes
        self._fast: dict[Any, Any] = {}
        self.unary = _unary_recorder(self)
        self.binary, self.reflected = _binary_recorders(self)

    def __call__(self, *args: Any, **params: Any) -> Any:
        if len(args) == 2:
            if type(args[0]) is Tracer and not params:
                return self.binary(args[0], args[1])
        elif len(args) == 1 and type(args[0]) is Tracer:
            return self.unary(args[0], tuple(params.items()))
        return self._general(args, params)

    def _general(self, args: Sequence[Any], params: dict[str, Any]) -> Any:
        trace = None
        operands = list(args)
        for k, arg in enumerate(operands):
            if type(arg) is Tracer:
                trace = trace or arg._trace
            elif not isinstance(arg, _ARRAYS) or (
                type(arg) is np.ndarray and arg.dtype.kind == "O"
            ):
                if dispatch.takes_over(arg):
                    return NotImplemented
                operands[k] = arg = dispatch.as_array(arg)
                if type(arg) is Tracer:
                    trace = trace or arg._trace
        if trace is None:
            return self.impl(*operands, **params)
        trace = trace.innermost()
        ins: list[int] = []
        keys: list[Any] = []
        for arg in operands:
            if type(arg) is Tracer:
                ins.append(trace.use(arg))
                keys.append(arg.aval)
            elif type(arg) in SCALAR_AVALS:
                ins.append(-1)
                keys.append(type(arg))
            else:
                index, aval = trace.capture(arg)
                ins.append(index)
                keys.append(aval)
        out, casts = self._signature(tuple(keys))
        for k, arg in enumerate(operands):
            cast = None if casts is None else casts[k]
            if type(arg) in SCALAR_AVALS:
                ins[k] = trace.capture(arg if cast is None else cast(arg))[0]
            elif cast is not None:
                ins[k] = trace.use(cast(arg))
        return trace.record(self, tuple(ins), tuple(params.items()), out)

    def _signature(self, key: Any) -> tuple[ShapedArray, Any]:
        """The result's type, and how weak operands are converted (None where none is), remembered.

        The key has an aval per operand, or the type of a Python scalar.
        """
        entry = self._fast.get(key)
        if entry is None:
            entry = self._resolve(key)
            if len(self._fast) >= _FAST_CACHE:
                self._fast.clear()
            self._fast[key] = entry
        return entry

    def _resolve(self, keys: tuple[Any, ...]) -> tuple[ShapedArray, Any]:
        avals = [SCALAR_AVALS.get(k, k) for k in keys]
        weak = [a.weak_type for a in avals]
        all_weak = all(weak)
        asked = [
            WEAK_TYPES[a.dtype] if w and not all_weak else a.dtype
            for a, w in zip(avals, weak, strict=True)
        ]
        ins, out = self._loop(asked, avals)
        casts: list[Any] = [None] * len(keys)
        if all_weak:
            for k, dtype in enumerate(ins):
                if keys[k] is int and dtype.kind in "fc":
                    casts[k] = _within_int64
        else:
            for k, (aval, w, dtype) in enumerate(zip(avals, weak, ins, strict=True)):
                compared = keys[k] is int and out.kind == "b"
                if w and (dtype != aval.dtype or compared):
                    scalar = isinstance(keys[k], type)
                    casts[k] = (
                        _scalar_cast(dtype, compares=compared) if scalar else _tracer_cast(dtype)
                    )
        shape = broadcast_shapes(self.name, [a.shape for a in avals])
        result = ShapedArray(shape, out, all_weak and out in WEAK_TYPES)
        return result, casts if any(c is not None for c in casts) else None

    def _abstract(self, *avals: ShapedArray, **params: Any) -> ShapedArray:
        _, out = self._loop([a.dtype for a in avals], avals)
        shape = broadcast_shapes(self.name, [a.shape for a in avals])
        return ShapedArray(shape, out, out in WEAK_TYPES and all(a.weak_type for a in avals))

    def _loop(
        self, asked: Sequence[Any], avals: Sequence[ShapedArray]
    ) -> tuple[Sequence[Any], Any]:
        try:
            return self.dtypes(asked)
        except TypeError:
            types = ", ".join(map(str, avals))
            raise UnsupportedError(
                f"{self.name} does not take operands of types {types}{here()}"
            ) from None


def _unary_recorder(primitive: Elementwise) -> Callable[..., Any]:
    """Tracing is done at every call, so its inner loop is spelled out here and below."""
    fast = primitive._fast

    def unary(x: Tracer, items: tuple[tuple[str, Any], ...] = ()) -> Any:
        trace = x._trace
        if trace.inner is not None or not trace.open:
            trace = trace.innermost()
        i = x._index if x._view is None and x._trace is trace else trace.use(x)
        entry = fast.get((x.aval,))
        if entry is None:
            entry = primitive._signature((x.aval,))
        avals = trace.avals
        index = len(avals)
        trace.records.append((primitive, (i,), items))
        trace.starts.append(index)
        source = trace.source
        if source is None:
            source = source_of(_getframe(1))
        trace.sources.append(source)
        avals.append(entry[0])
        return Tracer(trace, index, entry[0])

    return unary


def _binary_recorders(primitive: Elementwise) -> tuple[Callable[..., Any], Callable[..., Any]]:
    fast = primitive._fast

    def binary(x: Tracer, y: Any) -> Any:
        kind = type(y)
        if kind is Tracer:
            kind = y.aval
        elif kind is not float and kind is not int:
            return primitive._general((x, y), {})
        key = (x.aval, kind)
        entry = fast.get(key)
        if entry is None:
            entry = primitive._signature(key)
        out, casts = entry
        trace = x._trace
        if trace.inner is not None or not trace.open:
            trace = trace.innermost()
        i = x._index if x._view is None and x._trace is trace else trace.use(x)
        if type(y) is Tracer:
            if casts is not None:
                return primitive._general((x, y), {})
            j = y._index if y._view is None and y._trace is trace else trace.use(y)
        else:
            if casts is not None:
                if casts[0] is not None:
                    return primitive._general((x, y), {})
                y = casts[1](y)
            literals = trace.literals
            literals.append(y)
            j = -len(literals)
        avals = trace.avals
        index = len(avals)
        trace.records.append((primitive, (i, j), ()))
        trace.starts.append(index)
        source = trace.source
        if source is None:
            source = source_of(_getframe(1))
        trace.sources.append(source)
        avals.append(out)
        return Tracer(trace, index, out)

    def reflected(x: Tracer, y: Any) -> Any:
        kind = type(y)
        if kind is float or kind is int:
            out, casts = primitive._signature((kind, x.aval))
            trace = x._trace.innermost()
            if casts is None or casts[1] is None:
                trace.literals.append(y if casts is None else casts[0](y))
                return trace.record(primitive, (-len(trace.literals), trace.use(x)), (), out)
        return primitive._general((y, x), {})

    return binary, reflected


def _scalar_cast(dtype: np.dtype[Any], *, compares: bool) -> Callable[[Any], Any]:
    if compares and dtype.kind in "iu":
        return lambda value: _comparable(value, dtype)
    return WEAK_TYPES.get(dtype, dtype.type)


def _within_int64(value: int) -> Any:
    """An integer that meets Python floats; one that NumPy has no integer for becomes a float."""
    return value if -(2**63) <= value < 2**63 else float(value)


def _comparable(value: int, dtype: np.dtype[Any]) -> Any:
    """An integer to compare an array with; NumPy lets it exceed the range of the array's dtype."""
    info = np.iinfo(dtype)
    if info.min <= value <= info.max:
        return WEAK_TYPES.get(dtype, dtype.type)(value)
    return np.asarray(value)[()] if -(2**63) <= value < 2**64 else np.float64(value)


def _tracer_cast(dtype: np.dtype[Any]) -> Callable[[Any], Any]:
    return lambda t: convert(t, dtype)


def broadcast_shapes(name: str, shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """NumPy's broadcasting of shapes, with an error in the user's words."""
    first = shapes[0]
    for shape in shapes:
        if shape != first:
            break
    else:
        return first
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        listed = " and ".join(map(str, shapes))
        raise ArgumentError(
            f"{name}: shapes {listed} cannot be broadcast together{here()}"
        ) from None
