"""Elementwise primitives: complex numbers and their parts.

Transposition is linear, not conjugate-linear: the cotangent of z pairs with its tangent as the real
part of their product. So the dual of `real` is the inclusion of the real line, that of `imag` is
multiplication by -i, and `conj` is its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.tracing import typeof
from funcgrad.ops.basic import convert
from funcgrad.ops.define import elementwise, result_dtype

REAL_OF: dict[Any, np.dtype[Any]] = {
    np.dtype("complex64"): np.dtype("float32"),
    np.dtype("complex128"): np.dtype("float64"),
    np.dtype("clongdouble"): np.dtype("longdouble"),
}
COMPLEX_OF: dict[Any, np.dtype[Any]] = {real: complex_ for complex_, real in REAL_OF.items()} | {
    np.dtype("float16"): np.dtype("complex64")
}


def is_complex(x: Any) -> bool:
    """Whether a tracer, array or scalar holds complex numbers."""
    return typeof(x).dtype.kind == "c"


def real_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of the real part: itself for a real dtype."""
    return REAL_OF.get(dtype, dtype)


def _part_dtypes(asked: Sequence[Any]) -> tuple[Sequence[Any], Any]:
    dtype = np.dtype(asked[0])
    if dtype not in REAL_OF:
        raise TypeError
    return (dtype,), REAL_OF[dtype]


def _pair_dtypes(asked: Sequence[Any]) -> tuple[Sequence[Any], Any]:
    common = result_dtype(asked)
    if common not in COMPLEX_OF:
        raise TypeError
    return (common, common), COMPLEX_OF[common]


def _make_complex(x: Any, y: Any) -> Any:
    # Not x + 1j * y, which spoils infinities and the sign of zero.
    shape = np.broadcast_shapes(np.shape(x), np.shape(y))
    out: Any = np.empty(shape, COMPLEX_OF[np.result_type(x, y)])
    out.real = x
    out.imag = y
    return out[()]


real = elementwise(
    "real",
    np.real,
    dtypes=_part_dtypes,
    jvp=lambda t, ans, x: real(t),
    transpose=lambda ct, x: convert(ct, x.dtype),
    view=True,
)
imag = elementwise(
    "imag",
    np.imag,
    dtypes=_part_dtypes,
    jvp=lambda t, ans, x: imag(t),
    transpose=lambda ct, x: ct * -1j,
    view=True,
)
conj = elementwise(
    "conj",
    np.conjugate,
    jvp=lambda t, ans, x: conj(t) if is_complex(t) else t,
    transpose=lambda ct, x: conj(ct) if is_complex(x) else ct,
)
# x + iy of two real numbers.
complex_ = elementwise(
    "complex",
    _make_complex,
    dtypes=_pair_dtypes,
    jvp=(lambda t, ans, x, y: complex_(t, 0.0), lambda t, ans, x, y: complex_(0.0, t)),
    transpose=(lambda ct, x, y: real(ct), lambda ct, x, y: -imag(ct)),
)
