"""`scipy.linalg`: matrices built from vectors and from blocks."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import operand
from funcgrad.ops.basic import broadcast_to, convert, reshape
from funcgrad.ops.complex import conj, is_complex
from funcgrad.ops.linalg.matrix import above, beside
from funcgrad.scipy.mirror import mirrors


def _vector(x: Any) -> Any:
    x = operand(x)
    return reshape(x, (typeof(x).size,)) if len(typeof(x).shape) != 1 else x


@mirrors("linalg")
def toeplitz(c: Any, r: Any = None) -> Any:
    """`scipy.linalg.toeplitz`: first column `c` (m,), first row `r` (n,), the conjugate of `c` by default.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda c: fg.scipy.linalg.toeplitz(c).sum())(np.ones(3))
    array([3., 4., 2.])
    """
    c = _vector(c)
    r = (conj(c) if is_complex(c) else c) if r is None else _vector(r)
    dtype = np.result_type(typeof(c).dtype, typeof(r).dtype)
    values = np.concatenate([convert(c, dtype)[::-1], convert(r, dtype)[1:]])
    m, n = typeof(c).size, typeof(r).size
    return values[np.arange(m)[::-1, None] + np.arange(n)]


@mirrors("linalg")
def hankel(c: Any, r: Any = None) -> Any:
    """`scipy.linalg.hankel`: first column `c` (m,), last row `r` (n,), zeros by default.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda c: fg.scipy.linalg.hankel(c).sum())(np.ones(3))
    array([1., 2., 3.])
    """
    c = _vector(c)
    r = np.zeros(typeof(c).size, typeof(c).dtype) if r is None else _vector(r)
    dtype = np.result_type(typeof(c).dtype, typeof(r).dtype)
    values = np.concatenate([convert(c, dtype), convert(r, dtype)[1:]])
    return values[np.arange(typeof(c).size)[:, None] + np.arange(typeof(r).size)]


@mirrors("linalg")
def circulant(c: Any) -> Any:
    """`scipy.linalg.circulant`: first column `c` (..., n); the others are rotations of it.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda c: fg.scipy.linalg.circulant(c)[0, 1])(np.ones(3))
    array([0., 0., 1.])
    """
    c = operand(c)
    n = typeof(c).shape[-1]
    return c[..., (np.arange(n)[:, None] - np.arange(n)) % n]


@mirrors("linalg")
def companion(a: Any) -> Any:
    """`scipy.linalg.companion`: the companion matrix of the polynomial with coefficients `a` (n,).

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.linalg.companion(a).sum())(np.ones(3))
    array([ 2., -1., -1.])
    """
    a = operand(a)
    n = typeof(a).shape[-1]
    if n < 2:
        raise ArgumentError(f"companion needs at least 2 coefficients, got {typeof(a)}{here()}")
    first = -a[..., 1:] / a[..., :1]
    below = np.eye(n - 2, n - 1, dtype=first.dtype)
    below = broadcast_to(below, (*first.shape[:-1], n - 2, n - 1))
    return above(first[..., None, :], below)


@mirrors("linalg")
def convolution_matrix(a: Any, n: int, mode: str = "full") -> Any:
    """`scipy.linalg.convolution_matrix`: `convolution_matrix(a, n) @ v` is `np.convolve(a, v)`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda a: fg.scipy.linalg.convolution_matrix(a, 3).sum())(np.ones(2))
    array([3., 3.])
    """
    a = operand(a)
    m = typeof(a).shape[-1]
    if mode == "full":
        start, rows = 0, m + n - 1
    elif mode == "same":
        start, rows = (min(m, n) - 1) // 2, max(m, n)
    elif mode == "valid":
        start, rows = min(m, n) - 1, abs(m - n) + 1
    else:
        raise ArgumentError(f"mode must be one of 'full', 'same', 'valid', not {mode!r}{here()}")
    which = np.arange(start, start + rows)[:, None] - np.arange(n)
    inside = (which >= 0) & (which < m)
    return np.where(inside, a[..., np.where(inside, which, 0)], np.zeros((), typeof(a).dtype))


@mirrors("linalg")
def block_diag(*arrs: Any) -> Any:
    """`scipy.linalg.block_diag`: the arrays on the diagonal of a matrix of zeros; vectors are rows.

    >>> import numpy as np, funcgrad as fg
    >>> fg.jacfwd(lambda x: fg.scipy.linalg.block_diag(x, 2.0))(1.0)
    array([[1., 0.],
           [0., 0.]])
    """
    blocks = []
    for x in map(operand, arrs):
        shape = typeof(x).shape
        if len(shape) > 2:
            raise ArgumentError(f"block_diag takes matrices, got {typeof(x)}{here()}")
        blocks.append(reshape(x, (1,) * (2 - len(shape)) + shape))
    dtype = np.result_type(*[typeof(x).dtype for x in blocks])
    columns = sum(typeof(x).shape[1] for x in blocks)
    rows = []
    start = 0
    for x in blocks:
        m, n = typeof(x).shape
        left, right = np.zeros((m, start), dtype), np.zeros((m, columns - start - n), dtype)
        rows.append(beside(left, convert(x, dtype), right))
        start += n
    return above(*rows)


@mirrors("linalg")
def khatri_rao(a: Any, b: Any) -> Any:
    """`scipy.linalg.khatri_rao`: the Kronecker products of the columns of `a` (m, n) and `b` (k, n).

    >>> import numpy as np, funcgrad as fg
    >>> b = np.ones((2, 2))
    >>> fg.grad(lambda a: fg.scipy.linalg.khatri_rao(a, b).sum())(np.ones((1, 2)))
    array([[2., 2.]])
    """
    a, b = operand(a), operand(b)
    (m, n), (k, _) = typeof(a).shape, typeof(b).shape
    return reshape(a[:, None, :] * b, (m * k, n))
