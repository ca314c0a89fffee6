"""NumPy's products of vectors, matrices and tensors."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import deliver, normalize_axis, operand
from funcgrad.ops.basic import convert, reshape
from funcgrad.ops.complex import conj, is_complex
from funcgrad.ops.contraction import dot_general, matmul
from funcgrad.ops.gufuncs import vecdot
from funcgrad.ops.linalg.matrix import MatrixError


def _scaled(x: Any, y: Any) -> Any:
    """The product with a scalar, whose dtype is not weak here: NumPy makes an array of it first."""
    dtype = np.result_type(typeof(x).dtype, typeof(y).dtype)
    return np.multiply(convert(x, dtype), convert(y, dtype))


def _mismatch(name: str, xs: Any, ys: Any, x_axis: int, y_axis: int) -> ArgumentError:
    return ArgumentError(
        f"{name} of shapes {xs} and {ys}: axis {x_axis} of the first has length {xs[x_axis]}, "
        f"axis {y_axis} of the second {ys[y_axis]}{here()}\n  they must be equal"
    )


def _sum_product(name: str, x: Any, y: Any, y_axis: int) -> Any:
    """Multiply and sum over the last axis of the first and axis -1 or -2 of the second operand."""
    xs, ys = typeof(x).shape, typeof(y).shape
    if not xs or not ys:
        return _scaled(x, y)
    if len(ys) == 1:
        y_axis = -1
    if xs[-1] != ys[y_axis]:
        raise _mismatch(name, xs, ys, len(xs) - 1, len(ys) + y_axis)
    return dot_general(x, y, ((len(xs) - 1,), (len(ys) + y_axis,)))


@implements(np.dot)
def dot(a: Any, b: Any, out: Any = None) -> Any:
    return deliver(_sum_product("np.dot", operand(a), operand(b), -2), out, "np.dot")


@implements(np.inner)
def inner(a: Any, b: Any, /) -> Any:
    return _sum_product("np.inner", operand(a), operand(b), -1)


@implements(np.vdot)
def vdot(a: Any, b: Any, /) -> Any:
    x, y = operand(a), operand(b)
    sizes = typeof(x).size, typeof(y).size
    if sizes[0] != sizes[1]:
        raise ArgumentError(
            f"np.vdot of shapes {typeof(x).shape} and {typeof(y).shape}: they have {sizes[0]} and "
            f"{sizes[1]} elements{here()}\n  the numbers must be equal"
        )
    x, y = reshape(x, (sizes[0],)), reshape(y, (sizes[1],))
    return dot_general(conj(x) if is_complex(x) else x, y, ((0,), (0,)))


@implements(np.outer)
def outer(a: Any, b: Any, out: Any = None) -> Any:
    x, y = operand(a), operand(b)
    x, y = reshape(x, (typeof(x).size,)), reshape(y, (typeof(y).size,))
    return deliver(dot_general(x, y, ((), ())), out, "np.outer")


@implements(np.linalg.outer)
def linalg_outer(x1: Any, x2: Any, /) -> Any:
    x, y = operand(x1), operand(x2)
    if typeof(x).ndim != 1 or typeof(y).ndim != 1:
        raise ArgumentError(
            f"np.linalg.outer takes vectors, got shapes {typeof(x).shape} and {typeof(y).shape}"
            f"{here()}\n  np.outer flattens its arguments"
        )
    return dot_general(x, y, ((), ()))


@implements(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    x, y = operand(a), operand(b)
    xs, ys = typeof(x).shape, typeof(y).shape
    x_axes, y_axes = _tensordot_axes(axes, len(xs), len(ys))
    if len(x_axes) != len(y_axes):
        raise ArgumentError(
            f"np.tensordot: axes names {len(x_axes)} axes of the first array and {len(y_axes)} of "
            f"the second{here()}\n  name as many of both"
        )
    for i, j in zip(x_axes, y_axes, strict=True):
        if xs[i] != ys[j]:
            raise _mismatch("np.tensordot", xs, ys, i, j)
    return dot_general(x, y, (x_axes, y_axes))


def _tensordot_axes(axes: Any, x_ndim: int, y_ndim: int) -> tuple[Any, Any]:
    try:
        x_axes, y_axes = axes
    except TypeError:
        n = operator.index(axes)
        if not 0 <= n <= min(x_ndim, y_ndim):
            raise ArgumentError(
                f"np.tensordot over {n} axes of arrays with {x_ndim} and {y_ndim} axes{here()}"
            ) from None
        return tuple(range(x_ndim - n, x_ndim)), tuple(range(n))
    found = []
    for given, ndim in ((x_axes, x_ndim), (y_axes, y_ndim)):
        listed = given if isinstance(given, (tuple, list, np.ndarray)) else [given]
        normal = tuple([normalize_axis(d, ndim) for d in listed])
        if len(set(normal)) != len(normal):
            raise ArgumentError(f"np.tensordot: duplicate axes in {given}{here()}")
        found.append(normal)
    return found[0], found[1]


@implements(np.linalg.tensordot)
def linalg_tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    return tensordot(x1, x2, axes)


@implements(np.linalg.matmul)
def linalg_matmul(x1: Any, x2: Any, /) -> Any:
    return matmul(x1, x2)


@implements(np.linalg.vecdot)
def linalg_vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return vecdot(x1, x2, axis=axis)


@implements(np.kron)
def kron(a: Any, b: Any) -> Any:
    x, y = operand(a), operand(b)
    ndim = max(typeof(x).ndim, typeof(y).ndim)
    xs, ys = [(1,) * (ndim - typeof(v).ndim) + typeof(v).shape for v in (x, y)]
    # The axes of both in turn: (x0, y0, x1, y1, ...).
    x = reshape(x, tuple([n for size in xs for n in (size, 1)]))
    y = reshape(y, tuple([n for size in ys for n in (1, size)]))
    return reshape(np.multiply(x, y), tuple([m * n for m, n in zip(xs, ys, strict=True)]))


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Any, *, out: Any = None) -> Any:
    factors = [operand(x) for x in arrays]
    if len(factors) < 2:
        raise ArgumentError(f"np.linalg.multi_dot needs at least two arrays{here()}")
    shapes = [typeof(x).shape for x in factors]
    for k, shape in enumerate(shapes):
        inside = 0 < k < len(shapes) - 1
        if len(shape) != 2 and (inside or len(shape) != 1):
            raise MatrixError(
                f"np.linalg.multi_dot: array {k} has shape {shape}; all must be matrices, the first "
                f"and last may be vectors{here()}"
            )
    if len(factors) == 2:
        return deliver(dot(*factors), out, "np.linalg.multi_dot")
    rows = [1 if len(shapes[0]) == 1 else shapes[0][0]]
    rows += [s[0] for s in shapes[1:]] + [1 if len(shapes[-1]) == 1 else shapes[-1][1]]
    split = _cheapest_order(rows)

    def product(first: int, last: int) -> Any:
        if first == last:
            return factors[first]
        middle = split[first, last]
        return dot(product(first, middle), product(middle + 1, last))

    return deliver(product(0, len(factors) - 1), out, "np.linalg.multi_dot")


def _cheapest_order(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to split each product of factors i to j for the fewest multiplications.

    Factor i is a matrix of sizes[i] rows and sizes[i + 1] columns. (Cormen et al., "Introduction to
    Algorithms", matrix-chain multiplication.)
    """
    n = len(sizes) - 1
    cost = {(i, i): 0 for i in range(n)}
    split = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            cost[i, j], split[i, j] = min(
                (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            )
    return split


@implements(np.linalg.matrix_power)
def matrix_power(a: Any, n: Any) -> Any:
    x = operand(a)
    shape = typeof(x).shape
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise MatrixError(f"np.linalg.matrix_power of shape {shape}: not square{here()}")
    n = operator.index(n)
    if n == 0:
        eye = np.eye(shape[-1], dtype=typeof(x).dtype)
        return np.broadcast_to(eye, shape).copy()
    if n < 0:
        x, n = np.linalg.inv(x), -n
    if n == 1:
        return convert(x, typeof(x).dtype)
    # By squaring: the factors are the powers of x at the binary digits of n.
    result = None
    while n:
        n, digit = divmod(n, 2)
        if digit:
            result = x if result is None else matmul(result, x)
        if n:
            x = matmul(x, x)
    return result
