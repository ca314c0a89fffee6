"""The constructor of elementwise primitives: an entry is its value and its calculus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.core import dispatch
from funcgrad.core.primitive import BatchAxis, Linear
from funcgrad.core.tracing import typeof
from funcgrad.core.types import is_differentiable
from funcgrad.ops.basic import add_any, broadcast_to, convert, reshape, unbroadcast
from funcgrad.ops.recording import Dtypes, Elementwise

JvpRule = Callable[..., Any]


class _Zero:
    """Marks a derivative that is zero by nature (of floor, of a comparison)."""

    def __repr__(self) -> str:
        return "ZERO"


ZERO = _Zero()


def ufunc_dtypes(ufunc: np.ufunc) -> Dtypes:
    """The promotion of a ufunc (NEP 50)."""
    outs = (None,) * ufunc.nout

    def dtypes(asked: Sequence[Any]) -> tuple[Sequence[Any], Any]:
        loop = ufunc.resolve_dtypes((*asked, *outs))
        return loop[: ufunc.nin], loop[ufunc.nin]

    return dtypes


def result_dtype(asked: Sequence[Any]) -> np.dtype[Any]:
    """The common dtype of operands, given as dtypes or, for weak ones, as Python's scalar types."""
    return np.result_type(*[d(0) if isinstance(d, type) else d for d in asked])


def elementwise(
    name: str,
    impl: Any,
    *,
    jvp: JvpRule | Sequence[JvpRule | None] | _Zero | None = None,
    transpose: Sequence[Callable[..., Any] | None] | Callable[..., Any] | None = None,
    dtypes: Dtypes | None = None,
    emit: Callable[..., str] | None = None,
    properties: frozenset[str] = frozenset(),
    view: bool = False,
    dispatch_ufunc: bool = True,
) -> Elementwise:
    """Define an elementwise primitive.

    Args:
        name: its name in jaxprs (JAX's, where JAX has it).
        impl: the NumPy ufunc that computes it, or a function together with `dtypes`. A ufunc with
            one output is also registered so that calls of it on tracers are traced.
        jvp: one rule `(t, ans, x, y, ...) -> tangent` per operand, where `t` is that operand's
            tangent. `None` for an operand whose derivative is zero, `ZERO` if all are. A single
            function for a unary primitive. The results are broadcast and converted to the type of
            `ans`. Left out: not differentiable, an error.
        transpose: one rule `(ct, x, y, ...) -> cotangent` per operand in which the primitive is
            linear, `None` for the others. Broadcasting is undone by the constructor.
        dtypes: `(operand dtypes or Python scalar types) -> (loop operand dtypes, result dtype)`; a
            ufunc's own otherwise.
        view: whether `impl` may return a view of its first operand.
        dispatch_ufunc: whether `impl`, a ufunc, is traced as this primitive.
    """
    ufunc = impl if isinstance(impl, np.ufunc) else None
    if dtypes is None:
        assert ufunc is not None, f"{name}: give dtypes, since impl is no ufunc"
        dtypes = ufunc_dtypes(ufunc)

    def jvp_rule(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> tuple[Any, Any]:
        ans = primitive(*primals, **params)
        if jvp is ZERO or not is_differentiable(ans.dtype):
            return ans, None
        rules = (jvp,) if callable(jvp) else jvp
        total = None
        for rule, t in zip(rules, tangents, strict=True):  # type: ignore[arg-type]
            if t is None or rule is None:
                continue
            term = rule(t, ans, *primals, **params)
            if term is not None:
                term = match(term, ans)
                total = term if total is None else add_any(total, term)
        return ans, total

    def transpose_rule(ct: Any, *operands: Any, **params: Any) -> tuple[Any, ...]:
        rules = (transpose,) if callable(transpose) else transpose
        return tuple(
            [
                unbroadcast(rule(ct, *operands, **params), operand.aval)
                if type(operand) is Linear and rule is not None
                else None
                for rule, operand in zip(rules, operands, strict=True)  # type: ignore[arg-type]
            ]
        )

    def batch_rule(
        axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool], **params: Any
    ) -> tuple[Any, bool]:
        return primitive(*align_ranks(operands, batched), **params), True

    primitive = Elementwise(
        name,
        impl=impl,
        dtypes=dtypes,
        jvp=None if jvp is None else jvp_rule,
        transpose=None if transpose is None else transpose_rule,
        batch=batch_rule,
        ufunc=ufunc,
        emit=emit,
        properties=properties,
        view=view,
    )
    if ufunc is not None and dispatch_ufunc and ufunc.nout == 1:
        dispatch.UFUNCS[ufunc] = primitive
    return primitive


def match(term: Any, like: Any) -> Any:
    """Broadcast and convert a tangent to the type of a primal."""
    if typeof(term).shape != like.shape:
        term = broadcast_to(term, like.shape)
    if typeof(term).dtype != like.dtype:
        term = convert(term, like.dtype)
    return term


def align_ranks(operands: Sequence[Any], batched: Sequence[bool]) -> list[Any]:
    """Operands whose batch axis is followed by axes of length 1 where they have fewer than others.

    NumPy's broadcasting then pairs the axes of the examples.
    """
    ranks = [len(typeof(x).shape) - b for x, b in zip(operands, batched, strict=True)]
    rank = max(ranks)
    aligned = []
    for x, b, r in zip(operands, batched, ranks, strict=True):
        if b and r < rank:
            shape = typeof(x).shape
            x = reshape(x, (shape[0], *(1,) * (rank - r), *shape[1:]))
        aligned.append(x)
    return aligned
