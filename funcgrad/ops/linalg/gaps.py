"""Gaps between eigenvalues or singular values: what derivatives of eigenvectors divide by."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.primitive import Primitive
from funcgrad.core.types import ShapedArray
from funcgrad.ops.linalg.matrix import column, row, stack_batch


def apart(values: Any, divisions: int) -> Any:
    """Eigenvalues or singular values for a derivative that divides by gaps: moved apart where they coincide.

    There the derivative is a limit of quotients, as of f(w_j) - f(w_i) by w_j - w_i for a function of a matrix,
    and neither the function nor its derivatives at equal values say what it is. So it is taken at a matrix
    beside, which has the same vectors. With relative gaps d the error is of the order of d, and that of
    rounding eps / dᵏ after k divisions: least for d = eps^(1 / (k + 1)). Values that are small beside the largest
    stay where they are: zeros, by which programs tell ranks, and others whose quotients would be noise.

    Args:
        values: those of a matrix in the last axis, real ones in ascending order.
        divisions: how often derivatives divide by a gap; 0 leaves the values as they are.
    """
    n = values.shape[-1]
    if divisions == 0 or n < 2:
        return values
    size = np.abs(values)
    largest = size.max(axis=-1, keepdims=True)
    eps = np.finfo(size.dtype).eps
    # A matrix of zeros has no scale of its own.
    scale = np.where(largest > 0, size * (size > 1e-4 * largest), 1)
    gap = eps ** (1 / (divisions + 1)) * scale
    # Complex values may belong to a matrix near a defective one, whose vectors suit no other matrix.
    near = n * eps * largest if values.dtype.kind == "c" else gap
    place = np.arange(n)
    close = np.abs(values[..., :, None] - values[..., None, :]) <= near[..., None]
    rank = np.sum(close * np.sign(place[:, None] - place), axis=-1)
    return (values + rank * (gap / 2)).astype(values.dtype) if rank.any() else values


def _inverse_gaps_impl(w: Any, sign: int) -> Any:
    rows, columns = w[..., :, None], w[..., None, :]
    gaps = columns - rows if sign < 0 else columns + rows
    n = w.shape[-1]
    size = np.abs(w).max(axis=-1, initial=0)[..., None, None]
    # Gaps that rounding makes: they say nothing, and their inverse is noise.
    keep = np.abs(gaps) > n * np.finfo(w.dtype).eps * size
    return np.divide(1, gaps, out=np.zeros_like(gaps), where=keep)


def _inverse_gaps_jvp(primals: Any, tangents: Any, *, sign: int) -> tuple[Any, Any]:
    (w,), (t,) = primals, tangents
    out = inverse_gaps_p(w, sign=sign)
    # Zero where the gap was taken for zero, at every order.
    change = row(t) - column(t) if sign < 0 else row(t) + column(t)
    return out, -(out * out) * change


# 1 / (w_j - w_i), or 1 / (w_j + w_i) for sign=+1; zero where the gap is zero up to rounding, so
# that derivatives stay finite where eigenvalues or singular values coincide.
inverse_gaps_p = Primitive(
    "inverse_gaps",
    impl=_inverse_gaps_impl,
    abstract=lambda w, sign: ShapedArray((*w.shape, w.shape[-1]), w.dtype),
    jvp=_inverse_gaps_jvp,
    batch=stack_batch(lambda: inverse_gaps_p),
)


def inverse_gaps(w: Any) -> Any:
    """The matrix 1 / (w_j - w_i), zero where the two coincide up to rounding."""
    return inverse_gaps_p(w, sign=-1)


def inverse_sums(w: Any) -> Any:
    """The matrix 1 / (w_j + w_i), zero where the sum is zero up to rounding."""
    return inverse_gaps_p(w, sign=1)
