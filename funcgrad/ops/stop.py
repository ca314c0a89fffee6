"""`stop_gradient`: the identity, whose derivative is zero."""

from __future__ import annotations

from typing import Any

from funcgrad.core.primitive import Primitive
from funcgrad.core.types import ShapedArray


def _jvp(primals: Any, tangents: Any) -> tuple[Any, None]:
    return stop_gradient_p(*primals), None


stop_gradient_p = Primitive(
    "stop_gradient",
    impl=lambda x: x,
    abstract=lambda x: ShapedArray(x.shape, x.dtype, x.weak_type),
    jvp=_jvp,
    batch=lambda axis, operands, batched: (stop_gradient_p(*operands), True),
    elementwise=True,
    view=True,
    properties=frozenset({"no_derivative"}),
)
