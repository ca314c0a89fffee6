"""The primitive record: everything that funcgrad knows about one operation, in one place.

A primitive is an entry in `ops/` (or `control/`) that gives its value, its shape rule and its calculus;
the passes read these fields and never name a primitive. Rules are written with primitives and
operators on traced values, so that each derivative is itself differentiable.

The conventions of the rules (`x`, `y` stand for the primitive's array operands):

`impl(x, y, **params)`
    The value on NumPy arrays. Must not write to its operands. May return a view of one.
`abstract(x_aval, y_aval, **params)`
    The `ShapedArray` of the result (a tuple of them for `multiple_results`), or an error in the user's words.
`jvp(primals, tangents, **params) -> (out, tangent_out)`
    `tangents[i]` is None where the tangent is zero; so may be `tangent_out`.
`linearize(primals, tangents, **params) -> (out, tangent_out)`
    As `jvp`, for primitives whose `jvp` binds equations that mix primal and tangent results: binds
    separate ones for each. Left out where `jvp` already does.
`transpose(ct, *operands, **params) -> tuple of cotangents`
    Only for primitives that are linear in some operands. Such an operand is a `Linear(aval)`; the others are
    values. One cotangent (or None) per operand, with the operand's shape and dtype.
`batch(axis, operands, batched, **params) -> (out, out_batched)`
    Operands with `batched[i]` have the batch axis, of length `axis.size`, in front; so must the results.

Primitives that hold jaxprs may also have:

`partial_eval(eqn, unknown) -> PartialEval`
    Splits an equation in two: what can be computed from the operands that are known, and the rest;
    None where it cannot be split (see control/partial.py).
`dce(eqn, used) -> eqn`
    The equation without the results that nobody uses, and without the operands that only they need.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from funcgrad.core.errors import JaxprError
from funcgrad.core.tracing import Trace, Tracer
from funcgrad.core.types import ShapedArray

# Every primitive by its name; a primitive enters itself when it is made.
PRIMITIVES: dict[str, Primitive] = {}
_CACHED_AVALS = 2048
_NO_EFFECTS: frozenset[str] = frozenset()


class Linear:
    """Stands for an operand in which a transposed equation is linear: only its type is known."""

    __slots__ = ("aval",)

    def __init__(self, aval: ShapedArray) -> None:
        self.aval = aval

    @property
    def shape(self) -> tuple[int, ...]:
        return self.aval.shape

    @property
    def dtype(self) -> Any:
        return self.aval.dtype

    @property
    def ndim(self) -> int:
        return self.aval.ndim


class BatchAxis:
    """The axis that `vmap` adds: its length and, for collectives, its name."""

    __slots__ = ("name", "size")

    def __init__(self, size: int, name: Any = None) -> None:
        self.size = size
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BatchAxis) and (self.size, self.name) == (other.size, other.name)

    def __hash__(self) -> int:
        return hash((self.size, self.name))


class Primitive:
    """One operation with all of its rules. Calling it computes, or records an equation under a trace.

    Attributes:
        name: as it is printed in jaxprs; unique.
        multiple_results: whether it returns a tuple.
        elementwise: whether result element i depends on the operands' elements i only, with broadcasting.
        ufunc: the NumPy ufunc that computes it, if there is one that takes `out=`.
        view: whether `impl` may return a view of its first operand.
        effects: labels of what it does besides computing ("print"); such equations are never dropped.
        properties: anything else that passes may ask for ("collective", "call", ...). "moves": if all operands but one
            are zero, each element of the result is an element of that one, or zero. "blas": it factorises or solves
            with BLAS and LAPACK; "blas_threads": it multiplies large matrices, for which BLAS's threads are good.
        emit: how compiled source writes it: `emit(operand_names, **params) -> expression`; a call otherwise.
    """

    __slots__ = (
        "_avals",
        "abstract",
        "batch",
        "dce",
        "effects",
        "elementwise",
        "emit",
        "impl",
        "jvp",
        "linearize",
        "multiple_results",
        "name",
        "partial_eval",
        "properties",
        "transpose",
        "ufunc",
        "view",
    )

    def __init__(
        self,
        name: str,
        *,
        impl: Callable[..., Any],
        abstract: Callable[..., Any],
        jvp: Callable[..., Any] | None = None,
        linearize: Callable[..., Any] | None = None,
        transpose: Callable[..., Any] | None = None,
        batch: Callable[..., Any] | None = None,
        partial_eval: Callable[..., Any] | None = None,
        dce: Callable[..., Any] | None = None,
        multiple_results: bool = False,
        elementwise: bool = False,
        ufunc: Any = None,
        view: bool = False,
        effects: frozenset[str] | Callable[..., frozenset[str]] = _NO_EFFECTS,
        emit: Callable[..., str] | None = None,
        properties: frozenset[str] = frozenset(),
        register: bool = True,
    ) -> None:
        self.name = name
        self.impl = impl
        self.abstract = abstract
        self.jvp = jvp
        self.linearize = linearize
        self.transpose = transpose
        self.batch = batch
        self.partial_eval = partial_eval
        self.dce = dce
        self.multiple_results = multiple_results
        self.elementwise = elementwise
        self.ufunc = ufunc
        self.view = view
        self.effects = effects
        self.emit = emit
        self.properties = properties
        self._avals: dict[Any, Any] = {}
        if register:
            if name in PRIMITIVES:
                raise JaxprError(f"a primitive named {name!r} exists already")
            PRIMITIVES[name] = self

    def __call__(self, *args: Any, **params: Any) -> Any:
        for arg in args:
            if type(arg) is Tracer:
                trace = arg._trace
                if trace.inner is not None or not trace.open:
                    trace = trace.innermost()
                return trace.bind(self, args, params)
        return self.impl(*args, **params)

    def out_avals(self, avals: tuple[ShapedArray, ...], items: Any, params: dict[str, Any]) -> Any:
        """The shape rule's answer, remembered."""
        key = (avals, items)
        out = self._avals.get(key)
        if out is None:
            out = self.abstract(*avals, **params)
            if len(self._avals) >= _CACHED_AVALS:
                self._avals.clear()
            self._avals[key] = out
        return out

    def n_outputs(self, avals: Sequence[ShapedArray], params: dict[str, Any]) -> int:
        if not self.multiple_results:
            return 1
        return len(self.out_avals(tuple(avals), tuple(params.items()), params))

    def eqn_effects(self, params: dict[str, Any]) -> frozenset[str]:
        return self.effects(**params) if callable(self.effects) else self.effects

    def bind_in(self, trace: Trace, args: Sequence[Any], params: dict[str, Any]) -> Any:
        return trace.bind(self, args, params)

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> Any:
        return _find, (self.name,)


def _find(name: str) -> Primitive:
    return PRIMITIVES[name]
