"""`scipy.spatial`: Minkowski distances."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import operand
from funcgrad.scipy.mirror import mirrors
from funcgrad.scipy.spatial.distance import cdist


@mirrors("spatial")
def minkowski_distance_p(x: Any, y: Any, p: float = 2.0) -> Any:
    """`scipy.spatial.minkowski_distance_p`: the distances of vectors along the last axis, to the power p.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda x: fg.scipy.spatial.minkowski_distance_p(x, np.zeros(2)))(np.ones(2))
    array([2., 2.])
    """
    size = np.abs(operand(y) - operand(x))
    if p == np.inf:
        return np.max(size, axis=-1)
    return np.sum(size if p == 1 else size**p, axis=-1)


@mirrors("spatial")
def minkowski_distance(x: Any, y: Any, p: float = 2.0) -> Any:
    """`scipy.spatial.minkowski_distance`: the distances of vectors along the last axis.

    >>> import numpy as np, funcgrad as fg
    >>> fg.grad(lambda x: fg.scipy.spatial.minkowski_distance(x, np.zeros(2)))(np.array([3.0, 4.0]))
    array([0.6, 0.8])
    """
    total = minkowski_distance_p(x, y, p)
    return total if p in (1, np.inf) else total ** (1.0 / p)


@mirrors("spatial")
def distance_matrix(x: Any, y: Any, p: float = 2.0, threshold: int = 1000000) -> Any:
    """`scipy.spatial.distance_matrix`: all distances between two sets of points, with the derivative 0 at 0.

    >>> import numpy as np, funcgrad as fg
    >>> x = np.array([[3.0, 4.0]])
    >>> fg.grad(lambda x: fg.scipy.spatial.distance_matrix(x, np.zeros((1, 2))).sum())(x)
    array([[0.6, 0.8]])
    """
    shapes = [typeof(operand(v)).shape for v in (x, y)]
    if [len(s) for s in shapes] != [2, 2] or shapes[0][1] != shapes[1][1]:
        raise ArgumentError(
            f"distance_matrix: points of shapes {shapes[0]} and {shapes[1]} should be (m, k) and (n, k){here()}"
        )
    if p == np.inf:
        return cdist(x, y, "chebyshev")
    return cdist(x, y, "euclidean" if p == 2 else "minkowski", **({} if p == 2 else {"p": p}))
