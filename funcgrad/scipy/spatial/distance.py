"""`funcgrad.scipy.spatial.distance`: distances between traced points.

The names are SciPy's. On plain arrays its functions are SciPy's own; names that are not traced are passed
through, and refuse traced values. The derivative of the distance of a point to itself is taken to be 0.

>>> import numpy as np, funcgrad as fg
>>> f = lambda a: fg.scipy.spatial.distance.cdist(a, np.zeros((1, 2)))[0, 0]
>>> fg.grad(f)(np.array([[3.0, 4.0]]))
array([[0.6, 0.8]])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError, UnsupportedError
from funcgrad.core.naming import named
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import deliver, operand
from funcgrad.ops import elementwise as e
from funcgrad.ops.basic import convert
from funcgrad.scipy.mirror import mirrors, other_names


def _root(square: Any) -> Any:
    zero = square == 0.0
    return e.where(zero, 0.0, np.sqrt(e.where(zero, 1.0, square)))


def _quotient(a: Any, b: Any) -> Any:
    zero = b == 0.0
    return e.where(zero, 0.0, a / e.where(zero, 1.0, b))


def _sum(x: Any, w: Any) -> Any:
    return np.sum(x if w is None else x * w, axis=-1)


def _sqeuclidean(u: Any, v: Any, w: Any = None) -> Any:
    return _sum((u - v) ** 2, w)


def _euclidean(u: Any, v: Any, w: Any = None) -> Any:
    return _root(_sqeuclidean(u, v, w))


def _cityblock(u: Any, v: Any, w: Any = None) -> Any:
    return _sum(np.abs(u - v), w)


def _chebyshev(u: Any, v: Any, w: Any = None) -> Any:
    apart = np.abs(u - v)
    return np.max(apart if w is None else np.where(np.asarray(w) != 0, apart, 0.0), axis=-1)


def _minkowski(u: Any, v: Any, p: Any = 2, w: Any = None) -> Any:
    if p == np.inf:
        return _chebyshev(u, v, w)
    apart = np.abs(u - v)
    zero = apart == 0.0
    powers = e.where(zero, 0.0, e.where(zero, 1.0, apart) ** p)
    total = _sum(powers, w)
    same = total == 0.0
    return e.where(same, 0.0, e.where(same, 1.0, total) ** (1.0 / p))


def _cosine(u: Any, v: Any, w: Any = None) -> Any:
    return 1.0 - _sum(u * v, w) / np.sqrt(_sum(u * u, w) * _sum(v * v, w))


def _correlation(u: Any, v: Any, w: Any = None, centered: bool = True) -> Any:
    if centered:
        total = typeof(u).shape[-1] if w is None else np.sum(w)
        u = u - (_sum(u, w) / total)[..., None]
        v = v - (_sum(v, w) / total)[..., None]
    return _cosine(u, v, w)


def _canberra(u: Any, v: Any, w: Any = None) -> Any:
    return _sum(_quotient(np.abs(u - v), np.abs(u) + np.abs(v)), w)


def _braycurtis(u: Any, v: Any, w: Any = None) -> Any:
    return _quotient(_sum(np.abs(u - v), w), _sum(np.abs(u + v), w))


def _mahalanobis(u: Any, v: Any, VI: Any) -> Any:
    apart = u - v
    return _root(np.sum((apart @ operand(VI)) * apart, axis=-1))


def _seuclidean(u: Any, v: Any, V: Any) -> Any:
    return _root(np.sum((u - v) ** 2 / V, axis=-1))


_METRICS: dict[str, Callable[..., Any]] = {
    "braycurtis": _braycurtis,
    "canberra": _canberra,
    "chebyshev": _chebyshev,
    "cityblock": _cityblock,
    "correlation": _correlation,
    "cosine": _cosine,
    "euclidean": _euclidean,
    "mahalanobis": _mahalanobis,
    "minkowski": _minkowski,
    "seuclidean": _seuclidean,
    "sqeuclidean": _sqeuclidean,
}


def _metric(metric: Any) -> Callable[..., Any]:
    if callable(metric):
        metric = getattr(metric, "__name__", "")
    found = _METRICS.get(metric)
    if found is None:
        raise UnsupportedError(
            f"the metric {metric!r} takes no traced points{here()}\n  use one of {', '.join(_METRICS)}"
        )
    return found


def _floating(x: Any) -> Any:
    x = operand(x)
    return x if typeof(x).dtype.kind == "f" else convert(x, np.float64)


def _of_vectors(name: str) -> Any:
    metric = _METRICS[name]

    def function(u: Any, v: Any, *args: Any, **kwargs: Any) -> Any:
        u, v = _floating(u), _floating(v)
        if typeof(u).ndim != 1 or typeof(u).shape != typeof(v).shape:
            raise ArgumentError(
                f"{name}: two vectors are needed, not {typeof(u)} and {typeof(v)}{here()}"
            )
        return metric(u, v, *args, **kwargs)

    return mirrors("spatial.distance", name)(
        named(function, name, f"`scipy.spatial.distance.{name}`.")
    )


braycurtis, canberra, chebyshev, cityblock = map(
    _of_vectors, ("braycurtis", "canberra", "chebyshev", "cityblock")
)
correlation, cosine, euclidean, mahalanobis = map(
    _of_vectors, ("correlation", "cosine", "euclidean", "mahalanobis")
)
minkowski, seuclidean, sqeuclidean = map(_of_vectors, ("minkowski", "seuclidean", "sqeuclidean"))


def _points(name: str, x: Any) -> Any:
    x = convert(operand(x), np.float64)
    if typeof(x).ndim != 2:
        raise ArgumentError(f"{name}: points are the rows of a matrix, not {typeof(x)}{here()}")
    return x


@mirrors("spatial.distance")
def cdist(XA: Any, XB: Any, metric: Any = "euclidean", *, out: Any = None, **kwargs: Any) -> Any:
    """`scipy.spatial.distance.cdist`: the distances of the rows of two matrices."""
    a, b = _points("cdist", XA), _points("cdist", XB)
    if typeof(a).shape[1] != typeof(b).shape[1]:
        raise ArgumentError(
            f"cdist: points of as many coordinates are needed, not {typeof(a)} and {typeof(b)}{here()}"
        )
    function = _metric(metric)
    if function is _seuclidean and kwargs.get("V") is None:
        kwargs["V"] = np.var(np.concatenate([a, b]), axis=0, ddof=1)
    if function is _mahalanobis and kwargs.get("VI") is None:
        kwargs["VI"] = np.linalg.inv(np.cov(np.concatenate([a, b]).T)).T
    return deliver(function(a[:, None, :], b[None, :, :], **kwargs), out, "cdist")


@mirrors("spatial.distance")
def pdist(X: Any, metric: Any = "euclidean", *, out: Any = None, **kwargs: Any) -> Any:
    """`scipy.spatial.distance.pdist`: the distances of each pair of rows."""
    x = _points("pdist", X)
    function = _metric(metric)
    if function is _seuclidean and kwargs.get("V") is None:
        kwargs["V"] = np.var(x, axis=0, ddof=1)
    if function is _mahalanobis and kwargs.get("VI") is None:
        kwargs["VI"] = np.linalg.inv(np.cov(x.T)).T
    i, j = np.triu_indices(typeof(x).shape[0], 1)
    return deliver(function(x[i], x[j], **kwargs), out, "pdist")


@mirrors("spatial.distance")
def squareform(X: Any, force: str = "no", checks: bool = True) -> Any:
    """`scipy.spatial.distance.squareform`: between distances of pairs and the symmetric matrix of them."""
    x = operand(X)
    if typeof(x).ndim == 2:
        return x[np.triu_indices(typeof(x).shape[0], 1)]
    size = typeof(x).shape[0]
    n = int(np.ceil(np.sqrt(2 * size)))
    if n * (n - 1) != 2 * size:
        raise ArgumentError(f"squareform: {size} is not the number of pairs of points{here()}")
    place = np.zeros((n, n), int)
    place[np.triu_indices(n, 1)] = np.arange(1, size + 1)
    return np.concatenate([0.0 * x[:1], x])[place + place.T] if size else np.zeros((1, 1))


__getattr__ = other_names("spatial.distance")

__all__ = [
    "braycurtis", "canberra", "cdist", "chebyshev", "cityblock", "correlation", "cosine",
    "euclidean", "mahalanobis", "minkowski", "pdist", "seuclidean", "sqeuclidean", "squareform",
]  # fmt: skip
