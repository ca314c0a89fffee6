"""Derivatives by finite differences, for black boxes and on request only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.control.call import CallPrimitive
from funcgrad.control.sequential import SEQUENTIAL, batch_by_loop
from funcgrad.core.errors import NoDerivativeError
from funcgrad.core.primitive import Primitive
from funcgrad.core.tracing import typeof
from funcgrad.core.types import ShapedArray, is_differentiable
from funcgrad.ops.basic import add_any


class FiniteDifferences:
    """A derivative rule for `defprimitive`: central differences, two calls per element of each argument.

    Args:
        step: the relative step; the cube root of the precision of the dtype by default, which balances the errors of
            rounding and of truncation.

    Derivatives of second order are an error: differences of differences are mostly noise.

    >>> import numpy as np, funcgrad as fg
    >>> black_box = fg.defprimitive(lambda x: np.sin(x), jvp=fg.FiniteDifferences())
    >>> round(float(fg.grad(black_box)(0.0)), 6)
    1.0
    """

    __slots__ = ("step",)

    def __init__(self, step: float | None = None) -> None:
        self.step = step

    def _function_parts(self) -> tuple[Any, ...]:
        return (self.step,)

    def tangent(
        self,
        primitive: Primitive,
        primals: Sequence[Any],
        tangents: Sequence[Any],
        params: dict[str, Any],
    ) -> list[Any]:
        """The tangents of the results; `tangents` has None for zeros."""
        wrt = tuple([t is not None for t in tangents])
        found = finite_differences_p(
            *primals, primitive=primitive, items=tuple(params.items()), wrt=wrt, step=self.step
        )
        given = [t for t in tangents if t is not None]
        n_outs = len(found) // max(1, len(given))
        outs: list[Any] = []
        for k in range(n_outs):
            terms = [
                np.tensordot(jacobian, t, axes=len(typeof(t).shape))
                for jacobian, t in zip(found[k::n_outs], given, strict=True)
            ]
            total = terms[0]
            for term in terms[1:]:
                total = add_any(total, term)
            outs.append(total)
        return outs


def _impl(
    *args: Any, primitive: Primitive, items: Any, wrt: Sequence[bool], step: float | None
) -> tuple[Any, ...]:
    """The Jacobians of all floating results with respect to the marked arguments, one after the other."""
    params = dict(items)
    values = [np.array(a) for a in args]

    def call(i: int, x: Any) -> list[Any]:
        arguments = list(values)
        arguments[i] = x
        outs = primitive.impl(*[a if a.ndim else a[()] for a in arguments], **params)
        return [np.asarray(out) for out in outs if is_differentiable(np.asarray(out).dtype)]

    jacobians: list[Any] = []
    for i, (x, wanted) in enumerate(zip(values, wrt, strict=True)):
        if not wanted:
            continue
        relative = float(np.cbrt(np.finfo(x.dtype).eps)) if step is None else step
        columns: list[list[Any]] = []
        for place in np.ndindex(x.shape):
            h = relative * max(1.0, abs(x[place]))
            ahead, behind = x.copy(), x.copy()
            ahead[place] += h
            behind[place] -= h
            width = ahead[place] - behind[place]  # what rounding has made of 2 h
            pairs = zip(call(i, ahead), call(i, behind), strict=True)
            columns.append([(a - b) / width for a, b in pairs])
        outs = _out_avals([typeof(v) for v in values], primitive, items)
        for k, aval in enumerate(outs):
            stacked = [column[k] for column in columns]
            jacobian = np.stack(stacked, axis=-1) if stacked else np.zeros((*aval.shape, 0))
            jacobians.append(jacobian.reshape((*aval.shape, *x.shape)).astype(aval.dtype))
    return tuple(jacobians)


def _out_avals(avals: Sequence[ShapedArray], primitive: Primitive, items: Any) -> list[ShapedArray]:
    outs = primitive.abstract(*avals, **dict(items))
    return [a for a in outs if is_differentiable(a.dtype)]


def _abstract(
    *avals: ShapedArray, primitive: Primitive, items: Any, wrt: Sequence[bool], step: Any
) -> tuple[ShapedArray, ...]:
    outs = _out_avals(avals, primitive, items)
    return tuple(
        [
            ShapedArray((*out.shape, *aval.shape), out.dtype)
            for aval, wanted in zip(avals, wrt, strict=True)
            if wanted
            for out in outs
        ]
    )


def _jvp(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> Any:
    raise NoDerivativeError(
        f"{params['primitive'].name} has a derivative by finite differences, which have no derivative themselves\n  "
        "give it rules for derivatives of second order"
    )


finite_differences_p = CallPrimitive(
    "finite_differences",
    impl=_impl,
    abstract=_abstract,
    jvp=_jvp,
    batch=lambda axis, operands, batched, **params: batch_by_loop(
        finite_differences_p, axis, operands, batched, params
    ),
    multiple_results=True,
    properties=frozenset({SEQUENTIAL}),
)
