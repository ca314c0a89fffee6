"""The entries of an index and their kinds: integers, slices, new axes, arrays, masks."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from funcgrad.core import dispatch
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import AbstractValue, Tracer, typeof


class IndexingError(ArgumentError, IndexError):
    """An index that the array does not have, or that is none."""


def classify(key: Any, shape: tuple[int, ...]) -> list[tuple[str, Any]]:
    """The entries of an index with their kinds; the ellipsis is written out, if only as a mark.

    The kinds: int, slice, new (axis), ellipsis (carries the number of axes that it stands for),
    dynamic (a traced integer scalar), array (of integers), mask (of one or more axes, or a traced 0-d one without a
    value), bool (0-d).
    """
    entries = [_classify(k) for k in (key if type(key) is tuple else (key,))]
    used = sum([_n_axes(kind, k) for kind, k in entries])
    if used > len(shape):
        raise IndexingError(
            f"too many indices for array: array is {len(shape)}-dimensional, but {used} were "
            f"indexed{here()}"
        )
    where = [n for n, (kind, _) in enumerate(entries) if kind == "ellipsis"]
    if len(where) > 1:
        raise IndexingError(f"an index can only have a single ellipsis ('...'){here()}")
    rest = len(shape) - used
    if where:
        entries[where[0]] = ("ellipsis", rest)
    else:
        entries += [("slice", slice(None))] * rest
    return entries


def _n_axes(kind: str, k: Any) -> int:
    if kind in ("new", "ellipsis", "bool"):
        return 0
    return typeof(k).ndim if kind == "mask" else 1


def _classify(k: Any) -> tuple[str, Any]:
    kind = type(k)
    if kind is int:
        return "int", k
    if kind is slice:
        return "slice", k
    if k is None:
        return "new", None
    if k is Ellipsis:
        return "ellipsis", None
    if kind is not Tracer:
        if isinstance(k, (bool, np.bool_)):
            return "bool", bool(k)
        if isinstance(k, np.integer):
            return "int", int(k)
        if not isinstance(k, np.ndarray):
            if not isinstance(k, (list, tuple, range)):
                return _from_protocol(k)
            k = dispatch.as_array(k) if len(k) else np.zeros(0, np.intp)
    aval = typeof(k)
    if aval.dtype.kind == "b":
        return ("mask", k) if aval.shape or not _has_value(k) else ("bool", bool(k))
    if aval.dtype.kind not in "iu":
        raise IndexingError(
            f"arrays used as indices must be of integer (or boolean) type, not {aval}{here()}"
        )
    if aval.shape:
        return "array", k
    return ("dynamic", k) if type(k) is Tracer else ("int", int(k))


def _has_value(k: Any) -> bool:
    if type(k) is not Tracer:
        return True
    try:
        value_of(k)
    except AbstractValue:
        return False
    return True


def value_of(x: Tracer) -> Any:
    """The value of a traced array, or `AbstractValue` if it is not known."""
    if x._view is not None:
        x._refresh()
    return x._trace.value(x._index)


def _from_protocol(k: Any) -> tuple[str, Any]:
    if hasattr(k, "__array__"):
        return _classify(np.asarray(k))
    try:
        return "int", operator.index(k)
    except TypeError:
        raise IndexingError(
            "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or "
            f"boolean arrays are valid indices, not {type(k).__name__}{here()}"
        ) from None
