"""`funcgrad.numpy`'s forms of functions whose results are as long as the data say.

Given `size=`, the result has that length whatever the values are, so that the function can be traced
by `jit` and `vmap`; what is missing is filled with `fill_value`. Without it they are NumPy's functions. The
names and arguments are JAX's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.tracing import typeof
from funcgrad.numpy import sets, taking
from funcgrad.numpy.arguments import along, operand
from funcgrad.numpy.shaping import moveaxis, ravel
from funcgrad.ops.basic import convert, reshape
from funcgrad.ops.elementwise import where as select


def nonzero(a: Any, *, size: int | None = None, fill_value: Any = None) -> Any:
    """NumPy's `nonzero`; with `size`, that many indices per axis.

    >>> import numpy as np, funcgrad.numpy as fnp
    >>> fnp.nonzero(np.array([3, 0, 5]), size=4, fill_value=-1)
    (array([ 0,  2, -1, -1]),)
    """
    if size is None:
        return np.nonzero(a)
    return taking.nonzero(a, size=size, fill_value=fill_value)


def flatnonzero(a: Any, *, size: int | None = None, fill_value: Any = None) -> Any:
    """NumPy's `flatnonzero`; with `size`, that many indices.

    >>> import numpy as np, funcgrad as fg, funcgrad.numpy as fnp
    >>> fg.jit(lambda x: fnp.flatnonzero(x > 0, size=2))(np.array([-1.0, 2.0, 3.0, 4.0]))
    array([1, 2])
    """
    return nonzero(ravel(operand(a)), size=size, fill_value=fill_value)[0]


def argwhere(a: Any, *, size: int | None = None, fill_value: Any = None) -> Any:
    """NumPy's `argwhere`; with `size`, that many rows.

    >>> import numpy as np, funcgrad.numpy as fnp
    >>> fnp.argwhere(np.eye(2), size=3, fill_value=-1)
    array([[ 0,  0],
           [ 1,  1],
           [-1, -1]])
    """
    if size is None:
        return np.argwhere(a)
    return taking.argwhere(a, size=size, fill_value=fill_value)


def where(
    condition: Any,
    x: Any = None,
    y: Any = None,
    /,
    *,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """NumPy's `where`; `where(condition, size=n)` gives n indices per axis.

    >>> import numpy as np, funcgrad.numpy as fnp
    >>> fnp.where(np.array([True, False]), 1.0, 2.0)
    array([1., 2.])
    >>> fnp.where(np.array([True, False, True]), size=2)
    (array([0, 2]),)
    """
    if x is None and y is None:
        return nonzero(condition, size=size, fill_value=fill_value)
    return np.where(condition, x, y)


def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    *,
    equal_nan: bool = True,
    size: int | None = None,
    fill_value: Any = None,
    **options: Any,
) -> Any:
    """NumPy's `unique`; with `size`, that many elements, the rest the smallest one or `fill_value`.

    >>> import numpy as np, funcgrad.numpy as fnp
    >>> fnp.unique(np.array([3, 1, 3]), size=4, fill_value=0)
    array([1, 3, 0, 0])
    """
    wanted: Any = (return_index, return_inverse, return_counts, axis)
    if size is None:
        return np.unique(ar, *wanted, equal_nan=equal_nan, **options)
    return sets.unique(ar, *wanted, equal_nan=equal_nan, size=size, fill_value=fill_value)


def _sized_unique(x: Any, size: int, fill_value: Any, *wanted: bool) -> Any:
    return sets.unique(x, *wanted, equal_nan=False, size=size, fill_value=fill_value)


def unique_all(x: Any, *, size: int | None = None, fill_value: Any = None) -> Any:
    """NumPy's `unique_all`; with `size`, of that length.

    >>> import numpy as np, funcgrad.numpy as fnp
    >>> fnp.unique_all(np.array([3, 1, 3]), size=3).counts
    array([1, 2, 0])
    """
    if size is None:
        return np.unique_all(x)
    return sets.AllResult(*_sized_unique(x, size, fill_value, True, True, True))


def unique_counts(x: Any, *, size: int | None = None, fill_value: Any = None) -> Any:
    """NumPy's `unique_counts`; with `size`, of that length.

    >>> import numpy as np, funcgrad.numpy as fnp
    >>> fnp.unique_counts(np.array([3, 1, 3]), size=2).counts
    array([1, 2])
    """
    if size is None:
        return np.unique_counts(x)
    return sets.CountsResult(*_sized_unique(x, size, fill_value, False, False, True))


def unique_inverse(x: Any, *, size: int | None = None, fill_value: Any = None) -> Any:
    """NumPy's `unique_inverse`; with `size`, of that length.

    >>> import numpy as np, funcgrad.numpy as fnp
    >>> fnp.unique_inverse(np.array([3, 1, 3]), size=2).inverse_indices
    array([1, 0, 1])
    """
    if size is None:
        return np.unique_inverse(x)
    return sets.InverseResult(*_sized_unique(x, size, fill_value, False, True))


def unique_values(x: Any, *, size: int | None = None, fill_value: Any = None) -> Any:
    """NumPy's `unique_values`; with `size`, of that length.

    >>> import numpy as np, funcgrad.numpy as fnp
    >>> fnp.unique_values(np.array([3, 1, 3]), size=2)
    array([1, 3])
    """
    return np.unique_values(x) if size is None else _sized_unique(x, size, fill_value)


def union1d(ar1: Any, ar2: Any, *, size: int | None = None, fill_value: Any = None) -> Any:
    """NumPy's `union1d`; with `size`, of that length.

    >>> import numpy as np, funcgrad.numpy as fnp
    >>> fnp.union1d(np.array([1, 2]), np.array([2, 3]), size=4, fill_value=0)
    array([1, 2, 3, 0])
    """
    if size is None:
        return np.union1d(ar1, ar2)
    return sets.union1d(ar1, ar2, size=size, fill_value=fill_value)


def intersect1d(
    ar1: Any,
    ar2: Any,
    assume_unique: bool = False,
    return_indices: bool = False,
    *,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """NumPy's `intersect1d`; with `size`, of that length.

    >>> import numpy as np, funcgrad.numpy as fnp
    >>> fnp.intersect1d(np.array([1, 2, 2]), np.array([2, 3]), size=2, fill_value=0)
    array([2, 0])
    """
    if size is None:
        options: Any = {"return_indices": return_indices}
        return np.intersect1d(ar1, ar2, assume_unique, **options)
    return sets.intersect1d(
        ar1, ar2, assume_unique, return_indices, size=size, fill_value=fill_value
    )


def setdiff1d(
    ar1: Any,
    ar2: Any,
    assume_unique: bool = False,
    *,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """NumPy's `setdiff1d`; with `size`, of that length.

    >>> import numpy as np, funcgrad.numpy as fnp
    >>> fnp.setdiff1d(np.array([1, 2, 4]), np.array([2, 3]), size=3, fill_value=0)
    array([1, 4, 0])
    """
    if size is None:
        return np.setdiff1d(ar1, ar2, assume_unique)
    return sets.setdiff1d(ar1, ar2, assume_unique, size=size, fill_value=fill_value)


def setxor1d(
    ar1: Any,
    ar2: Any,
    assume_unique: bool = False,
    *,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """NumPy's `setxor1d`; with `size`, of that length.

    >>> import numpy as np, funcgrad.numpy as fnp
    >>> fnp.setxor1d(np.array([1, 2, 4]), np.array([2, 3]), size=4, fill_value=0)
    array([1, 3, 4, 0])
    """
    if size is None:
        return np.setxor1d(ar1, ar2, assume_unique)
    return sets.setxor1d(ar1, ar2, assume_unique, size=size, fill_value=fill_value)


def extract(condition: Any, arr: Any, *, size: int | None = None, fill_value: Any = 0) -> Any:
    """NumPy's `extract`; with `size`, that many elements.

    >>> import numpy as np, funcgrad.numpy as fnp
    >>> fnp.extract(np.array([True, False, True]), np.array([1.0, 2.0, 3.0]), size=3)
    array([1., 3., 0.])
    """
    if size is None:
        return np.extract(condition, arr)
    return compress(
        ravel(operand(condition)), ravel(operand(arr)), size=size, fill_value=fill_value
    )


def compress(
    condition: Any,
    a: Any,
    axis: Any = None,
    out: Any = None,
    *,
    size: int | None = None,
    fill_value: Any = 0,
) -> Any:
    """NumPy's `compress`; with `size`, that many elements along the axis.

    >>> import numpy as np, funcgrad.numpy as fnp
    >>> fnp.compress([True, False, True], np.array([1.0, 2.0, 3.0]), size=1)
    array([1.])
    """
    if size is None:
        return np.compress(condition, a, axis, out)
    x, axis = along(operand(a), axis)
    places, exists = taking.first_true(np.not_equal(operand(condition), 0), size)
    picked = moveaxis(taking.take(x, places, axis, mode="clip"), axis, 0)
    exists = reshape(exists, (size,) + (1,) * (typeof(x).ndim - 1))
    fill = convert(operand(fill_value), typeof(x).dtype)
    return moveaxis(select(exists, picked, fill), 0, axis)


def repeat(
    a: Any, repeats: Any, axis: Any = None, *, total_repeat_length: int | None = None
) -> Any:
    """NumPy's `repeat`; with `total_repeat_length`, the repeats may be traced.

    What is missing at the end is filled with the last element, as in JAX.

    >>> import numpy as np, funcgrad.numpy as fnp
    >>> fnp.repeat(np.array([1, 2]), np.array([2, 1]), total_repeat_length=4)
    array([1, 1, 2, 2])
    """
    if total_repeat_length is None:
        return np.repeat(a, repeats, axis)
    x, axis = along(operand(a), axis)
    n = typeof(x).shape[axis]
    ends = np.cumsum(np.broadcast_to(operand(repeats), (n,)))
    source = np.searchsorted(ends, np.arange(total_repeat_length), side="right")
    return taking.take(x, source, axis, mode="clip")
