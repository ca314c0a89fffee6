"""NumPy's functions on polynomials, as vectors of coefficients with the highest power first.

Leading zeros shorten NumPy's results. Those that have derivatives are kept, and so they are where the values are not
known while tracing (under `jit` and `vmap`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

import funcgrad.numpy.polynomial_fit  # noqa: F401  # registers np.polyfit and np.vander
from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import inexact, operand
from funcgrad.numpy.known import constant_value, known_value
from funcgrad.numpy.matrices import eigvals
from funcgrad.numpy.signal import convolve
from funcgrad.ops.basic import convert, reshape
from funcgrad.ops.complex import is_complex, real
from funcgrad.ops.shape import concatenate, stack


def coefficients(p: Any) -> Any:
    """Coefficients as a vector."""
    p = operand(p.coeffs if isinstance(p, np.poly1d) else p)
    return p if typeof(p).shape else reshape(p, (1,))


def _length(p: Any) -> int:
    return typeof(p).shape[0]


def _wrap(value: Any, *arguments: Any) -> Any:
    """A `poly1d` if one of the arguments is one."""
    return np.poly1d(value) if any(isinstance(p, np.poly1d) for p in arguments) else value


def _trimmed(p: Any) -> Any:
    """`p` without leading zeros, as far as they are constants; at least one coefficient."""
    value = constant_value(p)
    if value is None or not value.size:
        return p
    nonzero = np.flatnonzero(value)
    first = int(nonzero[0]) if nonzero.size else len(value) - 1
    return p[first:]


def _join(*parts: Any) -> Any:
    """Vectors joined in their common dtype."""
    dtype = np.result_type(*[typeof(x).dtype for x in parts])
    return concatenate(*[convert(x, dtype) for x in parts], dimension=0)


@implements(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """`np.polyval`, by Horner's scheme."""
    p = operand(p.coeffs if isinstance(p, np.poly1d) else p)
    y: Any = 0
    if not isinstance(x, np.poly1d):
        x = operand(x)
        if not typeof(p).size:
            return np.zeros_like(x)
        # 0 * x + p[0], whose dtype and shape are those of both.
        y = np.broadcast_to(p[0], np.broadcast_shapes(typeof(p[0]).shape, typeof(x).shape))
        y = convert(y, np.result_type(typeof(p).dtype, typeof(x).dtype))
        p = p[1:]
    for i in range(_length(p)):
        y = y * x + p[i]
    return y


@implements(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Any:
    """`np.polyadd`."""
    return _wrap(_aligned(a1, a2, lambda p, q: p + q), a1, a2)


@implements(np.polysub)
def polysub(a1: Any, a2: Any) -> Any:
    """`np.polysub`."""
    return _wrap(_aligned(a1, a2, lambda p, q: p - q), a1, a2)


def _aligned(a1: Any, a2: Any, combine: Any) -> Any:
    p, q = coefficients(a1), coefficients(a2)
    missing = _length(q) - _length(p)
    if missing > 0:
        p = _join(np.zeros(missing, typeof(p).dtype), p)
    elif missing < 0:
        q = _join(np.zeros(-missing, typeof(q).dtype), q)
    return combine(p, q)


@implements(np.polymul)
def polymul(a1: Any, a2: Any) -> Any:
    """`np.polymul`."""
    product = convolve(_trimmed(coefficients(a1)), _trimmed(coefficients(a2)))
    return _wrap(product, a1, a2)


@implements(np.polydiv)
def polydiv(u: Any, v: Any) -> tuple[Any, Any]:
    """`np.polydiv`: quotient and remainder, by long division."""
    r, w = coefficients(u) + 0.0, coefficients(v) + 0.0
    dtype = np.result_type(typeof(r).dtype, typeof(w).dtype)
    r, w = convert(r, dtype), convert(w, dtype)
    n = _length(w)
    scale = 1.0 / w[0]
    quotient = []
    for k in range(_length(r) - n + 1):
        quotient.append(scale * r[k])
        parts = [r[:k], r[k : k + n] - quotient[-1] * w, r[k + n :]]
        r = concatenate(*parts, dimension=0)
    q = stack(*quotient, dimension=0) if quotient else np.zeros(1, dtype)
    value = constant_value(r)
    first = 0
    if value is None:
        # What the division has eliminated.
        first = min(len(quotient), _length(r) - 1)
    else:
        while first < len(value) - 1 and np.allclose(value[first], 0, rtol=1e-14):
            first += 1
    return _wrap(q, u, v), _wrap(r[first:], u, v)


@implements(np.polyder)
def polyder(p: Any, m: int = 1) -> Any:
    """`np.polyder`."""
    m = int(m)
    if m < 0:
        raise ArgumentError(f"Order of derivative must be positive (see polyint), not {m}{here()}")
    y = operand(p.coeffs if isinstance(p, np.poly1d) else p)
    for _ in range(m):
        y = y[:-1] * np.arange(_length(y) - 1, 0, -1)
    return _wrap(y, p)


@implements(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """`np.polyint`."""
    m = int(m)
    if m < 0:
        raise ArgumentError(f"Order of integral must be positive (see polyder), not {m}{here()}")
    constants = np.zeros(m) if k is None else coefficients(k)
    if _length(constants) == 1 and m > 1:
        constants = constants[0] * np.ones(m)
    if _length(constants) < m:
        raise ArgumentError(
            f"k must be a scalar or a vector of length 1 or at least {m}, not of length "
            f"{_length(constants)}{here()}"
        )
    y = operand(p.coeffs if isinstance(p, np.poly1d) else p)
    for i in range(m):
        y = _join(y / np.arange(_length(y), 0, -1), constants[i : i + 1])
    return _wrap(y, p)


@implements(np.poly)
def poly(seq_of_zeros: Any) -> Any:
    """`np.poly`: coefficients from roots, or the characteristic polynomial of a matrix."""
    roots = coefficients(seq_of_zeros)
    shape = typeof(roots).shape
    if len(shape) == 2 and shape[0] == shape[1] != 0:
        roots = eigvals(roots)
    elif len(shape) != 1:
        raise ArgumentError(
            f"poly takes a vector of roots or a square matrix, got {typeof(roots)}{here()}"
        )
    else:
        roots = inexact(roots)
    if not _length(roots):
        return np.float64(1.0)
    a = np.ones(1, roots.dtype)
    zero = np.zeros(1, roots.dtype)
    for i in range(_length(roots)):
        a = _join(a, zero) - roots[i] * _join(zero, a)
    value = known_value(roots) if is_complex(roots) else None
    if value is not None and np.array_equal(np.sort(value), np.sort(value.conj())):
        return real(a)
    return a


@implements(np.roots)
def roots(p: Any) -> Any:
    """`np.roots`, with derivatives as those of simple roots."""
    p = coefficients(p)
    if len(typeof(p).shape) != 1:
        raise ArgumentError(f"roots takes a vector of coefficients, got {typeof(p)}{here()}")
    trailing = 0
    value = known_value(p)
    if value is not None:
        nonzero = np.flatnonzero(value)
        if not nonzero.size:
            return np.array([])
        trailing = len(value) - int(nonzero[-1]) - 1
        p = p[int(nonzero[0]) : int(nonzero[-1]) + 1]
    p = inexact(p)
    n = _length(p)
    if n < 2:
        return np.zeros(trailing)
    below = np.eye(n - 2, n - 1, dtype=p.dtype)
    companion = concatenate(reshape(-p[1:] / p[0], (1, n - 1)), below, dimension=0)
    found = eigvals(companion)
    return _join(found, np.zeros(trailing, found.dtype)) if trailing else found
